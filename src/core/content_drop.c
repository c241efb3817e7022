/* content_drop.c - a content's chunks, some at a time, then its row. */
#include "core/content_drop.h"

#include "core/acks.h"
#include "meta/content.h"

enum { CHUNKS_AT_ONCE = 128 };

struct drop_list {
	size_t n;
	struct chunk chunks[CHUNKS_AT_ONCE];
};

static enum rc
collect(void *arg, struct op *op, const struct chunk *chunk)
{
	struct drop_list *list = arg;

	(void)op;
	list->chunks[list->n++] = *chunk;
	return RC_OK;
}

/* The log drops a data segment with the last row that names it. */
static enum rc
place_drop(struct op *op, struct tx *tx, const struct chunk_place *place,
    struct drop_budget *budget)
{
	bool used;

	if (place->number != 0)
		return RC_OK;
	TRY(content_data_used(op, tx->meta, place->data, &used));
	if (used)
		return RC_OK;
	budget->data--;
	return tx_drop_data(op, tx, place->data);
}

static enum rc
row_drop(
    struct op *op, struct tx *tx, int64_t content, struct drop_budget *budget)
{
	uint64_t made;
	size_t acks;

	TRY(content_made(op, tx->meta, content, &made));
	TRY(content_delete(op, tx->meta, content));
	TRY(acks_forget(op, tx->meta, made, &acks));
	budget->rows -= budget->rows > acks ? acks + 1 : budget->rows;
	return RC_OK;
}

/* *ret_gone: it was in the content's own row, which went too. */
static enum rc
chunk_drop(struct op *op, struct tx *tx, int64_t content,
    const struct chunk *chunk, struct drop_budget *budget, bool *ret_gone)
{
	enum rc rc = chunk_delete(op, tx->meta, content, chunk->start);

	*ret_gone = rc == RC_NOT_FOUND;
	if (rc == RC_NOT_FOUND)
		rc = row_drop(op, tx, content, budget);
	else
		budget->rows -= budget->rows > 0;
	TRY(rc);
	return place_drop(op, tx, &chunk->place, budget);
}

/* Some chunks; *ret_gone: with them the content. */
static enum rc
drop_some(struct op *op, struct tx *tx, int64_t content,
    struct drop_budget *budget, bool *ret_gone)
{
	struct drop_list list = {.n = 0};
	size_t limit =
	    budget->rows < CHUNKS_AT_ONCE ? budget->rows : CHUNKS_AT_ONCE;
	size_t i;

	*ret_gone = false;
	TRY(chunk_list(op, tx->meta, content, 0, limit, collect, &list));
	for (i = 0; i < list.n && budget->data > 0 && !*ret_gone; i++)
		TRY(chunk_drop(
		    op, tx, content, &list.chunks[i], budget, ret_gone));
	if (!*ret_gone && i == list.n && list.n < limit) {
		TRY(row_drop(op, tx, content, budget));
		*ret_gone = true;
	}
	return RC_OK;
}

enum rc
content_drop(struct op *op, struct tx *tx, int64_t content, int64_t own,
    struct drop_budget *budget, bool *ret_gone)
{
	int64_t users;

	*ret_gone = true;
	TRY(content_users(op, tx->meta, content, own + 1, &users));
	if (users > own)
		return RC_OK;
	do {
		*ret_gone = false;
		if (budget->rows == 0 || budget->data == 0)
			return content_unfinish(op, tx->meta, content);
		TRY(drop_some(op, tx, content, budget, ret_gone));
	} while (!*ret_gone);
	return RC_OK;
}

enum rc
content_cut(struct op *op, struct tx *tx, int64_t content, uint64_t from,
    struct drop_budget *budget, bool *ret_done)
{
	struct drop_list list = {.n = 0};
	size_t limit =
	    budget->rows < CHUNKS_AT_ONCE ? budget->rows : CHUNKS_AT_ONCE;
	bool with_row = false;
	size_t i;

	TRY(chunk_list(op, tx->meta, content, from, limit, collect, &list));
	for (i = 0; i < list.n && budget->data > 0; i++)
		TRY(chunk_drop(
		    op, tx, content, &list.chunks[i], budget, &with_row));
	*ret_done = i == list.n && list.n < limit;
	return RC_OK;
}
