/* upkeep.c - the threads that look after tenants' logs, what is due, and the
 * rate at which they work. */
#include "core/upkeep.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/compact.h"
#include "core/cut.h"
#include "core/kept.h"
#include "core/pack.h"
#include "core/purge.h"
#include "core/service.h"
#include "core/snapshot.h"
#include "meta/setting.h"

enum {
	RATE_DEFAULT = 64 << 20, /* bytes a second */
	YIELD = 4,
	ROUND_S = 60,
	FAR_ROUND_S = 3600,
	COMPACT_EVERY_S = 3600,
	PURGE_STEPS = 1000,
};

/* Waits until a time or until the service stops; false where it does. */
static bool
wait_until(struct service *s, int64_t until)
{
	bool goes_on;

	mutex_lock(&s->lock);
	while (!s->stopping && clock_mono() < until)
		(void)cond_wait_until(&s->changed, &s->lock, until);
	goes_on = !s->stopping;
	mutex_unlock(&s->lock);
	return goes_on;
}

static bool
changes_wait(struct tenant *t)
{
	bool waiting;

	mutex_lock(&t->lock);
	waiting = t->n_queued > 0;
	mutex_unlock(&t->lock);
	return waiting;
}

/*
 * While users' changes wait it goes on at a fraction of its rate: it must come
 * to its end under a load that never ends, too. A start, which reads snapshots
 * by the same way, is waited for itself.
 */
enum rc
upkeep_spend(struct op *op, struct tenant *tenant, uint64_t bytes)
{
	struct service *s = tenant->service;
	uint64_t rate = s->config.upkeep_rate;
	int64_t wait;

	if (rate == 0)
		rate = RATE_DEFAULT;
	if (changes_wait(tenant))
		rate /= YIELD;
	wait = (int64_t)((double)bytes / (double)rate * (double)CLOCK_S);
	if (tenant->starting)
		wait = 0;
	if (!wait_until(s, clock_mono() + wait))
		FAIL(op, RC_BUSY, "the service stops");
	return RC_OK;
}

/* ---- what is due ---- */

/* The last number that took chunk keys away; 0: none ever did. */
static enum rc
purged_find(struct op *op, struct meta *meta, uint64_t *ret_number)
{
	int64_t number = 0;
	enum rc rc = counter_get(op, meta, "purged", &number);

	if (rc != RC_NOT_FOUND)
		TRY(rc);
	op_clear_error(op);
	*ret_number = (uint64_t)number;
	return RC_OK;
}

static enum rc
ack_time(
    void *arg, struct op *op, const uint8_t site[OBJECT_ID_SIZE], int64_t time)
{
	(void)op;
	(void)site;
	*(int64_t *)arg = time;
	return RC_OK;
}

/*
 * L12: so many hours (8) after the last one, if a user's change came since, or
 * while the older one kept still holds chunk keys that are gone.
 */
static enum rc
snapshot_due(struct op *op, struct tenant *t, struct meta *meta,
    const struct kept *kept, int hours, bool *ret_due)
{
	const struct snapshot *newest;
	uint64_t number = 0, purged;
	int64_t last = 0;

	*ret_due = false;
	if (kept->n > SNAPSHOT_KEPT)
		return RC_OK;
	if (kept->n == 0) {
		/* Where there is none yet, the log's own beginning counts. */
		TRY(ack_list(op, meta, 1, ack_time, &last));
	} else {
		newest = &kept->list[kept->n - 1];
		last = newest->time;
		number = newest->at.number;
	}
	if (service_clock_now(&t->service->clock) - last < hours * CLOCK_HOUR)
		return RC_OK;
	TRY(local_log_users(op, meta, number, ret_due));
	if (*ret_due || kept->n == 0)
		return RC_OK;
	TRY(purged_find(op, meta, &purged));
	*ret_due = purged > kept->list[0].at.number;
	return RC_OK;
}

struct due {
	bool snapshot;
	bool cut;
};

static enum rc
due_look(struct op *op, struct tenant *t, struct meta *meta,
    struct kept *ret_kept, struct due *ret_due)
{
	TRY(kept_get(op, meta, ret_kept));
	ret_due->cut = cut_due(ret_kept);
	return snapshot_due(
	    op, t, meta, ret_kept, SNAPSHOT_EVERY_H, &ret_due->snapshot);
}

static enum rc
due_find(struct op *op, struct tenant *t, struct due *ret_due)
{
	struct reader *reader;
	struct kept kept;
	enum rc rc;

	TRY(tenant_reader(op, t, &reader));
	rc = due_look(op, t, &reader->meta, &kept, ret_due);
	tenant_reader_put(t, reader);
	return rc;
}

enum rc
upkeep_late(struct op *op, struct tenant *tenant, bool *ret_late)
{
	struct reader *reader;
	struct kept kept;
	enum rc rc;

	TRY(tenant_reader(op, tenant, &reader));
	rc = kept_get(op, &reader->meta, &kept);
	if (rc == RC_OK)
		rc = snapshot_due(
		    op, tenant, &reader->meta, &kept, UPKEEP_LATE_H, ret_late);
	tenant_reader_put(tenant, reader);
	return rc;
}

