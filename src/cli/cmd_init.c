/* cmd_init.c - dozo init: a new service, its sites, keys and certificate; all
 * of it or nothing. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/lay.h"
#include "cli/made.h"
#include "cli/settings.h"

enum { NAMES_MAX = 32 };

struct init {
	struct cli *cli;
	struct made made;
	struct lay lay;
	struct site_register reg;
	char path[MADE_PATH_SIZE];
	const char *names[NAMES_MAX];
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];
	bool same_device;
};

/* ---- what is wanted ---- */

static enum rc
site_want(struct op *op, struct init *init, const char *name, size_t name_size,
    const char *path)
{
	struct lay_site *site = &init->lay.sites[init->lay.n_sites];
	char resolved[MADE_PATH_SIZE];
	size_t i;

	if (init->lay.n_sites == REGISTER_SITES_MAX)
		FAIL(op, RC_LIMIT, "more than %d sites", REGISTER_SITES_MAX);
	if (name_size >= sizeof(site->name))
		FAIL(op, RC_INVALID,
		    "a site's name is 1 to 32 of a-z, 0-9 and -");
	memcpy(site->name, name, name_size);
	site->name[name_size] = '\0';
	if (!lay_name_valid(site->name))
		FAIL(op, RC_INVALID,
		    "a site's name is 1 to 32 of a-z, 0-9 and -, not \"%s\"",
		    site->name);
	TRY(made_resolve(op, path, resolved));
	(void)snprintf(site->url, sizeof(site->url), "dir:%s", resolved);
	for (i = 0; i < init->lay.n_sites; i++)
		if (strcmp(init->lay.sites[i].name, site->name) == 0 ||
		    strcmp(init->lay.sites[i].url, site->url) == 0)
			FAIL(op, RC_INVALID,
			    "two sites have one name or one folder");
	rand_bytes(site->id, sizeof(site->id));
	init->lay.n_sites++;
	return RC_OK;
}

/* Without --site: folders in DIR. */
static enum rc
default_sites(struct op *op, struct init *init, size_t n)
{
	static const char *const names[] = {"a", "b", "c"};
	char path[MADE_PATH_SIZE + 16];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/sites/%s", init->path, names[i]);
		TRY(site_want(op, init, names[i], 1, path));
	}
	return RC_OK;
}

static enum rc
sites_want(struct op *op, struct init *init)
{
	const char *text;
	size_t i;

	for (i = 0; (text = cli_value_at(init->cli, "site", i)) != NULL; i++) {
		const char *url = strchr(text, '=');

		if (url == NULL || !str_starts(url + 1, "dir:"))
			FAIL(op, RC_INVALID,
			    "a site is NAME=dir:PATH, not \"%s\"", text);
		TRY(site_want(op, init, text, (size_t)(url - text), url + 5));
	}
	if (i == 0)
		return default_sites(
		    op, init, cli_has(init->cli, "single-site") ? 1 : 3);
	return RC_OK;
}

/* Whether m of so many sites is something that a service may have. */
static enum rc
register_check(struct op *op, bool single, size_t n, uint64_t m)
{
	if (single && (n != 1 || m != 1))
		FAIL(op, RC_INVALID,
		    "--single-site is for one site, and min-sites 1");
	if (!single && n < 2)
		FAIL(op, RC_INVALID,
		    "a service has two sites at least; --single-site is for "
		    "trying out");
	if (!single && m < 2)
		FAIL(op, RC_INVALID,
		    "min-sites is 2 at least: else a file may stand once only");
	if (m > n)
		FAIL(op, RC_INVALID,
		    "min-sites %llu is more than there are sites",
		    (unsigned long long)m);
	return RC_OK;
}

static enum rc
register_want(struct op *op, struct init *init)
{
	const char *text = cli_value(init->cli, "min-sites");
	bool single = cli_has(init->cli, "single-site");
	uint64_t m = single ? 1 : 2;
	size_t i;

	if (text != NULL && !str_to_u64(text, 1, REGISTER_SITES_MAX, &m))
		FAIL(op, RC_INVALID, "--min-sites is a number, not \"%s\"",
		    text);
	TRY(register_check(op, single, init->lay.n_sites, m));
	init->reg = (struct site_register){
	    .version = 1, .m = (uint32_t)m, .n = (uint32_t)init->lay.n_sites};
	for (i = 0; i < init->lay.n_sites; i++)
		memcpy(init->reg.ids[i], init->lay.sites[i].id, OBJECT_ID_SIZE);
	return RC_OK;
}

static enum rc
want(struct op *op, struct init *init)
{
	struct settings_address address;
	const char *text;
	size_t i;

	init->lay.listen = cli_value(init->cli, "listen");
	if (init->lay.listen != NULL)
		TRY(settings_address_parse(op, init->lay.listen, &address));
	for (i = 0; (text = cli_value_at(init->cli, "name", i)) != NULL; i++) {
		if (i == NAMES_MAX)
			FAIL(op, RC_INVALID, "more than %d names", NAMES_MAX);
		init->names[i] = text;
	}
	init->lay.names = init->names;
	init->lay.n_names = i;
	TRY(made_resolve(op, init->cli->args[0], init->path));
	TRY(sites_want(op, init));
	TRY(register_want(op, init));
	if (!cli_has(init->cli, "passphrase") && init->cli->passphrase.fd < 0)
		return RC_OK;
	return passphrase_choose(op, &init->cli->passphrase);
}

/* ---- making it ---- */

