/* test_access.c - who sees what; paths; audit rows. */
#include <string.h>

#include "core/audit.h"
#include "core/path_cache.h"
#include "meta/audit.h"
#include "rules.h"

/* Every call that takes a node, against a node that the actor may not even know
 * of. */
static void
assert_invisible(
    struct rules *r, struct op *op, int64_t folder, int64_t file, int64_t own)
{
	struct tree_target in = at(op, folder, "x");
	struct tree_move move = {.node = file, .to = at(op, own, "x")};
	struct tree_move into = {.node = own, .to = in};
	struct tree_copy copy = {.node = file, .to = at(op, own, "x")};
	struct tree_copy copy_into = {.node = own, .to = in};
	struct tree_result result;
	struct file_put_result put;
	struct node node;

	ASSERT_RC(op, RC_NOT_FOUND, tree_stat(op, r->meta, file, &node));
	ASSERT_RC(op, RC_NOT_FOUND,
	    tree_list(op, r->meta, folder, NULL, 1, NULL, NULL));
	ASSERT_RC(op, RC_NOT_FOUND,
	    tree_mkdir(op, r->tenant, &in, &no_precondition, &result));
	ASSERT_RC(op, RC_NOT_FOUND,
	    tree_delete(op, r->tenant, file, &no_precondition, &result));
	ASSERT_RC(op, RC_NOT_FOUND,
	    tree_delete(op, r->tenant, folder, &no_precondition, &result));
	ASSERT_RC(op, RC_NOT_FOUND,
	    tree_set_mtime(op, r->tenant, file, 1, &no_precondition, &result));
	ASSERT_RC(op, RC_NOT_FOUND, tree_move(op, r->tenant, &move, &result));
	ASSERT_RC(op, RC_NOT_FOUND, tree_copy(op, r->tenant, &copy, &result));
	ASSERT_RC(
	    op, RC_NOT_FOUND, put_text(r, op, folder, "x", "text", 0, &put));
	into.node = copy_into.node = make_file(r, op, own, "probe", "text");
	ASSERT_RC(op, RC_NOT_FOUND, tree_move(op, r->tenant, &into, &result));
	ASSERT_RC(
	    op, RC_NOT_FOUND, tree_copy(op, r->tenant, &copy_into, &result));
	ASSERT_OK(op,
	    tree_delete(op, r->tenant, into.node, &no_precondition, &result));
}

static void
others_personal_spaces_do_not_exist_for_members_and_administrators(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "a");
	int64_t file = make_file(r, &r->alice, folder, "f", "text");
	struct node before = row(r, file);

	assert_invisible(r, &r->bob, folder, file, r->bobs);
	assert_invisible(r, &r->bob, r->alices, file, r->bobs);
	assert_invisible(r, &r->admin, folder, file, r->company);
	assert_int_equal(row(r, file).tag, before.tag);
	assert_int_equal(row(r, file).parent, before.parent);
	assert_int_equal(count_children(r, folder), 1);
}

static void
the_words_for_anothers_node_are_those_for_none(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "text");
	char others[OP_ERROR_SIZE];
	struct place place;

	assert_int_equal(access_node(&r->bob, r->meta, &r->bob.actor, file,
			     ACCESS_READ, &place),
	    RC_NOT_FOUND);
	memcpy(others, r->bob.error, sizeof(others));
	op_clear_error(&r->bob);
	assert_int_equal(access_node(&r->bob, r->meta, &r->bob.actor,
			     file + 100000, ACCESS_READ, &place),
	    RC_NOT_FOUND);
	assert_string_equal(others, r->bob.error);
	op_clear_error(&r->bob);
}

static void
the_company_space_is_everybodys(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->company, "a");
	int64_t file = make_file(r, &r->bob, folder, "f", "text");
	struct tree_result result;

	ASSERT_OK(&r->admin,
	    tree_delete(&r->admin, r->tenant, file, &no_precondition, &result));
}

static void
the_host_sees_no_files(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "f", "text");
	struct tree_result result;
	struct node node;

	ASSERT_RC(
	    &r->host, RC_DENIED, tree_stat(&r->host, r->meta, file, &node));
	ASSERT_RC(&r->host, RC_DENIED,
	    tree_delete(&r->host, r->tenant, file, &no_precondition, &result));
}

