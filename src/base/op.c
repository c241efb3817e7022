/* op.c - the life of one request. */
#include "base/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "base/str.h"

const char *
rc_name(enum rc rc)
{
	static const char *const names[] = {
	    [RC_OK] = "ok",
	    [RC_NOT_FOUND] = "not-found",
	    [RC_EXISTS] = "exists",
	    [RC_INVALID] = "invalid",
	    [RC_DENIED] = "denied",
	    [RC_CONFLICT] = "conflict",
	    [RC_LIMIT] = "limit",
	    [RC_NO_SPACE] = "no-space",
	    [RC_NO_MEMORY] = "no-memory",
	    [RC_IO] = "io",
	    [RC_DAMAGED] = "damaged",
	    [RC_NOT_STORED] = "not-stored",
	    [RC_IN_DOUBT] = "in-doubt",
	    [RC_UNPROVEN] = "unproven",
	    [RC_FENCED] = "fenced",
	    [RC_TIMEOUT] = "timeout",
	    [RC_BUSY] = "busy",
	    [RC_REFUSED] = "refused",
	};

	if ((size_t)rc >= ARRAY_LEN(names))
		return "unknown";
	return names[rc];
}

void
op_init(struct op *op)
{
	uint8_t id[8];

	memset(op, 0, sizeof(*op));
	arena_init(&op->arena, OP_ARENA_LIMIT);
	rand_id(id, sizeof(id));
	str_hex(op->request_id, span_of(id, sizeof(id)));
}

void
op_release(struct op *op)
{
	arena_release(&op->arena);
}

enum rc
op_fail(struct op *op, enum rc rc, const char *format, ...)
{
	va_list args;

	if (op->error[0] != '\0')
		return rc;
	op->error_rc = rc;
	va_start(args, format);
	(void)vsnprintf(op->error, sizeof(op->error), format, args);
	va_end(args);
	return rc;
}

enum rc
op_fail_errno(struct op *op, enum rc rc, int error, const char *format, ...)
{
	char text[64] = "";
	size_t used;
	va_list args;

	if (op->error[0] != '\0')
		return rc;
	op->error_rc = rc;
	va_start(args, format);
	(void)vsnprintf(op->error, sizeof(op->error), format, args);
	va_end(args);
	used = strlen(op->error);
	(void)snprintf(op->error + used, sizeof(op->error) - used, ": %s",
	    strerror_r(error, text, sizeof(text)));
	return rc;
}

void
op_clear_error(struct op *op)
{
	op->error[0] = '\0';
	op->error_rc = RC_OK;
}

const char *
op_error(const struct op *op, enum rc rc)
{
	return op->error[0] != '\0' ? op->error : rc_name(rc);
}

enum rc
op_alloc(struct op *op, size_t size, void *ret_block)
{
	void *block = arena_alloc(&op->arena, size);

	if (block == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory (%zu bytes)", size);
	memcpy(ret_block, &block, sizeof(block));
	return RC_OK;
}

enum rc
op_format(struct op *op, char **ret_text, const char *format, ...)
{
	va_list args;
	char *text;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		FAIL(op, RC_INVALID, "text cannot be formatted");
	TRY(op_alloc(op, (size_t)size + 1, &text));
	va_start(args, format);
	(void)vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	*ret_text = text;
	return RC_OK;
}
