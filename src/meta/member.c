/* member.c - rows of members. */
#include "meta/member.h"

#include "base/mem.h"
#include "meta/rows.h"
#include "tenant_sql.h"

void
member_row_wipe(struct member_row *member)
{
	mem_wipe(member->password, sizeof(member->password));
}

void
member_login_key(const struct meta *meta, struct span fold, uint8_t out[32])
{
	meta_lookup_key(meta, "login", fold, out);
}

static enum rc
seal_password(struct op *op, struct meta *meta, int64_t id, const char *hash,
    struct span *ret_sealed)
{
	*ret_sealed = span_of(NULL, 0);
	if (hash[0] == '\0')
		return RC_OK;
	return meta_seal(
	    op, meta, "member", "password", id, span_str(hash), ret_sealed);
}

enum rc
member_row_insert(struct op *op, struct meta *meta,
    const struct member_row *member, const uint8_t login_key[32])
{
	struct span name;
	struct span password;

	TRY(meta_seal(
	    op, meta, "member", "name", member->id, member->name, &name));
	TRY(seal_password(op, meta, member->id, member->password, &password));
	return db_run(op, meta->db, SQL_MEMBER_INSERT, "ibbiibii", member->id,
	    span_of(login_key, 32), name, (int64_t)member->role,
	    (int64_t)member->status, password, member->created_at,
	    member->space);
}

static enum rc
open_password(struct op *op, struct meta *meta, int64_t id, struct span sealed,
    char out[PASSWORD_HASH_SIZE])
{
	struct span plain;

	TRY(meta_open_into(op, meta, "member", "password", id, sealed,
	    (uint8_t *)out, PASSWORD_HASH_SIZE - 1, &plain));
	out[plain.size] = '\0';
	return RC_OK;
}

static enum rc
read_row(struct op *op, struct meta *meta, const struct db_rows *rows,
    struct member_row *ret_member)
{
	struct member_row member = {
	    .id = db_int(rows, 0),
	    .role = db_int(rows, 2) == MEMBER_ADMINISTRATOR
			? MEMBER_ADMINISTRATOR
			: MEMBER_ORDINARY,
	    /* Whatever is not plainly active may do nothing. */
	    .status = db_int(rows, 3) == MEMBER_ACTIVE ? MEMBER_ACTIVE
						       : MEMBER_SUSPENDED,
	    .created_at = db_int(rows, 5),
	    .first_signed_in_at = db_int(rows, 6),
	    .space = db_int(rows, 7),
	};

	TRY(meta_open(op, meta, "member", "name", member.id, db_blob(rows, 1),
	    &member.name));
	if (!db_is_null(rows, 4))
		TRY(open_password(
		    op, meta, member.id, db_blob(rows, 4), member.password));
	*ret_member = member;
	return RC_OK;
}

enum rc
member_row_get(
    struct op *op, struct meta *meta, int64_t id, struct member_row *ret_member)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_MEMBER_GET, &rows, "i", id));
	return read_row(op, meta, rows, ret_member);
}

enum rc
member_row_find(struct op *op, struct meta *meta, const uint8_t login_key[32],
    struct member_row *ret_member)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(
	    op, meta->db, SQL_MEMBER_FIND, &rows, "b", span_of(login_key, 32)));
	return read_row(op, meta, rows, ret_member);
}

enum rc
member_row_status(struct op *op, struct meta *meta, int64_t id,
    enum member_role *ret_role, enum member_status *ret_status)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_MEMBER_GET, &rows, "i", id));
	*ret_role = db_int(rows, 2) == MEMBER_ADMINISTRATOR
			? MEMBER_ADMINISTRATOR
			: MEMBER_ORDINARY;
	*ret_status =
	    db_int(rows, 3) == MEMBER_ACTIVE ? MEMBER_ACTIVE : MEMBER_SUSPENDED;
	return RC_OK;
}

enum rc
member_row_list(struct op *op, struct meta *meta, int64_t after, size_t limit,
    member_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	TRY(db_query(
	    op, meta->db, SQL_MEMBER_LIST, &rows, "ii", after, (int64_t)limit));
	for (;;) {
		struct member_row member;

		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_row(op, meta, rows, &member));
		TRY(each(arg, op, &member));
	}
}

enum rc
member_row_set_password(
    struct op *op, struct meta *meta, int64_t id, const char *hash)
{
	struct span sealed;

	TRY(seal_password(op, meta, id, hash, &sealed));
	return ROWS_ONE(op, meta, SQL_MEMBER_SET_PASSWORD, "ib", id, sealed);
}

enum rc
member_row_set_status(
    struct op *op, struct meta *meta, int64_t id, enum member_status status)
{
	return ROWS_ONE(
	    op, meta, SQL_MEMBER_SET_STATUS, "ii", id, (int64_t)status);
}

enum rc
member_row_set_signed_in(
    struct op *op, struct meta *meta, int64_t id, int64_t at, bool *ret_first)
{
	int64_t changed;

	TRY(db_run_changed(
	    op, meta->db, SQL_MEMBER_SET_SIGNED_IN, &changed, "ii", id, at));
	*ret_first = changed > 0;
	return RC_OK;
}

/* The only column of a statement without arguments. */
static enum rc
number_of(
    struct op *op, struct meta *meta, size_t statement, int64_t *ret_value)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, statement, &rows, ""));
	*ret_value = db_int(rows, 0);
	return RC_OK;
}

enum rc
member_row_taken_over(struct op *op, struct meta *meta, bool *ret_taken)
{
	int64_t taken;

	TRY(number_of(op, meta, SQL_MEMBER_ADMINISTRATOR_SIGNED_IN, &taken));
	*ret_taken = taken != 0;
	return RC_OK;
}

enum rc
member_row_administrators(struct op *op, struct meta *meta, int64_t *ret_count)
{
	return number_of(op, meta, SQL_MEMBER_ADMINISTRATORS, ret_count);
}
