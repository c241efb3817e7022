/* fuzz_heads.c - what is sealed in heads, and the stamp of the clock in it. */
#include <string.h>

#include "base/buf.h"
#include "core/heads.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written, and read again the same. */
static void
again(struct op *op, const struct heads *heads)
{
	CLEANUP(heads_release) struct heads same = {0};
	CLEANUP(buf_release) struct buf bytes = {.limit = 1 << 24};
	size_t i;

	must(heads_plain_write(op, heads, &bytes) == RC_OK);
	must(heads_plain_read(op, buf_span(&bytes), &same) == RC_OK);
	must(same.n == heads->n && same.stamp.service == heads->stamp.service &&
	     same.stamp.boot == heads->stamp.boot &&
	     same.stamp.wall == heads->stamp.wall &&
	     same.stamp.synchronised == heads->stamp.synchronised &&
	     strcmp(same.stamp.boot_id, heads->stamp.boot_id) == 0);
	for (i = 0; i < same.n; i++) {
		must(heads_find(&same, heads->entries[i].tenant) ==
		     &same.entries[i]);
		must(same.entries[i].number == heads->entries[i].number);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(heads_release) struct heads heads = {0};
	CLEANUP(op_release) struct op op;
	struct clock_stamp stamp;
	char *text;

	op_init(&op);
	if (heads_plain_read(&op, span_of(data, size), &heads) == RC_OK)
		again(&op, &heads);
	op_clear_error(&op);
	must(op_format(&op, &text, "%.*s", (int)size, (const char *)data) ==
	     RC_OK);
	if (clock_stamp_parse(&op, text, &stamp) == RC_OK)
		must(
		    memchr(stamp.boot_id, '\0', sizeof(stamp.boot_id)) != NULL);
	return 0;
}
