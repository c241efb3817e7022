/* site_keys.c - the sites' wrapping keys, and their rotation. */
#include "core/site_keys.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/str.h"
#include "core/audit.h"
#include "core/service.h"
#include "meta/tenant.h"

enum { STEP_MS = 200, AGAIN_S = 5, WAIT_MS = 500 };

void
site_keys_init(struct site_keys *keys)
{
	mutex_init(&keys->changing);
	mutex_init(&keys->lock);
	cond_init(&keys->changed);
}

void
site_keys_release(struct site_keys *keys)
{
	cond_release(&keys->changed);
	mutex_release(&keys->lock);
	mutex_release(&keys->changing);
}

enum rc
site_keys_get(struct op *op, struct service *service, const struct site *site,
    struct keystore_site *ret_keys)
{
	const struct keystore_site *keys;

	MUTEX_GUARD(&service->site_keys.lock);
	keys = keystore_find(service->config.keystore, site->id);
	if (keys == NULL)
		FAIL(op, RC_REFUSED, "the master key has no key for site %s",
		    site->name);
	return keystore_site_copy(op, keys, ret_keys);
}

/* ---- changes: first the file, then what is at hand ---- */

static enum rc
keep(struct op *op, struct service *s, const struct keystore *keystore)
{
	if (s->config.keep == NULL)
		FAIL(op, RC_REFUSED, "this service keeps no master key");
	return s->config.keep(s->config.keep_arg, op, keystore);
}

static enum rc
copy_of(struct op *op, struct service *s, struct keystore **ret_copy)
{
	MUTEX_GUARD(&s->site_keys.lock);
	return keystore_copy(op, s->config.keystore, ret_copy);
}

/* What is at hand becomes what was kept. */
static void
take(struct service *s, struct keystore *kept)
{
	struct site_keys *k = &s->site_keys;

	mutex_lock(&k->lock);
	keystore_exchange(s->config.keystore, kept);
	cond_broadcast(&k->changed);
	mutex_unlock(&k->lock);
}

enum rc
site_keys_switch(struct op *op, struct service *service, struct span file)
{
	CLEANUP(keystore_free_ptr) struct keystore *now = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;

	MUTEX_GUARD(&service->site_keys.changing);
	TRY(copy_of(op, service, &now));
	TRY(keystore_read_like(op, file, now, &next));
	if (!keystore_follows(next, now))
		FAIL(op, RC_CONFLICT,
		    "this is not the master key that follows on the one in "
		    "use");
	TRY(audit_act(op, service->provider, AUDIT_KEY_SITES, AUDIT_KEY_VERSION,
	    (int64_t)next->version));
	FAILPOINT("site_keys.switching");
	TRY(keep(op, service, next));
	FAILPOINT("site_keys.kept");
	take(service, next);
	log_info(op, "site-keys", "version=%u",
	    (unsigned)service->config.keystore->version);
	return RC_OK;
}

enum rc
site_keys_passphrase(
    struct op *op, struct service *service, struct span now, struct span next)
{
	CLEANUP(keystore_free_ptr) struct keystore *copy = NULL;

	MUTEX_GUARD(&service->site_keys.changing);
	TRY(copy_of(op, service, &copy));
	TRY(keystore_check_passphrase(op, copy, now));
	if (next.data != NULL)
		TRY(keystore_seal(op, copy, next));
	else
		keystore_unseal(copy);
	TRY(keep(op, service, copy));
	take(service, copy);
	return RC_OK;
}

/* Nothing on the site needs the former key any more. */
static enum rc
former_drop(struct op *op, struct service *s, const struct site *site)
{
	CLEANUP(keystore_free_ptr) struct keystore *copy = NULL;

	MUTEX_GUARD(&s->site_keys.changing);
	TRY(copy_of(op, s, &copy));
	keystore_drop_former(copy, site->id);
	FAILPOINT("site_keys.dropping");
	TRY(keep(op, s, copy));
	FAILPOINT("site_keys.dropped");
	take(s, copy);
	log_info(op, "site-key-dropped", "site=%s", site->name);
	return RC_OK;
}

