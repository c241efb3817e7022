/*
 * keystore.h - DIR/keys/master.key (LOG.md L16): one wrapping key for each
 * site. It wraps keyrings only and stands on no site. docs/FORMAT.md gives its
 * bytes.
 */
#ifndef DOZO_CRYPTO_KEYSTORE_H
#define DOZO_CRYPTO_KEYSTORE_H

#include "base/op.h"
#include "base/span.h"
#include "crypto/secret.h"

enum {
	KEYSTORE_ID_SIZE = 16,
	KEYSTORE_FINGERPRINT_SIZE = 33,
	KEYSTORE_SITES_MAX = 16
};

struct keystore_site {
	uint8_t id[KEYSTORE_ID_SIZE];
	char name[33];
	struct secret *key; /* 64 bytes for AES-256-SIV, derived from the 32
			       random bytes kept */
	struct secret *raw; /* the 32 random bytes */
};

struct keystore {
	uint8_t service[KEYSTORE_ID_SIZE];
	uint32_t version; /* 1 at first; each rotation adds 1 */
	size_t n_sites;
	struct keystore_site sites[KEYSTORE_SITES_MAX];
};

/* A new keystore with a random service id and no sites. Free with
 * keystore_free. */
enum rc keystore_new(struct op *op, struct keystore **ret_store) MUST_CHECK;
void keystore_free(struct keystore *store); /* accepts NULL */
void keystore_free_ptr(struct keystore **store);

/* Adds a site with a random key; RC_EXISTS, RC_LIMIT, RC_INVALID (name: 1 to 32
 * bytes, no control characters). */
enum rc keystore_add_site(struct op *op, struct keystore *store,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name) MUST_CHECK;

/* NULL where the keystore has no such site. */
const struct keystore_site *
keystore_find(const struct keystore *store, const uint8_t id[KEYSTORE_ID_SIZE]);

/* Appends the file's bytes, raw form; wipe them (1,352 at most). */
struct buf;
enum rc keystore_write(
    struct op *op, const struct keystore *store, struct buf *out) MUST_CHECK;

/* RC_INVALID where it is no keystore or of a newer format, RC_DAMAGED where its
 * checksum is wrong, RC_LIMIT. */
enum rc keystore_read(
    struct op *op, struct span bytes, struct keystore **ret_store) MUST_CHECK;

/* 32 hex digits that name the content: the first half of the file's checksum.
 */
void keystore_fingerprint(
    const struct keystore *store, char out[KEYSTORE_FINGERPRINT_SIZE]);

#endif
