/* cmd_key.c - dozo key export: a copy of the master key, without which nothing
 * opens. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/export.h"
#include "cli/lay.h"
#include "cli/made.h"
#include "cli/site_rows.h"

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

/* Whether a path is this folder or lies below it. */
static bool
is_in(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 &&
	       (path[size] == '/' || path[size] == '\0');
}

/*
 * No key stands on a site, and what is to survive DIR does not lie in it. Sites
 * that dozo.conf does not name are not known here.
 */
static enum rc
place_check(struct op *op, struct dir *dir, const char *file)
{
	char path[MADE_PATH_SIZE];
	const char *name;
	size_t i;

	TRY(made_resolve(op, file, path));
	if (is_in(path, dir->path))
		FAIL(op, RC_INVALID,
		    "%s lies in %s, and is lost with it: keep the key "
		    "elsewhere",
		    file, dir->path);
	TRY(dir_conf_read(op, dir, &dir->conf));
	for (i = 0; (name = conf_section_name(dir->conf, "site", i)) != NULL;
	     i++) {
		const char *url = site_url(dir, name);

		if (is_in(path, url + strlen("dir:")))
			FAIL(op, RC_INVALID,
			    "%s lies on the site %s, and a site with its key "
			    "is open to whoever takes it: keep the key "
			    "elsewhere",
			    file, name);
	}
	return RC_OK;
}

static enum rc
export_to(struct op *op, const struct dir *dir, const struct keystore *keystore,
    const char *file)
{
	CLEANUP(io_close) int fd = -1;
	const char *name;
	bool there;

	TRY(file_folder(op, file, &fd, &name));
	TRY(io_exists(op, fd, name, &there));
	if (there)
		FAIL(op, RC_EXISTS, "%s is there already", file);
	TRY(lay_keystore(op, keystore, fd, name));
	return export_note(op, dir, keystore);
}

static enum rc
key_export(
    struct op *op, struct cli *cli, struct dir *dir, struct keystore **keystore)
{
	CLEANUP(io_close) int keys_fd = -1;

	TRY(dir_find(op, cli->args[0], dir));
	TRY(place_check(op, dir, cli->args[1]));
	TRY(io_open_dir(op, dir->fd, "keys", false, &keys_fd));
	TRY(dir_keystore_read(op, keys_fd, "master.key", keystore));
	return export_to(op, dir, *keystore, cli->args[1]);
}

enum cli_exit
cmd_key_export(struct cli *cli)
{
	CLEANUP(dir_close) struct dir dir = DIR_NONE;
	CLEANUP(keystore_free_ptr) struct keystore *keystore = NULL;
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];
	enum rc rc = key_export(&cli->op, cli, &dir, &keystore);

	if (rc != RC_OK)
		return cli_end(cli, rc);
	keystore_fingerprint(keystore, fingerprint);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s, s:i, s:s}", "file", cli->args[1],
			     "version", (int)keystore->version, "fingerprint",
			     fingerprint));
	cli_print(cli,
	    "%s has the master key.\n"
	    "  version      %u\n"
	    "  fingerprint  %s\n"
	    "Whoever has it and one site can read everything: keep it under "
	    "lock, elsewhere.\n",
	    cli->args[1], (unsigned)keystore->version, fingerprint);
	return CLI_OK;
}
