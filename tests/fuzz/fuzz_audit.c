/* fuzz_audit.c - bodies of audit rows: taken field by field to their last byte,
 * or damage. */
#include <stdlib.h>
#include <string.h>

#include "core/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	struct span body = span_of(data, size);
	struct audit_value value;
	size_t taken = 0;
	bool more = true;
	enum rc rc;

	op_init(&op);
	while ((rc = audit_next(&op, &body, &value, &more)) == RC_OK && more) {
		if (value.bytes.data < data ||
		    value.bytes.data + value.bytes.size > data + size)
			abort();
		taken += 3 + value.bytes.size;
	}
	if (rc == RC_OK ? taken != size : rc != RC_DAMAGED)
		abort();
	return 0;
}
