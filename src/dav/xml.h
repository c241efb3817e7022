/*
 * xml.h - a request's XML, parsed while it arrives: expat with namespaces, a
 * DOCTYPE refused at once (W4), size and depth with limits. What the elements
 * mean is the user's.
 */
#ifndef DOZO_DAV_XML_H
#define DOZO_DAV_XML_H

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"

enum {
	XML_SIZE_MAX = 256 << 10,
	XML_DEPTH_MAX = 32,
	XML_NAMESPACE_MAX = 1024, /* bytes of a namespace's name */
	XML_ATTRIBUTES_MAX = 64, /* of an element that is kept */
};

struct xml_name {
	struct span namespace; /* "" for none */
	const char *name;
	const char *prefix; /* as the document has it; "" for none */
	/* Of a start: expat's, names and values by turns, NULL at the end. */
	const char *const *attributes;
};

/*
 * What is called for elements and text, with arg; the depth of the outermost
 * element is 1. Names are valid during the call only. Any of them may be NULL;
 * a failure ends the parsing and is what xml_feed or xml_end return.
 */
struct xml_handler {
	enum rc (*start)(void *arg, struct op *op, unsigned depth,
	    const struct xml_name *name);
	enum rc (*end)(void *arg, struct op *op, unsigned depth,
	    const struct xml_name *name);
	/* Comes in pieces. depth: of the element that it is in. */
	enum rc (*text)(
	    void *arg, struct op *op, unsigned depth, struct span text);
};

struct xml;

/* handler and arg are borrowed. Free with xml_free. RC_NO_MEMORY. */
enum rc xml_new(struct op *op, const struct xml_handler *handler, void *arg,
    struct xml **ret_xml) MUST_CHECK;
void xml_free(struct xml *xml); /* accepts NULL */

/* RC_INVALID: not well-formed, or a DOCTYPE; RC_LIMIT. After a failure only
 * xml_free. */
enum rc xml_feed(struct op *op, struct xml *xml, struct span bytes) MUST_CHECK;

/* After the last byte. *ret_empty: there was none, and nothing was called. */
enum rc xml_end(struct op *op, struct xml *xml, bool *ret_empty) MUST_CHECK;

/* Whether it is "DAV:" and this name. */
bool xml_is_dav(const struct xml_name *name, const char *dav_name);

/*
 * What is read, written down again (xml_write.c): a piece that means the same
 * wherever it is put, for each element declares what it uses. Prefixes,
 * attributes and text stay as they are; comments go. RC_LIMIT of out.
 */
enum rc xml_write_start(
    struct op *op, struct buf *out, const struct xml_name *name) MUST_CHECK;
enum rc xml_write_end(
    struct op *op, struct buf *out, const struct xml_name *name) MUST_CHECK;
enum rc
xml_write_text(struct op *op, struct buf *out, struct span text) MUST_CHECK;

/* Between a name's namespace, itself and its prefix, as expat gives it. */
#define XML_SEPARATOR '\n'

/* A copy in the op's arena, the namespace as text. */
enum rc xml_name_keep(struct op *op, const struct xml_name *name,
    const char **ret_namespace, const char **ret_name) MUST_CHECK;

#endif
