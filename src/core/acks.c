/* acks.c - writing, forgetting and reading of acks. */
#include "core/acks.h"

#include <string.h>

#include "core/service.h"
#include "meta/local.h"

/* The provider's log has no contents. */
static enum rc
is_named(struct op *op, const struct tenant *t, struct meta *meta,
    uint64_t number, bool *ret_named)
{
	*ret_named = number == 1;
	if (*ret_named || t->id == TENANT_PROVIDER)
		return RC_OK;
	return content_made_in(op, meta, number, ret_named);
}

enum rc
acks_write(struct op *op, struct tenant *tenant)
{
	struct tenant *t = tenant;
	struct sites *sites = t->service->config.sites;
	uint64_t last, looked = 0;
	bool named = true;
	size_t i;

	if (!t->acks_known)
		return RC_OK;
	for (i = 0; i < sites->n; i++) {
		const uint8_t *id = sites->slots[i].site->id;

		if (!site_set_has(t->last_acks, i))
			continue;
		TRY(ack_last(op, &t->meta, id, &last));
		/* Most sites have the same newest one. */
		if (last != 0 && last != looked)
			TRY(is_named(op, t, &t->meta, last, &named));
		looked = last;
		if (last != 0 && !named)
			TRY(ack_remove(op, &t->meta, last, id));
		TRY(ack_add(op, &t->meta, t->head.number, id, t->last_time));
	}
	return RC_OK;
}

struct forget {
	struct meta *meta;
	uint64_t number;
	size_t rows;
};

/* All but a site's newest. */
static enum rc
forget_one(
    void *arg, struct op *op, const uint8_t site[OBJECT_ID_SIZE], int64_t time)
{
	struct forget *forget = arg;
	uint64_t last;

	(void)time;
	TRY(ack_last(op, forget->meta, site, &last));
	if (last == forget->number)
		return RC_OK;
	forget->rows++;
	return ack_remove(op, forget->meta, forget->number, site);
}

enum rc
acks_forget(struct op *op, struct meta *meta, uint64_t number, size_t *ret_rows)
{
	struct forget forget = {.meta = meta, .number = number};
	bool made = true;

	*ret_rows = 0;
	if (number > 1)
		TRY(content_made_in(op, meta, number, &made));
	if (made)
		return RC_OK;
	TRY(ack_list(op, meta, number, forget_one, &forget));
	*ret_rows = forget.rows;
	return RC_OK;
}

struct reading {
	const struct sites *sites;
	struct receipt *receipt;
};

static enum rc
site_note(
    void *arg, struct op *op, const uint8_t site[OBJECT_ID_SIZE], int64_t time)
{
	struct reading *reading = arg;
	size_t i = sites_find(reading->sites, site);

	(void)op;
	if (i < reading->sites->n)
		reading->receipt->sites =
		    site_set_with(reading->receipt->sites, i);
	reading->receipt->service_time = time;
	return RC_OK;
}

/* The head's are not written yet: this process knows them. */
static void
head_receipt(struct tenant *t, struct receipt *receipt)
{
	MUTEX_GUARD(&t->lock);

	if (!t->acks_known || receipt->number != t->head.number)
		return;
	receipt->sites = t->last_acks;
	receipt->service_time = t->last_time;
}

enum rc
acks_receipt(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct content *content, struct receipt *ret_receipt)
{
	struct receipt receipt = {.number = content->made};
	struct reading reading = {
	    .sites = tenant->service->config.sites, .receipt = &receipt};

	if (content->made != 0)
		TRY(ack_list(op, meta, content->made, site_note, &reading));
	if (receipt.service_time == 0)
		head_receipt(tenant, &receipt);
	if (receipt.service_time == 0)
		FAIL(op, RC_NOT_FOUND,
		    "it is not known where this content stood first");
	*ret_receipt = receipt;
	return RC_OK;
}
