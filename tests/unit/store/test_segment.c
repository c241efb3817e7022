/* test_segment.c - segments: round trips, and each way of changing one is seen.
 */
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "segment_fixture.h"

/* A segment built for a test, and all that it was built of. */
struct world {
	struct op op;
	struct keyring *keys;
	struct buf bytes;
	uint8_t hash[OBJECT_HASH_SIZE];
};

static void
world_init(struct world *world)
{
	op_init(&world->op);
	fixture_rand_seed(1);
	world->keys = fixture_keyring(&world->op, FIXTURE_TENANT);
	buf_init(&world->bytes, (size_t)64 << 20);
}

static void
world_release(struct world *world)
{
	keyring_free(world->keys);
	buf_release(&world->bytes);
	op_release(&world->op);
}

static void
take(struct world *world, struct span bytes)
{
	buf_clear(&world->bytes);
	ASSERT_OK(&world->op, buf_add(&world->op, &world->bytes, bytes));
}

/* A small segment: chunk, changeset, fact of the given text. */
static void
build_small(struct world *world, uint64_t number, const char *fact)
{
	struct segment_header header =
	    fixture_numbered(number, SEGMENT_CHANGES);
	CLEANUP(segment_writer_release) struct segment_writer w;
	CLEANUP(buf_release) struct buf chunk = {0};
	struct op *op = &world->op;
	uint64_t offset;

	buf_init(&chunk, 1 << 20);
	fixture_chunk(op, &chunk, span_str("contents"), 0xc0);
	ASSERT_OK(op, segment_begin(op, &w, &header, world->keys));
	ASSERT_OK(op, segment_add_chunk(op, &w, buf_span(&chunk), 8, &offset));
	assert_int_equal(offset, 124);
	ASSERT_OK(op, segment_add_record(
			  op, &w, SEGMENT_CHANGESET, span_str("changes!")));
	ASSERT_OK(op, segment_add_record(op, &w, SEGMENT_FACT, span_str(fact)));
	ASSERT_OK(op, segment_end(op, &w, world->hash));
	take(world, buf_span(&w.out));
}

static void
build_small_data(struct world *world)
{
	struct segment_header header = fixture_data();
	CLEANUP(data_writer_release) struct data_writer w;
	struct op *op = &world->op;
	struct segment_data data;
	struct fixture_sink sink;

	fixture_sink_init(&sink);
	ASSERT_OK(op, data_begin(op, &w, &header, &sink.base));
	ASSERT_OK(op, fixture_data_chunk(op, &w, span_str("one"), 0xc0));
	ASSERT_OK(op, fixture_data_chunk(op, &w, span_str("second"), 0xc1));
	ASSERT_OK(op, data_end(op, &w, &data));
	take(world, buf_span(&sink.out));
	memcpy(world->hash, data.hash, sizeof(data.hash));
	buf_release(&sink.out);
}

static enum rc
open_chunk(struct op *op, const struct segment *segment, size_t i,
    uint8_t key_byte, uint8_t *out)
{
	const struct segment_item *item = &segment->items[i];
	uint8_t key[AEAD_KEY_SIZE];

	memset(key, key_byte, sizeof(key));
	return aead_open(op, span_of(key, sizeof(key)), segment_chunk_ad(),
	    span_of(segment->bytes.data + item->offset,
		aead_sealed_size(item->plain_size)),
	    out, item->plain_size);
}

/* Everything that a reader with all keys opens; chunk i is under key 0xc0 + i.
 */
static enum rc
open_all(struct op *op, struct span bytes, const struct keyring *keys)
{
	CLEANUP(buf_release) struct buf out = {0};
	uint8_t chunk[64];
	struct segment segment;
	size_t i;

	buf_init(&out, SEGMENT_NUMBERED_MAX);
	TRY(segment_parse(op, bytes, &segment));
	if (segment.header.kind == SEGMENT_NUMBERED)
		TRY(segment_check_index(op, &segment, keys));
	for (i = 0; i < segment.n_items; i++) {
		if (segment.items[i].type != SEGMENT_CHUNK) {
			TRY(segment_open_record(op, &segment, i, keys, &out));
			continue;
		}
		if (segment.items[i].plain_size > sizeof(chunk))
			return RC_DAMAGED;
		TRY(open_chunk(op, &segment, i, (uint8_t)(0xc0 + i), chunk));
	}
	return RC_OK;
}

/* ---- round trips ---- */

static void
an_opening_without_items_reads_back(void **state)
{
	struct segment_header header = fixture_numbered(1, SEGMENT_OPENING);
	CLEANUP(segment_writer_release) struct segment_writer w;
	uint8_t hash[OBJECT_HASH_SIZE];
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	size_t expected;

	(void)state;
	world_init(&world);
	ASSERT_OK(op, segment_begin(op, &w, &header, world.keys));
	expected = segment_writer_size(&w);
	ASSERT_OK(op, segment_end(op, &w, hash));
	assert_int_equal(w.out.size, expected);
	ASSERT_OK(op, segment_parse(op, buf_span(&w.out), &segment));
	assert_memory_equal(segment.hash, hash, sizeof(hash));
	assert_int_equal(segment.n_items, 0);
	assert_int_equal(segment.header.role, SEGMENT_OPENING);
	assert_int_equal(segment.header.number, 1);
	assert_int_equal(segment.header.n_adds, 0);
	ASSERT_OK(op, segment_check_index(op, &segment, world.keys));
	world_release(&world);
}

static void
changes_and_chunks_read_back_in_order(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	uint8_t chunk[8];

	(void)state;
	world_init(&world);
	buf_init(&out, 1 << 20);
	build_small(&world, 5, "a fact");
	ASSERT_OK(op, segment_parse(op, buf_span(&world.bytes), &segment));
	assert_memory_equal(segment.hash, world.hash, sizeof(world.hash));
	ASSERT_OK(op, segment_check_index(op, &segment, world.keys));
	assert_int_equal(segment.n_items, 3);
	ASSERT_OK(op, open_chunk(op, &segment, 0, 0xc0, chunk));
	assert_memory_equal(chunk, "contents", 8);
	assert_int_equal(segment.items[1].type, SEGMENT_CHANGESET);
	assert_int_equal(segment.items[1].record, 0);
	ASSERT_OK(op, segment_open_record(op, &segment, 1, world.keys, &out));
	assert_true(span_equal(buf_span(&out), span_str("changes!")));
	assert_int_equal(segment.items[2].record, 1);
	ASSERT_OK(op, segment_open_record(op, &segment, 2, world.keys, &out));
	assert_true(span_equal(buf_span(&out), span_str("a fact")));
	ASSERT_RC(op, RC_INVALID,
	    segment_open_record(op, &segment, 0, world.keys, &out));
	ASSERT_RC(op, RC_INVALID,
	    segment_open_record(op, &segment, 3, world.keys, &out));
	world_release(&world);
}

static const size_t sizes[] = {
    0, 1, 15, 16, 65535, 65536, 65537, 131071, 131072, 131073, 1 << 20};

