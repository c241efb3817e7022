/* fuzz_conf_edit.c - whatever a dozo.conf looks like: a line that was set is
 * found again, and one that was taken out is gone. */
#include <stdlib.h>
#include <string.h>

#include "cli/conf_edit.h"

enum { TEXT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect(enum rc rc)
{
	if (rc != RC_OK)
		abort();
}

static void
expect_same(const struct buf *a, const struct buf *b)
{
	if (a->size != b->size || memcmp(a->data, b->data, a->size) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf once = {.limit = TEXT_MAX};
	CLEANUP(buf_release) struct buf twice = {.limit = TEXT_MAX};

	if (size > TEXT_MAX / 2)
		return 0;
	op_init(&op);
	expect(buf_add(&op, &once, span_of(data, size)));
	expect(conf_edit_set(&op, &once, "site a", "url", "dir:/x"));
	expect(buf_add(&op, &twice, buf_span(&once)));
	expect(conf_edit_set(&op, &twice, "site a", "url", "dir:/x"));
	expect_same(&once, &twice);
	expect(conf_edit_drop(&op, &once, "site a"));
	return 0;
}
