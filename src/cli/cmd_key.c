/* cmd_key.c - dozo key export, status, passphrase: the master key, without
 * which nothing opens. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/commands.h"
#include "cli/export.h"
#include "cli/key_files.h"
#include "cli/output.h"
#include "cli/who.h"

/* ---- export ---- */

static enum rc
key_export(struct op *op, struct cli *cli, struct keystore **keystore)
{
	CLEANUP(dir_close) struct dir dir = DIR_NONE;
	CLEANUP(key_files_close) struct key_files files = KEY_FILES_NONE;
	bool waits;

	TRY(dir_find(op, cli->args[0], &dir));
	TRY(key_files_open(op, &dir, &files));
	TRY(key_files_newest(op, cli, &dir, &files, keystore, &waits));
	return export_to(op, &dir, *keystore, cli->args[1]);
}

static void
export_tell(
    struct cli *cli, const struct keystore *keystore, const char *fingerprint)
{
	cli_print(cli,
	    "%s has the master key.\n"
	    "  version      %u\n"
	    "  fingerprint  %s\n",
	    cli->args[1], (unsigned)keystore->version, fingerprint);
	if (keystore_pending(keystore) > 0)
		cli_print(cli,
		    "  and the former keys of %zu site%s, whose keys "
		    "are being rotated\n",
		    keystore_pending(keystore),
		    output_plural(keystore_pending(keystore)));
	if (keystore->seal.key != NULL)
		cli_print(cli, "It opens with the passphrase of now: keep that "
			       "too, somewhere else.\n");
	else
		cli_print(cli, "Whoever has it and one site can read "
			       "everything: keep it under lock, elsewhere.\n");
}

enum cli_exit
cmd_key_export(struct cli *cli)
{
	CLEANUP(keystore_free_ptr) struct keystore *keystore = NULL;
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];
	enum rc rc = key_export(&cli->op, cli, &keystore);

	if (rc != RC_OK)
		return cli_end(cli, rc);
	keystore_fingerprint(keystore, fingerprint);
	if (cli->json)
		return cli_print_json(cli,
		    json_pack("{s:s, s:i, s:s, s:b, s:i}", "file", cli->args[1],
			"version", (int)keystore->version, "fingerprint",
			fingerprint, "passphrase", keystore->seal.key != NULL,
			"former_keys", (int)keystore_pending(keystore)));
	export_tell(cli, keystore, fingerprint);
	return CLI_OK;
}

/* ---- status ---- */

struct key_status {
	struct site_keys_state keys;
	struct export_noted noted;
	bool exported; /* the present version */
	bool waits; /* for the export of a next one */
};

static enum rc
status_get(struct cli *cli, struct key_status *status)
{
	TRY(export_look(&cli->op, cli->dir, &status->noted));
	TRY(key_files_waits(&cli->op, cli->dir, &status->waits));
	if (cli->service != NULL)
		site_keys_look(cli->service, &status->keys);
	else
		site_keys_describe(cli->dir->keystore, &status->keys);
	status->exported = export_covers(
	    &status->noted, status->keys.version, status->keys.fingerprint);
	return RC_OK;
}

static enum cli_exit
status_json(struct cli *cli, const struct key_status *status)
{
	const struct export_noted *noted = &status->noted;
	json_t *root = json_pack("{s:i, s:s, s:b, s:b, s:b}", "version",
	    (int)status->keys.version, "fingerprint", status->keys.fingerprint,
	    "passphrase", status->keys.sealed, "exported", status->exported,
	    "waits_for_export", status->waits);
	json_t *sites = json_array();
	size_t i;

	for (i = 0; i < status->keys.n_sites; i++)
		(void)json_array_append_new(
		    sites, json_pack("{s:s, s:b, s:s}", "name",
			       status->keys.sites[i].name, "pending",
			       status->keys.sites[i].pending, "why",
			       status->keys.sites[i].why));
	(void)json_object_set_new(root, "last_export",
	    noted->found
		? json_pack("{s:i, s:s, s:s, s:i}", "version",
		      (int)noted->version, "fingerprint", noted->fingerprint,
		      "time", who_time(&cli->op, noted->at), "former_keys",
		      (int)noted->former)
		: json_null());
	(void)json_object_set_new(root, "sites", sites);
	return cli_print_json(cli, root);
}

static void
export_print(struct cli *cli, const struct key_status *status)
{
	const struct export_noted *noted = &status->noted;
	enum paint paint = status->exported ? PAINT_GOOD : PAINT_WARN;

	if (!noted->found)
		cli_print(cli, "  last export  %snone%s\n",
		    paint_begin(cli, PAINT_WARN), paint_end(cli, PAINT_WARN));
	else
		cli_print(cli, "  last export  %sversion %u%s, %.16s\n",
		    paint_begin(cli, paint), (unsigned)noted->version,
		    paint_end(cli, paint), who_time(&cli->op, noted->at));
}

static void
sites_print(struct cli *cli, const struct key_status *status)
{
	static const char *const titles[] = {"SITE", "KEYS"};
	struct table table;
	size_t i;

	table_init(&table, cli, titles, ARRAY_LEN(titles));
	for (i = 0; i < status->keys.n_sites; i++) {
		const bool pending = status->keys.sites[i].pending;
		const char *why = status->keys.sites[i].why;

		table_add(&table, PAINT_BOLD, "%s", status->keys.sites[i].name);
		table_add(&table, pending ? PAINT_WARN : PAINT_GOOD, "%s%s%s",
		    pending ? "pending" : "of this version",
		    *why != '\0' ? ": " : "", why);
	}
	cli_print(cli, "\n");
	table_print(&table);
}

