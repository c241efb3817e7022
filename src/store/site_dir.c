/* site_dir.c - a site that is a directory: immutable named objects (L0).
 * README.md states S11 to S14. */
#include "store/site_dir.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "store/site_id.h"

enum { COMPARE_BLOCK = 65536 };

struct site_dir {
	struct site base;
	struct mutex lock; /* guards attached and where */
	bool attached;
	struct io_dir_id where;
	char path[];
};

struct dir_stream {
	struct site_stream base;
	struct site_dir *dir;
	struct object_name name;
	int folder_fd;
	struct io_tmp tmp;
};

static struct site_dir *
dir_of(struct site *site)
{
	return container_of(site, struct site_dir, base);
}

/*
 * S13: nothing of a site is kept open between calls. Each call goes through the
 * path again and finds the folder that was attached, or fails: so an unmounted,
 * renamed or replaced folder is noticed at once, and never pinned.
 */
static enum rc
root_open(struct op *op, struct site_dir *dir, int *ret_fd)
{
	CLEANUP(io_close) int fd = -1;
	struct io_dir_id id;
	bool same;
	enum rc rc;

	rc = io_open_root(op, dir->path, &fd);
	if (rc == RC_NOT_FOUND)
		rc = RC_IO; /* the site is missing, not the object */
	TRY(rc);
	TRY(io_dir_id(op, fd, &id));
	mutex_lock(&dir->lock);
	same = dir->attached && id.device == dir->where.device &&
	       id.inode == dir->where.inode;
	mutex_unlock(&dir->lock);
	if (!same)
		FAIL(op, RC_IO,
		    "site %s: the folder is not the one that was attached",
		    dir->base.name);
	*ret_fd = fd;
	fd = -1;
	return RC_OK;
}

static enum rc
folder_open(struct op *op, struct site_dir *dir, const char *folder,
    bool create, int *ret_fd)
{
	CLEANUP(io_close) int root_fd = -1;

	TRY(root_open(op, dir, &root_fd));
	if (folder[0] == '\0') {
		*ret_fd = root_fd;
		root_fd = -1;
		return RC_OK;
	}
	return io_open_dir(op, root_fd, folder, create, ret_fd);
}

static enum rc
id_read(struct op *op, int root_fd, struct site_id *ret_id)
{
	CLEANUP(buf_release) struct buf bytes = {0};

	buf_init(&bytes, SITE_ID_SIZE_MAX);
	TRY(io_read_file(op, root_fd, "site.id", &bytes));
	return site_id_read(op, buf_span(&bytes), ret_id);
}

/* L0: a network file system's listings lie for seconds. */
static enum rc
refuse_network(struct op *op, int root_fd, const char *path)
{
	struct io_space space;

	TRY(io_space(op, root_fd, &space));
	if (space.network)
		FAIL(op, RC_REFUSED,
		    "%s is on a network file system, whose listings may be "
		    "old: a site needs a disk or a block device",
		    path);
	return RC_OK;
}

