/* request.h - a request of the WebDAV door, shared by its methods; private to
 * this folder. */
#ifndef DOZO_DAV_REQUEST_H
#define DOZO_DAV_REQUEST_H

#include "core/locks.h"
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
extern const struct dav_method dav_lock;
extern const struct dav_method dav_unlock;

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

/* Whose a URI of a header is, and the names below /dav where it is ours.
 * RC_INVALID, RC_LIMIT. */
enum dav_owner { DAV_OURS, DAV_OTHER_HOST, DAV_OTHER_PATH };
enum rc dav_uri(struct dav *dav, struct span uri, enum dav_owner *ret_owner,
    const struct span **ret_names, size_t *ret_n_names) MUST_CHECK;

/* If-Match, If-None-Match and If. RC_INVALID, RC_LIMIT. */
enum rc dav_precondition(
    struct dav *dav, struct precondition *ret_precondition) MUST_CHECK;

/* The early word on the lists of an If header (NULL: none) amid a dav_read; the
 * committer has the last. Where they do not hold the answer stands, and it is
 * RC_CONFLICT. */
enum rc dav_check_if(struct dav *dav, struct meta *meta,
    const struct if_lists *lists) MUST_CHECK;

/* ---- answers ---- */

/*
 * Answers what a call of tree.h or locks.h was refused for; returns rc. A lock
 * in the way is named: 423, or 207 where it is below what was asked for.
 */
enum rc dav_refused(
    struct dav *dav, enum rc rc, const struct tree_result *result) MUST_CHECK;

/* The same amid a dav_read. */
enum rc dav_refused_in(struct dav *dav, struct meta *meta, enum rc rc,
    const struct tree_result *result) MUST_CHECK;

/* Appends the escaped path of a node as it is stored, from /dav on; a folder's
 * ends with a slash. */
enum rc dav_add_path(struct dav *dav, struct meta *meta, int64_t node,
    struct buf *out) MUST_CHECK;

/* Appends an activelock; root as dav_add_path has it. The token is shown to
 * its own member only. */
enum rc dav_add_lock(struct op *op, struct dav *dav, const struct lock *lock,
    struct span root, struct buf *out) MUST_CHECK;

/* OC-FileId, OC-ETag, the receipt, and with etag the ETag header too. */
enum rc dav_result(
    struct dav *dav, const struct tree_result *result, bool etag) MUST_CHECK;

#endif
