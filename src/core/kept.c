/* kept.c - base, kept snapshots and key epochs of a tenant's log as local rows.
 */
#include "core/kept.h"

#include <string.h>

#include "store/wire.h"

enum {
	HEAD_SIZE = 56,
	ENTRY_SIZE = 56 + HEAD_SIZE + 8 + 8 + 4 + 4 + DB_HASH_SIZE,
	KEPT_SIZE_MAX = HEAD_SIZE + 8 + KEPT_MAX * ENTRY_SIZE,
	FACT_SNAPSHOT = 1,
	FACT_CUT = 2,
	FACT_SNAPSHOT_SIZE = 4 + 4 + 4 + 8 + DB_HASH_SIZE,
	FACT_CUT_SIZE = 4,
	RUN_SIZE = 12,
	RUNS_MAX = 1024,
};

/* ---- base and snapshots ---- */

static uint8_t *
put_head(uint8_t *p, const struct tenant_head *head)
{
	p = wire_put_u64(p, head->number);
	p = wire_put_u64(p, head->generation.counter);
	p = wire_put_u64(p, head->generation.attempt);
	return wire_put_bytes(p, head->hash, OBJECT_HASH_SIZE);
}

static void
get_head(struct wire *wire, struct tenant_head *head)
{
	head->number = wire_u64(wire);
	head->generation.counter = wire_u64(wire);
	head->generation.attempt = wire_u64(wire);
	wire_bytes(wire, head->hash, OBJECT_HASH_SIZE);
}

static uint8_t *
put_snapshot(uint8_t *p, const struct snapshot *snapshot)
{
	p = wire_put_bytes(p, snapshot->list.id, OBJECT_ID_SIZE);
	p = wire_put_bytes(p, snapshot->list.hash, OBJECT_HASH_SIZE);
	p = wire_put_u64(p, snapshot->list.size);
	p = put_head(p, &snapshot->at);
	p = wire_put_u64(p, snapshot->named);
	p = wire_put_u64(p, (uint64_t)snapshot->time);
	p = wire_put_u32(p, snapshot->schema);
	p = wire_put_u32(p, snapshot->epoch);
	return wire_put_bytes(p, snapshot->state_hash, DB_HASH_SIZE);
}

static void
get_snapshot(struct wire *wire, struct snapshot *snapshot)
{
	wire_bytes(wire, snapshot->list.id, OBJECT_ID_SIZE);
	wire_bytes(wire, snapshot->list.hash, OBJECT_HASH_SIZE);
	snapshot->list.size = wire_u64(wire);
	get_head(wire, &snapshot->at);
	snapshot->named = wire_u64(wire);
	snapshot->time = (int64_t)wire_u64(wire);
	snapshot->schema = wire_u32(wire);
	snapshot->epoch = wire_u32(wire);
	wire_bytes(wire, snapshot->state_hash, DB_HASH_SIZE);
}

enum rc
kept_get(struct op *op, struct meta *meta, struct kept *ret_kept)
{
	struct kept kept = {0};
	struct span value;
	struct wire wire;
	enum rc rc = local_state_get(op, meta, "kept", &value);

	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		*ret_kept = kept;
		return RC_OK;
	}
	TRY(rc);
	wire = wire_of(value);
	get_head(&wire, &kept.base);
	kept.cut = wire_u64(&wire);
	while (wire.left > 0 && !wire.bad && kept.n < KEPT_MAX)
		get_snapshot(&wire, &kept.list[kept.n++]);
	if (!wire_done(&wire))
		FAIL(op, RC_DAMAGED, "the local row of kept snapshots");
	*ret_kept = kept;
	return RC_OK;
}

enum rc
kept_set(struct op *op, struct meta *meta, const struct kept *kept)
{
	uint8_t bytes[KEPT_SIZE_MAX];
	uint8_t *p = put_head(bytes, &kept->base);
	size_t i;

	p = wire_put_u64(p, kept->cut);
	for (i = 0; i < kept->n; i++)
		p = put_snapshot(p, &kept->list[i]);
	return local_state_set(
	    op, meta, "kept", span_of(bytes, (size_t)(p - bytes)));
}

