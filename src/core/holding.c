/* holding.c - acknowledgements of the number that brought a content. */
#include "core/holding.h"

#include "core/service.h"
#include "meta/content.h"
#include "meta/local.h"

/* A site that acknowledged a later number has the earlier ones (P). */
static enum rc
site_since(struct op *op, struct meta *meta, struct tenant *tenant, size_t i,
    uint64_t number, int64_t *ret_time)
{
	const struct sites *sites = tenant->service->config.sites;
	struct site_set head_on;
	int64_t head_time;
	enum rc rc;

	rc = ack_first(op, meta, number, sites->slots[i].site->id, ret_time);
	if (rc != RC_NOT_FOUND)
		return rc;
	/* The head's acks are rows only after the next number. */
	tenant_acks(tenant, number, &head_on, &head_time);
	*ret_time = site_set_has(head_on, i) ? head_time : 0;
	return RC_OK;
}

enum rc
holding_get(struct op *op, struct meta *meta, struct tenant *tenant,
    int64_t content, struct holding *ret_holding)
{
	struct holding holding = {0};
	uint64_t number;
	size_t i;

	TRY(content_number(op, meta, content, &number));
	holding.sites = lanes_holding(&tenant->lanes, number);
	for (i = 0; i < SITES_MAX && number > 0; i++)
		if (site_set_has(holding.sites, i))
			TRY(site_since(
			    op, meta, tenant, i, number, &holding.since[i]));
	*ret_holding = holding;
	return RC_OK;
}
