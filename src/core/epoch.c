/* epoch.c - key epochs: a new one before a snapshot, old ones forgotten when
 * nothing names them (LOG.md L17). */
#include "base/fault.h"
#include "base/log.h"
#include "core/audit.h"
#include "core/kept.h"
#include "core/service.h"

/* The ring on the sites in service; those that lack it then leave service (P).
 */
static enum rc
ring_spread(struct op *op, struct tenant *t)
{
	struct sites *sites = t->service->config.sites;
	struct site_set in_service = lanes_in_service(&t->lanes);
	struct site_set on;
	size_t i;

	TRY(tenant_ring_put(op, t, 0, in_service, &on));
	for (i = 0; i < sites->n; i++)
		if (site_set_has(in_service, i) && !site_set_has(on, i))
			lanes_leave(op, &t->lanes, i, "it lacks the keyring");
	if (!claim_has_m(t->lanes.claim, on))
		FAIL(op, RC_NOT_STORED, "the keyring stands on %zu sites only",
		    site_set_count(on));
	return RC_OK;
}

enum rc
tenant_epoch_begin(struct op *op, struct tenant *tenant)
{
	struct tenant *t = tenant;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	uint32_t epoch = keyring_newest_epoch(t->ring);

	/* A newer one that is not used yet is gone on with. */
	if (epoch == t->key_epoch) {
		TRY(keyring_copy(op, t->ring, &ring));
		TRY(keyring_add_epoch(op, ring, &epoch));
		tenant_ring_set(t, ring);
		ring = NULL;
	}
	FAILPOINT("epoch.made");
	TRY(ring_spread(op, t));
	FAILPOINT("epoch.stands");
	t->key_epoch = epoch;
	t->swept = false; /* the keyring before has to go (L17) */
	log_info(op, "epoch", "tenant=%016llx epoch=%u",
	    (unsigned long long)t->id, epoch);
	return RC_OK;
}

static enum rc
rotate_locked(struct op *op, struct tenant *t)
{
	if (t->mode != TENANT_READY)
		FAIL(op, RC_NOT_STORED, "the tenant takes no changes now%s%s",
		    t->why[0] != '\0' ? ": " : "", t->why);
	TRY(tenant_epoch_begin(op, t));
	TRY(tenant_opening(op, t, lanes_in_service(&t->lanes)));
	FAILPOINT("epoch.begun");
	return RC_OK;
}

enum rc
tenant_epoch_rotate(struct op *op, struct tenant *tenant, uint32_t *ret_epoch,
    uint64_t *ret_number)
{
	uint32_t epoch;
	enum rc rc;

	tenant_lock(tenant);
	epoch = tenant->key_epoch;
	tenant_unlock(tenant);
	TRY(audit_act(op, tenant, AUDIT_KEY_EPOCH, AUDIT_KEY_VERSION,
	    (int64_t)epoch + 1));
	tenant_lock(tenant);
	rc = rotate_locked(op, tenant);
	*ret_epoch = tenant->key_epoch;
	*ret_number = tenant->head.number;
	tenant_unlock(tenant);
	return rc;
}

/* L17: numbers on other branches name epochs in their headers too. */
static enum rc
branch_uses(struct op *op, struct tenant *t, struct tail *tail, size_t i,
    uint32_t epoch, struct buf *bytes, bool *ret_used)
{
	struct segment segment;
	enum rc rc =
	    tail_read(op, t->service->config.sites, tail, i, bytes, &segment);

	/* What cannot be read might name it. */
	*ret_used = rc != RC_OK || segment.header.epoch == epoch;
	if (rc == RC_NO_MEMORY)
		return rc;
	op_clear_error(op);
	return RC_OK;
}

static enum rc
branches_use(struct op *op, struct tenant *t, struct tail *tail,
    const struct kept *kept, uint32_t epoch, bool *ret_used)
{
	CLEANUP(buf_release) struct buf bytes = {.limit = SEGMENT_NUMBERED_MAX};
	size_t i;
	enum rc rc;

	*ret_used = false;
	for (i = tail_find_number(tail, kept->base.number + 1);
	     i < tail->n_logs && !*ret_used; i++) {
		const struct log_name *name = &tail->logs[i].name;
		struct local_log row;

		rc = local_log_get(op, &t->meta, name->number, &row);
		if (rc != RC_NOT_FOUND)
			TRY(rc);
		op_clear_error(op);
		if (rc == RC_OK &&
		    memcmp(row.hash, name->hash8, sizeof(name->hash8)) == 0)
			continue;
		TRY(branch_uses(op, t, tail, i, epoch, &bytes, ret_used));
	}
	return RC_OK;
}

static enum rc
epoch_used(struct op *op, struct tenant *t, struct tail *tail,
    const struct kept *kept, uint32_t epoch, bool *ret_used)
{
	*ret_used = epoch >= t->key_epoch;
	if (*ret_used)
		return RC_OK;
	TRY(kept_uses_epoch(op, &t->meta, kept, epoch, ret_used));
	if (*ret_used)
		return RC_OK;
	return branches_use(op, t, tail, kept, epoch, ret_used);
}

enum rc
tenant_epochs_release(struct op *op, struct tenant *tenant, struct tail *tail)
{
	struct tenant *t = tenant;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	struct kept kept;
	size_t i, before;
	bool used;

	TRY(kept_get(op, &t->meta, &kept));
	TRY(keyring_copy(op, t->ring, &ring));
	before = ring->n_epochs;
	for (i = ring->n_epochs; i-- > 0;) {
		uint32_t epoch = ring->epochs[i].epoch;

		TRY(epoch_used(op, t, tail, &kept, epoch, &used));
		if (used)
			continue;
		TRY(keyring_drop_epoch(op, ring, epoch));
		log_info(op, "epoch-released", "tenant=%016llx epoch=%u",
		    (unsigned long long)t->id, epoch);
	}
	if (ring->n_epochs == before)
		return RC_OK;
	tenant_ring_set(t, ring);
	ring = NULL;
	FAILPOINT("epoch.released");
	return ring_spread(op, t);
}