/* ---- facts ---- */

size_t
fact_snapshot(const struct snapshot *snapshot, uint8_t out[FACT_SIZE_MAX])
{
	uint8_t *p = wire_put_u32(out, FACT_SNAPSHOT);

	p = wire_put_u32(p, snapshot->schema);
	p = wire_put_u32(p, snapshot->epoch);
	p = wire_put_u64(p, (uint64_t)snapshot->time);
	p = wire_put_bytes(p, snapshot->state_hash, DB_HASH_SIZE);
	return (size_t)(p - out);
}

size_t
fact_cut(uint8_t out[FACT_SIZE_MAX])
{
	return (size_t)(wire_put_u32(out, FACT_CUT) - out);
}

enum rc
fact_snapshot_read(struct op *op, struct span fact, struct snapshot *snapshot)
{
	struct wire wire = wire_of(fact);

	if (wire_u32(&wire) != FACT_SNAPSHOT || fact.size != FACT_SNAPSHOT_SIZE)
		FAIL(op, RC_DAMAGED, "not the record of a snapshot");
	snapshot->schema = wire_u32(&wire);
	snapshot->epoch = wire_u32(&wire);
	snapshot->time = (int64_t)wire_u64(&wire);
	wire_bytes(&wire, snapshot->state_hash, DB_HASH_SIZE);
	return RC_OK;
}

static void
head_of(const struct segment_aside *at, struct tenant_head *head)
{
	head->number = at->number;
	head->generation = at->generation;
	memcpy(head->hash, at->hash, OBJECT_HASH_SIZE);
}

/* A snapshot that was loaded is in the list already: now it is known who names
 * it. */
static enum rc
note_snapshot(struct op *op, struct kept *kept,
    const struct segment_header *header, struct span fact)
{
	struct snapshot snapshot = {.named = header->number};
	size_t i;

	if (header->role != SEGMENT_SNAPSHOT || header->n_parts != 1 ||
	    header->n_at != 1 || header->at->number >= header->number)
		FAIL(op, RC_DAMAGED, "number %llu names no snapshot",
		    (unsigned long long)header->number);
	TRY(fact_snapshot_read(op, fact, &snapshot));
	snapshot.list = header->parts[0];
	head_of(&header->at[0], &snapshot.at);
	for (i = 0; i < kept->n; i++)
		if (kept->list[i].at.number >= snapshot.at.number)
			break;
	if (i < kept->n && kept->list[i].at.number > snapshot.at.number)
		return RC_OK;
	if (i == KEPT_MAX)
		FAIL(op, RC_DAMAGED, "more snapshots than are ever kept");
	kept->list[i] = snapshot;
	if (i == kept->n)
		kept->n++;
	return RC_OK;
}

/* The runs of epochs that end at base or below are of no number any more. */
static enum rc runs_cut(struct op *op, struct meta *meta, uint64_t base);

static enum rc
note_cut(struct op *op, struct meta *meta, struct kept *kept,
    const struct segment_header *header)
{
	struct tenant_head base;
	size_t i, n = 0;

	if (header->role != SEGMENT_CUT || header->n_at != 1 ||
	    header->n_parts == 0 || header->at->number >= header->number)
		FAIL(op, RC_DAMAGED, "number %llu is no cut",
		    (unsigned long long)header->number);
	head_of(&header->at[0], &base);
	/* A database that was made from a later snapshot begins there. */
	if (base.number < kept->base.number)
		return RC_OK;
	kept->base = base;
	kept->cut = header->number;
	for (i = 0; i < kept->n; i++)
		if (kept->list[i].at.number >= base.number)
			kept->list[n++] = kept->list[i];
	kept->n = n;
	TRY(local_log_forget(op, meta, base.number));
	TRY(local_aside_forget(op, meta, base.number));
	return runs_cut(op, meta, base.number);
}

