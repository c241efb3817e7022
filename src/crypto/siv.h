/*
 * siv.h - AES-256-SIV (RFC 5297): deterministic sealing of names, digests, row
 * fields and keys. Equal texts under equal associated data give equal bytes.
 */
#ifndef DOZO_CRYPTO_SIV_H
#define DOZO_CRYPTO_SIV_H

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"

enum { SIV_KEY_SIZE = 64, SIV_TAG_SIZE = 16 };

/*
 * The associated data is the length-prefixed (big-endian 32 bit) concatenation
 * of its pieces, so that no two lists of pieces are the same bytes (GnuTLS itself
 * only concatenates), under a fixed nonce of 16 bytes "dozo-siv-nonce-1" (GnuTLS
 * aborts on an empty one).
 */
struct siv_ad {
	uint8_t bytes[192];
	size_t size;
};
void siv_ad_init(struct siv_ad *ad);
void siv_ad_add(struct siv_ad *ad, struct span piece); /* asserts that it fits */
void siv_ad_add_u64(struct siv_ad *ad, uint64_t value); /* big-endian */

/* A key made ready; one thread at a time (keep one for each thread). */
struct siv {
	void *handle;
};
enum rc siv_init(struct op *op, struct siv *siv, struct span key) MUST_CHECK;
void siv_release(struct siv *siv); /* also for CLEANUP; accepts a zeroed one */

/* out has plain.size + SIV_TAG_SIZE bytes. */
enum rc siv_seal(struct op *op, struct siv *siv, const struct siv_ad *ad,
    struct span plain, uint8_t *out) MUST_CHECK;

/* out has sealed.size - SIV_TAG_SIZE bytes; RC_DAMAGED. */
enum rc siv_open(struct op *op, struct siv *siv, const struct siv_ad *ad,
    struct span sealed, uint8_t *out) MUST_CHECK;

#endif
