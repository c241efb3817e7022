/* conf_value.c - the types of configuration values, and the rules of one line.
 */
#include "base/conf_value.h"

#include <string.h>

#include "base/str.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* The largest first; the last one may be left out in a file. */
static const struct unit sizes[] = {
    {"TiB", UINT64_C(1) << 40},
    {"GiB", UINT64_C(1) << 30},
    {"MiB", UINT64_C(1) << 20},
    {"KiB", UINT64_C(1) << 10},
    {"", 1},
};
static const struct unit durations[] = {
    {"d", 86400},
    {"h", 3600},
    {"m", 60},
    {"s", 1},
    {"", 1},
};
_Static_assert(
    ARRAY_LEN(sizes) == ARRAY_LEN(durations), "units_of returns one length");
enum { UNITS = ARRAY_LEN(sizes) };

static const struct unit *
units_of(enum conf_type type)
{
	return type == CONF_SIZE ? sizes : durations;
}

static bool
parse_bool(const char *text, bool *ret_yes)
{
	static const char *const words[] = {
	    "no", "yes", "false", "true", "off", "on"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(text, words[i]) == 0) {
			*ret_yes = i % 2 == 1;
			return true;
		}
	return false;
}

/* "64 MiB": a number, blanks or none, a unit or none. */
static bool
parse_scaled(const char *text, const struct unit *units, uint64_t *ret_number)
{
	char digits[24];
	size_t len = strspn(text, "0123456789");
	const char *unit = text + len + strspn(text + len, " ");
	uint64_t number;
	size_t i;

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!str_to_u64(digits, 0, UINT64_MAX, &number))
		return false;
	for (i = 0; i < UNITS; i++)
		if (strcmp(unit, units[i].name) == 0)
			return !__builtin_mul_overflow(
			    number, units[i].factor, ret_number);
	return false;
}

static char *
arena_text(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);

	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

/* "a, b": no item may be empty, but "" is the list of none. */
static enum rc
parse_list(struct op *op, struct arena *arena, const char *where,
    const char *text, struct conf_value *value)
{
	const char *start = text;
	size_t n = 1;

	if (*text == '\0')
		return RC_OK;
	for (; *text != '\0'; text++)
		n += *text == ',';
	value->list.items = arena_alloc(arena, n * sizeof(*value->list.items));
	if (value->list.items == NULL)
		FAIL(op, RC_NO_MEMORY, "%s: out of memory", where);
	for (; value->list.n < n; value->list.n++) {
		const char *comma = start + strcspn(start, ",");
		const char *end = comma;

		start += strspn(start, " \t");
		while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		if (end == start)
			FAIL(op, RC_INVALID, "%s: an item of the list is empty",
			    where);
		value->list.items[value->list.n] =
		    arena_text(arena, start, (size_t)(end - start));
		if (value->list.items[value->list.n] == NULL)
			FAIL(op, RC_NO_MEMORY, "%s: out of memory", where);
		start = comma + 1;
	}
	return RC_OK;
}

/* What min and max of the key bound; *ret_value is filled but for list and
 * text. */
static enum rc
parse_number(struct op *op, const struct conf_key *key, const char *where,
    const char *text, struct conf_value *value)
{
	bool good;

	if (key->type == CONF_U64)
		good = str_to_u64(text, 0, UINT64_MAX, &value->number);
	else
		good = parse_scaled(text, units_of(key->type), &value->number);
	if (good)
		return RC_OK;
	if (key->type == CONF_U64)
		FAIL(op, RC_INVALID, "%s: expected a number, got \"%s\"", where,
		    text);
	if (key->type == CONF_SIZE)
		FAIL(op, RC_INVALID,
		    "%s: expected a size such as 64 MiB, got \"%s\"", where,
		    text);
	FAIL(op, RC_INVALID,
	    "%s: expected a duration such as 90s, 15m, 12h or 7d, got \"%s\"",
	    where, text);
}

/* The value and what of it has to lie in min..max. */
static enum rc
parse_typed(struct op *op, struct arena *arena, const struct conf_key *key,
    const char *where, const char *text, struct conf_value *value,
    uint64_t *ret_measure)
{
	switch (key->type) {
	case CONF_BOOL:
		*ret_measure = key->min;
		if (!parse_bool(text, &value->yes))
			FAIL(op, RC_INVALID,
			    "%s: expected yes or no, got \"%s\"", where, text);
		return RC_OK;
	case CONF_STRING:
		*ret_measure = strlen(text);
		value->text = arena_text(arena, text, strlen(text));
		if (value->text == NULL)
			FAIL(op, RC_NO_MEMORY, "%s: out of memory", where);
		return RC_OK;
	case CONF_LIST:
		TRY(parse_list(op, arena, where, text, value));
		*ret_measure = value->list.n;
		return RC_OK;
	case CONF_U64:
	case CONF_SIZE:
	case CONF_DURATION:
	default:
		TRY(parse_number(op, key, where, text, value));
		*ret_measure = value->number;
		return RC_OK;
	}
}

