/* pack.c - packs of numbers, to bytes and back. */
#include "store/pack.h"

#include <string.h>

#include "crypto/hash.h"
#include "store/segment_layout.h"
#include "store/wire.h"

enum { FORMAT = 1 };

static const uint8_t magic_head[8] = {'d', 'o', 'z', 'o', '-', 'p', 'a', 'k'};
static const uint8_t magic_tail[8] = {'d', 'o', 'z', 'o', '-', 'p', 'n', 'd'};

/* What a writer and a reader ask of the entries. */
static const char *
entries_fault(const struct pack_entry *entries, size_t n)
{
	uint64_t offset = PACK_HEADER_SIZE;
	size_t i;

	if (n == 0 || n > PACK_NUMBERS_MAX)
		return "its count of numbers";
	for (i = 0; i < n; i++) {
		if (entries[i].number == 0 ||
		    entries[i].number != entries[0].number + i)
			return "numbers with a gap";
		if (entries[i].generation.attempt > UINT32_MAX)
			return "an attempt beyond 32 bits";
		if (entries[i].offset != offset || entries[i].size == 0 ||
		    entries[i].size > SEGMENT_NUMBERED_MAX)
			return "segments that do not follow each other";
		offset += entries[i].size;
	}
	return NULL;
}

enum rc
pack_begin(struct op *op, uint64_t tenant, struct pack_entry *entries, size_t n,
    struct buf *out)
{
	uint64_t offset = PACK_HEADER_SIZE;
	const char *fault;
	uint8_t *p;
	size_t i;

	for (i = 0; i < n; i++) {
		entries[i].offset = offset;
		offset += entries[i].size;
	}
	fault = entries_fault(entries, n);
	if (fault != NULL)
		FAIL(op, RC_INVALID, "a pack: %s", fault);
	if (offset + n * PACK_ENTRY_SIZE + PACK_TRAILER_SIZE > PACK_SIZE_MAX)
		FAIL(op, RC_LIMIT, "a pack over %d bytes", PACK_SIZE_MAX);
	buf_clear(out);
	TRY(buf_grow(op, out, PACK_HEADER_SIZE, &p));
	p = wire_put_bytes(p, magic_head, sizeof(magic_head));
	p = wire_put_u16(p, FORMAT);
	p = wire_put_u16(p, 0);
	p = wire_put_u32(p, (uint32_t)n);
	p = wire_put_u64(p, tenant);
	p = wire_put_u64(p, entries[0].number);
	(void)wire_put_u64(p, entries[n - 1].number);
	return RC_OK;
}

static void
entry_put(uint8_t *p, const struct pack_entry *entry)
{
	p = wire_put_u64(p, entry->number);
	p = wire_put_u64(p, entry->generation.counter);
	p = wire_put_u64(p, entry->generation.attempt);
	p = wire_put_bytes(p, entry->hash, OBJECT_HASH_SIZE);
	p = wire_put_u64(p, entry->offset);
	(void)wire_put_u64(p, entry->size);
}

static void
directory_hash(
    struct span header, struct span directory, uint8_t ret_hash[SHA256_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, header);
	sha256_update(&hash, directory);
	sha256_digest(&hash, ret_hash);
}

enum rc
pack_end(struct op *op, const struct pack_entry *entries, size_t n,
    struct buf *out, struct pack_name *ret_name)
{
	uint64_t directory = out->size;
	uint8_t hash[SHA256_SIZE];
	uint8_t *p;
	size_t i;

	if (directory != entries[n - 1].offset + entries[n - 1].size)
		FAIL(
		    op, RC_INVALID, "a pack: other bytes than its entries say");
	TRY(buf_grow(op, out, n * PACK_ENTRY_SIZE, &p));
	for (i = 0; i < n; i++)
		entry_put(p + i * PACK_ENTRY_SIZE, &entries[i]);
	directory_hash(span_of(out->data, PACK_HEADER_SIZE),
	    span_of(out->data + directory, n * PACK_ENTRY_SIZE), hash);
	TRY(buf_grow(op, out, PACK_TRAILER_SIZE, &p));
	p = wire_put_bytes(p, magic_tail, sizeof(magic_tail));
	p = wire_put_u64(p, directory);
	p = wire_put_bytes(p, hash, sizeof(hash));
	segment_checksum(
	    span_of(out->data, out->size - SEGMENT_CHECKSUM_SIZE), p);
	ret_name->first = entries[0].number;
	ret_name->last = entries[n - 1].number;
	memcpy(ret_name->hash8, hash, sizeof(ret_name->hash8));
	return RC_OK;
}

/* ---- reading ---- */

static enum rc
trailer_read(struct op *op, struct span trailer, uint64_t size,
    uint64_t *ret_directory, struct span *ret_hash)
{
	struct wire wire = wire_of(trailer);
	struct span magic = wire_span(&wire, sizeof(magic_tail));
	uint64_t directory = wire_u64(&wire);

	*ret_hash = wire_span(&wire, SHA256_SIZE);
	if (trailer.size != PACK_TRAILER_SIZE ||
	    memcmp(magic.data, magic_tail, sizeof(magic_tail)) != 0 ||
	    size > PACK_SIZE_MAX || size < PACK_TRAILER_SIZE ||
	    directory < PACK_HEADER_SIZE ||
	    directory > size - PACK_TRAILER_SIZE ||
	    (size - PACK_TRAILER_SIZE - directory) % PACK_ENTRY_SIZE != 0)
		FAIL(op, RC_DAMAGED, "a pack without a trailer");
	*ret_directory = directory;
	return RC_OK;
}

