/* test.c - sandboxes and torture loops. */
#include "lib/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

enum { SANDBOXES_MAX = 64 };

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void
tree_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- sandboxes: what a failed test leaves goes at the end ---- */

static struct {
	pid_t owner; /* a forked child removes nothing */
	size_t n;
	char *paths[SANDBOXES_MAX];
} kept;

/* Lets go of what is mounted below a folder. */
static void
unmount_below(const char *path)
{
	char line[1024], at[512];
	FILE *mounts = fopen("/proc/self/mounts", "re");

	while (mounts != NULL && fgets(line, sizeof(line), mounts) != NULL)
		if (sscanf(line, "%*s %511s", at) == 1 &&
		    strncmp(at, path, strlen(path)) == 0)
			(void)umount2(at, MNT_DETACH);
	if (mounts != NULL)
		(void)fclose(mounts);
}

static void
remove_all(void)
{
	if (getpid() != kept.owner)
		return;
	while (kept.n > 0) {
		char *path = kept.paths[--kept.n];

		unmount_below(path);
		tree_remove(path);
		free(path);
	}
}

static void
keep(const char *path)
{
	if (kept.owner == 0) {
		kept.owner = getpid();
		(void)atexit(remove_all);
	}
	if (getpid() == kept.owner && kept.n < SANDBOXES_MAX)
		kept.paths[kept.n++] = strdup(path);
}

static void
forget(const char *path)
{
	size_t i;

	for (i = 0; i < kept.n; i++) {
		if (strcmp(kept.paths[i], path) != 0)
			continue;
		free(kept.paths[i]);
		kept.paths[i] = kept.paths[--kept.n];
		return;
	}
}

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
	keep(path);
	return copy;
}

void
test_sandbox_remove(char *path)
{
	tree_remove(path);
	forget(path);
	free(path);
}

void
test_sandbox_leave(char *path)
{
	forget(path);
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
