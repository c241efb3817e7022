/* segment_write.c - writes a numbered segment, whole in memory. */
#include "base/mem.h"
#include "store/segment_layout.h"
#include "store/wire.h"

void
segment_writer_release(struct segment_writer *w)
{
	buf_release(&w->out);
	buf_release(&w->directory);
	secret_free(w->salt_key);
	w->salt_key = NULL;
}

struct span
segment_chunk_ad(void)
{
	return span_str("dozo chunk v1");
}

enum rc
segment_begin(struct op *op, struct segment_writer *w,
    const struct segment_header *header, const struct keyring *keys)
{
	*w =
	    (struct segment_writer){.kind = header->kind, .role = header->role};
	buf_init(&w->out, SEGMENT_NUMBERED_MAX);
	buf_init(&w->directory,
	    (size_t)SEGMENT_ITEMS_MAX * SEGMENT_DIRECTORY_RECORD);
	if (header->kind == SEGMENT_DATA || header->tenant != keys->tenant)
		FAIL(op, RC_INVALID, "not a header of this keyring's log");
	w->epoch_key = keyring_epoch_key(keys, header->epoch);
	if (w->epoch_key == NULL)
		FAIL(op, RC_NOT_FOUND, "no key for epoch %u", header->epoch);
	TRY(keyring_derive(op, keys, "salt", 32, &w->salt_key));
	TRY(segment_header_encode(op, header, &w->out));
	sha256_of(buf_span(&w->out), w->header_hash);
	sha256_init(&w->hash);
	sha256_update(&w->hash, buf_span(&w->out));
	return RC_OK;
}

size_t
segment_writer_size(const struct segment_writer *w)
{
	return w->out.size + w->directory.size + SEGMENT_INDEX_SIZE +
	       SEGMENT_TRAILER_SIZE;
}

/* Whether an item fits: what segment_end adds fits too, so that it never fails
 * for room. */
static enum rc
check_room(struct op *op, const struct segment_writer *w, uint64_t size)
{
	if (w->role == SEGMENT_OPENING)
		FAIL(op, RC_INVALID, "an opening has no items");
	if (w->n_items == SEGMENT_ITEMS_MAX)
		FAIL(op, RC_LIMIT, "%u items in a segment", w->n_items);
	if (segment_writer_size(w) + size > SEGMENT_NUMBERED_MAX)
		FAIL(op, RC_LIMIT, "a segment over %d bytes",
		    (int)SEGMENT_NUMBERED_MAX);
	return RC_OK;
}

enum rc
segment_add_chunk(struct op *op, struct segment_writer *w, struct span sealed,
    uint32_t plain_size, uint64_t *ret_offset)
{
	uint64_t offset = w->out.size;
	uint8_t *p;

	if (plain_size > SEGMENT_CHUNK_MAX)
		FAIL(op, RC_LIMIT, "a chunk of %u bytes", plain_size);
	if (w->kind != SEGMENT_NUMBERED ||
	    sealed.size != aead_sealed_size(plain_size))
		FAIL(op, RC_INVALID,
		    "a chunk in a piece, or of other size than its text");
	TRY(check_room(op, w, sealed.size + SEGMENT_DIRECTORY_CHUNK));
	TRY(buf_add(op, &w->out, sealed));
	if (buf_grow(op, &w->directory, SEGMENT_DIRECTORY_CHUNK, &p) != RC_OK) {
		w->out.size = offset;
		return RC_NO_MEMORY;
	}
	p = wire_put_u32(p, SEGMENT_CHUNK);
	(void)wire_put_u32(p, plain_size);
	segment_hash_tags(&w->hash, sealed);
	w->n_items++;
	*ret_offset = offset;
	return RC_OK;
}

/* Appends the directory's entry and the sealed frames; the caller undoes both
 * on failure. */
static enum rc
append_record(struct op *op, struct segment_writer *w,
    enum segment_item_type type, struct span plain)
{
	const struct segment_record record = {
	    .epoch_key = w->epoch_key,
	    .header_hash = w->header_hash,
	    .type = type,
	    .number = w->n_records,
	};
	size_t sealed_size = aead_sealed_size(plain.size);
	uint8_t *entry, *sealed;

