/* mend.c - the mender: what may take long is not the keeper's, which has to
 * look at sites, fences and queues in time. */
#include "core/mend.h"

#include <stdlib.h>

#include "core/purge.h"
#include "core/service.h"
#include "core/upload_session.h"

enum { MENDER_STEP_MS = 500, PURGE_STEPS = 8 };

/* What a tenant that takes changes needs now and then. */
static void
mend_ready(struct op *op, struct tenant *t)
{
	enum rc rc = RC_OK;

	if (t->found_known && !t->found_swept && t->id != TENANT_PROVIDER) {
		rc = upload_sessions_sweep(op, t, t->last_found_id);
		t->found_swept = rc == RC_OK;
	}
	if (rc == RC_OK && t->id != TENANT_PROVIDER)
		rc = purge_turn(op, t, PURGE_STEPS);
	if (rc != RC_OK)
		op_clear_error(op);
	/* L17: keyrings are listed each hour; a paused put may bring one back.
	 */
	if (clock_mono() - t->swept_at > CLOCK_HOUR)
		t->swept = false;
	tenant_sweep(op, t, !t->swept);
	tenant_database_tidy(op, t);
}

static void
mend_tenant(struct op *op, struct tenant *t)
{
	if (t->mode == TENANT_READY || t->mode == TENANT_IN_DOUBT)
		tenant_reenter(op, t);
	if (t->mode == TENANT_READY)
		repair_tenant(op, t);
	if (t->mode == TENANT_READY)
		mend_ready(op, t);
}

static int
used_earlier(const void *a, const void *b)
{
	const struct tenant *x = *(struct tenant *const *)a;
	const struct tenant *y = *(struct tenant *const *)b;

	return x->last_used < y->last_used ? -1 : x->last_used > y->last_used;
}

/* DESIGN: databases are opened at first use and closed when 256 others are in
 * use. */
static void
close_idle(struct op *op, struct service_pinned *pinned)
{
	size_t i, open;

	/* The first is the provider's, which stays. */
	if (pinned->n <= SERVICE_TENANTS_OPEN + 1)
		return;
	qsort(&pinned->tenants[1], pinned->n - 1, sizeof(struct tenant *),
	    used_earlier);
	open = pinned->n - 1;
	for (i = 1; i < pinned->n && open > SERVICE_TENANTS_OPEN; i++)
		if (tenant_close_idle(op, pinned->tenants[i]))
			open--;
}

static void
mend_open(struct op *op, struct service *s)
{
	struct service_pinned pinned;
	size_t i;

	if (service_pin(op, s, &pinned) != RC_OK) {
		op_clear_error(op);
		return;
	}
	for (i = 0; i < pinned.n && !s->stopping; i++)
		mend_tenant(op, pinned.tenants[i]);
	close_idle(op, &pinned);
	service_unpin(&pinned);
}

/*
 * One that is not open and that a site lacks something of: it is opened, which
 * decides its end and brings m sites up to date, the others are brought up to
 * date too, and it is closed again if nobody has come for it meanwhile.
 */
static void
mend_closed(struct op *op, struct service *s, uint64_t id)
{
	int64_t used;
	struct tenant *t;
	enum rc rc = service_tenant_known(op, s, id, &t);

	if (rc != RC_OK) {
		op_clear_error(op);
		survey_put_off(s, id);
		return;
	}
	used = t->last_used;
	rc = tenant_open(op, t);
	op_clear_error(op);
	if (rc == RC_OK)
		mend_tenant(op, t);
	if (rc == RC_OK && t->last_used == used)
		(void)tenant_close_idle(op, t);
	survey_put_off(s, id);
	mutex_lock(&t->lock);
	t->users--;
	mutex_unlock(&t->lock);
}

/* One step; true: there is more to do at once. */
static bool
mender_step(struct op *op, struct service *s)
{
	uint64_t tenant;
	bool more;

	mend_open(op, s);
	more = site_keys_step(op, s);
	/* Else it could only be opened to be read, and would stay open. */
	if (!s->claimed || s->provider->mode != TENANT_READY ||
	    !claim_has_m(s->claim, claim_sites(s->claim)))
		return more;
	more |= survey_step(op, s, &tenant);
	if (tenant != 0)
		mend_closed(op, s, tenant);
	return more;
}

void
service_mender(void *arg)
{
	struct service *s = arg;

	while (!s->stopping) {
		struct op op;
		bool more;

		op_init(&op);
		more = mender_step(&op, s);
		op_release(&op);
		mutex_lock(&s->lock);
		if (!s->stopping && !more)
			(void)cond_wait_until(&s->changed, &s->lock,
			    clock_mono() + MENDER_STEP_MS * CLOCK_MS);
		mutex_unlock(&s->lock);
	}
}
