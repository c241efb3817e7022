/* test_properties.c - dead properties as rows: together or not at all, with
 * their node, and gone with it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/audit.h"
#include "core/locks.h"
#include "core/properties.h"
#include "core/purge.h"
#include "rules.h"

static struct properties_update
update(const char *name, const char *xml)
{
	return (struct properties_update){
	    .remove = xml == NULL,
	    .namespace = span_str("urn:test"),
	    .name = span_str(name),
	    .xml = xml != NULL ? span_str(xml) : span_of("", 0),
	};
}

static enum rc
change(struct rules *r, struct op *op, int64_t node,
    const struct properties_update *updates, size_t n,
    struct tree_result *result)
{
	const struct properties_patch patch = {.n = n, .updates = updates};

	return properties_change(op, r->tenant, node, &patch, result);
}

static void
set(struct rules *r, int64_t node, const char *name, const char *xml)
{
	const struct properties_update one = update(name, xml);
	struct tree_result result;

	ASSERT_OK(&r->alice, change(r, &r->alice, node, &one, 1, &result));
}

/* Its xml, or "" where there is none. */
static const char *
get(struct rules *r, int64_t node, const char *name)
{
	struct property_row row;
	char *text;
	enum rc rc = property_find(&r->host, r->meta, node,
	    span_str("urn:test"), span_str(name), &row);

	if (rc == RC_NOT_FOUND)
		return "";
	ASSERT_OK(&r->host, rc);
	ASSERT_OK(&r->host, op_format(&r->host, &text, "%.*s",
				(int)row.xml.size, (const char *)row.xml.data));
	return text;
}

static size_t
count(struct rules *r, int64_t node)
{
	size_t n, size;

	ASSERT_OK(&r->host, property_sum(&r->host, r->meta, node, &n, &size));
	return n;
}

static void
a_patch_is_done_in_order_and_what_is_so_already_is_no_change(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	const struct properties_update both[] = {
	    update("a", "<a/>"), update("b", "<b/>"), update("a", NULL)};
	const struct node before = row(r, file);
	struct tree_result result;

	ASSERT_OK(&r->alice, change(r, &r->alice, file, both, 3, &result));
	assert_false(result.unchanged);
	assert_string_equal(get(r, file, "a"), "");
	assert_string_equal(get(r, file, "b"), "<b/>");
	assert_int_equal(last_action(r, NULL), AUDIT_PROPERTIES);
	/* The file's own state is its content and its dates. */
	assert_int_equal(row(r, file).tag, before.tag);
	ASSERT_OK(&r->alice, change(r, &r->alice, file, &both[1], 2, &result));
	assert_true(result.unchanged);
	set(r, file, "b", "<b>2</b>");
	assert_string_equal(get(r, file, "b"), "<b>2</b>");
}

static void
what_would_be_too_much_is_refused_whole(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	struct properties_update many[PROPERTIES_MAX + 1];
	static char large[PROPERTIES_SIZE];
	char names[PROPERTIES_MAX + 1][8];
	struct tree_result result;
	size_t i;

	for (i = 0; i <= PROPERTIES_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "n%zu", i);
		many[i] = update(names[i], "<n/>");
	}
	assert_int_equal(
	    change(r, &r->alice, file, many, PROPERTIES_MAX + 1, &result),
	    RC_LIMIT);
	assert_int_equal(result.why, TREE_WHY_PROPERTIES);
	op_clear_error(&r->alice);
	assert_int_equal(count(r, file), 0);
	ASSERT_OK(&r->alice,
	    change(r, &r->alice, file, many, PROPERTIES_MAX, &result));
	memset(large, 'x', sizeof(large) - 1);
	many[0].xml = span_str(large);
	assert_int_equal(
	    change(r, &r->alice, file, many, 1, &result), RC_LIMIT);
	op_clear_error(&r->alice);
	assert_string_equal(get(r, file, "n0"), "<n/>");
}

