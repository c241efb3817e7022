/* segment_read.c - parses and checks segments, opens their records. Each limit
 * is tested before memory is taken. */
#include "store/segment_layout.h"
#include "store/wire.h"

/* Where the parts of an object lie. */
struct parts {
	size_t header_size;
	size_t directory;
	size_t index; /* end of the directory; in data segments the trailer */
	size_t trailer;
};

static bool
item_is_record(enum segment_item_type type)
{
	return type != SEGMENT_CHUNK;
}

/* Bit rot first: a rotten format field must not look like a newer format. */
static enum rc
check_sum(struct op *op, struct span bytes)
{
	enum segment_kind kind = segment_kind_of(bytes);
	size_t limit =
	    kind == SEGMENT_DATA ? SEGMENT_DATA_MAX : SEGMENT_NUMBERED_MAX;
	uint8_t checksum[SEGMENT_CHECKSUM_SIZE];
	size_t covered;

	if (kind == 0)
		FAIL(op, RC_DAMAGED, "not a segment");
	if (bytes.size < SEGMENT_FIXED_SIZE + SEGMENT_TRAILER_SIZE ||
	    bytes.size > limit)
		FAIL(op, RC_DAMAGED, "a segment of %zu bytes", bytes.size);
	covered = bytes.size - SEGMENT_CHECKSUM_SIZE - OBJECT_HASH_SIZE;
	segment_checksum(span_of(bytes.data, covered), checksum);
	if (memcmp(checksum, bytes.data + covered, sizeof(checksum)) != 0)
		FAIL(op, RC_DAMAGED, "a segment's checksum is wrong");
	return RC_OK;
}

static enum rc
find_parts(struct op *op, struct span bytes, size_t header_size,
    enum segment_kind kind, struct parts *ret_parts)
{
	size_t trailer = bytes.size - SEGMENT_TRAILER_SIZE;
	struct wire wire =
	    wire_of(span_of(bytes.data + trailer, SEGMENT_TRAILER_SIZE));
	struct span magic = wire_span(&wire, SEGMENT_MAGIC_SIZE);
	uint64_t directory = wire_u64(&wire);
	uint64_t index = wire_u64(&wire);
	size_t index_size = kind == SEGMENT_DATA ? 0 : SEGMENT_INDEX_SIZE;

	if (memcmp(magic.data, "dozo-end", SEGMENT_MAGIC_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "a segment without a trailer");
	if (trailer < header_size + index_size ||
	    index != (index_size > 0 ? trailer - index_size : 0) ||
	    directory < header_size || directory > trailer - index_size)
		FAIL(op, RC_DAMAGED, "a segment whose parts do not fit");
	*ret_parts = (struct parts){
	    .header_size = header_size,
	    .directory = directory,
	    .index = trailer - index_size,
	    .trailer = trailer,
	};
	return RC_OK;
}

/* Reads one entry; the item's offset and number are the caller's. */
static enum rc
get_item(struct op *op, struct wire *wire, enum segment_kind kind,
    struct segment_item *item)
{
	uint32_t type = wire_u32(wire);

