/* site_change.c - a change of the register, step by step (LOG.md L20). */
#include "core/site_change.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/str.h"
#include "core/service.h"

enum {
	STEP_MS = 500,
	AGAIN_MS = 2000, /* after something that failed */
	/* A pass that copied no more than this is the last one before the
	 * switch: what has come since is brought by the ordinary catch-up. */
	FILLED_WITH = 64,
	PASSES_MAX = 8,
	AWAY_S = 60, /* a new site that went away holds the end up so long */
};

void
site_change_init(struct site_change *change)
{
	mutex_init(&change->lock);
	cond_init(&change->changed);
}

void
site_change_release(struct site_change *change)
{
	cond_release(&change->changed);
	mutex_release(&change->lock);
}

static void
fact_get(struct service *s, struct site_fact *ret_fact)
{
	MUTEX_GUARD(&s->change.lock);
	*ret_fact = s->change.fact;
}

static void
fact_set(struct service *s, const struct site_fact *fact)
{
	struct site_change *c = &s->change;

	mutex_lock(&c->lock);
	c->fact = *fact;
	c->loaded = true;
	c->why[0] = '\0';
	cond_broadcast(&c->changed);
	mutex_unlock(&c->lock);
}

/* It is read anew. */
static void
fact_forget(struct service *s)
{
	MUTEX_GUARD(&s->change.lock);
	s->change.loaded = false;
}

static void
why_set(struct service *s, const char *why)
{
	MUTEX_GUARD(&s->change.lock);
	(void)snprintf(s->change.why, sizeof(s->change.why), "%.*s",
	    SITE_WHY_SIZE - 1, why);
}

/* The next phase stands in the log before anything of it is done. */
static enum rc
phase_enter(struct op *op, struct service *s, enum site_phase phase)
{
	struct site_fact before, fact;
	enum rc rc;

	fact_get(s, &before);
	fact = before;
	fact.phase = phase;
	rc = site_fact_commit(op, s, &before, &fact, NULL);
	if (rc == RC_CONFLICT)
		fact_forget(s);
	TRY(rc);
	fact_set(s, &fact);
	log_info(op, "register", "version=%llu phase=%d sites=%u m=%u",
	    (unsigned long long)fact.reg.version, (int)phase, fact.reg.n,
	    fact.reg.m);
	return RC_OK;
}

/* ---- filling ---- */

static enum rc
step_filling(struct op *op, struct service *s, const struct site_fact *fact)
{
	size_t i = sites_find(s->config.sites, fact->joins);
	uint64_t copied = 0;

	if (!site_id_is_none(fact->joins)) {
		if (i == SITES_MAX)
			FAIL(op, RC_NOT_FOUND,
			    "dozo.conf does not name the new site");
		if (!site_set_has(sites_attached(s->config.sites), i))
			FAIL(op, RC_IO, "the new site is away");
		FAILPOINT("site_change.filling");
		TRY(site_fill(op, s, i, &copied));
		FAILPOINT("site_change.filled");
	}
	if (copied > FILLED_WITH && ++s->change.passes < PASSES_MAX)
		return RC_OK;
	return phase_enter(op, s, SITE_PHASE_SWITCHING);
}

/* ---- switching ---- */

/* Both under the service's pins: it stands on m of each, and on all of must. */
static bool
open_stands(struct service *s, struct tenant *t, struct site_set must)
{
	struct site_set in = lanes_in_service(&t->lanes);

	return t->mode == TENANT_READY && t->lanes.claim == s->claim &&
	       claim_has_m(s->claim, in) && (must.bits & ~in.bits) == 0;
}

/*
 * L20, 2: every tenant's head stands on m sites of each register, and whatever
 * comes under this claim does. That the new site has everything is asked for
 * besides, unless it has gone.
 */
