/* test_snapshot.c - snapshots and cuts (LOG.md L12, L13, L17): the state is the
 * same from wherever it is made again, and what is not needed goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/cut.h"
#include "core/snapshot.h"
#include "core/upkeep.h"
#include "machine.h"
#include "world.h"

static struct kept
kept_of(struct world *w)
{
	struct reader *reader;
	struct kept kept;

	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(&w->op, kept_get(&w->op, &reader->meta, &kept));
	tenant_reader_put(w->t, reader);
	return kept;
}

/* Files of every kind: inline, one data segment, an upload session's. */
static void
files_put(struct world *w, const char *prefix, uint32_t seed)
{
	static const uint64_t sizes[] = {0, 100, 5000, 65536, 65537, 300000};
	struct file_put_result result;
	char name[40];
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		(void)snprintf(name, sizeof(name), "%s-%zu", prefix, i);
		ASSERT_OK(&w->op, world_put(&w->op, w, w->space, name, sizes[i],
				      seed + (uint32_t)i, &result));
	}
}

static void
files_check(struct world *w, const char *prefix, uint32_t seed)
{
	static const uint64_t sizes[] = {0, 100, 5000, 65536, 65537, 300000};
	char name[40];
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		(void)snprintf(name, sizeof(name), "%s-%zu", prefix, i);
		world_check(w, w->space, name, sizes[i], seed + (uint32_t)i);
	}
}

/* Two snapshots with files before, between and after, and the cut. */
static void
cut_once(struct world *w)
{
	files_put(w, "before", 10);
	ASSERT_OK(&w->op, snapshot_make(&w->op, w->t));
	files_put(w, "between", 20);
	ASSERT_OK(&w->op, snapshot_make(&w->op, w->t));
	files_put(w, "after", 30);
	ASSERT_OK(&w->op, cut_make(&w->op, w->t));
}

static void
all_check(struct world *w)
{
	files_check(w, "before", 10);
	files_check(w, "between", 20);
	files_check(w, "after", 30);
}

static void
same_from_the_sites(struct world *w)
{
	uint8_t before[DB_HASH_SIZE], after[DB_HASH_SIZE];

	world_state_hash(w, before);
	world_start_without_databases(w);
	world_state_hash(w, after);
	assert_memory_equal(before, after, sizeof(before));
}

static void
a_snapshot_is_on_every_site_and_named_with_its_state(void **state)
{
	struct world w;
	struct kept kept;
	size_t i;

	(void)state;
	world_make(&w, 3, 2);
	files_put(&w, "a", 1);
	ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	kept = kept_of(&w);
	assert_int_equal(kept.n, 1);
	assert_int_equal(kept.base.number, 0);
	assert_true(kept.list[0].named > kept.list[0].at.number);
	assert_int_equal(kept.list[0].epoch, 2);
	for (i = 0; i < 3; i++)
		assert_int_equal(fixture_count(&w.f, i, "snap", w.id), 3);
	files_check(&w, "a", 1);
	same_from_the_sites(&w);
	/* The log says it again. */
	assert_memory_equal(
	    kept_of(&w).list[0].list.id, kept.list[0].list.id, OBJECT_ID_SIZE);
	world_assert_whole(&w, 3);
	world_end(&w);
}

static void
after_a_cut_the_log_begins_at_the_older_snapshot_on_every_site(void **state)
{
	struct world w;
	struct kept kept;
	size_t i;

	(void)state;
	world_make(&w, 3, 2);
	cut_once(&w);
	kept = kept_of(&w);
	assert_int_equal(kept.n, 2);
	assert_int_equal(kept.base.number, kept.list[0].at.number);
	world_assert_whole(&w, 3);
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	for (i = 0; i < 3; i++)
		assert_int_equal(fixture_count(&w.f, i, "log", w.id),
		    w.t->head.number - kept.base.number);
	all_check(&w);
	world_assert_whole(&w, 3);
	same_from_the_sites(&w);
	assert_int_equal(kept_of(&w).base.number, kept.base.number);
	assert_int_equal(kept_of(&w).n, 2);
	all_check(&w);
	world_assert_no_orphans(&w);
	world_end(&w);
}

static void
each_site_alone_gives_the_same_state_after_a_cut(void **state)
{
	uint8_t before[DB_HASH_SIZE], after[DB_HASH_SIZE];
	struct world w;
	size_t i;

	(void)state;
	world_make(&w, 2, 2);
	cut_once(&w);
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	world_state_hash(&w, before);
	/* One site shows what a number stands on, not the last one (L3). */
	ASSERT_OK(&w.op, fixture_set(&w.op, w.t, 44, NULL));
	ASSERT_OK(&w.op, fixture_set(&w.op, w.f.service->provider, 44, NULL));
	world_await(&w, "every site has it", world_sites_in_service, 2);
	for (i = 0; i < 2; i++) {
		world_stop(&w);
		fixture_drop_databases(&w.f);
		fixture_away(&w.f, 1 - i);
		world_start(&w);
		world_state_hash(&w, after);
		assert_memory_equal(before, after, sizeof(before));
		all_check(&w);
		fixture_back(&w.f, 1 - i);
	}
	world_end(&w);
}

static void
a_database_older_than_the_base_is_made_anew(void **state)
{
	struct world w;
	uint8_t before[DB_HASH_SIZE], after[DB_HASH_SIZE];

	(void)state;
	world_make(&w, 3, 2);
	world_stop(&w);
	fixture_shell(&w.f, "cp -r db db.old");
	world_start(&w);
	cut_once(&w);
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	world_state_hash(&w, before);
	world_stop(&w);
	fixture_shell(&w.f, "rm -r db && mv db.old db");
	world_start(&w);
	world_state_hash(&w, after);
	assert_memory_equal(before, after, sizeof(before));
	all_check(&w);
	world_end(&w);
}