static enum rc
dir_attach(struct op *op, struct site *site)
{
	struct site_dir *dir = dir_of(site);
	CLEANUP(io_close) int fd = -1;
	struct io_dir_id where;
	struct site_id id;
	enum rc rc;

	TRY(io_open_root(op, dir->path, &fd));
	TRY(refuse_network(op, fd, dir->path));
	rc = id_read(op, fd, &id);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		FAIL(op, rc,
		    "%s has no site.id: it is no site, or its disk is not "
		    "mounted",
		    dir->path);
	}
	TRY(rc);
	if (memcmp(id.service, site->service, OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_REFUSED, "%s is a site of another service",
		    dir->path);
	if (memcmp(id.id, site->id, OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_REFUSED,
		    "%s is a site %s with another identity than the present "
		    "%s: the disk of one that has left?",
		    dir->path, id.name, site->name);
	TRY(io_dir_id(op, fd, &where));
	mutex_lock(&dir->lock);
	dir->where = where;
	dir->attached = true;
	mutex_unlock(&dir->lock);
	return RC_OK;
}

static enum rc
dir_verify(struct op *op, struct site *site)
{
	CLEANUP(io_close) int fd = -1;
	bool there;

	TRY(root_open(op, dir_of(site), &fd));
	TRY(io_exists(op, fd, "site.id", &there));
	if (!there)
		FAIL(op, RC_IO, "site %s: site.id is gone", site->name);
	return RC_OK;
}

static enum rc
dir_prepare(struct op *op, struct site *site, const char *folder)
{
	CLEANUP(io_close) int fd = -1;

	TRY(folder_open(op, dir_of(site), folder, true, &fd));
	return io_sweep(op, fd);
}

/*
 * S12: an equal name with equal bytes is success, but only after this process
 * has synced the file; the folder is synced by the caller (whoever linked it
 * may have died before).
 */
static enum rc
object_same(struct op *op, int folder_fd, const char *file, struct span bytes)
{
	CLEANUP(mem_free_ptr) uint8_t *block = mem_alloc(COMPARE_BLOCK);
	CLEANUP(io_close) int fd = -1;
	uint64_t size;
	size_t at, step;

	if (block == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	TRY(io_open_read(op, folder_fd, file, &fd));
	TRY(io_size(op, fd, &size));
	if (size != bytes.size)
		FAIL(op, RC_EXISTS, "%s is there with another size", file);
	for (at = 0; at < bytes.size; at += step) {
		step = bytes.size - at < COMPARE_BLOCK ? bytes.size - at
						       : COMPARE_BLOCK;
		TRY(io_read_at(op, fd, at, block, step));
		if (memcmp(block, bytes.data + at, step) != 0)
			FAIL(op, RC_EXISTS, "%s is there with other bytes",
			    file);
	}
	return io_sync_file(op, fd);
}

static enum rc
dir_put(struct op *op, struct site *site, const struct object_name *name,
    struct span bytes)
{
	CLEANUP(io_close) int folder_fd = -1;
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
	enum rc rc;

	TRY(folder_open(op, dir_of(site), name->folder, false, &folder_fd));

	/* S11: a name appears only once all its bytes are on disk. */
	TRY(io_tmp_create(op, folder_fd, false, &tmp));
	TRY(io_tmp_write(op, &tmp, bytes));
	FAILPOINT("site_dir.put.written");
	TRY(io_sync_file(op, tmp.fd));
	FAILPOINT("site_dir.put.synced");

	rc = io_tmp_link(op, &tmp, name->file);
	if (rc == RC_EXISTS) {
		op_clear_error(op);
		TRY(object_same(op, folder_fd, name->file, bytes));
		return io_sync_dir_anew(op, folder_fd);
	}
	TRY(rc);
	FAILPOINT("site_dir.put.linked");
#ifdef DOZO_PLANT_ACK_BEFORE_FSYNC
	return RC_OK;
#else
	return io_sync_dir(op, folder_fd);
#endif
}

static enum rc
dir_size(struct op *op, struct site *site, const struct object_name *name,
    uint64_t *ret_size)
{
	CLEANUP(io_close) int folder_fd = -1;
	CLEANUP(io_close) int fd = -1;

	TRY(folder_open(op, dir_of(site), name->folder, false, &folder_fd));
	TRY(io_open_read(op, folder_fd, name->file, &fd));
	return io_size(op, fd, ret_size);
}

static enum rc
dir_read(struct op *op, struct site *site, const struct object_name *name,
    uint64_t offset, void *out, size_t size)
{
	CLEANUP(io_close) int folder_fd = -1;
	CLEANUP(io_close) int fd = -1;

	TRY(folder_open(op, dir_of(site), name->folder, false, &folder_fd));
	TRY(io_open_read(op, folder_fd, name->file, &fd));
	return io_read_at(op, fd, offset, out, size);
}

static enum rc
dir_exists(struct op *op, struct site *site, const struct object_name *name,
    bool *ret_exists)
{
	CLEANUP(io_close) int folder_fd = -1;

	TRY(folder_open(op, dir_of(site), name->folder, false, &folder_fd));
	return io_exists(op, folder_fd, name->file, ret_exists);
}

static enum rc
dir_list(struct op *op, struct site *site, const char *folder,
    enum site_listing listing,
    enum rc (*each)(void *arg, struct op *op, const char *file), void *arg)
{
	struct site_dir *dir = dir_of(site);
	CLEANUP(io_close) int root_fd = -1;
	CLEANUP(io_close) int fd = -1;
	enum rc rc;

	TRY(root_open(op, dir, &root_fd));
	rc = io_open_dir(op, root_fd, folder, false, &fd);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	TRY(io_list(op, fd, each, arg));
#ifndef DOZO_PLANT_LISTED_IS_DURABLE
	if (listing == SITE_LIST_DURABLE)
		return io_sync_dir_anew(
		    op, fd); /* the folder that was listed */
#endif
	(void)listing;
	return RC_OK;
}

static enum rc
dir_remove(struct op *op, struct site *site, const struct object_name *name,
    enum site_removal removal)
{
	CLEANUP(io_close) int fd = -1;
	enum rc rc;

	TRY(folder_open(op, dir_of(site), name->folder, false, &fd));
	rc = io_unlink(op, fd, name->file);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		rc = RC_OK;
	}
	TRY(rc);
	return removal == SITE_REMOVE_DURABLE ? io_sync_dir(op, fd) : RC_OK;
}

static enum rc
dir_set_aside(struct op *op, struct site *site, const struct object_name *name,
    uint64_t tenant)
{
	struct site_dir *dir = dir_of(site);
	CLEANUP(io_close) int from_fd = -1;
	CLEANUP(io_close) int to_fd = -1;
	char folder[OBJECT_FOLDER_SIZE];
	char file[OBJECT_FILE_SIZE + 8];
	enum rc rc;

	object_folder(folder, "damaged", tenant);
	TRY(folder_open(op, dir, name->folder, false, &from_fd));
	TRY(folder_open(op, dir, folder, true, &to_fd));
	(void)snprintf(file, sizeof(file), "%.*s.%s",
	    (int)strcspn(name->folder, "/"), name->folder, name->file);
	rc = io_rename(op, from_fd, name->file, to_fd, file);
	if (rc == RC_EXISTS) {
		/* Damaged once more since: the older copy tells as much. */
		op_clear_error(op);
		rc = io_unlink(op, from_fd, name->file);
	}
	TRY(rc);
	TRY(io_sync_dir(op, to_fd));
	return io_sync_dir(op, from_fd);
}

static enum rc
dir_space(struct op *op, struct site *site, struct io_space *ret_space)
{
	CLEANUP(io_close) int fd = -1;

	TRY(root_open(op, dir_of(site), &fd));
	return io_space(op, fd, ret_space);
}

static void
dir_close(struct site *site)
{
	struct site_dir *dir = dir_of(site);

	mutex_release(&dir->lock);
	mem_free(dir);
}

static enum rc
stream_write(struct op *op, struct site_stream *stream, struct span bytes)
{
	struct dir_stream *s = container_of(stream, struct dir_stream, base);

	return io_tmp_write(op, &s->tmp, bytes);
}

static enum rc
stream_commit(struct op *op, struct site_stream *stream)
{
	struct dir_stream *s = container_of(stream, struct dir_stream, base);

	FAILPOINT("site_dir.stream.written");
	TRY(io_sync_file(op, s->tmp.fd)); /* S11 */
	FAILPOINT("site_dir.stream.synced");
	TRY(io_tmp_link(op, &s->tmp, s->name.file));
	FAILPOINT("site_dir.stream.linked");
#ifdef DOZO_PLANT_ACK_BEFORE_FSYNC
	return RC_OK;
#else
	return io_sync_dir(op, s->folder_fd);
#endif
}

static void
stream_close(struct site_stream *stream)
{
	struct dir_stream *s = container_of(stream, struct dir_stream, base);

	io_tmp_discard(&s->tmp);
	io_close(&s->folder_fd);
	mem_free(s);
}

static const struct site_stream_ops dir_stream_ops = {
    .write = stream_write,
    .commit = stream_commit,
    .close = stream_close,
};

static enum rc
dir_stream_open(struct op *op, struct site *site,
    const struct object_name *name, struct site_stream **ret_stream)
{
	struct site_dir *dir = dir_of(site);
	struct dir_stream *s = mem_alloc(sizeof(*s));
	enum rc rc;

	if (s == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	s->base.ops = &dir_stream_ops;
	s->dir = dir;
	s->name = *name;
	s->folder_fd = -1;
	s->tmp.fd = -1;
	rc = folder_open(op, dir, name->folder, false, &s->folder_fd);
	if (rc == RC_OK)
		rc = io_tmp_create(op, s->folder_fd, true, &s->tmp);
	if (rc != RC_OK) {
		stream_close(&s->base);
		return rc;
	}
	*ret_stream = &s->base;
	return RC_OK;
}

static const struct site_ops dir_ops = {
    .attach = dir_attach,
    .verify = dir_verify,
    .prepare = dir_prepare,
    .put = dir_put,
    .size = dir_size,
    .read = dir_read,
    .exists = dir_exists,
    .list = dir_list,
    .remove = dir_remove,
    .set_aside = dir_set_aside,
    .space = dir_space,
    .stream_open = dir_stream_open,
    .close = dir_close,
};

enum rc
site_dir_open(struct op *op, const char *path,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name, struct site **ret_site)
{
	size_t size = strlen(path) + 1;
	struct site_dir *dir = mem_alloc(sizeof(*dir) + size);

	if (dir == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	dir->base.ops = &dir_ops;
	memcpy(dir->base.service, service, OBJECT_ID_SIZE);
	memcpy(dir->base.id, id, OBJECT_ID_SIZE);
	(void)str_copy(dir->base.name, sizeof(dir->base.name), name);
	memcpy(dir->path, path, size);
	mutex_init(&dir->lock);
	*ret_site = &dir->base;
	return RC_OK;
}

static enum rc
refuse_entry(void *arg, struct op *op, const char *name)
{
	FAIL(op, RC_EXISTS, "%s is not empty (%s is in it)", (const char *)arg,
	    name);
}

enum rc
site_dir_create(struct op *op, const char *path,
    const uint8_t service[OBJECT_ID_SIZE], const uint8_t id[OBJECT_ID_SIZE],
    const char *name)
{
	CLEANUP(io_close) int slash_fd = -1;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(buf_release) struct buf bytes = {0};
	struct site_id site_id = {0};
	CLEANUP(io_close) int folder_fd = -1;

	buf_init(&bytes, SITE_ID_SIZE_MAX);
	TRY(io_open_root(op, "/", &slash_fd));
	TRY(io_open_dir(op, slash_fd, path + 1, true, &fd));
	TRY(refuse_network(op, fd, path));
	TRY(io_list(op, fd, refuse_entry, (void *)(uintptr_t)path));
	TRY(io_open_dir(op, fd, "fence", true, &folder_fd));
	memcpy(site_id.service, service, OBJECT_ID_SIZE);
	memcpy(site_id.id, id, OBJECT_ID_SIZE);
	(void)str_copy(site_id.name, sizeof(site_id.name), name);
	TRY(site_id_write(op, &site_id, &bytes));
	return io_write_file(op, fd, "site.id", buf_span(&bytes), 0400);
}

enum rc
site_dir_identify(struct op *op, const char *path, struct site_id *ret_id)
{
	CLEANUP(io_close) int fd = -1;

	TRY(io_open_root(op, path, &fd));
	return id_read(op, fd, ret_id);
}
