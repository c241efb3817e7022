/* test_session.c - what sessions record, and that it replays to the same state
 * (L5). */
#include "db_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/db_internal.h"

/* A group under way: a session in a transaction of test->db, replayed on
 * test->other. */
struct group {
	struct db_test *test;
	struct db_session *session;
	struct buf changes;
};

static void
group_begin(struct group *group, struct db_test *test)
{
	*group = (struct group){.test = test};
	buf_init(&group->changes, 1 << 24);
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_begin(&test->op, test->other));
	ASSERT_OK(
	    &test->op, db_session_begin(&test->op, test->db, &group->session));
}

/* Takes the session's changeset, replays it, and begins the next session. */
static enum rc
group_record(struct group *group)
{
	struct db_test *test = group->test;
	bool empty;
	enum rc rc = RC_OK;

	buf_clear(&group->changes);
	ASSERT_OK(&test->op, db_session_take(&test->op, group->session,
				 &group->changes, &empty));
	assert_true(empty == (group->changes.size == 0));
	db_session_end_ptr(&group->session);
	if (!empty)
		rc =
		    db_apply(&test->op, test->other, buf_span(&group->changes));
	ASSERT_OK(
	    &test->op, db_session_begin(&test->op, test->db, &group->session));
	return rc;
}

static void
group_end(struct group *group)
{
	struct db_test *test = group->test;

	db_session_end_ptr(&group->session);
	ASSERT_OK(&test->op, db_commit(&test->op, test->db));
	ASSERT_OK(&test->op, db_commit(&test->op, test->other));
	buf_release(&group->changes);
}

static void
replays(struct db_test *test, const char *sql)
{
	struct group group;

	group_begin(&group, test);
	db_test_exec(test->db, sql);
	ASSERT_OK(&test->op, group_record(&group));
	group_end(&group);
	db_test_assert_equal(&test->op, test->db, test->other);
}

static void
each_kind_of_change_replays(void **state)
{
	struct db_test *test = *state;

	replays(test, "INSERT INTO node VALUES (1, 0, x'01', 5, 'note')");
	replays(test, "INSERT INTO node VALUES (2, 0, x'02', 5, NULL)");
	replays(test, "UPDATE node SET note = 'other' WHERE id = 1");
	replays(test, "UPDATE node SET note = NULL, size = -1 WHERE id = 1");
	replays(test, "UPDATE node SET id = 7 WHERE id = 1");
	replays(test, "UPDATE node SET parent = 7, name = x'ff' WHERE id = 2");
	replays(test, "INSERT INTO etag VALUES (1, 'a', x''), (1, 'b', x'00')");
	replays(test, "INSERT INTO etag VALUES (1, 'a', x'cc') ON CONFLICT "
		      "(node, kind) DO UPDATE SET tag = excluded.tag");
	replays(test, "INSERT INTO pair VALUES ('b', 1, 1.5), ('b', 2, NULL),"
		      "('c', 1, 'text'), ('c', 2, x'00ff'), ('', 3, 1)");
	replays(test, "UPDATE pair SET value = '1' WHERE a = 3");
	replays(test, "UPDATE pair SET value = x'31' WHERE a = 3");
	replays(test, "DELETE FROM pair WHERE a < 2");
	replays(test, "DELETE FROM etag; DELETE FROM node; DELETE FROM pair");
}

static void
a_change_without_effect_is_empty(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf changes = {0};
	struct db_session *session = NULL;
	bool empty = false;

	buf_init(&changes, 1 << 16);
	db_test_commit(
	    &test->op, test->db, "INSERT INTO node VALUES (1, 0, 'x', 1, '')");
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_session_begin(&test->op, test->db, &session));
	db_test_exec(test->db,
	    "UPDATE node SET size = 1;"
	    "INSERT INTO node VALUES (2, 0, 'y', 1, ''); DELETE FROM node "
	    "WHERE id = 2;"
	    "UPDATE node SET size = 2; UPDATE node SET size = 1;");
	ASSERT_OK(
	    &test->op, db_session_take(&test->op, session, &changes, &empty));
	assert_true(empty);
	assert_int_equal(changes.size, 0);
	db_session_end(session);
	db_session_end(NULL);
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
}

