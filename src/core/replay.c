/* replay.c - numbers of the log applied to the local database (LOG.md L5).
 * README.md states K4. */
#include "core/replay.h"

#include <string.h>

#include "core/kept.h"
#include "core/schema.h"
#include "meta/local.h"
#include "meta/setting.h"

static enum rc
note_data(struct op *op, struct meta *meta, const struct segment_header *header)
{
	struct local_data row = {.number = header->number};
	size_t i;

	for (i = 0; i < header->n_adds; i++) {
		memcpy(row.id, header->adds[i].id, sizeof(row.id));
		memcpy(row.hash, header->adds[i].hash, sizeof(row.hash));
		row.size = header->adds[i].size;
		TRY(local_data_add(op, meta, &row));
	}
	for (i = 0; i < header->n_drops; i++)
		TRY(local_data_remove(op, meta, header->drops[i].id));
	return RC_OK;
}

enum rc
replay_note(struct op *op, struct meta *meta,
    const struct segment_header *header, const uint8_t hash[OBJECT_HASH_SIZE],
    uint64_t body_offset)
{
	struct local_log row = {
	    .number = header->number,
	    .generation = header->generation,
	    .body_offset = body_offset,
	    .changes = header->role != SEGMENT_OPENING,
	    .users = header->role == SEGMENT_CHANGES,
	};
	struct local_log aside = {0};
	size_t i;

	memcpy(row.hash, hash, OBJECT_HASH_SIZE);
	TRY(local_log_add(op, meta, &row));
	for (i = 0; i < header->n_aside; i++) {
		aside.number = header->aside[i].number;
		aside.generation = header->aside[i].generation;
		memcpy(aside.hash, header->aside[i].hash, OBJECT_HASH_SIZE);
		TRY(local_aside_add(op, meta, &aside));
	}
	TRY(kept_note_epoch(op, meta, header->number, header->epoch));
	return note_data(op, meta, header);
}

static enum rc
replay_record(struct op *op, struct replica *r, const struct segment *segment,
    size_t i, struct buf *plain)
{
	const struct db_migration *migration;

	if (segment->items[i].type == SEGMENT_CHUNK)
		return RC_OK;
	TRY(segment_open_record(op, segment, i, r->ring, plain));
	switch (segment->items[i].type) {
	case SEGMENT_CHANGESET:
		return db_apply(op, r->meta->db, buf_span(plain));
	case SEGMENT_MIGRATION:
		TRY(schema_migration(op, schema_of(r->ring->tenant),
		    buf_span(plain), &migration));
		return db_migrate(op, r->meta->db, migration);
	case SEGMENT_FACT:
		return kept_note(
		    op, r->meta, &segment->header, buf_span(plain));
	case SEGMENT_CHUNK:
	case SEGMENT_ROWS:
		break;
	}
	FAIL(op, RC_REFUSED,
	    "a record of a kind that this program does not know");
}

static enum rc
replay_rows(struct op *op, struct replica *r, const struct segment *segment)
{
	CLEANUP(buf_release) struct buf plain = {0};
	uint64_t body_offset = segment->n_items > 0 ? segment->items[0].offset
						    : segment->directory_offset;
	size_t i;

	buf_init(&plain, SEGMENT_NUMBERED_MAX);
	TRY(segment_check_index(op, segment, r->ring));
	for (i = 0; i < segment->n_items; i++)
		TRY(replay_record(op, r, segment, i, &plain));
	return replay_note(
	    op, r->meta, &segment->header, segment->hash, body_offset);
}

enum rc
replay_apply(
    struct op *op, struct replica *replica, const struct segment *segment)
{
	struct tenant_head *head = &replica->head;

	/* K4: a segment applies only on the one that it names. */
	if (segment->header.number != head->number + 1 ||
	    memcmp(segment->header.previous, head->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED,
		    "number %llu does not stand on the head %llu",
		    (unsigned long long)segment->header.number,
		    (unsigned long long)head->number);
	TRY(replay_rows(op, replica, segment));
	head->number = segment->header.number;
	head->generation = segment->header.generation;
	memcpy(head->hash, segment->hash, OBJECT_HASH_SIZE);
	return RC_OK;
}

enum rc
tenant_replay(
    struct op *op, struct tenant *tenant, const struct segment *segment)
{
	struct replica replica = {
	    .ring = tenant->ring,
	    .meta = &tenant->meta,
	    .head = tenant->head,
	};

	TRY(replay_apply(op, &replica, segment));
	tenant_set_head(tenant, &replica.head);
	return RC_OK;
}
