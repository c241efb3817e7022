/*
 * batch.h - many small files in one change (HTTP.md section 5): their contents
 * travel in the numbered segment as far as there is room, the others in one
 * data segment (LOG.md L8).
 */
#ifndef DOZO_CORE_BATCH_H
#define DOZO_CORE_BATCH_H

#include "core/file_put.h"
#include "core/upload.h"

enum { BATCH_FILES_MAX = 100, BATCH_SIZE_MAX = 8 << 20 };

struct batch_file {
	/* The caller's: where to, and its date; content comes by
	 * batch_end_file.
	 */
	struct file_put put;
	/*
	 * What it came to. A caller who knows already that it is refused sets
	 * rc (and why, detail) before batch_commit; it is passed over then.
	 */
	enum rc rc;
	enum tree_why why;
	const char *detail; /* in the op's arena; NULL: none */
	struct file_put_result result;

	/* batch.c's own. */
	struct put_chunk chunks[UPLOAD_PACK_CHUNKS];
};

struct batch {
	struct tenant *tenant;
	struct upload *upload;
	uint64_t size; /* of all contents so far */
	size_t inline_size; /* sealed bytes that travel in the number */
	size_t n;
	struct batch_file *files; /* BATCH_FILES_MAX, in the op's arena */
	struct put_data data; /* where in_data */
	bool in_data;
};

/* Needs batch_release. */
enum rc batch_init(
    struct op *op, struct batch *batch, struct tenant *tenant) MUST_CHECK;
void batch_release(struct batch *batch); /* also of one that is all zero */

/* The next file, zeroed; its bytes; its end. RC_LIMIT over BATCH_FILES_MAX
 * files or BATCH_SIZE_MAX bytes in all. */
enum rc batch_begin_file(struct op *op, struct batch *batch,
    struct batch_file **ret_file) MUST_CHECK;
enum rc
batch_write(struct op *op, struct batch *batch, struct span bytes) MUST_CHECK;
enum rc batch_end_file(struct op *op, struct batch *batch) MUST_CHECK;

/*
 * All of them in one change, in their order; each succeeds or is refused by
 * itself (file->rc). Otherwise as the calls of tree.h; result->unchanged: none
 * made a new state.
 */
enum rc batch_commit(
    struct op *op, struct batch *batch, struct tree_result *result) MUST_CHECK;

#endif
