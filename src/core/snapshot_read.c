/* snapshot_read.c - snapshots read back, and loaded into a database. */
#include <string.h>

#include "base/fault.h"
#include "core/schema.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/snapshot.h"
#include "core/upkeep.h"
#include "core/verify.h"

enum { CHECKPOINT_EVERY = 64 };

struct reading {
	struct tenant *tenant;
	struct site_set sites;
	const struct keyring *ring;
	struct snapshot *snapshot;
	struct snapshot_visit *visit;
	struct buf bytes;
	struct buf plain;
	struct sha256 rows;
};

static enum rc
part_pass(struct op *op, const struct reading *r,
    const struct segment_data *part, struct segment *segment)
{
	TRY(segment_parse(op, buf_span(&r->bytes), segment));
	if (segment->header.kind != SEGMENT_PIECE ||
	    segment->header.tenant != r->tenant->id ||
	    memcmp(segment->header.data_id, part->id, OBJECT_ID_SIZE) != 0 ||
	    memcmp(segment->hash, part->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "a piece is not the snapshot's");
	return segment_check_index(op, segment, r->ring);
}

/* From the first site that has it undamaged. */
static enum rc
part_get(struct op *op, struct reading *r, const struct segment_data *part,
    uint32_t number, struct segment *ret_segment)
{
	struct sites *sites = r->tenant->service->config.sites;
	struct object_name name;
	size_t i;
	enum rc rc = RC_NOT_FOUND;

	object_snap(&name, r->tenant->id, part->id, number);
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(r->sites, i))
			continue;
		op_clear_error(op);
		rc = site_get(op, sites->slots[i].site, &name, &r->bytes);
		if (rc == RC_OK)
			rc = part_pass(op, r, part, ret_segment);
		if (rc == RC_OK || rc == RC_NO_MEMORY)
			return rc;
	}
	op_clear_error(op);
	FAIL(op, rc == RC_NOT_FOUND ? RC_NOT_FOUND : RC_DAMAGED,
	    "no site has an undamaged copy of %s/%s", name.folder, name.file);
}

static enum rc
part_visit(struct op *op, struct reading *r, const struct segment *segment)
{
	const struct segment_header *header = &segment->header;
	size_t i;

	if (header->n_live > 0 && r->visit->live != NULL)
		TRY(r->visit->live(r->visit, op, header->live, header->n_live));
	for (i = 0; i < segment->n_items; i++) {
		if (segment->items[i].type != SEGMENT_ROWS)
			FAIL(op, RC_DAMAGED,
			    "a piece of a snapshot has no rows");
		TRY(segment_open_record(op, segment, i, r->ring, &r->plain));
		sha256_update(&r->rows, buf_span(&r->plain));
		if (r->visit->rows != NULL)
			TRY(r->visit->rows(r->visit, op, buf_span(&r->plain)));
	}
	return RC_OK;
}

/* Each piece has memory of its own, which goes with it. */
static enum rc
part_read(struct op *op, struct reading *r, const struct segment_data *part,
    uint32_t number)
{
	CLEANUP(op_release) struct op step;
	struct segment segment;
	enum rc rc;

	scratch_init(&step, op);
	rc = part_get(&step, r, part, number, &segment);
	if (rc == RC_OK)
		rc = part_visit(&step, r, &segment);
	TRY(scratch_end(op, &step, rc));
	return upkeep_spend(op, r->tenant, r->bytes.size);
}

static enum rc
list_take(struct op *op, struct reading *r, const struct segment_data *list,
    const struct segment *segment)
{
	const struct segment_header *header = &segment->header;

	if (segment->n_items != 1 || segment->items[0].type != SEGMENT_FACT ||
	    header->n_at != 1 || header->at->number != header->number)
		FAIL(op, RC_DAMAGED, "not the list of a snapshot");
	TRY(segment_open_record(op, segment, 0, r->ring, &r->plain));
	TRY(fact_snapshot_read(op, buf_span(&r->plain), r->snapshot));
	r->snapshot->list = *list;
	r->snapshot->at.number = header->at->number;
	r->snapshot->at.generation = header->at->generation;
	memcpy(r->snapshot->at.hash, header->at->hash, OBJECT_HASH_SIZE);
	return r->visit->begin == NULL
		   ? RC_OK
		   : r->visit->begin(r->visit, op, r->snapshot, header);
}

