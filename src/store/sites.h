/*
 * sites.h - all sites of a service together: which are attached and fenced, the
 * claim (LOG.md L2), and threads for each site that do its work in order.
 */
#ifndef DOZO_STORE_SITES_H
#define DOZO_STORE_SITES_H

#include <stdatomic.h>

#include "base/op.h"
#include "base/thread.h"
#include "store/register.h"
#include "store/site.h"

/* While the register changes there are more sites than a register has. */
enum { SITES_MAX = 32, SITE_THREADS = 6, SITE_WHY_SIZE = 160 };

/* A set of sites, by their place in struct sites. */
struct site_set {
	uint32_t bits;
};

static inline bool
site_set_has(struct site_set set, size_t i)
{
	return (set.bits >> i & 1) != 0;
}

static inline struct site_set
site_set_with(struct site_set set, size_t i)
{
	return (struct site_set){set.bits | (uint32_t)1 << i};
}

static inline struct site_set
site_set_without(struct site_set set, size_t i)
{
	return (struct site_set){set.bits & ~((uint32_t)1 << i)};
}

static inline struct site_set
site_set_and(struct site_set a, struct site_set b)
{
	return (struct site_set){a.bits & b.bits};
}

static inline size_t
site_set_count(struct site_set set)
{
	return (size_t)__builtin_popcount(set.bits);
}

enum site_state {
	SITE_AWAY, /* not there, or not the site it should be: why tells */
	SITE_ATTACHED, /* there; it counts only where the claim's fence stands
			  too (claim.h) */
};

/* Work for one site, done by one of its threads. Stays valid until run has
 * returned. */
struct site_job {
	void (*run)(struct site_job *job);
	struct site_job *next;
};

struct site_slot {
	struct site *site;
	enum site_state state;
	bool looked_at;
	bool left; /* sites_leave */
	char why[SITE_WHY_SIZE]; /* "" while attached */
	int64_t since; /* clock_mono() of the last change of state */
	uint64_t epoch; /* grows at each attaching: what was known of the site
			   before is void */
	struct io_space space; /* as last looked at; all zero before */
	uint64_t written; /* of the site, when it was looked at */
	struct site_job *first;
	struct site_job **last;
	struct cond work;
	struct thread threads[SITE_THREADS];
	size_t n_threads;
};

/* All sites of a service. Everything here may be called by any thread. A slot
 * stays what it is: n only grows. */
struct sites {
	atomic_size_t n;
	struct site_slot slots[SITES_MAX];
	struct mutex lock;
	bool running; /* sites_start was */
	bool stopping;
};

/* No sites yet. Free with sites_free. */
enum rc sites_new(struct op *op, struct sites **ret_sites) MUST_CHECK;

/*
 * Adds a site, which is owned from here on, also after a failure; after
 * sites_start its threads run when this
 * returns, and it is attached if it is there. One call at a time. RC_LIMIT: as
 * many have been added since the start as there are slots.
 */
enum rc
sites_add(struct op *op, struct sites *sites, struct site *site) MUST_CHECK;

/* Starts SITE_THREADS threads for each site, and attaches what is there (a site
 * that is away is no error). */
enum rc sites_start(struct op *op, struct sites *sites) MUST_CHECK;

/* Lets queued jobs end, joins the threads, closes the sites. Accepts NULL. */
void sites_free(struct sites *sites);

/* The slot of a site id, or SITES_MAX. */
size_t sites_find(const struct sites *sites, const uint8_t id[OBJECT_ID_SIZE]);

/* Looks at the place again; true where the site is attached now. */
bool sites_try(struct op *op, struct sites *sites, size_t i);

/* The site has left the register (L20): it is away for good, its slot is not
 * used again. */
void sites_leave(struct op *op, struct sites *sites, size_t i);
bool sites_has_left(struct sites *sites, size_t i);

/*
 * Tells what a call on the site came to. An error of the site (RC_IO,
 * RC_NOT_FOUND of a folder that must be there, RC_NO_SPACE, RC_TIMEOUT) makes
 * it SITE_AWAY with the op's error text as the reason; the keeper tries it
 * again. Clears the op's error.
 */
void sites_failed(struct op *op, struct sites *sites, size_t i, enum rc rc);

/* Grows each time that the site was attached. */
uint64_t sites_epoch(struct sites *sites, size_t i);

/* Which sites are attached. */
struct site_set sites_attached(struct sites *sites);

/* Of a register's sites, those that are in the set. */
struct site_set
sites_of_register(const struct sites *sites, const struct site_register *reg);

/* Queues a job for the site's threads. */
void sites_submit(struct sites *sites, size_t i, struct site_job *job);

/* Looks at the free space of each attached site. */
void sites_look_at_space(struct op *op, struct sites *sites);

/* As it was at the last look (all zero: never), less what this process has
 * written since. */
void sites_space(struct sites *sites, size_t i, struct io_space *ret_space);

#endif
