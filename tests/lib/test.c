/* test.c - sandboxes and torture loops. */
#include "lib/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

char *
test_sandbox(void)
{
	const char *base = getenv("TMPDIR");
	char path[256];
	char *copy;

	(void)snprintf(path, sizeof(path), "%s/dozo-test-XXXXXX",
	    base != NULL ? base : "/tmp");
	assert_non_null(mkdtemp(path));
	copy = strdup(path);
	assert_non_null(copy);
	return copy;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void
test_sandbox_remove(char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

static void
map_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		(void)close(fd);
}

void
test_become_able_to_mount(void)
{
	char uid[64], gid[64];

	(void)snprintf(uid, sizeof(uid), "0 %u 1", geteuid());
	(void)snprintf(gid, sizeof(gid), "0 %u 1", getegid());
	if (geteuid() == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return;
	map_write("/proc/self/setgroups", "deny");
	map_write("/proc/self/uid_map", uid);
	map_write("/proc/self/gid_map", gid);
}

void
test_torture_alloc(enum rc (*body)(void *arg), void *arg, long limit)
{
	long n;

	for (n = 1; n <= limit; n++) {
		enum rc rc;

		fault_alloc_arm(n, false);
		rc = body(arg);
		if (!fault_alloc_hit()) {
			fault_alloc_arm(0, false);
			assert_int_equal(rc, RC_OK);
			return;
		}
	}
	fault_alloc_arm(0, false);
	fail_msg("still failing after %ld allocations", limit);
}

void
test_torture_io(enum rc (*body)(void *arg), void *arg, int error, long limit)
{
	long n;

	for (n = 1; n <= limit; n++) {
		enum rc rc;

		fault_io_arm(n, error, false);
		rc = body(arg);
		if (!fault_io_hit()) {
			fault_io_arm(0, 0, false);
			assert_int_equal(rc, RC_OK);
			return;
		}
	}
	fault_io_arm(0, 0, false);
	fail_msg("still failing after %ld I/O calls", limit);
}
