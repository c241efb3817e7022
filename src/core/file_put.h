/*
 * file_put.h - the change that makes an uploaded content current: a new file,
 * or a new state of one that is there, whose former content becomes a version.
 */
#ifndef DOZO_CORE_FILE_PUT_H
#define DOZO_CORE_FILE_PUT_H

#include "core/tree.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "meta/content.h"

enum { FILE_PUT_CHUNKS_MAX = 512, FILE_PUT_DATA_MAX = 64 };

/* A chunk with its key in the open: the caller wipes it when the call has
 * returned. */
struct put_chunk {
	uint64_t start; /* in the content, ascending without gaps */
	uint32_t size; /* of the plaintext */
	uint8_t key[AEAD_KEY_SIZE];
	struct span sealed; /* travels in the numbered segment; no data: it
			       stands in a data segment */
	uint8_t data[OBJECT_ID_SIZE];
	uint64_t offset; /* of its first frame there */
};

struct put_content {
	/*
	 * 0: the content's row and chunks are made by this change. Else the row
	 * of an upload session, whose chunks have rows already; this change
	 * finishes it, or, where the file has these bytes, leaves it to the
	 * session's end.
	 */
	int64_t session;
	uint64_t session_chunks;
	uint64_t size;
	uint8_t sha256[SHA256_SIZE];
	bool has_sha1;
	uint8_t sha1[SHA1_SIZE];
	size_t n_chunks;
	const struct put_chunk *chunks;
	size_t n_data;
	const struct put_data *data;
};

struct file_put {
	int64_t node; /* a file that is there; 0: to */
	struct tree_target to;
	struct put_content content;
	bool has_mtime;
	int64_t mtime;
	struct precondition precondition;
};

struct file_put_result {
	struct tree_result tree;
	/*
	 * tree.unchanged, or same and a new date: the bytes were not taken; the
	 * data segments of content.data are not named by the log and may be
	 * deleted.
	 */
	bool not_taken;
	int64_t version; /* row that keeps the former content, or 0 */
};

/*
 * As the calls of tree.h. An upload of the very bytes that the file has makes
 * no version; without a new date no new ETag either (L23). RC_CONFLICT with
 * TREE_WHY_KIND over a folder.
 */
enum rc file_put(struct op *op, struct tenant *tenant,
    const struct file_put *put, struct file_put_result *result) MUST_CHECK;

/* A file_put that nobody waits for. */
struct file_put_task {
	/* Called once with the outcome, by any thread. */
	void (*done)(struct file_put_task *task, enum rc rc);
	const struct file_put *put;
	struct file_put_result *result;

	/* file_put.c's own. */
	struct change change;
};

/*
 * The same, without waiting: task->done is called, perhaps before this returns.
 * Until then op and what the task names belong to the committer.
 */
void file_put_submit(
    struct op *op, struct tenant *tenant, struct file_put_task *task);

/*
 * The same inside a change of the caller's (an upload session's last one);
 * asker is who wants it. The caller's change has inline_size set as
 * file_put_inline_size says.
 */
enum rc file_put_run(struct op *op, struct tx *tx, const struct op *asker,
    const struct file_put *put, struct file_put_result *result) MUST_CHECK;

/* A chunk as its row has it: its sealed bytes are in this segment from now on,
 * or in a data segment. The caller wipes it (chunk_wipe). */
enum rc file_put_chunk(struct op *op, struct tx *tx,
    const struct put_chunk *put, struct chunk *ret_chunk) MUST_CHECK;

/* Sealed bytes that travel in the numbered segment. */
size_t file_put_inline_size(const struct put_content *content);

#endif
