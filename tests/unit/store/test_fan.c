/* test_fan.c - the blocks in which a data segment goes out. What sites do with
 * them is tests/fault's. */
#include "base/fault.h"
#include "base/mem.h"
#include "lib/test.h"
#include "store/fan.h"

static void
a_block_that_all_sites_have_written_is_used_again(void **state)
{
	static const uint8_t id[OBJECT_ID_SIZE] = {1};
	CLEANUP(op_release) struct op op;
	struct sites *sites;
	struct fan *fan;
	struct segment_sink *sink;
	uint8_t *bytes = mem_alloc(FAN_BLOCK);
	int i;

	(void)state;
	op_init(&op);
	assert_non_null(bytes);
	ASSERT_OK(&op, sites_new(&op, &sites)); /* none: each block is done */
	ASSERT_OK(&op, fan_open(&op, sites, NULL, (struct site_set){0}, 1, id,
			   0, 0, &fan));
	sink = fan_sink(fan);
	ASSERT_OK(&op, sink->write(sink, &op, span_of(bytes, FAN_BLOCK)));
	fault_alloc_arm(1, true);
	for (i = 0; i < 100; i++)
		ASSERT_OK(
		    &op, sink->write(sink, &op, span_of(bytes, FAN_BLOCK)));
	assert_false(fault_alloc_hit());
	fault_alloc_arm(0, false);
	fan_free(fan);
	sites_free(sites);
	mem_free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_block_that_all_sites_have_written_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
