/* scratch.c - an op for one step of a request. */
#include "core/scratch.h"

#include <string.h>

void
scratch_init(struct op *scratch, const struct op *parent)
{
	op_init(scratch);
	scratch->actor = parent->actor;
	scratch->deadline = parent->deadline;
	memcpy(scratch->request_id, parent->request_id,
	    sizeof(scratch->request_id));
}

enum rc
scratch_end(struct op *op, const struct op *scratch, enum rc rc)
{
	if (rc == RC_OK || scratch->error_rc == RC_OK)
		return rc;
	FAIL(op, rc, "%s", scratch->error);
}
