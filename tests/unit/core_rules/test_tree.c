/* test_tree.c - new folders, deletion, dates, listing; names. */
#include <stdio.h>
#include <string.h>

#include "core/audit.h"
#include "rules.h"

static enum rc
mkdir_at(struct rules *r, struct op *op, int64_t parent, const char *name,
    struct tree_result *result)
{
	struct tree_target to = at(op, parent, name);

	return tree_mkdir(op, r->tenant, &to, &no_precondition, result);
}

static void
a_new_folder_stands_under_its_name(void **state)
{
	struct rules *r = *state;
	int64_t id = make_folder(r, &r->alice, r->alices, "Reports");
	struct node node = row(r, id);
	int64_t audited;

	assert_int_equal(node.kind, NODE_FOLDER);
	assert_int_equal(node.parent, r->alices);
	assert_string_equal(name_of(r, id), "Reports");
	assert_int_equal(node.changed_by, r->alice.actor.member);
	assert_int_equal(node.tag, (int64_t)fake_head(r->fake));
	assert_int_equal(last_action(r, &audited), AUDIT_FOLDER_MAKE);
	assert_int_equal(audited, id);
}

static void
a_taken_name_is_refused(void **state)
{
	struct rules *r = *state;
	struct tree_result result;
	uint64_t head;

	(void)make_folder(r, &r->alice, r->alices, "a");
	head = (uint64_t)last_action(r, NULL);
	ASSERT_RC(&r->alice, RC_EXISTS,
	    mkdir_at(r, &r->alice, r->alices, "a", &result));
	assert_int_equal(result.why, TREE_WHY_EXISTS);
	assert_int_equal(fake_last(r->fake).touched, 0);
	assert_int_equal(last_action(r, NULL), (int64_t)head);
	assert_int_equal(count_children(r, r->alices), 1);
}

static void
case_twins_and_normal_form_twins_are_one_name(void **state)
{
	static const char *const twins[][2] = {
	    {"Report.TXT", "rEPORT.txt"},
	    {"caf\xC3\xA9", "cafe\xCC\x81"}, /* NFC, NFD */
	    {"\xE3\x81\x8C",
		"\xE3\x81\x8B\xE3\x82\x99"}, /* ga: one character, two */
	    {"stra\xC3\x9F"
	     "e",
		"STRASSE"},
	    {"\xCE\xA3\xCE\xA3", "\xCF\x83\xCF\x82"}, /* sigmas */
	};
	struct rules *r = *state;
	struct tree_result result;
	size_t i;

	for (i = 0; i < ARRAY_LEN(twins); i++) {
		int64_t id = make_folder(r, &r->alice, r->alices, twins[i][0]);

		ASSERT_RC(&r->alice, RC_EXISTS,
		    mkdir_at(r, &r->alice, r->alices, twins[i][1], &result));
		assert_int_equal(child(r, r->alices, twins[i][1]), id);
	}
	/* The same name elsewhere is free. */
	(void)make_folder(r, &r->alice, r->company, "Report.TXT");
}

static void
a_decomposed_name_is_kept_composed(void **state)
{
	struct rules *r = *state;
	int64_t id = make_folder(r, &r->alice, r->alices, "cafe\xCC\x81");

	assert_string_equal(name_of(r, id), "caf\xC3\xA9");
}

static void
a_name_of_255_units_is_kept_and_one_more_is_refused(void **state)
{
	struct rules *r = *state;
	struct tree_name name;
	char text[1100];
	size_t i;
	int64_t id;

	/* 127 pairs of surrogates and one letter: 255 units, 509 bytes. */
	for (i = 0; i < 127; i++)
		memcpy(text + 4 * i, "\xF0\x9F\x98\x80", 4);
	strcpy(text + 508, "x");
	id = make_folder(r, &r->alice, r->alices, text);
	assert_string_equal(name_of(r, id), text);
	strcpy(text + 508, "xy");
	ASSERT_RC(&r->alice, RC_INVALID,
	    tree_name_init(&r->alice, span_str(text), &name));
	/* 255 characters of three bytes. */
	for (i = 0; i < 255; i++)
		memcpy(text + 3 * i, "\xE5\x9C\x9F", 3);
	text[765] = '\0';
	id = make_folder(r, &r->alice, r->alices, text);
	assert_string_equal(name_of(r, id), text);
}

static void
what_is_no_name_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", ".", "..", "a/b", "a\nb", "\xC0\xAE", "\xFF"};
	struct rules *r = *state;
	struct tree_name name;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(&r->alice, RC_INVALID,
		    tree_name_init(&r->alice, span_str(bad[i]), &name));
	ASSERT_RC(&r->alice, RC_INVALID,
	    tree_name_init(&r->alice, span_of("a\0b", 3), &name));
}

