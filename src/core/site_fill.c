/* site_fill.c - a new site gets everything before it counts (LOG.md L20). */
#include <string.h>

#include "core/catchup.h"
#include "core/service.h"
#include "meta/tenant.h"

/* ---- all tenants, one after the other ---- */

static enum rc
row_take(void *arg, struct op *op, const struct tenant_row *row)
{
	(void)op;
	*(struct tenant_row *)arg = *row;
	return RC_OK;
}

enum rc
site_change_next(struct op *op, struct service *service, uint64_t after,
    struct tenant_row *ret_row)
{
	struct tenant_row row = {.id = TENANT_PROVIDER};
	struct reader *reader;
	enum rc rc;

	if (service->stopping)
		FAIL(op, RC_BUSY, "the service stops");
	TRY(tenant_reader(op, service->provider, &reader));
	rc = tenant_row_list(op, &reader->meta, after, 1, row_take, &row);
	tenant_reader_put(service->provider, reader);
	TRY(rc);
	if (row.id == TENANT_PROVIDER)
		return RC_NOT_FOUND;
	row.name = span_of(NULL, 0);
	*ret_row = row;
	return RC_OK;
}

/* Opened for this, and closed again if nobody has come for it meanwhile. */
static enum rc
with_tenant(struct op *op, struct service *s, uint64_t id,
    enum rc (*each)(void *arg, struct op *op, struct tenant *t), void *arg)
{
	struct tenant *t;
	int64_t used;
	bool closed;
	enum rc rc;

	TRY(service_tenant_known(op, s, id, &t));
	used = t->last_used;
	closed = t->mode == TENANT_CLOSED;
	rc = tenant_open(op, t);
	if (rc == RC_OK)
		rc = each(arg, op, t);
	if (closed && t->last_used == used)
		(void)tenant_close_idle(op, t);
	mutex_lock(&t->lock);
	t->users--;
	mutex_unlock(&t->lock);
	return rc;
}

enum rc
site_change_each(struct op *op, struct service *service,
    enum rc (*each)(void *arg, struct op *op, struct tenant *tenant), void *arg)
{
	struct tenant_row row = {.id = TENANT_PROVIDER};
	enum rc rc = each(arg, op, service->provider);

	while (rc == RC_OK) {
		CLEANUP(op_release) struct op step;

		op_init(&step);
		rc = site_change_next(&step, service, row.id, &row);
		/* One that is being made has its log under the claim of then.
		 */
		if (rc == RC_OK && row.state == TENANT_ROW_ACTIVE)
			rc = with_tenant(&step, service, row.id, each, arg);
		if (rc != RC_OK && rc != RC_NOT_FOUND)
			return op_fail(op, rc, "tenant %016llx: %.120s",
			    (unsigned long long)row.id, op_error(&step, rc));
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* ---- filling ---- */

struct fill {
	struct service *service;
	size_t site;
	uint64_t held, total; /* objects */
};

/* Any member that is there: what it lists is about what the new one will. */
static struct site_set
source_of(struct service *s)
{
	struct site_set set = claim_sites(s->claim);

	return (struct site_set){set.bits & -set.bits};
}

/* By names only: no database is opened. */
static enum rc
count_one(struct op *op, struct fill *f, uint64_t tenant)
{
	struct sites *sites = f->service->config.sites;
	struct site_set set = site_set_with(source_of(f->service), f->site);
	CLEANUP(tail_release) struct tail tail = {0};
	size_t i;

	TRY(tail_list(op, sites, set, tenant, &tail));
	f->total += tail.n_logs + tail.n_data + tail.n_snaps;
	for (i = 0; i < tail.n_logs; i++)
		f->held += site_set_has(tail.logs[i].on, f->site);
	for (i = 0; i < tail.n_data; i++)
		f->held += site_set_has(tail.data[i].on, f->site);
	for (i = 0; i < tail.n_snaps; i++)
		f->held += site_set_has(tail.snaps[i].on, f->site);
	return RC_OK;
}

static enum rc
count_all(struct op *op, struct fill *f)
{
	struct tenant_row row = {.id = TENANT_PROVIDER};
	enum rc rc = count_one(op, f, TENANT_PROVIDER);

	while (rc == RC_OK) {
		rc = site_change_next(op, f->service, row.id, &row);
		if (rc == RC_OK)
			rc = count_one(op, f, row.id);
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	atomic_store(&f->service->change.held, f->held);
	atomic_store(&f->service->change.total, f->total);
	return RC_OK;
}

static enum rc
fill_one(void *arg, struct op *op, struct tenant *t)
{
	struct fill *f = arg;
	struct site_change_state state;

	site_change_look(f->service, &state);
	if (state.phase != SITE_PHASE_FILLING)
		FAIL(op, RC_BUSY, "the change was taken back");
	return tenant_catch_up_ahead(op, t, f->site, &f->service->change.held);
}

enum rc
site_fill(
    struct op *op, struct service *service, size_t i, uint64_t *ret_copied)
{
	struct fill f = {.service = service, .site = i};
	struct site_change *c = &service->change;
	uint64_t before;

	/* Later passes bring what came meanwhile. */
	if (atomic_load(&c->total) == 0)
		TRY(count_all(op, &f));
	before = atomic_load(&c->held);
	TRY(site_change_each(op, service, fill_one, &f));
	*ret_copied = atomic_load(&c->held) - before;
	atomic_store(&c->total, atomic_load(&c->held));
	return RC_OK;
}
