/*
 * dir.h - DIR, the folder of a service: dozo.conf, keys/master.key, tls/, db/,
 * clock, scrub, lock, admin.sock. Opening it, locking it, and the service that
 * it describes.
 */
#ifndef DOZO_CLI_DIR_H
#define DOZO_CLI_DIR_H

#include "base/conf.h"
#include "cli/passphrase.h"
#include "core/service.h"

enum {
	DIR_PATH_SIZE = 900, /* SQLite and the sites need some room behind it */
	DIR_KEYSTORE_MAX = 4096,
};

struct dir {
	char path[DIR_PATH_SIZE]; /* absolute, without links */
	char db_path[DIR_PATH_SIZE + 32];
	char db_folder[32];
	int fd;
	int lock_fd;
	struct conf *conf;
	struct keystore *keystore;
};

/* Closed. Needs dir_close. */
#define DIR_NONE \
	{ \
		.fd = -1, .lock_fd = -1 \
	}
void dir_close(struct dir *dir); /* also for CLEANUP */

/* Opens an existing folder with a dozo.conf; nothing is read yet. RC_NOT_FOUND,
 * RC_INVALID. */
enum rc dir_find(struct op *op, const char *path, struct dir *dir) MUST_CHECK;

/* As dir_find, of a folder that init or rebuild has just made. */
enum rc dir_open(struct op *op, const char *path, struct dir *dir) MUST_CHECK;

/* One process at a time works on DIR, until dir_close. RC_BUSY. */
enum rc dir_lock(struct op *op, struct dir *dir) MUST_CHECK;

/* Reads dozo.conf and the keystore; the passphrase is asked for where it is
 * sealed. RC_INVALID, RC_DAMAGED, RC_NOT_FOUND, RC_DENIED. */
enum rc dir_load(
    struct op *op, struct dir *dir, struct passphrase *passphrase) MUST_CHECK;

/* dozo.conf alone, anew (SIGHUP). conf_free it. */
enum rc dir_conf_read(
    struct op *op, const struct dir *dir, struct conf **ret_conf) MUST_CHECK;

/* A keystore's file; conf may be NULL. */
enum rc dir_keystore_read(struct op *op, int folder_fd, const char *file,
    struct passphrase *passphrase, const struct conf *conf,
    struct keystore **ret_keystore) MUST_CHECK;

/* The same, durably, mode 0400. */
enum rc dir_keystore_write(struct op *op, int folder_fd, const char *file,
    const struct keystore *keystore) MUST_CHECK;

struct dir_how {
	bool reading; /* claims nothing, and makes databases of its own that it
			 then removes */
	bool accept_loss;
	bool upkeep; /* serve: snapshots, cuts and the like go on beside it */
	unsigned committers; /* service_config's */
	const struct site_register *first; /* init */
};

/*
 * Opens the service. RC_REFUSED: a site or the master key is another service's.
 * *how may go afterwards. Close it with dir_service_close.
 */
enum rc dir_service(struct op *op, struct dir *dir, const struct dir_how *how,
    struct service **ret_service) MUST_CHECK;
void dir_service_close(struct op *op, struct dir *dir, struct service *service);

/* dozo.conf says from now on where a new site is found; next: the one that
 * takes the place of the site of this name. RC_INVALID. */
enum rc
dir_conf_add_site(struct op *op, const struct dir *dir, const char *name,
    const char *url, const uint8_t id[OBJECT_ID_SIZE], bool next) MUST_CHECK;

/* Whether this service claims nothing by its configuration (a rebuilt one). */
bool dir_read_only(const struct dir *dir);

/* "site NAME" */
enum { DIR_SECTION_SIZE = CONF_NAME_LIMIT + 8 };
void dir_site_section(const char *name, char out[DIR_SECTION_SIZE]);

#endif
