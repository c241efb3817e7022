/* scratch.h - a short life inside a long request: memory that goes before the
 * request does. */
#ifndef DOZO_CORE_SCRATCH_H
#define DOZO_CORE_SCRATCH_H

#include "base/op.h"

/* An op that asks as parent does, under its deadline and request id, with an
 * arena of its own. Needs op_release. */
void scratch_init(struct op *scratch, const struct op *parent);

/* Hands a failure's text up; returns rc, RC_OK too. */
enum rc
scratch_end(struct op *op, const struct op *scratch, enum rc rc) MUST_CHECK;

#endif
