/* keystore_inside.h - private to the keystore's two files. */
#ifndef DOZO_CRYPTO_KEYSTORE_INSIDE_H
#define DOZO_CRYPTO_KEYSTORE_INSIDE_H

#include "crypto/keystore.h"

enum { KEYSTORE_NAME_SIZE = 32, KEYSTORE_RAW_SIZE = 32 };

_Static_assert(
    sizeof(((struct keystore_site *)0)->name) == KEYSTORE_NAME_SIZE + 1,
    "a name and its NUL");

/* Adds a site with these raw keys; now.data NULL: a random one, former.data
 * NULL: none. As keystore_add_site. */
enum rc keystore_site_add(struct op *op, struct keystore *store,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name, struct span now,
    struct span former) MUST_CHECK;

#endif
