/* test_upkeep.c - all of upkeep beside all that members do (LOG.md L11 to L13,
 * L29), and for a long time: nothing is lost, nothing grows without end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/compact.h"
#include "core/cut.h"
#include "core/download.h"
#include "core/file_version.h"
#include "core/pack.h"
#include "core/purge.h"
#include "core/snapshot.h"
#include "core/state.h"
#include "core/trash.h"
#include "core/upkeep.h"
#include "load.h"
#include "machine.h"
#include "meta/version.h"
#include "world.h"

/* ---- the race ---- */

enum { ROUNDS = 2, LONG = 1 << 20 };

struct race {
	struct world *w;
	uint64_t dice;
	int64_t versioned; /* a file with two contents that change places */
	uint32_t present; /* the seed of the one it has now */
	int64_t copied;
	unsigned n_copies;
	struct download *d; /* one long GET over all of it */
	uint64_t at;
};

static enum rc
version_take(void *arg, struct op *op, const struct version *version)
{
	(void)op;
	*(int64_t *)arg = version->id;
	return RC_OK;
}

static void
step_swap(struct race *r)
{
	struct world *w = r->w;
	struct file_swap swap = {.node = r->versioned};
	struct tree_result result;
	struct reader *reader;

	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(&w->op, version_list(&w->op, &reader->meta, r->versioned,
			      INT64_MAX, 1, version_take, &swap.version));
	tenant_reader_put(w->t, reader);
	ASSERT_OK(&w->op, file_version_swap(&w->op, w->t, &swap, &result));
	r->present = r->present == 1 ? 2 : 1;
	world_check(w, w->space, "versioned", 70000, r->present);
}

static void
step_copy(struct race *r)
{
	struct world *w = r->w;
	struct tree_copy copy = {.node = r->copied};
	struct tree_result result;
	char name[32];

	(void)snprintf(name, sizeof(name), "copy-%u", r->n_copies++);
	copy.to.parent = w->space;
	ASSERT_OK(
	    &w->op, tree_name_init(&w->op, span_str(name), &copy.to.name));
	ASSERT_OK(&w->op, tree_copy(&w->op, w->t, &copy, &result));
	world_check(w, w->space, name, 3000, 9);
}

static void
step_restore(struct race *r)
{
	struct world *w = r->w;
	struct precondition none = {0};
	struct tree_result result;
	struct span name;
	struct node node;

	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, "trashed", &node));
	ASSERT_OK(&w->op, tree_delete(&w->op, w->t, node.id, &none, &result));
	ASSERT_OK(&w->op, trash_restore(&w->op, w->t, node.id, &result, &name));
	world_check(w, w->space, "trashed", 200000, 4);
}

/* A piece more of the long file, wherever it lies by now. */
static void
step_read(struct race *r)
{
	static uint8_t got[200000], expected[200000];
	struct world *w = r->w;
	size_t n;

	if (r->at == LONG)
		r->at = 0;
	ASSERT_OK(
	    &w->op, download_read(&w->op, r->d, r->at, got, sizeof(got), &n));
	world_fill(expected, n, r->at, 3);
	assert_memory_equal(got, expected, n);
	r->at += n;
}

static void
step_any(struct race *r)
{
	static void (*const steps[])(struct race *) = {
	    step_swap, step_copy, step_restore, step_read, step_read};
	unsigned i, n = 1 + world_dice(&r->dice, 4);

	for (i = 0; i < n; i++)
		steps[world_dice(&r->dice, ARRAY_LEN(steps))](r);
}

static void
upkeep_step(struct race *r)
{
	struct compact_result compacted;
	struct world *w = r->w;
	struct op *op = &w->op;

	switch (world_dice(&r->dice, 6)) {
	case 0:
		ASSERT_OK(op, cut_make(op, w->t));
		ASSERT_OK(op, snapshot_make(op, w->t));
		break;
	case 1:
		ASSERT_OK(op, cut_make(op, w->t));
		break;
	case 2:
		ASSERT_OK(op, cut_clean(op, w->t));
		break;
	case 3:
		ASSERT_OK(op, pack_tenant(op, w->t, tenant_number(w->t) - 8));
		break;
	case 4:
		ASSERT_OK(op, compact_tenant(op, w->t, &compacted));
		break;
	default:
		w->t->swept = false;
		world_poke(w);
	}
}

