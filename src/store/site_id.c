/* site_id.c - the bytes of site.id. */
#include "store/site_id.h"

#include "base/str.h"
#include "store/plain_object.h"

enum { FORMAT = 1, FIXED_SIZE = PLAIN_OBJECT_HEAD + 2 * OBJECT_ID_SIZE + 2 };

_Static_assert(
    FIXED_SIZE + SITE_ID_NAME_MAX + PLAIN_OBJECT_SUM == SITE_ID_SIZE_MAX,
    "the largest site.id");

static const char magic[] = "dozo-sid";

void
site_id_name(struct object_name *name)
{
	name->folder[0] = '\0';
	(void)str_copy(name->file, sizeof(name->file), "site.id");
}

enum rc
site_id_write(struct op *op, const struct site_id *id, struct buf *out)
{
	size_t start = out->size;
	uint8_t *p;

	if (!plain_object_text_ok(id->name, SITE_ID_NAME_MAX))
		FAIL(op, RC_INVALID, "not a site's name");
	TRY(buf_grow(op, out, FIXED_SIZE + strlen(id->name), &p));
	p = plain_object_head(p, magic, FORMAT);
	p = wire_put_bytes(p, id->service, sizeof(id->service));
	p = wire_put_bytes(p, id->id, sizeof(id->id));
	(void)plain_object_put_text(p, id->name);
	return plain_object_end(op, out, start);
}

enum rc
site_id_read(struct op *op, struct span bytes, struct site_id *ret_id)
{
	struct site_id id;
	struct wire wire;

	TRY(plain_object_open(op, bytes, magic, FORMAT, &wire));
	wire_bytes(&wire, id.service, sizeof(id.service));
	wire_bytes(&wire, id.id, sizeof(id.id));
	plain_object_get_text(&wire, id.name, SITE_ID_NAME_MAX);
	if (!wire_done(&wire))
		FAIL(op, RC_DAMAGED, "site.id is not well formed");
	*ret_id = id;
	return RC_OK;
}
