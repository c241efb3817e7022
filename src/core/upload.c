/*
 * upload.c - a content on its way in. Up to 64 KiB it travels in the numbered
 * segment; more is sealed frame by frame into data segments of 16 MiB. What is
 * larger than one of these is an upload session: each data segment is added by
 * a change of its own (L8).
 */
#include "core/upload.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "core/service.h"
#include "core/upload_session.h"
#include "crypto/aead.h"
#include "meta/content.h"
#include "store/fan.h"
#include "store/segment.h"

enum { CHUNKS_IN_SEGMENT = 4, SLOW_SITE_MS = 3000, FRAME_ROOM_FIRST = 8192 };

struct upload {
	struct tenant *tenant;
	bool sha1_wanted;
	struct sha256 sha256;
	struct sha1 sha1;
	uint64_t size;

	/* The frame that is held back: only the next byte tells that it is not
	 * the last. */
	size_t n_frame;
	size_t frame_room; /* small at first: most files are small */
	uint8_t *frame;
	uint8_t *sealed; /* frame_room + AEAD_TAG_SIZE */

	/* The chunk being sealed. */
	bool in_chunk;
	struct aead aead;
	uint32_t n_frames;
	struct put_chunk chunk;

	/* The data segment being written. */
	struct fan *fan;
	struct data_writer writer;
	struct put_data data;
	bool unnamed; /* it stands on the sites, and no change of this file's
			 has named it */
	size_t n_chunks;
	struct put_chunk chunks[CHUNKS_IN_SEGMENT];

	struct upload_session session;
};

enum rc
upload_open(
    struct op *op, struct tenant *tenant, bool sha1, struct upload **ret_upload)
{
	struct upload *u = mem_alloc(sizeof(*u));

