/* test_copy.c - copies of files and folders. */
#include <stdio.h>

#include "base/text.h"
#include "core/audit.h"
#include "meta/version.h"
#include "rules.h"

static enum rc
copy(struct rules *r, struct op *op, int64_t node, int64_t parent,
    const char *name, bool overwrite, struct tree_result *result)
{
	struct tree_copy args = {
	    .node = node, .to = at(op, parent, name), .overwrite = overwrite};

	return tree_copy(op, r->tenant, &args, result);
}

static void
a_files_copy_shares_its_content(void **state)
{
	struct rules *r = *state;
	int64_t file = make_file(r, &r->alice, r->alices, "f", "text");
	struct node from, to;
	struct tree_result result;

	ASSERT_OK(&r->alice,
	    copy(r, &r->alice, file, r->company, "g", false, &result));
	assert_true(result.created);
	from = row(r, file);
	to = row(r, result.etag.node);
	assert_int_equal(to.content, from.content);
	assert_int_equal(to.mtime, from.mtime);
	assert_int_equal(to.size, from.size);
	assert_int_not_equal(to.id, from.id);
	assert_int_equal(to.tag, result.etag.tag);
	assert_int_equal(last_action(r, NULL), AUDIT_COPY);
	/* The one's change leaves the other. */
	(void)make_file(r, &r->alice, r->alices, "f", "other");
	assert_int_equal(row(r, to.id).content, from.content);
}

static void
a_files_copy_over_a_file_makes_a_version_of_what_it_had(void **state)
{
	struct rules *r = *state;
	int64_t a = make_file(r, &r->alice, r->alices, "a", "A");
	int64_t b = make_file(r, &r->alice, r->alices, "b", "BB");
	int64_t content = row(r, b).content;
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_CONFLICT,
	    copy(r, &r->alice, a, r->alices, "b", false, &result));
	assert_int_equal(result.why, TREE_WHY_EXISTS);
	ASSERT_OK(
	    &r->alice, copy(r, &r->alice, a, r->alices, "b", true, &result));
	assert_int_equal(child(r, r->alices, "b"), b);
	assert_int_equal(row(r, b).content, row(r, a).content);
	assert_int_equal(newest_version(r, b).content, content);
	assert_int_equal(newest_version(r, b).size, 2);
	assert_false(result.created);
	/* Once more: the same already. */
	ASSERT_OK(
	    &r->alice, copy(r, &r->alice, a, r->alices, "b", true, &result));
	assert_true(result.unchanged);
	assert_int_equal(count_versions(r, b), 1);
}

static void
nothing_is_copied_into_or_over_itself(void **state)
{
	struct rules *r = *state;
	int64_t a = make_folder(r, &r->alice, r->alices, "a");
	int64_t b = make_folder(r, &r->alice, a, "b");
	int64_t file = make_file(r, &r->alice, b, "f", "text");
	struct tree_result result;

	ASSERT_RC(
	    &r->alice, RC_DENIED, copy(r, &r->alice, a, b, "x", true, &result));
	assert_int_equal(result.why, TREE_WHY_ITSELF);
	ASSERT_RC(&r->alice, RC_DENIED,
	    copy(r, &r->alice, file, b, "F", true, &result));
	ASSERT_RC(&r->alice, RC_DENIED,
	    copy(r, &r->alice, a, r->alices, "A", true, &result));
	/* Over what it stands in. */
	ASSERT_RC(&r->alice, RC_DENIED,
	    copy(r, &r->alice, b, r->alices, "a", true, &result));
	ASSERT_RC(&r->alice, RC_DENIED,
	    copy(r, &r->alice, file, r->alices, "a", true, &result));
	assert_int_equal(result.why, TREE_WHY_ITSELF);
	assert_int_equal(row(r, a).parent, r->alices);
	assert_int_equal(count_children(r, NODE_TRASH), 0);
}

/* Whether two folders have equal names, kinds and contents below them. */
struct compare {
	struct rules *r;
	size_t n;
	struct node nodes[400];
};

static enum rc
take(void *arg, struct op *op, const struct node *node)
{
	struct compare *c = arg;

	assert_true(c->n < ARRAY_LEN(c->nodes));
	c->nodes[c->n] = *node;
	ASSERT_OK(op, text_nfc(op, node->name, &c->nodes[c->n].name));
	c->n++;
	return RC_OK;
}

static size_t
assert_alike(struct rules *r, int64_t a, int64_t b)
{
	struct compare c = {.r = r};
	size_t n = 1;
	size_t i;

	ASSERT_OK(
	    &r->host, node_list(&r->host, r->meta, a, NULL, 1000, take, &c));
	assert_int_equal(c.n, count_children(r, b));
	for (i = 0; i < c.n; i++) {
		int64_t twin = child(r, b, (const char *)c.nodes[i].name.data);
		struct node node;

		assert_int_not_equal(twin, 0);
		node = row(r, twin);
		assert_int_equal(node.kind, c.nodes[i].kind);
		assert_int_equal(node.content, c.nodes[i].content);
		assert_int_equal(node.mtime, c.nodes[i].mtime);
		assert_true(span_equal(node.name, c.nodes[i].name));
		n += node.kind == NODE_FOLDER
			 ? assert_alike(r, c.nodes[i].id, twin)
			 : 1;
	}
	return n;
}

