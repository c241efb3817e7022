/* test_locks.c - what locks keep others from, and how they come and go. */
#include <string.h>

#include "base/clock.h"
#include "core/audit.h"
#include "core/file_version.h"
#include "core/locks.h"
#include "core/purge.h"
#include "rules.h"

#define HOUR (3600 * CLOCK_S)

/* A token that differs in one byte from all others. */
static void
token_of(uint8_t id, uint8_t out[LOCK_TOKEN_SIZE])
{
	memset(out, 7, LOCK_TOKEN_SIZE);
	out[0] = id;
}

static enum rc
take(struct rules *r, struct op *op, struct locks_take how, uint8_t id,
    struct tree_result *result)
{
	struct lock lock;
	enum rc rc;

	token_of(id, how.token);
	if (how.term == 0)
		how.term = HOUR;
	rc = locks_take(op, r->tenant, &how, &lock, result);
	if (rc == RC_OK)
		assert_memory_equal(lock.token, how.token, LOCK_TOKEN_SIZE);
	return rc;
}

static void
lock(struct rules *r, struct op *op, int64_t node, uint8_t id)
{
	struct tree_result result;

	ASSERT_OK(
	    op, take(r, op, (struct locks_take){.node = node}, id, &result));
}

static void
lock_deep(struct rules *r, struct op *op, int64_t node, uint8_t id)
{
	struct locks_take how = {.node = node, .deep = true};
	struct tree_result result;

	ASSERT_OK(op, take(r, op, how, id, &result));
}

/* A precondition that shows tokens 1 to n of id's hundred, in a list about the
 * company space that is always so. */
struct shown {
	struct if_condition conditions[4];
	struct if_list lists[2];
	struct if_lists all;
	struct precondition precondition;
};

static const struct precondition *
show(struct shown *shown, uint8_t id)
{
	static const struct if_condition never = {
	    .negated = true, .kind = IF_NOTHING};

	*shown = (struct shown){0};
	shown->conditions[0].kind = IF_TOKEN;
	token_of(id, shown->conditions[0].token);
	shown->conditions[1] = never;
	shown->lists[0] = (struct if_list){
	    .elsewhere = true, .n = 1, .conditions = &shown->conditions[0]};
	shown->lists[1] = (struct if_list){
	    .elsewhere = true, .n = 1, .conditions = &shown->conditions[1]};
	shown->all = (struct if_lists){.n = 2, .lists = shown->lists};
	shown->precondition.lists = &shown->all;
	return &shown->precondition;
}

static const struct tree_result *
refused(enum rc rc, struct op *op, const struct tree_result *result,
    enum tree_why why, int64_t root)
{
	assert_int_equal(rc, RC_CONFLICT);
	assert_int_equal(result->why, why);
	assert_int_equal(result->lock.node, root);
	op_clear_error(op);
	return result;
}

/* ---- who may change what ---- */

static void
a_locked_file_is_changed_only_by_whoever_shows_its_own_token(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	struct file_put_result put;
	struct tree_result result;
	struct shown shown;

	lock(r, &r->alice, file, 1);
	refused(put_text(r, &r->bob, r->company, "a", "2", 0, &put), &r->bob,
	    &put.tree, TREE_WHY_LOCKED, file);
	/* The owner's other programs do not know of it. */
	refused(put_text(r, &r->alice, r->company, "a", "2", 0, &put),
	    &r->alice, &put.tree, TREE_WHY_LOCKED, file);
	/* Somebody else's token is worth nothing. */
	refused(tree_set_mtime(
		    &r->bob, r->tenant, file, 5, show(&shown, 1), &result),
	    &r->bob, &result, TREE_WHY_LOCKED, file);
	refused(tree_set_mtime(
		    &r->alice, r->tenant, file, 5, show(&shown, 2), &result),
	    &r->alice, &result, TREE_WHY_LOCKED, file);
	ASSERT_OK(&r->alice, tree_set_mtime(&r->alice, r->tenant, file, 5,
				 show(&shown, 1), &result));
	/* Copying from it changes nothing of it. */
	{
		struct tree_copy copy = {
		    .node = file, .to = at(&r->bob, r->bobs, "copy")};

		ASSERT_OK(
		    &r->bob, tree_copy(&r->bob, r->tenant, &copy, &result));
	}
}

