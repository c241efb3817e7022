/*
 * site_place.h - where a new site is to be: what was asked for, what stands in
 * its way, and making it, so that a killed command can be repeated.
 */
#ifndef DOZO_CLI_SITE_PLACE_H
#define DOZO_CLI_SITE_PLACE_H

#include "cli/cli.h"
#include "cli/lay.h"
#include "cli/made.h"

struct site_place {
	char name[SITE_NAME_SIZE];
	char path[MADE_PATH_SIZE]; /* resolved */
	char url[LAY_URL_SIZE];
	uint8_t id[OBJECT_ID_SIZE];
	bool made; /* it stands there already: a command was broken off */
};

/* "NAME=dir:/PATH"; RC_INVALID with a text for the user. */
enum rc site_place_parse(
    struct op *op, const char *text, struct site_place *ret_place) MUST_CHECK;

/*
 * Its id: that of a command that was broken off, or a new one. RC_REFUSED where
 * anything stands in the way: another site, one that has left, a folder that is
 * not empty, a place in or around another site's. leaves: the id of the site
 * whose place it takes, or NULL; where that is away it may be at the very same
 * path.
 */
enum rc site_place_look(struct op *op, struct cli *cli, const uint8_t *leaves,
    struct site_place *place) MUST_CHECK;

/* Its key, its lines in dozo.conf (next: as the one that takes the place of the
 * site of its name), its folder, its slot in the service; each may be there
 * already. */
enum rc site_place_make(struct op *op, struct cli *cli,
    struct site_place *place, bool next) MUST_CHECK;

#endif
