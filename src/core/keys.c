/* keys.c - a tenant's keyrings on the sites (LOG.md L16). */
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/service.h"
#include "crypto/hash.h"

/* Opens one keyring object; RC_NOT_FOUND where the keystore has no key for the
 * site. */
static enum rc
ring_get(struct op *op, struct tenant *t, size_t site,
    const struct key_name *name, struct keyring **ret_ring)
{
	const struct service_config *config = &t->service->config;
	struct site *from = config->sites->slots[site].site;
	CLEANUP(keystore_site_release) struct keystore_site keys = {0};
	CLEANUP(buf_release) struct buf bytes = {0};
	struct object_name object;

	TRY(site_keys_get(op, t->service, from, &keys));
	buf_init(&bytes, KEYRING_OBJECT_MAX);
	object_key(&object, t->id, name);
	TRY(site_get(op, from, &object, &bytes));
	return keyring_open(op, buf_span(&bytes), t->id,
	    config->keystore->service, &keys, ret_ring);
}

static enum rc
ring_merge(
    struct op *op, struct tenant *t, size_t site, const struct key_name *name)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;

	enum rc rc = RC_OK;

	TRY(ring_get(op, t, site, name, &ring));
	mutex_lock(&t->lock);
	if (t->ring != NULL) {
		rc = keyring_merge(op, t->ring, ring);
	} else {
		t->ring = ring;
		ring = NULL;
	}
	mutex_unlock(&t->lock);
	return rc;
}

static void
ring_changed(struct tenant *t)
{
	if (t->ring_version != 0) /* else it has none yet */
		t->ring_version++;
	t->ring_on = (struct site_set){0};
}

enum rc
tenant_ring_copy(
    struct op *op, struct tenant *tenant, struct keyring **ret_ring)
{
	enum rc rc;

	mutex_lock(&tenant->lock);
	rc = keyring_copy(op, tenant->ring, ret_ring);
	mutex_unlock(&tenant->lock);
	return rc;
}

void
tenant_ring_set(struct tenant *tenant, struct keyring *ring)
{
	struct keyring *old = tenant->ring;

	mutex_lock(&tenant->lock);
	tenant->ring = ring;
	mutex_unlock(&tenant->lock);
	keyring_free(old);
	ring_changed(tenant);
}

enum rc
tenant_ring_read(struct op *op, struct tenant *tenant, const struct tail *tail)
{
	enum rc rc, first = RC_OK;
	size_t k, i;

	size_t known = tenant->ring == NULL ? 0 : tenant->ring->n_epochs;

	/* The newest claim's first: an older one with another root is of a
	 * tenant that was never finished, another key for an epoch was never
	 * used. */
	for (k = tail->n_keys; k-- > 0;)
		for (i = 0; i < tenant->service->config.sites->n; i++) {
			if (!site_set_has(
				site_set_and(tail->keys[k].on, tail->listed),
				i))
				continue;
			rc = ring_merge(op, tenant, i, &tail->keys[k].name);
			if (rc == RC_NO_MEMORY || rc == RC_LIMIT)
				return rc;
			if (rc != RC_OK) {
				log_warn(op, "keyring-unreadable",
				    "site=%s tenant=%016llx why=\"%s\"",
				    tenant->service->config.sites->slots[i]
					.site->name,
				    (unsigned long long)tenant->id,
				    op_error(op, rc));
				first = rc;
				op_clear_error(op);
			}
		}
	/* Other keys are another version: a claim's keyring has one text. */
	if (known > 0 && tenant->ring->n_epochs != known)
		ring_changed(tenant);
	if (tenant->ring == NULL && first != RC_OK)
		FAIL(op, RC_DAMAGED,
		    "no keyring can be opened: the master key is another one, "
		    "or all copies are damaged");
	return RC_OK;
}

/* Seals the keyring for a site and puts it there; reads it back before it
 * counts. */