	TRY(buf_grow(op, &w->directory, SEGMENT_DIRECTORY_RECORD, &entry));
	TRY(buf_grow(op, &w->out, sealed_size, &sealed));
	entry = wire_put_u32(entry, type);
	entry = wire_put_u32(entry, (uint32_t)plain.size);
	TRY(segment_record_seal(op, &record, w->salt_key, plain, entry,
	    entry + SEGMENT_SALT_SIZE, sealed));
	segment_hash_tags(&w->hash, span_of(sealed, sealed_size));
	return RC_OK;
}

enum rc
segment_add_record(struct op *op, struct segment_writer *w,
    enum segment_item_type type, struct span plain)
{
	size_t out_size = w->out.size, directory_size = w->directory.size;
	enum rc rc;

	if (type == SEGMENT_CHUNK || !segment_item_fits(w->kind, type))
		FAIL(op, RC_INVALID, "a record of type %d", (int)type);
	if (plain.size > SEGMENT_NUMBERED_MAX)
		FAIL(op, RC_LIMIT, "a record of %zu bytes", plain.size);
	TRY(check_room(
	    op, w, aead_sealed_size(plain.size) + SEGMENT_DIRECTORY_RECORD));
	rc = append_record(op, w, type, plain);
	if (rc != RC_OK) {
		w->out.size = out_size;
		w->directory.size = directory_size;
		return rc;
	}
	w->n_items++;
	w->n_records++;
	return RC_OK;
}

/* The sealed index: with it a shortened directory is seen even where the
 * trailer was made anew. */
static enum rc
append_index(struct op *op, struct segment_writer *w)
{
	const struct segment_record record = {
	    .epoch_key = w->epoch_key,
	    .header_hash = w->header_hash,
	    .type = SEGMENT_INDEX_TYPE,
	    .number = SEGMENT_INDEX_NUMBER,
	};
	uint8_t plain[SEGMENT_INDEX_PLAIN];
	uint8_t *p = wire_put_u32(plain, w->n_items);
	uint8_t *index;

	p = wire_put_u32(p, w->n_records);
	sha256_of(buf_span(&w->directory), p);
	TRY(buf_grow(op, &w->out, SEGMENT_INDEX_SIZE, &index));
	TRY(segment_record_seal(op, &record, w->salt_key,
	    span_of(plain, sizeof(plain)), index, index + SEGMENT_SALT_SIZE,
	    index + SEGMENT_SALT_SIZE + SEGMENT_COMMITMENT_SIZE));
	sha256_update(&w->hash, buf_span(&w->directory));
	sha256_update(&w->hash, span_of(index, SEGMENT_INDEX_SIZE));
	return RC_OK;
}

enum rc
segment_end(
    struct op *op, struct segment_writer *w, uint8_t ret_hash[OBJECT_HASH_SIZE])
{
	uint64_t directory_offset = w->out.size, index_offset;
	uint8_t *trailer;
	size_t checked;

	if (!segment_role_fits(w->role, w->n_items, w->n_records))
		FAIL(op, RC_INVALID, "only openings are without changes");
	TRY(buf_add(op, &w->out, buf_span(&w->directory)));
	index_offset = w->out.size;
	TRY(append_index(op, w));
	TRY(buf_grow(op, &w->out, SEGMENT_TRAILER_SIZE, &trailer));
	segment_trailer_start(trailer, directory_offset, index_offset);
	checked = w->out.size - SEGMENT_TRAILER_SIZE + SEGMENT_TRAILER_CHECKED;
	trailer += SEGMENT_TRAILER_CHECKED;
	segment_checksum(span_of(w->out.data, checked), trailer);
	sha256_digest(&w->hash, trailer + SEGMENT_CHECKSUM_SIZE);
	memcpy(ret_hash, trailer + SEGMENT_CHECKSUM_SIZE, OBJECT_HASH_SIZE);
	return RC_OK;
}
