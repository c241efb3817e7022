/* proppatch_body.h - what a PROPPATCH wants changed: its XML, parsed while it
 * arrives. */
#ifndef DOZO_DAV_PROPPATCH_BODY_H
#define DOZO_DAV_PROPPATCH_BODY_H

#include "dav/xml.h"

enum { PROPPATCH_MAX = 256, PROPPATCH_SIZE = 64 << 10 };

struct proppatch_property {
	bool remove;
	const char *namespace; /* "" for none */
	const char *name;
	const char *value; /* its text, that of elements in it too, without
			      blanks around; "" of a removal */
	struct span xml; /* the whole element (xml_write.c), with the xml:lang
			    that it stands in; empty of a removal */
};

/* In the document's order; results live in the op's arena. */
struct proppatch_body {
	size_t n;
	const struct proppatch_property *properties;
};

struct proppatch_parser;

/* Free with proppatch_parser_free. RC_NO_MEMORY. */
enum rc proppatch_parser_new(
    struct op *op, struct proppatch_parser **ret_parser) MUST_CHECK;
void proppatch_parser_free(struct proppatch_parser *parser); /* accepts NULL */

/* As xml_feed; RC_LIMIT also for too many properties, or too much text. */
enum rc proppatch_parser_feed(struct op *op, struct proppatch_parser *parser,
    struct span bytes) MUST_CHECK;

/* After the last byte. RC_INVALID where nothing is to be changed. */
enum rc proppatch_parser_end(struct op *op, struct proppatch_parser *parser,
    struct proppatch_body *ret_body) MUST_CHECK;

#endif
