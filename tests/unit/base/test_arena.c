/* test_arena.c - memory of one request. */
#include <stdalign.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "lib/test.h"

static void
memory_is_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = {
	    1, 3, 16, 100, 1024, 1025, 4096, 5000, 100000, 7};
	unsigned char *blocks[10];
	struct arena arena;
	size_t i, k;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (i = 0; i < 10; i++) {
		blocks[i] = arena_alloc(&arena, sizes[i]);
		assert_non_null(blocks[i]);
		assert_int_equal(
		    (uintptr_t)blocks[i] % alignof(max_align_t), 0);
		for (k = 0; k < sizes[i]; k++)
			assert_int_equal(blocks[i][k], 0);
		memset(blocks[i], (int)i + 1, sizes[i]);
	}
	for (i = 0; i < 10; i++)
		for (k = 0; k < sizes[i]; k++)
			assert_int_equal(blocks[i][k], i + 1);
	arena_release(&arena);
}

static void
the_limit_ends_it_and_a_release_begins_anew(void **state)
{
	struct arena arena;
	size_t given = 0;

	(void)state;
	arena_init(&arena, 10000);
	while (arena_alloc(&arena, 100) != NULL)
		given += 100;
	assert_in_range(given, 8000, 10000);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	arena_release(&arena);
	arena_release(&arena);
	assert_int_equal(arena.used, 0);
	assert_null(arena_alloc(&arena, 10001));
	assert_non_null(arena_alloc(&arena, 10000));
	assert_null(arena_alloc(&arena, 1));
	arena_release(&arena);
}

/* A size that wraps when it is rounded up must not pass for a small one. */
static void
a_limit_without_end_does_not_wrap(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, SIZE_MAX);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 5));
	assert_null(arena_alloc(&arena, SIZE_MAX - 40));
	assert_non_null(arena_alloc(&arena, 8));
	arena_release(&arena);
}

static void
a_heap_that_fails_is_told_and_harms_nothing(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	fault_alloc_arm(1, false);
	assert_null(arena_alloc(&arena, 10));
	assert_true(fault_alloc_hit());
	assert_non_null(arena_alloc(&arena, 10));
	fault_alloc_arm(1, false);
	assert_null(arena_alloc(&arena, 100000));
	assert_true(fault_alloc_hit());
	assert_non_null(arena_alloc(&arena, 100000));
	arena_release(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
	    cmocka_unit_test(the_limit_ends_it_and_a_release_begins_anew),
	    cmocka_unit_test(a_limit_without_end_does_not_wrap),
	    cmocka_unit_test(a_heap_that_fails_is_told_and_harms_nothing),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
