/* digest.h - digests that a client sends with a content, or wants of one:
 * Content-Digest, Repr-Digest, Want-Repr-Digest (RFC 9530), OC-Checksum. */
#ifndef DOZO_DOOR_DIGEST_H
#define DOZO_DOOR_DIGEST_H

#include "crypto/hash.h"

enum { DIGEST_MAX = 8, DIGEST_TEXT_SIZE = 64, DIGEST_CHECKSUM_SIZE = 72 };

struct digest_expected {
	bool sha1; /* else SHA-256 */
	uint8_t bytes[SHA256_SIZE];
};

/* What the content has to be; all zero: anything. */
struct digests {
	size_t n;
	struct digest_expected expected[DIGEST_MAX];
};

/*
 * Adds what a Content-Digest or Repr-Digest header (NULL: none) asks for.
 * Algorithms other than sha-256 are passed over. RC_INVALID, RC_LIMIT.
 */
enum rc digest_add_field(
    struct op *op, const char *text, struct digests *digests) MUST_CHECK;

/* The same of an OC-Checksum header: "SHA1:hex", SHA256; other types are passed
 * over. */
enum rc digest_add_checksum(
    struct op *op, const char *text, struct digests *digests) MUST_CHECK;

/* RC_INVALID with a text for the client where the content is another one. */
enum rc digest_check(struct op *op, const struct digests *digests,
    const uint8_t sha256[SHA256_SIZE],
    const uint8_t sha1[SHA1_SIZE]) MUST_CHECK;

/* "sha-256=:...:" for Repr-Digest. */
void
digest_field(const uint8_t sha256[SHA256_SIZE], char out[DIGEST_TEXT_SIZE]);

/*
 * Whether a Want-Repr-Digest header (NULL: none) leaves SHA-256 acceptable: not
 * where it gives it the weight 0. What is malformed asks for nothing.
 */
bool digest_wanted(const char *text);

/* "SHA1:..." or, without sha1 (NULL), "SHA256:..." for OC-Checksum. */
void digest_checksum(const uint8_t *sha1, const uint8_t sha256[SHA256_SIZE],
    char out[DIGEST_CHECKSUM_SIZE]);

#endif
