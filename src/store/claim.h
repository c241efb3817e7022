/*
 * claim.h - one server's right to write (LOG.md L2): fences in ascending order
 * with fillers, a look-up after each put, and the register that rules (L20).
 * While the register changes, a claim is under two of them, the old and the
 * new one, and what needs m or R sites needs as many of each.
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

struct claim_family;

struct claim {
	struct sites *sites; /* borrowed */
	uint8_t id[OBJECT_ID_SIZE];
	uint64_t counter;
	/* Of the claims that this process has gone on with since (claim_follow)
	 * the oldest: data that were put under it are its own still. */
	uint64_t oldest;
	uint32_t n_registers; /* in force: 1, or 2 amid a change; 0: unknown */
	struct site_register registers[FENCE_REGISTERS_MAX];
	/* Of each register the sites that are configured here, and of all. */
	struct site_set members[FENCE_REGISTERS_MAX];
	struct site_set of_register;
	struct claim_family *family;
	/* claim_follow: registers that are to rule if none newer does. */
	uint32_t n_wanted;
	struct site_register wanted[FENCE_REGISTERS_MAX];
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

/*
 * A claim that takes the place of one that stands, under a register that is
 * newer by a step (L20): still to be taken, and former until then. The two are
 * one server's: neither is overtaken by the other, so that each tenant goes
 * over when it is started again. n registers, 1 or 2.
 */
enum rc claim_follow(struct op *op, struct claim *former, uint32_t n,
    const struct site_register *registers, struct claim **ret_claim) MUST_CHECK;

/* With the former ones. Accepts NULL. */
void claim_free(struct claim *claim);

/* The newest register in force; all zero where none is known. */
const struct site_register *claim_register(const struct claim *claim);

/* Whether these sites are m, R, or max(m, R), of each register in force. No
 * set is where none is known. */
bool claim_has_m(const struct claim *claim, struct site_set set);
bool claim_has_r(const struct claim *claim, struct site_set set);
bool claim_has_quorum(const struct claim *claim, struct site_set set);

/*
 * Lists the fences of all attached sites, and claims the counter above the
 * highest. first is the register of a new service, or NULL: the newest that any
 * fence names, or those wanted (claim_follow). Waits a random while and tries
 * again where another server is claiming. RC_UNPROVEN where fewer than max(m,
 * R) sites are there (nothing was created), RC_BUSY where the others won; then
 * no site counts. Nobody else knows the claim yet.
 */
enum rc claim_take(struct op *op, struct claim *claim,
    const struct site_register *first, const char *host) MUST_CHECK;

/*
 * Reads the register in force without claiming; no site counts. RC_UNPROVEN
 * where no fence can be read.
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
