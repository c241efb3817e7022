/*
 * key_files.h - DIR/keys: master.key, and master.next, the key that a rotation
 * has made and that waits to be exported before anything is sealed by it
 * (LOG.md L16).
 */
#ifndef DOZO_CLI_KEY_FILES_H
#define DOZO_CLI_KEY_FILES_H

#include "cli/cli.h"

#define KEY_FILES_NOW "master.key"
#define KEY_FILES_NEXT "master.next"

/* The folder, with a lock: one command at a time changes it. Needs
 * key_files_close. */
struct key_files {
	int fd;
	int lock_fd;
};
#define KEY_FILES_NONE \
	{ \
		.fd = -1, .lock_fd = -1 \
	}

/* RC_BUSY. */
enum rc key_files_open(
    struct op *op, const struct dir *dir, struct key_files *files) MUST_CHECK;
void key_files_close(struct key_files *files); /* also for CLEANUP */

/*
 * The newest keystore: master.next where it follows on master.key, else
 * master.key. *ret_waits: it is the former. keystore_free it.
 */
enum rc key_files_newest(struct op *op, struct cli *cli, const struct dir *dir,
    const struct key_files *files, struct keystore **ret_keystore,
    bool *ret_waits) MUST_CHECK;

/* Whether there is a master.next. */
enum rc key_files_waits(
    struct op *op, const struct dir *dir, bool *ret_waits) MUST_CHECK;

/* It goes, if it is there. */
enum rc
key_files_next_remove(struct op *op, const struct key_files *files) MUST_CHECK;

#endif