static void
records_of_every_size_around_the_frames_read_back(void **state)
{
	struct segment_header header = fixture_numbered(9, SEGMENT_CHANGES);
	CLEANUP(buf_release) struct buf out = {0};
	uint8_t *text = mem_alloc(1 << 20);
	struct world world;
	struct op *op = &world.op;
	size_t i;

	(void)state;
	world_init(&world);
	buf_init(&out, 2 << 20);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(segment_writer_release) struct segment_writer w;
		uint8_t hash[OBJECT_HASH_SIZE];
		struct segment segment;
		size_t expected;

		fixture_text(text, sizes[i], (unsigned)i);
		ASSERT_OK(op, segment_begin(op, &w, &header, world.keys));
		ASSERT_OK(op, segment_add_record(op, &w, SEGMENT_CHANGESET,
				  span_of(text, sizes[i])));
		expected = segment_writer_size(&w);
		ASSERT_OK(op, segment_end(op, &w, hash));
		assert_int_equal(w.out.size, expected);
		ASSERT_OK(op, segment_parse(op, buf_span(&w.out), &segment));
		ASSERT_OK(op, segment_check_index(op, &segment, world.keys));
		ASSERT_OK(
		    op, segment_open_record(op, &segment, 0, world.keys, &out));
		assert_true(
		    span_equal(buf_span(&out), span_of(text, sizes[i])));
	}
	mem_free(text);
	world_release(&world);
}

static void
data_segments_of_many_chunks_read_back(void **state)
{
	static const size_t large[] = {
	    0, 1, 65535, 65536, 65537, 4194303, 4194304, 200, 131072, 4194304};
	struct segment_header header = fixture_data();
	CLEANUP(data_writer_release) struct data_writer w;
	uint8_t *text = mem_alloc(SEGMENT_CHUNK_MAX);
	uint8_t *back = mem_alloc(SEGMENT_CHUNK_MAX);
	uint64_t offsets[ARRAY_LEN(large)];
	struct segment_data data;
	struct fixture_sink sink;
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	size_t i;

	(void)state;
	world_init(&world);
	fixture_sink_init(&sink);
	ASSERT_OK(op, data_begin(op, &w, &header, &sink.base));
	for (i = 0; i < ARRAY_LEN(large); i++) {
		fixture_text(text, large[i], (unsigned)i);
		offsets[i] = data_offset(&w);
		ASSERT_OK(op, fixture_data_chunk(
				  op, &w, span_of(text, large[i]), (uint8_t)i));
	}
	ASSERT_OK(op, data_end(op, &w, &data));
	assert_int_equal(data.size, sink.out.size);
	assert_memory_equal(data.id, header.data_id, sizeof(data.id));
	ASSERT_OK(op, segment_parse(op, buf_span(&sink.out), &segment));
	assert_memory_equal(segment.hash, data.hash, sizeof(data.hash));
	assert_int_equal(segment.n_items, ARRAY_LEN(large));
	assert_int_equal(segment.header.kind, SEGMENT_DATA);
	for (i = 0; i < ARRAY_LEN(large); i++) {
		assert_int_equal(segment.items[i].plain_size, large[i]);
		assert_int_equal(segment.items[i].offset, offsets[i]);
		fixture_text(text, large[i], (unsigned)i);
		ASSERT_OK(op, open_chunk(op, &segment, i, (uint8_t)i, back));
		assert_memory_equal(back, text, large[i]);
	}
	ASSERT_RC(
	    op, RC_INVALID, segment_check_index(op, &segment, world.keys));
	mem_free(text);
	mem_free(back);
	buf_release(&sink.out);
	world_release(&world);
}

static void
full_sections_read_back(void **state)
{
	enum { N = 3000 };
	static struct segment_data list[N];
	static struct segment_aside aside[N];
	struct segment_header header = fixture_numbered(4, SEGMENT_SNAPSHOT);
	CLEANUP(segment_writer_release) struct segment_writer w;
	uint8_t hash[OBJECT_HASH_SIZE];
	struct segment_header head;
	struct segment segment;
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	fixture_text((uint8_t *)list, sizeof(list), 1);
	fixture_text((uint8_t *)aside, sizeof(aside), 2);
	header.adds = header.drops = header.live = list;
	header.n_adds = 1, header.n_drops = 2, header.n_live = N;
	header.aside = header.losses = aside;
	header.n_aside = N, header.n_losses = 7;
	ASSERT_OK(op, segment_begin(op, &w, &header, world.keys));
	ASSERT_OK(op, segment_add_record(op, &w, SEGMENT_FACT, span_str("S")));
	ASSERT_OK(op, segment_end(op, &w, hash));
	ASSERT_OK(op, segment_parse(op, buf_span(&w.out), &segment));
	ASSERT_OK(op, segment_check_index(op, &segment, world.keys));
	assert_int_equal(segment.header.n_adds, 1);
	assert_int_equal(segment.header.n_drops, 2);
	assert_int_equal(segment.header.n_live, N);
	assert_int_equal(segment.header.n_aside, N);
	assert_int_equal(segment.header.n_losses, 7);
	assert_memory_equal(segment.header.live, list, sizeof(list));
	assert_memory_equal(segment.header.aside, aside, sizeof(aside));
	/* The header alone, from exactly its bytes, and from too few. */
	ASSERT_OK(op, segment_parse_header(op,
			  span_of(w.out.data, segment.items[0].offset), &head));
	assert_memory_equal(head.live, list, sizeof(list));
	ASSERT_RC(op, RC_LIMIT,
	    segment_parse_header(
		op, span_of(w.out.data, segment.items[0].offset - 1), &head));
	ASSERT_RC(op, RC_LIMIT,
	    segment_parse_header(op, span_of(w.out.data, 9), &head));
	world_release(&world);
}

/* ---- changed bytes ---- */

static void
refuse_each_flip(struct world *world)
{
	uint8_t *bytes = world->bytes.data;
	struct segment segment;
	struct op *op = &world->op;
	size_t i;
	unsigned bit;

	for (i = 0; i < world->bytes.size; i++)
		for (bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1u << bit);
			ASSERT_RC(op, RC_DAMAGED,
			    segment_parse(
				op, buf_span(&world->bytes), &segment));
			bytes[i] ^= (uint8_t)(1u << bit);
		}
	ASSERT_OK(op, open_all(op, buf_span(&world->bytes), world->keys));
}

static void
every_flipped_bit_is_damage_without_any_key(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	build_small(&world, 1000, "fact");
	refuse_each_flip(&world);
	build_small_data(&world);
	refuse_each_flip(&world);
	world_release(&world);
}

/* Whoever has no key can make both sums right again. */
static void
refuse_each_flip_with_new_sums(struct world *world, size_t covered)
{
	CLEANUP(buf_release) struct buf copy = {0};
	struct op *op = &world->op;
	size_t i;
	unsigned bit;

	buf_init(&copy, SEGMENT_DATA_MAX);
	for (i = 0; i < covered; i++)
		for (bit = 0; bit < 8; bit++) {
			enum rc rc;

			buf_clear(&copy);
			ASSERT_OK(
			    op, buf_add(op, &copy, buf_span(&world->bytes)));
			copy.data[i] ^= (uint8_t)(1u << bit);
			segment_sums_fix(copy.data, copy.size);
			rc = open_all(op, buf_span(&copy), world->keys);
			/* A newer format or another epoch are no damage. */
			if (rc != RC_DAMAGED && rc != RC_REFUSED &&
			    rc != RC_NOT_FOUND)
				fail_msg(
				    "byte %zu bit %u: %s", i, bit, rc_name(rc));
			op_clear_error(op);
		}
}

static void
every_flipped_bit_of_a_numbered_segment_is_seen_with_keys_when_its_sums_are_made_anew(
    void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	build_small(&world, 1000, "fact");
	/* All but the sums themselves, which are made anew. */
	refuse_each_flip_with_new_sums(&world, world.bytes.size - 48);
	world_release(&world);
}

