/* test_acks.c - what counts as an acknowledgement, and what may follow on one
 * that failed (LOG.md L0, L4, L20). */
#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "db/db_internal.h"
#include "world.h"

enum { SENDAI = 2 };

/* ---- a site whose place changes between the put and the ack ---- */

/* What osaka's thread does when it comes to a place. */
static struct {
	atomic_bool armed;
	const char *point;
	const char *from[2]; /* renamed in this order, below the sandbox */
	const char *to[2];
	const char *path;
} amid;

static void
amid_put(void *arg, const char *name)
{
	char thread[17] = "", from[400], to[400];
	size_t i;

	(void)arg;
	(void)prctl(PR_GET_NAME, thread);
	if (strcmp(thread, "site-osaka") != 0 || !atomic_load(&amid.armed) ||
	    strcmp(name, amid.point) != 0)
		return;
	atomic_store(&amid.armed, false);
	for (i = 0; i < 2 && amid.from[i] != NULL; i++) {
		(void)snprintf(
		    from, sizeof(from), "%.300s/%s", amid.path, amid.from[i]);
		(void)snprintf(
		    to, sizeof(to), "%.300s/%s", amid.path, amid.to[i]);
		if (rename(from, to) != 0)
			abort();
	}
}

/* Puts a file of this size while osaka's place changes amid its put. */
static enum rc
put_amid(struct world *w, uint64_t size, const char *point)
{
	struct file_put_result put;
	enum rc rc;

	amid.point = point;
	amid.path = w->f.path;
	atomic_store(&amid.armed, true);
	rc = world_put(&w->op, w, w->space, "file", size, 1, &put);
	assert_false(atomic_load(&amid.armed)); /* it came to the place */
	op_clear_error(&w->op);
	return rc;
}

struct amid_case {
	const char *before; /* a command */
	const char *from[2];
	const char *to[2];
	const char *after;
};

static void
amid_run(
    const struct amid_case *c, uint64_t size, const char *point, enum rc want)
{
	struct world w;
	enum rc rc;

	fault_point_arm(amid_put, NULL);
	world_make(&w, 2, 2);
	if (want != RC_OK)
		w.f.service->config.offer_time = 300 * CLOCK_MS;
	fixture_shell(&w.f, c->before);
	memcpy(amid.from, c->from, sizeof(amid.from));
	memcpy(amid.to, c->to, sizeof(amid.to));
	rc = put_amid(&w, size, point);
	if (rc != want)
		fail_msg(
		    "%s: %s, not %s", c->after, rc_name(rc), rc_name(want));
	fixture_shell(&w.f, c->after);
	world_await(&w, "every site is in service", world_sites_in_service, 2);
	world_await(&w, "the tenant is ready", world_is_ready, 0);
	world_assert_whole(&w, 2);
	world_end(&w);
	fault_point_arm(NULL, NULL);
}

