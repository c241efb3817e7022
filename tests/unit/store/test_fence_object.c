/* test_fence_object.c - fences and the registers in them. */
#include <string.h>

#include "plain_fixture.h"
#include "store/fence_object.h"

/* Where the fields stand; the example has registers of 2 and 3 sites. */
enum {
	SCOPE_AT = 10,
	COUNTER_AT = 14,
	WALL_AT = 22,
	CLAIM_AT = 30,
	N_REGISTERS_AT = 46,
	FIRST_AT = 50,
	SECOND_AT = FIRST_AT + 16 + 2 * 16,
	HOST_AT = SECOND_AT + 16 + 3 * 16,
};

static struct site_register
make_register(uint64_t version, uint32_t m, uint32_t n)
{
	struct site_register reg = {.version = version, .m = m, .n = n};
	uint32_t i;

	for (i = 0; i < n; i++)
		memset(reg.ids[i], (int)(0x10 + i), OBJECT_ID_SIZE);
	return reg;
}

static struct fence_object
make_fence(void)
{
	struct fence_object fence = {
	    .counter = 0x1122334455667788,
	    .claim = {0xcc, 1},
	    .wall = -5,
	    .host = "server-1",
	    .n_registers = 2,
	    .registers = {make_register(7, 1, 2), make_register(8, 2, 3)},
	};

	return fence;
}

static enum rc
read_only(struct op *op, struct span bytes)
{
	struct fence_object fence;

	return fence_object_read(op, bytes, &fence);
}

static void
a_fence_of_two_registers_is_read_back(void **state)
{
	struct fence_object fence = make_fence(), back;
	CLEANUP(buf_release) struct buf bytes = {0};
	struct op op;
	uint32_t i;

	(void)state;
	op_init(&op);
	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
	ASSERT_OK(&op, fence_object_write(&op, &fence, &bytes));
	assert_int_equal(bytes.size, HOST_AT + 2 + 8 + 32);
	ASSERT_OK(&op, fence_object_read(&op, buf_span(&bytes), &back));
	assert_true(back.counter == fence.counter && back.wall == -5);
	assert_memory_equal(back.claim, fence.claim, OBJECT_ID_SIZE);
	assert_int_equal(back.scope, FENCE_SCOPE_SERVICE);
	assert_string_equal(back.host, "server-1");
	assert_int_equal(back.n_registers, 2);
	for (i = 0; i < 2; i++) {
		assert_true(
		    register_equal(&back.registers[i], &fence.registers[i]));
		assert_memory_equal(back.registers[i].ids,
		    fence.registers[i].ids, sizeof(back.registers[i].ids));
	}
	op_release(&op);
}

static void
the_largest_fence_fits(void **state)
{
	struct fence_object fence = make_fence(), back;
	CLEANUP(buf_release) struct buf bytes = {0};
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
	/* Behind other bytes, which are not the fence's. */
	ASSERT_OK(&op, buf_add(&op, &bytes, span_str("abc")));
	memset(fence.host, 'h', FENCE_HOST_MAX);
	fence.registers[0] = make_register(1, 16, 16);
	fence.registers[1] = make_register(2, 9, 16);
	ASSERT_OK(&op, fence_object_write(&op, &fence, &bytes));
	assert_int_equal(bytes.size, 3 + 692);
	ASSERT_OK(
	    &op, fence_object_read(&op, span_of(bytes.data + 3, 692), &back));
	assert_string_equal(back.host, fence.host);
	assert_true(register_equal(&back.registers[1], &fence.registers[1]));
	op_release(&op);
}

static void
fences_that_a_reader_would_refuse_are_not_written(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct fence_object fence;
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
#define REFUSED(change) \
	do { \
		fence = make_fence(); \
		change; \
		ASSERT_RC( \
		    &op, RC_INVALID, fence_object_write(&op, &fence, &bytes)); \
		assert_int_equal(bytes.size, 0); \
	} while (0)
	REFUSED(fence.counter = 0);
	REFUSED(fence.scope = 1);
	REFUSED(fence.host[0] = '\0');
	REFUSED(fence.host[3] = '\t');
	REFUSED(fence.n_registers = 0);
	REFUSED(fence.n_registers = 3);
	REFUSED(fence.registers[1].version = 9);
	REFUSED(fence.registers[1].version = 7);
	REFUSED(fence.registers[0].m = 0);
	REFUSED(fence.registers[0].m = 3);
	REFUSED(fence.registers[0].n = 17);
	REFUSED(memset(fence.registers[1].ids[2], 0x11, OBJECT_ID_SIZE));
#undef REFUSED
	op_release(&op);
}

static void
every_changed_bit_and_length_is_damage(void **state)
{
	struct fence_object fence = make_fence();
	CLEANUP(buf_release) struct buf bytes = {0};
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
	ASSERT_OK(&op, fence_object_write(&op, &fence, &bytes));
	plain_refuse_changes(&op, &bytes, read_only);
	op_release(&op);
}

