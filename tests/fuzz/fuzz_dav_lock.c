/* fuzz_dav_lock.c - Lock-Token headers, and the XML of LOCK, whose owner comes
 * back as well-formed XML; the first byte chooses which. */
#include <string.h>

#include "dav/lock_body.h"
#include "dav/token.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
token(struct op *op, const char *text)
{
	uint8_t bytes[LOCK_TOKEN_SIZE], again[LOCK_TOKEN_SIZE];
	char written[TOKEN_TEXT_SIZE];
	bool ours;

	if (token_header(op, text, &ours, bytes) != RC_OK || !ours)
		return;
	token_text(bytes, written);
	must(token_parse(op, span_str(written), again));
	must(memcmp(bytes, again, LOCK_TOKEN_SIZE) == 0);
}

static enum rc
parse(struct op *op, struct span text, struct lock_body *body)
{
	struct lock_parser *parser;
	enum rc rc;

	must(lock_parser_new(op, &parser) == RC_OK);
	rc = lock_parser_feed(op, parser, text);
	if (rc == RC_OK)
		rc = lock_parser_end(op, parser, body);
	lock_parser_free(parser);
	return rc;
}

/* What was read of an owner reads the same again. */
static void
lockinfo(struct op *op, struct span text)
{
	static const char head[] =
	    "<d:lockinfo xmlns:d=\"DAV:\"><d:lockscope><d:shared/>"
	    "</d:lockscope><d:locktype><d:write/></d:locktype><d:owner>";
	static const char tail[] = "</d:owner></d:lockinfo>";
	struct buf again = {.limit = 1 << 20};
	struct lock_body body, second;
	enum rc rc = parse(op, text, &body);

	must(rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT);
	if (rc != RC_OK || body.empty)
		return;
	must(body.owner.size <= LOCK_OWNER_MAX);
	must(buf_add_str(op, &again, head) == RC_OK);
	must(buf_add(op, &again, body.owner) == RC_OK);
	must(buf_add_str(op, &again, tail) == RC_OK);
	must(parse(op, buf_span(&again), &second) == RC_OK);
	must(span_equal(body.owner, second.owner));
	buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct op op;
	char *text;

	if (size == 0)
		return 0;
	op_init(&op);
	must(op_alloc(&op, size, &text) == RC_OK);
	memcpy(text, data + 1, size - 1);
	if (data[0] % 2 == 0)
		token(&op, text);
	else
		lockinfo(&op, span_of(text, size - 1));
	op_release(&op);
	return 0;
}
