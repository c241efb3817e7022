/* session.h - rows of browsers that are signed in, and of links that sign one
 * in once. */
#ifndef DOZO_META_SESSION_H
#define DOZO_META_SESSION_H

#include "crypto/hash.h"
#include "meta/meta.h"

/* Stored: values are never used again for something else. */
enum session_kind {
	SESSION_BROWSER = 0,
	SESSION_LINK = 1, /* signs in once, and is gone then */
};

/* All times are service time (LOG.md L19). */
struct session {
	int64_t id;
	int64_t member;
	enum session_kind kind;
	struct span label; /* what the browser calls itself; NUL behind it */
	int64_t created_at;
	int64_t used_at; /* to a part of the time it may lie idle */
	int64_t expires_at;
};

/* hash: SHA-256 of the token. RC_EXISTS. */
enum rc session_insert(struct op *op, struct meta *meta,
    const struct session *session, const uint8_t hash[SHA256_SIZE]) MUST_CHECK;

/* RC_NOT_FOUND. The label lies in the op's arena. */
enum rc session_get(struct op *op, struct meta *meta, int64_t id,
    struct session *ret_session) MUST_CHECK;
enum rc session_find(struct op *op, struct meta *meta,
    const uint8_t hash[SHA256_SIZE], struct session *ret_session) MUST_CHECK;

/* A member's, the latest used first; each must not list again. */
typedef enum rc
session_each(void *arg, struct op *op, const struct session *session);
enum rc session_list(struct op *op, struct meta *meta, int64_t member,
    session_each *each, void *arg) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc session_set_used(
    struct op *op, struct meta *meta, int64_t id, int64_t used_at) MUST_CHECK;
enum rc session_delete(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

/* All of a member. */
enum rc session_delete_member(
    struct op *op, struct meta *meta, int64_t member) MUST_CHECK;

/* Those of a member that expired, that were last used at or before idle, and
 * but for the newest keep of them. */
enum rc session_delete_ended(struct op *op, struct meta *meta, int64_t member,
    int64_t now, int64_t idle, size_t keep) MUST_CHECK;

#endif
