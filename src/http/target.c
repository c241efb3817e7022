/* target.c - splits and decodes a request target, refusing all that is
 * ambiguous. */
#include "http/target.h"

#include <string.h>
#include <strings.h>

#include "http/utf8.h"

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes %XX once; blank_plus: '+' is a blank (queries). The result is not
 * judged here. */
static enum rc
decode(struct op *op, struct span raw, bool blank_plus, struct span *ret_text)
{
	size_t i, n = 0;
	uint8_t *out;

	TRY(op_alloc(op, raw.size + 1, &out));
	for (i = 0; i < raw.size; i++) {
		uint8_t c = raw.data[i];

		if (c == '%') {
			int high =
			    raw.size - i > 2 ? hex_value(raw.data[i + 1]) : -1;
			int low =
			    raw.size - i > 2 ? hex_value(raw.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				FAIL(op, RC_INVALID,
				    "bad percent escape in the target");
			c = (uint8_t)(high << 4 | low);
			i += 2;
		} else if (c == '+' && blank_plus) {
			c = ' ';
		}
		out[n++] = c;
	}
	*ret_text = span_of(out, n);
	return RC_OK;
}

static bool
span_has(struct span text, int byte)
{
	return text.size > 0 && memchr(text.data, byte, text.size) != NULL;
}

static enum rc
segment_parse(struct op *op, struct span raw, struct span *ret_segment)
{
	struct span text;

	if (raw.size == 0)
		FAIL(op, RC_INVALID, "empty segment in the target");
	TRY(decode(op, raw, false, &text));
	if (span_has(text, '/') || span_has(text, '\\'))
		FAIL(op, RC_INVALID, "slash inside a segment of the target");
	if (span_equal(text, span_str(".")) || span_equal(text, span_str("..")))
		FAIL(op, RC_INVALID, "dot segment in the target");
	if (!utf8_is_clean(text))
		FAIL(op, RC_INVALID, "the target is not clean UTF-8");
	*ret_segment = text;
	return RC_OK;
}

/* path begins with '/'. */
static enum rc
path_parse(struct op *op, struct span path, struct target *target)
{
	struct span *segments;
	size_t i, n = 0, from = 1;

	for (i = 0; i < path.size; i++)
		n += path.data[i] == '/';
	target->trailing_slash = path.data[path.size - 1] == '/';
	n -= target->trailing_slash;
	if (n > TARGET_SEGMENTS_MAX)
		FAIL(op, RC_LIMIT, "more than %d segments in the target",
		    TARGET_SEGMENTS_MAX);
	TRY(op_alloc(op, (n + 1) * sizeof(*segments), &segments));
	for (i = 0; i < n; i++) {
		const uint8_t *at = path.data + from;
		const uint8_t *end = memchr(at, '/', path.size - from);
		size_t size =
		    end != NULL ? (size_t)(end - at) : path.size - from;

		TRY(segment_parse(op, span_of(at, size), &segments[i]));
		from += size + 1;
	}
	target->segments = segments;
	target->n_segments = n;
	return RC_OK;
}

/* Letters, digits and what host names, IPv6 literals and ports consist of. */
static bool
authority_is_plain(struct span authority)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._~:[]";
	size_t i;

	if (authority.size == 0 || authority.data[0] == ':')
		return false;
	for (i = 0; i < authority.size; i++)
		if (memchr(allowed, authority.data[i], sizeof(allowed) - 1) ==
		    NULL)
			return false;
	return true;
}

static bool
take_scheme(struct span *rest, const char *scheme)
{
	size_t size = strlen(scheme);

	if (rest->size < size ||
	    strncasecmp((const char *)rest->data, scheme, size) != 0)
		return false;
	*rest = span_of(rest->data + size, rest->size - size);
	return true;
}