	if (u == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	u->tenant = tenant;
	u->sha1_wanted = sha1;
	sha256_init(&u->sha256);
	sha1_init(&u->sha1);
	upload_session_init(&u->session, tenant);
	*ret_upload = u;
	return RC_OK;
}

/*
 * L17: a chunk's key from the root's "chunk" key and all that makes this moment
 * this one: with a dead or repeating RNG no key seals two texts.
 */
static void
chunk_key_make(struct upload *u, uint64_t position, uint8_t key[AEAD_KEY_SIZE])
{
	static atomic_ullong counter;
	const struct claim *claim = u->tenant->lanes.claim;
	struct {
		uint8_t random[32];
		int64_t wall;
		uint64_t claim_counter;
		uint8_t claim_id[OBJECT_ID_SIZE];
		uint64_t count;
		uint64_t position;
	} seed;
	struct span piece = span_of(&seed, sizeof(seed));

	memset(&seed, 0, sizeof(seed));
	rand_bytes(seed.random, sizeof(seed.random));
	seed.wall = clock_wall();
	seed.claim_counter = claim->counter;
	memcpy(seed.claim_id, claim->id, OBJECT_ID_SIZE);
	seed.count = atomic_fetch_add(&counter, 1);
	seed.position = position;
	hmac_sha256(secret_span(u->tenant->keys.chunk), &piece, 1, key);
	mem_wipe(&seed, sizeof(seed));
}

/* Plaintext is wiped before the heap gets it back. */
static void
frame_free(struct upload *u)
{
	if (u->frame != NULL)
		mem_wipe(u->frame, u->frame_room);
	mem_free(u->frame);
}

/* As a change does: a claim may follow on another while people work. */
static void
start_await(struct tenant *t)
{
	if (!atomic_load(&t->starting))
		return;
	tenant_lock(t);
	tenant_unlock(t);
}

static enum rc
segment_start(struct op *op, struct upload *u)
{
	struct tenant *t = u->tenant;
	struct sites *sites = t->service->config.sites;
	struct segment_header header = {
	    .kind = SEGMENT_DATA,
	    .tenant = t->id,
	};
	struct site_set above;
	struct claim *claim;
	size_t i;

	start_await(t);
	claim = t->lanes.claim;
	header.generation.counter = claim->counter;
	memcpy(header.claim, claim->id, OBJECT_ID_SIZE);
	rand_id(header.data_id, OBJECT_ID_SIZE);
	u->data.counter = claim->counter;
	for (i = 0; i < sites->n; i++)
		u->data.epochs[i] = sites_epoch(sites, i);
	/* L14: refused before any site has got anything. */
	TRY(reserve_for_uploads(op, t, &above));
	TRY(fan_open(op, sites, claim, above, t->id, header.data_id,
	    claim_register(claim)->m, SLOW_SITE_MS * CLOCK_MS, &u->fan));
	return data_begin(op, &u->writer, &header, fan_sink(u->fan));
}

static enum rc
chunk_start(struct op *op, struct upload *u)
{
	if (u->fan == NULL)
		TRY(segment_start(op, u));
	memset(&u->chunk, 0, sizeof(u->chunk));
	u->chunk.start = u->size - u->n_frame;
	u->chunk.offset = data_offset(&u->writer);
	chunk_key_make(u, u->chunk.start, u->chunk.key);
	u->n_frames = 0;
	TRY(aead_init(op, &u->aead, span_of(u->chunk.key, AEAD_KEY_SIZE)));
	u->in_chunk = true;
	return RC_OK;
}

/* Ends the data segment: it stands on the sites. A session notes it; the only
 * one is kept for file_put. */
static enum rc
segment_finish(struct op *op, struct upload *u)
{
	TRY(data_end(op, &u->writer, &u->data.data));
	u->unnamed = true;
	TRY(fan_commit(op, u->fan, &u->data.on));
	fan_free(u->fan);
	u->fan = NULL;
	data_writer_release(&u->writer);
	memset(&u->writer, 0, sizeof(u->writer));
	for (size_t i = 0; i < u->n_chunks; i++)
		memcpy(u->chunks[i].data, u->data.data.id, OBJECT_ID_SIZE);
	return RC_OK;
}

/* A segment that is full and not the last: a change of its own names it (L8).
 */
static enum rc
segment_note(struct op *op, struct upload *u)
{
	TRY(upload_session_add(
	    op, &u->session, u->chunks, u->n_chunks, &u->data));
	u->unnamed = false;
	mem_wipe(u->chunks, sizeof(u->chunks));
	u->n_chunks = 0;
	return RC_OK;
}

static enum rc
chunk_finish(struct op *op, struct upload *u)
{
	TRY(data_chunk_end(op, &u->writer, u->chunk.size));
	aead_release(&u->aead);
	memset(&u->aead, 0, sizeof(u->aead));
	u->in_chunk = false;
	u->chunks[u->n_chunks++] = u->chunk;
	mem_wipe(u->chunk.key, AEAD_KEY_SIZE);
	return RC_OK;
}

/* Seals the frame that was held back. */
static enum rc
frame_seal(struct op *op, struct upload *u, bool last)
{
	bool chunk_ends;

	if (u->n_chunks == CHUNKS_IN_SEGMENT && !u->in_chunk) {
		TRY(segment_finish(op, u));
		TRY(segment_note(op, u));
	}
	if (!u->in_chunk)
		TRY(chunk_start(op, u));
	chunk_ends = last || u->chunk.size + u->n_frame == SEGMENT_CHUNK_MAX;
	TRY(aead_seal_frame(op, &u->aead, u->n_frames++, chunk_ends,
	    segment_chunk_ad(), span_of(u->frame, u->n_frame), u->sealed));
	TRY(data_frame(
	    op, &u->writer, span_of(u->sealed, u->n_frame + AEAD_TAG_SIZE)));
	u->chunk.size += (uint32_t)u->n_frame;
	u->n_frame = 0;
	return chunk_ends ? chunk_finish(op, u) : RC_OK;
}

/* Room for size bytes in the frame. */
static enum rc
frame_grow(struct op *op, struct upload *u, size_t size)
{
	size_t room = size <= FRAME_ROOM_FIRST ? FRAME_ROOM_FIRST : AEAD_FRAME;
	uint8_t *frame, *sealed;

	if (size <= u->frame_room)
		return RC_OK;
	sealed = mem_realloc(u->sealed, room + AEAD_TAG_SIZE);
	if (sealed == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	u->sealed = sealed;
	frame = mem_alloc(room);
	if (frame == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	if (u->n_frame > 0)
		memcpy(frame, u->frame, u->n_frame);
	frame_free(u);
	u->frame = frame;
	u->frame_room = room;
	return RC_OK;
}

enum rc
upload_write(struct op *op, struct upload *upload, struct span bytes)
{
	struct upload *u = upload;

	if (bytes.size > INT64_MAX - u->size)
		FAIL(op, RC_LIMIT, "larger than any file may be");
	sha256_update(&u->sha256, bytes);
	if (u->sha1_wanted)
		sha1_update(&u->sha1, bytes);
	while (bytes.size > 0) {
		size_t step;

		if (u->n_frame == AEAD_FRAME)
			TRY(frame_seal(op, u, false));
		step = AEAD_FRAME - u->n_frame;
		if (step > bytes.size)
			step = bytes.size;
		TRY(frame_grow(op, u, u->n_frame + step));
		memcpy(u->frame + u->n_frame, bytes.data, step);
		u->n_frame += step;
		u->size += step;
		bytes.data += step;
		bytes.size -= step;
	}
	return RC_OK;
}

/* The whole content is the frame that was held back: it travels in the numbered
 * segment. */
static enum rc
end_inline(struct op *op, struct upload *u)
{
	struct span key = span_of(u->chunk.key, AEAD_KEY_SIZE);

	memset(&u->chunk, 0, sizeof(u->chunk));
	chunk_key_make(u, 0, u->chunk.key);
	TRY(aead_seal(op, key, segment_chunk_ad(),
	    span_of(u->frame, u->n_frame), u->sealed));
	u->chunk.size = (uint32_t)u->n_frame;
	u->chunk.sealed = span_of(u->sealed, u->n_frame + AEAD_TAG_SIZE);
	u->chunks[0] = u->chunk;
	u->n_chunks = 1;
	return RC_OK;
}

static enum rc
end_data(struct op *op, struct upload *u)
{
	TRY(frame_seal(op, u, true));
	TRY(segment_finish(op, u));
	return u->session.content != 0 ? segment_note(op, u) : RC_OK;
}

enum rc
upload_end(
    struct op *op, struct upload *upload, struct put_content *ret_content)
{
	struct upload *u = upload;
	struct put_content content = {.size = u->size, .chunks = u->chunks};
	bool small = u->fan == NULL && u->session.content == 0;

	if (small && u->size > 0)
		TRY(end_inline(op, u));
	else if (!small)
		TRY(end_data(op, u));
	content.n_chunks = u->n_chunks;
	if (!small && u->session.content == 0) {
		content.n_data = 1;
		content.data = &u->data;
	}
	content.session = u->session.content;
	content.session_chunks = u->session.n_chunks;
	sha256_digest(&u->sha256, content.sha256);
	content.has_sha1 = u->sha1_wanted;
	if (u->sha1_wanted)
		sha1_digest(&u->sha1, content.sha1);
	*ret_content = content;
	return RC_OK;
}

void
upload_sha256(const struct upload *upload, uint8_t out[SHA256_SIZE])
{
	sha256_digest(&upload->sha256, out);
}

void
upload_sha1(const struct upload *upload, uint8_t out[SHA1_SIZE])
{
	sha1_digest(&upload->sha1, out);
}

uint64_t
upload_size(const struct upload *upload)
{
	return upload->size;
}

void
upload_free(struct upload *upload)
{
	if (upload == NULL)
		return;
	upload_session_end(&upload->session);
	if (upload->unnamed)
		tenant_data_dead(upload->tenant, upload->data.data.id);
	fan_free(upload->fan);
	data_writer_release(&upload->writer);
	aead_release(&upload->aead);
	frame_free(upload);
	mem_free(upload->sealed);
	mem_wipe(upload, sizeof(*upload));
	mem_free(upload);
}
