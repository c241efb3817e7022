/* test_output.c - tables, amounts and colours. */
#include "cli/output.h"
#include "lib/test.h"

#include <string.h>

#include "base/text.h"

static struct cli cli;

static int
setup(void **state)
{
	(void)state;
	cli_init(&cli);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	cli_release(&cli);
	return 0;
}

static void
assert_printed(const char *text)
{
	cli_print(&cli, "%c", 0);
	assert_string_equal((const char *)cli.out.data, text);
}

static void
columns_line_up_with_wide_characters(void **state)
{
	static const char *const titles[] = {"PLACE", ">N", "END"};
	struct table table;

	(void)state;
	table_init(&table, &cli, titles, ARRAY_LEN(titles));
	table_add(&table, PAINT_GOOD, "東京");
	table_add(&table, PAINT_NONE, "%d", 7);
	table_add(&table, PAINT_NONE, "x");
	table_add(&table, PAINT_NONE, "Sapporo");
	table_add(&table, PAINT_NONE, "%d", 1234);
	table_add(&table, PAINT_NONE, "y");
	table_print(&table);
	assert_printed("PLACE       N  END\n"
		       "東京        7  x\n"
		       "Sapporo  1234  y\n");
}

static void
colours_are_there_only_where_they_are_wanted(void **state)
{
	static const char *const titles[] = {"A", "B"};
	struct table table;

	(void)state;
	cli.colour = true;
	table_init(&table, &cli, titles, ARRAY_LEN(titles));
	table_add(&table, PAINT_BAD, "x");
	table_add(&table, PAINT_NONE, "y");
	table_print(&table);
	assert_printed("\033[2mA\033[0m  \033[2mB\033[0m\n"
		       "\033[31mx\033[0m  y\n");
}

static void
an_empty_table_says_so(void **state)
{
	static const char *const titles[] = {"A", "B"};
	struct table table;

	(void)state;
	table_init(&table, &cli, titles, ARRAY_LEN(titles));
	table_print(&table);
	assert_printed("There is none.\n");
}

static void
widths_are_those_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(text_width(span_str("")), 0);
	assert_int_equal(text_width(span_str("abc")), 3);
	assert_int_equal(text_width(span_str("土蔵")), 4);
	assert_int_equal(text_width(span_str("ｱ")), 1); /* half-width */
	assert_int_equal(text_width(span_str("e\u0301")), 1); /* combining */
	assert_int_equal(text_width(span_str("が")), 2);
	assert_int_equal(text_width(span_of("a\xff", 2)), 1);
}

static void
amounts_are_short(void **state)
{
	char text[OUTPUT_TEXT_SIZE];

	(void)state;
	output_bytes(text, 0);
	assert_string_equal(text, "0 B");
	output_bytes(text, 1023);
	assert_string_equal(text, "1023 B");
	output_bytes(text, 1536);
	assert_string_equal(text, "1.5 KiB");
	output_bytes(text, (uint64_t)1 << 30);
	assert_string_equal(text, "1.0 GiB");
	output_bytes(text, ((uint64_t)1 << 30) - 1);
	assert_string_equal(text, "1.0 GiB");
	output_bytes(text, UINT64_MAX);
	assert_string_equal(text, "16.0 EiB");
	output_count(text, 999);
	assert_string_equal(text, "999");
	output_count(text, 1000);
	assert_string_equal(text, "1,000");
	output_count(text, UINT64_MAX);
	assert_string_equal(text, "18,446,744,073,709,551,615");
	output_duration(text, 59 * CLOCK_S);
	assert_string_equal(text, "59 s");
	output_duration(text, 61 * CLOCK_S);
	assert_string_equal(text, "1 min 1 s");
	output_duration(text, 7260 * CLOCK_S);
	assert_string_equal(text, "2 h 1 min");
	output_duration(text, 3 * CLOCK_DAY + 7200 * CLOCK_S);
	assert_string_equal(text, "3 d 2 h");
}

static void
json_that_found_no_memory_is_a_failure(void **state)
{
	(void)state;
	assert_int_equal(cli_print_json(&cli, NULL), CLI_FAILED);
	assert_int_equal(cli.out.size, 0);
	assert_int_equal(
	    cli_print_json(&cli, json_pack("{s:i}", "a", 1)), CLI_OK);
	assert_printed("{\n  \"a\": 1\n}\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(columns_line_up_with_wide_characters),
	    T(colours_are_there_only_where_they_are_wanted),
	    T(an_empty_table_says_so),
	    T(widths_are_those_of_a_terminal),
	    T(amounts_are_short),
	    T(json_that_found_no_memory_is_a_failure),
	};

	return cmocka_run_group_tests_name("cli_output", tests, NULL, NULL);
}