/* A data segment's header is bound by its hash, which the log names; its frames
 * by chunk keys. */
static void
every_flipped_bit_of_a_data_segment_is_seen_when_its_sums_are_made_anew(
    void **state)
{
	CLEANUP(buf_release) struct buf copy = {0};
	struct world world;
	struct op *op = &world.op;
	size_t i;

	(void)state;
	world_init(&world);
	buf_init(&copy, 1 << 20);
	build_small_data(&world);
	for (i = 0; i < world.bytes.size - 48; i++) {
		struct segment segment;

		buf_clear(&copy);
		ASSERT_OK(op, buf_add(op, &copy, buf_span(&world.bytes)));
		copy.data[i] ^= 0x10;
		segment_sums_fix(copy.data, copy.size);
		if (segment_parse(op, buf_span(&copy), &segment) == RC_OK &&
		    memcmp(segment.hash, world.hash, sizeof(world.hash)) == 0)
			assert_int_not_equal(
			    open_all(op, buf_span(&copy), NULL), RC_OK);
		op_clear_error(op);
	}
	world_release(&world);
}

static void
refuse_other_lengths(struct world *world)
{
	struct segment segment;
	struct op *op = &world->op;
	size_t size;

	for (size = 0; size < world->bytes.size; size++) {
		/* Of its own size, so that ASan sees a read beyond it. */
		uint8_t *exact = mem_alloc(size);

		memcpy(exact, world->bytes.data, size);
		ASSERT_RC(op, RC_DAMAGED,
		    segment_parse(op, span_of(exact, size), &segment));
		if (size >= 124 + 72) {
			segment_sums_fix(exact, size);
			ASSERT_RC(op, RC_DAMAGED,
			    segment_parse(op, span_of(exact, size), &segment));
		}
		mem_free(exact);
	}
	ASSERT_OK(op, buf_add(op, &world->bytes, span_of("", 1)));
	ASSERT_RC(op, RC_DAMAGED,
	    segment_parse(op, buf_span(&world->bytes), &segment));
	segment_sums_fix(world->bytes.data, world->bytes.size);
	ASSERT_RC(op, RC_DAMAGED,
	    segment_parse(op, buf_span(&world->bytes), &segment));
}

static void
every_other_length_is_damage(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	build_small(&world, 1000, "fact");
	refuse_other_lengths(&world);
	build_small_data(&world);
	refuse_other_lengths(&world);
	world_release(&world);
}

/* ---- moved and missing pieces ---- */

/* Puts record i of from, frames and directory entry, in the place of record k
 * of to. */
static void
move_record(struct world *to, size_t k, struct world *from, size_t i)
{
	struct segment a, b;
	struct op *op = &to->op;
	size_t size, entry = 8;

	ASSERT_OK(op, segment_parse(op, buf_span(&from->bytes), &a));
	ASSERT_OK(op, segment_parse(op, buf_span(&to->bytes), &b));
	assert_int_equal(a.items[i].plain_size, b.items[k].plain_size);
	size = aead_sealed_size(a.items[i].plain_size);
	memcpy(to->bytes.data + b.items[k].offset,
	    from->bytes.data + a.items[i].offset, size);
	/* Item 0 is a chunk: 8 bytes; the records follow with 72 each. */
	memcpy(to->bytes.data + b.directory_offset + entry + 72 * (k - 1),
	    from->bytes.data + a.directory_offset + entry + 72 * (i - 1), 72);
	segment_sums_fix(to->bytes.data, to->bytes.size);
}

static void
records_swapped_between_segments_fail_to_open(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct world a, b;
	struct segment segment;

	(void)state;
	buf_init(&out, 1 << 20);
	world_init(&a);
	world_init(&b); /* from the same seed: the same keys */
	build_small(&a, 1000, "fact one");
	build_small(&b, 1001, "fact two");
	move_record(&a, 2, &b, 2);
	ASSERT_OK(&a.op, segment_parse(&a.op, buf_span(&a.bytes), &segment));
	ASSERT_RC(
	    &a.op, RC_DAMAGED, segment_check_index(&a.op, &segment, a.keys));
	ASSERT_RC(&a.op, RC_DAMAGED,
	    segment_open_record(&a.op, &segment, 2, a.keys, &out));
	assert_int_equal(out.size, 0);
	ASSERT_OK(&a.op, segment_open_record(&a.op, &segment, 1, a.keys, &out));
	world_release(&a);
	world_release(&b);
}

static void
records_swapped_inside_a_segment_fail_to_open(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct world a, b;
	struct segment segment;

	(void)state;
	buf_init(&out, 1 << 20);
	world_init(&a);
	world_init(&b);
	build_small(&a, 1000, "8 bytes.");
	take(&b, buf_span(&a.bytes));
	move_record(&a, 1, &b, 2);
	ASSERT_OK(&a.op, segment_parse(&a.op, buf_span(&a.bytes), &segment));
	ASSERT_RC(
	    &a.op, RC_DAMAGED, segment_check_index(&a.op, &segment, a.keys));
	ASSERT_RC(&a.op, RC_DAMAGED,
	    segment_open_record(&a.op, &segment, 1, a.keys, &out));
	world_release(&a);
	world_release(&b);
}

/* Takes the last record out and makes directory, positions and sums fit. */
static void
drop_last_record(struct world *world)
{
	uint8_t *bytes = world->bytes.data;
	struct op *op = &world->op;
	struct segment segment;
	size_t frames, body_end, entries, tail;
	const struct segment_item *last;
	uint64_t directory, index;

	ASSERT_OK(op, segment_parse(op, buf_span(&world->bytes), &segment));
	last = &segment.items[segment.n_items - 1];
	frames = aead_sealed_size(last->plain_size);
	body_end = last->offset;
	entries = segment.index_offset - segment.directory_offset - 72;
	tail = world->bytes.size - segment.index_offset;
	memmove(bytes + body_end, bytes + segment.directory_offset, entries);
	memmove(bytes + body_end + entries, bytes + segment.index_offset, tail);
	world->bytes.size -= frames + 72;
	directory = body_end;
	index = body_end + entries;
	memcpy(bytes + world->bytes.size - 64, &directory, 8);
	memcpy(bytes + world->bytes.size - 56, &index, 8);
	segment_sums_fix(bytes, world->bytes.size);
}

static void
a_dropped_last_record_is_caught_by_the_sealed_index(void **state)
{
	struct segment segment;
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	build_small(&world, 1000, "fact");
	drop_last_record(&world);
	ASSERT_OK(op, segment_parse(op, buf_span(&world.bytes), &segment));
	assert_int_equal(segment.n_items, 2);
	ASSERT_RC(
	    op, RC_DAMAGED, segment_check_index(op, &segment, world.keys));
	world_release(&world);
}

static void
foreign_keys_open_nothing(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct keyring *other_keys;
	struct segment segment;
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	buf_init(&out, 1 << 20);
	build_small(&world, 1000, "fact");
	other_keys = fixture_keyring(op, FIXTURE_TENANT);
	ASSERT_OK(op, segment_parse(op, buf_span(&world.bytes), &segment));
	/* Its very keys, but it lies in another tenant's folder. */
	world.keys->tenant = FIXTURE_TENANT + 1;
	ASSERT_RC(
	    op, RC_DAMAGED, segment_check_index(op, &segment, world.keys));
	ASSERT_RC(op, RC_DAMAGED,
	    segment_open_record(op, &segment, 1, world.keys, &out));
	world.keys->tenant = FIXTURE_TENANT;
	ASSERT_RC(
	    op, RC_DAMAGED, segment_check_index(op, &segment, other_keys));
	ASSERT_RC(op, RC_DAMAGED,
	    segment_open_record(op, &segment, 1, other_keys, &out));
	ASSERT_OK(op, keyring_drop_epoch(op, world.keys, 1));
	ASSERT_RC(
	    op, RC_NOT_FOUND, segment_check_index(op, &segment, world.keys));
	ASSERT_RC(op, RC_NOT_FOUND,
	    segment_open_record(op, &segment, 1, world.keys, &out));
	keyring_free(other_keys);
	world_release(&world);
}

