/*
 * door.h - what the doors share: who asks, receipts, preconditions, and what a
 * refusal of core/ looks like in HTTP.
 */
#ifndef DOZO_DOOR_DOOR_H
#define DOZO_DOOR_DOOR_H

#include "core/service.h"
#include "core/tree.h"
#include "http/auth.h"
#include "http/request.h"

struct evidence;

struct door_config {
	struct service *service; /* borrowed */
	struct evidence *evidence; /* borrowed; NULL: nothing is checked */
	struct span
	    ca; /* borrowed: the local CA's certificate, PEM; no data: none */
};

/* One for all doors of a process: every route's door. Any thread. */
struct door {
	struct service *service;
	struct evidence *evidence;
	struct span ca;
	struct auth *auth;
};

enum rc door_open(struct op *op, const struct door_config *config,
    struct door **ret_door) MUST_CHECK;

/* When the server has stopped. Accepts NULL. */
void door_close(struct door *door);

/* ---- who asks ---- */

#define DOOR_REMEMBER (10 * 60 * CLOCK_S)

/*
 * Signs in by Basic credentials "user@tenant" with a password or an app
 * password, never by a cookie; fills in req->op->actor. *ret_tenant is open:
 * give it back with tenant_put at release. Otherwise 401 or 429 stands as the
 * answer, or the rc is for http_fail.
 */
enum rc door_sign_in(struct http_request *req, struct door *door,
    struct tenant **ret_tenant) MUST_CHECK;

/* The same by a name "user@tenant" and a password that came in a body. */
enum rc
door_sign_in_as(struct http_request *req, struct door *door, struct span user,
    struct span password, struct tenant **ret_tenant) MUST_CHECK;

/* Answers 401. rc: RC_DENIED, the name or the password is wrong; else there was
 * none. Returns rc. */
enum rc door_challenge(struct http_request *req, enum rc rc) MUST_CHECK;

/* ---- states ---- */

enum { DOOR_ETAG_SIZE = 40, DOOR_FILE_ID_SIZE = 48 };

/* Of what is served of somebody's files. */
#define DOOR_CACHE "private, no-cache"

/* A time in ns as whole seconds, which is what HTTP has; before 1970, too. */
int64_t door_seconds(int64_t time);

/* As a header has it, with its quotes. */
void door_etag(const struct node_etag *etag, char out[DOOR_ETAG_SIZE]);

/* Back again. False where door_etag would not write it: others' tags name no
 * state of ours. */
struct etag;
bool door_etag_parse(const struct etag *etag, struct node_etag *ret_etag);

/* For sync clients: the node's number, and an end that tells tenants apart. */
void door_file_id(
    const struct tenant *tenant, int64_t node, char out[DOOR_FILE_ID_SIZE]);

/* If-Match and If-None-Match of a change. RC_INVALID, RC_LIMIT (over 64 tags).
 */
enum rc door_precondition(
    struct http_request *req, struct precondition *ret_precondition) MUST_CHECK;

/*
 * Evaluates all conditions of RFC 9110 13.2.2 against node (NULL: not there).
 * RC_OK and *ret_go: go on; else 304 (with its ETag) or 412 stands as the
 * answer. For a change it is only the early word: the committer has the last
 * one. A folder's date says nothing of what is in it: no 304 for its sake.
 */
enum rc door_conditions(
    struct http_request *req, const struct node *node, bool *ret_go) MUST_CHECK;

/* The same against a state that is there: its ETag, and when it was modified,
 * in seconds since 1970. */
enum rc door_conditions_state(struct http_request *req, const char *etag,
    int64_t modified, bool *ret_go) MUST_CHECK;

/* ---- answers ---- */

/* Dozo-Commit and Dozo-Sites of a change that made a new state. */
enum rc door_receipt(struct http_request *req, const struct door *door,
    const struct receipt *receipt) MUST_CHECK;

/* Answers what a call of tree.h or file_put.h was refused for; returns rc. */
enum rc door_refused(
    struct http_request *req, enum rc rc, enum tree_why why) MUST_CHECK;

/* The same with the statuses of the JSON API. */
enum rc door_refused_json(
    struct http_request *req, enum rc rc, enum tree_why why) MUST_CHECK;

/* Its status, and its problem document alone, for answers that tell of several
 * changes. */
int door_refused_status(
    const struct http_request *req, enum rc rc, enum tree_why why);
enum rc door_refused_document(const struct http_request *req, enum rc rc,
    enum tree_why why, const char *detail, struct buf *json) MUST_CHECK;

/* 403, for good: the service takes no changes (unlike where sites are missing,
 * nobody is told to try again). */
enum rc door_read_only(struct http_request *req) MUST_CHECK;

/* 405 with Allow. */
enum rc
door_not_allowed(struct http_request *req, const char *detail) MUST_CHECK;

/* "application/pdf" for "a.pdf"; "application/octet-stream". */
const char *door_media_type(struct span name);

/* Appends bytes of UTF-8 as they stand in a URI's path: all but unreserved ones
 * escaped. */
enum rc door_escape_path(
    struct op *op, struct buf *buf, struct span segment) MUST_CHECK;

/* Appends text for XML and HTML, in an element or a quoted attribute. */
enum rc
door_escape_text(struct op *op, struct buf *buf, struct span text) MUST_CHECK;

#endif
