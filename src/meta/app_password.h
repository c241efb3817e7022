/* app_password.h - rows of tokens that members give to their clients. */
#ifndef DOZO_META_APP_PASSWORD_H
#define DOZO_META_APP_PASSWORD_H

#include "crypto/hash.h"
#include "meta/meta.h"

struct app_password {
	int64_t id;
	int64_t member;
	struct span label; /* NUL behind it */
	int64_t created_at;
	int64_t last_used; /* days since 1970, 0: never */
};

/* hash: SHA-256 of the token. RC_EXISTS. last_used is not written. */
enum rc app_password_insert(struct op *op, struct meta *meta,
    const struct app_password *password,
    const uint8_t hash[SHA256_SIZE]) MUST_CHECK;

/* RC_NOT_FOUND. The label lies in the op's arena. */
enum rc app_password_get(struct op *op, struct meta *meta, int64_t id,
    struct app_password *ret_password) MUST_CHECK;
enum rc app_password_find(struct op *op, struct meta *meta,
    const uint8_t hash[SHA256_SIZE],
    struct app_password *ret_password) MUST_CHECK;

/* All of a member, oldest first; each must not list again. */
typedef enum rc app_password_each(
    void *arg, struct op *op, const struct app_password *password);
enum rc app_password_list(struct op *op, struct meta *meta, int64_t member,
    app_password_each *each, void *arg) MUST_CHECK;

/* RC_NOT_FOUND. */
enum rc app_password_set_used(
    struct op *op, struct meta *meta, int64_t id, int64_t day) MUST_CHECK;
enum rc
app_password_delete(struct op *op, struct meta *meta, int64_t id) MUST_CHECK;

#endif
