/* download.c - reading a content: the sealed frames of one chunk at a time,
 * from the first site that has them whole. */
#include "core/download.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/fetch.h"
#include "core/scratch.h"
#include "core/service.h"
#include "crypto/aead.h"
#include "store/segment.h"

enum { FRAMES_AT_A_TIME = 4 };

struct download {
	struct tenant *tenant;
	struct content content;

	/* The chunk at hand, with its key made ready. */
	bool has_chunk;
	struct chunk chunk;
	struct fetch_place place; /* of its first frame */
	struct aead aead;

	struct site_set only; /* these are read; at first all */
	struct site_set
	    passed_over; /* sites that failed once: asked last from then on */

	/* Plaintext of the frames at hand. */
	uint64_t plain_start; /* in the content */
	size_t plain_size;
	size_t room; /* as much as one run of this content needs */
	uint8_t *plain;
	uint8_t *sealed;
};

static enum rc
buffers_make(struct op *op, struct download *d)
{
	size_t most = (size_t)FRAMES_AT_A_TIME * AEAD_FRAME;

	d->room = d->content.size < most ? (size_t)d->content.size : most;
	d->plain = mem_alloc(d->room);
	d->sealed =
	    mem_alloc(d->room + (size_t)FRAMES_AT_A_TIME * AEAD_TAG_SIZE);
	if (d->plain == NULL || d->sealed == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	return RC_OK;
}

/* Has room for the content's runs; the first chunk is not looked for yet. */
static enum rc
download_new(struct op *op, struct tenant *tenant,
    const struct content *content, struct download **ret_download)
{
	struct download *d;
	enum rc rc;

	if (!content->finished)
		FAIL(op, RC_NOT_FOUND, "the content is not complete");
	d = mem_alloc(sizeof(*d));
	if (d == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	d->tenant = tenant;
	d->content = *content;
	d->only.bits = UINT32_MAX;
	rc = buffers_make(op, d);
	if (rc != RC_OK) {
		download_free(d);
		return rc;
	}
	*ret_download = d;
	return RC_OK;
}

enum rc
download_open(struct op *op, struct tenant *tenant, int64_t content,
    struct download **ret_download)
{
	struct content row;
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, tenant, &reader));
	rc = content_get(op, &reader->meta, content, &row);
	tenant_reader_put(tenant, reader);
	TRY(rc);
	return download_new(op, tenant, &row, ret_download);
}

void
download_from(struct download *download, size_t site)
{
	download->only = site_set_with((struct site_set){0}, site);
	download->plain_size = 0; /* came from wherever */
}

uint64_t
download_size(const struct download *download)
{
	return download->content.size;
}

static void
chunk_drop(struct download *d)
{
	if (!d->has_chunk)
		return;
	aead_release(&d->aead);
	memset(&d->aead, 0, sizeof(d->aead));
	chunk_wipe(&d->chunk);
	d->has_chunk = false;
}

/* Makes the chunk that holds the position the one at hand. */
static enum rc
chunk_read(
    struct op *op, struct download *d, struct meta *meta, uint64_t position)
{
	chunk_drop(d);
	TRY(chunk_find(op, meta, d->content.id, position, &d->chunk));
	TRY(fetch_place(op, d->tenant, meta, &d->chunk.place, &d->place));
	TRY(aead_init(op, &d->aead, span_of(d->chunk.key, AEAD_KEY_SIZE)));
	d->has_chunk = true;
	return RC_OK;
}

static enum rc
chunk_look_up(struct op *op, struct download *d, uint64_t position)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, d->tenant, &reader));
	rc = db_read_begin(op, reader->db);
	if (rc == RC_OK)
		rc = chunk_read(op, d, &reader->meta, position);
	db_read_end(reader->db);
	tenant_reader_put(d->tenant, reader);
	return rc;
}

enum rc
download_open_at(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct content *content, uint64_t position,
    struct download **ret_download)
{
	struct download *d;
	enum rc rc;

	TRY(download_new(op, tenant, content, &d));
	rc = position < content->size ? chunk_read(op, d, meta, position)
				      : RC_OK;
	if (rc != RC_OK) {
		download_free(d);
		return rc;
	}
	*ret_download = d;
	return RC_OK;
}

/* Makes the chunk that holds the position the one at hand. */
static enum rc
chunk_need(struct op *op, struct download *d, uint64_t position)
{
	if (d->has_chunk && position >= d->chunk.start &&
	    position - d->chunk.start < d->chunk.size)
		return RC_OK;
	return chunk_look_up(op, d, position);
}

/* A run of frames of the chunk at hand. */
struct run {
	uint32_t first;
	uint32_t n;
	uint64_t offset; /* sealed, from the chunk's first frame */
	size_t sealed_size;
	size_t plain_size;
};

static void
run_at(const struct download *d, uint64_t position, struct run *run)
{
	uint32_t frames = aead_frames(d->chunk.size);
	uint64_t start;

	run->first = (uint32_t)((position - d->chunk.start) / AEAD_FRAME);
	run->n = frames - run->first < FRAMES_AT_A_TIME ? frames - run->first
							: FRAMES_AT_A_TIME;
	start = (uint64_t)run->first * AEAD_FRAME;
	run->plain_size = d->chunk.size - start < (uint64_t)run->n * AEAD_FRAME
			      ? (size_t)(d->chunk.size - start)
			      : (size_t)run->n * AEAD_FRAME;
	run->sealed_size = run->plain_size + (size_t)run->n * AEAD_TAG_SIZE;
	run->offset = (uint64_t)run->first * AEAD_SEALED_FRAME;
}

