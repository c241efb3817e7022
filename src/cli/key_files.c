/* key_files.c - the keystores in DIR/keys. */
#include "cli/key_files.h"

void
key_files_close(struct key_files *files)
{
	io_close(&files->lock_fd);
	io_close(&files->fd);
}

enum rc
key_files_open(struct op *op, const struct dir *dir, struct key_files *files)
{
	enum rc rc;

	TRY(io_open_dir(op, dir->fd, "keys", false, &files->fd));
	rc = io_lock(op, files->fd, "lock", &files->lock_fd);
	if (rc != RC_BUSY)
		return rc;
	op_clear_error(op);
	FAIL(op, RC_BUSY, "another dozo key command is at work in %s",
	    dir->path);
}

enum rc
key_files_waits(struct op *op, const struct dir *dir, bool *ret_waits)
{
	CLEANUP(io_close) int fd = -1;

	TRY(io_open_dir(op, dir->fd, "keys", false, &fd));
	return io_exists(op, fd, KEY_FILES_NEXT, ret_waits);
}

enum rc
key_files_newest(struct op *op, struct cli *cli, const struct dir *dir,
    const struct key_files *files, struct keystore **ret_keystore,
    bool *ret_waits)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *now = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;
	bool there;

	TRY(dir_conf_read(op, dir, &conf));
	TRY(dir_keystore_read(
	    op, files->fd, KEY_FILES_NOW, &cli->passphrase, conf, &now));
	TRY(io_exists(op, files->fd, KEY_FILES_NEXT, &there));
	if (there)
		TRY(dir_keystore_read(op, files->fd, KEY_FILES_NEXT,
		    &cli->passphrase, conf, &next));
	/* One that took over may have been left by a crash. */
	*ret_waits = there && keystore_follows(next, now);
	*ret_keystore = *ret_waits ? next : now;
	if (*ret_waits)
		next = NULL;
	else
		now = NULL;
	return RC_OK;
}

enum rc
key_files_next_remove(struct op *op, const struct key_files *files)
{
	enum rc rc = io_unlink(op, files->fd, KEY_FILES_NEXT);

	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return RC_OK;
}