static enum rc
sites_create(struct op *op, struct init *init)
{
	const struct keystore *keystore = init->lay.keystore;
	size_t i;

	for (i = 0; i < init->lay.n_sites; i++) {
		const struct lay_site *site = &init->lay.sites[i];

		TRY(made_folder(op, &init->made, site->url + strlen("dir:")));
		TRY(keystore_add_site(
		    op, init->lay.keystore, site->id, site->name));
		TRY(site_create(
		    op, site->url, keystore->service, site->id, site->name));
	}
	return RC_OK;
}

static void
devices_compare(struct init *init, const struct service *service)
{
	struct sites *sites = service->config.sites;
	struct io_space one, other;
	size_t i, k;

	for (i = 0; i < sites->n; i++)
		for (k = 0; k < i; k++) {
			sites_space(sites, i, &one);
			sites_space(sites, k, &other);
			if (one.device == other.device)
				init->same_device = true;
		}
}

/* Claim 1 and the provider's number 1 stand when this is done. */
static enum rc
open_once(struct op *op, struct init *init, struct dir *dir)
{
	struct dir_how how = {.first = &init->reg};
	struct service *service;

	TRY(dir_lock(op, dir));
	TRY(dir_load(op, dir, &init->cli->passphrase));
	TRY(dir_service(op, dir, &how, &service));
	devices_compare(init, service);
	dir_service_close(op, dir, service);
	return RC_OK;
}

static enum rc
make(struct op *op, struct init *init)
{
	CLEANUP(dir_close) struct dir dir = DIR_NONE;

	TRY(made_folder(op, &init->made, init->path));
	TRY(keystore_new(op, &init->lay.keystore));
	if (init->cli->passphrase.known)
		TRY(keystore_seal(op, init->lay.keystore,
		    passphrase_span(&init->cli->passphrase)));
	TRY(sites_create(op, init));
	TRY(dir_open(op, init->path, &dir));
	TRY(lay_write(op, &init->lay, dir.fd));
	keystore_fingerprint(init->lay.keystore, init->fingerprint);
	return open_once(op, init, &dir);
}

/* ---- telling ---- */

static void
warnings_print(struct init *init)
{
	if (init->reg.n == 1)
		cli_note(init->cli, "warning: one site only. Nothing is "
				    "copied: what happens to its disk "
				    "happens to all files.\n");
	else if (init->same_device)
		cli_note(init->cli, "warning: two sites are on one device. "
				    "What happens to it happens to "
				    "both.\n");
}

static enum cli_exit
told_json(struct init *init)
{
	json_t *root = json_pack("{s:s, s:i, s:s, s:i, s:s, s:b, s:[]}", "dir",
	    init->path, "min_sites", (int)init->reg.m, "key_fingerprint",
	    init->fingerprint, "key_version", 1, "ca_fingerprint",
	    init->lay.ca_fingerprint, "same_device", init->same_device,
	    "sites");
	json_t *sites = json_object_get(root, "sites");
	size_t i;

	for (i = 0; i < init->lay.n_sites; i++)
		(void)json_array_append_new(sites,
		    json_pack("{s:s, s:s}", "name", init->lay.sites[i].name,
			"url", init->lay.sites[i].url));
	return cli_print_json(init->cli, root);
}

static enum cli_exit
told(struct init *init)
{
	struct cli *cli = init->cli;
	const char *dir = cli->args[0];
	size_t i;

	warnings_print(init);
	if (cli->json)
		return told_json(init);
	cli_print(cli,
	    "%s is ready. A file counts as stored when %u of these have it:\n",
	    init->path, init->reg.m);
	for (i = 0; i < init->lay.n_sites; i++)
		cli_print(cli, "  %-12s %s\n", init->lay.sites[i].name,
		    init->lay.sites[i].url);
	cli_print(cli,
	    "\nNext: say where each site stands, make a first company, serve "
	    "it:\n"
	    "  dozo site set %s %s --place 東京 --country JP\n"
	    "  dozo tenant add %s NAME --admin USER\n"
	    "  dozo serve %s\n"
	    "\nKeep the key safe, now, and not on this machine:\n"
	    "  dozo key export %s FILE\n"
	    "FILE and any one site are enough to get everything back; without "
	    "the key nothing is.\n"
	    "\nClients trust %s/tls/ca.crt. Let them compare its SHA-256 "
	    "fingerprint:\n"
	    "  %s\n",
	    dir, init->lay.sites[0].name, dir, dir, dir, init->path,
	    init->lay.ca_fingerprint);
	return CLI_OK;
}

/* A Ctrl-C in the middle would leave something half-done: it takes less than a
 * second. */
static enum rc
make_unbroken(struct op *op, struct init *init)
{
	sigset_t both, before;
	enum rc rc;

	(void)sigemptyset(&both);
	(void)sigaddset(&both, SIGINT);
	(void)sigaddset(&both, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &both, &before);
	rc = make(op, init);
	if (rc != RC_OK)
		made_undo(&init->made);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

enum cli_exit
cmd_init(struct cli *cli)
{
	struct init *init = mem_alloc(sizeof(*init));
	enum cli_exit end;
	enum rc rc;

	if (init == NULL)
		return CLI_FAILED;
	init->cli = cli;
	rc = want(&cli->op, init);
	if (rc != RC_OK) {
		end = cli_misused(cli, "%s", op_error(&cli->op, rc));
		mem_free(init);
		return end;
	}
	rc = make_unbroken(&cli->op, init);
	end = rc == RC_OK ? told(init) : cli_end(cli, rc);
	keystore_free(init->lay.keystore);
	mem_free(init);
	return end;
}
