/* rules.c - a small company for the tests of core's rules. */
#include "rules.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "meta/audit.h"
#include "meta/content.h"
#include "meta/version.h"

const struct precondition no_precondition;

static enum rc
take_space(void *arg, struct op *op, const struct space *space)
{
	(void)op;
	*(int64_t *)arg = space->node;
	return RC_OK;
}

static void
add(struct rules *r, const char *login, struct op *op, int64_t *ret_space)
{
	struct member_new member = {.login = span_str(login)};
	int64_t id;

	ASSERT_OK(&r->host, member_add(&r->host, r->tenant, &member, &id));
	fake_op(op, id);
	ASSERT_OK(op, space_of_member(op, r->meta, id, take_space, ret_space));
}

int
rules_setup(void **state)
{
	struct rules *r = mem_alloc(sizeof(*r));
	struct member_new admin = {
	    .login = span_str("admin"), .role = MEMBER_ADMINISTRATOR};
	struct member_row row;

	assert_non_null(r);
	r->fake = fake_new();
	r->tenant = fake_tenant(r->fake);
	r->meta = fake_meta(r->fake);
	fake_op(&r->host, 0);
	r->host.actor.tenant = 0;
	ASSERT_OK(&r->host, member_found(&r->host, r->tenant, LANG_EN, &admin));
	ASSERT_OK(&r->host, member_find(&r->host, r->meta, admin.login, &row));
	fake_op(&r->admin, row.id);
	add(r, "alice", &r->alice, &r->alices);
	add(r, "bob", &r->bob, &r->bobs);
	ASSERT_OK(&r->host, space_of_kind(&r->host, r->meta, SPACE_COMPANY, 0,
				1, take_space, &r->company));
	*state = r;
	return 0;
}

int
rules_teardown(void **state)
{
	struct rules *r = *state;

	fake_free(r->fake);
	op_release(&r->host);
	op_release(&r->admin);
	op_release(&r->alice);
	op_release(&r->bob);
	mem_free(r);
	return 0;
}

struct tree_target
at(struct op *op, int64_t parent, const char *name)
{
	struct tree_target target = {.parent = parent};

	ASSERT_OK(op, tree_name_init(op, span_str(name), &target.name));
	return target;
}

int64_t
make_folder(struct rules *r, struct op *op, int64_t parent, const char *name)
{
	struct tree_target to = at(op, parent, name);
	struct tree_result result;

	ASSERT_OK(
	    op, tree_mkdir(op, r->tenant, &to, &no_precondition, &result));
	assert_true(result.created);
	return result.etag.node;
}

enum rc
put_text(struct rules *r, struct op *op, int64_t parent, const char *name,
    const char *text, int64_t mtime, struct file_put_result *result)
{
	static const uint8_t sealed[65552];
	struct put_chunk chunk = {
	    .size = (uint32_t)strlen(text),
	    .sealed = span_of(sealed, strlen(text) + AEAD_TAG_SIZE),
	};
	struct file_put put = {
	    .to = at(op, parent, name),
	    .content = {.size = strlen(text),
		.has_sha1 = true,
		.n_chunks = text[0] != '\0',
		.chunks = &chunk},
	    .has_mtime = mtime != 0,
	    .mtime = mtime,
	};

	sha256_of(span_str(text), put.content.sha256);
	memcpy(put.content.sha1, put.content.sha256, SHA1_SIZE);
	memcpy(chunk.key, put.content.sha256, sizeof(chunk.key));
	return file_put(op, r->tenant, &put, result);
}

int64_t
make_file(struct rules *r, struct op *op, int64_t parent, const char *name,
    const char *text)
{
	struct file_put_result result;

	ASSERT_OK(op, put_text(r, op, parent, name, text, 0, &result));
	return result.tree.etag.node;
}

int64_t
child(struct rules *r, int64_t parent, const char *name)
{
	uint8_t key[META_NAME_KEY_SIZE];
	struct node node;
	struct span fold;
	enum rc rc;

	ASSERT_OK(&r->host, text_fold_key(&r->host, span_str(name), &fold));
	node_key(r->meta->keys, parent, fold, key);
	rc = node_find(&r->host, r->meta, parent, key, &node);
	if (rc == RC_NOT_FOUND)
		return 0;
	ASSERT_OK(&r->host, rc);
	return node.id;
}

struct node
row(struct rules *r, int64_t id)
{
	struct node node;

	ASSERT_OK(&r->host, node_get(&r->host, r->meta, id, &node));
	return node;
}

const char *
name_of(struct rules *r, int64_t id)
{
	return (const char *)row(r, id).name.data;
}

static enum rc
count_node(void *arg, struct op *op, const struct node *node)
{
	(void)op;
	(void)node;
	++*(size_t *)arg;
	return RC_OK;
}

size_t
count_children(struct rules *r, int64_t parent)
{
	size_t n = 0;

	ASSERT_OK(&r->host, node_list(&r->host, r->meta, parent, NULL, 1 << 20,
				count_node, &n));
	return n;
}

size_t
count_versions(struct rules *r, int64_t node)
{
	int64_t n;

	ASSERT_OK(
	    &r->host, version_count(&r->host, r->meta, node, 1 << 20, &n));
	return (size_t)n;
}

struct first_version {
	bool found;
	struct version version;
};

static enum rc
take_version(void *arg, struct op *op, const struct version *version)
{
	struct first_version *first = arg;

	(void)op;
	first->found = true;
	first->version = *version;
	return RC_OK;
}

struct version
newest_version(struct rules *r, int64_t node)
{
	struct first_version first = {0};

	ASSERT_OK(&r->host, version_list(&r->host, r->meta, node, INT64_MAX, 1,
				take_version, &first));
	assert_true(first.found);
	return first.version;
}

static enum rc
take_audit(void *arg, struct op *op, const struct audit_row *audit)
{
	(void)op;
	*(struct audit_row *)arg = *audit;
	return RC_OK;
}

int64_t
last_action(struct rules *r, int64_t *node)
{
	struct audit_row audit = {0};

	ASSERT_OK(&r->host, audit_row_list(&r->host, r->meta, INT64_MAX, 1,
				take_audit, &audit));
	if (node != NULL)
		*node = audit.node;
	return audit.action;
}
