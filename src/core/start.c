/*
 * start.c - a tenant's start (LOG.md L3): the chain of the sites, the local
 * database beside it, replay, catch-up, and an opening where the end is not
 * decided.
 */
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/catchup.h"
#include "core/rolled_back.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/snapshot.h"
#include "core/start_chain.h"

enum { REPLAY_AT_ONCE = 64 };

/* Fences every attached site that is not: one that appears later is fenced
 * first, then read (L2). */
static enum rc
fence_all(struct op *op, struct sites *sites, struct claim *claim)
{
	struct site_set open =
	    site_set_and(sites_attached(sites), claim->of_register);
	size_t i;
	enum rc rc;

	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(open, i) ||
		    site_set_has(claim_sites(claim), i))
			continue;
		rc = claim_extend(op, claim, i);
		if (rc == RC_FENCED)
			return rc;
		if (rc != RC_OK)
			sites_failed(op, sites, i, rc);
	}
	return RC_OK;
}

/* Its memory goes with it. */
static enum rc
replay_one(struct op *op, struct start *s, size_t i)
{
	CLEANUP(op_release) struct op step;
	struct segment segment;
	enum rc rc;

	scratch_init(&step, op);
	rc = tail_read(&step, s->tenant->service->config.sites, &s->tail, i,
	    &s->bytes, &segment);
	if (rc == RC_OK)
		rc = tenant_replay(&step, s->tenant, &segment);
	return scratch_end(op, &step, rc);
}

/* From *at on, below end, at most so many of the chain's. */
static enum rc
replay_some(struct op *op, struct start *s, size_t *at, size_t end, size_t most)
{
	size_t n;

	for (n = 0; *at < end && n < most; (*at)++) {
		const struct tail_log *log = &s->tail.logs[*at];

		if (!log->on_chain ||
		    log->name.number <= s->tenant->head.number)
			continue;
		TRY(replay_one(op, s, *at));
		n++;
	}
	return RC_OK;
}

/* As many in one transaction as a -wal can hold without growing large. */
static enum rc
replay_group(struct op *op, struct start *s, size_t *at, size_t end)
{
	struct tenant *t = s->tenant;
	struct tenant_head before = t->head;
	enum rc rc, rolled;

	TRY(db_begin(op, t->writer));
	rc = replay_some(op, s, at, end, REPLAY_AT_ONCE);
	if (rc == RC_OK)
		rc = db_commit(op, t->writer);
	if (rc == RC_OK) {
		tenant_database_tidy_locked(op, t);
		return RC_OK;
	}
	tenant_set_head(t, &before);
	rolled = db_rollback(op, t->writer);
	(void)rolled; /* the first failure is the one to tell */
	return rc;
}

/* Applies the chain's numbers above the head, up to a number: in transactions
 * of their own, or all into the one that is open. */
static enum rc
replay_to(struct op *op, struct start *s, uint64_t number)
{
	struct tenant *t = s->tenant;
	size_t at = tail_find_number(&s->tail, t->head.number + 1);
	size_t end = tail_find_number(&s->tail, number + 1);

	if (db_in_transaction(t->writer))
		TRY(replay_some(op, s, &at, end, end));
	while (at < end)
		TRY(replay_group(op, s, &at, end));
	/* Before number 1 there are no tables to read. */
	return t->head.number == 0 ? RC_OK : tenant_database_load(op, t);
}

/* One that lacks something is caught up to the database's head, and is in
 * service then. */
static enum rc
catch_up_site(struct op *op, struct start *s, size_t i)
{
	struct tenant *t = s->tenant;
	struct sites *sites = t->service->config.sites;
	uint64_t epoch = sites_epoch(sites, i);
	enum rc rc = tenant_catch_up(op, t, &s->tail, i);

	if (rc == RC_FENCED || rc == RC_NO_MEMORY || rc == RC_BUSY)
		return rc;
	if (rc == RC_OK) {
		lanes_enter(&t->lanes, i, t->head.number, epoch);
		rolled_back_end(t, i);
		return RC_OK;
	}
	lanes_leave(op, &t->lanes, i, op_error(op, rc));
	if (rc != RC_EXISTS && rc != RC_DAMAGED)
		sites_failed(op, sites, i, rc);
	op_clear_error(op);
	return RC_OK;
}

