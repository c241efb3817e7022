/*
 * test_steps.c - no step of a request grows with the size of the file or of the
 * folder's subtree: the database's own steps are counted over a small tree and
 * over a large one.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "db/db_internal.h"
#include "meta/content.h"
#include "rules.h"

enum { SMALL = 3, LARGE = 500, CALLS_MAX = 32 };

/* What each call cost. */
struct costs {
	size_t n;
	const char *names[CALLS_MAX];
	int64_t steps[CALLS_MAX];
	int64_t rows[CALLS_MAX];
};

/* Instructions of SQLite's virtual machine since the last call, over all
 * statements of the writer, which reads here, too. */
static int64_t
steps_since(struct rules *r)
{
	struct db *db = r->meta->db;
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < db->n_statements; i++)
		if (db->statements[i].handle != NULL)
			sum += sqlite3_stmt_status(db->statements[i].handle,
			    SQLITE_STMTSTATUS_VM_STEP, 1);
	return sum;
}

static void
note(struct rules *r, struct costs *costs, const char *name)
{
	assert_true(costs->n < CALLS_MAX);
	costs->names[costs->n] = name;
	costs->rows[costs->n] = fake_last(r->fake).rows;
	costs->steps[costs->n++] = steps_since(r);
}

/* ---- a tree with so many things in it ---- */

static int64_t
make_tree(struct rules *r, int64_t parent, const char *name, unsigned size)
{
	int64_t folder = make_folder(r, &r->alice, parent, name);
	int64_t deep = make_folder(r, &r->alice, folder, "deep");
	char text[32];
	unsigned i;

	(void)make_file(r, &r->alice, folder, "a file", "text");
	for (i = 0; i < size; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		(void)make_file(r, &r->alice, folder, text, text);
		(void)make_folder(r, &r->alice, deep, text);
	}
	return folder;
}

/* A file that was overwritten so often. */
static int64_t
make_versions(struct rules *r, int64_t parent, unsigned size)
{
	int64_t file = make_file(r, &r->alice, parent, "versions", "first");
	char text[32];
	unsigned i;

	for (i = 0; i < size; i++) {
		(void)snprintf(text, sizeof(text), "state %u", i);
		(void)make_file(r, &r->alice, parent, "versions", text);
	}
	return file;
}

struct chunks_change {
	struct change change;
	int64_t content;
	unsigned from, to;
};

static enum rc
chunks_run(struct op *op, struct tx *tx, struct change *change)
{
	struct chunks_change *c =
	    container_of(change, struct chunks_change, change);
	struct content content = {.id = c->content};
	unsigned i;

	if (c->from == 0) {
		c->content = content.id = tx_id(tx);
		TRY(content_insert(op, tx->meta, &content, NULL));
	}
	for (i = c->from; i < c->to; i++) {
		const struct chunk chunk = {
		    .start = (uint64_t)i * SEGMENT_CHUNK_MAX,
		    .size = SEGMENT_CHUNK_MAX,
		    .place.number = 1};

		TRY(chunk_insert(op, tx->meta, c->content, &chunk));
	}
	return RC_OK;
}

/* A file of so many chunks. */
static int64_t
make_chunks(struct rules *r, int64_t parent, unsigned size)
{
	struct chunks_change c = {.change.run = chunks_run};
	struct file_put put = {.to = at(&r->alice, parent, "chunks")};
	struct file_put_result result;

	fake_audited(r->fake, false);
	for (; c.from < size; c.from = c.to) {
		c.to = c.from + 500 < size ? c.from + 500 : size;
		ASSERT_OK(
		    &r->alice, change_commit(&r->alice, r->tenant, &c.change));
	}
	fake_audited(r->fake, true);
	put.content = (struct put_content){.session = c.content,
	    .session_chunks = size,
	    .size = (uint64_t)size * SEGMENT_CHUNK_MAX};
	ASSERT_OK(&r->alice, file_put(&r->alice, r->tenant, &put, &result));
	return result.tree.etag.node;
}

/* ---- what requests do ---- */

static void
move(struct rules *r, struct costs *costs, const char *name, int64_t node,
    int64_t to, const char *to_name)
{
	struct tree_move move = {
	    .node = node, .to = at(&r->alice, to, to_name)};
	struct tree_result result;

	ASSERT_OK(&r->alice, tree_move(&r->alice, r->tenant, &move, &result));
	note(r, costs, name);
}

static void
copy(struct rules *r, struct costs *costs, const char *name, int64_t node,
    int64_t to, const char *to_name)
{
	struct tree_copy copy = {
	    .node = node, .to = at(&r->alice, to, to_name)};
	struct tree_result result;

	ASSERT_OK(&r->alice, tree_copy(&r->alice, r->tenant, &copy, &result));
	note(r, costs, name);
}

