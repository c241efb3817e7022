/* session.c - sessions are begun, checked, listed and ended. */
#include "core/session.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/access.h"
#include "core/audit.h"
#include "core/member_rules.h"
#include "core/service.h"
#include "meta/setting.h"

/* Use is written down once in this part of the time that it may lie idle. */
enum { NOTE_PART = 8 };

struct terms {
	int64_t idle; /* ns */
	int64_t all; /* ns */
};

static enum rc
terms_get(struct op *op, struct meta *meta, struct terms *ret_terms)
{
	int64_t minutes, days;

	TRY(setting_get(op, meta, SETTING_SESSION_IDLE_MINUTES, &minutes));
	TRY(setting_get(op, meta, SETTING_SESSION_DAYS, &days));
	ret_terms->idle = minutes * 60 * CLOCK_S;
	ret_terms->all = days * CLOCK_DAY;
	return RC_OK;
}

static bool
runs(const struct session *session, const struct terms *terms, int64_t now)
{
	return session->kind == SESSION_BROWSER && now < session->expires_at &&
	       now - session->used_at < terms->idle;
}

/* ---- checking ---- */

static enum rc
refuse(struct op *op)
{
	op_clear_error(op);
	FAIL(op, RC_DENIED, "the session has ended");
}

/* The active member of a session; RC_NOT_FOUND. */
static enum rc
member_of(struct op *op, struct meta *meta, const struct session *session,
    bool *ret_administrator)
{
	CLEANUP(member_row_wipe) struct member_row row = {0};

	TRY(member_row_get(op, meta, session->member, &row));
	*ret_administrator = row.role == MEMBER_ADMINISTRATOR;
	return row.status == MEMBER_ACTIVE ? RC_OK : RC_NOT_FOUND;
}

static enum rc
find(struct op *op, struct meta *meta, struct span token, int64_t now,
    struct session_found *ret)
{
	struct session session;
	struct terms terms;
	uint8_t hash[SHA256_SIZE];

	sha256_of(token, hash);
	TRY(session_find(op, meta, hash, &session));
	TRY(terms_get(op, meta, &terms));
	if (!runs(&session, &terms, now))
		return RC_NOT_FOUND;
	*ret = (struct session_found){
	    .id = session.id,
	    .member = session.member,
	    .to_note = now - session.used_at >= terms.idle / NOTE_PART,
	    .expires_at = session.expires_at,
	};
	return member_of(op, meta, &session, &ret->administrator);
}

enum rc
session_check(struct op *op, struct meta *meta, struct span token, int64_t now,
    struct session_found *ret)
{
	enum rc rc = find(op, meta, token, now, ret);

	return rc == RC_NOT_FOUND ? refuse(op) : rc;
}

/* ---- changes ---- */

struct session_change {
	struct change change;
	const struct op *asker;
	int64_t member;
	int64_t id;
	struct span label;
	struct span link; /* its token */
	uint8_t hash[SHA256_SIZE]; /* of the new token */
	struct session_found found;
};

static enum rc
audit_session(struct op *op, struct tx *tx, const struct session_change *c,
    enum audit_action action, int64_t member, int64_t session)
{
	CLEANUP(member_row_wipe) struct member_row row = {0};
	struct audit audit;

	TRY(member_row_get(op, tx->meta, member, &row));
	member_audit(&audit, action, c->asker, member, row.name);
	audit_number(&audit, AUDIT_SESSION, session);
	return audit_write(op, tx, &audit);
}

/* The new row, and with it an end of those whose time is over. */
static enum rc
begin_session(
    struct op *op, struct tx *tx, struct session_change *c, int64_t member)
{
	struct session session = {
	    .id = tx_id(tx),
	    .member = member,
	    .kind = SESSION_BROWSER,
	    .label = c->label,
	    .created_at = tx->now,
	    .used_at = tx->now,
	};
	struct terms terms;

	TRY(terms_get(op, tx->meta, &terms));
	session.expires_at = tx->now + terms.all;
	TRY(session_delete_ended(op, tx->meta, member, tx->now,
	    tx->now - terms.idle, SESSIONS_MAX - 1));
	TRY(session_insert(op, tx->meta, &session, c->hash));
	TRY(audit_session(op, tx, c, AUDIT_SESSION_BEGIN, member, session.id));
	c->found = (struct session_found){.id = session.id,
	    .member = member,
	    .expires_at = session.expires_at};
	return member_of(op, tx->meta, &session, &c->found.administrator);
}

static enum rc
begin_run(struct op *op, struct tx *tx, struct change *change)
{
	struct session_change *c =
	    container_of(change, struct session_change, change);

	TRY(access_member(op, tx->meta, &c->asker->actor, c->member));
	return begin_session(op, tx, c, c->member);
}

/* As much of a text as is kept, whole characters of UTF-8. */
static struct span
label_cut(struct span label)
{
	size_t size = label.size;

	if (size > SESSION_LABEL_MAX)
		size = SESSION_LABEL_MAX;
	while (size > 0 && !text_valid(span_of(label.data, size)))
		size--;
	return span_of(label.data, size);
}

/* Commits what makes a token, and hands it out. */
static enum rc
commit_token(struct op *op, struct tenant *tenant, struct session_change *c,
    char ret_token[PASSWORD_TOKEN_SIZE])
{
	enum rc rc;

	password_token(ret_token);
	sha256_of(span_str(ret_token), c->hash);
	rc = change_commit(op, tenant, &c->change);
	if (rc != RC_OK)
		mem_wipe(ret_token, PASSWORD_TOKEN_SIZE);
	return rc;
}

