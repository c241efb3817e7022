/* range_test.c - byte ranges of RFC 9110 14. */
#include <stdio.h>
#include <string.h>

#include "http/range.h"
#include "lib/test.h"

struct range_case {
	const char *text;
	uint64_t size;
	enum range_kind kind;
	struct range_set set;
};

#define ONE(first, last) \
	{ \
		.n = 1, .ranges = { {first, last} } \
	}
#define NONE \
	{ \
		.n = 0 \
	}

static const struct range_case cases[] = {
    {"bytes=0-0", 10, RANGE_SOME, ONE(0, 0)},
    {"bytes=0-", 10, RANGE_SOME, ONE(0, 9)},
    {"bytes=3-5", 10, RANGE_SOME, ONE(3, 5)},
    {"Bytes=3-5", 10, RANGE_SOME, ONE(3, 5)},
    {"bytes= 3-5 ", 10, RANGE_SOME, ONE(3, 5)},
    {"bytes=5-100", 10, RANGE_SOME, ONE(5, 9)},
    {"bytes=9-", 10, RANGE_SOME, ONE(9, 9)},
    {"bytes=-1", 10, RANGE_SOME, ONE(9, 9)},
    {"bytes=-10", 10, RANGE_SOME, ONE(0, 9)},
    {"bytes=-11", 10, RANGE_SOME, ONE(0, 9)},
    {"bytes=10-", 10, RANGE_UNSATISFIABLE, NONE},
    {"bytes=10-20", 10, RANGE_UNSATISFIABLE, NONE},
    {"bytes=-0", 10, RANGE_UNSATISFIABLE, NONE},
    {"bytes=0-", 0, RANGE_UNSATISFIABLE, NONE},
    {"bytes=-5", 0, RANGE_UNSATISFIABLE, NONE},
    {"bytes=0-0,2-2", 10, RANGE_SOME, {.n = 2, .ranges = {{0, 0}, {2, 2}}}},
    {"bytes=0-0, ,20-, -1", 10, RANGE_SOME,
	{.n = 2, .ranges = {{0, 0}, {9, 9}}}},
    {"bytes=,0-0", 10, RANGE_SOME, ONE(0, 0)},
    {"bytes=20-,30-", 10, RANGE_UNSATISFIABLE, NONE},
    /* Numbers up to 2^63, and beyond every number. */
    {"bytes=0-9223372036854775806", INT64_MAX, RANGE_SOME,
	ONE(0, INT64_MAX - 1)},
    {"bytes=9223372036854775806-", INT64_MAX, RANGE_SOME,
	ONE(INT64_MAX - 1, INT64_MAX - 1)},
    {"bytes=9223372036854775807-", INT64_MAX, RANGE_UNSATISFIABLE, NONE},
    {"bytes=0-18446744073709551616", 10, RANGE_SOME, ONE(0, 9)},
    {"bytes=0-99999999999999999999999999999999", 10, RANGE_SOME, ONE(0, 9)},
    {"bytes=99999999999999999999999999999999-", 10, RANGE_UNSATISFIABLE, NONE},
    {"bytes=-99999999999999999999999999999999", 10, RANGE_SOME, ONE(0, 9)},
    {"bytes=1-0", 10, RANGE_NONE, NONE},
    {"bytes=a-", 10, RANGE_NONE, NONE},
    {"bytes=-", 10, RANGE_NONE, NONE},
    {"bytes=", 10, RANGE_NONE, NONE},
    {"bytes=,", 10, RANGE_NONE, NONE},
    {"bytes=1", 10, RANGE_NONE, NONE},
    {"bytes=1-2x", 10, RANGE_NONE, NONE},
    {"bytes=1-2 3-4", 10, RANGE_NONE, NONE},
    {"bytes=1--2", 10, RANGE_NONE, NONE},
    {"bytes=+1-2", 10, RANGE_NONE, NONE},
    {"bytes 1-2", 10, RANGE_NONE, NONE},
    {"pages=1-2", 10, RANGE_NONE, NONE},
    {"", 10, RANGE_NONE, NONE},
    {"bytes=0-0,1-x", 10, RANGE_NONE, NONE},
};

static void
ranges_are_read_as_rfc_9110_says(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct range_set set = {.n = 0};
		enum range_kind kind =
		    range_parse(cases[i].text, cases[i].size, &set);

		if (kind != cases[i].kind || set.n != cases[i].set.n)
			fail_msg("%s: kind %d, %zu ranges", cases[i].text,
			    (int)kind, set.n);
		for (k = 0; k < set.n; k++) {
			assert_int_equal(
			    set.ranges[k].first, cases[i].set.ranges[k].first);
			assert_int_equal(
			    set.ranges[k].last, cases[i].set.ranges[k].last);
		}
	}
}

static void
more_than_sixteen_ranges_are_ignored(void **state)
{
	char text[256] = "bytes=0-0";
	size_t used = strlen(text);
	struct range_set set;
	int i;

	(void)state;
	for (i = 1; i < RANGE_MAX; i++)
		used +=
		    (size_t)snprintf(text + used, sizeof(text) - used, ",1-1");
	assert_int_equal(range_parse(text, 10, &set), RANGE_SOME);
	assert_int_equal(set.n, RANGE_MAX);
	(void)snprintf(text + used, sizeof(text) - used, ",1-1");
	assert_int_equal(range_parse(text, 10, &set), RANGE_NONE);
}

static void
content_range_is_written(void **state)
{
	const struct range range = {5, INT64_MAX - 1};
	char text[RANGE_TEXT_SIZE];

	(void)state;
	range_text(text, &range, INT64_MAX);
	assert_string_equal(
	    text, "bytes 5-9223372036854775806/9223372036854775807");
	range_text(text, NULL, 0);
	assert_string_equal(text, "bytes */0");
	assert_int_equal(range_size(&range), INT64_MAX - 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_are_read_as_rfc_9110_says),
	    cmocka_unit_test(more_than_sixteen_ranges_are_ignored),
	    cmocka_unit_test(content_range_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
