/* register.h - the register of sites: which sites a service has and how many
 * must have a thing (LOG.md L20). */
#ifndef DOZO_STORE_REGISTER_H
#define DOZO_STORE_REGISTER_H

#include <stdbool.h>
#include <string.h>

#include "store/object.h"

enum { REGISTER_SITES_MAX = 16 };

struct site_register {
	uint64_t version; /* 1 at first; each change adds 1 */
	uint32_t m; /* min_sites, at least 1 */
	uint32_t n; /* sites, m at least */
	uint8_t ids[REGISTER_SITES_MAX][OBJECT_ID_SIZE];
};

/* R = n - m + 1: any R sites together know every acknowledged segment. */
uint32_t register_r(const struct site_register *reg);

/* max(m, R): a claim stands on that many (any two such sets meet). */
uint32_t register_quorum(const struct site_register *reg);

bool register_contains(
    const struct site_register *reg, const uint8_t site[OBJECT_ID_SIZE]);

/* Same version, m and sites, in whatever order. */
bool
register_equal(const struct site_register *a, const struct site_register *b);

/* Whether the numbers make sense and no site stands twice. */
bool register_valid(const struct site_register *reg);

#endif
