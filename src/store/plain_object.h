/*
 * plain_object.h - what small objects that are not sealed have in common: an
 * 8-byte magic and a u16 format in front, SHA-256 of all bytes before it at the
 * end. That frame is the same in every format to come.
 */
#ifndef DOZO_STORE_PLAIN_OBJECT_H
#define DOZO_STORE_PLAIN_OBJECT_H

#include "base/buf.h"
#include "base/op.h"
#include "store/wire.h"

enum { PLAIN_OBJECT_HEAD = 10, PLAIN_OBJECT_SUM = 32 };

/* Writes magic and format at p; returns what follows. */
uint8_t *plain_object_head(uint8_t *p, const char magic[8], uint16_t format);

/* Appends the sum over all that out holds from start on. */
enum rc
plain_object_end(struct op *op, struct buf *out, size_t start) MUST_CHECK;

/*
 * Checks magic, sum and format; *ret_wire then holds what lies between format
 * and sum. RC_DAMAGED; RC_REFUSED for an intact object of a newer format.
 */
enum rc plain_object_open(struct op *op, struct span bytes, const char magic[8],
    uint16_t format, struct wire *ret_wire) MUST_CHECK;

/* A text of 1 to max bytes without control characters, which messages may show.
 */
bool plain_object_text_ok(const char *text, size_t max);

/* Writes u16 length and text; returns what follows. */
uint8_t *plain_object_put_text(uint8_t *p, const char *text);

/* Reads a text into out, which has max + 1 bytes; sets wire->bad where it is
 * none. */
void plain_object_get_text(struct wire *wire, char *out, size_t max);

#endif
