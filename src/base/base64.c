/* base64.c - base64 both ways. */
#include "base/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(char *out, struct span bytes)
{
	size_t i;

	for (i = 0; i < bytes.size; i += 3) {
		size_t n = bytes.size - i < 3 ? bytes.size - i : 3;
		unsigned group = (unsigned)bytes.data[i] << 16;

		if (n > 1)
			group |= (unsigned)bytes.data[i + 1] << 8;
		if (n > 2)
			group |= bytes.data[i + 2];
		*out++ = alphabet[group >> 18];
		*out++ = alphabet[group >> 12 & 63];
		*out++ = '=';
		*out++ = '=';
		if (n > 1)
			out[-2] = alphabet[group >> 6 & 63];
		if (n > 2)
			out[-1] = alphabet[group & 63];
	}
	*out = '\0';
}

/* The six bits of a character, or -1. */
static int
bits_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four characters, the last `pad` of them '='; false where they are none. */
static bool
group_decode(const uint8_t *text, size_t pad, uint8_t *out)
{
	unsigned group = 0;
	size_t i;

	for (i = 0; i < 4; i++) {
		int bits = i < 4 - pad ? bits_of(text[i]) : 0;

		if (bits < 0)
			return false;
		group = group << 6 | (unsigned)bits;
	}
	if ((group & ((1U << (8 * pad)) - 1)) != 0)
		return false;
	for (i = 0; i < 3 - pad; i++)
		out[i] = (uint8_t)(group >> (16 - 8 * i));
	return true;
}

enum rc
base64_decode(struct op *op, struct span text, uint8_t *out, size_t *ret_size)
{
	size_t i, pad = 0;

	if (text.size % 4 != 0)
		FAIL(op, RC_INVALID, "base64 of a broken length");
	while (
	    pad < 2 && pad < text.size && text.data[text.size - 1 - pad] == '=')
		pad++;
	for (i = 0; i < text.size; i += 4) {
		size_t here = i + 4 == text.size ? pad : 0;

		if (!group_decode(text.data + i, here, out + i / 4 * 3))
			FAIL(op, RC_INVALID, "not base64");
	}
	*ret_size = text.size / 4 * 3 - pad;
	return RC_OK;
}
