/* test_kill.c - SIGKILL at any moment: what was acknowledged is there, what
 * was not is there whole or not at all (LOG.md L1, L3, L10). */
#include "journal.h"
#include "killed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "core/cut.h"
#include "core/snapshot.h"
#include "meta/version.h"

enum { RECORDS_MAX = 4096 };

struct kill_run {
	struct world w; /* stopped while the driver runs */
	uint64_t dice;
	uint64_t seed;
	unsigned round;
};

/* ---- the driver ---- */

static pid_t
driver_start(
    struct kill_run *k, const char *mode, const char *kill_at, int acks_fd)
{
	char n[8], m[8], round[16], seed[32], fd[16], log[400];
	pid_t pid;

	(void)snprintf(n, sizeof(n), "%zu", k->w.f.n_sites);
	(void)snprintf(m, sizeof(m), "%u", k->w.f.m);
	(void)snprintf(round, sizeof(round), "%u", k->round);
	(void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)k->seed);
	(void)snprintf(fd, sizeof(fd), "%d", acks_fd);
	(void)snprintf(log, sizeof(log), "%.300s/driver.log", k->w.f.path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (freopen(log, "a", stderr) == NULL)
		_exit(9);
	if (kill_at != NULL)
		(void)setenv("DOZO_TEST_KILL", kill_at, 1);
	if (acks_fd >= 0)
		(void)setenv("DOZO_TEST_ACKS_FD", fd, 1);
	(void)execl(FAULT_DRIVER, FAULT_DRIVER, k->w.f.path, n, m, round, seed,
	    mode, (char *)NULL);
	_exit(9);
}

static void
log_show(const struct kill_run *k)
{
	char command[500];

	(void)snprintf(command, sizeof(command),
	    "tail -n 60 '%.300s/driver.log' >&2", k->w.f.path);
	(void)system(command); // NOLINT(cert-err33-c)
}

/* True where it was killed; it may come to its end only by itself. */
static bool
driver_wait(struct kill_run *k, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	log_show(k);
	fail_msg("the driver ended with status %x in round %u",
	    (unsigned)status, k->round);
	return false;
}

/* ---- what it left ---- */

struct journal {
	size_t n;
	struct record records[RECORDS_MAX];
};

static void
journal_read(struct kill_run *k, unsigned thread, struct journal *ret_journal)
{
	char path[400];
	FILE *file;

	journal_path(path, &k->w, k->round, thread);
	file = fopen(path, "re");
	ret_journal->n = 0;
	if (file == NULL)
		return;
	ret_journal->n = fread(ret_journal->records,
	    sizeof(ret_journal->records[0]), RECORDS_MAX, file);
	(void)fclose(file);
}

/* acknowledged: every record that is done. possible: with the last wish too,
 * which was not answered. */
static bool
states_make(const struct journal *journal, struct state *acknowledged,
    struct state *possible)
{
	size_t i;

	memset(acknowledged, 0, sizeof(*acknowledged));
	for (i = 0; i < journal->n; i++)
		if (journal->records[i].phase == JOURNAL_DONE)
			state_apply(acknowledged, &journal->records[i]);
	*possible = *acknowledged;
	if (journal->n == 0 ||
	    journal->records[journal->n - 1].phase != JOURNAL_WANTED)
		return false;
	state_apply(possible, &journal->records[journal->n - 1]);
	return true;
}

static bool
file_is(struct kill_run *k, const struct node *node, const struct slot *want)
{
	bool same;

	if (node->kind != NODE_FILE || node->size != want->size ||
	    (want->node != 0 && node->id != want->node))
		return false;
	ASSERT_OK(&k->w.op, world_read(&k->w.op, &k->w, node->content,
				want->size, want->seed, &same));
	return same;
}

static bool
slot_is(struct kill_run *k, int64_t folder, int64_t sub, unsigned number,
    const struct slot *want)
{
	struct node node;
	char name[32];
	enum rc rc;

	journal_name(name, number);
	rc = world_find(&k->w.op, &k->w, journal_in_sub(number) ? sub : folder,
	    name, &node);
	op_clear_error(&k->w.op);
	if (rc == RC_NOT_FOUND)
		return want->kind == SLOT_NONE;
	ASSERT_OK(&k->w.op, rc);
	if (want->kind == SLOT_FOLDER)
		return node.kind == NODE_FOLDER;
	return want->kind == SLOT_FILE && file_is(k, &node, want);
}

