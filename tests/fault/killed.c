/* killed.c - failpoints by name, and a driver that is killed at one. */
#include "killed.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

size_t
points_list(const char *folders, const char *pattern, const char *but,
    size_t least, char out[POINTS_MAX][POINT_SIZE])
{
	char command[600];
	size_t n = 0;
	FILE *grep;
	int size;

	size = snprintf(command, sizeof(command),
	    "cd '%s' && grep -rhoE 'FAILPOINT\\(\"[a-z_.]+\"\\)' %s | "
	    "cut -d'\"' -f2 | grep -E '%s' | grep -vE '%s' | sort -u",
	    FAULT_SOURCES, folders, pattern, but != NULL ? but : "^$");
	assert_true(size > 0 && (size_t)size < sizeof(command));
	grep = popen(command, "re");
	assert_non_null(grep);
	while (n < POINTS_MAX && fgets(out[n], POINT_SIZE, grep) != NULL) {
		out[n][strcspn(out[n], "\n")] = '\0';
		n++;
	}
	assert_int_equal(pclose(grep), 0);
	assert_true(n >= least && n < POINTS_MAX);
	return n;
}

static pid_t
driver_start(const char *driver, const struct world *w, unsigned round,
    const char *mode, const char *kill_at)
{
	char text[16], log[400];
	pid_t pid;

	(void)snprintf(text, sizeof(text), "%u", round);
	(void)snprintf(log, sizeof(log), "%.300s/driver.log", w->f.path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (freopen(log, "a", stderr) == NULL)
		_exit(9);
	(void)setenv("DOZO_TEST_KILL", kill_at, 1);
	(void)execl(
	    driver, driver, w->f.path, "3", "2", text, "1", mode, (char *)NULL);
	_exit(9);
}

bool
driver_run(const char *driver, struct world *world, unsigned round,
    const char *mode, const char *kill_at)
{
	pid_t pid = driver_start(driver, world, round, mode, kill_at);
	int status;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	fixture_shell(&world->f, "tail -n 40 driver.log >&2");
	fail_msg(
	    "%s: the driver ended with status %x", kill_at, (unsigned)status);
	return false;
}

unsigned
acked_check(struct world *world, bool forget)
{
	static const uint64_t sizes[] = {
	    0, 1, 5000, 65535, 65536, 65537, 65536 + 4096, 200000, 1 << 20};
	char path[400], name[40];
	unsigned seed, n = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%.300s/acked", world->f.path);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	for (; fscanf(file, "%u %39s\n", &seed, name) == 2; n++)
		world_check(world, world->space, name,
		    sizes[seed % ARRAY_LEN(sizes)], seed);
	(void)fclose(file);
	if (forget)
		assert_int_equal(remove(path), 0);
	return n;
}
