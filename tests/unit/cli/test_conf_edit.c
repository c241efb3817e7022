/* test_conf_edit.c - single lines of a dozo.conf change, and nothing else. */
#include "cli/conf_edit.h"

#include <string.h>

#include "lib/test.h"

static const char before[] = "# of the operator\n"
			     "[service]\n"
			     "listen = localhost:1\n"
			     "\n"
			     "[site a] ; the first\n"
			     "url = dir:/a\n"
			     "  id = 00\n"
			     "# url = dir:/old\n"
			     "\n"
			     "[site ab]\n"
			     "url = dir:/ab\n";

enum what { SET, DROP };

static void
assert_edited(enum what what, const char *text, const char *section,
    const char *key, const char *value, const char *want)
{
	CLEANUP(buf_release) struct buf buf = {.limit = 4096};
	CLEANUP(op_release) struct op op;

	op_init(&op);
	ASSERT_OK(&op, buf_add_str(&op, &buf, text));
	if (what == SET)
		ASSERT_OK(&op, conf_edit_set(&op, &buf, section, key, value));
	else
		ASSERT_OK(&op, conf_edit_drop(&op, &buf, section));
	ASSERT_OK(&op, buf_add(&op, &buf, span_of("", 1)));
	assert_string_equal((const char *)buf.data, want);
}

static void
a_line_gets_another_value_in_its_place(void **state)
{
	(void)state;
	assert_edited(SET, before, "site a", "url", "dir:/new",
	    "# of the operator\n[service]\nlisten = localhost:1\n\n"
	    "[site a] ; the first\nurl = dir:/new\n  id = 00\n"
	    "# url = dir:/old\n\n[site ab]\nurl = dir:/ab\n");
	assert_edited(SET, before, "site a", "id", "11",
	    "# of the operator\n[service]\nlisten = localhost:1\n\n"
	    "[site a] ; the first\nurl = dir:/a\nid = 11\n"
	    "# url = dir:/old\n\n[site ab]\nurl = dir:/ab\n");
}

static void
a_new_line_comes_to_the_end_of_its_section(void **state)
{
	(void)state;
	assert_edited(SET, before, "site a", "next_id", "22",
	    "# of the operator\n[service]\nlisten = localhost:1\n\n"
	    "[site a] ; the first\nurl = dir:/a\n  id = 00\n"
	    "# url = dir:/old\nnext_id = 22\n\n[site ab]\nurl = dir:/ab\n");
	assert_edited(SET, "[x]\nk = 1", "x", "l", "2", "[x]\nk = 1\nl = 2\n");
}

static void
a_section_that_is_missing_is_added(void **state)
{
	(void)state;
	assert_edited(SET, "[x]\nk = 1", "site b", "url", "dir:/b",
	    "[x]\nk = 1\n\n[site b]\nurl = dir:/b\n");
	assert_edited(
	    SET, "", "site b", "url", "dir:/b", "\n[site b]\nurl = dir:/b\n");
}

static void
a_line_goes_and_what_is_not_there_is_no_matter(void **state)
{
	(void)state;
	assert_edited(SET, before, "site ab", "url", NULL,
	    "# of the operator\n[service]\nlisten = localhost:1\n\n"
	    "[site a] ; the first\nurl = dir:/a\n  id = 00\n"
	    "# url = dir:/old\n\n[site ab]\n");
	assert_edited(SET, before, "site ab", "next_id", NULL, before);
	assert_edited(SET, before, "site c", "url", NULL, before);
}

static void
a_section_goes_with_its_lines(void **state)
{
	(void)state;
	assert_edited(DROP, before, "site a", NULL, NULL,
	    "# of the operator\n[service]\nlisten = localhost:1\n\n"
	    "[site ab]\nurl = dir:/ab\n");
	assert_edited(DROP, before, "site c", NULL, NULL, before);
	assert_edited(DROP, "", "site c", NULL, NULL, "");
}

static void
a_text_that_has_no_room_is_as_before(void **state)
{
	CLEANUP(buf_release) struct buf buf = {.limit = 8};
	CLEANUP(op_release) struct op op;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, buf_add_str(&op, &buf, "[x]\nk=1"));
	ASSERT_RC(
	    &op, RC_LIMIT, conf_edit_set(&op, &buf, "x", "k", "12345678"));
	assert_int_equal(buf.size, 7);
	assert_memory_equal(buf.data, "[x]\nk=1", 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_gets_another_value_in_its_place),
	    cmocka_unit_test(a_new_line_comes_to_the_end_of_its_section),
	    cmocka_unit_test(a_section_that_is_missing_is_added),
	    cmocka_unit_test(a_line_goes_and_what_is_not_there_is_no_matter),
	    cmocka_unit_test(a_section_goes_with_its_lines),
	    cmocka_unit_test(a_text_that_has_no_room_is_as_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
