/* plain_fixture.h - what the tests of small plain objects share. */
#ifndef DOZO_TESTS_PLAIN_FIXTURE_H
#define DOZO_TESTS_PLAIN_FIXTURE_H

#include "base/mem.h"
#include "crypto/hash.h"
#include "lib/test.h"

typedef enum rc plain_reader(struct op *op, struct span bytes);

/* Makes the sum right again. */
static inline void
plain_fix_sum(struct buf *bytes)
{
	sha256_of(span_of(bytes->data, bytes->size - 32),
	    bytes->data + bytes->size - 32);
}

/* Each flipped bit, each shorter length and one more byte are damage. */
static inline void
plain_refuse_changes(struct op *op, struct buf *bytes, plain_reader *read)
{
	size_t size = bytes->size, i;
	unsigned bit;

	for (i = 0; i < size; i++)
		for (bit = 0; bit < 8; bit++) {
			bytes->data[i] ^= (uint8_t)(1u << bit);
			ASSERT_RC(op, RC_DAMAGED, read(op, buf_span(bytes)));
			bytes->data[i] ^= (uint8_t)(1u << bit);
		}
	for (i = 0; i < size; i++) {
		/* Of its own size, so that ASan sees a read beyond it. */
		struct buf exact = {.data = mem_alloc(i), .size = i};

		memcpy(exact.data, bytes->data, i);
		ASSERT_RC(op, RC_DAMAGED, read(op, buf_span(&exact)));
		if (i >= 32) {
			plain_fix_sum(&exact);
			ASSERT_RC(op, RC_DAMAGED, read(op, buf_span(&exact)));
		}
		mem_free(exact.data);
	}
	ASSERT_OK(op, read(op, buf_span(bytes)));
	ASSERT_OK(op, buf_add(op, bytes, span_of("", 1)));
	ASSERT_RC(op, RC_DAMAGED, read(op, buf_span(bytes)));
	plain_fix_sum(bytes);
	ASSERT_RC(op, RC_DAMAGED, read(op, buf_span(bytes)));
	bytes->size = size;
	plain_fix_sum(bytes);
	ASSERT_OK(op, read(op, buf_span(bytes)));
}

/* A field of a well-formed object with another value, under a right sum. */
struct plain_change {
	const char *what;
	size_t at;
	size_t size;
	uint64_t value;
	enum rc expected;
};

static inline void
plain_check_changes(struct op *op, struct buf *bytes, plain_reader *read,
    const struct plain_change *changes, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		const struct plain_change *change = &changes[i];
		uint64_t value = change->value;
		uint8_t kept[8];
		enum rc rc;

		memcpy(kept, bytes->data + change->at, change->size);
		for (k = 0; k < change->size; k++, value >>= 8)
			bytes->data[change->at + k] = (uint8_t)value;
		plain_fix_sum(bytes);
		rc = read(op, buf_span(bytes));
		if (rc != change->expected)
			fail_msg("%s: %s", change->what, rc_name(rc));
		op_clear_error(op);
		memcpy(bytes->data + change->at, kept, change->size);
		plain_fix_sum(bytes);
	}
}

#endif
