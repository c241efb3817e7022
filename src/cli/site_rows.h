/* site_rows.h - how sites are shown: in site status and in status. */
#ifndef DOZO_CLI_SITE_ROWS_H
#define DOZO_CLI_SITE_ROWS_H

#include "cli/output.h"
#include "core/state.h"

/* What dozo.conf says, or "". */
const char *site_url(const struct dir *dir, const char *name);

void site_rows_print(struct cli *cli, const struct state *state);
json_t *site_rows_json(struct cli *cli, const struct state *state);

/* Whether all of them are in service for everything that is open. */
bool site_rows_well(const struct cli *cli, const struct state *state);

#endif
