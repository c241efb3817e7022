/* test_json.c - strings that are written as JSON. */
#include "base/json.h"
#include "base/rc.h"
#include "lib/test.h"

static void
texts_are_quoted_and_escaped(void **state)
{
	static const struct {
		const char *text;
		const char *json;
	} cases[] = {
	    {"", "\"\""},
	    {"report.pdf", "\"report.pdf\""},
	    {"\"\\", "\"\\\"\\\\\""},
	    {"a\nb\x7f\x01", "\"a\\u000ab\\u007f\\u0001\""},
	    {"見積書", "\"見積書\""},
	};
	CLEANUP(op_release) struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(buf_release) struct buf json = {.limit = 100};

		ASSERT_OK(
		    &op, json_add_text(&op, &json, span_str(cases[i].text)));
		assert_true(
		    span_equal(buf_span(&json), span_str(cases[i].json)));
	}
}

static void
a_text_that_finds_no_room_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf json = {.limit = 4};
	CLEANUP(op_release) struct op op;

	(void)state;
	op_init(&op);
	ASSERT_RC(&op, RC_LIMIT, json_add_text(&op, &json, span_str("abcd")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_quoted_and_escaped),
	    cmocka_unit_test(a_text_that_finds_no_room_is_refused),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
