/*
 * auth.h - Basic credentials (HTTP.md section 3): reading them, remembering
 * verified ones, and holding back who guesses. Knows no members: a door
 * verifies.
 */
#ifndef DOZO_HTTP_AUTH_H
#define DOZO_HTTP_AUTH_H

#include "base/op.h"
#include "base/span.h"

enum {
	AUTH_TEXT_MAX = 2048, /* bytes of "user:password" */
	AUTH_FREE_ACCOUNT =
	    10, /* attempts on an account before it has to wait */
	AUTH_FREE_ADDRESS = 100, /* ... and from an address */
	AUTH_WAIT_MAX = 32, /* seconds between two attempts, at most */
};

/* "user:password" in the op's arena; wipe it. */
struct auth_basic {
	struct span user; /* without a "DOMAIN\" that Windows puts before it */
	struct span password;
	uint8_t *text; /* both, to be wiped */
	size_t size;
};

/*
 * Reads an Authorization header. RC_NOT_FOUND (no text): there is none, or of
 * another scheme. RC_INVALID for broken base64, no ':', bytes that are no
 * UTF-8, control characters; RC_LIMIT.
 */
enum rc auth_basic_parse(struct op *op, const char *authorization,
    struct auth_basic *ret_basic) MUST_CHECK;

void auth_basic_wipe(
    struct auth_basic *basic); /* for CLEANUP; all zero is accepted */

/* Whom a credential turned out to be. epoch is the verifier's own. */
struct auth_subject {
	uint64_t tenant;
	int64_t member;
	int64_t app_password;
	bool administrator;
	uint64_t epoch;
};

struct auth_verifier {
	/*
	 * RC_DENIED where the credential is nobody's; *ret_keep is how long
	 * (ns) it may be remembered. Slow; never called twice at once for one
	 * credential.
	 */
	enum rc (*verify)(struct op *op, void *arg,
	    const struct auth_basic *basic, struct auth_subject *ret_subject,
	    int64_t *ret_keep);
	/* Whether what was remembered still holds: false drops it. */
	enum rc (*holds)(struct op *op, void *arg,
	    const struct auth_subject *subject, bool *ret_holds);
	void *arg;
};

/* The memory of verified credentials and of failed attempts. Any thread. */
struct auth;

enum rc auth_new(struct op *op, struct auth **ret_auth) MUST_CHECK;
void auth_free(struct auth *auth); /* accepts NULL */

/*
 * Who it is. A remembered credential costs no verification and is never held
 * back. RC_DENIED: nobody. RC_BUSY: too many attempts on this account or from
 * this address; *ret_wait is after how many seconds another one is heard (0:
 * the RC_BUSY was the verifier's). Else what the verifier says.
 */
enum rc
auth_check(struct op *op, struct auth *auth, const struct auth_basic *basic,
    const char *address, const struct auth_verifier *verifier,
    struct auth_subject *ret_subject, unsigned *ret_wait) MUST_CHECK;

#endif
