/* state.c - a look at sites and open tenants. */
#include "core/state.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "meta/content.h"
#include "meta/local.h"

static enum rc
tenant_count(struct op *op, struct tenant *t, bool count,
    struct state_tenant *state, uint64_t waits[UPKEEP_WORKS])
{
	struct local_log head;
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, t, &reader));
	rc = local_log_head(op, &reader->meta, &head);
	if (rc == RC_OK)
		state->number = head.number;
	if (rc == RC_OK && count && t->id != TENANT_PROVIDER) {
		rc = content_totals(
		    op, &reader->meta, &state->files, &state->bytes);
		state->counted = rc == RC_OK;
	}
	if (rc == RC_OK && !t->service->config.read_only)
		rc = upkeep_waits(op, t, &reader->meta, waits);
	tenant_reader_put(t, reader);
	return rc;
}

/* What the lanes know of each site for this tenant. */
static void
lanes_look(
    struct tenant *t, const struct state_tenant *tenant, struct state *state)
{
	struct site_set in = lanes_in_service(&t->lanes);
	size_t damaged[SITES_MAX];
	size_t i;

	(void)repair_count(t, damaged);
	mutex_lock(&t->lanes.lock);
	for (i = 0; i < state->n_sites; i++) {
		struct state_site *site = &state->sites[i];
		const struct lane *lane = &t->lanes.lane[site->slot];

		if (site->role != STATE_MEMBER)
			continue;
		site->damaged += damaged[site->slot];

		site->held +=
		    lane->held < tenant->number ? lane->held : tenant->number;
		if (lane->held < tenant->number)
			site->lag += tenant->number - lane->held;
		if (site_set_has(in, site->slot))
			site->in_service++;
		else if (site->why[0] == '\0')
			(void)str_copy(site->why, sizeof(site->why), lane->why);
	}
	mutex_unlock(&t->lanes.lock);
}

static void
tenant_look(struct op *op, struct tenant *t, bool count, struct state *state)
{
	struct state_tenant *tenant = &state->tenants[state->n_tenants];

	mutex_lock(&t->lock);
	tenant->id = t->id;
	tenant->mode = t->mode;
	memcpy(tenant->why, t->why, sizeof(tenant->why));
	mutex_unlock(&t->lock);
	if (tenant->mode == TENANT_CLOSED)
		return;
	state->n_tenants++;
	if (tenant_count(op, t, count, tenant, state->waits) != RC_OK)
		op_clear_error(op); /* it was closed meanwhile, or refuses */
	if (t->service->config.read_only)
		return;
	tenant->in_service = site_set_count(lanes_in_service(&t->lanes));
	lanes_look(t, tenant, state);
}

static void
site_look(struct sites *sites, size_t i, struct site_set counts,
    struct state_site *site)
{
	const struct site_slot *slot = &sites->slots[i];

	mutex_lock(&sites->lock);
	memcpy(site->name, slot->site->name, sizeof(site->name));
	memcpy(site->info.id, slot->site->id, OBJECT_ID_SIZE);
	site->url = slot->site->url;
	site->attached = slot->state == SITE_ATTACHED;
	memcpy(site->why, slot->why, sizeof(site->why));
	mutex_unlock(&sites->lock);
	sites_space(sites, i, &site->space);
	site->counts = site_set_has(counts, i);
}

static enum state_role
role_of(struct service *s, const struct site_change_state *change,
    const struct state_site *site)
{
	if (site_change_is_under_way(change->phase) &&
	    change->phase != SITE_PHASE_LEAVING &&
	    memcmp(change->joins, site->info.id, OBJECT_ID_SIZE) == 0)
		return STATE_JOINS;
	if (service_has_site(s, site->slot))
		return STATE_MEMBER;
	if (site_change_is_under_way(change->phase) &&
	    memcmp(change->leaves, site->info.id, OBJECT_ID_SIZE) == 0)
		return STATE_LEAVES;
	return STATE_STRANGER;
}

