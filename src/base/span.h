/* span.h - a view of bytes that somebody else owns. */
#ifndef DOZO_BASE_SPAN_H
#define DOZO_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;
	size_t size;
};

static inline struct span
span_of(const void *data, size_t size)
{
	return (struct span){data, size};
}

static inline struct span
span_str(const char *text)
{
	return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool
span_equal(struct span a, struct span b)
{
	return a.size == b.size &&
	       (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
