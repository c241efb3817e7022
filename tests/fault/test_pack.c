/* test_pack.c - packing (LOG.md L11): numbers lie in packs, and everybody finds
 * them there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/cut.h"
#include "core/pack.h"
#include "core/snapshot.h"
#include "world.h"

enum { FILES = 60 };

static void
files_put(struct world *w, unsigned from)
{
	struct file_put_result result;
	char name[32];
	unsigned i;

	for (i = from; i < from + FILES; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		ASSERT_OK(&w->op,
		    world_put(&w->op, w, w->space, name, 700, i, &result));
	}
}

static void
files_check(struct world *w, unsigned n)
{
	char name[32];
	unsigned i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		world_check(w, w->space, name, 700, i);
	}
}

static void
pack_all_but(struct world *w, uint64_t n)
{
	world_assert_whole(w, w->f.n_sites); /* every site has the head */
	ASSERT_OK(&w->op, pack_tenant(&w->op, w->t, w->t->head.number - n));
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
numbers_lie_in_packs_and_are_found_there(void **state)
{
	struct world w;
	size_t i;

	(void)state;
	world_make(&w, 3, 2);
	files_put(&w, 0);
	pack_all_but(&w, 5);
	for (i = 0; i < 3; i++)
		assert_int_equal(fixture_count(&w.f, i, "log", w.id), 6);
	files_check(&w, FILES);
	world_assert_whole(&w, 3);
	same_from_the_sites(&w);
	files_check(&w, FILES);
	files_put(&w, FILES);
	pack_all_but(&w, 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(fixture_count(&w.f, i, "log", w.id), 2);
	files_check(&w, 2 * FILES);
	same_from_the_sites(&w);
	files_check(&w, 2 * FILES);
	world_assert_whole(&w, 3);
	world_end(&w);
}

static void
a_site_catches_up_from_packs(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	fixture_away(&w.f, 2);
	files_put(&w, 0);
	ASSERT_OK(&w.op, pack_tenant(&w.op, w.t, w.t->head.number - 5));
	assert_int_equal(fixture_count(&w.f, 0, "log", w.id), 6);
	fixture_back(&w.f, 2);
	world_await(
	    &w, "the site is in service again", world_sites_in_service, 3);
	assert_int_equal(fixture_count(&w.f, 2, "log", w.id), w.t->head.number);
	world_assert_whole(&w, 3);
	pack_all_but(&w, 5);
	assert_int_equal(fixture_count(&w.f, 2, "log", w.id), 6);
	world_end(&w);
}

static void
where_both_exist_the_loose_one_goes(void **state)
{
	struct world w;
	char command[100];

	(void)state;
	world_make(&w, 2, 2);
	files_put(&w, 0);
	world_assert_whole(&w, 2);
	(void)snprintf(command, sizeof(command), "cp -r tokyo/log/%016llx keep",
	    (unsigned long long)w.id);
	fixture_shell(&w.f, command);
	pack_all_but(&w, 5);
	(void)snprintf(command, sizeof(command), "cp keep/* tokyo/log/%016llx/",
	    (unsigned long long)w.id);
	fixture_shell(&w.f, command);
	assert_true(fixture_count(&w.f, 0, "log", w.id) > FILES);
	pack_all_but(&w, 5);
	assert_int_equal(fixture_count(&w.f, 0, "log", w.id), 6);
	files_check(&w, FILES);
	world_end(&w);
}

static void
a_pack_that_straddles_the_base_stays_until_it_does_not(void **state)
{
	struct world w;
	struct reader *reader;
	struct kept kept;

	(void)state;
	world_make(&w, 2, 2);
	files_put(&w, 0);
	ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	files_put(&w, FILES);
	pack_all_but(&w, 5); /* over the snapshot's number */
	ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	ASSERT_OK(&w.op, cut_make(&w.op, w.t));
	world_assert_whole(&w, 2);
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	fixture_shell(&w.f, "ls tokyo/log/*/pack.* && ls osaka/log/*/pack.*");
	files_check(&w, 2 * FILES);
	same_from_the_sites(&w);
	ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	ASSERT_OK(&w.op, cut_make(&w.op, w.t));
	world_assert_whole(&w, 2);
	ASSERT_OK(&w.op, cut_clean(&w.op, w.t));
	fixture_shell(&w.f, "! ls tokyo/log/*/pack.* 2>/dev/null");
	ASSERT_OK(&w.op, tenant_reader(&w.op, w.t, &reader));
	ASSERT_OK(&w.op, kept_get(&w.op, &reader->meta, &kept));
	tenant_reader_put(w.t, reader);
	assert_int_equal(fixture_count(&w.f, 0, "log", w.id),
	    w.t->head.number - kept.base.number);
	files_check(&w, 2 * FILES);
	same_from_the_sites(&w);
	world_end(&w);
}

static void
a_damaged_pack_is_as_if_it_were_not_there(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	files_put(&w, 0);
	pack_all_but(&w, 5);
	world_stop(&w);
	/* In the directory, which the start reads. */
	fixture_shell(&w.f,
	    "f=$(ls tokyo/log/*/pack.*); s=$(stat -c %s $f); printf x | "
	    "dd of=$f bs=1 seek=$((s - 100)) conv=notrunc 2>/dev/null");
	fixture_drop_databases(&w.f);
	world_start(&w);
	files_check(&w, FILES);
	/* Caught up by loose ones. */
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	assert_true(fixture_count(&w.f, 0, "log", w.id) > FILES);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_lie_in_packs_and_are_found_there),
	    cmocka_unit_test(a_site_catches_up_from_packs),
	    cmocka_unit_test(where_both_exist_the_loose_one_goes),
	    cmocka_unit_test(
		a_pack_that_straddles_the_base_stays_until_it_does_not),
	    cmocka_unit_test(a_damaged_pack_is_as_if_it_were_not_there),
	};

	log_set_level(getenv("V") != NULL ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
