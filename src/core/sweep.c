/*
 * sweep.c - deleting (LOG.md L8, L16, L29): data segments that nothing names,
 * keyrings that a newer one has replaced. Nothing of a tenant is deleted before
 * a number of this claim stands on m sites, nor while one is in doubt.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/service.h"
#include "meta/local.h"

enum { DEAD_MAX = 4096, HEADER_ROOM = 4096, DEAD_AT_A_TIME = 64 };

void
tenant_data_dead(struct tenant *tenant, const uint8_t id[OBJECT_ID_SIZE])
{
	struct tenant *t = tenant;

	mutex_lock(&t->lock);
	if (t->dead == NULL)
		t->dead = mem_alloc_array(DEAD_MAX, sizeof(t->dead[0]));
	/* What finds no room is an orphan for the next claim. */
	if (t->dead != NULL && t->n_dead < DEAD_MAX) {
		struct tenant_dead *dead = &t->dead[t->n_dead++];

		memcpy(dead->id, id, OBJECT_ID_SIZE);
		dead->left = t->lanes.claim->of_register;
	}
	mutex_unlock(&t->lock);
}

static bool
sweep_allowed(const struct tenant *t)
{
#ifdef DOZO_PLANT_SWEEP_EARLY
	(void)t;
	return true;
#else
	return t->mode == TENANT_READY && t->own_number;
#endif
}

/* One checked deletion on one site. */
static enum rc
data_delete_at(
    struct op *op, struct tenant *t, size_t i, const uint8_t id[OBJECT_ID_SIZE])
{
	struct object_name object;

	TRY(claim_check(op, t->lanes.claim, i));
	object_data(&object, t->id, id);
	return upkeep_remove(op, t->service, i, &object, UPKEEP_SWEEP);
}

struct site_set
tenant_data_delete(struct op *op, struct tenant *tenant,
    const uint8_t id[OBJECT_ID_SIZE], struct site_set set)
{
	struct sites *sites = tenant->service->config.sites;
	struct site_set gone = {0};
	size_t i;
	enum rc rc;

	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(set, i))
			continue;
		rc = data_delete_at(op, tenant, i, id);
		if (rc == RC_OK)
			gone = site_set_with(gone, i);
		else if (rc != RC_FENCED)
			sites_failed(op, sites, i, rc);
		op_clear_error(op);
	}
	return gone;
}

/* L4: what is not live at the head may be at the number that a slow site holds.
 */
static struct site_set
sweep_sites(struct tenant *t)
{
	return lanes_holding(&t->lanes, t->head.number);
}

static enum rc
data_is_live(struct op *op, struct tenant *t, const uint8_t id[OBJECT_ID_SIZE],
    bool *ret_live)
{
	struct local_data row;
	enum rc rc = local_data_get(op, &t->meta, id, &row);

	*ret_live = rc != RC_NOT_FOUND;
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return RC_OK;
}

/* Notes that sites have the i-th no more; with the last one it leaves the list.
 */
static void
dead_gone(struct tenant *t, size_t i, struct site_set gone)
{
	struct tenant_dead *dead;

	mutex_lock(&t->lock);
	dead = &t->dead[i];
	dead->left.bits &= ~gone.bits;
	if (dead->left.bits == 0)
		*dead = t->dead[--t->n_dead];
	mutex_unlock(&t->lock);
}

/*
 * Those that this claim's changes dropped, or whose upload came to nothing. A
 * site that is away is asked again when it is back. Nobody else takes from the
 * list; others only add at its end.
 */
static void
sweep_dead(struct op *op, struct tenant *t)
{
	struct site_set here = sweep_sites(t);
	int tried = 0;
	size_t i;

	mutex_lock(&t->lock);
	i = t->n_dead;
	mutex_unlock(&t->lock);
	while (i-- > 0 && tried < DEAD_AT_A_TIME) {
		struct tenant_dead dead;
		struct site_set set;
		bool live;

		mutex_lock(&t->lock);
		dead = t->dead[i];
		mutex_unlock(&t->lock);
		set = site_set_and(dead.left, here);
		if (set.bits == 0)
			continue;
		tried++;
		if (data_is_live(op, t, dead.id, &live) != RC_OK)
			op_clear_error(op);
		else
			dead_gone(t, i,
			    live ? dead.left
				 : tenant_data_delete(op, t, dead.id, set));
	}
}

