/*
 * pattern.h - bytes that tell their own place: each 8-byte word depends on a
 * seed and on its position in the whole file, so that a missing, doubled or
 * misplaced piece shows, and both making and checking them run at the speed of
 * memory.
 */
#ifndef DOZO_BENCH_PATTERN_H
#define DOZO_BENCH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PATTERN_STEP UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t
pattern_word(uint64_t seed, uint64_t index)
{
	return (seed + 1) * UINT64_C(0xd6e8feb86659fd93) + index * PATTERN_STEP;
}

/* Bytes [position, position + size) of the file of this seed. */
static inline void
pattern_fill(uint8_t *out, size_t size, uint64_t position, uint64_t seed)
{
	uint64_t index = position / 8, word = pattern_word(seed, index);
	size_t skip = position % 8, step, i;

	for (; size > 0 && skip > 0; skip = 0) {
		step = size < 8 - skip ? size : 8 - skip;
		memcpy(out, (const uint8_t *)&word + skip, step);
		out += step;
		size -= step;
		word += PATTERN_STEP;
	}
	for (i = 0; i < size / 8; i++) {
		uint64_t value = word + i * PATTERN_STEP;

		memcpy(out + i * 8, &value, 8);
	}
	word += (size / 8) * PATTERN_STEP;
	memcpy(out + size / 8 * 8, &word, size % 8);
}

/* Whether these are the bytes that pattern_fill makes. */
static inline bool
pattern_check(
    const uint8_t *bytes, size_t size, uint64_t position, uint64_t seed)
{
	uint64_t index = position / 8, word = pattern_word(seed, index);
	uint64_t wrong = 0, value;
	size_t skip = position % 8, step, i;

	if (size > 0 && skip > 0) {
		step = size < 8 - skip ? size : 8 - skip;
		if (memcmp(bytes, (const uint8_t *)&word + skip, step) != 0)
			return false;
		bytes += step;
		size -= step;
		word += PATTERN_STEP;
	}
	for (i = 0; i < size / 8; i++) {
		memcpy(&value, bytes + i * 8, 8);
		wrong |= value ^ (word + i * PATTERN_STEP);
	}
	word += (size / 8) * PATTERN_STEP;
	return wrong == 0 && memcmp(bytes + size / 8 * 8, &word, size % 8) == 0;
}

#endif
