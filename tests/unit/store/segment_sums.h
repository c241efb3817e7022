/* segment_sums.h - makes a changed segment's sums right again, for tests and
 * fuzzing. */
#ifndef DOZO_TESTS_SEGMENT_SUMS_H
#define DOZO_TESTS_SEGMENT_SUMS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Makes checksum and hash right again, as whoever has no key can do. Where the
 * structure is broken only the checksum is set; nothing under 196 bytes.
 */
void segment_sums_fix(uint8_t *bytes, size_t size);

#endif
