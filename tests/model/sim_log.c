/* sim_log.c - log.h into the trace: what the service says stands between what
 * it does. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "model/sim_internal.h"

void
log_set_level(enum log_level level)
{
	(void)level;
}

void
log_line(enum log_level level, const struct op *op, const char *event,
    const char *format, ...)
{
	char text[SIM_LINE_SIZE];
	va_list args;

	(void)op;
	if (level == LOG_LEVEL_DEBUG)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sim_trace("log %s %s", event, text);
}
