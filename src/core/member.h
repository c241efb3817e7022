/*
 * member.h - a tenant's members: their making, passwords, app passwords,
 * sign-in. Passwords are hashed in the calling thread, never in the committer.
 */
#ifndef DOZO_CORE_MEMBER_H
#define DOZO_CORE_MEMBER_H

#include "core/change.h"
#include "crypto/password.h"
#include "meta/app_password.h"
#include "meta/member.h"
#include "meta/setting.h"

enum {
	MEMBER_LOGIN_UNITS = 64, /* UTF-16 units of a log-in name */
	MEMBER_PASSWORD_MIN = 8, /* bytes */
	MEMBER_LABEL_UNITS = 100, /* of an app password's label */
};

/*
 * For all changes below: op is who asks. The change is durable when the call
 * returns. RC_DENIED, RC_INVALID (with a text for the user) and what
 * change_commit gives.
 */

/* A log-in name without "@tenant": no blanks, control characters, '@', ':',
 * '/'. */
enum rc member_login_check(struct op *op, struct span login) MUST_CHECK;

struct member_new {
	struct span login;
	struct span password; /* no data: none yet, only app passwords */
	enum member_role role;
};

/* A member with a personal space, named in the tenant's language. RC_EXISTS. */
enum rc member_add(struct op *op, struct tenant *tenant,
    const struct member_new *member, int64_t *ret_id) MUST_CHECK;

/*
 * The first change of a new tenant: its language, its company space, and an
 * administrator (NULL: none). RC_EXISTS where that was done before (L25).
 */
enum rc member_found(struct op *op, struct tenant *tenant, enum lang lang,
    const struct member_new *administrator) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc member_set_password(struct op *op, struct tenant *tenant,
    int64_t member, struct span password) MUST_CHECK;

/* RC_NOT_FOUND; RC_CONFLICT for the last active administrator. */
enum rc member_set_status(struct op *op, struct tenant *tenant, int64_t member,
    enum member_status status) MUST_CHECK;

/* A token for a client, shown this once: only its SHA-256 is kept.
 * RC_NOT_FOUND. */
enum rc member_app_password_add(struct op *op, struct tenant *tenant,
    int64_t member, struct span label, char ret_token[PASSWORD_TOKEN_SIZE],
    int64_t *ret_id) MUST_CHECK;

/* RC_NOT_FOUND where the member has no such one. */
enum rc member_app_password_revoke(struct op *op, struct tenant *tenant,
    int64_t member, int64_t id) MUST_CHECK;

/* ---- reading ---- */

/* By log-in name; no right is asked: for those who act by name. RC_NOT_FOUND.
 */
enum rc member_find(struct op *op, struct meta *meta, struct span login,
    struct member_row *ret_member) MUST_CHECK;

/* All members; who asks must manage them. */
enum rc member_list(
    struct op *op, struct meta *meta, member_each *each, void *arg) MUST_CHECK;

/* A member's app passwords; who asks must be the member or manage members. */
enum rc member_app_password_list(struct op *op, struct meta *meta,
    int64_t member, app_password_each *each, void *arg) MUST_CHECK;

/* ---- sign-in ---- */

struct member_sign_in {
	int64_t member;
	int64_t app_password; /* 0: by password */
	bool administrator;
	bool to_note; /* member_note_sign_in has something to write */
	struct span name; /* as stored */
};

/*
 * Whether name and password (or app password) are a member's who may sign in.
 * RC_DENIED, with the same text and in like time whether the name is unknown,
 * the password wrong or the member suspended. 20 to 40 ms but for an app
 * password: callers throttle and remember. today: days since 1970.
 */
enum rc member_sign_in(struct op *op, struct meta *meta, struct span login,
    struct span password, int64_t today,
    struct member_sign_in *ret_sign_in) MUST_CHECK;

/*
 * Writes down a first sign-in (from the first one of an administrator on, the
 * host's commands need --as) and the day on which an app password was used.
 * op->actor is the member.
 */
enum rc member_note_sign_in(struct op *op, struct tenant *tenant,
    const struct member_sign_in *sign_in, int64_t today) MUST_CHECK;

#endif