/*
 * Those that have everything, and of the others as many as make m, those below
 * their reserve last (L14): the rest is caught up while the tenant is at work
 * (tenant_reenter), long as that may take.
 */
static enum rc
catch_up_sites(struct op *op, struct start *s, struct site_set *ret_complete)
{
	struct lanes *lanes = &s->tenant->lanes;
	struct site_set low = reserve_low_sites(s->tenant->service);
	struct site_set whole = tail_whole(&s->tail);
	struct site_set turns[] = {whole, {~low.bits}, low};
	size_t turn, i;

	for (turn = 0; turn < ARRAY_LEN(turns); turn++)
		for (i = 0; i < lanes->sites->n; i++) {
			if (!site_set_has(s->tail.listed, i) ||
			    !site_set_has(turns[turn], i) ||
			    (turn > 0 && site_set_has(whole, i)) ||
			    (turn > 0 && claim_has_m(lanes->claim,
					     lanes_in_service(lanes))))
				continue;
			TRY(catch_up_site(op, s, i));
		}
	*ret_complete = lanes_in_service(lanes);
	return RC_OK;
}

/* With the undecided end, if there is one, in an open transaction. */
static enum rc
end_write(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	struct site_set complete = {0};

	TRY(replay_to(op, s, s->head));
	TRY(catch_up_sites(op, s, &complete));
	if (!claim_has_m(t->lanes.claim, complete))
		FAIL(op, RC_NOT_STORED,
		    "%zu of %u sites hold everything, %u must",
		    site_set_count(complete), claim_register(t->lanes.claim)->n,
		    claim_register(t->lanes.claim)->m);
#ifndef DOZO_PLANT_NO_OPENING
	if (s->head > s->decided)
		return tenant_opening(op, t, complete);
#endif
	return db_in_transaction(t->writer) ? db_commit(op, t->writer) : RC_OK;
}

/*
 * L3, 5: an end that is not decided is copied to m sites and gets an opening
 * before anything of it is shown. The database commits it together with the
 * opening: what it has committed counts as decided at the next start.
 */
static enum rc
end_open(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	enum rc rc, rolled;

	if (!claim_has_m(t->lanes.claim, s->tail.listed))
		FAIL(op, RC_NOT_STORED,
		    "%zu of %u sites are reachable, %u are needed to write",
		    site_set_count(s->tail.listed),
		    claim_register(t->lanes.claim)->n,
		    claim_register(t->lanes.claim)->m);
	if (s->head > s->decided && s->decided > 0)
		TRY(tenant_database_probe(op, t));
	if (s->head > s->decided)
		TRY(db_begin(op, t->writer));
	rc = end_write(op, s);
	if (rc == RC_OK || t->writer == NULL)
		return rc;
	rolled = db_rollback(op, t->writer);
	if (rolled == RC_OK && s->decided > 0)
		rolled = tenant_database_load(op, t);
	return rolled == RC_OK ? rc : RC_IO;
}

static uint64_t
highest_ring(const struct tail *tail)
{
	uint64_t highest = 0;
	size_t i;

	for (i = 0; i < tail->n_keys; i++)
		if (tail->keys[i].name.version > highest)
			highest = tail->keys[i].name.version;
	return highest;
}

/* An empty one, or what the snapshot at the base gives. */
static enum rc
database_new(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	enum rc rc;

	TRY(tenant_database_new(op, t));
	if (s->base.number == 0)
		return RC_OK;
	rc = snapshot_restore(op, t, &s->base);
	if (rc != RC_DAMAGED && rc != RC_NOT_FOUND)
		return rc;
	/* L3: the sites that have it may be away. */
	op_clear_error(op);
	tenant_database_close(op, t, false);
	FAIL(op, RC_UNPROVEN,
	    "no site in reach has the whole snapshot at number %llu, with "
	    "which "
	    "the log begins",
	    (unsigned long long)s->base.number);
}

