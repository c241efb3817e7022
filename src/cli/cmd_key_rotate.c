/*
 * cmd_key_rotate.c - dozo key rotate-sites, rotate-epoch. The next master key
 * is made and exported by the process that was asked, with its own rights and
 * folder; what it takes over is the server's, if there is one.
 */
#include <inttypes.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/export.h"
#include "cli/key_files.h"
#include "cli/who.h"

/* ---- before: made and exported ---- */

/* What is to be exported: the key that a rotation has made, now or before. */
static enum rc
next_make(struct op *op, struct cli *cli, const struct key_files *files,
    struct keystore **ret_next)
{
	CLEANUP(keystore_free_ptr) struct keystore *newest = NULL;
	struct keystore *next;
	bool waits;
	enum rc rc;

	TRY(key_files_newest(op, cli, cli->dir, files, &newest, &waits));
	if (waits || keystore_pending(newest) > 0) {
		*ret_next = newest;
		newest = NULL;
		return RC_OK;
	}
	TRY(keystore_rotate(op, newest, &next));
	FAILPOINT("key.rotating");
	rc = dir_keystore_write(op, files->fd, KEY_FILES_NEXT, next);
	if (rc != RC_OK) {
		keystore_free(next);
		return rc;
	}
	FAILPOINT("key.made");
	*ret_next = next;
	return RC_OK;
}

static enum rc
next_export(struct op *op, struct cli *cli, const struct keystore *next)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	const char *file = cli_value(cli, "export");
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];
	struct export_noted noted;
	const char *folder;

	if (file != NULL)
		return export_to(op, cli->dir, next, file);
	keystore_fingerprint(next, fingerprint);
	TRY(export_look(op, cli->dir, &noted));
	if (export_covers(&noted, next->version, fingerprint))
		return RC_OK;
	TRY(dir_conf_read(op, cli->dir, &conf));
	folder = conf_get_string(conf, "service", "key_export_to");
	if (*folder != '\0')
		return export_into(op, cli->dir, next, folder);
	FAIL(op, RC_REFUSED,
	    "version %u of the master key is made, and has to be exported "
	    "before any site gets it: add --export FILE (or dozo key export "
	    "%s FILE, then this again)",
	    (unsigned)next->version, cli->args[0]);
}

static enum rc
rotate_prepare(struct op *op, struct cli *cli)
{
	CLEANUP(key_files_close) struct key_files files = KEY_FILES_NONE;
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;

	TRY(key_files_open(op, cli->dir, &files));
	TRY(next_make(op, cli, &files, &next));
	TRY(next_export(op, cli, next));
	FAILPOINT("key.exported");
	return RC_OK;
}

enum cli_exit
key_rotate_prepare(struct cli *cli)
{
	return cli_end(cli, rotate_prepare(&cli->op, cli));
}

/* ---- then: it takes over ---- */

static void
wipe_release(struct buf *buf)
{
	if (buf->data != NULL)
		mem_wipe(buf->data, buf->capacity);
	buf_release(buf);
}

static enum rc
take_over(struct op *op, struct cli *cli)
{
	CLEANUP(key_files_close) struct key_files files = KEY_FILES_NONE;
	CLEANUP(wipe_release) struct buf next = {.limit = DIR_KEYSTORE_MAX};
	struct site_keys_state keys;
	enum rc rc;

	TRY(key_files_open(op, cli->dir, &files));
	site_keys_look(cli->service, &keys);
	/* With former keys there it has taken over before. */
	if (keys.n_pending > 0)
		return key_files_next_remove(op, &files);
	rc = io_read_file(op, files.fd, KEY_FILES_NEXT, &next);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK; /* and has come to its end */
	}
	TRY(rc);
	TRY(site_keys_switch(op, cli->service, buf_span(&next)));
	FAILPOINT("key.taken");
	return key_files_next_remove(op, &files);
}

static enum cli_exit
rotated_json(struct cli *cli, const struct site_keys_state *keys)
{
	json_t *pending = json_array();
	size_t i;

	for (i = 0; i < keys->n_sites; i++)
		if (keys->sites[i].pending)
			(void)json_array_append_new(pending,
			    json_pack("{s:s, s:s}", "site", keys->sites[i].name,
				"why", keys->sites[i].why));
	return cli_print_json(
	    cli, json_pack("{s:i, s:s, s:o}", "version", (int)keys->version,
		     "fingerprint", keys->fingerprint, "pending", pending));
}

static void
rotated_print(struct cli *cli, const struct site_keys_state *keys)
{
	size_t i;

	cli_print(cli,
	    "The sites have the keys of version %u.\n"
	    "  fingerprint  %s\n",
	    (unsigned)keys->version, keys->fingerprint);
	for (i = 0; i < keys->n_sites; i++)
		if (keys->sites[i].pending)
			cli_print(cli, "  pending      %s: %s\n",
			    keys->sites[i].name, keys->sites[i].why);
	if (keys->n_pending > 0)
		cli_print(cli,
		    "What is pending goes on by itself while the service is "
		    "served; dozo key status %s tells.\n",
		    cli->args[0]);
	else
		cli_print(cli, "No site needs a former key any more. What was "
			       "exported meanwhile still has them: export "
			       "once more and destroy that, to be rid of "
			       "them.\n");
}

enum cli_exit
cmd_key_rotate_sites(struct cli *cli)
{
	struct site_keys_state keys;
	enum cli_exit end = CLI_OK;
	enum rc rc = take_over(&cli->op, cli);

	if (rc == RC_OK)
		rc = site_keys_await(&cli->op, cli->service, cli->stop);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	site_keys_look(cli->service, &keys);
	if (cli->json)
		end = rotated_json(cli, &keys);
	else
		rotated_print(cli, &keys);
	return end == CLI_OK && keys.n_pending > 0 ? CLI_INCOMPLETE : end;
}

/* ---- epochs ---- */

static enum rc
epoch_rotate(
    struct op *op, struct cli *cli, uint32_t *ret_epoch, uint64_t *ret_number)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;

	TRY(service_tenant_named(op, cli->service, cli->args[1], &t));
	return tenant_epoch_rotate(op, t, ret_epoch, ret_number);
}

enum cli_exit
cmd_key_rotate_epoch(struct cli *cli)
{
	uint32_t epoch;
	uint64_t number;
	enum rc rc = epoch_rotate(&cli->op, cli, &epoch, &number);

	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s, s:I, s:I}", "tenant", cli->args[1],
			     "epoch", (json_int_t)epoch, "number",
			     (json_int_t)number));
	cli_print(cli,
	    "Epoch %" PRIu32 " of %s begins with number %" PRIu64 ".\n", epoch,
	    cli->args[1], number);
	cli_print(cli, "The keys of former ones go once two snapshots have "
		       "been made and the log is cut.\n");
	return CLI_OK;
}
