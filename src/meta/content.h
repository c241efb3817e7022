/*
 * content.h - rows of contents and their chunks: where the sealed bytes lie,
 * and under which key. A content never changes once it is finished; files,
 * versions and uploads name it (L15).
 */
#ifndef DOZO_META_CONTENT_H
#define DOZO_META_CONTENT_H

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "meta/meta.h"
#include "store/object.h"

/* Where a chunk's sealed frames lie. */
struct chunk_place {
	uint64_t number; /* of the numbered segment; 0: in a data segment */
	uint8_t data[OBJECT_ID_SIZE];
	uint64_t offset; /* of the first frame: in the data segment, or from the
			    numbered segment's body */
};

struct chunk {
	int64_t content;
	uint64_t start; /* in the content */
	uint32_t size; /* of the plaintext */
	uint8_t key[AEAD_KEY_SIZE]; /* open: wipe it after use */
	struct chunk_place place;
};

struct content {
	int64_t id;
	uint64_t size;
	bool finished; /* has digests */
	uint64_t made; /* the number that made it so; 0: not finished */
	bool has_sha1;
	uint8_t sha256[SHA256_SIZE];
	uint8_t sha1[SHA1_SIZE];
	uint64_t chunks;
};

/*
 * A finished content. With chunks == 1 the chunk stands in the content's own
 * row (first, start 0); with more, chunk_insert makes each. first is NULL
 * otherwise.
 */
enum rc content_insert(struct op *op, struct meta *meta,
    const struct content *content, const struct chunk *first) MUST_CHECK;

/* RC_NOT_FOUND, RC_DAMAGED. */
enum rc content_get(struct op *op, struct meta *meta, int64_t id,
    struct content *ret_content) MUST_CHECK;

/* Size, digests and count of chunks of a content whose chunks all have rows;
 * RC_NOT_FOUND. */
enum rc content_finish(
    struct op *op, struct meta *meta, const struct content *content) MUST_CHECK;

/* The row alone; its chunks are the caller's business. Sets meta->keys_gone. */
enum rc content_delete(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

/* The number that finished it, or 0; RC_NOT_FOUND. */
enum rc content_made(struct op *op, struct meta *meta, int64_t id,
    uint64_t *ret_number) MUST_CHECK;

/* Whether a content is still there that this number finished. */
enum rc content_made_in(struct op *op, struct meta *meta, uint64_t number,
    bool *ret_made) MUST_CHECK;

/* L15: whether a node, a version or an upload names it. */
enum rc content_used(
    struct op *op, struct meta *meta, int64_t id, bool *ret_used) MUST_CHECK;

/* How many of them name it, no more than limit are counted. */
enum rc content_users(struct op *op, struct meta *meta, int64_t id,
    int64_t limit, int64_t *ret_users) MUST_CHECK;

/* Takes the digests of one whose chunks are being deleted: it can be read no
 * more. */
enum rc
content_unfinish(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

/*
 * The first content after an id that is not finished and that no upload row
 * names; RC_NOT_FOUND where there is none.
 */
enum rc content_unfinished(struct op *op, struct meta *meta, int64_t after,
    int64_t *ret_id) MUST_CHECK;

/* The first content above an id (0: of all); RC_NOT_FOUND behind the last. */
enum rc content_next(struct op *op, struct meta *meta, int64_t after,
    int64_t *ret_id) MUST_CHECK;

/* The first file above an id that has this content now; RC_NOT_FOUND behind the
 * last. */
enum rc content_node(struct op *op, struct meta *meta, int64_t content,
    int64_t after, int64_t *ret_node) MUST_CHECK;

/* How many files there are, the trash's too, and their bytes. Reads every
 * file's row. */
enum rc content_totals(struct op *op, struct meta *meta, uint64_t *ret_files,
    uint64_t *ret_bytes) MUST_CHECK;

/* L15: whether a chunk lies in this data segment. */
enum rc content_data_used(struct op *op, struct meta *meta,
    const uint8_t id[OBJECT_ID_SIZE], bool *ret_used) MUST_CHECK;

/* The key is sealed under content and start, never under its place (L17). */
enum rc chunk_insert(struct op *op, struct meta *meta, int64_t content,
    const struct chunk *chunk) MUST_CHECK;

/*
 * The chunk that holds a position of a content, its key opened; RC_NOT_FOUND
 * beyond the end. The caller wipes it (chunk_wipe).
 */
enum rc chunk_find(struct op *op, struct meta *meta, int64_t content,
    uint64_t position, struct chunk *ret_chunk) MUST_CHECK;

/* For CLEANUP. */
void chunk_wipe(struct chunk *chunk);

/*
 * Up to limit chunks from a position on (whole chunks: the first is the one
 * that starts at or after from), keys not opened (zeroed). each must not list
 * again.
 */
typedef enum rc chunk_each(void *arg, struct op *op, const struct chunk *chunk);
enum rc chunk_list(struct op *op, struct meta *meta, int64_t content,
    uint64_t from, size_t limit, chunk_each *each, void *arg) MUST_CHECK;

/*
 * Every chunk that lies in one segment (place's number, or its data), its key
 * opened; it is wiped when each returns. each must not list again.
 */
enum rc chunk_list_in(struct op *op, struct meta *meta,
    const struct chunk_place *place, chunk_each *each, void *arg) MUST_CHECK;

/* Chunks that lie in numbered segments up to this one, as chunk_list_in. */
enum rc chunk_list_small(struct op *op, struct meta *meta, uint64_t number,
    size_t limit, chunk_each *each, void *arg) MUST_CHECK;

/* The chunk lies elsewhere from now on, in a data segment; *ret_moved: it did
 * lie where the caller thought. */
enum rc chunk_move(struct op *op, struct meta *meta, const struct chunk *chunk,
    const struct chunk_place *to, bool *ret_moved) MUST_CHECK;

/* Plaintext and number of the chunks in a data segment. */
enum rc content_data_live(struct op *op, struct meta *meta,
    const uint8_t id[OBJECT_ID_SIZE], uint64_t *ret_size,
    uint64_t *ret_chunks) MUST_CHECK;

/* How many chunks a content has that are rows of their own. */
enum rc chunk_count(struct op *op, struct meta *meta, int64_t content,
    uint64_t *ret_count) MUST_CHECK;

/* Sets meta->keys_gone. */
enum rc chunk_delete(struct op *op, struct meta *meta, int64_t content,
    uint64_t start) MUST_CHECK;

#endif
