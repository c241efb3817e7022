/* statement.c - named statements: prepared once, bound without copying,
 * stepped. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "db/db_internal.h"
#include "db_own_sql.h"

/* ---- preparing ---- */

static enum rc
make_slots(struct op *op, struct db *db, const struct db_sql *sql,
    struct db_rows **ret_slots)
{
	struct db_rows *slots =
	    mem_alloc_array(sql->n_statements, sizeof(*slots));
	size_t i;

	if (slots == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	for (i = 0; i < sql->n_statements; i++) {
		slots[i].db = db;
		slots[i].text = &sql->statements[i];
	}
	*ret_slots = slots;
	return RC_OK;
}

enum rc
db_statements_init(struct op *op, struct db *db, const struct db_sql *sql)
{
	TRY(make_slots(op, db, &db_own_sql, &db->own));
	TRY(make_slots(op, db, sql, &db->statements));
	db->n_statements = sql->n_statements;
	return RC_OK;
}

static void
release_slots(struct db_rows *slots, size_t n)
{
	size_t i;

	for (i = 0; slots != NULL && i < n; i++)
		(void)sqlite3_finalize(slots[i].handle);
	mem_free(slots);
}

void
db_statements_release(struct db *db)
{
	release_slots(db->statements, db->n_statements);
	release_slots(db->own, db_own_sql.n_statements);
	db->statements = NULL;
	db->own = NULL;
	db->n_statements = 0;
}

/* what: whose text it is, for the error. */
static enum rc
prepare(struct op *op, struct db *db, const char *what, const char *text,
    unsigned flags, sqlite3_stmt **ret_handle)
{
	sqlite3_stmt *handle = NULL;
	const char *tail = "";
	int code =
	    sqlite3_prepare_v3(db->handle, text, -1, flags, &handle, &tail);

	if (code != SQLITE_OK)
		return db_fail(op, db, code, what);
	if (handle == NULL || tail[strspn(tail, " \t\n;")] != '\0') {
		(void)sqlite3_finalize(handle);
		FAIL(op, RC_DAMAGED, "%s: not one statement", what);
	}
	*ret_handle = handle;
	return RC_OK;
}

enum rc
db_prepare_once(
    struct op *op, struct db *db, const char *text, sqlite3_stmt **ret_handle)
{
	return prepare(op, db, text, text, 0, ret_handle);
}

void
db_finalize(sqlite3_stmt **handle)
{
	(void)sqlite3_finalize(*handle);
	*handle = NULL;
}

static enum rc
slot_prepare(struct op *op, struct db_rows *slot)
{
	if (slot->handle != NULL)
		return RC_OK;
	return prepare(op, slot->db, slot->text->name, slot->text->text,
	    SQLITE_PREPARE_PERSISTENT, &slot->handle);
}

enum rc
db_prepare_all(struct op *op, struct db *db)
{
	size_t i;

	for (i = 0; i < db->n_statements; i++)
		TRY(slot_prepare(op, &db->statements[i]));
	return RC_OK;
}

/* ---- binding ---- */

/*
 * SQLITE_STATIC: rows end before the caller's memory goes, and a statement is
 * bound anew in full before it runs again, so an old pointer is never read.
 */
static int
bind_blob(sqlite3_stmt *handle, int place, struct span bytes)
{
	assert(bytes.data != NULL || bytes.size == 0);
	if (bytes.size == 0)
		return sqlite3_bind_zeroblob(handle, place, 0);
	return sqlite3_bind_blob64(
	    handle, place, bytes.data, bytes.size, SQLITE_STATIC);
}

static int
bind_one(sqlite3_stmt *handle, int place, char type, va_list *args)
{
	switch (type) {
	case 'i':
		return sqlite3_bind_int64(
		    handle, place, va_arg(*args, int64_t));
	case 'b':
		return bind_blob(handle, place, va_arg(*args, struct span));
	case 't':
		return sqlite3_bind_text(handle, place,
		    va_arg(*args, const char *), -1, SQLITE_STATIC);
	case 'n':
		return sqlite3_bind_null(handle, place);
	default:
		return SQLITE_MISUSE;
	}
}

static enum rc
bind_all(
    struct op *op, const struct db_rows *slot, const char *types, va_list *args)
{
	int n = sqlite3_bind_parameter_count(slot->handle);
	int i;

