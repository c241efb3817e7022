/* test_load.c - all rows as bytes and back (L12): the same state, or
 * RC_DAMAGED. */
#include "db_test.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"

/* What db_dump gave, piece after piece. */
struct pieces {
	struct db_sink sink;
	struct buf bytes;
	size_t n;
	size_t fail_at; /* 0: never */
};

static enum rc
piece_keep(struct db_sink *sink, struct op *op, struct span rows)
{
	struct pieces *p = container_of(sink, struct pieces, sink);

	if (++p->n == p->fail_at)
		FAIL(op, RC_NO_SPACE, "no room");
	return buf_add(op, &p->bytes, rows);
}

static void
pieces_init(struct pieces *p)
{
	memset(p, 0, sizeof(*p));
	p->sink.rows = piece_keep;
	buf_init(&p->bytes, 64 << 20);
}

static void
rows_make(struct db_test *test)
{
	db_test_commit(&test->op, test->db,
	    "INSERT INTO node VALUES (1, 0, x'00ff', 7, NULL),"
	    " (-5, 9, x'', 0, 'text');"
	    "INSERT INTO etag VALUES (1, 'k', x'aa');"
	    "INSERT INTO pair VALUES ('b', 1, 1.5), ('c', 1, NULL);"
	    "INSERT INTO local_head VALUES (1, 2)");
}

static enum rc
load_into(struct db_test *test, struct span bytes)
{
	CLEANUP(db_load_free_ptr) struct db_load *load = NULL;
	enum rc rc, rolled;

	ASSERT_OK(&test->op, db_begin(&test->op, test->other));
	rc = db_load_new(&test->op, test->other, &load);
	if (rc == RC_OK)
		rc = db_load_rows(&test->op, load, bytes);
	if (rc == RC_OK)
		return db_commit(&test->op, test->other);
	rolled = db_rollback(&test->op, test->other);
	return rolled == RC_OK ? rc : rolled;
}

static void
what_was_dumped_and_loaded_is_the_same_state(void **state)
{
	struct db_test *test = *state;
	uint8_t dumped[DB_HASH_SIZE], hash[DB_HASH_SIZE];
	struct pieces p;

	pieces_init(&p);
	rows_make(test);
	/* What was there before goes. */
	db_test_commit(
	    &test->op, test->other, "INSERT INTO pair VALUES ('z', 26, 'old')");
	ASSERT_OK(&test->op, db_dump(&test->op, test->db, &p.sink, dumped));
	ASSERT_OK(&test->op, db_state_hash(&test->op, test->db, hash));
	assert_memory_equal(dumped, hash, sizeof(hash));
	sha256_of(buf_span(&p.bytes), hash);
	assert_memory_equal(dumped, hash, sizeof(hash));
	ASSERT_OK(&test->op, load_into(test, buf_span(&p.bytes)));
	db_test_assert_equal(&test->op, test->db, test->other);
	assert_int_equal(
	    db_test_int(test->other, "SELECT count(*) FROM local_head"), 0);
	buf_release(&p.bytes);
}

static void
a_large_state_comes_in_pieces_of_whole_rows(void **state)
{
	struct db_test *test = *state;
	uint8_t hash[DB_HASH_SIZE];
	struct pieces p;

	pieces_init(&p);
	db_test_commit(&test->op, test->db,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 3000) INSERT INTO pair SELECT 'x', i, zeroblob(900) "
	    "FROM n");
	ASSERT_OK(&test->op, db_dump(&test->op, test->db, &p.sink, hash));
	assert_in_range(p.n, 3, 5);
	ASSERT_OK(&test->op, load_into(test, buf_span(&p.bytes)));
	db_test_assert_equal(&test->op, test->db, test->other);
	buf_release(&p.bytes);
}

static void
a_sink_that_fails_ends_the_dump(void **state)
{
	struct db_test *test = *state;
	uint8_t hash[DB_HASH_SIZE];
	struct pieces p;

	pieces_init(&p);
	p.fail_at = 1;
	rows_make(test);
	ASSERT_RC(&test->op, RC_NO_SPACE,
	    db_dump(&test->op, test->db, &p.sink, hash));
	assert_false(db_in_transaction(test->db));
	buf_release(&p.bytes);
}

/* Each byte changed, and each end cut off: damage, or another state. */
static void
bytes_that_were_not_dumped_are_damage_or_another_state(void **state)
{
	struct db_test *test = *state;
	uint8_t good[DB_HASH_SIZE], hash[DB_HASH_SIZE];
	struct pieces p;
	size_t i;
	enum rc rc;

	pieces_init(&p);
	rows_make(test);
	ASSERT_OK(&test->op, db_dump(&test->op, test->db, &p.sink, good));
	for (i = 0; i < p.bytes.size; i++) {
		p.bytes.data[i] ^= (uint8_t)(1 << i % 8);
		rc = load_into(test, buf_span(&p.bytes));
		op_clear_error(&test->op);
		p.bytes.data[i] ^= (uint8_t)(1 << i % 8);
		if (rc != RC_OK) {
			assert_int_equal(rc, RC_DAMAGED);
			continue;
		}
		ASSERT_OK(
		    &test->op, db_state_hash(&test->op, test->other, hash));
		assert_memory_not_equal(hash, good, sizeof(hash));
	}
	for (i = 0; i < p.bytes.size; i++) {
		rc = load_into(test, span_of(p.bytes.data, i));
		op_clear_error(&test->op);
		assert_true(rc == RC_OK || rc == RC_DAMAGED);
	}
	buf_release(&p.bytes);
}

static void
rows_are_loaded_inside_a_transaction_only(void **state)
{
	struct db_test *test = *state;
	struct db_load *load;

	ASSERT_RC(
	    &test->op, RC_CONFLICT, db_load_new(&test->op, test->other, &load));
	ASSERT_OK(&test->op, db_begin(&test->op, test->other));
	ASSERT_OK(&test->op, db_load_new(&test->op, test->other, &load));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->other));
	ASSERT_RC(&test->op, RC_CONFLICT,
	    db_load_rows(&test->op, load, span_str("T")));
	db_load_free(load);
}

#define T(test) \
	cmocka_unit_test_setup_teardown(test, db_test_setup, db_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_was_dumped_and_loaded_is_the_same_state),
	    T(a_large_state_comes_in_pieces_of_whole_rows),
	    T(a_sink_that_fails_ends_the_dump),
	    T(bytes_that_were_not_dumped_are_damage_or_another_state),
	    T(rows_are_loaded_inside_a_transaction_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
