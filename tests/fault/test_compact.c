/* test_compact.c - compaction (LOG.md L11): space comes back, every byte stays,
 * whoever reads meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/compact.h"
#include "core/content_drop.h"
#include "core/cut.h"
#include "core/download.h"
#include "core/snapshot.h"
#include "meta/content.h"
#include "world.h"

/* ---- contents that share data segments ---- */

/* Cuts the log twice over, so that many small contents lie in one segment. */
static void
small_merged(struct world *w, unsigned n)
{
	struct file_put_result result;
	char name[32];
	unsigned i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "small-%u", i);
		ASSERT_OK(&w->op, world_put(&w->op, w, w->space, name, 30000,
				      100 + i, &result));
	}
	ASSERT_OK(&w->op, snapshot_make(&w->op, w->t));
	ASSERT_OK(&w->op, snapshot_make(&w->op, w->t));
	ASSERT_OK(&w->op, cut_make(&w->op, w->t));
}

struct forget {
	struct change change;
	int64_t node;
	int64_t content;
};

static enum rc
forget_run(struct op *op, struct tx *tx, struct change *change)
{
	struct forget *forget = container_of(change, struct forget, change);
	struct drop_budget budget = {DROP_ROWS, DROP_DATA};
	bool gone;

	TRY(node_delete(op, tx->meta, forget->node));
	return content_drop(op, tx, forget->content, 0, &budget, &gone);
}

/* A file and its content, gone for good. */
static void
forget(struct world *w, const char *name)
{
	struct forget forget = {.change.run = forget_run};
	struct node node;

	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, name, &node));
	forget.node = node.id;
	forget.content = node.content;
	ASSERT_OK(&w->op, change_commit(&w->op, w->t, &forget.change));
}

static void
small_check(struct world *w, unsigned from, unsigned n)
{
	char name[32];
	unsigned i;

	for (i = from; i < n; i++) {
		(void)snprintf(name, sizeof(name), "small-%u", i);
		world_check(w, w->space, name, 30000, 100 + i);
	}
}

static size_t
data_count(struct world *w)
{
	world_await(w, "the sweep has been", world_is_swept, 0);
	return fixture_count(&w->f, 0, "data", w->id);
}

/* ---- tests ---- */

static void
what_is_mostly_dead_is_rewritten_and_the_old_one_goes(void **state)
{
	struct compact_result result;
	struct world w;
	char name[32];
	unsigned i;

	(void)state;
	world_make(&w, 2, 2);
	small_merged(&w, 20);
	assert_int_equal(data_count(&w), 1);
	ASSERT_OK(&w.op, compact_tenant(&w.op, w.t, &result));
	assert_int_equal(result.segments, 0);
	for (i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "small-%u", i);
		forget(&w, name);
	}
	ASSERT_OK(&w.op, compact_tenant(&w.op, w.t, &result));
	assert_int_equal(result.segments, 1);
	assert_int_equal(result.copied, 8 * 30000);
	assert_int_equal(data_count(&w), 1);
	small_check(&w, 12, 20);
	ASSERT_OK(&w.op, compact_tenant(&w.op, w.t, &result));
	assert_int_equal(result.segments, 0);
	world_assert_whole(&w, 2);
	world_start_without_databases(&w);
	small_check(&w, 12, 20);
	world_assert_no_orphans(&w);
	world_end(&w);
}

static void
many_small_segments_become_one(void **state)
{
	struct file_put_result put;
	struct compact_result result;
	struct world w;
	char name[32];
	unsigned i;

	(void)state;
	world_make(&w, 2, 2);
	for (i = 0; i < COMPACT_MANY; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		ASSERT_OK(&w.op,
		    world_put(&w.op, &w, w.space, name, 100000, i, &put));
		ASSERT_OK(&w.op, compact_tenant(&w.op, w.t, &result));
		assert_int_equal(
		    result.segments, i + 1 < COMPACT_MANY ? 0 : COMPACT_MANY);
	}
	assert_int_equal(data_count(&w), 1);
	for (i = 0; i < COMPACT_MANY; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		world_check(&w, w.space, name, 100000, i);
	}
	world_assert_whole(&w, 2);
	world_end(&w);
}

