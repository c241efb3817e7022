/*
 * sample.h - a look at some of what has long been stored, on one site: a few
 * numbers and data segments of a few tenants, wherever chance falls.
 */
#ifndef DOZO_EVIDENCE_SAMPLE_H
#define DOZO_EVIDENCE_SAMPLE_H

#include "evidence/check.h"

struct sample {
	uint64_t objects; /* looked at */
	uint64_t wrong; /* missing or damaged; they are noted for repair */
};

/*
 * Looks at the provider's log, the canary's and up to six other open tenants'
 * on this site, at CHECK_RATE; adds to *sample.
 */
enum rc sample_look(struct op *op, struct check *check, size_t site,
    struct sample *sample) MUST_CHECK;

#endif