/* The database, keys and rows up to what is decided. */
static enum rc
decided_show(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;

	TRY(tenant_ring_read(op, t, &s->tail));
	if (t->ring_version == 0)
		t->ring_version = highest_ring(&s->tail) + 1;
	/* A crash may have left the keyring of a tenant that was being made:
	 * without number 1 there is no tenant (L25). */
	if (s->tail.n_logs == 0 && t->head.number == 0)
		FAIL(op, RC_NOT_FOUND, "no site has a log of this tenant");
	if (t->ring == NULL)
		FAIL(op, RC_DAMAGED, "no site has a keyring of this tenant");
	TRY(tenant_keys_load(op, t));
	/* Each site gets this ring before it comes into service. */
	t->key_epoch = keyring_newest_epoch(t->ring);
	if (t->writer == NULL)
		TRY(database_new(op, s));
	TRY(replay_to(op, s, s->decided));
	/* What was just replayed tells more of who had what. */
	return witnesses_look(op, s);
}

/* Without the sites' consent: what the local database knows. */
static enum rc
show_local(struct op *op, struct tenant *t, const char *why)
{
	char text[TENANT_WHY_SIZE];

	if (t->writer == NULL || t->ring == NULL)
		FAIL(op, RC_UNPROVEN, "%s", why);
	(void)snprintf(text, sizeof(text), "head unproven: %.200s", why);
	op_clear_error(op);
	tenant_set_mode(op, t, TENANT_READ_ONLY, text);
	return RC_OK;
}

static enum rc
start_unproven(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	char why[TENANT_WHY_SIZE];

	(void)snprintf(why, sizeof(why), "%.239s", op->error);
	op_clear_error(op);
	if (t->ring == NULL)
		TRY(tenant_ring_read(op, t, &s->tail));
	if (t->ring != NULL)
		TRY(tenant_keys_load(op, t));
	return show_local(op, t, why);
}

static enum rc
start_refused(struct op *op, struct tenant *t)
{
	tenant_set_mode(op, t, TENANT_REFUSED, op->error);
	log_error(op, "tenant-refused", "tenant=%016llx why=\"%s\"",
	    (unsigned long long)t->id, op->error);
	return RC_REFUSED;
}

/* Where not even number 1 is decided there is nothing to show. */
static enum rc
refuse_nothing(struct op *op, const struct start *s)
{
	if (s->decided == 0 && s->tail.n_logs > 0)
		FAIL(op, RC_UNPROVEN, "nothing of this log is decided yet");
	return RC_OK;
}

/*
 * Without a claim nothing is written. A service that is to read only shows what
 * the sites in reach have, to the end; one that could not claim shows what is
 * decided (L3, 6).
 */
static enum rc
start_reading(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	bool to_the_end = t->service->config.read_only;
	enum rc rc;

	s->set = tenant_sites(t);
	TRY(tenant_database_open(op, t));
	rc = chain_find(op, s);
	if (rc == RC_UNPROVEN && !to_the_end)
		return start_unproven(op, s);
	if (rc == RC_REFUSED)
		return start_refused(op, t);
	TRY(rc);
	decided_find(s);
	if (to_the_end)
		s->decided = s->head;
	TRY(refuse_nothing(op, s));
	rc = decided_show(op, s);
	if (rc == RC_UNPROVEN)
		return start_unproven(op, s);
	TRY(rc);
	tenant_set_mode(op, t, TENANT_READ_ONLY,
	    to_the_end ? "this service only reads"
		       : "too few sites are reachable to write");
	return RC_OK;
}

static enum rc
start_run(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	enum rc rc;

	if (!t->service->claimed)
		return start_reading(op, s);
	TRY(fence_all(op, t->service->config.sites, t->lanes.claim));
	s->set = claim_sites(t->lanes.claim);
	TRY(tenant_database_open(op, t));
	rc = chain_find(op, s);
	if (rc == RC_UNPROVEN)
		return start_unproven(op, s);
	if (rc == RC_REFUSED)
		return start_refused(op, t);
	TRY(rc);
	decided_find(s);
	TRY(aside_note(op, s));
	rc = decided_show(op, s);
	if (rc == RC_UNPROVEN)
		return start_unproven(op, s);
	TRY(rc);
	FAILPOINT("start.decided");
	rc = end_open(op, s);
	if (rc == RC_FENCED || rc == RC_NO_MEMORY)
		return rc;
	if (rc == RC_OK) {
		if (!t->found_known)
			t->last_found_id = t->next_id;
		t->found_known = true;
		tenant_set_mode(op, t, TENANT_READY, "");
		return RC_OK;
	}
	return RC_NOT_STORED;
}

