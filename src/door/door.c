/* door.c - what all doors of a process have together, and receipts. */
#include "door/door.h"

#include "base/mem.h"

enum { SITES_TEXT = SITES_MAX * (SITE_NAME_SIZE + 2) };

enum rc
door_open(
    struct op *op, const struct door_config *config, struct door **ret_door)
{
	struct door *door = mem_alloc(sizeof(*door));
	enum rc rc;

	if (door == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	door->service = config->service;
	door->evidence = config->evidence;
	door->ca = config->ca;
	rc = auth_new(op, &door->auth);
	if (rc != RC_OK) {
		mem_free(door);
		return rc;
	}
	*ret_door = door;
	return RC_OK;
}

void
door_close(struct door *door)
{
	if (door == NULL)
		return;
	auth_free(door->auth);
	mem_free(door);
}

enum rc
door_receipt(struct http_request *req, const struct door *door,
    const struct receipt *receipt)
{
	const struct sites *sites = door->service->config.sites;
	CLEANUP(buf_release) struct buf text = {.limit = SITES_TEXT};
	char *number;
	size_t i;

	if (receipt->number == 0)
		return RC_OK;
	TRY(op_format(
	    req->op, &number, "%llu", (unsigned long long)receipt->number));
	TRY(http_set_header(req, "Dozo-Commit", number));
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(receipt->sites, i))
			continue;
		TRY(buf_add_format(req->op, &text, "%s%s",
		    text.size > 0 ? ", " : "", sites->slots[i].site->name));
	}
	TRY(buf_add(req->op, &text, span_of("", 1)));
	return http_set_header(req, "Dozo-Sites", (const char *)text.data);
}