enum rc
kept_note(struct op *op, struct meta *meta, const struct segment_header *header,
    struct span fact)
{
	struct wire wire = wire_of(fact);
	struct kept kept;
	uint32_t kind = wire_u32(&wire);

	TRY(kept_get(op, meta, &kept));
	if (kind == FACT_SNAPSHOT)
		TRY(note_snapshot(op, &kept, header, fact));
	else if (kind == FACT_CUT && fact.size == FACT_CUT_SIZE)
		TRY(note_cut(op, meta, &kept, header));
	else
		FAIL(op, RC_REFUSED,
		    "a fact of a kind that this program does not know");
	return kept_set(op, meta, &kept);
}

/* ---- epochs: runs of numbers, each with the first of them ---- */

struct run {
	uint64_t first;
	uint32_t epoch;
};

static enum rc
runs_get(struct op *op, struct meta *meta, struct run **ret_runs, size_t *ret_n)
{
	struct span value = {NULL, 0};
	struct run *runs;
	struct wire wire;
	size_t i, n;
	enum rc rc = local_state_get(op, meta, "epochs", &value);

	if (rc != RC_NOT_FOUND)
		TRY(rc);
	op_clear_error(op);
	n = value.size / RUN_SIZE;
	wire = wire_of(value);
	TRY(op_alloc(op, (n + 1) * sizeof(*runs), &runs));
	for (i = 0; i < n; i++) {
		runs[i].first = wire_u64(&wire);
		runs[i].epoch = wire_u32(&wire);
	}
	*ret_runs = runs;
	*ret_n = n;
	return RC_OK;
}

static enum rc
runs_set(struct op *op, struct meta *meta, const struct run *runs, size_t n)
{
	uint8_t *bytes, *p;
	size_t i;

	if (n > RUNS_MAX)
		FAIL(op, RC_LIMIT, "more than %d changes of the key epoch",
		    RUNS_MAX);
	TRY(op_alloc(op, n * RUN_SIZE + 1, &bytes));
	for (p = bytes, i = 0; i < n; i++) {
		p = wire_put_u64(p, runs[i].first);
		p = wire_put_u32(p, runs[i].epoch);
	}
	return local_state_set(
	    op, meta, "epochs", span_of(bytes, n * RUN_SIZE));
}

enum rc
kept_note_epoch(
    struct op *op, struct meta *meta, uint64_t number, uint32_t epoch)
{
	struct run *runs;
	size_t n;

	TRY(runs_get(op, meta, &runs, &n));
	if (n > 0 && runs[n - 1].epoch == epoch)
		return RC_OK;
	runs[n].first = number;
	runs[n].epoch = epoch;
	return runs_set(op, meta, runs, n + 1);
}

static enum rc
runs_cut(struct op *op, struct meta *meta, uint64_t base)
{
	struct run *runs;
	size_t i, n, gone = 0;

	TRY(runs_get(op, meta, &runs, &n));
	for (i = 0; i + 1 < n; i++)
		if (runs[i + 1].first <= base + 1)
			gone = i + 1;
	return gone == 0 ? RC_OK : runs_set(op, meta, runs + gone, n - gone);
}

enum rc
kept_uses_epoch(struct op *op, struct meta *meta, const struct kept *kept,
    uint32_t epoch, bool *ret_used)
{
	struct run *runs;
	size_t i, n;

	*ret_used = true;
	for (i = 0; i < kept->n; i++)
		if (kept->list[i].epoch == epoch)
			return RC_OK;
	TRY(runs_get(op, meta, &runs, &n));
	/* Runs that do not begin at the base tell too little. */
	if (n == 0 || runs[0].first > kept->base.number + 1)
		return RC_OK;
	for (i = 0; i < n; i++)
		if (runs[i].epoch == epoch)
			return RC_OK;
	*ret_used = false;
	return RC_OK;
}
