/* seal.c - numbered segments out of a group's rows and bytes, openings, and the
 * number 1 of a log. */
#include <string.h>

#include "core/committer.h"
#include "core/schema.h"
#include "core/service.h"
#include "store/segment.h"

static void
header_fill(const struct tenant *t, enum segment_role role,
    struct segment_header *header)
{
	memset(header, 0, sizeof(*header));
	header->kind = SEGMENT_NUMBERED;
	header->role = role;
	header->tenant = t->id;
	header->number = t->head.number + 1;
	header->generation.counter = t->lanes.claim->counter;
	header->generation.attempt = t->attempt;
	memcpy(header->claim, t->lanes.claim->id, OBJECT_ID_SIZE);
	memcpy(header->previous, t->head.hash, OBJECT_HASH_SIZE);
	header->epoch = t->write_epoch;
	header->n_aside = t->n_aside;
	header->aside = t->aside;
}

/* Ends the writer and makes an offer of its bytes. */
static enum rc
sealed_finish(struct op *op, struct segment_writer *w, struct sealed *sealed)
{
	struct log_name name = {
	    .number = sealed->header.number,
	    .generation = sealed->header.generation,
	};

	TRY(segment_end(op, w, sealed->hash));
	TRY(offer_new(op, 0, &sealed->offer));
	sealed->offer->bytes = w->out; /* moved, not copied */
	buf_init(&w->out, 0);
	memcpy(name.hash8, sealed->hash, sizeof(name.hash8));
	sealed->offer->number = name.number;
	object_log(&sealed->offer->name, sealed->header.tenant, &name);
	return RC_OK;
}

static enum rc
body_write(struct op *op, struct group *group, struct segment_writer *w,
    uint64_t body_offset)
{
	size_t i;
	size_t from = 0;
	uint64_t offset;

	for (i = 0; i < group->at.n_chunks; i++) {
		const struct group_chunk *chunk = &group->chunks[i];

		TRY(segment_add_chunk(op, w,
		    span_of(group->body.data + chunk->offset, chunk->size),
		    chunk->plain_size, &offset));
		/* The rows were written with this place. */
		if (offset != body_offset + chunk->offset)
			FAIL(op, RC_CONFLICT,
			    "a chunk is not where its row says");
	}
	for (i = 0; i < group->n_records; i++) {
		TRY(segment_add_record(op, w, SEGMENT_CHANGESET,
		    span_of(group->records.data + from,
			group->record_ends[i] - from)));
		from = group->record_ends[i];
	}
	return RC_OK;
}

enum rc
group_seal(struct op *op, struct group *group, struct sealed *ret_sealed)
{
	struct tenant *t = group->tenant;
	CLEANUP(segment_writer_release) struct segment_writer w = {0};

	header_fill(t, SEGMENT_CHANGES, &ret_sealed->header);
	ret_sealed->header.n_adds = group->at.n_adds;
	ret_sealed->header.adds = group->adds;
	ret_sealed->header.n_drops = group->at.n_drops;
	ret_sealed->header.drops = group->drops;
	TRY(segment_begin(op, &w, &ret_sealed->header, t->ring));
	ret_sealed->body_offset = w.out.size;
	TRY(body_write(op, group, &w, ret_sealed->body_offset));
	if (group->n_changes > 1 && segment_writer_size(&w) > GROUP_SEGMENT_MAX)
		FAIL(op, RC_LIMIT, "the group of changes is too large");
	return sealed_finish(op, &w, ret_sealed);
}

enum rc
opening_seal(struct op *op, struct tenant *tenant, struct sealed *ret_sealed)
{
	CLEANUP(segment_writer_release) struct segment_writer w = {0};

	header_fill(tenant, SEGMENT_OPENING, &ret_sealed->header);
	TRY(segment_begin(op, &w, &ret_sealed->header, tenant->ring));
	ret_sealed->body_offset = w.out.size;
	return sealed_finish(op, &w, ret_sealed);
}

enum rc
first_seal(struct op *op, struct tenant *tenant, struct sealed *ret_sealed)
{
	CLEANUP(segment_writer_release) struct segment_writer w = {0};
	uint8_t record[SCHEMA_RECORD_SIZE];

	header_fill(tenant, SEGMENT_CHANGES, &ret_sealed->header);
	TRY(segment_begin(op, &w, &ret_sealed->header, tenant->ring));
	ret_sealed->body_offset = w.out.size;
	schema_record(schema_of(tenant->id), 0, record);
	TRY(segment_add_record(
	    op, &w, SEGMENT_MIGRATION, span_of(record, sizeof(record))));
	return sealed_finish(op, &w, ret_sealed);
}