/* Takes "scheme://authority" off the front of *rest. */
static enum rc
authority_take(struct op *op, struct span *rest, struct target *target)
{
	size_t n = 0;

	if (take_scheme(rest, "https://"))
		target->https = true;
	else if (!take_scheme(rest, "http://"))
		FAIL(op, RC_INVALID,
		    "the target is neither a path nor an http URI");
	while (n < rest->size && rest->data[n] != '/' && rest->data[n] != '?')
		n++;
	target->authority = span_of(rest->data, n);
	if (!authority_is_plain(target->authority))
		FAIL(op, RC_INVALID, "bad authority in the target");
	*rest = span_of(rest->data + n, rest->size - n);
	return RC_OK;
}

/* What must be escaped, and what no target may hold. */
static enum rc
raw_check(struct op *op, struct span raw)
{
	size_t i;

	if (raw.size == 0)
		FAIL(op, RC_INVALID, "empty target");
	if (raw.size > TARGET_SIZE_MAX)
		FAIL(op, RC_LIMIT, "the target is longer than %d bytes",
		    TARGET_SIZE_MAX);
	for (i = 0; i < raw.size; i++)
		if (raw.data[i] <= ' ' || raw.data[i] == 127)
			FAIL(op, RC_INVALID,
			    "blank or control character in the target");
	if (span_has(raw, '#'))
		FAIL(op, RC_INVALID, "fragment in the target");
	return RC_OK;
}

enum rc
target_parse(struct op *op, struct span raw, struct target *ret_target)
{
	struct target target = {.form = TARGET_ORIGIN};
	struct span rest = raw;
	const uint8_t *mark;

	TRY(raw_check(op, raw));
	if (span_equal(raw, span_str("*"))) {
		target.form = TARGET_ASTERISK;
		*ret_target = target;
		return RC_OK;
	}
	if (raw.data[0] != '/') {
		target.form = TARGET_ABSOLUTE;
		TRY(authority_take(op, &rest, &target));
	}
	mark = rest.size > 0 ? memchr(rest.data, '?', rest.size) : NULL;
	if (mark != NULL) {
		target.has_query = true;
		target.query = span_of(
		    mark + 1, rest.size - (size_t)(mark - rest.data) - 1);
		rest.size = (size_t)(mark - rest.data);
	}
	if (rest.size == 0) /* http://host is http://host/ */
		rest = span_str("/");
	TRY(path_parse(op, rest, &target));
	*ret_target = target;
	return RC_OK;
}

/* Cuts the next name=value off the front of *query. */
static void
pair_take(struct span *query, struct span *ret_name, struct span *ret_value)
{
	const uint8_t *amp = memchr(query->data, '&', query->size);
	size_t size = amp != NULL ? (size_t)(amp - query->data) : query->size;
	const uint8_t *equals = memchr(query->data, '=', size);
	size_t name = equals != NULL ? (size_t)(equals - query->data) : size;
	size_t skip = amp != NULL ? size + 1 : size;

	*ret_name = span_of(query->data, name);
	*ret_value = equals != NULL ? span_of(equals + 1, size - name - 1)
				    : span_of(query->data + size, 0);
	*query = span_of(query->data + skip, query->size - skip);
}

enum rc
target_param(struct op *op, const struct target *target, const char *name,
    struct span *ret_value)
{
	struct span query = target->query;

	while (query.size > 0) {
		struct span key, raw, value;

		pair_take(&query, &key, &raw);
		/* Names of ours need no escapes; an escaped name is another's.
		 */
		if (!span_equal(key, span_str(name)))
			continue;
		TRY(decode(op, raw, true, &value));
		if (!utf8_is_clean(value))
			FAIL(op, RC_INVALID,
			    "query parameter %s is not clean UTF-8", name);
		*ret_value = value;
		return RC_OK;
	}
	return RC_NOT_FOUND;
}

bool
target_param_name(const struct target *target, size_t n, struct span *ret_name)
{
	struct span query = target->query, value;
	size_t i;

	for (i = 0; query.size > 0; i++) {
		pair_take(&query, ret_name, &value);
		if (i == n)
			return true;
	}
	return false;
}
