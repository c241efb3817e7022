/* change.c - a change with what its request wants done besides. */
#include "core/change.h"

enum rc
change_run(struct op *op, struct tx *tx, struct change *change)
{
	bool skip = false;

	if (change->hook != NULL)
		TRY(change->hook->before(op, tx, change->hook, &skip));
	if (skip)
		return RC_OK;
	TRY(change->run(op, tx, change));
	return change->hook != NULL ? change->hook->after(op, tx, change->hook)
				    : RC_OK;
}
