/* token.c - lock tokens as text. */
#include "dav/token.h"

#include <stdio.h>
#include <strings.h>

#include "base/rand.h"
#include "base/str.h"

#define SCHEME "opaquelocktoken:"

enum { UUID_SIZE = 36, SCHEME_SIZE = sizeof(SCHEME) - 1 };

void
token_make(uint8_t out[LOCK_TOKEN_SIZE])
{
	rand_bytes(out, LOCK_TOKEN_SIZE);
	/* Version 4, variant 1 (RFC 9562). */
	out[6] = (uint8_t)((out[6] & 0x0F) | 0x40);
	out[8] = (uint8_t)((out[8] & 0x3F) | 0x80);
}

void
token_text(const uint8_t token[LOCK_TOKEN_SIZE], char out[TOKEN_TEXT_SIZE])
{
	char hex[2 * LOCK_TOKEN_SIZE + 1];

	str_hex(hex, span_of(token, LOCK_TOKEN_SIZE));
	(void)snprintf(out, TOKEN_TEXT_SIZE, SCHEME "%.8s-%.4s-%.4s-%.4s-%.12s",
	    hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static bool
is_dash(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

bool
token_parse(struct op *op, struct span text, uint8_t out[LOCK_TOKEN_SIZE])
{
	char hex[2 * LOCK_TOKEN_SIZE + 1];
	size_t i, n = 0;

	if (text.size != SCHEME_SIZE + UUID_SIZE ||
	    strncasecmp((const char *)text.data, SCHEME, SCHEME_SIZE) != 0)
		return false;
	for (i = 0; i < UUID_SIZE; i++) {
		char c = (char)text.data[SCHEME_SIZE + i];

		if ((c == '-') != is_dash(i))
			return false;
		if (c != '-')
			hex[n++] = c;
	}
	hex[n] = '\0';
	if (str_unhex(op, hex, out, LOCK_TOKEN_SIZE) == RC_OK)
		return true;
	op_clear_error(op);
	return false;
}

enum rc
token_header(struct op *op, const char *text, bool *ret_ours,
    uint8_t out[LOCK_TOKEN_SIZE])
{
	struct span uri = span_str(text);

	if (uri.size > 2 && uri.data[0] == '<' && uri.data[uri.size - 1] == '>')
		uri = span_of(uri.data + 1, uri.size - 2);
	if (uri.size == 0 || memchr(uri.data, ':', uri.size) == NULL ||
	    memchr(uri.data, '<', uri.size) != NULL ||
	    memchr(uri.data, '>', uri.size) != NULL)
		FAIL(op, RC_INVALID, "Lock-Token is malformed");
	*ret_ours = token_parse(op, uri, out);
	return RC_OK;
}
