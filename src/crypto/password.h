/* password.h - password hashes (Argon2id, RFC 9106) and random tokens. */
#ifndef DOZO_CRYPTO_PASSWORD_H
#define DOZO_CRYPTO_PASSWORD_H

#include "base/op.h"
#include "base/span.h"

enum {
	PASSWORD_HASH_SIZE = 128,
	PASSWORD_TOKEN_SIZE = 48,
	PASSWORD_MAX = 1024
};

/* Argon2id, m = 19 MiB, t = 2, p = 1, random salt: the encoded string. 20 to 40
 * ms; at most two at once (waits). RC_LIMIT. */
enum rc password_hash(struct op *op, struct span password,
    char ret_hash[PASSWORD_HASH_SIZE]) MUST_CHECK;

/*
 * RC_DENIED where it does not match, RC_DAMAGED where the hash is none or asks
 * for more than 256 MiB, 10 passes or 4 lanes. As slow as hashing.
 */
enum rc password_verify(
    struct op *op, struct span password, const char *hash) MUST_CHECK;

/* A verification that always fails, as slow as a true one (for unknown users).
 */
void password_verify_dummy(struct span password);

/* What Argon2id is to take: KiB, passes, lanes (each at least 1; memory at
 * least 8 for each lane). */
struct password_cost {
	uint32_t memory;
	uint32_t passes;
	uint32_t lanes;
};

/* A key of size bytes out of a password, by Argon2id. At most two at once
 * (waits). RC_LIMIT: longer than PASSWORD_MAX. */
enum rc password_key(struct op *op, struct span password,
    const struct password_cost *cost, struct span salt, uint8_t *ret_key,
    size_t size) MUST_CHECK;

/* A token of 256 random bits as 43 characters of base64url, NUL-terminated. */
void password_token(char out[PASSWORD_TOKEN_SIZE]);

/* A password for people: 20 characters in groups, about 100 bits, no
 * look-alikes. */
void password_generate(char out[PASSWORD_TOKEN_SIZE]);

#endif
