/* dir.c - DIR and the service in it. */
#include "cli/dir.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/conf_edit.h"
#include "cli/settings.h"
#include "store/site_id.h"

void
dir_close(struct dir *dir)
{
	conf_free(dir->conf);
	dir->conf = NULL;
	keystore_free(dir->keystore);
	dir->keystore = NULL;
	io_close(&dir->lock_fd);
	io_close(&dir->fd);
}

enum rc
dir_open(struct op *op, const char *path, struct dir *dir)
{
	char resolved[PATH_MAX];

	if (realpath(path, resolved) == NULL)
		return rc_of(op_fail_errno(op, RC_NOT_FOUND, errno, "%s", path),
		    RC_NOT_FOUND);
	if (!str_copy(dir->path, sizeof(dir->path), resolved))
		FAIL(op, RC_INVALID, "the path of DIR is longer than %d bytes",
		    DIR_PATH_SIZE - 1);
	(void)str_copy(dir->db_folder, sizeof(dir->db_folder), "db");
	(void)snprintf(dir->db_path, sizeof(dir->db_path), "%s/db", dir->path);
	if (access(dir->path, R_OK | W_OK | X_OK) != 0 && errno == EACCES)
		FAIL(op, RC_IO,
		    "%s belongs to another user: run this as the one "
		    "that owns it",
		    dir->path);
	return io_open_root(op, dir->path, &dir->fd);
}

enum rc
dir_find(struct op *op, const char *path, struct dir *dir)
{
	bool there;

	TRY(dir_open(op, path, dir));
	TRY(io_exists(op, dir->fd, "dozo.conf", &there));
	if (!there)
		FAIL(op, RC_NOT_FOUND,
		    "%s is no folder of a service: there is no dozo.conf in it "
		    "(dozo init "
		    "makes one)",
		    dir->path);
	return RC_OK;
}

enum rc
dir_lock(struct op *op, struct dir *dir)
{
	enum rc rc = io_lock(op, dir->fd, "lock", &dir->lock_fd);

	if (rc == RC_BUSY) {
		op_clear_error(op);
		FAIL(op, RC_BUSY,
		    "%s is in use by another dozo: stop that one, or wait "
		    "for its end",
		    dir->path);
	}
	return rc;
}

enum rc
dir_conf_read(struct op *op, const struct dir *dir, struct conf **ret_conf)
{
	CLEANUP(buf_release) struct buf text;
	struct conf *conf;
	enum rc rc;

	buf_init(&text, CONF_FILE_LIMIT + 1);
	TRY(io_read_file(op, dir->fd, "dozo.conf", &text));
	rc = conf_parse(
	    op, buf_span(&text), settings_keys, settings_n_keys, &conf);
	if (rc == RC_OK) {
		rc = settings_check(op, conf);
		if (rc != RC_OK)
			conf_free(conf);
	}
	if (rc != RC_OK) {
		char why[OP_ERROR_SIZE];

		(void)snprintf(why, sizeof(why), "%s", op_error(op, rc));
		op_clear_error(op);
		return op_fail(op, rc, "%s/dozo.conf: %s", dir->path, why);
	}
	*ret_conf = conf;
	return RC_OK;
}

static void
wipe_release(struct buf *buf)
{
	if (buf->data != NULL)
		mem_wipe(buf->data, buf->capacity);
	buf_release(buf);
}

static enum rc
keystore_open(struct op *op, struct span bytes, struct passphrase *passphrase,
    const struct conf *conf, struct keystore **ret_keystore)
{
	if (keystore_is_sealed(bytes))
		TRY(passphrase_need(op, passphrase, conf));
	return keystore_read(
	    op, bytes, passphrase_span(passphrase), ret_keystore);
}

enum rc
dir_keystore_read(struct op *op, int folder_fd, const char *file,
    struct passphrase *passphrase, const struct conf *conf,
    struct keystore **ret_keystore)
{
	CLEANUP(wipe_release) struct buf bytes;
	enum rc rc;

