/* log.h - one line an event on standard error: time, level, event, key=value
 * pairs, request id. */
#ifndef DOZO_BASE_LOG_H
#define DOZO_BASE_LOG_H

#include "base/buf.h"
#include "base/op.h"

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

/* Lines below this level are not written. Default: INFO. */
void log_set_level(enum log_level level);

/*
 * event is a constant word ("site-behind"); format gives "key=value" pairs,
 * free texts as key="%s" (quotes and control characters in the result become
 * '?', so a line stays a line). op may be NULL. Never a file, folder or user
 * name, never a secret (they are not to be found in the log). Any thread; one
 * write(2) a line.
 */
void log_line(enum log_level level, const struct op *op, const char *event,
    const char *format, ...) PRINTF_LIKE(4, 5);

/*
 * The newest lines stay in memory too, LOG_KEPT bytes of them: for whoever
 * looks whether something stands in them that never may. log_position tells how
 * many bytes were written so far; log_since appends what came since a position,
 * and *ret_lost says whether more had come than was kept. Any thread. RC_LIMIT,
 * RC_NO_MEMORY.
 */
enum { LOG_KEPT = 256 << 10 };
uint64_t log_position(void);
enum rc log_since(struct op *op, uint64_t position, struct buf *buf,
    bool *ret_lost) MUST_CHECK;

#define log_debug(op, event, ...) \
	log_line(LOG_LEVEL_DEBUG, op, event, __VA_ARGS__)
#define log_info(op, event, ...) \
	log_line(LOG_LEVEL_INFO, op, event, __VA_ARGS__)
#define log_warn(op, event, ...) \
	log_line(LOG_LEVEL_WARN, op, event, __VA_ARGS__)
#define log_error(op, event, ...) \
	log_line(LOG_LEVEL_ERROR, op, event, __VA_ARGS__)

#endif
