/* snapshot.c - writing a tenant's state as sealed objects, and naming it
 * (LOG.md L12). */
#include "core/snapshot.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "core/schema.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/upkeep.h"

enum { LIVE_IN_PART = 16384, ASIDE_MAX = 4096 };

/* A snapshot on its way. */
struct writing {
	struct db_sink sink;
	struct tenant *tenant;
	struct claim *claim; /* that it is written under */
	struct keyring *ring; /* owned */
	struct reader *reader; /* in a read transaction */
	struct site_set on; /* sites that have every piece so far */
	uint64_t epochs[SITES_MAX]; /* of these, before the first */
	struct snapshot snapshot;
	size_t n_parts;
	size_t room;
	struct segment_data *parts; /* owned */
	size_t n_live;
	struct segment_data *live; /* LIVE_IN_PART, owned */
	uint8_t after[OBJECT_ID_SIZE];
	size_t n_aside;
	struct segment_aside *aside; /* ASIDE_MAX, owned */
};

/* ---- pieces ---- */

static void
header_make(const struct writing *w, struct segment_header *header)
{
	const struct claim *claim = w->claim;

	*header = (struct segment_header){
	    .kind = SEGMENT_PIECE,
	    .tenant = w->tenant->id,
	    .number = w->snapshot.at.number,
	    .generation = {claim->counter, 0},
	    .epoch = w->snapshot.epoch,
	};
	memcpy(header->claim, claim->id, OBJECT_ID_SIZE);
	memcpy(header->data_id, w->snapshot.list.id, OBJECT_ID_SIZE);
	memcpy(header->previous, w->snapshot.at.hash, OBJECT_HASH_SIZE);
}

/* One piece on one site, with all that makes it count. */
static enum rc
piece_put_site(struct op *op, const struct writing *w, size_t i,
    const struct object_name *name, struct span bytes)
{
	struct service *service = w->tenant->service;

	TRY(site_put(op, service->config.sites->slots[i].site, name, bytes));
	return claim_check(op, w->claim, i);
}

/* On the sites that have all pieces before it; with fewer than m of them it is
 * given up. */
static enum rc
piece_put(struct op *op, struct writing *w, uint32_t part, struct span bytes)
{
	struct service *service = w->tenant->service;
	struct object_name name;
	size_t i;
	enum rc rc;

	object_snap(&name, w->tenant->id, w->snapshot.list.id, part);
	for (i = 0; i < service->config.sites->n; i++) {
		if (!site_set_has(w->on, i))
			continue;
		rc = piece_put_site(op, w, i, &name, bytes);
		if (rc == RC_FENCED || rc == RC_NO_MEMORY)
			return rc;
		if (rc == RC_OK)
			continue;
		w->on = site_set_without(w->on, i);
		sites_failed(op, service->config.sites, i, rc);
		op_clear_error(op);
	}
	if (!claim_has_m(w->claim, w->on))
		FAIL(op, RC_NOT_STORED,
		    "%zu of %u sites take the snapshot, %u must",
		    site_set_count(w->on), claim_register(w->claim)->n,
		    claim_register(w->claim)->m);
	return upkeep_spend(op, w->tenant, bytes.size);
}

/* Ends a piece, puts it and gives what names it. */
static enum rc
piece_end(struct op *op, struct writing *w, struct segment_writer *piece,
    uint32_t part, struct segment_data *ret_data)
{
	TRY(segment_end(op, piece, ret_data->hash));
	memcpy(ret_data->id, w->snapshot.list.id, OBJECT_ID_SIZE);
	ret_data->size = piece->out.size;
	return piece_put(op, w, part, buf_span(&piece->out));
}

