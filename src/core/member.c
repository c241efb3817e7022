/* member.c - passwords, states and app passwords of members. */
#include "core/member.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/member_rules.h"
#include "core/tenant.h"
#include "meta/session.h"

enum rc
login_init(struct op *op, struct span text, struct login *ret_login)
{
	struct login login;
	size_t i;

	TRY(text_name_check(op, text, false, &login.text));
	if (text_utf16_units(login.text) > MEMBER_LOGIN_UNITS)
		FAIL(op, RC_INVALID, "a log-in name has at most %d characters",
		    MEMBER_LOGIN_UNITS);
	for (i = 0; i < login.text.size; i++)
		if (strchr(" @:\\", login.text.data[i]) != NULL)
			FAIL(op, RC_INVALID,
			    "a log-in name has no blanks and none of @ : / \\");
	TRY(text_fold_key(op, login.text, &login.fold));
	*ret_login = login;
	return RC_OK;
}

enum rc
member_login_check(struct op *op, struct span login)
{
	struct login ignored;

	return login_init(op, login, &ignored);
}

enum rc
password_prepare(
    struct op *op, struct span password, char ret_hash[PASSWORD_HASH_SIZE])
{
	if (password.data == NULL) {
		ret_hash[0] = '\0';
		return RC_OK;
	}
	if (password.size < MEMBER_PASSWORD_MIN || password.size > PASSWORD_MAX)
		FAIL(op, RC_INVALID, "a password has %d to %d bytes",
		    MEMBER_PASSWORD_MIN, PASSWORD_MAX);
	return password_hash(op, password, ret_hash);
}

void
member_audit(struct audit *audit, enum audit_action action,
    const struct op *asker, int64_t member, struct span login)
{
	audit_begin(audit, action, asker, 0);
	audit_number(audit, AUDIT_MEMBER, member);
	audit_text(audit, AUDIT_NAME, login);
}

/* ---- changes of one member ---- */

struct member_change {
	struct change change;
	const struct op *asker;
	int64_t member;
	enum rc (*act)(struct op *op, struct tx *tx, struct member_change *c,
	    const struct member_row *row);
	char hash[PASSWORD_HASH_SIZE];
	enum member_status status;
	struct span label;
	uint8_t token_hash[SHA256_SIZE];
	int64_t id; /* of an app password */
};

static enum rc
member_run(struct op *op, struct tx *tx, struct change *change)
{
	struct member_change *c =
	    container_of(change, struct member_change, change);
	CLEANUP(member_row_wipe) struct member_row row = {0};
	enum rc rc;

	TRY(access_member(op, tx->meta, &c->asker->actor, c->member));
	rc = member_row_get(op, tx->meta, c->member, &row);
	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_NOT_FOUND, "no such member");
	TRY(rc);
	return c->act(op, tx, c, &row);
}

/*
 * For what a remembered sign-in must not outlive. After the change, whatever
 * came of it: readers see it by now, and one void memory too many costs a hash.
 */
static enum rc
commit_and_forget(struct op *op, struct tenant *tenant, struct member_change *c)
{
	enum rc rc = change_commit(op, tenant, &c->change);

	(void)atomic_fetch_add(&tenant->member_epoch, 1);
	return rc;
}

static enum rc
act_password(struct op *op, struct tx *tx, struct member_change *c,
    const struct member_row *row)
{
	struct audit audit;

	TRY(member_row_set_password(op, tx->meta, row->id, c->hash));
	/* Who had the former one signs in no more with what it gave. */
	TRY(session_delete_member(op, tx->meta, row->id));
	member_audit(
	    &audit, AUDIT_MEMBER_PASSWORD, c->asker, row->id, row->name);
	return audit_write(op, tx, &audit);
}

enum rc
member_set_password(
    struct op *op, struct tenant *tenant, int64_t member, struct span password)
{
	struct member_change c = {
	    .change = {.run = member_run},
	    .asker = op,
	    .member = member,
	    .act = act_password,
	};
	enum rc rc;

	if (password.data == NULL)
		FAIL(op, RC_INVALID, "a password is needed");
	TRY(password_prepare(op, password, c.hash));
	rc = commit_and_forget(op, tenant, &c);
	mem_wipe(c.hash, sizeof(c.hash));
	return rc;
}

