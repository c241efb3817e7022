/* propfind_body.c - the XML of a PROPFIND. */
#include "dav/propfind_body.h"

#include <string.h>

#include "base/mem.h"

struct body_parser {
	struct xml *xml;
	bool asked; /* allprop, prop or propname was seen */
	bool collecting; /* inside prop or include */
	struct propfind_body body;
	struct propfind_name *names;
	size_t names_size;
};

/* One of the three, and only one. */
static bool
asks(const struct xml_name *name, enum propfind_kind *ret_kind)
{
	if (xml_is_dav(name, "allprop"))
		*ret_kind = PROPFIND_ALLPROP;
	else if (xml_is_dav(name, "prop"))
		*ret_kind = PROPFIND_PROP;
	else if (xml_is_dav(name, "propname"))
		*ret_kind = PROPFIND_PROPNAME;
	else
		return false;
	return true;
}

static enum rc
collect(struct op *op, struct body_parser *parser, const struct xml_name *name)
{
	struct propfind_name *out = &parser->names[parser->body.n_names];

	parser->names_size += name->namespace.size + strlen(name->name);
	if (parser->body.n_names == BODY_NAMES_MAX ||
	    parser->names_size > BODY_NAMES_SIZE)
		FAIL(op, RC_LIMIT, "more than %d properties", BODY_NAMES_MAX);
	TRY(xml_name_keep(op, name, &out->namespace, &out->name));
	parser->body.n_names++;
	return RC_OK;
}

static enum rc
on_start(void *arg, struct op *op, unsigned depth, const struct xml_name *name)
{
	struct body_parser *parser = arg;
	enum propfind_kind kind;

	if (depth == 1 && !xml_is_dav(name, "propfind"))
		FAIL(op, RC_INVALID, "the body is no DAV: propfind");
	if (depth == 2 && asks(name, &kind)) {
		if (parser->asked)
			FAIL(op, RC_INVALID,
			    "allprop, prop and propname exclude each other");
		parser->asked = true;
		parser->body.kind = kind;
		parser->collecting = kind == PROPFIND_PROP;
		return RC_OK;
	}
	if (depth == 2)
		parser->collecting = xml_is_dav(name, "include");
	if (depth == 3 && parser->collecting)
		return collect(op, parser, name);
	return RC_OK;
}

static const struct xml_handler handler = {.start = on_start};

enum rc
body_parser_new(struct op *op, struct body_parser **ret_parser)
{
	struct body_parser *parser = mem_alloc(sizeof(*parser));
	enum rc rc;

	if (parser == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	parser->names = mem_alloc_array(BODY_NAMES_MAX, sizeof(*parser->names));
	if (parser->names == NULL)
		rc = op_fail(op, RC_NO_MEMORY, "out of memory");
	else
		rc = xml_new(op, &handler, parser, &parser->xml);
	if (rc != RC_OK) {
		body_parser_free(parser);
		return rc;
	}
	*ret_parser = parser;
	return RC_OK;
}

void
body_parser_free(struct body_parser *parser)
{
	if (parser == NULL)
		return;
	xml_free(parser->xml);
	mem_free(parser->names);
	mem_free(parser);
}

enum rc
body_parser_feed(struct op *op, struct body_parser *parser, struct span bytes)
{
	return xml_feed(op, parser->xml, bytes);
}

enum rc
body_parser_end(
    struct op *op, struct body_parser *parser, struct propfind_body *ret_body)
{
	struct propfind_name *names;
	size_t size;
	bool empty;

	TRY(xml_end(op, parser->xml, &empty));
	if (!empty && !parser->asked)
		FAIL(op, RC_INVALID, "the propfind asks for nothing");
	size = parser->body.n_names * sizeof(*names);
	TRY(op_alloc(op, size + 1, &names));
	memcpy(names, parser->names, size);
	parser->body.names = names;
	*ret_body = parser->body;
	return RC_OK;
}
