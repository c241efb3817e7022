/* needles.h - texts that must stand nowhere in the clear, and looking for them.
 */
#ifndef DOZO_EVIDENCE_NEEDLES_H
#define DOZO_EVIDENCE_NEEDLES_H

#include "base/buf.h"
#include "meta/setting.h"
#include "store/site.h"

enum { NEEDLES_MAX = 8, NEEDLE_SIZE = 64, NEEDLE_BLOCK = 256 << 10 };

struct needle {
	const char *what[2]; /* by enum lang: "the file's name" */
	size_t size;
	uint8_t bytes[NEEDLE_SIZE];
};

struct needles {
	size_t n;
	struct needle all[NEEDLES_MAX];
};

/*
 * Adds both halves of a text: the end of a database's page, or of a block that
 * is read, may tear it in two, but then one of its halves is whole. text has at
 * most 2 * NEEDLE_SIZE bytes.
 */
void needles_add(struct needles *needles, const char *what_ja,
    const char *what_en, struct span text);

/* The first of them that stands in bytes, or NULL. */
const struct needle *
needles_find(const struct needles *needles, struct span bytes);

/*
 * Reads size bytes in blocks, each through read(arg, ...), and looks into each;
 * *ret_found NULL: nothing. block has NEEDLE_BLOCK bytes.
 */
enum rc
needles_read(struct op *op, const struct needles *needles, uint64_t size,
    enum rc (*read)(
	void *arg, struct op *op, uint64_t offset, uint8_t *out, size_t size),
    void *arg, uint8_t *block, const struct needle **ret_found) MUST_CHECK;

#endif