static enum rc
heads_stand(struct op *op, struct service *s, struct site_set must)
{
	struct service_pinned pinned;
	size_t i, open, n = 0;

	TRY(service_pin(op, s, &pinned));
	for (i = 0; i < pinned.n; i++)
		n += open_stands(s, pinned.tenants[i], must);
	service_unpin(&pinned);
	if (n < pinned.n)
		FAIL(op, RC_BUSY,
		    "%zu of %zu open logs are on the sites of both registers",
		    n, pinned.n);
	/* The provider's is not in the survey. */
	if (!survey_stands(s, must, &open) || open != pinned.n - 1)
		FAIL(op, RC_BUSY,
		    "tenants that are not open are being looked at");
	return RC_OK;
}

/* The new site; none where none joins, or it has gone for a while. */
static struct site_set
must_have(struct service *s, const struct site_fact *fact)
{
	struct sites *sites = s->config.sites;
	size_t i = sites_find(sites, fact->joins);
	struct site_set must = {0};

	if (i == SITES_MAX)
		return must;
	mutex_lock(&sites->lock);
	if (sites->slots[i].state == SITE_ATTACHED ||
	    clock_mono() - sites->slots[i].since < AWAY_S * CLOCK_S)
		must = site_set_with(must, i);
	mutex_unlock(&sites->lock);
	return must;
}

static void
claim_want(struct service *s, uint32_t n, const struct site_register *registers)
{
	struct site_change *c = &s->change;
	uint32_t i;

	mutex_lock(&c->lock);
	for (i = 0; i < n; i++)
		c->wanted[i] = registers[i];
	c->n_wanted = n;
	mutex_unlock(&c->lock);
	mutex_lock(&s->lock);
	cond_broadcast(&s->changed);
	mutex_unlock(&s->lock);
}

static enum rc
step_switching(struct op *op, struct service *s, const struct site_fact *fact)
{
	const struct claim *claim = s->claim;
	struct site_register both[FENCE_REGISTERS_MAX];

	if (claim_register(claim)->version > fact->reg.version ||
	    claim_register(claim)->version + 1 < fact->reg.version)
		FAIL(op, RC_REFUSED,
		    "the log speaks of register %llu, the fences of %llu",
		    (unsigned long long)fact->reg.version,
		    (unsigned long long)claim_register(claim)->version);
	if (claim->n_registers == 2) {
#ifdef DOZO_PLANT_REGISTER_BEFORE_HEADS
		(void)heads_stand;
		(void)must_have;
#else
		TRY(heads_stand(op, s, must_have(s, fact)));
#endif
		FAILPOINT("site_change.heads");
		claim_want(s, 1, &claim->registers[1]);
		return RC_OK;
	}
	if (claim->registers[0].version == fact->reg.version)
		return phase_enter(op, s, SITE_PHASE_LEAVING);
	both[0] = claim->registers[0];
	both[1] = fact->reg;
	FAILPOINT("site_change.switching");
	claim_want(s, 2, both);
	return RC_OK;
}

void
site_change_claim(struct op *op, struct service *service)
{
	struct service *s = service;
	struct site_change *c = &s->change;
	struct site_register wanted[FENCE_REGISTERS_MAX];
	struct claim *claim = NULL;
	struct site_set on;
	uint32_t n;
	enum rc rc;

	mutex_lock(&c->lock);
	n = c->n_wanted;
	memcpy(wanted, c->wanted, sizeof(wanted));
	c->n_wanted = 0;
	mutex_unlock(&c->lock);
	if (n == 0 || !claim_stands(s->claim))
		return;
	rc = claim_follow(op, s->claim, n, wanted, &claim);
	if (rc == RC_OK)
		rc = claim_take(op, claim, NULL, s->config.host);
	if (rc != RC_OK) {
		why_set(s, op_error(op, rc));
		if (claim != NULL)
			claim->former = NULL; /* it is in force still */
		claim_free(claim);
		op_clear_error(op);
		return;
	}
	FAILPOINT("site_change.claimed");
	s->claim = claim;
	s->proven_at = clock_mono();
	if (heads_write(op, s, &on) != RC_OK)
		op_clear_error(op);
}

/* ---- leaving ---- */

