/*
 * test_random.c - random sequences of operations against a simple tree in
 * memory, in groups of random size; the replayed database must agree as well
 * (fake_tx.h). DOZO_SEED=N repeats one sequence.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rules.h"

enum { NODES_MAX = 20000, OPS = 500, SEEDS = 8, LIVE_MAX = 400 };

enum where { LIVE, TRASHED, GONE };

/* What a node should be. */
struct twin {
	int64_t id;
	int parent; /* -1: a space */
	int former; /* parent before it was deleted */
	int space; /* at deletion */
	enum where where;
	bool folder;
	char name[64];
	const char *text;
	int content; /* equal for files that share one */
	int64_t mtime;
	size_t versions;
};

struct oracle {
	struct rules *r;
	struct op *op;
	uint64_t random;
	int n;
	int contents;
	struct twin nodes[NODES_MAX];
};

static unsigned
pick(struct oracle *o, unsigned n)
{
	/* xorshift64 */
	o->random ^= o->random << 13;
	o->random ^= o->random >> 7;
	o->random ^= o->random << 17;
	return (unsigned)((o->random >> 33) % n);
}

static const char *
pick_name(struct oracle *o)
{
	static const char *const names[] = {
	    "a", "A", "b", "B", "c", "d", "e", "E (2)"};

	return names[pick(o, ARRAY_LEN(names))];
}

static const char *
pick_text(struct oracle *o)
{
	static const char *const texts[] = {"", "one", "two", "three", "four!"};

	return texts[pick(o, ARRAY_LEN(texts))];
}

/* Any node ever made, spaces included; mostly one that is there. */
static bool
visible(const struct oracle *o, int i)
{
	for (; i != -1; i = o->nodes[i].parent)
		if (o->nodes[i].where != LIVE)
			return false;
	return true;
}

static int
pick_node(struct oracle *o)
{
	int i, tries;

	for (tries = 0; tries < 20; tries++) {
		i = (int)pick(o, (unsigned)o->n);
		if (visible(o, i))
			return i;
	}
	return (int)pick(o, (unsigned)o->n);
}

static int
pick_folder(struct oracle *o)
{
	int i, tries;

	for (tries = 0; tries < 20; tries++) {
		i = pick_node(o);
		if (o->nodes[i].folder || pick(o, 20) == 0)
			return i;
	}
	return 0;
}

static int
find(const struct oracle *o, int parent, const char *name)
{
	int i;

	for (i = 2; i < o->n; i++)
		if (o->nodes[i].where == LIVE && o->nodes[i].parent == parent &&
		    strcasecmp(o->nodes[i].name, name) == 0)
			return i;
	return -1;
}

static bool
within(const struct oracle *o, int node, int folder)
{
	for (; node != -1; node = o->nodes[node].parent)
		if (node == folder)
			return true;
	return false;
}

static int
space_of(const struct oracle *o, int i)
{
	while (o->nodes[i].parent != -1)
		i = o->nodes[i].parent;
	return i;
}

static int
add(struct oracle *o, int parent, const char *name, bool folder)
{
	struct twin *twin = &o->nodes[o->n];

	assert_true(o->n < NODES_MAX);
	*twin = (struct twin){.parent = parent, .folder = folder};
	strcpy(twin->name, name);
	return o->n++;
}

static void
trash(struct oracle *o, int i)
{
	struct twin *twin = &o->nodes[i];

	twin->former = twin->parent;
	twin->space = space_of(o, i);
	twin->where = TRASHED;
}

/* ---- each operation: what should happen, what does, what it leaves ---- */

static enum rc
target_rc(const struct oracle *o, int parent)
{
	return visible(o, parent) && o->nodes[parent].folder ? RC_OK
							     : RC_NOT_FOUND;
}

static void
do_mkdir(struct oracle *o)
{
	int parent = pick_folder(o);
	const char *name = pick_name(o);
	struct tree_target to = at(o->op, o->nodes[parent].id, name);
	enum rc expected = target_rc(o, parent);
	struct tree_result result;

	if (expected == RC_OK && find(o, parent, name) != -1)
		expected = RC_EXISTS;
	ASSERT_RC(o->op, expected,
	    tree_mkdir(o->op, o->r->tenant, &to, &no_precondition, &result));
	if (expected == RC_OK)
		o->nodes[add(o, parent, name, true)].id = result.etag.node;
}

static void
do_put(struct oracle *o)
{
	int parent = pick_folder(o);
	const char *name = pick_name(o);
	const char *text = pick_text(o);
	int i = find(o, parent, name);
	enum rc expected = target_rc(o, parent);
	struct file_put_result result;
	struct twin *twin;

	if (expected == RC_OK && i != -1 && o->nodes[i].folder)
		expected = RC_CONFLICT;
	ASSERT_RC(o->op, expected,
	    put_text(o->r, o->op, o->nodes[parent].id, name, text, 0, &result));
	if (expected != RC_OK)
		return;
	if (i == -1)
		i = add(o, parent, name, false);
	twin = &o->nodes[i];
	if (twin->text != NULL && strcmp(twin->text, text) == 0) {
		assert_true(result.tree.unchanged);
		return;
	}
	assert_false(result.tree.unchanged);
	if (twin->text != NULL && twin->text[0] != '\0')
		twin->versions++;
	twin->id = result.tree.etag.node;
	twin->text = text;
	twin->content = ++o->contents;
	twin->mtime = fake_wall(o->r->fake);
}

