/* fuzz_dav_if.c - If headers: what is accepted keeps its limits, and every
 * condition is one that the text has. */
#include <string.h>

#include "dav/if_header.h"
#include "dav/token.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum rc
resource(void *arg, struct op *op, struct span uri, struct if_list *list)
{
	size_t *n = arg;

	(void)op;
	++*n;
	must(uri.size > 0 && memchr(uri.data, '>', uri.size) == NULL);
	list->elsewhere = uri.data[0] != '/';
	return RC_OK;
}

static void
check_condition(const struct if_condition *c)
{
	char text[TOKEN_TEXT_SIZE];
	uint8_t again[LOCK_TOKEN_SIZE];
	struct op op;

	if (c->kind == IF_TOKEN) {
		op_init(&op);
		token_text(c->token, text);
		must(token_parse(&op, span_str(text), again));
		must(memcmp(again, c->token, LOCK_TOKEN_SIZE) == 0);
		op_release(&op);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span own[] = {{(const uint8_t *)"own", 3}};
	size_t tags = 0, conditions = 0, i, k;
	const struct if_reader reader = {
	    .resource = resource, .arg = &tags, .names = own, .n_names = 1};
	const struct if_lists *lists;
	struct op op;
	char *text;
	enum rc rc;

	op_init(&op);
	must(op_alloc(&op, size + 1, &text) == RC_OK);
	memcpy(text, data, size);
	rc = if_header_parse(&op, text, &reader, &lists);
	must(rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT);
	if (rc == RC_OK) {
		must(lists->n > 0 && lists->n <= IF_LISTS_MAX);
		must(tags <= lists->n);
		for (i = 0; i < lists->n; i++) {
			const struct if_list *list = &lists->lists[i];

			must(list->n > 0);
			conditions += list->n;
			for (k = 0; k < list->n; k++)
				check_condition(&list->conditions[k]);
		}
		must(conditions <= IF_CONDITIONS_MAX);
		must(strlen(text) >= 2 * lists->n + 3 * conditions);
	}
	op_release(&op);
	return 0;
}
