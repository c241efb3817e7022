/* fence_object.h - the bytes of fence/<counter> (LOG.md L2). docs/FORMAT.md
 * specifies them. */
#ifndef DOZO_STORE_FENCE_OBJECT_H
#define DOZO_STORE_FENCE_OBJECT_H

#include "base/buf.h"
#include "base/op.h"
#include "store/object.h"
#include "store/register.h"

enum {
	FENCE_HOST_MAX = 64,
	FENCE_HOST_SIZE = FENCE_HOST_MAX + 1,
	FENCE_REGISTERS_MAX = 2,
	FENCE_SCOPE_SERVICE = 0, /* later: single tenants */
	FENCE_OBJECT_SIZE_MAX = 1024,
};

struct fence_object {
	uint8_t claim[OBJECT_ID_SIZE]; /* random, of the claim that made it */
	uint64_t counter; /* of that claim; the object's own name is lower where
			     it is a filler */
	uint32_t scope; /* FENCE_SCOPE_SERVICE */
	uint32_t
	    n_registers; /* 1, or 2 amid a change of the register (old, new) */
	struct site_register registers[FENCE_REGISTERS_MAX];
	int64_t wall; /* ns since 1970, for display */
	char host[FENCE_HOST_SIZE];
};

/* Appends the object's bytes. */
enum rc fence_object_write(struct op *op, const struct fence_object *fence,
    struct buf *out) MUST_CHECK;

/* RC_DAMAGED for whatever does not pass its check, RC_REFUSED for a newer
 * format. */
enum rc fence_object_read(struct op *op, struct span bytes,
    struct fence_object *ret_fence) MUST_CHECK;

#endif
