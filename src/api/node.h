/* node.h - a file or folder as JSON; private to this folder. */
#ifndef DOZO_API_NODE_H
#define DOZO_API_NODE_H

#include "api/request.h"
#include "crypto/hash.h"

/* Stands where the names of sites will be: no JSON of ours has this byte. */
#define NODE_SITES_LATER 1

/* What of a node stands in other rows than its own. */
struct node_detail {
	uint8_t sha256[SHA256_SIZE]; /* of a file, as the sites */
	bool sites_later; /* only NODE_SITES_LATER is written */
	struct site_set sites; /* that hold its content */
	struct span locked_by; /* a member's name in the op's arena; no data:
				  nobody's */
};

/*
 * content_id 0: of a folder. folder: where the node stands. RC_NOT_FOUND where
 * the content is gone. tenant NULL: sites_later.
 */
enum rc node_detail_get(struct op *op, struct meta *meta, struct tenant *tenant,
    int64_t now, int64_t node, int64_t content_id, const struct place *folder,
    struct node_detail *ret_detail) MUST_CHECK;

/*
 * Appends {...}. folder: the path of the folder that it is in, "" at the root
 * (the root's own path is "/"). detail: of a file; a folder's is not looked at.
 */
enum rc node_write(struct op *op, struct buf *json, const struct door *door,
    const struct node *node, struct span folder,
    const struct node_detail *detail) MUST_CHECK;

/* The node with its path and detail, all of one read; place as of api_find. */
enum rc
node_write_found(struct api *api, struct meta *meta, const struct node *node,
    const struct place *place, bool sites_later, struct buf *json) MUST_CHECK;

/* ETag. */
enum rc
node_set_etag(struct http_request *req, const struct node *node) MUST_CHECK;

#endif