static enum rc
act_status(struct op *op, struct tx *tx, struct member_change *c,
    const struct member_row *row)
{
	struct audit audit;
	int64_t administrators;

	/* The member itself may not: suspending is for those who manage. */
	TRY(access_manage(op, tx->meta, &c->asker->actor));
	if (row->status == c->status)
		return RC_OK;
	TRY(member_row_administrators(op, tx->meta, &administrators));
	if (c->status == MEMBER_SUSPENDED &&
	    row->role == MEMBER_ADMINISTRATOR && administrators <= 1)
		FAIL(op, RC_CONFLICT,
		    "the last active administrator cannot be suspended");
	TRY(member_row_set_status(op, tx->meta, row->id, c->status));
	TRY(session_delete_member(op, tx->meta, row->id));
	member_audit(&audit, AUDIT_MEMBER_STATUS, c->asker, row->id, row->name);
	audit_number(&audit, AUDIT_STATUS, (int64_t)c->status);
	return audit_write(op, tx, &audit);
}

enum rc
member_set_status(struct op *op, struct tenant *tenant, int64_t member,
    enum member_status status)
{
	struct member_change c = {
	    .change = {.run = member_run},
	    .asker = op,
	    .member = member,
	    .act = act_status,
	    .status = status,
	};

	return commit_and_forget(op, tenant, &c);
}

/* ---- app passwords ---- */

static enum rc
act_app_add(struct op *op, struct tx *tx, struct member_change *c,
    const struct member_row *row)
{
	struct app_password password = {
	    .id = tx_id(tx),
	    .member = row->id,
	    .label = c->label,
	    .created_at = tx->wall,
	};
	struct audit audit;

	TRY(app_password_insert(op, tx->meta, &password, c->token_hash));
	member_audit(
	    &audit, AUDIT_APP_PASSWORD_ADD, c->asker, row->id, row->name);
	audit_number(&audit, AUDIT_APP_PASSWORD, password.id);
	TRY(audit_write(op, tx, &audit));
	c->id = password.id;
	return RC_OK;
}

enum rc
member_app_password_add(struct op *op, struct tenant *tenant, int64_t member,
    struct span label, char ret_token[PASSWORD_TOKEN_SIZE], int64_t *ret_id)
{
	struct member_change c = {
	    .change = {.run = member_run},
	    .asker = op,
	    .member = member,
	    .act = act_app_add,
	};
	char token[PASSWORD_TOKEN_SIZE];
	enum rc rc;

	TRY(text_nfc(op, label, &c.label));
	if (text_utf16_units(c.label) > MEMBER_LABEL_UNITS)
		FAIL(op, RC_INVALID, "a label has at most %d characters",
		    MEMBER_LABEL_UNITS);
	password_token(token);
	sha256_of(span_str(token), c.token_hash);
	rc = change_commit(op, tenant, &c.change);
	if (rc == RC_OK) {
		memcpy(ret_token, token, sizeof(token));
		*ret_id = c.id;
	}
	mem_wipe(token, sizeof(token));
	return rc;
}

static enum rc
act_app_revoke(struct op *op, struct tx *tx, struct member_change *c,
    const struct member_row *row)
{
	struct app_password password;
	struct audit audit;
	enum rc rc = app_password_get(op, tx->meta, c->id, &password);

	if (rc == RC_NOT_FOUND || (rc == RC_OK && password.member != row->id))
		FAIL(op, RC_NOT_FOUND, "no such app password");
	TRY(rc);
	TRY(app_password_delete(op, tx->meta, c->id));
	member_audit(
	    &audit, AUDIT_APP_PASSWORD_REVOKE, c->asker, row->id, row->name);
	audit_number(&audit, AUDIT_APP_PASSWORD, c->id);
	return audit_write(op, tx, &audit);
}

enum rc
member_app_password_revoke(
    struct op *op, struct tenant *tenant, int64_t member, int64_t id)
{
	struct member_change c = {
	    .change = {.run = member_run},
	    .asker = op,
	    .member = member,
	    .act = act_app_revoke,
	    .id = id,
	};

	return commit_and_forget(op, tenant, &c);
}

/* ---- reading ---- */

enum rc
member_find(struct op *op, struct meta *meta, struct span login,
    struct member_row *ret_member)
{
	struct login prepared;
	uint8_t key[32];
	enum rc rc;

	TRY(login_init(op, login, &prepared));
	member_login_key(meta, prepared.fold, key);
	rc = member_row_find(op, meta, key, ret_member);
	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_NOT_FOUND, "no such member");
	return rc;
}

enum rc
member_list(struct op *op, struct meta *meta, member_each *each, void *arg)
{
	TRY(access_manage(op, meta, &op->actor));
	return member_row_list(op, meta, 0, INT64_MAX, each, arg);
}

enum rc
member_app_password_list(struct op *op, struct meta *meta, int64_t member,
    app_password_each *each, void *arg)
{
	TRY(access_member(op, meta, &op->actor, member));
	return app_password_list(op, meta, member, each, arg);
}
