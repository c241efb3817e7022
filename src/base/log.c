/* log.c - lines on standard error. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"

enum {
	LINE_SIZE = 1024,
	TAIL_SIZE = 40 /* a closing quote, the request id, the line's end */
};

static atomic_int lowest = LOG_LEVEL_INFO;

/* The newest lines, as a ring. */
static struct {
	struct mutex lock;
	uint64_t written; /* bytes; the last of them at (written - 1) % LOG_KEPT
			   */
	char bytes[LOG_KEPT];
} kept = {.lock = MUTEX_STATIC};

void
log_set_level(enum log_level level)
{
	atomic_store(&lowest, (int)level);
}

static bool
is_c1(char c)
{
	return (unsigned char)c >= 0x80 && (unsigned char)c < 0xA0;
}

/* Whether text[i] is (part of) a control character: C0, DEL, and C1, which is
 * C2 80 to C2 9F in UTF-8. */
static bool
is_control(const char *text, size_t i)
{
	unsigned char c = (unsigned char)text[i];

	return c < ' ' || c == 127 || (c == 0xC2 && is_c1(text[i + 1])) ||
	       (i > 0 && (unsigned char)text[i - 1] == 0xC2 && is_c1(text[i]));
}

/*
 * Formats, and makes of every quote and control character that came in by an
 * argument a '?': no text can end its key="..." or the line. Which quotes are
 * the format's own is seen by formatting again with another character for them.
 */
static size_t PRINTF_LIKE(3, 0)
    line_format(char *out, size_t room, const char *format, va_list args)
{
	char marked_format[LINE_SIZE];
	char marked[LINE_SIZE];
	size_t i, quotes = 0;
	va_list again;

	for (i = 0; i < sizeof(marked_format) - 1 && format[i] != '\0'; i++)
		marked_format[i] =
		    (char)(format[i] == '"' ? '\x01' : format[i]);
	marked_format[i] = '\0';
	va_copy(again, args);
	(void)vsnprintf(out, room, format, args);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)vsnprintf(marked, room, marked_format, again);
#pragma GCC diagnostic pop
	va_end(again);
	for (i = 0; out[i] != '\0'; i++)
		if (out[i] != marked[i])
			quotes++;
		else if (out[i] == '"' || is_control(marked, i))
			out[i] = '?';
	/* A line that was cut inside quotes. */
	if (quotes % 2 == 1)
		out[i++] = '"';
	return i;
}

static void
keep(const char *line, size_t size)
{
	MUTEX_GUARD(&kept.lock);
	size_t at = (size_t)(kept.written % LOG_KEPT);
	size_t first = size < LOG_KEPT - at ? size : LOG_KEPT - at;

	memcpy(kept.bytes + at, line, first);
	memcpy(kept.bytes, line + first, size - first);
	kept.written += size;
}

uint64_t
log_position(void)
{
	MUTEX_GUARD(&kept.lock);

	return kept.written;
}

enum rc
log_since(struct op *op, uint64_t position, struct buf *buf, bool *ret_lost)
{
	MUTEX_GUARD(&kept.lock);
	bool lost = kept.written - position > LOG_KEPT;
	uint64_t from = lost ? kept.written - LOG_KEPT : position;
	size_t size = (size_t)(kept.written - from);
	size_t at = (size_t)(from % LOG_KEPT);
	size_t first = size < LOG_KEPT - at ? size : LOG_KEPT - at;
	uint8_t *room;

	if (size > 0) {
		TRY(buf_grow(op, buf, size, &room));
		memcpy(room, kept.bytes + at, first);
		memcpy(room + first, kept.bytes, size - first);
	}
	*ret_lost = lost;
	return RC_OK;
}

void
log_line(enum log_level level, const struct op *op, const char *event,
    const char *format, ...)
{
	static const char *const words[] = {"debug", "info", "warn", "error"};
	char when[CLOCK_TEXT_SIZE];
	char line[LINE_SIZE];
	size_t room = sizeof(line) - TAIL_SIZE;
	size_t used;
	va_list args;

	if ((int)level < atomic_load(&lowest))
		return;
	clock_text(when, clock_wall());
	used = (size_t)snprintf(line, room, "time=%s level=%s event=%s ", when,
	    words[level], event);
	va_start(args, format);
	used += line_format(line + used, room - used, format, args);
	va_end(args);
	if (op != NULL)
		used += (size_t)snprintf(line + used, sizeof(line) - used,
		    " request=%s", op->request_id);
	line[used++] = '\n';
	keep(line, used);
	/* A log that cannot be written must not stop the service. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}
