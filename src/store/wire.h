/* wire.h - little-endian integers and byte runs as they stand in objects:
 * written at a pointer, read by a cursor. */
#ifndef DOZO_STORE_WIRE_H
#define DOZO_STORE_WIRE_H

#include "base/span.h"

/* Each writes at p, where the caller has room, and returns what follows. */

static inline uint8_t *
wire_put_u16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
	return p + 2;
}

static inline uint8_t *
wire_put_u32(uint8_t *p, uint32_t value)
{
	p = wire_put_u16(p, (uint16_t)value);
	return wire_put_u16(p, (uint16_t)(value >> 16));
}

static inline uint8_t *
wire_put_u64(uint8_t *p, uint64_t value)
{
	p = wire_put_u32(p, (uint32_t)value);
	return wire_put_u32(p, (uint32_t)(value >> 32));
}

static inline uint8_t *
wire_put_bytes(uint8_t *p, const void *bytes, size_t size)
{
	if (size > 0)
		memcpy(p, bytes, size);
	return p + size;
}

/*
 * Reads in order. Reading beyond the end gives zeroes and sets bad, so that a
 * parser asks once, after the last field of a group.
 */
struct wire {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static inline struct wire
wire_of(struct span bytes)
{
	return (struct wire){bytes.data, bytes.size, false};
}

/* The next size bytes, or an empty span. */
static inline struct span
wire_span(struct wire *wire, size_t size)
{
	struct span span = {wire->at, size};

	if (wire->bad || size > wire->left) {
		wire->bad = true;
		return (struct span){NULL, 0};
	}
	wire->at += size;
	wire->left -= size;
	return span;
}

static inline void
wire_bytes(struct wire *wire, void *out, size_t size)
{
	struct span span = wire_span(wire, size);

	if (wire->bad)
		memset(out, 0, size);
	else if (size > 0)
		memcpy(out, span.data, size);
}

static inline uint64_t
wire_uint(struct wire *wire, size_t size)
{
	struct span span = wire_span(wire, size);
	uint64_t value = 0;
	size_t i;

	for (i = span.size; i-- > 0;)
		value = value << 8 | span.data[i];
	return value;
}

static inline uint16_t
wire_u16(struct wire *wire)
{
	return (uint16_t)wire_uint(wire, 2);
}

static inline uint32_t
wire_u32(struct wire *wire)
{
	return (uint32_t)wire_uint(wire, 4);
}

static inline uint64_t
wire_u64(struct wire *wire)
{
	return wire_uint(wire, 8);
}

/* Everything was read, and nothing beyond. */
static inline bool
wire_done(const struct wire *wire)
{
	return !wire->bad && wire->left == 0;
}

#endif
