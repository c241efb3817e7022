/* str.h - small text helpers: hex, numbers, bounded copies. */
#ifndef DOZO_BASE_STR_H
#define DOZO_BASE_STR_H

#include "base/op.h"
#include "base/span.h"

/* Lower-case hex and a NUL into out, which has room for 2 * bytes.size + 1. */
void str_hex(char *out, struct span bytes);

/* Exactly size bytes from 2 * size hex digits (either case); RC_INVALID. */
enum rc str_unhex(struct op *op, const char *text, uint8_t *ret_bytes,
    size_t size) MUST_CHECK;

/* A decimal number of digits only, no sign, no blanks, in min..max; false where
 * it is not. */
bool
str_to_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/* Copies with its NUL; false where it does not fit (out is then ""). */
bool str_copy(char *out, size_t out_size, const char *text);

bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

#endif
