/* range.c - byte ranges, overflow-safe up to 2^63. */
#include "http/range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A number that does not fit says "beyond every content", which is all that
 * matters. */
static bool
number_take(const char **text, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;

	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(
			value, (uint64_t)(*at - '0'), &value))
			value = UINT64_MAX / 10;
	*text = at;
	*ret_value = value < INT64_MAX ? value : INT64_MAX;
	return true;
}

static void
blanks_skip(const char **text)
{
	*text += strspn(*text, " \t");
}

/* One spec; *ret_fits tells whether any of it lies within the content. False:
 * malformed. */
static bool
spec_take(
    const char **text, uint64_t size, struct range *ret_range, bool *ret_fits)
{
	uint64_t first = 0, last = INT64_MAX;

	if (**text == '-') {
		(*text)++;
		if (!number_take(text, &last))
			return false;
		*ret_fits = last > 0 && size > 0;
		*ret_range =
		    (struct range){last < size ? size - last : 0, size - 1};
		return true;
	}
	if (!number_take(text, &first) || **text != '-')
		return false;
	(*text)++;
	if (**text >= '0' && **text <= '9' && !number_take(text, &last))
		return false;
	if (last < first)
		return false;
	*ret_fits = first < size;
	*ret_range = (struct range){first, last < size ? last : size - 1};
	return true;
}

/* Skips ", , " between specs; false where something else stands there. */
static bool
comma_skip(const char **text)
{
	blanks_skip(text);
	if (**text == '\0')
		return true;
	if (**text != ',')
		return false;
	while (**text == ',') {
		(*text)++;
		blanks_skip(text);
	}
	return true;
}

enum range_kind
range_parse(const char *text, uint64_t size, struct range_set *ret_set)
{
	struct range_set set = {.n = 0};
	size_t specs = 0;

	if (strncasecmp(text, "bytes=", 6) != 0)
		return RANGE_NONE;
	text += 6;
	blanks_skip(&text);
	if (*text == ',' && !comma_skip(&text))
		return RANGE_NONE;
	while (*text != '\0') {
		struct range range;
		bool fits;

		if (++specs > RANGE_MAX ||
		    !spec_take(&text, size, &range, &fits) ||
		    !comma_skip(&text))
			return RANGE_NONE;
		if (fits)
			set.ranges[set.n++] = range;
	}
	if (specs == 0)
		return RANGE_NONE;
	*ret_set = set;
	return set.n > 0 ? RANGE_SOME : RANGE_UNSATISFIABLE;
}

void
range_text(char out[RANGE_TEXT_SIZE], const struct range *range, uint64_t size)
{
	if (range != NULL)
		(void)snprintf(out, RANGE_TEXT_SIZE,
		    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
		    range->last, size);
	else
		(void)snprintf(out, RANGE_TEXT_SIZE, "bytes */%" PRIu64, size);
}
