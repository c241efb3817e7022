/* fake_tx.c - the committer's part of core/change.h over two databases and no
 * sites. */
#include "lib/fake_tx.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "lib/test.h"
#include "meta/audit.h"
#include "meta/node.h"
#include "meta/setting.h"
#include "tenant_sql.h"

enum {
	TOUCHED_MAX = 65536,
	RECORDS_MAX = 2 * FAKE_GROUP_MAX + 2,
	RECORD_LIMIT = 64 << 20
};

struct fake {
	struct tx tx; /* first: a tx is its fake */
	char *sandbox;
	struct keyring *ring;
	struct meta_keys keys;
	struct meta meta;
	struct db *writer;
	struct db *copy;
	struct op op; /* of the committer's own doing */
	struct db_session *session;
	struct buf records;
	size_t n_records;
	size_t ends[RECORDS_MAX];
	bool open;
	bool twice;
	bool unaudited;
	size_t group_size;
	size_t n_changes;
	int64_t next_id;
	uint64_t head;
	size_t body;
	size_t n_touched;
	int64_t touched[TOUCHED_MAX];
	struct fake_last last;
	struct fake_last present;
};

static struct fake *
fake_of(const struct tx *tx)
{
	return (struct fake *)(uintptr_t)tx;
}

/* ---- the calls of a change ---- */

int64_t
tx_id(struct tx *tx)
{
	return ++fake_of(tx)->next_id;
}

int64_t
tx_tag(struct tx *tx)
{
	return tx_id(tx);
}

enum rc
tx_inline(struct op *op, struct tx *tx, struct span sealed, uint32_t plain_size,
    uint64_t *ret_offset)
{
	struct fake *fake = fake_of(tx);

	(void)op;
	assert_true(sealed.size > plain_size);
	*ret_offset = fake->body;
	fake->body += sealed.size;
	fake->present.inline_size += sealed.size;
	return RC_OK;
}

enum rc
tx_add_data(struct op *op, struct tx *tx, const struct put_data *data)
{
	(void)op;
	assert_true(site_set_count(data->on) > 0);
	fake_of(tx)->present.adds++;
	return RC_OK;
}

enum rc
tx_drop_data(struct op *op, struct tx *tx, const uint8_t id[OBJECT_ID_SIZE])
{
	(void)op;
	(void)id;
	fake_of(tx)->present.drops++;
	return RC_OK;
}

bool
tx_folder_touched(const struct tx *tx, int64_t folder)
{
	const struct fake *fake = fake_of(tx);
	size_t i;

	for (i = 0; i < fake->n_touched; i++)
		if (fake->touched[i] == folder)
			return true;
	return false;
}

enum rc
tx_touch_folder(struct op *op, struct tx *tx, int64_t folder)
{
	struct fake *fake = fake_of(tx);

	(void)op;
	fake->present.touched++;
	if (tx_folder_touched(tx, folder))
		return RC_OK;
	assert_true(fake->n_touched < TOUCHED_MAX);
	fake->touched[fake->n_touched++] = folder;
	return RC_OK;
}

/* ---- groups ---- */

static void
end_session(struct fake *fake)
{
	bool empty;

	if (fake->session == NULL)
		return;
	ASSERT_OK(&fake->op,
	    db_session_take(&fake->op, fake->session, &fake->records, &empty));
	db_session_end_ptr(&fake->session);
	if (empty)
		return;
	assert_true(fake->n_records < RECORDS_MAX);
	fake->ends[fake->n_records++] = fake->records.size;
}

static void
begin_session(struct fake *fake)
{
	if (fake->session == NULL)
		ASSERT_OK(&fake->op,
		    db_session_begin(&fake->op, fake->writer, &fake->session));
}

static void
begin_group(struct fake *fake)
{
	ASSERT_OK(&fake->op, db_begin(&fake->op, fake->writer));
	fake->tx.number = fake->head + 1;
	fake->open = true;
	fake->n_changes = 0;
	fake->n_records = 0;
	fake->n_touched = 0;
	fake->body = 0;
	buf_clear(&fake->records);
}