static enum rc
step_leaving(struct op *op, struct service *s, const struct site_fact *fact)
{
	if (!site_id_is_none(fact->leaves)) {
		FAILPOINT("site_change.leaving");
		TRY(site_leave(op, s, fact->leaves));
	}
	FAILPOINT("site_change.left");
	return phase_enter(op, s, SITE_PHASE_DONE);
}

/* ---- the thread ---- */

static enum rc
fact_load(struct op *op, struct service *s)
{
	struct site_fact fact;
	bool loaded;

	mutex_lock(&s->change.lock);
	loaded = s->change.loaded;
	mutex_unlock(&s->change.lock);
	if (loaded)
		return RC_OK;
	TRY(site_fact_newest(op, s, &fact));
	mutex_lock(&s->change.lock);
	if (!s->change.loaded) {
		s->change.fact = fact;
		s->change.loaded = true;
	}
	mutex_unlock(&s->change.lock);
	return RC_OK;
}

static enum rc
change_step(struct op *op, struct service *s)
{
	struct site_fact fact;

	if (!s->claimed || !claim_stands(s->claim) ||
	    s->provider->mode != TENANT_READY)
		return RC_OK;
	TRY(fact_load(op, s));
	fact_get(s, &fact);
	switch (fact.phase) {
	case SITE_PHASE_FILLING:
		return step_filling(op, s, &fact);
	case SITE_PHASE_SWITCHING:
		return step_switching(op, s, &fact);
	case SITE_PHASE_LEAVING:
		return step_leaving(op, s, &fact);
	case SITE_PHASE_NONE:
	case SITE_PHASE_DONE:
		break;
	}
	return RC_OK;
}

static void
change_wait(struct service *s, int64_t ms)
{
	struct site_change *c = &s->change;

	mutex_lock(&c->lock);
	if (!s->stopping)
		(void)cond_wait_until(
		    &c->changed, &c->lock, clock_mono() + ms * CLOCK_MS);
	mutex_unlock(&c->lock);
}

void
site_change_thread(void *arg)
{
	struct service *s = arg;

	while (!s->stopping) {
		CLEANUP(op_release) struct op op;
		enum rc rc;

		op_init(&op);
		rc = change_step(&op, s);
		if (rc != RC_OK) {
			log_warn(&op, "register-waits", "why=\"%s\"",
			    op_error(&op, rc));
			why_set(s, op_error(&op, rc));
		}
		change_wait(
		    s, rc == RC_OK || rc == RC_BUSY ? STEP_MS : AGAIN_MS);
	}
}

/* ---- for others ---- */

void
site_change_load(struct op *op, struct service *service)
{
	if (fact_load(op, service) != RC_OK)
		op_clear_error(op);
}

void
site_change_look(struct service *service, struct site_change_state *ret_state)
{
	struct site_change *c = &service->change;
	uint64_t held = atomic_load(&c->held), total = atomic_load(&c->total);

	memset(ret_state, 0, sizeof(*ret_state));
	mutex_lock(&c->lock);
	ret_state->phase = c->fact.phase;
	memcpy(ret_state->joins, c->fact.joins, OBJECT_ID_SIZE);
	memcpy(ret_state->leaves, c->fact.leaves, OBJECT_ID_SIZE);
	memcpy(ret_state->why, c->why, sizeof(ret_state->why));
	mutex_unlock(&c->lock);
	/* The count is a look by names. */
	ret_state->held = held < total ? held : total;
	ret_state->total = total;
}

enum rc
site_change_await(
    struct op *op, struct service *service, const atomic_bool *stop)
{
	struct service *s = service;
	struct site_fact fact;

	for (;;) {
		fact_get(s, &fact);
		if (!site_change_is_under_way(fact.phase) || s->stopping ||
		    (stop != NULL && atomic_load(stop)))
			return RC_OK;
		if (!service_stands(s))
			FAIL(op, RC_FENCED, "another server has taken over");
		change_wait(s, STEP_MS);
	}
}
