/* test_receipts.c - where each file and version stood when it was acknowledged
 * can be told for as long as it is there, and what tells it does not grow
 * without end (LOG.md L24). */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "core/acks.h"
#include "core/cut.h"
#include "core/purge.h"
#include "core/snapshot.h"
#include "core/trash.h"
#include "machine.h"
#include "meta/local.h"
#include "meta/setting.h"
#include "meta/version.h"
#include "world.h"

static uint64_t
put(struct world *w, const char *name, uint32_t seed)
{
	struct file_put_result result;

	ASSERT_OK(
	    &w->op, world_put(&w->op, w, w->space, name, 5000, seed, &result));
	return result.tree.receipt.number;
}

static enum rc
receipt_of(struct world *w, int64_t content, struct receipt *ret_receipt)
{
	struct content row;
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(&w->op, w->t, &reader));
	rc = content_get(&w->op, &reader->meta, content, &row);
	if (rc == RC_OK)
		rc = acks_receipt(
		    &w->op, w->t, &reader->meta, &row, ret_receipt);
	tenant_reader_put(w->t, reader);
	return rc;
}

static enum rc
count(
    void *arg, struct op *op, const uint8_t site[OBJECT_ID_SIZE], int64_t time)
{
	(void)op;
	(void)site;
	(void)time;
	++*(size_t *)arg;
	return RC_OK;
}

/* All ack rows of a tenant. */
static size_t
rows(struct world *w, struct tenant *t)
{
	uint64_t number, head = tenant_number(t);
	struct reader *reader;
	size_t n = 0;

	ASSERT_OK(&w->op, tenant_reader(&w->op, t, &reader));
	for (number = 1; number <= head; number++)
		ASSERT_OK(
		    &w->op, ack_list(&w->op, &reader->meta, number, count, &n));
	tenant_reader_put(t, reader);
	return n;
}

static int64_t
content_of(struct world *w, const char *name)
{
	struct node node;

	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, name, &node));
	return node.content;
}

static void
each_files_receipt_is_known_at_once_and_after_a_rebuild(void **state)
{
	struct receipt first, second, again;
	struct world w;
	int64_t contents[2];
	uint64_t number;

	(void)state;
	world_make(&w, 3, 2);
	number = put(&w, "a", 1);
	contents[0] = content_of(&w, "a");
	/* No number stands on it yet. */
	ASSERT_OK(&w.op, receipt_of(&w, contents[0], &first));
	assert_int_equal(first.number, number);
	assert_true(site_set_count(first.sites) >= 2);
	assert_true(first.service_time > 0);
	/* Overwritten it is a version's; its receipt stays what it was. */
	number = put(&w, "a", 2);
	contents[1] = content_of(&w, "a");
	ASSERT_OK(&w.op, receipt_of(&w, contents[0], &again));
	assert_memory_equal(&again, &first, sizeof(first));
	ASSERT_OK(&w.op, receipt_of(&w, contents[1], &second));
	assert_int_equal(second.number, number);
	assert_true(second.service_time >= first.service_time);
	(void)put(&w, "b", 3);
	world_start_without_databases(&w);
	ASSERT_OK(&w.op, receipt_of(&w, contents[0], &again));
	assert_memory_equal(&again, &first, sizeof(first));
	ASSERT_OK(&w.op, receipt_of(&w, contents[1], &again));
	assert_int_equal(again.number, second.number);
	assert_int_equal(again.service_time, second.service_time);
	world_end(&w);
}

static void
a_receipt_outlives_snapshots_and_cuts(void **state)
{
	struct receipt before, after;
	struct machine m;
	struct world w;
	int64_t content;
	char name[16];
	int i, k;

	(void)state;
	machine_make(&m);
	world_make(&w, 2, 2);
	(void)put(&w, "a", 1);
	content = content_of(&w, "a");
	(void)put(&w, "b", 1);
	ASSERT_OK(&w.op, receipt_of(&w, content, &before));
	for (i = 0; i < 2; i++) {
		for (k = 0; k < 3; k++) {
			(void)snprintf(name, sizeof(name), "f-%d", k);
			(void)put(&w, name, 9);
		}
		machine_time_passes(&m, 9 * CLOCK_HOUR);
		ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	}
	ASSERT_OK(&w.op, cut_make(&w.op, w.t));
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	world_start_without_databases(&w);
	ASSERT_OK(&w.op, receipt_of(&w, content, &after));
	assert_memory_equal(&before, &after, sizeof(before));
	world_end(&w);
	machine_end(&m);
}

