/* buf.h - bytes that grow, up to a limit that the buffer has from birth. */
#ifndef DOZO_BASE_BUF_H
#define DOZO_BASE_BUF_H

#include "base/op.h"
#include "base/span.h"

struct buf {
	uint8_t *data;
	size_t size; /* bytes in use */
	size_t capacity; /* bytes held */
	size_t limit; /* bytes it may ever hold */
};

/* Takes no memory yet. Needs buf_release. */
void buf_init(struct buf *buf, size_t limit);

/* Frees the bytes, keeps the limit. Also for CLEANUP. */
void buf_release(struct buf *buf);

/* Forgets the content, keeps the memory. */
void buf_clear(struct buf *buf);

/* Appends; RC_LIMIT beyond the limit, RC_NO_MEMORY. Unchanged on failure. */
enum rc buf_add(struct op *op, struct buf *buf, struct span bytes) MUST_CHECK;
enum rc
buf_add_str(struct op *op, struct buf *buf, const char *text) MUST_CHECK;
enum rc buf_add_format(struct op *op, struct buf *buf, const char *format, ...)
    PRINTF_LIKE(3, 4) MUST_CHECK;

/* Grows by size bytes that the caller fills; *ret_room points at them until the
 * next call. */
enum rc buf_grow(
    struct op *op, struct buf *buf, size_t size, uint8_t **ret_room) MUST_CHECK;

static inline struct span
buf_span(const struct buf *buf)
{
	return (struct span){buf->data, buf->size};
}

#endif
