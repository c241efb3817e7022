/* survey.c - tenants that are not open, and the sites that have them whole. */
#include "core/survey.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/service.h"
#include "store/tail.h"

enum { LOOKS_AT_A_TIME = 64, LOOK_AGAIN_S = 10 };

void
survey_init(struct survey *survey)
{
	mutex_init(&survey->lock);
}

void
survey_release(struct survey *survey)
{
	mem_free(survey->entries);
	mutex_release(&survey->lock);
}

/* Where the tenant's entry is, or belongs. Under the lock. */
static size_t
entry_at(const struct survey *v, uint64_t tenant)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->entries[middle].tenant < tenant)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* NULL where there is none. Under the lock. */
static struct survey_entry *
entry_find(struct survey *v, uint64_t tenant)
{
	size_t i = entry_at(v, tenant);

	return i < v->n && v->entries[i].tenant == tenant ? &v->entries[i]
							  : NULL;
}

/* Its entry, made if need be; NULL where there is no memory: the list is read
 * once more then. Under the lock. */
static struct survey_entry *
entry_need(struct survey *v, uint64_t tenant)
{
	size_t i = entry_at(v, tenant), room = 2 * v->room + 64;
	struct survey_entry *more;

	if (i < v->n && v->entries[i].tenant == tenant)
		return &v->entries[i];
	if (v->n == v->room) {
		more = mem_realloc(v->entries, room * sizeof(*more));
		v->loaded = v->loaded && more != NULL;
		if (more == NULL)
			return NULL;
		v->entries = more;
		v->room = room;
	}
	memmove(&v->entries[i + 1], &v->entries[i],
	    (v->n - i) * sizeof(v->entries[0]));
	v->n++;
	v->entries[i] = (struct survey_entry){.tenant = tenant};
	return &v->entries[i];
}

/*
 * S15: what was known of a site before it went away is void; and under another
 * claim of everything, for a server in between may have written. Under the
 * lock.
 */
static void
forget_what_is_void(struct survey *v, struct service *s)
{
	struct sites *sites = s->config.sites;
	struct site_set keep = {UINT32_MAX};
	size_t i;

	if (v->claim != s->claim)
		keep = (struct site_set){0};
	v->claim = s->claim;
	for (i = 0; i < sites->n; i++) {
		uint64_t epoch = sites_epoch(sites, i);

		if (v->epochs[i] != epoch)
			keep = site_set_without(keep, i);
		v->epochs[i] = epoch;
	}
	if (keep.bits == UINT32_MAX)
		return;
	for (i = 0; i < v->n; i++) {
		v->entries[i].seen = site_set_and(v->entries[i].seen, keep);
		v->entries[i].whole = site_set_and(v->entries[i].whole, keep);
		v->entries[i].due = 0;
	}
}

void
survey_opened(struct service *service, uint64_t tenant)
{
	struct survey *v = &service->survey;
	struct survey_entry *entry;

	if (tenant == TENANT_PROVIDER)
		return; /* never closed */
	mutex_lock(&v->lock);
	entry = entry_need(v, tenant);
	if (entry != NULL) {
		entry->open = true;
		entry->turn++;
	}
	mutex_unlock(&v->lock);
}

void
survey_closed(struct service *service, uint64_t tenant, struct site_set whole)
{
	struct survey *v = &service->survey;
	struct survey_entry *entry;

	mutex_lock(&v->lock);
	forget_what_is_void(v, service);
	entry = entry_find(v, tenant);
	if (entry != NULL) {
		entry->open = false;
		entry->turn++;
		entry->seen = whole;
		entry->whole = whole;
		entry->due = 0;
	}
	mutex_unlock(&v->lock);
}

/* Sites that count and are not known to have it whole. */
static struct site_set
lacking(const struct survey_entry *entry, struct site_set counting)
{
	if (entry->open)
		return (struct site_set){0};
	return (struct site_set){counting.bits & ~entry->whole.bits};
}

bool
survey_look(struct service *service, struct survey_count *ret_count)
{
	struct site_set counting = claim_sites(service->claim);
	struct survey *v = &service->survey;
	bool loaded;
	size_t i, k;

	memset(ret_count, 0, sizeof(*ret_count));
	mutex_lock(&v->lock);
	forget_what_is_void(v, service);
	for (i = 0; i < v->n; i++) {
		struct site_set set = lacking(&v->entries[i], counting);

		ret_count->closed += !v->entries[i].open;
		ret_count->behind += set.bits != 0;
		for (k = 0; set.bits != 0 && k < SITES_MAX; k++)
			ret_count->behind_at[k] += site_set_has(set, k);
	}
	loaded = v->loaded;
	mutex_unlock(&v->lock);
	return loaded;
}