static void
names_that_windows_cannot_hold_follow_the_policy(void **state)
{
	struct rules *r = *state;
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_INVALID,
	    mkdir_at(r, &r->alice, r->alices, "a:b", &result));
	assert_int_equal(result.why, TREE_WHY_NAME);
	ASSERT_RC(&r->alice, RC_INVALID,
	    mkdir_at(r, &r->alice, r->alices, "NUL.txt", &result));
	assert_int_equal(count_children(r, r->alices), 0);
}

static void
two_hundred_levels_work(void **state)
{
	struct rules *r = *state;
	struct span segments[202];
	int64_t folder = r->alices;
	struct tree_result result;
	struct node node;
	size_t i;

	segments[0] = span_str("My files");
	for (i = 1; i <= 200; i++) {
		folder = make_folder(r, &r->alice, folder, "level");
		segments[i] = span_str("Level");
	}
	segments[201] = span_str("file");
	(void)make_file(r, &r->alice, folder, "file", "deep");
	assert_int_equal(fake_last(r->fake).touched, 201);
	ASSERT_OK(
	    &r->alice, path_find(&r->alice, r->meta, segments, 202, &node));
	assert_int_equal(node.parent, folder);
	ASSERT_OK(&r->alice,
	    tree_delete(&r->alice, r->tenant, child(r, r->alices, "level"),
		&no_precondition, &result));
	assert_true(fake_last(r->fake).rows <= 3);
}

static void
more_levels_than_the_limit_are_refused(void **state)
{
	struct rules *r = *state;
	struct tree_result result;
	int64_t folder = r->alices;
	size_t i;

	fake_group(r->fake, FAKE_GROUP_MAX);
	for (i = 1; i < TREE_DEPTH_MAX; i++)
		folder = make_folder(r, &r->alice, folder, "d");
	folder = make_folder(r, &r->alice, folder, "d");
	ASSERT_RC(&r->alice, RC_INVALID,
	    mkdir_at(r, &r->alice, folder, "d", &result));
	assert_int_equal(result.why, TREE_WHY_DEPTH);
}

static void
a_deleted_folder_is_one_row_and_its_children_are_gone_from_view(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "old");
	int64_t file = make_file(r, &r->alice, folder, "f", "text");
	struct tree_result result;
	struct trash trash;
	struct node node;

	ASSERT_OK(&r->alice, tree_delete(&r->alice, r->tenant, folder,
				 &no_precondition, &result));
	/* Its row, the trash's, the audit's. */
	assert_int_equal(fake_last(r->fake).rows, 3);
	assert_int_equal(last_action(r, NULL), AUDIT_DELETE);
	assert_int_equal(child(r, r->alices, "old"), 0);
	assert_int_equal(row(r, folder).parent, NODE_TRASH);
	assert_int_equal(row(r, file).parent, folder);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    tree_stat(&r->alice, r->meta, file, &node));
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    tree_delete(&r->alice, r->tenant, file, &no_precondition, &result));
	ASSERT_OK(&r->alice, trash_get(&r->alice, r->meta, folder, &trash));
	assert_int_equal(
	    trash.kept_until, fake_now(r->fake) + 30 * INT64_C(86400000000000));
	assert_int_equal(trash.space, r->alices);
	/* The name is free again. */
	(void)make_folder(r, &r->alice, r->alices, "OLD");
}

static void
spaces_and_the_root_cannot_be_deleted_or_written_beside(void **state)
{
	struct rules *r = *state;
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_DENIED,
	    tree_delete(
		&r->alice, r->tenant, r->alices, &no_precondition, &result));
	assert_int_equal(result.why, TREE_WHY_SPACE);
	ASSERT_RC(&r->alice, RC_DENIED,
	    tree_delete(
		&r->alice, r->tenant, r->company, &no_precondition, &result));
	ASSERT_RC(&r->alice, RC_DENIED,
	    tree_delete(
		&r->alice, r->tenant, NODE_ROOT, &no_precondition, &result));
	ASSERT_RC(&r->alice, RC_DENIED,
	    mkdir_at(r, &r->alice, NODE_ROOT, "x", &result));
	assert_int_equal(result.why, TREE_WHY_SPACE);
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    mkdir_at(r, &r->alice, NODE_TRASH, "x", &result));
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    mkdir_at(r, &r->alice, NODE_HIDDEN, "x", &result));
}

static void
nothing_can_be_made_below_a_file(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "text");
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    mkdir_at(r, &r->alice, file, "x", &result));
	assert_int_equal(result.why, TREE_WHY_PARENT);
}