static void
local_tables_are_not_recorded(void **state)
{
	struct db_test *test = *state;
	struct group group;

	group_begin(&group, test);
	ASSERT_OK(&test->op,
	    db_run(&test->op, test->db, SQL_HEAD_SET, "i", INT64_C(17)));
	ASSERT_OK(&test->op, group_record(&group));
	assert_int_equal(group.changes.size, 0);
	group_end(&group);
	db_test_assert_equal(&test->op, test->db, test->other);
	assert_int_equal(
	    db_test_int(test->other, "SELECT count(*) FROM local_head"), 0);
}

static void
a_changeset_is_appended_and_needs_its_transaction(void **state)
{
	struct db_test *test = *state;
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(buf_release) struct buf small = {0};
	struct db_session *session = NULL;
	bool empty = true;

	buf_init(&out, 1 << 16);
	buf_init(&small, 4);
	ASSERT_OK(&test->op, buf_add_str(&test->op, &out, "head"));
	ASSERT_OK(&test->op, db_begin(&test->op, test->db));
	ASSERT_OK(&test->op, db_session_begin(&test->op, test->db, &session));
	db_test_exec(test->db, "INSERT INTO node VALUES (1, 0, 'x', 1, '')");
	ASSERT_OK(&test->op, db_session_take(&test->op, session, &out, &empty));
	assert_false(empty);
	assert_memory_equal(out.data, "headT", 5);
	ASSERT_RC(&test->op, RC_LIMIT,
	    db_session_take(&test->op, session, &small, &empty));
	ASSERT_OK(&test->op, db_rollback(&test->op, test->db));
	ASSERT_RC(&test->op, RC_CONFLICT,
	    db_session_take(&test->op, session, &out, &empty));
	db_session_end(session);
}

/* ---- L5: what one session may not hold ---- */

static void
put_two_names(struct db_test *test)
{
	const char *sql = "INSERT INTO node VALUES (1, 0, 'a', 1, NULL),"
			  "(2, 0, 'b', 2, NULL)";

	db_test_commit(&test->op, test->db, sql);
	db_test_commit(&test->op, test->other, sql);
}

static const char *const swap_moves[] = {
    "UPDATE node SET name = 'c' WHERE id = 1",
    "UPDATE node SET name = 'a' WHERE id = 2",
    "UPDATE node SET name = 'b' WHERE id = 1",
};

static void
three_moves_that_swap_names_in_one_session_do_not_replay(void **state)
{
	struct db_test *test = *state;
	struct group group;
	size_t i;

	put_two_names(test);
	group_begin(&group, test);
	for (i = 0; i < ARRAY_LEN(swap_moves); i++)
		db_test_exec(test->db, swap_moves[i]);
	ASSERT_RC(&test->op, RC_DAMAGED, group_record(&group));
	db_session_end_ptr(&group.session);
	buf_release(&group.changes);
}

static void
three_moves_that_swap_names_replay_from_a_session_each(void **state)
{
	struct db_test *test = *state;
	struct group group;
	size_t i;

	put_two_names(test);
	group_begin(&group, test);
	for (i = 0; i < ARRAY_LEN(swap_moves); i++) {
		db_test_exec(test->db, swap_moves[i]);
		ASSERT_OK(&test->op, group_record(&group));
	}
	group_end(&group);
	db_test_assert_equal(&test->op, test->db, test->other);
}

/* ---- random sequences ---- */

struct random_run {
	struct group group;
	uint64_t seed;
	int64_t next_id;
};

static int64_t
below(struct random_run *run, int64_t n)
{
	run->seed = run->seed * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
	return (int64_t)((run->seed >> 33) % (uint64_t)n);
}

static enum rc
random_pair_or_etag(struct random_run *run, int64_t kind)
{
	struct db_test *test = run->group.test;
	static const char *const words[] = {"a", "b", "c", "long word"};
	const char *word = words[below(run, 4)];
	int64_t a = below(run, 40);

	switch (kind) {
	case 0:
		return db_run(&test->op, test->db, SQL_ETAG_PUT, "itb", a, word,
		    span_of(&run->seed, (size_t)below(run, 9)));
	case 1:
		return db_run(&test->op, test->db, SQL_ETAG_DROP, "i", a);
	case 2:
		return db_run(&test->op, test->db, SQL_PAIR_PUT, "iti", a, word,
		    below(run, 5));
	case 3:
		return db_run(
		    &test->op, test->db, SQL_PAIR_PUT, "itn", a, word);
	default:
		return db_run(&test->op, test->db, SQL_PAIR_KEY, "iti", a, word,
		    below(run, 40));
	}
}