static void
race_files(struct race *r)
{
	struct world *w = r->w;
	struct file_put_result result;
	struct node node;

	ASSERT_OK(
	    &w->op, world_put(&w->op, w, w->space, "long", LONG, 3, &result));
	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, "long", &node));
	ASSERT_OK(&w->op, download_open(&w->op, w->t, node.content, &r->d));
	ASSERT_OK(&w->op,
	    world_put(&w->op, w, w->space, "trashed", 200000, 4, &result));
	ASSERT_OK(
	    &w->op, world_put(&w->op, w, w->space, "copied", 3000, 9, &result));
	r->copied = result.tree.etag.node;
	ASSERT_OK(&w->op,
	    world_put(&w->op, w, w->space, "versioned", 70000, 2, &result));
	ASSERT_OK(&w->op,
	    world_put(&w->op, w, w->space, "versioned", 70000, 1, &result));
	r->versioned = result.tree.etag.node;
	r->present = 1;
}

static void
upkeep_races_everything_and_nothing_is_lost(void **state)
{
	uint8_t before[DB_HASH_SIZE], after[DB_HASH_SIZE];
	struct race r = {.dice = world_seed()};
	static struct load load;
	struct world w;
	unsigned i, k;

	(void)state;
	world_make(&w, 3, 2);
	r.w = &w;
	race_files(&r);
	load_start(&load, &w, true);
	for (i = 0; i < ROUNDS; i++) {
		/* A site goes for a moment, and catches up beside the rest. */
		if (i % 2 == 1) {
			fixture_away(&w.f, 2);
			world_await(&w, "it is missed", world_site_is_out, 2);
			fixture_back(&w.f, 2);
		}
		for (k = 0; k < 4; k++) {
			upkeep_step(&r);
			step_any(&r);
		}
		load_await(&load, 5, 5);
		op_release(&w.op);
		world_ask(&w, &w.op);
	}
	load_stop(&load);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_assert_whole(&w, 3);
	world_state_hash(&w, before);
	download_free(r.d);
	world_start_without_databases(&w);
	world_state_hash(&w, after);
	assert_memory_equal(before, after, sizeof(before));
	world_check(&w, w.space, "long", LONG, 3);
	world_check(&w, w.space, "versioned", 70000, r.present);
	world_assert_no_orphans(&w);
	world_end(&w);
}

/* ---- the long run ---- */

enum { DAYS = 16, CHANGES = 24, TURNS = 3 };

/* A third of a day: changes, and what upkeep does in 8 hours. */
static void
third_of_a_day(struct world *w, struct machine *m, unsigned n)
{
	struct file_put_result result;
	struct compact_result compacted;
	char name[32];
	unsigned i;

	for (i = 0; i < CHANGES; i++) {
		(void)snprintf(name, sizeof(name), "file-%u", i);
		ASSERT_OK(&w->op, world_put(&w->op, w, w->space, name,
				      i % 8 == 0 ? 70000 : 500, n, &result));
	}
	machine_time_passes(m, 8 * CLOCK_HOUR);
	ASSERT_OK(&w->op, purge_turn(&w->op, w->t, 1000));
	ASSERT_OK(&w->op, upkeep_tenant(&w->op, w->t));
	ASSERT_OK(&w->op, pack_tenant(&w->op, w->t, tenant_number(w->t) - 10));
	ASSERT_OK(&w->op, compact_tenant(&w->op, w->t, &compacted));
	w->t->swept = false;
	world_await(w, "the sweep has been", world_is_swept, 0);
	ASSERT_OK(&w->op, cut_clean(&w->op, w->t));
	op_release(&w->op);
	world_ask(w, &w->op);
}

static size_t
objects(struct world *w)
{
	static const char *const kinds[] = {"log", "data", "snap", "keys"};
	size_t i, n = 0;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		n += fixture_count(&w->f, 0, kinds[i], w->id);
	return n;
}

/*
 * A year of 100,000 changes a day in small: after the versions' term the number
 * of objects has no reason to grow, and does not.
 */
static void
the_number_of_objects_on_a_site_is_bounded(void **state)
{
	struct machine m;
	struct world w;
	size_t n, early = 0, late = 0;
	unsigned i;

	(void)state;
	machine_make(&m);
	world_make(&w, 2, 2);
	for (i = 0; i < DAYS * TURNS; i++) {
		third_of_a_day(&w, &m, i);
		n = objects(&w);
		if (i < DAYS * TURNS / 2 && n > early)
			early = n;
		if (i >= DAYS * TURNS / 2 && n > late)
			late = n;
	}
	print_message("objects at most: %zu in the first half, %zu in the "
		      "second\n",
	    early, late);
	assert_true(late <= early + 2);
	assert_true(late < 400);
	world_assert_whole(&w, 2);
	world_end(&w);
	machine_end(&m);
}

/* ---- what is seen of it ---- */

static void
look(struct world *w, struct state *ret_state)
{
	ASSERT_OK(&w->op, state_get(&w->op, w->f.service, false, ret_state));
}

