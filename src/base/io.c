/* io.c - files and folders of this machine; each system call can be made to
 * fail (fault.h). */
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"

#define TMP_PREFIX ".tmp."
enum { DIRECT_ALIGN = 4096 };

/* True, with errno set, where a test wants this call to fail. */
static bool
injected(const char *call)
{
	int error = fault_io(call);

	if (error == 0)
		return false;
	errno = error;
	return true;
}

static enum rc
rc_of_errno(int error)
{
	switch (error) {
	case ENOENT:
		return RC_NOT_FOUND;
	case EEXIST:
		return RC_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return RC_NO_SPACE;
	case ENOMEM:
		return RC_NO_MEMORY;
	default:
		return RC_IO;
	}
}

static enum rc
fail_errno(struct op *op, const char *call, const char *name)
{
	int error = errno;
	enum rc rc = rc_of_errno(error);

	return rc_of(op_fail_errno(op, rc, error, "%s %s", call, name), rc);
}

void
io_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

enum rc
io_open_root(struct op *op, const char *path, int *ret_fd)
{
	int fd = -1;

	if (!injected("open"))
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(op, "open", path);
	*ret_fd = fd;
	return RC_OK;
}

/* One level; *ret_made tells whether the parent has to be synced. */
static enum rc
open_level(
    struct op *op, int parent_fd, const char *name, bool create, int *ret_fd)
{
	int fd = -1;

	if (create) {
		if (injected("mkdirat") ||
		    (mkdirat(parent_fd, name, 0700) != 0 && errno != EEXIST))
			return fail_errno(op, "mkdir", name);
		/* Whoever made it may have died before syncing the parent. */
		TRY(io_sync_dir(op, parent_fd));
	}
	if (!injected("openat"))
		fd = openat(parent_fd, name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fail_errno(op, "open folder", name);
	*ret_fd = fd;
	return RC_OK;
}

enum rc
io_open_dir(
    struct op *op, int parent_fd, const char *path, bool create, int *ret_fd)
{
	CLEANUP(io_close) int fd = -1;
	char level[256];

	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		int next = -1;

		if (len == 0 || len >= sizeof(level))
			FAIL(op, RC_INVALID, "bad folder name");
		memcpy(level, path, len);
		level[len] = '\0';
		TRY(open_level(
		    op, fd >= 0 ? fd : parent_fd, level, create, &next));
		io_close(&fd);
		fd = next;
		path += len;
		path += *path == '/';
	}
	*ret_fd = fd;
	fd = -1;
	return RC_OK;
}

