/* test_state.c - the state is what the log says: random work by the real rules,
 * then the databases are dropped, or only one site is there (LOG.md L10, L12).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "core/trash.h"
#include "load.h"

enum { NODES_MAX = 400 };

struct node_list {
	size_t n;
	int64_t ids[NODES_MAX];
	enum node_kind kinds[NODES_MAX];
};

static enum rc
node_note(void *arg, struct op *op, const struct node *node)
{
	struct node_list *list = arg;

	(void)op;
	if (list->n == NODES_MAX)
		return RC_LIMIT;
	list->ids[list->n] = node->id;
	list->kinds[list->n++] = node->kind;
	return RC_OK;
}

/* All nodes below the space, breadth first. */
static void
nodes_list(struct world *w, struct node_list *list)
{
	struct reader *reader;
	enum rc rc = RC_OK;
	size_t at;

	list->n = 1;
	list->ids[0] = w->space;
	list->kinds[0] = NODE_FOLDER;
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	for (at = 0; at < list->n && rc == RC_OK; at++)
		if (list->kinds[at] == NODE_FOLDER)
			rc = node_list(&w->op, &reader->meta, list->ids[at],
			    NULL, 100, node_note, list);
	tenant_reader_put(w->t, reader);
	op_clear_error(&w->op);
}

struct random_work {
	struct world *w;
	uint64_t dice;
	struct node_list list;
	unsigned long done;
	unsigned long refused;
};

static uint32_t
dice(struct random_work *r, uint32_t n)
{
	return world_dice(&r->dice, n);
}

static int64_t
any_folder(struct random_work *r)
{
	size_t i;

	do {
		i = dice(r, (uint32_t)r->list.n);
	} while (r->list.kinds[i] != NODE_FOLDER);
	return r->list.ids[i];
}

/* Not the space itself. */
static int64_t
any_node(struct random_work *r)
{
	return r->list
	    .ids[r->list.n > 1 ? 1 + dice(r, (uint32_t)r->list.n - 1) : 0];
}

static const char *const names[] = {"a", "b", "C.txt", "議事録.docx",
    "カタログ", "Ünïcode", "long name with blanks", "x.tar.gz"};

static void
target_any(struct random_work *r, struct tree_target *to)
{
	to->parent = any_folder(r);
	ASSERT_OK(&r->w->op,
	    tree_name_init(&r->w->op,
		span_str(names[dice(r, ARRAY_LEN(names))]), &to->name));
}

static enum rc
do_put(struct random_work *r)
{
	static const uint64_t sizes[] = {0, 10, 5000, 65536, 65537, 150000};
	struct file_put_result result;

	return world_put(&r->w->op, r->w, any_folder(r),
	    names[dice(r, ARRAY_LEN(names))], sizes[dice(r, 6)], dice(r, 50),
	    &result);
}

static enum rc
do_move(struct random_work *r)
{
	struct tree_move move = {
	    .node = any_node(r), .overwrite = dice(r, 2) == 0};
	struct tree_result result;

	target_any(r, &move.to);
	return tree_move(&r->w->op, r->w->t, &move, &result);
}

static enum rc
do_copy(struct random_work *r)
{
	struct tree_copy copy = {
	    .node = any_node(r), .overwrite = dice(r, 2) == 0};
	struct tree_result result;

	/* Copies of copies would double the tree each time. */
	if (r->list.n > 150)
		return RC_CONFLICT;
	target_any(r, &copy.to);
	return tree_copy(&r->w->op, r->w->t, &copy, &result);
}

static enum rc
do_delete(struct random_work *r)
{
	struct precondition none = {0};
	struct tree_result result;
	int64_t id = any_node(r);

	return tree_delete(&r->w->op, r->w->t, id, &none, &result);
}

struct trash_pick {
	int64_t node;
};

static enum rc
trash_take(void *arg, struct op *op, const struct trash *trash,
    const struct node *node)
{
	struct trash_pick *pick = arg;

	(void)op;
	(void)node;
	pick->node = trash->node;
	return RC_OK;
}

static enum rc
do_restore(struct random_work *r)
{
	struct trash_pick pick = {0};
	struct tree_result result;
	struct reader *reader;
	struct span name;
	enum rc rc;

	ASSERT_OK(&r->w->op, tenant_reader(&r->w->op, r->w->t, &reader));
	rc = trash_items(
	    &r->w->op, &reader->meta, ACCESS_RESTORE, 0, trash_take, &pick);
	tenant_reader_put(r->w->t, reader);
	if (rc != RC_OK || pick.node == 0)
		return RC_NOT_FOUND;
	return trash_restore(&r->w->op, r->w->t, pick.node, &result, &name);
}

static enum rc
do_rest(struct random_work *r)
{
	struct precondition none = {0};
	struct tree_result result;
	int64_t made;

	if (dice(r, 3) == 0)
		return tree_set_mtime(&r->w->op, r->w->t, any_node(r),
		    dice(r, 1u << 30) * CLOCK_MS, &none, &result);
	return world_mkdir(&r->w->op, r->w, any_folder(r),
	    names[dice(r, ARRAY_LEN(names))], &made);
}

