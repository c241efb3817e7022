/* fetch.c - numbers and chunks from the sites. */
#include "core/fetch.h"

#include <string.h>

#include "core/service.h"
#include "core/verify.h"
#include "crypto/aead.h"

static enum rc
number_pass(struct op *op, const struct tenant *t, const struct local_log *log,
    struct span bytes, struct segment *ret_segment)
{
	TRY(segment_parse(op, bytes, ret_segment));
	if (ret_segment->header.kind != SEGMENT_NUMBERED ||
	    ret_segment->header.tenant != t->id ||
	    ret_segment->header.number != log->number ||
	    memcmp(ret_segment->hash, log->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "number %llu is not the chain's",
		    (unsigned long long)log->number);
	return RC_OK;
}

enum rc
fetch_number(struct op *op, struct tenant *tenant, const struct local_log *log,
    struct buf *bytes, struct segment *ret_segment)
{
	struct sites *sites = tenant->service->config.sites;
	struct site_set attached = sites_attached(sites);
	struct log_name name;
	size_t i;
	enum rc rc;

	local_log_name(log, &name);
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(attached, i))
			continue;
		rc = packs_get(op, &tenant->packs, sites, i, &name, bytes);
		if (rc == RC_OK)
			rc = number_pass(
			    op, tenant, log, buf_span(bytes), ret_segment);
		if (rc == RC_OK || rc == RC_NO_MEMORY)
			return rc;
		op_clear_error(op);
	}
	FAIL(op, RC_DAMAGED, "no site has number %llu undamaged",
	    (unsigned long long)log->number);
}

enum rc
fetch_place(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct chunk_place *chunk, struct fetch_place *ret_place)
{
	struct fetch_place place = {.offset = chunk->offset};
	struct local_log log;

	if (chunk->number == 0) {
		object_data(&place.object, tenant->id, chunk->data);
	} else {
		TRY(local_log_get(op, meta, chunk->number, &log));
		place.numbered = true;
		local_log_name(&log, &place.log);
		object_log(&place.object, tenant->id, &place.log);
		place.offset += log.body_offset;
	}
	*ret_place = place;
	return RC_OK;
}

enum rc
fetch_bytes(struct op *op, struct tenant *tenant, size_t i,
    const struct fetch_place *place, uint64_t offset, void *out, size_t size)
{
	struct sites *sites = tenant->service->config.sites;

	if (place->numbered)
		return packs_read(op, &tenant->packs, sites, i, &place->log,
		    place->offset + offset, out, size);
	return site_read(op, sites->slots[i].site, &place->object,
	    place->offset + offset, out, size);
}

enum rc
fetch_chunk(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct chunk *chunk, struct buf *bytes)
{
	struct sites *sites = tenant->service->config.sites;
	struct site_set attached = sites_attached(sites);
	size_t size = aead_sealed_size(chunk->size);
	struct fetch_place place;
	uint8_t *room;
	size_t i;
	enum rc rc;

	TRY(fetch_place(op, tenant, meta, &chunk->place, &place));
	buf_clear(bytes);
	TRY(buf_grow(op, bytes, size, &room));
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(attached, i))
			continue;
		rc = fetch_bytes(op, tenant, i, &place, 0, room, size);
		if (rc == RC_OK)
			rc = verify_chunk(op, chunk, buf_span(bytes));
		if (rc == RC_OK || rc == RC_NO_MEMORY)
			return rc;
		repair_note(op, tenant, i, &chunk->place, rc);
	}
	FAIL(op, RC_DAMAGED, "no site has an undamaged copy of this piece");
}
