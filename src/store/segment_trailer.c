/* segment_trailer.c - a segment's sums: tags of frames, checksum, trailer. */
#include <xxhash.h>

#include "store/segment_layout.h"
#include "store/wire.h"

void
segment_hash_tags(struct sha256 *hash, struct span sealed)
{
	size_t at = 0;

	while (at < sealed.size) {
		size_t frame = sealed.size - at;

		if (frame > AEAD_SEALED_FRAME)
			frame = AEAD_SEALED_FRAME;
		at += frame;
		sha256_update(hash,
		    span_of(sealed.data + at - AEAD_TAG_SIZE, AEAD_TAG_SIZE));
	}
}

void
segment_trailer_start(uint8_t out[SEGMENT_TRAILER_CHECKED],
    uint64_t directory_offset, uint64_t index_offset)
{
	uint8_t *p = wire_put_bytes(out, "dozo-end", SEGMENT_MAGIC_SIZE);

	p = wire_put_u64(p, directory_offset);
	(void)wire_put_u64(p, index_offset);
}

void
segment_checksum(struct span bytes, uint8_t out[SEGMENT_CHECKSUM_SIZE])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(
	    &canonical, XXH3_128bits(bytes.data, bytes.size));
	memcpy(out, canonical.digest, SEGMENT_CHECKSUM_SIZE);
}
