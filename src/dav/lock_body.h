/* lock_body.h - what a LOCK wants: its XML, parsed while it arrives. */
#ifndef DOZO_DAV_LOCK_BODY_H
#define DOZO_DAV_LOCK_BODY_H

#include "dav/xml.h"

/* Results live in the op's arena. */
struct lock_body {
	bool empty; /* no body: a refresh */
	bool shared;
	struct span owner; /* what stands inside the owner element, or empty */
};

struct lock_parser;

/* Free with lock_parser_free. RC_NO_MEMORY. */
enum rc
lock_parser_new(struct op *op, struct lock_parser **ret_parser) MUST_CHECK;
void lock_parser_free(struct lock_parser *parser); /* accepts NULL */

/* As xml_feed; RC_LIMIT also where the owner is over LOCK_OWNER_MAX. */
enum rc lock_parser_feed(
    struct op *op, struct lock_parser *parser, struct span bytes) MUST_CHECK;

/* After the last byte. RC_INVALID without one scope and the type write. */
enum rc lock_parser_end(struct op *op, struct lock_parser *parser,
    struct lock_body *ret_body) MUST_CHECK;

#endif
