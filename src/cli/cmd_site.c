/* cmd_site.c - dozo site list, status, set. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/commands.h"
#include "cli/site_rows.h"
#include "core/site_info.h"

/* ---- list ---- */

enum cli_exit
cmd_site_list(struct cli *cli)
{
	static const char *const titles[] = {
	    "SITE", "PLACE", "COUNTRY", "URL", "ID"};
	json_t *rows = cli->json ? json_array() : NULL;
	struct state state;
	struct table table;
	char id[2 * OBJECT_ID_SIZE + 1];
	enum rc rc = state_get(&cli->op, cli->service, false, &state);
	size_t i;

	if (rc != RC_OK) {
		json_decref(rows);
		return cli_end(cli, rc);
	}
	table_init(&table, cli, titles, ARRAY_LEN(titles));
	for (i = 0; i < state.n_sites; i++) {
		const struct state_site *site = &state.sites[i];
		const char *url = site->url;

		str_hex(id, span_of(site->info.id, OBJECT_ID_SIZE));
		if (rows != NULL) {
			(void)json_array_append_new(
			    rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name",
				      site->name, "id", id, "url", url, "place",
				      site->info.place, "country",
				      site->info.country));
			continue;
		}
		table_add(&table, PAINT_BOLD, "%s", site->name);
		table_add(&table, PAINT_NONE, "%s", site->info.place);
		table_add(&table, PAINT_NONE, "%s", site->info.country);
		table_add(&table, PAINT_NONE, "%s", url);
		table_add(&table, PAINT_DIM, "%s", id);
	}
	if (rows != NULL)
		return cli_print_json(cli, rows);
	table_print(&table);
	return CLI_OK;
}

/* ---- status ---- */

enum cli_exit
cmd_site_status(struct cli *cli)
{
	struct state state;
	enum cli_exit end;
	enum rc rc = state_get(&cli->op, cli->service, false, &state);

	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json) {
		end = cli_print_json(cli, site_rows_json(cli, &state));
		if (end != CLI_OK)
			return end;
	} else {
		site_rows_print(cli, &state);
	}
	return site_rows_well(cli, &state) ? CLI_OK : CLI_INCOMPLETE;
}

/* ---- set ---- */

static enum rc
info_change(struct cli *cli, const char *place, const char *country)
{
	struct sites *sites = cli->service->config.sites;
	struct site_info info;
	size_t i;

	for (i = 0; i < sites->n; i++)
		if (strcmp(sites->slots[i].site->name, cli->args[1]) == 0)
			break;
	if (i == sites->n)
		FAIL(&cli->op, RC_NOT_FOUND,
		    "there is no site %s (dozo site list names them)",
		    cli->args[1]);
	TRY(site_info_get(
	    &cli->op, cli->service, sites->slots[i].site->id, &info));
	if (place != NULL && !str_copy(info.place, sizeof(info.place), place))
		FAIL(&cli->op, RC_INVALID, "the place is too long");
	if (country != NULL &&
	    !str_copy(info.country, sizeof(info.country), country))
		FAIL(&cli->op, RC_INVALID,
		    "a country is two capital letters, as JP");
	return site_info_set(&cli->op, cli->service, cli->args[1], &info);
}

enum cli_exit
cmd_site_set(struct cli *cli)
{
	const char *place = cli_value(cli, "place");
	const char *country = cli_value(cli, "country");
	enum rc rc;

	if (place == NULL && country == NULL)
		return cli_misused(cli, "--place or --country must be given");
	rc = info_change(cli, place, country);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s}", "site", cli->args[1]));
	cli_print(cli, "The site %s is noted%s%s%s%s.\n", cli->args[1],
	    place != NULL ? " as standing in " : "", place != NULL ? place : "",
	    country != NULL ? ", " : "", country != NULL ? country : "");
	return CLI_OK;
}
