/* site_change_begin.c - which changes of the register may begin (LOG.md L20).
 */
#include <string.h>

#include "core/service.h"

static void
register_add(struct site_register *reg, const uint8_t id[OBJECT_ID_SIZE])
{
	memcpy(reg->ids[reg->n++], id, OBJECT_ID_SIZE);
}

static void
register_take(struct site_register *reg, const uint8_t id[OBJECT_ID_SIZE])
{
	uint32_t i, n = 0;

	for (i = 0; i < reg->n; i++)
		if (memcmp(reg->ids[i], id, OBJECT_ID_SIZE) != 0)
			memmove(reg->ids[n++], reg->ids[i], OBJECT_ID_SIZE);
	reg->n = n;
	memset(reg->ids[n], 0, OBJECT_ID_SIZE);
}

/* What the register becomes. A service that began with one site gets
 * min_sites 2 with its second one: else a file might stand once only. */
static enum rc
register_next(struct op *op, const struct site_register *now,
    const struct site_change_want *want, struct site_register *ret_register)
{
	struct site_register reg = *now;

	reg.version++;
	if (want->leaves != NULL) {
		if (!register_contains(now, want->leaves))
			FAIL(op, RC_REFUSED,
			    "that site is not in the register any more");
		register_take(&reg, want->leaves);
	}
	if (want->joins != NULL) {
		if (register_contains(now, want->joins))
			FAIL(op, RC_REFUSED,
			    "that site is in the register already");
		if (reg.n == REGISTER_SITES_MAX)
			FAIL(op, RC_REFUSED,
			    "a service has %d sites at most: remove one first",
			    REGISTER_SITES_MAX);
		register_add(&reg, want->joins);
	}
	if (reg.m < 2 && reg.n >= 2)
		reg.m = 2;
	if (reg.n < reg.m)
		FAIL(op, RC_REFUSED,
		    "min_sites is %u, and %u site%s would be left: add or "
		    "replace one instead",
		    reg.m, reg.n, reg.n == 1 ? "" : "s");
	*ret_register = reg;
	return RC_OK;
}

/* What is there now has to be enough for each step: a change that begins is
 * not to wait for ever. */
static enum rc
enough_there(struct op *op, struct service *s, const struct site_register *reg,
    const struct site_change_want *want)
{
	struct claim *claim = s->claim;
	struct site_set there = claim_sites(claim);
	struct site_set of_next = sites_of_register(s->config.sites, reg);
	size_t n = site_set_count(site_set_and(there, of_next)) +
		   (want->joins != NULL);

	if (!claim_has_quorum(claim, there))
		FAIL(op, RC_REFUSED,
		    "%zu of %u sites are there, and the register changes only "
		    "where %u of them agree",
		    site_set_count(there), claim_register(claim)->n,
		    register_quorum(claim_register(claim)));
	if (n < register_quorum(reg))
		FAIL(op, RC_REFUSED,
		    "without it %zu site%s would be there, and %u are needed "
		    "to know what was stored (%u sites, min_sites %u)",
		    n, n == 1 ? "" : "s", register_quorum(reg), reg->n, reg->m);
	return RC_OK;
}

static bool
id_is(const uint8_t *wanted, const uint8_t id[OBJECT_ID_SIZE])
{
	return wanted != NULL ? memcmp(wanted, id, OBJECT_ID_SIZE) == 0
			      : site_id_is_none(id);
}

/* Whether the change under way is the one that is wanted. */
static bool
is_this(const struct site_fact *fact, const struct site_change_want *want)
{
	return id_is(want->joins, fact->joins) &&
	       id_is(want->leaves, fact->leaves);
}

/* Removing the site that is being filled. */
static bool
takes_back(const struct site_fact *fact, const struct site_change_want *want)
{
	return fact->phase == SITE_PHASE_FILLING && want->joins == NULL &&
	       want->leaves != NULL && id_is(want->leaves, fact->joins);
}

static enum rc
fact_now(struct op *op, struct service *s, struct site_fact *ret_fact)
{
	bool loaded;

	mutex_lock(&s->change.lock);
	loaded = s->change.loaded;
	*ret_fact = s->change.fact;
	mutex_unlock(&s->change.lock);
	return loaded ? RC_OK : site_fact_newest(op, s, ret_fact);
}

enum rc
site_change_check(struct op *op, struct service *service,
    const struct site_change_want *want, struct site_register *ret_register)
{
	struct service *s = service;
	struct site_fact fact;

	if (s->config.read_only || !s->claimed ||
	    s->provider->mode != TENANT_READY)
		FAIL(op, RC_NOT_STORED,
		    "too few sites are reachable to change the register");
	TRY(fact_now(op, s, &fact));
	if (site_change_is_under_way(fact.phase)) {
		*ret_register = fact.reg;
		if (is_this(&fact, want) || takes_back(&fact, want))
			return RC_OK;
		FAIL(op, RC_BUSY,
		    "another change of the sites is under way (dozo site "
		    "status tells): one at a time");
	}
	if (s->claim->n_registers != 1)
		FAIL(op, RC_BUSY, "the register of sites is amid a change");
	TRY(register_next(op, claim_register(s->claim), want, ret_register));
	return enough_there(op, s, ret_register, want);
}

/* The number of the version was named by no fence, and is used again. */
static enum rc
take_back(struct op *op, struct service *s, struct site_fact *fact)
{
	const struct site_fact before = *fact;

	fact->reg = *claim_register(s->claim);
	fact->reg.version++;
	memcpy(fact->leaves, fact->joins, OBJECT_ID_SIZE);
	memset(fact->joins, 0, OBJECT_ID_SIZE);
	fact->phase = SITE_PHASE_LEAVING;
	return site_fact_commit(op, s, &before, fact, NULL);
}

static enum rc
begin(struct op *op, struct service *s, const struct site_change_want *want,
    struct site_fact *fact)
{
	const struct site_fact before = *fact;

	memset(fact, 0, sizeof(*fact));
	TRY(site_change_check(op, s, want, &fact->reg));
	if (want->joins != NULL)
		memcpy(fact->joins, want->joins, OBJECT_ID_SIZE);
	if (want->leaves != NULL)
		memcpy(fact->leaves, want->leaves, OBJECT_ID_SIZE);
	fact->phase =
	    want->joins != NULL ? SITE_PHASE_FILLING : SITE_PHASE_SWITCHING;
	return site_fact_commit(op, s, &before, fact, want->name);
}

enum rc
site_change_begin(
    struct op *op, struct service *service, const struct site_change_want *want)
{
	struct site_change *c = &service->change;
	struct site_register reg;
	struct site_fact fact;

	TRY(site_change_check(op, service, want, &reg));
	TRY(fact_now(op, service, &fact));
	if (!site_change_is_under_way(fact.phase))
		TRY(begin(op, service, want, &fact));
	else if (takes_back(&fact, want))
		TRY(take_back(op, service, &fact));
	mutex_lock(&c->lock);
	c->fact = fact;
	c->loaded = true;
	c->why[0] = '\0';
	cond_broadcast(&c->changed);
	mutex_unlock(&c->lock);
	return RC_OK;
}