	*item = (struct segment_item){.plain_size = wire_u32(wire)};
	if (!segment_item_fits(kind, type))
		FAIL(op, RC_DAMAGED, "an item of type %u", type);
	item->type = type;
	if (item_is_record(item->type)) {
		wire_bytes(wire, item->salt, sizeof(item->salt));
		wire_bytes(wire, item->commitment, sizeof(item->commitment));
	}
	if (wire->bad)
		FAIL(op, RC_DAMAGED, "a directory cut short");
	if (item->type == SEGMENT_CHUNK && item->plain_size > SEGMENT_CHUNK_MAX)
		FAIL(op, RC_DAMAGED, "a chunk of %u bytes", item->plain_size);
	return RC_OK;
}

/*
 * Walks the directory: items tile the body exactly. Fills items where it is not
 * NULL (then they are known to fit), and counts.
 */
static enum rc
walk_directory(struct op *op, struct span bytes, const struct parts *parts,
    enum segment_kind kind, struct segment_item *items, size_t *ret_n,
    size_t *ret_records)
{
	struct wire wire = wire_of(span_of(
	    bytes.data + parts->directory, parts->index - parts->directory));
	uint64_t offset = parts->header_size;
	size_t n = 0, n_records = 0;

	while (wire.left > 0) {
		struct segment_item item;

		if (n == SEGMENT_ITEMS_MAX)
			FAIL(op, RC_DAMAGED, "too many items");
		TRY(get_item(op, &wire, kind, &item));
		item.offset = offset;
		offset += aead_sealed_size(item.plain_size);
		if (offset > parts->directory)
			FAIL(op, RC_DAMAGED, "items beyond the body");
		if (item_is_record(item.type))
			item.record = (uint32_t)n_records++;
		if (items != NULL)
			items[n] = item;
		n++;
	}
	if (offset != parts->directory)
		FAIL(op, RC_DAMAGED, "bytes between the items");
	*ret_n = n;
	*ret_records = n_records;
	return RC_OK;
}

static struct span
item_frames(const struct segment *segment, const struct segment_item *item)
{
	return span_of(segment->bytes.data + item->offset,
	    aead_sealed_size(item->plain_size));
}

/* The hash over header, tags, directory and index, against the trailer's. */
static enum rc
check_hash(struct op *op, struct segment *segment, const struct parts *parts)
{
	const uint8_t *data = segment->bytes.data;
	struct span header = span_of(data, parts->header_size);
	struct sha256 hash;
	size_t i;

	sha256_of(header, segment->header_hash);
	sha256_init(&hash);
	sha256_update(&hash, header);
	for (i = 0; i < segment->n_items; i++)
		segment_hash_tags(
		    &hash, item_frames(segment, &segment->items[i]));
	sha256_update(&hash, span_of(data + parts->directory,
				 parts->trailer - parts->directory));
	sha256_digest(&hash, segment->hash);
	if (memcmp(segment->hash, data + segment->bytes.size - OBJECT_HASH_SIZE,
		OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "a segment's hash is wrong");
	return RC_OK;
}

static enum rc
parse_items(struct op *op, struct segment *segment, const struct parts *parts)
{
	enum segment_kind kind = segment->header.kind;
	size_t n, n_records;

	TRY(walk_directory(
	    op, segment->bytes, parts, kind, NULL, &n, &n_records));
	if (!segment_role_fits(segment->header.role, n, n_records))
		FAIL(op, RC_DAMAGED, "only openings are without changes");
	TRY(op_alloc(op, n * sizeof(*segment->items), &segment->items));
	segment->n_items = n;
	return walk_directory(
	    op, segment->bytes, parts, kind, segment->items, &n, &n_records);
}

enum rc
segment_parse(struct op *op, struct span bytes, struct segment *ret_segment)
{
	struct segment segment = {.bytes = bytes};
	struct parts parts;
	size_t header_size;

	TRY(check_sum(op, bytes));
	TRY(segment_header_decode(op,
	    span_of(bytes.data, bytes.size - SEGMENT_TRAILER_SIZE), RC_DAMAGED,
	    &segment.header, &header_size));
	TRY(find_parts(op, bytes, header_size, segment.header.kind, &parts));
	TRY(parse_items(op, &segment, &parts));
	TRY(check_hash(op, &segment, &parts));
	segment.directory_offset = parts.directory;
	if (segment.header.kind != SEGMENT_DATA)
		segment.index_offset = parts.index;
	*ret_segment = segment;
	return RC_OK;
}

_Static_assert((int)SEGMENT_END_SIZE == (int)SEGMENT_TRAILER_SIZE,
    "the trailer is a segment's end");

enum rc
segment_parse_ends(struct op *op, struct span first, struct span last,
    struct segment_header *ret_header, uint8_t ret_hash[OBJECT_HASH_SIZE])
{
	if (last.size != SEGMENT_TRAILER_SIZE ||
	    memcmp(last.data, "dozo-end", SEGMENT_MAGIC_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "a segment without a trailer");
	TRY(segment_parse_header(op, first, ret_header));
	memcpy(ret_hash, last.data + SEGMENT_TRAILER_SIZE - OBJECT_HASH_SIZE,
	    OBJECT_HASH_SIZE);
	return RC_OK;
}

static enum rc
epoch_key(struct op *op, const struct segment *segment,
    const struct keyring *keys, const struct secret **ret_key)
{
	const struct segment_header *header = &segment->header;

	if (header->kind == SEGMENT_DATA)
		FAIL(op, RC_INVALID, "a data segment has no records");
	if (header->tenant != keys->tenant)
		FAIL(op, RC_DAMAGED, "a segment of another tenant");
	*ret_key = keyring_epoch_key(keys, header->epoch);
	if (*ret_key == NULL)
		FAIL(op, RC_NOT_FOUND, "no key for epoch %u", header->epoch);
	return RC_OK;
}

static size_t
count_records(const struct segment *segment)
{
	size_t i, n = 0;

	for (i = 0; i < segment->n_items; i++)
		n += item_is_record(segment->items[i].type);
	return n;
}

enum rc
segment_check_index(
    struct op *op, const struct segment *segment, const struct keyring *keys)
{
	struct segment_record record = {
	    .header_hash = segment->header_hash,
	    .type = SEGMENT_INDEX_TYPE,
	    .number = SEGMENT_INDEX_NUMBER,
	};
	uint8_t plain[SEGMENT_INDEX_PLAIN], expected[SEGMENT_INDEX_PLAIN];
	struct span salt, commitment, sealed;
	struct wire wire;
	uint8_t *p;

	TRY(epoch_key(op, segment, keys, &record.epoch_key));
	wire = wire_of(span_of(
	    segment->bytes.data + segment->index_offset, SEGMENT_INDEX_SIZE));
	salt = wire_span(&wire, SEGMENT_SALT_SIZE);
	commitment = wire_span(&wire, SEGMENT_COMMITMENT_SIZE);
	sealed = wire_span(&wire, SEGMENT_INDEX_PLAIN + AEAD_TAG_SIZE);
	TRY(segment_record_open(op, &record, salt.data, commitment.data, sealed,
	    plain, sizeof(plain)));
	p = wire_put_u32(expected, (uint32_t)segment->n_items);
	p = wire_put_u32(p, (uint32_t)count_records(segment));
	sha256_of(span_of(segment->bytes.data + segment->directory_offset,
		      segment->index_offset - segment->directory_offset),
	    p);
	if (memcmp(plain, expected, sizeof(plain)) != 0)
		FAIL(op, RC_DAMAGED, "a segment's directory is not its own");
	return RC_OK;
}

enum rc
segment_open_record(struct op *op, const struct segment *segment, size_t i,
    const struct keyring *keys, struct buf *out)
{
	struct segment_record record = {.header_hash = segment->header_hash};
	const struct segment_item *item;
	uint8_t none, *plain = &none; /* an empty text has no place in out */
	enum rc rc;

	buf_clear(out);
	if (i >= segment->n_items || !item_is_record(segment->items[i].type))
		FAIL(op, RC_INVALID, "item %zu is no record", i);
	item = &segment->items[i];
	record.type = item->type;
	record.number = item->record;
	TRY(epoch_key(op, segment, keys, &record.epoch_key));
	if (item->plain_size > 0)
		TRY(buf_grow(op, out, item->plain_size, &plain));
	rc = segment_record_open(op, &record, item->salt, item->commitment,
	    item_frames(segment, item), plain, item->plain_size);
	if (rc != RC_OK)
		buf_clear(out);
	return rc;
}
