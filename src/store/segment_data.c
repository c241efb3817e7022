/* segment_data.c - writes a data segment frame by frame into a sink, so that no
 * more than a frame is held. */
#define XXH_STATIC_LINKING_ONLY /* for the state's size: it lies on our heap \
				 */
#include <xxhash.h>

#include "base/mem.h"
#include "store/segment_layout.h"
#include "store/wire.h"

enum { STATE_ALIGN = 64 };

/* The library wants its state aligned; the block has room to spare. */
static XXH3_state_t *
checksum_state(const struct data_writer *w)
{
	uintptr_t at = (uintptr_t)w->checksum;

	at = (at + STATE_ALIGN - 1) & ~(uintptr_t)(STATE_ALIGN - 1);
	return (XXH3_state_t *)at;
}

void
data_writer_release(struct data_writer *w)
{
	buf_release(&w->directory);
	mem_free(w->checksum);
	w->checksum = NULL;
}

/* Bytes that the checksum covers. */
static enum rc
put_checked(struct op *op, struct data_writer *w, struct span bytes)
{
	TRY(w->sink->write(w->sink, op, bytes));
	(void)XXH3_128bits_update(checksum_state(w), bytes.data, bytes.size);
	w->offset += bytes.size;
	return RC_OK;
}

static enum rc
put_header(
    struct op *op, struct data_writer *w, const struct segment_header *header)
{
	CLEANUP(buf_release) struct buf bytes = {0};

	buf_init(&bytes, SEGMENT_FIXED_SIZE);
	TRY(segment_header_encode(op, header, &bytes));
	sha256_update(&w->hash, buf_span(&bytes));
	return put_checked(op, w, buf_span(&bytes));
}

enum rc
data_begin(struct op *op, struct data_writer *w,
    const struct segment_header *header, struct segment_sink *sink)
{
	*w = (struct data_writer){.sink = sink};
	buf_init(
	    &w->directory, (size_t)SEGMENT_ITEMS_MAX * SEGMENT_DIRECTORY_CHUNK);
	if (header->kind != SEGMENT_DATA)
		FAIL(op, RC_INVALID, "not a data segment's header");
	w->checksum = mem_alloc(sizeof(XXH3_state_t) + STATE_ALIGN);
	if (w->checksum == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory (checksum)");
	(void)XXH3_128bits_reset(checksum_state(w));
	sha256_init(&w->hash);
	memcpy(w->id, header->data_id, sizeof(w->id));
	TRY(put_header(op, w, header));
	w->chunk_offset = w->offset;
	return RC_OK;
}

uint64_t
data_offset(const struct data_writer *w)
{
	return w->offset;
}

enum rc
data_frame(struct op *op, struct data_writer *w, struct span sealed_frame)
{
	/* One more entry may have to follow. */
	uint64_t rest =
	    w->directory.size + SEGMENT_DIRECTORY_CHUNK + SEGMENT_TRAILER_SIZE;

	if (sealed_frame.size < AEAD_TAG_SIZE ||
	    sealed_frame.size > AEAD_SEALED_FRAME ||
	    (w->offset - w->chunk_offset) % AEAD_SEALED_FRAME != 0)
		FAIL(op, RC_INVALID, "not a chunk's next frame");
	if (w->n_items == SEGMENT_ITEMS_MAX ||
	    w->offset + sealed_frame.size + rest > SEGMENT_DATA_MAX)
		FAIL(op, RC_LIMIT, "a data segment over its limits");
	TRY(put_checked(op, w, sealed_frame));
	segment_hash_tags(&w->hash, sealed_frame);
	return RC_OK;
}

enum rc
data_chunk_end(struct op *op, struct data_writer *w, uint32_t plain_size)
{
	uint8_t *p;

	if (plain_size > SEGMENT_CHUNK_MAX)
		FAIL(op, RC_LIMIT, "a chunk of %u bytes", plain_size);
	if (w->offset - w->chunk_offset != aead_sealed_size(plain_size))
		FAIL(op, RC_INVALID, "a chunk of other size than its text");
	TRY(buf_grow(op, &w->directory, SEGMENT_DIRECTORY_CHUNK, &p));
	p = wire_put_u32(p, SEGMENT_CHUNK);
	(void)wire_put_u32(p, plain_size);
	w->chunk_offset = w->offset;
	w->n_items++;
	return RC_OK;
}

enum rc
data_end(struct op *op, struct data_writer *w, struct segment_data *ret_data)
{
	uint8_t trailer[SEGMENT_TRAILER_SIZE];
	uint8_t *rest = trailer + SEGMENT_TRAILER_CHECKED;
	XXH128_canonical_t canonical;
	struct segment_data data;

	if (w->offset != w->chunk_offset)
		FAIL(op, RC_INVALID, "frames of a chunk that has no end");
	segment_trailer_start(trailer, w->offset, 0);
	sha256_update(&w->hash, buf_span(&w->directory));
	if (w->directory.size > 0)
		TRY(put_checked(op, w, buf_span(&w->directory)));
	TRY(put_checked(op, w, span_of(trailer, SEGMENT_TRAILER_CHECKED)));
	XXH128_canonicalFromHash(
	    &canonical, XXH3_128bits_digest(checksum_state(w)));
	memcpy(rest, canonical.digest, SEGMENT_CHECKSUM_SIZE);
	sha256_digest(&w->hash, rest + SEGMENT_CHECKSUM_SIZE);
	TRY(w->sink->write(w->sink, op,
	    span_of(rest, SEGMENT_CHECKSUM_SIZE + OBJECT_HASH_SIZE)));
	w->offset += SEGMENT_CHECKSUM_SIZE + OBJECT_HASH_SIZE;
	memcpy(data.id, w->id, sizeof(data.id));
	memcpy(data.hash, rest + SEGMENT_CHECKSUM_SIZE, sizeof(data.hash));
	data.size = w->offset;
	*ret_data = data;
	return RC_OK;
}
