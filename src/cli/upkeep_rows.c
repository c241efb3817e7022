/* upkeep_rows.c - a line for each work that goes on by itself, and the scrub's.
 */
#include "cli/upkeep_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/who.h"

const char *
upkeep_name(enum upkeep_work work)
{
	static const char *const names[UPKEEP_WORKS] = {
	    [UPKEEP_PURGE] = "purge",
	    [UPKEEP_SNAPSHOT] = "snapshot",
	    [UPKEEP_CUT] = "cut",
	    [UPKEEP_PACK] = "pack",
	    [UPKEEP_COMPACT] = "compaction",
	    [UPKEEP_SWEEP] = "sweep",
	};

	return names[work];
}

static void
waits_text(enum upkeep_work work, uint64_t n, char out[OUTPUT_TEXT_SIZE])
{
	static const char *const units[UPKEEP_WORKS] = {
	    [UPKEEP_PURGE] = "tenant",
	    [UPKEEP_SNAPSHOT] = "tenant",
	    [UPKEEP_CUT] = "tenant",
	    [UPKEEP_PACK] = "number",
	    [UPKEEP_SWEEP] = "object",
	};
	char count[OUTPUT_TEXT_SIZE];

	(void)snprintf(out, OUTPUT_TEXT_SIZE, "-");
	if (n == 0)
		return;
	if (units[work] == NULL) {
		output_bytes(out, n);
		return;
	}
	output_count(count, n);
	(void)snprintf(out, OUTPUT_TEXT_SIZE, "%.20s %s%s", count, units[work],
	    output_plural(n));
}

/* When a site was last looked at as a whole that was so longest ago; 0: one
 * never was. */
static int64_t
scrub_oldest(const struct state *state)
{
	int64_t oldest = INT64_MAX;
	size_t i;

	for (i = 0; i < state->scrub.n; i++)
		if (state->scrub.sites[i].ended < oldest)
			oldest = state->scrub.sites[i].ended;
	return state->scrub.n == 0 ? 0 : oldest;
}

static void
time_add(struct cli *cli, struct table *table, int64_t wall)
{
	table_add(table, wall == 0 ? PAINT_DIM : PAINT_NONE, "%s",
	    wall == 0 ? "-" : who_time(&cli->op, wall));
}

static void
scrub_row(struct cli *cli, struct table *table, const struct state *state)
{
	const struct scrub_state *scrub = &state->scrub;

	table_add(table, PAINT_BOLD, "scrub");
	if (!scrub->going || scrub->site >= scrub->n)
		table_add(table, PAINT_DIM, "-");
	else
		table_add(table, PAINT_NONE, "%s%s, %s",
		    state->scrub_running ? "" : "interrupted: ",
		    scrub->deep ? "deep" : "not deep",
		    state->sites[scrub->site].name);
	time_add(cli, table, scrub_oldest(state));
	table_add(table, PAINT_NONE, "-");
	table_add(table, PAINT_NONE, "-");
}

static void
work_row(struct cli *cli, struct table *table, const struct state *state,
    enum upkeep_work work, const char *tenant)
{
	const struct upkeep_one *one = &state->upkeep[work];
	char waits[OUTPUT_TEXT_SIZE], freed[OUTPUT_TEXT_SIZE] = "-";

	waits_text(work, state->waits[work], waits);
	if (one->freed > 0)
		output_bytes(freed, one->freed);
	table_add(table, PAINT_BOLD, "%s", upkeep_name(work));
	if (one->running == 0)
		table_add(table, PAINT_DIM, "-");
	else if (one->running == 1)
		table_add(table, PAINT_NONE, "%s", tenant);
	else
		table_add(table, PAINT_NONE, "%u tenants", one->running);
	time_add(cli, table, one->ended);
	table_add(table, PAINT_NONE, "%s", waits);
	table_add(table, PAINT_NONE, "%s", freed);
}

void
upkeep_rows_print(struct cli *cli, const struct state *state,
    const char *(*name_of)(const void *arg, uint64_t id), const void *arg)
{
	static const char *const titles[] = {
	    "UPKEEP", "NOW", "LAST END", ">WAITING", ">FREED"};
	struct table table;
	unsigned work;

	table_init(&table, cli, titles, ARRAY_LEN(titles));
	for (work = 0; cli->served && work < UPKEEP_WORKS; work++)
		work_row(cli, &table, state, (enum upkeep_work)work,
		    name_of(arg, state->upkeep[work].tenant));
	scrub_row(cli, &table, state);
	cli_print(cli, "\n");
	table_print(&table);
	for (work = 0; work < UPKEEP_WORKS; work++)
		if (state->upkeep[work].failed > 0)
			cli_print(cli,
			    "%s%s failed %" PRIu64
			    " time%s since the start: the log says why%s\n",
			    paint_begin(cli, PAINT_WARN),
			    upkeep_name((enum upkeep_work)work),
			    state->upkeep[work].failed,
			    output_plural(state->upkeep[work].failed),
			    paint_end(cli, PAINT_WARN));
}

/* ISO 8601, or null. */
static json_t *
time_json(int64_t wall)
{
	char text[CLOCK_TEXT_SIZE];

	if (wall == 0)
		return json_null();
	clock_text(text, wall);
	return json_string(text);
}

json_t *
upkeep_rows_json(const struct state *state)
{
	json_t *rows = json_object();
	unsigned work;

	for (work = 0; work < UPKEEP_WORKS; work++) {
		const struct upkeep_one *one = &state->upkeep[work];

		(void)json_object_set_new(rows,
		    upkeep_name((enum upkeep_work)work),
		    json_pack("{s:i, s:o, s:I, s:I, s:I, s:I}", "running",
			(int)one->running, "last_end", time_json(one->ended),
			"times", (json_int_t)one->times, "failed",
			(json_int_t)one->failed, "waiting",
			(json_int_t)state->waits[work], "freed_bytes",
			(json_int_t)one->freed));
	}
	return rows;
}

json_t *
scrub_rows_json(struct cli *cli, const struct state *state)
{
	const struct scrub_state *scrub = &state->scrub;
	json_t *sites = json_array();
	size_t i;

	for (i = 0; i < scrub->n; i++) {
		const struct scrub_site *site = &scrub->sites[i];

		(void)json_array_append_new(
		    sites, json_pack("{s:s, s:o, s:o, s:I, s:I}", "site",
			       state->sites[i].name, "last_end",
			       time_json(site->ended), "last_deep_end",
			       time_json(site->ended_deep), "found",
			       (json_int_t)site->found, "left",
			       (json_int_t)site->left));
	}
	return json_pack("{s:b, s:b, s:b, s:I, s:o}", "going", scrub->going,
	    "running", state->scrub_running, "deep", scrub->deep, "rate",
	    (json_int_t)scrub_rate(cli->service->scrub), "sites", sites);
}
