/* log.c - lines on standard error. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static atomic_int lowest = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	atomic_store(&lowest, (int)level);
}

static void
line_clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			*text = '?';
}

void
log_line(enum log_level level, const struct op *op, const char *event,
    const char *format, ...)
{
	static const char *const words[] = {"debug", "info", "warn", "error"};
	char when[CLOCK_TEXT_SIZE];
	char line[1024];
	size_t room = sizeof(line) - 40; /* for the request id */
	size_t used;
	va_list args;

	if ((int)level < atomic_load(&lowest))
		return;
	clock_text(when, clock_wall());
	used = (size_t)snprintf(line, room, "time=%s level=%s event=%s ", when,
	    words[level], event);
	va_start(args, format);
	(void)vsnprintf(line + used, room - used, format, args);
	va_end(args);
	line_clean(line);
	used = strlen(line);
	if (op != NULL)
		used += (size_t)snprintf(line + used, sizeof(line) - used,
		    " request=%s", op->request_id);
	line[used++] = '\n';
	/* A log that cannot be written must not stop the service. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}
