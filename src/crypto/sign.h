/* sign.h - Ed25519 signatures (RFC 8032) of receipts. */
#ifndef DOZO_CRYPTO_SIGN_H
#define DOZO_CRYPTO_SIGN_H

#include "base/op.h"
#include "base/span.h"
#include "crypto/secret.h"

enum { SIGN_SEED_SIZE = 32, SIGN_PUBLIC_SIZE = 32, SIGN_SIZE = 64 };

/* RC_INVALID for a seed of another size than SIGN_SEED_SIZE. */
enum rc sign_public(struct op *op, const struct secret *seed,
    uint8_t ret_public[SIGN_PUBLIC_SIZE]) MUST_CHECK;
enum rc sign_make(struct op *op, const struct secret *seed, struct span text,
    uint8_t ret_signature[SIGN_SIZE]) MUST_CHECK;
/* RC_DENIED where it does not match. */
enum rc sign_verify(struct op *op, const uint8_t public_key[SIGN_PUBLIC_SIZE],
    struct span text, const uint8_t signature[SIGN_SIZE]) MUST_CHECK;

#endif