	if (strlen(types) != (size_t)n)
		FAIL(op, RC_INVALID, "%s has %d parameters, \"%s\" are given",
		    slot->text->name, n, types);
	for (i = 0; i < n; i++) {
		int code = bind_one(slot->handle, i + 1, types[i], args);

		if (code == SQLITE_MISUSE)
			FAIL(op, RC_INVALID, "%s: \"%s\" has an unknown type",
			    slot->text->name, types);
		if (code != SQLITE_OK)
			return db_fail(op, slot->db, code, slot->text->name);
	}
	return RC_OK;
}

/* ---- stepping ---- */

enum rc
db_step(struct op *op, struct db *db, sqlite3_stmt *handle, const char *what,
    bool *ret_row)
{
	int code = sqlite3_step(handle);

	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return db_fail(op, db, code, what);
	*ret_row = code == SQLITE_ROW;
	return RC_OK;
}

static enum rc
slot_start(
    struct op *op, struct db_rows *slot, const char *types, va_list *args)
{
	if (slot->running)
		FAIL(op, RC_BUSY, "%s is running already", slot->text->name);
	TRY(slot_prepare(op, slot));
	TRY(bind_all(op, slot, types, args));
	slot->running = true;
	slot->done = false;
	return RC_OK;
}

/*
 * Giving a text its NUL may take memory: done here, where a failure can be
 * told, so that db_text does not give NULL for a text that is there.
 */
static enum rc
fetch_texts(struct op *op, const struct db_rows *rows)
{
	int n = sqlite3_data_count(rows->handle);
	int i;

	for (i = 0; i < n; i++) {
		if (sqlite3_column_type(rows->handle, i) == SQLITE_TEXT &&
		    sqlite3_column_text(rows->handle, i) == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
	}
	return RC_OK;
}

enum rc
db_next(struct op *op, struct db_rows *rows, bool *ret_row)
{
	bool row = false;

	assert(rows->running);
	if (!rows->done) {
		rows->done = true; /* also where the step fails */
		TRY(db_step(
		    op, rows->db, rows->handle, rows->text->name, &row));
		if (row)
			TRY(fetch_texts(op, rows));
		rows->done = !row;
	}
	*ret_row = row;
	return RC_OK;
}

void
db_rows_end(struct db_rows *rows)
{
	/* A failure was told by the step already. */
	(void)sqlite3_reset(rows->handle);
	rows->running = false;
}

void
db_rows_end_ptr(struct db_rows **rows)
{
	if (*rows != NULL)
		db_rows_end(*rows);
	*rows = NULL;
}

static enum rc
slot_run(struct op *op, struct db_rows *slot, const char *types, va_list *args)
{
	enum rc rc;
	bool row;

	TRY(slot_start(op, slot, types, args));
	do
		rc = db_next(op, slot, &row);
	while (rc == RC_OK && row);
	db_rows_end(slot);
	return rc;
}

static enum rc
slot_get(struct op *op, struct db_rows *slot, const char *types, va_list *args)
{
	enum rc rc;
	bool row = false;

	TRY(slot_start(op, slot, types, args));
	rc = db_next(op, slot, &row);
	if (rc == RC_OK && !row)
		rc = RC_NOT_FOUND; /* no text: often no error at all */
	if (rc != RC_OK)
		db_rows_end(slot);
	return rc;
}

/* ---- the callers' statements ---- */

static struct db_rows *
slot_of(struct db *db, size_t statement)
{
	assert(statement < db->n_statements);
	return &db->statements[statement];
}

enum rc
db_run(struct op *op, struct db *db, size_t statement, const char *types, ...)
{
	va_list args;
	enum rc rc;

	va_start(args, types);
	rc = slot_run(op, slot_of(db, statement), types, &args);
	va_end(args);
	return rc;
}

enum rc
db_run_changed(struct op *op, struct db *db, size_t statement,
    int64_t *ret_changed, const char *types, ...)
{
	sqlite3_int64 before = sqlite3_total_changes64(db->handle);
	va_list args;
	enum rc rc;

	va_start(args, types);
	rc = slot_run(op, slot_of(db, statement), types, &args);
	va_end(args);
	TRY(rc);
	*ret_changed = sqlite3_total_changes64(db->handle) - before;
	return RC_OK;
}

enum rc
db_query(struct op *op, struct db *db, size_t statement,
    struct db_rows **ret_rows, const char *types, ...)
{
	struct db_rows *slot = slot_of(db, statement);
	va_list args;
	enum rc rc;

	va_start(args, types);
	rc = slot_start(op, slot, types, &args);
	va_end(args);
	if (rc == RC_OK)
		*ret_rows = slot;
	return rc;
}

enum rc
db_get(struct op *op, struct db *db, size_t statement,
    struct db_rows **ret_rows, const char *types, ...)
{
	struct db_rows *slot = slot_of(db, statement);
	va_list args;
	enum rc rc;

	va_start(args, types);
	rc = slot_get(op, slot, types, &args);
	va_end(args);
	if (rc == RC_OK)
		*ret_rows = slot;
	return rc;
}

/* ---- own.sql ---- */

enum rc
db_own_run(struct op *op, struct db *db, size_t statement)
{
	struct db_rows *slot = &db->own[statement];
	bool row;
	enum rc rc;

	TRY(slot_prepare(op, slot));
	rc = db_step(op, db, slot->handle, slot->text->name, &row);
	(void)sqlite3_reset(slot->handle);
	return rc;
}

enum rc
db_own_query(struct op *op, struct db *db, size_t statement,
    struct db_rows **ret_rows, const char *types, ...)
{
	va_list args;
	enum rc rc;

	va_start(args, types);
	rc = slot_start(op, &db->own[statement], types, &args);
	va_end(args);
	if (rc == RC_OK)
		*ret_rows = &db->own[statement];
	return rc;
}

/* ---- columns ---- */

int64_t
db_int(const struct db_rows *rows, int column)
{
	return sqlite3_column_int64(rows->handle, column);
}

struct span
db_blob(const struct db_rows *rows, int column)
{
	/* In this order: the size is that of the value as column_blob made it.
	 */
	const void *data = sqlite3_column_blob(rows->handle, column);

	return span_of(
	    data, (size_t)sqlite3_column_bytes(rows->handle, column));
}

const char *
db_text(const struct db_rows *rows, int column)
{
	return (const char *)sqlite3_column_text(rows->handle, column);
}

bool
db_is_null(const struct db_rows *rows, int column)
{
	return sqlite3_column_type(rows->handle, column) == SQLITE_NULL;
}
