/* claim.c - claims and fences. README.md states S16 to S18. */
#include "store/claim.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"

enum { CLAIM_TRIES = 60, FAMILY_IDS = 64 };

/* The ids that this server's claims have had, since one stood that all later
 * ones follow. Of many tries the last ones are remembered. */
struct claim_family {
	struct mutex lock;
	unsigned users; /* under the lock */
	size_t n; /* ids that were noted */
	uint8_t ids[FAMILY_IDS][OBJECT_ID_SIZE];
};

/* What the fences of the attached sites say together. */
struct fences {
	uint64_t highest; /* over all sites */
	uint64_t highest_of[SITES_MAX];
	struct site_set listed;
	bool any_register;
	uint32_t n_registers;
	struct site_register registers[2]; /* the newest */
};

struct fence_list {
	struct sites *sites;
	size_t slot;
	struct fences *fences;
};

/* L20: v < (v, v + 1) < v + 1. Twice the highest version, one less while two
 * are named. */
static uint64_t
register_rank(uint32_t n, const struct site_register *registers)
{
	return n == 2 ? 2 * registers[1].version - 1 : 2 * registers[0].version;
}

static void
fences_consider(struct fences *fences, const struct fence_object *fence)
{
	if (fences->any_register &&
	    register_rank(fences->n_registers, fences->registers) >=
		register_rank(fence->n_registers, fence->registers))
		return;
	fences->any_register = true;
	fences->n_registers = fence->n_registers;
	memcpy(fences->registers, fence->registers, sizeof(fences->registers));
}

static enum rc
fence_seen(void *arg, struct op *op, const char *file)
{
	struct fence_list *list = arg;
	struct site *site = list->sites->slots[list->slot].site;
	CLEANUP(buf_release) struct buf bytes = {0};
	struct object_name name;
	struct fence_object fence;
	uint64_t counter;

	if (object_fence_parse(op, file, &counter) != RC_OK) {
		op_clear_error(op); /* a stray file */
		return RC_OK;
	}
	if (counter > list->fences->highest_of[list->slot])
		list->fences->highest_of[list->slot] = counter;
	if (counter > list->fences->highest)
		list->fences->highest = counter;
	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
	object_fence(&name, counter);
	TRY(site_get(op, site, &name, &bytes));
	TRY(fence_object_read(op, buf_span(&bytes), &fence));
	fences_consider(list->fences, &fence);
	return RC_OK;
}

/* A site that cannot be listed whole is away; that is no error here. */
static void
fences_list(struct op *op, struct sites *sites, struct fences *ret_fences)
{
	struct site_set attached = sites_attached(sites);
	struct fence_list list = {.sites = sites, .fences = ret_fences};
	enum rc rc;

	memset(ret_fences, 0, sizeof(*ret_fences));
	for (list.slot = 0; list.slot < sites->n; list.slot++) {
		if (!site_set_has(attached, list.slot))
			continue;
		rc = site_list(op, sites->slots[list.slot].site, "fence",
		    SITE_LIST_DURABLE, fence_seen, &list);
		if (rc != RC_OK)
			sites_failed(op, sites, list.slot, rc);
		else
			ret_fences->listed =
			    site_set_with(ret_fences->listed, list.slot);
	}
}

/* ---- registers in force ---- */

const struct site_register *
claim_register(const struct claim *claim)
{
	return &claim->registers[claim->n_registers == 2 ? 1 : 0];
}

static bool
has_of_each(const struct claim *claim, struct site_set set,
    uint32_t (*needed)(const struct site_register *reg))
{
	uint32_t i;

	for (i = 0; i < claim->n_registers; i++)
		if (site_set_count(site_set_and(set, claim->members[i])) <
		    needed(&claim->registers[i]))
			return false;
	return claim->n_registers > 0;
}

static uint32_t
register_m(const struct site_register *reg)
{
	return reg->m;
}

bool
claim_has_m(const struct claim *claim, struct site_set set)
{
	return has_of_each(claim, set, register_m);
}

bool
claim_has_r(const struct claim *claim, struct site_set set)
{
	return has_of_each(claim, set, register_r);
}

