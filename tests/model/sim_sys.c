/* sim_sys.c - the system calls that io.c makes, on simulated disks. */
#define SIM_SYS_REAL
#include "model/sim_sys.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/sim_handle.h"
#include "model/sim_internal.h"

enum { DIRECT_ALIGN = 4096, BLOCK_SIZE = 4096, LATE_STEPS = 400 };

/* The path of a name in an open folder. */
static void
path_of(
    char out[SIM_PATH_SIZE], const struct sim_handle *folder, const char *name)
{
	int size = snprintf(out, SIM_PATH_SIZE, "%s%s%s", folder->path,
	    folder->path[0] != '\0' ? "/" : "", name);

	if (size >= SIM_PATH_SIZE)
		sim_violation("harness: a path too long: %s", out);
}

static int
failed(int error)
{
	errno = error;
	return -1;
}

/* ---- opening ---- */

static int
open_disk(const char *name, int flags)
{
	struct sim_disk *disk = sim_disk_find(name);

	sim_yield();
	if (disk == NULL || disk->mount == SIM_UNMOUNTED)
		return failed(ENOENT);
	if (disk->mount == SIM_FAILING || disk->ways[sim_host()].cut_off ||
	    sim_odd(SIM_OF_DISKS, disk->faults.fail))
		return failed(EIO);
	return sim_handle_open(
	    disk, disk->mount == SIM_BARE ? disk->bare : disk->root, flags, "");
}

static int
open_mounts(int flags)
{
	int fd = sim_handle_open(NULL, NULL, flags, "/sim");

	if (fd >= 0)
		sim_handle_of(fd)->mounts = true;
	return fd;
}

/* "/sim/NAME/a/b" is no mount point: io.c opens roots only by their own path.
 */
int
sim_sys_open(const char *path, int flags)
{
	int fd;

	if (strcmp(path, "/") == 0)
		return sim_handle_open(NULL, NULL, flags, "");
	if (strcmp(path, "/sim") == 0)
		return open_mounts(flags);
	if (!str_starts(path, "/sim/")) {
		sim_yield();
		return sim_real_fd(open(path, flags)); /* NOLINT: no O_CREAT */
	}
	if (strchr(path + 5, '/') != NULL)
		sim_violation("harness: %s is below a mount point", path);
	fd = open_disk(path + 5, flags);
	sim_trace("open %s%s%s", path, fd < 0 ? " = " : "",
	    fd < 0 ? strerrorname_np(errno) : "");
	return fd;
}

