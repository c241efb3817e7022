/* site_place.c - where a new site is to be. */
#include "cli/site_place.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/rand.h"
#include "base/str.h"
#include "core/site_change.h"
#include "store/site_id.h"

enum rc
site_place_parse(struct op *op, const char *text, struct site_place *ret_place)
{
	const char *url = strchr(text, '=');
	struct site_place place = {0};
	size_t size;

	if (url == NULL || !str_starts(url + 1, "dir:/"))
		FAIL(op, RC_INVALID,
		    "a site is NAME=dir:/PATH with an absolute path, not "
		    "\"%s\"",
		    text);
	size = (size_t)(url - text);
	if (size >= sizeof(place.name))
		size = 0;
	memcpy(place.name, text, size);
	if (!lay_name_valid(place.name))
		FAIL(op, RC_INVALID,
		    "a site's name is 1 to 32 of a-z, 0-9 and -");
	TRY(made_resolve(op, url + 5, place.path));
	(void)snprintf(place.url, sizeof(place.url), "dir:%s", place.path);
	*ret_place = place;
	return RC_OK;
}

/* ---- what stands in the way ---- */

static bool
is_member(const struct cli *cli, const uint8_t id[OBJECT_ID_SIZE])
{
	return register_contains(claim_register(cli->service->claim), id);
}

static bool
joins(const struct site_change_state *change, const uint8_t id[OBJECT_ID_SIZE])
{
	return site_change_is_under_way(change->phase) &&
	       memcmp(change->joins, id, OBJECT_ID_SIZE) == 0;
}

/* The site that a change under way brings in, or a key of this name that no
 * register has: a command was broken off. */
static void
id_choose(struct cli *cli, struct site_place *place)
{
	struct site_change_state change;
	struct site_keys_state keys;
	size_t i;

	site_change_look(cli->service, &change);
	site_keys_look(cli->service, &keys);
	for (i = 0; i < keys.n_sites; i++)
		if (strcmp(keys.sites[i].name, place->name) == 0 &&
		    (!is_member(cli, keys.sites[i].id) ||
			joins(&change, keys.sites[i].id))) {
			memcpy(place->id, keys.sites[i].id, OBJECT_ID_SIZE);
			return;
		}
	rand_bytes(place->id, OBJECT_ID_SIZE);
}

static bool
is_below(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 &&
	       (path[size] == '/' || path[size] == '\0');
}

static bool
is_dead(struct op *op, struct sites *sites, size_t i)
{
	enum rc rc = site_verify(op, sites->slots[i].site);

	op_clear_error(op);
	return rc != RC_OK;
}

/* What happens to a folder happens to all in it. */
static enum rc
others_look(struct op *op, struct cli *cli, const uint8_t *leaves,
    const struct site_place *place)
{
	struct sites *sites = cli->service->config.sites;
	size_t i;

	for (i = 0; i < sites->n; i++) {
		const struct site *site = sites->slots[i].site;
		const char *path = site->url + strlen("dir:");

		if (sites_has_left(sites, i) ||
		    memcmp(site->id, place->id, OBJECT_ID_SIZE) == 0)
			continue;
		if (leaves != NULL && is_dead(op, sites, i) &&
		    memcmp(site->id, leaves, OBJECT_ID_SIZE) == 0)
			continue; /* a new disk where the dead one was */
		if (is_below(path, place->path) || is_below(place->path, path))
			FAIL(op, RC_REFUSED,
			    "%s is the site %s's place (%s): each site has a "
			    "folder of its own",
			    place->path, site->name, path);
	}
	return RC_OK;
}

/* Another site stands there. */
static enum rc
stranger_refuse(struct op *op, struct cli *cli, const struct site_place *place,
    const struct site_id *found)
{
	if (memcmp(found->service, cli->service->config.keystore->service,
		OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_REFUSED,
		    "at %s stands the site %s of another service", place->path,
		    found->name);
	if (is_member(cli, found->id))
		FAIL(op, RC_REFUSED,
		    "at %s stands the site %s of this service already",
		    place->path, found->name);
	FAIL(op, RC_REFUSED,
	    "at %s stands %s, which was a site of this service and has left "
	    "it: what has left never comes back. To use its disk for a new "
	    "site, empty the folder first",
	    place->path, found->name);
}

static enum rc
refuse_entry(void *arg, struct op *op, const char *name)
{
	const struct site_place *place = arg;

	/* Of a folder that was being made. */
	if (place->made && (strcmp(name, "fence") == 0 || name[0] == '.'))
		return RC_OK;
	FAIL(
	    op, RC_REFUSED, "%s is not empty (%s is in it)", place->path, name);
}

static enum rc
folder_look(struct op *op, struct site_place *place, bool begun)
{
	CLEANUP(io_close) int fd = -1;
	enum rc rc = io_open_root(op, place->path, &fd);

	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	place->made = begun;
	rc = io_list(op, fd, refuse_entry, place);
	place->made = false;
	return rc;
}

/* Whether the keystore has its id: a command was at work. */
static bool
is_begun(struct cli *cli, const struct site_place *place)
{
	struct site_keys_state keys;
	size_t i;

	site_keys_look(cli->service, &keys);
	for (i = 0; i < keys.n_sites; i++)
		if (memcmp(keys.sites[i].id, place->id, OBJECT_ID_SIZE) == 0)
			return true;
	return false;
}

enum rc
site_place_look(struct op *op, struct cli *cli, const uint8_t *leaves,
    struct site_place *place)
{
	struct site_id found;
	enum rc rc;

	id_choose(cli, place);
	TRY(others_look(op, cli, leaves, place));
	rc = site_identify(op, place->url, &found);
	if (rc == RC_OK) {
		place->made = memcmp(found.id, place->id, OBJECT_ID_SIZE) == 0;
		return place->made ? RC_OK
				   : stranger_refuse(op, cli, place, &found);
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	return folder_look(op, place, is_begun(cli, place));
}

/* ---- making it ---- */

/* Takes away what a killed command left of the folder, but a whole site. */
static enum rc
remnants_remove(struct op *op, const struct site_place *place)
{
	CLEANUP(io_close) int fd = -1;
	enum rc rc = io_open_root(op, place->path, &fd);

	if (rc == RC_OK)
		rc = io_sweep(op, fd);
	if (rc == RC_OK)
		rc = io_remove_dir(op, fd, "fence");
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	return rc;
}

static enum rc
slot_make(struct op *op, struct cli *cli, const struct site_place *place)
{
	struct service_config *config = &cli->service->config;
	struct site *site;

	if (sites_find(config->sites, place->id) < SITES_MAX)
		return RC_OK;
	TRY(site_open(op, place->url, config->keystore->service, place->id,
	    place->name, &site));
	return sites_add(op, config->sites, site);
}

enum rc
site_place_make(
    struct op *op, struct cli *cli, struct site_place *place, bool next)
{
	TRY(site_keys_add(op, cli->service, place->id, place->name));
	FAILPOINT("site_place.key");
	if (!place->made) {
		TRY(remnants_remove(op, place));
		TRY(site_create(op, place->url,
		    cli->service->config.keystore->service, place->id,
		    place->name));
	}
	FAILPOINT("site_place.folder");
	TRY(dir_conf_add_site(
	    op, cli->dir, place->name, place->url, place->id, next));
	FAILPOINT("site_place.conf");
	return slot_make(op, cli, place);
}