static void
a_member_of_another_tenant_is_nobody_here(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->company, "f", "text");
	struct node node;

	r->bob.actor.tenant++;
	ASSERT_RC(&r->bob, RC_DENIED, tree_stat(&r->bob, r->meta, file, &node));
	r->bob.actor.tenant--;
	r->bob.actor.member = 123456;
	ASSERT_RC(&r->bob, RC_DENIED, tree_stat(&r->bob, r->meta, file, &node));
}

static void
a_suspended_member_may_do_nothing(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->bob, r->bobs, "f", "text");
	struct tree_result result;
	struct node node;

	ASSERT_OK(&r->admin, member_set_status(&r->admin, r->tenant,
				 r->bob.actor.member, MEMBER_SUSPENDED));
	ASSERT_RC(&r->bob, RC_DENIED, tree_stat(&r->bob, r->meta, file, &node));
	ASSERT_RC(&r->bob, RC_DENIED,
	    tree_delete(&r->bob, r->tenant, file, &no_precondition, &result));
	ASSERT_RC(
	    &r->bob, RC_DENIED, tree_stat(&r->bob, r->meta, NODE_ROOT, &node));
}

static enum rc
find(struct rules *r, struct op *op, const char *path, struct node *ret_node)
{
	struct span segments[16];
	size_t n = 0;

	while (*path != '\0') {
		size_t size = strcspn(path, "/");

		segments[n++] = span_of(path, size);
		path += size + (path[size] == '/');
	}
	return path_find(op, r->meta, segments, n, ret_node);
}

static void
paths_begin_at_the_spaces_that_one_sees(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "Caf\xC3\xA9");
	int64_t file = make_file(r, &r->alice, folder, "f.txt", "text");
	struct node node;

	ASSERT_OK(&r->alice,
	    find(r, &r->alice, "my FILES/CAFE\xCC\x81/F.TXT", &node));
	assert_int_equal(node.id, file);
	ASSERT_OK(&r->alice, find(r, &r->alice, "Company", &node));
	assert_int_equal(node.id, r->company);
	ASSERT_OK(&r->bob, find(r, &r->bob, "My files", &node));
	assert_int_equal(node.id, r->bobs);
	ASSERT_RC(&r->bob, RC_NOT_FOUND,
	    find(r, &r->bob, "My files/caf\xC3\xA9", &node));
	ASSERT_OK(&r->alice, find(r, &r->alice, "", &node));
	assert_int_equal(node.id, NODE_ROOT);
	ASSERT_RC(
	    &r->alice, RC_NOT_FOUND, find(r, &r->alice, "Nothing", &node));
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    find(r, &r->alice, "My files/caf\xC3\xA9/f.txt/below", &node));
	ASSERT_RC(
	    &r->alice, RC_INVALID, find(r, &r->alice, "My files/..", &node));
	ASSERT_RC(
	    &r->alice, RC_INVALID, find(r, &r->alice, "../My files", &node));
}

static void
a_paths_folder_is_found_where_its_last_name_is_not(void **state)
{
	struct rules *r = *state;
	const struct span segments[] = {
	    span_str("My files"), span_str("a"), span_str("new")};
	int64_t folder = make_folder(r, &r->alice, r->alices, "a");
	int64_t parent;
	struct tree_result result;

	ASSERT_OK(&r->alice,
	    path_find_parent(&r->alice, r->meta, segments, 3, &parent));
	assert_int_equal(parent, folder);
	ASSERT_OK(&r->alice,
	    path_find_parent(&r->alice, r->meta, segments, 1, &parent));
	assert_int_equal(parent, NODE_ROOT);
	ASSERT_OK(&r->alice, tree_delete(&r->alice, r->tenant, folder,
				 &no_precondition, &result));
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    path_find_parent(&r->alice, r->meta, segments, 3, &parent));
	(void)make_file(r, &r->alice, r->alices, "a", "text");
	ASSERT_RC(&r->alice, RC_NOT_FOUND,
	    path_find_parent(&r->alice, r->meta, segments, 3, &parent));
}

