/*
 * claim.h - one server's right to write (LOG.md L2): fences in ascending order
 * with fillers, a look-up after each put, and the register that rules (L20).
 */
#ifndef DOZO_STORE_CLAIM_H
#define DOZO_STORE_CLAIM_H

#include <stdatomic.h>

#include "base/op.h"
#include "base/thread.h"
#include "store/fence_object.h"
#include "store/sites.h"

enum claim_end {
	CLAIM_STANDS,
	CLAIM_FENCED, /* a higher fence was seen: acknowledge nothing, delete
			 nothing, exit */
	CLAIM_STALE, /* the own counter is taken on a site that appeared later:
			acknowledge nothing, claim anew */
};

struct claim {
	struct sites *sites; /* borrowed */
	uint8_t id[OBJECT_ID_SIZE];
	uint64_t counter;
	struct site_register reg; /* in force */
	struct site_set
	    of_register; /* the register's sites that are configured here */
	char host[FENCE_HOST_SIZE];
	/* One claim_extend at a time: two would each take the other's fence for
	 * a stranger's. */
	struct mutex extending;
	struct mutex
	    lock; /* guards fenced; the rest changes in claim_take only */
	struct site_set
	    fenced; /* where the own fence stands: only these count */
	atomic_int end; /* enum claim_end */
	struct claim *former; /* the one that it took the place of, or NULL */
};

/*
 * No claim yet: no site counts. A claim is taken once; a server that has to
 * claim anew makes another, and whatever was begun under the former one ends
 * with it. Free with claim_free.
 */
enum rc claim_new(
    struct op *op, struct sites *sites, struct claim **ret_claim) MUST_CHECK;

/* With the former ones. Accepts NULL. */
void claim_free(struct claim *claim);

/*
 * Lists the fences of all attached sites, and claims the counter above the
 * highest. first is the register of a new service, or NULL: the newest that any
 * fence names. Waits a random while and tries again where another server is
 * claiming. RC_UNPROVEN where fewer than max(m, R) sites are there (nothing was
 * created), RC_BUSY where the others won; then no site counts. Nobody else
 * knows the claim yet.
 */
enum rc claim_take(struct op *op, struct claim *claim,
    const struct site_register *first, const char *host) MUST_CHECK;

/*
 * Reads the register in force without claiming: reg and of_register are set, no
 * site counts. RC_UNPROVEN where no fence can be read.
 */
enum rc claim_read_register(struct op *op, struct claim *claim) MUST_CHECK;

/*
 * Puts the claim's fence on a site that it does not stand on yet. RC_FENCED
 * where a higher one came after it, or its counter is taken there: then it is
 * stale, unless it was overtaken on another of its sites (claim->end says
 * which).
 */
enum rc claim_extend(struct op *op, struct claim *claim, size_t i) MUST_CHECK;

/* The sites that count: attached, of the register, and with the claim's own
 * fence; none once the claim has ended. */
struct site_set claim_sites(struct claim *claim);

/* A site went away: its fence has to be looked at again before it counts. */
void claim_forget(struct claim *claim, size_t i);

/*
 * After a put, before it counts: the site is still the one that was attached
 * and has no fence/<own + 1>. RC_FENCED, or the site's failure.
 */
enum rc claim_check(struct op *op, struct claim *claim, size_t i) MUST_CHECK;

/* Whether the claim still stands, as far as is known. */
static inline bool
claim_stands(struct claim *claim)
{
	return atomic_load(&claim->end) == CLAIM_STANDS;
}

#endif
