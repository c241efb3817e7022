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
 * of its pieces, so that no two lists of pieces are the same bytes (GnuTLS
 * itself only concatenates), under a fixed nonce of 16 bytes "dozo-siv-nonce-1"
 * (GnuTLS aborts on an empty one). In RFC 5297's words the sealed bytes are V
 * || C with V = S2V(K1, that concatenation, the nonce, the plaintext): two
 * strings before the plaintext, in this order, the first one also where it is
 * empty. K1 (S2V) is the first half of the key, K2 (CTR) the second.
 */
struct siv_ad {
	uint8_t bytes[192];
	size_t size;
};
void siv_ad_init(struct siv_ad *ad);
void siv_ad_add(
    struct siv_ad *ad, struct span piece); /* aborts where it does not fit */
void siv_ad_add_u64(struct siv_ad *ad, uint64_t value); /* big-endian */

/* A key made ready; one thread at a time (keep one for each thread). */
struct siv {
	void *handle;
};
enum rc siv_init(struct op *op, struct siv *siv, struct span key) MUST_CHECK;
void siv_release(struct siv *siv); /* also for CLEANUP; accepts a zeroed one */

/* out has plain.size + SIV_TAG_SIZE bytes and is not plain's own place. */
enum rc siv_seal(struct op *op, struct siv *siv, const struct siv_ad *ad,
    struct span plain, uint8_t *out) MUST_CHECK;

/* out has sealed.size - SIV_TAG_SIZE bytes and is not sealed's own place;
 * RC_DAMAGED, out is then wiped. */
enum rc siv_open(struct op *op, struct siv *siv, const struct siv_ad *ad,
    struct span sealed, uint8_t *out) MUST_CHECK;

#endif
