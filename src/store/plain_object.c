/* plain_object.c - the frame of small objects that are not sealed. */
#include "store/plain_object.h"

#include "crypto/hash.h"

uint8_t *
plain_object_head(uint8_t *p, const char magic[8], uint16_t format)
{
	return wire_put_u16(wire_put_bytes(p, magic, 8), format);
}

enum rc
plain_object_end(struct op *op, struct buf *out, size_t start)
{
	uint8_t sum[SHA256_SIZE];

	sha256_of(span_of(out->data + start, out->size - start), sum);
	return buf_add(op, out, span_of(sum, sizeof(sum)));
}

enum rc
plain_object_open(struct op *op, struct span bytes, const char magic[8],
    uint16_t format, struct wire *ret_wire)
{
	uint8_t sum[SHA256_SIZE];
	struct wire wire;
	uint16_t found;

	if (bytes.size < PLAIN_OBJECT_HEAD + PLAIN_OBJECT_SUM ||
	    memcmp(bytes.data, magic, 8) != 0)
		FAIL(op, RC_DAMAGED, "not a %.8s object", magic);
	bytes.size -= PLAIN_OBJECT_SUM;
	/* The sum first: a rotten format must not look like a newer one. */
	sha256_of(bytes, sum);
	if (memcmp(sum, bytes.data + bytes.size, sizeof(sum)) != 0)
		FAIL(op, RC_DAMAGED, "%.8s: the sum is wrong", magic);
	wire = wire_of(bytes);
	(void)wire_span(&wire, 8);
	found = wire_u16(&wire);
	if (found > format)
		FAIL(op, RC_REFUSED,
		    "%.8s: format %u is newer than this program", magic, found);
	if (found == 0)
		FAIL(op, RC_DAMAGED, "%.8s: format 0", magic);
	*ret_wire = wire;
	return RC_OK;
}

static bool
text_ok(struct span text)
{
	size_t i;

	for (i = 0; i < text.size; i++)
		if (text.data[i] < 0x20 || text.data[i] == 0x7f)
			return false;
	return text.size > 0;
}

bool
plain_object_text_ok(const char *text, size_t max)
{
	return strlen(text) <= max && text_ok(span_str(text));
}

uint8_t *
plain_object_put_text(uint8_t *p, const char *text)
{
	size_t size = strlen(text);

	return wire_put_bytes(wire_put_u16(p, (uint16_t)size), text, size);
}

void
plain_object_get_text(struct wire *wire, char *out, size_t max)
{
	size_t size = wire_u16(wire);
	struct span text = wire_span(wire, size);

	out[0] = '\0';
	if (wire->bad || size > max || !text_ok(text)) {
		wire->bad = true;
		return;
	}
	memcpy(out, text.data, size);
	out[size] = '\0';
}
