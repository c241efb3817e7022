/* test_rows.c - the order of a listing, and dates in headers. */
#include "base/clock.h"
#include "dav/rows.h"
#include "lib/test.h"

static void
add(struct op *op, struct rows *rows, const char *name, enum node_kind kind)
{
	struct node node = {.id = 1000, .name = span_str(name), .kind = kind};

	ASSERT_OK(op, rows_add(op, rows, NULL, &node, 0, 0));
}

static void
folders_come_first_and_digits_count_by_their_value(void **state)
{
	static const char *const sorted[] = {"", "b", "Z", "0", "a", "A1", "a2",
	    "a002b", "A10", "a010b", "ab", "\xe5\x9c\x9f"};
	static const size_t given[] = {11, 4, 7, 2, 9, 1, 5, 10, 3, 8, 6};
	CLEANUP(rows_release) struct rows rows;
	CLEANUP(op_release) struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	rows_init(&rows);
	add(&op, &rows, "", NODE_FOLDER);
	for (i = 0; i < ARRAY_LEN(given); i++)
		add(&op, &rows, sorted[given[i]],
		    given[i] <= 2 ? NODE_FOLDER : NODE_FILE);
	rows_sort(&rows, 1);
	for (i = 0; i < ARRAY_LEN(sorted); i++)
		assert_true(span_equal(
		    rows_name(&rows, &rows.rows[i]), span_str(sorted[i])));
}

static void
dates_are_seconds_with_or_without_a_fraction(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t seconds;
	} rows[] = {
	    {"0", true, 0},
	    {"1700000000", true, 1700000000},
	    {"1700000000.75", true, 1700000000},
	    {"1700000000.", true, 1700000000},
	    {"-1", true, -1},
	    {"9223372035", true, 9223372035},
	    {"9223372036", false, 0},
	    {"-9223372035", true, -9223372035},
	    {"99999999999", false, 0},
	    {"", false, 0},
	    {"-", false, 0},
	    {"1e9", false, 0},
	    {" 1", false, 0},
	    {"1 ", false, 0},
	    {"0x10", false, 0},
	    {"yesterday", false, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t mtime = 7;

		assert_int_equal(
		    dav_mtime_parse(rows[i].text, &mtime), rows[i].good);
		assert_true(
		    mtime == (rows[i].good ? rows[i].seconds * CLOCK_S : 7));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		folders_come_first_and_digits_count_by_their_value),
	    cmocka_unit_test(dates_are_seconds_with_or_without_a_fraction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