static void
an_epoch_changed_in_the_header_opens_nothing(void **state)
{
	struct segment segment;
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	build_small(&world, 1000, "fact");
	assert_int_equal(world.bytes.data[20], 1);
	world.bytes.data[20] = 2;
	segment_sums_fix(world.bytes.data, world.bytes.size);
	ASSERT_OK(op, segment_parse(op, buf_span(&world.bytes), &segment));
	ASSERT_RC(
	    op, RC_DAMAGED, segment_check_index(op, &segment, world.keys));
	world_release(&world);
}

/* ---- a header that is not one ---- */

enum { HEADER_SECTIONS = 124 };

struct bad_header {
	const char *what;
	size_t at;
	size_t size;
	uint64_t value;
	enum rc expected;
};

/* An object with two sections: adds at 124 (one entry), aside at 188 (one
 * entry). */
static void
build_sections(struct world *world)
{
	static const struct segment_data data = {.id = {1}, .size = 5};
	static const struct segment_aside aside = {.number = 2};
	struct segment_header header = fixture_numbered(1000, SEGMENT_OPENING);
	CLEANUP(segment_writer_release) struct segment_writer w;
	struct op *op = &world->op;

	header.adds = &data, header.n_adds = 1;
	header.aside = &aside, header.n_aside = 1;
	ASSERT_OK(op, segment_begin(op, &w, &header, world->keys));
	ASSERT_OK(op, segment_end(op, &w, world->hash));
	take(world, buf_span(&w.out));
}

static void
put(uint8_t *at, size_t size, uint64_t value)
{
	for (; size > 0; size--, value >>= 8)
		*at++ = (uint8_t)value;
}

static void
headers_that_are_not_well_formed_are_damage(void **state)
{
	static const struct bad_header bad[] = {
	    {"a newer format", 8, 2, 2, RC_REFUSED},
	    {"format 0", 8, 2, 0, RC_DAMAGED},
	    {"a kind that is not the magic's", 10, 2, 2, RC_DAMAGED},
	    {"kind 0", 10, 2, 0, RC_DAMAGED},
	    {"role 0", 12, 2, 0, RC_DAMAGED},
	    {"an unknown role", 12, 2, 6, RC_DAMAGED},
	    {"changes without a record", 12, 2, 1, RC_DAMAGED},
	    {"the reserved field", 14, 2, 1, RC_DAMAGED},
	    {"header size too small", 16, 4, 123, RC_DAMAGED},
	    {"header size of the fixed part", 16, 4, 124, RC_DAMAGED},
	    {"header size one less", 16, 4, 251, RC_DAMAGED},
	    {"header size one more", 16, 4, 253, RC_DAMAGED},
	    {"header size beyond the object", 16, 4, 1000, RC_DAMAGED},
	    {"header size beyond all", 16, 4, 0xffffffff, RC_DAMAGED},
	    {"no epoch", 20, 4, 0, RC_DAMAGED},
	    {"no number", 32, 8, 0, RC_DAMAGED},
	    {"number 1 with a previous", 32, 8, 1, RC_DAMAGED},
	    {"an attempt beyond 32 bits", 48, 8, 1ULL << 32, RC_DAMAGED},
	    {"a data id", 72, 1, 1, RC_DAMAGED},
	    {"one section told", 120, 4, 1, RC_DAMAGED},
	    {"three sections told", 120, 4, 3, RC_DAMAGED},
	    {"no sections told", 120, 4, 0, RC_DAMAGED},
	    {"sections beyond all", 120, 4, 0xffffffff, RC_DAMAGED},
	    {"section 0", 124, 2, 0, RC_DAMAGED},
	    {"an unknown section", 188, 2, 8, RC_DAMAGED},
	    {"a doubled section", 188, 2, 1, RC_DAMAGED},
	    {"sections in another order", 124, 2, 4, RC_DAMAGED},
	    {"a section's reserved field", 126, 2, 1, RC_DAMAGED},
	    {"a section without entries", 128, 4, 0, RC_DAMAGED},
	    {"more entries than there are", 128, 4, 2, RC_DAMAGED},
	    {"far more entries than there are", 192, 4, 3, RC_DAMAGED},
	    {"entries up to the limit", 128, 4, 65536, RC_DAMAGED},
	    {"entries beyond the limit", 128, 4, 65537, RC_DAMAGED},
	    {"entries beyond all", 192, 4, 0xffffffff, RC_DAMAGED},
	};
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	size_t i;

	(void)state;
	world_init(&world);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		enum rc rc;

		build_sections(&world);
		put(world.bytes.data + bad[i].at, bad[i].size, bad[i].value);
		segment_sums_fix(world.bytes.data, world.bytes.size);
		rc = segment_parse(op, buf_span(&world.bytes), &segment);
		if (rc != bad[i].expected)
			fail_msg("%s: %s", bad[i].what, rc_name(rc));
		op_clear_error(op);
	}
	assert_true(op->arena.used < 1 << 20);
	world_release(&world);
}

static void
a_rotten_format_is_damage_not_a_newer_format(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	world_init(&world);
	build_sections(&world);
	world.bytes.data[8] = 2;
	ASSERT_RC(&world.op, RC_DAMAGED,
	    segment_parse(&world.op, buf_span(&world.bytes), &segment));
	world_release(&world);
}

/* ---- objects made by hand, with right sums ---- */

static const uint8_t end_magic[] = {'d', 'o', 'z', 'o', '-', 'e', 'n', 'd'};

/* An object of the given header, zeroes as body, directory (and a sealed index
 * of zeroes, in a numbered one). */
static void
build_raw(
    struct world *world, struct span header, size_t body, struct span directory)
{
	bool numbered = memcmp(header.data, "dozo-log", 8) == 0;
	struct op *op = &world->op;
	uint64_t at = header.size + body;
	uint64_t index = at + directory.size;
	uint8_t *p;

	buf_clear(&world->bytes);
	ASSERT_OK(op,
	    buf_grow(op, &world->bytes, index + (numbered ? 120 : 0) + 72, &p));
	memset(p, 0, world->bytes.size);
	memcpy(p, header.data, header.size);
	put(p + 16, 4, header.size);
	if (directory.size > 0)
		memcpy(p + at, directory.data, directory.size);
	p += world->bytes.size - 72;
	memcpy(p, end_magic, sizeof(end_magic));
	put(p + 8, 8, at);
	put(p + 16, 8, numbered ? index : 0);
	segment_sums_fix(world->bytes.data, world->bytes.size);
}

