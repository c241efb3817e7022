/* idempotency.h - rows of requests that were answered, found by the key that
 * their sender gave (L23). */
#ifndef DOZO_META_IDEMPOTENCY_H
#define DOZO_META_IDEMPOTENCY_H

#include "meta/meta.h"

enum { IDEMPOTENCY_KEY_SIZE = 32 };

struct idempotency {
	uint8_t key[IDEMPOTENCY_KEY_SIZE];
	uint8_t request[IDEMPOTENCY_KEY_SIZE]; /* keyed hash of what was asked
						*/
	struct span result; /* what was answered; sealed in the row */
	int64_t expires_at; /* service time */
};

/* Key and request as rows have them. */
void idempotency_key(const struct meta *meta, int64_t member, struct span text,
    uint8_t out[IDEMPOTENCY_KEY_SIZE]);
void idempotency_request(const struct meta *meta, struct span text,
    uint8_t out[IDEMPOTENCY_KEY_SIZE]);

/* The one whose term has not ended at a service time; RC_NOT_FOUND. The result
 * lies in the op's arena. */
enum rc idempotency_get(struct op *op, struct meta *meta,
    const uint8_t key[IDEMPOTENCY_KEY_SIZE], int64_t now,
    struct idempotency *ret_row) MUST_CHECK;

/* In place of one whose term has ended. */
enum rc idempotency_put(
    struct op *op, struct meta *meta, const struct idempotency *row) MUST_CHECK;

/* Whether the term of any has ended. */
enum rc idempotency_due(
    struct op *op, struct meta *meta, int64_t now, bool *ret_due) MUST_CHECK;

/* Deletes up to limit of them; *ret_n: how many. */
enum rc idempotency_expire(struct op *op, struct meta *meta, int64_t now,
    size_t limit, int64_t *ret_n) MUST_CHECK;

#endif