/* L3, 6: with R sites but not m, what is decided is shown. */
static enum rc
start_read_only(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	char why[TENANT_WHY_SIZE];

	(void)snprintf(why, sizeof(why), "%.239s", op->error);
	op_clear_error(op);
	TRY(refuse_nothing(op, s));
	tenant_set_mode(op, t, TENANT_READ_ONLY, why);
	return RC_OK;
}

/*
 * What follows is done under the claim that is in force now. Under another one
 * than before, keyrings and numbers of the former are not its own (L16, L29).
 */
static void
claim_adopt(struct tenant *t)
{
	struct claim *claim = t->service->claim;

	if (claim == t->lanes.claim)
		return;
	lanes_set_claim(&t->lanes, claim);
	t->ring_version = 0;
	t->ring_attempt = 0;
	t->ring_on = (struct site_set){0};
	t->own_number = false;
}

enum rc
tenant_start(struct op *op, struct tenant *tenant)
{
	struct start s = {.tenant = tenant, .winner = TAIL_NONE};
	enum rc rc;

	tenant->starting = true;
	claim_adopt(tenant);
#ifdef DOZO_PLANT_ATTEMPT_RESET
	tenant->attempt = 0;
#else
	/* L1: opening again is a start of its own; number and generation are
	 * never offered twice. */
	tenant->attempt++;
#endif
	mutex_lock(&tenant->lock);
	tenant->acks_known = false;
	mutex_unlock(&tenant->lock);
	tenant->swept = false;
	lanes_leave_all(&tenant->lanes);
	buf_init(&s.bytes, SEGMENT_NUMBERED_MAX);
	rc = start_run(op, &s);
	tenant->starting = false;
	if (rc == RC_NOT_STORED || rc == RC_IN_DOUBT)
		rc = start_read_only(op, &s);
	tail_release(&s.tail);
	buf_release(&s.bytes);
	if (rc == RC_OK || tenant->mode == TENANT_REFUSED)
		survey_opened(tenant->service, tenant->id);
	log_info(op, "tenant-started",
	    "tenant=%016llx rc=%s number=%llu why=\"%s\"",
	    (unsigned long long)tenant->id, rc_name(rc),
	    (unsigned long long)tenant->head.number, tenant->why);
	return rc;
}

enum rc
tenant_create(struct op *op, struct tenant *tenant)
{
	struct site_set on;
	struct catch_up c = {.tenant = tenant, .meta = &tenant->meta};
	struct sites *sites = tenant->service->config.sites;
	size_t i;

	claim_adopt(tenant);
	TRY(fence_all(op, sites, tenant->lanes.claim));
	tenant->attempt++;
	if (tenant->ring == NULL) /* else what a crash left is gone on with */
		TRY(keyring_new(op, tenant->id, tenant->id == TENANT_PROVIDER,
		    &tenant->ring));
	tenant->key_epoch = keyring_newest_epoch(tenant->ring);
	TRY(tenant_keys_load(op, tenant));
	TRY(tenant_ring_put(
	    op, tenant, 0, claim_sites(tenant->lanes.claim), &on));
	if (!claim_has_m(tenant->lanes.claim, on))
		FAIL(op, RC_NOT_STORED, "the keyring stands on %zu sites only",
		    site_set_count(on));
	FAILPOINT("create.keyring");
	TRY(tenant_database_new(op, tenant));
	for (i = 0; i < sites->n; i++)
		if (site_set_has(on, i)) {
			c.site = i;
			TRY(catch_up_prepare(op, &c));
			lanes_enter(
			    &tenant->lanes, i, 0, sites_epoch(sites, i));
		}
	TRY(tenant_first_number(op, tenant, on));
	TRY(tenant_database_load(op, tenant));
	tenant->found_known = true;
	tenant_set_mode(op, tenant, TENANT_READY, "");
	survey_opened(tenant->service, tenant->id);
	return RC_OK;
}
