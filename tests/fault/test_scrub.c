/* test_scrub.c - what is rotten or gone is found by a scrub, whatever kind of
 * object it is, and made new from another site; a scrub's place is kept
 * (LOG.md L22, L29). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/pack.h"
#include "core/scrub.h"
#include "core/snapshot.h"
#include "world.h"

enum { TOKYO, OSAKA, SENDAI, ALL = 7 };

static void
shell(struct world *w, const char *command)
{
	fixture_shell(&w->f, command);
}

static void
put(struct world *w, const char *name, uint64_t size)
{
	struct file_put_result result;

	ASSERT_OK(
	    &w->op, world_put(&w->op, w, w->space, name, size, 1, &result));
}

/* Turns a byte in the middle of the i-th of the tenant's objects of a kind; i
 * counts from the end where it is below 0. */
static void
rot(struct world *w, const char *site, const char *kind, int i)
{
	char command[600];

	(void)snprintf(command, sizeof(command),
	    "f=$(ls -d %s/%s/%016llx/* | sort | %s -n %d | %s -n 1); "
	    "n=$(($(stat -c %%s $f) / 2)); chmod 600 $f; "
	    "b=$(od -An -tu1 -j $n -N 1 $f); "
	    "printf \"\\\\$(printf %%o $(($b ^ 1)))\" | "
	    "dd of=$f bs=1 seek=$n conv=notrunc 2>/dev/null",
	    site, kind, (unsigned long long)w->id, i < 0 ? "tail" : "head",
	    i < 0 ? -i : i + 1, i < 0 ? "head" : "tail");
	shell(w, command);
}

/* Runs one to its end. */
static void
scrub(struct world *w, bool deep, struct scrub_state *ret_state)
{
	struct site_set sites = {ALL};
	bool running;
	int64_t run;

	ASSERT_OK(&w->op,
	    scrub_begin(&w->op, w->f.service->scrub, deep, sites, &run));
	assert_true(scrub_await(
	    w->f.service->scrub, run, clock_mono() + 120 * CLOCK_S));
	scrub_look(w->f.service->scrub, ret_state, &running);
	assert_false(running);
	assert_true(ret_state->whole);
	assert_int_equal(ret_state->run, run);
}

static uint64_t
found(const struct scrub_site *site)
{
	return site->sum.missing + site->sum.damaged + site->sum.strange;
}

/* Only tokyo has something wrong, so much of it, and all of it is repaired. */
static void
assert_found(const struct scrub_state *state, uint64_t n)
{
	assert_int_equal(found(&state->sites[TOKYO]), n);
	assert_int_equal(state->sites[TOKYO].found, n);
	assert_int_equal(state->sites[TOKYO].sum.repaired, n);
	assert_int_equal(state->sites[TOKYO].left, 0);
	assert_int_equal(found(&state->sites[OSAKA]), 0);
	assert_int_equal(found(&state->sites[SENDAI]), 0);
	assert_true(state->sites[TOKYO].ended > 0);
}

static void
every_kind_of_object_that_rots_is_found_and_made_new(void **state)
{
	struct scrub_state s;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "large", 300000);
	put(&w, "small", 5000);
	ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	put(&w, "later", 5000);
	world_assert_whole(&w, 3);
	scrub(&w, true, &s);
	assert_found(&s, 0);
	rot(&w, "tokyo", "data", 0);
	rot(&w, "tokyo", "log", 1);
	rot(&w, "tokyo", "log", -1);
	rot(&w, "tokyo", "snap", 0);
	rot(&w, "tokyo", "snap", 1);
	rot(&w, "tokyo", "keys", -1);
	scrub(&w, true, &s);
	/* A content that a rotten segment held was made good with it. */
	assert_found(&s, 6);
	shell(&w, "test $(ls tokyo/damaged/*/* | wc -l) = 6; "
		  "for k in log data snap; do diff -r tokyo/$k osaka/$k; done");
	scrub(&w, true, &s);
	assert_found(&s, 0);
	world_assert_whole(&w, 3);
	world_end(&w);
}

