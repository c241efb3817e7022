/* fuzz_fence.c - fences: the input as it is, and with a right sum. */
#include <stdlib.h>

#include "crypto/hash.h"
#include "store/fence_object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One spelling: what is read is, written again, the same bytes. */
static void
read_one(struct op *op, struct span bytes)
{
	CLEANUP(buf_release) struct buf again = {0};
	struct fence_object fence;

	buf_init(&again, FENCE_OBJECT_SIZE_MAX);
	if (fence_object_read(op, bytes, &fence) == RC_OK &&
	    (fence_object_write(op, &fence, &again) != RC_OK ||
		!span_equal(bytes, buf_span(&again))))
		abort();
	op_clear_error(op);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf copy = {0};
	uint8_t sum[SHA256_SIZE];

	op_init(&op);
	buf_init(&copy, 1 << 16);
	read_one(&op, span_of(data, size));
	sha256_of(span_of(data, size), sum);
	if (buf_add(&op, &copy, span_of(data, size)) != RC_OK ||
	    buf_add(&op, &copy, span_of(sum, sizeof(sum))) != RC_OK)
		return 0;
	read_one(&op, buf_span(&copy));
	return 0;
}
