/* check_look.c - one object on one site, compared with what its row says. */
#include <string.h>

#include "core/check_walk.h"
#include "core/verify.h"

/* The header of a data segment has no sections. */
enum { FIRST_BYTES = 4096 };

static struct site *
site_of(const struct check *c)
{
	return c->tenant->service->config.sites->slots[c->site].site;
}

static enum rc
sealed_open(struct op *op, const struct check *c, const struct segment *segment)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;

	if (c->job->depth == CHECK_BYTES)
		return RC_OK;
	TRY(tenant_ring_copy(op, c->tenant, &ring));
	return c->job->depth == CHECK_OPEN
		   ? verify_records(op, segment, ring)
		   : segment_check_index(op, segment, ring);
}

enum rc
check_look_number(struct op *op, struct check *c, const struct local_log *row)
{
	struct log_name name;
	struct segment segment;

	local_log_name(row, &name);
	TRY(packs_get(op, &c->tenant->packs, c->tenant->service->config.sites,
	    c->site, &name, &c->bytes));
	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	if (segment.header.kind != SEGMENT_NUMBERED ||
	    segment.header.tenant != c->tenant->id ||
	    segment.header.number != row->number ||
	    generation_compare(segment.header.generation, row->generation) != 0)
		FAIL(op, RC_DAMAGED, "another segment stands under this name");
	if (memcmp(segment.header.previous, c->previous, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED,
		    "it does not stand on the number before it");
	if (memcmp(segment.hash, row->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "its hash is another");
	return sealed_open(op, c, &segment);
}

/* Header, size and hash of a data segment, against its row. */
static enum rc
data_compare(struct op *op, const struct check *c, const struct local_data *row,
    const struct segment_header *header, uint64_t size, const uint8_t *hash)
{
	if (header->kind != SEGMENT_DATA || header->tenant != c->tenant->id ||
	    memcmp(header->data_id, row->id, OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "another segment stands under this name");
	if (size != row->size || memcmp(hash, row->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "its size or its hash is another");
	return RC_OK;
}

static enum rc
data_ends(struct op *op, struct check *c, const struct local_data *row,
    const struct object_name *name)
{
	uint8_t first[FIRST_BYTES], last[SEGMENT_END_SIZE];
	uint8_t hash[OBJECT_HASH_SIZE];
	struct segment_header header;
	uint64_t size;
	size_t n;

	TRY(site_size(op, site_of(c), name, &size));
	if (size != row->size || size < sizeof(last))
		FAIL(op, RC_DAMAGED, "its size is another");
	n = size < sizeof(first) ? (size_t)size : sizeof(first);
	TRY(site_read(op, site_of(c), name, 0, first, n));
	TRY(site_read(
	    op, site_of(c), name, size - sizeof(last), last, sizeof(last)));
	TRY(segment_parse_ends(
	    op, span_of(first, n), span_of(last, sizeof(last)), &header, hash));
	return data_compare(op, c, row, &header, size, hash);
}

enum rc
check_look_data(struct op *op, struct check *c, const struct local_data *row,
    uint64_t *ret_bytes)
{
	struct object_name name;
	struct segment segment;

	*ret_bytes = 0;
	object_data(&name, c->tenant->id, row->id);
	if (c->job->depth == CHECK_ENDS) {
		TRY(data_ends(op, c, row, &name));
		*ret_bytes = FIRST_BYTES + SEGMENT_END_SIZE;
		return RC_OK;
	}
	TRY(site_get(op, site_of(c), &name, &c->bytes));
	*ret_bytes = c->bytes.size;
	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	return data_compare(
	    op, c, row, &segment.header, c->bytes.size, segment.hash);
}

enum rc
check_look_piece(struct op *op, struct check *c,
    const struct segment_data *part, uint32_t number,
    struct segment *ret_segment)
{
	struct object_name name;

	object_snap(&name, c->tenant->id, part->id, number);
	TRY(site_get(op, site_of(c), &name, &c->bytes));
	TRY(segment_parse(op, buf_span(&c->bytes), ret_segment));
	if (ret_segment->header.kind != SEGMENT_PIECE ||
	    ret_segment->header.tenant != c->tenant->id ||
	    memcmp(ret_segment->hash, part->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "another piece stands under this name");
	return sealed_open(op, c, ret_segment);
}