static enum rc
move_rc(
    const struct oracle *o, int node, int parent, int holder, bool overwrite)
{
	if (!visible(o, node))
		return RC_NOT_FOUND;
	if (o->nodes[node].parent == -1)
		return RC_DENIED;
	if (target_rc(o, parent) != RC_OK)
		return RC_NOT_FOUND;
	if (within(o, parent, node))
		return RC_DENIED;
	if (holder == -1 || holder == node)
		return RC_OK;
	if (!overwrite)
		return RC_CONFLICT;
	return within(o, node, holder) ? RC_DENIED : RC_OK;
}

static void
do_move(struct oracle *o)
{
	int node = pick_node(o), parent = pick_folder(o);
	const char *name = pick_name(o);
	int holder = find(o, parent, name);
	struct tree_move move = {.node = o->nodes[node].id,
	    .to = at(o->op, o->nodes[parent].id, name),
	    .overwrite = pick(o, 2) == 0};
	enum rc expected = move_rc(o, node, parent, holder, move.overwrite);
	struct tree_result result;

	ASSERT_RC(
	    o->op, expected, tree_move(o->op, o->r->tenant, &move, &result));
	if (expected != RC_OK)
		return;
	if (holder != -1 && holder != node) {
		struct twin *old = &o->nodes[holder];

		if (old->folder || o->nodes[node].folder) {
			trash(o, holder);
		} else {
			o->nodes[node].versions +=
			    old->versions + (old->text[0] != '\0');
			old->where = GONE;
		}
	}
	o->nodes[node].parent = parent;
	strcpy(o->nodes[node].name, name);
}

/* The clones' ids are looked up by name. */
static void
twin_clone(struct oracle *o, int from, int parent, const char *name)
{
	int to = add(o, parent, name, o->nodes[from].folder);
	int i, n = o->n;

	o->nodes[to].id = child(o->r, o->nodes[parent].id, name);
	assert_int_not_equal(o->nodes[to].id, 0);
	o->nodes[to].text = o->nodes[from].text;
	o->nodes[to].content = o->nodes[from].content;
	o->nodes[to].mtime = o->nodes[from].mtime;
	for (i = 2; i < n; i++)
		if (i != to && o->nodes[i].where == LIVE &&
		    o->nodes[i].parent == from)
			twin_clone(o, i, to, o->nodes[i].name);
}

static enum rc
copy_rc(
    const struct oracle *o, int node, int parent, int holder, bool overwrite)
{
	if (!visible(o, node) || target_rc(o, parent) != RC_OK)
		return RC_NOT_FOUND;
	if (within(o, parent, node) || holder == node)
		return RC_DENIED;
	if (holder != -1 && !overwrite)
		return RC_CONFLICT;
	if (holder != -1 && within(o, node, holder))
		return RC_DENIED;
	return RC_OK;
}

static size_t
live(const struct oracle *o)
{
	size_t n = 0;
	int i;

	for (i = 0; i < o->n; i++)
		n += visible(o, i);
	return n;
}

static void
do_copy(struct oracle *o)
{
	int node = pick_node(o), parent = pick_folder(o);
	const char *name = pick_name(o);
	int holder = find(o, parent, name);
	struct tree_copy copy = {.node = o->nodes[node].id,
	    .to = at(o->op, o->nodes[parent].id, name),
	    .overwrite = pick(o, 2) == 0};
	enum rc expected = copy_rc(o, node, parent, holder, copy.overwrite);
	struct twin *old = &o->nodes[holder == -1 ? 0 : holder];
	const struct twin *from = &o->nodes[node];
	struct tree_result result;

	/* Folders in folders would grow without end. */
	if (from->folder && live(o) > LIVE_MAX)
		return;
	ASSERT_RC(
	    o->op, expected, tree_copy(o->op, o->r->tenant, &copy, &result));
	if (expected != RC_OK)
		return;
	if (holder != -1 && !old->folder && !from->folder) {
		if (old->content != from->content && old->text[0] != '\0')
			old->versions++;
		old->text = from->text;
		old->content = from->content;
		old->mtime = from->mtime;
		return;
	}
	if (holder != -1)
		trash(o, holder);
	twin_clone(o, node, parent, name);
}

static void
do_delete(struct oracle *o)
{
	int node = pick_node(o);
	enum rc expected = !visible(o, node)             ? RC_NOT_FOUND
			   : o->nodes[node].parent == -1 ? RC_DENIED
							 : RC_OK;
	struct tree_result result;

	ASSERT_RC(o->op, expected,
	    tree_delete(o->op, o->r->tenant, o->nodes[node].id,
		&no_precondition, &result));
	if (expected == RC_OK)
		trash(o, node);
}

