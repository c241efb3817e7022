/* test_str.c - small text helpers. */
#include <string.h>

#include "base/str.h"
#include "lib/test.h"

static void
hex_comes_back_as_it_was(void **state)
{
	uint8_t bytes[256], back[256];
	char text[513];
	struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	str_hex(text, span_of(bytes, 256));
	assert_int_equal(strlen(text), 512);
	ASSERT_OK(&op, str_unhex(&op, text, back, 256));
	assert_memory_equal(bytes, back, 256);
	ASSERT_OK(&op, str_unhex(&op, "aAfF09", back, 3));
	assert_memory_equal(back, "\xAA\xFF\x09", 3);
	str_hex(text, span_of(NULL, 0));
	assert_string_equal(text, "");
	op_release(&op);
}

static void
what_is_not_hex_of_that_size_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", "0", "012", "01234", "012g", "0x12", " 123", "-123"};
	uint8_t back[2];
	struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(&op, RC_INVALID, str_unhex(&op, bad[i], back, 2));
	op_release(&op);
}

static void
numbers_are_digits_in_their_range(void **state)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1",
	    "1.0", "1e3", "18446744073709551616", "99999999999999999999999",
	    "\xEF\xBC\x91"};
	uint64_t value = 77;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(str_to_u64(bad[i], 0, UINT64_MAX, &value));
	assert_false(str_to_u64("4", 5, 9, &value));
	assert_false(str_to_u64("10", 5, 9, &value));
	assert_int_equal(value, 77);
	assert_true(str_to_u64("18446744073709551615", 0, UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
	assert_true(str_to_u64("007", 7, 7, &value));
	assert_int_equal(value, 7);
}

static void
a_copy_fits_whole_or_not_at_all(void **state)
{
	char out[4] = "old";

	(void)state;
	assert_true(str_copy(out, sizeof(out), "abc"));
	assert_string_equal(out, "abc");
	assert_false(str_copy(out, sizeof(out), "abcd"));
	assert_string_equal(out, "");
	assert_true(str_copy(out, sizeof(out), ""));
}

static void
starts_and_ends_are_found(void **state)
{
	(void)state;
	assert_true(str_starts("dir:/a", "dir:"));
	assert_true(str_starts("a", ""));
	assert_false(str_starts("di", "dir:"));
	assert_true(str_ends("a.sql", ".sql"));
	assert_true(str_ends("a", ""));
	assert_false(str_ends("sql", ".sql"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex_comes_back_as_it_was),
	    cmocka_unit_test(what_is_not_hex_of_that_size_is_refused),
	    cmocka_unit_test(numbers_are_digits_in_their_range),
	    cmocka_unit_test(a_copy_fits_whole_or_not_at_all),
	    cmocka_unit_test(starts_and_ends_are_found),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
