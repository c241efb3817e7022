/* segment_layout.h - what the writers and the reader of segments share; private
 * to segment_*.c. Bytes: docs/FORMAT.md. */
#ifndef DOZO_STORE_SEGMENT_LAYOUT_H
#define DOZO_STORE_SEGMENT_LAYOUT_H

#include "crypto/aead.h"
#include "store/segment.h"

enum {
	SEGMENT_MAGIC_SIZE = 8,
	SEGMENT_FIXED_SIZE = 124, /* header before its sections */
	SEGMENT_SECTION_HEAD = 8,
	SEGMENT_ENTRY_SIZE = 56, /* of every section */
	SEGMENT_DIRECTORY_CHUNK = 8,
	SEGMENT_DIRECTORY_RECORD = 72,
	SEGMENT_SALT_SIZE = 32,
	SEGMENT_COMMITMENT_SIZE = 32,
	SEGMENT_INDEX_PLAIN = 8 + SHA256_SIZE,
	SEGMENT_INDEX_SIZE = SEGMENT_SALT_SIZE + SEGMENT_COMMITMENT_SIZE +
			     SEGMENT_INDEX_PLAIN + AEAD_TAG_SIZE,
	SEGMENT_CHECKSUM_SIZE = 16,
	SEGMENT_TRAILER_CHECKED =
	    SEGMENT_MAGIC_SIZE + 16, /* under the checksum */
	SEGMENT_TRAILER_SIZE =
	    SEGMENT_TRAILER_CHECKED + SEGMENT_CHECKSUM_SIZE + OBJECT_HASH_SIZE,
	SEGMENT_INDEX_TYPE = 255, /* the sealed index as a record */
};
#define SEGMENT_INDEX_NUMBER UINT32_MAX

/* ---- segment_header.c ---- */

/* Appends the header; RC_INVALID, RC_LIMIT where a reader would refuse it. */
enum rc segment_header_encode(struct op *op,
    const struct segment_header *header, struct buf *out) MUST_CHECK;

/* As segment_parse_header, with short_rc where the bytes end too early. */
enum rc
segment_header_decode(struct op *op, struct span bytes, enum rc short_rc,
    struct segment_header *ret_header, size_t *ret_size) MUST_CHECK;

/* By the magic, 0 where it is none. */
enum segment_kind segment_kind_of(struct span bytes);

/* Whether an item of that type may stand in a segment of that kind. */
bool segment_item_fits(enum segment_kind kind, uint32_t type);

/* Whether items of that number suit the role: openings have none, all other
 * numbers a record. */
bool
segment_role_fits(enum segment_role role, size_t n_items, size_t n_records);

/* ---- segment_record.c ---- */

/* What a record's key is bound to (L17). */
struct segment_record {
	const struct secret *epoch_key;
	const uint8_t *header_hash; /* SHA256_SIZE */
	uint32_t type;
	uint32_t number; /* among the segment's records, from 0 */
};

/* Seals under a fresh key; sealed has aead_sealed_size(plain.size) bytes. */
enum rc segment_record_seal(struct op *op, const struct segment_record *record,
    const struct secret *salt_key, struct span plain,
    uint8_t ret_salt[SEGMENT_SALT_SIZE],
    uint8_t ret_commitment[SEGMENT_COMMITMENT_SIZE],
    uint8_t *sealed) MUST_CHECK;

/* RC_DAMAGED; plain has plain_size bytes and is wiped then. */
enum rc segment_record_open(struct op *op, const struct segment_record *record,
    const uint8_t salt[SEGMENT_SALT_SIZE],
    const uint8_t commitment[SEGMENT_COMMITMENT_SIZE], struct span sealed,
    uint8_t *plain, size_t plain_size) MUST_CHECK;

/* ---- segment_trailer.c ---- */

/* Adds the tags of one text's frames to the segment's hash. */
void segment_hash_tags(struct sha256 *hash, struct span sealed);

/* The trailer's bytes that the checksum covers. */
void segment_trailer_start(uint8_t out[SEGMENT_TRAILER_CHECKED],
    uint64_t directory_offset, uint64_t index_offset);

/* XXH3-128 in canonical (big-endian) form. */
void segment_checksum(struct span bytes, uint8_t out[SEGMENT_CHECKSUM_SIZE]);

#endif