/* Of the site with most of them: above the base and beyond those that stay. */
static uint64_t
loose_count(struct tenant *t, const struct kept *kept)
{
	struct sites *sites = t->service->config.sites;
	struct site_set in = lanes_in_service(&t->lanes);
	uint64_t number = tenant_number(t);
	uint64_t all = number > kept->base.number + PACK_LOOSE
			   ? number - kept->base.number - PACK_LOOSE
			   : 0;
	uint64_t most = 0, packed;
	size_t i;

	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(in, i))
			continue;
		packed = packs_count(&t->packs, i, kept->base.number);
		if (all > packed && all - packed > most)
			most = all - packed;
	}
	return most;
}

enum rc
upkeep_waits(struct op *op, struct tenant *tenant, struct meta *meta,
    uint64_t waits[UPKEEP_WORKS])
{
	enum purge_due purge = PURGE_NOTHING;
	struct due due = {0};
	struct kept kept;

	TRY(due_look(op, tenant, meta, &kept, &due));
	if (tenant->id != TENANT_PROVIDER)
		TRY(purge_look(op, meta,
		    service_clock_now(&tenant->service->clock), 0, &purge));
	waits[UPKEEP_PURGE] += purge != PURGE_NOTHING;
	waits[UPKEEP_SNAPSHOT] += due.snapshot;
	waits[UPKEEP_CUT] += due.cut;
	waits[UPKEEP_PACK] += loose_count(tenant, &kept);
	waits[UPKEEP_COMPACT] += tenant->dead_bytes;
	mutex_lock(&tenant->lock);
	waits[UPKEEP_SWEEP] += tenant->n_dead;
	mutex_unlock(&tenant->lock);
	return RC_OK;
}

/* ---- one tenant's turn ---- */

/* A number that was the head an hour ago or earlier; 0: none is known. */
static uint64_t
hour_old(struct tenant *t)
{
	int64_t now = clock_mono();
	uint64_t number = 0;

	mutex_lock(&t->lock);
	if (t->mark_at == 0 || now - t->mark_at >= CLOCK_HOUR) {
		number = t->mark_number;
		t->mark_number = t->head.number;
		t->mark_at = now;
	}
	mutex_unlock(&t->lock);
	return number;
}

static enum rc
cut_work(struct op *op, struct tenant *t)
{
	TRY(cut_make(op, t));
	t->swept = false;
	return RC_OK;
}

static enum rc
pack_work(struct op *op, struct tenant *t)
{
	return pack_tenant(op, t, hour_old(t));
}

static enum rc
compact_work(struct op *op, struct tenant *t)
{
	struct compact_result compacted;

	t->compacted_at = clock_mono();
	return compact_tenant(op, t, &compacted);
}

static enum rc
work_run(struct op *op, struct tenant *t, enum upkeep_work work,
    enum rc (*run)(struct op *op, struct tenant *t))
{
	struct upkeep_seen *seen = &t->service->upkeep.seen;
	enum rc rc;

	upkeep_begun(seen, work, t->id);
	rc = run(op, t);
	upkeep_ended(seen, work, rc);
	return rc;
}

/*
 * A cut that is due comes first: a snapshot more would be one too many. What
 * lies below the base goes, then the keys that nothing names (sweep.c).
 */
static enum rc
turn_run(struct op *op, struct tenant *t)
{
	struct due due = {0};

	/* Of one that was opened for its turn; those in use have the mender. */
	if (t->id != TENANT_PROVIDER)
		TRY(purge_turn(op, t, PURGE_STEPS));
	TRY(due_find(op, t, &due));
	if (due.snapshot && !due.cut) {
		TRY(work_run(op, t, UPKEEP_SNAPSHOT, snapshot_make));
		TRY(due_find(op, t, &due));
	}
	if (due.cut)
		TRY(work_run(op, t, UPKEEP_CUT, cut_work));
	TRY(cut_clean(op, t));
	TRY(work_run(op, t, UPKEEP_PACK, pack_work));
	tenant_database_idle(op, t);
	if (clock_mono() - t->compacted_at < COMPACT_EVERY_S * CLOCK_S)
		return RC_OK;
	return work_run(op, t, UPKEEP_COMPACT, compact_work);
}

/* One at a time for a tenant. */
static void
upkeep_enter(struct tenant *t)
{
	struct service *s = t->service;

	mutex_lock(&s->lock);
	while (t->in_upkeep)
		cond_wait(&s->changed, &s->lock);
	t->in_upkeep = true;
	mutex_unlock(&s->lock);
}

static void
upkeep_leave(struct tenant *t)
{
	struct service *s = t->service;

	mutex_lock(&s->lock);
	t->in_upkeep = false;
	cond_broadcast(&s->changed);
	mutex_unlock(&s->lock);
}

