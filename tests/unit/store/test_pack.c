/* test_pack.c - packs (store/pack.c): what is written is read, every other byte
 * is damage. */
#include <string.h>

#include "lib/test.h"
#include "store/pack.h"
#include "store/segment.h"

enum { NUMBERS = 3, TENANT = 9 };

static const uint64_t sizes[NUMBERS] = {100, 1, 3000};

static void
entries_make(struct pack_entry entries[NUMBERS])
{
	size_t i;

	memset(entries, 0, NUMBERS * sizeof(entries[0]));
	for (i = 0; i < NUMBERS; i++) {
		entries[i].number = 41 + i;
		entries[i].generation.counter = 2;
		entries[i].generation.attempt = i;
		memset(entries[i].hash, (int)(0xa0 + i), OBJECT_HASH_SIZE);
		entries[i].size = sizes[i];
	}
}

static void
pack_make(struct op *op, struct buf *out, struct pack_name *name)
{
	struct pack_entry entries[NUMBERS];
	uint8_t *room;
	size_t i;

	buf_init(out, PACK_SIZE_MAX);
	entries_make(entries);
	ASSERT_OK(op, pack_begin(op, TENANT, entries, NUMBERS, out));
	for (i = 0; i < NUMBERS; i++) {
		assert_int_equal(entries[i].offset, out->size);
		ASSERT_OK(op, buf_grow(op, out, (size_t)sizes[i], &room));
		memset(room, (int)(i + 1), (size_t)sizes[i]);
	}
	ASSERT_OK(op, pack_end(op, entries, NUMBERS, out, name));
}

static void
a_pack_is_read_as_it_was_written(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct pack_name name;
	struct pack pack;
	struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	pack_make(&op, &out, &name);
	assert_int_equal(name.first, 41);
	assert_int_equal(name.last, 43);
	ASSERT_OK(&op, pack_parse(&op, buf_span(&out), &pack));
	assert_int_equal(pack.tenant, TENANT);
	assert_int_equal(pack.n, NUMBERS);
	assert_memory_equal(&pack.name, &name, sizeof(name));
	for (i = 0; i < NUMBERS; i++) {
		assert_int_equal(pack.entries[i].number, 41 + i);
		assert_int_equal(pack.entries[i].generation.attempt, i);
		assert_int_equal(pack.entries[i].size, sizes[i]);
		assert_int_equal(out.data[pack.entries[i].offset], i + 1);
		assert_int_equal(pack.entries[i].hash[31], 0xa0 + i);
	}
	op_release(&op);
}

static void
the_directory_is_read_without_the_rest(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct pack_name name;
	struct pack pack;
	struct op op;
	uint64_t tail;
	size_t i;

	(void)state;
	op_init(&op);
	pack_make(&op, &out, &name);
	ASSERT_OK(&op, pack_tail_size(&op,
			   span_of(out.data + out.size - PACK_TRAILER_SIZE,
			       PACK_TRAILER_SIZE),
			   out.size, &tail));
	assert_int_equal(tail, NUMBERS * PACK_ENTRY_SIZE + PACK_TRAILER_SIZE);
	/* The segments' own bytes prove themselves. */
	for (i = PACK_HEADER_SIZE; i < out.size - tail; i++)
		out.data[i] ^= 0xff;
	ASSERT_OK(&op, pack_directory(&op, span_of(out.data, PACK_HEADER_SIZE),
			   span_of(out.data + out.size - tail, (size_t)tail),
			   out.size, &pack));
	assert_int_equal(pack.n, NUMBERS);
	ASSERT_RC(&op, RC_DAMAGED, pack_parse(&op, buf_span(&out), &pack));
	op_release(&op);
}

static void
each_changed_or_missing_byte_is_damage(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct pack_name name;
	struct pack pack;
	struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	pack_make(&op, &out, &name);
	for (i = 0; i < out.size; i++) {
		out.data[i] ^= (uint8_t)(1 << i % 8);
		ASSERT_RC(
		    &op, RC_DAMAGED, pack_parse(&op, buf_span(&out), &pack));
		out.data[i] ^= (uint8_t)(1 << i % 8);
		ASSERT_RC(&op, RC_DAMAGED,
		    pack_parse(&op, span_of(out.data, i), &pack));
	}
	ASSERT_OK(&op, pack_parse(&op, buf_span(&out), &pack));
	op_release(&op);
}

static void
what_no_reader_takes_is_not_written(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct pack_entry entries[NUMBERS];
	struct pack_name name;
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&out, PACK_SIZE_MAX);
	entries_make(entries);
	ASSERT_RC(&op, RC_INVALID, pack_begin(&op, TENANT, entries, 0, &out));
	entries[1].number = 44;
	ASSERT_RC(
	    &op, RC_INVALID, pack_begin(&op, TENANT, entries, NUMBERS, &out));
	entries_make(entries);
	entries[2].size = SEGMENT_NUMBERED_MAX + 1;
	ASSERT_RC(
	    &op, RC_INVALID, pack_begin(&op, TENANT, entries, NUMBERS, &out));
	entries_make(entries);
	entries[0].generation.attempt = UINT64_C(1) << 32;
	ASSERT_RC(
	    &op, RC_INVALID, pack_begin(&op, TENANT, entries, NUMBERS, &out));
	entries_make(entries);
	ASSERT_OK(&op, pack_begin(&op, TENANT, entries, NUMBERS, &out));
	ASSERT_RC(
	    &op, RC_INVALID, pack_end(&op, entries, NUMBERS, &out, &name));
	op_release(&op);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pack_is_read_as_it_was_written),
	    cmocka_unit_test(the_directory_is_read_without_the_rest),
	    cmocka_unit_test(each_changed_or_missing_byte_is_damage),
	    cmocka_unit_test(what_no_reader_takes_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
