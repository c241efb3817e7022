/*
 * node.h - rows of files and folders: the tree by parent id, names sealed and
 * found by their keys (L18).
 */
#ifndef DOZO_META_NODE_H
#define DOZO_META_NODE_H

#include "meta/meta.h"

enum node_kind { NODE_FILE = 0, NODE_FOLDER = 1 };

/* Fixed nodes: parents that have no row. Ids of rows are larger. */
enum {
	NODE_NONE = 0,
	NODE_TRASH = 1, /* parent of what was deleted */
	NODE_ROOT = 2, /* parent of all spaces */
	NODE_HIDDEN = 3, /* parent of what is being copied */
	NODE_PURGE = 4, /* parent of what is being purged */
	NODE_FIXED_MAX = 999,
};

enum {
	NODE_NAME_SIZE = 1024
}; /* bytes that a name may have; TEXT_NAME_UNITS takes 765 */

struct node {
	int64_t id;
	int64_t parent;
	struct span name; /* as stored, NUL behind it */
	enum node_kind kind;
	int64_t content; /* 0: none (folders) */
	uint64_t size;
	int64_t mtime; /* ns since 1970 */
	int64_t created_at;
	int64_t changed_at; /* content or dates */
	int64_t changed_by; /* member, 0: the service */
	int64_t tag; /* with the id, the ETag */
	uint8_t key[META_NAME_KEY_SIZE];
};

/* The key of a name below a parent; fold is text_fold_key of the name. Any
 * thread. */
void node_key(const struct meta_keys *keys, int64_t parent, struct span fold,
    uint8_t out[META_NAME_KEY_SIZE]);

/* The key of a node below a fixed one: its id. */
void node_fixed_key(int64_t id, uint8_t out[META_NAME_KEY_SIZE]);

/* RC_NOT_FOUND; RC_DAMAGED where the name does not open. The name lies in the
 * op's arena. */
enum rc node_get(struct op *op, struct meta *meta, int64_t id,
    struct node *ret_node) MUST_CHECK;
enum rc node_find(struct op *op, struct meta *meta, int64_t parent,
    const uint8_t key[META_NAME_KEY_SIZE], struct node *ret_node) MUST_CHECK;

/* The parent of a node; RC_NOT_FOUND. */
enum rc node_parent(struct op *op, struct meta *meta, int64_t id,
    int64_t *ret_parent) MUST_CHECK;

/*
 * Calls each for at most limit children of parent: those whose keys come next
 * after a key (NULL: from the first), in no order that means anything. The next
 * batch begins after the greatest key seen (node_after). The node and its name
 * live until each returns; what each returns other than RC_OK ends the list and
 * is returned. each must not list another folder on the same connection
 * (RC_BUSY).
 */
typedef enum rc node_each(void *arg, struct op *op, const struct node *node);
enum rc node_list(struct op *op, struct meta *meta, int64_t parent,
    const uint8_t *after, size_t limit, node_each *each, void *arg) MUST_CHECK;

/* Calls each for the names of up to limit nodes with ids above one, in the
 * order of ids. The name lives until each returns. */
typedef enum rc
node_name_each(void *arg, struct op *op, int64_t id, struct span name);
enum rc node_names(struct op *op, struct meta *meta, int64_t after,
    size_t limit, node_name_each *each, void *arg) MUST_CHECK;

/* Keeps in last, zeroed before the first node, the greatest key. */
void node_after(uint8_t last[META_NAME_KEY_SIZE], const struct node *node);

/* The name is sealed under the node's id. RC_EXISTS where parent has the key
 * already. */
enum rc node_insert(
    struct op *op, struct meta *meta, const struct node *node) MUST_CHECK;

/* Writes content, size, mtime, changed_at, changed_by and tag. RC_NOT_FOUND. */
enum rc node_set_content(
    struct op *op, struct meta *meta, const struct node *node) MUST_CHECK;

/* Writes mtime, changed_at, changed_by and tag. RC_NOT_FOUND. */
enum rc node_set_mtime(
    struct op *op, struct meta *meta, const struct node *node) MUST_CHECK;

/* Writes parent and key, a unique column: in a session of its own (L5).
 * RC_EXISTS, RC_NOT_FOUND. */
enum rc node_set_place(struct op *op, struct meta *meta, int64_t id,
    int64_t parent, const uint8_t key[META_NAME_KEY_SIZE]) MUST_CHECK;

/* Writes the sealed name alone. RC_NOT_FOUND. */
enum rc node_set_name(
    struct op *op, struct meta *meta, int64_t id, struct span name) MUST_CHECK;

/* Its children are the caller's business. RC_NOT_FOUND. */
enum rc node_delete(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

/* The committer's: a folder's ETag, once a group. */
enum rc folder_tag_set(
    struct op *op, struct meta *meta, int64_t id, int64_t tag) MUST_CHECK;

#endif
