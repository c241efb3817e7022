/* proppatch_body.c - the XML of a PROPPATCH: propertyupdate, set or remove,
 * prop, the property. */
#include "dav/proppatch_body.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { DEPTH_WAY = 2, DEPTH_PROP = 3, DEPTH_PROPERTY = 4 };

struct proppatch_parser {
	struct xml *xml;
	bool way; /* inside set or remove */
	bool remove;
	bool prop; /* inside their prop */
	bool inside; /* a property */
	size_t n;
	size_t size; /* of names and values */
	struct proppatch_property *properties;
	struct buf value; /* of the property that is being read */
};

static enum rc
property_begin(
    struct op *op, struct proppatch_parser *parser, const struct xml_name *name)
{
	struct proppatch_property *out = &parser->properties[parser->n];

	parser->size += name->namespace.size + strlen(name->name);
	if (parser->n == PROPPATCH_MAX || parser->size > PROPPATCH_SIZE)
		FAIL(op, RC_LIMIT, "more than %d properties", PROPPATCH_MAX);
	*out =
	    (struct proppatch_property){.remove = parser->remove, .value = ""};
	TRY(xml_name_keep(op, name, &out->namespace, &out->name));
	parser->inside = true;
	buf_clear(&parser->value);
	return RC_OK;
}

static enum rc
on_start(void *arg, struct op *op, unsigned depth, const struct xml_name *name)
{
	struct proppatch_parser *parser = arg;

	if (depth == 1 && !xml_is_dav(name, "propertyupdate"))
		FAIL(op, RC_INVALID, "the body is no DAV: propertyupdate");
	if (depth == DEPTH_WAY) {
		parser->remove = xml_is_dav(name, "remove");
		parser->way = parser->remove || xml_is_dav(name, "set");
	}
	if (depth == DEPTH_PROP)
		parser->prop = parser->way && xml_is_dav(name, "prop");
	if (depth == DEPTH_PROPERTY && parser->prop)
		return property_begin(op, parser, name);
	return RC_OK;
}

static enum rc
on_text(void *arg, struct op *op, unsigned depth, struct span text)
{
	struct proppatch_parser *parser = arg;

	(void)depth;
	if (!parser->inside || parser->remove)
		return RC_OK;
	parser->size += text.size;
	if (parser->size > PROPPATCH_SIZE)
		FAIL(op, RC_LIMIT, "properties of more than %d bytes",
		    PROPPATCH_SIZE);
	return buf_add(op, &parser->value, text);
}

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static enum rc
on_end(void *arg, struct op *op, unsigned depth, const struct xml_name *name)
{
	struct proppatch_parser *parser = arg;
	struct span value = buf_span(&parser->value);
	char *text;

	(void)name;
	if (depth == DEPTH_PROP)
		parser->prop = false;
	if (depth == DEPTH_WAY)
		parser->way = false;
	if (depth != DEPTH_PROPERTY || !parser->inside)
		return RC_OK;
	while (value.size > 0 && is_blank(value.data[value.size - 1]))
		value.size--;
	while (value.size > 0 && is_blank(value.data[0]))
		value = span_of(value.data + 1, value.size - 1);
	TRY(op_format(op, &text, "%.*s", (int)value.size,
	    value.size > 0 ? (const char *)value.data : ""));
	parser->properties[parser->n++].value = text;
	parser->inside = false;
	return RC_OK;
}

static const struct xml_handler handler = {
    .start = on_start, .end = on_end, .text = on_text};

enum rc
proppatch_parser_new(struct op *op, struct proppatch_parser **ret_parser)
{
	struct proppatch_parser *parser = mem_alloc(sizeof(*parser));
	enum rc rc;

	if (parser == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	buf_init(&parser->value, PROPPATCH_SIZE);
	parser->properties =
	    mem_alloc_array(PROPPATCH_MAX, sizeof(*parser->properties));
	if (parser->properties == NULL)
		rc = op_fail(op, RC_NO_MEMORY, "out of memory");
	else
		rc = xml_new(op, &handler, parser, &parser->xml);
	if (rc != RC_OK) {
		proppatch_parser_free(parser);
		return rc;
	}
	*ret_parser = parser;
	return RC_OK;
}

void
proppatch_parser_free(struct proppatch_parser *parser)
{
	if (parser == NULL)
		return;
	xml_free(parser->xml);
	buf_release(&parser->value);
	mem_free(parser->properties);
	mem_free(parser);
}

enum rc
proppatch_parser_feed(
    struct op *op, struct proppatch_parser *parser, struct span bytes)
{
	return xml_feed(op, parser->xml, bytes);
}

enum rc
proppatch_parser_end(struct op *op, struct proppatch_parser *parser,
    struct proppatch_body *ret_body)
{
	struct proppatch_property *properties;
	size_t size = parser->n * sizeof(*properties);
	bool empty;

	TRY(xml_end(op, parser->xml, &empty));
	if (empty || parser->n == 0)
		FAIL(op, RC_INVALID, "the propertyupdate changes nothing");
	TRY(op_alloc(op, size, &properties));
	memcpy(properties, parser->properties, size);
	*ret_body = (struct proppatch_body){parser->n, properties};
	return RC_OK;
}
