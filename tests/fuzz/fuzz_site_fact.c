/* fuzz_site_fact.c - what the provider's log says of a change of the register:
 * what is taken is what the writer makes. */
#include <stdlib.h>
#include <string.h>

#include "core/site_fact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf again = {.limit = SITE_FACT_MAX};
	struct site_fact fact;

	op_init(&op);
	if (site_fact_read(&op, 7, span_of(data, size), &fact) != RC_OK)
		return 0;
	if (site_fact_write(&op, &fact, &again) != RC_OK ||
	    again.size != size || memcmp(again.data, data, size) != 0)
		abort();
	return 0;
}