/* The first slot that is not as the state says; JOURNAL_SLOTS: none. */
static unsigned
state_differs(
    struct kill_run *k, int64_t folder, int64_t sub, const struct state *state)
{
	unsigned i;

	for (i = 0; i < JOURNAL_SLOTS; i++)
		if (!slot_is(k, folder, sub, i, &state->slots[i]))
			break;
	return i;
}

static void
kept_check(struct kill_run *k, const struct kept_version *kept)
{
	struct version version;
	struct reader *reader;
	bool same;
	enum rc rc;

	ASSERT_OK(&k->w.op, tenant_reader(&k->w.op, k->w.t, &reader));
	rc = version_get(&k->w.op, &reader->meta, kept->version, &version);
	tenant_reader_put(k->w.t, reader);
	ASSERT_OK(&k->w.op, rc);
	assert_int_equal(version.size, kept->size);
	ASSERT_OK(&k->w.op, world_read(&k->w.op, &k->w, version.content,
				kept->size, kept->seed, &same));
	assert_true(same);
}

static void
history_check(struct kill_run *k, const struct state *state)
{
	struct node node;
	size_t i;

	for (i = 0; i < state->n_kept; i++)
		kept_check(k, &state->kept[i]);
	for (i = 0; i < state->n_trashed; i++) {
		ASSERT_OK(&k->w.op,
		    world_node(&k->w.op, &k->w, state->trashed[i], &node));
		assert_int_equal(node.parent, NODE_TRASH);
	}
}

static void
thread_check(struct kill_run *k, unsigned thread)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	struct state *sure = calloc(2, sizeof(*sure)), *possible = sure + 1;
	struct node folder, sub;
	char name[32];
	unsigned at;
	bool open;

	journal_read(k, thread, journal);
	open = states_make(journal, sure, possible);
	journal_folder(name, k->round, thread);
	/* The folders are acknowledged before the first record. */
	if (journal->n > 0) {
		ASSERT_OK(&k->w.op,
		    world_find(&k->w.op, &k->w, k->w.space, name, &folder));
		ASSERT_OK(&k->w.op,
		    world_find(&k->w.op, &k->w, folder.id, "sub", &sub));
		at = state_differs(k, folder.id, sub.id, sure);
		if (at < JOURNAL_SLOTS && open)
			at = state_differs(k, folder.id, sub.id, possible);
		if (at < JOURNAL_SLOTS)
			fail_msg("round %u, thread %u: slot %u is not as it "
				 "was acknowledged",
			    k->round, thread, at);
		history_check(k, sure);
	}
	free(journal);
	free(sure);
}

static void
load_check(struct kill_run *k)
{
	unsigned thread;

	for (thread = 0; thread < JOURNAL_THREADS; thread++)
		thread_check(k, thread);
}

/* Files that rotted on a site, before or after they were repaired. */
static void
repair_check(struct kill_run *k)
{
	struct node node;
	char name[32];
	unsigned i;
	enum rc rc;

	for (i = 0; i < JOURNAL_ROTTEN; i++) {
		journal_rotten(name, k->round, i);
		rc = world_find(&k->w.op, &k->w, k->w.space, name, &node);
		op_clear_error(&k->w.op);
		if (rc != RC_NOT_FOUND)
			world_check(
			    &k->w, k->w.space, name, JOURNAL_ROTTEN_SIZE, i);
	}
}

/* An acknowledged tenant is there and works; one that was only wanted is there
 * and works, or can be made anew. */
static void
tenants_check(struct kill_run *k)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	struct tenant *t;
	char name[32];
	uint64_t id;
	size_t i;
	enum rc rc;

	journal_read(k, 0, journal);
	for (i = 0; i < journal->n; i++) {
		const struct record *r = &journal->records[i];

		(void)snprintf(name, sizeof(name), "r%u-%u", k->round, r->slot);
		rc = service_tenant_named(&k->w.op, k->w.f.service, name, &t);
		op_clear_error(&k->w.op);
		if (r->phase == JOURNAL_WANTED && rc == RC_NOT_FOUND) {
			if (i + 1 < journal->n)
				continue; /* its DONE record follows */
			ASSERT_OK(
			    &k->w.op, service_tenant_add(&k->w.op,
					  k->w.f.service, name, "ja", &id));
			continue;
		}
		ASSERT_OK(&k->w.op, rc);
		ASSERT_OK(&k->w.op, fixture_set(&k->w.op, t, 5, NULL));
		tenant_put(t);
	}
	free(journal);
}

