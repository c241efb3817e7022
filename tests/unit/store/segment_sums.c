/* segment_sums.c - a segment's sums, written by the text of docs/FORMAT.md,
 * without segment_*.c. */
#include "segment_sums.h"

#include <xxhash.h>

#include "crypto/hash.h"

static uint64_t
get(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	while (size-- > 0)
		value = value << 8 | at[size];
	return value;
}

static uint64_t
sealed_size(uint64_t plain)
{
	uint64_t frames = plain == 0 ? 1 : (plain + 65535) / 65536;

	return plain + 16 * frames;
}

/* The tags of the frames that the directory tells of; false where it is broken.
 */
static bool
hash_tags(const uint8_t *bytes, uint64_t at, uint64_t directory, uint64_t end,
    struct sha256 *hash)
{
	uint64_t body_end = directory;

	while (directory + 8 <= end) {
		uint64_t type = get(bytes + directory, 4);
		uint64_t left = sealed_size(get(bytes + directory + 4, 4));

		directory += type == 1 ? 8 : 72;
		if (left > body_end - at)
			return false;
		for (; left > 0;) {
			uint64_t frame = left > 65552 ? 65552 : left;

			at += frame;
			left -= frame;
			sha256_update(hash, span_of(bytes + at - 16, 16));
		}
	}
	return directory == end;
}

static bool
new_hash(const uint8_t *bytes, size_t size, uint8_t out[32])
{
	uint64_t header = get(bytes + 16, 4);
	uint64_t directory = get(bytes + size - 64, 8);
	uint64_t index = get(bytes + size - 56, 8);
	uint64_t end = index != 0 ? index : size - 72;
	struct sha256 hash;

	if (header > directory || directory > end || end > size - 72)
		return false;
	sha256_init(&hash);
	sha256_update(&hash, span_of(bytes, header));
	if (!hash_tags(bytes, header, directory, end, &hash))
		return false;
	sha256_update(&hash, span_of(bytes + directory, size - 72 - directory));
	sha256_digest(&hash, out);
	return true;
}

void
segment_sums_fix(uint8_t *bytes, size_t size)
{
	uint8_t hash[32];
	XXH128_canonical_t canonical;

	if (size < 124 + 72)
		return;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size - 48));
	memcpy(bytes + size - 48, canonical.digest, 16);
	if (new_hash(bytes, size, hash))
		memcpy(bytes + size - 32, hash, sizeof(hash));
}
