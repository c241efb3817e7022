/* tree_names.c - a free name for what finds its own taken. */
#include "core/tree_names.h"

#include "base/text.h"

enum { NAMES_TRIED = 1000 };

/* Where a name's extension begins: not at its first character. */
static size_t
stem_size(struct span name)
{
	size_t i;

	for (i = name.size; i > 1; i--)
		if (name.data[i - 1] == '.')
			return i - 1;
	return name.size;
}

/* "report (2).txt"; the stem gives way where the whole would be too long. */
static enum rc
numbered_name(struct op *op, enum node_kind kind, struct span name,
    unsigned number, struct span *ret_name)
{
	size_t stem = kind == NODE_FILE ? stem_size(name) : name.size;
	struct span extension = span_of(name.data + stem, name.size - stem);
	char *text;

	for (;;) {
		TRY(op_format(op, &text, "%.*s (%u)%.*s", (int)stem,
		    (const char *)name.data, number, (int)extension.size,
		    (const char *)extension.data));
		*ret_name = span_str(text);
		if (text_utf16_units(*ret_name) <= TEXT_NAME_UNITS)
			return RC_OK;
		if (stem == 0)
			extension.size = 0;
		/* A whole character at a time. */
		do
			stem -= stem > 0;
		while (stem > 0 && (name.data[stem] & 0xC0) == 0x80);
	}
}

enum rc
name_free(struct op *op, struct tx *tx, int64_t parent, enum node_kind kind,
    struct span wanted, struct span *ret_name, uint8_t key[META_NAME_KEY_SIZE])
{
	struct span name = wanted;
	unsigned number;

	for (number = 2; number < NAMES_TRIED; number++) {
		struct node holder;
		struct span fold;
		enum rc rc;

		TRY(text_fold_key(op, name, &fold));
		node_key(tx->meta->keys, parent, fold, key);
		rc = node_find(op, tx->meta, parent, key, &holder);
		if (rc == RC_NOT_FOUND) {
			*ret_name = name;
			return RC_OK;
		}
		TRY(rc);
		TRY(numbered_name(op, kind, wanted, number, &name));
	}
	FAIL(op, RC_EXISTS, "there are too many files of this name");
}