static void
replay(struct fake *fake)
{
	size_t start = 0;
	size_t i;

	ASSERT_OK(&fake->op, db_begin(&fake->op, fake->copy));
	for (i = 0; i < fake->n_records; i++) {
		ASSERT_OK(&fake->op, db_apply(&fake->op, fake->copy,
					 span_of(fake->records.data + start,
					     fake->ends[i] - start)));
		start = fake->ends[i];
	}
	ASSERT_OK(&fake->op, db_commit(&fake->op, fake->copy));
}

void
fake_flush(struct fake *fake)
{
	size_t i;

	if (!fake->open)
		return;
	begin_session(fake);
	ASSERT_OK(&fake->op,
	    counter_set(&fake->op, &fake->meta, "id", fake->next_id));
	for (i = 0; i < fake->n_touched; i++)
		ASSERT_OK(
		    &fake->op, folder_tag_set(&fake->op, &fake->meta,
				   fake->touched[i], (int64_t)fake->tx.number));
	end_session(fake);
	ASSERT_OK(&fake->op, db_commit(&fake->op, fake->writer));
	fake->open = false;
	fake->head++;
	replay(fake);
}

static enum rc
take_id(void *arg, struct op *op, const struct audit_row *row)
{
	(void)op;
	*(int64_t *)arg = row->id;
	return RC_OK;
}

/* The id of the newest audit row, 0: there is none. */
static int64_t
audit_head(struct fake *fake)
{
	int64_t id = 0;

	ASSERT_OK(&fake->op,
	    audit_row_list(&fake->op, &fake->meta, INT64_MAX, 1, take_id, &id));
	arena_release(&fake->op.arena);
	return id;
}

/* One run in a savepoint; undone where it is refused or not to be kept. */
static enum rc
run_once(struct fake *fake, struct op *op, struct change *change, bool keep)
{
	int64_t next_id = fake->next_id;
	size_t n_touched = fake->n_touched;
	size_t body = fake->body;
	int64_t before = db_total_changes(fake->writer);
	int64_t audited = audit_head(fake);
	enum rc rc;

	fake->present = (struct fake_last){0};
	ASSERT_OK(&fake->op, db_savepoint(&fake->op, fake->writer));
	rc = change_run(op, &fake->tx, change);
	assert_true(db_in_transaction(fake->writer));
	fake->present.rows = db_total_changes(fake->writer) - before;
	if (rc == RC_OK && keep) {
		assert_true(fake->present.rows <= CHANGE_ROWS_MAX);
		assert_true(fake->present.rows == 0 || fake->unaudited ||
			    audit_head(fake) > audited);
		assert_true(fake->present.inline_size <= change->inline_size);
		ASSERT_OK(&fake->op, db_release(&fake->op, fake->writer));
		return RC_OK;
	}
	ASSERT_OK(&fake->op, db_undo(&fake->op, fake->writer));
	fake->next_id = next_id;
	fake->n_touched = n_touched;
	fake->body = body;
	return rc;
}

enum rc
change_commit(struct op *op, struct tenant *tenant, struct change *change)
{
	struct fake *fake = (struct fake *)(void *)tenant;

	if (!fake->open)
		begin_group(fake);
	if (change->own_session)
		end_session(fake);
	begin_session(fake);
	change->op = op;
	if (fake->twice) {
		(void)run_once(fake, op, change, false);
		op_clear_error(op);
	}
	change->rc = run_once(fake, op, change, true);
	if (change->own_session)
		end_session(fake);
	fake->last = fake->present;
	if (change->rc == RC_OK && fake->present.rows > 0)
		change->receipt = (struct receipt){.number = fake->tx.number,
		    .sites = {3},
		    .service_time = fake->tx.now};
	if (++fake->n_changes >= fake->group_size)
		fake_flush(fake);
	return change->rc;
}

