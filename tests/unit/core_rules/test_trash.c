/* test_trash.c - what was deleted comes back. */
#include <stdio.h>
#include <string.h>

#include "core/audit.h"
#include "rules.h"

static void
discard(struct rules *r, struct op *op, int64_t node)
{
	struct tree_result result;

	ASSERT_OK(
	    op, tree_delete(op, r->tenant, node, &no_precondition, &result));
}

/* The name that it has now. */
static const char *
restore(struct rules *r, struct op *op, int64_t node)
{
	struct tree_result result;
	struct span name;

	ASSERT_OK(op, trash_restore(op, r->tenant, node, &result, &name));
	assert_string_equal(name.data, name_of(r, node));
	assert_int_equal(result.etag.node, node);
	return (const char *)name.data;
}

static void
a_restored_file_is_where_it_was_with_its_etag(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "a");
	int64_t file = make_file(r, &r->alice, folder, "f.txt", "text");
	struct node before = row(r, file);
	int64_t tag;

	discard(r, &r->alice, file);
	tag = row(r, folder).tag;
	assert_string_equal(restore(r, &r->alice, file), "f.txt");
	assert_int_equal(row(r, file).parent, folder);
	assert_int_equal(row(r, file).tag, before.tag);
	assert_int_not_equal(row(r, folder).tag, tag);
	assert_int_equal(child(r, folder, "F.TXT"), file);
	assert_int_equal(last_action(r, NULL), AUDIT_RESTORE);
	/* Row, trash, audit. */
	assert_int_equal(fake_last(r->fake).rows, 3);
}

static void
a_restored_folder_brings_all_below_it(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "a");
	int64_t file = make_file(r, &r->alice, folder, "f", "text");
	struct node node;

	discard(r, &r->alice, folder);
	(void)restore(r, &r->alice, folder);
	ASSERT_OK(&r->alice, tree_stat(&r->alice, r->meta, file, &node));
}

static void
a_taken_name_gets_a_number(void **state)
{
	struct rules *r = *state;
	int64_t a = make_file(r, &r->alice, r->alices, "report.tar.gz", "1");
	int64_t b, folder;

	discard(r, &r->alice, a);
	b = make_file(r, &r->alice, r->alices, "Report.TAR.gz", "2");
	discard(r, &r->alice, b);
	(void)make_file(r, &r->alice, r->alices, "report.tar.gz", "3");
	assert_string_equal(restore(r, &r->alice, a), "report.tar (2).gz");
	assert_string_equal(restore(r, &r->alice, b), "Report.TAR (3).gz");
	/* What begins with a dot has no extension; nor have folders. */
	a = make_file(r, &r->alice, r->alices, ".profile", "1");
	discard(r, &r->alice, a);
	(void)make_file(r, &r->alice, r->alices, ".profile", "2");
	assert_string_equal(restore(r, &r->alice, a), ".profile (2)");
	folder = make_folder(r, &r->alice, r->alices, "v1.2");
	discard(r, &r->alice, folder);
	(void)make_folder(r, &r->alice, r->alices, "v1.2");
	assert_string_equal(restore(r, &r->alice, folder), "v1.2 (2)");
}

static void
a_number_fits_into_a_name_of_full_length(void **state)
{
	struct rules *r = *state;
	char name[1024];
	char expected[1024];
	int64_t a;
	size_t i;

	for (i = 0; i < 251; i++)
		memcpy(name + 3 * i, "\xE5\x9C\x9F", 3);
	strcpy(name + 753, ".txt");
	a = make_file(r, &r->alice, r->alices, name, "1");
	discard(r, &r->alice, a);
	(void)make_file(r, &r->alice, r->alices, name, "2");
	memcpy(expected, name, 741);
	strcpy(expected + 741, " (2).txt");
	assert_string_equal(restore(r, &r->alice, a), expected);
}

static void
what_has_lost_its_folder_comes_back_to_its_space(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "a");
	int64_t file = make_file(r, &r->alice, folder, "f", "text");

	discard(r, &r->alice, file);
	discard(r, &r->alice, folder);
	(void)restore(r, &r->bob, file);
	assert_int_equal(row(r, file).parent, r->company);
}

static void
what_moved_meanwhile_to_a_space_that_one_does_not_see_is_not_followed(
    void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "a");
	int64_t file = make_file(r, &r->alice, folder, "f", "text");
	struct tree_move move = {
	    .node = folder, .to = at(&r->alice, r->alices, "mine")};
	struct tree_result result;

	discard(r, &r->alice, file);
	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &move, &result));
	(void)restore(r, &r->bob, file);
	assert_int_equal(row(r, file).parent, r->company);
}

static void
only_who_sees_the_space_restores(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "text");
	struct tree_result result;
	struct span name;

	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    trash_restore(&r->alice, r->tenant, file, &result, &name));
	discard(r, &r->alice, file);
	ASSERT_RC(&r->bob, RC_NOT_FOUND,
	    trash_restore(&r->bob, r->tenant, file, &result, &name));
	ASSERT_RC(&r->admin, RC_NOT_FOUND,
	    trash_restore(&r->admin, r->tenant, file, &result, &name));
	(void)restore(r, &r->alice, file);
}

