/*
 * content.h - a file's content as an answer to GET and HEAD: conditions, one
 * range or several, its digest, and headers by which no browser runs it.
 */
#ifndef DOZO_DOOR_CONTENT_H
#define DOZO_DOOR_CONTENT_H

#include "core/download.h"
#include "door/digest.h"
#include "door/door.h"

/* What is served: a file as it is, or a former state of one. */
struct door_content {
	char etag[DOOR_ETAG_SIZE]; /* as a header has it */
	int64_t mtime;
	struct span name; /* borrowed until the answer: type, disposition */
	struct content content;
	struct download *download; /* open already where that is likely */
};

/*
 * Reads a content's row in a read of meta, and its first piece where the
 * request wants that; etag, mtime and name are the caller's to fill in, who has
 * asked access_node. Release with door_content_release. RC_NOT_FOUND.
 */
enum rc door_content_read(struct http_request *req, struct tenant *tenant,
    struct meta *meta, int64_t content,
    struct door_content *ret_content) MUST_CHECK;

/* The same of what a node of kind NODE_FILE has now, all fields filled in. */
enum rc door_content_read_file(struct http_request *req, struct tenant *tenant,
    struct meta *meta, const struct node *file,
    struct door_content *ret_content) MUST_CHECK;

void door_content_release(struct door_content *content);

/*
 * Answers GET or HEAD, outside of any read: 200, 206 (multipart/byteranges for
 * several ranges), 304, 412 or 416. Several ranges that are together longer
 * than the content are answered by the whole of it.
 */
enum rc door_content_answer(struct http_request *req, struct tenant *tenant,
    struct door_content *content) MUST_CHECK;

/*
 * Of a content that is sent to become a file: what its Content-Digest and
 * Repr-Digest ask for. RC_INVALID also for a part of a file, and for codings.
 */
enum rc door_content_expect(
    struct http_request *req, struct digests *digests) MUST_CHECK;

#endif
