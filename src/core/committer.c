/* committer.c - a tenant's committer: whoever comes first runs the group, the
 * others wait for its outcome. */
#include "core/committer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/replay.h"
#include "core/schema.h"
#include "core/service.h"

enum {
	QUEUE_MAX = 1000,
	TURNS_MAX = 16,
	GATHER_PART = 3 /* of the time that the last group took */
};

#define GATHER_MAX CLOCK_MS

/* Changes that are run together, linked by next. */
struct batch {
	struct change *first;
	size_t n;
};

static void
batch_begin(struct batch *batch)
{
	struct change *c;

	for (c = batch->first; c != NULL; c = c->next) {
		c->rc = RC_OK;
		c->again = false;
	}
}

/* The committed group becomes the tenant's head. */
static void
head_advance(struct tenant *t, const struct sealed *sealed,
    struct site_set acks, int64_t next_id)
{
	struct tenant_head head = {
	    .number = sealed->header.number,
	    .generation = sealed->header.generation,
	};

	memcpy(head.hash, sealed->hash, OBJECT_HASH_SIZE);
	mutex_lock(&t->lock);
	t->head = head;
	t->last_acks = acks;
	t->last_time = service_clock_now(&t->service->clock);
	t->acks_known = true;
	mutex_unlock(&t->lock);
	t->own_number = true;
	t->next_id = next_id;
	mem_free(t->aside);
	t->aside = NULL;
	t->n_aside = 0;
	for (size_t i = 0; i < sealed->header.n_drops; i++)
		tenant_data_dead(t, sealed->header.drops[i].id);
}

/*
 * L7: m sites have the number, so it stands, whatever the local database says.
 * The database is closed and brought up to it from the sites.
 */
static enum rc
commit_failed(struct op *op, struct tenant *t, uint64_t number)
{
	enum rc rc;

	log_error(op, "commit-failed", "tenant=%016llx number=%llu why=\"%s\"",
	    (unsigned long long)t->id, (unsigned long long)number, op->error);
	if (t->starting)
		return RC_IO;
	op_clear_error(op);
	tenant_set_mode(op, t, TENANT_CLOSED, "");
	tenant_database_close(op, t, false);
	rc = tenant_start(op, t);
	if (rc == RC_OK && t->head.number >= number)
		return RC_OK;
	/* It stands all the same: the next start finds it. */
	if (rc != RC_OK && t->mode != TENANT_REFUSED)
		tenant_start_failed(op, t);
	op_clear_error(op);
	FAIL(op, RC_IN_DOUBT, "number %llu is not shown by the sites",
	    (unsigned long long)number);
}

/*
 * The opening that outranks a number in doubt names it, so that whoever finds
 * it on a site knows that it lost (L1, L3). Without memory the next start does.
 */
static void
doubt_note(struct tenant *t, const struct sealed *sealed)
{
	struct segment_aside *more = NULL;

	if (t->n_aside < TAIL_ASIDE_MAX)
		more = mem_realloc(t->aside, (t->n_aside + 1) * sizeof(*more));
	if (more == NULL)
		return;
	t->aside = more;
	more += t->n_aside++;
	more->number = sealed->header.number;
	more->generation = sealed->header.generation;
	memcpy(more->hash, sealed->hash, OBJECT_HASH_SIZE);
}

/*
 * Offers a sealed number and commits it. The transaction is open and holds the
 * group's rows. RC_IN_DOUBT: rolled back; the number is never sealed again
 * under this generation (L1).
 */
static enum rc
number_offer(struct op *op, struct tenant *t, const struct sealed *sealed,
    struct site_set sites, int64_t next_id, struct site_set *ret_acks)
{
	int64_t wait = t->service->config.offer_time;
	enum rc rc;

