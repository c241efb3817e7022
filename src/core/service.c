/* service.c - start and stop of a service, its tenants, and the keeper thread
 * that looks after sites. */
#include "core/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/heads.h"
#include "core/mend.h"
#include "core/scrub.h"

enum { KEEPER_STEP_MS = 500, START_AGAIN_S = 10, UNPROVEN_S = 15 };

/* L19: the stamp of DIR/clock, or nothing known: a new service. */
static enum rc
clock_start(struct op *op, struct service *s)
{
	struct clock_stamp stamp = {0};
	CLEANUP(buf_release) struct buf bytes = {0};
	bool accept = false;
	enum rc rc;

	buf_init(&bytes, CLOCK_STAMP_TEXT);
	rc = io_read_file(op, s->config.dir_fd, "clock", &bytes);
	if (rc == RC_OK)
		rc = buf_add(op, &bytes, span_of("", 1));
	if (rc == RC_OK)
		rc = clock_stamp_parse(op, (const char *)bytes.data, &stamp);
	if (rc == RC_NO_MEMORY)
		return rc;
	op_clear_error(op);
	TRY(io_exists(op, s->config.dir_fd, "clock.accept", &accept));
	TRY(heads_newest_stamp(op, s, &stamp));
	service_clock_init(&s->clock, &stamp, accept);
	/* A new service has no stamp to go on from. */
	if (s->clock.not_counted > 0 && stamp.boot_id[0] != '\0')
		log_warn(op, "clock", "not_counted_s=%lld",
		    (long long)(s->clock.not_counted / CLOCK_S));
	if (accept)
		return io_unlink(op, s->config.dir_fd, "clock.accept");
	return RC_OK;
}

static enum rc
clock_keep(struct op *op, struct service *s)
{
	struct clock_stamp stamp;
	char text[CLOCK_STAMP_TEXT];

	service_clock_stamp(&s->clock, &stamp);
	clock_stamp_text(&stamp, text);
	return io_write_file(
	    op, s->config.dir_fd, "clock", span_str(text), 0600);
}

/*
 * L2: the claim that the present one makes way for: none could be had at the
 * start, or it is stale. Tenants go over to it as they are started, by the
 * rules of L3; what is under way under the former one comes to nothing.
 */
static enum rc
claim_renew(struct op *op, struct service *s)
{
	struct claim *claim;
	enum rc rc;

	TRY(claim_new(op, s->config.sites, &claim));
	rc = claim_take(op, claim, NULL, s->config.host);
	if (rc != RC_OK) {
		claim_free(claim);
		return rc;
	}
	claim->former = s->claim;
	s->claim = claim;
	s->proven_at = clock_mono();
	atomic_store(&s->claimed, true);
	return RC_OK;
}

static bool
claim_is_stale(const struct service *s)
{
	return atomic_load(&s->claim->end) == CLAIM_STALE;
}

/* Opens the provider's log; a new service's is made. */
static enum rc
provider_open(struct op *op, struct service *s)
{
	enum rc rc;

	TRY(tenant_new(op, s, TENANT_PROVIDER, &s->provider));
	s->provider->users = 1;
	if (s->config.first == NULL) {
		rc = tenant_open(op, s->provider);
		if (rc != RC_FENCED || !claim_is_stale(s))
			return rc;
		/* A site has come between the claim and here. */
		op_clear_error(op);
		TRY(claim_renew(op, s));
		return tenant_open(op, s->provider);
	}
	tenant_lock(s->provider);
	rc = tenant_create(op, s->provider);
	tenant_unlock(s->provider);
	return rc;
}

static void service_keeper(void *arg);

/*
 * The right to write (L2), if enough sites are there. Without it a service that
 * exists already shows what it can (L3, 1 and 6).
 */
static enum rc
claim_start(struct op *op, struct service *s)
{
	enum rc rc;

	if (s->config.read_only) {
		/* Only to tell how many sites there should be. */
		rc = claim_read_register(op, s->claim);
		op_clear_error(op);
		return RC_OK;
	}
	rc = claim_take(op, s->claim, s->config.first, s->config.host);
	atomic_store(&s->claimed, rc == RC_OK);
	if (rc != RC_UNPROVEN || s->config.first != NULL)
		return rc;
	log_warn(op, "not-claimed", "why=\"%s\"", op->error);
	op_clear_error(op);
	return claim_read_register(op, s->claim);
}

