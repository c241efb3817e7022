/* fuzz_http_target.c - fuzzes request targets, Destination headers and query parameters. */
#include <stdlib.h>
#include <string.h>

#include "http/target.h"
#include "http/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	struct target target;
	struct span value;
	size_t i;

	op_init(&op);
	if (target_parse(&op, span_of(data, size), &target) != RC_OK)
		return 0;
	/* What is let through is clean: no slash, no dot segment, clean UTF-8. */
	for (i = 0; i < target.n_segments; i++) {
		struct span s = target.segments[i];

		if (s.size == 0 || !utf8_is_clean(s) || memchr(s.data, '/', s.size) != NULL ||
		    memchr(s.data, '\\', s.size) != NULL || span_equal(s, span_str(".")) ||
		    span_equal(s, span_str("..")) || s.data[s.size] != '\0')
			abort();
	}
	if (target.n_segments > TARGET_SEGMENTS_MAX)
		abort();
	if (target_param(&op, &target, "a", &value) == RC_OK && !utf8_is_clean(value))
		abort();
	return 0;
}
