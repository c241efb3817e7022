/* buf.c - a growing buffer with a limit. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void
buf_init(struct buf *buf, size_t limit)
{
	*buf = (struct buf){.limit = limit};
}

void
buf_release(struct buf *buf)
{
	mem_free(buf->data);
	buf->data = NULL;
	buf->size = 0;
	buf->capacity = 0;
}

void
buf_clear(struct buf *buf)
{
	buf->size = 0;
}

enum rc
buf_grow(struct op *op, struct buf *buf, size_t size, uint8_t **ret_room)
{
	size_t capacity = buf->capacity;
	uint8_t *data;

	if (size > buf->limit || buf->size > buf->limit - size)
		FAIL(op, RC_LIMIT, "more than %zu bytes", buf->limit);
	if (buf->size + size > capacity) {
		capacity = capacity < 256 ? 256 : capacity;
		while (capacity < buf->size + size)
			capacity += capacity;
		if (capacity > buf->limit)
			capacity = buf->limit;
		data = mem_realloc(buf->data, capacity);
		if (data == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory (%zu bytes)",
			    capacity);
		buf->data = data;
		buf->capacity = capacity;
	}
	/* NULL + 0 is undefined; nothing is asked for then. */
	if (size == 0 && buf->data == NULL)
		*ret_room = NULL;
	else
		*ret_room = buf->data + buf->size;
	buf->size += size;
	return RC_OK;
}

enum rc
buf_add(struct op *op, struct buf *buf, struct span bytes)
{
	uint8_t *room;

	if (bytes.size == 0)
		return RC_OK;
	TRY(buf_grow(op, buf, bytes.size, &room));
	memcpy(room, bytes.data, bytes.size);
	return RC_OK;
}

enum rc
buf_add_str(struct op *op, struct buf *buf, const char *text)
{
	return buf_add(op, buf, span_str(text));
}

enum rc
buf_add_format(struct op *op, struct buf *buf, const char *format, ...)
{
	char small[512];
	va_list args;
	char *large;
	int size;

	va_start(args, format);
	size = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (size < 0)
		FAIL(op, RC_INVALID, "text cannot be formatted");
	if ((size_t)size < sizeof(small))
		return buf_add(op, buf, span_of(small, (size_t)size));
	/* By way of the op's memory: vsnprintf wants a byte more for its NUL
	 * than the limit may leave. */
	TRY(op_alloc(op, (size_t)size + 1, &large));
	va_start(args, format);
	(void)vsnprintf(large, (size_t)size + 1, format, args);
	va_end(args);
	return buf_add(op, buf, span_of(large, (size_t)size));
}