static void
each_work_is_seen_with_what_waits_for_it_and_what_it_freed(void **state)
{
	static struct state now;
	struct file_put_result result;
	struct tree_result purged;
	struct compact_result compacted;
	struct precondition none = {0};
	struct machine m;
	struct world w;
	struct node node;
	unsigned work;

	(void)state;
	machine_make(&m);
	world_make(&w, 2, 2);
	look(&w, &now);
	for (work = 0; work < UPKEEP_WORKS; work++) {
		assert_int_equal(now.upkeep[work].running, 0);
		assert_int_equal(now.waits[work], 0);
	}
	ASSERT_OK(
	    &w.op, world_put(&w.op, &w, w.space, "large", 300000, 1, &result));
	machine_time_passes(&m, 9 * CLOCK_HOUR);
	look(&w, &now);
	/* The tenant's; the provider's had a change too. */
	assert_int_equal(now.waits[UPKEEP_SNAPSHOT], 2);
	assert_int_equal(now.waits[UPKEEP_CUT], 0);
	ASSERT_OK(&w.op, upkeep_tenant(&w.op, w.t));
	look(&w, &now);
	assert_int_equal(now.waits[UPKEEP_SNAPSHOT], 1);
	assert_int_equal(now.upkeep[UPKEEP_SNAPSHOT].times, 1);
	assert_int_equal(now.upkeep[UPKEEP_SNAPSHOT].tenant, w.id);
	assert_true(now.upkeep[UPKEEP_SNAPSHOT].ended > 0);
	assert_int_equal(now.upkeep[UPKEEP_CUT].freed, 0);

	/* What is purged frees rows first, then what nothing names goes. */
	ASSERT_OK(&w.op, world_find(&w.op, &w, w.space, "large", &node));
	ASSERT_OK(&w.op, tree_delete(&w.op, w.t, node.id, &none, &purged));
	ASSERT_OK(&w.op, trash_purge(&w.op, w.t, node.id, &purged));
	ASSERT_OK(&w.op, purge_turn(&w.op, w.t, 1000));
	ASSERT_OK(&w.op, upkeep_compact(&w.op, w.t, &compacted));
	w.t->swept = false;
	world_await(&w, "the sweep has been", world_is_swept, 0);
	look(&w, &now);
	assert_true(now.upkeep[UPKEEP_PURGE].times > 0);
	assert_int_equal(now.waits[UPKEEP_PURGE], 0);
	assert_true(now.upkeep[UPKEEP_SWEEP].freed >= 2 * 300000);
	assert_true(now.upkeep[UPKEEP_COMPACT].times > 0);

	/* The second snapshot lets the log be cut. */
	machine_time_passes(&m, 9 * CLOCK_HOUR);
	ASSERT_OK(&w.op, upkeep_tenant(&w.op, w.t));
	look(&w, &now);
	assert_int_equal(now.upkeep[UPKEEP_SNAPSHOT].times, 2);
	assert_int_equal(now.upkeep[UPKEEP_CUT].times, 1);
	assert_true(now.upkeep[UPKEEP_CUT].freed > 0);
	for (work = 0; work < UPKEEP_WORKS; work++)
		assert_int_equal(now.upkeep[work].failed, 0);
	world_end(&w);
	machine_end(&m);
}

static void
what_fails_is_counted_and_what_is_interrupted_is_not(void **state)
{
	struct upkeep_one works[UPKEEP_WORKS];
	struct upkeep_seen seen;

	(void)state;
	upkeep_seen_init(&seen);
	upkeep_begun(&seen, UPKEEP_CUT, 7);
	upkeep_seen_look(&seen, works);
	assert_int_equal(works[UPKEEP_CUT].running, 1);
	assert_int_equal(works[UPKEEP_CUT].tenant, 7);
	upkeep_ended(&seen, UPKEEP_CUT, RC_DAMAGED);
	upkeep_begun(&seen, UPKEEP_CUT, 7);
	upkeep_ended(&seen, UPKEEP_CUT, RC_BUSY);
	upkeep_seen_look(&seen, works);
	assert_int_equal(works[UPKEEP_CUT].running, 0);
	assert_int_equal(works[UPKEEP_CUT].failed, 1);
	assert_int_equal(works[UPKEEP_CUT].times, 0);
	assert_int_equal(works[UPKEEP_CUT].ended, 0);
	upkeep_seen_release(&seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(upkeep_races_everything_and_nothing_is_lost),
	    cmocka_unit_test(the_number_of_objects_on_a_site_is_bounded),
	    cmocka_unit_test(
		each_work_is_seen_with_what_waits_for_it_and_what_it_freed),
	    cmocka_unit_test(
		what_fails_is_counted_and_what_is_interrupted_is_not),
	};

	log_set_level(getenv("V") != NULL ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
