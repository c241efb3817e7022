/* segment_header.c - the clear header of segments, to bytes and back. */
#include <assert.h>

#include "store/segment_layout.h"
#include "store/wire.h"

static const uint8_t magic_numbered[SEGMENT_MAGIC_SIZE] = {
    'd', 'o', 'z', 'o', '-', 'l', 'o', 'g'};
static const uint8_t magic_data[SEGMENT_MAGIC_SIZE] = {
    'd', 'o', 'z', 'o', '-', 'd', 'a', 't'};
static const uint8_t magic_piece[SEGMENT_MAGIC_SIZE] = {
    'd', 'o', 'z', 'o', '-', 's', 'n', 'p'};

/* Sections by type, in the order in which they stand; absent ones are empty. */
enum section { ADDS = 1, DROPS, ASIDE, LOSSES, LIVE, PARTS, AT, SECTIONS_END };

static bool
all_zero(const uint8_t *bytes, size_t size)
{
	size_t i;
	uint8_t any = 0;

	for (i = 0; i < size; i++)
		any |= bytes[i];
	return any == 0;
}

static size_t
section_count(const struct segment_header *header, enum section section)
{
	switch (section) {
	case ADDS:
		return header->n_adds;
	case DROPS:
		return header->n_drops;
	case ASIDE:
		return header->n_aside;
	case LOSSES:
		return header->n_losses;
	case LIVE:
		return header->n_live;
	case PARTS:
		return header->n_parts;
	case AT:
		return header->n_at;
	case SECTIONS_END:
		break;
	}
	return 0;
}

static uint8_t *
put_data(uint8_t *p, const struct segment_data *data)
{
	p = wire_put_bytes(p, data->id, sizeof(data->id));
	p = wire_put_bytes(p, data->hash, sizeof(data->hash));
	return wire_put_u64(p, data->size);
}

static uint8_t *
put_aside(uint8_t *p, const struct segment_aside *aside)
{
	p = wire_put_u64(p, aside->number);
	p = wire_put_u64(p, aside->generation.counter);
	p = wire_put_u64(p, aside->generation.attempt);
	return wire_put_bytes(p, aside->hash, sizeof(aside->hash));
}

static uint8_t *
put_entry(uint8_t *p, const struct segment_header *header, enum section section,
    size_t i)
{
	switch (section) {
	case ADDS:
		return put_data(p, &header->adds[i]);
	case DROPS:
		return put_data(p, &header->drops[i]);
	case ASIDE:
		return put_aside(p, &header->aside[i]);
	case LOSSES:
		return put_aside(p, &header->losses[i]);
	case LIVE:
		return put_data(p, &header->live[i]);
	case PARTS:
		return put_data(p, &header->parts[i]);
	case AT:
		return put_aside(p, &header->at[i]);
	case SECTIONS_END:
		break;
	}
	return p;
}

static uint8_t *
put_section(
    uint8_t *p, const struct segment_header *header, enum section section)
{
	size_t n = section_count(header, section), i;

	if (n == 0)
		return p;
	p = wire_put_u16(p, (uint16_t)section);
	p = wire_put_u16(p, 0);
	p = wire_put_u32(p, (uint32_t)n);
	for (i = 0; i < n; i++)
		p = put_entry(p, header, section, i);
	return p;
}

static uint8_t *
put_fixed(uint8_t *p, const struct segment_header *header, size_t size,
    uint32_t n_sections)
{
	const uint8_t *magic = header->kind == SEGMENT_DATA    ? magic_data
			       : header->kind == SEGMENT_PIECE ? magic_piece
							       : magic_numbered;

	p = wire_put_bytes(p, magic, SEGMENT_MAGIC_SIZE);
	p = wire_put_u16(p, SEGMENT_FORMAT);
	p = wire_put_u16(p, (uint16_t)header->kind);
	p = wire_put_u16(p, (uint16_t)header->role);
	p = wire_put_u16(p, 0);
	p = wire_put_u32(p, (uint32_t)size);
	p = wire_put_u32(p, header->epoch);
	p = wire_put_u64(p, header->tenant);
	p = wire_put_u64(p, header->number);
	p = wire_put_u64(p, header->generation.counter);
	p = wire_put_u64(p, header->generation.attempt);
	p = wire_put_bytes(p, header->claim, sizeof(header->claim));
	p = wire_put_bytes(p, header->data_id, sizeof(header->data_id));
	p = wire_put_bytes(p, header->previous, sizeof(header->previous));
	return wire_put_u32(p, n_sections);
}

/* What is wrong with a header, or NULL: the same rule for writer and reader. */
static const char *
numbered_fault(const struct segment_header *header)
{
	if (header->role < SEGMENT_CHANGES || header->role > SEGMENT_UPKEEP)
		return "an unknown role";
	if (header->number == 0)
		return "no number";
	if (header->epoch == 0)
		return "no key epoch";
	if (!all_zero(header->data_id, sizeof(header->data_id)))
		return "a data id in a numbered segment";
	if (header->number == 1 &&
	    !all_zero(header->previous, sizeof(header->previous)))
		return "a number before number 1";
	if (header->n_at > 1)
		return "two places in the log";
	return NULL;
}

