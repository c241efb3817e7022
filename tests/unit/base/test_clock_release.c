/* test_clock_release.c - clock.c as a release compiles it knows no test clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lib/test.h"

/* B9. */
static void
a_release_ignores_the_test_clock(void **state)
{
	char *box = test_sandbox();
	char path[300], before[CLOCK_BOOT_ID_SIZE], after[CLOCK_BOOT_ID_SIZE];
	int64_t boot = clock_boot(), wall = clock_wall();
	bool synchronised = clock_synchronised();
	FILE *file;

	(void)state;
	clock_boot_id(before);
	(void)snprintf(path, sizeof(path), "%s/clock", box);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(
	    fprintf(file, "%lld %lld %d other-boot\n", (long long)CLOCK_DAY,
		(long long)CLOCK_DAY, !synchronised) > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(setenv("DOZO_TEST_CLOCK", path, 1), 0);

	assert_in_range(clock_boot() - boot, 0, CLOCK_DAY / 2);
	assert_in_range(clock_wall() - wall, 0, CLOCK_DAY / 2);
	assert_int_equal(clock_synchronised(), synchronised);
	clock_boot_id(after);
	assert_string_equal(before, after);
	test_sandbox_remove(box);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_release_ignores_the_test_clock),
	};

	return cmocka_run_group_tests_name("clock-release", tests, NULL, NULL);
}
