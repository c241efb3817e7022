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

/* A data segment, until a change has named it. */
struct part {
	struct fan *fan; /* NULL: none, or it stands on the sites */
	struct data_writer writer;
	struct put_data data;
	bool unnamed; /* it may stand on the sites, and no change of this file's
			 has named it */
	size_t n_chunks;
	struct put_chunk chunks[CHUNKS_IN_SEGMENT];
	/* Of all of the content up to its end. */
	uint64_t end;
	struct sha256 sha256;
	struct sha1 sha1;
};

struct upload {
	struct tenant *tenant;
	bool sha1_wanted;
	/* Of what is sealed: a part that is named has these states. */
	struct sha256 sha256;
	struct sha1 sha1;
	uint64_t size; /* with the frame that is held back */

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

	struct part now; /* is being written */
	struct part ending; /* the one before it: sites sync it meanwhile */

	enum rc (*name)(
	    struct op *op, void *arg, const struct upload_part *part);
	void *name_arg;
	struct upload_session session; /* where nobody else names the parts */
};

enum rc
upload_open_from(struct op *op, struct tenant *tenant,
    const struct upload_from *from, struct upload **ret_upload)
{
	struct upload *u = mem_alloc(sizeof(*u));

	if (u == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	u->tenant = tenant;
	u->sha1_wanted = true;
	u->size = from->start;
	u->sha256 = from->sha256;
	u->sha1 = from->sha1;
	u->name = from->name;
	u->name_arg = from->arg;
	upload_session_init(&u->session, tenant);
	*ret_upload = u;
	return RC_OK;
}

enum rc
upload_open(
    struct op *op, struct tenant *tenant, bool sha1, struct upload **ret_upload)
{
	struct upload_from from = {.name = upload_session_name};
	struct upload *u;

	sha256_init(&from.sha256);
	sha1_init(&from.sha1);
	TRY(upload_open_from(op, tenant, &from, &u));
	u->sha1_wanted = sha1;
	u->name_arg = &u->session;
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
	u->now.data.counter = claim->counter;
	for (i = 0; i < sites->n; i++)
		u->now.data.epochs[i] = sites_epoch(sites, i);
	/* L14: refused before any site has got anything. */
	TRY(reserve_for_uploads(op, t, &above));
	TRY(fan_open(op, sites, claim, above, t->id, header.data_id,
	    claim_register(claim)->m, SLOW_SITE_MS * CLOCK_MS, &u->now.fan));
	return data_begin(op, &u->now.writer, &header, fan_sink(u->now.fan));
}

static enum rc
chunk_start(struct op *op, struct upload *u)
{
	if (u->now.fan == NULL)
		TRY(segment_start(op, u));
	memset(&u->chunk, 0, sizeof(u->chunk));
	u->chunk.start = u->size - u->n_frame;
	u->chunk.offset = data_offset(&u->now.writer);
	chunk_key_make(u, u->chunk.start, u->chunk.key);
	u->n_frames = 0;
	TRY(aead_init(op, &u->aead, span_of(u->chunk.key, AEAD_KEY_SIZE)));
	u->in_chunk = true;
	return RC_OK;
}

static void
end_note(struct upload *u)
{
	u->now.end = u->size - u->n_frame;
	u->now.sha256 = u->sha256;
	u->now.sha1 = u->sha1;
}

/* All of the data segment is written; the sites end it by themselves. */
static enum rc
segment_close(struct op *op, struct upload *u)
{
	struct part *part = &u->now;
	size_t i;

	TRY(data_end(op, &part->writer, &part->data.data));
	data_writer_release(&part->writer);
	memset(&part->writer, 0, sizeof(part->writer));
	for (i = 0; i < part->n_chunks; i++)
		memcpy(
		    part->chunks[i].data, part->data.data.id, OBJECT_ID_SIZE);
	end_note(u);
	TRY(fan_end(op, part->fan));
	part->unnamed = true;
	return RC_OK;
}

/* Until it stands on the sites. */
static enum rc
segment_await(struct op *op, struct part *part)
{
	TRY(fan_commit(op, part->fan, &part->data.on));
	fan_free(part->fan);
	part->fan = NULL;
	return RC_OK;
}

/* What was sealed and is named by nothing. */
static struct upload_part
part_of(const struct part *part)
{
	return (struct upload_part){
	    .n_chunks = part->n_chunks,
	    .chunks = part->chunks,
	    .data = part->unnamed ? &part->data : NULL,
	    .end = part->end,
	    .sha256 = &part->sha256,
	    .sha1 = &part->sha1,
	};
}

/* A part that is not the last: a change of its own names it (L8). */
static enum rc
part_name(struct op *op, struct upload *u, struct part *part)
{
	struct upload_part named = part_of(part);

	TRY(u->name(op, u->name_arg, &named));
	mem_wipe(part, sizeof(*part));
	return RC_OK;
}

static enum rc
ending_name(struct op *op, struct upload *u)
{
	if (u->ending.fan == NULL)
		return RC_OK;
	TRY(segment_await(op, &u->ending));
	return part_name(op, u, &u->ending);
}

/* The next one is begun while the sites sync this one: a disk does both at
 * once. */
static enum rc
segment_pass(struct op *op, struct upload *u)
{
	TRY(segment_close(op, u));
	TRY(ending_name(op, u));
	u->ending = u->now;
	mem_wipe(&u->now, sizeof(u->now));
	return RC_OK;
}

static enum rc
chunk_finish(struct op *op, struct upload *u)
{
	TRY(data_chunk_end(op, &u->now.writer, u->chunk.size));
	aead_release(&u->aead);
	memset(&u->aead, 0, sizeof(u->aead));
	u->in_chunk = false;
	u->now.chunks[u->now.n_chunks++] = u->chunk;
	mem_wipe(u->chunk.key, AEAD_KEY_SIZE);
	return RC_OK;
}

static void
frame_hash(struct upload *u)
{
	struct span frame = span_of(u->frame, u->n_frame);

	sha256_update(&u->sha256, frame);
	if (u->sha1_wanted)
		sha1_update(&u->sha1, frame);
}

/* Seals the frame that was held back. */
static enum rc
frame_seal(struct op *op, struct upload *u, bool last)
{
	bool chunk_ends;

	if (u->now.n_chunks == CHUNKS_IN_SEGMENT && !u->in_chunk)
		TRY(segment_pass(op, u));
	if (!u->in_chunk)
		TRY(chunk_start(op, u));
	frame_hash(u);
	chunk_ends = last || u->chunk.size + u->n_frame == SEGMENT_CHUNK_MAX;
	TRY(aead_seal_frame(op, &u->aead, u->n_frames++, chunk_ends,
	    segment_chunk_ad(), span_of(u->frame, u->n_frame), u->sealed));
	TRY(data_frame(op, &u->now.writer,
	    span_of(u->sealed, u->n_frame + AEAD_TAG_SIZE)));
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

/* All that came is the frame that was held back: it travels in the numbered
 * segment. */
static enum rc
end_inline(struct op *op, struct upload *u)
{
	struct span key = span_of(u->chunk.key, AEAD_KEY_SIZE);

	memset(&u->chunk, 0, sizeof(u->chunk));
	u->chunk.start = u->size - u->n_frame;
	chunk_key_make(u, u->chunk.start, u->chunk.key);
	frame_hash(u);
	TRY(aead_seal(op, key, segment_chunk_ad(),
	    span_of(u->frame, u->n_frame), u->sealed));
	u->chunk.size = (uint32_t)u->n_frame;
	u->chunk.sealed = span_of(u->sealed, u->n_frame + AEAD_TAG_SIZE);
	u->n_frame = 0;
	u->now.chunks[0] = u->chunk;
	u->now.n_chunks = 1;
	end_note(u);
	return RC_OK;
}

enum rc
upload_last_part(
    struct op *op, struct upload *upload, struct upload_part *ret_part)
{
	struct upload *u = upload;

	if (u->now.fan != NULL) {
		TRY(frame_seal(op, u, true));
		TRY(segment_close(op, u));
		TRY(ending_name(op, u));
		TRY(segment_await(op, &u->now));
	} else if (u->n_frame > 0) {
		TRY(end_inline(op, u));
	} else {
		end_note(u);
	}
	*ret_part = part_of(&u->now);
	return RC_OK;
}

enum rc
upload_end(
    struct op *op, struct upload *upload, struct put_content *ret_content)
{
	struct upload *u = upload;
	struct put_content content = {.size = u->size, .chunks = u->now.chunks};
	struct upload_part part;

	TRY(upload_last_part(op, u, &part));
	if (u->session.content != 0)
		TRY(part_name(op, u, &u->now));
	content.n_chunks = u->now.n_chunks;
	if (u->now.n_chunks > 0 && part.data != NULL) {
		content.n_data = 1;
		content.data = &u->now.data;
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

/* ---- many contents ---- */

static enum rc
pack_bytes(struct op *op, struct upload *u, bool may_inline)
{
	bool small = !u->in_chunk && u->now.n_chunks == 0;

	if (u->n_frame == 0)
		return RC_OK;
	if (small && may_inline)
		return end_inline(op, u);
	if (u->now.n_chunks == UPLOAD_PACK_CHUNKS && !u->in_chunk)
		FAIL(op, RC_LIMIT, "too many chunks for one change");
	return frame_seal(op, u, true);
}

enum rc
upload_pack(struct op *op, struct upload *upload, bool may_inline,
    struct put_chunk out[UPLOAD_PACK_CHUNKS], struct put_content *ret_content)
{
	struct upload *u = upload;
	struct put_content content = {.size = u->size, .chunks = out};

	TRY(pack_bytes(op, u, may_inline));
	content.n_chunks = u->now.n_chunks;
	memcpy(out, u->now.chunks, content.n_chunks * sizeof(*out));
	mem_wipe(u->now.chunks, sizeof(u->now.chunks));
	u->now.n_chunks = 0;
	sha256_digest(&u->sha256, content.sha256);
	sha256_init(&u->sha256);
	content.has_sha1 = u->sha1_wanted;
	if (u->sha1_wanted)
		sha1_digest(&u->sha1, content.sha1);
	sha1_init(&u->sha1);
	u->size = 0;
	*ret_content = content;
	return RC_OK;
}

enum rc
upload_pack_end(struct op *op, struct upload *upload, struct put_data *ret_data)
{
	TRY(segment_close(op, upload));
	TRY(segment_await(op, &upload->now));
	*ret_data = upload->now.data;
	return RC_OK;
}

void
upload_sha256(const struct upload *upload, uint8_t out[SHA256_SIZE])
{
	struct sha256 hash = upload->sha256;

	sha256_update(&hash, span_of(upload->frame, upload->n_frame));
	sha256_digest(&hash, out);
	mem_wipe(&hash, sizeof(hash));
}

void
upload_sha1(const struct upload *upload, uint8_t out[SHA1_SIZE])
{
	struct sha1 hash = upload->sha1;

	sha1_update(&hash, span_of(upload->frame, upload->n_frame));
	sha1_digest(&hash, out);
	mem_wipe(&hash, sizeof(hash));
}

uint64_t
upload_size(const struct upload *upload)
{
	return upload->size;
}

/* One that sites are about to end has to stand before it can be deleted. */
static void
part_release(struct upload *u, struct part *part)
{
	CLEANUP(op_release) struct op op;

	op_init(&op);
	if (part->unnamed && part->fan != NULL &&
	    fan_commit(&op, part->fan, &part->data.on) != RC_OK)
		op_clear_error(&op);
	if (part->unnamed)
		tenant_data_dead(u->tenant, part->data.data.id);
	fan_free(part->fan);
	data_writer_release(&part->writer);
}

void
upload_free(struct upload *upload)
{
	if (upload == NULL)
		return;
	upload_session_end(&upload->session);
	part_release(upload, &upload->ending);
	part_release(upload, &upload->now);
	aead_release(&upload->aead);
	frame_free(upload);
	mem_free(upload->sealed);
	mem_wipe(upload, sizeof(*upload));
	mem_free(upload);
}
