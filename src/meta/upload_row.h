/*
 * upload_row.h - rows of uploads that go on after a break (L8): how far each
 * has come, with the running digests of just these bytes.
 */
#ifndef DOZO_META_UPLOAD_ROW_H
#define DOZO_META_UPLOAD_ROW_H

#include "crypto/hash.h"
#include "meta/meta.h"

/* What becomes of the upload where the name is taken. Stored. */
enum if_exists {
	IF_EXISTS_FAIL = 0,
	IF_EXISTS_VERSION = 1, /* the former content becomes a version */
	IF_EXISTS_RENAME = 2, /* the next free name */
};

struct upload_row {
	int64_t id;
	int64_t member;
	int64_t parent; /* the folder; once done: the file that came of it */
	struct span name; /* of the file */
	struct span metadata; /* what the client said of it, as it was sent; no
				 NUL */
	bool has_size;
	uint64_t size;
	uint64_t offset;
	int64_t content; /* 0: no bytes yet, or done */
	bool done;
	struct sha256 sha256; /* of offset bytes; not where done */
	struct sha1 sha1;
	bool has_digest; /* what the whole has to be; not where done */
	uint8_t digest[SHA256_SIZE];
	bool has_mtime;
	int64_t mtime;
	enum if_exists if_exists;
	int64_t created_at; /* wall */
	int64_t expires_at; /* service time; 0: it has ended, its content is
			       being dropped */
};

/* The name has no NUL. */
enum rc upload_row_insert(
    struct op *op, struct meta *meta, const struct upload_row *row) MUST_CHECK;

/* RC_NOT_FOUND, RC_DAMAGED. Texts lie in the op's arena. */
enum rc upload_row_get(struct op *op, struct meta *meta, int64_t id,
    struct upload_row *ret_row) MUST_CHECK;

/* Writes size, offset, content, the digests' states, expires_at. RC_NOT_FOUND.
 */
enum rc upload_row_advance(
    struct op *op, struct meta *meta, const struct upload_row *row) MUST_CHECK;

/* The file node has the content: done, until expires_at. Of the row only id and
 * size are read. RC_NOT_FOUND. */
enum rc upload_row_finish(struct op *op, struct meta *meta,
    const struct upload_row *row, int64_t node, int64_t expires_at) MUST_CHECK;

/* It has ended; the row stays until its content is gone. RC_NOT_FOUND. */
enum rc upload_row_end(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc
upload_row_delete(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

/* One whose term has ended at a service time; RC_NOT_FOUND where none is. */
enum rc upload_row_due(
    struct op *op, struct meta *meta, int64_t now, int64_t *ret_id) MUST_CHECK;

#endif
