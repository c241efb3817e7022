/*
 * start_chain.h - a tenant's start, from the sites' lists to the chain that is
 * its log; private to core/'s start files.
 */
#ifndef DOZO_CORE_START_CHAIN_H
#define DOZO_CORE_START_CHAIN_H

#include "core/tenant.h"
#include "store/tail.h"

/* Zeroed but for tenant and winner (TAIL_NONE); bytes is a buffer of a
 * segment's size. Whoever makes it releases tail and bytes. */
struct start {
	struct tenant *tenant;
	struct tail tail;
	struct buf bytes;
	size_t winner; /* TAIL_NONE: the database's head */
	uint64_t decided; /* numbers up to this one are decided */
	uint64_t head; /* the winner's number */
	struct tail_base base; /* of the last cut above the database's head */
	struct site_set set; /* sites that count */
};

/*
 * L3: any R sites show every acknowledged number. RC_UNPROVEN where fewer can
 * be listed; RC_REFUSED for a database whose head none of them has: they were
 * rolled back.
 */
enum rc chain_find(struct op *op, struct start *start) MUST_CHECK;

/* L20: that R of them were not rolled back, or RC_UNPROVEN. */
enum rc witnesses_look(struct op *op, struct start *start) MUST_CHECK;

/* The numbers on the winning chain, and how far they are decided (L3, 5). */
void decided_find(struct start *start);

/* L3, 4: what lost is named by the next number's header. */
enum rc aside_note(struct op *op, struct start *start) MUST_CHECK;

#endif