	buf_init(&bytes, DIR_KEYSTORE_MAX);
	TRY(io_read_file(op, folder_fd, file, &bytes));
	rc =
	    keystore_open(op, buf_span(&bytes), passphrase, conf, ret_keystore);
	if (rc != RC_OK) {
		char why[OP_ERROR_SIZE];

		(void)snprintf(why, sizeof(why), "%s", op_error(op, rc));
		op_clear_error(op);
		return op_fail(op, rc, "the master key (%s): %s", file, why);
	}
	return RC_OK;
}

enum rc
dir_keystore_write(struct op *op, int folder_fd, const char *file,
    const struct keystore *keystore)
{
	CLEANUP(wipe_release) struct buf bytes;

	buf_init(&bytes, DIR_KEYSTORE_MAX);
	TRY(keystore_write(op, keystore, &bytes));
	return io_write_file(op, folder_fd, file, buf_span(&bytes), 0400);
}

enum rc
dir_load(struct op *op, struct dir *dir, struct passphrase *passphrase)
{
	CLEANUP(io_close) int keys_fd = -1;

	TRY(dir_conf_read(op, dir, &dir->conf));
	TRY(io_open_dir(op, dir->fd, "keys", false, &keys_fd));
	return dir_keystore_read(
	    op, keys_fd, "master.key", passphrase, dir->conf, &dir->keystore);
}

bool
dir_read_only(const struct dir *dir)
{
	return conf_get_bool(dir->conf, "service", "read_only");
}

/* ---- the service ---- */

void
dir_site_section(const char *name, char out[DIR_SECTION_SIZE])
{
	(void)snprintf(
	    out, DIR_SECTION_SIZE, "site %.*s", CONF_NAME_LIMIT, name);
}

/*
 * A site of another service, or one that this key cannot open, is no site that
 * is away: something was mixed up, and that is said before anything is done.
 */