enum rc
upkeep_tenant(struct op *op, struct tenant *tenant)
{
	enum rc rc;

	upkeep_enter(tenant);
	rc = tenant->mode == TENANT_READY ? turn_run(op, tenant) : RC_OK;
	tenant->upkeep_at = clock_mono();
	upkeep_leave(tenant);
	return rc;
}

enum rc
upkeep_compact(
    struct op *op, struct tenant *tenant, struct compact_result *ret_result)
{
	struct upkeep_seen *seen = &tenant->service->upkeep.seen;
	enum rc rc;

	upkeep_enter(tenant);
	upkeep_begun(seen, UPKEEP_COMPACT, tenant->id);
	rc = compact_tenant(op, tenant, ret_result);
	upkeep_ended(seen, UPKEEP_COMPACT, rc);
	upkeep_leave(tenant);
	return rc;
}

static void
turn(struct tenant *t)
{
	CLEANUP(op_release) struct op op;
	enum rc rc;

	op_init(&op);
	rc = upkeep_tenant(&op, t);
	if (rc != RC_OK && rc != RC_BUSY)
		log_warn(&op, "upkeep-failed", "tenant=%016llx why=\"%s\"",
		    (unsigned long long)t->id, op_error(&op, rc));
}

/* ---- the threads ---- */

static bool
turn_due(const struct tenant *t, int64_t now)
{
	return t->mode == TENANT_READY && !t->in_upkeep &&
	       now - t->upkeep_at >= ROUND_S * CLOCK_S;
}

/* The open tenant that was longest without a turn, with a user more; NULL where
 * none is due. */
static struct tenant *
tenant_take(struct service *s)
{
	int64_t now = clock_mono();
	struct tenant *t, *found = NULL;

	mutex_lock(&s->lock);
	if (turn_due(s->provider, now))
		found = s->provider;
	for (t = s->tenants; t != NULL; t = t->next)
		if (turn_due(t, now) &&
		    (found == NULL || t->upkeep_at < found->upkeep_at))
			found = t;
	if (found != NULL) {
		/* Taken, so that the other thread looks past it. */
		found->upkeep_at = now;
		mutex_lock(&found->lock);
		found->users++;
		mutex_unlock(&found->lock);
	}
	mutex_unlock(&s->lock);
	return found;
}

static void
upkeep_run(void *arg)
{
	struct service *s = arg;
	struct tenant *t;

	while (wait_until(s, clock_mono() + CLOCK_S))
		while ((t = tenant_take(s)) != NULL) {
			turn(t);
			tenant_put(t);
			if (!wait_until(s, clock_mono()))
				return;
		}
}

struct far {
	size_t n, room;
	uint64_t *ids;
};

static enum rc
far_note(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct far *far = arg;
	uint64_t *more;

	if (far->n == far->room) {
		far->room = far->room == 0 ? 64 : 2 * far->room;
		more = mem_realloc(far->ids, far->room * sizeof(*more));
		if (more == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		far->ids = more;
	}
	far->ids[far->n++] = info->id;
	return RC_OK;
}

/* One that nobody uses is opened for its turn, and closed again: what was
 * purged in it before it was closed has to go too (L28). */
static enum rc
far_open(struct op *op, struct service *s, uint64_t id)
{
	struct tenant *t;
	bool closed;
	enum rc rc;

	TRY(service_tenant_known(op, s, id, &t));
	closed = t->mode == TENANT_CLOSED;
	rc = tenant_open(op, t);
	if (rc == RC_OK && clock_mono() - t->upkeep_at >= ROUND_S * CLOCK_S)
		turn(t);
	if (rc == RC_OK && closed)
		(void)tenant_close_idle(op, t);
	tenant_put(t);
	return rc;
}

static void
far_round(struct service *s)
{
	CLEANUP(op_release) struct op op;
	struct far far = {0};
	size_t i;

	op_init(&op);
	if (service_tenants(&op, s, far_note, &far) != RC_OK)
		far.n = 0;
	for (i = 0; i < far.n && wait_until(s, clock_mono()); i++) {
		CLEANUP(op_release) struct op one;

		op_init(&one);
		if (far_open(&one, s, far.ids[i]) != RC_OK)
			op_clear_error(&one);
	}
	mem_free(far.ids);
}

static void
far_run(void *arg)
{
	struct service *s = arg;

	if (!wait_until(s, clock_mono() + ROUND_S * CLOCK_S))
		return;
	do
		far_round(s);
	while (wait_until(s, clock_mono() + FAR_ROUND_S * CLOCK_S));
}

enum rc
upkeep_start(struct op *op, struct service *service)
{
	struct upkeep *u = &service->upkeep;

	if (service->config.read_only || !service->config.upkeep)
		return RC_OK;
	for (u->n = 0; u->n < UPKEEP_THREADS; u->n++)
		TRY(thread_start(op, &u->threads[u->n], "upkeep",
		    u->n == 0 ? far_run : upkeep_run, service));
	return RC_OK;
}

void
upkeep_join(struct service *service)
{
	struct upkeep *u = &service->upkeep;

	while (u->n > 0)
		thread_join(&u->threads[--u->n]);
}
