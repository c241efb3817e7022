/* xml.c - expat behind limits; entities cannot be declared. */
#include "dav/xml.h"

#include <expat.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"

struct xml {
	const struct xml_handler *handler;
	void *arg;
	struct op *op; /* of the present call */
	XML_Parser expat;
	enum rc rc; /* why parsing was stopped */
	size_t size;
	unsigned depth;
};

bool
xml_is_dav(const struct xml_name *name, const char *dav_name)
{
	return span_equal(name->namespace, span_str("DAV:")) &&
	       strcmp(name->name, dav_name) == 0;
}

enum rc
xml_name_keep(struct op *op, const struct xml_name *name,
    const char **ret_namespace, const char **ret_name)
{
	char *namespace, *local;

	TRY(op_format(op, &namespace, "%.*s", (int)name->namespace.size,
	    (const char *)name->namespace.data));
	TRY(op_format(op, &local, "%s", name->name));
	*ret_namespace = namespace;
	*ret_name = local;
	return RC_OK;
}

/* Expat may report what it had read when it was stopped: then rc is set. */
static void
noted(struct xml *xml, enum rc rc)
{
	if (rc == RC_OK)
		return;
	xml->rc = rc;
	(void)XML_StopParser(xml->expat, XML_FALSE);
}

/* Up to three parts: a namespace and a prefix may be missing. */
static struct xml_name
split(const char *text, char copy[], const char *const *attributes)
{
	const char *separator = strchr(text, XML_SEPARATOR);
	struct xml_name name = {.namespace = span_of("", 0),
	    .name = text,
	    .prefix = "",
	    .attributes = attributes};
	size_t size;

	if (separator == NULL)
		return name;
	name.namespace = span_of(text, (size_t)(separator - text));
	name.name = separator + 1;
	separator = strchr(name.name, XML_SEPARATOR);
	if (separator == NULL)
		return name;
	name.prefix = separator + 1;
	size = (size_t)(separator - name.name);
	memcpy(copy, name.name, size);
	copy[size] = '\0';
	name.name = copy;
	return name;
}

static enum rc
tell_start(struct xml *xml, const char *text, const char *const *attributes)
{
	char *copy = mem_alloc(strlen(text) + 1);
	struct xml_name name;
	enum rc rc = RC_OK;

	if (copy == NULL)
		FAIL(xml->op, RC_NO_MEMORY, "out of memory");
	name = split(text, copy, attributes);
	if (xml->handler->start != NULL)
		rc = xml->handler->start(xml->arg, xml->op, xml->depth, &name);
	mem_free(copy);
	return rc;
}

static enum rc
tell_end(struct xml *xml, const char *text)
{
	char *copy = mem_alloc(strlen(text) + 1);
	struct xml_name name;
	enum rc rc = RC_OK;

	if (copy == NULL)
		FAIL(xml->op, RC_NO_MEMORY, "out of memory");
	name = split(text, copy, NULL);
	if (xml->handler->end != NULL)
		rc = xml->handler->end(xml->arg, xml->op, xml->depth, &name);
	mem_free(copy);
	return rc;
}

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *xml = arg;

	if (xml->rc != RC_OK)
		return;
	if (++xml->depth > XML_DEPTH_MAX)
		noted(xml, op_fail(xml->op, RC_LIMIT,
			       "more than %d elements inside each other",
			       XML_DEPTH_MAX));
	else
		noted(xml,
		    tell_start(xml, name, (const char *const *)attributes));
}

static void
on_end(void *arg, const XML_Char *name)
{
	struct xml *xml = arg;

	if (xml->rc != RC_OK)
		return;
	noted(xml, tell_end(xml, name));
	xml->depth--;
}

/* Names are taken apart at line breaks (a reference may put one there). */
static void
on_namespace(void *arg, const XML_Char *prefix, const XML_Char *uri)
{
	struct xml *xml = arg;

	(void)prefix;
	if (xml->rc != RC_OK || uri == NULL)
		return;
	if (strchr(uri, XML_SEPARATOR) != NULL)
		noted(xml, op_fail(xml->op, RC_INVALID,
			       "a namespace has a line break"));
	else if (strlen(uri) > XML_NAMESPACE_MAX)
		noted(xml, op_fail(xml->op, RC_LIMIT,
			       "a namespace has more than %d bytes",
			       XML_NAMESPACE_MAX));
}

static void
on_text(void *arg, const XML_Char *text, int size)
{
	struct xml *xml = arg;

	if (xml->rc == RC_OK && xml->handler->text != NULL)
		noted(xml, xml->handler->text(xml->arg, xml->op, xml->depth,
			       span_of(text, (size_t)size)));
}

static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
    const XML_Char *public, int internal)
{
	struct xml *xml = arg;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	noted(xml, op_fail(xml->op, RC_INVALID, "a DOCTYPE is not accepted"));
}

enum rc
xml_new(struct op *op, const struct xml_handler *handler, void *arg,
    struct xml **ret_xml)
{
	static const XML_Memory_Handling_Suite memory = {
	    mem_alloc, mem_realloc, mem_free};
	static const XML_Char separator[] = {XML_SEPARATOR, 0};
	struct xml *xml = mem_alloc(sizeof(*xml));
	unsigned long salt;

	if (xml == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	xml->handler = handler;
	xml->arg = arg;
	xml->expat = XML_ParserCreate_MM(NULL, &memory, separator);
	if (xml->expat == NULL) {
		xml_free(xml);
		FAIL(op, RC_NO_MEMORY, "out of memory");
	}
	rand_id(&salt, sizeof(salt));
	(void)XML_SetHashSalt(xml->expat, salt);
	XML_SetUserData(xml->expat, xml);
	XML_SetReturnNSTriplet(xml->expat, XML_TRUE);
	XML_SetStartNamespaceDeclHandler(xml->expat, on_namespace);
	XML_SetElementHandler(xml->expat, on_start, on_end);
	XML_SetCharacterDataHandler(xml->expat, on_text);
	XML_SetStartDoctypeDeclHandler(xml->expat, on_doctype);
	*ret_xml = xml;
	return RC_OK;
}

void
xml_free(struct xml *xml)
{
	if (xml == NULL)
		return;
	if (xml->expat != NULL)
		XML_ParserFree(xml->expat);
	mem_free(xml);
}

static enum rc
parse(struct op *op, struct xml *xml, struct span bytes, bool last)
{
	enum XML_Status status;
	enum XML_Error error;

	xml->op = op;
	status = XML_Parse(
	    xml->expat, (const char *)bytes.data, (int)bytes.size, last);
	if (status == XML_STATUS_OK)
		return RC_OK;
	if (xml->rc != RC_OK)
		return xml->rc;
	error = XML_GetErrorCode(xml->expat);
	if (error == XML_ERROR_NO_MEMORY)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	FAIL(op, RC_INVALID, "the XML is malformed at line %lu: %s",
	    (unsigned long)XML_GetCurrentLineNumber(xml->expat),
	    XML_ErrorString(error));
}

enum rc
xml_feed(struct op *op, struct xml *xml, struct span bytes)
{
	if (bytes.size > XML_SIZE_MAX - xml->size)
		FAIL(
		    op, RC_LIMIT, "the XML has at most %d bytes", XML_SIZE_MAX);
	xml->size += bytes.size;
	return parse(op, xml, bytes, false);
}

enum rc
xml_end(struct op *op, struct xml *xml, bool *ret_empty)
{
	*ret_empty = xml->size == 0;
	return xml->size == 0 ? RC_OK : parse(op, xml, span_of("", 0), true);
}
