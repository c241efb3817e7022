/* fuzz_tus_headers.c - Upload-Metadata and Upload-Checksum; the first byte
 * chooses which. */
#include <string.h>

#include "core/resumable.h"
#include "must.h"
#include "tus/checksum.h"
#include "tus/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ends_with_nul(struct span text)
{
	must(text.data == NULL || text.data[text.size] == '\0');
}

static void
metadata(struct op *op, const char *text)
{
	struct metadata m;

	if (metadata_parse(op, text, &m) != RC_OK)
		return;
	must(m.all.size <= RESUMABLE_METADATA_MAX);
	must(m.parent.size + m.name.size < m.all.size || m.all.size == 0);
	must(m.taken >= TREE_TAKEN_FAIL && m.taken <= TREE_TAKEN_RENAME);
	ends_with_nul(m.parent);
	ends_with_nul(m.name);
}

static void
checksum(struct op *op, const char *text)
{
	struct checksum c;

	if (checksum_parse(op, text, &c) != RC_OK)
		return;
	must(c.wanted);
	checksum_update(&c, span_str(text));
	(void)checksum_holds(&c);
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
		metadata(&op, text);
	else
		checksum(&op, text);
	op_release(&op);
	return 0;
}