bool
io_same_dir(const char *path, int fd)
{
	struct stat a, b;

	return !injected("stat") && stat(path, &a) == 0 && fstat(fd, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

enum rc
io_dir_id(struct op *op, int fd, struct io_dir_id *ret_id)
{
	struct stat st;

	if (injected("fstat") || fstat(fd, &st) != 0)
		return fail_errno(op, "fstat", "a folder");
	ret_id->device = st.st_dev;
	ret_id->inode = st.st_ino;
	return RC_OK;
}

/* A named file, where the file system has no nameless ones. */
static enum rc
tmp_create_named(struct op *op, int dir_fd, int flags, struct io_tmp *tmp)
{
	uint8_t id[16];
	char hex[33];

	rand_id(id, sizeof(id));
	str_hex(hex, span_of(id, sizeof(id)));
	(void)snprintf(tmp->name, sizeof(tmp->name), TMP_PREFIX "%s", hex);
	tmp->fd = -1;
	if (!injected("create"))
		tmp->fd =
		    openat(dir_fd, tmp->name, flags | O_CREAT | O_EXCL, 0600);
	if (tmp->fd >= 0)
		return RC_OK;
	tmp->name[0] = '\0';
	return fail_errno(op, "create", "a temporary file");
}

enum rc
io_tmp_create(struct op *op, int dir_fd, bool direct, struct io_tmp *ret_tmp)
{
	int flags = O_RDWR | O_CLOEXEC | (direct ? O_DIRECT : 0);
	struct io_tmp tmp = {.dir_fd = dir_fd, .fd = -1, .direct = direct};

	if (!injected("create"))
		tmp.fd = openat(dir_fd, ".", flags | O_TMPFILE, 0600);
	if (tmp.fd < 0 && direct && errno == EINVAL)
		return io_tmp_create(op, dir_fd, false, ret_tmp);
	if (tmp.fd < 0 &&
	    (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
		TRY(tmp_create_named(op, dir_fd, flags, &tmp));
	if (tmp.fd < 0)
		return fail_errno(op, "create", "a temporary file");
	*ret_tmp = tmp;
	return RC_OK;
}

/* O_DIRECT wants everything aligned; the odd piece leaves it for good. */
static enum rc
tmp_leave_direct(struct op *op, struct io_tmp *tmp, struct span bytes)
{
	uintptr_t odd = (uintptr_t)bytes.data | bytes.size | tmp->offset;
	int flags;

	if (!tmp->direct || odd % DIRECT_ALIGN == 0)
		return RC_OK;
	flags = fcntl(tmp->fd, F_GETFL);
	if (flags < 0 || fcntl(tmp->fd, F_SETFL, flags & ~O_DIRECT) != 0)
		return fail_errno(op, "fcntl", "a temporary file");
	tmp->direct = false;
	return RC_OK;
}

enum rc
io_tmp_write(struct op *op, struct io_tmp *tmp, struct span bytes)
{
	TRY(tmp_leave_direct(op, tmp, bytes));
	while (bytes.size > 0) {
		ssize_t n = -1;

		if (!injected("write"))
			n = write(tmp->fd, bytes.data, bytes.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(op, "write", "a temporary file");
		bytes.data += n;
		bytes.size -= (size_t)n;
		tmp->offset += (uint64_t)n;
		TRY(tmp_leave_direct(op, tmp, bytes));
	}
	return RC_OK;
}

enum rc
io_tmp_link(struct op *op, struct io_tmp *tmp, const char *name)
{
	char proc[32];
	int done = -1;

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", tmp->fd);
	if (injected("link"))
		return fail_errno(op, "link", name);
	if (tmp->name[0] != '\0')
		done = linkat(tmp->dir_fd, tmp->name, tmp->dir_fd, name, 0);
	else
		done = linkat(
		    AT_FDCWD, proc, tmp->dir_fd, name, AT_SYMLINK_FOLLOW);
	if (done != 0)
		return fail_errno(op, "link", name);
	return RC_OK;
}

enum rc
io_tmp_replace(struct op *op, struct io_tmp *tmp, const char *name)
{
	if (tmp->name[0] == '\0') {
		uint8_t id[16];
		char hex[33];

		rand_id(id, sizeof(id));
		str_hex(hex, span_of(id, sizeof(id)));
		(void)snprintf(
		    tmp->name, sizeof(tmp->name), TMP_PREFIX "%s", hex);
		hex[0] = '\0';
		(void)snprintf(hex, sizeof(hex), "/proc/self/fd/%d", tmp->fd);
		if (injected("link") ||
		    linkat(AT_FDCWD, hex, tmp->dir_fd, tmp->name,
			AT_SYMLINK_FOLLOW) != 0) {
			tmp->name[0] = '\0';
			return fail_errno(op, "link", name);
		}
	}
	if (injected("rename") ||
	    renameat(tmp->dir_fd, tmp->name, tmp->dir_fd, name) != 0)
		return fail_errno(op, "rename to", name);
	tmp->name[0] = '\0';
	return RC_OK;
}

void
io_tmp_discard(struct io_tmp *tmp)
{
	if (tmp->fd >= 0 && tmp->name[0] != '\0')
		(void)unlinkat(tmp->dir_fd, tmp->name, 0);
	tmp->name[0] = '\0';
	io_close(&tmp->fd);
}

enum rc
io_sync_file(struct op *op, int fd)
{
	if (injected("fdatasync") || fdatasync(fd) != 0)
		return fail_errno(op, "fdatasync", "a file");
	return RC_OK;
}

enum rc
io_sync_dir(struct op *op, int fd)
{
	if (injected("fsync") || fsync(fd) != 0)
		return fail_errno(op, "fsync", "a folder");
	return RC_OK;
}

enum rc
io_sync_dir_anew(struct op *op, int fd)
{
	CLEANUP(io_tmp_discard) struct io_tmp tmp = {.dir_fd = fd, .fd = -1};
	enum rc rc = tmp_create_named(op, fd, O_RDWR | O_CLOEXEC, &tmp);

	if (rc != RC_OK && errno != EROFS && errno != ENOSPC)
		return rc;
	if (rc != RC_OK)
		op_clear_error(op);
	return io_sync_dir(op, fd);
}

enum rc
io_open_read(struct op *op, int dir_fd, const char *name, int *ret_fd)
{
	int fd = -1;

	if (!injected("openat"))
		fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fail_errno(op, "open", name);
	*ret_fd = fd;
	return RC_OK;
}

enum rc
io_size(struct op *op, int fd, uint64_t *ret_size)
{
	struct stat st;

	if (injected("fstat") || fstat(fd, &st) != 0)
		return fail_errno(op, "fstat", "a file");
	*ret_size = (uint64_t)st.st_size;
	return RC_OK;
}

enum rc
io_read_at(struct op *op, int fd, uint64_t offset, void *out, size_t size)
{
	uint8_t *at = out;

	while (size > 0) {
		ssize_t n = -1;

		if (!injected("pread"))
			n = pread(fd, at, size, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(op, "read", "a file");
		if (n == 0)
			FAIL(op, RC_DAMAGED, "a file ends too early");
		at += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return RC_OK;
}

enum rc
io_exists(struct op *op, int dir_fd, const char *name, bool *ret_exists)
{
	int found = -1;

	if (!injected("faccessat"))
		found = faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
	if (found != 0 && errno != ENOENT)
		return fail_errno(op, "look up", name);
	*ret_exists = found == 0;
	return RC_OK;
}

enum rc
io_unlink(struct op *op, int dir_fd, const char *name)
{
	if (injected("unlinkat") || unlinkat(dir_fd, name, 0) != 0)
		return fail_errno(op, "delete", name);
	return RC_OK;
}

enum rc
io_rename(
    struct op *op, int from_fd, const char *from, int to_fd, const char *to)
{
	if (injected("renameat") ||
	    renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) != 0)
		return fail_errno(op, "rename", from);
	return RC_OK;
}

static void
dir_close(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

/* Calls each for every entry whose being temporary is as asked. */
static enum rc
list_entries(struct op *op, int dir_fd, bool temporary,
    enum rc (*each)(void *arg, struct op *op, const char *name), void *arg)
{
	CLEANUP(dir_close) DIR *dir = NULL;
	CLEANUP(io_close) int fd = -1;
	struct dirent *entry;

	if (!injected("opendir"))
		fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(op, "open", "a folder");
	dir = fdopendir(fd);
	if (dir == NULL)
		return fail_errno(op, "list", "a folder");
	fd = -1;
	for (;;) {
		errno = 0;
		entry = injected("readdir") ? NULL : readdir(dir);
		if (entry == NULL && errno != 0)
			return fail_errno(op, "list", "a folder");
		if (entry == NULL)
			return RC_OK;
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (str_starts(entry->d_name, TMP_PREFIX) == temporary)
			TRY(each(arg, op, entry->d_name));
	}
}

enum rc
io_list(struct op *op, int dir_fd,
    enum rc (*each)(void *arg, struct op *op, const char *name), void *arg)
{
	return list_entries(op, dir_fd, false, each, arg);
}

static enum rc
sweep_one(void *arg, struct op *op, const char *name)
{
	return io_unlink(op, *(int *)arg, name);
}

enum rc
io_sweep(struct op *op, int dir_fd)
{
	return list_entries(op, dir_fd, true, sweep_one, &dir_fd);
}

enum rc
io_remove_dir(struct op *op, int dir_fd, const char *name)
{
	if (injected("rmdir") || unlinkat(dir_fd, name, AT_REMOVEDIR) != 0)
		return fail_errno(op, "remove folder", name);
	return RC_OK;
}

static enum rc
remove_entry(void *arg, struct op *op, const char *name)
{
	int dir_fd = *(int *)arg;
	CLEANUP(io_close) int fd = -1;

	fd = openat(
	    dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return io_unlink(op, dir_fd, name);
	TRY(io_remove_below(op, fd));
	return io_remove_dir(op, dir_fd, name);
}

enum rc
io_remove_below(struct op *op, int dir_fd)
{
	TRY(list_entries(op, dir_fd, true, remove_entry, &dir_fd));
	return list_entries(op, dir_fd, false, remove_entry, &dir_fd);
}

static bool
fs_is_network(const struct statfs *fs)
{
	switch ((unsigned long)fs->f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case 0xFF534D42UL: /* CIFS */
	case 0xFE534D42UL: /* SMB2 */
	case CEPH_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
	case V9FS_MAGIC:
	case FUSE_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

enum rc
io_space(struct op *op, int fd, struct io_space *ret_space)
{
	struct statfs fs;
	struct stat st;

	if (injected("fstatfs") || fstatfs(fd, &fs) != 0 || fstat(fd, &st) != 0)
		return fail_errno(op, "statfs", "a folder");
	ret_space->total = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
	ret_space->free = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	ret_space->device = st.st_dev;
	ret_space->network = fs_is_network(&fs);
	ret_space->read_only = (fs.f_flags & ST_RDONLY) != 0;
	return RC_OK;
}

enum rc
io_read_file(struct op *op, int dir_fd, const char *name, struct buf *buf)
{
	CLEANUP(io_close) int fd = -1;
	uint64_t size;
	uint8_t *room;

	TRY(io_open_read(op, dir_fd, name, &fd));
	TRY(io_size(op, fd, &size));
	if (size > buf->limit)
		FAIL(op, RC_LIMIT, "%s is larger than %zu bytes", name,
		    buf->limit);
	buf_clear(buf);
	TRY(buf_grow(op, buf, (size_t)size, &room));
	return io_read_at(op, fd, 0, room, (size_t)size);
}

enum rc
io_write_file(struct op *op, int dir_fd, const char *name, struct span bytes,
    unsigned mode)
{
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;

	TRY(io_tmp_create(op, dir_fd, false, &tmp));
	if (injected("fchmod") || fchmod(tmp.fd, (mode_t)mode) != 0)
		return fail_errno(op, "chmod", name);
	TRY(io_tmp_write(op, &tmp, bytes));
	TRY(io_sync_file(op, tmp.fd));
	TRY(io_tmp_replace(op, &tmp, name));
	return io_sync_dir(op, dir_fd);
}

enum rc
io_lock(struct op *op, int dir_fd, const char *name, int *ret_fd)
{
	CLEANUP(io_close) int fd = -1;

	if (!injected("open lock"))
		fd = openat(dir_fd, name,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_errno(op, "open", name);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			FAIL(op, RC_BUSY, "%s is in use by another process",
			    name);
		return fail_errno(op, "lock", name);
	}
	*ret_fd = fd;
	fd = -1;
	return RC_OK;
}
