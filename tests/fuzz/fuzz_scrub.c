/* fuzz_scrub.c - DIR/scrub: what was read is written, and read again the same.
 */
#include <string.h>

#include "base/buf.h"
#include "core/scrub_state.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf text = {.limit = 1 << 16};
	struct scrub_state state = {.n = 2}, back;

	op_init(&op);
	memset(state.sites[1].id, 0xab, OBJECT_ID_SIZE);
	back = state;
	if (scrub_state_read(&op, span_of(data, size), &state) != RC_OK)
		return 0;
	must(state.place.phase <= CHECK_DONE && state.site < state.n);
	must(scrub_state_write(&op, &state, &text) == RC_OK);
	must(scrub_state_read(&op, buf_span(&text), &back) == RC_OK);
	must(memcmp(&state, &back, sizeof(state)) == 0);
	return 0;
}
