/* needles.c - looking for texts in bytes. */
#include "evidence/needles.h"

#include <string.h>

static void
half_add(struct needles *needles, const char *what_ja, const char *what_en,
    struct span text)
{
	struct needle *needle = &needles->all[needles->n++];

	needle->what[LANG_JA] = what_ja;
	needle->what[LANG_EN] = what_en;
	needle->size = text.size < NEEDLE_SIZE ? text.size : NEEDLE_SIZE;
	memcpy(needle->bytes, text.data, needle->size);
}

void
needles_add(struct needles *needles, const char *what_ja, const char *what_en,
    struct span text)
{
	size_t half = text.size / 2;

	half_add(needles, what_ja, what_en, span_of(text.data, half));
	half_add(needles, what_ja, what_en,
	    span_of(text.data + half, text.size - half));
}

const struct needle *
needles_find(const struct needles *needles, struct span bytes)
{
	size_t i;

	if (bytes.size == 0)
		return NULL;
	for (i = 0; i < needles->n; i++)
		if (memmem(bytes.data, bytes.size, needles->all[i].bytes,
			needles->all[i].size) != NULL)
			return &needles->all[i];
	return NULL;
}

enum rc
needles_read(struct op *op, const struct needles *needles, uint64_t size,
    enum rc (*read)(
	void *arg, struct op *op, uint64_t offset, uint8_t *out, size_t size),
    void *arg, uint8_t *block, const struct needle **ret_found)
{
	uint64_t offset;
	size_t step;

	*ret_found = NULL;
	for (offset = 0; offset < size && *ret_found == NULL; offset += step) {
		step = size - offset < NEEDLE_BLOCK ? (size_t)(size - offset)
						    : NEEDLE_BLOCK;
		TRY(read(arg, op, offset, block, step));
		*ret_found = needles_find(needles, span_of(block, step));
	}
	return RC_OK;
}