static const char *
piece_fault(const struct segment_header *header)
{
	if (header->role != 0 || header->number == 0 || header->epoch == 0 ||
	    all_zero(header->previous, sizeof(header->previous)))
		return "a piece without a place in the log";
	if (header->n_adds + header->n_drops + header->n_losses != 0)
		return "a piece that changes something";
	if (header->n_at > 1)
		return "two places in the log";
	if (all_zero(header->data_id, sizeof(header->data_id)))
		return "no snapshot's id";
	return NULL;
}

static const char *
data_fault(const struct segment_header *header)
{
	if (header->role != 0 || header->number != 0 || header->epoch != 0 ||
	    !all_zero(header->previous, sizeof(header->previous)))
		return "a data segment with a place in the log";
	if (header->n_adds + header->n_drops + header->n_aside +
		header->n_losses + header->n_live + header->n_parts +
		header->n_at !=
	    0)
		return "a data segment with sections";
	if (all_zero(header->data_id, sizeof(header->data_id)))
		return "no data id";
	return NULL;
}

static const char *
header_fault(const struct segment_header *header)
{
	/* The object's name has room for 8 digits. */
	if (header->generation.attempt > UINT32_MAX)
		return "an attempt beyond 32 bits";
	if (header->kind == SEGMENT_NUMBERED)
		return numbered_fault(header);
	if (header->kind == SEGMENT_DATA)
		return data_fault(header);
	if (header->kind == SEGMENT_PIECE)
		return piece_fault(header);
	return "an unknown kind";
}

enum rc
segment_header_encode(
    struct op *op, const struct segment_header *header, struct buf *out)
{
	const char *fault = header_fault(header);
	size_t size = SEGMENT_FIXED_SIZE;
	uint32_t n_sections = 0;
	enum section section;
	uint8_t *p, *start;

	if (fault != NULL)
		FAIL(op, RC_INVALID, "segment header: %s", fault);
	for (section = ADDS; section < SECTIONS_END; section++) {
		size_t n = section_count(header, section);

		if (n > SEGMENT_SECTION_MAX)
			FAIL(op, RC_LIMIT, "%zu entries in a section", n);
		if (n == 0)
			continue;
		size += SEGMENT_SECTION_HEAD + n * SEGMENT_ENTRY_SIZE;
		n_sections++;
	}
	TRY(buf_grow(op, out, size, &start));
	p = put_fixed(start, header, size, n_sections);
	for (section = ADDS; section < SECTIONS_END; section++)
		p = put_section(p, header, section);
	assert(p == start + size);
	(void)p;
	return RC_OK;
}

enum segment_kind
segment_kind_of(struct span bytes)
{
	if (bytes.size < SEGMENT_MAGIC_SIZE)
		return 0;
	if (memcmp(bytes.data, magic_numbered, SEGMENT_MAGIC_SIZE) == 0)
		return SEGMENT_NUMBERED;
	if (memcmp(bytes.data, magic_data, SEGMENT_MAGIC_SIZE) == 0)
		return SEGMENT_DATA;
	if (memcmp(bytes.data, magic_piece, SEGMENT_MAGIC_SIZE) == 0)
		return SEGMENT_PIECE;
	return 0;
}

bool
segment_item_fits(enum segment_kind kind, uint32_t type)
{
	switch (kind) {
	case SEGMENT_NUMBERED:
		return type >= SEGMENT_CHUNK && type <= SEGMENT_FACT;
	case SEGMENT_DATA:
		return type == SEGMENT_CHUNK;
	case SEGMENT_PIECE:
		return type == SEGMENT_FACT || type == SEGMENT_ROWS;
	}
	return false;
}

bool
segment_role_fits(enum segment_role role, size_t n_items, size_t n_records)
{
	if (role == 0) /* a piece: its sections may be all of it */
		return true;
	return role == SEGMENT_OPENING ? n_items == 0 : n_records > 0;
}

static enum rc
get_data(struct op *op, struct wire *wire, size_t n,
    const struct segment_data **ret_list, size_t *ret_n)
{
	struct segment_data *list;
	size_t i;

	TRY(op_alloc(op, n * sizeof(*list), &list));
	for (i = 0; i < n; i++) {
		wire_bytes(wire, list[i].id, sizeof(list[i].id));
		wire_bytes(wire, list[i].hash, sizeof(list[i].hash));
		list[i].size = wire_u64(wire);
	}
	*ret_list = list;
	*ret_n = n;
	return RC_OK;
}

static enum rc
get_aside(struct op *op, struct wire *wire, size_t n,
    const struct segment_aside **ret_list, size_t *ret_n)
{
	struct segment_aside *list;
	size_t i;

	TRY(op_alloc(op, n * sizeof(*list), &list));
	for (i = 0; i < n; i++) {
		list[i].number = wire_u64(wire);
		list[i].generation.counter = wire_u64(wire);
		list[i].generation.attempt = wire_u64(wire);
		wire_bytes(wire, list[i].hash, sizeof(list[i].hash));
	}
	*ret_list = list;
	*ret_n = n;
	return RC_OK;
}

