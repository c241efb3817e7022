/* golden.h - the known-answer files and what is in them (golden/make.py). */
#ifndef DOZO_TESTS_GOLDEN_H
#define DOZO_TESTS_GOLDEN_H

#include "base/io.h"
#include "lib/test.h"

/* Appends a file of golden/ to buf. */
static inline void
golden_read(struct op *op, const char *name, struct buf *buf)
{
	CLEANUP(io_close) int folder = -1;

	ASSERT_OK(op, io_open_root(op, GOLDEN_DIR, &folder));
	ASSERT_OK(op, io_read_file(op, folder, name, buf));
}

#endif
