/* request.h - a request of the tus door, shared by its methods; private to this
 * folder. */
#ifndef DOZO_TUS_REQUEST_H
#define DOZO_TUS_REQUEST_H

#include "core/resumable.h"
#include "door/door.h"
#include "tus/checksum.h"

struct tus_method;

struct tus {
	struct http_request *req;
	struct door *door;
	struct tenant *tenant;
	const struct tus_method *method;
	int64_t id; /* of the upload */

	/* A content on its way in (POST, PATCH). */
	struct resumable *upload;
	struct checksum checksum;
	struct precondition precondition;
	bool new; /* of this request, and nobody else can know its address */
	bool failed; /* nothing more of it counts */
	bool ended;
};

/* As struct http_handler, where the path is right. Without content a content is
 * refused. */
struct tus_method {
	bool changes;
	bool content;
	enum rc (*begin)(struct tus *tus); /* may be NULL */
	enum rc (*end)(struct tus *tus);
};

extern const struct tus_method tus_create; /* POST to the door itself */
extern const struct tus_method tus_head;
extern const struct tus_method tus_patch;
extern const struct tus_method tus_delete;

/* ---- headers ---- */

/* A number of bytes; *ret_given false: it is not sent. RC_INVALID. */
enum rc tus_number(struct http_request *req, const char *name, bool *ret_given,
    uint64_t *ret_number) MUST_CHECK;

/* 415 stands where a content is not declared as a part of an upload. */
bool tus_is_part(struct http_request *req);

/* ---- the content ---- */

/* Opens tus->upload at an offset; rc is for tus_refused. */
enum rc tus_open(struct tus *tus, const struct resumable_from *from) MUST_CHECK;

/* Checks and ends it: the answer (status) stands, or the rc is for http_fail.
 */
enum rc tus_end(struct tus *tus, int status) MUST_CHECK;

/* ---- answers ---- */

/* Upload-Offset, Upload-Expires, Dozo-Node and the receipt. */
enum rc tus_tell(
    struct http_request *req, const struct resumable_state *state) MUST_CHECK;

/* The same of what this request came to, and the ETag of the file that it made.
 */
enum rc tus_tell_result(
    struct http_request *req, const struct resumable_result *result) MUST_CHECK;

/* Location. */
enum rc tus_address(struct tus *tus) MUST_CHECK;

/* Answers what core/ refused for, where http_fail would not do; returns rc.
 * result NULL: nothing is known but rc. */
enum rc tus_refused(struct tus *tus, enum rc rc,
    const struct resumable_result *result) MUST_CHECK;

/* 460. */
void tus_wrong_checksum(struct http_request *req, const char *detail);

#endif
