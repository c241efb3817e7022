/* secret.h - keys in locked memory that is not dumped and is wiped when given
 * back. */
#ifndef DOZO_CRYPTO_SECRET_H
#define DOZO_CRYPTO_SECRET_H

#include "base/op.h"
#include "base/span.h"

enum { SECRET_MAX = 64 };

/*
 * A key of at most SECRET_MAX bytes in a pool of locked pages (mlock,
 * MADV_DONTDUMP, MADV_WIPEONFORK). The pool grows by a page of slots; where the
 * system's limit (8 MiB for ordinary users) ends it, RC_LIMIT. Any thread.
 * A forked child has none of them (zeros) and is to execute another program.
 */
struct secret;

/* Zeroed, size bytes. One owner; free with secret_free. */
enum rc
secret_new(struct op *op, size_t size, struct secret **ret_secret) MUST_CHECK;

/* A secret of the given bytes; the caller wipes its own copy. */
enum rc secret_new_from(
    struct op *op, struct span bytes, struct secret **ret_secret) MUST_CHECK;

/* Random bytes. */
enum rc secret_new_random(
    struct op *op, size_t size, struct secret **ret_secret) MUST_CHECK;

/* Wipes and gives back; accepts NULL. */
void secret_free(struct secret *secret);

/* For CLEANUP. */
void secret_free_ptr(struct secret **secret);

struct span secret_span(const struct secret *secret);

/* To fill it. */
uint8_t *secret_bytes(struct secret *secret);

#endif
