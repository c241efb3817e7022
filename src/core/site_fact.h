/*
 * site_fact.h - private: what the provider's log says of a change of the
 * register (LOG.md L20): the record of how far it has come, never the switch.
 * docs/FORMAT.md has the bytes.
 */
#ifndef DOZO_CORE_SITE_FACT_H
#define DOZO_CORE_SITE_FACT_H

#include "base/buf.h"
#include "base/op.h"
#include "store/register.h"

/* Stored: values are never used again for something else. */
enum site_phase {
	SITE_PHASE_NONE = 0, /* never stored: no change was ever begun */
	SITE_PHASE_FILLING = 1, /* the new site is being filled; it counts for
				   nothing, and the change can be taken back */
	SITE_PHASE_SWITCHING = 2, /* fences may name both registers: there is
				     no way back */
	SITE_PHASE_LEAVING = 3, /* the new register rules alone; what the old
				   site had is being taken away */
	SITE_PHASE_DONE = 4,
};

enum { SITE_FACT_MAX = 64 + REGISTER_SITES_MAX * OBJECT_ID_SIZE };

struct site_fact {
	enum site_phase phase;
	struct site_register reg; /* that is to rule; its version is the row's
				   */
	/* All zero: no site. */
	uint8_t joins[OBJECT_ID_SIZE];
	uint8_t leaves[OBJECT_ID_SIZE];
};

bool site_id_is_none(const uint8_t id[OBJECT_ID_SIZE]);

/* Appends the body. */
enum rc site_fact_write(
    struct op *op, const struct site_fact *fact, struct buf *out) MUST_CHECK;

/* RC_DAMAGED, RC_REFUSED for a newer format. */
enum rc site_fact_read(struct op *op, uint64_t version, struct span body,
    struct site_fact *ret_fact) MUST_CHECK;

/* The newest one; phase NONE where there is none. */
struct service;
enum rc site_fact_newest(struct op *op, struct service *service,
    struct site_fact *ret_fact) MUST_CHECK;

/*
 * Writes it, as a change of the provider's log. before: the newest one so far
 * (phase NONE: there is none), RC_CONFLICT where it is another by now. name: of
 * the site that joins, whose row is made with it, or NULL. RC_NOT_STORED,
 * RC_IN_DOUBT.
 */
enum rc site_fact_commit(struct op *op, struct service *service,
    const struct site_fact *before, const struct site_fact *fact,
    const char *name) MUST_CHECK;

#endif
