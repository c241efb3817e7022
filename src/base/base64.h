/* base64.h - base64 of RFC 4648 with padding, as HTTP's headers carry it. */
#ifndef DOZO_BASE_BASE64_H
#define DOZO_BASE_BASE64_H

#include "base/op.h"
#include "base/span.h"

/* Characters of n bytes, without a NUL. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4)

/* Into out, which has room for BASE64_SIZE(bytes.size) + 1; ends with a NUL. */
void base64_encode(char *out, struct span bytes);

/*
 * Into out, which has room for text.size / 4 * 3 bytes. RC_INVALID for anything
 * but full groups of the standard alphabet with '=' at the end only, and where
 * unused bits are set.
 */
enum rc base64_decode(
    struct op *op, struct span text, uint8_t *out, size_t *ret_size) MUST_CHECK;

#endif
