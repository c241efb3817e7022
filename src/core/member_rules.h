/* member_rules.h - what the changes of members share; private to core/'s member
 * files. */
#ifndef DOZO_CORE_MEMBER_RULES_H
#define DOZO_CORE_MEMBER_RULES_H

#include "core/access.h"
#include "core/audit.h"
#include "core/member.h"

/* A log-in name made ready: as it is kept, and folded for its key. */
struct login {
	struct span text;
	struct span fold;
};
enum rc
login_init(struct op *op, struct span text, struct login *ret_login) MUST_CHECK;

/* A password's hash; RC_INVALID for one that is too short or too long. No data:
 * "". */
enum rc password_prepare(struct op *op, struct span password,
    char ret_hash[PASSWORD_HASH_SIZE]) MUST_CHECK;

/* Begins an audit row about a member, with the log-in name. */
void member_audit(struct audit *audit, enum audit_action action,
    const struct op *asker, int64_t member, struct span login);

#endif