bool
claim_has_quorum(const struct claim *claim, struct site_set set)
{
	return has_of_each(claim, set, register_quorum);
}

static void
registers_set(
    struct claim *claim, uint32_t n, const struct site_register *registers)
{
	uint32_t i;

	claim->n_registers = n;
	claim->of_register = (struct site_set){0};
	for (i = 0; i < n; i++) {
		claim->registers[i] = registers[i];
		claim->members[i] =
		    sites_of_register(claim->sites, &registers[i]);
		claim->of_register.bits |= claim->members[i].bits;
	}
}

static bool
registers_equal(const struct claim *claim, const struct fences *fences)
{
	uint32_t i;

	if (!fences->any_register || claim->n_registers != fences->n_registers)
		return false;
	for (i = 0; i < claim->n_registers; i++)
		if (!register_equal(
			&claim->registers[i], &fences->registers[i]))
			return false;
	return true;
}

/* ---- one server's claims ---- */

static void
family_note(struct claim *claim)
{
	struct claim_family *family = claim->family;

	MUTEX_GUARD(&family->lock);
	memcpy(
	    family->ids[family->n++ % FAMILY_IDS], claim->id, OBJECT_ID_SIZE);
}

static bool
family_has(struct claim_family *family, const uint8_t id[OBJECT_ID_SIZE])
{
	size_t i;

	MUTEX_GUARD(&family->lock);
	for (i = 0; i < FAMILY_IDS && i < family->n; i++)
		if (memcmp(family->ids[i], id, OBJECT_ID_SIZE) == 0)
			return true;
	return false;
}

static void
family_leave(struct claim_family *family)
{
	bool last;

	mutex_lock(&family->lock);
	last = --family->users == 0;
	mutex_unlock(&family->lock);
	if (!last)
		return;
	mutex_release(&family->lock);
	mem_free(family);
}

static void
claim_lost(struct op *op, struct claim *claim, enum claim_end end, size_t i)
{
	int stands = CLAIM_STANDS;

	if (atomic_compare_exchange_strong(&claim->end, &stands, (int)end))
		log_error(op, "claim-lost", "counter=%llu site=%s why=%s",
		    (unsigned long long)claim->counter,
		    claim->sites->slots[i].site->name,
		    end == CLAIM_FENCED ? "fenced" : "stale");
}

/*
 * Creates every counter from above highest up to the own one on a site, in
 * ascending order, the lower ones as fillers: so a claim that saw less can
 * never create one in between. RC_EXISTS is always a loss.
 */
static enum rc
fences_create(struct op *op, struct claim *claim, size_t i, uint64_t highest)
{
	struct site *site = claim->sites->slots[i].site;
	CLEANUP(buf_release) struct buf bytes = {0};
	struct fence_object fence = {
	    .counter = claim->counter, .n_registers = claim->n_registers};
	struct object_name name;
	uint64_t counter;
	enum rc rc;

	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
	memcpy(fence.claim, claim->id, OBJECT_ID_SIZE);
	memcpy(fence.registers, claim->registers, sizeof(fence.registers));
	fence.wall = clock_wall();
	(void)str_copy(fence.host, sizeof(fence.host), claim->host);
	TRY(fence_object_write(op, &fence, &bytes));
#ifdef DOZO_PLANT_NO_FILLERS
	highest = claim->counter - 1;
#endif
	for (counter = highest + 1; counter <= claim->counter; counter++) {
		object_fence(&name, counter);
		rc = site_put(op, site, &name, buf_span(&bytes));
#ifdef DOZO_PLANT_FENCE_EXISTS_IS_OWN
		if (rc == RC_EXISTS)
			rc = RC_OK;
#endif
		TRY(rc);
	}
	mutex_lock(&claim->lock);
	claim->fenced = site_set_with(claim->fenced, i);
	mutex_unlock(&claim->lock);
	return RC_OK;
}

/* The sites that get the fence: with the new register's the old one's too, so
 * that no server goes on under that (L20, 3). */