static enum rc
run_open(struct op *op, struct download *d, const struct run *run)
{
	uint32_t frames = aead_frames(d->chunk.size);
	size_t plain_at = 0, sealed_at = 0;
	uint32_t i;

	for (i = 0; i < run->n; i++) {
		size_t size = run->plain_size - plain_at < AEAD_FRAME
				  ? run->plain_size - plain_at
				  : AEAD_FRAME;

		TRY(aead_open_frame(op, &d->aead, run->first + i,
		    run->first + i + 1 == frames, segment_chunk_ad(),
		    span_of(d->sealed + sealed_at, size + AEAD_TAG_SIZE),
		    d->plain + plain_at));
		plain_at += size;
		sealed_at += size + AEAD_TAG_SIZE;
	}
	return RC_OK;
}

static enum rc
run_from(struct op *op, struct download *d, const struct run *run, size_t i)
{
	TRY(fetch_bytes(op, d->tenant, i, &d->place, run->offset, d->sealed,
	    run->sealed_size));
	return run_open(op, d, run);
}

/* What a failed reading says of the site: bytes that do not open are damage,
 * the rest is the site's absence. */
static void
run_failed(struct op *op, struct download *d, size_t i, enum rc rc)
{
	struct sites *sites = d->tenant->service->config.sites;

	d->passed_over = site_set_with(d->passed_over, i);
	log_warn(op, "read-failed",
	    "site=%s tenant=%016llx object=%s why=\"%s\"",
	    sites->slots[i].site->name, (unsigned long long)d->tenant->id,
	    d->place.object.file, op_error(op, rc));
	repair_note(op, d->tenant, i, &d->chunk.place, rc);
}

/* Sites in service that have it first, then whoever else is there. */
static enum rc
run_read(struct op *op, struct download *d, const struct run *run)
{
	struct sites *sites = d->tenant->service->config.sites;
	struct site_set holding =
	    lanes_holding(&d->tenant->lanes, d->chunk.place.number);
	struct site_set attached = site_set_and(sites_attached(sites), d->only);
	bool first, last;
	size_t i;
	enum rc rc;

	for (last = false;; last = true) {
		for (i = 0; i < sites->n; i++) {
			first = site_set_has(holding, i) &&
				!site_set_has(d->passed_over, i);
			if (first == last || !site_set_has(attached, i))
				continue;
			rc = run_from(op, d, run, i);
			if (rc == RC_OK)
				return RC_OK;
			run_failed(op, d, i, rc);
		}
		if (last)
			break;
	}
	FAIL(op, RC_DAMAGED, "no site has an undamaged copy of this piece");
}

/* Looks a place up again; whether it is another one than before. */
static enum rc
chunk_moved(
    struct op *op, struct download *d, uint64_t position, bool *ret_moved)
{
	struct object_name before = d->place.object;
	CLEANUP(op_release) struct op look;
	enum rc rc;

	scratch_init(&look, op);
	rc = chunk_look_up(&look, d, position);
	*ret_moved =
	    rc == RC_OK && strcmp(before.file, d->place.object.file) != 0;
	/* What the reading came to is the one to tell. */
	return rc == RC_NO_MEMORY ? rc : RC_OK;
}

/* Makes the frames that hold the position the ones at hand. */
static enum rc
plain_need(struct op *op, struct download *d, uint64_t position)
{
	struct run run;
	bool moved;
	enum rc rc;

	if (position >= d->plain_start &&
	    position - d->plain_start < d->plain_size)
		return RC_OK;
	d->plain_size = 0;
	TRY(chunk_need(op, d, position));
	run_at(d, position, &run);
	rc = run_read(op, d, &run);
	if (rc == RC_DAMAGED) {
		/* L11: compaction or a cut may have moved it meanwhile. */
		TRY(chunk_moved(op, d, position, &moved));
		if (moved) {
			op_clear_error(op);
			run_at(d, position, &run);
			rc = run_read(op, d, &run);
		}
	}
	TRY(rc);
	d->plain_start = d->chunk.start + (uint64_t)run.first * AEAD_FRAME;
	d->plain_size = run.plain_size;
	return RC_OK;
}

enum rc
download_read(struct op *op, struct download *download, uint64_t offset,
    uint8_t *out, size_t size, size_t *ret_n)
{
	struct download *d = download;
	size_t done = 0;

	while (done < size && offset + done < d->content.size) {
		uint64_t position = offset + done;
		size_t at, step;

		TRY(plain_need(op, d, position));
		at = (size_t)(position - d->plain_start);
		step = d->plain_size - at < size - done ? d->plain_size - at
							: size - done;
		memcpy(out + done, d->plain + at, step);
		done += step;
	}
	*ret_n = done;
	return RC_OK;
}

void
download_free(struct download *download)
{
	if (download == NULL)
		return;
	chunk_drop(download);
	if (download->plain != NULL)
		mem_wipe(download->plain, download->plain_size);
	mem_free(download->plain);
	mem_free(download->sealed);
	mem_free(download);
}
