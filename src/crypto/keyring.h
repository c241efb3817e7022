/*
 * keyring.h - a tenant's keys (LOG.md L16, L17): its root and its live epoch
 * keys. An object on every site, sealed with AES-256-SIV under that site's
 * wrapping key.
 */
#ifndef DOZO_CRYPTO_KEYRING_H
#define DOZO_CRYPTO_KEYRING_H

#include "base/op.h"
#include "base/span.h"
#include "crypto/keystore.h"
#include "crypto/secret.h"

enum { KEYRING_EPOCHS_MAX = 64, KEYRING_OBJECT_MAX = 8192 };

struct keyring_epoch {
	uint32_t epoch;
	struct secret *key; /* 32 bytes */
};

struct keyring {
	uint64_t tenant;
	uint64_t version; /* of the object that it was read from or written to;
			     0: not yet written */
	struct secret *root; /* 32 bytes */
	struct secret *signing; /* Ed25519 seed of 32 bytes; the provider's
				   only, else NULL */
	size_t n_epochs;
	struct keyring_epoch epochs[KEYRING_EPOCHS_MAX]; /* ascending */
};

/* A new random root and epoch 1; a signing key where with_signing. Free with
 * keyring_free. */
enum rc keyring_new(struct op *op, uint64_t tenant, bool with_signing,
    struct keyring **ret_ring) MUST_CHECK;
/* The same keys again, for whoever uses them while ring changes. */
enum rc keyring_copy(struct op *op, const struct keyring *ring,
    struct keyring **ret_copy) MUST_CHECK;
void keyring_free(struct keyring *ring); /* accepts NULL */
void keyring_free_ptr(struct keyring **ring);

/* NULL where the epoch's key is not (or no longer) there. */
const struct secret *
keyring_epoch_key(const struct keyring *ring, uint32_t epoch);
uint32_t keyring_newest_epoch(const struct keyring *ring);

/* Adds a random key for epoch newest + 1 (key rotation); RC_LIMIT. */
enum rc keyring_add_epoch(
    struct op *op, struct keyring *ring, uint32_t *ret_epoch) MUST_CHECK;

/* Forgets an epoch's key; RC_NOT_FOUND, RC_CONFLICT for the newest (its number
 * would be given again). */
enum rc keyring_drop_epoch(
    struct op *op, struct keyring *ring, uint32_t epoch) MUST_CHECK;

/*
 * Adds to ring the epochs (and the signing key) of other that it lacks;
 * RC_DAMAGED where tenants, roots, signing keys or equal epochs differ,
 * RC_LIMIT: ring is unchanged. After RC_NO_MEMORY or RC_LIMIT of locked memory
 * some may be added.
 */
enum rc keyring_merge(struct op *op, struct keyring *ring,
    const struct keyring *other) MUST_CHECK;

/* Appends the object's bytes for one site, at most KEYRING_OBJECT_MAX. version
 * (from 1) is sealed in (AD). */
enum rc keyring_seal(struct op *op, const struct keyring *ring,
    uint64_t version, const uint8_t service[KEYSTORE_ID_SIZE],
    const struct keystore_site *site, struct buf *out) MUST_CHECK;

/* With the site's key, or the former one where it has one. RC_INVALID (no
 * keyring, or of a newer format), RC_DAMAGED (a foreign master key, site,
 * tenant or version, or changed bytes). */
enum rc keyring_open(struct op *op, struct span object, uint64_t tenant,
    const uint8_t service[KEYSTORE_ID_SIZE], const struct keystore_site *site,
    struct keyring **ret_ring) MUST_CHECK;

/*
 * Keys under the root, by HKDF with the tenant's number as salt and "dozo " and
 * the purpose (at most 32 bytes) as info: "salt", "chunk", "name", "siv" (64
 * bytes), "login", "lookup" ... A purpose has one size for ever. Free with
 * secret_free.
 */
enum rc keyring_derive(struct op *op, const struct keyring *ring,
    const char *purpose, size_t size, struct secret **ret_key) MUST_CHECK;

#endif
