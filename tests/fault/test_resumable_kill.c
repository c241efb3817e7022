/* test_resumable_kill.c - SIGKILL amid uploads that go on: none ever stands
 * before what its client was told, and the file has its bytes (LOG.md L8). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "core/resumable.h"
#include "world.h"

enum { SIZE_MIB = 150, KILLS = 2 };

/* What a writing passes. */
static const char *const points[] = {"site_dir.stream.written",
    "site_dir.stream.synced", "site_dir.stream.linked", "site_dir.put.written",
    "site_dir.put.synced", "site_dir.put.linked", "committer.sealed",
    "committer.acknowledged", "committer.committed"};

struct run {
	struct world w; /* stopped while the driver runs */
	uint64_t dice;
	int64_t upload;
	unsigned n_files;
	unsigned n_killed;
};

static void
upload_make(struct run *run)
{
	struct resumable_new new = {
	    .to.parent = run->w.space,
	    .has_size = true,
	    .size = SIZE_MIB * MIB,
	};
	struct resumable_result result;
	struct op *op = &run->w.op;
	char name[16];

	(void)snprintf(name, sizeof(name), "f%u", run->n_files);
	ASSERT_OK(op, tree_name_init(op, span_str(name), &new.to.name));
	ASSERT_OK(op, resumable_make(op, run->w.t, &new, &result));
	run->upload = result.state.id;
	fixture_shell(&run->w.f, "rm -f acknowledged");
}

/* True where it was killed; else the upload is done. */
static bool
driver_run(struct run *run, const char *kill_at)
{
	char n[8], m[8], seed[32], upload[32];
	int status;
	pid_t pid;

	(void)snprintf(n, sizeof(n), "%zu", run->w.f.n_sites);
	(void)snprintf(m, sizeof(m), "%u", run->w.f.m);
	(void)snprintf(
	    seed, sizeof(seed), "%u", world_dice(&run->dice, 1u << 30));
	(void)snprintf(upload, sizeof(upload), "%lld", (long long)run->upload);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setenv("DOZO_TEST_KILL", kill_at, 1);
		(void)execl(RESUMABLE_DRIVER, RESUMABLE_DRIVER, run->w.f.path,
		    n, m, seed, upload, (char *)NULL);
		_exit(9);
	}
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the driver ended with status %x (%s)",
		    (unsigned)status, kill_at);
	return false;
}

/* The file of an upload that is done goes, so that there is room. */
static void
file_check(struct run *run)
{
	const struct precondition none = {0};
	struct world *w = &run->w;
	struct tree_result result;
	char name[16];
	struct node node;

	(void)snprintf(name, sizeof(name), "f%u", run->n_files);
	world_check(w, w->space, name, SIZE_MIB * MIB, 1);
	ASSERT_OK(&w->op, world_find(&w->op, w, w->space, name, &node));
	ASSERT_OK(&w->op, tree_delete(&w->op, w->t, node.id, &none, &result));
	run->n_files++;
}

static void
round_run(struct run *run, const char *point)
{
	char kill_at[64];
	bool killed;

	(void)snprintf(kill_at, sizeof(kill_at), "%s:%u", point,
	    1 + world_dice(&run->dice, 12));
	killed = driver_run(run, kill_at);
	if (world_dice(&run->dice, 3) == 0)
		fixture_drop_databases(&run->w.f);
	run->n_killed += killed;
	if (killed)
		return;
	world_start(&run->w);
	file_check(run);
	upload_make(run);
	world_stop(&run->w);
}

static void
killed_at_each_failpoint_an_upload_goes_on_from_what_was_acknowledged(
    void **state)
{
	struct run *run = calloc(1, sizeof(*run));
	size_t i;

	(void)state;
	run->dice = world_seed();
	world_make(&run->w, 2, 2);
	world_keep(&run->w);
	upload_make(run);
	world_stop(&run->w);
	for (i = 0; i < ARRAY_LEN(points) * KILLS; i++)
		round_run(run, points[i % ARRAY_LEN(points)]);
	assert_true(run->n_killed >= ARRAY_LEN(points));
	assert_false(driver_run(run, "none"));
	world_start(&run->w);
	world_await(
	    &run->w, "every site is in service", world_sites_in_service, 2);
	file_check(run);
	world_assert_no_orphans(&run->w);
	world_assert_whole(&run->w, 2);
	world_end(&run->w);
	free(run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		killed_at_each_failpoint_an_upload_goes_on_from_what_was_acknowledged),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