static bool
is_tmpfile(int flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

static int
open_unnamed(struct sim_handle *folder, int flags)
{
	struct sim_node *node;
	char path[SIM_PATH_SIZE];
	int fd;

	if (!sim_enter_change(folder))
		return -1;
	if (folder->disk->no_tmpfile)
		return failed(EOPNOTSUPP);
	node = sim_node_new(folder->disk, false);
	path_of(path, folder, "(unnamed)");
	fd = sim_handle_open(folder->disk, node, flags, path);
	sim_node_unref(node);
	return fd;
}

static int
create(struct sim_handle *folder, const char *name, int flags)
{
	struct sim_node *node;
	char path[SIM_PATH_SIZE];
	int fd;

	if (!sim_enter_change(folder))
		return -1;
	node = sim_node_ref(sim_folder_find(folder->node, name));
	if (node != NULL && (flags & O_EXCL) != 0) {
		sim_node_unref(node);
		return failed(EEXIST);
	}
	if (node == NULL) {
		node = sim_node_new(folder->disk, false);
		sim_folder_set(folder->node, name, node, 0);
	}
	path_of(path, folder, name);
	fd = sim_handle_open(folder->disk, node, flags, path);
	sim_node_unref(node);
	return fd;
}

static int
open_name(struct sim_handle *folder, const char *name, int flags)
{
	struct sim_node *node;
	char path[SIM_PATH_SIZE];

	if (strcmp(name, ".") == 0)
		return sim_handle_open(
		    folder->disk, folder->node, flags, folder->path);
	node = sim_folder_find(folder->node, name);
	if (node == NULL)
		return failed(ENOENT);
	if ((flags & O_DIRECTORY) != 0 && !node->folder)
		return failed(ENOTDIR);
	path_of(path, folder, name);
	return sim_handle_open(folder->disk, node, flags, path);
}

/* In "/" and "/sim". */
static int
open_above(const struct sim_handle *folder, const char *name, int flags)
{
	char path[SIM_PATH_SIZE];

	if (folder->mounts)
		return open_disk(name, flags);
	if (strcmp(name, "sim") == 0)
		return open_mounts(flags);
	(void)snprintf(path, sizeof(path), "/%s", name);
	return sim_real_fd(open(path, flags)); /* NOLINT: no O_CREAT */
}

int
sim_sys_openat(int dir_fd, const char *name, int flags, ...)
{
	struct sim_handle *folder = sim_handle_of(dir_fd);
	mode_t mode = 0;
	va_list args;
	int fd;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0 || is_tmpfile(flags))
		mode = va_arg(args, mode_t);
	va_end(args);
	if (folder == NULL) {
		sim_yield();
		return sim_real_fd(openat(dir_fd, name, flags, mode));
	}
	if (folder->disk == NULL)
		return sim_called(
		    folder, "open", name, open_above(folder, name, flags));
	if (is_tmpfile(flags))
		return sim_called(
		    folder, "create", "", open_unnamed(folder, flags));
	if ((flags & O_CREAT) != 0)
		return sim_called(
		    folder, "create", name, create(folder, name, flags));
	if (!sim_enter(folder))
		return sim_called(folder, "open", name, -1);
	fd = open_name(folder, name, flags);
	return sim_called(folder, "open", name, fd);
}

int
sim_sys_close(int fd)
{
	struct sim_handle *h = sim_handle_of(fd);

	if (h == NULL) {
		sim_real_fd_closed(fd);
		return close(fd);
	}
	sim_handle_close(h);
	return 0;
}

/* ---- what a file is ---- */

static void
fill_stat(const struct sim_handle *h, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	if (h->disk == NULL) {
		st->st_dev = 999;
		st->st_ino = h->mounts ? 2 : 1;
		return;
	}
	/* Another device while another folder is in its place. */
	st->st_dev = h->disk->device + (h->node == h->disk->bare ? 1 : 0);
	st->st_ino = h->node->id;
	st->st_size = (off_t)h->node->size;
	st->st_mode = h->node->folder ? S_IFDIR | 0700 : S_IFREG | 0600;
}

int
sim_sys_fstat(int fd, struct stat *st)
{
	struct sim_handle *h = sim_handle_of(fd);

	if (h == NULL)
		return fstat(fd, st);
	if (!sim_enter(h))
		return sim_called(h, "stat", "", -1);
	fill_stat(h, st);
	return 0;
}

