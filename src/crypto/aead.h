/*
 * aead.h - AES-256-GCM in frames (the STREAM construction of Hoang,
 * Reyhanitabar, Rogaway and Vizar 2015): frames of 64 KiB plaintext, each
 * followed by its tag; nonce = 7 zero bytes, frame number (big-endian 32 bit),
 * 1 where it is the last. So cutting, reordering and doubling of frames fail to
 * open. A key seals one text only. A text has one shape only: every frame full
 * but the last, which is empty only where the whole text is.
 */
#ifndef DOZO_CRYPTO_AEAD_H
#define DOZO_CRYPTO_AEAD_H

#include "base/op.h"
#include "base/span.h"

enum {
	AEAD_KEY_SIZE = 32,
	AEAD_TAG_SIZE = 16,
	AEAD_FRAME = 65536, /* plaintext of a full frame */
	AEAD_SEALED_FRAME = AEAD_FRAME + AEAD_TAG_SIZE,
	AEAD_FRAMES_MAX = 1 << 20, /* refused beyond: far below 2^32 */
};

/* Frames of a text of that size: at least 1, an empty text has one empty frame;
 * UINT32_MAX where they are more. */
uint32_t aead_frames(uint64_t plain_size);

/* Sealed size of a text of that size. */
uint64_t aead_sealed_size(uint64_t plain_size);

/* A key made ready; one thread at a time. */
struct aead {
	void *handle;
};
enum rc aead_init(struct op *op, struct aead *aead, struct span key) MUST_CHECK;
void
aead_release(struct aead *aead); /* also for CLEANUP; accepts a zeroed one */

/*
 * Seals one frame into out (plain.size + AEAD_TAG_SIZE bytes; may be plain's
 * own place). RC_LIMIT from frame AEAD_FRAMES_MAX on, RC_INVALID for a size
 * that the shape above forbids.
 */
enum rc aead_seal_frame(struct op *op, struct aead *aead, uint32_t frame,
    bool last, struct span ad, struct span plain, uint8_t *out) MUST_CHECK;

/* Opens one frame into out (sealed.size - AEAD_TAG_SIZE bytes; may be sealed's
 * own place). RC_DAMAGED; out is then wiped. */
enum rc aead_open_frame(struct op *op, struct aead *aead, uint32_t frame,
    bool last, struct span ad, struct span sealed, uint8_t *out) MUST_CHECK;

/* All frames of one text at once; out has aead_sealed_size(plain.size) bytes.
 */
enum rc aead_seal(struct op *op, struct span key, struct span ad,
    struct span plain, uint8_t *out) MUST_CHECK;

/* RC_DAMAGED; ret_plain (plain_size bytes) is wiped then. sealed.size must fit
 * plain_size. */
enum rc aead_open(struct op *op, struct span key, struct span ad,
    struct span sealed, uint8_t *ret_plain, size_t plain_size) MUST_CHECK;

#endif