struct seen {
	size_t n;
	int64_t nodes[400];
};

static enum rc
see(void *arg, struct op *op, const struct trash *trash,
    const struct node *node)
{
	struct seen *seen = arg;

	(void)op;
	assert_int_equal(trash->node, node->id);
	assert_int_equal(node->parent, NODE_TRASH);
	seen->nodes[seen->n++] = node->id;
	return RC_OK;
}

static void
the_trash_shows_what_one_may_see(void **state)
{
	struct rules *r = *state;
	struct seen seen = {0};
	char name[16];
	int i;

	fake_group(r->fake, FAKE_GROUP_MAX);
	for (i = 0; i < 130; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		discard(r, &r->alice,
		    make_file(r, &r->alice, r->alices, name, "x"));
	}
	discard(r, &r->bob, make_file(r, &r->bob, r->bobs, "secret", "x"));
	discard(r, &r->bob, make_file(r, &r->bob, r->company, "shared", "x"));
	ASSERT_OK(&r->alice, trash_items(&r->alice, r->meta, ACCESS_RESTORE,
				 fake_now(r->fake), see, &seen));
	assert_int_equal(seen.n, 131);
	seen.n = 0;
	ASSERT_OK(&r->bob, trash_items(&r->bob, r->meta, ACCESS_RESTORE,
			       fake_now(r->fake), see, &seen));
	assert_int_equal(seen.n, 2);
	seen.n = 0;
	ASSERT_OK(&r->admin, trash_items(&r->admin, r->meta, ACCESS_RESTORE,
				 fake_now(r->fake), see, &seen));
	assert_int_equal(seen.n, 1);
}

static void
folder_is(struct rules *r, const struct trash *trash, const char *expected)
{
	struct span path;

	ASSERT_OK(&r->alice, trash_folder(&r->alice, r->meta, trash, &path));
	assert_string_equal(path.data, expected);
	assert_int_equal(path.size, strlen(expected));
}

static void
folder_of(struct rules *r, int64_t node, const char *expected)
{
	struct trash trash;

	ASSERT_OK(&r->alice, trash_get(&r->alice, r->meta, node, &trash));
	folder_is(r, &trash, expected);
}

static void
what_was_deleted_tells_its_folder(void **state)
{
	const struct trash orphan = {.parent = 987654};
	struct rules *r = *state;
	int64_t plans = make_folder(r, &r->alice, r->alices, "plans");
	int64_t old = make_folder(r, &r->alice, plans, "old");
	int64_t file = make_file(r, &r->alice, old, "f.txt", "text");

	discard(r, &r->alice, file);
	folder_of(r, file, "/My files/plans/old/");
	/* Also after its folders have gone the same way. */
	discard(r, &r->alice, old);
	discard(r, &r->alice, plans);
	folder_of(r, file, "/My files/plans/old/");
	folder_of(r, old, "/My files/plans/");
	folder_of(r, plans, "/My files/");
	/* And where one is gone for good. */
	folder_is(r, &orphan, "/…/");
}

static void
the_host_restores_until_an_administrator_has_signed_in(void **state)
{
	struct rules *r = *state;
	int64_t a = make_file(r, &r->alice, r->alices, "a", "text");
	int64_t b = make_file(r, &r->alice, r->alices, "b", "text");
	struct member_sign_in sign_in = {.member = r->alice.actor.member};
	struct tree_result result;
	struct seen seen = {0};
	struct span name;

	discard(r, &r->alice, a);
	discard(r, &r->alice, b);
	/* A member's sign-in does not count. */
	ASSERT_OK(
	    &r->alice, member_note_sign_in(&r->alice, r->tenant, &sign_in, 1));
	ASSERT_OK(&r->host, trash_items(&r->host, r->meta, ACCESS_RESTORE,
				fake_now(r->fake), see, &seen));
	assert_int_equal(seen.n, 2);
	(void)restore(r, &r->host, a);
	sign_in.member = r->admin.actor.member;
	ASSERT_OK(
	    &r->admin, member_note_sign_in(&r->admin, r->tenant, &sign_in, 1));
	ASSERT_RC(&r->host, RC_DENIED,
	    trash_items(&r->host, r->meta, ACCESS_RESTORE, fake_now(r->fake),
		see, &seen));
	ASSERT_RC(&r->host, RC_DENIED,
	    trash_restore(&r->host, r->tenant, b, &result, &name));
	assert_int_equal(row(r, b).parent, NODE_TRASH);
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_restored_file_is_where_it_was_with_its_etag),
	    RULE(a_restored_folder_brings_all_below_it),
	    RULE(a_taken_name_gets_a_number),
	    RULE(a_number_fits_into_a_name_of_full_length),
	    RULE(what_has_lost_its_folder_comes_back_to_its_space),
	    RULE(
		what_moved_meanwhile_to_a_space_that_one_does_not_see_is_not_followed),
	    RULE(only_who_sees_the_space_restores),
	    RULE(the_trash_shows_what_one_may_see),
	    RULE(what_was_deleted_tells_its_folder),
	    RULE(the_host_restores_until_an_administrator_has_signed_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
