/* fuzz_plain_object.c - site.id and fences: the input as it is, and with a
 * right sum. What is read is, written again, the same bytes. */
#include <stdlib.h>

#include "crypto/hash.h"
#include "store/fence_object.h"
#include "store/site_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be_same(enum rc written, struct span bytes, const struct buf *again)
{
	if (written != RC_OK || !span_equal(bytes, buf_span(again)))
		abort();
}

static void
read_both(struct op *op, struct span bytes)
{
	CLEANUP(buf_release) struct buf again = {.limit = 1 << 16};
	struct fence_object fence;
	struct site_id id;

	if (fence_object_read(op, bytes, &fence) == RC_OK)
		must_be_same(
		    fence_object_write(op, &fence, &again), bytes, &again);
	op_clear_error(op);
	buf_clear(&again);
	if (site_id_read(op, bytes, &id) == RC_OK)
		must_be_same(site_id_write(op, &id, &again), bytes, &again);
	op_clear_error(op);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf copy = {.limit = 1 << 16};
	uint8_t sum[SHA256_SIZE];

	op_init(&op);
	read_both(&op, span_of(data, size));
	sha256_of(span_of(data, size), sum);
	if (buf_add(&op, &copy, span_of(data, size)) != RC_OK ||
	    buf_add(&op, &copy, span_of(sum, sizeof(sum))) != RC_OK)
		return 0;
	read_both(&op, buf_span(&copy));
	return 0;
}
