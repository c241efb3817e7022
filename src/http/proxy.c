/* proxy.c - parsers for what proxies tell. */
#include "http/proxy.h"

#include <string.h>
#include <strings.h>

static const uint8_t signature[12] = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

enum { PROXY_V4 = 0x1, PROXY_V6 = 0x2, V4_SIZE = 12, V6_SIZE = 36 };

enum rc
proxy_size(struct op *op, const uint8_t head[PROXY_HEAD_SIZE], size_t *ret_size)
{
	size_t size = (size_t)(head[14] << 8 | head[15]) + PROXY_HEAD_SIZE;

	if (memcmp(head, signature, sizeof(signature)) != 0)
		FAIL(op, RC_INVALID, "not a PROXY header");
	if (size > PROXY_SIZE_MAX)
		FAIL(op, RC_LIMIT, "a PROXY header of %zu bytes", size);
	*ret_size = size;
	return RC_OK;
}

enum rc
proxy_parse(struct op *op, struct span header, bool *ret_known,
    struct address *ret_address)
{
	const uint8_t *at = header.data;
	struct address v4 = {.bytes = {[10] = 0xff, [11] = 0xff}};
	unsigned version, command, family;
	size_t size;

	if (header.size < PROXY_HEAD_SIZE)
		FAIL(op, RC_INVALID, "a short PROXY header");
	TRY(proxy_size(op, at, &size));
	version = at[12] >> 4;
	command = at[12] & 15U;
	family = at[13] >> 4;
	if (size != header.size || version != 2 || command > 1 || family > 3)
		FAIL(op, RC_INVALID, "malformed PROXY header");
	*ret_known = false;
	if (command == 0 || (family != PROXY_V4 && family != PROXY_V6))
		return RC_OK;
	if (size - PROXY_HEAD_SIZE < (family == PROXY_V4 ? V4_SIZE : V6_SIZE))
		FAIL(op, RC_INVALID, "a PROXY header without its addresses");
	at += PROXY_HEAD_SIZE;
	if (family == PROXY_V4)
		memcpy(v4.bytes + 12, at, 4);
	else
		memcpy(v4.bytes, at, 16);
	*ret_address = v4;
	*ret_known = true;
	return RC_OK;
}

static struct span
trim(struct span text)
{
	while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = span_of(text.data + 1, text.size - 1);
	while (text.size > 0 && (text.data[text.size - 1] == ' ' ||
				    text.data[text.size - 1] == '\t'))
		text.size--;
	return text;
}

/* Cuts the last piece of *list off, at sep outside quotes (a quote is never
 * escaped here). */
static struct span
last_take(struct span *list, char sep)
{
	bool quoted = false;
	size_t i = list->size;
	struct span piece;

	while (i > 0) {
		uint8_t c = list->data[i - 1];

		if (c == '"')
			quoted = !quoted;
		if (c == (uint8_t)sep && !quoted)
			break;
		i--;
	}
	piece = span_of(list->data + i, list->size - i);
	list->size = i > 0 ? i - 1 : 0;
	return trim(piece);
}

/* An address as proxies write it: with a port or not, brackets around IPv6,
 * quotes. */
static bool
node_parse(struct span text, struct address *ret_address)
{
	char copy[64];
	char *at = copy, *end;

	if (text.size >= 2 && text.data[0] == '"' &&
	    text.data[text.size - 1] == '"')
		text = span_of(text.data + 1, text.size - 2);
	if (text.size == 0 || text.size >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (*at == '[') {
		at++;
		end = strchr(at, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*end = '\0';
		return address_parse(at, ret_address);
	}
	end = strchr(at, ':');
	if (end != NULL && strchr(end + 1, ':') == NULL)
		*end = '\0'; /* a.b.c.d:port; two colons are IPv6 */
	return address_parse(at, ret_address);
}

/* The for= parameter of one Forwarded element. */
static bool
forwarded_parse(struct span element, struct address *ret_address)
{
	while (element.size > 0) {
		struct span pair = last_take(&element, ';');

		if (pair.size > 4 &&
		    strncasecmp((const char *)pair.data, "for=", 4) == 0)
			return node_parse(
			    span_of(pair.data + 4, pair.size - 4), ret_address);
	}
	return false;
}

void
proxy_client(enum proxy_header kind, const char *list,
    const struct address_range *trusted, size_t n, struct address *address)
{
	struct span rest = span_str(list);
	bool found;

	if (kind == PROXY_HEADER_NONE)
		return;
	while (rest.size > 0 && address_in(address, trusted, n)) {
		struct span element = last_take(&rest, ',');
		struct address next;

		if (kind == PROXY_FORWARDED)
			found = forwarded_parse(element, &next);
		else
			found = node_parse(element, &next);
		if (!found)
			return;
		*address = next;
	}
}
