/* check_content.c - every content, opened from one site. Only AEAD proves bytes
 * (LOG.md L22). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/check_walk.h"
#include "core/fetch.h"
#include "crypto/aead.h"
#include "meta/content.h"

struct contents {
	struct check *c;
	enum rc stopped; /* what the job's step ended with */
	bool at_chunk; /* it was a chunk that failed: the one at place */
	struct chunk_place place;
	uint8_t *sealed; /* a chunk's */
	uint8_t *plain;
};

static enum rc
chunk_open(struct op *op, struct contents *k, const struct chunk *chunk)
{
	size_t sealed = (size_t)aead_sealed_size(chunk->size);
	struct check *c = k->c;
	struct fetch_place place;

	if (chunk->size > SEGMENT_CHUNK_MAX)
		FAIL(op, RC_DAMAGED, "a chunk is larger than any can be");
	TRY(fetch_place(op, c->tenant, c->meta, &chunk->place, &place));
	TRY(fetch_bytes(op, c->tenant, c->site, &place, 0, k->sealed, sealed));
	TRY(aead_open(op, span_of(chunk->key, AEAD_KEY_SIZE),
	    segment_chunk_ad(), span_of(k->sealed, sealed), k->plain,
	    chunk->size));
	k->at_chunk = false;
	k->stopped = check_step(op, c, sealed);
	return k->stopped;
}

static enum rc
chunks_open(struct op *op, struct contents *k, const struct content *content,
    uint8_t digest[SHA256_SIZE])
{
	struct sha256 hash;
	uint64_t at = 0;

	sha256_init(&hash);
	while (at < content->size) {
		CLEANUP(chunk_wipe) struct chunk chunk = {0};

		TRY(chunk_find(op, k->c->meta, content->id, at, &chunk));
		if (chunk.start != at || chunk.size == 0)
			FAIL(op, RC_DAMAGED,
			    "its chunks do not follow each other");
		k->at_chunk = true;
		k->place = chunk.place;
		TRY(chunk_open(op, k, &chunk));
		sha256_update(&hash, span_of(k->plain, chunk.size));
		at += chunk.size;
	}
	sha256_digest(&hash, digest);
	return RC_OK;
}

static enum rc
content_open(struct op *op, struct contents *k, int64_t id)
{
	uint8_t digest[SHA256_SIZE];
	struct content content;

	k->at_chunk = false;
	TRY(content_get(op, k->c->meta, id, &content));
	if (!content.finished)
		return RC_OK; /* an upload on its way */
	TRY(chunks_open(op, k, &content, digest));
	if (memcmp(digest, content.sha256, SHA256_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "its SHA-256 is another");
	return RC_OK;
}

static enum rc
content_note(
    struct op *op, struct contents *k, int64_t id, enum rc rc, const char *why)
{
	struct damaged item = {0};
	struct content content;
	char what[40];
	enum rc there;

	there = content_get(op, k->c->meta, id, &content);
	op_clear_error(op);
	if (there == RC_NOT_FOUND)
		return RC_OK;
	(void)snprintf(what, sizeof(what), "content %" PRId64, id);
	item.kind = k->place.number != 0 ? DAMAGED_NUMBER : DAMAGED_DATA;
	item.number = k->place.number;
	if (item.kind == DAMAGED_DATA)
		memcpy(item.data, k->place.data, OBJECT_ID_SIZE);
	return check_note(op, k->c, what, k->at_chunk ? &item : NULL, rc, why);
}

/* Once more where it fails: it may have been moved or dropped meanwhile. */
static enum rc
content_check(struct op *op, struct contents *k, int64_t id)
{
	CLEANUP(op_release) struct op step;
	enum rc rc;

	op_init(&step);
	rc = content_open(&step, k, id);
	if (rc != RC_OK && k->stopped == RC_OK) {
		op_clear_error(&step);
		rc = content_open(&step, k, id);
	}
	if (k->stopped != RC_OK)
		return op_fail(op, k->stopped, "%s", op_error(&step, rc));
	if (rc == RC_OK) {
		k->c->result->contents++;
		return RC_OK;
	}
	/* A chunk that is not there is as bad as one that does not open. */
	return content_note(op, k, id, rc == RC_NOT_FOUND ? RC_DAMAGED : rc,
	    op_error(&step, rc));
}

/* The next one; RC_NOT_FOUND behind the last. */
static enum rc
content_turn(struct op *op, struct contents *k)
{
	struct check_place *place = k->c->place;
	int64_t id;

	TRY(content_next(op, k->c->meta, (int64_t)place->number, &id));
	TRY(content_check(op, k, id));
	place->number = (uint64_t)id;
	return check_step(op, k->c, 0);
}

static enum rc
contents_run(struct op *op, struct contents *k)
{
	struct reader *reader;
	enum rc rc;

	for (;;) {
		CLEANUP(op_release) struct op step;

		/* Anew each time: a connection of before may be to a database
		 * that was discarded since. */
		op_init(&step);
		TRY(tenant_reader(op, k->c->tenant, &reader));
		k->c->meta = &reader->meta;
		rc = content_turn(&step, k);
		tenant_reader_put(k->c->tenant, reader);
		if (rc == RC_NOT_FOUND)
			return RC_OK;
		if (rc != RC_OK)
			return op_fail(op, rc, "%s", op_error(&step, rc));
	}
}

enum rc
check_contents(struct op *op, struct check *c)
{
	struct contents k = {.c = c};
	CLEANUP(mem_free_ptr)
	uint8_t *sealed =
	    mem_alloc((size_t)aead_sealed_size(SEGMENT_CHUNK_MAX));
	CLEANUP(mem_free_ptr) uint8_t *plain = mem_alloc(SEGMENT_CHUNK_MAX);
	enum rc rc;

	if (sealed == NULL || plain == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	k.sealed = sealed;
	k.plain = plain;
	rc = contents_run(op, &k);
	mem_wipe(plain, SEGMENT_CHUNK_MAX);
	return rc;
}
