/* test_clock.c - clocks, and how the test build shifts them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rc.h"
#include "lib/test.h"

static char *box;
static char clock_file[300];

static int
setup(void **state)
{
	(void)state;
	box = test_sandbox();
	(void)snprintf(clock_file, sizeof(clock_file), "%s/clock", box);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unsetenv("DOZO_TEST_CLOCK");
	test_sandbox_remove(box);
	return 0;
}

static void
clock_set(const char *line)
{
	FILE *file = fopen(clock_file, "we");

	assert_non_null(file);
	assert_true(fputs(line, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(setenv("DOZO_TEST_CLOCK", clock_file, 1), 0);
}

static void
clocks_run_forward(void **state)
{
	int64_t mono = clock_mono(), boot = clock_boot();

	(void)state;
	assert_true(mono > 0 && boot > 0);
	assert_true(clock_mono() >= mono);
	assert_true(clock_boot() >= boot);
	assert_true(clock_wall() > INT64_C(1700000000) * CLOCK_S);
}

static void
the_file_shifts_boot_and_wall_but_never_mono(void **state)
{
	int64_t mono = clock_mono(), boot = clock_boot(), wall = clock_wall();
	const int64_t hour = 3600 * CLOCK_S;

	(void)state;
	clock_set("3600000000000 -86400000000000 0 another-boot\n");
	assert_in_range(clock_mono() - mono, 0, hour / 2);
	assert_in_range(clock_boot() - boot, hour, hour + hour / 2);
	assert_in_range(wall - clock_wall(), CLOCK_DAY - hour / 2, CLOCK_DAY);
	clock_set("-3600000000000 86400000000000 1 x\n");
	assert_in_range(boot + hour / 2 - clock_boot(), hour, hour + hour / 2);
	assert_in_range(clock_wall() - wall, CLOCK_DAY, CLOCK_DAY + hour);
}

static void
the_file_tells_of_synchronising_and_the_boot(void **state)
{
	char id[CLOCK_BOOT_ID_SIZE];

	(void)state;
	clock_set("0 0 1 first-boot\n");
	assert_true(clock_synchronised());
	clock_boot_id(id);
	assert_string_equal(id, "first-boot");
	clock_set("0 0 0 second-boot");
	assert_false(clock_synchronised());
	clock_boot_id(id);
	assert_string_equal(id, "second-boot");
}

static void
a_file_that_is_gone_shifts_nothing(void **state)
{
	char before[CLOCK_BOOT_ID_SIZE], after[CLOCK_BOOT_ID_SIZE];
	int64_t wall = clock_wall();

	(void)state;
	clock_boot_id(before);
	clock_set("0 86400000000000 1 other\n");
	assert_int_equal(remove(clock_file), 0);
	assert_in_range(clock_wall() - wall, 0, CLOCK_DAY / 2);
	clock_boot_id(after);
	assert_string_equal(before, after);
	assert_int_equal(strlen(after), 36);
}

static void
times_are_written_in_utc(void **state)
{
	static const struct {
		int64_t wall;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00.000Z"},
	    {INT64_C(1795456252123456789), "2026-11-23T17:50:52.123Z"},
	    {INT64_C(951782400000000000), "2000-02-29T00:00:00.000Z"},
	    {INT64_C(4102444799999999999), "2099-12-31T23:59:59.999Z"},
	    {INT64_C(-1), "1969-12-31T23:59:59.999Z"},
	    {INT64_C(-1000000000), "1969-12-31T23:59:59.000Z"},
	};
	char text[CLOCK_TEXT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		clock_text(text, cases[i].wall);
		assert_string_equal(text, cases[i].text);
	}
}

static void
times_are_read_in_any_zone(void **state)
{
	static const struct {
		const char *text;
		int64_t wall;
	} cases[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2026-11-23T17:50:52.123Z", INT64_C(1795456252123000000)},
	    {"2026-11-24T02:50:52.123456789+09:00",
		INT64_C(1795456252123456789)},
	    {"2000-02-28T23:30:00-00:30", INT64_C(951782400000000000)},
	    {"1969-12-31T23:59:59.999Z", INT64_C(-1000000)},
	};
	int64_t wall;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(clock_parse(cases[i].text, &wall));
		assert_int_equal(wall, cases[i].wall);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    "2026",
	    "2026-11-23",
	    "2026-11-23T17:50:52",
	    "2026-11-23 17:50:52Z",
	    "2026-11-23T17:50:52.Z",
	    "2026-11-23T17:50:52.1234567890Z",
	    "2026-02-29T17:50:52Z",
	    "2026-13-01T17:50:52Z",
	    "2026-00-01T17:50:52Z",
	    "2026-11-23T24:00:00Z",
	    "2026-11-23T17:60:00Z",
	    "2026-11-23T17:50:52+9:00",
	    "2026-11-23T17:50:52+09:60",
	    "2026-11-23T17:50:52Zx",
	    "1677-12-31T23:59:59Z",
	    "2262-01-01T00:00:00Z",
	    "-026-11-23T17:50:52Z",
	};
	int64_t wall;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		if (clock_parse(cases[i], &wall))
			fail_msg("%s was taken for a time", cases[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clocks_run_forward),
	    cmocka_unit_test_setup_teardown(
		the_file_shifts_boot_and_wall_but_never_mono, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_file_tells_of_synchronising_and_the_boot, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_file_that_is_gone_shifts_nothing, setup, teardown),
	    cmocka_unit_test(times_are_written_in_utc),
	    cmocka_unit_test(times_are_read_in_any_zone),
	    cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