static void
a_lock_of_a_folder_keeps_its_entries_and_a_deep_one_all_below(void **state)
{
	struct rules *r = *state;
	int64_t flat = make_folder(r, &r->alice, r->company, "flat");
	int64_t deep = make_folder(r, &r->alice, r->company, "deep");
	int64_t inner = make_folder(r, &r->alice, deep, "inner");
	struct tree_target in_flat = at(&r->bob, flat, "new");
	struct tree_target in_inner = at(&r->bob, inner, "new");
	struct file_put_result put;
	struct tree_result result;

	(void)make_file(r, &r->alice, flat, "a", "1");
	lock(r, &r->alice, flat, 1);
	lock_deep(r, &r->alice, deep, 2);
	refused(tree_mkdir(
		    &r->bob, r->tenant, &in_flat, &precondition_none, &result),
	    &r->bob, &result, TREE_WHY_LOCKED, flat);
	/* What is in a file is no entry. */
	ASSERT_OK(&r->bob, put_text(r, &r->bob, flat, "a", "2", 0, &put));
	refused(tree_delete(&r->bob, r->tenant, child(r, flat, "a"),
		    &precondition_none, &result),
	    &r->bob, &result, TREE_WHY_LOCKED, flat);
	refused(tree_mkdir(
		    &r->bob, r->tenant, &in_inner, &precondition_none, &result),
	    &r->bob, &result, TREE_WHY_LOCKED, deep);
	refused(put_text(r, &r->bob, inner, "b", "1", 0, &put), &r->bob,
	    &put.tree, TREE_WHY_LOCKED, deep);
}

static void
a_folder_with_something_locked_below_stays_where_it_is(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "f");
	int64_t inner = make_folder(r, &r->alice, folder, "g");
	int64_t file = make_file(r, &r->alice, inner, "a", "1");
	int64_t other = make_folder(r, &r->bob, r->company, "other");
	struct tree_move move = {
	    .node = folder, .to = at(&r->bob, r->company, "h")};
	struct tree_move over = {.node = other,
	    .to = at(&r->bob, r->company, "f"),
	    .overwrite = true};
	struct tree_copy copy = {
	    .node = other, .to = over.to, .overwrite = true};
	struct tree_result result;
	struct shown shown;

	lock(r, &r->alice, file, 1);
	assert_true(refused(tree_delete(&r->bob, r->tenant, folder,
				&precondition_none, &result),
	    &r->bob, &result, TREE_WHY_LOCKED, file)
			->lock.below);
	assert_true(refused(tree_move(&r->bob, r->tenant, &move, &result),
	    &r->bob, &result, TREE_WHY_LOCKED, file)
			->lock.below);
	refused(tree_move(&r->bob, r->tenant, &over, &result), &r->bob, &result,
	    TREE_WHY_LOCKED, file);
	refused(tree_copy(&r->bob, r->tenant, &copy, &result), &r->bob, &result,
	    TREE_WHY_LOCKED, file);
	ASSERT_OK(&r->alice, tree_delete(&r->alice, r->tenant, folder,
				 show(&shown, 1), &result));
}

static void
versions_and_the_trash_keep_to_locks_too(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "f");
	int64_t file = make_file(r, &r->alice, folder, "a", "1");
	int64_t gone = make_file(r, &r->alice, folder, "b", "1");
	struct file_put_result put;
	struct file_swap swap = {.node = file};
	struct file_save_as save = {
	    .node = file, .to = at(&r->bob, folder, "saved")};
	struct tree_result result;
	struct span name;

	ASSERT_OK(&r->alice, put_text(r, &r->alice, folder, "a", "2", 0, &put));
	swap.version = save.version = newest_version(r, file).id;
	ASSERT_OK(&r->alice, tree_delete(&r->alice, r->tenant, gone,
				 &precondition_none, &result));
	lock(r, &r->alice, file, 1);
	refused(file_version_swap(&r->bob, r->tenant, &swap, &result), &r->bob,
	    &result, TREE_WHY_LOCKED, file);
	lock(r, &r->alice, folder, 2);
	refused(file_version_save_as(&r->bob, r->tenant, &save, &result),
	    &r->bob, &result, TREE_WHY_LOCKED, folder);
	refused(trash_restore(&r->bob, r->tenant, gone, &result, &name),
	    &r->bob, &result, TREE_WHY_LOCKED, folder);
}

