/* test_taken.c - what is done where a name is taken, and changes with what
 * their request wants done besides. */
#include "core/file_version.h"
#include "core/purge.h"
#include "meta/idempotency.h"
#include "rules.h"

static struct tree_target
taken_at(struct op *op, int64_t parent, const char *name, enum tree_taken taken)
{
	struct tree_target to = at(op, parent, name);

	to.taken = taken;
	return to;
}

static enum rc
mkdir_taken(struct rules *r, const char *name, enum tree_taken taken,
    struct tree_result *result)
{
	struct tree_target to = taken_at(&r->alice, r->alices, name, taken);

	return tree_mkdir(&r->alice, r->tenant, &to, &no_precondition, result);
}

static void
a_folder_of_a_taken_name_gets_a_number_at_its_end(void **state)
{
	struct rules *r = *state;
	struct tree_result result;

	make_folder(r, &r->alice, r->alices, "v1.2");
	ASSERT_RC(&r->alice, RC_EXISTS,
	    mkdir_taken(r, "V1.2", TREE_TAKEN_FAIL, &result));
	assert_int_equal(result.why, TREE_WHY_EXISTS);
	ASSERT_RC(&r->alice, RC_EXISTS,
	    mkdir_taken(r, "V1.2", TREE_TAKEN_VERSION, &result));
	ASSERT_OK(
	    &r->alice, mkdir_taken(r, "V1.2", TREE_TAKEN_RENAME, &result));
	assert_string_equal(name_of(r, result.etag.node), "V1.2 (2)");
	ASSERT_OK(
	    &r->alice, mkdir_taken(r, "v1.2", TREE_TAKEN_RENAME, &result));
	assert_string_equal(name_of(r, result.etag.node), "v1.2 (3)");
	ASSERT_OK(&r->alice, mkdir_taken(r, "new", TREE_TAKEN_RENAME, &result));
	assert_string_equal(name_of(r, result.etag.node), "new");
}

static enum rc
copy_taken(struct rules *r, int64_t node, const char *name,
    enum tree_taken taken, struct tree_result *result)
{
	const struct tree_copy copy = {
	    .node = node,
	    .to = taken_at(&r->alice, r->alices, name, taken),
	    .overwrite = taken == TREE_TAKEN_VERSION,
	};

	return tree_copy(&r->alice, r->tenant, &copy, result);
}

static void
a_copy_never_clears_a_folder_for_a_version(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "a.txt", "a");
	int64_t other = make_file(r, &r->alice, r->alices, "b.txt", "b");
	int64_t folder = make_folder(r, &r->alice, r->alices, "f");
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_EXISTS,
	    copy_taken(r, file, "f", TREE_TAKEN_VERSION, &result));
	ASSERT_RC(&r->alice, RC_EXISTS,
	    copy_taken(r, folder, "a.txt", TREE_TAKEN_VERSION, &result));
	ASSERT_RC(&r->alice, RC_EXISTS,
	    copy_taken(r, file, "b.txt", TREE_TAKEN_FAIL, &result));
	assert_int_equal(row(r, folder).parent, r->alices);
	ASSERT_OK(&r->alice,
	    copy_taken(r, file, "b.txt", TREE_TAKEN_VERSION, &result));
	assert_int_equal(result.etag.node, other);
	assert_int_equal(row(r, other).content, row(r, file).content);
}

static void
a_copy_of_a_taken_name_gets_a_number(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "a.tar", "a");
	int64_t folder = make_folder(r, &r->alice, r->alices, "f.d");
	struct tree_result result;

	make_file(r, &r->alice, folder, "inside", "x");
	ASSERT_OK(&r->alice,
	    copy_taken(r, file, "a.tar", TREE_TAKEN_RENAME, &result));
	assert_string_equal(name_of(r, result.etag.node), "a (2).tar");
	ASSERT_OK(&r->alice,
	    copy_taken(r, folder, "f.d", TREE_TAKEN_RENAME, &result));
	assert_string_equal(name_of(r, result.etag.node), "f.d (2)");
	assert_int_equal(count_children(r, result.etag.node), 1);
	assert_int_equal(child(r, r->alices, "f.d (2)"), result.etag.node);
}

static void
a_move_says_only_what_is_to_change(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "f");
	int64_t file = make_file(r, &r->alice, r->alices, "a.txt", "a");
	struct tree_move move = {.node = file};
	struct tree_result result;

	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &move, &result));
	assert_true(result.unchanged);
	move.to.parent = folder;
	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &move, &result));
	assert_int_equal(row(r, file).parent, folder);
	assert_string_equal(name_of(r, file), "a.txt");
	move.to = at(&r->alice, 0, "b.txt");
	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &move, &result));
	assert_int_equal(row(r, file).parent, folder);
	assert_string_equal(name_of(r, file), "b.txt");
	assert_int_equal(child(r, folder, "b.txt"), file);
}

/* ---- hooks ---- */

struct hook {
	struct change_hook base;
	struct rules *r;
	uint8_t key[IDEMPOTENCY_KEY_SIZE];
	unsigned ran;
	bool skips;
	bool fails;
};

static enum rc
hook_before(
    struct op *op, struct tx *tx, struct change_hook *base, bool *ret_skip)
{
	struct hook *hook = container_of(base, struct hook, base);
	struct idempotency row;
	enum rc rc;

