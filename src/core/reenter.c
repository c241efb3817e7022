/* reenter.c - a site that is behind is brought up to date while the tenant is
 * at work, and comes into service (LOG.md L4, L14); one that does not count yet
 * is brought as far (L20). */
#include "base/clock.h"
#include "base/log.h"
#include "core/catchup.h"
#include "core/kept.h"
#include "core/rolled_back.h"
#include "core/service.h"
#include "meta/local.h"

enum { REENTER_AGAIN_S = 2 };

static struct site *
site_at(const struct catch_up *c, size_t i)
{
	return c->tenant->service->config.sites->slots[i].site;
}

static void
useless_add(struct op *op, const struct catch_up *c,
    const struct object_name *object, uint64_t *useless)
{
	uint64_t size;

	if (site_size(op, site_at(c, c->site), object, &size) == RC_OK)
		*useless += size;
	op_clear_error(op);
}

/* Bytes on the site that go once it has the head: data segments that no row
 * names, numbers that were cut (L13). */
static enum rc
useless_size(struct op *op, const struct catch_up *c, uint64_t *ret_size)
{
	struct object_name object;
	struct local_data row;
	struct kept kept;
	size_t i;
	enum rc rc;

	*ret_size = 0;
	for (i = 0; i < c->tail->n_data; i++) {
		rc = local_data_get(op, c->meta, c->tail->data[i].id, &row);
		if (rc == RC_OK)
			continue;
		op_clear_error(op);
		if (rc != RC_NOT_FOUND)
			return rc;
		object_data(&object, c->tenant->id, c->tail->data[i].id);
		useless_add(op, c, &object, ret_size);
	}
	TRY(kept_get(op, c->meta, &kept));
	for (i = 0; i < c->tail->n_logs &&
		    c->tail->logs[i].name.number <= kept.base.number;
	     i++) {
		object_log(&object, c->tenant->id, &c->tail->logs[i].name);
		useless_add(op, c, &object, ret_size);
	}
	return RC_OK;
}

/*
 * L14: a site below its reserve is brought up to date only where that ends with
 * more space than it began with, because what was dropped meanwhile can be
 * deleted then: so it can be emptied, and uploads do not eat the reserve by
 * this way. With fewer than m sites in service it may use the reserve.
 */
static enum rc
space_allows(struct op *op, struct catch_up *c)
{
	struct lanes *lanes = &c->tenant->lanes;
	uint64_t useless;

	if (!site_set_has(reserve_low_sites(c->tenant->service), c->site) ||
	    !claim_has_m(lanes->claim, lanes_in_service(lanes)))
		return RC_OK;
	TRY(catch_up_measure(op, c));
	TRY(useless_size(op, c, &useless));
	if (c->lacking > 0 && useless <= c->lacking)
		FAIL(op, RC_NO_SPACE, RESERVE_WHY);
	return RC_OK;
}

/* Without the lock: what the site lacks of a committed state, long as that may
 * take. *ret_number: up to where. */
static enum rc
reenter_bulk(struct op *op, struct tenant *t, size_t i,
    atomic_uint_fast64_t *copied, uint64_t *ret_number)
{
	struct site_set sources =
	    rolled_back_without(t, sites_attached(t->service->config.sites));
	CLEANUP(tail_release) struct tail tail = {0};
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	struct reader *reader;
	struct catch_up c = {
	    .tenant = t,
	    .tail = &tail,
	    .site = i,
	    .sources = sources,
	    .copied = copied,
	};
	struct local_log head;
	enum rc rc;

	TRY(tail_list(op, t->service->config.sites,
	    site_set_with((struct site_set){0}, i), t->id, &tail));
	if (!site_set_has(tail.listed, i))
		FAIL(op, RC_IO, "its folders cannot be listed");
	TRY(tenant_ring_copy(op, t, &ring));
	c.ring = ring;
	TRY(tenant_reader(op, t, &reader));
	c.meta = &reader->meta;
	rc = local_log_head(op, c.meta, &head);
	if (rc == RC_OK)
		rc = rolled_back_look(op, t, c.meta, &tail, i);
	if (rc == RC_OK)
		rc = space_allows(op, &c);
	if (rc == RC_OK)
		rc = catch_up_run(op, &c);
	tenant_reader_put(t, reader);
	TRY(rc);
	*ret_number = head.number;
	return RC_OK;
}

/* Between two groups: the few numbers since, and the site is in service again.
 */
static enum rc
reenter_last(
    struct op *op, struct tenant *t, size_t i, uint64_t number, uint64_t epoch)
{
	struct catch_up c = {
	    .tenant = t,
	    .ring = t->ring,
	    .meta = &t->meta,
	    .from = number,
	    .site = i,
	    .sources = lanes_in_service(&t->lanes),
	};

	TRY(catch_up_run(op, &c));
	if (sites_epoch(t->service->config.sites, i) != epoch)
		FAIL(op, RC_IO, "the site went away meanwhile");
	lanes_enter(&t->lanes, i, t->head.number, epoch);
	rolled_back_end(t, i);
	t->swept = false; /* it may have what went while it was away (L16) */
	log_info(op, "site-in-service", "site=%s tenant=%016llx number=%llu",
	    site_at(&c, i)->name, (unsigned long long)t->id,
	    (unsigned long long)t->head.number);
	return RC_OK;
}

/* L16: the claim's own keyring first, anew after each return. */
static enum rc
reenter_ring(struct op *op, struct tenant *t, size_t i)
{
	enum rc rc;

	tenant_lock(t);
	rc = t->mode == TENANT_READY || t->mode == TENANT_IN_DOUBT
		 ? tenant_ring_put_again(op, t, i)
		 : op_fail(op, RC_BUSY, "it takes no changes now");
	tenant_unlock(t);
	return rc;
}

enum rc
tenant_catch_up_ahead(struct op *op, struct tenant *tenant, size_t i,
    atomic_uint_fast64_t *copied)
{
	uint64_t number;

	TRY(reenter_ring(op, tenant, i));
	return reenter_bulk(op, tenant, i, copied, &number);
}

static enum rc
reenter_site(struct op *op, struct tenant *t, size_t i)
{
	uint64_t epoch = sites_epoch(t->service->config.sites, i);
	uint64_t number = 0;
	enum rc rc;

	TRY(reenter_ring(op, t, i));
	TRY(reenter_bulk(op, t, i, NULL, &number));
	tenant_lock(t);
	rc = t->mode == TENANT_READY || t->mode == TENANT_IN_DOUBT
		 ? reenter_last(op, t, i, number, epoch)
		 : RC_BUSY;
	tenant_unlock(t);
	return rc;
}

void
tenant_reenter(struct op *op, struct tenant *tenant)
{
	struct sites *sites = tenant->service->config.sites;
	struct site_set out = claim_sites(tenant->lanes.claim);
	struct site_set in = lanes_in_service(&tenant->lanes);
	size_t i;
	enum rc rc;

	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(out, i) || site_set_has(in, i) ||
		    clock_mono() < tenant->reenter_due[i])
			continue;
		rc = reenter_site(op, tenant, i);
		if (rc == RC_OK || rc == RC_BUSY) {
			op_clear_error(op);
			continue;
		}
		/* Space does not come from one moment to the next. */
		if (rc == RC_NO_SPACE)
			tenant->reenter_due[i] =
			    clock_mono() + REENTER_AGAIN_S * CLOCK_S;
		lanes_leave(op, &tenant->lanes, i, op_error(op, rc));
		if (rc == RC_IO || rc == RC_NOT_FOUND)
			sites_failed(op, sites, i, rc);
		op_clear_error(op);
	}
}