	TRY(replay_note(
	    op, &t->meta, &sealed->header, sealed->hash, sealed->body_offset));
	FAILPOINT("committer.sealed");
	rc = lanes_offer(
	    op, &t->lanes, sealed->offer, sites, clock_mono() + wait, ret_acks);
	if (rc != RC_OK) {
#ifdef DOZO_PLANT_DOUBT_DATA_DELETED
		for (size_t i = 0; i < sealed->header.n_adds; i++)
			(void)tenant_data_delete(op, t,
			    sealed->header.adds[i].id,
			    claim_sites(t->lanes.claim));
#endif
#ifndef DOZO_PLANT_ATTEMPT_NOT_RAISED
		t->attempt++;
#endif
		doubt_note(t, sealed);
		tenant_set_mode(op, t, TENANT_IN_DOUBT, op->error);
		return RC_IN_DOUBT;
	}
	FAILPOINT("committer.acknowledged");
	rc = db_commit(op, t->writer);
	if (rc != RC_OK)
		return commit_failed(op, t, sealed->header.number);
	FAILPOINT("committer.committed");
	head_advance(t, sealed, *ret_acks, next_id);
	return RC_OK;
}

/* Ends every change of a committed group that was not refused. */
static void
batch_answer(
    struct batch *batch, const struct receipt *receipt, const int64_t *rows)
{
	struct change *c;
	size_t i = 0;

	for (c = batch->first; c != NULL; c = c->next, i++) {
		if (c->rc != RC_OK)
			continue;
		c->receipt = rows[i] > 0 ? *receipt : (struct receipt){0};
	}
}

/*
 * All come to the same end. One that was refused may have been so because of a
 * neighbour that is now rolled back: it is surely not done, and may be tried
 * again (L7).
 */
static void
batch_fail(struct op *op, struct batch *batch, enum rc rc)
{
	struct change *c;

	for (c = batch->first; c != NULL; c = c->next) {
		if (c->again)
			continue;
		if (c->rc != RC_OK && batch->n > 1 && rc == RC_IN_DOUBT) {
			op_clear_error(c->op);
			c->rc = op_fail(c->op, RC_NOT_STORED,
			    "the changes before it are in doubt");
		}
		if (c->rc == RC_OK)
			c->rc = op_fail(c->op, rc, "%s", op_error(op, rc));
	}
}

static bool
batch_needs_space(const struct batch *batch)
{
	const struct change *c;

	for (c = batch->first; c != NULL; c = c->next)
		if (!c->frees_space)
			return true;
	return false;
}

/*
 * The sites that the group's number is for. One below its reserve gets none
 * that needs space, and is behind from then on (L14); while there are only
 * deletes and purges it gets them, and so it can always be emptied.
 */
static enum rc
group_sites(struct op *op, struct group *group, const struct batch *batch)
{
	struct tenant *t = group->tenant;

	if (!claim_has_m(t->lanes.claim, group->in_service))
		FAIL(op, RC_NOT_STORED,
		    "%zu of %u sites are in service, %u are needed",
		    site_set_count(group->in_service),
		    claim_register(t->lanes.claim)->n,
		    claim_register(t->lanes.claim)->m);
	if (!batch_needs_space(batch))
		return RC_OK;
	group->low = group->in_service;
	TRY(reserve_for_uploads(op, t, &group->in_service));
	group->low.bits &= ~group->in_service.bits;
	group->at.on = group->in_service;
	return RC_OK;
}

static void
low_sites_leave(struct op *op, struct group *group)
{
	struct lanes *lanes = &group->tenant->lanes;
	size_t i;

	for (i = 0; i < lanes->sites->n; i++)
		if (site_set_has(group->low, i))
			lanes_leave(op, lanes, i, RESERVE_WHY);
}

/* Runs the changes and makes a number of what they did, if they did anything.
 */
static enum rc
group_make(struct op *op, struct tenant *t, struct group *group,
    struct batch *batch, int64_t *rows)
{
	CLEANUP(offer_unref_ptr) struct offer *offer = NULL;
	struct sealed sealed = {0};
	struct receipt receipt = {0};
	struct change *c;
	size_t i = 0;