enum { KIND_MOVE = 4, KIND_KEY = 11, KINDS = 12 };

static enum rc
random_change(struct random_run *run, int64_t kind)
{
	struct db_test *test = run->group.test;
	struct op *op = &test->op;
	int64_t id = below(run, run->next_id);
	int64_t parent = below(run, 4);
	uint8_t letter = (uint8_t)below(run, 200);

	switch (kind) {
	case 0:
	case 1:
	case 2:
		return db_run(op, test->db, SQL_NODE_ADD, "iibi",
		    run->next_id++, parent, span_of(&letter, 1),
		    below(run, 1000));
	case 3:
		return db_run(
		    op, test->db, SQL_NODE_SIZE, "ii", id, below(run, 1000));
	case KIND_MOVE:
		return db_run(op, test->db, SQL_NODE_MOVE, "iib", id, parent,
		    span_of(&letter, 1));
	case 5:
		return db_run(op, test->db, SQL_NODE_NOTE, "it", id, "note");
	case 6:
		return db_run(op, test->db, SQL_NODE_DROP, "i", id);
	default:
		return random_pair_or_etag(run, kind - 7);
	}
}

/* One change in its savepoint, now and then undone, as the committer does it.
 */
static void
random_step(struct random_run *run)
{
	struct db_test *test = run->group.test;
	int64_t id_before = run->next_id;
	int64_t kind = below(run, KINDS);
	/* L5: what updates a unique column has a session and record of its own.
	 */
	bool alone = kind == KIND_MOVE || kind == KIND_KEY;
	enum rc rc;

	if (alone)
		ASSERT_OK(&test->op, group_record(&run->group));
	ASSERT_OK(&test->op, db_savepoint(&test->op, test->db));
	rc = random_change(run, kind);
	op_clear_error(&test->op);
	assert_true(rc == RC_OK || rc == RC_EXISTS);
	if (rc != RC_OK || below(run, 5) == 0) {
		run->next_id =
		    id_before; /* ids of what was undone come again */
		ASSERT_OK(&test->op, db_undo(&test->op, test->db));
	} else {
		ASSERT_OK(&test->op, db_release(&test->op, test->db));
	}
	if (alone)
		ASSERT_OK(&test->op, group_record(&run->group));
}

static uint64_t
seed_of_this_run(void)
{
	const char *text = getenv("DOZO_TEST_SEED");

	if (text != NULL)
		return strtoull(text, NULL, 10);
	return (uint64_t)time(NULL);
}

/* Groups of up to 40 changes, 6,000 in all; each group's end must be equal. */
static void
random_sequences_replay_to_the_same_state(void **state)
{
	struct db_test *test = *state;
	struct random_run run = {.seed = seed_of_this_run(), .next_id = 1};
	int steps = 0;

	print_message("DOZO_TEST_SEED=%llu\n", (unsigned long long)run.seed);
	while (steps < 6000) {
		int64_t n = 1 + below(&run, 40);

		group_begin(&run.group, test);
		for (steps += (int)n; n > 0; n--)
			random_step(&run);
		ASSERT_OK(&test->op, group_record(&run.group));
		group_end(&run.group);
		db_test_assert_equal(&test->op, test->db, test->other);
	}
	assert_true(db_test_int(test->db, "SELECT count(*) FROM node") > 100);
	assert_true(db_test_int(test->db, "SELECT count(*) FROM pair") > 50);
	assert_int_equal(db_test_int(test->db, "SELECT count(*) FROM node"),
	    db_test_int(test->other, "SELECT count(*) FROM node"));
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, db_test_setup, db_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(each_kind_of_change_replays),
	    T(a_change_without_effect_is_empty),
	    T(local_tables_are_not_recorded),
	    T(a_changeset_is_appended_and_needs_its_transaction),
	    T(three_moves_that_swap_names_in_one_session_do_not_replay),
	    T(three_moves_that_swap_names_replay_from_a_session_each),
	    T(random_sequences_replay_to_the_same_state),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
