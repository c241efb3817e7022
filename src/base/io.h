/*
 * io.h - all reading and writing of files: full writes, EINTR, sync of file and
 * folder. Faults are injected here (fault.h), and the model replaces this file
 * by a simulated disk that loses what was not synced. Files are named by a
 * folder's descriptor and one name, never by paths made of user text.
 */
#ifndef DOZO_BASE_IO_H
#define DOZO_BASE_IO_H

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"

enum { IO_TMP_NAME_SIZE = 40 };

/* For CLEANUP: closes *fd where it is not -1. A close error after a sync tells
 * nothing new. */
void io_close(int *fd);

/* An existing folder by path; RC_NOT_FOUND, RC_IO. */
enum rc io_open_root(struct op *op, const char *path, int *ret_fd) MUST_CHECK;

/*
 * A folder below parent ("log/0011" is two levels). Missing levels are made and
 * their parents synced where create; else RC_NOT_FOUND.
 */
enum rc io_open_dir(struct op *op, int parent_fd, const char *path, bool create,
    int *ret_fd) MUST_CHECK;

/* Whether path still leads to the folder that fd is open on (same device and
 * inode). */
bool io_same_dir(const char *path, int fd);

/* What tells one folder of this machine from another. */
struct io_dir_id {
	uint64_t device;
	uint64_t inode;
};
enum rc io_dir_id(struct op *op, int fd, struct io_dir_id *ret_id) MUST_CHECK;

/* A file being made in a folder; it has no name yet. */
struct io_tmp {
	int dir_fd; /* borrowed */
	int fd; /* -1: none */
	bool direct;
	uint64_t offset;
	char name[IO_TMP_NAME_SIZE]; /* "" where the system can make it nameless
				      */
};
#define IO_TMP_NONE \
	{ \
		.dir_fd = -1, .fd = -1 \
	}

/* direct: O_DIRECT where the file system has it. Mode 0600. Needs
 * io_tmp_discard. */
enum rc io_tmp_create(
    struct op *op, int dir_fd, bool direct, struct io_tmp *ret_tmp) MUST_CHECK;

/*
 * Appends all bytes. A direct file stays so for as long as address, size and
 * offset are multiples of 4096; the last, odd piece goes through the page
 * cache.
 */
enum rc
io_tmp_write(struct op *op, struct io_tmp *tmp, struct span bytes) MUST_CHECK;

/* Gives the file its name; RC_EXISTS where the name is taken (the file stays
 * unnamed). */
enum rc
io_tmp_link(struct op *op, struct io_tmp *tmp, const char *name) MUST_CHECK;

/* Gives the file its name, in place of whatever had it (configuration files;
 * never objects). */
enum rc
io_tmp_replace(struct op *op, struct io_tmp *tmp, const char *name) MUST_CHECK;

/* Closes it; an unnamed file is gone. Also for CLEANUP. */
void io_tmp_discard(struct io_tmp *tmp);

/* fdatasync of a file; after a failure its bytes are unknown and it is to be
 * given up (fsyncgate). */
enum rc io_sync_file(struct op *op, int fd) MUST_CHECK;

/* fsync of a folder: the names in it are on disk. */
enum rc io_sync_dir(struct op *op, int fd) MUST_CHECK;

/*
 * The same for names that others have put there, or this process before a
 * failure: a folder whose fsync failed once may pass the next one without them
 * until it changes again, so it is changed first. On a read-only or full file
 * system the plain sync has to do.
 */
enum rc io_sync_dir_anew(struct op *op, int fd) MUST_CHECK;

/* Opens for reading; RC_NOT_FOUND. */
enum rc io_open_read(
    struct op *op, int dir_fd, const char *name, int *ret_fd) MUST_CHECK;
enum rc io_size(struct op *op, int fd, uint64_t *ret_size) MUST_CHECK;

/* Exactly size bytes from offset; RC_DAMAGED where the file ends before. */
enum rc io_read_at(
    struct op *op, int fd, uint64_t offset, void *out, size_t size) MUST_CHECK;

/* Whether the name is there; RC_IO where that cannot be told. */
enum rc io_exists(
    struct op *op, int dir_fd, const char *name, bool *ret_exists) MUST_CHECK;

/* RC_NOT_FOUND where there is none. */
enum rc io_unlink(struct op *op, int dir_fd, const char *name) MUST_CHECK;

/* Removes an empty folder; RC_NOT_FOUND, RC_IO. */
enum rc io_remove_dir(struct op *op, int dir_fd, const char *name) MUST_CHECK;

/* Removes everything below a folder (not itself), following no link: for what a
 * failed command made. */
enum rc io_remove_below(struct op *op, int dir_fd) MUST_CHECK;

/* Moves a name inside one file system; RC_EXISTS where the new one is taken. */
enum rc io_rename(struct op *op, int from_fd, const char *from, int to_fd,
    const char *to) MUST_CHECK;

/* Calls each(arg, name) for each entry but temporary files; stops at its first
 * failure. */
enum rc io_list(struct op *op, int dir_fd,
    enum rc (*each)(void *arg, struct op *op, const char *name),
    void *arg) MUST_CHECK;

/* Removes temporary files of dead processes in a folder. */
enum rc io_sweep(struct op *op, int dir_fd) MUST_CHECK;

struct io_space {
	uint64_t total; /* bytes */
	uint64_t free; /* bytes that this user may still write */
	uint64_t device; /* equal for two folders on one device */
	bool network; /* NFS, CIFS, FUSE ...: its listings may lie (L0) */
	bool read_only;
};
enum rc io_space(struct op *op, int fd, struct io_space *ret_space) MUST_CHECK;

/* The whole of a small file, at most buf's limit; RC_NOT_FOUND, RC_LIMIT. */
enum rc io_read_file(
    struct op *op, int dir_fd, const char *name, struct buf *buf) MUST_CHECK;

/* Writes a small file durably, replacing an old one; mode as in chmod. */
enum rc io_write_file(struct op *op, int dir_fd, const char *name,
    struct span bytes, unsigned mode) MUST_CHECK;

/* An exclusive lock on a file, made if need be, held until ret_fd is closed;
 * RC_BUSY. */
enum rc
io_lock(struct op *op, int dir_fd, const char *name, int *ret_fd) MUST_CHECK;

#endif
