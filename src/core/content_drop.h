/* content_drop.h - the end of a content: its rows go, and with them its chunk
 * keys (LOG.md L15, L28). Inside changes. */
#ifndef DOZO_CORE_CONTENT_DROP_H
#define DOZO_CORE_CONTENT_DROP_H

#include "core/change.h"

/* What a change may still delete (L8). */
struct drop_budget {
	size_t rows;
	size_t data; /* data segments */
};

enum { DROP_ROWS = 900, DROP_DATA = 128 };

/*
 * The caller's row (own: 1, or 0 where there is none) is about to give up a
 * content. Where no other row names it, its chunks are deleted as far as the
 * budget goes; *ret_gone false: some are left, the content is not finished any
 * more, and the caller keeps its row and comes again. true: the caller's row
 * may go.
 */
enum rc content_drop(struct op *op, struct tx *tx, int64_t content, int64_t own,
    struct drop_budget *budget, bool *ret_gone) MUST_CHECK;

/*
 * Deletes the chunks from a place on (where one begins) of a content that is
 * not finished and has its chunks as rows, as far as the budget goes.
 * *ret_done: none is left.
 */
enum rc content_cut(struct op *op, struct tx *tx, int64_t content,
    uint64_t from, struct drop_budget *budget, bool *ret_done) MUST_CHECK;

#endif
