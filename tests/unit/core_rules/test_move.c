/* test_move.c - renames and moves. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/audit.h"
#include "meta/content.h"
#include "meta/version.h"
#include "rules.h"

static enum rc
move(struct rules *r, struct op *op, int64_t node, int64_t parent,
    const char *name, bool overwrite, struct tree_result *result)
{
	struct tree_move args = {
	    .node = node, .to = at(op, parent, name), .overwrite = overwrite};

	return tree_move(op, r->tenant, &args, result);
}

static void
a_move_changes_one_row_and_keeps_id_and_etag(void **state)
{
	struct rules *r = *state;
	int64_t a = make_folder(r, &r->alice, r->alices, "a");
	int64_t b = make_folder(r, &r->alice, r->alices, "b");
	int64_t file = make_file(r, &r->alice, a, "f", "text");
	struct node before = row(r, file);
	int64_t tag_a = row(r, a).tag, tag_b = row(r, b).tag;
	struct tree_result result;
	struct node after;

	ASSERT_OK(&r->alice, move(r, &r->alice, file, b, "g", false, &result));
	after = row(r, file);
	assert_int_equal(after.parent, b);
	assert_string_equal(name_of(r, file), "g");
	assert_int_equal(after.tag, before.tag);
	assert_int_equal(result.etag.tag, before.tag);
	assert_int_equal(after.mtime, before.mtime);
	assert_true(result.created);
	assert_int_not_equal(row(r, a).tag, tag_a);
	assert_int_not_equal(row(r, b).tag, tag_b);
	/* Place and name of one row, and the audit's. */
	assert_int_equal(fake_last(r->fake).rows, 3);
	assert_int_equal(last_action(r, NULL), AUDIT_MOVE);
	assert_int_equal(child(r, a, "f"), 0);
}

static void
a_folder_moves_with_all_below_it(void **state)
{
	struct rules *r = *state;
	int64_t a = make_folder(r, &r->alice, r->alices, "a");
	int64_t inner = make_folder(r, &r->alice, a, "inner");
	int64_t file = make_file(r, &r->alice, inner, "f", "text");
	int64_t tag = row(r, inner).tag;
	struct tree_result result;
	struct node node;

	ASSERT_OK(&r->alice,
	    move(r, &r->alice, a, r->company, "shared", false, &result));
	ASSERT_OK(&r->bob, tree_stat(&r->bob, r->meta, file, &node));
	assert_int_equal(row(r, inner).tag, tag);
	ASSERT_OK(
	    &r->bob, move(r, &r->bob, a, r->bobs, "mine", false, &result));
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    tree_stat(&r->alice, r->meta, file, &node));
}

static void
a_name_may_change_in_case_only(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "readme.TXT", "text");
	struct tree_result result;

	ASSERT_OK(&r->alice,
	    move(r, &r->alice, file, r->alices, "README.txt", false, &result));
	assert_string_equal(name_of(r, file), "README.txt");
	assert_false(result.unchanged);
	assert_int_equal(count_versions(r, file), 0);
	assert_int_equal(count_children(r, r->alices), 1);
	ASSERT_OK(&r->alice,
	    move(r, &r->alice, file, r->alices, "README.txt", false, &result));
	assert_true(result.unchanged);
	assert_int_equal(result.receipt.number, 0);
}

static void
a_taken_name_is_refused_without_overwrite(void **state)
{
	struct rules *r = *state;
	int64_t a = make_file(r, &r->alice, r->alices, "a", "A");
	int64_t b = make_file(r, &r->alice, r->alices, "b", "B");
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_CONFLICT,
	    move(r, &r->alice, a, r->alices, "B", false, &result));
	assert_int_equal(result.why, TREE_WHY_EXISTS);
	assert_int_equal(row(r, b).parent, r->alices);
	assert_string_equal(name_of(r, a), "a");
}

