/* test_buf.c - bytes that grow up to a limit. */
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "lib/test.h"

static int
setup(void **state)
{
	static struct op op;

	op_init(&op);
	*state = &op;
	return 0;
}

static int
teardown(void **state)
{
	op_release(*state);
	return 0;
}

static void
bytes_come_out_in_the_order_they_went_in(void **state)
{
	CLEANUP(buf_release) struct buf buf = {0};
	struct op *op = *state;
	size_t i;

	buf_init(&buf, 5000);
	for (i = 0; i < 5000; i++) {
		uint8_t byte = (uint8_t)(i * 7);

		ASSERT_OK(op, buf_add(op, &buf, span_of(&byte, 1)));
	}
	assert_int_equal(buf.size, 5000);
	for (i = 0; i < 5000; i++)
		assert_int_equal(buf.data[i], (uint8_t)(i * 7));
}

static void
beyond_the_limit_nothing_changes(void **state)
{
	CLEANUP(buf_release) struct buf buf = {0};
	struct op *op = *state;
	uint8_t *room = NULL;

	buf_init(&buf, 10);
	ASSERT_OK(op, buf_add_str(op, &buf, "123456"));
	ASSERT_RC(op, RC_LIMIT, buf_add_str(op, &buf, "78901"));
	ASSERT_RC(op, RC_LIMIT, buf_add_format(op, &buf, "%05d", 1));
	ASSERT_RC(op, RC_LIMIT, buf_grow(op, &buf, SIZE_MAX, &room));
	assert_null(room);
	assert_true(span_equal(buf_span(&buf), span_str("123456")));
	ASSERT_OK(op, buf_add_format(op, &buf, "%d", 7890));
	assert_true(span_equal(buf_span(&buf), span_str("1234567890")));
	assert_true(buf.capacity <= 10);
	buf_clear(&buf);
	assert_int_equal(buf.size, 0);
	ASSERT_OK(op, buf_add_str(op, &buf, "abcdefghij"));
}

static void
long_formats_leave_no_nul_behind(void **state)
{
	CLEANUP(buf_release) struct buf buf = {0};
	struct op *op = *state;
	size_t i;

	buf_init(&buf, 1000);
	ASSERT_OK(op, buf_add_format(op, &buf, "%0700d", 1));
	assert_int_equal(buf.size, 700);
	ASSERT_OK(op, buf_add_str(op, &buf, "x"));
	for (i = 0; i < 699; i++)
		assert_int_equal(buf.data[i], '0');
	assert_int_equal(buf.data[699], '1');
	assert_int_equal(buf.data[700], 'x');
}

/* The whole limit is for the text: the NUL that vsnprintf writes is not
 * counted. */
static void
a_long_format_may_fill_the_limit(void **state)
{
	CLEANUP(buf_release) struct buf buf = {0};
	struct op *op = *state;

	buf_init(&buf, 700);
	ASSERT_RC(op, RC_LIMIT, buf_add_format(op, &buf, "%0701d", 1));
	assert_int_equal(buf.size, 0);
	ASSERT_OK(op, buf_add_format(op, &buf, "%0700d", 1));
	assert_int_equal(buf.size, 700);
}

static void
nothing_can_be_added_to_an_empty_buffer(void **state)
{
	CLEANUP(buf_release) struct buf buf = {0};
	struct op *op = *state;
	uint8_t *room;

	buf_init(&buf, 0);
	ASSERT_OK(op, buf_add(op, &buf, span_of(NULL, 0)));
	ASSERT_OK(op, buf_add_str(op, &buf, ""));
	ASSERT_OK(op, buf_grow(op, &buf, 0, &room));
	ASSERT_RC(op, RC_LIMIT, buf_add_str(op, &buf, "x"));
	assert_int_equal(buf.size, 0);
}

static void
a_heap_that_fails_keeps_the_content(void **state)
{
	CLEANUP(buf_release) struct buf buf = {0};
	struct op *op = *state;

	buf_init(&buf, 1000);
	ASSERT_OK(op, buf_add_str(op, &buf, "kept"));
	fault_alloc_arm(1, false);
	ASSERT_RC(op, RC_NO_MEMORY, buf_add_format(op, &buf, "%0600d", 1));
	fault_alloc_arm(0, false);
	assert_true(span_equal(buf_span(&buf), span_str("kept")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		bytes_come_out_in_the_order_they_went_in, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		beyond_the_limit_nothing_changes, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		long_formats_leave_no_nul_behind, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_long_format_may_fill_the_limit, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		nothing_can_be_added_to_an_empty_buffer, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_heap_that_fails_keeps_the_content, setup, teardown),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