	for (c = batch->first; c != NULL; c = c->next, i++)
		TRY(group_run_change(op, group, c, &rows[i]));
	TRY(group_end_session(op, group));
	/* Rows written as they were leave no record: there is nothing to log.
	 */
	if (group->n_records == 0 && group->at.n_adds == 0 &&
	    group->at.fact_size == 0)
		return db_rollback(op, t->writer);
	TRY(group_bookkeeping(op, group));
	TRY(group_seal(op, group, &sealed));
	offer = sealed.offer;
	low_sites_leave(op, group);
	TRY(number_offer(
	    op, t, &sealed, group->at.on, group->at.next_id, &receipt.sites));
	if (!group->keeps_paths)
		path_cache_void(&t->paths);
	receipt.number = sealed.header.number;
	receipt.service_time = t->last_time;
	batch_answer(batch, &receipt, rows);
	return RC_OK;
}

static enum rc
group_run(struct op *op, struct tenant *t, struct batch *batch)
{
	CLEANUP(group_free_ptr) struct group *group = NULL;
	int64_t rows[GROUP_CHANGES_MAX] = {0};
	enum rc rc, rolled;

	assert(batch->first != NULL);
	TRY(group_new(op, t, batch->first->role, &group));
	TRY(group_sites(op, group, batch));
	TRY(db_begin(op, t->writer));
	rc = group_make(op, t, group, batch, rows);
	if (rc == RC_OK || t->writer == NULL)
		return rc;
	db_session_end(group->session);
	group->session = NULL;
	rolled = db_rollback(op, t->writer);
	(void)rolled; /* the first failure is the one to tell */
	return rc;
}

/*
 * L6: where a whole group fails for a reason that is not the sites', each
 * change is run by itself, so that one cannot take its neighbours with it.
 */
static void
group_run_apart(struct tenant *t, struct batch *batch)
{
	struct change *c, *next;

	for (c = batch->first; c != NULL; c = next) {
		struct batch one = {c, 1};
		CLEANUP(op_release) struct op op;
		enum rc rc;

		next = c->next;
		c->next = NULL;
		c->rc = RC_OK;
		op_init(&op);
		rc = group_run(&op, t, &one);
		if (rc != RC_OK)
			batch_fail(&op, &one, rc);
		c->next = next;
	}
}

/* In doubt: an opening first (L1). */
static enum rc
doubt_end(struct op *op, struct tenant *t)
{
	struct site_set in_service = lanes_in_service(&t->lanes);
	enum rc rc;

	if (t->mode != TENANT_IN_DOUBT)
		return RC_OK;
#ifdef DOZO_PLANT_NO_OPENING_AFTER_DOUBT
	tenant_set_mode(op, t, TENANT_READY, "");
	return RC_OK;
#endif
	if (!claim_has_m(t->lanes.claim, in_service))
		FAIL(op, RC_NOT_STORED,
		    "a change is in doubt and too few sites are in service");
	rc = tenant_opening(op, t, in_service);
	return rc == RC_OK ? RC_OK : RC_NOT_STORED;
}

enum rc
tenant_settle(struct op *op, struct tenant *tenant)
{
	enum rc rc;

	tenant_lock(tenant);
	rc = doubt_end(op, tenant);
	tenant_unlock(tenant);
	return rc;
}

static enum rc
mode_refuse(struct op *op, struct tenant *t)
{
	switch ((enum tenant_mode)t->mode) {
	case TENANT_READY:
		return RC_OK;
	case TENANT_IN_DOUBT:
		return doubt_end(op, t);
	case TENANT_REFUSED:
		FAIL(op, RC_REFUSED, "%s", t->why);
	case TENANT_CLOSED:
	case TENANT_READ_ONLY:
		break;
	}
	FAIL(op, RC_NOT_STORED, "read-only: %s", t->why);
}

/* L14: what needs space is refused before anything is offered; what frees some
 * goes on. */
static void
batch_without_space(struct batch *batch, const char *why)
{
	struct change **at = &batch->first;
	struct change *c;

	while ((c = *at) != NULL) {
		if (c->frees_space) {
			at = &c->next;
			continue;
		}
		c->rc = op_fail(c->op, RC_NO_SPACE, "%s", why);
		*at = c->next;
		batch->n--;
	}
}

