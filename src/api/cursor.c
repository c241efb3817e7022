/* cursor.c - "3ee.7.0.0.64.<seal>" */
#include "api/cursor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

enum { MAC_SIZE = 16 };

void
cursor_write(const struct meta *meta, int64_t member, const char *kind,
    const uint64_t *numbers, size_t n, char out[CURSOR_SIZE])
{
	char sealed[2 * CURSOR_SIZE], hex[2 * MAC_SIZE + 1];
	uint8_t mac[32];
	size_t i, size = 0;

	for (i = 0; i < n; i++)
		size += (size_t)snprintf(out + size, CURSOR_SIZE - size,
		    "%llx.", (unsigned long long)numbers[i]);
	(void)snprintf(
	    sealed, sizeof(sealed), "%s.%lld.%s", kind, (long long)member, out);
	meta_lookup_key(meta, "cursor", span_str(sealed), mac);
	str_hex(hex, span_of(mac, MAC_SIZE));
	(void)snprintf(out + size, CURSOR_SIZE - size, "%s", hex);
}

enum rc
cursor_read(struct op *op, const struct meta *meta, int64_t member,
    const char *kind, struct span text, uint64_t *ret_numbers, size_t n)
{
	const char *at = (const char *)text.data;
	uint64_t numbers[CURSOR_NUMBERS_MAX];
	char again[CURSOR_SIZE];
	size_t i;

	for (i = 0; i < n; i++) {
		char *end;

		numbers[i] = strtoull(at, &end, 16);
		at = *end == '.' ? end + 1 : end;
	}
	/* Whatever else strtoull takes is seen by writing it again. */
	cursor_write(meta, member, kind, numbers, n, again);
	if (!span_equal(text, span_str(again)))
		FAIL(op, RC_INVALID,
		    "the cursor is not one of this list: begin without it");
	memcpy(ret_numbers, numbers, n * sizeof(*numbers));
	return RC_OK;
}