static enum rc
service_start(struct op *op, struct service *s)
{
	struct claim *claim;

	TRY(claim_new(op, s->config.sites, &claim));
	s->claim = claim;
	TRY(sites_start(op, s->config.sites));
	reserve_look(op, s);
	TRY(claim_start(op, s));
	TRY(clock_start(op, s));
	s->clock_runs = true;
	TRY(provider_open(op, s));
	TRY(service_resume_adding(op, s));
	if (s->config.committers > 0)
		TRY(work_pool_start(
		    op, "committer", s->config.committers, &s->committers));
	survey_load(op, s);
	TRY(scrub_new(op, s, &s->scrub));
	TRY(thread_start(op, &s->keeper, "keeper", service_keeper, s));
	s->keeper_runs = true;
	if (s->config.read_only)
		return RC_OK;
	TRY(thread_start(op, &s->mender, "mender", service_mender, s));
	s->mender_runs = true;
	TRY(thread_start(op, &s->changer, "changer", site_change_thread, s));
	s->changer_runs = true;
	if (s->config.upkeep)
		TRY(scrub_resume(op, s->scrub));
	return upkeep_start(op, s);
}

enum rc
service_open(struct op *op, const struct service_config *config,
    struct service **ret_service)
{
	struct service *s = mem_alloc(sizeof(*s));
	enum rc rc;

	if (s == NULL) {
		sites_free(config->sites);
		FAIL(op, RC_NO_MEMORY, "out of memory");
	}
	s->config = *config;
	if (s->config.offer_time == 0)
		s->config.offer_time = 10 * CLOCK_S;
	if (s->config.slow_time == 0)
		s->config.slow_time = 10 * CLOCK_S;
	mutex_init(&s->lock);
	cond_init(&s->changed);
	survey_init(&s->survey);
	site_keys_init(&s->site_keys);
	site_change_init(&s->change);
	reserve_init(&s->reserve);
	upkeep_seen_init(&s->upkeep.seen);
	s->started = clock_mono();
	rc = service_start(op, s);
	if (rc != RC_OK) {
		service_close(op, s);
		return rc;
	}
	*ret_service = s;
	return RC_OK;
}

static void
tenants_close(struct op *op, struct service *s)
{
	struct tenant *t;

	while ((t = s->tenants) != NULL) {
		s->tenants = t->next;
		tenant_close(op, t);
		tenant_free(t);
	}
	if (s->provider != NULL) {
		tenant_close(op, s->provider);
		tenant_free(s->provider);
	}
}

void
service_close(struct op *op, struct service *service)
{
	struct service *s = service;
	struct site_set on;
	enum rc rc = RC_OK;

	if (s == NULL)
		return;
	mutex_lock(&s->lock);
	s->stopping = true;
	cond_broadcast(&s->changed);
	mutex_unlock(&s->lock);
	mutex_lock(&s->change.lock);
	cond_broadcast(&s->change.changed);
	mutex_unlock(&s->change.lock);
	if (s->changer_runs)
		thread_join(&s->changer);
	scrub_free(s->scrub);
	if (s->mender_runs)
		thread_join(&s->mender);
	if (s->keeper_runs)
		thread_join(&s->keeper);
	upkeep_join(s);
	work_pool_stop(s->committers);
	if (s->keeper_runs && s->claimed)
		rc = heads_write(op, s, &on);
	op_clear_error(op);
	tenants_close(op, s);
	if (s->clock_runs && !s->config.read_only)
		rc = clock_keep(op, s);
	if (rc != RC_OK)
		log_warn(op, "clock-not-kept", "why=\"%s\"", op_error(op, rc));
	op_clear_error(op);
	if (s->clock_runs)
		service_clock_release(&s->clock);
	heads_release(&s->heads);
	sites_free(s->config.sites);
	claim_free(s->claim);
	survey_release(&s->survey);
	site_change_release(&s->change);
	site_keys_release(&s->site_keys);
	reserve_release(&s->reserve);
	upkeep_seen_release(&s->upkeep.seen);
	cond_release(&s->changed);
	mutex_release(&s->lock);
	mem_free(s);
}

bool
service_stands(struct service *service)
{
	return service->config.read_only ||
	       atomic_load(&service->claim->end) != CLAIM_FENCED;
}

/* The open or known tenant of this id, or NULL. Under the lock. */
static struct tenant *
tenant_listed(struct service *s, uint64_t id)
{
	struct tenant *t;

	for (t = s->tenants; t != NULL; t = t->next)
		if (t->id == id)
			return t;
	return NULL;
}

enum rc
service_tenant_known(
    struct op *op, struct service *s, uint64_t id, struct tenant **ret_tenant)
{
	struct tenant *t;
	enum rc rc = RC_OK;

	mutex_lock(&s->lock);
	t = tenant_listed(s, id);
	if (t == NULL) {
		rc = tenant_new(op, s, id, &t);
		if (rc == RC_OK) {
			t->next = s->tenants;
			s->tenants = t;
		}
	}
	if (rc == RC_OK) {
		mutex_lock(&t->lock);
		t->users++;
		mutex_unlock(&t->lock);
		*ret_tenant = t;
	}
	mutex_unlock(&s->lock);
	return rc;
}

