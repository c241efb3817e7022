/* test_made.c - folders that a failed command takes away again. */
#include "cli/made.h"
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct op op;
static char *box;
static struct made made;

static int
setup(void **state)
{
	(void)state;
	op_init(&op);
	box = test_sandbox();
	made.n = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	op_release(&op);
	test_sandbox_remove(box);
	return 0;
}

static const char *
in_box(const char *name)
{
	static char path[4][600];
	static unsigned turn;
	char *p = path[turn++ % 4];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", box, name);
	return p;
}

static void
touch(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static bool
there(const char *name)
{
	return access(in_box(name), F_OK) == 0;
}

static void
what_was_made_goes_with_all_that_is_in_it(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_box("old"), 0700), 0);
	ASSERT_OK(&op, made_folder(&op, &made, in_box("old")));
	ASSERT_OK(&op, made_folder(&op, &made, in_box("new/deep/er")));
	ASSERT_OK(&op, made_folder(&op, &made, in_box("new/deep/er/in")));
	touch(in_box("old/file"));
	assert_int_equal(mkdir(in_box("old/folder"), 0700), 0);
	touch(in_box("old/folder/.tmp.x"));
	touch(in_box("new/deep/er/in/file"));
	made_undo(&made);
	assert_true(there("old"));
	assert_false(there("old/file"));
	assert_false(there("old/folder"));
	assert_false(there("new"));
}

static void
links_are_taken_away_and_never_followed(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_box("mine"), 0700), 0);
	touch(in_box("mine/letter"));
	ASSERT_OK(&op, made_folder(&op, &made, in_box("new")));
	assert_int_equal(symlink(in_box("mine"), in_box("new/link")), 0);
	made_undo(&made);
	assert_false(there("new"));
	assert_true(there("mine/letter"));
}

static void
a_folder_that_is_not_empty_is_refused_and_kept(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_box("full"), 0700), 0);
	touch(in_box("full/letter"));
	ASSERT_RC(&op, RC_EXISTS, made_folder(&op, &made, in_box("full")));
	made_undo(&made);
	assert_true(there("full/letter"));
	touch(in_box("file"));
	assert_int_not_equal(
	    made_folder(&op, &made, in_box("file/below")), RC_OK);
	op_clear_error(&op);
	made_undo(&made);
	assert_true(there("file"));
}

static void
assert_resolves(const char *path, const char *expected)
{
	char resolved[MADE_PATH_SIZE];

	ASSERT_OK(&op, made_resolve(&op, path, resolved));
	assert_string_equal(resolved, expected);
}

static void
paths_are_resolved_as_far_as_they_are_there(void **state)
{
	char real[4096];
	char expected[4200];

	(void)state;
	assert_non_null(realpath(box, real));
	assert_int_equal(symlink(".", in_box("loop")), 0);
	(void)snprintf(expected, sizeof(expected), "%s/a/b", real);
	assert_resolves(in_box("loop/loop/a/b/"), expected);
	assert_resolves(in_box("a//b"), expected);
	assert_resolves("/", "/");
	assert_resolves("/no-such-folder-here/x", "/no-such-folder-here/x");
	assert_int_equal(made_resolve(&op, "", real), RC_INVALID);
	op_clear_error(&op);
	assert_int_equal(
	    made_resolve(&op, in_box("no/../x"), expected), RC_INVALID);
	op_clear_error(&op);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_was_made_goes_with_all_that_is_in_it),
	    T(links_are_taken_away_and_never_followed),
	    T(a_folder_that_is_not_empty_is_refused_and_kept),
	    T(paths_are_resolved_as_far_as_they_are_there),
	};

	return cmocka_run_group_tests_name("cli_made", tests, NULL, NULL);
}