/* ---- how locks go together ---- */

static void
exclusive_locks_exclude_others_and_shared_ones_only_exclusive_ones(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	struct locks_take shared = {.node = file, .shared = true};
	struct locks_take exclusive = {.node = file};
	struct tree_result result;
	struct shown shown;

	ASSERT_OK(&r->alice, take(r, &r->alice, shared, 1, &result));
	ASSERT_OK(&r->bob, take(r, &r->bob, shared, 2, &result));
	refused(take(r, &r->admin, exclusive, 3, &result), &r->admin, &result,
	    TREE_WHY_CONFLICTING, file);
	/* Any of the holders may write, nobody else. */
	ASSERT_OK(&r->bob, tree_set_mtime(&r->bob, r->tenant, file, 5,
			       show(&shown, 2), &result));
	refused(tree_set_mtime(
		    &r->admin, r->tenant, file, 6, show(&shown, 2), &result),
	    &r->admin, &result, TREE_WHY_LOCKED, file);
	ASSERT_OK(&r->bob,
	    tree_delete(&r->bob, r->tenant, file, show(&shown, 2), &result));
	file = make_file(r, &r->alice, r->company, "b", "1");
	lock(r, &r->alice, file, 4);
	shared.node = file;
	refused(take(r, &r->alice, shared, 5, &result), &r->alice, &result,
	    TREE_WHY_CONFLICTING, file);
}

static void
a_deep_lock_conflicts_with_locks_below_and_they_with_it(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "f");
	int64_t inner = make_folder(r, &r->alice, folder, "g");
	int64_t file = make_file(r, &r->alice, inner, "a", "1");
	struct locks_take deep = {.node = folder, .deep = true};
	struct tree_result result;
	uint8_t token[LOCK_TOKEN_SIZE];

	lock(r, &r->bob, file, 1);
	assert_true(refused(take(r, &r->alice, deep, 2, &result), &r->alice,
	    &result, TREE_WHY_CONFLICTING, file)
			->lock.below);
	/* Of the folder alone it may be. */
	lock(r, &r->alice, folder, 3);
	token_of(3, token);
	ASSERT_OK(&r->alice,
	    locks_release(&r->alice, r->tenant, folder, token, &result));
	token_of(1, token);
	ASSERT_OK(
	    &r->bob, locks_release(&r->bob, r->tenant, file, token, &result));
	ASSERT_OK(&r->alice, take(r, &r->alice, deep, 4, &result));
	refused(take(r, &r->bob, (struct locks_take){.node = file}, 5, &result),
	    &r->bob, &result, TREE_WHY_CONFLICTING, folder);
}

static void
a_lock_where_nothing_is_makes_an_empty_file(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "f");
	struct locks_take how = {.to = at(&r->alice, folder, "new")};
	struct locks_take theirs = {.to = at(&r->bob, folder, "theirs")};
	struct tree_result result;
	int64_t file;

	ASSERT_OK(&r->alice, take(r, &r->alice, how, 1, &result));
	assert_true(result.created);
	file = child(r, folder, "new");
	assert_int_equal(result.etag.node, file);
	assert_int_equal(row(r, file).size, 0);
	/* Once it is there it is not made again. */
	refused(take(r, &r->alice, how, 2, &result), &r->alice, &result,
	    TREE_WHY_CONFLICTING, file);
	/* An entry of a locked folder is the folder's. */
	lock(r, &r->alice, folder, 3);
	refused(take(r, &r->bob, theirs, 4, &result), &r->bob, &result,
	    TREE_WHY_LOCKED, folder);
	assert_int_equal(child(r, folder, "theirs"), 0);
}