static struct site_set
fence_sites(const struct claim *claim)
{
	struct site_set set = claim->of_register;

	if (claim->n_wanted > 0)
		set.bits |= claim->former->of_register.bits;
	return set;
}

/* L20: a step's fence stands on max(m, R) of each register that it comes from
 * and goes to. */
static bool
fence_stands(const struct claim *claim, struct site_set on)
{
	return claim_has_quorum(claim, on) &&
	       (claim->n_wanted == 0 || claim_has_quorum(claim->former, on));
}

/* One try under the register that is in force; RC_BUSY where another one came
 * first. */
static enum rc
claim_create(struct op *op, struct claim *claim, const struct fences *fences)
{
	struct site_set sites =
	    site_set_and(fences->listed, fence_sites(claim));
	size_t i;
	enum rc rc;

	rand_id(claim->id, sizeof(claim->id));
	family_note(claim);
	claim->counter = fences->highest + 1;
	claim->fenced = (struct site_set){0};
	for (i = 0; i < claim->sites->n; i++) {
		if (!site_set_has(sites, i))
			continue;
		rc = fences_create(op, claim, i, fences->highest_of[i]);
		if (rc == RC_EXISTS)
			FAIL(op, RC_BUSY,
			    "another server is claiming these sites");
		if (rc != RC_OK)
			sites_failed(op, claim->sites, i, rc);
		FAILPOINT("claim.fenced");
	}
	if (!fence_stands(claim, claim->fenced))
		FAIL(op, RC_BUSY, "the fence stands on too few sites");
	return RC_OK;
}

/* Takes over the registers of the fences, or those that are wanted where they
 * are newer; RC_UNPROVEN where too few of their sites are here. */
static enum rc
claim_registers(struct op *op, struct claim *claim, const struct fences *fences,
    const struct site_register *first)
{
	const struct site_register *reg;

	if (!fences->any_register && first == NULL)
		FAIL(op, RC_UNPROVEN,
		    "no site shows a fence: none is reachable, or they are "
		    "new");
	if (claim->n_wanted > 0 &&
	    register_rank(fences->n_registers, fences->registers) >=
		register_rank(claim->n_wanted, claim->wanted))
		claim->n_wanted = 0; /* a try before this one got as far */
	if (claim->n_wanted > 0)
		registers_set(claim, claim->n_wanted, claim->wanted);
	else if (fences->any_register)
		registers_set(claim, fences->n_registers, fences->registers);
	else
		registers_set(claim, 1, first);
	reg = claim_register(claim);
	if (!fence_stands(claim, fences->listed))
		FAIL(op, RC_UNPROVEN,
		    "%zu of %u sites are reachable, %u are needed to claim",
		    site_set_count(
			site_set_and(fences->listed, claim->of_register)),
		    reg->n, register_quorum(reg));
	return RC_OK;
}

/* After its puts a claim lists again: a newer register or a higher counter is a
 * loss (L2, L20). */
static enum rc
claim_confirm(struct op *op, struct claim *claim)
{
	struct fences again;

	fences_list(op, claim->sites, &again);
	if (again.highest > claim->counter)
		FAIL(op, RC_BUSY, "another server is claiming these sites");
	if (!registers_equal(claim, &again))
		FAIL(op, RC_BUSY, "the register of sites has just changed");
	return RC_OK;
}

static enum rc
claim_try(struct op *op, struct claim *claim, const struct site_register *first)
{
	struct fences fences;

	fences_list(op, claim->sites, &fences);
	TRY(claim_registers(op, claim, &fences, first));
	TRY(claim_create(op, claim, &fences));
	return claim_confirm(op, claim);
}

/* 10 to 200 ms, so that two servers do not step on each other for ever. */
static void
wait_random(struct claim *claim)
{
	struct cond never;
	uint8_t dice;

	rand_id(&dice, sizeof(dice));
	cond_init(&never);
	mutex_lock(&claim->lock);
	(void)cond_wait_until(&never, &claim->lock,
	    clock_mono() + 10 * CLOCK_MS + dice * CLOCK_MS * 3 / 4);
	mutex_unlock(&claim->lock);
	cond_release(&never);
}

