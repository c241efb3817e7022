/* cmd_rebuild.c - dozo rebuild: a service from one site and the master key; it
 * only reads the site. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/lay.h"
#include "cli/made.h"
#include "cli/output.h"
#include "cli/who.h"
#include "core/rebuild.h"
#include "store/site_id.h"

enum { NAMES_MAX = 32, FILES_SHOWN = 1000 };

struct rebuilding {
	struct cli *cli;
	struct made made;
	struct lay lay;
	const char *names[NAMES_MAX];
	char path[MADE_PATH_SIZE];
	bool complete;
	uint64_t files; /* with missing pieces, told so far */
	json_t *rows;
	json_t *file_rows;
};

/* ---- telling ---- */

static enum rc
file_tell(void *arg, struct op *op, uint64_t tenant, int64_t node)
{
	struct rebuilding *r = arg;
	char id[20];

	(void)op;
	if (r->files++ >= FILES_SHOWN)
		return RC_OK;
	(void)snprintf(id, sizeof(id), "%016" PRIx64, tenant);
	if (r->file_rows != NULL)
		(void)json_array_append_new(
		    r->file_rows, json_pack("{s:s, s:I}", "tenant", id, "node",
				      (json_int_t)node));
	else
		cli_print(r->cli,
		    "  tenant %s: file %" PRId64 " lacks pieces\n", id, node);
	return RC_OK;
}

static void
tenant_json(struct rebuilding *r, struct op *op, const struct rebuild_tenant *t,
    const char *id, const char *hash)
{
	json_t *row = json_pack("{s:s, s:b, s:s, s:I, s:I, s:I, s:I, s:I}",
	    "id", id, "open", t->open, "why", t->why, "number",
	    (json_int_t)t->number, "missing", (json_int_t)t->missing,
	    "contents", (json_int_t)t->contents, "data_missing",
	    (json_int_t)t->data_missing, "files_missing",
	    (json_int_t)t->files_missing);

	if (row == NULL)
		return;
	if (t->open) {
		(void)json_object_set_new(row, "state_hash", json_string(hash));
		(void)json_object_set_new(
		    row, "changed", json_string(who_time(op, t->changed_at)));
	}
	if (t->in_heads)
		(void)json_object_set_new(row, "heads_number",
		    json_integer((json_int_t)t->heads_number));
	(void)json_array_append_new(r->rows, row);
}

static enum paint
tenant_paint(const struct rebuild_tenant *t)
{
	bool well = t->open && t->missing == 0 && t->data_missing == 0 &&
		    t->why[0] == '\0';

	return well ? PAINT_GOOD : PAINT_BAD;
}

static void
tenant_print(struct rebuilding *r, struct op *op,
    const struct rebuild_tenant *t, const char *id, const char *hash)
{
	struct cli *cli = r->cli;

	cli_print(cli, "%s%s%s\n", paint_begin(cli, tenant_paint(t)),
	    t->id == TENANT_PROVIDER ? "the provider's log" : id,
	    paint_end(cli, tenant_paint(t)));
	if (t->open && t->changed_at != 0)
		cli_print(cli, "  ends at %" PRIu64 " of %s\n", t->number,
		    who_time(op, t->changed_at));
	else if (t->open)
		cli_print(cli, "  ends at %" PRIu64 "\n", t->number);
	if (t->in_heads)
		cli_print(cli,
		    "  the service stood at %" PRIu64 " at %s: %" PRIu64
		    " missing\n",
		    t->heads_number,
		    who_time(op, cli->service->heads.stamp.wall), t->missing);
	if (t->why[0] != '\0')
		cli_print(cli, "  %s\n", t->why);
	if (t->data_missing > 0)
		cli_print(cli,
		    "  %" PRIu64 " data segments are missing: %" PRIu64
		    " files lack pieces\n",
		    t->data_missing, t->files_missing);
	if (t->open)
		cli_print(cli, "  state %s\n", hash);
}

static enum rc
tenant_tell(void *arg, struct op *op, const struct rebuild_tenant *t)
{
	struct rebuilding *r = arg;
	char hash[2 * DB_HASH_SIZE + 1];
	char id[20];

	(void)snprintf(id, sizeof(id), "%016" PRIx64, t->id);
	str_hex(hash, span_of(t->state_hash, DB_HASH_SIZE));
	if (r->rows != NULL)
		tenant_json(r, op, t, id, hash);
	else
		tenant_print(r, op, t, id, hash);
	return RC_OK;
}

/* ---- making DIR2 ---- */

/* The keystore's file may be anywhere. */
static enum rc
keystore_get(struct op *op, struct rebuilding *r, const char *file)
{
	CLEANUP(io_close) int fd = -1;
	char folder[MADE_PATH_SIZE];
	const char *slash = strrchr(file, '/');
	size_t size = slash == NULL   ? 1
		      : slash == file ? 1
				      : (size_t)(slash - file);
	enum rc rc;

	if (size >= sizeof(folder))
		FAIL(op, RC_INVALID, "the path of the master key is too long");
	memcpy(folder, slash != NULL ? file : ".", size);
	folder[size] = '\0';
	TRY(io_open_root(op, folder, &fd));
	rc = dir_keystore_read(op, fd, slash != NULL ? slash + 1 : file,
	    &r->cli->passphrase, NULL, &r->lay.keystore);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		FAIL(op, rc, "--master-key: there is no file %s", file);
	}
	return rc;
}

