/*
 * site_change.h - a site joins the register, leaves it, or takes another's
 * place, while people work (LOG.md L20). The new one is filled first and counts
 * for nothing meanwhile; then fences name both registers, and once every
 * tenant's head stands on m sites of each, and the new site has everything, the
 * new register alone; then what the old site had is taken away. A thread of the
 * service does it, the keeper takes the claims, and a start goes on where the
 * last one was: with the newest fact in the provider's log, and the register
 * that the fences name.
 */
#ifndef DOZO_CORE_SITE_CHANGE_H
#define DOZO_CORE_SITE_CHANGE_H

#include <stdatomic.h>

#include "base/op.h"
#include "base/thread.h"
#include "core/site_fact.h"
#include "store/fence_object.h"
#include "store/sites.h"

struct service;

/* Takes a site that has left out of dozo.conf; RC_OK also where it is not there
 * any more. */
typedef enum rc
sites_forget(void *arg, struct op *op, const uint8_t id[OBJECT_ID_SIZE]);

/* Of struct service; for site_*.c only. */
struct site_change {
	struct mutex lock; /* guards all below but the counters */
	struct cond changed;
	bool loaded; /* the newest fact was read */
	struct site_fact fact; /* of the last change; DONE, NONE: none is under
				  way */
	uint32_t n_wanted; /* registers that the keeper is to claim under */
	struct site_register wanted[FENCE_REGISTERS_MAX];
	char why[SITE_WHY_SIZE]; /* what it waits for; "" */
	/* Objects of the new site, as far as counted. */
	atomic_uint_fast64_t held;
	atomic_uint_fast64_t total;
	unsigned passes; /* over all tenants, to their end; the thread's */
};

void site_change_init(struct site_change *change);
void site_change_release(struct site_change *change);

struct site_change_want {
	const uint8_t *joins; /* its place is in the service's sites; or NULL */
	const uint8_t *leaves; /* or NULL */
	const char *name; /* of the one that joins */
};

/*
 * Whether this change may begin, and the register that it leads to. RC_REFUSED
 * with what stands against it, RC_BUSY where another one is under way,
 * RC_NOT_STORED where the service takes no changes. RC_OK also for the one that
 * is under way already.
 */
enum rc site_change_check(struct op *op, struct service *service,
    const struct site_change_want *want,
    struct site_register *ret_register) MUST_CHECK;

/* Begins it; the rest is the service's. One that is under way already is RC_OK.
 * Removing the site that is being filled takes its change back. */
enum rc site_change_begin(struct op *op, struct service *service,
    const struct site_change_want *want) MUST_CHECK;

/* Waits until no change is under way, or *stop. RC_FENCED where another server
 * has taken over. */
enum rc site_change_await(
    struct op *op, struct service *service, const atomic_bool *stop) MUST_CHECK;

struct site_change_state {
	enum site_phase phase; /* DONE, NONE: no change is under way */
	uint8_t joins[OBJECT_ID_SIZE];
	uint8_t leaves[OBJECT_ID_SIZE];
	uint64_t held; /* objects of the site that joins ... */
	uint64_t total; /* ... and those that it will have; 0: not counted yet
			 */
	char why[SITE_WHY_SIZE];
};

static inline bool
site_change_is_under_way(enum site_phase phase)
{
	return phase != SITE_PHASE_NONE && phase != SITE_PHASE_DONE;
}

/* Reads the newest fact where that was not done yet: a service that only reads
 * has no thread for it. A failure is for the next time. */
void site_change_load(struct op *op, struct service *service);

/* From memory; any thread. */
void
site_change_look(struct service *service, struct site_change_state *ret_state);

/* The thread; arg is the service. */
void site_change_thread(void *arg);

/* The keeper's: takes the claim of the next step, if one is due. */
void site_change_claim(struct op *op, struct service *service);

/* ---- site_fill.c, site_leave.c ---- */

/* The first tenant behind an id, without its name; RC_NOT_FOUND, RC_BUSY where
 * the service stops. */
struct tenant_row;
enum rc site_change_next(struct op *op, struct service *service, uint64_t after,
    struct tenant_row *ret_row) MUST_CHECK;

/* Calls each for the provider's log and for every tenant, one after the other;
 * one that was not open is closed again. */
struct tenant;
enum rc site_change_each(struct op *op, struct service *service,
    enum rc (*each)(void *arg, struct op *op, struct tenant *tenant),
    void *arg) MUST_CHECK;

/* Brings the site up to date in all tenants, once. *ret_copied: objects. */
enum rc site_fill(struct op *op, struct service *service, size_t i,
    uint64_t *ret_copied) MUST_CHECK;

/* What a site that has left still has: its objects but the fences, if it is
 * there, its acks, its place in dozo.conf, its key. May be repeated. */
enum rc site_leave(struct op *op, struct service *service,
    const uint8_t id[OBJECT_ID_SIZE]) MUST_CHECK;

#endif