static enum rc
claim_alloc(struct op *op, struct sites *sites, struct claim_family *family,
    struct claim **ret_claim)
{
	struct claim *claim = mem_alloc(sizeof(*claim));

	if (claim == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	claim->sites = sites;
	claim->family = family;
	mutex_init(&claim->lock);
	mutex_init(&claim->extending);
	mutex_lock(&family->lock);
	family->users++;
	mutex_unlock(&family->lock);
	*ret_claim = claim;
	return RC_OK;
}

enum rc
claim_new(struct op *op, struct sites *sites, struct claim **ret_claim)
{
	struct claim_family *family = mem_alloc(sizeof(*family));
	enum rc rc;

	if (family == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	mutex_init(&family->lock);
	rc = claim_alloc(op, sites, family, ret_claim);
	if (rc != RC_OK) {
		mutex_release(&family->lock);
		mem_free(family);
	}
	return rc;
}

enum rc
claim_follow(struct op *op, struct claim *former, uint32_t n,
    const struct site_register *registers, struct claim **ret_claim)
{
	struct claim *claim;
	uint32_t i;

	TRY(claim_alloc(op, former->sites, former->family, &claim));
	claim->former = former;
	claim->oldest = former->oldest;
	claim->n_wanted = n;
	for (i = 0; i < n; i++)
		claim->wanted[i] = registers[i];
	*ret_claim = claim;
	return RC_OK;
}

void
claim_free(struct claim *claim)
{
	struct claim *former;

	for (; claim != NULL; claim = former) {
		former = claim->former;
		family_leave(claim->family);
		mutex_release(&claim->extending);
		mutex_release(&claim->lock);
		mem_free(claim);
	}
}

enum rc
claim_take(struct op *op, struct claim *claim,
    const struct site_register *first, const char *host)
{
	enum rc rc = RC_BUSY;
	int try;

	(void)snprintf(claim->host, sizeof(claim->host), "%.64s", host);
	for (try = 0; rc == RC_BUSY && try < CLAIM_TRIES; try++) {
		if (try > 0)
			wait_random(claim);
		op_clear_error(op);
		rc = claim_try(op, claim, first);
	}
	if (rc != RC_OK) {
		claim->fenced = (struct site_set){0};
		return rc;
	}
	if (claim->oldest == 0)
		claim->oldest = claim->counter;
	log_info(op, "claim", "counter=%llu sites=%zu of=%u register=%llu%s",
	    (unsigned long long)claim->counter, site_set_count(claim->fenced),
	    claim_register(claim)->n,
	    (unsigned long long)claim->registers[0].version,
	    claim->n_registers == 2 ? "+1" : "");
	return RC_OK;
}

enum rc
claim_read_register(struct op *op, struct claim *claim)
{
	struct fences fences;

	fences_list(op, claim->sites, &fences);
	if (!fences.any_register)
		FAIL(op, RC_UNPROVEN, "no site shows a fence");
	registers_set(claim, fences.n_registers, fences.registers);
	return RC_OK;
}

/* The own fence, as it stands on a site; RC_NOT_FOUND, RC_EXISTS where it is
 * another's. */
static enum rc
own_fence(struct op *op, struct claim *claim, struct site *site)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct fence_object fence;
	struct object_name name;

	buf_init(&bytes, FENCE_OBJECT_SIZE_MAX);
	object_fence(&name, claim->counter);
	TRY(site_get(op, site, &name, &bytes));
	TRY(fence_object_read(op, buf_span(&bytes), &fence));
	if (memcmp(fence.claim, claim->id, OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_EXISTS, "the claim's counter is taken by another");
	return RC_OK;
}

/*
 * L2: a site that appears later has the counter for another. Where this claim
 * stands it may have been overtaken since; then that is its end. Else nobody
 * has taken over: it is only too low, and the server claims anew.
 */
static enum rc
stale_or_fenced(struct op *op, struct claim *claim, size_t i)
{
	struct site_set stands = claim_sites(claim);
	size_t k;

	for (k = 0; k < claim->sites->n; k++) {
		if (!site_set_has(stands, k))
			continue;
		if (claim_check(op, claim, k) == RC_FENCED)
			return RC_FENCED;
		op_clear_error(op);
	}
	claim_lost(op, claim, CLAIM_STALE, i);
	FAIL(op, RC_FENCED, "site %s has this claim's counter for another",
	    claim->sites->slots[i].site->name);
}

static enum rc
extend_one(struct op *op, struct claim *claim, size_t i)
{
	struct site *site = claim->sites->slots[i].site;
	struct fences fences = {0};
	struct fence_list list = {claim->sites, i, &fences};
	enum rc rc;

	TRY(site_list(op, site, "fence", SITE_LIST_DURABLE, fence_seen, &list));
	rc = fences.highest >= claim->counter
		 ? own_fence(op, claim, site)
		 : fences_create(op, claim, i, fences.highest);
	if (rc == RC_EXISTS) {
		op_clear_error(op);
		return stale_or_fenced(op, claim, i);
	}
	TRY(rc);
	TRY(claim_check(op, claim, i));
	mutex_lock(&claim->lock);
	claim->fenced = site_set_with(claim->fenced, i);
	mutex_unlock(&claim->lock);
	return RC_OK;
}

enum rc
claim_extend(struct op *op, struct claim *claim, size_t i)
{
	enum rc rc;

	mutex_lock(&claim->extending);
	rc = claim_stands(claim)
		 ? extend_one(op, claim, i)
		 : op_fail(op, RC_FENCED, "the claim does not stand any more");
	mutex_unlock(&claim->extending);
	return rc;
}

struct site_set
claim_sites(struct claim *claim)
{
	struct site_set fenced;

	mutex_lock(&claim->lock);
	fenced = claim->fenced;
	mutex_unlock(&claim->lock);
#ifdef DOZO_PLANT_TAILS_ANYWHERE
	if (fenced.bits != 0)
		fenced = claim->of_register;
#endif
	if (!claim_stands(claim))
		return (struct site_set){0};
	return site_set_and(fenced,
	    site_set_and(sites_attached(claim->sites), claim->of_register));
}

void
claim_forget(struct claim *claim, size_t i)
{
	mutex_lock(&claim->lock);
	claim->fenced = site_set_without(claim->fenced, i);
	mutex_unlock(&claim->lock);
}

/* Whose the fence above the own one is. One that went while it was read is
 * looked for again at the next look. */
static enum rc
fence_is_kin(struct op *op, struct claim *claim, struct site *site,
    const struct object_name *name, bool *ret_kin)
{
	CLEANUP(buf_release)
	struct buf bytes = {.limit = FENCE_OBJECT_SIZE_MAX};
	struct fence_object fence;

	TRY(site_get(op, site, name, &bytes));
	TRY(fence_object_read(op, buf_span(&bytes), &fence));
	*ret_kin = family_has(claim->family, fence.claim);
	return RC_OK;
}

/* Fences stand without a gap: above the last one of this server's there is no
 * other's. */
static enum rc
overtaken_look(
    struct op *op, struct claim *claim, size_t i, bool *ret_overtaken)
{
	struct site *site = claim->sites->slots[i].site;
	uint64_t counter = claim->counter;
	struct object_name name;
	bool there = false, kin = true;

#ifdef DOZO_PLANT_NO_FENCE_CHECK
	counter = UINT64_MAX - 1; /* where nobody comes */
#endif
	do {
		object_fence(&name, ++counter);
		TRY(site_exists(op, site, &name, &there));
		if (there)
			TRY(fence_is_kin(op, claim, site, &name, &kin));
	} while (there && kin);
	*ret_overtaken = there;
	return RC_OK;
}

enum rc
claim_check(struct op *op, struct claim *claim, size_t i)
{
	struct site *site = claim->sites->slots[i].site;
	bool higher = false;

	TRY(overtaken_look(op, claim, i, &higher));
	if (higher) {
		claim_lost(op, claim, CLAIM_FENCED, i);
		FAIL(op, RC_FENCED, "site %s shows a higher claim", site->name);
	}
	return site_verify(op, site);
}