static enum rc
ring_put_site(struct op *op, struct tenant *t, size_t i)
{
	const struct service_config *config = &t->service->config;
	struct site *site = config->sites->slots[i].site;
	CLEANUP(keystore_site_release) struct keystore_site keys = {0};
	struct key_name name = {
	    .version = t->ring_version,
	    .generation = {t->lanes.claim->counter, t->ring_attempt},
	};
	CLEANUP(buf_release) struct buf bytes = {0};
	CLEANUP(keyring_free_ptr) struct keyring *back = NULL;
	uint8_t hash[SHA256_SIZE];
	struct object_name object;
	char folder[OBJECT_FOLDER_SIZE];

	TRY(site_keys_get(op, t->service, site, &keys));
	buf_init(&bytes, KEYRING_OBJECT_MAX);
	TRY(keyring_seal(op, t->ring, t->ring_version,
	    config->keystore->service, &keys, &bytes));
	sha256_of(buf_span(&bytes), hash);
	memcpy(name.hash8, hash, sizeof(name.hash8));
	object_folder(folder, "keys", t->id);
	TRY(site_prepare(op, site, folder));
	object_key(&object, t->id, &name);
	TRY(site_put(op, site, &object, buf_span(&bytes)));
	TRY(claim_check(op, t->lanes.claim, i));
	return ring_get(op, t, i, &name, &back);
}

/* A claim's keyring keeps its name: put again it is the same object. */
static void
ring_name(struct tenant *t, uint64_t above_version)
{
	if (t->ring_version == 0)
		t->ring_version = above_version + 1;
	if (t->ring_attempt == 0)
		t->ring_attempt = t->attempt;
}

enum rc
tenant_ring_put_again(struct op *op, struct tenant *tenant, size_t i)
{
	struct site_set on = site_set_without(tenant->ring_on, i);

	ring_name(tenant, 0);
	tenant->ring_on = on;
	TRY(ring_put_site(op, tenant, i));
	tenant->ring_on = site_set_with(on, i);
	return RC_OK;
}

enum rc
tenant_ring_put(struct op *op, struct tenant *tenant, uint64_t above_version,
    struct site_set sites, struct site_set *ret_on)
{
	struct sites *all = tenant->service->config.sites;
	size_t i;
	enum rc rc;

	ring_name(tenant, above_version);
	for (i = 0; i < all->n; i++) {
		if (!site_set_has(sites, i) || site_set_has(tenant->ring_on, i))
			continue;
		rc = ring_put_site(op, tenant, i);
		if (rc == RC_FENCED || rc == RC_NO_MEMORY)
			return rc;
		if (rc == RC_OK)
			tenant->ring_on = site_set_with(tenant->ring_on, i);
		else
			sites_failed(op, all, i, rc);
	}
	*ret_on = site_set_and(tenant->ring_on, sites);
	return RC_OK;
}

/* ---- looking ---- */

static enum rc
key_newest(void *arg, struct op *op, const char *file)
{
	struct key_name *newest = arg;
	struct key_name name;
	int order;

	if (object_key_parse(op, file, &name) != RC_OK) {
		op_clear_error(op); /* a stray file */
		return RC_OK;
	}
	order = generation_compare(name.generation, newest->generation);
	if (order > 0 || (order == 0 && name.version > newest->version))
		*newest = name;
	return RC_OK;
}

static enum rc
ring_check(struct op *op, struct tenant *t, size_t i, struct key_name *ret_name)
{
	struct site *site = t->service->config.sites->slots[i].site;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	char folder[OBJECT_FOLDER_SIZE];

	*ret_name = (struct key_name){0};
	object_folder(folder, "keys", t->id);
	TRY(site_list(op, site, folder, SITE_LIST_SEEN, key_newest, ret_name));
	if (ret_name->version == 0)
		FAIL(op, RC_NOT_FOUND, "no keyring stands there");
	return ring_get(op, t, i, ret_name, &ring);
}