enum rc
conf_value_parse(struct op *op, struct arena *arena, const struct conf_key *key,
    const char *where, const char *text, struct conf_value *ret_value)
{
	struct conf_value value = {.key = key};
	CLEANUP(buf_release) struct buf range = {.limit = 256};
	uint64_t measure = 0;

	TRY(parse_typed(op, arena, key, where, text, &value, &measure));
	if (key->type != CONF_BOOL &&
	    (measure < key->min || measure > key->max)) {
		TRY(conf_value_describe(op, key, &range));
		FAIL(op, RC_INVALID, "%s: \"%s\" is out of range (%.*s)", where,
		    text, (int)range.size, (const char *)range.data);
	}
	*ret_value = value;
	return RC_OK;
}

/* A number in the largest unit that leaves no rest. */
static enum rc
describe_scaled(
    struct op *op, enum conf_type type, uint64_t number, struct buf *buf)
{
	const struct unit *units = units_of(type);
	size_t i = 0;

	while (number % units[i].factor != 0)
		i++;
	if (number == 0)
		i = UNITS - 1;
	return buf_add_format(op, buf, "%llu%s%s",
	    (unsigned long long)(number / units[i].factor),
	    type == CONF_SIZE && i < UNITS - 1 ? " " : "", units[i].name);
}

static enum rc
describe_range(struct op *op, const struct conf_key *key, const char *what,
    struct buf *buf)
{
	bool scaled = key->type == CONF_SIZE || key->type == CONF_DURATION;
	enum conf_type type = scaled ? key->type : CONF_U64;

	TRY(buf_add_str(op, buf, what));
	if (!scaled)
		return buf_add_format(op, buf, ", %llu to %llu%s",
		    (unsigned long long)key->min, (unsigned long long)key->max,
		    key->type == CONF_STRING ? " bytes"
		    : key->type == CONF_LIST ? " items"
					     : "");
	TRY(buf_add_str(op, buf, ", "));
	TRY(describe_scaled(op, type, key->min, buf));
	TRY(buf_add_str(op, buf, " to "));
	return describe_scaled(op, type, key->max, buf);
}

enum rc
conf_value_describe(struct op *op, const struct conf_key *key, struct buf *buf)
{
	static const char *const words[] = {
	    [CONF_BOOL] = "yes or no",
	    [CONF_U64] = "number",
	    [CONF_SIZE] = "size",
	    [CONF_DURATION] = "duration",
	    [CONF_STRING] = "text",
	    [CONF_LIST] = "list with commas",
	};

	if (key->type == CONF_BOOL)
		return buf_add_str(op, buf, words[key->type]);
	return describe_range(op, key, words[key->type], buf);
}

/* The NAME of [site NAME]. */
static bool
instance_valid(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= CONF_NAME_LIMIT &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

bool
conf_section_is(const char *pattern, const char *name)
{
	size_t prefix = strlen(pattern) - 1;

	if (!str_ends(pattern, " *"))
		return strcmp(pattern, name) == 0;
	return strncmp(pattern, name, prefix) == 0 &&
	       instance_valid(name + prefix);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool
is_comment(struct span text)
{
	return text.size > 0 && (text.data[0] == '#' || text.data[0] == ';');
}

/* What no byte of a line may be. */
static enum rc
bytes_check(struct op *op, struct span text, unsigned line)
{
	bool comment = is_comment(text);
	size_t i;

	for (i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (c == 0x7F || (c < 0x20 && c != '\t'))
			FAIL(op, RC_INVALID, "line %u: a control character",
			    line);
		/* libinih would cut the value there without a word. */
		if (c == ';' && !comment && i > 0 && is_blank(text.data[i - 1]))
			FAIL(op, RC_INVALID,
			    "line %u: a comment needs a line of its own", line);
	}
	return RC_OK;
}

enum rc
conf_line_check(struct op *op, struct span text, unsigned line)
{
	size_t blanks = 0;

	if (text.size > CONF_LINE_LIMIT)
		FAIL(op, RC_INVALID, "line %u is longer than %d bytes", line,
		    CONF_LINE_LIMIT);
	TRY(bytes_check(op, text, line));
	while (blanks < text.size && is_blank(text.data[blanks]))
		blanks++;
	/* libinih would take it for more of the line before. */
	if (blanks > 0 && blanks < text.size)
		FAIL(op, RC_INVALID, "line %u starts with a blank", line);
	return RC_OK;
}
