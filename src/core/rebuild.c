/* rebuild.c - tenant by tenant: what one site gives back. */
#include "core/rebuild.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "meta/audit.h"
#include "meta/content.h"
#include "meta/local.h"

enum { ROWS_AT_A_TIME = 256 };

struct id {
	uint8_t bytes[OBJECT_ID_SIZE];
};

struct rebuild {
	struct service *service;
	const struct rebuild_job *job;
	bool complete;
	size_t n_seen; /* ids of tenants that the provider's log names */
	size_t room;
	uint64_t *seen;
};

/* One tenant's look. */
struct look {
	struct tenant *tenant;
	struct meta *meta;
	const struct rebuild_job *job;
	struct rebuild_tenant *result;
	size_t n;
	struct local_data rows[ROWS_AT_A_TIME];
	size_t n_gone; /* data segments that are not there */
	struct id *gone;
};

/* ---- pieces ---- */

static enum rc
data_row(void *arg, struct op *op, const struct local_data *row)
{
	struct look *look = arg;

	(void)op;
	look->rows[look->n++] = *row;
	return RC_OK;
}

static enum rc
data_look(struct op *op, struct look *look, const struct local_data *row)
{
	struct sites *sites = look->tenant->service->config.sites;
	struct site_set set = sites_attached(sites);
	struct object_name name;
	struct id *more;
	uint64_t size;
	size_t i;

	object_data(&name, look->tenant->id, row->id);
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(set, i))
			continue;
		if (site_size(op, sites->slots[i].site, &name, &size) ==
			RC_OK &&
		    size == row->size)
			return RC_OK;
		op_clear_error(op);
	}
	more = mem_realloc(look->gone, (look->n_gone + 1) * sizeof(*more));
	if (more == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	look->gone = more;
	memcpy(more[look->n_gone++].bytes, row->id, OBJECT_ID_SIZE);
	return RC_OK;
}

/* Rows come by id, so the list of those that are gone is in order. */
static enum rc
data_look_all(struct op *op, struct look *look)
{
	uint8_t last[OBJECT_ID_SIZE];
	const uint8_t *after = NULL;
	size_t i;

	do {
		look->n = 0;
		TRY(local_data_list(
		    op, look->meta, after, ROWS_AT_A_TIME, data_row, look));
		for (i = 0; i < look->n; i++)
			TRY(data_look(op, look, &look->rows[i]));
		if (look->n > 0)
			memcpy(last, look->rows[look->n - 1].id, sizeof(last));
		after = last;
	} while (look->n == ROWS_AT_A_TIME);
	look->result->data_missing = look->n_gone;
	return RC_OK;
}

