/* test_needles.c - texts are found wherever they stand, also over the end of a
 * block and torn in two. */
#include <stdlib.h>
#include <string.h>

#include "evidence/needles.h"
#include "lib/test.h"

static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";

enum { SIZE = 3 * NEEDLE_BLOCK };

struct world {
	struct op op;
	struct needles needles;
	uint8_t *bytes;
	uint8_t *block;
};

static int
setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	op_init(&w->op);
	w->bytes = test_calloc(1, SIZE);
	w->block = test_malloc(NEEDLE_BLOCK);
	needles_add(&w->needles, "", "the text", span_str(text));
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	test_free(w->bytes);
	test_free(w->block);
	op_release(&w->op);
	test_free(w);
	return 0;
}

static enum rc
bytes_read(void *arg, struct op *op, uint64_t offset, uint8_t *out, size_t size)
{
	const struct world *w = arg;

	(void)op;
	assert_true(size <= NEEDLE_BLOCK && offset + size <= SIZE);
	memcpy(out, w->bytes + offset, size);
	return RC_OK;
}

static bool
found(struct world *w, uint64_t size)
{
	const struct needle *needle;

	ASSERT_OK(&w->op, needles_read(&w->op, &w->needles, size, bytes_read, w,
			      w->block, &needle));
	if (needle != NULL)
		assert_string_equal(needle->what[LANG_EN], "the text");
	return needle != NULL;
}

static void
a_text_is_found_at_every_place_around_the_end_of_a_block(void **state)
{
	struct world *w = *state;
	size_t n = strlen(text), at;

	assert_false(found(w, SIZE));
	for (at = NEEDLE_BLOCK - 2 * n; at < NEEDLE_BLOCK + n; at++) {
		memcpy(w->bytes + at, text, n);
		assert_true(found(w, SIZE));
		memset(w->bytes + at, 0, n);
	}
	memcpy(w->bytes + SIZE - n, text, n);
	assert_true(found(w, SIZE));
	memset(w->bytes + SIZE - n, 0, n);
	memcpy(w->bytes, text, n);
	assert_true(found(w, SIZE));
	assert_true(found(w, n));
	assert_false(found(w, n / 2 - 1));
	assert_false(found(w, 0));
}

/* A database may keep the ends of a long text on two pages. */
static void
a_text_that_is_torn_in_two_is_found(void **state)
{
	struct world *w = *state;
	size_t n = strlen(text), cut;

	for (cut = 0; cut <= n; cut++) {
		memcpy(w->bytes + 1000, text, cut);
		memcpy(w->bytes + 9000, text + cut, n - cut);
		assert_true(found(w, SIZE));
		memset(w->bytes, 0, 10000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_text_is_found_at_every_place_around_the_end_of_a_block, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_text_that_is_torn_in_two_is_found, setup, teardown),
	};

	return cmocka_run_group_tests_name("needles", tests, NULL, NULL);
}
