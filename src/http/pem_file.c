/* pem_file.c - reading a file by its path, links followed. */
#include "http/pem_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

enum rc
pem_file_read(struct op *op, const char *path, struct buf *buf)
{
	CLEANUP(io_close) int folder_fd = -1;
	char real[PATH_MAX];
	char *slash;

	if (realpath(path, real) == NULL)
		return op_fail_errno(op, errno == ENOENT ? RC_NOT_FOUND : RC_IO,
		    errno, "open %s", path);
	slash = strrchr(real, '/');
	*slash = '\0';
	TRY(io_open_root(op, slash == real ? "/" : real, &folder_fd));
	return io_read_file(op, folder_fd, slash + 1, buf);
}
