/* tenant.c - opening, closing and lending a tenant. */
#include "core/tenant.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/schema.h"
#include "core/service.h"

enum rc
tenant_new(struct op *op, struct service *service, uint64_t id,
    struct tenant **ret_tenant)
{
	struct tenant *t = mem_alloc(sizeof(*t));

	if (t == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	t->service = service;
	t->id = id;
	(void)snprintf(t->db_path, sizeof(t->db_path), "%.1000s/%016llx.db",
	    service->config.db_path, (unsigned long long)id);
	lanes_init(&t->lanes, service->config.sites, service->claim, id);
	packs_init(&t->packs, id);
	path_cache_init(&t->paths);
	mutex_init(&t->lock);
	cond_init(&t->changed);
	t->last = &t->first;
	t->committing.run = tenant_committing;
	*ret_tenant = t;
	return RC_OK;
}

void
tenant_free(struct tenant *tenant)
{
	if (tenant == NULL)
		return;
	lanes_release(&tenant->lanes);
	packs_release(&tenant->packs);
	path_cache_release(&tenant->paths);
	if (tenant->keys_loaded)
		meta_keys_release(&tenant->keys);
	keyring_free(tenant->ring);
	mem_free(tenant->aside);
	mem_free(tenant->dead);
	mem_free(tenant->damaged);
	cond_release(&tenant->changed);
	mutex_release(&tenant->lock);
	mem_free(tenant);
}

void
tenant_lock(struct tenant *tenant)
{
	mutex_lock(&tenant->lock);
	while (tenant->busy)
		cond_wait(&tenant->changed, &tenant->lock);
	tenant->busy = true;
	mutex_unlock(&tenant->lock);
}

void
tenant_unlock(struct tenant *tenant)
{
	bool wanted;

	mutex_lock(&tenant->lock);
	tenant->busy = false;
	cond_broadcast(&tenant->changed);
	wanted = tenant_committer_wanted(tenant);
	mutex_unlock(&tenant->lock);
	tenant_committer_call(tenant, wanted);
}

bool
tenant_committer_wanted(struct tenant *tenant)
{
	bool wanted = tenant->first != NULL && !tenant->busy &&
		      !tenant->committing_called &&
		      tenant->service->committers != NULL;

	tenant->committing_called = tenant->committing_called || wanted;
	return wanted;
}

void
tenant_committer_call(struct tenant *tenant, bool wanted)
{
	if (wanted)
		work_pool_add(tenant->service->committers, &tenant->committing);
}

void
tenant_set_mode(struct op *op, struct tenant *tenant, enum tenant_mode mode,
    const char *why)
{
	static const char *const words[] = {
	    "closed", "ready", "in-doubt", "read-only", "refused"};
	bool changed;

	mutex_lock(&tenant->lock);
	changed = tenant->mode != mode;
	tenant->mode = mode;
	(void)snprintf(tenant->why, sizeof(tenant->why), "%.239s", why);
	mutex_unlock(&tenant->lock);
	if (changed)
		log_info(op, "tenant", "tenant=%016llx mode=%s why=\"%s\"",
		    (unsigned long long)tenant->id, words[mode], why);
}

void
tenant_start_failed(struct op *op, struct tenant *tenant)
{
	char why[OP_ERROR_SIZE];
	enum rc rc = op->error_rc;

	(void)str_copy(why, sizeof(why), op->error);
	tenant_database_close(op, tenant, false);
	tenant_set_mode(op, tenant, TENANT_CLOSED, "");
	survey_closed(tenant->service, tenant->id, (struct site_set){0});
	if (rc != RC_OK)
		rc = op_fail(op, rc, "%s", why);
	(void)rc;
}

void
tenant_set_head(struct tenant *tenant, const struct tenant_head *head)
{
	mutex_lock(&tenant->lock);
	tenant->head = *head;
	mutex_unlock(&tenant->lock);
}

uint64_t
tenant_number(struct tenant *tenant)
{
	MUTEX_GUARD(&tenant->lock);

	return tenant->head.number;
}

static bool
mode_is_open(enum tenant_mode mode)
{
	return mode == TENANT_READY || mode == TENANT_IN_DOUBT ||
	       mode == TENANT_READ_ONLY;
}

enum rc
tenant_open(struct op *op, struct tenant *tenant)
{
	enum rc rc = RC_OK;

	/* Not to wait for a running group: a tenant is CLOSED before it is
	 * closed. */
	if (mode_is_open(tenant->mode))
		return RC_OK;
	tenant_lock(tenant);
	if (tenant->mode == TENANT_CLOSED)
		rc = tenant_start(op, tenant);
	else if (tenant->mode == TENANT_REFUSED)
		rc = op_fail(op, RC_REFUSED, "%s", tenant->why);
	if (rc != RC_OK && tenant->mode != TENANT_REFUSED)
		tenant_start_failed(op, tenant);
	tenant_unlock(tenant);
	return rc;
}

enum rc
tenant_start_again(struct op *op, struct tenant *tenant)
{
	enum rc rc = RC_OK;

	tenant_lock(tenant);
	if (mode_is_open(tenant->mode)) {
		tenant_set_mode(
		    op, tenant, TENANT_READ_ONLY, "it is being looked at anew");
		rc = tenant_start(op, tenant);
		if (rc != RC_OK && tenant->mode != TENANT_REFUSED)
			tenant_start_failed(op, tenant);
	}
	tenant_unlock(tenant);
	return rc;
}

/* Under tenant_lock. */
static void
close_now(struct op *op, struct tenant *t)
{
	struct site_set whole;

	tenant_set_mode(op, t, TENANT_CLOSED, "");
	/* m sites have everything; the slower ones are given their time. */
	lanes_drain(&t->lanes, clock_mono() + 3 * CLOCK_S);
	whole = lanes_holding(&t->lanes, t->head.number);
	lanes_leave_all(&t->lanes);
	tenant_database_close(op, t, true);
	survey_closed(t->service, t->id, whole);
}

void
tenant_close(struct op *op, struct tenant *tenant)
{
	tenant_lock(tenant);
	close_now(op, tenant);
	tenant_unlock(tenant);
}

/* Whoever becomes a user after the look waits in tenant_open, and opens it
 * again. */
bool
tenant_close_idle(struct op *op, struct tenant *tenant)
{
	bool idle;

	tenant_lock(tenant);
	mutex_lock(&tenant->lock);
	idle = (tenant->mode == TENANT_READY ||
		   tenant->mode == TENANT_READ_ONLY) &&
	       tenant->users <= 1 && tenant->n_damaged == 0;
	if (idle)
		tenant->mode = TENANT_CLOSED;
	mutex_unlock(&tenant->lock);
	if (idle)
		close_now(op, tenant);
	tenant_unlock(tenant);
	return idle;
}

void
tenant_put(struct tenant *tenant)
{
	if (tenant == NULL)
		return;
	mutex_lock(&tenant->lock);
	tenant->users--;
	tenant->last_used = clock_mono();
	mutex_unlock(&tenant->lock);
}

void
tenant_put_ptr(struct tenant **tenant)
{
	tenant_put(*tenant);
	*tenant = NULL;
}

static void
reader_close(struct reader *reader)
{
	meta_release(&reader->meta);
	db_close(reader->db);
	mem_free(reader);
}

void
tenant_readers_close(struct tenant *tenant)
{
	struct reader *reader;

	path_cache_void(&tenant->paths);
	mutex_lock(&tenant->lock);
	tenant->epoch++;
	while ((reader = tenant->readers) != NULL) {
		tenant->readers = reader->next;
		tenant->n_readers--;
		reader_close(reader);
	}
	mutex_unlock(&tenant->lock);
}

static enum rc
reader_open(struct op *op, struct tenant *t, struct reader **ret_reader)
{
	struct reader *reader = mem_alloc(sizeof(*reader));
	enum rc rc;

	if (reader == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	rc = db_open(
	    op, t->db_path, DB_READER, schema_of(t->id)->sql, &reader->db);
	if (rc == RC_OK)
		rc = meta_init(op, &reader->meta, reader->db, &t->keys);
	if (rc != RC_OK) {
		db_close(reader->db);
		mem_free(reader);
		return rc;
	}
	*ret_reader = reader;
	return RC_OK;
}

enum rc
tenant_reader(struct op *op, struct tenant *tenant, struct reader **ret_reader)
{
	struct tenant *t = tenant;
	struct reader *reader = NULL;
	uint64_t epoch;
	bool open;

	mutex_lock(&t->lock);
	epoch = t->epoch;
	open = mode_is_open(t->mode);
	while (open && t->readers == NULL && t->n_readers >= TENANT_READERS)
		cond_wait(&t->changed, &t->lock);
	if (open && t->readers != NULL) {
		reader = t->readers;
		t->readers = reader->next;
	} else if (open) {
		t->n_readers++;
	}
	mutex_unlock(&t->lock);
	if (!open)
		FAIL(op, RC_BUSY, "the tenant is not open");
	if (reader == NULL) {
		enum rc rc = reader_open(op, t, &reader);

		if (rc != RC_OK) {
			mutex_lock(&t->lock);
			t->n_readers--;
			cond_broadcast(&t->changed);
			mutex_unlock(&t->lock);
			return rc;
		}
		reader->epoch = epoch;
	}
	*ret_reader = reader;
	return RC_OK;
}

void
tenant_reader_put(struct tenant *tenant, struct reader *reader)
{
	bool stale;

	if (reader == NULL)
		return;
	mutex_lock(&tenant->lock);
	stale = reader->epoch != tenant->epoch;
	if (stale) {
		tenant->n_readers--;
	} else {
		reader->next = tenant->readers;
		tenant->readers = reader;
	}
	if (tenant->n_readers + 1 >= TENANT_READERS)
		cond_broadcast(&tenant->changed);
	mutex_unlock(&tenant->lock);
	if (stale)
		reader_close(reader);
}

struct site_set
tenant_sites(struct tenant *tenant)
{
	struct service *service = tenant->service;
	struct claim *claim = tenant->lanes.claim;
	struct site_set attached;

	if (service->claimed)
		return claim_sites(claim);
	attached = sites_attached(service->config.sites);
	return claim->n_registers == 0
		   ? attached
		   : site_set_and(attached, claim->of_register);
}