void
change_submit(struct op *op, struct tenant *tenant, struct change *change)
{
	change->rc = change_commit(op, tenant, change);
	change->then(change);
}

/* ---- making and freeing ---- */

static struct db *
open_db(struct fake *fake, const char *name)
{
	char path[512];
	struct db *db;

	(void)snprintf(path, sizeof(path), "%s/%s", fake->sandbox, name);
	ASSERT_OK(
	    &fake->op, db_open(&fake->op, path, DB_WRITER, &tenant_sql, &db));
	ASSERT_OK(&fake->op, db_begin(&fake->op, db));
	ASSERT_OK(&fake->op, db_migrate(&fake->op, db, &tenant_migrations[0]));
	ASSERT_OK(&fake->op, db_commit(&fake->op, db));
	return db;
}

struct fake *
fake_new(void)
{
	static bool library;
	struct fake *fake = mem_alloc(sizeof(*fake));

	assert_non_null(fake);
	op_init(&fake->op);
	if (!library)
		ASSERT_OK(&fake->op, db_library_init(&fake->op));
	library = true;
	fake->sandbox = test_sandbox();
	buf_init(&fake->records, RECORD_LIMIT);
	ASSERT_OK(
	    &fake->op, keyring_new(&fake->op, FAKE_TENANT, false, &fake->ring));
	ASSERT_OK(
	    &fake->op, meta_keys_init(&fake->op, &fake->keys, fake->ring));
	fake->writer = open_db(fake, "writer.db");
	fake->copy = open_db(fake, "copy.db");
	ASSERT_OK(&fake->op,
	    meta_init(&fake->op, &fake->meta, fake->writer, &fake->keys));
	ASSERT_OK(&fake->op,
	    counter_get(&fake->op, &fake->meta, "id", &fake->next_id));
	fake->tx.meta = &fake->meta;
	fake->tx.tenant = FAKE_TENANT;
	fake->tx.now = 1000 * CLOCK_S;
	fake->tx.wall = 1700000000 * CLOCK_S;
	fake->group_size = 1;
	return fake;
}

void
fake_free(struct fake *fake)
{
	uint8_t a[DB_HASH_SIZE];
	uint8_t b[DB_HASH_SIZE];

	fake_flush(fake);
	ASSERT_OK(&fake->op, db_state_hash(&fake->op, fake->writer, a));
	ASSERT_OK(&fake->op, db_state_hash(&fake->op, fake->copy, b));
	assert_memory_equal(a, b, sizeof(a));
	meta_release(&fake->meta);
	db_close(fake->writer);
	db_close(fake->copy);
	meta_keys_release(&fake->keys);
	keyring_free(fake->ring);
	buf_release(&fake->records);
	test_sandbox_remove(fake->sandbox);
	op_release(&fake->op);
	mem_free(fake);
}

struct tenant *
fake_tenant(struct fake *fake)
{
	return (struct tenant *)(void *)fake;
}

struct meta *
fake_meta(struct fake *fake)
{
	return &fake->meta;
}

void
fake_group(struct fake *fake, size_t size)
{
	assert_true(size >= 1 && size <= FAKE_GROUP_MAX);
	fake_flush(fake);
	fake->group_size = size;
}

void
fake_advance(struct fake *fake, int64_t ns)
{
	fake->tx.now += ns;
	fake->tx.wall += ns;
}

int64_t
fake_now(const struct fake *fake)
{
	return fake->tx.now;
}

int64_t
fake_wall(const struct fake *fake)
{
	return fake->tx.wall;
}

void
fake_run_twice(struct fake *fake, bool twice)
{
	fake->twice = twice;
}

void
fake_audited(struct fake *fake, bool audited)
{
	fake->unaudited = !audited;
}

struct fake_last
fake_last(const struct fake *fake)
{
	return fake->last;
}

uint64_t
fake_head(const struct fake *fake)
{
	return fake->head;
}

void
fake_op(struct op *op, int64_t member)
{
	op_init(op);
	op->actor.member = member;
	op->actor.tenant = FAKE_TENANT;
}
