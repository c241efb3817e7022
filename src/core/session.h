/*
 * session.h - browsers that are signed in. A session is a row with the hash of
 * a token; it ends when it lay idle or was begun too long ago (the tenant's
 * settings, service time), with the member's password or status, or by hand.
 */
#ifndef DOZO_CORE_SESSION_H
#define DOZO_CORE_SESSION_H

#include "core/change.h"
#include "crypto/password.h"
#include "meta/session.h"

enum {
	SESSION_LABEL_MAX = 200, /* bytes kept of what a browser calls itself */
	SESSIONS_MAX = 50, /* of a member: the least used ones go first */
};

/* How long a link that signs in once holds. */
#define SESSION_LINK_TIME (10 * 60 * CLOCK_S)

/* A session, as its token showed it. */
struct session_found {
	int64_t id;
	int64_t member;
	bool administrator;
	bool to_note; /* session_note is due */
	int64_t expires_at; /* service time, if it does not lie idle before */
};

/*
 * Begins one for op->actor, who has just signed in by password. label: what the
 * browser calls itself; more than SESSION_LABEL_MAX is cut off. ret_token is
 * shown this once. RC_DENIED for who came by an app password: that is for
 * clients, not for people.
 */
enum rc session_begin(struct op *op, struct tenant *tenant, struct span label,
    char ret_token[PASSWORD_TOKEN_SIZE], struct session_found *ret) MUST_CHECK;

/*
 * Whose session a token is. RC_DENIED: of none that runs, with one text for
 * unknown, ended, expired and a suspended member.
 */
enum rc session_check(struct op *op, struct meta *meta, struct span token,
    int64_t now, struct session_found *ret) MUST_CHECK;

/* Writes down that it is in use; op->actor is its member. RC_DENIED where it
 * ended meanwhile. */
enum rc
session_note(struct op *op, struct tenant *tenant, int64_t id) MUST_CHECK;

/* Ends one. Who asks is its member or manages members. RC_NOT_FOUND. */
enum rc
session_end(struct op *op, struct tenant *tenant, int64_t id) MUST_CHECK;

/* A member's sessions that run; who asks is the member or manages members. */
enum rc session_each_of(struct op *op, struct meta *meta, int64_t member,
    int64_t now, session_each *each, void *arg) MUST_CHECK;

/* A token that signs a browser in once, within SESSION_LINK_TIME. Who asks is
 * the member or manages members. */
enum rc session_link(struct op *op, struct tenant *tenant, int64_t member,
    char ret_token[PASSWORD_TOKEN_SIZE]) MUST_CHECK;

/* Begins a session by a link, which is gone then. RC_DENIED. */
enum rc session_by_link(struct op *op, struct tenant *tenant, struct span link,
    struct span label, char ret_token[PASSWORD_TOKEN_SIZE],
    struct session_found *ret) MUST_CHECK;

#endif