static void
delete_and_restore(struct rules *r, struct costs *costs, int64_t node)
{
	struct tree_result result;
	struct span name;

	ASSERT_OK(&r->alice,
	    tree_delete(&r->alice, r->tenant, node, &no_precondition, &result));
	note(r, costs, "delete");
	ASSERT_OK(&r->alice,
	    trash_restore(&r->alice, r->tenant, node, &result, &name));
	note(r, costs, "restore");
}

static void
look(struct rules *r, struct costs *costs, const struct span *path, size_t n)
{
	struct node node;

	ASSERT_OK(&r->alice, path_find(&r->alice, r->meta, path, n, &node));
	ASSERT_OK(&r->alice, tree_stat(&r->alice, r->meta, node.id, &node));
	note(r, costs, "look up");
	ASSERT_OK(&r->alice, tree_stat(&r->alice, r->meta, NODE_ROOT, &node));
	note(r, costs, "look at the root");
}

static void
requests_on_folder(struct rules *r, struct costs *costs, int64_t folder)
{
	const struct span path[] = {
	    row(r, r->company).name, span_str("folder"), span_str("a file")};
	struct tree_result result;

	(void)steps_since(r);
	look(r, costs, path, 3);
	(void)make_file(r, &r->alice, folder, "new", "x");
	note(r, costs, "put");
	(void)make_file(r, &r->alice, folder, "new", "y");
	note(r, costs, "overwrite");
	(void)make_folder(r, &r->alice, folder, "new folder");
	note(r, costs, "mkcol");
	copy(r, costs, "copy of a file", child(r, folder, "new"), folder,
	    "newer");
	move(r, costs, "rename", folder, r->company, "renamed");
	move(r, costs, "move", folder, r->alices, "folder");
	ASSERT_OK(&r->alice, tree_set_mtime(&r->alice, r->tenant, folder,
				 CLOCK_S, &no_precondition, &result));
	note(r, costs, "date");
	delete_and_restore(r, costs, folder);
}

static void
requests_on_file(struct rules *r, struct costs *costs, int64_t file)
{
	(void)steps_since(r);
	move(r, costs, "rename", file, r->company, "renamed");
	copy(r, costs, "copy", file, r->company, "copied");
	(void)make_file(r, &r->alice, r->company, "copied", "other");
	note(r, costs, "overwrite");
	move(r, costs, "move", file, r->alices, "moved");
	delete_and_restore(r, costs, file);
	(void)make_file(r, &r->alice, r->alices, "moved", "other");
	note(r, costs, "overwrite");
}

/* Costs of the same calls in a fresh world with so many things. */
static void
measure(unsigned size, int64_t (*make)(struct rules *r, unsigned size),
    void (*requests)(struct rules *r, struct costs *costs, int64_t node),
    struct costs *costs)
{
	void *state = NULL;
	struct rules *r;
	int64_t node;

	assert_int_equal(rules_setup(&state), 0);
	r = state;
	node = make(r, size);
	memset(costs, 0, sizeof(*costs));
	requests(r, costs, node);
	rules_teardown(&state);
}

static void
compare(int64_t (*make)(struct rules *r, unsigned size),
    void (*requests)(struct rules *r, struct costs *costs, int64_t node))
{
	struct costs small, large;
	size_t i;

	measure(SMALL, make, requests, &small);
	measure(LARGE, make, requests, &large);
	assert_int_equal(small.n, large.n);
	for (i = 0; i < small.n; i++) {
		/* A few steps may differ by where a search ends. */
		if (large.steps[i] > small.steps[i] + 20)
			fail_msg("%s: %lld steps, with %d things %lld",
			    small.names[i], (long long)small.steps[i], LARGE,
			    (long long)large.steps[i]);
		if (large.rows[i] != small.rows[i])
			fail_msg("%s: %lld rows, with %d things %lld",
			    small.names[i], (long long)small.rows[i], LARGE,
			    (long long)large.rows[i]);
		assert_true(small.steps[i] > 0);
	}
}

static int64_t
tree_in_company(struct rules *r, unsigned size)
{
	return make_tree(r, r->company, "folder", size);
}

static int64_t
versions_in_company(struct rules *r, unsigned size)
{
	return make_versions(r, r->company, size);
}

static int64_t
chunks_in_company(struct rules *r, unsigned size)
{
	return make_chunks(r, r->company, size);
}

static void
no_step_grows_with_what_is_below_a_folder(void **state)
{
	(void)state;
	compare(tree_in_company, requests_on_folder);
}

static void
no_step_grows_with_the_number_of_a_files_versions(void **state)
{
	(void)state;
	compare(versions_in_company, requests_on_file);
}

static void
no_step_grows_with_the_number_of_a_files_chunks(void **state)
{
	(void)state;
	compare(chunks_in_company, requests_on_file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_step_grows_with_what_is_below_a_folder),
	    cmocka_unit_test(no_step_grows_with_the_number_of_a_files_versions),
	    cmocka_unit_test(no_step_grows_with_the_number_of_a_files_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
