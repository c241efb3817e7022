/* str.c - small text helpers. */
#include "base/str.h"

#include <string.h>

void
str_hex(char *out, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < bytes.size; i++) {
		out[2 * i] = digits[bytes.data[i] >> 4];
		out[2 * i + 1] = digits[bytes.data[i] & 15];
	}
	out[2 * bytes.size] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum rc
str_unhex(struct op *op, const char *text, uint8_t *ret_bytes, size_t size)
{
	size_t i;

	if (strlen(text) != 2 * size)
		FAIL(op, RC_INVALID, "expected %zu hex digits", 2 * size);
	for (i = 0; i < size; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			FAIL(op, RC_INVALID, "not a hex digit");
		ret_bytes[i] = (uint8_t)(high << 4 | low);
	}
	return RC_OK;
}

bool
str_to_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(
			value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	if (value < min || value > max)
		return false;
	*ret_value = value;
	return true;
}

bool
str_copy(char *out, size_t out_size, const char *text)
{
	size_t size = strlen(text) + 1;

	if (size > out_size) {
		out[0] = '\0';
		return false;
	}
	memcpy(out, text, size);
	return true;
}

bool
str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *text, const char *suffix)
{
	size_t n = strlen(text), k = strlen(suffix);

	return n >= k && strcmp(text + n - k, suffix) == 0;
}