static void
batch_run(struct tenant *t, struct batch *batch)
{
	CLEANUP(op_release) struct op op;
	struct site_set above;
	enum rc rc;

	op_init(&op);
	batch_begin(batch);
	rc = mode_refuse(&op, t);
	if (rc == RC_OK && reserve_for_uploads(&op, t, &above) != RC_OK) {
		batch_without_space(batch, op.error);
		op_clear_error(&op);
	}
	if (batch->n == 0)
		return;
	if (rc == RC_OK)
		rc = group_run(&op, t, batch);
	if (rc != RC_OK && rc != RC_IN_DOUBT && rc != RC_NOT_STORED &&
	    rc != RC_REFUSED && t->mode == TENANT_READY && batch->n > 1)
		group_run_apart(t, batch);
	else if (rc != RC_OK)
		batch_fail(&op, batch, rc);
}

/* Takes a group off the queue. Under the lock. */
static void
batch_take(struct tenant *t, struct batch *ret_batch, struct change **ret_all)
{
	struct change **at = &t->first;
	size_t bytes = 0;
	size_t n = 0;

	while (*at != NULL && n < GROUP_CHANGES_MAX) {
		bytes += (*at)->inline_size;
		if (n > 0 &&
		    (bytes > GROUP_BODY_MAX || (*at)->role != t->first->role))
			break;
		n++;
		at = &(*at)->next;
	}
	ret_batch->first = t->first;
	ret_batch->n = n;
	*ret_all = *at;
	*at = NULL;
	t->first = *ret_all;
	if (t->first == NULL)
		t->last = &t->first;
	t->n_queued -= n;
}

/*
 * Under the lock: those for whom there was no room come first in the next
 * group. Takes them out of members; returns how many are left.
 */
static size_t
batch_again(struct tenant *t, struct change **members, size_t n)
{
	struct change *first = t->first, **last = &t->first;
	size_t i, n_left = 0;

	for (i = 0; i < n; i++) {
		if (!members[i]->again) {
			members[n_left++] = members[i];
			continue;
		}
		op_clear_error(members[i]->op);
		*last = members[i];
		last = &members[i]->next;
		t->n_queued++;
	}
	*last = first;
	if (first == NULL)
		t->last = last;
	return n_left;
}

/* Runs one group. Called and left with the lock held, nobody being busy.
 * Returns how many were told. */
static size_t
committer_turn(struct tenant *t)
{
	struct change *members[GROUP_CHANGES_MAX];
	struct change *rest, *c;
	struct batch batch;
	size_t i, n = 0, n_told = 0;

	t->busy = true;
	batch_take(t, &batch, &rest);
	for (c = batch.first; c != NULL; c = c->next)
		members[n++] = c;
	mutex_unlock(&t->lock);

	batch_run(t, &batch);

	mutex_lock(&t->lock);
	n = batch_again(t, members, n);
	for (i = 0; i < n; i++) {
		if (members[i]->then != NULL)
			members[n_told++] = members[i];
		else
			members[i]->done = true;
	}
	t->busy = false;
	cond_broadcast(&t->changed);
	mutex_unlock(&t->lock);
	for (i = 0; i < n_told; i++)
		members[i]->then(members[i]);
	mutex_lock(&t->lock);
	return n_told;
}

/*
 * Those who were just told come again in a moment: a short wait for them makes
 * one group of what would be two, each with its own syncs. Under the lock, as
 * long as nobody is busy; n were told of a group that took so long.
 */
static void
gather(struct tenant *t, size_t n, int64_t took)
{
	int64_t until = clock_mono();

	took /= GATHER_PART;
	until += took < GATHER_MAX ? took : GATHER_MAX;
	t->gathering = t->n_queued + n;
	while (!t->busy && t->n_queued < t->gathering &&
	       cond_wait_until(&t->changed, &t->lock, until))
		;
	t->gathering = 0;
}

/* The same thread goes on for some groups, since a hop to another costs more
 * than it saves, and then takes its turn behind other tenants. */
