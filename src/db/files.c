/* files.c - a database's files. */
#include "db/db_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0 || fsync(fd) != 0)
		error = errno;
	if (fd >= 0)
		(void)close(fd);
	if (error != 0)
		return op_fail_errno(
		    op, RC_IO, error, "cannot sync a database");
	return RC_OK;
}