static void
spaces_and_the_root_cannot_be_locked(void **state)
{
	struct rules *r = *state;
	const int64_t nodes[] = {r->company, r->alices, NODE_ROOT};
	struct tree_result result;
	size_t i;

	for (i = 0; i < ARRAY_LEN(nodes); i++) {
		struct locks_take how = {.node = nodes[i], .deep = true};

		assert_int_equal(
		    take(r, &r->alice, how, 1, &result), RC_DENIED);
		assert_int_equal(result.why, TREE_WHY_SPACE);
		op_clear_error(&r->alice);
	}
	/* Of others' spaces nobody knows. */
	assert_int_equal(take(r, &r->alice,
			     (struct locks_take){.node = make_file(r, &r->bob,
						     r->bobs, "b", "1")},
			     1, &result),
	    RC_NOT_FOUND);
}

/* ---- how locks end ---- */

static void
a_lock_ends_at_the_second_of_its_term_and_a_refresh_moves_it(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	struct tree_result result;
	struct shown shown;
	struct lock refreshed;

	lock(r, &r->alice, file, 1);
	fake_advance(r->fake, HOUR - 1);
	refused(tree_set_mtime(
		    &r->bob, r->tenant, file, 5, &precondition_none, &result),
	    &r->bob, &result, TREE_WHY_LOCKED, file);
	ASSERT_OK(&r->alice, locks_refresh(&r->alice, r->tenant, file, HOUR,
				 show(&shown, 1), &refreshed, &result));
	assert_int_equal(refreshed.expires_at, fake_now(r->fake) + HOUR);
	fake_advance(r->fake, HOUR - 1);
	refused(tree_set_mtime(
		    &r->bob, r->tenant, file, 5, &precondition_none, &result),
	    &r->bob, &result, TREE_WHY_LOCKED, file);
	fake_advance(r->fake, 1);
	refused(locks_refresh(&r->alice, r->tenant, file, HOUR, show(&shown, 1),
		    &refreshed, &result),
	    &r->alice, &result, TREE_WHY_PRECONDITION, 0);
	ASSERT_OK(&r->bob, tree_set_mtime(&r->bob, r->tenant, file, 5,
			       &precondition_none, &result));
	/* And another one may be taken. */
	lock(r, &r->bob, file, 2);
}

static void
no_lock_is_longer_than_a_day(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	struct locks_take how = {.node = file, .term = INT64_MAX};
	struct lock taken;
	struct tree_result result;

	ASSERT_OK(
	    &r->alice, locks_take(&r->alice, r->tenant, &how, &taken, &result));
	assert_int_equal(
	    taken.expires_at, fake_now(r->fake) + 24 * 60 * 60 * CLOCK_S);
}

static void
the_rows_of_ended_locks_are_forgotten(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	enum purge_due due;
	bool any;

	lock(r, &r->alice, file, 1);
	ASSERT_OK(&r->host,
	    purge_look(&r->host, r->meta, fake_now(r->fake), 0, &due));
	assert_int_equal(due, PURGE_NOTHING);
	fake_advance(r->fake, HOUR);
	ASSERT_OK(&r->host,
	    purge_look(&r->host, r->meta, fake_now(r->fake), 0, &due));
	assert_int_equal(due, PURGE_LOCKS);
	ASSERT_OK(&r->host, purge_do(&r->host, r->tenant, due, 0));
	ASSERT_OK(&r->host, lock_any(&r->host, r->meta, &any));
	assert_false(any);
	assert_int_equal(last_action(r, NULL), AUDIT_LOCKS_ENDED);
}