enum rc
service_tenant(struct op *op, struct service *service, uint64_t id,
    struct tenant **ret_tenant)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct service_tenant_info info;

	mutex_lock(&service->lock);
	t = tenant_listed(service, id);
	if (t != NULL) {
		mutex_lock(&t->lock);
		t->users++;
		mutex_unlock(&t->lock);
	}
	mutex_unlock(&service->lock);
	if (t == NULL) {
		TRY(service_tenant_get(op, service, id, &info));
		TRY(service_tenant_known(op, service, id, &t));
	}
	TRY(tenant_open(op, t));
	*ret_tenant = t;
	t = NULL;
	return RC_OK;
}

enum rc
service_pin(
    struct op *op, struct service *service, struct service_pinned *ret_pinned)
{
	struct service *s = service;
	struct tenant **list;
	struct tenant *t;
	size_t n = 1, i;

	mutex_lock(&s->lock);
	for (t = s->tenants; t != NULL; t = t->next)
		n++;
	if (op_alloc(op, n * sizeof(struct tenant *), &list) != RC_OK) {
		mutex_unlock(&s->lock);
		return RC_NO_MEMORY;
	}
	n = 0;
	list[n++] = s->provider;
	for (t = s->tenants; t != NULL; t = t->next)
		if (t->mode != TENANT_CLOSED)
			list[n++] = t;
	for (i = 0; i < n; i++) {
		mutex_lock(&list[i]->lock);
		list[i]->users++;
		mutex_unlock(&list[i]->lock);
	}
	mutex_unlock(&s->lock);
	*ret_pinned = (struct service_pinned){n, list};
	return RC_OK;
}

void
service_unpin(struct service_pinned *pinned)
{
	size_t i;

	for (i = 0; i < pinned->n; i++) {
		mutex_lock(&pinned->tenants[i]->lock);
		pinned->tenants[i]->users--;
		mutex_unlock(&pinned->tenants[i]->lock);
	}
}

/* ---- the keeper ---- */

/* Whether the site is there, looked at anew; what was away is looked for. */
static bool
keep_site(struct op *op, struct service *s, size_t i)
{
	struct sites *sites = s->config.sites;
	enum rc rc;

	if (site_set_has(sites_attached(sites), i)) {
		rc = site_verify(op, sites->slots[i].site);
		if (rc == RC_OK)
			return true;
		sites_failed(op, sites, i, rc);
	}
	claim_forget(s->claim, i);
	return sites_try(op, sites, i);
}

/* Those that came are fenced before they count. */
static void
keep_sites(struct op *op, struct service *s)
{
	struct claim *claim = s->claim;
	size_t i;
	enum rc rc;

	for (i = 0; i < s->config.sites->n; i++) {
		if (!keep_site(op, s, i) || !s->claimed ||
		    !claim_stands(claim) ||
		    !site_set_has(claim->of_register, i) ||
		    site_set_has(claim_sites(claim), i))
			continue;
		rc = claim_extend(op, claim, i);
		if (rc != RC_OK && rc != RC_FENCED)
			sites_failed(op, s->config.sites, i, rc);
		op_clear_error(op);
	}
}

/* L2: every server looks for a higher fence each 5 s; on fewer than R sites for
 * 15 s the head is unproven. */
static void
keep_claim(struct op *op, struct service *s)
{
	struct site_set set = claim_sites(s->claim);
	struct site_set looked = {0};
	size_t i;

	for (i = 0; i < s->config.sites->n; i++) {
		if (!site_set_has(set, i))
			continue;
		if (claim_check(op, s->claim, i) == RC_OK)
			looked = site_set_with(looked, i);
		op_clear_error(op);
	}
	if (claim_has_r(s->claim, looked))
		s->proven_at = clock_mono();
}

/*
 * Whether to start it again: the claim is another, a site came or went, or
 * there are m of them, and what failed may have passed. Nobody else opens the
 * provider's log.
 */
static bool
start_is_due(struct service *s, struct tenant *t, struct site_set set)
{
	if (t->mode == TENANT_REFUSED ||
	    (t->mode == TENANT_CLOSED && t != s->provider))
		return false;
	if (t->mode != TENANT_CLOSED && t->lanes.claim != s->claim)
		return true;
	if (t->mode != TENANT_CLOSED && t->mode != TENANT_READ_ONLY)
		return false;
	return set.bits != t->tried_with.bits ||
	       (claim_has_m(s->claim, set) &&
		   clock_mono() - t->tried_at > START_AGAIN_S * CLOCK_S);
}

/* One tenant's turn: slow sites are left behind, a start that had too few sites
 * is tried again, a doubt is ended. */
