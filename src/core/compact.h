/* compact.h - data segments that are mostly dead, or many small ones, made into
 * full ones (LOG.md L11). */
#ifndef DOZO_CORE_COMPACT_H
#define DOZO_CORE_COMPACT_H

#include "core/tenant.h"

enum {
	COMPACT_SMALL = 1 << 20, /* bytes of an object that is small */
	COMPACT_MANY = 16, /* so many small ones are worth a new one */
};

struct compact_result {
	uint64_t segments; /* data segments that were rewritten */
	uint64_t bytes; /* of those objects */
	uint64_t copied; /* plaintext that was still live in them */
};

/*
 * Looks at every data segment: what is live in those under half live, and in
 * small ones where there are COMPACT_MANY, is copied into new ones; the old
 * ones are dropped when nothing lies in them. Beside the committer; a chunk
 * that no site has undamaged stays where it is. RC_NOT_STORED, RC_IN_DOUBT,
 * RC_BUSY.
 */
enum rc compact_tenant(struct op *op, struct tenant *tenant,
    struct compact_result *ret_result) MUST_CHECK;

#endif
