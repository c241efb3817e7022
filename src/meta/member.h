/* member.h - rows of a tenant's members; log-in names and password hashes are
 * sealed. */
#ifndef DOZO_META_MEMBER_H
#define DOZO_META_MEMBER_H

#include "crypto/password.h"
#include "meta/meta.h"

enum member_role { MEMBER_ORDINARY = 0, MEMBER_ADMINISTRATOR = 1 };
enum member_status { MEMBER_ACTIVE = 0, MEMBER_SUSPENDED = 1 };

enum { MEMBER_LOGIN_SIZE = 256 }; /* bytes that a log-in name may have */

struct member_row {
	int64_t id;
	struct span name; /* log-in name as given, NUL behind it */
	enum member_role role;
	enum member_status status;
	char password[PASSWORD_HASH_SIZE]; /* Argon2 text, "" where there is
					      none */
	int64_t created_at;
	int64_t first_signed_in_at; /* 0: never */
	int64_t space; /* the personal one */
};

/* Wipes the password's hash. For CLEANUP. */
void member_row_wipe(struct member_row *member);

/* The key that finds a log-in name; fold is its text_fold_key. */
void
member_login_key(const struct meta *meta, struct span fold, uint8_t out[32]);

/* RC_EXISTS where the key is taken. first_signed_in_at is not written. */
enum rc member_row_insert(struct op *op, struct meta *meta,
    const struct member_row *member, const uint8_t login_key[32]) MUST_CHECK;

/* RC_NOT_FOUND, RC_DAMAGED. The name lies in the op's arena. */
enum rc member_row_get(struct op *op, struct meta *meta, int64_t id,
    struct member_row *ret_member) MUST_CHECK;
enum rc member_row_find(struct op *op, struct meta *meta,
    const uint8_t login_key[32], struct member_row *ret_member) MUST_CHECK;

/* Only what deciding needs, nothing opened. RC_NOT_FOUND. */
enum rc member_row_status(struct op *op, struct meta *meta, int64_t id,
    enum member_role *ret_role, enum member_status *ret_status) MUST_CHECK;

/* Up to limit members in the order of ids, after one; each must not list again.
 */
typedef enum rc
member_each(void *arg, struct op *op, const struct member_row *member);
enum rc member_row_list(struct op *op, struct meta *meta, int64_t after,
    size_t limit, member_each *each, void *arg) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc member_row_set_password(
    struct op *op, struct meta *meta, int64_t id, const char *hash) MUST_CHECK;
enum rc member_row_set_status(struct op *op, struct meta *meta, int64_t id,
    enum member_status status) MUST_CHECK;

/* *ret_first: whether this was the first time, and is noted. */
enum rc member_row_set_signed_in(struct op *op, struct meta *meta, int64_t id,
    int64_t at, bool *ret_first) MUST_CHECK;

/* Whether any administrator has ever signed in. */
enum rc member_row_taken_over(
    struct op *op, struct meta *meta, bool *ret_taken) MUST_CHECK;

/* How many active administrators there are. */
enum rc member_row_administrators(
    struct op *op, struct meta *meta, int64_t *ret_count) MUST_CHECK;

#endif
