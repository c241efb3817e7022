/* lock_body.c - the XML of a LOCK: lockinfo with lockscope, locktype, owner. */
#include "dav/lock_body.h"

#include "base/buf.h"
#include "base/mem.h"
#include "meta/lock.h"

enum part { OTHER, SCOPE, TYPE, OWNER };

struct lock_parser {
	struct xml *xml;
	enum part part;
	unsigned scopes; /* seen */
	unsigned types;
	bool shared;
	struct buf owner;
};

static enum part
part_of(const struct xml_name *name)
{
	if (xml_is_dav(name, "lockscope"))
		return SCOPE;
	if (xml_is_dav(name, "locktype"))
		return TYPE;
	return xml_is_dav(name, "owner") ? OWNER : OTHER;
}

/* One of lockscope's or locktype's. */
static void
choose(struct lock_parser *parser, const struct xml_name *name)
{
	bool shared = xml_is_dav(name, "shared");

	if (parser->part == SCOPE &&
	    (shared || xml_is_dav(name, "exclusive"))) {
		parser->scopes++;
		parser->shared = shared;
	}
	if (parser->part == TYPE && xml_is_dav(name, "write"))
		parser->types++;
}

static enum rc
on_start(void *arg, struct op *op, unsigned depth, const struct xml_name *name)
{
	struct lock_parser *parser = arg;

	if (depth == 1 && !xml_is_dav(name, "lockinfo"))
		FAIL(op, RC_INVALID, "the body is no DAV: lockinfo");
	if (depth == 2)
		parser->part = part_of(name);
	if (depth == 3)
		choose(parser, name);
	if (depth > 2 && parser->part == OWNER)
		return xml_write_start(op, &parser->owner, name);
	return RC_OK;
}

static enum rc
on_end(void *arg, struct op *op, unsigned depth, const struct xml_name *name)
{
	struct lock_parser *parser = arg;

	if (depth > 2 && parser->part == OWNER)
		return xml_write_end(op, &parser->owner, name);
	if (depth == 2)
		parser->part = OTHER;
	return RC_OK;
}

static enum rc
on_text(void *arg, struct op *op, unsigned depth, struct span text)
{
	struct lock_parser *parser = arg;

	(void)depth;
	if (parser->part != OWNER)
		return RC_OK;
	return xml_write_text(op, &parser->owner, text);
}

static const struct xml_handler handler = {
    .start = on_start, .end = on_end, .text = on_text};

enum rc
lock_parser_new(struct op *op, struct lock_parser **ret_parser)
{
	struct lock_parser *parser = mem_alloc(sizeof(*parser));
	enum rc rc;

	if (parser == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	buf_init(&parser->owner, LOCK_OWNER_MAX);
	rc = xml_new(op, &handler, parser, &parser->xml);
	if (rc != RC_OK) {
		lock_parser_free(parser);
		return rc;
	}
	*ret_parser = parser;
	return RC_OK;
}

void
lock_parser_free(struct lock_parser *parser)
{
	if (parser == NULL)
		return;
	xml_free(parser->xml);
	buf_release(&parser->owner);
	mem_free(parser);
}

enum rc
lock_parser_feed(struct op *op, struct lock_parser *parser, struct span bytes)
{
	return xml_feed(op, parser->xml, bytes);
}

enum rc
lock_parser_end(
    struct op *op, struct lock_parser *parser, struct lock_body *ret_body)
{
	struct lock_body body = {.shared = parser->shared};
	uint8_t *owner;

	TRY(xml_end(op, parser->xml, &body.empty));
	if (!body.empty && (parser->scopes != 1 || parser->types != 1))
		FAIL(op, RC_INVALID,
		    "a lockinfo has the scope exclusive or shared, and the "
		    "type write");
	TRY(op_alloc(op, parser->owner.size + 1, &owner));
	if (parser->owner.size > 0)
		memcpy(owner, parser->owner.data, parser->owner.size);
	body.owner = span_of(owner, parser->owner.size);
	*ret_body = body;
	return RC_OK;
}