enum rc
site_keys_add(struct op *op, struct service *service,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name)
{
	CLEANUP(keystore_free_ptr) struct keystore *copy = NULL;

	MUTEX_GUARD(&service->site_keys.changing);
	TRY(copy_of(op, service, &copy));
	if (keystore_find(copy, id) != NULL)
		return RC_OK;
	TRY(keystore_add_site(op, copy, id, name));
	TRY(keep(op, service, copy));
	FAILPOINT("site_place.keyed");
	take(service, copy);
	return RC_OK;
}

enum rc
site_keys_drop(
    struct op *op, struct service *service, const uint8_t id[KEYSTORE_ID_SIZE])
{
	CLEANUP(keystore_free_ptr) struct keystore *copy = NULL;

	MUTEX_GUARD(&service->site_keys.changing);
	TRY(copy_of(op, service, &copy));
	if (keystore_find(copy, id) == NULL)
		return RC_OK;
	keystore_remove_site(copy, id);
	TRY(keep(op, service, copy));
	take(service, copy);
	return RC_OK;
}

/* ---- one tenant on one site ---- */

struct look {
	struct service *service;
	struct site *site;
	uint64_t tenant;
	const struct keystore_site *keys; /* without the former */
	size_t n_open;
	size_t n_shut;
};

static enum rc
ring_look(void *arg, struct op *op, const char *file)
{
	struct look *look = arg;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	CLEANUP(buf_release) struct buf bytes = {.limit = KEYRING_OBJECT_MAX};
	struct object_name object;
	struct key_name name;
	enum rc rc;

	TRY(object_key_parse(op, file, &name));
	object_key(&object, look->tenant, &name);
	rc = site_get(op, look->site, &object, &bytes);
	if (rc == RC_OK)
		rc = keyring_open(op, buf_span(&bytes), look->tenant,
		    look->service->config.keystore->service, look->keys, &ring);
	look->n_open += rc == RC_OK;
	look->n_shut += rc == RC_DAMAGED || rc == RC_INVALID || rc == RC_LIMIT;
	if (rc != RC_OK && rc != RC_DAMAGED && rc != RC_INVALID &&
	    rc != RC_LIMIT && rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return RC_OK;
}

/* *ret_clean: a keyring stands there, durably, and the present key opens all
 * that do. */
static enum rc
site_look(struct op *op, struct service *s, size_t i, uint64_t tenant,
    bool *ret_clean)
{
	CLEANUP(keystore_site_release) struct keystore_site keys = {0};
	struct look look = {
	    .service = s,
	    .site = s->config.sites->slots[i].site,
	    .tenant = tenant,
	    .keys = &keys,
	};
	char folder[OBJECT_FOLDER_SIZE];

	TRY(site_keys_get(op, s, look.site, &keys));
	keystore_site_drop_former(&keys);
	object_folder(folder, "keys", tenant);
	TRY(site_list(
	    op, look.site, folder, SITE_LIST_DURABLE, ring_look, &look));
	*ret_clean = look.n_open > 0 && look.n_shut == 0;
	return RC_OK;
}

/* Of these sites those where it is clean. */
static enum rc
tenant_look(struct op *op, struct service *s, uint64_t tenant,
    struct site_set sites, struct site_set *ret_clean)
{
	struct site_set clean = {0};
	bool is_clean;
	size_t i;
	enum rc rc;

	for (i = 0; i < s->config.sites->n; i++) {
		if (!site_set_has(sites, i))
			continue;
		rc = site_look(op, s, i, tenant, &is_clean);
		if (rc == RC_NO_MEMORY)
			return rc;
		if (rc != RC_OK)
			sites_failed(op, s->config.sites, i, rc);
		else if (is_clean)
			clean = site_set_with(clean, i);
	}
	*ret_clean = clean;
	return RC_OK;
}

/* Under tenant_lock. L29: before anything is deleted a number of this claim
 * stands. */
static enum rc
renew_locked(struct op *op, struct tenant *t, struct site_set unclean)
{
	struct site_set in = lanes_in_service(&t->lanes);

	if (t->mode != TENANT_READY || !claim_has_m(t->lanes.claim, in))
		FAIL(op, RC_BUSY, "it takes no changes now: %s", t->why);
	if (site_set_and(unclean, in).bits == 0)
		FAIL(op, RC_BUSY, "the site is behind");
	if (!t->own_number)
		TRY(tenant_opening(op, t, in));
	TRY(tenant_ring_renew(op, t, &in));
	return tenant_ring_sweep(op, t, in);
}

static enum rc
tenant_renew(
    struct op *op, struct service *s, uint64_t id, struct site_set unclean)
{
	CLEANUP(tenant_put_ptr) struct tenant *opened = NULL;
	struct tenant *t = s->provider;
	enum rc rc;

	if (id != TENANT_PROVIDER) {
		TRY(service_tenant(op, s, id, &opened));
		t = opened;
	}
	tenant_lock(t);
	rc = renew_locked(op, t, unclean);
	tenant_unlock(t);
	return rc;
}

static enum rc
tenant_turn(struct op *op, struct service *s, const struct tenant_row *row,
    struct site_set sites, struct site_set *ret_clean)
{
	TRY(tenant_look(op, s, row->id, sites, ret_clean));
	if (ret_clean->bits == sites.bits)
		return RC_OK;
	if (row->state != TENANT_ROW_ACTIVE)
		FAIL(op, RC_BUSY, "it is being made");
	TRY(tenant_renew(
	    op, s, row->id, (struct site_set){sites.bits & ~ret_clean->bits}));
	return tenant_look(op, s, row->id, sites, ret_clean);
}

/* ---- a pass over all tenants ---- */

static struct site_set
sites_pending(struct service *s)
{
	struct site_set pending = {0};
	size_t i;

	MUTEX_GUARD(&s->site_keys.lock);
	for (i = 0; i < s->config.sites->n; i++) {
		const struct keystore_site *keys = keystore_find(
		    s->config.keystore, s->config.sites->slots[i].site->id);

		if (keys != NULL && keys->former.key != NULL)
			pending = site_set_with(pending, i);
	}
	return pending;
}

static void
why_set(struct service *s, struct site_set sites, const char *why)
{
	size_t i;

	MUTEX_GUARD(&s->site_keys.lock);
	for (i = 0; i < s->config.sites->n; i++)
		if (site_set_has(sites, i))
			(void)snprintf(s->site_keys.why[i], SITE_WHY_SIZE,
			    "%.*s", SITE_WHY_SIZE - 1, why);
}

/* Gives these sites up for this pass. */
static void
sites_give_up(struct service *s, struct site_set sites, const char *why)
{
	s->site_keys.ok.bits &= ~sites.bits;
	why_set(s, sites, why);
}

/* Those that were there all the time since the pass began. */
static struct site_set
sites_stayed(struct service *s)
{
	struct site_set stayed = claim_sites(s->claim);
	size_t i;

	for (i = 0; i < s->config.sites->n; i++)
		if (sites_epoch(s->config.sites, i) != s->site_keys.epochs[i])
			stayed = site_set_without(stayed, i);
	return stayed;
}

static void
pass_begin(struct service *s, struct site_set pending)
{
	struct site_keys *k = &s->site_keys;
	struct site_set there;
	size_t i;

	for (i = 0; i < s->config.sites->n; i++)
		k->epochs[i] = sites_epoch(s->config.sites, i);
	there = site_set_and(pending, claim_sites(s->claim));
	k->tried = k->ok = there;
	k->running = true;
	k->provider_done = false;
	k->after = 0;
	mutex_lock(&k->lock);
	k->begun++;
	k->soon = false;
	mutex_unlock(&k->lock);
	why_set(s, (struct site_set){pending.bits & ~there.bits}, "it is away");
}

static enum rc
row_take(void *arg, struct op *op, const struct tenant_row *row)
{
	struct tenant_row *found = arg;

	(void)op;
	*found = *row;
	return RC_OK;
}

/* The provider's log, then the tenants in the order of ids. RC_NOT_FOUND: that
 * was all. */
static enum rc
next_tenant(struct op *op, struct service *s, struct tenant_row *ret_row)
{
	struct site_keys *k = &s->site_keys;
	struct tenant_row row = {.id = TENANT_PROVIDER};
	struct reader *reader;
	enum rc rc;

	if (!k->provider_done) {
		k->provider_done = true;
		row.state = TENANT_ROW_ACTIVE;
		*ret_row = row;
		return RC_OK;
	}
	TRY(tenant_reader(op, s->provider, &reader));
	rc = tenant_row_list(op, &reader->meta, k->after, 1, row_take, &row);
	tenant_reader_put(s->provider, reader);
	TRY(rc);
	if (row.id == TENANT_PROVIDER)
		return RC_NOT_FOUND;
	k->after = row.id;
	*ret_row = row;
	return RC_OK;
}

/* True where the pass is over. */
static bool
pass_step(struct op *op, struct service *s)
{
	struct site_keys *k = &s->site_keys;
	struct site_set clean = {0};
	struct tenant_row row;
	char why[SITE_WHY_SIZE];
	enum rc rc;

	k->ok = site_set_and(k->ok, sites_stayed(s));
	if (k->ok.bits == 0)
		return true;
	rc = next_tenant(op, s, &row);
	if (rc == RC_NOT_FOUND)
		return true;
	if (rc != RC_OK) {
		sites_give_up(s, k->ok, op_error(op, rc));
		op_clear_error(op);
		return true;
	}
	rc = tenant_turn(op, s, &row, k->ok, &clean);
	(void)snprintf(why, sizeof(why), "tenant %016llx: %.100s",
	    (unsigned long long)row.id,
	    rc == RC_OK ? "its keyring there is not the new one yet"
			: op_error(op, rc));
	op_clear_error(op);
	clean = rc == RC_OK ? clean : (struct site_set){0};
	sites_give_up(s, (struct site_set){k->ok.bits & ~clean.bits}, why);
	return false;
}

/* Heads are sealed by the site's key too: the newest has to be under the
 * present one. */
static void
pass_confirm(struct op *op, struct service *s)
{
	struct site_keys *k = &s->site_keys;
	struct site_set on = {0};
	size_t i;
	enum rc rc = RC_OK;

	if (k->ok.bits != 0)
		rc = heads_write(op, s, &on);
	k->ok = site_set_and(k->ok, site_set_and(on, sites_stayed(s)));
	FAILPOINT("site_keys.heads");
	for (i = 0; rc == RC_OK && i < s->config.sites->n; i++)
		if (site_set_has(k->ok, i))
			rc = former_drop(op, s, s->config.sites->slots[i].site);
	if (rc == RC_OK)
		return;
	log_error(op, "site-keys", "why=\"%s\"", op_error(op, rc));
	why_set(s, k->ok, op_error(op, rc));
	op_clear_error(op);
}

static void
pass_end(struct op *op, struct service *s)
{
	struct site_keys *k = &s->site_keys;
	struct site_set gone = {k->tried.bits & ~sites_stayed(s).bits};

	pass_confirm(op, s);
	why_set(s, gone, "it went away meanwhile");
	k->running = false;
	k->next_try = clock_mono() + AGAIN_S * CLOCK_S;
	mutex_lock(&k->lock);
	k->ended = k->begun;
	k->confirming = false;
	cond_broadcast(&k->changed);
	mutex_unlock(&k->lock);
}

static void
both_wake(struct service *s)
{
	mutex_lock(&s->lock);
	cond_broadcast(&s->changed);
	mutex_unlock(&s->lock);
}

static bool
is_confirming(struct service *s)
{
	MUTEX_GUARD(&s->site_keys.lock);
	return s->site_keys.confirming;
}

/* Heads are the keeper's to write. */
static void
pass_hand_over(struct service *s)
{
	mutex_lock(&s->site_keys.lock);
	s->site_keys.confirming = true;
	mutex_unlock(&s->site_keys.lock);
	both_wake(s);
}

void
site_keys_confirm(struct op *op, struct service *service)
{
	if (service->config.keep != NULL && is_confirming(service))
		pass_end(op, service);
}

static bool
pass_due(struct service *s, struct site_set pending)
{
	struct site_keys *k = &s->site_keys;
	struct site_set there = site_set_and(pending, claim_sites(s->claim));
	bool soon;

	if (pending.bits == 0)
		return false;
	mutex_lock(&k->lock);
	soon = k->soon;
	mutex_unlock(&k->lock);
	return soon || (there.bits != 0 && (there.bits != k->tried.bits ||
					       clock_mono() >= k->next_try));
}

bool
site_keys_step(struct op *op, struct service *service)
{
	struct service *s = service;
	int64_t until = clock_mono() + STEP_MS * CLOCK_MS;
	struct site_set pending;

	if (s->config.keep == NULL || is_confirming(s))
		return false;
	if (!s->site_keys.running) {
		pending = sites_pending(s);
		if (!pass_due(s, pending))
			return false;
		pass_begin(s, pending);
	}
	while (!pass_step(op, s))
		if (clock_mono() >= until)
			return true;
	pass_hand_over(s);
	return false;
}

/* ---- for others ---- */

static bool
is_stopping(struct service *s, const atomic_bool *stop)
{
	return s->stopping || !service_stands(s) ||
	       (stop != NULL && atomic_load(stop));
}

/* Asks for a pass; which one it will be at the latest. */
static uint64_t
pass_ask(struct service *s)
{
	struct site_keys *k = &s->site_keys;
	uint64_t wanted;

	mutex_lock(&k->lock);
	k->soon = true;
	wanted = k->begun + 1;
	mutex_unlock(&k->lock);
	both_wake(s);
	return wanted;
}

enum rc
site_keys_await(struct op *op, struct service *service, const atomic_bool *stop)
{
	struct service *s = service;
	struct site_keys *k = &s->site_keys;
	uint64_t wanted;
	bool over = false;

	if (s->config.read_only || !s->claimed)
		FAIL(op, RC_NOT_STORED,
		    "too few sites are reachable to write to them");
	wanted = pass_ask(s);
	while (!over && !is_stopping(s, stop)) {
		mutex_lock(&k->lock);
		over = k->ended >= wanted ||
		       keystore_pending(s->config.keystore) == 0;
		if (!over)
			(void)cond_wait_until(&k->changed, &k->lock,
			    clock_mono() + WAIT_MS * CLOCK_MS);
		mutex_unlock(&k->lock);
	}
	return RC_OK;
}

void
site_keys_describe(
    const struct keystore *keystore, struct site_keys_state *ret_state)
{
	size_t i;

	memset(ret_state, 0, sizeof(*ret_state));
	ret_state->version = keystore->version;
	keystore_fingerprint(keystore, ret_state->fingerprint);
	ret_state->sealed = keystore->seal.key != NULL;
	ret_state->n_pending = keystore_pending(keystore);
	ret_state->n_sites = keystore->n_sites;
	for (i = 0; i < keystore->n_sites; i++) {
		const struct keystore_site *site = &keystore->sites[i];

		memcpy(
		    ret_state->sites[i].name, site->name, sizeof(site->name));
		memcpy(ret_state->sites[i].id, site->id, KEYSTORE_ID_SIZE);
		ret_state->sites[i].pending = site->former.key != NULL;
	}
}

void
site_keys_look(struct service *service, struct site_keys_state *ret_state)
{
	const struct keystore *keystore = service->config.keystore;
	size_t i, slot;

	MUTEX_GUARD(&service->site_keys.lock);
	site_keys_describe(keystore, ret_state);
	for (i = 0; i < keystore->n_sites; i++) {
		if (!ret_state->sites[i].pending)
			continue;
		slot = sites_find(service->config.sites, keystore->sites[i].id);
		(void)str_copy(ret_state->sites[i].why, SITE_WHY_SIZE,
		    slot < SITES_MAX ? service->site_keys.why[slot]
				     : "dozo.conf does not name it");
	}
}