/* ---- one round ---- */

/* Restart, check, sweep, and the same state from the sites alone. */
static void
aftermath(struct kill_run *k, void (*check)(struct kill_run *k))
{
	uint8_t before[DB_HASH_SIZE], after[DB_HASH_SIZE];

	world_start(&k->w);
	check(k);
	world_await(&k->w, "every site is in service", world_sites_in_service,
	    k->w.f.n_sites);
	world_assert_no_orphans(&k->w);
	world_state_hash(&k->w, before);
	world_start_without_databases(&k->w);
	world_state_hash(&k->w, after);
	assert_memory_equal(before, after, sizeof(before));
	check(k);
	world_stop(&k->w);
	op_release(&k->w.op);
	op_init(&k->w.op);
}

/* Killed at the n-th passing of a failpoint; returns whether it came to it. */
static bool
kill_at(struct kill_run *k, const char *point, unsigned n, const char *mode,
    void (*check)(struct kill_run *k))
{
	char text[80];
	bool killed;

	k->round++;
	(void)snprintf(text, sizeof(text), "%.60s:%u", point, n);
	killed = driver_wait(k, driver_start(k, mode, text, -1));
	aftermath(k, check);
	return killed;
}

/* Killed after so many acknowledged calls, and a moment more. */
static void
kill_after(struct kill_run *k, unsigned acks, const char *mode)
{
	struct timespec moment = {
	    .tv_nsec = (long)world_dice(&k->dice, 4000) * 1000};
	int pipes[2];
	char byte;
	pid_t pid;

	k->round++;
	assert_int_equal(pipe(pipes), 0);
	pid = driver_start(k, mode, NULL, pipes[1]);
	(void)close(pipes[1]);
	while (acks > 0 && read(pipes[0], &byte, 1) == 1)
		acks--;
	(void)nanosleep(&moment, NULL);
	(void)kill(pid, SIGKILL);
	(void)driver_wait(k, pid);
	(void)close(pipes[0]);
	aftermath(k, load_check);
}

/* A site that lacks its newest numbers and data has to be caught up. */
static void
site_rob(struct kill_run *k)
{
	fixture_shell(&k->w.f,
	    "for d in $(ls -d sendai/log/* sendai/data/* | grep -v "
	    "/0000000000000000$); do "
	    "ls $d/* 2>/dev/null | sort | tail -4 | xargs -r rm -f; done");
}

static void
run_make(struct kill_run *k, size_t n, uint32_t m)
{
	memset(k, 0, sizeof(*k));
	k->seed = world_seed();
	k->dice = k->seed;
	world_make(&k->w, n, m);
	world_keep(&k->w);
	world_stop(&k->w);
}

static void
run_end(struct kill_run *k)
{
	world_end(&k->w);
}

/* After whatever was left half done: a snapshot, a cut, and nothing stays that
 * is not needed. */
static void
upkeep_goes_on(struct kill_run *k)
{
	struct world *w = &k->w;
	struct reader *reader;
	struct kept kept;
	char command[200];
	size_t i;

	world_start(w);
	world_await(w, "every site is in service", world_sites_in_service,
	    w->f.n_sites);
	ASSERT_OK(&w->op, cut_make(&w->op, w->t));
	ASSERT_OK(&w->op, snapshot_make(&w->op, w->t));
	ASSERT_OK(&w->op, cut_make(&w->op, w->t));
	ASSERT_OK(&w->op, cut_clean(&w->op, w->t));
	world_assert_no_orphans(w);
	world_assert_whole(w, w->f.n_sites);
	/* Now that each of them has the cut. */
	ASSERT_OK(&w->op, cut_clean(&w->op, w->t));
	load_check(k);
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(&w->op, kept_get(&w->op, &reader->meta, &kept));
	tenant_reader_put(w->t, reader);
	assert_int_equal(kept.n, 2);
	for (i = 0; i < w->f.n_sites; i++)
		assert_int_equal(fixture_count(&w->f, i, "snap", w->id),
		    fixture_count(&w->f, 0, "snap", w->id));
	/* Two lists on each, and no piece of a third snapshot. */
	(void)snprintf(command, sizeof(command),
	    "for s in tokyo osaka sendai; do "
	    "test $(ls $s/snap/%016llx | cut -d. -f1 | sort -u | wc -l) = 2; "
	    "done",
	    (unsigned long long)w->id);
	fixture_shell(&w->f, command);
	world_stop(w);
}

