/* siv.c - AES-256-SIV over GnuTLS, whose SIV takes one run of associated data
 * and a nonce. */
#include "crypto/siv.h"

#include <gnutls/crypto.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/bytes.h"

static const char siv_nonce[16] = {'d', 'o', 'z', 'o', '-', 's', 'i', 'v', '-',
    'n', 'o', 'n', 'c', 'e', '-', '1'};

void
siv_ad_init(struct siv_ad *ad)
{
	ad->size = 0;
}

void
siv_ad_add(struct siv_ad *ad, struct span piece)
{
	size_t room = sizeof(ad->bytes) - ad->size;

	/* A bug of the caller's; in a release too nothing is written past the
	 * end. */
	if (room < 4 || piece.size > room - 4)
		abort();
	bytes_put_u32(ad->bytes + ad->size, (uint32_t)piece.size);
	ad->size += 4;
	if (piece.size > 0)
		memcpy(ad->bytes + ad->size, piece.data, piece.size);
	ad->size += piece.size;
}

void
siv_ad_add_u64(struct siv_ad *ad, uint64_t value)
{
	uint8_t bytes[8];

	bytes_put_u64(bytes, value);
	siv_ad_add(ad, span_of(bytes, sizeof(bytes)));
}

enum rc
siv_init(struct op *op, struct siv *siv, struct span key)
{
	gnutls_datum_t datum = {
	    .data = (unsigned char *)(uintptr_t)key.data,
	    .size = (unsigned)key.size,
	};
	gnutls_aead_cipher_hd_t handle;
	int error;

	if (key.size != SIV_KEY_SIZE)
		FAIL(op, RC_INVALID, "an AES-256-SIV key has %d bytes, not %zu",
		    SIV_KEY_SIZE, key.size);
	error =
	    gnutls_aead_cipher_init(&handle, GNUTLS_CIPHER_AES_256_SIV, &datum);
	if (error == GNUTLS_E_MEMORY_ERROR)
		FAIL(op, RC_NO_MEMORY, "out of memory (AES-SIV)");
	if (error != 0)
		FAIL(op, RC_IO, "cannot set up AES-SIV: %s",
		    gnutls_strerror(error));
	siv->handle = handle;
	return RC_OK;
}

void
siv_release(struct siv *siv)
{
	if (siv->handle != NULL)
		gnutls_aead_cipher_deinit(siv->handle);
	siv->handle = NULL;
}

enum rc
siv_seal(struct op *op, struct siv *siv, const struct siv_ad *ad,
    struct span plain, uint8_t *out)
{
	size_t size = plain.size + SIV_TAG_SIZE;
	int error = gnutls_aead_cipher_encrypt(siv->handle, siv_nonce,
	    sizeof(siv_nonce), ad->bytes, ad->size, SIV_TAG_SIZE, plain.data,
	    plain.size, out, &size);

	if (error != 0)
		FAIL(op, RC_IO, "AES-SIV failed: %s", gnutls_strerror(error));
	return RC_OK;
}

enum rc
siv_open(struct op *op, struct siv *siv, const struct siv_ad *ad,
    struct span sealed, uint8_t *out)
{
	size_t size;

	if (sealed.size < SIV_TAG_SIZE)
		FAIL(op, RC_DAMAGED, "sealed field of only %zu bytes",
		    sealed.size);
	size = sealed.size - SIV_TAG_SIZE;
	if (gnutls_aead_cipher_decrypt(siv->handle, siv_nonce,
		sizeof(siv_nonce), ad->bytes, ad->size, SIV_TAG_SIZE,
		sealed.data, sealed.size, out, &size) != 0) {
		/* GnuTLS decrypts before it compares. */
		mem_wipe(out, sealed.size - SIV_TAG_SIZE);
		FAIL(op, RC_DAMAGED, "a sealed field does not open");
	}
	return RC_OK;
}