enum rc
tenant_ring_check(
    struct op *op, struct tenant *tenant, size_t i, struct key_name *ret_name)
{
	enum rc rc = ring_check(op, tenant, i, ret_name);

	/* Replaced between the listing and the reading. */
	if (rc == RC_NOT_FOUND && ret_name->version != 0) {
		op_clear_error(op);
		rc = ring_check(op, tenant, i, ret_name);
	}
	return rc;
}

/* ---- renewing ---- */

struct key_search {
	uint64_t highest;
};

static enum rc
key_highest(void *arg, struct op *op, const char *file)
{
	struct key_search *search = arg;
	struct key_name name;

	if (object_key_parse(op, file, &name) != RC_OK) {
		op_clear_error(op); /* a stray file */
		return RC_OK;
	}
	if (name.version > search->highest)
		search->highest = name.version;
	return RC_OK;
}

/* A paused put of an older claim may have a version like the next one. */
static enum rc
version_above_all(
    struct op *op, struct tenant *t, struct site_set in, uint64_t *ret_version)
{
	struct sites *all = t->service->config.sites;
	struct key_search search = {.highest = t->ring_version};
	char folder[OBJECT_FOLDER_SIZE];
	size_t i;
	enum rc rc;

	object_folder(folder, "keys", t->id);
	for (i = 0; i < all->n; i++) {
		if (!site_set_has(in, i))
			continue;
		rc = site_list(op, all->slots[i].site, folder, SITE_LIST_SEEN,
		    key_highest, &search);
		if (rc == RC_NO_MEMORY)
			return rc;
		if (rc != RC_OK)
			sites_failed(op, all, i, rc);
	}
	*ret_version = search.highest + 1;
	return RC_OK;
}

enum rc
tenant_ring_renew(struct op *op, struct tenant *tenant, struct site_set *ret_on)
{
	struct site_set in = lanes_in_service(&tenant->lanes);
	uint64_t version;

	TRY(version_above_all(op, tenant, in, &version));
	ring_name(tenant, 0);
	tenant->ring_version = version;
	tenant->ring_on = (struct site_set){0};
	TRY(tenant_ring_put(op, tenant, 0, in, ret_on));
	FAILPOINT("keys.renewed");
	return RC_OK;
}

struct key_sweep {
	struct tenant *tenant;
	size_t site;
};

/* One checked deletion each (L29). */
static enum rc
key_older_remove(void *arg, struct op *op, const char *file)
{
	const struct key_sweep *sweep = arg;
	struct tenant *t = sweep->tenant;
	struct object_name object;
	struct key_name name;

	TRY(object_key_parse(op, file, &name));
	if (name.version >= t->ring_version)
		return RC_OK;
	TRY(claim_check(op, t->lanes.claim, sweep->site));
	object_key(&object, t->id, &name);
	return site_remove(op,
	    t->service->config.sites->slots[sweep->site].site, &object,
	    SITE_REMOVE_DURABLE);
}

enum rc
tenant_ring_sweep(struct op *op, struct tenant *tenant, struct site_set sites)
{
	struct sites *all = tenant->service->config.sites;
	struct key_sweep sweep = {.tenant = tenant};
	char folder[OBJECT_FOLDER_SIZE];
	enum rc rc;

	object_folder(folder, "keys", tenant->id);
	sites = site_set_and(sites, tenant->ring_on);
	for (sweep.site = 0; sweep.site < all->n; sweep.site++) {
		if (!site_set_has(sites, sweep.site))
			continue;
		rc = site_list(op, all->slots[sweep.site].site, folder,
		    SITE_LIST_SEEN, key_older_remove, &sweep);
		if (rc == RC_FENCED || rc == RC_NO_MEMORY)
			return rc;
		if (rc != RC_OK)
			sites_failed(op, all, sweep.site, rc);
	}
	FAILPOINT("keys.swept");
	return RC_OK;
}
