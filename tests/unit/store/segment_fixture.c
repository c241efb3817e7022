/* segment_fixture.c - what the tests of segments share. */
#include "segment_fixture.h"

#include "base/rand.h"
#include "crypto/aead.h"

/* ---- rand.c's place ---- */

static uint64_t rand_state;
static bool rand_repeats;

void
fixture_rand_seed(uint64_t seed)
{
	rand_state = seed;
	rand_repeats = false;
}

void
fixture_rand_repeat(void)
{
	rand_repeats = true;
}

void
rand_bytes(void *out, size_t size)
{
	uint8_t *at = out, block[SHA256_SIZE];
	size_t i;

	for (i = 0; i < size; i++) {
		if (i % sizeof(block) == 0) {
			if (rand_repeats)
				rand_state = i;
			rand_state++;
			sha256_of(
			    span_of(&rand_state, sizeof(rand_state)), block);
		}
		at[i] = block[i % sizeof(block)];
	}
}

/* Never of the stream: how often an op is made must not change the golden
 * files. */
void
rand_id(void *out, size_t size)
{
	memset(out, 0x1d, size);
}

/* ---- keys, headers, texts ---- */

struct keyring *
fixture_keyring(struct op *op, uint64_t tenant)
{
	struct keyring *ring;
	uint32_t epoch;

	ASSERT_OK(op, keyring_new(op, tenant, false, &ring));
	ASSERT_OK(op, keyring_add_epoch(op, ring, &epoch));
	assert_int_equal(epoch, 2);
	return ring;
}

struct segment_header
fixture_numbered(uint64_t number, enum segment_role role)
{
	struct segment_header header = {
	    .kind = SEGMENT_NUMBERED,
	    .role = role,
	    .tenant = FIXTURE_TENANT,
	    .number = number,
	    .generation = {.counter = 3, .attempt = 1},
	    .epoch = 1,
	};

	memset(header.claim, 0xc1, sizeof(header.claim));
	if (number > 1)
		memset(header.previous, 0x99, sizeof(header.previous));
	return header;
}

struct segment_header
fixture_data(void)
{
	struct segment_header header = {
	    .kind = SEGMENT_DATA,
	    .tenant = FIXTURE_TENANT,
	    .generation = {.counter = 3, .attempt = 1},
	};

	memset(header.claim, 0xc1, sizeof(header.claim));
	memset(header.data_id, 0xd1, sizeof(header.data_id));
	return header;
}

void
fixture_text(uint8_t *out, size_t size, unsigned seed)
{
	size_t i;

	for (i = 0; i < size; i++)
		out[i] = (uint8_t)(i * 7 + (i >> 8) + seed);
}

void
fixture_chunk(
    struct op *op, struct buf *out, struct span plain, uint8_t key_byte)
{
	uint8_t key[AEAD_KEY_SIZE];
	uint8_t *sealed;

	memset(key, key_byte, sizeof(key));
	ASSERT_OK(op, buf_grow(op, out, aead_sealed_size(plain.size), &sealed));
	ASSERT_OK(op, aead_seal(op, span_of(key, sizeof(key)),
			  segment_chunk_ad(), plain, sealed));
}

enum rc
fixture_data_chunk(
    struct op *op, struct data_writer *w, struct span plain, uint8_t key_byte)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	size_t at = 0;

	buf_init(&sealed, SEGMENT_DATA_MAX);
	fixture_chunk(op, &sealed, plain, key_byte);
	while (at < sealed.size) {
		size_t frame = sealed.size - at;

		if (frame > AEAD_SEALED_FRAME)
			frame = AEAD_SEALED_FRAME;
		TRY(data_frame(op, w, span_of(sealed.data + at, frame)));
		at += frame;
	}
	return data_chunk_end(op, w, (uint32_t)plain.size);
}

static enum rc
sink_write(struct segment_sink *base, struct op *op, struct span bytes)
{
	struct fixture_sink *sink =
	    container_of(base, struct fixture_sink, base);

	if (sink->fail_at > 0 && sink->out.size + bytes.size > sink->fail_at)
		FAIL(op, RC_IO, "the sink is full");
	return buf_add(op, &sink->out, bytes);
}

void
fixture_sink_init(struct fixture_sink *sink)
{
	*sink = (struct fixture_sink){.base.write = sink_write};
	buf_init(&sink->out, (size_t)64 << 20);
}

const uint8_t fixture_changeset_1[181] = {
    0x54,
    0x05,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x6e,
    0x6f,
    0x64,
    0x65,
    0x00,
    0x12,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x04,
    0x03,
    0x00,
    0xff,
    0x10,
    0x02,
    0x3f,
    0xf8,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x03,
    0x05,
    0x66,
    0x69,
    0x72,
    0x73,
    0x74,
    0x12,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x02,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
    0x05,
    0x02,
    0xc0,
    0x02,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x05,
    0x12,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x03,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
    0x04,
    0x00,
    0x02,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x03,
    0x04,
    0x67,
    0x6f,
    0x6e,
    0x65,
    0x54,
    0x03,
    0x01,
    0x02,
    0x00,
    0x70,
    0x61,
    0x69,
    0x72,
    0x00,
    0x12,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x08,
    0x03,
    0x01,
    0x62,
    0x04,
    0x02,
    0x01,
    0x02,
    0x12,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x07,
    0x03,
    0x0a,
    0x73,
    0x63,
    0x68,
    0x6c,
    0xc3,
    0xbc,
    0x73,
    0x73,
    0x65,
    0x6c,
    0x01,
    0x80,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
};
const uint8_t fixture_changeset_2[146] = {
    0x54,
    0x05,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x6e,
    0x6f,
    0x64,
    0x65,
    0x00,
    0x17,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x02,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0xb2,
    0xd0,
    0x5e,
    0x00,
    0x00,
    0x00,
    0x00,
    0x09,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x03,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
    0x04,
    0x00,
    0x02,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x03,
    0x04,
    0x67,
    0x6f,
    0x6e,
    0x65,
    0x12,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x04,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x01,
    0x05,
    0x05,
    0x03,
    0x06,
    0xe5,
    0x9c,
    0x9f,
    0xe8,
    0x94,
    0xb5,
    0x54,
    0x03,
    0x01,
    0x02,
    0x00,
    0x70,
    0x61,
    0x69,
    0x72,
    0x00,
    0x17,
    0x00,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x08,
    0x03,
    0x01,
    0x62,
    0x04,
    0x02,
    0x01,
    0x02,
    0x00,
    0x00,
    0x05,
};
