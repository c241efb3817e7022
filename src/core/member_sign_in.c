/* member_sign_in.c - who signs in, and the rows that say that somebody did. */
#include "base/mem.h"
#include "core/member_rules.h"

/* Everything that is wrong looks alike. */
static enum rc
refuse(struct op *op)
{
	op_clear_error(op);
	FAIL(op, RC_DENIED, "wrong name or password");
}

/* The member of that name; RC_NOT_FOUND for a text that cannot be a name, too.
 */
static enum rc
find(struct op *op, struct meta *meta, struct span login,
    struct member_row *ret_member)
{
	enum rc rc = member_find(op, meta, login, ret_member);

	return rc == RC_INVALID || rc == RC_LIMIT ? RC_NOT_FOUND : rc;
}

/* Whether the secret is one of the member's app passwords; RC_NOT_FOUND. */
static enum rc
by_app_password(struct op *op, struct meta *meta, struct span secret,
    const struct member_row *member, struct app_password *ret_password)
{
	struct app_password password;
	uint8_t hash[SHA256_SIZE];

	sha256_of(secret, hash);
	TRY(app_password_find(op, meta, hash, &password));
	if (member == NULL || password.member != member->id)
		return RC_NOT_FOUND;
	*ret_password = password;
	return RC_OK;
}

/* As slow where there is no member or no password as where there is one. */
static enum rc
by_password(struct op *op, struct span secret, const struct member_row *member)
{
	if (member == NULL || member->password[0] == '\0') {
		password_verify_dummy(secret);
		return RC_DENIED;
	}
	return password_verify(op, secret, member->password);
}

enum rc
member_sign_in(struct op *op, struct meta *meta, struct span login,
    struct span password, int64_t today, struct member_sign_in *ret_sign_in)
{
	CLEANUP(member_row_wipe) struct member_row row = {0};
	struct app_password app = {0};
	const struct member_row *member = &row;
	enum rc rc;

	if (password.size > PASSWORD_MAX)
		return refuse(op);
	rc = find(op, meta, login, &row);
	if (rc == RC_NOT_FOUND)
		member = NULL;
	else
		TRY(rc);
	rc = by_app_password(op, meta, password, member, &app);
	if (rc == RC_NOT_FOUND)
		rc = by_password(op, password, member);
	if (rc == RC_DENIED || (rc == RC_OK && row.status != MEMBER_ACTIVE))
		return refuse(op);
	TRY(rc);
	op_clear_error(op);
	*ret_sign_in = (struct member_sign_in){
	    .member = row.id,
	    .app_password = app.id,
	    .administrator = row.role == MEMBER_ADMINISTRATOR,
	    .to_note = row.first_signed_in_at == 0 ||
		       (app.id != 0 && app.last_used < today),
	    .name = row.name,
	};
	return RC_OK;
}

/* ---- writing it down ---- */

struct note_change {
	struct change change;
	const struct op *asker;
	const struct member_sign_in *sign_in;
	int64_t today;
};

static enum rc
note_app_password(struct op *op, struct tx *tx, const struct note_change *c)
{
	struct app_password password;
	struct audit audit;
	enum rc rc =
	    app_password_get(op, tx->meta, c->sign_in->app_password, &password);

	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_DENIED, "this app password was revoked");
	TRY(rc);
	if (password.member != c->sign_in->member ||
	    password.last_used >= c->today)
		return RC_OK;
	TRY(app_password_set_used(op, tx->meta, password.id, c->today));
	member_audit(&audit, AUDIT_APP_PASSWORD_USED, c->asker,
	    c->sign_in->member, c->sign_in->name);
	return audit_write(op, tx, &audit);
}

static enum rc
note_run(struct op *op, struct tx *tx, struct change *change)
{
	struct note_change *c =
	    container_of(change, struct note_change, change);
	struct audit audit;
	bool first;

	if (c->asker->actor.member != c->sign_in->member)
		FAIL(op, RC_DENIED, "a sign-in of another member");
	TRY(access_member(op, tx->meta, &c->asker->actor, c->sign_in->member));
	TRY(member_row_set_signed_in(
	    op, tx->meta, c->sign_in->member, tx->wall, &first));
	if (first) {
		member_audit(&audit, AUDIT_MEMBER_FIRST_SIGN_IN, c->asker,
		    c->sign_in->member, c->sign_in->name);
		TRY(audit_write(op, tx, &audit));
	}
	if (c->sign_in->app_password == 0)
		return RC_OK;
	return note_app_password(op, tx, c);
}

enum rc
member_note_sign_in(struct op *op, struct tenant *tenant,
    const struct member_sign_in *sign_in, int64_t today)
{
	struct note_change c = {
	    .change = {.run = note_run},
	    .asker = op,
	    .sign_in = sign_in,
	    .today = today,
	};

	return change_commit(op, tenant, &c.change);
}
