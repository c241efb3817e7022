/* purge_turn.c - a tenant's turn of purging. */
#include "core/purge.h"
#include "core/service.h"

enum rc
purge_turn(struct op *op, struct tenant *tenant, size_t steps)
{
	int64_t now = service_clock_now(&tenant->service->clock);
	int64_t last = tenant->found_known ? tenant->last_found_id : 0;
	enum purge_due due = PURGE_TREE;
	struct reader *reader;
	size_t i;
	enum rc rc;

	for (i = 0; i < steps && due != PURGE_NOTHING; i++) {
		TRY(tenant_reader(op, tenant, &reader));
		rc = purge_look(op, &reader->meta, now, last, &due);
		tenant_reader_put(tenant, reader);
		TRY(rc);
		TRY(purge_do(op, tenant, due, last));
	}
	return RC_OK;
}
