/* etag_test.c - entity tags, HTTP dates and the conditions made of them (RFC
 * 9110 8.8, 13). */
#include <string.h>

#include "http/date.h"
#include "http/etag.h"
#include "lib/test.h"

static struct op op;

static int
setup(void **state)
{
	(void)state;
	op_init(&op);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	op_release(&op);
	return 0;
}

static bool
matches(const char *list, const char *current, bool strong)
{
	bool match;

	ASSERT_OK(&op, etag_list_match(&op, list, current, strong, &match));
	return match;
}

static void
lists_match_strongly_or_weakly(void **state)
{
	(void)state;
	assert_true(matches("\"a\"", "\"a\"", true));
	assert_true(matches("\"b\", \"a\"", "\"a\"", true));
	assert_true(matches(" ,\"b\",,\"a\" ,", "\"a\"", true));
	assert_false(matches("\"b\"", "\"a\"", true));
	assert_false(matches("\"A\"", "\"a\"", true));
	assert_false(matches("W/\"a\"", "\"a\"", true));
	assert_true(matches("W/\"a\"", "\"a\"", false));
	assert_false(matches("\"a\"", "W/\"a\"", true));
	assert_true(matches("\"a\"", "W/\"a\"", false));
	assert_true(matches("\"\"", "\"\"", true));
	assert_true(matches("\"a,b\"", "\"a,b\"", true));
	assert_true(matches("\"\\\"", "\"\\\"", true)); /* no escapes in tags */
	assert_true(matches("*", "\"a\"", true));
	assert_true(matches(" * ", "\"a\"", false));
	assert_false(matches("*", NULL, true));
	assert_false(matches("\"a\"", NULL, true));
}

static void
malformed_lists_are_refused(void **state)
{
	static const char *const bad[] = {"", ",", "a", "\"a", "a\"", "w/\"a\"",
	    "W/a", "W/ \"a\"", "\"a\" \"b\"", "\"a\"x", "*, \"a\"", "\"a\", *",
	    "\"a b\"", "'a'", "\"a\"\"b\"", "W/", "\""};
	bool match;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		enum rc rc =
		    etag_list_match(&op, bad[i], "\"a\"", true, &match);

		if (rc != RC_INVALID)
			fail_msg("%s: %s", bad[i], rc_name(rc));
		op_clear_error(&op);
	}
}

#define T1 "Sun, 06 Nov 1994 08:49:37 GMT"
#define T1_SECONDS 784111777

static enum etag_verdict
evaluated(struct etag_conditions conditions, const char *current)
{
	enum etag_verdict verdict;

	ASSERT_OK(&op,
	    etag_evaluate(&op, &conditions, current, T1_SECONDS, &verdict));
	return verdict;
}

#define GIVEN(...) ((struct etag_conditions){__VA_ARGS__})
#define EARLIER "Sun, 06 Nov 1994 08:49:36 GMT"

