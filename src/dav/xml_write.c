/* xml_write.c - what was read of a document, as a piece of another. */
#include <string.h>

#include "dav/xml.h"

/* NULL where a byte stands for itself; line ends are kept from being made one
 * or a blank. */
static const char *
reference(uint8_t byte, bool attribute)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':
		return "&#13;";
	case '"':
		return attribute ? "&quot;" : NULL;
	case '\n':
		return attribute ? "&#10;" : NULL;
	case '\t':
		return attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

static enum rc
write_escaped(struct op *op, struct buf *out, struct span text, bool attribute)
{
	size_t i, plain = 0;

	for (i = 0; i < text.size; i++) {
		const char *instead = reference(text.data[i], attribute);

		if (instead == NULL)
			continue;
		TRY(buf_add(op, out, span_of(text.data + plain, i - plain)));
		TRY(buf_add_str(op, out, instead));
		plain = i + 1;
	}
	return buf_add(op, out, span_of(text.data + plain, text.size - plain));
}

enum rc
xml_write_text(struct op *op, struct buf *out, struct span text)
{
	return write_escaped(op, out, text, false);
}

static enum rc
write_name(struct op *op, struct buf *out, struct span prefix, struct span name)
{
	if (prefix.size > 0) {
		TRY(buf_add(op, out, prefix));
		TRY(buf_add_str(op, out, ":"));
	}
	return buf_add(op, out, name);
}

/* xmlns:prefix="namespace"; xml needs none. */
static enum rc
declare(
    struct op *op, struct buf *out, struct span prefix, struct span namespace)
{
	if (span_equal(prefix, span_str("xml")))
		return RC_OK;
	TRY(buf_add_str(op, out, prefix.size > 0 ? " xmlns:" : " xmlns"));
	TRY(buf_add(op, out, prefix));
	TRY(buf_add_str(op, out, "=\""));
	TRY(write_escaped(op, out, namespace, true));
	return buf_add_str(op, out, "\"");
}

/* An attribute's name, as expat gives it. */
struct parts {
	struct span namespace;
	struct span name;
	struct span prefix;
};

static struct parts
parts_of(const char *text)
{
	const char *first = strchr(text, XML_SEPARATOR);
	struct parts parts = {.name = span_str(text)};
	const char *second;

	if (first == NULL)
		return parts;
	parts.namespace = span_of(text, (size_t)(first - text));
	second = strchr(first + 1, XML_SEPARATOR);
	if (second == NULL)
		return (struct parts){
		    .namespace = parts.namespace, .name = span_str(first + 1)};
	parts.name = span_of(first + 1, (size_t)(second - first - 1));
	parts.prefix = span_str(second + 1);
	return parts;
}

/* Whether the element or an attribute before i has declared the prefix: one
 * means one namespace within an element. */
static bool
is_declared(const struct xml_name *name, size_t i, struct span prefix)
{
	size_t k;

	if (span_equal(span_str(name->prefix), prefix))
		return true;
	for (k = 0; k < i; k += 2)
		if (span_equal(parts_of(name->attributes[k]).prefix, prefix))
			return true;
	return false;
}

enum rc
xml_write_start(struct op *op, struct buf *out, const struct xml_name *name)
{
	struct span prefix = span_str(name->prefix);
	size_t i;

	TRY(buf_add_str(op, out, "<"));
	TRY(write_name(op, out, prefix, span_str(name->name)));
	TRY(declare(op, out, prefix, name->namespace));
	for (i = 0; name->attributes[i] != NULL; i += 2) {
		struct parts parts = parts_of(name->attributes[i]);

		if (i == 2 * (size_t)XML_ATTRIBUTES_MAX)
			FAIL(op, RC_LIMIT, "more than %d attributes",
			    XML_ATTRIBUTES_MAX);
		if (parts.prefix.size > 0 &&
		    !is_declared(name, i, parts.prefix))
			TRY(declare(op, out, parts.prefix, parts.namespace));
		TRY(buf_add_str(op, out, " "));
		TRY(write_name(op, out, parts.prefix, parts.name));
		TRY(buf_add_str(op, out, "=\""));
		TRY(write_escaped(
		    op, out, span_str(name->attributes[i + 1]), true));
		TRY(buf_add_str(op, out, "\""));
	}
	return buf_add_str(op, out, ">");
}

enum rc
xml_write_end(struct op *op, struct buf *out, const struct xml_name *name)
{
	TRY(buf_add_str(op, out, "</"));
	TRY(write_name(op, out, span_str(name->prefix), span_str(name->name)));
	return buf_add_str(op, out, ">");
}