bool
survey_stands(struct service *service, struct site_set must, size_t *ret_open)
{
	struct claim *claim = service->claim;
	struct survey *v = &service->survey;
	bool stands;
	size_t i;

	*ret_open = 0;
	mutex_lock(&v->lock);
	forget_what_is_void(v, service);
	stands = v->loaded && v->claim == claim;
	for (i = 0; i < v->n && stands; i++) {
		struct site_set whole = v->entries[i].whole;

		*ret_open += v->entries[i].open;
		stands =
		    v->entries[i].open || (claim_has_m(claim, whole) &&
					      (must.bits & ~whole.bits) == 0);
	}
	mutex_unlock(&v->lock);
	return stands;
}

void
survey_put_off(struct service *service, uint64_t tenant)
{
	struct survey *v = &service->survey;
	struct survey_entry *entry;

	mutex_lock(&v->lock);
	entry = entry_find(v, tenant);
	if (entry != NULL)
		entry->due = clock_mono() + LOOK_AGAIN_S * CLOCK_S;
	mutex_unlock(&v->lock);
}

/* ---- looking ---- */

static enum rc
entry_load(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct survey *v = arg;
	struct survey_entry *entry;

	mutex_lock(&v->lock);
	entry = entry_need(v, info->id);
	mutex_unlock(&v->lock);
	if (entry == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	return RC_OK;
}

void
survey_load(struct op *op, struct service *service)
{
	struct survey *v = &service->survey;
	enum rc rc = service_tenants(op, service, entry_load, v);

	op_clear_error(op);
	mutex_lock(&v->lock);
	v->loaded = rc == RC_OK;
	mutex_unlock(&v->lock);
}

/*
 * The next that is due, as it is now; false where there is none. What a site
 * below its reserve is known to lack waits for space (L14).
 */
static bool
entry_pick(
    struct service *s, struct site_set counting, struct survey_entry *ret_entry)
{
	struct survey *v = &s->survey;
	struct site_set low = reserve_low_sites(s);
	int64_t now = clock_mono();
	bool found = false;
	size_t i;

	mutex_lock(&v->lock);
	forget_what_is_void(v, s);
	for (i = 0; i < v->n && !found; i++) {
		size_t at = (v->next + i) % v->n;
		const struct survey_entry *entry = &v->entries[at];
		struct site_set known = site_set_and(entry->seen, low);

		found = entry->due <= now &&
			(lacking(entry, counting).bits & ~known.bits) != 0;
		if (found) {
			*ret_entry = *entry;
			v->next = at + 1;
		}
	}
	mutex_unlock(&v->lock);
	return found;
}

/* What was seen counts if nobody opened it meanwhile, and for sites that did
 * not go away. */
static void
entry_note(struct service *s, const struct survey_entry *seen,
    const uint64_t epochs[SITES_MAX], const struct claim *claim)
{
	struct survey *v = &s->survey;
	struct site_set sure = seen->seen;
	struct survey_entry *entry;
	size_t i;

	mutex_lock(&v->lock);
	forget_what_is_void(v, s);
	for (i = 0; i < s->config.sites->n; i++)
		if (v->epochs[i] != epochs[i] || v->claim != claim)
			sure = site_set_without(sure, i);
	entry = entry_find(v, seen->tenant);
	if (entry != NULL && entry->turn == seen->turn) {
		entry->seen = sure;
		entry->whole = site_set_and(seen->whole, sure);
	}
	mutex_unlock(&v->lock);
}

/* Lists one on all sites that count; true where one of them lacks something
 * that it has space for. */
static bool
entry_look(struct op *op, struct service *s, struct survey_entry *entry)
{
	struct sites *sites = s->config.sites;
	struct claim *claim = s->claim;
	struct site_set counting = claim_sites(claim);
	CLEANUP(tail_release) struct tail tail = {0};
	uint64_t epochs[SITES_MAX] = {0};
	size_t i;

	for (i = 0; i < sites->n; i++)
		epochs[i] = sites_epoch(sites, i);
	if (tail_list(op, sites, counting, entry->tenant, &tail) != RC_OK) {
		op_clear_error(op);
		return true;
	}
	entry->seen = tail.listed;
	entry->whole = tail_whole(&tail);
	entry_note(s, entry, epochs, claim);
	return (lacking(entry, counting).bits & ~reserve_low_sites(s).bits) !=
	       0;
}

bool
survey_step(struct op *op, struct service *service, uint64_t *ret_tenant)
{
	struct survey_entry entry;
	int n;

	*ret_tenant = 0;
	if (!service->survey.loaded)
		survey_load(op, service);
	for (n = 0; n < LOOKS_AT_A_TIME && !service->stopping; n++) {
		if (!entry_pick(service, claim_sites(service->claim), &entry))
			return false;
		if (entry_look(op, service, &entry)) {
			*ret_tenant = entry.tenant;
			return true;
		}
	}
	return true;
}
