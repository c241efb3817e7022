/*
 * upload_session.h - a content larger than one data segment, while it comes in:
 * its row is not finished, its chunks are added segment by segment (LOG.md L8).
 */
#ifndef DOZO_CORE_UPLOAD_SESSION_H
#define DOZO_CORE_UPLOAD_SESSION_H

#include "core/file_put.h"
#include "core/tenant.h"

struct upload_session {
	struct tenant *tenant;
	int64_t content; /* its row; 0: none yet */
	uint64_t n_chunks;
};

void upload_session_init(struct upload_session *session, struct tenant *tenant);

/* A change that names a data segment and the chunks in it; the first makes the
 * content's row. */
enum rc upload_session_add(struct op *op, struct upload_session *session,
    const struct put_chunk *chunks, size_t n,
    const struct put_data *data) MUST_CHECK;

/* Where no file took the content its rows go, and the log drops its data
 * segments. */
void upload_session_end(struct upload_session *session);

/* The same for those that a crash left behind: contents with ids up to last,
 * which no upload of this process can have made. The keeper's. */
enum rc upload_sessions_sweep(
    struct op *op, struct tenant *tenant, int64_t last) MUST_CHECK;

#endif
