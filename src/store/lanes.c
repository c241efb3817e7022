/* lanes.c - a tenant's queues to its sites. README.md states S19 to S21. */
#include "store/lanes.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

enum { REOFFER_MS = 200 };

enum rc
offer_new(struct op *op, size_t limit, struct offer **ret_offer)
{
	struct offer *offer = mem_alloc(sizeof(*offer));

	if (offer == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	atomic_init(&offer->refs, 1);
	buf_init(&offer->bytes, limit);
	*ret_offer = offer;
	return RC_OK;
}

void
offer_unref(struct offer *offer)
{
	if (offer == NULL || atomic_fetch_sub(&offer->refs, 1) != 1)
		return;
	buf_release(&offer->bytes);
	mem_free(offer);
}

void
offer_unref_ptr(struct offer **offer)
{
	offer_unref(*offer);
	*offer = NULL;
}

static void lane_run(struct site_job *job);

void
lanes_init(struct lanes *lanes, struct sites *sites, struct claim *claim,
    uint64_t tenant)
{
	size_t i;

	memset(lanes, 0, sizeof(*lanes));
	lanes->sites = sites;
	atomic_init(&lanes->claim, claim);
	lanes->tenant = tenant;
	mutex_init(&lanes->lock);
	cond_init(&lanes->changed);
	cond_init(&lanes->decided);
	for (i = 0; i < SITES_MAX; i++) {
		lanes->lane[i].lanes = lanes;
		lanes->lane[i].site = i;
		lanes->lane[i].job.run = lane_run;
		lanes->lane[i].last = &lanes->lane[i].first;
		(void)str_copy(
		    lanes->lane[i].why, LANE_WHY_SIZE, "not looked at yet");
	}
}

/* Takes the first item off. Under the lock. */
static void
item_drop(struct lane *lane)
{
	struct lane_item *item = lane->first;

	lane->first = item->next;
	if (lane->first == NULL)
		lane->last = &lane->first;
	lane->n_items--;
	lane->n_bytes -= item->offer->bytes.size;
	offer_unref(item->offer);
	mem_free(item);
}

/* Gives up what is queued; the item that a thread has in hand is left to it.
 * Under the lock. */
static void
queue_drop(struct lane *lane)
{
	struct lane_item *in_hand = lane->busy ? lane->first : NULL;

	if (in_hand != NULL) {
		lane->first = in_hand->next;
		lane->n_items--;
		lane->n_bytes -= in_hand->offer->bytes.size;
	}
	while (lane->first != NULL)
		item_drop(lane);
	if (in_hand == NULL)
		return;
	in_hand->next = NULL;
	lane->first = in_hand;
	lane->last = &in_hand->next;
	lane->n_items = 1;
	lane->n_bytes = in_hand->offer->bytes.size;
}

void
lanes_release(struct lanes *lanes)
{
	size_t i;

	mutex_lock(&lanes->lock);
	for (i = 0; i < SITES_MAX; i++) {
		while (lanes->lane[i].busy)
			cond_wait(&lanes->changed, &lanes->lock);
		queue_drop(&lanes->lane[i]);
	}
	mutex_unlock(&lanes->lock);
	cond_release(&lanes->decided);
	cond_release(&lanes->changed);
	mutex_release(&lanes->lock);
}

struct site_set
lanes_in_service(struct lanes *lanes)
{
	return lanes_holding(lanes, 0);
}

struct site_set
lanes_holding(struct lanes *lanes, uint64_t number)
{
	struct site_set counting = claim_sites(lanes->claim);
	struct site_set set = {0};
	size_t i;

	mutex_lock(&lanes->lock);
	for (i = 0; i < lanes->sites->n; i++)
		if (lanes->lane[i].in_service &&
		    lanes->lane[i].held >= number &&
		    site_set_has(counting, i) &&
		    lanes->lane[i].epoch == sites_epoch(lanes->sites, i))
			set = site_set_with(set, i);
	mutex_unlock(&lanes->lock);
	return set;
}

uint64_t
lanes_held(struct lanes *lanes, size_t site)
{
	MUTEX_GUARD(&lanes->lock);

	return lanes->lane[site].held;
}

void
lanes_enter(struct lanes *lanes, size_t site, uint64_t number, uint64_t epoch)
{
	struct lane *lane = &lanes->lane[site];

	mutex_lock(&lanes->lock);
	lane->in_service = true;
	lane->epoch = epoch;
	lane->held = number;
	lane->why[0] = '\0';
	mutex_unlock(&lanes->lock);
}

/* Under the lock. */
static void
lane_leave(struct op *op, struct lane *lane, const char *why)
{
	struct lanes *lanes = lane->lanes;

	if (lane->in_service)
		log_warn(op, "site-behind",
		    "site=%s tenant=%016llx number=%llu why=\"%s\"",
		    lanes->sites->slots[lane->site].site->name,
		    (unsigned long long)lanes->tenant,
		    (unsigned long long)lane->held, why);
	lane->in_service = false;
	(void)snprintf(lane->why, sizeof(lane->why), "%.119s", why);
	queue_drop(lane);
	cond_broadcast(&lanes->changed);
}

void
lanes_leave(struct op *op, struct lanes *lanes, size_t site, const char *why)
{
	mutex_lock(&lanes->lock);
	lane_leave(op, &lanes->lane[site], why);
	mutex_unlock(&lanes->lock);
}

/* Under the lock. */
static bool
lanes_have_work(const struct lanes *lanes)
{
	size_t i;

	for (i = 0; i < lanes->sites->n; i++)
		if (lanes->lane[i].in_service && lanes->lane[i].n_items > 0)
			return true;
	return false;
}

void
lanes_drain(struct lanes *lanes, int64_t deadline)
{
	mutex_lock(&lanes->lock);
	while (lanes_have_work(lanes) &&
	       cond_wait_until(&lanes->changed, &lanes->lock, deadline))
		;
	mutex_unlock(&lanes->lock);
}

void
lanes_leave_all(struct lanes *lanes)
{
	size_t i;

	mutex_lock(&lanes->lock);
	for (i = 0; i < lanes->sites->n; i++) {
		lanes->lane[i].in_service = false;
		lanes->lane[i].why[0] = '\0';
		queue_drop(&lanes->lane[i]);
	}
	mutex_unlock(&lanes->lock);
}

void
lanes_set_claim(struct lanes *lanes, struct claim *claim)
{
	lanes_leave_all(lanes);
	lanes->claim = claim;
}

/* One put with all that makes it count: the site's own sync, then the look-up
 * of L2. */
static enum rc
offer_put(struct op *op, struct lanes *lanes, size_t i, struct offer *offer)
{
	struct site *site = lanes->sites->slots[i].site;

	TRY(site_put(op, site, &offer->name, buf_span(&offer->bytes)));
	return claim_check(op, lanes->claim, i);
}

/*
 * Does the lane's first item. S20: after a failure nothing later in the queue
 * is sent, and the lane leaves service.
 */
static void
lane_run(struct site_job *job)
{
	struct lane *lane = container_of(job, struct lane, job);
	struct lanes *lanes = lane->lanes;
	struct sites *sites = lanes->sites;
	size_t site = lane->site;
	CLEANUP(op_release) struct op op;
	struct offer *offer;
	enum rc rc;

	op_init(&op);
	mutex_lock(&lanes->lock);
	offer = lane->first->offer;
	atomic_fetch_add(&offer->refs, 1);
	mutex_unlock(&lanes->lock);

	rc = offer_put(&op, lanes, site, offer);
#ifdef DOZO_PLANT_UNANSWERED_COUNTED
	if (rc != RC_FENCED)
		rc = RC_OK;
#endif

	mutex_lock(&lanes->lock);
	lane->busy = false;
	item_drop(lane);
	if (rc == RC_OK) {
		offer->acks = site_set_with(offer->acks, site);
		if (lane->in_service && offer->number > lane->held)
			lane->held = offer->number;
	} else {
		offer->failed = site_set_with(offer->failed, site);
		lane_leave(&op, lane, op_error(&op, rc));
	}
	if (lane->n_items > 0) {
		lane->busy = true;
		sites_submit(lanes->sites, lane->site, job);
	}
	if (rc != RC_OK || claim_has_m(lanes->claim, offer->acks))
		cond_broadcast(&lanes->decided);
	cond_broadcast(&lanes->changed);
	/* From here on the lanes may be gone. */
	mutex_unlock(&lanes->lock);
	if (rc != RC_OK && rc != RC_FENCED && rc != RC_EXISTS)
		sites_failed(&op, sites, site, rc);
	offer_unref(offer);
}

/* Under the lock; false where the queue is full. */
static bool
lane_queue(struct lane *lane, struct offer *offer)
{
	struct lane_item *item;

	if (lane->n_items == LANE_QUEUE_MAX || lane->n_bytes > LANE_QUEUE_BYTES)
		return false;
	item = mem_alloc(sizeof(*item));
	if (item == NULL)
		return false;
	item->offer = offer;
	item->queued_at = clock_mono();
	atomic_fetch_add(&offer->refs, 1);
	*lane->last = item;
	lane->last = &item->next;
	lane->n_items++;
	lane->n_bytes += offer->bytes.size;
	if (!lane->busy) {
		lane->busy = true;
		sites_submit(lane->lanes->sites, lane->site, &lane->job);
	}
	return true;
}

static void
offer_queue(struct op *op, struct lanes *lanes, struct offer *offer,
    struct site_set sites)
{
	size_t i;

	mutex_lock(&lanes->lock);
	for (i = 0; i < lanes->sites->n; i++) {
		struct lane *lane = &lanes->lane[i];

		/* P: what misses a number gets none after it. */
		if (!site_set_has(sites, i) && lane->in_service)
			lane_leave(op, lane, "it lacks data of a number");
		if (site_set_has(sites, i) && !lane_queue(lane, offer))
			lane_leave(op, lane, "its queue is full");
	}
	mutex_unlock(&lanes->lock);
}

/*
 * The same bytes once more, to a site that failed at this very number and so
 * still holds all before it. Its place may have been away for a moment.
 */
static enum rc
reoffer_one(struct op *op, struct lanes *lanes, struct offer *offer, size_t i)
{
	uint64_t epoch;

	if (!site_set_has(sites_attached(lanes->sites), i)) {
		claim_forget(lanes->claim, i);
		if (!sites_try(op, lanes->sites, i))
			return RC_IO;
	}
	epoch = sites_epoch(lanes->sites, i);
	if (!site_set_has(claim_sites(lanes->claim), i))
		TRY(claim_extend(op, lanes->claim, i));
	TRY(offer_put(op, lanes, i, offer));
	lanes_enter(lanes, i, offer->number, epoch);
	mutex_lock(&lanes->lock);
	offer->acks = site_set_with(offer->acks, i);
	mutex_unlock(&lanes->lock);
	return RC_OK;
}

/* Those that failed at this very number and hold all before it. */
static struct site_set
reoffer_set(struct lanes *lanes, const struct offer *offer)
{
	struct site_set set = {0};
	size_t i;

	mutex_lock(&lanes->lock);
	for (i = 0; i < lanes->sites->n; i++)
		/* While busy, a thread of the site is still in it. */
		if (site_set_has(offer->failed, i) &&
		    !site_set_has(offer->acks, i) && !lanes->lane[i].busy &&
		    lanes->lane[i].held + 1 >= offer->number)
			set = site_set_with(set, i);
	mutex_unlock(&lanes->lock);
	return set;
}

/* Tries the failed ones again; true where a claim was lost. */
static bool
reoffer(struct op *op, struct lanes *lanes, struct offer *offer)
{
	struct site_set again = reoffer_set(lanes, offer);
	size_t i;
	enum rc rc;

	for (i = 0; i < lanes->sites->n; i++) {
		if (!site_set_has(again, i))
			continue;
		rc = reoffer_one(op, lanes, offer, i);
		op_clear_error(op);
		if (rc == RC_FENCED)
			return true;
	}
	return !claim_stands(lanes->claim);
}

/* Waits for the next news of the offer, a little at the most. */
static struct site_set
offer_wait(struct lanes *lanes, struct offer *offer, int64_t until)
{
	struct site_set acks;

	mutex_lock(&lanes->lock);
	while (!claim_has_m(lanes->claim, offer->acks) &&
	       claim_stands(lanes->claim) &&
	       cond_wait_until(&lanes->decided, &lanes->lock, until))
		;
	acks = offer->acks;
	mutex_unlock(&lanes->lock);
	return acks;
}

/* What has not answered is unknown (L24): it leaves service until it is read
 * again. */
static void
leave_unanswered(struct op *op, struct lanes *lanes)
{
	size_t i;

	mutex_lock(&lanes->lock);
	for (i = 0; i < lanes->sites->n; i++)
		if (lanes->lane[i].in_service && lanes->lane[i].n_items > 0)
			lane_leave(op, &lanes->lane[i], "unanswered");
	mutex_unlock(&lanes->lock);
}

enum rc
lanes_offer(struct op *op, struct lanes *lanes, struct offer *offer,
    struct site_set sites, int64_t deadline, struct site_set *ret_acks)
{
	struct site_set acks;
	int64_t now;

	offer_queue(op, lanes, offer, sites);
	for (;;) {
		now = clock_mono();
		acks = offer_wait(lanes, offer,
		    now + REOFFER_MS * CLOCK_MS < deadline
			? now + REOFFER_MS * CLOCK_MS
			: deadline);
		*ret_acks = acks;
		if (!claim_stands(lanes->claim))
			FAIL(
			    op, RC_FENCED, "the claim does not stand any more");
		if (claim_has_m(lanes->claim, acks))
			return RC_OK;
#ifdef DOZO_PLANT_ONE_SITE_FAILURE_IGNORED
		if (site_set_count(acks) >= 1)
			return RC_OK;
#endif
		if (clock_mono() >= deadline) {
			leave_unanswered(op, lanes);
			FAIL(op, RC_IN_DOUBT,
			    "only %zu of %u sites have acknowledged number "
			    "%llu",
			    site_set_count(acks),
			    claim_register(lanes->claim)->m,
			    (unsigned long long)offer->number);
		}
		if (reoffer(op, lanes, offer))
			FAIL(
			    op, RC_FENCED, "the claim does not stand any more");
	}
}

void
lanes_drop_slow(struct op *op, struct lanes *lanes, int64_t limit)
{
	int64_t now = clock_mono();
	size_t i;

	mutex_lock(&lanes->lock);
	for (i = 0; i < lanes->sites->n; i++) {
		struct lane *lane = &lanes->lane[i];

		if (lane->in_service && lane->n_items > 0 &&
		    now - lane->first->queued_at > limit)
			lane_leave(op, lane, "slow: its queue has not moved");
	}
	mutex_unlock(&lanes->lock);
}
