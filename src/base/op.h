/* op.h - the life of one request or command: its memory, its error text, its
 * deadline, who asks. */
#ifndef DOZO_BASE_OP_H
#define DOZO_BASE_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

enum { OP_ERROR_SIZE = 320, OP_ARENA_LIMIT = 64 << 20 };

/* Who asks. All zero: the service itself. Text fields are never file names. */
struct actor {
	uint64_t tenant;
	int64_t member; /* row id, 0: none */
	int64_t
	    app_password; /* row id, 0: signed in by password or not at all */
	int64_t session; /* row id, 0: not by a browser's session */
	bool administrator;
	bool glass_broken; /* the host, who told a tenant's administrators why
			    */
	char address[48]; /* of the client, "" for the service and the host's
			     commands */
};

struct change_hook;

struct op {
	struct arena arena;
	struct actor actor;
	int64_t deadline; /* clock_mono() that ends it, 0: none */
	struct change_hook *hook; /* core/change.h; NULL: none */
	enum rc error_rc; /* RC_OK while error is "" */
	char error[OP_ERROR_SIZE];
	char request_id[20];
};

/* Needs op_release. Gives a fresh request id. Never fails. */
void op_init(struct op *op);

/* Frees the arena. Also for CLEANUP. */
void op_release(struct op *op);

/*
 * Notes a failure's text where it is first seen, and returns rc. Where a text
 * stands already it is kept: the first one is the cause.
 */
enum rc op_fail(struct op *op, enum rc rc, const char *format, ...)
    PRINTF_LIKE(3, 4) MUST_CHECK;

/* As op_fail, with ": " and the text of the system's error number after it. */
enum rc op_fail_errno(struct op *op, enum rc rc, int error, const char *format,
    ...) PRINTF_LIKE(4, 5) MUST_CHECK;

/* Forgets a failure that was handled. */
void op_clear_error(struct op *op);

/* The error's text, or the rc's name where none was noted. */
const char *op_error(const struct op *op, enum rc rc);

/* Zeroed memory of the op's arena; RC_NO_MEMORY. */
enum rc op_alloc(struct op *op, size_t size, void *ret_block) MUST_CHECK;

/* Formatted text in the op's arena; RC_NO_MEMORY. */
enum rc op_format(struct op *op, char **ret_text, const char *format, ...)
    PRINTF_LIKE(3, 4) MUST_CHECK;

#endif