static enum rc
source_find(struct op *op, struct rebuilding *r, const char *url)
{
	struct lay_site *site = &r->lay.sites[0];
	char resolved[MADE_PATH_SIZE];
	struct site_id id;

	if (!str_starts(url, "dir:"))
		FAIL(op, RC_INVALID, "a site is dir:PATH, not \"%s\"", url);
	TRY(made_resolve(op, url + 4, resolved));
	(void)snprintf(site->url, sizeof(site->url), "dir:%s", resolved);
	TRY(site_identify(op, site->url, &id));
	if (memcmp(id.service, r->lay.keystore->service, OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_REFUSED,
		    "the master key is another service's than this site");
	if (keystore_find(r->lay.keystore, id.id) == NULL)
		FAIL(op, RC_REFUSED,
		    "the master key has no key for the site %s", id.name);
	memcpy(site->id, id.id, sizeof(site->id));
	/* Names in dozo.conf are stricter than those that a site may have. */
	(void)str_copy(site->name, sizeof(site->name),
	    lay_name_valid(id.name) ? id.name : "source");
	r->lay.n_sites = 1;
	return RC_OK;
}

static enum rc
want(struct op *op, struct rebuilding *r)
{
	const char *text;
	size_t i;

	for (i = 0; (text = cli_value_at(r->cli, "name", i)) != NULL; i++) {
		if (i == NAMES_MAX)
			FAIL(op, RC_INVALID, "more than %d names", NAMES_MAX);
		r->names[i] = text;
	}
	r->lay.names = r->names;
	r->lay.n_names = i;
	r->lay.read_only = true;
	TRY(keystore_get(op, r, cli_value(r->cli, "master-key")));
	TRY(source_find(op, r, cli_value(r->cli, "from-site")));
	return made_resolve(op, cli_value(r->cli, "into"), r->path);
}

static enum rc
all_rebuild(struct op *op, struct rebuilding *r, struct dir *dir)
{
	const struct rebuild_job job = {
	    .tenant = tenant_tell, .file = file_tell, .arg = r};
	const struct dir_how how = {.reading = true};
	enum rc rc;

	TRY(dir_lock(op, dir));
	TRY(dir_load(op, dir, &r->cli->passphrase));
	TRY(dir_service(op, dir, &how, &r->cli->service));
	rc = rebuild_run(op, r->cli->service, &job, &r->complete);
	dir_service_close(op, dir, r->cli->service);
	r->cli->service = NULL;
	TRY(rc);
	if (r->complete)
		return RC_OK;
	return io_write_file(op, dir->fd, "behind",
	    span_str("Acknowledged changes are missing: dozo rebuild has told "
		     "which.\n"),
	    0600);
}

static enum rc
make(struct op *op, struct rebuilding *r)
{
	CLEANUP(dir_close) struct dir dir = DIR_NONE;

	TRY(want(op, r));
	TRY(made_folder(op, &r->made, r->path));
	TRY(dir_open(op, r->path, &dir));
	TRY(lay_write(op, &r->lay, dir.fd));
	return all_rebuild(op, r, &dir);
}

static enum cli_exit
told(struct rebuilding *r)
{
	struct cli *cli = r->cli;
	enum cli_exit end = r->complete ? CLI_OK : CLI_INCOMPLETE;

	if (cli->json) {
		enum cli_exit printed = cli_print_json(
		    cli, json_pack("{s:s, s:b, s:s, s:O, s:O}", "dir", r->path,
			     "complete", r->complete, "ca_fingerprint",
			     r->lay.ca_fingerprint, "tenants", r->rows, "files",
			     r->file_rows));

		return printed != CLI_OK ? printed : end;
	}
	if (r->files > FILES_SHOWN)
		cli_print(cli, "  ... and %" PRIu64 " more files\n",
		    r->files - FILES_SHOWN);
	cli_print(cli,
	    "\n%s\nServe it, read-only: dozo serve %s%s\n"
	    "Clients need its new tls/ca.crt, of this SHA-256 fingerprint:\n"
	    "  %s\n",
	    r->complete
		? "Everything that the service had acknowledged is there."
		: "Something that the service had acknowledged is missing.",
	    cli_value(cli, "into"), r->complete ? "" : " --accept-loss",
	    r->lay.ca_fingerprint);
	return end;
}

enum cli_exit
cmd_rebuild(struct cli *cli)
{
	static const char *const needed[] = {"from-site", "master-key", "into"};
	struct rebuilding *r;
	enum cli_exit end;
	enum rc rc;
	size_t i;

	for (i = 0; i < ARRAY_LEN(needed); i++)
		if (!cli_has(cli, needed[i]))
			return cli_misused(cli, "--%s is missing", needed[i]);
	r = mem_alloc(sizeof(*r));
	if (r == NULL)
		return CLI_FAILED;
	r->cli = cli;
	r->rows = cli->json ? json_array() : NULL;
	r->file_rows = cli->json ? json_array() : NULL;
	rc = make(&cli->op, r);
	if (rc != RC_OK)
		made_undo(&r->made);
	end = rc == RC_OK ? told(r) : cli_end(cli, rc);
	json_decref(r->rows);
	json_decref(r->file_rows);
	keystore_free(r->lay.keystore);
	mem_free(r);
	return end;
}
