/* site_leave.c - what a site that has left the register still has is taken away
 * (LOG.md L16, L20). */
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/service.h"
#include "meta/local.h"
#include "meta/tenant.h"

/* ---- its objects, all but the fences ---- */

struct emptying {
	struct service *service;
	struct site *site;
	const char *folder;
	enum site_removal removal;
};

static enum rc
object_remove(void *arg, struct op *op, const char *file)
{
	struct emptying *e = arg;
	struct object_name name;

	if (e->service->stopping)
		FAIL(op, RC_BUSY, "the service stops");
	(void)snprintf(name.folder, sizeof(name.folder), "%s", e->folder);
	(void)snprintf(name.file, sizeof(name.file), "%s", file);
	FAILPOINT("site_leave.object");
	return site_remove(op, e->site, &name, e->removal);
}

static enum rc
folder_empty(struct op *op, struct emptying *e, const char *folder)
{
	e->folder = folder;
	return site_list(op, e->site, folder, SITE_LIST_SEEN, object_remove, e);
}

/* Keyrings first, and for good: without them the rest is closed (L16). */
static enum rc
tenant_empty(struct op *op, struct emptying *e, uint64_t tenant)
{
	static const char *const kinds[] = {
	    "keys", "log", "data", "snap", "damaged"};
	char folder[OBJECT_FOLDER_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		e->removal = i == 0 ? SITE_REMOVE_DURABLE : SITE_REMOVE;
		object_folder(folder, kinds[i], tenant);
		TRY(folder_empty(op, e, folder));
	}
	return RC_OK;
}

static enum rc
tenants_empty(struct op *op, struct emptying *e)
{
	struct tenant_row row = {.id = TENANT_PROVIDER};
	enum rc rc = tenant_empty(op, e, TENANT_PROVIDER);

	while (rc == RC_OK) {
		rc = site_change_next(op, e->service, row.id, &row);
		if (rc == RC_OK)
			rc = tenant_empty(op, e, row.id);
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return RC_OK;
}

/* L29: the last look-up of the fence is the claim's own, under the register
 * without this site. */
static enum rc
site_empty(struct op *op, struct service *s, size_t i)
{
	struct emptying e = {
	    .service = s,
	    .site = s->config.sites->slots[i].site,
	};

	TRY(claim_check(op, s->claim, i));
	TRY(tenants_empty(op, &e));
	e.removal = SITE_REMOVE;
	TRY(folder_empty(op, &e, "heads"));
	log_info(op, "site-emptied", "site=%s", e.site->name);
	return RC_OK;
}

/* One that is away keeps what it has; without its key that is closed. */
static enum rc
objects_take(struct op *op, struct service *s, size_t i)
{
	enum rc rc;

	if (!site_set_has(sites_attached(s->config.sites), i))
		return RC_OK;
	rc = site_empty(op, s, i);
	if (rc == RC_FENCED || rc == RC_BUSY || rc == RC_NO_MEMORY)
		return rc;
	if (rc != RC_OK)
		log_warn(op, "site-not-emptied", "site=%s why=\"%s\"",
		    s->config.sites->slots[i].site->name, op_error(op, rc));
	op_clear_error(op);
	return RC_OK;
}

/* ---- its acks ---- */

struct acks_change {
	struct change change;
	const uint8_t *site;
	uint64_t first;
};

static enum rc
acks_run(struct op *op, struct tx *tx, struct change *change)
{
	struct acks_change *acks =
	    container_of(change, struct acks_change, change);

	return ack_drop(op, tx->meta, acks->site, acks->first,
	    acks->first + CHANGE_ROWS_MAX - 1);
}

/* *ret_number: the first that is left; 0: none. */
static enum rc
acks_left(struct op *op, struct tenant *t, const uint8_t id[OBJECT_ID_SIZE],
    uint64_t *ret_number)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, t, &reader));
	rc = ack_first(op, &reader->meta, id, ret_number);
	tenant_reader_put(t, reader);
	return rc;
}

/* L8: a thousand rows at a time. */
static enum rc
acks_take(void *arg, struct op *op, struct tenant *t)
{
	struct acks_change acks = {
	    .change = {.run = acks_run, .frees_space = true},
	    .site = arg,
	};

	/* Under a claim of before the next number would name the site again. */
	if (t->mode != TENANT_READY || t->lanes.claim != t->service->claim)
		FAIL(op, RC_BUSY, "it takes no changes now");
	TRY(acks_left(op, t, acks.site, &acks.first));
	while (acks.first > 0) {
		if (t->service->stopping)
			FAIL(op, RC_BUSY, "the service stops");
		FAILPOINT("site_leave.acks");
		TRY(change_commit(op, t, &acks.change));
		TRY(acks_left(op, t, acks.site, &acks.first));
	}
	return RC_OK;
}

enum rc
site_leave(
    struct op *op, struct service *service, const uint8_t id[OBJECT_ID_SIZE])
{
	struct service_config *config = &service->config;
	size_t i = sites_find(config->sites, id);

	if (i < SITES_MAX)
		TRY(objects_take(op, service, i));
	TRY(site_change_each(op, service, acks_take, (void *)(uintptr_t)id));
	FAILPOINT("site_leave.forgetting");
	if (config->forget != NULL)
		TRY(config->forget(config->forget_arg, op, id));
	if (i < SITES_MAX)
		sites_leave(op, config->sites, i);
	FAILPOINT("site_leave.key");
	return site_keys_drop(op, service, id);
}