static enum rc
reading_run(struct op *op, struct reading *r, const struct segment_data *list)
{
	struct segment segment;
	uint8_t hash[DB_HASH_SIZE];
	const struct segment_data *parts;
	size_t i, n;

	TRY(part_get(op, r, list, 0, &segment));
	TRY(list_take(op, r, list, &segment));
	parts = segment.header.parts; /* the op's memory, not the bytes' */
	n = segment.header.n_parts;
	for (i = 0; i < n; i++)
		TRY(part_read(op, r, &parts[i], (uint32_t)i + 1));
	sha256_digest(&r->rows, hash);
	if (memcmp(hash, r->snapshot->state_hash, DB_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED,
		    "the snapshot at number %llu has another state hash",
		    (unsigned long long)r->snapshot->at.number);
	return RC_OK;
}

enum rc
snapshot_read(struct op *op, struct tenant *tenant, struct site_set sites,
    const struct keyring *ring, const struct segment_data *list,
    struct snapshot_visit *visit, struct snapshot *ret_snapshot)
{
	struct snapshot snapshot = {0};
	struct reading r = {
	    .tenant = tenant,
	    .sites = sites,
	    .ring = ring,
	    .snapshot = &snapshot,
	    .visit = visit,
	};
	enum rc rc;

	buf_init(&r.bytes, SEGMENT_NUMBERED_MAX);
	buf_init(&r.plain, SEGMENT_NUMBERED_MAX);
	sha256_init(&r.rows);
	rc = reading_run(op, &r, list);
	buf_release(&r.bytes);
	buf_release(&r.plain);
	if (rc == RC_OK)
		*ret_snapshot = snapshot;
	return rc;
}

/* ---- into a database ---- */

struct loading {
	struct snapshot_visit visit;
	struct meta *meta;
	struct db_load *load;
	unsigned n_pieces;
};

/* Which number added it is not known any more, and asked by nobody. */
static enum rc
load_live(struct snapshot_visit *visit, struct op *op,
    const struct segment_data *live, size_t n)
{
	struct loading *l = container_of(visit, struct loading, visit);
	struct local_data row = {0};
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(row.id, live[i].id, OBJECT_ID_SIZE);
		memcpy(row.hash, live[i].hash, OBJECT_HASH_SIZE);
		row.size = live[i].size;
		TRY(local_data_add(op, l->meta, &row));
	}
	return RC_OK;
}

/* A transaction of its own for each piece, so that none grows without end: what
 * is not whole has no head and is not gone on with. */
static enum rc
load_rows(struct snapshot_visit *visit, struct op *op, struct span rows)
{
	struct loading *l = container_of(visit, struct loading, visit);
	struct db *db = l->meta->db;

	TRY(db_load_rows(op, l->load, rows));
	TRY(db_commit(op, db));
	if (++l->n_pieces % CHECKPOINT_EVERY == 0)
		TRY(db_checkpoint(op, db));
	FAILPOINT("snapshot.loading");
	return db_begin(op, db);
}

/* L9: the schema as it was; later migrations follow in the log. */
static enum rc
schema_make(struct op *op, const struct loading *l, uint32_t version)
{
	const struct schema *schema = schema_of(l->meta->keys->tenant);
	size_t i;

	for (i = 0; i < schema->n_migrations &&
		    schema->migrations[i].version <= version;
	     i++)
		TRY(db_migrate(op, l->meta->db, &schema->migrations[i]));
	if (i == 0 || schema->migrations[i - 1].version != version)
		FAIL(op, RC_REFUSED,
		    "a snapshot of a schema that is newer than this program");
	return RC_OK;
}

static enum rc
load_begin(struct snapshot_visit *visit, struct op *op,
    const struct snapshot *snapshot, const struct segment_header *list)
{
	struct loading *l = container_of(visit, struct loading, visit);
	struct local_log lost = {0};
	size_t i;

	TRY(schema_make(op, l, snapshot->schema));
	TRY(db_load_new(op, l->meta->db, &l->load));
	for (i = 0; i < list->n_aside; i++) {
		lost.number = list->aside[i].number;
		lost.generation = list->aside[i].generation;
		memcpy(lost.hash, list->aside[i].hash, OBJECT_HASH_SIZE);
		TRY(local_aside_add(op, l->meta, &lost));
	}
	return RC_OK;
}

/* The head comes last: what has none is not whole. */
static enum rc
load_end(struct op *op, struct meta *meta, const struct snapshot *snapshot,
    bool base)
{
	struct kept kept = {.n = 1, .list = {*snapshot}};
	struct local_log head = {
	    .number = snapshot->at.number,
	    .generation = snapshot->at.generation,
	    .changes = true,
	};

	memcpy(head.hash, snapshot->at.hash, OBJECT_HASH_SIZE);
	if (base)
		kept.base = snapshot->at;
	TRY(local_log_add(op, meta, &head));
	return kept_set(op, meta, &kept);
}

static enum rc
loading_run(struct op *op, struct tenant *t, const struct keyring *ring,
    const struct segment_data *list, bool base, struct loading *l,
    struct snapshot *ret_snapshot)
{
	struct db *db = l->meta->db;

	TRY(db_begin(op, db));
	TRY(snapshot_read(op, t, sites_attached(t->service->config.sites), ring,
	    list, &l->visit, ret_snapshot));
	TRY(load_end(op, l->meta, ret_snapshot, base));
	return db_commit(op, db);
}

enum rc
snapshot_load(struct op *op, struct tenant *tenant, const struct keyring *ring,
    const struct segment_data *list, bool base, struct meta *meta,
    struct snapshot *ret_snapshot)
{
	struct loading l = {
	    .visit = {load_begin, load_live, load_rows},
	    .meta = meta,
	};
	enum rc rc, rolled;

	rc = loading_run(op, tenant, ring, list, base, &l, ret_snapshot);
	db_load_free(l.load);
	if (rc != RC_OK) {
		rolled = db_rollback(op, meta->db);
		(void)rolled; /* the first failure is the one to tell */
	}
	return rc;
}

enum rc
snapshot_restore(
    struct op *op, struct tenant *tenant, const struct tail_base *base)
{
	struct snapshot snapshot;

	TRY(snapshot_load(op, tenant, tenant->ring, &base->snapshot, true,
	    &tenant->meta, &snapshot));
	if (snapshot.at.number != base->number ||
	    memcmp(snapshot.at.hash, base->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED,
		    "the snapshot is not of the number that the cut names");
	TRY(tenant_database_load(op, tenant));
	return RC_OK;
}