static int64_t
tag(struct rules *r, int64_t id)
{
	return row(r, id).tag;
}

static void
a_change_gives_every_folder_above_a_new_etag_and_no_other(void **state)
{
	struct rules *r = *state;
	int64_t a = make_folder(r, &r->alice, r->alices, "a");
	int64_t b = make_folder(r, &r->alice, a, "b");
	int64_t c = make_folder(r, &r->alice, r->alices, "c");
	int64_t file = make_file(r, &r->alice, b, "f", "one");
	int64_t tag_a = tag(r, a), tag_b = tag(r, b), tag_c = tag(r, c);
	int64_t tag_space = tag(r, r->alices), tag_file = tag(r, file);
	int64_t tag_company = tag(r, r->company);

	(void)make_file(r, &r->alice, b, "f", "two");
	assert_int_not_equal(tag(r, file), tag_file);
	assert_int_not_equal(tag(r, b), tag_b);
	assert_int_not_equal(tag(r, a), tag_a);
	assert_int_not_equal(tag(r, r->alices), tag_space);
	assert_int_equal(tag(r, c), tag_c);
	assert_int_equal(tag(r, r->company), tag_company);
}

static void
the_roots_etag_follows_the_spaces_that_a_member_sees(void **state)
{
	struct rules *r = *state;
	struct node before, after;

	ASSERT_OK(&r->alice, tree_stat(&r->alice, r->meta, NODE_ROOT, &before));
	(void)make_folder(r, &r->bob, r->bobs, "x");
	ASSERT_OK(&r->alice, tree_stat(&r->alice, r->meta, NODE_ROOT, &after));
	assert_int_equal(before.tag, after.tag);
	(void)make_folder(r, &r->bob, r->company, "x");
	ASSERT_OK(&r->alice, tree_stat(&r->alice, r->meta, NODE_ROOT, &after));
	assert_int_not_equal(before.tag, after.tag);
}

static void
preconditions_hold_or_nothing_is_done(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "one");
	struct node_etag now = {file, tag(r, file)};
	struct node_etag stale = {file, now.tag - 1};
	struct precondition match = {
	    .if_match = true, .n_match = 1, .match = &stale};
	struct precondition none = {
	    .if_none_match = true, .if_none_match_any = true};
	struct precondition unparsable = {.if_match = true};
	struct tree_target to = at(&r->alice, r->alices, "g");
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_CONFLICT,
	    tree_delete(&r->alice, r->tenant, file, &match, &result));
	assert_int_equal(result.why, TREE_WHY_PRECONDITION);
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    tree_delete(&r->alice, r->tenant, file, &unparsable, &result));
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    tree_delete(&r->alice, r->tenant, file, &none, &result));
	/* If-Match on what is not there. */
	match.if_match_any = true;
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    tree_mkdir(&r->alice, r->tenant, &to, &match, &result));
	assert_int_equal(row(r, file).parent, r->alices);
	match = (struct precondition){
	    .if_match = true, .n_match = 1, .match = &now};
	ASSERT_OK(&r->alice,
	    tree_delete(&r->alice, r->tenant, file, &match, &result));
}

static void
a_folder_touched_in_the_same_group_matches_no_etag(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "a");
	struct node_etag etag = {folder, tag(r, folder)};
	struct precondition match = {
	    .if_match = true, .n_match = 1, .match = &etag};
	struct tree_result result;

	fake_group(r->fake, 8);
	(void)make_folder(r, &r->alice, folder, "b");
	ASSERT_RC(&r->alice, RC_CONFLICT,
	    tree_delete(&r->alice, r->tenant, folder, &match, &result));
	match.if_match_any = true;
	ASSERT_OK(&r->alice,
	    tree_delete(&r->alice, r->tenant, folder, &match, &result));
}

static void
dates_are_kept_and_give_a_file_a_new_etag(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "one");
	int64_t before = tag(r, file);
	struct tree_result result;

	ASSERT_OK(&r->alice, tree_set_mtime(&r->alice, r->tenant, file, -5,
				 &no_precondition, &result));
	assert_int_equal(row(r, file).mtime, -5);
	assert_int_not_equal(tag(r, file), before);
	assert_int_equal(result.etag.tag, tag(r, file));
	before = tag(r, file);
	ASSERT_OK(&r->alice, tree_set_mtime(&r->alice, r->tenant, file, -5,
				 &no_precondition, &result));
	assert_true(result.unchanged);
	assert_int_equal(result.receipt.number, 0);
	assert_int_equal(tag(r, file), before);
	assert_int_equal(count_versions(r, file), 0);
}