static void
a_put_to_a_site_that_is_moved_before_its_ack_does_not_count(void **state)
{
	static const struct amid_case cases[] = {
	    {"true", {"osaka"}, {"elsewhere"}, "mv elsewhere osaka"},
	    {"mkdir empty", {"osaka", "empty"}, {"elsewhere", "osaka"},
		"rmdir osaka; mv elsewhere osaka"},
	    {"true", {"osaka/site.id"}, {"kept"}, "mv kept osaka/site.id"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		amid_run(&cases[i], 3000, "site_dir.put.linked", RC_IN_DOUBT);
		amid_run(
		    &cases[i], 200000, "site_dir.stream.linked", RC_NOT_STORED);
	}
}

/* A copy of the site takes its place: what was put into the other folder does
 * not count, and the copy has to get it. */
static void
a_put_counts_only_in_the_folder_that_the_sites_path_leads_to(void **state)
{
	static const struct amid_case copied = {"cp -a osaka twin",
	    {"osaka", "twin"}, {"elsewhere", "osaka"}, "rm -rf elsewhere"};

	(void)state;
	amid_run(&copied, 3000, "site_dir.put.linked", RC_OK);
}

/* ---- a site that lags ---- */

static struct {
	atomic_bool shut;
	atomic_bool waits; /* somebody does */
	atomic_bool fails; /* who is let through fails at its next call */
	atomic_bool gap; /* a number stood there without the one before it */
	char log[500]; /* sendai's folder of the tenant's log */
} gate;

/* Whether the numbers in sendai's log are those from 1 on. */
static bool
log_has_gap(void)
{
	unsigned long long number, highest = 0;
	struct dirent *entry;
	size_t n = 0;
	DIR *dir = opendir(gate.log);

	if (dir == NULL)
		return false;
	while ((entry = readdir(dir)) != NULL) {
		if (sscanf(entry->d_name, "%16llx.", &number) != 1)
			continue;
		n++;
		highest = number > highest ? number : highest;
	}
	(void)closedir(dir);
	return n != highest;
}

static void
sendai_waits(void *arg, const char *name)
{
	const struct timespec step = {.tv_nsec = 1000000};
	char thread[17] = "";

	(void)arg;
	(void)prctl(PR_GET_NAME, thread);
	if (strcmp(thread, "site-sendai") != 0)
		return;
	if (strcmp(name, "site_dir.put.linked") == 0 && log_has_gap())
		atomic_store(&gate.gap, true);
	if (strcmp(name, "site_dir.put.written") != 0)
		return;
	while (atomic_load(&gate.shut)) {
		atomic_store(&gate.waits, true);
		(void)nanosleep(&step, NULL);
	}
	if (atomic_exchange(&gate.fails, false))
		fault_io_arm(1, EIO, false);
}

static bool
somebody_waits(struct world *w, size_t unused)
{
	(void)w;
	(void)unused;
	return atomic_load(&gate.waits);
}

/* Three sites; sendai's thread waits amid its put of the number that is put. */
static void
gate_world(struct world *w, struct file_put_result *ret_put)
{
	fault_point_arm(sendai_waits, NULL);
	gate.log[0] = '\0';
	world_make(w, 3, 2);
	(void)snprintf(gate.log, sizeof(gate.log), "%.300s/log/%016llx",
	    w->f.site_paths[SENDAI], (unsigned long long)w->id);
	atomic_store(&gate.waits, false);
	atomic_store(&gate.gap, false);
	atomic_store(&gate.shut, true);
	ASSERT_OK(
	    &w->op, world_put(&w->op, w, w->space, "file", 100, 1, ret_put));
	world_await(w, "sendai waits", somebody_waits, 0);
}

static void
a_site_that_lags_is_not_asked_for_what_it_does_not_have_yet(void **state)
{
	struct file_put_result put;
	struct site_set holding;
	struct world w;

	(void)state;
	gate_world(&w, &put);
	assert_false(site_set_has(put.tree.receipt.sites, SENDAI));
	assert_true(world_sites_in_service(&w, 3));
	holding = lanes_holding(&w.t->lanes, put.tree.receipt.number);
	assert_false(site_set_has(holding, SENDAI));
	assert_int_equal(site_set_count(holding), 2);
	world_check(&w, w.space, "file", 100, 1);
	atomic_store(&gate.shut, false);
	world_assert_whole(&w, 3);
	world_end(&w);
	fault_point_arm(NULL, NULL);
}

static void
after_a_failed_put_nothing_later_in_the_queue_is_sent(void **state)
{
	struct file_put_result put;
	struct world w;
	unsigned i;

	(void)state;
	gate_world(&w, &put);
	for (i = 2; i < 6; i++)
		ASSERT_OK(
		    &w.op, world_put(&w.op, &w, w.space, "file", 100, i, &put));
	atomic_store(&gate.fails, true);
	atomic_store(&gate.shut, false);
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_assert_whole(&w, 3);
	assert_true(fault_io_hit());
	assert_false(atomic_load(&gate.gap));
	world_end(&w);
	fault_point_arm(NULL, NULL);
}

/* ---- a COMMIT that fails after the acks (L7) ---- */

static struct world *_Atomic vetoed; /* its next COMMIT fails */

static int
veto(void *arg)
{
	(void)arg;
	return 1;
}

/* On the committer's thread, which owns the connection. */
static void
commit_fails(void *arg, const char *name)
{
	struct world *w = vetoed;

	(void)arg;
	if (w == NULL || strcmp(name, "committer.acknowledged") != 0)
		return;
	vetoed = NULL;
	(void)sqlite3_commit_hook(w->t->writer->handle, veto, NULL);
}

static void
what_m_sites_have_stands_though_the_local_commit_fails(void **state)
{
	uint8_t before[DB_HASH_SIZE], after[DB_HASH_SIZE];
	struct file_put_result put;
	struct world w;
	uint64_t head;

	(void)state;
	fault_point_arm(commit_fails, NULL);
	world_make(&w, 3, 2);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "file", 100, 1, &put));
	head = put.tree.receipt.number;
	vetoed = &w;
	ASSERT_OK(
	    &w.op, world_put(&w.op, &w, w.space, "file", 200000, 2, &put));
	assert_null(vetoed);
	assert_int_equal(put.tree.receipt.number, head + 1);
	world_check(&w, w.space, "file", 200000, 2);
	ASSERT_OK(&w.op, world_put(&w.op, &w, w.space, "other", 10, 3, &put));
	world_await(&w, "every site is in service", world_sites_in_service, 3);
	world_assert_whole(&w, 3);
	world_assert_no_orphans(&w);
	world_state_hash(&w, before);
	world_start_without_databases(&w);
	world_state_hash(&w, after);
	assert_memory_equal(before, after, sizeof(before));
	world_end(&w);
	fault_point_arm(NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_put_to_a_site_that_is_moved_before_its_ack_does_not_count),
	    cmocka_unit_test(
		a_put_counts_only_in_the_folder_that_the_sites_path_leads_to),
	    cmocka_unit_test(
		a_site_that_lags_is_not_asked_for_what_it_does_not_have_yet),
	    cmocka_unit_test(
		after_a_failed_put_nothing_later_in_the_queue_is_sent),
	    cmocka_unit_test(
		what_m_sites_have_stands_though_the_local_commit_fails),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
