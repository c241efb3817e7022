/* fuzz_keystore.c - the keystore's reader: the input as it comes, and with its
 * checksum made right. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/keystore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What reads is what a writer makes: written again it is the same bytes. */
static void
read_one(struct span bytes)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(buf_release) struct buf again = {0};

	op_init(&op);
	buf_init(&again, 4096);
	if (keystore_read(&op, bytes, span_of(NULL, 0), &store) != RC_OK)
		return;
	if (keystore_write(&op, store, &again) != RC_OK ||
	    !span_equal(bytes, buf_span(&again)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	read_one(span_of(data, size));
	if (size < SHA256_SIZE)
		return 0;
	copy = mem_alloc(size);
	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	size -= SHA256_SIZE;
	sha256_of(span_of(copy, size), copy + size);
	read_one(span_of(copy, size + SHA256_SIZE));
	mem_free(copy);
	return 0;
}