static enum rc
get_entries(struct op *op, struct wire *wire, enum section section, size_t n,
    struct segment_header *header)
{
	switch (section) {
	case ADDS:
		return get_data(op, wire, n, &header->adds, &header->n_adds);
	case DROPS:
		return get_data(op, wire, n, &header->drops, &header->n_drops);
	case ASIDE:
		return get_aside(op, wire, n, &header->aside, &header->n_aside);
	case LOSSES:
		return get_aside(
		    op, wire, n, &header->losses, &header->n_losses);
	case LIVE:
		return get_data(op, wire, n, &header->live, &header->n_live);
	case PARTS:
		return get_data(op, wire, n, &header->parts, &header->n_parts);
	case AT:
		return get_aside(op, wire, n, &header->at, &header->n_at);
	case SECTIONS_END:
		break;
	}
	FAIL(op, RC_DAMAGED, "segment header: not a section");
}

/* One section; its type must be above *last. */
static enum rc
get_section(struct op *op, struct wire *wire, struct segment_header *header,
    unsigned *last)
{
	unsigned type = wire_u16(wire);
	unsigned zero = wire_u16(wire);
	size_t n = wire_u32(wire);

	if (wire->bad || zero != 0 || type <= *last || type >= SECTIONS_END)
		FAIL(op, RC_DAMAGED, "segment header: not a section");
	/* Before any memory is taken: the entries are there. */
	if (n == 0 || n > SEGMENT_SECTION_MAX ||
	    n > wire->left / SEGMENT_ENTRY_SIZE)
		FAIL(op, RC_DAMAGED, "segment header: %zu entries", n);
	*last = type;
	return get_entries(op, wire, (enum section)type, n, header);
}

/* The fixed part after format; wire holds all of it. */
static void
get_fixed(struct wire *wire, struct segment_header *header, uint16_t *ret_zero,
    uint32_t *ret_size, uint32_t *ret_sections)
{
	header->kind = wire_u16(wire);
	header->role = wire_u16(wire);
	*ret_zero = wire_u16(wire);
	*ret_size = wire_u32(wire);
	header->epoch = wire_u32(wire);
	header->tenant = wire_u64(wire);
	header->number = wire_u64(wire);
	header->generation.counter = wire_u64(wire);
	header->generation.attempt = wire_u64(wire);
	wire_bytes(wire, header->claim, sizeof(header->claim));
	wire_bytes(wire, header->data_id, sizeof(header->data_id));
	wire_bytes(wire, header->previous, sizeof(header->previous));
	*ret_sections = wire_u32(wire);
}

static enum rc
get_sections(struct op *op, struct span bytes, uint32_t n_sections,
    struct segment_header *header)
{
	struct wire wire = wire_of(bytes);
	unsigned last = 0;
	uint32_t i;

	/* Types ascend, so a wild number of sections ends the loop early. */
	for (i = 0; i < n_sections; i++)
		TRY(get_section(op, &wire, header, &last));
	if (!wire_done(&wire))
		FAIL(
		    op, RC_DAMAGED, "segment header: bytes after the sections");
	return RC_OK;
}

enum rc
segment_header_decode(struct op *op, struct span bytes, enum rc short_rc,
    struct segment_header *ret_header, size_t *ret_size)
{
	struct segment_header header = {0};
	struct wire wire = wire_of(bytes);
	uint16_t format, zero;
	uint32_t size, n_sections;
	const char *fault;

	if (bytes.size < SEGMENT_MAGIC_SIZE + 2)
		FAIL(op, short_rc, "segment header: %zu bytes", bytes.size);
	(void)wire_span(&wire, SEGMENT_MAGIC_SIZE);
	format = wire_u16(&wire);
	if (segment_kind_of(bytes) == 0 || format == 0)
		FAIL(op, RC_DAMAGED, "not a segment");
	if (format > SEGMENT_FORMAT)
		FAIL(op, RC_REFUSED,
		    "segment format %u is newer than this program", format);
	if (bytes.size < SEGMENT_FIXED_SIZE)
		FAIL(op, short_rc, "segment header: %zu bytes", bytes.size);
	get_fixed(&wire, &header, &zero, &size, &n_sections);
	if (header.kind != segment_kind_of(bytes) || zero != 0 ||
	    size < SEGMENT_FIXED_SIZE || size > SEGMENT_NUMBERED_MAX)
		FAIL(op, RC_DAMAGED, "segment header: fixed part");
	if (bytes.size < size)
		FAIL(op, short_rc, "segment header: %u bytes needed", size);
	TRY(get_sections(op, span_of(wire.at, size - SEGMENT_FIXED_SIZE),
	    n_sections, &header));
	fault = header_fault(&header);
	if (fault != NULL)
		FAIL(op, RC_DAMAGED, "segment header: %s", fault);
	*ret_header = header;
	*ret_size = size;
	return RC_OK;
}

enum rc
segment_parse_header(
    struct op *op, struct span bytes, struct segment_header *ret_header)
{
	size_t size;

	return segment_header_decode(op, bytes, RC_LIMIT, ret_header, &size);
}