/* As path_find_parent_kept, for "My files/NAME/new". */
static enum rc
kept(struct rules *r, struct op *op, struct path_cache *cache, const char *name,
    int64_t *ret_parent)
{
	const struct span segments[] = {
	    span_str("My files"), span_str(name), span_str("new")};

	op_clear_error(op);
	return path_find_parent_kept(op, cache, path_cache_state(cache),
	    r->meta, segments, 3, ret_parent);
}

static void
a_kept_folder_is_found_until_it_is_void(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "a");
	struct path_cache cache = {0};
	struct tree_result result;
	int64_t parent;

	path_cache_init(&cache);
	ASSERT_OK(&r->alice, kept(r, &r->alice, &cache, "a", &parent));
	assert_int_equal(parent, folder);
	/* Another's path of the same spelling is another path. */
	ASSERT_RC(
	    &r->bob, RC_NOT_FOUND, kept(r, &r->bob, &cache, "a", &parent));
	ASSERT_OK(&r->alice, tree_delete(&r->alice, r->tenant, folder,
				 &no_precondition, &result));
	/* The committer's part is left out here: so it is seen to be kept. */
	ASSERT_OK(&r->alice, kept(r, &r->alice, &cache, "a", &parent));
	assert_int_equal(parent, folder);
	path_cache_void(&cache);
	ASSERT_RC(
	    &r->alice, RC_NOT_FOUND, kept(r, &r->alice, &cache, "a", &parent));
	/* What is not there is not kept. */
	folder = make_folder(r, &r->alice, r->alices, "a");
	ASSERT_OK(&r->alice, kept(r, &r->alice, &cache, "a", &parent));
	assert_int_equal(parent, folder);
	path_cache_release(&cache);
}

static void
folders_whose_names_differ_at_the_end_are_kept_beside_each_other(void **state)
{
	struct rules *r = *state;
	struct path_cache cache = {0};
	struct tree_result result;
	int64_t folders[8], parent;
	char name[] = "f0";
	size_t i;

	path_cache_init(&cache);
	for (i = 0; i < ARRAY_LEN(folders); i++) {
		name[1] = (char)('0' + i);
		folders[i] = make_folder(r, &r->alice, r->alices, name);
		ASSERT_OK(&r->alice, kept(r, &r->alice, &cache, name, &parent));
	}
	for (i = 0; i < ARRAY_LEN(folders); i++) {
		ASSERT_OK(
		    &r->alice, tree_delete(&r->alice, r->tenant, folders[i],
				   &no_precondition, &result));
		name[1] = (char)('0' + i);
		ASSERT_OK(&r->alice, kept(r, &r->alice, &cache, name, &parent));
		assert_int_equal(parent, folders[i]);
	}
	path_cache_release(&cache);
}

static void
a_folder_found_in_a_read_from_before_a_void_is_not_kept(void **state)
{
	struct rules *r = *state;
	int64_t folder = make_folder(r, &r->alice, r->alices, "a");
	const struct span segments[] = {
	    span_str("My files"), span_str("a"), span_str("new")};
	struct path_cache cache = {0};
	struct tree_result result;
	uint64_t before;
	int64_t parent;

	path_cache_init(&cache);
	before = path_cache_state(&cache);
	path_cache_void(&cache);
	ASSERT_OK(&r->alice, path_find_parent_kept(&r->alice, &cache, before,
				 r->meta, segments, 3, &parent));
	ASSERT_OK(&r->alice, tree_delete(&r->alice, r->tenant, folder,
				 &no_precondition, &result));
	ASSERT_RC(
	    &r->alice, RC_NOT_FOUND, kept(r, &r->alice, &cache, "a", &parent));
	path_cache_release(&cache);
}

static void
a_path_too_long_to_be_kept_is_found_all_the_same(void **state)
{
	struct rules *r = *state;
	char name[241];
	struct path_cache cache = {0};
	int64_t folder, parent;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	folder = make_folder(r, &r->alice, r->alices, name);
	path_cache_init(&cache);
	ASSERT_OK(&r->alice, kept(r, &r->alice, &cache, name, &parent));
	assert_int_equal(parent, folder);
	ASSERT_OK(&r->alice, kept(r, &r->alice, &cache, name, &parent));
	assert_int_equal(parent, folder);
	path_cache_release(&cache);
}

