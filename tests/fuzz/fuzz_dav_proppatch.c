/* fuzz_dav_proppatch.c - PROPPATCH bodies: whole and in pieces they come to the
 * same, and what is accepted keeps its limits. */
#include <string.h>

#include "dav/proppatch_body.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum rc
parse(struct op *op, const uint8_t *data, size_t size, size_t piece,
    struct proppatch_body *body)
{
	struct proppatch_parser *parser;
	enum rc rc = RC_OK;
	size_t at;

	must(proppatch_parser_new(op, &parser) == RC_OK);
	for (at = 0; at < size && rc == RC_OK; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		rc = proppatch_parser_feed(op, parser, span_of(data + at, n));
	}
	if (rc == RC_OK)
		rc = proppatch_parser_end(op, parser, body);
	proppatch_parser_free(parser);
	return rc;
}

static void
compare(const struct proppatch_property *a, const struct proppatch_property *b)
{
	must(a->remove == b->remove);
	must(strcmp(a->namespace, b->namespace) == 0);
	must(strcmp(a->name, b->name) == 0);
	must(strcmp(a->value, b->value) == 0);
	must(!a->remove || a->value[0] == '\0');
	must(a->name[0] != '\0' && strpbrk(a->name, "<>&\"'\n ") == NULL);
	must(strlen(a->value) <= PROPPATCH_SIZE);
}

/* What was kept of a property reads the same again, wherever it stands. */
static void
read_again(struct op *op, const struct proppatch_property *property)
{
	static const char head[] =
	    "<d:propertyupdate xmlns:d=\"DAV:\"><d:set><d:prop>";
	static const char tail[] = "</d:prop></d:set></d:propertyupdate>";
	struct buf text = {.limit = 1 << 20};
	struct proppatch_body body;

	if (property->remove)
		return;
	must(buf_add_str(op, &text, head) == RC_OK);
	must(buf_add(op, &text, property->xml) == RC_OK);
	must(buf_add_str(op, &text, tail) == RC_OK);
	must(parse(op, text.data, text.size, text.size, &body) == RC_OK);
	must(body.n == 1);
	must(span_equal(body.properties[0].xml, property->xml));
	must(strcmp(body.properties[0].namespace, property->namespace) == 0);
	must(strcmp(body.properties[0].value, property->value) == 0);
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proppatch_body whole, pieces;
	struct op op;
	enum rc rc;
	size_t i;

	op_init(&op);
	rc = parse(&op, data, size, size + 1, &whole);
	must(rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT);
	op_clear_error(&op);
	must((parse(&op, data, size, 7, &pieces) == RC_OK) == (rc == RC_OK));
	if (rc == RC_OK) {
		must(whole.n == pieces.n);
		must(whole.n > 0 && whole.n <= PROPPATCH_MAX);
		for (i = 0; i < whole.n; i++)
			compare(&whole.properties[i], &pieces.properties[i]);
		for (i = 0; i < whole.n; i++)
			read_again(&op, &whole.properties[i]);
	}
	op_release(&op);
	return 0;
}