/* What is behind a state's site besides. */
static enum rc
site_add(struct op *op, struct service *s, struct state *state, size_t i,
    struct site_set counts)
{
	struct state_site *site = &state->sites[state->n_sites];

	if (sites_has_left(s->config.sites, i))
		return RC_OK;
	site_look(s->config.sites, i, counts, site);
	site->slot = i;
	site->role = role_of(s, &state->change, site);
	site->low = site_set_has(reserve_low_sites(s), i);
	site->rolled_back = atomic_load(&s->rolled_back[i]);
	site->reserve = reserve_of(s, &site->space);
	TRY(site_info_get(op, s, site->info.id, &site->info));
	state->n_sites++;
	return RC_OK;
}

static enum rc
sites_look(struct op *op, struct service *s, struct state *state)
{
	struct sites *sites = s->config.sites;
	struct site_set counts =
	    s->config.read_only ? sites_attached(sites) : claim_sites(s->claim);
	struct site_keys_state keys;
	size_t i, k;

	for (i = 0; i < sites->n; i++)
		TRY(site_add(op, s, state, i, counts));
	site_keys_look(s, &keys);
	for (i = 0; i < state->n_sites; i++)
		for (k = 0; k < keys.n_sites; k++)
			if (memcmp(state->sites[i].info.id, keys.sites[k].id,
				OBJECT_ID_SIZE) == 0)
				state->sites[i].key_pending =
				    keys.sites[k].pending;
	return RC_OK;
}

static void
disk_look(struct service *s, struct state *state)
{
	state->disk_low = reserve_local(s, &state->disk);
	state->disk_reserve = reserve_of(s, &state->disk);
}

/* Tenants that are not open; a service that only reads does not look at them.
 */
static void
closed_look(struct service *s, struct state *state)
{
	struct survey_count count;
	size_t i;

	if (s->config.read_only)
		return;
	state->all_known = survey_look(s, &count);
	state->n_closed = count.closed;
	for (i = 0; i < state->n_sites; i++)
		state->sites[i].closed_behind =
		    count.behind_at[state->sites[i].slot];
}

bool
state_together(
    const struct state_site *a, const struct state_site *b, bool place)
{
	if (place)
		return a->info.place[0] != '\0' &&
		       strcmp(a->info.place, b->info.place) == 0;
	return a->space.total > 0 && b->space.total > 0 &&
	       a->space.device == b->space.device;
}

enum rc
state_get(
    struct op *op, struct service *service, bool count, struct state *ret_state)
{
	struct service_pinned pinned;
	enum rc rc;
	size_t i;

	memset(ret_state, 0, sizeof(*ret_state));
	ret_state->health = service_health(service);
	ret_state->head_unproven = service_head_unproven(service);
	ret_state->claimed = service->claimed;
	ret_state->uptime = clock_mono() - service->started;
	mutex_lock(&service->clock.lock);
	ret_state->not_counted = service->clock.not_counted;
	mutex_unlock(&service->clock.lock);
	ret_state->m = claim_register(service->claim)->m;
	ret_state->n = claim_register(service->claim)->n;
	site_change_load(op, service);
	site_change_look(service, &ret_state->change);
	TRY(sites_look(op, service, ret_state));
	disk_look(service, ret_state);
	closed_look(service, ret_state);
	upkeep_seen_look(&service->upkeep.seen, ret_state->upkeep);
	scrub_look(
	    service->scrub, &ret_state->scrub, &ret_state->scrub_running);
	TRY(service_pin(op, service, &pinned));
	rc = op_alloc(
	    op, pinned.n * sizeof(*ret_state->tenants), &ret_state->tenants);
	for (i = 0; rc == RC_OK && i < pinned.n; i++)
		tenant_look(op, pinned.tenants[i], count, ret_state);
	service_unpin(&pinned);
	return rc;
}
