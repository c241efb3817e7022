/* cmd_scrub.c - dozo scrub. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/scrub.h"

struct scrubbing {
	struct cli *cli;
	struct scrub *scrub;
	struct scrub_state state;
	bool over;
	json_t *texts;
};

static const char *
site_name(const struct cli *cli, size_t i)
{
	return cli->service->config.sites->slots[i].site->name;
}

/* ---- beginning ---- */

static enum rc
site_choose(struct op *op, const struct cli *cli, const char *name,
    struct site_set *sites)
{
	size_t i;

	for (i = 0; i < cli->service->config.sites->n; i++)
		if (strcmp(site_name(cli, i), name) == 0) {
			*sites = site_set_with(*sites, i);
			return RC_OK;
		}
	FAIL(op, RC_NOT_FOUND,
	    "there is no site %s (dozo site list names them)", name);
}

static enum rc
begin(struct cli *cli, struct scrub *scrub)
{
	struct site_set sites = {0};
	const char *name;
	size_t i;

	for (i = 0; (name = cli_value_at(cli, "site", i)) != NULL; i++)
		TRY(site_choose(&cli->op, cli, name, &sites));
	if (!cli_has(cli, "site"))
		for (i = 0; i < cli->service->config.sites->n; i++)
			sites = site_set_with(sites, i);
	TRY(scrub_begin(
	    &cli->op, scrub, cli_has(cli, "deep"), sites, &cli->follow));
	if (cli->json)
		return RC_OK;
	if (cli->served)
		cli_note(cli,
		    "The scrub runs in the server. Ctrl-C ends only this "
		    "command; dozo scrub %s --stop ends the scrub.\n",
		    cli->args[0]);
	else
		cli_note(cli,
		    "Ctrl-C interrupts the scrub: the next dozo scrub, or dozo "
		    "serve, goes on where it was.\n");
	return RC_OK;
}

/* ---- its end ---- */

struct name_search {
	uint64_t id;
	char name[40];
};

static enum rc
name_compare(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct name_search *search = arg;

	(void)op;
	if (info->id == search->id)
		(void)snprintf(
		    search->name, sizeof(search->name), "%s", info->name);
	return RC_OK;
}

/* The tenant's name, as far as it can be found. */
static void
name_find(struct op *op, const struct cli *cli, struct name_search *search)
{
	(void)snprintf(search->name, sizeof(search->name), "%s",
	    search->id == TENANT_PROVIDER ? "(provider)" : "?");
	if (service_tenants(op, cli->service, name_compare, search) != RC_OK)
		op_clear_error(op);
}

static void
progress_note(struct scrubbing *s)
{
	uint64_t bytes = 0, found = 0;
	struct name_search search = {.id = s->state.tenant};
	char size[OUTPUT_TEXT_SIZE], rate[OUTPUT_TEXT_SIZE];
	size_t i;

	for (i = 0; i < s->state.n; i++) {
		const struct check_site *sum = &s->state.sites[i].sum;

		if (!s->state.sites[i].chosen)
			continue;
		bytes += sum->bytes;
		found += sum->missing + sum->damaged + sum->strange;
	}
	name_find(&s->cli->op, s->cli, &search);
	output_bytes(size, bytes);
	output_bytes(rate, scrub_rate(s->scrub));
	(void)snprintf(s->cli->progress, sizeof(s->cli->progress),
	    "%s, %s: %s read at up to %s/s, %" PRIu64 " wrong", search.name,
	    s->state.site < s->state.n ? site_name(s->cli, s->state.site) : "-",
	    size, rate, found);
}

static enum rc
problem_print(
    void *arg, struct op *op, size_t site, uint64_t tenant, const char *text)
{
	struct scrubbing *s = arg;
	struct name_search search = {.id = tenant};

	name_find(op, s->cli, &search);
	if (s->texts != NULL)
		(void)json_array_append_new(
		    s->texts, json_pack("{s:s, s:s, s:s}", "site",
				  site_name(s->cli, site), "tenant",
				  search.name, "problem", text));
	else
		cli_print(s->cli, "%s%s, %s: %s%s\n",
		    paint_begin(s->cli, PAINT_BAD), site_name(s->cli, site),
		    search.name, text, paint_end(s->cli, PAINT_BAD));
	return RC_OK;
}

static uint64_t
found_of(const struct scrub_site *site)
{
	return site->sum.missing + site->sum.damaged + site->sum.strange;
}

static json_t *
row_json(const struct scrubbing *s, size_t i)
{
	const struct scrub_site *site = &s->state.sites[i];
	const struct check_site *sum = &site->sum;

	return json_pack(
	    "{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "site",
	    site_name(s->cli, i), "complete", s->over && site->absent == 0,
	    "numbers", (json_int_t)sum->numbers, "data", (json_int_t)sum->data,
	    "bytes", (json_int_t)sum->bytes, "contents",
	    (json_int_t)sum->contents, "missing", (json_int_t)sum->missing,
	    "damaged", (json_int_t)sum->damaged, "strange",
	    (json_int_t)sum->strange, "repaired", (json_int_t)sum->repaired,
	    "absent", (json_int_t)site->absent);
}