static void
what_is_gone_is_put_again_without_reading_contents(void **state)
{
	struct scrub_state s;
	struct world w;

	(void)state;
	world_make(&w, 3, 2);
	put(&w, "large", 300000);
	ASSERT_OK(&w.op, snapshot_make(&w.op, w.t));
	world_assert_whole(&w, 3);
	shell(&w, "rm -f tokyo/data/*/* tokyo/keys/*1/*");
	shell(&w, "rm -f $(ls -d tokyo/snap/*/* | head -1)");
	shell(&w, "rm -f $(ls -d tokyo/log/*/*02.* | tail -1)");
	scrub(&w, false, &s);
	assert_int_equal(s.sites[TOKYO].sum.damaged, 0);
	assert_true(s.sites[TOKYO].sum.missing >= 3);
	assert_int_equal(s.sites[TOKYO].left, 0);
	assert_int_equal(s.sites[TOKYO].sum.contents, 0);
	scrub(&w, true, &s);
	assert_found(&s, 0);
	world_end(&w);
}

static void
a_pack_that_rots_is_set_aside_and_its_numbers_come_back(void **state)
{
	struct scrub_state s;
	char name[32];
	struct world w;
	int i;

	(void)state;
	world_make(&w, 3, 2);
	for (i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		put(&w, name, 3000);
	}
	world_assert_whole(&w, 3);
	ASSERT_OK(&w.op, pack_tenant(&w.op, w.t, w.t->head.number - 2));
	rot(&w, "tokyo", "log", -1);
	scrub(&w, true, &s);
	assert_true(found(&s.sites[TOKYO]) >= 1);
	assert_int_equal(s.sites[TOKYO].left, 0);
	assert_int_equal(found(&s.sites[OSAKA]), 0);
	shell(&w, "test $(ls tokyo/damaged/*/log.pack.* | wc -l) = 1");
	assert_true(world_sites_in_service(&w, 3));
	scrub(&w, true, &s);
	assert_found(&s, 0);
	world_end(&w);
}

static bool
has_come_far(struct world *w, size_t data)
{
	struct scrub_state s;
	bool running;

	scrub_look(w->f.service->scrub, &s, &running);
	return s.tenant == w->id && s.site == SENDAI && s.place.phase > 0 &&
	       s.sites[TOKYO].sum.data == data;
}

/* A world with six files, and a scrub of all that has come to the last site and
 * needs a while from there. Its run. */
static int64_t
slow_scrub_begin(struct world *w)
{
	struct site_set sites = {ALL};
	char name[32];
	int64_t run;
	int i;

	world_make(w, 3, 2);
	for (i = 0; i < 6; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		put(w, name, 300000);
	}
	world_assert_whole(w, 3);
	world_stop(w);
	w->f.scrub_rate = 4 << 20;
	world_start(w);
	world_await(w, "every site is in service", world_sites_in_service, 3);
	ASSERT_OK(&w->op,
	    scrub_begin(&w->op, w->f.service->scrub, true, sites, &run));
	world_await(w, "it has come far", has_come_far, 6);
	return run;
}

static void
a_scrub_goes_on_where_it_was_after_its_service_has_ended(void **state)
{
	struct site_set sites = {ALL};
	struct scrub_state before, after;
	bool running;
	struct world w;
	int64_t run, again;
	int i;

	(void)state;
	run = slow_scrub_begin(&w);
	/* Another one would wait. */
	ASSERT_RC(&w.op, RC_BUSY,
	    scrub_begin(&w.op, w.f.service->scrub, false, sites, &again));
	world_stop(&w);
	w.f.scrub_rate = 0;
	world_start(&w);
	scrub_look(w.f.service->scrub, &before, &running);
	assert_false(running); /* only dozo serve goes on by itself */
	assert_true(before.going);
	assert_int_equal(before.run, run);
	assert_int_equal(before.site, SENDAI);
	assert_int_equal(before.sites[TOKYO].sum.data, 6);
	/* What was looked at already is not looked at again. */
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	rot(&w, "tokyo", "data", 0);
	scrub(&w, true, &after);
	assert_int_equal(after.run, run);
	assert_int_equal(found(&after.sites[TOKYO]), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(after.sites[i].sum.data, 6);
		assert_int_equal(after.sites[i].sum.contents, 6);
	}
	scrub(&w, true, &after);
	assert_found(&after, 1);
	world_end(&w);
}

