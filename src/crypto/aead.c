/* aead.c - AES-256-GCM frames over GnuTLS. */
#include "crypto/aead.h"

#include <gnutls/crypto.h>

#include "base/mem.h"
#include "crypto/bytes.h"

enum { NONCE_SIZE = 12, NONCE_FRAME_AT = 7, NONCE_LAST_AT = 11 };

uint32_t
aead_frames(uint64_t plain_size)
{
	uint64_t n = plain_size / AEAD_FRAME + (plain_size % AEAD_FRAME != 0);

	if (n == 0)
		return 1;
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

uint64_t
aead_sealed_size(uint64_t plain_size)
{
	return plain_size + (uint64_t)aead_frames(plain_size) * AEAD_TAG_SIZE;
}

enum rc
aead_init(struct op *op, struct aead *aead, struct span key)
{
	gnutls_datum_t datum = {
	    .data = (unsigned char *)(uintptr_t)key.data,
	    .size = (unsigned)key.size,
	};
	gnutls_aead_cipher_hd_t handle;
	int error;

	if (key.size != AEAD_KEY_SIZE)
		FAIL(op, RC_INVALID, "an AES-256-GCM key has %d bytes, not %zu",
		    AEAD_KEY_SIZE, key.size);
	error =
	    gnutls_aead_cipher_init(&handle, GNUTLS_CIPHER_AES_256_GCM, &datum);
	if (error == GNUTLS_E_MEMORY_ERROR)
		FAIL(op, RC_NO_MEMORY, "out of memory (AES-GCM)");
	if (error != 0)
		FAIL(op, RC_IO, "cannot set up AES-GCM: %s",
		    gnutls_strerror(error));
	aead->handle = handle;
	return RC_OK;
}

void
aead_release(struct aead *aead)
{
	if (aead->handle != NULL)
		gnutls_aead_cipher_deinit(aead->handle);
	aead->handle = NULL;
}

static void
nonce_make(uint8_t nonce[NONCE_SIZE], uint32_t frame, bool last)
{
	memset(nonce, 0, NONCE_SIZE);
	bytes_put_u32(nonce + NONCE_FRAME_AT, frame);
	nonce[NONCE_LAST_AT] = last ? 1 : 0;
}

/*
 * Each text has one shape only: all frames full but the last, and no empty one
 * behind others. So a size alone tells where each frame lies.
 */
static bool
frame_fits(uint32_t frame, bool last, size_t plain_size)
{
	if (!last)
		return plain_size == AEAD_FRAME;
	return plain_size <= AEAD_FRAME && (plain_size > 0 || frame == 0);
}

enum rc
aead_seal_frame(struct op *op, struct aead *aead, uint32_t frame, bool last,
    struct span ad, struct span plain, uint8_t *out)
{
	uint8_t nonce[NONCE_SIZE];
	size_t size = plain.size + AEAD_TAG_SIZE;
	int error;

	if (frame >= AEAD_FRAMES_MAX)
		FAIL(op, RC_LIMIT, "a sealed text of over %d frames",
		    AEAD_FRAMES_MAX);
	if (!frame_fits(frame, last, plain.size))
		FAIL(
		    op, RC_INVALID, "frame %u of %zu bytes", frame, plain.size);
	nonce_make(nonce, frame, last);
	error = gnutls_aead_cipher_encrypt(aead->handle, nonce, sizeof(nonce),
	    ad.data, ad.size, AEAD_TAG_SIZE, plain.data, plain.size, out,
	    &size);
	if (error != 0)
		FAIL(op, RC_IO, "AES-GCM failed: %s", gnutls_strerror(error));
	return RC_OK;
}

enum rc
aead_open_frame(struct op *op, struct aead *aead, uint32_t frame, bool last,
    struct span ad, struct span sealed, uint8_t *out)
{
	uint8_t nonce[NONCE_SIZE];
	size_t size;

	if (sealed.size < AEAD_TAG_SIZE)
		FAIL(op, RC_DAMAGED, "frame %u has only %zu bytes", frame,
		    sealed.size);
	size = sealed.size - AEAD_TAG_SIZE;
	nonce_make(nonce, frame, last);
	if (frame < AEAD_FRAMES_MAX && frame_fits(frame, last, size) &&
	    gnutls_aead_cipher_decrypt(aead->handle, nonce, sizeof(nonce),
		ad.data, ad.size, AEAD_TAG_SIZE, sealed.data, sealed.size, out,
		&size) == 0)
		return RC_OK;
	/* GnuTLS decrypts before it compares. */
	mem_wipe(out, sealed.size - AEAD_TAG_SIZE);
	FAIL(op, RC_DAMAGED, "frame %u does not open", frame);
}

enum rc
aead_seal(struct op *op, struct span key, struct span ad, struct span plain,
    uint8_t *out)
{
	CLEANUP(aead_release) struct aead aead = {0};
	uint32_t n = aead_frames(plain.size);
	uint32_t i;

	TRY(aead_init(op, &aead, key));
	for (i = 0; i < n; i++) {
		bool last = i + 1 == n;
		struct span part = span_of(plain.data,
		    last ? plain.size - (size_t)i * AEAD_FRAME : AEAD_FRAME);

		if (i > 0)
			part.data += (size_t)i * AEAD_FRAME;
		TRY(aead_seal_frame(op, &aead, i, last, ad, part,
		    out + (size_t)i * AEAD_SEALED_FRAME));
	}
	return RC_OK;
}

static enum rc
open_all(struct op *op, struct aead *aead, struct span ad, struct span sealed,
    uint8_t *out, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		bool last = i + 1 == n;
		size_t at = (size_t)i * AEAD_SEALED_FRAME;
		struct span part = span_of(sealed.data + at,
		    last ? sealed.size - at : AEAD_SEALED_FRAME);

		TRY(aead_open_frame(
		    op, aead, i, last, ad, part, out + (size_t)i * AEAD_FRAME));
	}
	return RC_OK;
}

enum rc
aead_open(struct op *op, struct span key, struct span ad, struct span sealed,
    uint8_t *ret_plain, size_t plain_size)
{
	CLEANUP(aead_release) struct aead aead = {0};
	enum rc rc;

	TRY(aead_init(op, &aead, key));
	if (sealed.size != aead_sealed_size(plain_size))
		rc = op_fail(op, RC_DAMAGED,
		    "%zu sealed bytes for a text of %zu", sealed.size,
		    plain_size);
	else
		rc = open_all(
		    op, &aead, ad, sealed, ret_plain, aead_frames(plain_size));
	if (rc != RC_OK)
		mem_wipe(ret_plain, plain_size);
	return rc;
}