static void
random_step(struct random_work *r)
{
	static enum rc (*const steps[])(struct random_work * r) = {do_put,
	    do_put, do_put, do_move, do_move, do_copy, do_delete, do_restore,
	    do_rest, do_rest};
	enum rc rc;

	nodes_list(r->w, &r->list);
	rc = steps[dice(r, ARRAY_LEN(steps))](r);
	if (rc == RC_OK)
		r->done++;
	else if (rc == RC_EXISTS || rc == RC_CONFLICT || rc == RC_NOT_FOUND ||
		 rc == RC_DENIED || rc == RC_INVALID || rc == RC_LIMIT)
		r->refused++;
	else
		fail_msg("%s: %s", rc_name(rc), op_error(&r->w->op, rc));
}

static void
random_run(struct random_work *r, struct world *w, int steps)
{
	memset(r, 0, sizeof(*r));
	r->w = w;
	r->dice = world_seed();
	while (steps-- > 0) {
		op_release(&w->op);
		op_init(&w->op);
		w->op.actor =
		    (struct actor){.tenant = w->id, .member = w->member};
		random_step(r);
	}
	print_message("%lu done, %lu refused\n", r->done, r->refused);
	assert_true(r->done > 50);
}

/* A service that only reads, with one site and a database folder of its own. */
static void
open_one_site(struct world *w, size_t i, struct service **ret_service)
{
	static const char *const site_names[] = {"tokyo", "osaka", "sendai"};
	struct service_config config = {.dir_fd = w->f.dir_fd,
	    .keystore = w->f.keystore,
	    .host = "test",
	    .read_only = true,
	    .reserve_bytes = 1};
	/* The service borrows these. */
	static char db_path[400], folder[16];
	char url[320];
	struct site *site;

	(void)snprintf(folder, sizeof(folder), "db-%zu", i);
	(void)snprintf(
	    db_path, sizeof(db_path), "%.300s/%s", w->f.path, folder);
	assert_int_equal(mkdir(db_path, 0700), 0);
	config.db_path = db_path;
	config.db_folder = folder;
	(void)snprintf(url, sizeof(url), "dir:%s", w->f.site_paths[i]);
	ASSERT_OK(&w->op, sites_new(&w->op, &config.sites));
	ASSERT_OK(&w->op, site_open(&w->op, url, w->f.keystore->service,
			      w->f.reg.ids[i], site_names[i], &site));
	ASSERT_OK(&w->op, sites_add(&w->op, config.sites, site));
	ASSERT_OK(&w->op, service_open(&w->op, &config, ret_service));
}

static void
one_site_check(struct world *w, size_t i, const uint8_t want[DB_HASH_SIZE])
{
	struct service *service;
	uint8_t hash[DB_HASH_SIZE];
	struct reader *reader;
	struct tenant *t;

	open_one_site(w, i, &service);
	ASSERT_OK(&w->op, service_tenant_named(&w->op, service, "demo", &t));
	ASSERT_OK(&w->op, tenant_reader(&w->op, t, &reader));
	ASSERT_OK(&w->op, db_state_hash(&w->op, reader->db, hash));
	tenant_reader_put(t, reader);
	assert_memory_equal(hash, want, sizeof(hash));
	assert_int_equal(
	    fixture_set(&w->op, t, 3, NULL), RC_NOT_STORED); /* it reads */
	op_clear_error(&w->op);
	tenant_put(t);
	service_close(&w->op, service);
}

/* The sites do not change by being read. */
static void
sites_hash(struct world *w, const char *file)
{
	char command[300];

	(void)snprintf(command, sizeof(command),
	    "find tokyo osaka sendai -type f | sort | xargs sha256sum >%s",
	    file);
	fixture_shell(&w->f, command);
}

static void
each_site_alone_check(struct world *w, const uint8_t want[DB_HASH_SIZE])
{
	size_t i;

	sites_hash(w, "before");
	for (i = 0; i < w->f.n_sites; i++)
		one_site_check(w, i, want);
	sites_hash(w, "after");
	fixture_shell(&w->f, "cmp before after");
}

static void
after_random_work_the_sites_alone_give_the_same_state(void **state)
{
	static struct random_work r;
	uint8_t before[DB_HASH_SIZE], after[DB_HASH_SIZE];
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	random_run(&r, &w, 250);
	world_assert_whole(&w, 3);
	world_state_hash(&w, before);
	world_start_without_databases(&w);
	world_state_hash(&w, after);
	assert_memory_equal(before, after, sizeof(before));
	/* It goes on from there as if nothing had been. */
	random_run(&r, &w, 100);
	world_assert_whole(&w, 3);
	world_state_hash(&w, before);
	world_stop(&w);
	each_site_alone_check(&w, before);
	world_start(&w);
	world_state_hash(&w, after);
	assert_memory_equal(before, after, sizeof(before));
	world_end(&w);
}

static void
after_work_of_many_threads_each_site_alone_gives_the_same_state(void **state)
{
	static struct load l;
	uint8_t before[DB_HASH_SIZE];
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	load_start(&l, &w, true);
	fixture_shell(&w.f, "mv sendai elsewhere");
	load_await(&l, 100, 10);
	fixture_shell(&w.f, "mv elsewhere sendai");
	load_await(&l, 100, 10);
	load_stop(&l);
	world_assert_whole(&w, 3);
	world_state_hash(&w, before);
	world_stop(&w);
	each_site_alone_check(&w, before);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		after_random_work_the_sites_alone_give_the_same_state),
	    cmocka_unit_test(
		after_work_of_many_threads_each_site_alone_gives_the_same_state),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