void
tenant_committing(struct work *work)
{
	struct tenant *t = container_of(work, struct tenant, committing);
	bool wanted;
	int turns = 0;
	int64_t began;
	size_t n;

	mutex_lock(&t->lock);
	while (turns++ < TURNS_MAX && !t->busy && t->first != NULL) {
		began = clock_mono();
		n = committer_turn(t);
		if (t->first != NULL && n > 0)
			gather(t, n, clock_mono() - began);
	}
	t->committing_called = false;
	wanted = tenant_committer_wanted(t);
	mutex_unlock(&t->lock);
	tenant_committer_call(t, wanted);
}

/* Under the lock: at the queue's end. */
static enum rc
change_queue(struct op *op, struct tenant *t, struct change *change)
{
	change->op = op;
	change->next = NULL;
	change->done = false;
	change->again = false;
	change->receipt = (struct receipt){0};
	if (t->n_queued >= QUEUE_MAX)
		FAIL(op, RC_NOT_STORED, "too many changes are waiting");
	*t->last = change;
	t->last = &change->next;
	t->n_queued++;
	if (t->n_queued == t->gathering)
		cond_broadcast(&t->changed);
	return RC_OK;
}

enum rc
change_commit(struct op *op, struct tenant *tenant, struct change *change)
{
	struct tenant *t = tenant;
	bool wanted;
	enum rc rc;

	mutex_lock(&t->lock);
	rc = change_queue(op, t, change);
	while (rc == RC_OK && !change->done) {
		if (t->busy)
			cond_wait(&t->changed, &t->lock);
		else
			(void)committer_turn(t);
	}
	wanted = tenant_committer_wanted(t);
	mutex_unlock(&t->lock);
	tenant_committer_call(t, wanted);
	return rc == RC_OK ? change->rc : rc;
}

void
change_submit(struct op *op, struct tenant *tenant, struct change *change)
{
	struct tenant *t = tenant;
	void (*then)(struct change *) = change->then;
	bool waits = t->service->committers == NULL;
	bool wanted;
	enum rc rc;

	if (waits) {
		change->then = NULL;
		rc = change_commit(op, t, change);
	} else {
		mutex_lock(&t->lock);
		rc = change_queue(op, t, change);
		wanted = tenant_committer_wanted(t);
		mutex_unlock(&t->lock);
		tenant_committer_call(t, wanted);
	}
	if (rc == RC_OK && !waits)
		return;
	change->rc = rc;
	then(change);
}

/* A number without changes of rows: the transaction holds the local rows only.
 */
static enum rc
bare_number(struct op *op, struct tenant *t, const struct sealed *sealed,
    struct site_set sites)
{
	struct site_set acks;
	enum rc rc, rolled;

	rc = number_offer(op, t, sealed, sites, t->next_id, &acks);
	if (rc != RC_OK && t->writer != NULL) {
		rolled = db_rollback(op, t->writer);
		(void)rolled;
	}
	return rc;
}

enum rc
tenant_opening(struct op *op, struct tenant *tenant, struct site_set sites)
{
	CLEANUP(offer_unref_ptr) struct offer *offer = NULL;
	struct sealed sealed = {0};

	TRY(opening_seal(op, tenant, &sealed));
	offer = sealed.offer;
	/* At a start the undecided end that it stands on is in it too. */
	if (!db_in_transaction(tenant->writer))
		TRY(db_begin(op, tenant->writer));
	TRY(bare_number(op, tenant, &sealed, sites));
	log_info(op, "opening", "tenant=%016llx number=%llu attempt=%llu",
	    (unsigned long long)tenant->id,
	    (unsigned long long)tenant->head.number,
	    (unsigned long long)tenant->attempt);
	tenant_set_mode(op, tenant, TENANT_READY, "");
	return RC_OK;
}

enum rc
tenant_first_number(struct op *op, struct tenant *tenant, struct site_set sites)
{
	CLEANUP(offer_unref_ptr) struct offer *offer = NULL;
	struct sealed sealed = {0};

	TRY(first_seal(op, tenant, &sealed));
	offer = sealed.offer;
	TRY(db_begin(op, tenant->writer));
	TRY(db_migrate(
	    op, tenant->writer, &schema_of(tenant->id)->migrations[0]));
	return bare_number(op, tenant, &sealed, sites);
}
