/* cmd_check.c - dozo check: whether every site has everything, undamaged. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/check.h"

enum { PROBLEMS_SHOWN = 1000 };

struct checking {
	struct cli *cli;
	struct check_job job;
	const char *only; /* NULL: all tenants */
	bool only_found;
	uint64_t tenant; /* being looked at */
	char name[40];
	struct site_set missed;
	uint64_t missing, damaged, repaired, problems;
	struct table table;
	json_t *rows;
	json_t *texts;
};

static void
problem(void *arg, size_t site, const char *text)
{
	struct checking *c = arg;
	const char *site_name =
	    c->cli->service->config.sites->slots[site].site->name;

	if (c->problems++ >= PROBLEMS_SHOWN)
		return;
	if (c->texts != NULL)
		(void)json_array_append_new(
		    c->texts, json_pack("{s:s, s:s, s:s}", "site", site_name,
				  "tenant", c->name, "problem", text));
	else
		cli_print(c->cli, "%s%s, %s: %s%s\n",
		    paint_begin(c->cli, PAINT_BAD), site_name, c->name, text,
		    paint_end(c->cli, PAINT_BAD));
}

static enum rc
step(void *arg, struct op *op, uint64_t bytes)
{
	const struct checking *c = arg;

	(void)bytes;
	if (c->cli->stop != NULL && atomic_load(c->cli->stop))
		FAIL(op, RC_TIMEOUT, "the check was stopped");
	return RC_OK;
}

static void
site_row(
    struct checking *c, const char *site_name, const struct check_site *site)
{
	char numbers[OUTPUT_TEXT_SIZE], data[OUTPUT_TEXT_SIZE],
	    bytes[OUTPUT_TEXT_SIZE];
	bool well =
	    site->looked && site->missing + site->damaged + site->strange == 0;

	if (c->rows != NULL) {
		(void)json_array_append_new(c->rows,
		    json_pack(
			"{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			"s:I}",
			"tenant", c->name, "site", site_name, "looked",
			site->looked, "numbers", (json_int_t)site->numbers,
			"data", (json_int_t)site->data, "bytes",
			(json_int_t)site->bytes, "contents",
			(json_int_t)site->contents, "missing",
			(json_int_t)site->missing, "damaged",
			(json_int_t)site->damaged, "strange",
			(json_int_t)site->strange, "repaired",
			(json_int_t)site->repaired));
		return;
	}
	output_count(numbers, site->numbers);
	output_count(data, site->data);
	output_bytes(bytes, site->bytes);
	table_add(&c->table, PAINT_BOLD, "%s", c->name);
	table_add(&c->table, PAINT_NONE, "%s", site_name);
	table_add(&c->table, PAINT_NONE, "%s", numbers);
	table_add(&c->table, PAINT_NONE, "%s", data);
	table_add(&c->table, PAINT_NONE, "%s", bytes);
	table_add(&c->table, PAINT_NONE, "%" PRIu64, site->contents);
	table_add(&c->table, site->missing > 0 ? PAINT_WARN : PAINT_NONE,
	    "%" PRIu64, site->missing);
	table_add(&c->table,
	    site->damaged + site->strange > 0 ? PAINT_BAD : PAINT_NONE,
	    "%" PRIu64, site->damaged + site->strange);
	if (c->job.repair)
		table_add(&c->table, PAINT_NONE, "%" PRIu64, site->repaired);
	table_add(&c->table, well ? PAINT_GOOD : PAINT_BAD, "%s",
	    well            ? "ok"
	    : !site->looked ? "not there"
			    : "not ok");
}

static enum rc
tenant_run(struct checking *c, struct tenant *t)
{
	const struct sites *sites = c->cli->service->config.sites;
	struct check_report report;
	size_t i;

	TRY(check_tenant(&c->cli->op, t, &c->job, &report));
	for (i = 0; i < sites->n; i++) {
		const struct check_site *site = &report.sites[i];

		if (!service_has_site(c->cli->service, i))
			continue;
		c->missing += site->missing + !site->looked;
		c->damaged += site->damaged + site->strange;
		c->repaired += site->repaired;
		site_row(c, sites->slots[i].site->name, site);
	}
	return RC_OK;
}

