/* hash.h - SHA-256, SHA-1, HMAC-SHA-256 (RFC 2104), HKDF-SHA-256 (RFC 5869). */
#ifndef DOZO_CRYPTO_HASH_H
#define DOZO_CRYPTO_HASH_H

#include "base/op.h"
#include "base/span.h"

enum { SHA256_SIZE = 32, SHA1_SIZE = 20, SHA256_STATE_SIZE = 128 };

/* One-shot; never fails. */
void sha256_of(struct span bytes, uint8_t out[SHA256_SIZE]);

/* Over several pieces, as if they were one. */
void
sha256_of_pieces(const struct span *pieces, size_t n, uint8_t out[SHA256_SIZE]);

/*
 * Running SHA-256 with a state that can be kept and taken up again (an upload
 * that is resumed after a crash rereads nothing). Any thread, one at a time.
 * The state has a layout of its own (docs/FORMAT.md), so it outlives libraries
 * and machines. It holds plaintext: keep it sealed.
 */
struct sha256 {
	_Alignas(16) uint8_t state[SHA256_STATE_SIZE];
};
void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, struct span bytes);
/* The digest of what came so far; the hash can go on. */
void sha256_digest(const struct sha256 *hash, uint8_t out[SHA256_SIZE]);

/* Running SHA-1, for clients' checksums only. */
struct sha1 {
	_Alignas(16) uint8_t state[SHA256_STATE_SIZE];
};
void sha1_init(struct sha1 *hash);
void sha1_update(struct sha1 *hash, struct span bytes);
void sha1_digest(const struct sha1 *hash, uint8_t out[SHA1_SIZE]);

/* Over several pieces, as if they were one. */
void hmac_sha256(struct span key, const struct span *pieces, size_t n,
    uint8_t out[SHA256_SIZE]);

/* RFC 5869 extract and expand; out_size at most 255 * 32 (aborts beyond). */
void hkdf_sha256(struct span key, struct span salt, struct span info,
    uint8_t *out, size_t out_size);

/* Whether two runs of size bytes are equal, in time that does not tell where
 * they differ. */
bool hash_equal(const void *a, const void *b, size_t size);

#endif