static void
a_token_ends_its_own_members_lock_only_and_only_there(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "f");
	int64_t file = make_file(r, &r->alice, folder, "a", "1");
	int64_t other = make_file(r, &r->alice, r->company, "b", "1");
	struct tree_result result;
	uint8_t token[LOCK_TOKEN_SIZE];

	lock_deep(r, &r->alice, folder, 1);
	token_of(1, token);
	assert_int_equal(
	    locks_release(&r->bob, r->tenant, file, token, &result), RC_DENIED);
	op_clear_error(&r->bob);
	refused(locks_release(&r->alice, r->tenant, other, token, &result),
	    &r->alice, &result, TREE_WHY_TOKEN, 0);
	token_of(2, token);
	refused(locks_release(&r->alice, r->tenant, file, token, &result),
	    &r->alice, &result, TREE_WHY_TOKEN, 0);
	/* By any path that it locks. */
	token_of(1, token);
	ASSERT_OK(&r->alice,
	    locks_release(&r->alice, r->tenant, file, token, &result));
	assert_int_equal(last_action(r, NULL), AUDIT_UNLOCK);
	ASSERT_OK(&r->bob, tree_delete(&r->bob, r->tenant, folder,
			       &precondition_none, &result));
}

static void
a_lock_is_of_a_place_and_ends_when_its_file_leaves(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "f");
	int64_t file = make_file(r, &r->alice, folder, "a", "1");
	struct tree_move move = {
	    .node = folder, .to = at(&r->alice, r->company, "moved")};
	struct tree_result result;
	struct shown shown;
	bool any;

	lock(r, &r->alice, file, 1);
	move.source = *show(&shown, 1);
	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &move, &result));
	ASSERT_OK(&r->host, lock_any(&r->host, r->meta, &any));
	assert_false(any);
	/* What is restored from the trash is not locked. */
	lock(r, &r->alice, file, 2);
	ASSERT_OK(&r->alice,
	    tree_delete(&r->alice, r->tenant, file, show(&shown, 2), &result));
	ASSERT_OK(&r->host, lock_any(&r->host, r->meta, &any));
	assert_false(any);
}

static void
a_file_that_is_moved_over_takes_its_lock_away_a_copy_over_it_leaves_it(
    void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	int64_t other = make_file(r, &r->alice, r->company, "b", "2");
	struct tree_copy copy = {.node = other,
	    .to = at(&r->alice, r->company, "a"),
	    .overwrite = true};
	struct tree_move move = {
	    .node = other, .to = copy.to, .overwrite = true};
	struct tree_result result;
	struct shown shown;
	bool any;

	lock(r, &r->alice, file, 1);
	refused(tree_copy(&r->bob, r->tenant, &copy, &result), &r->bob, &result,
	    TREE_WHY_LOCKED, file);
	copy.source = move.source = *show(&shown, 1);
	ASSERT_OK(&r->alice, tree_copy(&r->alice, r->tenant, &copy, &result));
	ASSERT_OK(&r->host, lock_any(&r->host, r->meta, &any));
	assert_true(any);
	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &move, &result));
	ASSERT_OK(&r->host, lock_any(&r->host, r->meta, &any));
	assert_false(any);
}

static void
nobody_has_too_many_locks_and_nothing_has(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	struct locks_take shared = {.node = file, .shared = true};
	struct tree_result result;
	uint8_t i;

	for (i = 0; i < LOCKS_SHARED_MAX; i++)
		ASSERT_OK(&r->alice, take(r, &r->alice, shared, i, &result));
	assert_int_equal(take(r, &r->bob, shared, i, &result), RC_LIMIT);
	op_clear_error(&r->bob);
	fake_advance(r->fake, HOUR);
	ASSERT_OK(&r->bob, take(r, &r->bob, shared, 1, &result));
}

/* ---- the If header ---- */

static enum rc
ask_lists(struct rules *r, struct op *op, const struct if_list *list)
{
	const struct if_lists lists = {.n = 1, .lists = list};
	enum rc rc =
	    if_lists_check(op, r->meta, NULL, fake_now(r->fake), &lists);

	op_clear_error(op);
	return rc;
}

