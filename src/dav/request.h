/* request.h - a request of the WebDAV door, shared by its methods; private to
 * this folder. */
#ifndef DOZO_DAV_REQUEST_H
#define DOZO_DAV_REQUEST_H

#include "door/door.h"

struct dav_method;

struct dav {
	struct http_request *req;
	struct door *door;
	struct tenant *tenant;
	const struct dav_method *method;
	/* The path below /dav: decoded names, none for the root. */
	const struct span *names;
	size_t n_names;
	uint64_t paths_state; /* of path_cache.h, from before the read */
	void *own; /* the method's */
};

/*
 * As struct http_handler. Without body a content is refused (415). begin may be
 * NULL. release is called where begin was (it frees own, which may be NULL).
 */
struct dav_method {
	bool changes; /* refused by a service that only reads */
	enum rc (*begin)(struct dav *dav);
	enum rc (*body)(struct dav *dav, struct span bytes);
	enum rc (*end)(struct dav *dav);
	void (*release)(struct dav *dav);
};

extern const struct dav_method dav_options;
extern const struct dav_method dav_get; /* and HEAD */
extern const struct dav_method dav_put;
extern const struct dav_method dav_mkcol;
extern const struct dav_method dav_delete;
extern const struct dav_method dav_move; /* and COPY */
extern const struct dav_method dav_propfind;
extern const struct dav_method dav_proppatch;
extern const struct dav_method dav_recalculate; /* PATCH */

/* ---- finding ---- */

/* Does work in one read of the request's tenant: it sees one state. */
enum rc dav_read(struct dav *dav,
    enum rc (*work)(struct dav *dav, struct meta *meta, void *arg),
    void *arg) MUST_CHECK;

/*
 * The node that the request names, with its ETag, after asking access_node for
 * the right. RC_NOT_FOUND also for a file whose path ends with a slash.
 */
enum rc dav_find(struct dav *dav, struct meta *meta, enum access_right right,
    struct node *ret_node) MUST_CHECK;

/*
 * Where names lead, which need not be there: its folder, which the actor may
 * change, and the last name. Otherwise the answer stands (403 at the root, 409
 * without the folder), or the rc is for http_fail.
 */
enum rc dav_target(struct dav *dav, struct meta *meta, const struct span *names,
    size_t n_names, struct tree_target *ret_target) MUST_CHECK;

/* ---- headers ---- */

/* "infinity" where it is not sent. RC_INVALID. */
enum dav_depth { DAV_DEPTH_0, DAV_DEPTH_1, DAV_DEPTH_INFINITY };
enum rc dav_depth(struct dav *dav, enum dav_depth *ret_depth) MUST_CHECK;

/* X-OC-Mtime: seconds since 1970, perhaps with a fraction. RC_INVALID. */
enum rc
dav_mtime(struct dav *dav, bool *ret_given, int64_t *ret_mtime) MUST_CHECK;

/* The text of such a header; false where it is none. */
bool dav_mtime_parse(const char *text, int64_t *ret_mtime);

/*
 * The If header of RFC 4918 names lock tokens, and there are no locks yet: 412
 * stands, or RC_INVALID, where one is sent.
 */
enum rc dav_no_if(struct dav *dav, bool *ret_go) MUST_CHECK;

/* OC-FileId, OC-ETag, the receipt, and with etag the ETag header too. */
enum rc dav_result(
    struct dav *dav, const struct tree_result *result, bool etag) MUST_CHECK;

#endif
