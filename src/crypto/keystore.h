/*
 * keystore.h - DIR/keys/master.key (LOG.md L16): one wrapping key for each
 * site, and beside it, while the keys are rotated, the one before. They wrap
 * keyrings and heads only and stand on no site. The file may be sealed with a
 * passphrase. docs/FORMAT.md gives its bytes. A keystore has no lock: it is one
 * thread's, or its owner guards it.
 */
#ifndef DOZO_CRYPTO_KEYSTORE_H
#define DOZO_CRYPTO_KEYSTORE_H

#include "base/op.h"
#include "base/span.h"
#include "crypto/secret.h"

enum {
	KEYSTORE_ID_SIZE = 16,
	KEYSTORE_FINGERPRINT_SIZE = 33,
	KEYSTORE_SITES_MAX = 16,
	KEYSTORE_FILE_MAX = 1912,
	KEYSTORE_SALT_SIZE = 16,
	KEYSTORE_PASSPHRASE_MIN = 12, /* bytes */
	KEYSTORE_PASSPHRASE_MAX = 1024,
	/* What a file may ask of Argon2id; ours are in keystore_file.c. */
	KEYSTORE_MEMORY_MAX = 1 << 20, /* KiB */
	KEYSTORE_PASSES_MAX = 10,
	KEYSTORE_LANES_MAX = 8,
};

/* 64 bytes for AES-256-SIV, derived from the 32 random bytes kept. */
struct keystore_key {
	struct secret *key;
	struct secret *raw;
};

struct keystore_site {
	uint8_t id[KEYSTORE_ID_SIZE];
	char name[33];
	struct keystore_key now; /* seals, and opens */
	struct keystore_key former; /* opens what the site still has from before
				       a rotation; NULLs: nothing */
};

/* How the file is sealed. */
struct keystore_seal {
	uint32_t memory; /* KiB */
	uint32_t passes;
	uint32_t lanes;
	uint8_t salt[KEYSTORE_SALT_SIZE];
	struct secret *key; /* what Argon2id gave, 64 bytes; NULL: not sealed */
};

struct keystore {
	uint8_t service[KEYSTORE_ID_SIZE];
	uint32_t version; /* 1 at first; each rotation adds 1 */
	size_t n_sites;
	struct keystore_site sites[KEYSTORE_SITES_MAX];
	struct keystore_seal seal;
};

/* A new keystore with a random service id and no sites, not sealed. Free with
 * keystore_free. */
enum rc keystore_new(struct op *op, struct keystore **ret_store) MUST_CHECK;
void keystore_free(struct keystore *store); /* accepts NULL */
void keystore_free_ptr(struct keystore **store);

/* The same content once more. */
enum rc keystore_copy(struct op *op, const struct keystore *store,
    struct keystore **ret_store) MUST_CHECK;

/* Adds a site with a random key; RC_EXISTS, RC_LIMIT, RC_INVALID (name: 1 to 32
 * bytes, no control characters). */
enum rc keystore_add_site(struct op *op, struct keystore *store,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name) MUST_CHECK;

/* Forgets a site with its keys, if it is there: what stands on it is closed. */
void keystore_remove_site(
    struct keystore *store, const uint8_t id[KEYSTORE_ID_SIZE]);

/* NULL where the keystore has no such site. */
const struct keystore_site *
keystore_find(const struct keystore *store, const uint8_t id[KEYSTORE_ID_SIZE]);

/* A site's keys once more; needs keystore_site_release. */
enum rc keystore_site_copy(struct op *op, const struct keystore_site *site,
    struct keystore_site *ret_site) MUST_CHECK;
void keystore_site_release(struct keystore_site *site); /* also for CLEANUP */

/* Forgets the former key of a copy or of a keystore's site. */
void keystore_site_drop_former(struct keystore_site *site);

/* 32 hex digits that name version, sites and their present keys; neither former
 * keys nor the passphrase change it. */
void keystore_fingerprint(
    const struct keystore *store, char out[KEYSTORE_FINGERPRINT_SIZE]);

/* ---- rotation ---- */

/* How many sites have a former key: the rotation is not over there. */
size_t keystore_pending(const struct keystore *store);

/*
 * The next version: a new random key for each site, the present ones being the
 * former. RC_CONFLICT while a rotation is pending, RC_LIMIT.
 */
enum rc keystore_rotate(struct op *op, const struct keystore *store,
    struct keystore **ret_next) MUST_CHECK;

/* Whether next is what keystore_rotate made of store. */
bool
keystore_follows(const struct keystore *next, const struct keystore *store);

/* The two, of one service, exchange what they have but the service's id, which
 * others may read meanwhile. */
void keystore_exchange(struct keystore *a, struct keystore *b);

/* Forgets a site's former key: the site has nothing any more that needs it. */
void keystore_drop_former(
    struct keystore *store, const uint8_t id[KEYSTORE_ID_SIZE]);

/* ---- the file ---- */

/* Appends the file's bytes, sealed where the keystore is; wipe them
 * (KEYSTORE_FILE_MAX at most). */
struct buf;
enum rc keystore_write(
    struct op *op, const struct keystore *store, struct buf *out) MUST_CHECK;

/* Whether these bytes want a passphrase. */
bool keystore_is_sealed(struct span bytes);

/*
 * passphrase: of a sealed file; NULL data where there is none. RC_DENIED where
 * it is missing or wrong, RC_INVALID where it is no keystore or of a newer
 * format, RC_DAMAGED where its checksum is wrong, RC_LIMIT (too large, or
 * asking for more than KEYSTORE_*_MAX of Argon2id). A sealed one takes a tenth
 * of a second, 15 s at the limits.
 */
enum rc keystore_read(struct op *op, struct span bytes, struct span passphrase,
    struct keystore **ret_store) MUST_CHECK;

/* Reads a file that is sealed as store is (or not at all, as it); RC_CONFLICT
 * where it is sealed otherwise. */
enum rc keystore_read_like(struct op *op, struct span bytes,
    const struct keystore *store, struct keystore **ret_store) MUST_CHECK;

/* From now on the file is sealed with this passphrase, under a new salt;
 * RC_INVALID where it is too short, RC_LIMIT. */
enum rc keystore_seal(
    struct op *op, struct keystore *store, struct span passphrase) MUST_CHECK;

/* ... or lies open. */
void keystore_unseal(struct keystore *store);

/* RC_DENIED where the passphrase is not the one that it is sealed with. RC_OK
 * for one that is not sealed. */
enum rc keystore_check_passphrase(struct op *op, const struct keystore *store,
    struct span passphrase) MUST_CHECK;

#endif
