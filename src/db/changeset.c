/*
 * changeset.c - reads a changeset to its last byte before SQLite does: SQLite
 * drops what does not fit the schema without a word, and takes patchsets too.
 *
 * The format (sqlite3session.h, and sqlite3's session documentation): for each
 * table 'T', varint columns, a byte each for its place in the primary key,
 * name, NUL; then for each row the kind, the indirect flag, the old values (not
 * for INSERT), the new values (not for DELETE). A value is its type (0: not
 * given), 8 bytes for numbers, varint size and bytes for texts and blobs.
 */
#include <string.h>

#include "db/db_internal.h"

struct reader {
	struct op *op;
	const struct db *db;
	struct span rest;
	const struct db_table *table;
};

enum kind_of_value {
	VALUE_NONE = 0,
	VALUE_INTEGER = SQLITE_INTEGER,
	VALUE_FLOAT = SQLITE_FLOAT,
	VALUE_TEXT = SQLITE_TEXT,
	VALUE_BLOB = SQLITE_BLOB,
	VALUE_NULL = SQLITE_NULL,
};

static enum rc
damaged(const struct reader *reader)
{
	FAIL(reader->op, RC_DAMAGED, "the changeset is damaged");
}

static enum rc
take(struct reader *reader, size_t size, const uint8_t **ret_bytes)
{
	if (size > reader->rest.size)
		return damaged(reader);
	*ret_bytes = reader->rest.data;
	reader->rest.data += size;
	reader->rest.size -= size;
	return RC_OK;
}

static enum rc
take_byte(struct reader *reader, uint8_t *ret_byte)
{
	const uint8_t *byte;

	TRY(take(reader, 1, &byte));
	*ret_byte = *byte;
	return RC_OK;
}

/*
 * SQLite's own: seven bits a byte, the highest first. Up to 31 bits here, and
 * no leading zeros: so SQLite, which stops at nine bytes, reads the same
 * number.
 */
static enum rc
take_varint(struct reader *reader, size_t *ret_value)
{
	uint64_t value = 0;
	uint8_t byte;

	do {
		TRY(take_byte(reader, &byte));
		value = value << 7 | (byte & 0x7f);
		if (value > INT32_MAX || (value == 0 && byte != 0))
			return damaged(reader);
	} while ((byte & 0x80) != 0);
	*ret_value = (size_t)value;
	return RC_OK;
}

static enum rc
take_table(struct reader *reader)
{
	const uint8_t *key;
	const uint8_t *name;
	const uint8_t *unused;
	size_t n_columns;
	size_t size;

	TRY(take_varint(reader, &n_columns));
	TRY(take(reader, n_columns, &key));
	name = reader->rest.data;
	size = strnlen((const char *)name, reader->rest.size);
	TRY(take(reader, size + 1, &unused));

	reader->table = db_table_find(reader->db, (const char *)name);
	if (reader->table == NULL)
		FAIL(reader->op, RC_DAMAGED,
		    "the changeset is of a table that the schema has not");
	if (reader->table->n_columns != n_columns)
		FAIL(reader->op, RC_DAMAGED,
		    "the changeset has %zu columns in %s, the schema %zu",
		    n_columns, reader->table->name, reader->table->n_columns);
	if (memcmp(reader->table->key, key, n_columns) != 0)
		FAIL(reader->op, RC_DAMAGED,
		    "the changeset has another primary key in %s",
		    reader->table->name);
	return RC_OK;
}

static enum rc
take_value(struct reader *reader, uint8_t *ret_type)
{
	const uint8_t *unused;
	size_t size = 0;

	TRY(take_byte(reader, ret_type));
	switch (*ret_type) {
	case VALUE_NONE:
	case VALUE_NULL:
		return RC_OK;
	case VALUE_INTEGER:
	case VALUE_FLOAT:
		return take(reader, 8, &unused);
	case VALUE_TEXT:
	case VALUE_BLOB:
		TRY(take_varint(reader, &size));
		return take(reader, size, &unused);
	default:
		return damaged(reader);
	}
}

/* INSERT's new or DELETE's old values: each is there, in the key none is NULL.
 */
static enum rc
take_full_row(struct reader *reader)
{
	const struct db_table *table = reader->table;
	size_t i;

	for (i = 0; i < table->n_columns; i++) {
		uint8_t type;

		TRY(take_value(reader, &type));
		if (type == VALUE_NONE ||
		    (type == VALUE_NULL && table->key[i] != 0))
			return damaged(reader);
	}
	return RC_OK;
}

/* Goes over the values of one row in another reader, which tells their types.
 */
static enum rc
compare_update(struct reader *old, struct reader *new, bool *ret_changed)
{
	const struct db_table *table = old->table;
	size_t i;

	for (i = 0; i < table->n_columns; i++) {
		uint8_t before;
		uint8_t after;

		TRY(take_value(old, &before));
		TRY(take_value(new, &after));
		if (table->key[i] != 0) {
			if (before == VALUE_NONE || before == VALUE_NULL ||
			    after != VALUE_NONE)
				return damaged(old);
			continue;
		}
		if ((before == VALUE_NONE) != (after == VALUE_NONE))
			return damaged(old);
		*ret_changed |= after != VALUE_NONE;
	}
	return RC_OK;
}

/* Old: the key and what changed; new: what changed. */
static enum rc
take_update(struct reader *reader)
{
	struct reader old = *reader;
	bool changed = false;
	size_t i;

	for (i = 0; i < reader->table->n_columns; i++) {
		uint8_t type;

		TRY(take_value(reader, &type));
	}
	TRY(compare_update(&old, reader, &changed));
	return changed ? RC_OK : damaged(reader);
}

static enum rc
take_change(struct reader *reader, uint8_t kind)
{
	uint8_t indirect;

	if (reader->table == NULL)
		return damaged(reader);
	TRY(take_byte(reader, &indirect));
	if (indirect > 1)
		return damaged(reader);
	switch (kind) {
	case SQLITE_INSERT:
	case SQLITE_DELETE:
		return take_full_row(reader);
	case SQLITE_UPDATE:
		return take_update(reader);
	default:
		return damaged(reader);
	}
}

enum rc
db_changeset_check(struct op *op, const struct db *db, struct span changeset,
    int64_t *ret_changes)
{
	struct reader reader = {.op = op, .db = db, .rest = changeset};
	int64_t changes = 0;

	while (reader.rest.size > 0) {
		uint8_t kind;

		TRY(take_byte(&reader, &kind));
		if (kind == 'T') {
			TRY(take_table(&reader));
			continue;
		}
		TRY(take_change(&reader, kind));
		changes++;
	}
	*ret_changes = changes;
	return RC_OK;
}