static int64_t
make_tree(struct rules *r, int64_t parent, size_t folders, size_t files,
    size_t levels)
{
	int64_t top = make_folder(r, &r->alice, parent, "tree");
	int64_t folder = top;
	char name[32];
	size_t i, k, level;

	for (level = 0; level < levels; level++) {
		for (i = 0; i < folders; i++) {
			int64_t inner;

			(void)snprintf(name, sizeof(name), "Folder %zu", i);
			inner = make_folder(r, &r->alice, folder, name);
			for (k = 0; k < files; k++) {
				(void)snprintf(
				    name, sizeof(name), "File %zu.txt", k);
				(void)make_file(
				    r, &r->alice, inner, name, name);
			}
		}
		folder = child(r, folder, "folder 0");
	}
	return top;
}

static void
a_folders_copy_has_all_that_is_below_it(void **state)
{
	struct rules *r = *state;
	int64_t top;
	struct tree_result result;
	size_t n;

	fake_group(r->fake, FAKE_GROUP_MAX);
	top = make_tree(r, r->alices, 70, 10, 3);
	fake_group(r->fake, 1);
	/* The request's memory does not grow with the folder. */
	r->alice.arena.limit = r->alice.arena.used + (64 << 10);
	ASSERT_OK(&r->alice,
	    copy(r, &r->alice, top, r->company, "copy", false, &result));
	n = assert_alike(r, top, result.etag.node);
	assert_int_equal(n, 1 + 3 * 70 * 11);
	assert_true(n > 2 * TREE_STEP_ROWS);
	assert_int_equal(child(r, r->company, "copy"), result.etag.node);
	assert_int_equal(row(r, result.etag.node).tag, result.etag.tag);
	assert_int_equal(result.receipt.number, fake_head(r->fake));
	assert_int_equal(count_children(r, NODE_HIDDEN), 0);
}

static void
a_folders_copy_is_shown_at_once(void **state)
{
	struct rules *r = *state;
	int64_t top = make_tree(r, r->alices, 3, 3, 1);
	struct tree_result result;

	/* Whether runs are repeated or not, nothing is made twice. */
	fake_run_twice(r->fake, true);
	ASSERT_OK(&r->alice,
	    copy(r, &r->alice, top, r->alices, "copy", false, &result));
	/* The last change: one row, its audit. */
	assert_int_equal(fake_last(r->fake).rows, 2);
	assert_int_equal(assert_alike(r, top, result.etag.node), 13);
}

static void
a_folders_copy_replaces_what_has_the_name(void **state)
{
	struct rules *r = *state;
	int64_t top = make_tree(r, r->alices, 2, 1, 1);
	int64_t old = make_folder(r, &r->alice, r->alices, "old");
	struct tree_result result;

	ASSERT_RC(&r->alice, RC_CONFLICT,
	    copy(r, &r->alice, top, r->alices, "old", false, &result));
	ASSERT_OK(&r->alice,
	    copy(r, &r->alice, top, r->alices, "OLD", true, &result));
	assert_int_equal(row(r, old).parent, NODE_TRASH);
	assert_int_equal(child(r, r->alices, "old"), result.etag.node);
	assert_string_equal(name_of(r, result.etag.node), "OLD");
	assert_int_equal(assert_alike(r, top, result.etag.node), 5);
}

static void
a_shallow_copy_is_an_empty_folder(void **state)
{
	struct rules *r = *state;
	int64_t top = make_tree(r, r->alices, 2, 1, 1);
	struct tree_copy args = {.node = top,
	    .to = at(&r->alice, r->alices, "copy"),
	    .shallow = true};
	struct tree_result result;

	ASSERT_OK(&r->alice, tree_copy(&r->alice, r->tenant, &args, &result));
	assert_int_equal(count_children(r, result.etag.node), 0);
}

static void
a_space_can_be_copied_into_a_folder_of_another(void **state)
{
	struct rules *r = *state;
	struct tree_result result;

	(void)make_tree(r, r->alices, 2, 1, 1);
	ASSERT_OK(&r->alice, copy(r, &r->alice, r->alices, r->company,
				 "from alice", false, &result));
	assert_int_equal(assert_alike(r, r->alices, result.etag.node), 6);
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RULE(a_files_copy_shares_its_content),
	    RULE(a_files_copy_over_a_file_makes_a_version_of_what_it_had),
	    RULE(nothing_is_copied_into_or_over_itself),
	    RULE(a_folders_copy_has_all_that_is_below_it),
	    RULE(a_folders_copy_is_shown_at_once),
	    RULE(a_folders_copy_replaces_what_has_the_name),
	    RULE(a_shallow_copy_is_an_empty_folder),
	    RULE(a_space_can_be_copied_into_a_folder_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