static void
a_file_over_a_file_keeps_its_id_and_takes_over_the_versions(void **state)
{
	struct rules *r = *state;
	int64_t old = make_file(r, &r->alice, r->alices, "doc", "one");
	int64_t moved, kept_until, content;
	struct tree_result result;
	struct version version;
	struct node node;

	(void)make_file(r, &r->alice, r->alices, "doc", "two");
	kept_until = newest_version(r, old).kept_until;
	content = row(r, old).content;
	moved = make_file(r, &r->alice, r->alices, "tmp", "three");
	fake_advance(r->fake, 3 * CLOCK_DAY);
	ASSERT_OK(&r->alice,
	    move(r, &r->alice, moved, r->alices, "doc", true, &result));
	assert_false(result.created);
	assert_int_equal(child(r, r->alices, "doc"), moved);
	ASSERT_RC(
	    &r->alice, RC_NOT_FOUND, node_get(&r->alice, r->meta, old, &node));
	assert_int_equal(count_versions(r, moved), 2);
	version = newest_version(r, moved);
	assert_int_equal(version.content, content);
	assert_int_equal(version.kept_until, fake_now(r->fake) + 7 * CLOCK_DAY);
	ASSERT_OK(&r->alice,
	    version_get(&r->alice, r->meta, version.id - 0, &version));
	/* The older one keeps its own end. */
	assert_true(kept_until < version.kept_until);
	assert_int_equal(count_children(r, NODE_TRASH), 0);
}

static void
an_empty_file_that_is_moved_over_leaves_no_version(void **state)
{
	struct rules *r = *state;
	int64_t old = make_file(r, &r->alice, r->alices, "doc", "");
	int64_t content = row(r, old).content;
	int64_t moved = make_file(r, &r->alice, r->alices, "tmp", "three");
	struct tree_result result;
	struct content row_of;

	ASSERT_OK(&r->alice,
	    move(r, &r->alice, moved, r->alices, "doc", true, &result));
	assert_int_equal(count_versions(r, moved), 0);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    content_get(&r->alice, r->meta, content, &row_of));
}

static void
a_file_with_very_many_versions_goes_to_the_trash_with_them(void **state)
{
	struct rules *r = *state;
	int64_t old = make_file(r, &r->alice, r->alices, "doc", "start");
	int64_t moved;
	struct tree_result result;
	char text[16];
	int i;

	fake_group(r->fake, FAKE_GROUP_MAX);
	for (i = 0; i <= TREE_JOIN_MAX; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		(void)make_file(r, &r->alice, r->alices, "doc", text);
	}
	moved = make_file(r, &r->alice, r->alices, "tmp", "three");
	ASSERT_OK(&r->alice,
	    move(r, &r->alice, moved, r->alices, "doc", true, &result));
	assert_int_equal(row(r, old).parent, NODE_TRASH);
	assert_int_equal(count_versions(r, old), TREE_JOIN_MAX + 1);
	assert_int_equal(count_versions(r, moved), 0);
}

static void
what_a_folder_replaces_goes_to_the_trash(void **state)
{
	struct rules *r = *state;
	int64_t a = make_folder(r, &r->alice, r->alices, "a");
	int64_t b = make_folder(r, &r->alice, r->alices, "b");
	int64_t file = make_file(r, &r->alice, b, "f", "text");
	int64_t loose = make_file(r, &r->alice, r->alices, "loose", "text");
	struct tree_result result;

	ASSERT_OK(
	    &r->alice, move(r, &r->alice, a, r->alices, "b", true, &result));
	assert_int_equal(child(r, r->alices, "b"), a);
	assert_int_equal(row(r, b).parent, NODE_TRASH);
	assert_int_equal(row(r, file).parent, b);
	/* A file over a folder, a folder over a file. */
	ASSERT_OK(&r->alice,
	    move(r, &r->alice, loose, r->alices, "b", true, &result));
	assert_int_equal(row(r, a).parent, NODE_TRASH);
	a = make_folder(r, &r->alice, r->alices, "a");
	ASSERT_OK(
	    &r->alice, move(r, &r->alice, a, r->alices, "b", true, &result));
	assert_int_equal(row(r, loose).parent, NODE_TRASH);
	assert_int_equal(count_children(r, r->alices), 1);
}