static int
pick_trashed(struct oracle *o)
{
	int i, tries;

	for (tries = 0; tries < 40; tries++) {
		i = (int)pick(o, (unsigned)o->n);
		if (o->nodes[i].where == TRASHED)
			return i;
	}
	return pick_node(o);
}

static void
do_restore(struct oracle *o)
{
	int node = pick_trashed(o);
	struct twin *twin = &o->nodes[node];
	enum rc expected = twin->where == TRASHED ? RC_OK : RC_NOT_FOUND;
	struct tree_result result;
	char name[64];
	struct span got;
	int parent, k;

	if (strlen(twin->name) > 40)
		return;
	ASSERT_RC(o->op, expected,
	    trash_restore(o->op, o->r->tenant, twin->id, &result, &got));
	if (expected != RC_OK)
		return;
	parent =
	    target_rc(o, twin->former) == RC_OK ? twin->former : twin->space;
	strcpy(name, twin->name);
	for (k = 2; find(o, parent, name) != -1; k++)
		(void)snprintf(name, sizeof(name), "%.40s (%d)", twin->name, k);
	assert_string_equal(got.data, name);
	strcpy(twin->name, name);
	twin->parent = parent;
	twin->where = LIVE;
}

static void
do_mtime(struct oracle *o)
{
	int node = pick_node(o);
	enum rc expected = !visible(o, node)             ? RC_NOT_FOUND
			   : o->nodes[node].parent == -1 ? RC_DENIED
							 : RC_OK;
	int64_t mtime = (int64_t)pick(o, 5);
	struct tree_result result;

	ASSERT_RC(o->op, expected,
	    tree_set_mtime(o->op, o->r->tenant, o->nodes[node].id, mtime,
		&no_precondition, &result));
	if (expected == RC_OK)
		o->nodes[node].mtime = mtime;
}

/* ---- comparing ---- */

static void
compare(struct oracle *o)
{
	int i, k;

	for (i = 2; i < o->n; i++) {
		const struct twin *twin = &o->nodes[i];
		size_t children = 0;
		struct node node;

		if (twin->where == GONE) {
			ASSERT_RC(o->op, RC_NOT_FOUND,
			    node_get(o->op, o->r->meta, twin->id, &node));
			continue;
		}
		node = row(o->r, twin->id);
		assert_int_equal(node.kind == NODE_FOLDER, twin->folder);
		assert_string_equal(node.name.data, twin->name);
		assert_int_equal(node.parent, twin->where == LIVE
						  ? o->nodes[twin->parent].id
						  : NODE_TRASH);
		if (twin->folder) {
			for (k = 2; k < o->n; k++)
				children += o->nodes[k].where == LIVE &&
					    o->nodes[k].parent == i;
			assert_int_equal(
			    count_children(o->r, twin->id), children);
			continue;
		}
		assert_int_equal(node.size, strlen(twin->text));
		assert_int_equal(node.mtime, twin->mtime);
		assert_int_equal(
		    count_versions(o->r, twin->id), twin->versions);
	}
}

static void
run(struct rules *r, uint64_t seed)
{
	static void (*const acts[])(struct oracle *) = {do_mkdir, do_mkdir,
	    do_put, do_put, do_put, do_move, do_move, do_move, do_copy,
	    do_delete, do_restore, do_mtime};
	static struct oracle o;
	int i;

	printf("seed %llu\n", (unsigned long long)seed);
	o.r = r;
	o.op = &r->alice;
	o.random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	o.contents = 0;
	o.n = 0;
	o.nodes[add(&o, -1, "", true)].id = r->alices;
	o.nodes[add(&o, -1, "", true)].id = r->company;
	for (i = 0; i < OPS; i++) {
		if (pick(&o, 10) == 0)
			fake_group(r->fake, 1 + pick(&o, FAKE_GROUP_MAX));
		fake_run_twice(r->fake, pick(&o, 4) == 0);
		fake_advance(r->fake, (int64_t)pick(&o, 3) * CLOCK_S);
		acts[pick(&o, ARRAY_LEN(acts))](&o);
		if (i % 100 == 99)
			compare(&o);
		/* What a request needs goes with it. */
		arena_release(&o.op->arena);
		arena_release(&r->host.arena);
	}
}

static void
random_operations_agree_with_a_simple_tree(void **state)
{
	const char *given = getenv("DOZO_SEED");
	uint64_t seed;

	if (given != NULL) {
		assert_int_equal(rules_setup(state), 0);
		run(*state, strtoull(given, NULL, 10));
		assert_int_equal(rules_teardown(state), 0);
		return;
	}
	for (seed = 1; seed <= SEEDS; seed++) {
		assert_int_equal(rules_setup(state), 0);
		run(*state, seed);
		assert_int_equal(rules_teardown(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_operations_agree_with_a_simple_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
