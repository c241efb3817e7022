/*
 * guard.h - one judgement over a request's whole head (H6): what libmicrohttpd
 * lets through and a proxy might read differently is refused.
 */
#ifndef DOZO_HTTP_GUARD_H
#define DOZO_HTTP_GUARD_H

#include "base/op.h"
#include "base/span.h"

enum { GUARD_FIELDS_MAX = 100, GUARD_HEAD_MAX = 14 << 10 };

#define GUARD_SIZE_UNKNOWN UINT64_MAX

struct guard_field {
	const char *name; /* as sent */
	const char *value; /* without blanks around it */
};

/* A head that passed. */
struct guard_head {
	const char *method;
	bool http_1_0;
	bool has_body; /* chunked, or a Content-Length over 0 */
	uint64_t content_length; /* GUARD_SIZE_UNKNOWN: chunked */
	bool expects_continue;
	const char *host; /* NULL: none (HTTP/1.0) */
	const struct guard_field *fields;
	size_t n_fields;
};

/*
 * bytes is the head as libmicrohttpd leaves it in its buffer: from the method
 * to the empty line, each blank or colon that ends a word and each CR and LF
 * overwritten by NUL, the target (target_size bytes) overwritten at will. Since
 * every byte has to be where a strict sender puts it, bare LF, folded lines,
 * NUL and stray blanks show. (One thing cannot show: NUL LF in place of CR LF,
 * which both are line ends.) Everything is copied into the op's arena.
 *
 * *ret_status is 0 where the head passes, and *ret_head is set; else the status
 * to refuse with (400, 417, 431, 501, 505), and the op's error says why.
 * RC_NO_MEMORY.
 */
enum rc guard_check(struct op *op, struct span bytes, size_t target_size,
    int *ret_status, struct guard_head *ret_head) MUST_CHECK;

/* Whether text is a token of RFC 9110 5.6.2. */
bool guard_is_token(const char *text);

#endif
