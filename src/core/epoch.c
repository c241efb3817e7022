/* epoch.c - the epochs of a tenant's records: a new one begins, old ones end
 * (LOG.md L17). */
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/service.h"

enum { HEADER_ROOM = 4096, HEADER_MAX = SEGMENT_NUMBERED_MAX };

/* ---- beginning ---- */

/* What another attempt has left half-done is gone on with: a number of an epoch
 * is given once. */
static enum rc
key_add(struct op *op, struct tenant *t, uint32_t *ret_epoch)
{
	MUTEX_GUARD(&t->lock);
	*ret_epoch = keyring_newest_epoch(t->ring);
	if (*ret_epoch > t->write_epoch)
		return RC_OK;
	return keyring_add_epoch(op, t->ring, ret_epoch);
}

static enum rc
writable(struct op *op, struct tenant *t)
{
	size_t in = site_set_count(lanes_in_service(&t->lanes));

	if (t->mode != TENANT_READY)
		FAIL(op, RC_NOT_STORED, "the tenant takes no changes now%s%s",
		    t->why[0] != '\0' ? ": " : "", t->why);
	if (in < t->lanes.claim->reg.m)
		FAIL(op, RC_NOT_STORED,
		    "%zu of %u sites are in service, %u are needed", in,
		    t->lanes.claim->reg.n, t->lanes.claim->reg.m);
	return RC_OK;
}

static enum rc
begin_locked(struct op *op, struct tenant *t, uint32_t *ret_epoch)
{
	struct site_set on;

	TRY(writable(op, t));
	TRY(key_add(op, t, ret_epoch));
	FAILPOINT("epoch.added");
	TRY(tenant_ring_renew(op, t, &on));
	if (site_set_count(on) < t->lanes.claim->reg.m)
		FAIL(op, RC_NOT_STORED,
		    "the new epoch's key stands on %zu sites, %u are needed",
		    site_set_count(on), t->lanes.claim->reg.m);
	FAILPOINT("epoch.stands");
	t->write_epoch = *ret_epoch;
	/* What is in service and not among these leaves before the number goes
	 * anywhere (P). */
	TRY(tenant_opening(op, t, on));
	FAILPOINT("epoch.begun");
	log_info(op, "epoch", "tenant=%016llx epoch=%u number=%llu",
	    (unsigned long long)t->id, (unsigned)*ret_epoch,
	    (unsigned long long)t->head.number);
	return tenant_ring_sweep(op, t, on);
}

enum rc
tenant_epoch_begin(struct op *op, struct tenant *tenant, uint32_t *ret_epoch,
    uint64_t *ret_number)
{
	enum rc rc;

	tenant_lock(tenant);
	rc = begin_locked(op, tenant, ret_epoch);
	*ret_number = tenant->head.number;
	tenant_unlock(tenant);
	return rc;
}

/* ---- ending ---- */

/* The epochs that headers name. */
struct named {
	size_t n;
	uint32_t epochs[KEYRING_EPOCHS_MAX];
};

static bool
is_named(const struct named *named, uint32_t epoch)
{
	size_t i;

	for (i = 0; i < named->n; i++)
		if (named->epochs[i] == epoch)
			return true;
	return false;
}

static enum rc
header_get(struct op *op, struct site *site, const struct object_name *object,
    struct buf *bytes, struct segment_header *ret_header)
{
	size_t room = HEADER_ROOM;
	uint64_t size;
	uint8_t *at;
	enum rc rc;

	TRY(site_size(op, site, object, &size));
	do {
		buf_clear(bytes);
		room = size < room ? (size_t)size : room;
		TRY(buf_grow(op, bytes, room, &at));
		TRY(site_read(op, site, object, 0, at, room));
		rc = segment_parse_header(op, buf_span(bytes), ret_header);
		/* Asides and live data may make it long. */
		if (rc != RC_LIMIT || room == size)
			return rc;
		op_clear_error(op);
		room = HEADER_MAX;
	} while (true);
}

