/* request.h - a request of the JSON door, shared by its calls; private to this
 * folder. */
#ifndef DOZO_API_REQUEST_H
#define DOZO_API_REQUEST_H

#include "api/api.h"
#include "core/access.h"

enum { API_PARAMS_MAX = 2, API_BODY_MAX = 64 << 10 };

struct listings;

struct api_door {
	struct door *door;
	struct listings *listings;
};

struct api {
	struct http_request *req;
	struct api_door *api_door;
	struct door *door;
	struct tenant *tenant;
	const struct api_call *call;
	/* What the {names} of the route's pattern stand for. */
	struct span params[API_PARAMS_MAX];
	struct buf json; /* the body of a call that takes JSON */
	void *own; /* the call's */
};

/*
 * What a route does, as struct http_handler. Without json and without body a
 * content is refused (415). begin may be NULL. release is called where begin
 * was.
 */
struct api_call {
	bool open; /* nobody has to sign in */
	bool changes; /* refused by a service that only reads */
	bool json; /* a body of JSON: gathered before end, up to API_BODY_MAX */
	const char *const *query; /* parameters that it knows, NULL behind them;
				     NULL: none */
	enum rc (*begin)(struct api *api);
	enum rc (*body)(struct api *api, struct span bytes);
	enum rc (*end)(struct api *api);
	void (*release)(struct api *api);
};

/* HEAD goes where GET goes. */
struct api_route {
	enum http_method method;
	const char *pattern; /* below /api/v1: "/nodes/{id}" */
	const struct api_call *call;
};

/* All of them: what docs/openapi.yaml lists. */
extern const struct api_route api_table[];
extern const size_t n_api_table;

/* A body of JSON may come: its Content-Type is right, or 415 stands and the rc
 * is not RC_OK. */
enum rc api_json_expect(struct api *api) MUST_CHECK;
/* The next bytes of it. RC_LIMIT. */
enum rc api_json_add(struct api *api, struct span bytes) MUST_CHECK;

/* ---- ids (door/id.h) ---- */

/* RC_NOT_FOUND with the text that all have who ask for what is not there, is
 * another's, or is no id at all. */
enum rc api_no_node(struct api *api) MUST_CHECK;

/* ---- query ---- */

/* A parameter, or no data where it is not given. RC_INVALID. */
enum rc
api_param(struct api *api, const char *name, struct span *ret_value) MUST_CHECK;

/* A number in min..max. RC_INVALID. */
enum rc api_param_number(struct api *api, const char *name, uint64_t min,
    uint64_t max, uint64_t usual, uint64_t *ret_value) MUST_CHECK;

/* One of choices (NULL behind the last), the first where none is given.
 * RC_INVALID. */
enum rc api_param_choice(struct api *api, const char *name,
    const char *const *choices, size_t *ret_choice) MUST_CHECK;

/* Service time. */
int64_t api_now(const struct api *api);

/* ---- finding ---- */

/* Does work in one read of the request's tenant: it sees one state. */
enum rc api_read(struct api *api,
    enum rc (*work)(struct api *api, struct meta *meta, void *arg),
    void *arg) MUST_CHECK;

/*
 * The node that an id names, after asking access_node for the right; the root,
 * too, for reading. *ret_place: where it stands (n 0: the root). RC_NOT_FOUND
 * as api_no_node.
 */
enum rc api_find(struct api *api, struct meta *meta, struct span id,
    enum access_right right, struct node *ret_node,
    struct place *ret_place) MUST_CHECK;

/* ---- answers ---- */

/* 428: the request has to say which state it means. */
void api_precondition_required(struct api *api);

/* With JSON from memory; takes it out of json. */
void api_answer(struct api *api, int status, struct buf *json);

/* "name":" and the quoted text, after a comma where json does not end in '{' or
 * '['. */
enum rc
api_add_key(struct op *op, struct buf *json, const char *name) MUST_CHECK;
enum rc api_add_text(struct op *op, struct buf *json, const char *name,
    struct span text) MUST_CHECK;
enum rc api_add_time(
    struct op *op, struct buf *json, const char *name, int64_t wall) MUST_CHECK;
enum rc api_add_number(struct op *op, struct buf *json, const char *name,
    uint64_t number) MUST_CHECK;
enum rc
api_add_null(struct op *op, struct buf *json, const char *name) MUST_CHECK;

/* An id, null for NODE_NONE. */
enum rc api_add_id(
    struct op *op, struct buf *json, const char *name, int64_t id) MUST_CHECK;

/* The name of a member; null where the service did it, or nobody knows any
 * more.
 */
enum rc api_add_member(struct op *op, struct meta *meta, struct buf *json,
    const char *name, int64_t member) MUST_CHECK;

/* The names of sites as an array. */
enum rc api_add_sites(struct op *op, struct buf *json, const struct door *door,
    struct site_set set) MUST_CHECK;

/* The calls, each a row of the table. */
extern const struct api_call call_health;
extern const struct api_call call_me;
extern const struct api_call call_node_by_path;
extern const struct api_call call_node;
extern const struct api_call call_children;
extern const struct api_call call_create;
extern const struct api_call call_content;
extern const struct api_call call_put_content;
extern const struct api_call call_patch;
extern const struct api_call call_delete;
extern const struct api_call call_copy;
extern const struct api_call call_batch;
extern const struct api_call call_versions;
extern const struct api_call call_version_content;
extern const struct api_call call_swap;
extern const struct api_call call_save_as;
extern const struct api_call call_trash;
extern const struct api_call call_restore;
extern const struct api_call call_purge;
extern const struct api_call call_empty;
extern const struct api_call call_search;
extern const struct api_call call_security;
extern const struct api_call call_session;
extern const struct api_call call_session_begin;
extern const struct api_call call_session_end;
extern const struct api_call call_sessions;
extern const struct api_call call_sessions_end;

#endif
