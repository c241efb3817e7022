/* fuzz_dav_xml.c - PROPFIND bodies: whole and in pieces they come to the same,
 * and what is accepted keeps its limits. */
#include <string.h>

#include "dav/propfind_body.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum rc
parse(struct op *op, const uint8_t *data, size_t size, size_t piece,
    struct propfind_body *body)
{
	struct body_parser *parser;
	enum rc rc;
	size_t at;

	must(body_parser_new(op, &parser) == RC_OK);
	rc = RC_OK;
	for (at = 0; at < size && rc == RC_OK; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		rc = body_parser_feed(op, parser, span_of(data + at, n));
	}
	if (rc == RC_OK)
		rc = body_parser_end(op, parser, body);
	body_parser_free(parser);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct propfind_body whole, pieces;
	enum rc rc;
	struct op op;
	size_t i;

	op_init(&op);
	rc = parse(&op, data, size, size + 1, &whole);
	must(rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT);
	op_clear_error(&op);
	must((parse(&op, data, size, 7, &pieces) == RC_OK) == (rc == RC_OK));
	if (rc == RC_OK) {
		must(whole.kind == pieces.kind);
		must(whole.n_names == pieces.n_names);
		must(whole.n_names <= BODY_NAMES_MAX);
		for (i = 0; i < whole.n_names; i++) {
			must(strcmp(whole.names[i].name,
				 pieces.names[i].name) == 0);
			must(strcmp(whole.names[i].namespace,
				 pieces.names[i].namespace) == 0);
			must(strpbrk(whole.names[i].name, "<>&\"'\n ") == NULL);
			must(whole.names[i].name[0] != '\0');
		}
		must(memmem(data, size, "<!DOCTYPE", 9) == NULL ||
		     memmem(data, size, "<!--", 4) != NULL ||
		     memmem(data, size, "<![CDATA[", 9) != NULL ||
		     memmem(data, size, "<?", 2) != NULL);
	}
	op_release(&op);
	return 0;
}
