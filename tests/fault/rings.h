/* rings.h - keyrings as they stand on the sites, and what a keystore opens of
 * them. */
#ifndef DOZO_TESTS_FAULT_RINGS_H
#define DOZO_TESTS_FAULT_RINGS_H

#include "world.h"

/* Of the keyrings that a tenant has on a site, how many the keystore opens;
 * *ret_all: how many there are. */
size_t rings_opened(struct world *w, const struct keystore *keystore,
    size_t site, uint64_t tenant, size_t *ret_all);

/* How often a site has no keyring that the keystore opens, of the provider's
 * log or of the tenant. */
size_t rings_lacking(struct world *w, const struct keystore *keystore);

/* Fails the test where the keystore opens any. */
void rings_assert_shut(struct world *w, const struct keystore *keystore);

/* Fails the test where there is one that the keystore at hand does not open. */
void rings_assert_clean(struct world *w);

/* Reads a keystore's file in the sandbox; NULL where there is none. */
struct keystore *rings_keystore(struct world *w, const char *name);

/* For world_await: no site has a former key. */
bool rings_are_rotated(struct world *w, size_t unused);

#endif