	rc = idempotency_get(op, tx->meta, hook->key, tx->now, &row);
	hook->skips = rc == RC_OK;
	*ret_skip = hook->skips;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc
hook_after(struct op *op, struct tx *tx, struct change_hook *base)
{
	struct hook *hook = container_of(base, struct hook, base);
	struct idempotency row = {
	    .result = span_str("the answer"),
	    .expires_at = tx->now + 1000,
	};

	hook->ran++;
	if (hook->fails)
		return op_fail(op, RC_INVALID, "not this one");
	memcpy(row.key, hook->key, sizeof(row.key));
	idempotency_request(tx->meta, span_str("asked"), row.request);
	return idempotency_put(op, tx->meta, &row);
}

static struct hook
hook_for(struct rules *r, int64_t member, const char *key)
{
	struct hook hook = {
	    .base = {.before = hook_before, .after = hook_after}, .r = r};

	idempotency_key(r->meta, member, span_str(key), hook.key);
	return hook;
}

static void
a_request_that_was_answered_is_not_run_again(void **state)
{
	struct rules *r = *state;
	struct hook hook = hook_for(r, 1, "k");
	struct tree_result result;
	struct idempotency row;

	fake_run_twice(r->fake, true);
	r->alice.hook = &hook.base;
	ASSERT_OK(&r->alice, mkdir_taken(r, "f", TREE_TAKEN_FAIL, &result));
	assert_false(hook.skips);
	ASSERT_OK(&r->alice, idempotency_get(&r->alice, r->meta, hook.key,
				 fake_now(r->fake), &row));
	assert_true(span_equal(row.result, span_str("the answer")));
	ASSERT_OK(&r->alice, mkdir_taken(r, "f", TREE_TAKEN_FAIL, &result));
	assert_true(hook.skips);
	assert_int_equal(result.etag.node, 0);
	hook = hook_for(r, 2, "k");
	ASSERT_RC(&r->alice, RC_EXISTS,
	    mkdir_taken(r, "f", TREE_TAKEN_FAIL, &result));
	assert_false(hook.skips);
	r->alice.hook = NULL;
}

static void
what_a_hook_refuses_leaves_nothing(void **state)
{
	struct rules *r = *state;
	struct hook hook = hook_for(r, 1, "k");
	struct tree_result result;

	hook.fails = true;
	r->alice.hook = &hook.base;
	ASSERT_RC(&r->alice, RC_INVALID,
	    mkdir_taken(r, "f", TREE_TAKEN_FAIL, &result));
	r->alice.hook = NULL;
	assert_int_equal(child(r, r->alices, "f"), 0);
}

static void
a_folders_copy_has_its_hook_once_at_its_end(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "f");
	struct hook hook = hook_for(r, 1, "k");
	struct tree_result result;

	make_file(r, &r->alice, folder, "inside", "x");
	r->alice.hook = &hook.base;
	ASSERT_OK(
	    &r->alice, copy_taken(r, folder, "g", TREE_TAKEN_FAIL, &result));
	assert_int_equal(hook.ran, 1);
	ASSERT_OK(
	    &r->alice, copy_taken(r, folder, "g", TREE_TAKEN_FAIL, &result));
	assert_true(hook.skips);
	assert_int_equal(hook.ran, 1);
	r->alice.hook = NULL;
	assert_int_equal(count_children(r, r->alices), 2);
}

static void
answered_requests_are_forgotten_when_their_term_ends(void **state)
{
	struct rules *r = *state;
	struct hook hook = hook_for(r, 1, "k");
	struct tree_result result;
	struct idempotency row;
	enum purge_due due;

	r->alice.hook = &hook.base;
	ASSERT_OK(&r->alice, mkdir_taken(r, "f", TREE_TAKEN_FAIL, &result));
	r->alice.hook = NULL;
	fake_advance(r->fake, 999);
	ASSERT_OK(&r->host,
	    purge_look(&r->host, r->meta, fake_now(r->fake), 0, &due));
	assert_int_equal(due, PURGE_NOTHING);
	fake_advance(r->fake, 1);
	assert_int_equal(RC_NOT_FOUND, idempotency_get(&r->alice, r->meta,
					   hook.key, fake_now(r->fake), &row));
	ASSERT_OK(&r->host,
	    purge_look(&r->host, r->meta, fake_now(r->fake), 0, &due));
	assert_int_equal(due, PURGE_REQUESTS);
	ASSERT_OK(&r->host, purge_do(&r->host, r->tenant, due, 0));
	ASSERT_OK(&r->host,
	    purge_look(&r->host, r->meta, fake_now(r->fake), 0, &due));
	assert_int_equal(due, PURGE_NOTHING);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_folder_of_a_taken_name_gets_a_number_at_its_end),
	    TEST(a_copy_never_clears_a_folder_for_a_version),
	    TEST(a_copy_of_a_taken_name_gets_a_number),
	    TEST(a_move_says_only_what_is_to_change),
	    TEST(a_request_that_was_answered_is_not_run_again),
	    TEST(what_a_hook_refuses_leaves_nothing),
	    TEST(a_folders_copy_has_its_hook_once_at_its_end),
	    TEST(answered_requests_are_forgotten_when_their_term_ends),
	};

	return cmocka_run_group_tests_name("taken", tests, NULL, NULL);
}
