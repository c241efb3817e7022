/* sign.c - Ed25519 over nettle's hogweed, which makes the public key from the
 * seed. */
#include "crypto/sign.h"

#include <nettle/eddsa.h>

_Static_assert(SIGN_SEED_SIZE == ED25519_KEY_SIZE, "seed");
_Static_assert(SIGN_PUBLIC_SIZE == ED25519_KEY_SIZE, "public key");
_Static_assert(SIGN_SIZE == ED25519_SIGNATURE_SIZE, "signature");

static enum rc
seed_check(struct op *op, const struct secret *seed)
{
	size_t size = secret_span(seed).size;

	if (size != SIGN_SEED_SIZE)
		FAIL(op, RC_INVALID, "a signing seed has %d bytes, not %zu",
		    SIGN_SEED_SIZE, size);
	return RC_OK;
}

enum rc
sign_public(struct op *op, const struct secret *seed,
    uint8_t ret_public[SIGN_PUBLIC_SIZE])
{
	TRY(seed_check(op, seed));
	ed25519_sha512_public_key(ret_public, secret_span(seed).data);
	return RC_OK;
}

enum rc
sign_make(struct op *op, const struct secret *seed, struct span text,
    uint8_t ret_signature[SIGN_SIZE])
{
	uint8_t public_key[SIGN_PUBLIC_SIZE];

	/* Never a public key from elsewhere: a wrong one would give away the
	 * seed. */
	TRY(sign_public(op, seed, public_key));
	ed25519_sha512_sign(public_key, secret_span(seed).data, text.size,
	    text.data, ret_signature);
	return RC_OK;
}

enum rc
sign_verify(struct op *op, const uint8_t public_key[SIGN_PUBLIC_SIZE],
    struct span text, const uint8_t signature[SIGN_SIZE])
{
	if (!ed25519_sha512_verify(public_key, text.size, text.data, signature))
		FAIL(op, RC_DENIED, "the signature does not match");
	return RC_OK;
}