static void
row_print(const struct scrubbing *s, struct table *table, size_t i)
{
	const struct scrub_site *site = &s->state.sites[i];
	const struct check_site *sum = &site->sum;
	bool complete = s->over && site->absent == 0;
	char numbers[OUTPUT_TEXT_SIZE], data[OUTPUT_TEXT_SIZE],
	    bytes[OUTPUT_TEXT_SIZE];
	bool well = complete && found_of(site) == 0;

	output_count(numbers, sum->numbers);
	output_count(data, sum->data);
	output_bytes(bytes, sum->bytes);
	table_add(table, PAINT_BOLD, "%s", site_name(s->cli, i));
	table_add(table, PAINT_NONE, "%s", numbers);
	table_add(table, PAINT_NONE, "%s", data);
	table_add(table, PAINT_NONE, "%s", bytes);
	table_add(table, PAINT_NONE, "%" PRIu64, sum->contents);
	table_add(table, sum->missing > 0 ? PAINT_WARN : PAINT_NONE, "%" PRIu64,
	    sum->missing);
	table_add(table,
	    sum->damaged + sum->strange > 0 ? PAINT_BAD : PAINT_NONE,
	    "%" PRIu64, sum->damaged + sum->strange);
	table_add(table, PAINT_NONE, "%" PRIu64, sum->repaired);
	table_add(table, well ? PAINT_GOOD : PAINT_BAD, "%s",
	    well        ? "ok"
	    : !complete ? "not complete"
			: "not ok");
}

static void
rows_print(const struct scrubbing *s)
{
	static const char *const titles[] = {"SITE", ">NUMBERS", ">DATA",
	    ">BYTES", ">OPENED", ">MISSING", ">DAMAGED", ">REPAIRED", "RESULT"};
	struct table table;
	size_t i;

	table_init(&table, s->cli, titles, ARRAY_LEN(titles));
	for (i = 0; i < s->state.n; i++)
		if (s->state.sites[i].chosen)
			row_print(s, &table, i);
	table_print(&table);
}

static enum cli_exit
summary_json(struct scrubbing *s, enum cli_exit end)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < s->state.n; i++)
		if (s->state.sites[i].chosen)
			(void)json_array_append_new(rows, row_json(s, i));
	return cli_print_json(
	    s->cli, json_pack("{s:b, s:b, s:b, s:o, s:O}", "ok", end == CLI_OK,
			"deep", s->state.deep, "over", s->over, "sites", rows,
			"problems", s->texts));
}

static const char *
end_text(const struct scrubbing *s, enum cli_exit end, uint64_t left)
{
	if (!s->over)
		return "It was stopped.";
	if (end == CLI_INCOMPLETE)
		return "Not everything could be looked at: a site or a tenant "
		       "was not there.";
	if (end == CLI_OK)
		return "Everything is there and undamaged.";
	return left == 0 ? "What was wrong is repaired."
			 : "Something is damaged or missing, and not yet "
			   "repaired.";
}

static enum cli_exit
summary(struct scrubbing *s)
{
	uint64_t found = 0, left = 0, absent = 0;
	enum cli_exit end, printed = CLI_OK;
	enum rc rc;
	size_t i;

	for (i = 0; i < s->state.n; i++) {
		const struct scrub_site *site = &s->state.sites[i];

		if (!site->chosen)
			continue;
		found += found_of(site);
		left += found_of(site) - site->sum.repaired;
		absent += site->absent;
	}
	end = found > 0                ? CLI_FAILED
	      : absent > 0 || !s->over ? CLI_INCOMPLETE
				       : CLI_OK;
	rc = scrub_problems(&s->cli->op, s->scrub, problem_print, s);
	if (rc != RC_OK)
		return cli_end(s->cli, rc);
	if (s->cli->json) {
		printed = summary_json(s, end);
		return printed != CLI_OK ? printed : end;
	}
	rows_print(s);
	cli_print(s->cli, "%s\n", end_text(s, end, left));
	return end;
}

/* ---- the command ---- */

static enum cli_exit
stop(struct cli *cli)
{
	enum rc rc = scrub_stop(&cli->op, cli->service->scrub);

	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(cli, json_pack("{s:b}", "stopped", true));
	cli_print(cli, "The scrub was stopped.\n");
	return CLI_OK;
}

/* Waits a little; a command that was not served goes on until the end. */
static enum cli_exit
follow(struct scrubbing *s)
{
	struct cli *cli = s->cli;
	bool ended, running;

	do {
		ended =
		    scrub_await(s->scrub, cli->follow, clock_mono() + CLOCK_S);
		scrub_look(s->scrub, &s->state, &running);
		if (!ended) {
			progress_note(s);
			if (!cli->served)
				cli_progress_show(cli);
		}
	} while (!ended && !cli->served);
	if (!ended)
		return CLI_OK;
	s->over = s->state.run == cli->follow && s->state.whole;
	cli->follow = 0;
	cli->progress[0] = '\0';
	return summary(s);
}

enum cli_exit
cmd_scrub(struct cli *cli)
{
	CLEANUP(mem_free_ptr) struct scrubbing *s = NULL;
	enum cli_exit end;
	enum rc rc;

	if (cli_has(cli, "stop"))
		return stop(cli);
	s = mem_alloc(sizeof(*s));
	if (s == NULL)
		return CLI_FAILED;
	s->cli = cli;
	s->scrub = cli->service->scrub;
	if (cli->follow == 0) {
		rc = begin(cli, s->scrub);
		if (rc != RC_OK)
			return cli_end(cli, rc);
	}
	s->texts = cli->json ? json_array() : NULL;
	end = follow(s);
	json_decref(s->texts);
	return end;
}