static void
a_folder_cannot_be_moved_into_itself(void **state)
{
	struct rules *r = *state;
	int64_t a = make_folder(r, &r->alice, r->alices, "a");
	int64_t b = make_folder(r, &r->alice, a, "b");
	int64_t c = make_folder(r, &r->alice, b, "c");
	struct tree_result result;

	ASSERT_RC(
	    &r->alice, RC_DENIED, move(r, &r->alice, a, a, "x", true, &result));
	assert_int_equal(result.why, TREE_WHY_ITSELF);
	ASSERT_RC(
	    &r->alice, RC_DENIED, move(r, &r->alice, a, c, "x", true, &result));
	/* Over a folder that it stands in. */
	ASSERT_RC(&r->alice, RC_DENIED,
	    move(r, &r->alice, c, r->alices, "a", true, &result));
	assert_int_equal(result.why, TREE_WHY_ITSELF);
	assert_int_equal(row(r, a).parent, r->alices);
}

static void
spaces_stay_where_they_are(void **state)
{
	struct rules *r = *state;
	int64_t a = make_folder(r, &r->alice, r->alices, "a");
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_DENIED,
	    move(r, &r->alice, r->alices, r->company, "x", false, &result));
	assert_int_equal(result.why, TREE_WHY_SPACE);
	ASSERT_RC(&r->alice, RC_DENIED,
	    move(r, &r->alice, a, NODE_ROOT, "x", false, &result));
	assert_int_equal(result.why, TREE_WHY_SPACE);
}

static void
a_date_can_come_with_the_move(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "text");
	struct tree_move args = {.node = file,
	    .to = at(&r->alice, r->alices, "g"),
	    .has_mtime = true,
	    .mtime = 12345};
	int64_t tag = row(r, file).tag;
	struct tree_result result;

	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &args, &result));
	assert_int_equal(row(r, file).mtime, 12345);
	assert_int_not_equal(row(r, file).tag, tag);
	assert_int_equal(row(r, file).tag, result.etag.tag);
}

static void
preconditions_of_a_move_are_for_source_and_target(void **state)
{
	struct rules *r = *state;
	int64_t a = make_file(r, &r->alice, r->alices, "a", "A");
	int64_t b = make_file(r, &r->alice, r->alices, "b", "B");
	struct node_etag etag = {a, row(r, a).tag};
	struct tree_move args = {
	    .node = a, .to = at(&r->alice, r->alices, "b"), .overwrite = true};
	struct tree_result result;

	args.target = (struct precondition){
	    .if_match = true, .n_match = 1, .match = &etag};
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    tree_move(&r->alice, r->tenant, &args, &result));
	assert_int_equal(result.why, TREE_WHY_PRECONDITION);
	etag = (struct node_etag){b, row(r, b).tag};
	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &args, &result));
}

static void
names_swapped_by_three_moves_in_one_group_replay(void **state)
{
	struct rules *r = *state;
	int64_t a = make_file(r, &r->alice, r->alices, "a", "A");
	int64_t b = make_file(r, &r->alice, r->alices, "b", "B");
	struct tree_result result;

	fake_group(r->fake, 3);
	ASSERT_OK(
	    &r->alice, move(r, &r->alice, a, r->alices, "t", false, &result));
	ASSERT_OK(
	    &r->alice, move(r, &r->alice, b, r->alices, "a", false, &result));
	ASSERT_OK(
	    &r->alice, move(r, &r->alice, a, r->alices, "b", false, &result));
	assert_string_equal(name_of(r, a), "b");
	assert_string_equal(name_of(r, b), "a");
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_move_changes_one_row_and_keeps_id_and_etag),
	    RULE(a_folder_moves_with_all_below_it),
	    RULE(a_name_may_change_in_case_only),
	    RULE(a_taken_name_is_refused_without_overwrite),
	    RULE(a_file_over_a_file_keeps_its_id_and_takes_over_the_versions),
	    RULE(an_empty_file_that_is_moved_over_leaves_no_version),
	    RULE(a_file_with_very_many_versions_goes_to_the_trash_with_them),
	    RULE(what_a_folder_replaces_goes_to_the_trash),
	    RULE(a_folder_cannot_be_moved_into_itself),
	    RULE(spaces_stay_where_they_are),
	    RULE(a_date_can_come_with_the_move),
	    RULE(preconditions_of_a_move_are_for_source_and_target),
	    RULE(names_swapped_by_three_moves_in_one_group_replay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
