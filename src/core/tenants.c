/* tenants.c - the provider's list of tenants, and adding one (LOG.md L25). */
#include <string.h>

#include "base/rand.h"
#include "base/str.h"
#include "base/text.h"
#include "core/service.h"
#include "meta/tenant.h"

enum { LIST_AT_A_TIME = 64 };

/* No customer's name has such characters: it cannot be taken, nor given by a
 * client or a command. */
static const char canary_name[] = "(canary)";

static enum rc
info_of(struct op *op, const struct tenant_row *row,
    struct service_tenant_info *info)
{
	memset(info, 0, sizeof(*info));
	info->id = row->id;
	info->created_at = row->created_at;
	(void)str_copy(
	    info->lang, sizeof(info->lang), row->lang == LANG_EN ? "en" : "ja");
	if (row->name.size >= sizeof(info->name))
		FAIL(op, RC_DAMAGED, "a tenant's name is too long");
	memcpy(info->name, row->name.data, row->name.size);
	info->canary = strcmp(info->name, canary_name) == 0;
	return RC_OK;
}

enum rc
service_tenant_get(struct op *op, struct service *service, uint64_t id,
    struct service_tenant_info *ret_info)
{
	struct reader *reader;
	struct tenant_row row;
	enum rc rc;

	TRY(tenant_reader(op, service->provider, &reader));
	rc = tenant_row_get(op, &reader->meta, id, &row);
	tenant_reader_put(service->provider, reader);
	TRY(rc);
	if (row.state != TENANT_ROW_ACTIVE)
		FAIL(op, RC_NOT_FOUND, "the tenant is not complete");
	return info_of(op, &row, ret_info);
}

static void
name_key(const struct meta *meta, const char *name, uint8_t out[32])
{
	/* Names are [a-z0-9-]: folding changes nothing. */
	tenant_row_key(meta, span_str(name), out);
}

static enum rc
row_named(struct op *op, struct service *service, const char *name,
    struct tenant_row *row)
{
	struct reader *reader;
	uint8_t key[32];
	enum rc rc;

	TRY(tenant_reader(op, service->provider, &reader));
	name_key(&reader->meta, name, key);
	rc = tenant_row_find(op, &reader->meta, key, row);
	tenant_reader_put(service->provider, reader);
	return rc;
}

static bool
name_valid(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= 32 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

enum rc
service_tenant_named(struct op *op, struct service *service, const char *name,
    struct tenant **ret_tenant)
{
	struct tenant_row row;
	enum rc rc = RC_NOT_FOUND;

	if (name_valid(name))
		rc = row_named(op, service, name, &row);
	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_NOT_FOUND,
		    "there is no tenant %s (dozo tenant list names them)",
		    name);
	TRY(rc);
	if (row.state != TENANT_ROW_ACTIVE)
		FAIL(op, RC_NOT_FOUND,
		    "the tenant %s is not complete: dozo tenant add goes on",
		    name);
	return service_tenant(op, service, row.id, ret_tenant);
}

struct collect {
	struct tenant_row rows[LIST_AT_A_TIME];
	size_t n;
};

static enum rc
collect_row(void *arg, struct op *op, const struct tenant_row *row)
{
	struct collect *c = arg;
	uint8_t *name;

	TRY(op_alloc(op, row->name.size + 1, &name));
	memcpy(name, row->name.data, row->name.size);
	c->rows[c->n] = *row;
	c->rows[c->n].name = span_of(name, row->name.size);
	c->n++;
	return RC_OK;
}

enum rc
service_tenants(struct op *op, struct service *service,
    enum rc (*each)(
	void *arg, struct op *op, const struct service_tenant_info *info),
    void *arg)
{
	struct service_tenant_info info;
	struct collect c;
	struct reader *reader;
	uint64_t after = 0;
	size_t i;
	enum rc rc;

	do {
		c.n = 0;
		TRY(tenant_reader(op, service->provider, &reader));
		rc = tenant_row_list(
		    op, &reader->meta, after, LIST_AT_A_TIME, collect_row, &c);
		tenant_reader_put(service->provider, reader);
		TRY(rc);
		for (i = 0; i < c.n; i++) {
			after = c.rows[i].id;
			if (c.rows[i].state != TENANT_ROW_ACTIVE)
				continue;
			TRY(info_of(op, &c.rows[i], &info));
			TRY(each(arg, op, &info));
		}
	} while (c.n == LIST_AT_A_TIME);
	return RC_OK;
}

