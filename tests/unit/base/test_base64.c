/* test_base64.c - base64 both ways. */
#include <string.h>

#include "base/base64.h"
#include "lib/test.h"

static void
the_vectors_of_rfc_4648_hold_both_ways(void **state)
{
	static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="},
	    {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
	    {"\xff\xef\xfe", "/+/+"}};
	CLEANUP(op_release) struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t bytes[8];
		char text[16];
		size_t size;

		base64_encode(text, span_str(rows[i][0]));
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(strlen(text), BASE64_SIZE(strlen(rows[i][0])));
		ASSERT_OK(&op,
		    base64_decode(&op, span_str(rows[i][1]), bytes, &size));
		assert_true(
		    span_equal(span_of(bytes, size), span_str(rows[i][0])));
	}
}

static void
what_is_not_base64_is_refused(void **state)
{
	static const char *const texts[] = {"A", "AA", "AAA",
	    "A===", "====", "AA=A", "=AAA", "AA==AAAA", "AAA!", "AA-_",
	    "AB==", "AAB=", "AAAA\n", "AA A"};
	CLEANUP(op_release) struct op op;
	uint8_t bytes[16];
	size_t i, size;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(texts); i++)
		ASSERT_RC(&op, RC_INVALID,
		    base64_decode(&op, span_str(texts[i]), bytes, &size));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_of_rfc_4648_hold_both_ways),
	    cmocka_unit_test(what_is_not_base64_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
