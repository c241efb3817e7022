/* multipart.h - a multipart body (RFC 2046), parsed while it arrives. */
#ifndef DOZO_HTTP_MULTIPART_H
#define DOZO_HTTP_MULTIPART_H

#include "base/buf.h"

enum {
	MULTIPART_BOUNDARY_MAX = 70,
	MULTIPART_HEAD_MAX = 8 << 10, /* of one part */
	MULTIPART_PARTS_MAX = 1000,
};

/* What is called with arg; texts and bytes are valid during the call only. A
 * failure ends the parsing and is what multipart_feed returns. */
struct multipart_handler {
	enum rc (*begin)(void *arg, struct op *op);
	/* name and value end with NUL; blanks around the value are gone. */
	enum rc (*header)(
	    void *arg, struct op *op, const char *name, const char *value);
	enum rc (*head_end)(void *arg, struct op *op);
	enum rc (*data)(void *arg, struct op *op, struct span bytes);
	enum rc (*end)(void *arg, struct op *op);
};

struct multipart {
	const struct multipart_handler *handler;
	void *arg;
	int state;
	char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* CR LF "--" boundary */
	size_t delimiter_size;
	struct buf pending;
	size_t head_size;
	size_t n_parts;
};

/*
 * content_type: of the request; its boundary. RC_INVALID where it is not
 * multipart, or without a good boundary. Needs multipart_release.
 */
enum rc multipart_init(struct op *op, struct multipart *multipart,
    const char *content_type, const struct multipart_handler *handler,
    void *arg) MUST_CHECK;
void multipart_release(struct multipart *multipart);

/* RC_INVALID: malformed; RC_LIMIT: too long a head, too many parts. After a
 * failure only multipart_release. */
enum rc multipart_feed(
    struct op *op, struct multipart *multipart, struct span bytes) MUST_CHECK;

/* After the last byte: RC_INVALID where the last delimiter did not come. */
enum rc
multipart_end(struct op *op, const struct multipart *multipart) MUST_CHECK;

/*
 * The name of a file in a Content-Disposition: filename* (UTF-8, RFC 8187)
 * before filename (UTF-8, quoted or not). In the op's arena, NUL behind it.
 * RC_INVALID, RC_NOT_FOUND (no text) where it has none.
 */
enum rc multipart_file_name(
    struct op *op, const char *disposition, struct span *ret_name) MUST_CHECK;

#endif
