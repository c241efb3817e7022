/* fuzz_site_id.c - site.id: the input as it is, and with a right sum. */
#include <stdlib.h>

#include "crypto/hash.h"
#include "store/site_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One spelling: what is read is, written again, the same bytes. */
static void
read_one(struct op *op, struct span bytes)
{
	CLEANUP(buf_release) struct buf again = {0};
	struct site_id id;

	buf_init(&again, SITE_ID_SIZE_MAX);
	if (site_id_read(op, bytes, &id) == RC_OK &&
	    (site_id_write(op, &id, &again) != RC_OK ||
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