static void
a_site_that_goes_away_amid_a_scrub_is_no_damage(void **state)
{
	struct scrub_state s;
	bool running;
	struct world w;
	int64_t run;

	(void)state;
	run = slow_scrub_begin(&w);
	fixture_away(&w.f, SENDAI);
	assert_true(
	    scrub_await(w.f.service->scrub, run, clock_mono() + 120 * CLOCK_S));
	scrub_look(w.f.service->scrub, &s, &running);
	assert_true(s.whole);
	assert_int_equal(s.sites[SENDAI].absent, 1);
	assert_int_equal(found(&s.sites[SENDAI]), 0);
	assert_int_equal(s.sites[SENDAI].ended, 0);
	assert_true(s.sites[TOKYO].ended > 0 && s.sites[TOKYO].ended_deep > 0);
	world_end(&w);
}

/* ---- its text ---- */

static void
state_fill(struct scrub_state *s)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	s->n = 3;
	for (i = 0; i < 3; i++)
		memset(s->sites[i].id, (int)(0xa0 + i), OBJECT_ID_SIZE);
}

static void
what_is_written_is_read_again(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf text = {0};
	struct scrub_state s, back;

	(void)state;
	op_init(&op);
	buf_init(&text, 1 << 16);
	state_fill(&s);
	state_fill(&back);
	s.run = 5;
	s.going = s.deep = true;
	s.tenant = UINT64_MAX;
	s.site = 2;
	s.place = (struct check_place){
	    .phase = CHECK_DATA, .number = 7, .data = "0123456789abcde"};
	s.sites[1].chosen = true;
	s.sites[1].sum.numbers = 1;
	s.sites[1].sum.repaired = 2;
	s.sites[2].ended = 3;
	s.sites[2].left = 4;
	ASSERT_OK(&op, scrub_state_write(&op, &s, &text));
	ASSERT_OK(&op, scrub_state_read(&op, buf_span(&text), &back));
	assert_memory_equal(&s, &back, sizeof(s));
	/* A site that is the service's no more, and was being looked at. */
	back.n = 2;
	ASSERT_OK(&op, scrub_state_read(&op, buf_span(&text), &back));
	assert_int_equal(back.site, 0);
	assert_int_equal(back.place.phase, 0);
	assert_int_equal(back.tenant, UINT64_MAX);
}

static void
another_text_is_refused_and_changes_nothing(void **state)
{
	static const char *const texts[] = {
	    "[scrub]\nrun = x\n",
	    "[scrub]\nphase = 99\n",
	    "[scrub]\nsite = zz345678901234567890123456789012\n",
	    "[scrub]\ndata = 12\n",
	    "[scrub]\nunknown = 1\n",
	    "[site 12]\nchosen = yes\n",
	    "[other]\n",
	};
	CLEANUP(op_release) struct op op;
	struct scrub_state s, before;
	size_t i;

	(void)state;
	op_init(&op);
	state_fill(&s);
	before = s;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		ASSERT_RC(&op, RC_INVALID,
		    scrub_state_read(&op, span_str(texts[i]), &s));
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		every_kind_of_object_that_rots_is_found_and_made_new),
	    cmocka_unit_test(
		what_is_gone_is_put_again_without_reading_contents),
	    cmocka_unit_test(
		a_pack_that_rots_is_set_aside_and_its_numbers_come_back),
	    cmocka_unit_test(
		a_scrub_goes_on_where_it_was_after_its_service_has_ended),
	    cmocka_unit_test(a_site_that_goes_away_amid_a_scrub_is_no_damage),
	    cmocka_unit_test(what_is_written_is_read_again),
	    cmocka_unit_test(another_text_is_refused_and_changes_nothing),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
