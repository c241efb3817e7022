/* range.h - the Range header of RFC 9110, byte ranges only. */
#ifndef DOZO_HTTP_RANGE_H
#define DOZO_HTTP_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGE_MAX = 16, RANGE_TEXT_SIZE = 72 };

/* first and last byte, both within the content. */
struct range {
	uint64_t first;
	uint64_t last;
};

enum range_kind {
	RANGE_NONE, /* no byte range, malformed, or too many: answer 200 */
	RANGE_SOME, /* n ranges, one at least; a caller may answer 200 to
		       several */
	RANGE_UNSATISFIABLE, /* answer 416 with range_text(NULL) */
};

struct range_set {
	size_t n;
	struct range ranges[RANGE_MAX]; /* in the client's order */
};

/* Parses a header for a content of size bytes (below 2^63). Never fails. */
enum range_kind
range_parse(const char *text, uint64_t size, struct range_set *ret_set);

/* The Content-Range value: "bytes 0-9/100", or the 416 form with a star where
 * range is NULL. */
void
range_text(char out[RANGE_TEXT_SIZE], const struct range *range, uint64_t size);

static inline uint64_t
range_size(const struct range *range)
{
	return range->last - range->first + 1;
}

#endif
