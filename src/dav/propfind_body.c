/* propfind_body.c - the XML of a PROPFIND, by expat with namespaces; entities
 * cannot be declared. */
#include "dav/propfind_body.h"

#include <expat.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"

/* Between namespace and name; no URI has it. */
#define SEPARATOR '\n'

struct body_parser {
	struct op *op; /* of the present call */
	XML_Parser expat;
	enum rc rc; /* why parsing was stopped */
	size_t size;
	unsigned depth;
	bool asked; /* allprop, prop or propname was seen */
	bool collecting; /* inside prop or include */
	struct propfind_body body;
	struct propfind_name *names;
	size_t names_size;
};

static void
stop(struct body_parser *parser, enum rc rc)
{
	parser->rc = rc;
	(void)XML_StopParser(parser->expat, XML_FALSE);
}

/* Whether an expat name is "DAV:" and this one. */
static bool
is_dav(const char *name, const char *local)
{
	static const char dav[] = "DAV:\n";

	return strncmp(name, dav, sizeof(dav) - 1) == 0 &&
	       strcmp(name + sizeof(dav) - 1, local) == 0;
}

/* One of the three, and only one. */
static bool
asks(const char *name, enum propfind_kind *ret_kind)
{
	if (is_dav(name, "allprop"))
		*ret_kind = PROPFIND_ALLPROP;
	else if (is_dav(name, "prop"))
		*ret_kind = PROPFIND_PROP;
	else if (is_dav(name, "propname"))
		*ret_kind = PROPFIND_PROPNAME;
	else
		return false;
	return true;
}

static enum rc
collect(struct body_parser *parser, const char *name)
{
	const char *separator = strrchr(name, SEPARATOR);
	struct propfind_name *out;
	char *copy;

	parser->names_size += strlen(name);
	if (parser->body.n_names == BODY_NAMES_MAX ||
	    parser->names_size > BODY_NAMES_SIZE)
		FAIL(parser->op, RC_LIMIT, "more than %d properties",
		    BODY_NAMES_MAX);
	out = &parser->names[parser->body.n_names];
	TRY(op_format(parser->op, &copy, "%s", name));
	if (separator == NULL) {
		out->namespace = "";
		out->name = copy;
	} else {
		copy[separator - name] = '\0';
		out->namespace = copy;
		out->name = copy + (separator - name) + 1;
	}
	parser->body.n_names++;
	return RC_OK;
}

static enum rc
element(struct body_parser *parser, const char *name)
{
	enum propfind_kind kind;

	if (parser->depth == 1 && !is_dav(name, "propfind"))
		FAIL(parser->op, RC_INVALID, "the body is no DAV: propfind");
	if (parser->depth == 2 && asks(name, &kind)) {
		if (parser->asked)
			FAIL(parser->op, RC_INVALID,
			    "allprop, prop and propname exclude each other");
		parser->asked = true;
		parser->body.kind = kind;
		parser->collecting = kind == PROPFIND_PROP;
		return RC_OK;
	}
	if (parser->depth == 2)
		parser->collecting = is_dav(name, "include");
	if (parser->depth == 3 && parser->collecting)
		return collect(parser, name);
	return RC_OK;
}

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct body_parser *parser = arg;
	enum rc rc;

	(void)attributes;
	/* Expat may report what it had read when it was stopped. */
	if (parser->rc != RC_OK)
		return;
	if (++parser->depth > BODY_DEPTH_MAX)
		rc = op_fail(parser->op, RC_LIMIT,
		    "more than %d elements inside each other", BODY_DEPTH_MAX);
	else
		rc = element(parser, name);
	if (rc != RC_OK)
		stop(parser, rc);
}

static void
on_end(void *arg, const XML_Char *name)
{
	struct body_parser *parser = arg;

	(void)name;
	parser->depth--;
}

static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
    const XML_Char *public, int internal)
{
	struct body_parser *parser = arg;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(parser,
	    op_fail(parser->op, RC_INVALID, "a DOCTYPE is not accepted"));
}

enum rc
body_parser_new(struct op *op, struct body_parser **ret_parser)
{
	static const XML_Memory_Handling_Suite memory = {
	    mem_alloc, mem_realloc, mem_free};
	static const XML_Char separator[] = {SEPARATOR, 0};
	struct body_parser *parser = mem_alloc(sizeof(*parser));
	unsigned long salt;

	if (parser == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	parser->names = mem_alloc_array(BODY_NAMES_MAX, sizeof(*parser->names));
	parser->expat = XML_ParserCreate_MM(NULL, &memory, separator);
	if (parser->names == NULL || parser->expat == NULL) {
		body_parser_free(parser);
		FAIL(op, RC_NO_MEMORY, "out of memory");
	}
	rand_id(&salt, sizeof(salt));
	(void)XML_SetHashSalt(parser->expat, salt);
	XML_SetUserData(parser->expat, parser);
	XML_SetElementHandler(parser->expat, on_start, on_end);
	XML_SetStartDoctypeDeclHandler(parser->expat, on_doctype);
	*ret_parser = parser;
	return RC_OK;
}

void
body_parser_free(struct body_parser *parser)
{
	if (parser == NULL)
		return;
	if (parser->expat != NULL)
		XML_ParserFree(parser->expat);
	mem_free(parser->names);
	mem_free(parser);
}

static enum rc
parse(struct op *op, struct body_parser *parser, struct span bytes, bool last)
{
	enum XML_Status status;
	enum XML_Error error;

	parser->op = op;
	status = XML_Parse(
	    parser->expat, (const char *)bytes.data, (int)bytes.size, last);
	if (status == XML_STATUS_OK)
		return RC_OK;
	if (parser->rc != RC_OK)
		return parser->rc;
	error = XML_GetErrorCode(parser->expat);
	if (error == XML_ERROR_NO_MEMORY)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	FAIL(op, RC_INVALID, "the XML is malformed at line %lu: %s",
	    (unsigned long)XML_GetCurrentLineNumber(parser->expat),
	    XML_ErrorString(error));
}

enum rc
body_parser_feed(struct op *op, struct body_parser *parser, struct span bytes)
{
	if (bytes.size > BODY_SIZE_MAX - parser->size)
		FAIL(op, RC_LIMIT, "a PROPFIND has at most %d bytes",
		    BODY_SIZE_MAX);
	parser->size += bytes.size;
	return parse(op, parser, bytes, false);
}

enum rc
body_parser_end(
    struct op *op, struct body_parser *parser, struct propfind_body *ret_body)
{
	struct propfind_name *names;
	size_t size;

	if (parser->size > 0) {
		TRY(parse(op, parser, span_of("", 0), true));
		if (!parser->asked)
			FAIL(op, RC_INVALID, "the propfind asks for nothing");
	}
	size = parser->body.n_names * sizeof(*names);
	TRY(op_alloc(op, size + 1, &names));
	memcpy(names, parser->names, size);
	parser->body.names = names;
	*ret_body = parser->body;
	return RC_OK;
}