static void
conditions_are_evaluated_in_order(void **state)
{
	(void)state;
	assert_int_equal(evaluated(GIVEN(.reads = true), "\"a\""), ETAG_GO_ON);
	assert_int_equal(
	    evaluated(GIVEN(.if_match = "\"a\""), "\"a\""), ETAG_GO_ON);
	assert_int_equal(
	    evaluated(GIVEN(.if_match = "\"b\""), "\"a\""), ETAG_FAILED);
	assert_int_equal(evaluated(GIVEN(.if_match = "*"), NULL), ETAG_FAILED);
	assert_int_equal(
	    evaluated(GIVEN(.if_none_match = "*"), NULL), ETAG_GO_ON);
	assert_int_equal(
	    evaluated(GIVEN(.if_none_match = "*"), "\"a\""), ETAG_FAILED);
	assert_int_equal(
	    evaluated(GIVEN(.if_none_match = "\"a\"", .reads = true), "\"a\""),
	    ETAG_NOT_MODIFIED);
	assert_int_equal(
	    evaluated(GIVEN(.if_none_match = "\"b\"", .reads = true), "\"a\""),
	    ETAG_GO_ON);
	assert_int_equal(
	    evaluated(GIVEN(.if_modified_since = T1, .reads = true), "\"a\""),
	    ETAG_NOT_MODIFIED);
	assert_int_equal(
	    evaluated(
		GIVEN(.if_modified_since = EARLIER, .reads = true), "\"a\""),
	    ETAG_GO_ON);
	assert_int_equal(
	    evaluated(GIVEN(.if_modified_since = T1), "\"a\""), ETAG_GO_ON);
	assert_int_equal(
	    evaluated(GIVEN(.if_unmodified_since = T1), "\"a\""), ETAG_GO_ON);
	assert_int_equal(
	    evaluated(GIVEN(.if_unmodified_since = EARLIER), "\"a\""),
	    ETAG_FAILED);
	assert_int_equal(
	    evaluated(GIVEN(.if_unmodified_since = "yesterday"), "\"a\""),
	    ETAG_GO_ON);
	/* Tags go before dates, If-Match before If-None-Match. */
	assert_int_equal(evaluated(GIVEN(.if_match = "\"a\"",
				       .if_unmodified_since = EARLIER),
			     "\"a\""),
	    ETAG_GO_ON);
	assert_int_equal(evaluated(GIVEN(.if_none_match = "\"b\"",
				       .if_modified_since = T1, .reads = true),
			     "\"a\""),
	    ETAG_GO_ON);
	assert_int_equal(evaluated(GIVEN(.if_match = "\"b\"",
				       .if_none_match = "\"a\"", .reads = true),
			     "\"a\""),
	    ETAG_FAILED);
}

static void
if_range_wants_exactly_this_state(void **state)
{
	(void)state;
	assert_true(etag_if_range("\"a\"", "\"a\"", T1_SECONDS));
	assert_false(etag_if_range("\"b\"", "\"a\"", T1_SECONDS));
	assert_false(etag_if_range("W/\"a\"", "\"a\"", T1_SECONDS));
	assert_false(etag_if_range("W/\"a\"", "W/\"a\"", T1_SECONDS));
	assert_false(etag_if_range("\"a\"", "W/\"a\"", T1_SECONDS));
	assert_true(etag_if_range(T1, "\"a\"", T1_SECONDS));
	assert_false(etag_if_range(EARLIER, "\"a\"", T1_SECONDS));
	assert_false(etag_if_range("", "\"a\"", T1_SECONDS));
}

static void
dates_are_written_and_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
	    {T1, T1_SECONDS},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
	    {"Tue, 29 Feb 2000 12:00:00 GMT", 951825600},
	    {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
	    {"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
	};
	char text[DATE_SIZE];
	int64_t seconds;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		date_format(text, cases[i].seconds);
		assert_string_equal(text, cases[i].text);
		assert_true(date_parse(text, &seconds));
		assert_int_equal(seconds, cases[i].seconds);
	}
	date_format(text, INT64_MAX);
	assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
	date_format(text, INT64_MIN);
	assert_true(date_parse(text, &seconds));
}

static void
other_dates_are_refused(void **state)
{
	static const char *const bad[] = {"", "Sun",
	    "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
	    "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
	    "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
	    "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
	    "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 1999 08:49:37 GMT",
	    "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
	    "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
	    "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 0x Nov 1994 08:49:37 GMT",
	    "Sun, 06 Nov 19-4 08:49:37 GMT"};
	int64_t seconds;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (date_parse(bad[i], &seconds))
			fail_msg("%s was taken", bad[i]);
	/* A leap second is no error. */
	assert_true(date_parse("Sat, 31 Dec 2016 23:59:60 GMT", &seconds));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_match_strongly_or_weakly),
	    cmocka_unit_test(malformed_lists_are_refused),
	    cmocka_unit_test(conditions_are_evaluated_in_order),
	    cmocka_unit_test(if_range_wants_exactly_this_state),
	    cmocka_unit_test(dates_are_written_and_read),
	    cmocka_unit_test(other_dates_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
