/* verify.c - opening what a segment holds. */
#include "core/verify.h"

#include "base/mem.h"
#include "core/tenant.h"
#include "crypto/aead.h"

enum rc
verify_records(
    struct op *op, const struct segment *segment, const struct keyring *keys)
{
	CLEANUP(buf_release) struct buf plain = {.limit = SEGMENT_NUMBERED_MAX};
	size_t i;

	TRY(segment_check_index(op, segment, keys));
	for (i = 0; i < segment->n_items; i++)
		if (segment->items[i].type != SEGMENT_CHUNK)
			TRY(segment_open_record(op, segment, i, keys, &plain));
	return RC_OK;
}

struct chunks {
	const struct segment *segment;
	uint64_t base;
	uint8_t *frame; /* AEAD_FRAME bytes */
};

static enum rc
frames_open(struct op *op, const struct chunk *chunk, struct span sealed,
    uint8_t *frame)
{
	CLEANUP(aead_release) struct aead aead = {0};
	uint32_t n = aead_frames(chunk->size);
	uint32_t i;

	TRY(aead_init(op, &aead, span_of(chunk->key, AEAD_KEY_SIZE)));
	for (i = 0; i < n; i++) {
		size_t size = i + 1 < n ? AEAD_SEALED_FRAME : sealed.size;

		TRY(aead_open_frame(op, &aead, i, i + 1 == n,
		    segment_chunk_ad(), span_of(sealed.data, size), frame));
		sealed.data += size;
		sealed.size -= size;
	}
	return RC_OK;
}

static enum rc
chunk_open(void *arg, struct op *op, const struct chunk *chunk)
{
	const struct chunks *c = arg;
	struct span bytes = c->segment->bytes;
	uint64_t size = aead_sealed_size(chunk->size);
	uint64_t from = c->base + chunk->place.offset;

	if (from > bytes.size || size > bytes.size - from)
		FAIL(op, RC_DAMAGED, "a chunk lies beyond its segment's end");
	return frames_open(
	    op, chunk, span_of(bytes.data + from, (size_t)size), c->frame);
}

enum rc
verify_chunk(struct op *op, const struct chunk *chunk, struct span sealed)
{
	CLEANUP(mem_free_ptr) uint8_t *frame = mem_alloc(AEAD_FRAME);

	if (frame == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	return frames_open(op, chunk, sealed, frame);
}

enum rc
verify_chunks(struct op *op, struct meta *meta, const struct segment *segment,
    const struct chunk_place *place, uint64_t base)
{
	CLEANUP(mem_free_ptr) uint8_t *frame = NULL;
	struct chunks c = {.segment = segment, .base = base};

	if (segment->header.tenant == TENANT_PROVIDER)
		return RC_OK;
	frame = mem_alloc(AEAD_FRAME);
	if (frame == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	c.frame = frame;
	return chunk_list_in(op, meta, place, chunk_open, &c);
}
