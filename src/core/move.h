/* move.h - sealed chunks moved as they are into a new data segment (LOG.md L11,
 * L13). */
#ifndef DOZO_CORE_MOVE_H
#define DOZO_CORE_MOVE_H

#include "core/tenant.h"
#include "meta/content.h"

enum {
	MOVE_CHUNKS_MAX = 990
}; /* rows of one change, with room for others (L8) */

/* Chunks to be moved, their keys open. */
struct move_list {
	size_t n;
	struct chunk chunks[MOVE_CHUNKS_MAX];
};

enum rc move_list_new(struct op *op, struct move_list **ret_list) MUST_CHECK;
/* Wipes the keys. Accepts NULL. Also for CLEANUP. */
void move_list_free_ptr(struct move_list **list);

/* For chunk_list_in and chunk_list_small: takes a copy; what finds no room is
 * left for another time. */
enum rc move_list_add(void *arg, struct op *op, const struct chunk *chunk);

/*
 * Copies the frames of the first chunks of the list, as many as one data
 * segment takes, each opened before (L22), and points at them the rows that
 * still point at the old place, in a change that drops the data segments that
 * nothing lies in any more. *ret_n: chunks that were dealt with. A chunk that
 * no site has undamaged stays where it is with pass_over, else it is RC_DAMAGED
 * and nothing is done. RC_NOT_STORED, RC_IN_DOUBT, RC_BUSY.
 */
enum rc move_chunks(struct op *op, struct tenant *tenant,
    const struct move_list *list, bool pass_over, size_t *ret_n) MUST_CHECK;

#endif