static bool
is_gone(const struct look *look, const struct chunk_place *place)
{
	size_t low = 0, high = look->n_gone;

	while (place->number == 0 && low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(
		    look->gone[middle].bytes, place->data, OBJECT_ID_SIZE);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static enum rc
content_whole(struct op *op, struct look *look, int64_t id, bool *ret_whole)
{
	struct content content;
	uint64_t at = 0;

	*ret_whole = true;
	TRY(content_get(op, look->meta, id, &content));
	while (at < content.size && *ret_whole) {
		CLEANUP(chunk_wipe) struct chunk chunk = {0};

		TRY(chunk_find(op, look->meta, id, at, &chunk));
		*ret_whole = chunk.size > 0 && !is_gone(look, &chunk.place);
		at = chunk.start + chunk.size;
	}
	return RC_OK;
}

static enum rc
files_tell(struct op *op, struct look *look, int64_t content)
{
	int64_t node = 0;
	enum rc rc;

	for (;;) {
		rc = content_node(op, look->meta, content, node, &node);
		if (rc == RC_NOT_FOUND) {
			op_clear_error(op);
			return RC_OK;
		}
		TRY(rc);
		look->result->files_missing++;
		TRY(look->job->file(
		    look->job->arg, op, look->tenant->id, node));
	}
}

/* Each content's chunks are only looked at where something is gone. */
static enum rc
contents_look(struct op *op, struct look *look)
{
	int64_t id = 0;
	enum rc rc;

	for (;;) {
		CLEANUP(op_release) struct op step;
		bool whole = true;

		op_init(&step);
		rc = content_next(op, look->meta, id, &id);
		if (rc == RC_NOT_FOUND) {
			op_clear_error(op);
			return RC_OK;
		}
		TRY(rc);
		look->result->contents++;
		if (look->n_gone == 0)
			continue;
		if (content_whole(&step, look, id, &whole) != RC_OK)
			whole = false;
		if (whole)
			continue;
		look->result->contents_missing++;
		TRY(files_tell(op, look, id));
	}
}

/* ---- a tenant ---- */

static enum rc
newest_change(void *arg, struct op *op, const struct audit_row *row)
{
	struct rebuild_tenant *result = arg;

	(void)op;
	result->changed_at = row->wall;
	return RC_OK;
}

static enum rc
state_look(struct op *op, struct look *look, struct reader *reader)
{
	struct local_log head;

	TRY(local_log_head(op, look->meta, &head));
	look->result->number = head.number;
	TRY(audit_row_list(
	    op, look->meta, INT64_MAX, 1, newest_change, look->result));
	TRY(db_state_hash(op, reader->db, look->result->state_hash));
	TRY(data_look_all(op, look));
	if (look->tenant->id == TENANT_PROVIDER)
		return RC_OK;
	return contents_look(op, look);
}

static enum rc
tenant_look(struct op *op, struct rebuild *r, struct tenant *t,
    struct rebuild_tenant *result)
{
	CLEANUP(mem_free_ptr) struct look *look = mem_alloc(sizeof(*look));
	struct reader *reader;
	enum rc rc;

	if (look == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	look->tenant = t;
	look->job = r->job;
	look->result = result;
	TRY(tenant_reader(op, t, &reader));
	look->meta = &reader->meta;
	rc = state_look(op, look, reader);
	tenant_reader_put(t, reader);
	mem_free(look->gone);
	result->open = rc == RC_OK;
	return rc;
}

/* What the heads say of it (L21). */
static void
heads_compare(const struct rebuild *r, const struct tenant *t,
    struct rebuild_tenant *result)
{
	const struct heads_entry *entry =
	    heads_find(&r->service->heads, result->id);

	if (entry == NULL)
		return;
	result->in_heads = true;
	result->heads_number = entry->number;
	if (entry->number > result->number)
		result->missing = entry->number - result->number;
	if (result->open && t != NULL && entry->number == t->head.number &&
	    memcmp(entry->hash, t->head.hash, OBJECT_HASH_SIZE) != 0)
		(void)snprintf(result->why, sizeof(result->why),
		    "the heads name another segment of this number");
}

static enum rc
tenant_tell(struct op *op, struct rebuild *r, const struct tenant *t,
    struct rebuild_tenant *result)
{
	heads_compare(r, t, result);
	if (!result->open || result->missing > 0 || result->data_missing > 0 ||
	    result->why[0] != '\0')
		r->complete = false;
	return r->job->tenant(r->job->arg, op, result);
}

/* What cannot be opened is told, and the others go on. */
static enum rc
tenant_rebuild(struct op *op, struct rebuild *r, uint64_t id)
{
	CLEANUP(op_release) struct op step;
	struct rebuild_tenant result = {.id = id};
	struct tenant *t = NULL;
	enum rc rc;

	op_init(&step);
	rc = id == TENANT_PROVIDER ? RC_OK
				   : service_tenant(&step, r->service, id, &t);
	if (id == TENANT_PROVIDER)
		t = r->service->provider;
	if (rc == RC_OK)
		rc = tenant_look(&step, r, t, &result);
	if (rc == RC_NO_MEMORY)
		return op_fail(op, rc, "%s", op_error(&step, rc));
	if (rc != RC_OK)
		(void)snprintf(result.why, sizeof(result.why), "%.239s",
		    op_error(&step, rc));
	rc = tenant_tell(op, r, t, &result);
	if (t != NULL && id != TENANT_PROVIDER) {
		tenant_put(t);
		tenant_close(&step, t);
	}
	return rc;
}

static enum rc
seen_add(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct rebuild *r = arg;
	uint64_t *more;

	if (r->n_seen == r->room) {
		more = mem_realloc(r->seen, (2 * r->room + 64) * sizeof(*more));
		if (more == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		r->seen = more;
		r->room = 2 * r->room + 64;
	}
	r->seen[r->n_seen++] = info->id;
	return RC_OK;
}

static bool
is_seen(const struct rebuild *r, uint64_t id)
{
	size_t i;

	for (i = 0; i < r->n_seen; i++)
		if (r->seen[i] == id)
			return true;
	return id == TENANT_PROVIDER;
}

/* Tenants that the heads name and the provider's log, as far as it goes, does
 * not. */
static enum rc
unknown_tell(struct op *op, struct rebuild *r)
{
	const struct heads *heads = &r->service->heads;
	size_t i;

	for (i = 0; i < heads->n; i++) {
		struct rebuild_tenant result = {.id = heads->entries[i].tenant};

		if (is_seen(r, result.id))
			continue;
		(void)snprintf(result.why, sizeof(result.why),
		    "the provider's log does not name this tenant yet");
		TRY(tenant_tell(op, r, NULL, &result));
	}
	return RC_OK;
}

static enum rc
all_rebuild(struct op *op, struct rebuild *r)
{
	size_t i;

	TRY(tenant_rebuild(op, r, TENANT_PROVIDER));
	TRY(service_tenants(op, r->service, seen_add, r));
	for (i = 0; i < r->n_seen; i++)
		TRY(tenant_rebuild(op, r, r->seen[i]));
	return unknown_tell(op, r);
}

enum rc
rebuild_run(struct op *op, struct service *service,
    const struct rebuild_job *job, bool *ret_complete)
{
	struct rebuild r = {.service = service, .job = job, .complete = true};
	enum rc rc;

	/* Without heads nobody can tell what is missing. */
	if (service->heads.counter == 0)
		r.complete = false;
	rc = all_rebuild(op, &r);
	mem_free(r.seen);
	TRY(rc);
	*ret_complete = r.complete;
	return RC_OK;
}
