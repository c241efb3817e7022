/* fuzz_segment.c - segments: the input as it is, and with its sums made right.
 */
#include <stdlib.h>

#include "store/segment.h"
#include "unit/store/segment_sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 20 };

static struct keyring *keys;

/* Compares what a data writer makes with what was read. */
struct header_sink {
	struct segment_sink base;
	struct span rest;
};

static enum rc
sink_write(struct segment_sink *base, struct op *op, struct span bytes)
{
	struct header_sink *sink = container_of(base, struct header_sink, base);

	(void)op;
	if (bytes.size > sink->rest.size ||
	    memcmp(bytes.data, sink->rest.data, bytes.size) != 0)
		abort();
	return RC_OK;
}

/* One spelling: a header that is read is, written again, the same bytes. */
static void
write_again(struct op *op, const struct segment *segment)
{
	CLEANUP(segment_writer_release) struct segment_writer w = {0};
	CLEANUP(data_writer_release) struct data_writer d = {0};
	struct header_sink sink = {{sink_write}, segment->bytes};

	if (segment->header.kind == SEGMENT_DATA) {
		if (data_begin(op, &d, &segment->header, &sink.base) != RC_OK)
			abort();
		return;
	}
	if (segment_begin(op, &w, &segment->header, keys) != RC_OK ||
	    w.out.size > segment->bytes.size ||
	    memcmp(w.out.data, segment->bytes.data, w.out.size) != 0)
		abort();
}

/* The ends of what passes as a whole say the same as the whole. */
static void
ends_agree(struct op *op, struct span bytes)
{
	struct segment_header header;
	struct segment segment;
	uint8_t hash[OBJECT_HASH_SIZE];
	bool ends = bytes.size >= SEGMENT_END_SIZE &&
		    segment_parse_ends(op, bytes,
			span_of(bytes.data + bytes.size - SEGMENT_END_SIZE,
			    SEGMENT_END_SIZE),
			&header, hash) == RC_OK;

	op_clear_error(op);
	if (segment_parse(op, bytes, &segment) == RC_OK &&
	    (!ends || memcmp(hash, segment.hash, sizeof(hash)) != 0 ||
		header.number != segment.header.number))
		abort();
	op_clear_error(op);
}

static void
parse(struct span bytes)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf out = {0};
	struct segment_header header;
	struct segment segment;
	size_t i;

	op_init(&op);
	buf_init(&out, LARGEST);
	if (segment_parse_header(&op, bytes, &header) != RC_OK &&
	    segment_parse(&op, bytes, &segment) == RC_OK)
		abort();
	op_clear_error(&op);
	ends_agree(&op, bytes);
	if (segment_parse(&op, bytes, &segment) != RC_OK)
		return;
	keys->tenant = segment.header.tenant;
	keys->epochs[0].epoch = segment.header.epoch;
	write_again(&op, &segment);
	/* Nobody seals under these keys. */
	if (segment_check_index(&op, &segment, keys) == RC_OK)
		abort();
	for (i = 0; i < segment.n_items; i++)
		if (segment_open_record(&op, &segment, i, keys, &out) == RC_OK)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf copy = {0};

	op_init(&op);
	buf_init(&copy, LARGEST);
	if (keys == NULL && keyring_new(&op, 0, false, &keys) != RC_OK)
		abort();
	parse(span_of(data, size));
	if (buf_add(&op, &copy, span_of(data, size)) != RC_OK)
		return 0;
	segment_sums_fix(copy.data, copy.size);
	parse(buf_span(&copy));
	return 0;
}
