/* test_parse.c - the command line: what is understood, and what is a mistake.
 */
#include "cli/commands.h"
#include "lib/test.h"

#include <string.h>

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

#define PARSE(ret_exit, ...) \
	cli_parse(&cli, \
	    sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), \
	    (const char *[]){__VA_ARGS__}, (ret_exit))

static void
options_may_stand_anywhere_and_both_ways(void **state)
{
	enum cli_exit end;

	(void)state;
	assert_true(PARSE(&end, "tenant", "add", "--admin", "ann", "dir",
	    "--lang=en", "--json", "acme"));
	assert_string_equal(cli.command->name, "tenant add");
	assert_int_equal(cli.n_args, 2);
	assert_string_equal(cli.args[0], "dir");
	assert_string_equal(cli.args[1], "acme");
	assert_string_equal(cli_value(&cli, "admin"), "ann");
	assert_string_equal(cli_value(&cli, "lang"), "en");
	assert_null(cli_value(&cli, "password-stdin"));
	assert_true(cli.json);
}

static void
an_option_of_several_values_keeps_their_order(void **state)
{
	enum cli_exit end;

	(void)state;
	assert_true(PARSE(&end, "init", "d", "--site", "a=dir:x", "--name", "h",
	    "--site=b=dir:y"));
	assert_string_equal(cli_value_at(&cli, "site", 0), "a=dir:x");
	assert_string_equal(cli_value_at(&cli, "site", 1), "b=dir:y");
	assert_null(cli_value_at(&cli, "site", 2));
	assert_string_equal(cli_value_at(&cli, "name", 0), "h");
}

static void
behind_two_dashes_everything_is_an_argument(void **state)
{
	enum cli_exit end;

	(void)state;
	assert_true(PARSE(&end, "member", "add", "d", "--", "t", "-odd"));
	assert_string_equal(cli.args[2], "-odd");
}

static void
passwords_are_lines_in_order(void **state)
{
	enum cli_exit end;

	(void)state;
	assert_true(PARSE(&end, "member", "add", "d", "t", "u", "--as", "ann",
	    "--password-stdin"));
	assert_int_equal(cli_lines_wanted(&cli), 2);
	assert_null(cli_password(&cli)); /* none was read */
	(void)strcpy(cli.lines[0], "anns");
	(void)strcpy(cli.lines[1], "new");
	cli.n_lines = 2;
	assert_string_equal(cli_password(&cli), "new");
}

static void
the_only_line_is_the_password(void **state)
{
	enum cli_exit end;

	(void)state;
	assert_true(PARSE(
	    &end, "member", "password", "d", "t", "u", "--password-stdin"));
	assert_int_equal(cli_lines_wanted(&cli), 1);
	(void)strcpy(cli.lines[0], "new");
	cli.n_lines = 1;
	assert_string_equal(cli_password(&cli), "new");
}

static void
an_admins_line_is_no_password(void **state)
{
	enum cli_exit end;

	(void)state;
	assert_true(PARSE(&end, "member", "add", "d", "t", "u", "--as", "ann"));
	cli.n_lines = 1;
	assert_null(cli_password(&cli));
}

static void
mistakes_end_with_2_and_a_word_about_help(void **state)
{
	static const char *const lines[][6] = {
	    {"status"},
	    {"status", "d", "e"},
	    {"status", "d", "--admin", "x"},
	    {"init", "d", "--min-sites"},
	    {"init", "d", "--single-site=1"},
	    {"init", "d", "--listen", "a:1", "--listen", "b:1"},
	    {"member", "remove", "d"},
	    {"members"},
	    {"member"},
	    {"member", "--json"},
	    {"status", "d", "-v"},
	    {"status", "d", "--"},
	};
	enum cli_exit end;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(lines) - 1; i++) {
		for (n = 0; n < 6 && lines[i][n] != NULL; n++)
			;
		cli_release(&cli);
		cli_init(&cli);
		assert_false(cli_parse(&cli, n, lines[i], &end));
		assert_int_equal(end, CLI_USAGE);
		assert_int_equal(cli.out.size, 0);
		assert_non_null(memmem(cli.err.data, cli.err.size, "help", 4));
	}
	cli_release(&cli);
	cli_init(&cli);
	assert_true(cli_parse(&cli, 3, lines[i], &end));
}

static void
a_word_that_several_commands_begin_with_names_them(void **state)
{
	enum cli_exit end;

	(void)state;
	assert_false(PARSE(&end, "trash"));
	assert_int_equal(end, CLI_USAGE);
	cli_note(&cli, "%c", 0);
	assert_string_equal((const char *)cli.err.data,
	    "dozo: it is dozo trash list, trash restore, trash purge\n"
	    "dozo help trash tells more.\n");
}

static void
more_values_than_there_is_room_for_are_a_mistake(void **state)
{
	const char *words[2 * CLI_VALUES_MAX + 4] = {"init", "d"};
	enum cli_exit end;
	size_t i;

	(void)state;
	for (i = 2; i < ARRAY_LEN(words); i += 2) {
		words[i] = "--name";
		words[i + 1] = "h";
	}
	assert_false(cli_parse(&cli, ARRAY_LEN(words), words, &end));
	assert_int_equal(end, CLI_USAGE);
}

/* The table is data: its texts must be there, its names unique, and none the
 * beginning of another. */
static void
the_table_of_commands_is_in_order(void **state)
{
	const struct cli_command *a, *b;
	const struct cli_option *o;

	(void)state;
	for (a = cli_commands; a->name != NULL; a++) {
		assert_non_null(a->run);
		assert_non_null(a->summary);
		if (a->need != CLI_ALONE)
			assert_string_equal(a->args[0], "DIR");
		for (b = cli_commands; b < a; b++)
			assert_string_not_equal(a->name, b->name);
		for (o = a->options; o != NULL && o->name != NULL; o++)
			assert_non_null(o->help);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(options_may_stand_anywhere_and_both_ways),
	    T(an_option_of_several_values_keeps_their_order),
	    T(behind_two_dashes_everything_is_an_argument),
	    T(passwords_are_lines_in_order),
	    T(the_only_line_is_the_password),
	    T(an_admins_line_is_no_password),
	    T(mistakes_end_with_2_and_a_word_about_help),
	    T(a_word_that_several_commands_begin_with_names_them),
	    T(more_values_than_there_is_room_for_are_a_mistake),
	    T(the_table_of_commands_is_in_order),
	};

	return cmocka_run_group_tests_name("cli_parse", tests, NULL, NULL);
}