static void
fields_that_are_not_well_formed_are_damage(void **state)
{
	static const struct plain_change changes[] = {
	    {"a newer format", 8, 2, 2, RC_REFUSED},
	    {"format 0", 8, 2, 0, RC_DAMAGED},
	    {"another magic", 7, 1, 'm', RC_DAMAGED},
	    {"an unknown scope", SCOPE_AT, 4, 1, RC_REFUSED},
	    {"counter 0", COUNTER_AT, 8, 0, RC_DAMAGED},
	    {"another time", WALL_AT, 8, 77, RC_OK},
	    {"no register", N_REGISTERS_AT, 4, 0, RC_DAMAGED},
	    {"one register told", N_REGISTERS_AT, 4, 1, RC_DAMAGED},
	    {"three registers", N_REGISTERS_AT, 4, 3, RC_DAMAGED},
	    {"registers beyond all", N_REGISTERS_AT, 4, 1U << 31, RC_DAMAGED},
	    {"version 0", FIRST_AT, 8, 0, RC_DAMAGED},
	    {"versions that do not follow", FIRST_AT, 8, 6, RC_DAMAGED},
	    {"m 0", FIRST_AT + 8, 4, 0, RC_DAMAGED},
	    {"m over n", FIRST_AT + 8, 4, 3, RC_DAMAGED},
	    {"m 2 of 2", FIRST_AT + 8, 4, 2, RC_OK},
	    {"n 0", FIRST_AT + 12, 4, 0, RC_DAMAGED},
	    {"n too large", FIRST_AT + 12, 4, 17, RC_DAMAGED},
	    {"n beyond all", FIRST_AT + 12, 4, 0xffffffff, RC_DAMAGED},
	    {"a host without a name", HOST_AT, 2, 0, RC_DAMAGED},
	    {"a longer host", HOST_AT, 2, 9, RC_DAMAGED},
	    {"an escape in the host", HOST_AT + 2, 1, 27, RC_DAMAGED},
	};
	struct fence_object fence = make_fence();
	CLEANUP(buf_release) struct buf bytes = {0};
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
	ASSERT_OK(&op, fence_object_write(&op, &fence, &bytes));
	plain_check_changes(
	    &op, &bytes, read_only, changes, ARRAY_LEN(changes));
	/* One site twice. */
	memcpy(bytes.data + FIRST_AT + 32, bytes.data + FIRST_AT + 16, 16);
	plain_fix_sum(&bytes);
	ASSERT_RC(&op, RC_DAMAGED, read_only(&op, buf_span(&bytes)));
	op_release(&op);
}

static void
a_fence_of_three_registers_is_damage(void **state)
{
	struct fence_object fence = make_fence();
	CLEANUP(buf_release) struct buf bytes, three;
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
	buf_init(&three, FENCE_OBJECT_SIZE_MAX);
	ASSERT_OK(&op, fence_object_write(&op, &fence, &bytes));
	/* The second one once more, with version 9. */
	ASSERT_OK(&op, buf_add(&op, &three, span_of(bytes.data, HOST_AT)));
	ASSERT_OK(
	    &op, buf_add(&op, &three,
		     span_of(bytes.data + SECOND_AT, HOST_AT - SECOND_AT)));
	three.data[HOST_AT] = 9;
	three.data[N_REGISTERS_AT] = 3;
	ASSERT_OK(
	    &op, buf_add(&op, &three,
		     span_of(bytes.data + HOST_AT, bytes.size - HOST_AT)));
	plain_fix_sum(&three);
	ASSERT_RC(&op, RC_DAMAGED, read_only(&op, buf_span(&three)));
	op_release(&op);
}

static void
r_is_n_minus_m_plus_1(void **state)
{
	struct site_register reg = make_register(1, 2, 3);

	(void)state;
	assert_int_equal(register_r(&reg), 2);
	reg.m = 3;
	assert_int_equal(register_r(&reg), 1);
	reg.m = 1;
	assert_int_equal(register_r(&reg), 3);
}

static void
a_quorum_is_the_larger_of_m_and_r(void **state)
{
	struct site_register reg = make_register(1, 2, 5);

	(void)state;
	assert_int_equal(register_quorum(&reg), 4);
	reg.m = 4;
	assert_int_equal(register_quorum(&reg), 4);
	reg.m = 3;
	assert_int_equal(register_quorum(&reg), 3);
}

static void
registers_are_equal_whatever_the_order_of_their_sites(void **state)
{
	struct site_register a = make_register(4, 2, 3), b = a;
	uint8_t id[OBJECT_ID_SIZE];

	(void)state;
	memcpy(id, b.ids[0], sizeof(id));
	memcpy(b.ids[0], b.ids[2], sizeof(id));
	memcpy(b.ids[2], id, sizeof(id));
	assert_true(register_equal(&a, &b));
	assert_true(register_contains(&b, id));
	b.ids[1][15] ^= 1;
	assert_false(register_equal(&a, &b));
	assert_false(register_contains(&b, a.ids[1]));
	b = a;
	b.version++;
	assert_false(register_equal(&a, &b));
	b = a;
	b.m = 1;
	assert_false(register_equal(&a, &b));
	b = a;
	b.n = 2;
	assert_false(register_equal(&a, &b));
	assert_false(register_equal(&b, &a));
	assert_false(register_contains(&b, a.ids[2]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fence_of_two_registers_is_read_back),
	    cmocka_unit_test(the_largest_fence_fits),
	    cmocka_unit_test(fences_that_a_reader_would_refuse_are_not_written),
	    cmocka_unit_test(every_changed_bit_and_length_is_damage),
	    cmocka_unit_test(fields_that_are_not_well_formed_are_damage),
	    cmocka_unit_test(a_fence_of_three_registers_is_damage),
	    cmocka_unit_test(r_is_n_minus_m_plus_1),
	    cmocka_unit_test(a_quorum_is_the_larger_of_m_and_r),
	    cmocka_unit_test(
		registers_are_equal_whatever_the_order_of_their_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
