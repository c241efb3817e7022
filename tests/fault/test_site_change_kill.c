/*
 * test_site_change_kill.c - SIGKILL at each failpoint of a change of the
 * register, while somebody puts: what was acknowledged is there, and the next
 * process ends the change as if nothing had been (LOG.md L20).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "rings.h"

enum { POINTS_MAX = 32 };

/* ---- the driver ---- */

static pid_t
driver_start(struct world *w, const char *mode, const char *kill_at)
{
	char log[400];
	pid_t pid;

	(void)snprintf(log, sizeof(log), "%.300s/driver.log", w->f.path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (freopen(log, "a", stderr) == NULL)
		_exit(9);
	(void)setenv("DOZO_TEST_KILL", kill_at, 1);
	(void)execl(FAULT_DRIVER, FAULT_DRIVER, w->f.path, "3", "2", "1", "1",
	    mode, (char *)NULL);
	_exit(9);
}

/* True where it was killed; otherwise it came to its end. */
static bool
driver_run(struct world *w, const char *mode, const char *kill_at)
{
	pid_t pid = driver_start(w, mode, kill_at);
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	fixture_shell(&w->f, "tail -n 40 driver.log >&2");
	fail_msg(
	    "%s: the driver ended with status %x", kill_at, (unsigned)status);
	return false;
}

/* Every FAILPOINT of a change of the register in src/core/. */
static size_t
points_list(char out[][60])
{
	FILE *grep =
	    popen("grep -rhoE "
		  "'FAILPOINT\\(\"(site_change|site_leave)\\.[a-z_]+\"\\)' "
		  "'" FAULT_SOURCES "/core' | cut -d'\"' -f2 | sort -u",
		"re");
	size_t n = 0;

	assert_non_null(grep);
	while (n < POINTS_MAX && fgets(out[n], 60, grep) != NULL) {
		out[n][strcspn(out[n], "\n")] = '\0';
		n++;
	}
	assert_int_equal(pclose(grep), 0);
	assert_true(n >= 11);
	return n;
}

/* ---- what it left ---- */

static void
acked_check(struct world *w)
{
	static const uint64_t sizes[] = {
	    0, 1, 5000, 65535, 65536, 65537, 65536 + 4096, 200000, 1 << 20};
	char path[400], name[40];
	unsigned seed, n = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%.300s/acked", w->f.path);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	for (; fscanf(file, "%u %39s\n", &seed, name) == 2; n++)
		world_check(
		    w, w->space, name, sizes[seed % ARRAY_LEN(sizes)], seed);
	(void)fclose(file);
	print_message("%u files\n", n);
}

static bool
is_over(struct world *w, size_t unused)
{
	struct site_change *c = &w->f.service->change;
	bool over;

	(void)unused;
	mutex_lock(&c->lock);
	over = c->loaded && !site_change_is_under_way(c->fact.phase);
	mutex_unlock(&c->lock);
	return over && service_health(w->f.service) == HEALTH_OK;
}

/* Of the register's sites each has everything, and the others nothing. */
static void
assert_ended(struct world *w, const char *point)
{
	const struct claim *claim = w->f.service->claim;
	size_t i;

	assert_int_equal(claim->n_registers, 1);
	for (i = 0; i < w->f.n_sites; i++) {
		bool member =
		    register_contains(claim_register(claim), w->f.reg.ids[i]);
		size_t keys = fixture_count(&w->f, i, "keys", w->id);

		if (member == w->f.gone[i] || (!member && keys > 0))
			fail_msg("%s: site %zu: member %d, gone %d, %zu "
				 "keyrings",
			    point, i, member, w->f.gone[i], keys);
		if ((keystore_find(w->f.keystore, w->f.reg.ids[i]) != NULL) !=
		    member)
			fail_msg("%s: site %zu: its key", point, i);
	}
}

static void
goes_on(struct world *w, const char *point)
{
	keystore_free(w->f.keystore);
	w->f.keystore = rings_keystore(w, "keystore");
	fixture_sites_find(&w->f);
	world_start(w);
	acked_check(w);
	world_await(w, "the change is over, and all is well", is_over, 0);
	assert_ended(w, point);
	world_check(w, w->space, "before", 70000, 7);
	acked_check(w);
	/* And the sites say the same. */
	world_start_without_databases(w);
	world_await(w, "all is well", is_over, 0);
	assert_ended(w, point);
	acked_check(w);
}

static void
killed_at(const char *mode, const char *point)
{
	struct world *w = calloc(1, sizeof(*w));
	struct file_put_result result;

	assert_non_null(w);
	print_message("%s, killed at %s\n", mode, point);
	world_make(w, 3, 2);
	ASSERT_OK(&w->op,
	    world_put(&w->op, w, w->space, "before", 70000, 7, &result));
	world_keep(w);
	world_stop(w);
	if (!driver_run(w, mode, point))
		fail_msg("%s was never passed", point);
	goes_on(w, point);
	world_end(w);
	free(w);
}

static void
killed_at_each_step_of_a_replacement_the_next_process_ends_it(void **state)
{
	static char points[POINTS_MAX][60];
	size_t i, n = points_list(points);

	(void)state;
	for (i = 0; i < n; i++)
		killed_at("replace", points[i]);
	/* Fences: three of the start, then four of each step. */
	killed_at("replace", "claim.fenced:4");
	killed_at("replace", "claim.fenced:6");
	killed_at("replace", "claim.fenced:8");
	killed_at("replace", "claim.fenced:10");
	killed_at("replace", "site_change.claimed:2");
}

static void
so_it_is_where_a_site_joins_or_leaves(void **state)
{
	(void)state;
	killed_at("join", "site_change.filled");
	killed_at("join", "claim.fenced:5");
	killed_at("join", "claim.fenced:9");
	killed_at("leave", "claim.fenced:5");
	killed_at("leave", "site_leave.acks");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		killed_at_each_step_of_a_replacement_the_next_process_ends_it),
	    cmocka_unit_test(so_it_is_where_a_site_joins_or_leaves),
	};

	log_set_level(LOG_LEVEL_ERROR);
	world_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
