/* upkeep_rows.h - how upkeep and the scrub are shown in status. */
#ifndef DOZO_CLI_UPKEEP_ROWS_H
#define DOZO_CLI_UPKEEP_ROWS_H

#include "cli/output.h"
#include "core/state.h"

/* As in --json and in metrics: "purge", "snapshot" ... */
const char *upkeep_name(enum upkeep_work work);

/* name_of: a tenant's name, by its id. */
void upkeep_rows_print(struct cli *cli, const struct state *state,
    const char *(*name_of)(const void *arg, uint64_t id), const void *arg);
json_t *upkeep_rows_json(const struct state *state);
json_t *scrub_rows_json(struct cli *cli, const struct state *state);

#endif