/* At a byte a second it would take days. */
static void
a_start_from_a_snapshot_waits_for_no_rate(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	cut_once(&w);
	world_stop(&w);
	fixture_drop_databases(&w.f);
	ASSERT_OK(&w.op, fixture_open(&w.op, &w.f));
	w.f.service->config.upkeep_rate = 1;
	ASSERT_OK(&w.op, service_tenant(&w.op, w.f.service, w.id, &w.t));
	all_check(&w);
	world_end(&w);
}

static void
a_site_older_than_the_base_catches_up_by_snapshot(void **state)
{
	struct world w;
	struct kept kept;

	(void)state;
	world_make(&w, 3, 2);
	files_put(&w, "early", 5);
	fixture_away(&w.f, 2);
	cut_once(&w);
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	fixture_back(&w.f, 2);
	world_await(
	    &w, "the site is in service again", world_sites_in_service, 3);
	kept = kept_of(&w);
	assert_true(fixture_count(&w.f, 2, "log", w.id) >
		    w.t->head.number - kept.base.number);
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	assert_int_equal(fixture_count(&w.f, 2, "log", w.id),
	    w.t->head.number - kept.base.number);
	world_assert_whole(&w, 3);
	/* And it can go on without those that it had it from. */
	files_check(&w, "early", 5);
	world_stop(&w);
	fixture_drop_databases(&w.f);
	fixture_away(&w.f, 0);
	world_start(&w);
	all_check(&w);
	fixture_back(&w.f, 0);
	world_end(&w);
}

/* ---- epochs ---- */

static void
keys_of_cut_epochs_are_forgotten_on_every_site(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	world_make(&w, 3, 2);
	cut_once(&w);
	assert_int_equal(w.t->ring->n_epochs, 3);
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	w.t->swept = false;
	world_await(&w, "the sweep has been", world_is_swept, 0);
	assert_int_equal(w.t->ring->n_epochs, 2);
	assert_null(keyring_epoch_key(w.t->ring, 1));
	for (i = 0; i < 3; i++)
		assert_int_equal(fixture_count(&w.f, i, "keys", w.id), 1);
	same_from_the_sites(&w);
	assert_null(keyring_epoch_key(w.t->ring, 1));
	all_check(&w);
	world_end(&w);
}

/* ---- what is due ---- */

static void
snapshots_follow_users_changes_each_8_hours_and_then_rest(void **state)
{
	struct machine m;
	struct world w;
	unsigned i;

	(void)state;
	machine_make(&m);
	world_make(&w, 2, 2);
	files_put(&w, "a", 1);
	ASSERT_OK(&w.op, upkeep_tenant(&w.op, w.t));
	assert_int_equal(kept_of(&w).n, 0);
	machine_time_passes(&m, 8 * CLOCK_HOUR);
	ASSERT_OK(&w.op, upkeep_tenant(&w.op, w.t));
	assert_int_equal(kept_of(&w).n, 1);
	for (i = 0; i < 3; i++) {
		machine_time_passes(&m, 8 * CLOCK_HOUR);
		ASSERT_OK(&w.op, upkeep_tenant(&w.op, w.t));
		assert_int_equal(kept_of(&w).n, 1);
	}
	files_put(&w, "b", 2);
	for (i = 0; i < 3; i++) {
		ASSERT_OK(&w.op, upkeep_tenant(&w.op, w.t));
		assert_int_equal(kept_of(&w).n, 2);
		assert_true(kept_of(&w).base.number > 0);
		machine_time_passes(&m, 8 * CLOCK_HOUR);
	}
	world_assert_whole(&w, 2);
	world_end(&w);
	machine_end(&m);
}

/* ---- what is wrong is not named ---- */

static void
a_snapshot_that_is_not_the_logs_state_is_not_named(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 2, 2);
	files_put(&w, "a", 1);
	/* A row that no number made. */
	tenant_lock(w.t);
	ASSERT_OK(&w.op, db_begin(&w.op, w.t->writer));
	ASSERT_OK(
	    &w.op, ack_add(&w.op, &w.t->meta, 1000000, w.f.reg.ids[0], 5));
	ASSERT_OK(&w.op, db_commit(&w.op, w.t->writer));
	tenant_unlock(w.t);
	assert_int_equal(snapshot_make(&w.op, w.t), RC_DAMAGED);
	op_clear_error(&w.op);
	assert_int_equal(kept_of(&w).n, 0);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_snapshot_is_on_every_site_and_named_with_its_state),
	    cmocka_unit_test(
		after_a_cut_the_log_begins_at_the_older_snapshot_on_every_site),
	    cmocka_unit_test(each_site_alone_gives_the_same_state_after_a_cut),
	    cmocka_unit_test(a_database_older_than_the_base_is_made_anew),
	    cmocka_unit_test(a_start_from_a_snapshot_waits_for_no_rate),
	    cmocka_unit_test(a_site_older_than_the_base_catches_up_by_snapshot),
	    cmocka_unit_test(keys_of_cut_epochs_are_forgotten_on_every_site),
	    cmocka_unit_test(
		snapshots_follow_users_changes_each_8_hours_and_then_rest),
	    cmocka_unit_test(
		a_snapshot_that_is_not_the_logs_state_is_not_named),
	};

	log_set_level(getenv("V") ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
