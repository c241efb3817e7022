/* cut.c - small contents moved away, the cut, and the deletions that it allows.
 */
#include "core/cut.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/move.h"
#include "core/service.h"
#include "core/snapshot.h"

bool
cut_due(const struct kept *kept)
{
	return kept->n >= SNAPSHOT_KEPT &&
	       kept->list[kept->n - SNAPSHOT_KEPT].at.number >
		   kept->base.number;
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

/* ---- small contents ---- */

/* The provider's log has no contents. */
static enum rc
small_list(struct op *op, struct tenant *t, uint64_t number,
    struct move_list *ret_list)
{
	struct reader *reader;
	enum rc rc;

	ret_list->n = 0;
#ifdef DOZO_PLANT_SMALL_NOT_MOVED
	return RC_OK;
#endif
	if (t->id == TENANT_PROVIDER)
		return RC_OK;
	TRY(tenant_reader(op, t, &reader));
	rc = chunk_list_small(op, &reader->meta, number, MOVE_CHUNKS_MAX,
	    move_list_add, ret_list);
	tenant_reader_put(t, reader);
	return rc;
}

static enum rc
small_move(struct op *op, struct tenant *t, uint64_t number)
{
	CLEANUP(move_list_free_ptr) struct move_list *list = NULL;
	size_t n;

	TRY(move_list_new(op, &list));
	for (;;) {
		TRY(small_list(op, t, number, list));
		if (list->n == 0)
			return RC_OK;
		TRY(move_chunks(op, t, list, false, &n));
	}
}

/* ---- the cut ---- */

struct cut {
	struct change change;
	struct tenant *tenant;
	struct kept kept; /* as when it began */
};

static enum rc
chunk_refuse(void *arg, struct op *op, const struct chunk *chunk)
{
	(void)arg;
#ifdef DOZO_PLANT_SMALL_NOT_MOVED
	return RC_OK;
#endif
	FAIL(op, RC_CONFLICT, "number %llu still has a content",
	    (unsigned long long)chunk->place.number);
}

static enum rc
cut_run(struct op *op, struct tx *tx, struct change *change)
{
	struct cut *cut = container_of(change, struct cut, change);
	const struct snapshot *older;
	struct segment_data parts[SNAPSHOT_KEPT];
	struct segment_aside at = {0};
	uint8_t bytes[FACT_SIZE_MAX];
	struct tx_fact fact = {
	    .n_parts = SNAPSHOT_KEPT,
	    .parts = parts,
	    .at = &at,
	    .record = span_of(bytes, fact_cut(bytes)),
	};
	size_t i;

	older = &cut->kept.list[cut->kept.n - SNAPSHOT_KEPT];
	for (i = 0; i < SNAPSHOT_KEPT; i++)
		parts[i] = older[i].list;
	at.number = older->at.number;
	at.generation = older->at.generation;
	memcpy(at.hash, older->at.hash, OBJECT_HASH_SIZE);
	if (tx->tenant != TENANT_PROVIDER)
		TRY(chunk_list_small(
		    op, tx->meta, at.number, 1, chunk_refuse, NULL));
	return tx_fact(op, tx, &fact);
}

enum rc
cut_make(struct op *op, struct tenant *tenant)
{
	struct cut cut = {
	    .change = {.run = cut_run,
		.role = SEGMENT_CUT,
		.frees_space = true},
	    .tenant = tenant,
	};
	uint64_t base;

	TRY(kept_now(op, tenant, &cut.kept));
	if (!cut_due(&cut.kept))
		return RC_OK;
	base = cut.kept.list[cut.kept.n - SNAPSHOT_KEPT].at.number;
	TRY(small_move(op, tenant, base));
	FAILPOINT("cut.moved");
	TRY(change_commit(op, tenant, &cut.change));
	FAILPOINT("cut.committed");
	log_info(op, "cut", "tenant=%016llx base=%llu",
	    (unsigned long long)tenant->id, (unsigned long long)base);
	return RC_OK;
}

/* ---- deletions ---- */

struct clean {
	struct tenant *tenant;
	struct meta *meta;
	struct kept kept;
	uint64_t head; /* committed before the listing */
	size_t site;
	uint64_t n; /* objects deleted */
};

/* L29: one deletion, checked. */
static enum rc
object_delete(struct op *op, struct clean *c, const struct object_name *name)
{
	if (c->tenant->mode != TENANT_READY || !c->tenant->own_number)
		FAIL(op, RC_BUSY, "nothing is deleted now");
	TRY(claim_check(op, c->tenant->lanes.claim, c->site));
	TRY(upkeep_remove(op, c->tenant->service, c->site, name, UPKEEP_CUT));
	c->n++;
	FAILPOINT("cut.deleted");
	return RC_OK;
}

/* A branch that lost: at its number the chain has a higher generation. */
static enum rc
number_lost(struct op *op, const struct clean *c, const struct log_name *name,
    bool *ret_lost)
{
	struct local_log row;

	*ret_lost = false;
	if (name->number > c->head)
		return RC_OK;
	TRY(local_log_get(op, c->meta, name->number, &row));
	*ret_lost = generation_compare(name->generation, row.generation) < 0;
	return RC_OK;
}

static enum rc
numbers_clean(struct op *op, struct clean *c, const struct tail *tail)
{
	struct object_name name;
	size_t i;
	bool lost = false;

	for (i = 0; i < tail->n_logs; i++) {
		const struct log_name *log = &tail->logs[i].name;

		if (!site_set_has(tail->logs[i].loose, c->site))
			continue;
		if (log->number > c->kept.base.number)
			TRY(number_lost(op, c, log, &lost));
		if (log->number > c->kept.base.number && !lost)
			continue;
		object_log(&name, c->tenant->id, log);
		TRY(object_delete(op, c, &name));
	}
	return RC_OK;
}

/* L11: one that straddles the base stays whole. */
static enum rc
packs_clean(struct op *op, struct clean *c, const struct tail *tail)
{
	struct object_name name;
	size_t i;

	for (i = 0; i < tail->n_packs; i++) {
		if (tail->packs[i].name.last > c->kept.base.number)
			continue;
		object_pack(&name, c->tenant->id, &tail->packs[i].name);
		TRY(object_delete(op, c, &name));
	}
	packs_forget(&c->tenant->packs, c->kept.base.number);
	return RC_OK;
}

static bool
is_kept(const struct kept *kept, const uint8_t id[OBJECT_ID_SIZE])
{
	size_t i;

	for (i = 0; i < kept->n; i++)
		if (memcmp(kept->list[i].list.id, id, OBJECT_ID_SIZE) == 0)
			return true;
	return false;
}

static enum rc
snapshots_clean(struct op *op, struct clean *c, const struct tail *tail)
{
	struct object_name name;
	size_t i;

	for (i = 0; i < tail->n_snaps; i++) {
		const struct tail_snap *snap = &tail->snaps[i];

		if (is_kept(&c->kept, snap->id))
			continue;
		object_snap(&name, c->tenant->id, snap->id, snap->part);
		TRY(object_delete(op, c, &name));
	}
	return RC_OK;
}

static enum rc
site_clean(struct op *op, struct clean *c)
{
	struct tenant *t = c->tenant;
	CLEANUP(tail_release) struct tail tail = {0};
	struct site_set one = site_set_with((struct site_set){0}, c->site);

#ifndef DOZO_PLANT_CUT_ANYWHERE
	/* L13: only where the cut and all that is kept stand. */
	if (!site_set_has(lanes_holding(&t->lanes, c->kept.cut), c->site))
		return RC_OK;
#endif
	TRY(tail_list(op, t->service->config.sites, one, t->id, &tail));
	if (!site_set_has(tail.listed, c->site))
		return RC_OK;
	TRY(numbers_clean(op, c, &tail));
	TRY(packs_clean(op, c, &tail));
	return snapshots_clean(op, c, &tail);
}

static enum rc
sites_clean(struct op *op, struct clean *c)
{
	struct sites *sites = c->tenant->service->config.sites;
	struct local_log head;
	enum rc rc;

	TRY(local_log_head(op, c->meta, &head));
	TRY(kept_get(op, c->meta, &c->kept));
	c->head = head.number;
	for (c->site = 0; c->site < sites->n; c->site++) {
		CLEANUP(op_release) struct op step;

		op_init(&step);
		rc = site_clean(&step, c);
		if (rc == RC_FENCED || rc == RC_NO_MEMORY || rc == RC_BUSY)
			return op_fail(op, rc, "%s", op_error(&step, rc));
		if (rc != RC_OK)
			sites_failed(&step, sites, c->site, rc);
	}
	return RC_OK;
}

enum rc
cut_clean(struct op *op, struct tenant *tenant)
{
	struct clean c = {.tenant = tenant};
	struct reader *reader;
	enum rc rc;

	if (tenant->mode != TENANT_READY || !tenant->own_number)
		return RC_OK;
	TRY(tenant_reader(op, tenant, &reader));
	c.meta = &reader->meta;
	rc = sites_clean(op, &c);
	tenant_reader_put(tenant, reader);
	if (c.n > 0)
		log_info(op, "cleaned", "tenant=%016llx objects=%llu",
		    (unsigned long long)tenant->id, (unsigned long long)c.n);
	return rc;
}