/* ---- adding: intent, the tenant's own number 1, completion ---- */

struct intent {
	struct change change;
	struct tenant_row row;
	const char *name;
};

static enum rc
intent_run(struct op *op, struct tx *tx, struct change *change)
{
	struct intent *intent = container_of(change, struct intent, change);
	uint8_t key[32];
	enum rc rc;

	name_key(tx->meta, intent->name, key);
	intent->row.created_at = tx->wall;
	rc = tenant_row_insert(op, tx->meta, &intent->row, key);
	if (rc == RC_EXISTS) {
		op_clear_error(op);
		FAIL(op, RC_EXISTS, "there is a tenant %s already",
		    intent->name);
	}
	return rc;
}

struct completion {
	struct change change;
	uint64_t id;
};

static enum rc
completion_run(struct op *op, struct tx *tx, struct change *change)
{
	struct completion *completion =
	    container_of(change, struct completion, change);

	return tenant_row_set_state(
	    op, tx->meta, completion->id, TENANT_ROW_ACTIVE);
}

/* The tenant's own step; repeatable: number 1 may stand already. */
static enum rc
adding_step(struct op *op, struct service *s, uint64_t id)
{
	struct completion completion = {.change.run = completion_run, .id = id};
	struct tenant *t;
	enum rc rc;

	TRY(service_tenant_known(op, s, id, &t));
	rc = tenant_open(op, t);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		tenant_lock(t);
		rc = tenant_create(op, t);
		tenant_unlock(t);
	}
	tenant_put(t);
	TRY(rc);
	return change_commit(op, s->provider, &completion.change);
}

static enum rc
tenant_make(struct op *op, struct service *service, const char *name,
    const char *lang, uint64_t *ret_id)
{
	struct intent intent = {.change.run = intent_run, .name = name};

	rand_bytes(&intent.row.id, sizeof(intent.row.id));
	intent.row.id = (intent.row.id >> 1) | 1;
	intent.row.name = span_str(name);
	intent.row.lang = strcmp(lang, "en") == 0 ? LANG_EN : LANG_JA;
	intent.row.state = TENANT_ROW_ADDING;
	TRY(change_commit(op, service->provider, &intent.change));
	TRY(adding_step(op, service, intent.row.id));
	*ret_id = intent.row.id;
	return RC_OK;
}

enum rc
service_tenant_add(struct op *op, struct service *service, const char *name,
    const char *lang, uint64_t *ret_id)
{
	if (!name_valid(name))
		FAIL(op, RC_INVALID,
		    "a tenant's name is 1 to 32 of a-z, 0-9 and -, not "
		    "\"%.40s\"",
		    name);
	return tenant_make(op, service, name, lang, ret_id);
}

enum rc
service_canary(
    struct op *op, struct service *service, struct tenant **ret_tenant)
{
	struct tenant_row row = {0};
	enum rc rc = row_named(op, service, canary_name, &row);

	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		rc = tenant_make(op, service, canary_name, "en", &row.id);
	} else if (rc == RC_OK && row.state == TENANT_ROW_ADDING) {
		rc = adding_step(op, service, row.id);
	}
	TRY(rc);
	return service_tenant(op, service, row.id, ret_tenant);
}

enum rc
service_resume_adding(struct op *op, struct service *service)
{
	struct collect c = {.n = 0};
	struct reader *reader;
	size_t i;
	enum rc rc;

	if (service->provider->mode != TENANT_READY)
		return RC_OK;
	TRY(tenant_reader(op, service->provider, &reader));
	rc = tenant_row_list_state(
	    op, &reader->meta, TENANT_ROW_ADDING, collect_row, &c);
	tenant_reader_put(service->provider, reader);
	TRY(rc);
	for (i = 0; i < c.n; i++)
		TRY(adding_step(op, service, c.rows[i].id));
	return RC_OK;
}