/* What a tenant's log is worth cannot be told where it cannot be opened. */
static void
tenant_refused(struct checking *c, enum rc rc)
{
	if (c->texts != NULL)
		(void)json_array_append_new(
		    c->texts, json_pack("{s:s, s:s}", "tenant", c->name,
				  "problem", op_error(&c->cli->op, rc)));
	else
		cli_print(c->cli, "%s%s: %s%s\n",
		    paint_begin(c->cli, PAINT_BAD), c->name,
		    op_error(&c->cli->op, rc), paint_end(c->cli, PAINT_BAD));
	op_clear_error(&c->cli->op);
	c->damaged++;
}

static enum rc
tenant_one(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct checking *c = arg;
	struct tenant *t;
	enum rc rc;

	if (c->only != NULL && strcmp(c->only, info->name) != 0)
		return RC_OK;
	c->only_found = true;
	(void)snprintf(c->name, sizeof(c->name), "%s", info->name);
	rc = service_tenant(op, c->cli->service, info->id, &t);
	if (rc != RC_OK) {
		tenant_refused(c, rc);
		return RC_OK;
	}
	rc = tenant_run(c, t);
	tenant_put(t);
	return rc;
}

static enum rc
all_run(struct checking *c)
{
	struct op *op = &c->cli->op;

	if (c->only == NULL) {
		(void)snprintf(c->name, sizeof(c->name), "(provider)");
		TRY(tenant_run(c, c->cli->service->provider));
	}
	TRY(service_tenants(op, c->cli->service, tenant_one, c));
	if (c->only != NULL && !c->only_found)
		FAIL(op, RC_NOT_FOUND,
		    "there is no tenant %s (dozo tenant list names them)",
		    c->only);
	return RC_OK;
}

static enum cli_exit
result_print(struct checking *c)
{
	struct cli *cli = c->cli;
	enum cli_exit end = c->damaged > 0   ? CLI_FAILED
			    : c->missing > 0 ? CLI_INCOMPLETE
					     : CLI_OK;

	if (cli->json) {
		enum cli_exit printed = cli_print_json(
		    cli, json_pack("{s:b, s:b, s:O, s:O}", "ok", end == CLI_OK,
			     "read_data", c->job.depth == CHECK_OPEN, "sites",
			     c->rows, "problems", c->texts));

		return printed != CLI_OK ? printed : end;
	}
	if (c->problems > PROBLEMS_SHOWN)
		cli_print(cli, "... and %" PRIu64 " more\n",
		    c->problems - PROBLEMS_SHOWN);
	table_print(&c->table);
	cli_print(cli, "%s\n",
	    end == CLI_OK ? "Everything is there and undamaged."
	    : c->damaged + c->missing == c->repaired
		? "What was wrong is repaired."
	    : end == CLI_INCOMPLETE ? "Something is missing."
				    : "Something is damaged.");
	return end;
}

enum cli_exit
cmd_check(struct cli *cli)
{
	static const char *const titles[] = {"TENANT", "SITE", ">NUMBERS",
	    ">DATA", ">BYTES", ">OPENED", ">MISSING", ">DAMAGED", "RESULT"};
	static const char *const repair_titles[] = {"TENANT", "SITE",
	    ">NUMBERS", ">DATA", ">BYTES", ">OPENED", ">MISSING", ">DAMAGED",
	    ">REPAIRED", "RESULT"};
	struct checking c = {
	    .cli = cli,
	    .only = cli_value(cli, "tenant"),
	    .rows = cli->json ? json_array() : NULL,
	    .texts = cli->json ? json_array() : NULL,
	};
	enum cli_exit end;
	enum rc rc;

	c.job = (struct check_job){
	    .depth = cli_has(cli, "read-data") ? CHECK_OPEN : CHECK_BYTES,
	    .repair = cli_has(cli, "repair"),
	    .missed = &c.missed,
	    .problem = problem,
	    .step = step,
	    .arg = &c,
	};
	if (c.job.repair)
		table_init(
		    &c.table, cli, repair_titles, ARRAY_LEN(repair_titles));
	else
		table_init(&c.table, cli, titles, ARRAY_LEN(titles));
	rc = all_run(&c);
	end = rc == RC_OK ? result_print(&c) : cli_end(cli, rc);
	json_decref(c.rows);
	json_decref(c.texts);
	return end;
}