/* A data segment of n items of plain bytes each. */
static enum rc
parse_raw_data(struct world *world, size_t n, uint64_t plain, uint32_t type)
{
	size_t sealed =
	    plain == 0 ? 16 : plain + 16 * ((plain + 65535) / 65536);
	size_t entry = type == SEGMENT_CHUNK ? 8 : 72, i;
	uint8_t *directory = mem_alloc(n * entry);
	struct segment segment;
	uint8_t header[124];
	enum rc rc;

	build_small_data(world);
	memcpy(header, world->bytes.data, sizeof(header));
	for (i = 0; i < n; i++) {
		put(directory + i * entry, 4, type);
		put(directory + i * entry + 4, 4, plain);
	}
	build_raw(world, span_of(header, sizeof(header)), n * sealed,
	    span_of(directory, n * entry));
	mem_free(directory);
	rc = segment_parse(&world->op, buf_span(&world->bytes), &segment);
	op_clear_error(&world->op);
	return rc;
}

static void
objects_over_a_readers_limits_are_damage(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	assert_int_equal(parse_raw_data(&world, 0, 0, 1), RC_OK);
	assert_int_equal(
	    parse_raw_data(&world, SEGMENT_ITEMS_MAX, 0, 1), RC_OK);
	assert_int_equal(
	    parse_raw_data(&world, SEGMENT_ITEMS_MAX + 1, 0, 1), RC_DAMAGED);
	assert_int_equal(
	    parse_raw_data(&world, 1, SEGMENT_CHUNK_MAX, 1), RC_OK);
	assert_int_equal(
	    parse_raw_data(&world, 1, SEGMENT_CHUNK_MAX + 1, 1), RC_DAMAGED);
	assert_int_equal(
	    parse_raw_data(&world, 4, SEGMENT_CHUNK_MAX, 1), RC_OK);
	assert_int_equal(
	    parse_raw_data(&world, 5, SEGMENT_CHUNK_MAX, 1), RC_DAMAGED);
	/* Records have no place in a data segment. */
	assert_int_equal(
	    parse_raw_data(&world, 1, 10, SEGMENT_FACT), RC_DAMAGED);
	world_release(&world);
}

/* A body that is longer or shorter than the directory tells, its hash made over
 * what it tells. */
static void
a_body_that_the_directory_does_not_fill_is_damage(void **state)
{
	struct segment segment;
	uint8_t header[124], directory[8];
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	build_small_data(&world);
	memcpy(header, world.bytes.data, sizeof(header));
	put(directory, 4, SEGMENT_CHUNK);
	put(directory + 4, 4, 10);
	build_raw(&world, span_of(header, 124), 26, span_of(directory, 8));
	ASSERT_OK(op, segment_parse(op, buf_span(&world.bytes), &segment));
	build_raw(&world, span_of(header, 124), 27, span_of(directory, 8));
	ASSERT_RC(op, RC_DAMAGED,
	    segment_parse(op, buf_span(&world.bytes), &segment));
	build_raw(&world, span_of(header, 124), 25, span_of(directory, 8));
	ASSERT_RC(op, RC_DAMAGED,
	    segment_parse(op, buf_span(&world.bytes), &segment));
	world_release(&world);
}

static void
a_section_without_entries_is_damage_where_all_else_fits(void **state)
{
	struct segment segment;
	uint8_t header[124 + 8 + 64];
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	build_sections(&world);
	/* The second section moves up, to where the first one's entry was. */
	memcpy(header, world.bytes.data, 132);
	memcpy(header + 132, world.bytes.data + 188, 64);
	put(header + 128, 4, 0);
	build_raw(&world, span_of(header, sizeof(header)), 0, span_of("", 0));
	ASSERT_RC(op, RC_DAMAGED,
	    segment_parse(op, buf_span(&world.bytes), &segment));
	/* With one section less it is well formed. */
	memmove(header + 124, header + 132, 64);
	put(header + 120, 4, 1);
	build_raw(&world, span_of(header, 188), 0, span_of("", 0));
	ASSERT_OK(op, segment_parse(op, buf_span(&world.bytes), &segment));
	assert_int_equal(segment.header.n_aside, 1);
	world_release(&world);
}

static void
data_headers_with_a_place_in_the_log_are_damage(void **state)
{
	static const struct bad_header bad[] = {
	    {"a role", 12, 2, 1, RC_DAMAGED},
	    {"an epoch", 20, 4, 1, RC_DAMAGED},
	    {"a number", 32, 8, 1, RC_DAMAGED},
	    {"a previous", 88, 1, 1, RC_DAMAGED},
	    {"kind of the other", 10, 2, 1, RC_DAMAGED},
	};
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	size_t i;

	(void)state;
	world_init(&world);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		enum rc rc;

		build_small_data(&world);
		put(world.bytes.data + bad[i].at, bad[i].size, bad[i].value);
		segment_sums_fix(world.bytes.data, world.bytes.size);
		rc = segment_parse(op, buf_span(&world.bytes), &segment);
		if (rc != bad[i].expected)
			fail_msg("%s: %s", bad[i].what, rc_name(rc));
		op_clear_error(op);
	}
	build_small_data(&world);
	memset(world.bytes.data + 72, 0, 16);
	segment_sums_fix(world.bytes.data, world.bytes.size);
	ASSERT_RC(op, RC_DAMAGED,
	    segment_parse(op, buf_span(&world.bytes), &segment));
	world_release(&world);
}

static void
directories_that_do_not_tile_the_body_are_damage(void **state)
{
	/* Offsets from the end: directory of a small segment is 8 + 72 + 72. */
	static const struct bad_header bad[] = {
	    {"an item of type 0", 0, 4, 0, RC_DAMAGED},
	    {"an item of an unknown type", 0, 4, 5, RC_DAMAGED},
	    {"a chunk as a record", 0, 4, 2, RC_DAMAGED},
	    {"a record as a chunk", 8, 4, 1, RC_DAMAGED},
	    {"a chunk that is longer", 4, 4, 9, RC_DAMAGED},
	    {"a chunk that is shorter", 4, 4, 7, RC_DAMAGED},
	    {"a chunk over the limit", 4, 4, (4 << 20) + 1, RC_DAMAGED},
	    {"a chunk beyond all", 4, 4, 0xffffffff, RC_DAMAGED},
	    {"a record beyond all", 12, 4, 0xffffffff, RC_DAMAGED},
	};
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	size_t i;

	(void)state;
	world_init(&world);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		size_t at;
		enum rc rc;

		build_small(&world, 1000, "fact");
		at = world.bytes.size - 72 - 120 - 152 + bad[i].at;
		put(world.bytes.data + at, bad[i].size, bad[i].value);
		segment_sums_fix(world.bytes.data, world.bytes.size);
		rc = segment_parse(op, buf_span(&world.bytes), &segment);
		if (rc != bad[i].expected)
			fail_msg("%s: %s", bad[i].what, rc_name(rc));
		op_clear_error(op);
	}
	world_release(&world);
}

/* ---- writers' limits ---- */

