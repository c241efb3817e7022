/* cursor.h - where a list goes on: numbers under a seal, so that only what this
 * service wrote is taken; private to this folder. */
#ifndef DOZO_API_CURSOR_H
#define DOZO_API_CURSOR_H

#include "api/request.h"

enum { CURSOR_NUMBERS_MAX = 5, CURSOR_SIZE = 160 };

/* kind and the member who asks are sealed too: a cursor is good for one list of
 * one member. */
void cursor_write(const struct meta *meta, int64_t member, const char *kind,
    const uint64_t *numbers, size_t n, char out[CURSOR_SIZE]);

/* RC_INVALID for whatever cursor_write did not write for this list. */
enum rc cursor_read(struct op *op, const struct meta *meta, int64_t member,
    const char *kind, struct span text, uint64_t *ret_numbers,
    size_t n) MUST_CHECK;

#endif
