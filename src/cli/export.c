/* export.c - copies of the master key; "VERSION FINGERPRINT TIME FORMER" of the
 * last one. */
#include "cli/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/made.h"

enum { NOTE_SIZE = 128 };

static enum rc
note(struct op *op, const struct dir *dir, const struct keystore *keystore)
{
	CLEANUP(io_close) int fd = -1;
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];
	char text[NOTE_SIZE];

	keystore_fingerprint(keystore, fingerprint);
	(void)snprintf(text, sizeof(text), "%" PRIu32 " %s %" PRId64 " %zu\n",
	    keystore->version, fingerprint, clock_wall(),
	    keystore_pending(keystore));
	TRY(io_open_dir(op, dir->fd, "keys", false, &fd));
	return io_write_file(op, fd, "exported", span_str(text), 0600);
}

/* ---- writing ---- */

static void
wipe_release(struct buf *buf)
{
	if (buf->data != NULL)
		mem_wipe(buf->data, buf->capacity);
	buf_release(buf);
}

static enum rc
same_there(struct op *op, int fd, const char *name,
    const struct keystore *keystore, bool *ret_same)
{
	CLEANUP(wipe_release) struct buf there = {.limit = DIR_KEYSTORE_MAX};
	CLEANUP(wipe_release) struct buf wanted = {.limit = DIR_KEYSTORE_MAX};
	enum rc rc = io_read_file(op, fd, name, &there);

	*ret_same = false;
	if (rc == RC_LIMIT) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	TRY(keystore_write(op, keystore, &wanted));
	*ret_same = span_equal(buf_span(&there), buf_span(&wanted));
	return RC_OK;
}

static enum rc
file_write(struct op *op, int fd, const char *name,
    const struct keystore *keystore, const char *shown)
{
	bool there, same;

	TRY(io_exists(op, fd, name, &there));
	if (!there)
		return dir_keystore_write(op, fd, name, keystore);
	TRY(same_there(op, fd, name, keystore, &same));
	if (!same)
		FAIL(op, RC_EXISTS, "%s is there already", shown);
	/* Whoever wrote it may have died before it was on the disk. */
	return io_sync_dir_anew(op, fd);
}

/* The folder of FILE, which must be there, and FILE's own name. */
static enum rc
file_folder(struct op *op, const char *file, int *ret_fd, const char **ret_name)
{
	char folder[MADE_PATH_SIZE];
	const char *slash = strrchr(file, '/');
	int n;

	*ret_name = slash != NULL ? slash + 1 : file;
	if (**ret_name == '\0')
		FAIL(op, RC_INVALID, "%s is a folder", file);
	n = snprintf(folder, sizeof(folder), "%.*s",
	    slash != NULL ? (int)(slash - file) : 1,
	    slash != NULL ? file : ".");
	if (n < 0 || n >= (int)sizeof(folder))
		FAIL(op, RC_INVALID, "the path is too long");
	return io_open_root(op, n == 0 ? "/" : folder, ret_fd);
}

/* ---- where ---- */

/* Whether a path is this folder or lies below it. */
static bool
is_in(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 &&
	       (path[size] == '/' || path[size] == '\0');
}

static bool
is_in_next(const char *path, const char *url)
{
	return *url != '\0' && is_in(path, url + strlen("dir:"));
}

/*
 * No key stands on a site, and what is to survive DIR does not lie in it. Sites
 * that dozo.conf does not name are not known here.
 */
static enum rc
place_check(struct op *op, const struct dir *dir, const char *file)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	char path[MADE_PATH_SIZE], section[DIR_SECTION_SIZE];
	const char *name;
	size_t i;

	TRY(made_resolve(op, file, path));
	if (is_in(path, dir->path))
		FAIL(op, RC_INVALID,
		    "%s lies in %s, and is lost with it: keep the key "
		    "elsewhere",
		    file, dir->path);
	TRY(dir_conf_read(op, dir, &conf));
	for (i = 0; (name = conf_section_name(conf, "site", i)) != NULL; i++) {
		dir_site_section(name, section);
		if (is_in(path, conf_get_string(conf, section, "url") +
				    strlen("dir:")) ||
		    is_in_next(
			path, conf_get_string(conf, section, "next_url")))
			FAIL(op, RC_INVALID,
			    "%s lies on the site %s, and a site with its key "
			    "is open to whoever takes it: keep the key "
			    "elsewhere",
			    file, name);
	}
	return RC_OK;
}

enum rc
export_to(struct op *op, const struct dir *dir, const struct keystore *keystore,
    const char *file)
{
	CLEANUP(io_close) int fd = -1;
	const char *name;

	TRY(place_check(op, dir, file));
	TRY(file_folder(op, file, &fd, &name));
	TRY(file_write(op, fd, name, keystore, file));
	return note(op, dir, keystore);
}

enum rc
export_into(struct op *op, const struct dir *dir,
    const struct keystore *keystore, const char *folder)
{
	CLEANUP(io_close) int fd = -1;
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];
	char name[80];

	TRY(place_check(op, dir, folder));
	keystore_fingerprint(keystore, fingerprint);
	(void)snprintf(name, sizeof(name), "dozo-%" PRIu32 "-%.16s%s.key",
	    keystore->version, fingerprint,
	    keystore_pending(keystore) > 0 ? "-rotating" : "");
	TRY(io_open_root(op, folder, &fd));
	TRY(file_write(op, fd, name, keystore, name));
	return note(op, dir, keystore);
}

/* ---- the note ---- */

static bool
note_parse(const char *text, struct export_noted *ret_noted)
{
	struct export_noted noted = {.found = true};
	int end = 0;

	if (sscanf(text, "%" SCNu32 " %32[0-9a-f] %" SCNd64 " %u%n",
		&noted.version, noted.fingerprint, &noted.at, &noted.former,
		&end) != 4 ||
	    strcmp(text + end, "\n") != 0)
		return false;
	*ret_noted = noted;
	return true;
}

enum rc
export_look(
    struct op *op, const struct dir *dir, struct export_noted *ret_noted)
{
	CLEANUP(io_close) int fd = -1;
	CLEANUP(buf_release) struct buf bytes = {.limit = NOTE_SIZE};
	enum rc rc;

	*ret_noted = (struct export_noted){0};
	TRY(io_open_dir(op, dir->fd, "keys", false, &fd));
	rc = io_read_file(op, fd, "exported", &bytes);
	if (rc == RC_OK)
		rc = buf_add(op, &bytes, span_of("", 1));
	/* One that says nothing is as good as none. */
	if (rc == RC_OK)
		(void)note_parse((const char *)bytes.data, ret_noted);
	if (rc != RC_NOT_FOUND && rc != RC_LIMIT)
		return rc;
	op_clear_error(op);
	return RC_OK;
}

bool
export_covers(
    const struct export_noted *noted, uint32_t version, const char *fingerprint)
{
	return noted->found && noted->version == version &&
	       strcmp(noted->fingerprint, fingerprint) == 0;
}

enum rc
export_forget(struct op *op, const struct dir *dir)
{
	CLEANUP(io_close) int fd = -1;
	enum rc rc;

	TRY(io_open_dir(op, dir->fd, "keys", false, &fd));
	rc = io_unlink(op, fd, "exported");
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return RC_OK;
}