static void
a_download_goes_on_where_its_chunk_was_moved(void **state)
{
	struct file_put_result put;
	struct compact_result result;
	struct download *d;
	struct world w;
	struct node node;
	uint8_t *got = malloc(5 << 20), *expected = malloc(5 << 20);
	char name[32];
	size_t n;
	unsigned i;

	(void)state;
	world_make(&w, 2, 2);
	ASSERT_OK(
	    &w.op, world_put(&w.op, &w, w.space, "long", 900000, 5, &put));
	ASSERT_OK(&w.op, world_find(&w.op, &w, w.space, "long", &node));
	ASSERT_OK(&w.op, download_open(&w.op, w.t, node.content, &d));
	ASSERT_OK(&w.op, download_read(&w.op, d, 0, got, 100000, &n));
	assert_int_equal(n, 100000);
	for (i = 1; i < COMPACT_MANY; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		ASSERT_OK(&w.op,
		    world_put(&w.op, &w, w.space, name, 100000, i, &put));
	}
	ASSERT_OK(&w.op, compact_tenant(&w.op, w.t, &result));
	assert_int_equal(result.segments, COMPACT_MANY);
	assert_int_equal(data_count(&w), 1);
	ASSERT_OK(
	    &w.op, download_read(&w.op, d, 100000, got + 100000, 800000, &n));
	assert_int_equal(n, 800000);
	world_fill(expected, 900000, 0, 5);
	assert_memory_equal(got, expected, 900000);
	download_free(d);
	free(got);
	free(expected);
	world_end(&w);
}

static void
a_download_of_a_small_content_goes_on_after_a_cut(void **state)
{
	struct file_put_result put;
	struct download *d;
	struct world w;
	struct node node;
	uint8_t got[3000], expected[3000];
	size_t n;

	(void)state;
	world_make(&w, 2, 2);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "small", 3000, 5, &put));
	ASSERT_OK(&w.op, world_find(&w.op, &w, w.space, "small", &node));
	ASSERT_OK(&w.op, download_open(&w.op, w.t, node.content, &d));
	ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	ASSERT_OK(&w.op, cut_make(&w.op, w.t));
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	ASSERT_OK(&w.op, download_read(&w.op, d, 0, got, 3000, &n));
	world_fill(expected, 3000, 0, 5);
	assert_memory_equal(got, expected, 3000);
	download_free(d);
	world_end(&w);
}

static void
a_chunk_that_no_site_has_undamaged_is_left_where_it_is(void **state)
{
	struct file_put_result put;
	struct compact_result result;
	struct world w;
	char name[32];
	unsigned i;

	(void)state;
	world_make(&w, 2, 2);
	for (i = 0; i < COMPACT_MANY; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		ASSERT_OK(&w.op,
		    world_put(&w.op, &w, w.space, name, 100000, i, &put));
	}
	/* The same byte in the same object on both sites. */
	fixture_shell(&w.f,
	    "f=$(ls tokyo/data/*/* | head -1); for s in tokyo osaka; do "
	    "printf x | dd of=$s/${f#tokyo/} bs=1 seek=5000 conv=notrunc "
	    "2>/dev/null; done");
	ASSERT_OK(&w.op, compact_tenant(&w.op, w.t, &result));
	/* That one, and one with all the others. */
	assert_int_equal(data_count(&w), 2);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		what_is_mostly_dead_is_rewritten_and_the_old_one_goes),
	    cmocka_unit_test(many_small_segments_become_one),
	    cmocka_unit_test(a_download_goes_on_where_its_chunk_was_moved),
	    cmocka_unit_test(a_download_of_a_small_content_goes_on_after_a_cut),
	    cmocka_unit_test(
		a_chunk_that_no_site_has_undamaged_is_left_where_it_is),
	};

	log_set_level(getenv("V") != NULL ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
