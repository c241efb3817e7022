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
	struct buf written; /* the same, as XML */
	char *langs[DEPTH_PROPERTY]; /* xml:lang above it, by depth */
};

#define XML_LANG "http://www.w3.org/XML/1998/namespace\nlang\nxml"

static const char *
lang_of(const struct xml_name *name)
{
	size_t i;

	for (i = 0; name->attributes[i] != NULL; i += 2)
		if (strcmp(name->attributes[i], XML_LANG) == 0)
			return name->attributes[i + 1];
	return NULL;
}

static enum rc
note_lang(struct op *op, struct proppatch_parser *parser, unsigned depth,
    const struct xml_name *name)
{
	const char *lang = lang_of(name);

	parser->langs[depth] = NULL;
	return lang != NULL ? op_format(op, &parser->langs[depth], "%s", lang)
			    : RC_OK;
}

/* The property's own start, which says its language itself. */
static enum rc
write_property(
    struct op *op, struct proppatch_parser *parser, const struct xml_name *name)
{
	const char *attributes[2 * XML_ATTRIBUTES_MAX + 3];
	struct xml_name extended = *name;
	const char *lang = NULL;
	size_t n;
	int i;

	for (i = DEPTH_PROP; i > 0 && lang == NULL; i--)
		lang = parser->langs[i];
	if (lang == NULL || lang_of(name) != NULL)
		return xml_write_start(op, &parser->written, name);
	for (n = 0;
	     n < 2 * (size_t)XML_ATTRIBUTES_MAX && name->attributes[n] != NULL;
	     n++)
		attributes[n] = name->attributes[n];
	attributes[n++] = XML_LANG;
	attributes[n++] = lang;
	attributes[n] = NULL;
	extended.attributes = attributes;
	return xml_write_start(op, &parser->written, &extended);
}

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
	buf_clear(&parser->written);
	return parser->remove ? RC_OK : write_property(op, parser, name);
}

static enum rc
on_start(void *arg, struct op *op, unsigned depth, const struct xml_name *name)
{
	struct proppatch_parser *parser = arg;

	if (depth == 1 && !xml_is_dav(name, "propertyupdate"))
		FAIL(op, RC_INVALID, "the body is no DAV: propertyupdate");
	if (depth < DEPTH_PROPERTY)
		TRY(note_lang(op, parser, depth, name));
	if (depth == DEPTH_WAY) {
		parser->remove = xml_is_dav(name, "remove");
		parser->way = parser->remove || xml_is_dav(name, "set");
	}
	if (depth == DEPTH_PROP)
		parser->prop = parser->way && xml_is_dav(name, "prop");
	if (depth == DEPTH_PROPERTY && parser->prop)
		return property_begin(op, parser, name);
	if (parser->inside && !parser->remove)
		return xml_write_start(op, &parser->written, name);
	return RC_OK;
}

static enum rc
on_text(void *arg, struct op *op, unsigned depth, struct span text)
{
	struct proppatch_parser *parser = arg;

	(void)depth;
	if (!parser->inside || parser->remove)
		return RC_OK;
	TRY(buf_add(op, &parser->value, text));
	return xml_write_text(op, &parser->written, text);
}

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static enum rc
property_end(struct op *op, struct proppatch_parser *parser)
{
	struct proppatch_property *property = &parser->properties[parser->n++];
	struct span value = buf_span(&parser->value);
	char *text;
	uint8_t *xml;

	while (value.size > 0 && is_blank(value.data[value.size - 1]))
		value.size--;
	while (value.size > 0 && is_blank(value.data[0]))
		value = span_of(value.data + 1, value.size - 1);
	TRY(op_format(op, &text, "%.*s", (int)value.size,
	    value.size > 0 ? (const char *)value.data : ""));
	property->value = text;
	parser->inside = false;
	/* Elements and namespaces count where they are kept. */
	parser->size += parser->written.size;
	if (parser->size > PROPPATCH_SIZE)
		FAIL(op, RC_LIMIT, "properties of more than %d bytes",
		    PROPPATCH_SIZE);
	if (parser->written.size == 0)
		return RC_OK;
	TRY(op_alloc(op, parser->written.size, &xml));
	memcpy(xml, parser->written.data, parser->written.size);
	property->xml = span_of(xml, parser->written.size);
	return RC_OK;
}

static enum rc
on_end(void *arg, struct op *op, unsigned depth, const struct xml_name *name)
{
	struct proppatch_parser *parser = arg;

	if (depth == DEPTH_PROP)
		parser->prop = false;
	if (depth == DEPTH_WAY)
		parser->way = false;
	if (!parser->inside)
		return RC_OK;
	if (!parser->remove)
		TRY(xml_write_end(op, &parser->written, name));
	return depth == DEPTH_PROPERTY ? property_end(op, parser) : RC_OK;
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
	buf_init(&parser->written, PROPPATCH_SIZE);
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
	buf_release(&parser->written);
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
