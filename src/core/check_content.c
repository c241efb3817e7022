/* check_content.c - every content, opened from one site. Only AEAD proves bytes
 * (LOG.md L22). */
#include "core/check_content.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/fetch.h"
#include "crypto/aead.h"
#include "meta/content.h"

struct contents {
	struct tenant *tenant;
	struct meta *meta;
	size_t site;
	uint8_t *sealed; /* a chunk's */
	uint8_t *plain;
};

static enum rc
chunk_open(struct op *op, struct contents *c, const struct chunk *chunk)
{
	size_t sealed = (size_t)aead_sealed_size(chunk->size);
	struct fetch_place place;

	if (chunk->size > SEGMENT_CHUNK_MAX)
		FAIL(op, RC_DAMAGED, "a chunk is larger than any can be");
	TRY(fetch_place(op, c->tenant, c->meta, &chunk->place, &place));
	TRY(fetch_bytes(op, c->tenant, c->site, &place, 0, c->sealed, sealed));
	return aead_open(op, span_of(chunk->key, AEAD_KEY_SIZE),
	    segment_chunk_ad(), span_of(c->sealed, sealed), c->plain,
	    chunk->size);
}

static enum rc
content_open(struct op *op, struct contents *c, int64_t id)
{
	uint8_t digest[SHA256_SIZE];
	struct content content;
	struct sha256 hash;
	uint64_t at = 0;

	TRY(content_get(op, c->meta, id, &content));
	if (!content.finished)
		return RC_OK; /* an upload on its way */
	sha256_init(&hash);
	while (at < content.size) {
		CLEANUP(chunk_wipe) struct chunk chunk = {0};

		TRY(chunk_find(op, c->meta, id, at, &chunk));
		if (chunk.start != at || chunk.size == 0)
			FAIL(op, RC_DAMAGED,
			    "its chunks do not follow each other");
		TRY(chunk_open(op, c, &chunk));
		sha256_update(&hash, span_of(c->plain, chunk.size));
		at += chunk.size;
	}
	sha256_digest(&hash, digest);
	if (at != content.size ||
	    memcmp(digest, content.sha256, SHA256_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "its size or its SHA-256 is another");
	return RC_OK;
}

/* Once more where it fails: it may have been moved or dropped meanwhile. */
static enum rc
content_check(struct op *op, struct contents *c, const struct check_job *job,
    size_t site, int64_t id, struct check_site *result)
{
	CLEANUP(op_release) struct op step;
	struct content content;
	char text[400];
	enum rc rc;

	op_init(&step);
	rc = content_open(&step, c, id);
	if (rc != RC_OK) {
		op_clear_error(&step);
		rc = content_open(&step, c, id);
	}
	if (rc == RC_OK) {
		result->contents++;
		return RC_OK;
	}
	if (rc == RC_NO_MEMORY)
		return op_fail(op, rc, "%s", op_error(&step, rc));
	if (content_get(op, c->meta, id, &content) == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	op_clear_error(op);
	result->damaged++;
	(void)snprintf(text, sizeof(text), "content %" PRId64 ": %s", id,
	    op_error(&step, rc));
	job->problem(job->arg, site, text);
	return RC_OK;
}

static enum rc
contents_check(struct op *op, struct contents *c, const struct check_job *job,
    size_t site, struct check_site *result)
{
	int64_t id = 0;
	enum rc rc;

	for (;;) {
		rc = content_next(op, c->meta, id, &id);
		if (rc == RC_NOT_FOUND) {
			op_clear_error(op);
			return RC_OK;
		}
		TRY(rc);
		if (job->stop != NULL && atomic_load(job->stop))
			FAIL(op, RC_TIMEOUT, "the check was stopped");
		TRY(content_check(op, c, job, site, id, result));
	}
}

enum rc
check_contents(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct check_job *job, size_t site, struct check_site *result)
{
	struct contents c = {
	    .tenant = tenant,
	    .meta = meta,
	    .site = site,
	};
	CLEANUP(mem_free_ptr)
	uint8_t *sealed =
	    mem_alloc((size_t)aead_sealed_size(SEGMENT_CHUNK_MAX));
	CLEANUP(mem_free_ptr) uint8_t *plain = mem_alloc(SEGMENT_CHUNK_MAX);
	enum rc rc;

	if (sealed == NULL || plain == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	c.sealed = sealed;
	c.plain = plain;
	rc = contents_check(op, &c, job, site, result);
	mem_wipe(plain, SEGMENT_CHUNK_MAX);
	return rc;
}