int
sim_sys_stat(const char *path, struct stat *st)
{
	int fd;

	if (!str_starts(path, "/sim/"))
		return stat(path, st);
	fd = sim_sys_open(path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return -1;
	fill_stat(sim_handle_of(fd), st);
	return sim_sys_close(fd);
}

int
sim_sys_fcntl(int fd, int command, ...)
{
	struct sim_handle *h = sim_handle_of(fd);
	va_list args;
	int value = 0;

	if (command == F_SETFL) {
		va_start(args, command);
		value = va_arg(args, int);
		va_end(args);
	}
	if (h == NULL)
		return fcntl(fd, command, value);
	if (command == F_GETFL)
		return h->flags;
	if (command != F_SETFL)
		return failed(EINVAL);
	h->flags = value;
	return 0;
}

int
sim_sys_fchmod(int fd, mode_t mode)
{
	return sim_handle_of(fd) == NULL ? fchmod(fd, mode) : 0;
}

int
sim_sys_fstatfs(int fd, struct statfs *fs)
{
	struct sim_handle *h = sim_handle_of(fd);
	uint64_t left;

	if (h == NULL)
		return fstatfs(fd, fs);
	memset(fs, 0, sizeof(*fs));
	fs->f_bsize = BLOCK_SIZE;
	fs->f_type = EXT4_SUPER_MAGIC;
	if (h->disk == NULL)
		return 0;
	if (!sim_enter(h))
		return sim_called(h, "statfs", "", -1);
	left = h->disk->capacity > h->disk->used
		   ? h->disk->capacity - h->disk->used
		   : 0;
	fs->f_blocks = h->disk->capacity / BLOCK_SIZE;
	fs->f_bavail = left / BLOCK_SIZE;
	if (h->disk->network)
		fs->f_type = NFS_SUPER_MAGIC;
	if (h->disk->read_only)
		fs->f_flags = ST_RDONLY;
	return 0;
}

/* ---- bytes ---- */

static bool
unaligned(const struct sim_handle *h, const void *bytes, size_t size)
{
	uintptr_t odd = (uintptr_t)bytes | size | h->offset;

	return (h->flags & O_DIRECT) != 0 && odd % DIRECT_ALIGN != 0;
}

/* How much of a write is done this time; 0 with errno where nothing is. */
static size_t
write_some(const struct sim_handle *h, size_t size)
{
	const struct sim_disk *disk = h->disk;
	uint64_t left =
	    disk->capacity > disk->used ? disk->capacity - disk->used : 0;

	if (size > 1 && sim_odd(SIM_OF_DISKS, disk->faults.short_write)) {
		errno = EINTR;
		if (sim_odd(SIM_OF_DISKS, 5000))
			return 0;
		size = 1 + (size_t)sim_draw(SIM_OF_DISKS, size - 1);
		if ((h->flags & O_DIRECT) != 0)
			size -= size % DIRECT_ALIGN;
		if (size == 0)
			return 0;
	}
	errno = ENOSPC;
	if (size > left)
		size = (size_t)left;
	if ((h->flags & O_DIRECT) != 0)
		size -= size % DIRECT_ALIGN;
	return size;
}

ssize_t
sim_sys_write(int fd, const void *bytes, size_t size)
{
	struct sim_handle *h = sim_handle_of(fd);
	size_t done;

	if (h == NULL) {
		sim_yield();
		return write(fd, bytes, size);
	}
	if (!sim_enter_change(h))
		return sim_called(h, "write", "", -1);
	if (unaligned(h, bytes, size))
		return sim_called(h, "write", "", failed(EINVAL));
	if (size == 0)
		return 0;
	done = write_some(h, size);
	if (done == 0)
		return sim_called(h, "write", "", -1);
	sim_node_write(h->node, h->offset, bytes, done);
	h->offset += done;
	sim_trace("write %s/%s, %zu of %zu bytes", h->disk->path, h->path, done,
	    size);
	return (ssize_t)done;
}

ssize_t
sim_sys_pread(int fd, void *out, size_t size, off_t offset)
{
	struct sim_handle *h = sim_handle_of(fd);
	size_t left;

	if (h == NULL) {
		sim_yield();
		return pread(fd, out, size, offset);
	}
	if (!sim_enter(h))
		return sim_called(h, "read", "", -1);
	left = (uint64_t)offset < h->node->size ? h->node->size - (size_t)offset
						: 0;
	if (size > left)
		size = left;
	if (size > 0)
		memcpy(out, h->node->bytes + offset, size);
	(void)sim_called(h, "read", "", 0);
	return (ssize_t)size;
}

int
sim_sys_fdatasync(int fd)
{
	struct sim_handle *h = sim_handle_of(fd);

	if (h == NULL) {
		sim_yield();
		return fdatasync(fd);
	}
	if (!sim_enter(h))
		return sim_called(h, "fdatasync", "", -1);
	if (sim_odd(SIM_OF_DISKS, h->disk->faults.sync_lost) &&
	    h->node->dirty) {
		h->node->lost = true;
		h->node->dirty = false;
		sim_count("lost syncs", 1);
		return sim_called(h, "fdatasync (lost)", "", failed(EIO));
	}
	sim_node_sync(h->node);
	return sim_called(h, "fdatasync", "", sim_answer_lost(h) ? -1 : 0);
}

int
sim_sys_fsync(int fd)
{
	struct sim_handle *h = sim_handle_of(fd);

	if (h == NULL) {
		sim_yield();
		return fsync(fd);
	}
	if (h->disk == NULL)
		return 0;
	if (!h->node->folder)
		return sim_sys_fdatasync(fd);
	if (!sim_enter(h))
		return sim_called(h, "fsync", "", -1);
	if (sim_odd(SIM_OF_DISKS, h->disk->faults.sync_stuck)) {
		sim_folder_stick(h->node);
		sim_count("stuck syncs", 1);
		return sim_called(h, "fsync (stuck)", "", failed(EIO));
	}
	sim_folder_sync(h->node);
	return sim_called(h, "fsync", "", sim_answer_lost(h) ? -1 : 0);
}

/* ---- names ---- */

int
sim_sys_mkdirat(int dir_fd, const char *name, mode_t mode)
{
	struct sim_handle *h = sim_handle_of(dir_fd);
	struct sim_node *node;

	if (h == NULL)
		return mkdirat(dir_fd, name, mode);
	if (!sim_enter(h))
		return sim_called(h, "mkdir", name, -1);
	/* As the kernel: what is there is told before what may not be written.
	 */
	if (h->disk == NULL)
		return failed(
		    h->mounts || strcmp(name, "sim") == 0 ? EEXIST : EACCES);
	if (sim_folder_find(h->node, name) != NULL)
		return sim_called(h, "mkdir", name, failed(EEXIST));
	if (h->disk->read_only)
		return sim_called(h, "mkdir", name, failed(EROFS));
	node = sim_node_new(h->disk, true);
	sim_folder_set(h->node, name, node, 0);
	sim_node_unref(node);
	return sim_called(h, "mkdir", name, sim_answer_lost(h) ? -1 : 0);
}

/* The file that linkat is to give a name: by /proc/self/fd, or by a name. */
static struct sim_node *
link_source(int from_fd, const char *from)
{
	struct sim_handle *h;

	if (str_starts(from, "/proc/self/fd/"))
		return sim_handle_of((int)strtol(from + 14, NULL, 10))->node;
	h = sim_handle_of(from_fd);
	return sim_folder_find(h->node, from);
}

static bool
note_late(struct sim_handle *h, const char *name, struct sim_node *node)
{
	struct sim_late late = {
	    .step = sim_step() + 1 + sim_draw(SIM_OF_DISKS, LATE_STEPS),
	    .folder = h->node,
	    .node = node,
	};

	(void)str_copy(late.name, sizeof(late.name), name);
	path_of(late.path, h, name);
	return sim_disk_be_late(h->disk, &late);
}

static int
link_name(struct sim_handle *h, struct sim_node *node, const char *name)
{
	const struct sim_disk *disk = h->disk;
	char path[SIM_PATH_SIZE];

	if (node == NULL)
		return failed(ENOENT);
	if (sim_folder_find(h->node, name) != NULL)
		return failed(EEXIST);
	if (disk->used >= disk->capacity && sim_odd(SIM_OF_DISKS, 5000))
		return failed(ENOSPC);
	if (sim_odd(SIM_OF_DISKS, disk->faults.late_put) &&
	    note_late(h, name, node))
		return failed(EIO);
	sim_folder_set(h->node, name, node, 0);
	path_of(path, h, name);
	sim_tell(SIM_LINKED, h->disk, path, node);
	return sim_answer_lost(h) ? -1 : 0;
}

int
sim_sys_linkat(
    int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	struct sim_handle *h = sim_handle_of(to_fd);

	if (h == NULL) {
		sim_yield();
		return linkat(from_fd, from, to_fd, to, flags);
	}
	if (!sim_enter_link(h))
		return sim_called(h, "link", to, -1);
	return sim_called(
	    h, "link", to, link_name(h, link_source(from_fd, from), to));
}

static int
rename_name(struct sim_handle *a, const char *from, struct sim_handle *b,
    const char *to, unsigned flags)
{
	struct sim_node *node = sim_folder_find(a->node, from);
	uint64_t id = ++a->disk->next_id;
	char path[SIM_PATH_SIZE];

	if (node == NULL)
		return failed(ENOENT);
	if ((flags & RENAME_NOREPLACE) != 0 &&
	    sim_folder_find(b->node, to) != NULL)
		return failed(EEXIST);
	sim_folder_set(b->node, to, node, id);
	sim_folder_set(a->node, from, NULL, id);
	path_of(path, a, from);
	sim_tell(SIM_REMOVED, a->disk, path, node);
	path_of(path, b, to);
	sim_tell(SIM_LINKED, b->disk, path, node);
	return sim_answer_lost(b) ? -1 : 0;
}

int
sim_sys_renameat2(
    int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	struct sim_handle *a = sim_handle_of(from_fd);
	struct sim_handle *b = sim_handle_of(to_fd);

	if ((a == NULL) != (b == NULL))
		return failed(EXDEV);
	if (a == NULL || b == NULL) {
		sim_yield();
		return renameat2(from_fd, from, to_fd, to, flags);
	}
	if (a->disk != b->disk)
		return failed(EXDEV);
	if (!sim_enter_link(b))
		return sim_called(b, "rename to", to, -1);
	return sim_called(
	    b, "rename to", to, rename_name(a, from, b, to, flags));
}

/* Why a name cannot be removed by this call; 0 where it can. */
static int
unlink_error(const struct sim_node *node, int flags)
{
	size_t i;

	if (node == NULL)
		return ENOENT;
	if ((flags & AT_REMOVEDIR) == 0)
		return node->folder ? EISDIR : 0;
	if (!node->folder)
		return ENOTDIR;
	for (i = 0; i < node->n_entries; i++)
		if (node->entries[i].now != NULL)
			return ENOTEMPTY;
	return 0;
}

static int
unlink_name(struct sim_handle *h, const char *name, int flags)
{
	struct sim_node *node = sim_folder_find(h->node, name);
	int error = unlink_error(node, flags);
	char path[SIM_PATH_SIZE];

	if (error != 0)
		return failed(error);
	if (sim_odd(SIM_OF_DISKS, h->disk->faults.late_remove) &&
	    note_late(h, name, NULL))
		return failed(EIO);
	(void)sim_node_ref(node);
	sim_folder_set(h->node, name, NULL, 0);
	path_of(path, h, name);
	sim_tell(SIM_REMOVED, h->disk, path, node);
	sim_node_unref(node);
	return sim_answer_lost(h) ? -1 : 0;
}

int
sim_sys_unlinkat(int dir_fd, const char *name, int flags)
{
	struct sim_handle *h = sim_handle_of(dir_fd);

	if (h == NULL) {
		sim_yield();
		return unlinkat(dir_fd, name, flags);
	}
	if (!sim_enter_change(h))
		return sim_called(h, "unlink", name, -1);
	return sim_called(h, "unlink", name, unlink_name(h, name, flags));
}

int
sim_sys_faccessat(int dir_fd, const char *name, int mode, int flags)
{
	struct sim_handle *h = sim_handle_of(dir_fd);
	bool found;

	if (h == NULL) {
		sim_yield();
		return faccessat(dir_fd, name, mode, flags);
	}
	if (!sim_enter(h))
		return sim_called(h, "look up", name, -1);
	found = sim_folder_find(h->node, name) != NULL;
	return sim_called(h, "look up", name, found ? 0 : failed(ENOENT));
}

int
sim_sys_flock(int fd, int operation)
{
	struct sim_handle *h = sim_handle_of(fd);

	if (h == NULL) {
		sim_yield();
		return flock(fd, operation);
	}
	if (!sim_enter(h))
		return sim_called(h, "lock", "", -1);
	if (h->node->locked_by != NULL && h->node->locked_by != h)
		return sim_called(h, "lock", "", failed(EWOULDBLOCK));
	h->node->locked_by = h;
	return sim_called(h, "lock", "", 0);
}
