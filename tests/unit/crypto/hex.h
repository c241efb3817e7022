/* hex.h - comparing bytes with their hex digits, as published vectors give
 * them. */
#ifndef DOZO_TESTS_HEX_H
#define DOZO_TESTS_HEX_H

#include <stdio.h>

#include "lib/test.h"

/* The bytes of hex digits into out, which has room for them; returns how many.
 */
static inline size_t
hex_bytes(uint8_t *out, const char *hex)
{
	size_t n;

	for (n = 0; hex[2 * n] != '\0'; n++) {
		unsigned byte;

		if (sscanf(hex + 2 * n, "%2x", &byte) != 1)
			fail_msg("bad hex: %s", hex);
		out[n] = (uint8_t)byte;
	}
	return n;
}

/* Fails the test unless the bytes are the hex digits'. */
static inline void
hex_assert(const void *bytes, size_t size, const char *hex)
{
	uint8_t expected[1024];
	size_t n;

	assert_in_range(strlen(hex), 0, 2 * sizeof(expected));
	n = hex_bytes(expected, hex);
	assert_int_equal(n, size);
	if (size > 0)
		assert_memory_equal(bytes, expected, size);
}

#endif