/* L8: not live at the head, and of an older generation than this claim's. */
static enum rc
orphan_check(
    struct op *op, struct tenant *t, size_t i, const struct tail_data *data)
{
	struct site *site = t->service->config.sites->slots[i].site;
	CLEANUP(buf_release) struct buf bytes = {.limit = HEADER_ROOM};
	struct segment_header header;
	struct object_name object;
	uint64_t size;
	uint8_t *room;
	bool live;

	TRY(data_is_live(op, t, data->id, &live));
	if (live)
		return RC_OK;
	object_data(&object, t->id, data->id);
	TRY(site_size(op, site, &object, &size));
	TRY(buf_grow(op, &bytes,
	    size < HEADER_ROOM ? (size_t)size : HEADER_ROOM, &room));
	TRY(site_read(op, site, &object, 0, room, bytes.size));
	TRY(segment_parse_header(op, buf_span(&bytes), &header));
	if (header.generation.counter >= t->lanes.claim->oldest)
		return RC_OK;
	log_info(op, "orphan", "site=%s tenant=%016llx object=%s", site->name,
	    (unsigned long long)t->id, object.file);
	return data_delete_at(op, t, i, data->id);
}

/* L16: the claim's own keyring stands there; older ones go, for good. */
static enum rc
ring_check(
    struct op *op, struct tenant *t, size_t i, const struct tail_key *key)
{
	uint64_t counter = t->lanes.claim->counter;
	struct object_name object;

	/* A paused claim may have put one of a higher version. */
	if (!site_set_has(t->ring_on, i) ||
	    key->name.generation.counter > counter ||
	    (key->name.generation.counter == counter &&
		key->name.version >= t->ring_version))
		return RC_OK;
	TRY(claim_check(op, t->lanes.claim, i));
	object_key(&object, t->id, &key->name);
	return site_remove(op, t->service->config.sites->slots[i].site, &object,
	    SITE_REMOVE_DURABLE);
}

static enum rc
sweep_site(struct op *op, struct tenant *t, size_t i, const struct tail *tail)
{
	size_t k;

	for (k = 0; k < tail->n_data; k++)
		if (site_set_has(tail->data[k].on, i))
			TRY(orphan_check(op, t, i, &tail->data[k]));
	for (k = 0; k < tail->n_keys; k++)
		if (site_set_has(tail->keys[k].on, i))
			TRY(ring_check(op, t, i, &tail->keys[k]));
	return RC_OK;
}

static void
sweep_orphans(struct op *op, struct tenant *t)
{
	struct sites *sites = t->service->config.sites;
	struct site_set set = sweep_sites(t);
	CLEANUP(tail_release) struct tail tail = {0};
	size_t i;
	enum rc rc;

	/* Epochs are named by what any site has that can be read. */
	if (tail_list(op, sites, claim_sites(t->lanes.claim), t->id, &tail) !=
	    RC_OK)
		return;
	rc = tenant_epochs_release(op, t, &tail);
	if (rc != RC_OK)
		log_warn(op, "epochs-kept", "tenant=%016llx why=\"%s\"",
		    (unsigned long long)t->id, op_error(op, rc));
	op_clear_error(op);
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(site_set_and(tail.listed, set), i))
			continue;
		rc = sweep_site(op, t, i, &tail);
		if (rc == RC_IO)
			sites_failed(op, sites, i, rc);
		op_clear_error(op);
	}
	/* A slow one has its turn when it has the head. */
	t->swept = set.bits == lanes_in_service(&t->lanes).bits;
	t->swept_at = clock_mono();
}

void
tenant_sweep(struct op *op, struct tenant *tenant, bool orphans)
{
	struct upkeep_seen *seen = &tenant->service->upkeep.seen;
	bool dead;

	mutex_lock(&tenant->lock);
	dead = tenant->n_dead > 0;
	mutex_unlock(&tenant->lock);
	if (!dead && !orphans)
		return;
	tenant_lock(tenant);
	if (sweep_allowed(tenant)) {
		upkeep_begun(seen, UPKEEP_SWEEP, tenant->id);
		sweep_dead(op, tenant);
		if (orphans)
			sweep_orphans(op, tenant);
		upkeep_ended(seen, UPKEEP_SWEEP, RC_OK);
	}
	tenant_unlock(tenant);
}