static void
a_folders_etag_in_the_answer_is_the_one_that_is_read_later(void **state)
{
	struct rules *r = *state;
	struct tree_target to = at(&r->alice, r->alices, "a");
	struct tree_result result;
	struct node node;

	ASSERT_OK(&r->alice,
	    tree_mkdir(&r->alice, r->tenant, &to, &no_precondition, &result));
	ASSERT_OK(
	    &r->alice, tree_stat(&r->alice, r->meta, result.etag.node, &node));
	assert_int_equal(node.tag, result.etag.tag);
	(void)make_folder(r, &r->alice, node.id, "inner");
	ASSERT_OK(&r->alice, tree_set_mtime(&r->alice, r->tenant, node.id, 9,
				 &no_precondition, &result));
	ASSERT_OK(&r->alice, tree_stat(&r->alice, r->meta, node.id, &node));
	assert_int_equal(node.tag, result.etag.tag);
}

struct seen {
	size_t n;
	uint8_t last[META_NAME_KEY_SIZE];
	int64_t sum;
};

static enum rc
see(void *arg, struct op *op, const struct node *node)
{
	struct seen *seen = arg;

	(void)op;
	node_after(seen->last, node);
	seen->n++;
	seen->sum += node->id;
	return RC_OK;
}

static void
a_listing_in_batches_sees_each_child_once(void **state)
{
	struct rules *r = *state;
	struct seen seen = {0};
	int64_t sum = 0;
	size_t before;
	char name[16];
	int i;

	fake_group(r->fake, FAKE_GROUP_MAX);
	for (i = 0; i < 250; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		sum += make_file(r, &r->alice, r->alices, name, "");
	}
	do {
		before = seen.n;
		ASSERT_OK(&r->alice,
		    tree_list(&r->alice, r->meta, r->alices,
			before == 0 ? NULL : seen.last, 7, see, &seen));
	} while (seen.n > before);
	assert_int_equal(seen.n, 250);
	assert_int_equal(seen.sum, sum);
}

static enum rc
stop(void *arg, struct op *op, const struct node *node)
{
	(void)op;
	(void)node;
	++*(int *)arg;
	return RC_BUSY;
}

static void
a_listing_ends_where_the_caller_wants(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "a", "");
	int n = 0;

	(void)make_file(r, &r->alice, r->alices, "b", "");
	ASSERT_RC(&r->alice, RC_BUSY,
	    tree_list(&r->alice, r->meta, r->alices, NULL, 10, stop, &n));
	assert_int_equal(n, 1);
	ASSERT_RC(&r->alice, RC_INVALID,
	    tree_list(&r->alice, r->meta, file, NULL, 10, stop, &n));
}

static void
a_change_run_again_gives_the_same_result(void **state)
{
	struct rules *r = *state;
	int64_t a, file;
	struct tree_result result;

	fake_run_twice(r->fake, true);
	a = make_folder(r, &r->alice, r->alices, "a");
	file = make_file(r, &r->alice, a, "f", "one");
	(void)make_file(r, &r->alice, a, "f", "two");
	assert_int_equal(count_versions(r, file), 1);
	ASSERT_OK(&r->alice,
	    tree_delete(&r->alice, r->tenant, a, &no_precondition, &result));
	assert_int_equal(count_children(r, r->alices), 0);
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_new_folder_stands_under_its_name),
	    RULE(a_taken_name_is_refused),
	    RULE(case_twins_and_normal_form_twins_are_one_name),
	    RULE(a_decomposed_name_is_kept_composed),
	    RULE(a_name_of_255_units_is_kept_and_one_more_is_refused),
	    RULE(what_is_no_name_is_refused),
	    RULE(names_that_windows_cannot_hold_follow_the_policy),
	    RULE(two_hundred_levels_work),
	    RULE(more_levels_than_the_limit_are_refused),
	    RULE(
		a_deleted_folder_is_one_row_and_its_children_are_gone_from_view),
	    RULE(spaces_and_the_root_cannot_be_deleted_or_written_beside),
	    RULE(nothing_can_be_made_below_a_file),
	    RULE(a_change_gives_every_folder_above_a_new_etag_and_no_other),
	    RULE(the_roots_etag_follows_the_spaces_that_a_member_sees),
	    RULE(preconditions_hold_or_nothing_is_done),
	    RULE(a_folder_touched_in_the_same_group_matches_no_etag),
	    RULE(dates_are_kept_and_give_a_file_a_new_etag),
	    RULE(a_folders_etag_in_the_answer_is_the_one_that_is_read_later),
	    RULE(a_listing_in_batches_sees_each_child_once),
	    RULE(a_listing_ends_where_the_caller_wants),
	    RULE(a_change_run_again_gives_the_same_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
