/* propfind_body.h - what a PROPFIND asks for: its XML, parsed while it arrives.
 */
#ifndef DOZO_DAV_PROPFIND_BODY_H
#define DOZO_DAV_PROPFIND_BODY_H

#include "dav/xml.h"

enum { BODY_NAMES_MAX = 256, BODY_NAMES_SIZE = 32 << 10 };

enum propfind_kind {
	PROPFIND_ALLPROP, /* also without a body; names then are those of
			     <include> */
	PROPFIND_PROP,
	PROPFIND_PROPNAME,
};

struct propfind_name {
	const char *namespace; /* "" for none */
	const char *name;
};

/* Results live in the op's arena. */
struct propfind_body {
	enum propfind_kind kind;
	size_t n_names;
	const struct propfind_name *names;
};

struct body_parser;

/* Free with body_parser_free. RC_NO_MEMORY. */
enum rc
body_parser_new(struct op *op, struct body_parser **ret_parser) MUST_CHECK;
void body_parser_free(struct body_parser *parser); /* accepts NULL */

/*
 * RC_INVALID: not well-formed, a DOCTYPE, or no propfind; RC_LIMIT: too deep,
 * too many names. After a failure only body_parser_free.
 */
enum rc body_parser_feed(
    struct op *op, struct body_parser *parser, struct span bytes) MUST_CHECK;

/* After the last byte. No bytes at all are an allprop. */
enum rc body_parser_end(struct op *op, struct body_parser *parser,
    struct propfind_body *ret_body) MUST_CHECK;

#endif
