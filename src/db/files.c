/* files.c - a database's files. */
#include "db/db_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum rc
db_remove(struct op *op, const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char name[4096];
	size_t i;

	for (i = 0; i < ARRAY_LEN(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		if (unlink(name) != 0 && errno != ENOENT)
			return op_fail_errno(
			    op, RC_IO, errno, "cannot delete a database");
	}
	return RC_OK;
}

int64_t
db_total_changes(const struct db *db)
{
	return sqlite3_total_changes64(db->handle);
}

enum rc
db_sync(struct op *op, const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(io_close) int dir_fd = -1;
	CLEANUP(io_close) int fd = -1;
	char *folder;

	TRY(op_format(op, &folder, "%.*s",
	    slash != NULL ? (int)(slash - path) : 1,
	    slash != NULL ? path : "."));
	TRY(io_open_root(op, folder, &dir_fd));
	TRY(io_open_read(op, dir_fd, slash != NULL ? slash + 1 : path, &fd));
	return io_sync_file(op, fd);
}

uint64_t
db_wal_size(const char *path)
{
	char name[4096];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s-wal", path);
	return stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;
}
