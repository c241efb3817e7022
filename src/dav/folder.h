/* folder.h - an answer that tells of a resource and its entries, made while it
 * is sent. */
#ifndef DOZO_DAV_FOLDER_H
#define DOZO_DAV_FOLDER_H

#include "dav/rows.h"

/* A lock that is on more than the node that it was taken of; lies in the op's
 * arena. */
struct folder_lock {
	struct lock lock;
	struct span root; /* as dav_add_path has it */
	bool self; /* on the resource, too; else on its entries only */
};

/* Embedded in a struct of its maker, on the heap; owned by the answer once
 * folder_answer was called. */
struct folder {
	/*
	 * Appends to out: the head and the resource itself (self), each entry,
	 * and at last (row NULL) the end.
	 */
	enum rc (*write)(struct op *op, struct folder *folder,
	    const struct row *row, bool self);
	void (*free)(struct folder *folder); /* after folder_release */
	bool entries; /* of a folder, too */
	unsigned with; /* ROWS_... */
	bool sorted;
	uint64_t quota_available;
	uint64_t quota_used;
	struct buf out;

	struct dav *dav;
	struct node node; /* the resource */
	struct buf
	    path; /* escaped, of the resource; a folder's ends with a slash */
	struct rows rows;
	/* Locks of the folders above, and of the folder itself on its entries.
	 */
	size_t n_locks;
	struct folder_lock *locks;
	size_t at;
	size_t sent;
	bool ended;
};

/* Finds the request's resource and reads it, with its first entries, in one
 * state. */
enum rc folder_read(struct dav *dav, struct folder *folder) MUST_CHECK;

/* Answers; a small answer goes with its length. Frees the folder, also on
 * failure. */
enum rc
folder_answer(struct folder *folder, int status, const char *type) MUST_CHECK;

/* Frees all of it, by its own free at last. */
void folder_free(struct folder *folder);

/* Appends the path of an entry, or of the resource itself, to out. */
enum rc folder_add_path(struct op *op, const struct folder *folder,
    const struct row *row, bool self, struct buf *out) MUST_CHECK;

#endif