/* From whichever of its sites gives it. */
static enum rc
log_epoch(struct op *op, struct tenant *t, const struct tail_log *log,
    uint32_t *ret_epoch)
{
	CLEANUP(buf_release) struct buf bytes = {.limit = HEADER_MAX};
	struct sites *sites = t->service->config.sites;
	struct segment_header header;
	struct object_name object;
	size_t i;

	object_log(&object, t->id, &log->name);
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(log->on, i))
			continue;
		if (header_get(op, sites->slots[i].site, &object, &bytes,
			&header) == RC_OK &&
		    header.kind == SEGMENT_NUMBERED && header.tenant == t->id &&
		    header.number == log->name.number) {
			*ret_epoch = header.epoch;
			return RC_OK;
		}
		op_clear_error(op);
	}
	FAIL(op, RC_DAMAGED, "the header of %s cannot be read on any site",
	    object.file);
}

/* L17: on any branch, and never by arithmetic. */
static enum rc
named_read(struct op *op, struct tenant *t, struct named *ret_named)
{
	struct site_set set = claim_sites(t->lanes.claim);
	CLEANUP(tail_release) struct tail tail = {0};
	uint32_t epoch;
	size_t i;

	TRY(tail_list(op, t->service->config.sites, set, t->id, &tail));
	if (site_set_count(tail.listed) < register_r(&t->lanes.claim->reg))
		FAIL(op, RC_UNPROVEN,
		    "%zu sites can be listed: they may not know every number",
		    site_set_count(tail.listed));
	for (i = 0; i < tail.n_logs; i++) {
		TRY(log_epoch(op, t, &tail.logs[i], &epoch));
		if (is_named(ret_named, epoch))
			continue;
		if (ret_named->n == KEYRING_EPOCHS_MAX)
			FAIL(op, RC_LIMIT,
			    "more epochs are named than a "
			    "keyring has");
		ret_named->epochs[ret_named->n++] = epoch;
	}
	return RC_OK;
}

/* Newer ones than that in use are on their way to the sites. */
static enum rc
keys_drop(struct op *op, struct tenant *t, const struct named *named,
    size_t *ret_dropped)
{
	struct keyring *ring = t->ring;
	size_t i = 0;

	MUTEX_GUARD(&t->lock);
	while (i < ring->n_epochs) {
		uint32_t epoch = ring->epochs[i].epoch;

		if (epoch >= t->write_epoch || is_named(named, epoch)) {
			i++;
			continue;
		}
		TRY(keyring_drop_epoch(op, ring, epoch));
		++*ret_dropped;
	}
	return RC_OK;
}

static enum rc
release_locked(struct op *op, struct tenant *t, const struct named *named,
    size_t *ret_dropped)
{
	struct site_set on;

	TRY(writable(op, t));
	if (!t->own_number)
		TRY(tenant_opening(op, t, lanes_in_service(&t->lanes)));
	TRY(keys_drop(op, t, named, ret_dropped));
	if (*ret_dropped == 0)
		return RC_OK;
	TRY(tenant_ring_renew(op, t, &on));
	FAILPOINT("epoch.released");
	log_info(op, "epochs-released", "tenant=%016llx n=%zu",
	    (unsigned long long)t->id, *ret_dropped);
	return tenant_ring_sweep(op, t, on);
}

/*
 * The headers are read while work goes on: numbers that come meanwhile are of
 * the epoch in use, which stays.
 */
enum rc
tenant_epochs_release(
    struct op *op, struct tenant *tenant, size_t *ret_released)
{
	struct named named = {0};
	enum rc rc;

	*ret_released = 0;
	TRY(named_read(op, tenant, &named));
	tenant_lock(tenant);
	rc = release_locked(op, tenant, &named, ret_released);
	tenant_unlock(tenant);
	return rc;
}