static void
a_lock_keeps_properties_but_for_programs_of_its_own_member(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	const struct properties_update one = update("a", "<a/>");
	struct properties_patch patch = {.n = 1, .updates = &one};
	struct locks_take take = {.node = file, .term = CLOCK_DAY};
	struct tree_result result;
	struct lock lock;

	ASSERT_OK(
	    &r->alice, locks_take(&r->alice, r->tenant, &take, &lock, &result));
	assert_int_equal(
	    properties_change(&r->alice, r->tenant, file, &patch, &result),
	    RC_CONFLICT);
	assert_int_equal(result.why, TREE_WHY_LOCKED);
	op_clear_error(&r->alice);
	patch.own_locks = true;
	assert_int_equal(
	    properties_change(&r->bob, r->tenant, file, &patch, &result),
	    RC_CONFLICT);
	op_clear_error(&r->bob);
	ASSERT_OK(&r->alice,
	    properties_change(&r->alice, r->tenant, file, &patch, &result));
}

/* More rows and more bytes than a step of a copy may have (L8). */
static void
a_folders_copy_has_the_properties_of_all_below(void **state)
{
	enum { FILES = 40, EACH = 30 };
	struct rules *r = *state;
	int64_t from = make_folder(r, &r->alice, r->company, "from");
	struct tree_copy copy = {
	    .node = from, .to = at(&r->alice, r->company, "to")};
	struct properties_update updates[EACH];
	char names[EACH][16], xml[900], name[16];
	struct tree_result result;
	int64_t to;
	int i, k;

	memset(xml, 'x', sizeof(xml) - 1);
	xml[sizeof(xml) - 1] = '\0';
	for (k = 0; k < EACH; k++) {
		(void)snprintf(names[k], sizeof(names[k]), "p%d", k);
		updates[k] = update(names[k], xml);
	}
	set(r, from, "top", "<top/>");
	for (i = 0; i < FILES; i++) {
		int64_t file;

		(void)snprintf(name, sizeof(name), "f%d", i);
		file = i % 4 == 0 ? make_folder(r, &r->alice, from, name)
				  : make_file(r, &r->alice, from, name, "1");
		ASSERT_OK(&r->alice,
		    change(r, &r->alice, file, updates, EACH, &result));
	}
	ASSERT_OK(&r->alice, tree_copy(&r->alice, r->tenant, &copy, &result));
	to = child(r, r->company, "to");
	assert_string_equal(get(r, to, "top"), "<top/>");
	assert_int_equal(count_children(r, to), FILES);
	for (i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(count(r, child(r, to, name)), EACH);
	}
	/* And they go with it, in steps that are no longer either. */
	ASSERT_OK(&r->alice,
	    tree_delete(&r->alice, r->tenant, to, &precondition_none, &result));
	ASSERT_OK(&r->admin, trash_purge(&r->admin, r->tenant, to, &result));
	for (i = 0; i < 100; i++) {
		enum purge_due due;

		ASSERT_OK(&r->host,
		    purge_look(&r->host, r->meta, fake_now(r->fake), 0, &due));
		if (due == PURGE_NOTHING)
			break;
		ASSERT_OK(&r->host, purge_do(&r->host, r->tenant, due, 0));
		assert_in_range(fake_last(r->fake).rows, 0, 1000);
	}
	assert_in_range(i, 2, 99);
	assert_int_equal(count(r, to), 0);
	/* What it was copied from has them still. */
	assert_int_equal(count(r, child(r, from, "f1")), EACH);
}

static void
a_file_that_is_moved_over_takes_its_properties_away(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "a", "1");
	int64_t other = make_file(r, &r->alice, r->company, "b", "2");
	struct tree_move move = {.node = other,
	    .to = at(&r->alice, r->company, "a"),
	    .overwrite = true};
	struct tree_result result;

	set(r, file, "a", "<a/>");
	set(r, other, "b", "<b/>");
	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &move, &result));
	assert_int_equal(count(r, file), 0);
	assert_string_equal(get(r, other, "b"), "<b/>");
}

int
main(void)
{
#define RULES_TEST(test) \
	cmocka_unit_test_setup_teardown(test, rules_setup, rules_teardown)
	const struct CMUnitTest tests[] = {
	    RULES_TEST(
		a_patch_is_done_in_order_and_what_is_so_already_is_no_change),
	    RULES_TEST(what_would_be_too_much_is_refused_whole),
	    RULES_TEST(
		a_lock_keeps_properties_but_for_programs_of_its_own_member),
	    RULES_TEST(a_folders_copy_has_the_properties_of_all_below),
	    RULES_TEST(a_file_that_is_moved_over_takes_its_properties_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