static void
a_numbered_segment_over_its_limits_is_refused_and_can_still_be_ended(
    void **state)
{
	struct segment_header header = fixture_numbered(2, SEGMENT_CHANGES);
	CLEANUP(segment_writer_release) struct segment_writer w;
	uint8_t *text = mem_alloc(SEGMENT_CHUNK_MAX);
	uint8_t hash[OBJECT_HASH_SIZE];
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	uint64_t offset;
	size_t i, size;

	(void)state;
	world_init(&world);
	ASSERT_OK(op, segment_begin(op, &w, &header, world.keys));
	for (i = 0; i < 4; i++)
		ASSERT_OK(op, segment_add_record(op, &w, SEGMENT_CHANGESET,
				  span_of(text, 500000)));
	size = segment_writer_size(&w);
	ASSERT_RC(op, RC_LIMIT,
	    segment_add_record(
		op, &w, SEGMENT_CHANGESET, span_of(text, 500000)));
	ASSERT_RC(op, RC_LIMIT,
	    segment_add_record(
		op, &w, SEGMENT_CHANGESET, span_of(text, SEGMENT_CHUNK_MAX)));
	ASSERT_RC(op, RC_LIMIT,
	    segment_add_chunk(
		op, &w, span_of(text, 500016 + 16 * 7), 500000, &offset));
	ASSERT_RC(op, RC_INVALID,
	    segment_add_chunk(op, &w, span_of(text, 100), 100, &offset));
	ASSERT_RC(op, RC_LIMIT,
	    segment_add_chunk(
		op, &w, span_of(text, 100), SEGMENT_CHUNK_MAX + 1, &offset));
	ASSERT_RC(op, RC_INVALID,
	    segment_add_record(op, &w, SEGMENT_CHUNK, span_of(text, 1)));
	ASSERT_RC(
	    op, RC_INVALID, segment_add_record(op, &w, 5, span_of(text, 1)));
	assert_int_equal(segment_writer_size(&w), size);
	/* Up to the last byte it fits. */
	ASSERT_RC(op, RC_LIMIT,
	    segment_add_record(op, &w, SEGMENT_FACT,
		span_of(text, SEGMENT_NUMBERED_MAX - size - 72 - 31)));
	ASSERT_OK(
	    op, segment_add_record(op, &w, SEGMENT_FACT,
		    span_of(text, SEGMENT_NUMBERED_MAX - size - 72 - 32)));
	assert_int_equal(segment_writer_size(&w), SEGMENT_NUMBERED_MAX);
	ASSERT_OK(op, segment_end(op, &w, hash));
	assert_int_equal(w.out.size, SEGMENT_NUMBERED_MAX);
	ASSERT_OK(op, segment_parse(op, buf_span(&w.out), &segment));
	ASSERT_OK(op, segment_check_index(op, &segment, world.keys));
	mem_free(text);
	world_release(&world);
}

static void
an_item_more_than_the_limit_is_refused(void **state)
{
	struct segment_header header = fixture_numbered(2, SEGMENT_CHANGES);
	CLEANUP(segment_writer_release) struct segment_writer w;
	uint8_t hash[OBJECT_HASH_SIZE], chunk[16] = {0};
	uint64_t offset;
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	size_t i;

	(void)state;
	world_init(&world);
	ASSERT_OK(op, segment_begin(op, &w, &header, world.keys));
	ASSERT_OK(op, segment_add_record(op, &w, SEGMENT_FACT, span_of("", 0)));
	for (i = 1; i < SEGMENT_ITEMS_MAX; i++)
		ASSERT_OK(op,
		    segment_add_chunk(op, &w, span_of(chunk, 16), 0, &offset));
	ASSERT_RC(op, RC_LIMIT,
	    segment_add_chunk(op, &w, span_of(chunk, 16), 0, &offset));
	ASSERT_RC(op, RC_LIMIT,
	    segment_add_record(op, &w, SEGMENT_FACT, span_of("", 0)));
	ASSERT_OK(op, segment_end(op, &w, hash));
	ASSERT_OK(op, segment_parse(op, buf_span(&w.out), &segment));
	assert_int_equal(segment.n_items, SEGMENT_ITEMS_MAX);
	ASSERT_OK(op, segment_check_index(op, &segment, world.keys));
	world_release(&world);
}

static void
headers_that_a_reader_would_refuse_are_not_written(void **state)
{
	CLEANUP(segment_writer_release) struct segment_writer w = {0};
	struct segment_header header;
	struct fixture_sink sink;
	struct data_writer d;
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	fixture_sink_init(&sink);
#define REFUSED(rc, change) \
	do { \
		header = fixture_numbered(2, SEGMENT_CHANGES); \
		change; \
		ASSERT_RC(op, rc, segment_begin(op, &w, &header, world.keys)); \
		segment_writer_release(&w); \
	} while (0)
	REFUSED(RC_OK, (void)0);
	REFUSED(RC_INVALID, header.kind = SEGMENT_DATA);
	REFUSED(RC_INVALID, header.role = 0);
	REFUSED(RC_INVALID, header.tenant++);
	REFUSED(RC_INVALID, header.number = 0);
	REFUSED(RC_INVALID, header.number = 1);
	REFUSED(RC_INVALID, header.data_id[3] = 1);
	REFUSED(RC_INVALID, header.generation.attempt = 1ULL << 32);
	REFUSED(RC_NOT_FOUND, header.epoch = 3);
	REFUSED(RC_LIMIT, header.n_adds = SEGMENT_SECTION_MAX + 1);
	REFUSED(RC_LIMIT, header.n_live = SEGMENT_SECTION_MAX);
	/* 56 times this is a small number in 64 bits. */
	REFUSED(RC_LIMIT, header.n_drops = SIZE_MAX / 56 + 2);
#undef REFUSED
	header = fixture_data();
	header.epoch = 1;
	ASSERT_RC(op, RC_INVALID, data_begin(op, &d, &header, &sink.base));
	data_writer_release(&d);
	header = fixture_numbered(2, SEGMENT_CHANGES);
	ASSERT_RC(op, RC_INVALID, data_begin(op, &d, &header, &sink.base));
	data_writer_release(&d);
	assert_int_equal(sink.out.size, 0);
	world_release(&world);
}

static void
only_openings_are_without_changes(void **state)
{
	CLEANUP(segment_writer_release) struct segment_writer w;
	CLEANUP(buf_release) struct buf chunk = {0};
	struct segment_header header = fixture_numbered(2, SEGMENT_OPENING);
	uint8_t hash[OBJECT_HASH_SIZE];
	struct world world;
	struct op *op = &world.op;
	uint64_t offset;

	(void)state;
	world_init(&world);
	buf_init(&chunk, 1 << 20);
	fixture_chunk(op, &chunk, span_str("contents"), 0xc0);
	ASSERT_OK(op, segment_begin(op, &w, &header, world.keys));
	ASSERT_RC(op, RC_INVALID,
	    segment_add_record(op, &w, SEGMENT_FACT, span_str("x")));
	ASSERT_RC(op, RC_INVALID,
	    segment_add_chunk(op, &w, buf_span(&chunk), 8, &offset));
	segment_writer_release(&w);
	header.role = SEGMENT_CUT;
	ASSERT_OK(op, segment_begin(op, &w, &header, world.keys));
	ASSERT_OK(op, segment_add_chunk(op, &w, buf_span(&chunk), 8, &offset));
	ASSERT_RC(op, RC_INVALID, segment_end(op, &w, hash));
	world_release(&world);
}

static void
a_data_writer_refuses_what_is_no_chunk(void **state)
{
	struct segment_header header = fixture_data();
	CLEANUP(data_writer_release) struct data_writer w;
	uint8_t *frame = mem_alloc(AEAD_SEALED_FRAME + 1);
	struct segment_data data;
	struct fixture_sink sink;
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	fixture_sink_init(&sink);
	ASSERT_OK(op, data_begin(op, &w, &header, &sink.base));
	assert_int_equal(data_offset(&w), 124);
	ASSERT_RC(op, RC_INVALID, data_frame(op, &w, span_of(frame, 15)));
	ASSERT_RC(op, RC_INVALID,
	    data_frame(op, &w, span_of(frame, AEAD_SEALED_FRAME + 1)));
	ASSERT_RC(op, RC_INVALID, data_chunk_end(op, &w, 0));
	ASSERT_OK(op, data_frame(op, &w, span_of(frame, 100)));
	ASSERT_RC(op, RC_INVALID, data_frame(op, &w, span_of(frame, 100)));
	ASSERT_RC(op, RC_INVALID, data_chunk_end(op, &w, 100));
	ASSERT_RC(op, RC_INVALID, data_end(op, &w, &data));
	ASSERT_OK(op, data_chunk_end(op, &w, 84));
	ASSERT_RC(op, RC_LIMIT, data_chunk_end(op, &w, SEGMENT_CHUNK_MAX + 1));
	ASSERT_OK(op, data_end(op, &w, &data));
	assert_int_equal(data.size, 124 + 100 + 8 + 72);
	mem_free(frame);
	buf_release(&sink.out);
	world_release(&world);
}

