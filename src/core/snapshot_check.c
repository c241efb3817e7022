/* snapshot_check.c - a snapshot against the log: the one before it, replayed to
 * its number in a database of its own, has to be the same state (LOG.md L12).
 */
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "core/fetch.h"
#include "core/replay.h"
#include "core/schema.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/snapshot.h"
#include "core/upkeep.h"

enum { ROWS_AT_A_TIME = 64, PATH_SIZE = 1120 };

struct compare {
	struct tenant *tenant;
	struct keyring *ring; /* owned */
	struct db *db; /* owned */
	struct meta meta;
	struct replica replica;
	uint64_t to;
	struct buf bytes;
	size_t n;
	struct local_log rows[ROWS_AT_A_TIME];
};

static void
scratch_path(const struct tenant *t, char out[PATH_SIZE])
{
	(void)snprintf(out, PATH_SIZE, "%s.check", t->db_path);
}

static enum rc
row_take(void *arg, struct op *op, const struct local_log *row)
{
	struct compare *c = arg;

	(void)op;
	if (row->number <= c->to)
		c->rows[c->n++] = *row;
	return RC_OK;
}

/* The next numbers of the chain; none behind the last. */
static enum rc
rows_next(struct op *op, struct compare *c)
{
	struct reader *reader;
	enum rc rc;

	c->n = 0;
	TRY(tenant_reader(op, c->tenant, &reader));
	rc = local_log_list(op, &reader->meta, c->replica.head.number + 1,
	    ROWS_AT_A_TIME, row_take, c);
	tenant_reader_put(c->tenant, reader);
	return rc;
}

static enum rc
number_apply(struct op *op, struct compare *c, const struct local_log *row)
{
	CLEANUP(op_release) struct op step;
	struct segment segment;
	enum rc rc;

	scratch_init(&step, op);
	rc = fetch_number(&step, c->tenant, row, &c->bytes, &segment);
	if (rc == RC_OK)
		rc = replay_apply(&step, &c->replica, &segment);
	TRY(scratch_end(op, &step, rc));
	return upkeep_spend(op, c->tenant, c->bytes.size);
}

static enum rc
replay_rows(struct op *op, struct compare *c)
{
	size_t i;

	for (;;) {
		TRY(rows_next(op, c));
		if (c->n == 0)
			break;
		TRY(db_begin(op, c->db));
		for (i = 0; i < c->n; i++)
			TRY(number_apply(op, c, &c->rows[i]));
		TRY(db_commit(op, c->db));
		TRY(db_checkpoint(op, c->db));
		FAILPOINT("snapshot.replaying");
	}
	if (c->replica.head.number != c->to)
		FAIL(op, RC_DAMAGED, "the log has no number %llu",
		    (unsigned long long)c->to);
	return RC_OK;
}

static enum rc
compare_run(struct op *op, struct compare *c, const struct snapshot *previous,
    const struct snapshot *snapshot)
{
	struct snapshot loaded;
	uint8_t hash[DB_HASH_SIZE];

	TRY(meta_init(op, &c->meta, c->db, &c->tenant->keys));
	c->replica.ring = c->ring;
	c->replica.meta = &c->meta;
	if (previous != NULL) {
		TRY(snapshot_load(op, c->tenant, c->ring, &previous->list,
		    false, &c->meta, &loaded));
		c->replica.head = loaded.at;
	}
	TRY(replay_rows(op, c));
	TRY(db_state_hash(op, c->db, hash));
	if (memcmp(hash, snapshot->state_hash, DB_HASH_SIZE) != 0 ||
	    memcmp(c->replica.head.hash, snapshot->at.hash, OBJECT_HASH_SIZE) !=
		0)
		FAIL(op, RC_DAMAGED,
		    "the log, replayed to number %llu, gives another state "
		    "than "
		    "the snapshot has",
		    (unsigned long long)c->to);
	return RC_OK;
}

enum rc
snapshot_compare(struct op *op, struct tenant *tenant,
    const struct snapshot *previous, const struct snapshot *snapshot)
{
	CLEANUP(mem_free_ptr) struct compare *c = mem_alloc(sizeof(*c));
	char path[PATH_SIZE];
	enum rc rc, removed;

	if (c == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	c->tenant = tenant;
	c->to = snapshot->at.number;
	buf_init(&c->bytes, SEGMENT_NUMBERED_MAX);
	scratch_path(tenant, path);
	TRY(tenant_ring_copy(op, tenant, &c->ring));
	rc = db_remove(op, path);
	if (rc == RC_OK)
		rc = db_open(
		    op, path, DB_WRITER, schema_of(tenant->id)->sql, &c->db);
	if (rc == RC_OK)
		rc = compare_run(op, c, previous, snapshot);
	meta_release(&c->meta);
	db_close(c->db);
	removed = db_remove(op, path);
	buf_release(&c->bytes);
	keyring_free(c->ring);
	return rc == RC_OK ? removed : rc;
}
