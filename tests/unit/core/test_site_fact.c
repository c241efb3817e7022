/* test_site_fact.c - what the provider's log says of a change of the register.
 */
#include <string.h>

#include "core/site_fact.h"
#include "lib/test.h"

enum { PHASE_AT = 1, JOINS_AT = 2, M_AT = 34, N_AT = 38 };

static struct site_fact
make_fact(void)
{
	struct site_fact fact = {
	    .phase = SITE_PHASE_FILLING,
	    .reg = {.version = 7, .m = 2, .n = 3},
	};

	memset(fact.reg.ids[0], 'a', OBJECT_ID_SIZE);
	memset(fact.reg.ids[1], 'b', OBJECT_ID_SIZE);
	memset(fact.reg.ids[2], 'c', OBJECT_ID_SIZE);
	memset(fact.joins, 'c', OBJECT_ID_SIZE);
	memset(fact.leaves, 'd', OBJECT_ID_SIZE);
	return fact;
}

static void
a_fact_is_read_back(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {.limit = SITE_FACT_MAX};
	CLEANUP(op_release) struct op op;
	struct site_fact fact = make_fact(), back;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, site_fact_write(&op, &fact, &bytes));
	assert_int_equal(bytes.size, 42 + 3 * OBJECT_ID_SIZE);
	ASSERT_OK(&op, site_fact_read(&op, 7, buf_span(&bytes), &back));
	assert_int_equal(back.phase, SITE_PHASE_FILLING);
	assert_true(register_equal(&back.reg, &fact.reg));
	assert_memory_equal(back.joins, fact.joins, OBJECT_ID_SIZE);
	assert_memory_equal(back.leaves, fact.leaves, OBJECT_ID_SIZE);
}

static void
the_largest_register_has_room(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {.limit = SITE_FACT_MAX};
	CLEANUP(op_release) struct op op;
	struct site_fact fact = {
	    .phase = SITE_PHASE_SWITCHING,
	    .reg = {.version = 1, .m = 2, .n = REGISTER_SITES_MAX},
	};
	uint32_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < REGISTER_SITES_MAX; i++)
		memset(fact.reg.ids[i], 'a' + (int)i, OBJECT_ID_SIZE);
	ASSERT_OK(&op, site_fact_write(&op, &fact, &bytes));
	ASSERT_OK(&op, site_fact_read(&op, 1, buf_span(&bytes), &fact));
}

static void
what_makes_no_sense_is_not_written(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {.limit = SITE_FACT_MAX};
	CLEANUP(op_release) struct op op;
	struct site_fact fact = make_fact();

	(void)state;
	op_init(&op);
	fact.phase = SITE_PHASE_NONE;
	ASSERT_RC(&op, RC_INVALID, site_fact_write(&op, &fact, &bytes));
	fact = make_fact();
	memset(fact.joins, 'x', OBJECT_ID_SIZE);
	ASSERT_RC(&op, RC_INVALID, site_fact_write(&op, &fact, &bytes));
	fact = make_fact();
	memset(fact.leaves, 'a', OBJECT_ID_SIZE);
	ASSERT_RC(&op, RC_INVALID, site_fact_write(&op, &fact, &bytes));
	fact = make_fact();
	fact.reg.m = 4;
	ASSERT_RC(&op, RC_INVALID, site_fact_write(&op, &fact, &bytes));
	assert_int_equal(bytes.size, 0);
}

static void
each_field_is_checked(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
		enum rc rc;
	} cases[] = {
	    {0, 0, RC_DAMAGED},
	    {0, 2, RC_REFUSED},
	    {PHASE_AT, 0, RC_DAMAGED},
	    {PHASE_AT, 5, RC_DAMAGED},
	    {JOINS_AT, 'x', RC_DAMAGED},
	    {M_AT, 0, RC_DAMAGED},
	    {M_AT, 4, RC_DAMAGED},
	    {N_AT, 2, RC_DAMAGED},
	    {N_AT, 17, RC_DAMAGED},
	};
	CLEANUP(buf_release) struct buf bytes = {.limit = SITE_FACT_MAX};
	CLEANUP(op_release) struct op op;
	struct site_fact fact = make_fact(), back;
	uint8_t before;
	size_t i;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, site_fact_write(&op, &fact, &bytes));
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		before = bytes.data[cases[i].at];
		bytes.data[cases[i].at] = cases[i].byte;
		ASSERT_RC(&op, cases[i].rc,
		    site_fact_read(&op, 7, buf_span(&bytes), &back));
		bytes.data[cases[i].at] = before;
	}
	for (i = 0; i < bytes.size; i++)
		ASSERT_RC(&op, RC_DAMAGED,
		    site_fact_read(&op, 7, span_of(bytes.data, i), &back));
	ASSERT_RC(
	    &op, RC_DAMAGED, site_fact_read(&op, 0, buf_span(&bytes), &back));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fact_is_read_back),
	    cmocka_unit_test(the_largest_register_has_room),
	    cmocka_unit_test(what_makes_no_sense_is_not_written),
	    cmocka_unit_test(each_field_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