static void
a_data_segment_over_its_limits_is_refused(void **state)
{
	struct segment_header header = fixture_data();
	CLEANUP(data_writer_release) struct data_writer w;
	uint8_t *frame = mem_alloc(AEAD_SEALED_FRAME);
	struct segment_data data;
	struct fixture_sink sink;
	struct segment segment;
	struct world world;
	struct op *op = &world.op;
	enum rc rc;
	size_t i;

	(void)state;
	world_init(&world);
	fixture_sink_init(&sink);
	ASSERT_OK(op, data_begin(op, &w, &header, &sink.base));
	for (;;) {
		rc = data_frame(op, &w, span_of(frame, AEAD_SEALED_FRAME));
		if (rc != RC_OK)
			break;
		ASSERT_OK(op, data_chunk_end(op, &w, AEAD_FRAME));
	}
	assert_int_equal(rc, RC_LIMIT);
	op_clear_error(op);
	ASSERT_OK(op, data_end(op, &w, &data));
	assert_true(data.size > SEGMENT_DATA_MAX - 70000);
	ASSERT_OK(op, segment_parse(op, buf_span(&sink.out), &segment));
	data_writer_release(&w);
	buf_clear(&sink.out);
	ASSERT_OK(op, data_begin(op, &w, &header, &sink.base));
	for (i = 0; i < SEGMENT_ITEMS_MAX; i++) {
		ASSERT_OK(op, data_frame(op, &w, span_of(frame, 16)));
		ASSERT_OK(op, data_chunk_end(op, &w, 0));
	}
	ASSERT_RC(op, RC_LIMIT, data_frame(op, &w, span_of(frame, 16)));
	ASSERT_OK(op, data_end(op, &w, &data));
	ASSERT_OK(op, segment_parse(op, buf_span(&sink.out), &segment));
	assert_int_equal(segment.n_items, SEGMENT_ITEMS_MAX);
	mem_free(frame);
	buf_release(&sink.out);
	world_release(&world);
}

static void
a_failing_sink_fails_the_data_writer(void **state)
{
	struct segment_header header = fixture_data();
	struct segment_data data;
	struct world world;
	struct op *op = &world.op;
	size_t fail_at, whole;

	(void)state;
	world_init(&world);
	build_small_data(&world);
	whole = world.bytes.size;
	for (fail_at = 1; fail_at < whole; fail_at++) {
		CLEANUP(data_writer_release) struct data_writer w;
		struct fixture_sink sink;
		enum rc rc;

		fixture_sink_init(&sink);
		sink.fail_at = fail_at;
		rc = data_begin(op, &w, &header, &sink.base);
		if (rc == RC_OK)
			rc = fixture_data_chunk(op, &w, span_str("one"), 0xc0);
		if (rc == RC_OK)
			rc = fixture_data_chunk(
			    op, &w, span_str("second"), 0xc1);
		if (rc == RC_OK)
			rc = data_end(op, &w, &data);
		assert_int_equal(rc, RC_IO);
		op_clear_error(op);
		buf_release(&sink.out);
	}
	world_release(&world);
}

/* ---- keys ---- */

/* Salt and commitment of the first record. */
static void
seal_one(struct world *world, uint64_t number, enum segment_item_type type,
    const char *text, uint8_t ret_salt[32], uint8_t ret_commitment[32])
{
	struct segment_header header =
	    fixture_numbered(number, SEGMENT_CHANGES);
	CLEANUP(segment_writer_release) struct segment_writer w;
	uint8_t hash[OBJECT_HASH_SIZE];
	struct op *op = &world->op;
	struct segment segment;

	ASSERT_OK(op, segment_begin(op, &w, &header, world->keys));
	ASSERT_OK(op, segment_add_record(op, &w, type, span_str(text)));
	ASSERT_OK(op, segment_end(op, &w, hash));
	ASSERT_OK(op, segment_parse(op, buf_span(&w.out), &segment));
	memcpy(ret_salt, segment.items[0].salt, 32);
	memcpy(ret_commitment, segment.items[0].commitment, 32);
}

static void
an_rng_that_repeats_never_gives_two_texts_one_key(void **state)
{
	uint8_t salt[5][32], key[5][32];
	struct world world;
	size_t i, k;

	(void)state;
	world_init(&world);
	fixture_rand_repeat();
	seal_one(&world, 2, SEGMENT_FACT, "text a", salt[0], key[0]);
	seal_one(&world, 2, SEGMENT_FACT, "text b", salt[1], key[1]);
	seal_one(&world, 2, SEGMENT_CHANGESET, "text a", salt[2], key[2]);
	seal_one(&world, 3, SEGMENT_FACT, "text a", salt[3], key[3]);
	seal_one(&world, 3, SEGMENT_FACT, "text b", salt[4], key[4]);
	/* The commitment comes of one HKDF with the key: equal only together.
	 */
	for (i = 0; i < 5; i++)
		for (k = 0; k < i; k++)
			assert_memory_not_equal(key[i], key[k], 32);
	/* Text and type are in the salt; the rest is in the header's hash. */
	assert_memory_not_equal(salt[0], salt[1], 32);
	assert_memory_not_equal(salt[0], salt[2], 32);
	assert_memory_equal(salt[0], salt[3], 32);
	fixture_rand_seed(5);
	seal_one(&world, 2, SEGMENT_FACT, "text a", salt[1], key[1]);
	seal_one(&world, 2, SEGMENT_FACT, "text a", salt[2], key[2]);
	assert_memory_not_equal(salt[1], salt[2], 32);
	assert_memory_not_equal(key[1], key[2], 32);
	world_release(&world);
}

static void
equal_texts_in_one_segment_have_keys_of_their_own(void **state)
{
	struct segment_header header = fixture_numbered(2, SEGMENT_CHANGES);
	CLEANUP(segment_writer_release) struct segment_writer w;
	uint8_t hash[OBJECT_HASH_SIZE];
	struct segment segment;
	struct world world;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	fixture_rand_repeat();
	ASSERT_OK(op, segment_begin(op, &w, &header, world.keys));
	ASSERT_OK(
	    op, segment_add_record(op, &w, SEGMENT_FACT, span_str("same")));
	ASSERT_OK(
	    op, segment_add_record(op, &w, SEGMENT_FACT, span_str("same")));
	ASSERT_OK(op, segment_end(op, &w, hash));
	ASSERT_OK(op, segment_parse(op, buf_span(&w.out), &segment));
	assert_memory_not_equal(
	    segment.items[0].commitment, segment.items[1].commitment, 32);
	assert_memory_not_equal(w.out.data + segment.items[0].offset,
	    w.out.data + segment.items[1].offset, 20);
	world_release(&world);
}

/* ---- memory ---- */

