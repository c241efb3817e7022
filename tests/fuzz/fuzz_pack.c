/* fuzz_pack.c - any bytes as a pack of numbers (store/pack.c): what is read is
 * inside the bytes, and with the sums made right the fields are reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "store/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
parse(struct span bytes)
{
	CLEANUP(op_release) struct op op;
	struct pack pack;
	size_t i;

	op_init(&op);
	if (pack_parse(&op, bytes, &pack) != RC_OK)
		return;
	for (i = 0; i < pack.n; i++)
		if (pack.entries[i].offset > bytes.size ||
		    pack.entries[i].size > bytes.size - pack.entries[i].offset)
			abort();
}

/* The directory alone: its sum is made right. */
static void
directory(uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	struct sha256 hash;
	struct pack pack;
	uint64_t tail;
	uint8_t *trailer = data + size - PACK_TRAILER_SIZE;

	op_init(&op);
	if (pack_tail_size(&op, span_of(trailer, PACK_TRAILER_SIZE), size,
		&tail) != RC_OK ||
	    tail > size)
		return;
	sha256_init(&hash);
	sha256_update(&hash, span_of(data, PACK_HEADER_SIZE));
	sha256_update(&hash,
	    span_of(data + size - tail, (size_t)tail - PACK_TRAILER_SIZE));
	sha256_digest(&hash, trailer + 16);
	if (pack_directory(&op, span_of(data, PACK_HEADER_SIZE),
		span_of(data + size - tail, (size_t)tail), size,
		&pack) == RC_NO_MEMORY)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	parse(span_of(data, size));
	if (size < PACK_HEADER_SIZE + PACK_TRAILER_SIZE)
		return 0;
	copy = malloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	directory(copy, size);
	free(copy);
	return 0;
}