enum rc
pack_tail_size(
    struct op *op, struct span trailer, uint64_t size, uint64_t *ret_size)
{
	uint64_t directory;
	struct span hash;

	TRY(trailer_read(op, trailer, size, &directory, &hash));
	*ret_size = size - directory;
	return RC_OK;
}

static void
entry_get(struct wire *wire, struct pack_entry *entry)
{
	entry->number = wire_u64(wire);
	entry->generation.counter = wire_u64(wire);
	entry->generation.attempt = wire_u64(wire);
	wire_bytes(wire, entry->hash, OBJECT_HASH_SIZE);
	entry->offset = wire_u64(wire);
	entry->size = wire_u64(wire);
}

static enum rc
entries_read(struct op *op, struct span directory, uint64_t end, size_t n,
    struct pack_entry **ret_entries)
{
	struct wire wire = wire_of(directory);
	struct pack_entry *entries;
	const char *fault;
	size_t i;

	if (n == 0 || n != directory.size / PACK_ENTRY_SIZE)
		FAIL(op, RC_DAMAGED, "a pack: its count of numbers");
	TRY(op_alloc(op, n * sizeof(*entries), &entries));
	for (i = 0; i < n; i++)
		entry_get(&wire, &entries[i]);
	fault = entries_fault(entries, n);
	if (fault != NULL || entries[n - 1].offset + entries[n - 1].size != end)
		FAIL(op, RC_DAMAGED, "a pack: %s",
		    fault != NULL ? fault : "bytes after the last segment");
	*ret_entries = entries;
	return RC_OK;
}

enum rc
pack_directory(struct op *op, struct span header, struct span tail,
    uint64_t size, struct pack *ret_pack)
{
	struct span trailer, directory, hash;
	uint8_t own[SHA256_SIZE];
	struct pack pack = {0};
	struct wire wire = wire_of(header);
	struct span magic = wire_span(&wire, sizeof(magic_head));
	uint64_t directory_at;
	uint16_t format = wire_u16(&wire), zeros = wire_u16(&wire);
	uint32_t n = wire_u32(&wire);

	if (header.size != PACK_HEADER_SIZE || tail.size < PACK_TRAILER_SIZE ||
	    memcmp(magic.data, magic_head, sizeof(magic_head)) != 0)
		FAIL(op, RC_DAMAGED, "not a pack");
	trailer = span_of(
	    tail.data + tail.size - PACK_TRAILER_SIZE, PACK_TRAILER_SIZE);
	TRY(trailer_read(op, trailer, size, &directory_at, &hash));
	directory = span_of(tail.data, tail.size - PACK_TRAILER_SIZE);
	directory_hash(header, directory, own);
	if (tail.size != size - directory_at || hash.size != sizeof(own) ||
	    memcmp(own, hash.data, sizeof(own)) != 0)
		FAIL(op, RC_DAMAGED, "a pack's directory is not its own");
	if (format != FORMAT)
		FAIL(op, format > FORMAT ? RC_REFUSED : RC_DAMAGED,
		    "pack format %u is not known to this program", format);
	pack.tenant = wire_u64(&wire);
	pack.name.first = wire_u64(&wire);
	pack.name.last = wire_u64(&wire);
	pack.n = n;
	memcpy(pack.name.hash8, own, sizeof(pack.name.hash8));
	TRY(entries_read(op, directory, directory_at, n, &pack.entries));
	if (zeros != 0 || pack.entries[0].number != pack.name.first ||
	    pack.entries[n - 1].number != pack.name.last)
		FAIL(op, RC_DAMAGED, "a pack of other numbers");
	*ret_pack = pack;
	return RC_OK;
}

enum rc
pack_parse(struct op *op, struct span bytes, struct pack *ret_pack)
{
	uint8_t checksum[SEGMENT_CHECKSUM_SIZE];
	uint64_t tail;
	size_t covered;

	if (bytes.size < PACK_HEADER_SIZE + PACK_TRAILER_SIZE)
		FAIL(op, RC_DAMAGED, "a pack of %zu bytes", bytes.size);
	covered = bytes.size - SEGMENT_CHECKSUM_SIZE;
	segment_checksum(span_of(bytes.data, covered), checksum);
	if (memcmp(checksum, bytes.data + covered, sizeof(checksum)) != 0)
		FAIL(op, RC_DAMAGED, "a pack's checksum is wrong");
	TRY(pack_tail_size(op,
	    span_of(
		bytes.data + bytes.size - PACK_TRAILER_SIZE, PACK_TRAILER_SIZE),
	    bytes.size, &tail));
	return pack_directory(op, span_of(bytes.data, PACK_HEADER_SIZE),
	    span_of(bytes.data + bytes.size - tail, (size_t)tail), bytes.size,
	    ret_pack);
}