static enum rc
write_and_read(struct op *op, const struct keyring *keys)
{
	static const struct segment_data add = {.id = {1}, .size = 9};
	struct segment_header header = fixture_numbered(2, SEGMENT_CHANGES);
	CLEANUP(segment_writer_release) struct segment_writer w = {0};
	CLEANUP(buf_release) struct buf out = {0};
	uint8_t chunk[20] = {0}, hash[OBJECT_HASH_SIZE];
	struct segment segment;
	uint64_t offset;

	buf_init(&out, 1 << 20);
	header.adds = &add;
	header.n_adds = 1;
	TRY(segment_begin(op, &w, &header, keys));
	TRY(segment_add_chunk(op, &w, span_of(chunk, 20), 4, &offset));
	TRY(segment_add_record(op, &w, SEGMENT_FACT, span_str("fact")));
	TRY(segment_end(op, &w, hash));
	TRY(segment_parse(op, buf_span(&w.out), &segment));
	TRY(segment_check_index(op, &segment, keys));
	return segment_open_record(op, &segment, 1, keys, &out);
}

static enum rc
write_data(struct op *op)
{
	struct segment_header header = fixture_data();
	CLEANUP(data_writer_release) struct data_writer w = {0};
	uint8_t frame[20] = {0};
	struct fixture_sink sink;
	struct segment_data data;
	enum rc rc;

	fixture_sink_init(&sink);
	rc = data_begin(op, &w, &header, &sink.base);
	if (rc == RC_OK)
		rc = data_frame(op, &w, span_of(frame, 20));
	if (rc == RC_OK)
		rc = data_chunk_end(op, &w, 4);
	if (rc == RC_OK)
		rc = data_end(op, &w, &data);
	buf_release(&sink.out);
	return rc;
}

static enum rc
torture_body(void *arg)
{
	CLEANUP(op_release) struct op op;

	op_init(&op);
	TRY(write_and_read(&op, arg));
	return write_data(&op);
}

static void
each_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	test_torture_alloc(torture_body, world.keys, 200);
	world_release(&world);
}

/* Adds a chunk or a record. */
static enum rc
add_one(struct op *op, struct segment_writer *w, bool chunk)
{
	static uint8_t bytes[70032];
	uint64_t offset;

	if (chunk)
		return segment_add_chunk(
		    op, w, span_of(bytes, 70032), 70000, &offset);
	return segment_add_record(
	    op, w, SEGMENT_FACT, span_of(bytes, sizeof(bytes)));
}

/* The n-th allocation in an addition fails, the addition is made again, the
 * segment reads back. */
static bool
add_with_fault(struct world *world, bool chunk, long n)
{
	struct segment_header header = fixture_numbered(2, SEGMENT_CHANGES);
	CLEANUP(segment_writer_release) struct segment_writer w;
	uint8_t hash[OBJECT_HASH_SIZE];
	struct op *op = &world->op;
	struct segment segment;
	size_t size;
	enum rc rc;

	ASSERT_OK(op, segment_begin(op, &w, &header, world->keys));
	size = segment_writer_size(&w);
	fault_alloc_arm(n, false);
	rc = add_one(op, &w, chunk);
	fault_alloc_arm(0, false);
	op_clear_error(op);
	if (rc != RC_OK) {
		assert_int_equal(rc, RC_NO_MEMORY);
		assert_int_equal(segment_writer_size(&w), size);
		assert_int_equal(w.directory.size, 0);
		ASSERT_OK(op, add_one(op, &w, chunk));
	}
	ASSERT_OK(op, add_one(op, &w, false));
	ASSERT_OK(op, segment_end(op, &w, hash));
	ASSERT_OK(op, segment_parse(op, buf_span(&w.out), &segment));
	assert_int_equal(segment.n_items, 2);
	ASSERT_OK(op, segment_check_index(op, &segment, world->keys));
	return rc != RC_OK;
}

static void
after_a_failed_addition_the_writer_is_as_before(void **state)
{
	struct world world;
	long n;

	(void)state;
	world_init(&world);
	/* Two allocations each: for the body and for the directory. */
	for (n = 1; n <= 2; n++) {
		assert_true(add_with_fault(&world, true, n));
		assert_true(add_with_fault(&world, false, n));
	}
	assert_false(add_with_fault(&world, true, 3));
	assert_false(add_with_fault(&world, false, 3));
	world_release(&world);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_opening_without_items_reads_back),
	    cmocka_unit_test(changes_and_chunks_read_back_in_order),
	    cmocka_unit_test(records_of_every_size_around_the_frames_read_back),
	    cmocka_unit_test(data_segments_of_many_chunks_read_back),
	    cmocka_unit_test(full_sections_read_back),
	    cmocka_unit_test(every_flipped_bit_is_damage_without_any_key),
	    cmocka_unit_test(
		every_flipped_bit_of_a_numbered_segment_is_seen_with_keys_when_its_sums_are_made_anew),
	    cmocka_unit_test(
		every_flipped_bit_of_a_data_segment_is_seen_when_its_sums_are_made_anew),
	    cmocka_unit_test(every_other_length_is_damage),
	    cmocka_unit_test(records_swapped_between_segments_fail_to_open),
	    cmocka_unit_test(records_swapped_inside_a_segment_fail_to_open),
	    cmocka_unit_test(
		a_dropped_last_record_is_caught_by_the_sealed_index),
	    cmocka_unit_test(foreign_keys_open_nothing),
	    cmocka_unit_test(an_epoch_changed_in_the_header_opens_nothing),
	    cmocka_unit_test(headers_that_are_not_well_formed_are_damage),
	    cmocka_unit_test(a_rotten_format_is_damage_not_a_newer_format),
	    cmocka_unit_test(data_headers_with_a_place_in_the_log_are_damage),
	    cmocka_unit_test(objects_over_a_readers_limits_are_damage),
	    cmocka_unit_test(
		a_section_without_entries_is_damage_where_all_else_fits),
	    cmocka_unit_test(a_body_that_the_directory_does_not_fill_is_damage),
	    cmocka_unit_test(directories_that_do_not_tile_the_body_are_damage),
	    cmocka_unit_test(
		a_numbered_segment_over_its_limits_is_refused_and_can_still_be_ended),
	    cmocka_unit_test(an_item_more_than_the_limit_is_refused),
	    cmocka_unit_test(
		headers_that_a_reader_would_refuse_are_not_written),
	    cmocka_unit_test(only_openings_are_without_changes),
	    cmocka_unit_test(a_data_writer_refuses_what_is_no_chunk),
	    cmocka_unit_test(a_data_segment_over_its_limits_is_refused),
	    cmocka_unit_test(a_failing_sink_fails_the_data_writer),
	    cmocka_unit_test(an_rng_that_repeats_never_gives_two_texts_one_key),
	    cmocka_unit_test(equal_texts_in_one_segment_have_keys_of_their_own),
	    cmocka_unit_test(
		each_failed_allocation_is_an_error_and_leaks_nothing),
	    cmocka_unit_test(after_a_failed_addition_the_writer_is_as_before),
	    cmocka_unit_test(golden_numbered_segment_reads_field_by_field),
	    cmocka_unit_test(golden_data_segment_reads_field_by_field),
	    cmocka_unit_test(golden_snapshot_reads_field_by_field),
	    cmocka_unit_test(golden_pack_reads_field_by_field),
	    cmocka_unit_test(golden_site_id_and_fence_read_field_by_field),
	    cmocka_unit_test(golden_files_are_made_again_byte_for_byte),
	};

	if (argc == 3 && strcmp(argv[1], "--write-golden") == 0)
		return fixture_golden_write(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