static void
keep_tenant(struct op *op, struct service *s, struct tenant *t)
{
	struct site_set set = claim_sites(s->claim);
	enum rc rc = RC_OK;

	lanes_drop_slow(op, &t->lanes, s->config.slow_time);
	if (start_is_due(s, t, set)) {
		t->tried_with = set;
		t->tried_at = clock_mono();
		rc = t->mode == TENANT_CLOSED ? tenant_open(op, t)
					      : tenant_start_again(op, t);
	}
	if (t->mode == TENANT_IN_DOUBT)
		rc = tenant_settle(op, t);
	if (rc != RC_OK)
		op_clear_error(op);
}

static void
keep_tenants(struct op *op, struct service *s)
{
	struct service_pinned pinned;
	size_t i;

	if (service_pin(op, s, &pinned) != RC_OK) {
		op_clear_error(op);
		return;
	}
	for (i = 0; i < pinned.n && !s->stopping; i++)
		keep_tenant(op, s, pinned.tenants[i]);
	service_unpin(&pinned);
}

/* Each 10 s the clock's stamp, each minute the heads. */
static void
keep_stamps(struct op *op, struct service *s, uint64_t step)
{
	enum rc rc = step % 20 == 0 ? clock_keep(op, s) : RC_OK;
	struct site_set on;

	if (rc == RC_OK && step % 120 == 1)
		rc = heads_write(op, s, &on);
	if (rc != RC_OK)
		log_warn(op, "not-kept", "why=\"%s\"", op_error(op, rc));
}

static void
keeper_step(struct op *op, struct service *s, uint64_t step)
{
	keep_sites(op, s);
	if (s->config.read_only || !service_stands(s))
		return;
	if ((!s->claimed || claim_is_stale(s)) && claim_renew(op, s) != RC_OK) {
		op_clear_error(op);
		return;
	}
	if (step % 10 == 0)
		keep_claim(op, s);
	site_change_claim(op, s);
	reserve_look(op, s);
	keep_tenants(op, s);
	keep_stamps(op, s, step);
	site_keys_confirm(op, s);
}

static void
service_keeper(void *arg)
{
	struct service *s = arg;
	uint64_t step = 0;

	s->proven_at = clock_mono();
	mutex_lock(&s->lock);
	while (!s->stopping) {
		struct op op;

		mutex_unlock(&s->lock);
		op_init(&op);
		keeper_step(&op, s, step++);
		op_release(&op);
		mutex_lock(&s->lock);
		if (!s->stopping)
			(void)cond_wait_until(&s->changed, &s->lock,
			    clock_mono() + KEEPER_STEP_MS * CLOCK_MS);
	}
	mutex_unlock(&s->lock);
}

bool
service_has_site(struct service *service, size_t i)
{
	const struct claim *claim = service->claim;

	return claim->n_registers == 0 || site_set_has(claim->of_register, i);
}

static enum service_health
tenant_health(const struct service *s, struct tenant *t)
{
	struct site_set in = lanes_in_service(&t->lanes);
	const struct claim *claim = s->claim;
	size_t damaged[SITES_MAX];

	if (t->mode == TENANT_CLOSED)
		return HEALTH_OK;
	if (!claim_has_m(claim, in) || t->mode == TENANT_READ_ONLY ||
	    t->mode == TENANT_REFUSED)
		return HEALTH_READ_ONLY;
	return site_set_count(in) < claim_register(claim)->n ||
		       repair_count(t, damaged) > 0
		   ? HEALTH_DEGRADED
		   : HEALTH_OK;
}

/* The worst of the tenants that are open. */
static enum service_health
open_health(struct service *s)
{
	enum service_health health, worst = tenant_health(s, s->provider);
	struct tenant *t;

	mutex_lock(&s->lock);
	for (t = s->tenants; t != NULL; t = t->next) {
		health = tenant_health(s, t);
		if (health > worst)
			worst = health;
	}
	mutex_unlock(&s->lock);
	return worst;
}

bool
service_head_unproven(struct service *service)
{
	return !service->config.read_only && service->claimed &&
	       clock_mono() - service->proven_at > UNPROVEN_S * CLOCK_S;
}

enum service_health
service_health(struct service *service)
{
	struct service *s = service;
	struct survey_count count;
	enum service_health health;
	struct io_space local;

	if (s->config.read_only || !s->claimed || !service_stands(s) ||
	    service_head_unproven(s))
		return HEALTH_READ_ONLY;
	health = open_health(s);
	if (health == HEALTH_OK &&
	    (!survey_look(s, &count) || count.behind > 0 ||
		reserve_low_sites(s).bits != 0 || reserve_local(s, &local)))
		return HEALTH_DEGRADED;
	return health;
}
