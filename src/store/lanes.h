/*
 * lanes.h - one tenant's way to the sites: for each site an ordered queue of
 * numbered segments (LOG.md L4), and whether the site is in service for this
 * tenant.
 */
#ifndef DOZO_STORE_LANES_H
#define DOZO_STORE_LANES_H

#include <stdatomic.h>

#include "base/op.h"
#include "base/thread.h"
#include "store/claim.h"
#include "store/sites.h"

enum {
	LANE_WHY_SIZE = 120,
	LANE_QUEUE_MAX = 4096,
	LANE_QUEUE_BYTES = 64 << 20
};

/* A numbered segment on its way; shared by the committer and the sites'
 * threads. */
struct offer {
	atomic_uint refs;
	uint64_t number;
	struct object_name name;
	struct buf bytes; /* owned */
	struct site_set acks; /* under lanes->lock */
	struct site_set failed; /* under lanes->lock */
};

/* One reference, empty bytes with the given limit. */
enum rc
offer_new(struct op *op, size_t limit, struct offer **ret_offer) MUST_CHECK;
void offer_unref(struct offer *offer); /* accepts NULL */
void offer_unref_ptr(struct offer **offer);

struct lane_item {
	struct lane_item *next;
	struct offer *offer;
	int64_t queued_at; /* clock_mono() */
};

struct lane {
	struct site_job job; /* queued with the site's threads while busy */
	struct lanes *lanes;
	size_t site;
	bool in_service;
	uint64_t epoch; /* the site's, when it came into service */
	bool busy; /* a thread of the site has it, or will */
	uint64_t held; /* the highest number that it acknowledged, or was caught
			  up to */
	size_t n_items;
	size_t n_bytes;
	struct lane_item *first;
	struct lane_item **last;
	char why[LANE_WHY_SIZE]; /* it is behind; "" in service */
};

struct lanes {
	struct sites *sites; /* borrowed */
	_Atomic(struct claim *) claim; /* borrowed; the one that the tenant was
					  started under */
	uint64_t tenant;
	struct mutex lock;
	struct cond changed;
	struct cond decided; /* an offer has m sites, or a site failed */
	struct lane lane[SITES_MAX];
};

void lanes_init(struct lanes *lanes, struct sites *sites, struct claim *claim,
    uint64_t tenant);

/* The tenant is being started under another claim: what was offered under the
 * former one counts no more. No site is in service. */
void lanes_set_claim(struct lanes *lanes, struct claim *claim);

/* Waits for what the sites' threads still have in hand. */
void lanes_release(struct lanes *lanes);

/* Sites that are in service for this tenant: attached, fenced, holding all up
 * to the head (P). */
struct site_set lanes_in_service(struct lanes *lanes);

/* Those of them that have acknowledged this number: an answer leaves with m
 * acks, the others follow. */
struct site_set lanes_holding(struct lanes *lanes, uint64_t number);

/* The highest number that a site is known to have had; 0: none. */
uint64_t lanes_held(struct lanes *lanes, size_t site);

/* After a catch-up: the site holds everything up to number. epoch: what
 * sites_epoch said before it began. */
void
lanes_enter(struct lanes *lanes, size_t site, uint64_t number, uint64_t epoch);

/* The site leaves service for this tenant; its queue is given up. */
void
lanes_leave(struct op *op, struct lanes *lanes, size_t site, const char *why);

/* Waits until the sites in service have what is queued for them, until deadline
 * (clock_mono()) at most. */
void lanes_drain(struct lanes *lanes, int64_t deadline);

/* All of them, in silence: the tenant is being opened or closed. */
void lanes_leave_all(struct lanes *lanes);

/*
 * Writes the offer to the sites, in their order, and waits until m have it
 * (RC_OK), as long as until deadline (clock_mono()): hiccups end here
 * unseen, the same bytes being offered again (L1). Those of the sites that are
 * slow go on in the background. RC_IN_DOUBT, RC_FENCED. *ret_acks: who has it.
 * A site that is in service but not of the set lacks data that the number
 * names: it leaves service (P, L4).
 */
enum rc lanes_offer(struct op *op, struct lanes *lanes, struct offer *offer,
    struct site_set sites, int64_t deadline,
    struct site_set *ret_acks) MUST_CHECK;

/* Sites whose queue has not moved for limit ns leave service (10 s, L4). Called
 * by the keeper. */
void lanes_drop_slow(struct op *op, struct lanes *lanes, int64_t limit);

#endif
