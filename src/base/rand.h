/* rand.h - random bytes of the kernel, and ids. */
#ifndef DOZO_BASE_RAND_H
#define DOZO_BASE_RAND_H

#include <stddef.h>

/*
 * Fills with getrandom(2); ends the process where the kernel has none, which
 * happens only before the entropy pool is ready. The model replaces it by a
 * seeded generator.
 */
void rand_bytes(void *out, size_t size);

/* Random bytes for names and request ids: not for keys, may come from the same
 * source. */
void rand_id(void *out, size_t size);

#endif
