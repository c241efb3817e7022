/* sim_sandbox.c - a run's real files: the databases, which SQLite reads and
 * writes itself. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "model/sim_internal.h"

enum { BLOCK = 4096, FDS = 16 };

const char *
sim_sandbox(void)
{
	struct sim_report *report = sim_report_get();

	if (report->sandbox[0] != '\0')
		return report->sandbox;
	/* The same for one seed run twice by one parent. */
	(void)snprintf(report->sandbox, sizeof(report->sandbox),
	    "/dev/shm/dozo-sim-%d-%llx", (int)getppid(),
	    (unsigned long long)sim_seed());
	SIM_CHECK(mkdir(report->sandbox, 0700) == 0, "harness: cannot make %s",
	    report->sandbox);
	return report->sandbox;
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
sim_sandbox_remove(const char *path)
{
	(void)nftw(path, remove_one, FDS, FTW_DEPTH | FTW_PHYS);
}

/* nftw has no argument for its callback; runs are of one thread at a time. */
static const char *copy_from;
static const char *copy_to;

static void
copy_file(const char *from, const char *to)
{
	static char block[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n = -1;

	SIM_CHECK(in >= 0 && out >= 0, "harness: cannot copy %s", from);
	while ((n = read(in, block, sizeof(block))) > 0)
		SIM_CHECK(write(out, block, (size_t)n) == n,
		    "harness: cannot write %s", to);
	SIM_CHECK(n == 0, "harness: cannot read %s", from);
	(void)close(in);
	(void)close(out);
}

static int
copy_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	char to[512];

	(void)ftw;
	(void)snprintf(
	    to, sizeof(to), "%s%s", copy_to, path + strlen(copy_from));
	if (kind == FTW_D)
		SIM_CHECK(mkdir(to, 0700) == 0, "harness: cannot make %s", to);
	else if (S_ISREG(st->st_mode) && !str_ends(path, "-shm"))
		copy_file(path, to);
	return 0;
}

void
sim_sandbox_copy(const char *from, const char *to)
{
	copy_from = from;
	copy_to = to;
	SIM_CHECK(nftw(from, copy_one, FDS, FTW_PHYS) == 0,
	    "harness: cannot copy %s", from);
}

static int
tear_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	char block[BLOCK];
	off_t at;
	int fd;

	(void)ftw;
	if (kind != FTW_F)
		return 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	SIM_CHECK(fd >= 0, "harness: cannot tear %s", path);
	for (at = 0; at < st->st_size; at += BLOCK) {
		off_t left = st->st_size - at;

		if (!sim_odd(SIM_OF_DISKS, 1000))
			continue;
		memset(block, (int)sim_draw(SIM_OF_DISKS, 2) * 0xa5, BLOCK);
		SIM_CHECK(pwrite(fd, block, left < BLOCK ? (size_t)left : BLOCK,
			      at) > 0,
		    "harness: cannot tear %s", path);
	}
	(void)close(fd);
	return 0;
}

void
sim_sandbox_tear(const char *folder)
{
	SIM_CHECK(nftw(folder, tear_one, FDS, FTW_PHYS) == 0,
	    "harness: cannot tear %s", folder);
}
