/* test_mem.c - heap memory that fails on demand. */
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "lib/test.h"

static void
memory_is_zeroed_and_can_be_of_no_size(void **state)
{
	unsigned char *block = mem_alloc(1000);
	size_t i;

	(void)state;
	assert_non_null(block);
	for (i = 0; i < 1000; i++)
		assert_int_equal(block[i], 0);
	mem_free(block);
	block = mem_alloc(0);
	assert_non_null(block);
	mem_free(block);
	mem_free(NULL);
}

static void
an_array_whose_size_overflows_is_refused(void **state)
{
	unsigned *numbers = mem_alloc_array(10, sizeof(*numbers));

	(void)state;
	assert_non_null(numbers);
	assert_int_equal(numbers[9], 0);
	mem_free(numbers);
	assert_null(mem_alloc_array(SIZE_MAX / 2, 3));
	assert_null(mem_alloc_array(3, SIZE_MAX / 2));
}

static void
aligned_memory_is_aligned(void **state)
{
	unsigned char *block = mem_alloc_aligned(4096, 3 * 4096);

	(void)state;
	assert_non_null(block);
	assert_int_equal((uintptr_t)block % 4096, 0);
	memset(block, 1, 3 * 4096);
	mem_free(block);
}

static void
a_failed_realloc_leaves_the_old_block(void **state)
{
	char *text = mem_strdup("kept");

	(void)state;
	assert_non_null(text);
	fault_alloc_arm(1, false);
	assert_null(mem_realloc(text, 100000));
	assert_true(fault_alloc_hit());
	assert_string_equal(text, "kept");
	mem_free(text);
}

static void
every_kind_of_allocation_can_be_made_to_fail(void **state)
{
	char *text;

	(void)state;
	fault_alloc_arm(1, true);
	assert_null(mem_alloc(1));
	assert_null(mem_alloc_array(1, 1));
	assert_null(mem_alloc_aligned(4096, 4096));
	assert_null(mem_realloc(NULL, 1));
	assert_null(mem_strdup("x"));
	fault_alloc_arm(3, false);
	text = mem_strdup("one");
	assert_non_null(text);
	mem_free(text);
	mem_free(mem_alloc(1));
	assert_false(fault_alloc_hit());
	assert_null(mem_alloc(1));
	assert_true(fault_alloc_hit());
	text = mem_strdup("after");
	assert_non_null(text);
	mem_free(text);
	fault_alloc_arm(0, false);
}

static void
wiped_memory_is_zero(void **state)
{
	char key[32];
	size_t i;

	(void)state;
	memset(key, 'k', sizeof(key));
	mem_wipe(key, sizeof(key));
	for (i = 0; i < sizeof(key); i++)
		assert_int_equal(key[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_zeroed_and_can_be_of_no_size),
	    cmocka_unit_test(an_array_whose_size_overflows_is_refused),
	    cmocka_unit_test(aligned_memory_is_aligned),
	    cmocka_unit_test(a_failed_realloc_leaves_the_old_block),
	    cmocka_unit_test(every_kind_of_allocation_can_be_made_to_fail),
	    cmocka_unit_test(wiped_memory_is_zero),
	};

	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
