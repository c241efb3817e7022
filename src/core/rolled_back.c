/* rolled_back.c - sites below what they acknowledged. */
#include "core/rolled_back.h"

#include <stdio.h>

#include "base/log.h"
#include "core/service.h"
#include "meta/local.h"

/* The highest number that the site lists; 0: none. */
static uint64_t
highest_on(const struct tail *tail, size_t i)
{
	size_t k = tail->n_logs;

	while (k-- > 0)
		if (site_set_has(tail->logs[k].on, i))
			return tail->logs[k].name.number;
	return 0;
}

enum rc
rolled_back_look(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct tail *tail, size_t i)
{
	const struct site *site = tenant->service->config.sites->slots[i].site;
	uint64_t has = highest_on(tail, i);
	uint64_t acknowledged = lanes_held(&tenant->lanes, i), by_rows;
	char why[LANE_WHY_SIZE];

	TRY(ack_last(op, meta, site->id, &by_rows));
	if (by_rows > acknowledged)
		acknowledged = by_rows;
	if (has >= acknowledged)
		return RC_OK;
	(void)snprintf(why, sizeof(why),
	    "rolled back: it acknowledged number %llu and has %llu",
	    (unsigned long long)acknowledged, (unsigned long long)has);
	if ((atomic_fetch_or(&tenant->rolled_back, 1u << i) >> i & 1) == 0) {
		atomic_fetch_add(&tenant->service->rolled_back[i], 1);
		log_error(op, "rolled-back",
		    "site=%s tenant=%016llx acknowledged=%llu has=%llu",
		    site->name, (unsigned long long)tenant->id,
		    (unsigned long long)acknowledged, (unsigned long long)has);
	}
	lanes_leave(op, &tenant->lanes, i, why);
	return RC_OK;
}

struct site_set
rolled_back_without(struct tenant *tenant, struct site_set sites)
{
	return (struct site_set){
	    sites.bits & ~atomic_load(&tenant->rolled_back)};
}

void
rolled_back_end(struct tenant *tenant, size_t i)
{
	atomic_fetch_and(&tenant->rolled_back, ~(1u << i));
}
