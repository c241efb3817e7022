/* database.c - the local database of a tenant: only a cache, and trusted only
 * where that is safe (LOG.md L10). */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "core/schema.h"
#include "core/service.h"
#include "meta/local.h"
#include "meta/setting.h"

enum { MARK_SIZE = 64, WAL_LARGE = 8 << 20 };

/*
 * DIR/db/<tenant>.state says under which boot the database was opened, or that
 * it was closed cleanly. It is written durably before the first write: after a
 * power cut the boot id is another one, and the database is not trusted.
 */
static void
mark_name(const struct tenant *t, char out[MARK_SIZE])
{
	(void)snprintf(
	    out, MARK_SIZE, "%016llx.state", (unsigned long long)t->id);
}

static enum rc
mark_write(struct op *op, struct tenant *t, const char *text)
{
	const struct service_config *config = &t->service->config;
	CLEANUP(io_close) int fd = -1;
	char name[MARK_SIZE];

	mark_name(t, name);
	TRY(io_open_dir(op, config->dir_fd, config->db_folder, true, &fd));
	return io_write_file(op, fd, name, span_str(text), 0600);
}

static void
mark_open_text(char out[MARK_SIZE])
{
	char boot[CLOCK_BOOT_ID_SIZE];

	clock_boot_id(boot);
	(void)snprintf(out, MARK_SIZE, "open %s\n", boot);
}

/* Whether what stands there may be trusted. */
static enum rc
mark_trusted(struct op *op, struct tenant *t, bool *ret_trusted)
{
	const struct service_config *config = &t->service->config;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(buf_release) struct buf bytes = {0};
	char name[MARK_SIZE], open_text[MARK_SIZE];
	enum rc rc;

	buf_init(&bytes, MARK_SIZE);
	mark_name(t, name);
	mark_open_text(open_text);
	rc = io_open_dir(op, config->dir_fd, config->db_folder, true, &fd);
	if (rc == RC_OK)
		rc = io_read_file(op, fd, name, &bytes);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		*ret_trusted = false;
		return RC_OK;
	}
	TRY(rc);
	*ret_trusted = span_equal(buf_span(&bytes), span_str("clean\n")) ||
		       (strlen(open_text) > strlen("open \n") &&
			   span_equal(buf_span(&bytes), span_str(open_text)));
	return RC_OK;
}

static enum rc
writer_open(struct op *op, struct tenant *t)
{
	char text[MARK_SIZE];
	enum rc rc;

	mark_open_text(text);
	TRY(mark_write(op, t, text));
	TRY(db_open(
	    op, t->db_path, DB_WRITER, schema_of(t->id)->sql, &t->writer));
	/* Its place in the log can be read before any keyring has been found.
	 */
	t->meta.db = t->writer;
	rc = t->ring != NULL ? tenant_keys_load(op, t) : RC_OK;
	if (rc != RC_OK) {
		db_close(t->writer);
		t->writer = NULL;
	}
	return rc;
}

enum rc
tenant_database_load(struct op *op, struct tenant *tenant)
{
	struct tenant_head head = {0};
	struct local_log log;
	enum rc rc = local_log_head(op, &tenant->meta, &log);

	tenant->next_id = 0;
	if (rc == RC_OK) {
		head.number = log.number;
		head.generation = log.generation;
		memcpy(head.hash, log.hash, OBJECT_HASH_SIZE);
	}
	tenant_set_head(tenant, &head);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	return counter_get(op, &tenant->meta, "id", &tenant->next_id);
}

enum rc
tenant_database_open(struct op *op, struct tenant *tenant)
{
	const struct tenant_head nothing = {0};
	bool trusted;
	enum rc rc;

	if (tenant->writer != NULL)
		return RC_OK;
	TRY(mark_trusted(op, tenant, &trusted));
	if (!trusted)
		return RC_OK;
	rc = writer_open(op, tenant);
	if (rc == RC_OK)
		rc = tenant_database_load(op, tenant);
	if (rc == RC_NO_MEMORY)
		return rc;
	if (rc != RC_OK) {
		log_warn(op, "database-discarded", "tenant=%016llx why=\"%s\"",
		    (unsigned long long)tenant->id, op_error(op, rc));
		op_clear_error(op);
		tenant_database_close(op, tenant, false);
		tenant_set_head(tenant, &nothing);
	}
	return RC_OK;
}

enum rc
tenant_database_new(struct op *op, struct tenant *tenant)
{
	const struct tenant_head nothing = {0};

	tenant_database_close(op, tenant, false);
	tenant_set_head(tenant, &nothing);
	tenant->next_id = 0;
	TRY(db_remove(op, tenant->db_path));
	TRY(writer_open(op, tenant));
	return RC_OK;
}

void
tenant_database_close(struct op *op, struct tenant *tenant, bool clean)
{
	enum rc rc;

	tenant_readers_close(tenant);
	if (tenant->writer == NULL)
		return;
	rc = clean ? db_checkpoint(op, tenant->writer) : RC_BUSY;
	meta_release(&tenant->meta);
	db_close(tenant->writer);
	tenant->writer = NULL;
	if (rc == RC_OK)
		rc = db_sync(op, tenant->db_path);
	if (rc == RC_OK)
		rc = mark_write(op, tenant, "clean\n");
	if (clean && rc != RC_OK)
		log_warn(op, "database-not-clean", "tenant=%016llx why=\"%s\"",
		    (unsigned long long)tenant->id, op_error(op, rc));
	op_clear_error(op);
}

enum rc
tenant_keys_load(struct op *op, struct tenant *tenant)
{
	/* The root never changes while a tenant lives: keys that are in use
	 * stay. */
	if (!tenant->keys_loaded)
		TRY(meta_keys_init(op, &tenant->keys, tenant->ring));
	tenant->keys_loaded = true;
	if (tenant->writer == NULL)
		return RC_OK;
	meta_release(&tenant->meta);
	return meta_init(op, &tenant->meta, tenant->writer, &tenant->keys);
}

/* A reader in the way is no matter: the next turn tries again. */
static void
wal_bring_back(struct op *op, struct tenant *tenant, uint64_t size)
{
	if (tenant->writer == NULL || db_wal_size(tenant->db_path) < size)
		return;
	if (db_checkpoint(op, tenant->writer) != RC_OK)
		op_clear_error(op);
}

void
tenant_database_tidy_locked(struct op *op, struct tenant *tenant)
{
	wal_bring_back(op, tenant, WAL_LARGE);
}

void
tenant_database_tidy(struct op *op, struct tenant *tenant)
{
	if (db_wal_size(tenant->db_path) < WAL_LARGE)
		return;
	tenant_lock(tenant);
	tenant_database_tidy_locked(op, tenant);
	tenant_unlock(tenant);
}

void
tenant_database_idle(struct op *op, struct tenant *tenant)
{
	tenant_lock(tenant);
	wal_bring_back(op, tenant, 1);
	tenant_unlock(tenant);
}

enum rc
tenant_database_probe(struct op *op, struct tenant *tenant)
{
	struct db *db = tenant->writer;
	int64_t now = clock_wall();
	enum rc rc, rolled;

	TRY(db_begin(op, db));
	rc = local_state_set(
	    op, &tenant->meta, "probe", span_of(&now, sizeof(now)));
	if (rc == RC_OK)
		rc = db_commit(op, db);
	if (rc != RC_OK) {
		rolled = db_rollback(op, db);
		(void)rolled; /* the first failure is the one to tell */
	}
	return rc;
}
