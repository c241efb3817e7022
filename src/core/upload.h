/*
 * upload.h - a content on its way in: sealed frame by frame as it arrives and
 * written to all sites at once (LOG.md L8, L27). Holds at most 1 MiB of memory.
 */
#ifndef DOZO_CORE_UPLOAD_H
#define DOZO_CORE_UPLOAD_H

#include "core/file_put.h"
#include "core/tenant.h"

struct upload;

/* What stands on the sites, or is to travel in a numbered segment, and is named
 * by no change yet. Lives until the upload goes on. */
struct upload_part {
	size_t n_chunks; /* 0: nothing came */
	const struct put_chunk *chunks;
	const struct put_data *data; /* the segment they lie in; NULL: inline */
	/* All of the content up to the part's end. */
	uint64_t end;
	const struct sha256 *sha256;
	const struct sha1 *sha1; /* where it is wanted */
};

/* A content that is there up to a place already, and who names its parts (L8):
 * name commits a change with the part's chunks and its data segment. */
struct upload_from {
	uint64_t start;
	struct sha256 sha256;
	struct sha1 sha1;
	enum rc (*name)(
	    struct op *op, void *arg, const struct upload_part *part);
	void *arg;
};

/* Begins one; nothing is written yet. Free with upload_free. sha1: that digest
 * is wanted too. Its parts are an upload session's. */
enum rc upload_open(struct op *op, struct tenant *tenant, bool sha1,
    struct upload **ret_upload) MUST_CHECK;

/* The same for a content that goes on, with both digests. */
enum rc upload_open_from(struct op *op, struct tenant *tenant,
    const struct upload_from *from, struct upload **ret_upload) MUST_CHECK;

/*
 * Takes the next bytes. May wait for the sites (3 s at most for a slow one,
 * which is then left behind). RC_NOT_STORED where too few sites take the data,
 * RC_NO_SPACE below the reserve (L14), RC_LIMIT beyond 8 EiB. After a failure
 * only upload_free.
 */
enum rc upload_write(
    struct op *op, struct upload *upload, struct span bytes) MUST_CHECK;

/*
 * Ends the content: its last bytes are on the sites. *ret_content describes it
 * for file_put and points into the upload, which must outlive the change.
 */
enum rc upload_end(struct op *op, struct upload *upload,
    struct put_content *ret_content) MUST_CHECK;

/* Ends it where whoever opened it names the last part too: what from's name was
 * not given. Only upload_free after it. */
enum rc upload_last_part(struct op *op, struct upload *upload,
    struct upload_part *ret_part) MUST_CHECK;

/*
 * For many small contents: ends one, so that the next byte is another's first.
 * Its bytes travel in the numbered segment where it has CHANGE_INLINE_MAX at
 * most and may_inline (the sealed ones lie in the upload until the next call),
 * else in a data segment that all share. out has the chunks, *ret_content
 * points at them; their data is not said before upload_pack_end. RC_LIMIT over
 * UPLOAD_PACK_CHUNKS chunks.
 */
enum { UPLOAD_PACK_CHUNKS = 4 };
enum rc upload_pack(struct op *op, struct upload *upload, bool may_inline,
    struct put_chunk out[UPLOAD_PACK_CHUNKS],
    struct put_content *ret_content) MUST_CHECK;

/* Where something went into the data segment: it stands on the sites. */
enum rc upload_pack_end(
    struct op *op, struct upload *upload, struct put_data *ret_data) MUST_CHECK;

/* Digests of what came so far: for Content-Digest and its like. */
void upload_sha256(const struct upload *upload, uint8_t out[SHA256_SIZE]);
/* Only where upload_open was asked for it. */
void upload_sha1(const struct upload *upload, uint8_t out[SHA1_SIZE]);

/* Bytes of the content so far. */
uint64_t upload_size(const struct upload *upload);

/* Whatever no change has named is left to the sweep of orphans (L8). Accepts
 * NULL. */
void upload_free(struct upload *upload);

#endif
