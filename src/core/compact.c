/* compact.c - which data segments are worth rewriting, and rewriting them. */
#include "core/compact.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/change.h"
#include "core/move.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/upkeep.h"
#include "meta/local.h"

enum { ROWS_AT_A_TIME = 256 };

struct compact {
	struct tenant *tenant;
	bool small; /* this pass is for small ones: else for dead ones */
	uint64_t n_small;
	uint64_t dead; /* bytes that nothing names in what was left as it is */
	struct compact_result result;
	struct move_list *list; /* owned */
	size_t n;
	struct local_data rows[ROWS_AT_A_TIME];
};

static enum rc
row_take(void *arg, struct op *op, const struct local_data *row)
{
	struct compact *c = arg;

	(void)op;
	c->rows[c->n++] = *row;
	return RC_OK;
}

/* Copies what the list has, all of it or as far as it goes. */
static enum rc
list_flush(struct op *op, struct compact *c)
{
	size_t n;
	enum rc rc = RC_OK;

	while (c->list->n > 0 && rc == RC_OK) {
		rc = move_chunks(op, c->tenant, c->list, true, &n);
		if (rc != RC_OK)
			break;
		memmove(c->list->chunks, c->list->chunks + n,
		    (c->list->n - n) * sizeof(c->list->chunks[0]));
		c->list->n -= n;
	}
	mem_wipe(c->list->chunks, sizeof(c->list->chunks));
	c->list->n = 0;
	FAILPOINT("compact.moved");
	return rc;
}

static enum rc
segment_add(struct op *op, struct compact *c, struct meta *meta,
    const struct local_data *row)
{
	struct chunk_place place = {.number = 0};

	memcpy(place.data, row->id, OBJECT_ID_SIZE);
	return chunk_list_in(op, meta, &place, move_list_add, c->list);
}

/* What a data segment still holds. */
struct held {
	uint64_t live; /* plaintext */
	uint64_t chunks;
};

/* A segment of so many tiny chunks is as full as one gets. */
static bool
is_small(const struct local_data *row, const struct held *held)
{
	return row->size < COMPACT_SMALL && held->chunks < MOVE_CHUNKS_MAX / 2;
}

static bool
is_worth(
    struct compact *c, const struct local_data *row, const struct held *held)
{
	if (c->small)
		return is_small(row, held);
	if (held->live * 2 < row->size)
		return true;
	if (is_small(row, held))
		c->n_small++;
	return false;
}

struct unused_change {
	struct change change;
	uint8_t id[OBJECT_ID_SIZE];
};

static enum rc
unused_run(struct op *op, struct tx *tx, struct change *change)
{
	struct unused_change *unused =
	    container_of(change, struct unused_change, change);
	bool used;

	TRY(content_data_used(op, tx->meta, unused->id, &used));
	return used ? RC_OK : tx_drop_data(op, tx, unused->id);
}

/* Nothing lies in it: there is nothing to copy. */
static enum rc
unused_drop(struct op *op, struct compact *c, const struct local_data *row)
{
	struct unused_change unused = {.change = {.run = unused_run,
					   .role = SEGMENT_UPKEEP,
					   .frees_space = true}};
	enum rc rc;

	memcpy(unused.id, row->id, OBJECT_ID_SIZE);
	rc = change_commit(op, c->tenant, &unused.change);
	if (rc != RC_NOT_FOUND) /* dropped meanwhile */
		return rc;
	op_clear_error(op);
	return RC_OK;
}

static enum rc
segment_look(struct op *op, struct compact *c, const struct local_data *row,
    struct held *held, bool *ret_worth)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, c->tenant, &reader));
	rc = content_data_live(
	    op, &reader->meta, row->id, &held->live, &held->chunks);
	*ret_worth = rc == RC_OK && is_worth(c, row, held);
	if (*ret_worth)
		rc = segment_add(op, c, &reader->meta, row);
	tenant_reader_put(c->tenant, reader);
	return rc;
}

static enum rc
segment_one(struct op *op, struct compact *c, const struct local_data *row)
{
	struct held held;
	bool worth;

	TRY(upkeep_spend(op, c->tenant, 0));
	TRY(segment_look(op, c, row, &held, &worth));
	if (!worth) {
		c->dead += row->size - held.live;
		return RC_OK;
	}
	c->result.segments++;
	c->result.bytes += row->size;
	c->result.copied += held.live;
	if (held.chunks == 0)
		return unused_drop(op, c, row);
	/* What found no room is for another pass. */
	return c->list->n == MOVE_CHUNKS_MAX ? list_flush(op, c) : RC_OK;
}

static enum rc
pass_run(struct op *op, struct compact *c)
{
	uint8_t last[OBJECT_ID_SIZE];
	const uint8_t *after = NULL;
	struct reader *reader;
	size_t i;
	enum rc rc;

	do {
		CLEANUP(op_release) struct op step;

		scratch_init(&step, op);
		c->n = 0;
		TRY(tenant_reader(op, c->tenant, &reader));
		rc = local_data_list(
		    &step, &reader->meta, after, ROWS_AT_A_TIME, row_take, c);
		tenant_reader_put(c->tenant, reader);
		for (i = 0; i < c->n && rc == RC_OK; i++)
			rc = segment_one(&step, c, &c->rows[i]);
		TRY(scratch_end(op, &step, rc));
		if (c->n > 0)
			memcpy(last, c->rows[c->n - 1].id, sizeof(last));
		after = last;
	} while (c->n == ROWS_AT_A_TIME);
	return list_flush(op, c);
}

static enum rc
compact_run(struct op *op, struct compact *c)
{
	TRY(move_list_new(op, &c->list));
	TRY(pass_run(op, c));
	if (c->n_small < COMPACT_MANY)
		return RC_OK;
	c->small = true;
	c->dead = 0;
	return pass_run(op, c);
}

enum rc
compact_tenant(
    struct op *op, struct tenant *tenant, struct compact_result *ret_result)
{
	CLEANUP(mem_free_ptr) struct compact *c = NULL;
	enum rc rc;

	*ret_result = (struct compact_result){0};
	if (tenant->id == TENANT_PROVIDER)
		return RC_OK;
	c = mem_alloc(sizeof(*c));
	if (c == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	c->tenant = tenant;
	rc = compact_run(op, c);
	if (rc == RC_OK)
		tenant->dead_bytes = c->dead;
	move_list_free_ptr(&c->list);
	*ret_result = c->result;
	if (c->result.segments > 0)
		log_info(op, "compacted",
		    "tenant=%016llx segments=%llu bytes=%llu live=%llu",
		    (unsigned long long)tenant->id,
		    (unsigned long long)c->result.segments,
		    (unsigned long long)c->result.bytes,
		    (unsigned long long)c->result.copied);
	return rc;
}