enum rc
session_begin(struct op *op, struct tenant *tenant, struct span label,
    char ret_token[PASSWORD_TOKEN_SIZE], struct session_found *ret)
{
	struct session_change c = {
	    .change = {.run = begin_run, .keeps_paths = true},
	    .asker = op,
	    .member = op->actor.member,
	    .label = label_cut(label),
	};

	if (op->actor.app_password != 0)
		FAIL(op, RC_DENIED,
		    "an app password is for clients; sign in with your "
		    "password");
	TRY(commit_token(op, tenant, &c, ret_token));
	*ret = c.found;
	return RC_OK;
}

static enum rc
note_run(struct op *op, struct tx *tx, struct change *change)
{
	struct session_change *c =
	    container_of(change, struct session_change, change);
	struct session session;
	enum rc rc = session_get(op, tx->meta, c->id, &session);

	if (rc == RC_NOT_FOUND)
		return refuse(op);
	TRY(rc);
	TRY(access_member(op, tx->meta, &c->asker->actor, session.member));
	TRY(session_set_used(op, tx->meta, c->id, tx->now));
	return audit_session(
	    op, tx, c, AUDIT_SESSION_USED, session.member, c->id);
}

enum rc
session_note(struct op *op, struct tenant *tenant, int64_t id)
{
	struct session_change c = {
	    .change = {.run = note_run, .keeps_paths = true},
	    .asker = op,
	    .id = id,
	};

	return change_commit(op, tenant, &c.change);
}

static enum rc
end_run(struct op *op, struct tx *tx, struct change *change)
{
	struct session_change *c =
	    container_of(change, struct session_change, change);
	struct session session;
	enum rc rc = session_get(op, tx->meta, c->id, &session);

	if (rc == RC_OK)
		rc = access_member(
		    op, tx->meta, &c->asker->actor, session.member);
	/* Another's is as one that is not there. */
	if (rc == RC_NOT_FOUND || rc == RC_DENIED) {
		op_clear_error(op);
		FAIL(op, RC_NOT_FOUND, "no such session");
	}
	TRY(rc);
	TRY(session_delete(op, tx->meta, c->id));
	return audit_session(
	    op, tx, c, AUDIT_SESSION_END, session.member, c->id);
}

enum rc
session_end(struct op *op, struct tenant *tenant, int64_t id)
{
	struct session_change c = {
	    .change = {.run = end_run, .keeps_paths = true},
	    .asker = op,
	    .id = id,
	};

	return change_commit(op, tenant, &c.change);
}

/* ---- links ---- */

static enum rc
link_run(struct op *op, struct tx *tx, struct change *change)
{
	struct session_change *c =
	    container_of(change, struct session_change, change);
	struct session session = {
	    .id = tx_id(tx),
	    .member = c->member,
	    .kind = SESSION_LINK,
	    .created_at = tx->now,
	    .used_at = tx->now,
	    .expires_at = tx->now + SESSION_LINK_TIME,
	};

	TRY(access_member(op, tx->meta, &c->asker->actor, c->member));
	TRY(session_insert(op, tx->meta, &session, c->hash));
	return audit_session(
	    op, tx, c, AUDIT_SESSION_LINK, c->member, session.id);
}

enum rc
session_link(struct op *op, struct tenant *tenant, int64_t member,
    char ret_token[PASSWORD_TOKEN_SIZE])
{
	struct session_change c = {
	    .change = {.run = link_run, .keeps_paths = true},
	    .asker = op,
	    .member = member,
	};

	return commit_token(op, tenant, &c, ret_token);
}

static enum rc
by_link_run(struct op *op, struct tx *tx, struct change *change)
{
	struct session_change *c =
	    container_of(change, struct session_change, change);
	struct session link;
	uint8_t hash[SHA256_SIZE];
	enum rc rc;

	sha256_of(c->link, hash);
	rc = session_find(op, tx->meta, hash, &link);
	if (rc == RC_NOT_FOUND ||
	    (rc == RC_OK &&
		(link.kind != SESSION_LINK || tx->now >= link.expires_at)))
		return refuse(op);
	TRY(rc);
	TRY(session_delete(op, tx->meta, link.id));
	rc = begin_session(op, tx, c, link.member);
	return rc == RC_NOT_FOUND ? refuse(op) : rc;
}

enum rc
session_by_link(struct op *op, struct tenant *tenant, struct span link,
    struct span label, char ret_token[PASSWORD_TOKEN_SIZE],
    struct session_found *ret)
{
	struct session_change c = {
	    .change = {.run = by_link_run, .keeps_paths = true},
	    .asker = op,
	    .label = label_cut(label),
	    .link = link,
	};

	TRY(commit_token(op, tenant, &c, ret_token));
	*ret = c.found;
	return RC_OK;
}

/* ---- reading ---- */

struct list {
	struct terms terms;
	int64_t now;
	session_each *each;
	void *arg;
};

static enum rc
list_one(void *arg, struct op *op, const struct session *session)
{
	const struct list *list = arg;

	if (!runs(session, &list->terms, list->now))
		return RC_OK;
	return list->each(list->arg, op, session);
}

enum rc
session_each_of(struct op *op, struct meta *meta, int64_t member, int64_t now,
    session_each *each, void *arg)
{
	struct list list = {.now = now, .each = each, .arg = arg};

	TRY(access_member(op, meta, &op->actor, member));
	TRY(terms_get(op, meta, &list.terms));
	return session_list(op, meta, member, list_one, &list);
}
