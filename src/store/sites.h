/*
 * sites.h - all sites of a service together: which are attached and fenced, the
 * claim (LOG.md L2), and threads for each site that do its work in order.
 */
#ifndef DOZO_STORE_SITES_H
#define DOZO_STORE_SITES_H

#include "base/op.h"
#include "base/thread.h"
#include "store/register.h"
#include "store/site.h"

enum { SITES_MAX = 16, SITE_THREADS = 4, SITE_WHY_SIZE = 160 };

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

#endif
