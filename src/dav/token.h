/* token.h - lock tokens as text: "opaquelocktoken:" and a UUID. */
#ifndef DOZO_DAV_TOKEN_H
#define DOZO_DAV_TOKEN_H

#include "base/span.h"
#include "meta/lock.h"

enum { TOKEN_TEXT_SIZE = 64 };

/* A fresh one. */
void token_make(uint8_t out[LOCK_TOKEN_SIZE]);

void
token_text(const uint8_t token[LOCK_TOKEN_SIZE], char out[TOKEN_TEXT_SIZE]);

/* The URI alone, without angle brackets; false where it is none of ours. */
bool token_parse(struct op *op, struct span text, uint8_t out[LOCK_TOKEN_SIZE]);

/*
 * A Lock-Token header: in angle brackets, or (Windows) without. RC_INVALID
 * where it is no URI at all; *ret_ours: whether it may be one of our tokens.
 */
enum rc token_header(struct op *op, const char *text, bool *ret_ours,
    uint8_t out[LOCK_TOKEN_SIZE]) MUST_CHECK;

#endif
