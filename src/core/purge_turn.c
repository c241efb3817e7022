/* purge_turn.c - a tenant's turn of purging. */
#include "core/purge.h"
#include "core/service.h"

static enum rc
due_find(struct op *op, struct tenant *t, int64_t last, enum purge_due *ret_due)
{
	int64_t now = service_clock_now(&t->service->clock);
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, t, &reader));
	rc = purge_look(op, &reader->meta, now, last, ret_due);
	tenant_reader_put(t, reader);
	return rc;
}

enum rc
purge_turn(struct op *op, struct tenant *tenant, size_t steps)
{
	struct upkeep_seen *seen = &tenant->service->upkeep.seen;
	int64_t last = tenant->found_known ? tenant->last_found_id : 0;
	enum purge_due due;
	enum rc rc;

	TRY(due_find(op, tenant, last, &due));
	if (due == PURGE_NOTHING)
		return RC_OK;
	upkeep_begun(seen, UPKEEP_PURGE, tenant->id);
	do {
		rc = purge_do(op, tenant, due, last);
		if (rc == RC_OK)
			rc = due_find(op, tenant, last, &due);
	} while (rc == RC_OK && --steps > 0 && due != PURGE_NOTHING);
	upkeep_ended(seen, UPKEEP_PURGE, rc);
	return rc;
}
