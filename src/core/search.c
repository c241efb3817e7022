/* search.c - a scan over opened names. */
#include "core/search.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "core/scratch.h"

enum { BATCH = 4096 };

struct scan {
	struct span needle; /* folded */
	size_t rows; /* of this batch */
	int64_t last;
	size_t n;
	int64_t found[BATCH];
};

/* Most names are ASCII: their folding is done here, in place of a long way
 * round. */
static bool
fold_ascii(struct span name, uint8_t *out)
{
	size_t i;

	for (i = 0; i < name.size; i++) {
		if (name.data[i] >= 0x80)
			return false;
		out[i] = (uint8_t)tolower(name.data[i]);
	}
	return true;
}

static enum rc
look(void *arg, struct op *op, int64_t id, struct span name)
{
	struct scan *scan = arg;
	uint8_t ascii[NODE_NAME_SIZE];
	struct span fold = span_of(ascii, name.size);

	scan->rows++;
	scan->last = id;
	if (name.size > sizeof(ascii) || !fold_ascii(name, ascii))
		TRY(text_fold_key(op, name, &fold));
	if (memmem(fold.data, fold.size, scan->needle.data,
		scan->needle.size) != NULL)
		scan->found[scan->n++] = id;
	return RC_OK;
}

/* Hands over what the actor may see; the others' and the trash's are passed
 * over. */
static enum rc
tell(struct op *op, struct meta *meta, int64_t id, search_each *each, void *arg,
    bool *ret_seen)
{
	struct place place;
	struct node node;
	enum rc rc;

	rc = access_node(op, meta, &op->actor, id, ACCESS_READ, &place);
	*ret_seen = rc == RC_OK;
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	TRY(node_get(op, meta, id, &node));
	return each(arg, op, &node, &place);
}

/* One batch of names, with memory that goes with it. */
static enum rc
search_batch(struct op *op, struct meta *meta, struct search *search,
    struct scan *scan, search_each *each, void *arg)
{
	bool seen;
	size_t i;

	scan->n = 0;
	scan->rows = 0;
	TRY(node_names(op, meta, search->last, BATCH, look, scan));
	for (i = 0; i < scan->n && search->limit > 0; i++) {
		search->last = scan->found[i];
		TRY(tell(op, meta, scan->found[i], each, arg, &seen));
		search->limit -= seen;
	}
	if (search->limit > 0 && scan->rows > 0)
		search->last = scan->last;
	return RC_OK;
}

enum rc
search_names(struct op *op, struct meta *meta, struct search *search,
    search_each *each, void *arg)
{
	struct span nfc;
	struct scan scan;
	size_t rows = 0;

	TRY(text_nfc(op, search->text, &nfc));
	TRY(text_fold_key(op, nfc, &scan.needle));
	if (scan.needle.size == 0)
		FAIL(op, RC_INVALID, "nothing is looked for");
	search->last = search->after;
	do {
		struct op scratch;
		enum rc rc;

		scratch_init(&scratch, op);
		rc = scratch_end(op, &scratch,
		    search_batch(&scratch, meta, search, &scan, each, arg));
		op_release(&scratch);
		TRY(rc);
		rows += scan.rows;
	} while (
	    scan.rows == BATCH && search->limit > 0 && rows < SEARCH_ROWS_MAX);
	search->more = scan.rows == BATCH || search->limit == 0;
	return RC_OK;
}