struct audit_seen {
	struct audit_row row;
	bool name, parent, address, request;
};

static enum rc
read_audit(void *arg, struct op *op, const struct audit_row *row)
{
	struct audit_seen *seen = arg;
	struct span body = row->body;
	struct audit_value value;
	bool more;

	seen->row = *row;
	for (;;) {
		TRY(audit_next(op, &body, &value, &more));
		if (!more)
			return RC_OK;
		if (value.field == AUDIT_NAME)
			seen->name = span_equal(value.bytes, span_str("f"));
		if (value.field == AUDIT_PARENT)
			seen->parent = value.number > 0;
		if (value.field == AUDIT_ADDRESS)
			seen->address =
			    span_equal(value.bytes, span_str("192.0.2.1"));
		if (value.field == AUDIT_REQUEST)
			seen->request = value.bytes.size > 0;
	}
}

static void
an_audit_row_says_who_what_where_and_when(void **state)
{
	struct rules *r = *state;
	struct audit_seen seen = {0};
	int64_t file;

	strcpy(r->alice.actor.address, "192.0.2.1");
	file = make_file(r, &r->alice, r->alices, "f", "text");
	ASSERT_OK(&r->host,
	    audit_row_list(&r->host, r->meta, INT64_MAX, 1, read_audit, &seen));
	assert_int_equal(seen.row.member, r->alice.actor.member);
	assert_int_equal(seen.row.action, AUDIT_FILE_MAKE);
	assert_int_equal(seen.row.node, file);
	assert_int_equal(seen.row.wall, fake_wall(r->fake));
	assert_true(seen.name && seen.parent && seen.address && seen.request);
}

static void
a_cut_audit_body_is_damage(void **state)
{
	struct rules *r = *state;
	struct audit audit;
	struct audit_value value;
	size_t size;
	bool more = true;

	audit_begin(&audit, AUDIT_MOVE, &r->host, 1);
	audit_number(&audit, AUDIT_SIZE, -7);
	for (size = 1; size < audit.size; size++) {
		struct span body = span_of(audit.body, size);
		enum rc rc;

		do
			rc = audit_next(&r->host, &body, &value, &more);
		while (rc == RC_OK && more);
		/* Either cut inside a field, or exactly behind one. */
		assert_true(rc == RC_DAMAGED ||
			    (rc == RC_OK && size + 11 == audit.size));
		op_clear_error(&r->host);
	}
}

static void
a_refused_change_leaves_no_audit_row(void **state)
{
	struct rules *r = *state;
	struct tree_result result;
	struct audit_seen before = {0}, after = {0};

	ASSERT_OK(&r->host, audit_row_list(&r->host, r->meta, INT64_MAX, 1,
				read_audit, &before));
	ASSERT_RC(&r->alice, RC_DENIED,
	    tree_delete(
		&r->alice, r->tenant, r->alices, &no_precondition, &result));
	ASSERT_OK(&r->host, audit_row_list(&r->host, r->meta, INT64_MAX, 1,
				read_audit, &after));
	assert_int_equal(before.row.id, after.row.id);
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(
		others_personal_spaces_do_not_exist_for_members_and_administrators),
	    RULE(the_words_for_anothers_node_are_those_for_none),
	    RULE(the_company_space_is_everybodys),
	    RULE(the_host_sees_no_files),
	    RULE(a_member_of_another_tenant_is_nobody_here),
	    RULE(a_suspended_member_may_do_nothing),
	    RULE(paths_begin_at_the_spaces_that_one_sees),
	    RULE(a_paths_folder_is_found_where_its_last_name_is_not),
	    RULE(a_kept_folder_is_found_until_it_is_void),
	    RULE(
		folders_whose_names_differ_at_the_end_are_kept_beside_each_other),
	    RULE(a_folder_found_in_a_read_from_before_a_void_is_not_kept),
	    RULE(a_path_too_long_to_be_kept_is_found_all_the_same),
	    RULE(an_audit_row_says_who_what_where_and_when),
	    RULE(a_cut_audit_body_is_damage),
	    RULE(a_refused_change_leaves_no_audit_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
