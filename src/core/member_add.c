/* member_add.c - new members and their spaces; a new tenant's first rows. */
#include "base/mem.h"
#include "core/member_rules.h"
#include "meta/node.h"
#include "meta/space.h"

/* Names are data: a space keeps the one that it was made with. */
static const char *const space_names[][2] = {
    [SPACE_PERSONAL] = {[LANG_JA] = "マイフォルダ", [LANG_EN] = "My files"},
    [SPACE_COMPANY] = {[LANG_JA] = "全社共有", [LANG_EN] = "Company"},
};

struct add_change {
	struct change change;
	const struct op *asker;
	bool founding;
	enum lang lang; /* founding */
	bool has_member;
	struct login login;
	enum member_role role;
	char hash[PASSWORD_HASH_SIZE];
	int64_t id;
};

static enum rc
make_space(struct op *op, struct tx *tx, const struct op *asker,
    enum space_kind kind, int64_t member, int64_t *ret_node)
{
	struct space space = {.kind = kind, .member = member};
	struct node node = {
	    .id = tx_id(tx),
	    .parent = NODE_ROOT,
	    .kind = NODE_FOLDER,
	    .mtime = tx->wall,
	    .created_at = tx->wall,
	    .changed_at = tx->wall,
	    .changed_by = asker->actor.member,
	    .tag = (int64_t)tx->number,
	};
	int64_t lang;

	TRY(setting_get(op, tx->meta, SETTING_LANG, &lang));
	node.name =
	    span_str(space_names[kind][lang == LANG_EN ? LANG_EN : LANG_JA]);
	/* Not found by name: every member's personal space has the same one. */
	node_fixed_key(node.id, node.key);
	TRY(node_insert(op, tx->meta, &node));
	space.node = node.id;
	TRY(space_insert(op, tx->meta, &space));
	*ret_node = node.id;
	return RC_OK;
}

static enum rc
make_member(struct op *op, struct tx *tx, struct add_change *c)
{
	CLEANUP(member_row_wipe)
	struct member_row member = {
	    .id = tx_id(tx),
	    .name = c->login.text,
	    .role = c->role,
	    .status = MEMBER_ACTIVE,
	    .created_at = tx->wall,
	};
	uint8_t key[32];
	struct audit audit;
	enum rc rc;

	memcpy(member.password, c->hash, sizeof(member.password));
	member_login_key(tx->meta, c->login.fold, key);
	TRY(make_space(
	    op, tx, c->asker, SPACE_PERSONAL, member.id, &member.space));
	rc = member_row_insert(op, tx->meta, &member, key);
	if (rc == RC_EXISTS) {
		op_clear_error(op);
		FAIL(op, RC_EXISTS, "there is a member of this name");
	}
	TRY(rc);
	member_audit(
	    &audit, AUDIT_MEMBER_ADD, c->asker, member.id, member.name);
	audit_number(&audit, AUDIT_ROLE, (int64_t)member.role);
	TRY(audit_write(op, tx, &audit));
	c->id = member.id;
	return RC_OK;
}

static enum rc
count_space(void *arg, struct op *op, const struct space *space)
{
	int *n = arg;

	(void)op;
	(void)space;
	++*n;
	return RC_OK;
}

static enum rc
make_tenant(struct op *op, struct tx *tx, const struct add_change *c)
{
	struct audit audit;
	int64_t node;
	int n = 0;

	TRY(space_of_kind(op, tx->meta, SPACE_COMPANY, 0, 1, count_space, &n));
	if (n > 0)
		FAIL(op, RC_EXISTS, "the tenant has its spaces already");
	TRY(setting_set(op, tx->meta, SETTING_LANG, (int64_t)c->lang));
	TRY(make_space(op, tx, c->asker, SPACE_COMPANY, 0, &node));
	audit_begin(&audit, AUDIT_TENANT_FOUND, c->asker, node);
	return audit_write(op, tx, &audit);
}

static enum rc
add_run(struct op *op, struct tx *tx, struct change *change)
{
	struct add_change *c = container_of(change, struct add_change, change);

	TRY(access_manage(op, tx->meta, &c->asker->actor));
	if (c->founding)
		TRY(make_tenant(op, tx, c));
	return c->has_member ? make_member(op, tx, c) : RC_OK;
}

static enum rc
prepare(struct op *op, const struct member_new *member, struct add_change *c)
{
	TRY(login_init(op, member->login, &c->login));
	TRY(password_prepare(op, member->password, c->hash));
	c->role = member->role;
	c->has_member = true;
	return RC_OK;
}

enum rc
member_add(struct op *op, struct tenant *tenant,
    const struct member_new *member, int64_t *ret_id)
{
	struct add_change c = {
	    .change = {.run = add_run},
	    .asker = op,
	};
	enum rc rc;

	TRY(prepare(op, member, &c));
	rc = change_commit(op, tenant, &c.change);
	mem_wipe(c.hash, sizeof(c.hash));
	if (rc == RC_OK)
		*ret_id = c.id;
	return rc;
}

enum rc
member_found(struct op *op, struct tenant *tenant, enum lang lang,
    const struct member_new *administrator)
{
	struct add_change c = {
	    .change = {.run = add_run},
	    .asker = op,
	    .founding = true,
	    .lang = lang,
	};
	enum rc rc;

	if (administrator != NULL)
		TRY(prepare(op, administrator, &c));
	rc = change_commit(op, tenant, &c.change);
	mem_wipe(c.hash, sizeof(c.hash));
	return rc;
}