/* The next piece after those before it: entries of live data, or rows. */
static enum rc
part_write(struct op *op, struct writing *w, struct span rows)
{
	CLEANUP(segment_writer_release) struct segment_writer piece = {0};
	struct segment_header header;
	struct segment_data *more;

	if (w->n_parts == w->room) {
		w->room = w->room == 0 ? 64 : 2 * w->room;
		more = mem_realloc(w->parts, w->room * sizeof(*more));
		if (more == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		w->parts = more;
	}
	header_make(w, &header);
	header.n_live = w->n_live;
	header.live = w->live;
	TRY(segment_begin(op, &piece, &header, w->ring));
	if (rows.size > 0)
		TRY(segment_add_record(op, &piece, SEGMENT_ROWS, rows));
	TRY(piece_end(
	    op, w, &piece, (uint32_t)w->n_parts + 1, &w->parts[w->n_parts]));
	w->n_parts++;
	FAILPOINT("snapshot.part");
	return RC_OK;
}

static enum rc
rows_write(struct db_sink *sink, struct op *op, struct span rows)
{
	struct writing *w = container_of(sink, struct writing, sink);
	CLEANUP(op_release) struct op step;

	scratch_init(&step, op);
	return scratch_end(op, &step, part_write(&step, w, rows));
}

/* The list of all pieces, last: where it stands the others do. */
static enum rc
list_write(struct op *op, struct writing *w)
{
	CLEANUP(segment_writer_release) struct segment_writer piece = {0};
	struct segment_header header;
	struct segment_aside at = {
	    .number = w->snapshot.at.number,
	    .generation = w->snapshot.at.generation,
	};
	uint8_t fact[FACT_SIZE_MAX];
	size_t size = fact_snapshot(&w->snapshot, fact);

	memcpy(at.hash, w->snapshot.at.hash, OBJECT_HASH_SIZE);
	header_make(w, &header);
	header.n_aside = w->n_aside;
	header.aside = w->aside;
	header.n_parts = w->n_parts;
	header.parts = w->parts;
	header.n_at = 1;
	header.at = &at;
	TRY(segment_begin(op, &piece, &header, w->ring));
	TRY(segment_add_record(op, &piece, SEGMENT_FACT, span_of(fact, size)));
	return piece_end(op, w, &piece, 0, &w->snapshot.list);
}

/* ---- the state ---- */

static enum rc
live_row(void *arg, struct op *op, const struct local_data *row)
{
	struct writing *w = arg;
	struct segment_data *live = &w->live[w->n_live++];

	(void)op;
	memcpy(live->id, row->id, OBJECT_ID_SIZE);
	memcpy(live->hash, row->hash, OBJECT_HASH_SIZE);
	live->size = row->size;
	return RC_OK;
}

static enum rc
live_write(struct op *op, struct writing *w)
{
	const uint8_t *after = NULL;

	do {
		w->n_live = 0;
		TRY(local_data_list(
		    op, &w->reader->meta, after, LIVE_IN_PART, live_row, w));
		if (w->n_live == 0)
			break;
		memcpy(w->after, w->live[w->n_live - 1].id, OBJECT_ID_SIZE);
		after = w->after;
		TRY(part_write(op, w, span_of(NULL, 0)));
	} while (w->n_live == LIVE_IN_PART);
	w->n_live = 0;
	return RC_OK;
}

static enum rc
aside_row(void *arg, struct op *op, const struct local_log *log)
{
	struct writing *w = arg;
	struct segment_aside *aside;

	(void)op;
	if (w->n_aside == ASIDE_MAX)
		return RC_OK;
	aside = &w->aside[w->n_aside++];
	aside->number = log->number;
	aside->generation = log->generation;
	memcpy(aside->hash, log->hash, OBJECT_HASH_SIZE);
	return RC_OK;
}

/* The state of one number, whatever is committed meanwhile. */
static enum rc
state_write(struct op *op, struct writing *w)
{
	struct meta *meta = &w->reader->meta;
	const struct schema *schema = schema_of(w->tenant->id);
	struct local_log head;

	TRY(local_log_head(op, meta, &head));
	w->snapshot.at.number = head.number;
	w->snapshot.at.generation = head.generation;
	memcpy(w->snapshot.at.hash, head.hash, OBJECT_HASH_SIZE);
	w->snapshot.schema =
	    schema->migrations[schema->n_migrations - 1].version;
	w->snapshot.time = service_clock_now(&w->tenant->service->clock);
	TRY(live_write(op, w));
	TRY(local_aside_list(op, meta, head.number + 1, aside_row, w));
	TRY(db_dump(op, meta->db, &w->sink, w->snapshot.state_hash));
	return list_write(op, w);
}

/* Between two groups: the epoch begins, and the state is of a number at or
 * after its beginning (L17). */
static enum rc
writing_begin(struct op *op, struct writing *w)
{
	struct tenant *t = w->tenant;
	size_t i;
	enum rc rc = RC_OK;

	tenant_lock(t);
	if (t->mode != TENANT_READY)
		rc = op_fail(op, RC_BUSY, "the tenant takes no changes now");
	if (rc == RC_OK)
		rc = tenant_epoch_begin(op, t);
	if (rc == RC_OK) {
		w->snapshot.epoch = t->key_epoch;
		w->claim = t->lanes.claim;
		w->on = lanes_in_service(&t->lanes);
		for (i = 0; i < t->service->config.sites->n; i++)
			w->epochs[i] = sites_epoch(t->service->config.sites, i);
		rc = tenant_ring_copy(op, t, &w->ring);
	}
	tenant_unlock(t);
	return rc;
}

static enum rc
writing_run(struct op *op, struct writing *w)
{
	enum rc rc;

	TRY(writing_begin(op, w));
	rand_id(w->snapshot.list.id, OBJECT_ID_SIZE);
	w->live = mem_alloc_array(LIVE_IN_PART, sizeof(*w->live));
	w->aside = mem_alloc_array(ASIDE_MAX, sizeof(*w->aside));
	if (w->live == NULL || w->aside == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	TRY(tenant_reader(op, w->tenant, &w->reader));
	rc = db_read_begin(op, w->reader->db);
	if (rc == RC_OK)
		rc = state_write(op, w);
	db_read_end(w->reader->db);
	tenant_reader_put(w->tenant, w->reader);
	return rc;
}

/* ---- counting ---- */

/* L12: its pieces, read back from a site, give the hash, and so does the log.
 */
static enum rc
written_check(struct op *op, struct writing *w, const struct kept *kept)
{
	struct snapshot_visit nothing = {0};
	struct snapshot back;
	struct site_set one = {w->on.bits & (~w->on.bits + 1)};

	TRY(snapshot_read(
	    op, w->tenant, one, w->ring, &w->snapshot.list, &nothing, &back));
	FAILPOINT("snapshot.read_back");
	return snapshot_compare(op, w->tenant,
	    kept->n == 0 ? NULL : &kept->list[kept->n - 1], &w->snapshot);
}

struct naming {
	struct change change;
	const struct writing *w;
};

static enum rc
naming_run(struct op *op, struct tx *tx, struct change *change)
{
	const struct naming *naming =
	    container_of(change, struct naming, change);
	const struct writing *w = naming->w;
	struct segment_aside at = {
	    .number = w->snapshot.at.number,
	    .generation = w->snapshot.at.generation,
	};
	uint8_t bytes[FACT_SIZE_MAX];
	struct put_data put = {
	    .data = w->snapshot.list,
	    .counter = w->claim->counter,
	    .on = w->on,
	};
	struct tx_fact fact = {
	    .n_parts = 1,
	    .parts = &w->snapshot.list,
	    .at = &at,
	    .record = span_of(bytes, fact_snapshot(&w->snapshot, bytes)),
	    .put = &put,
	};

	memcpy(put.epochs, w->epochs, sizeof(put.epochs));
	memcpy(at.hash, w->snapshot.at.hash, OBJECT_HASH_SIZE);
	return tx_fact(op, tx, &fact);
}

static enum rc
written_name(struct op *op, struct writing *w)
{
	struct naming naming = {
	    .change = {.run = naming_run,
		.role = SEGMENT_SNAPSHOT,
		.frees_space = true},
	    .w = w,
	};

	FAILPOINT("snapshot.checked");
	TRY(change_commit(op, w->tenant, &naming.change));
	FAILPOINT("snapshot.named");
	log_info(op, "snapshot", "tenant=%016llx number=%llu parts=%zu",
	    (unsigned long long)w->tenant->id,
	    (unsigned long long)w->snapshot.at.number, w->n_parts);
	return RC_OK;
}

static enum rc
kept_now(struct op *op, struct tenant *t, struct kept *ret_kept)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, t, &reader));
	rc = kept_get(op, &reader->meta, ret_kept);
	tenant_reader_put(t, reader);
	return rc;
}

enum rc
snapshot_make(struct op *op, struct tenant *tenant)
{
	struct writing w = {.sink = {rows_write}, .tenant = tenant};
	struct kept kept;
	enum rc rc;

	TRY(kept_now(op, tenant, &kept));
	if (kept.n > SNAPSHOT_KEPT)
		FAIL(op, RC_BUSY, "a cut has to come first");
	rc = writing_run(op, &w);
	if (rc == RC_OK)
		rc = written_check(op, &w, &kept);
	if (rc == RC_OK)
		rc = written_name(op, &w);
	keyring_free(w.ring);
	mem_free(w.parts);
	mem_free(w.live);
	mem_free(w.aside);
	return rc;
}