/* ---- tests ---- */

/* Those that only upkeep passes. */
static bool
point_of_upkeep(const char *point)
{
	static const char *const files[] = {
	    "snapshot.", "cut.", "epoch.", "move.", "pack.", "compact."};
	size_t i;

	for (i = 0; i < ARRAY_LEN(files); i++)
		if (strncmp(point, files[i], strlen(files[i])) == 0)
			return true;
	return false;
}

static void
point_kill(struct kill_run *k, const char *point)
{
	bool repairs = strncmp(point, "repair.", 7) == 0;
	unsigned n, times = repairs || point_of_upkeep(point) ? 2 : 4;
	bool killed;

	for (n = 1; n <= times; n++) {
		unsigned at =
		    n <= 3 ? n : 4 + world_dice(&k->dice, 60); /* in the load */

		if (strcmp(point, "create.keyring") == 0) {
			killed = kill_at(k, point, n, "tenants", tenants_check);
		} else if (repairs) {
			killed = kill_at(k, point, n, "repair", repair_check);
		} else if (point_of_upkeep(point)) {
			killed = kill_at(k, point, n, "upkeep", load_check);
			upkeep_goes_on(k);
		} else {
			if (strcmp(point, "catchup.put") == 0)
				site_rob(k);
			killed = kill_at(k, point, at, "load", load_check);
		}
		if (n == 1 && !killed)
			fail_msg("failpoint %s was never passed", point);
	}
}

static void
points_kill(bool upkeep)
{
	/* Those of keys, of the register and of scrubs are
	 * test_keys_kill.c's, test_site_change_kill.c's and test_scrub.c's. */
	static const char others[] = "^(site_keys|keys|epoch|site_change|"
				     "site_leave|site_place|scrub)\\.";
	static char points[POINTS_MAX][POINT_SIZE];
	struct kill_run *k = calloc(1, sizeof(*k));
	size_t i, n = points_list("store core", "", others, 9, points);

	run_make(k, 3, 2);
	for (i = 0; i < n; i++)
		if (point_of_upkeep(points[i]) == upkeep)
			point_kill(k, points[i]);
	run_end(k);
	free(k);
}

static void
killed_at_each_failpoint_nothing_acknowledged_is_lost_or_half_done(void **state)
{
	(void)state;
	points_kill(false);
}

static void
killed_at_each_failpoint_of_upkeep_it_goes_on_and_nothing_is_lost(void **state)
{
	(void)state;
	points_kill(true);
}

static unsigned
rounds(unsigned usual)
{
	const char *text = getenv("DOZO_TEST_SOAK");

	return text != NULL ? usual * (unsigned)strtoul(text, NULL, 10) : usual;
}

static void
killed_at_random_moments_nothing_acknowledged_is_lost_or_half_done(void **state)
{
	struct kill_run *k = calloc(1, sizeof(*k));
	unsigned i;

	(void)state;
	run_make(k, 3, 2);
	for (i = 0; i < rounds(8); i++)
		kill_after(k, world_dice(&k->dice, 70), "load");
	run_end(k);
	run_make(k, 2, 2);
	for (i = 0; i < rounds(3); i++)
		kill_after(k, world_dice(&k->dice, 70), "load");
	run_end(k);
	free(k);
}

static void
killed_in_an_upload_session_it_leaves_neither_rows_nor_data(void **state)
{
	struct kill_run *k = calloc(1, sizeof(*k));
	unsigned n;

	(void)state;
	run_make(k, 2, 2);
	/* The first segment stands; the second; numbers that name them. */
	for (n = 1; n <= 3; n++) {
		(void)kill_at(
		    k, "site_dir.stream.linked", 2 * n, "large", load_check);
		assert_int_equal(fixture_count(&k->w.f, 0, "data", k->w.id), 0);
		assert_int_equal(fixture_count(&k->w.f, 1, "data", k->w.id), 0);
	}
	run_end(k);
	free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		killed_at_each_failpoint_nothing_acknowledged_is_lost_or_half_done),
	    cmocka_unit_test(
		killed_at_each_failpoint_of_upkeep_it_goes_on_and_nothing_is_lost),
	    cmocka_unit_test(
		killed_at_random_moments_nothing_acknowledged_is_lost_or_half_done),
	    cmocka_unit_test(
		killed_in_an_upload_session_it_leaves_neither_rows_nor_data),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