static void
folder_change(struct world *w, unsigned i)
{
	char name[32];
	int64_t node;

	(void)snprintf(name, sizeof(name), "folder-%u", i);
	ASSERT_OK(&w->op, world_mkdir(&w->op, w, w->space, name, &node));
}

/* n rows for each number that made something that is there, n more for the
 * newest, n for number 1. */
static void
what_tells_it_is_bounded_by_what_is_there(void **state)
{
	struct precondition none = {0};
	struct tree_result result;
	struct machine m;
	struct world w;
	struct node node;
	unsigned i;
	size_t before;

	(void)state;
	machine_make(&m);
	world_make(&w, 3, 2);
	for (i = 0; i < 40; i++)
		folder_change(&w, i);
	assert_true(rows(&w, w.t) <= 2 * 3);
	/* Ten files, overwritten four times each: all of it is there. */
	for (i = 0; i < 50; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "file-%u", i % 10);
		(void)put(&w, name, i);
	}
	folder_change(&w, 100);
	folder_change(&w, 101);
	assert_true(rows(&w, w.t) <= (50 + 2) * 3);
	assert_true(rows(&w, w.t) >= 50 * 2);
	/* The versions end, the files go. */
	machine_time_passes(&m, 8 * CLOCK_DAY);
	ASSERT_OK(&w.op, purge_turn(&w.op, w.t, 1000));
	folder_change(&w, 102);
	folder_change(&w, 103);
	assert_true(rows(&w, w.t) <= (10 + 2) * 3);
	assert_true(rows(&w, w.t) >= 10 * 2);
	for (i = 0; i < 10; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "file-%u", i);
		ASSERT_OK(&w.op, world_find(&w.op, &w, w.space, name, &node));
		ASSERT_OK(
		    &w.op, tree_delete(&w.op, w.t, node.id, &none, &result));
		ASSERT_OK(&w.op, trash_purge(&w.op, w.t, node.id, &result));
	}
	ASSERT_OK(&w.op, purge_turn(&w.op, w.t, 1000));
	folder_change(&w, 104);
	folder_change(&w, 105);
	assert_true(rows(&w, w.t) <= 2 * 3);
	/* The provider's log has no contents at all. */
	for (i = 0; i < 20; i++)
		(void)fixture_set(
		    &w.op, w.f.service->provider, i, &(struct receipt){0});
	before = rows(&w, w.f.service->provider);
	assert_true(before >= 2 && before <= 2 * 3);
	world_end(&w);
	machine_end(&m);
}

/* L20: what a site acknowledged last stays known while it is away. */
static void
a_sites_newest_number_stays_while_it_is_away(void **state)
{
	struct reader *reader;
	struct world w;
	uint64_t last, acknowledged;
	unsigned i;

	(void)state;
	world_make(&w, 3, 2);
	folder_change(&w, 0);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	for (i = 1; i < 30; i++)
		folder_change(&w, i);
	ASSERT_OK(&w.op, tenant_reader(&w.op, w.t, &reader));
	ASSERT_OK(&w.op,
	    ack_last(&w.op, &reader->meta, w.f.reg.ids[2], &acknowledged));
	tenant_reader_put(w.t, reader);
	assert_true(acknowledged > 0);
	fixture_away(&w.f, 2);
	world_await(&w, "it is missed", world_site_is_out, 2);
	for (i = 30; i < 60; i++)
		folder_change(&w, i);
	ASSERT_OK(&w.op, tenant_reader(&w.op, w.t, &reader));
	ASSERT_OK(&w.op, ack_last(&w.op, &reader->meta, w.f.reg.ids[2], &last));
	tenant_reader_put(w.t, reader);
	assert_true(last >= acknowledged);
	fixture_back(&w.f, 2);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		each_files_receipt_is_known_at_once_and_after_a_rebuild),
	    cmocka_unit_test(a_receipt_outlives_snapshots_and_cuts),
	    cmocka_unit_test(what_tells_it_is_bounded_by_what_is_there),
	    cmocka_unit_test(a_sites_newest_number_stays_while_it_is_away),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
