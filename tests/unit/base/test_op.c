/* test_op.c - one request's error text and memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/op.h"
#include "lib/test.h"

static void
every_rc_has_a_name_of_its_own(void **state)
{
	int a, b;

	(void)state;
	for (a = RC_OK; a <= RC_REFUSED; a++) {
		assert_string_not_equal(rc_name((enum rc)a), "unknown");
		for (b = RC_OK; b < a; b++)
			assert_string_not_equal(
			    rc_name((enum rc)a), rc_name((enum rc)b));
	}
	assert_string_equal(rc_name((enum rc)(RC_REFUSED + 1)), "unknown");
	assert_string_equal(rc_name((enum rc) - 1), "unknown");
}

static void
the_first_failure_is_the_one_that_is_told(void **state)
{
	struct op op;

	(void)state;
	op_init(&op);
	assert_int_equal(op_fail(&op, RC_IO, "disk %d", 3), RC_IO);
	assert_int_equal(op_fail(&op, RC_NOT_STORED, "no site"), RC_NOT_STORED);
	assert_int_equal(op_fail_errno(&op, RC_IO, EIO, "other"), RC_IO);
	assert_string_equal(op_error(&op, RC_NOT_STORED), "disk 3");
	assert_int_equal(op.error_rc, RC_IO);
	op_clear_error(&op);
	assert_int_equal(op.error_rc, RC_OK);
	assert_string_equal(op_error(&op, RC_TIMEOUT), "timeout");
	assert_int_equal(
	    op_fail_errno(&op, RC_NO_SPACE, ENOSPC, "write %s", "x"),
	    RC_NO_SPACE);
	assert_string_equal(
	    op_error(&op, RC_NO_SPACE), "write x: No space left on device");
	op_release(&op);
}

static void
a_long_error_text_is_cut_and_ends(void **state)
{
	struct op op;
	char text[2 * OP_ERROR_SIZE];

	(void)state;
	memset(text, 'e', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	op_init(&op);
	assert_int_equal(op_fail_errno(&op, RC_IO, EIO, "%s", text), RC_IO);
	assert_int_equal(strlen(op.error), OP_ERROR_SIZE - 1);
	op_release(&op);
}

static void
request_ids_differ(void **state)
{
	struct op a, b;

	(void)state;
	op_init(&a);
	op_init(&b);
	assert_int_equal(strlen(a.request_id), 16);
	assert_string_not_equal(a.request_id, b.request_id);
	op_release(&a);
	op_release(&b);
}

static void
texts_and_blocks_live_in_the_op(void **state)
{
	struct op op;
	char *text = NULL;
	uint64_t *numbers = NULL;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, op_format(&op, &text, "%s-%04d", "name", 7));
	assert_string_equal(text, "name-0007");
	ASSERT_OK(&op, op_alloc(&op, 100 * sizeof(*numbers), &numbers));
	assert_true(numbers[99] == 0);
	ASSERT_RC(&op, RC_NO_MEMORY, op_alloc(&op, OP_ARENA_LIMIT, &numbers));
	fault_alloc_arm(1, false);
	ASSERT_RC(&op, RC_NO_MEMORY, op_alloc(&op, 100000, &numbers));
	fault_alloc_arm(0, false);
	assert_true(numbers[0] == 0);
	op_release(&op);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_rc_has_a_name_of_its_own),
	    cmocka_unit_test(the_first_failure_is_the_one_that_is_told),
	    cmocka_unit_test(a_long_error_text_is_cut_and_ends),
	    cmocka_unit_test(request_ids_differ),
	    cmocka_unit_test(texts_and_blocks_live_in_the_op),
	};

	return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