/* What to do next, if anything. */
static void
advice_print(struct cli *cli, const struct key_status *status)
{
	const char *dir = cli->args[0];

	if (status->waits)
		cli_print(cli,
		    "\nA next master key is made and waits: dozo key "
		    "rotate-sites %s --export FILE\n",
		    dir);
	else if (!status->exported)
		cli_print(
		    cli, "\nNot exported yet: dozo key export %s FILE\n", dir);
	else if (status->keys.n_pending > 0)
		cli_print(cli, "\nThe server goes on by itself when the sites "
			       "are there.\n");
	else if (status->noted.former > 0)
		cli_print(cli,
		    "\nThe last export still has the former keys. To be rid "
		    "of them: dozo key export %s FILE, then destroy "
		    "that one.\n",
		    dir);
}

enum cli_exit
cmd_key_status(struct cli *cli)
{
	struct key_status status;
	enum rc rc = status_get(cli, &status);

	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json) {
		enum cli_exit end = status_json(cli, &status);

		if (end != CLI_OK)
			return end;
	} else {
		cli_print(cli,
		    "The master key of %s\n"
		    "  version      %u\n"
		    "  fingerprint  %s\n"
		    "  passphrase   %s\n",
		    cli->dir->path, (unsigned)status.keys.version,
		    status.keys.fingerprint,
		    status.keys.sealed ? "yes" : "none");
		export_print(cli, &status);
		sites_print(cli, &status);
		advice_print(cli, &status);
	}
	return status.keys.n_pending > 0 || status.waits ? CLI_INCOMPLETE
							 : CLI_OK;
}

/* ---- passphrase ---- */

/* The present one is the first line that goes to the server, a new one the
 * second. */
static enum rc
passphrase_ask(struct op *op, struct cli *cli, bool *ret_nothing)
{
	CLEANUP(key_files_close) struct key_files files = KEY_FILES_NONE;
	CLEANUP(keystore_free_ptr) struct keystore *keystore = NULL;
	bool waits;

	TRY(key_files_open(op, cli->dir, &files));
	TRY(key_files_newest(op, cli, cli->dir, &files, &keystore, &waits));
	*ret_nothing = cli_has(cli, "remove") && keystore->seal.key == NULL;
	(void)str_copy(cli->lines[0], CLI_LINE_SIZE, cli->passphrase.text);
	cli->n_lines = 1;
	if (cli_has(cli, "remove"))
		return RC_OK;
	TRY(passphrase_choose(op, &cli->passphrase));
	/* Before anything is changed. */
	TRY(keystore_seal(op, keystore, passphrase_span(&cli->passphrase)));
	(void)str_copy(cli->lines[1], CLI_LINE_SIZE, cli->passphrase.text);
	cli->n_lines = 2;
	/* What is opened below is sealed by the present one still. */
	(void)str_copy(
	    cli->passphrase.text, sizeof(cli->passphrase.text), cli->lines[0]);
	cli->passphrase.known = cli->lines[0][0] != '\0';
	return RC_OK;
}

enum cli_exit
key_passphrase_prepare(struct cli *cli)
{
	bool nothing = false;
	enum rc rc = passphrase_ask(&cli->op, cli, &nothing);

	if (rc == RC_OK && nothing)
		rc = op_fail(
		    &cli->op, RC_CONFLICT, "the master key has no passphrase");
	return cli_end(cli, rc);
}

/* Nobody serves it: master.key was opened with the present one. */
static enum rc
passphrase_change_here(
    struct op *op, struct cli *cli, int keys_fd, struct span passphrase)
{
	struct keystore *keystore = cli->dir->keystore;

	if (passphrase.data != NULL)
		TRY(keystore_seal(op, keystore, passphrase));
	else
		keystore_unseal(keystore);
	return dir_keystore_write(op, keys_fd, KEY_FILES_NOW, keystore);
}

static enum rc
passphrase_change(struct op *op, struct cli *cli)
{
	CLEANUP(key_files_close) struct key_files files = KEY_FILES_NONE;
	struct span next = {NULL, 0};

	if (cli->n_lines > 1)
		next = span_str(cli->lines[1]);
	TRY(key_files_open(op, cli->dir, &files));
	/* A next key that waits is sealed by the former one; nothing depends
	 * on it yet. */
	TRY(key_files_next_remove(op, &files));
	TRY(export_forget(op, cli->dir));
	if (cli->service == NULL)
		return passphrase_change_here(op, cli, files.fd, next);
	return site_keys_passphrase(
	    op, cli->service, span_str(cli->lines[0]), next);
}

enum cli_exit
cmd_key_passphrase(struct cli *cli)
{
	bool sealed = cli->n_lines > 1;
	enum rc rc = passphrase_change(&cli->op, cli);

	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:b}", "passphrase", sealed));
	cli_print(cli,
	    "The master key %s.\n"
	    "Earlier exports are as they were. Export it again: dozo key "
	    "export %s FILE\n",
	    sealed ? "is sealed with the new passphrase"
		   : "has no passphrase any more",
	    cli->args[0]);
	return CLI_OK;
}
