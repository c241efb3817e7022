/*
 * answered.h - requests with an Idempotency-Key (LOG.md L23): the header, and
 * the answer as its row keeps it (docs/FORMAT.md 10.2).
 */
#ifndef DOZO_DOOR_ANSWERED_H
#define DOZO_DOOR_ANSWERED_H

#include "core/precondition.h"
#include "http/request.h"

struct answered {
	int status;
	uint64_t number; /* 0: no new state */
	struct node_etag etag; /* node 0: none */
	struct span body; /* borrowed */
};

/* The header's text; *ret_key NULL: there is none. RC_INVALID. */
enum rc answered_key(struct http_request *req, const char **ret_key) MUST_CHECK;

/* As a row's result, in the op's arena. */
enum rc answered_write(struct op *op, const struct answered *answer,
    struct span *ret_result) MUST_CHECK;

/* The body points into the result. RC_DAMAGED. */
enum rc answered_read(
    struct op *op, struct span result, struct answered *ret) MUST_CHECK;

/* 422: the key was another request's. */
void answered_other(struct http_request *req);

#endif
