/* fuzz_http_target.c - fuzzes request targets, Destination headers and query
 * parameters. */
#include <stdlib.h>
#include <string.h>

#include "http/target.h"
#include "http/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is let through is clean: no slash, no dot segment, clean UTF-8. */
static bool
segment_is_clean(struct span s)
{
	return s.size > 0 && utf8_is_clean(s) &&
	       memchr(s.data, '/', s.size) == NULL &&
	       memchr(s.data, '\\', s.size) == NULL &&
	       !span_equal(s, span_str(".")) &&
	       !span_equal(s, span_str("..")) && s.data[s.size] == '\0';
}

/* Every parameter has a name, and none stands outside of the query. */
static void
check_names(const struct target *target)
{
	struct span name;
	size_t n;

	for (n = 0; target_param_name(target, n, &name); n++)
		if (name.data < target->query.data ||
		    name.data + name.size >
			target->query.data + target->query.size)
			abort();
	if (n > target->query.size + 1)
		abort();
}

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
	for (i = 0; i < target.n_segments; i++)
		if (!segment_is_clean(target.segments[i]))
			abort();
	if (target.n_segments > TARGET_SEGMENTS_MAX)
		abort();
	check_names(&target);
	if (target_param(&op, &target, "a", &value) == RC_OK &&
	    !utf8_is_clean(value))
		abort();
	return 0;
}