static void
a_list_holds_where_all_its_conditions_do(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "f");
	int64_t file = make_file(r, &r->alice, folder, "a", "1");
	struct span names[] = {
	    span_str("Company"), span_str("f"), span_str("a")};
	struct span nowhere[] = {
	    span_str("Company"), span_str("f"), span_str("new")};
	const struct node now = row(r, file);
	struct if_condition token = {.kind = IF_TOKEN};
	struct if_condition state_now = {
	    .kind = IF_ETAG, .etag = node_etag(&now)};
	struct if_condition state_else = {
	    .kind = IF_ETAG, .etag = {file, now.tag + 1}};
	struct if_condition nothing = {.kind = IF_NOTHING};
	struct if_condition both[2];
	struct if_list list = {
	    .names = names, .n_names = 3, .n = 1, .conditions = &token};

	token_of(1, token.token);
	assert_int_equal(ask_lists(r, &r->alice, &list), RC_CONFLICT);
	lock_deep(r, &r->alice, folder, 1);
	ASSERT_OK(&r->alice, ask_lists(r, &r->alice, &list));
	assert_int_equal(ask_lists(r, &r->bob, &list), RC_CONFLICT);
	/* A deep lock is on what will be there, too. */
	list.names = nowhere;
	ASSERT_OK(&r->alice, ask_lists(r, &r->alice, &list));
	list.elsewhere = true;
	assert_int_equal(ask_lists(r, &r->alice, &list), RC_CONFLICT);
	list.elsewhere = false;
	list.names = names;
	list.conditions = &state_now;
	ASSERT_OK(&r->bob, ask_lists(r, &r->bob, &list));
	list.conditions = &state_else;
	assert_int_equal(ask_lists(r, &r->bob, &list), RC_CONFLICT);
	state_else.negated = true;
	ASSERT_OK(&r->bob, ask_lists(r, &r->bob, &list));
	list.conditions = &nothing;
	assert_int_equal(ask_lists(r, &r->bob, &list), RC_CONFLICT);
	nothing.negated = true;
	ASSERT_OK(&r->bob, ask_lists(r, &r->bob, &list));
	both[0] = state_now;
	both[1] = token;
	list.conditions = both;
	list.n = 2;
	ASSERT_OK(&r->alice, ask_lists(r, &r->alice, &list));
	assert_int_equal(ask_lists(r, &r->bob, &list), RC_CONFLICT);
}

int
main(void)
{
#define LOCKS_TEST(test) \
	cmocka_unit_test_setup_teardown(test, rules_setup, rules_teardown)
	const struct CMUnitTest tests[] = {
	    LOCKS_TEST(
		a_locked_file_is_changed_only_by_whoever_shows_its_own_token),
	    LOCKS_TEST(
		a_lock_of_a_folder_keeps_its_entries_and_a_deep_one_all_below),
	    LOCKS_TEST(a_folder_with_something_locked_below_stays_where_it_is),
	    LOCKS_TEST(versions_and_the_trash_keep_to_locks_too),
	    LOCKS_TEST(
		exclusive_locks_exclude_others_and_shared_ones_only_exclusive_ones),
	    LOCKS_TEST(a_deep_lock_conflicts_with_locks_below_and_they_with_it),
	    LOCKS_TEST(a_lock_where_nothing_is_makes_an_empty_file),
	    LOCKS_TEST(spaces_and_the_root_cannot_be_locked),
	    LOCKS_TEST(
		a_lock_ends_at_the_second_of_its_term_and_a_refresh_moves_it),
	    LOCKS_TEST(no_lock_is_longer_than_a_day),
	    LOCKS_TEST(the_rows_of_ended_locks_are_forgotten),
	    LOCKS_TEST(a_token_ends_its_own_members_lock_only_and_only_there),
	    LOCKS_TEST(a_lock_is_of_a_place_and_ends_when_its_file_leaves),
	    LOCKS_TEST(
		a_file_that_is_moved_over_takes_its_lock_away_a_copy_over_it_leaves_it),
	    LOCKS_TEST(nobody_has_too_many_locks_and_nothing_has),
	    LOCKS_TEST(a_list_holds_where_all_its_conditions_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
