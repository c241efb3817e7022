/*
 * upload_session.h - a content larger than one data segment, while it comes in:
 * its row is not finished, its chunks are added segment by segment (LOG.md L8).
 */
#ifndef DOZO_CORE_UPLOAD_SESSION_H
#define DOZO_CORE_UPLOAD_SESSION_H

#include "core/upload.h"

struct upload_session {
	struct tenant *tenant;
	int64_t content; /* its row; 0: none yet */
	uint64_t n_chunks;
};

void upload_session_init(struct upload_session *session, struct tenant *tenant);

/* A change that names a part of an upload (struct upload_from); the first makes
 * the content's row. session is a struct upload_session. */
enum rc upload_session_name(
    struct op *op, void *session, const struct upload_part *part) MUST_CHECK;

/* Inside a change: rows of a part's chunks, and its data segment. *content: the
 * row; 0: it is made. */
enum rc upload_part_add(struct op *op, struct tx *tx,
    const struct upload_part *part, int64_t *content) MUST_CHECK;

/* The rows of a content that nothing names go, and the log drops its data
 * segments. */
enum rc upload_content_drop(
    struct op *op, struct tenant *tenant, int64_t content) MUST_CHECK;

/* The same where no file took a session's content. */
void upload_session_end(struct upload_session *session);

/* The same for those that a crash left behind: contents with ids up to last,
 * which no upload of this process can have made. The keeper's. */
enum rc upload_sessions_sweep(
    struct op *op, struct tenant *tenant, int64_t last) MUST_CHECK;

#endif