static enum rc
site_belongs(struct op *op, const struct dir *dir, const char *name,
    const char *url, const uint8_t id[OBJECT_ID_SIZE])
{
	char section[DIR_SECTION_SIZE], hex[2 * OBJECT_ID_SIZE + 1];
	struct site_id found = {0};
	enum rc rc = site_identify(op, url, &found);

	if (rc == RC_INVALID)
		return rc;
	op_clear_error(op);
	if (rc == RC_OK &&
	    memcmp(found.service, dir->keystore->service, OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_REFUSED,
		    "the site %s at %s is another service's than "
		    "keys/master.key",
		    name, url);
	dir_site_section(name, section);
	str_hex(hex, span_of(found.id, OBJECT_ID_SIZE));
	/* A new disk where the dead one was: the old site is away. */
	if (rc == RC_OK &&
	    strcmp(hex, conf_get_string(dir->conf, section, "next_id")) == 0)
		return RC_OK;
	if (rc == RC_OK && keystore_find(dir->keystore, found.id) == NULL)
		FAIL(op, RC_REFUSED,
		    "at %s stands %s, which was a site of this service and "
		    "has left it: what has left never comes back. Put the "
		    "disk of the present %s there",
		    url, found.name, name);
	if (rc == RC_OK && memcmp(found.id, id, OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_REFUSED,
		    "at %s stands the site %s, not the one that dozo.conf "
		    "calls %s",
		    url, found.name, name);
	if (keystore_find(dir->keystore, id) == NULL)
		FAIL(op, RC_REFUSED,
		    "keys/master.key has no key for the site %s", name);
	return RC_OK;
}

static enum rc
site_add(struct op *op, const struct dir *dir, const char *name,
    const char *url, const char *id_text, struct sites *sites)
{
	uint8_t id[OBJECT_ID_SIZE];
	struct site *site;

	TRY(str_unhex(op, id_text, id, sizeof(id)));
	TRY(site_belongs(op, dir, name, url, id));
	TRY(site_open(op, url, dir->keystore->service, id, name, &site));
	return sites_add(op, sites, site);
}

/* With the one that takes its place, while that is being filled. */
static enum rc
section_add(
    struct op *op, const struct dir *dir, const char *name, struct sites *sites)
{
	char section[DIR_SECTION_SIZE];
	const char *next;

	dir_site_section(name, section);
	next = conf_get_string(dir->conf, section, "next_url");
	TRY(site_add(op, dir, name, conf_get_string(dir->conf, section, "url"),
	    conf_get_string(dir->conf, section, "id"), sites));
	if (*next == '\0')
		return RC_OK;
	return site_add(op, dir, name, next,
	    conf_get_string(dir->conf, section, "next_id"), sites);
}

static enum rc
sites_make(struct op *op, const struct dir *dir, struct sites **ret_sites)
{
	struct sites *sites;
	const char *name;
	enum rc rc = RC_OK;
	size_t i;

	TRY(sites_new(op, &sites));
	for (i = 0; rc == RC_OK &&
		    (name = conf_section_name(dir->conf, "site", i)) != NULL;
	     i++)
		rc = section_add(op, dir, name, sites);
	if (rc != RC_OK) {
		sites_free(sites);
		return rc;
	}
	*ret_sites = sites;
	return RC_OK;
}

/* Databases that only this process uses: what is not decided yet may be shown,
 * never kept. */
static void
scratch_name(struct dir *dir)
{
	(void)snprintf(
	    dir->db_folder, sizeof(dir->db_folder), "read-%ld", (long)getpid());
	(void)snprintf(dir->db_path, sizeof(dir->db_path), "%s/%s", dir->path,
	    dir->db_folder);
}

static bool
is_scratch(const struct dir *dir)
{
	return strcmp(dir->db_folder, "db") != 0;
}

static enum rc
scratch_sweep(void *arg, struct op *op, const char *name)
{
	int dir_fd = *(int *)arg;
	CLEANUP(io_close) int fd = -1;

	if (!str_starts(name, "read-"))
		return RC_OK;
	TRY(io_open_dir(op, dir_fd, name, false, &fd));
	TRY(io_remove_below(op, fd));
	return io_remove_dir(op, dir_fd, name);
}

/* Also what killed commands left. */
static void
scratch_remove(struct op *op, struct dir *dir)
{
	if (io_list(op, dir->fd, scratch_sweep, &dir->fd) != RC_OK)
		op_clear_error(op);
}

/* As the service's keep: it changes the keystore while keys are rotated. */
static enum rc
keystore_kept(void *arg, struct op *op, const struct keystore *keystore)
{
	const struct dir *dir = arg;
	CLEANUP(io_close) int keys_fd = -1;

	TRY(io_open_dir(op, dir->fd, "keys", false, &keys_fd));
	return dir_keystore_write(op, keys_fd, "master.key", keystore);
}

/* A copy of dozo.conf in memory; the one at hand is as at the start. */
static enum rc
conf_text(struct op *op, const struct dir *dir, struct buf *text)
{
	buf_init(text, CONF_FILE_LIMIT);
	return io_read_file(op, dir->fd, "dozo.conf", text);
}

static enum rc
conf_keep(struct op *op, const struct dir *dir, const struct buf *text)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;

	/* What is written has to be read again. */
	TRY(conf_parse(
	    op, buf_span(text), settings_keys, settings_n_keys, &conf));
	TRY(settings_check(op, conf));
	return io_write_file(op, dir->fd, "dozo.conf", buf_span(text), 0600);
}

enum rc
dir_conf_add_site(struct op *op, const struct dir *dir, const char *name,
    const char *url, const uint8_t id[OBJECT_ID_SIZE], bool next)
{
	CLEANUP(buf_release) struct buf text = {0};
	char section[DIR_SECTION_SIZE], hex[2 * OBJECT_ID_SIZE + 1];

	dir_site_section(name, section);
	str_hex(hex, span_of(id, OBJECT_ID_SIZE));
	TRY(conf_text(op, dir, &text));
	TRY(conf_edit_set(op, &text, section, next ? "next_url" : "url", url));
	TRY(conf_edit_set(op, &text, section, next ? "next_id" : "id", hex));
	return conf_keep(op, dir, &text);
}

/* It has left, and the one that takes its place is there by its own name now;
 * or the one that was to take its place has. */
static enum rc
section_forget(struct op *op, struct buf *text, const struct conf *conf,
    const char *section, const char *hex)
{
	bool next = strcmp(conf_get_string(conf, section, "next_id"), hex) == 0;
	const char *next_url = conf_get_string(conf, section, "next_url");

	if (!next && strcmp(conf_get_string(conf, section, "id"), hex) != 0)
		return RC_OK;
	if (!next && *next_url == '\0')
		return conf_edit_drop(op, text, section);
	if (!next) {
		TRY(conf_edit_set(op, text, section, "url", next_url));
		TRY(conf_edit_set(op, text, section, "id",
		    conf_get_string(conf, section, "next_id")));
	}
	TRY(conf_edit_set(op, text, section, "next_url", NULL));
	return conf_edit_set(op, text, section, "next_id", NULL);
}

/* As the service's forget. */
static enum rc
site_forgotten(void *arg, struct op *op, const uint8_t id[OBJECT_ID_SIZE])
{
	const struct dir *dir = arg;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	char section[DIR_SECTION_SIZE], hex[2 * OBJECT_ID_SIZE + 1];
	const char *name;
	size_t i;

	str_hex(hex, span_of(id, OBJECT_ID_SIZE));
	TRY(dir_conf_read(op, dir, &conf));
	TRY(conf_text(op, dir, &text));
	for (i = 0; (name = conf_section_name(conf, "site", i)) != NULL; i++) {
		dir_site_section(name, section);
		TRY(section_forget(op, &text, conf, section, hex));
	}
	return conf_keep(op, dir, &text);
}

static void
config_fill(struct dir *dir, const struct dir_how *how, const char *host,
    struct service_config *config)
{
	const struct conf *conf = dir->conf;

	*config = (struct service_config){
	    .dir_fd = dir->fd,
	    .db_path = dir->db_path,
	    .db_folder = dir->db_folder,
	    .keystore = dir->keystore,
	    .keep = keystore_kept,
	    .keep_arg = dir,
	    .forget = site_forgotten,
	    .forget_arg = dir,
	    .first = how->first,
	    .host = host,
	    .read_only = how->reading || dir_read_only(dir),
	    .accept_loss = how->accept_loss,
	    .upkeep = how->upkeep,
	    .upkeep_rate = conf_get_u64(conf, "service", "upkeep_rate"),
	    .scrub_rate = conf_get_u64(conf, "service", "scrub_rate"),
	    .committers = how->committers,
	    .offer_time =
		(int64_t)conf_get_u64(conf, "service", "offer_time") * CLOCK_S,
	    .slow_time =
		(int64_t)conf_get_u64(conf, "service", "slow_time") * CLOCK_S,
	    .reserve_bytes = conf_get_u64(conf, "service", "reserve_bytes"),
	    .reserve_percent =
		(unsigned)conf_get_u64(conf, "service", "reserve_percent"),
	};
}

enum rc
dir_service(struct op *op, struct dir *dir, const struct dir_how *how,
    struct service **ret_service)
{
	struct service_config config;
	CLEANUP(io_close) int db_fd = -1;
	static char host[FENCE_HOST_SIZE]; /* as long as the service */
	enum rc rc;

	if (gethostname(host, sizeof(host) - 1) != 0)
		(void)str_copy(host, sizeof(host), "unknown");
	scratch_remove(op, dir);
	if (how->reading && !dir_read_only(dir))
		scratch_name(dir);
	TRY(io_open_dir(op, dir->fd, dir->db_folder, true, &db_fd));
	config_fill(dir, how, host, &config);
	TRY(sites_make(op, dir, &config.sites));
	rc = service_open(op, &config, ret_service);
	if (rc != RC_OK)
		scratch_remove(op, dir);
	return rc;
}

void
dir_service_close(struct op *op, struct dir *dir, struct service *service)
{
	service_close(op, service);
	if (is_scratch(dir))
		scratch_remove(op, dir);
}
