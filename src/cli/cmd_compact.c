/* cmd_compact.c - dozo compact. */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "core/upkeep.h"

struct compacting {
	struct cli *cli;
	const char *only;
	bool only_found;
	struct table table;
	json_t *rows;
};

static void
row_add(
    struct compacting *c, const char *name, const struct compact_result *result)
{
	char bytes[OUTPUT_TEXT_SIZE], live[OUTPUT_TEXT_SIZE];

	if (c->rows != NULL) {
		(void)json_array_append_new(
		    c->rows, json_pack("{s:s, s:I, s:I, s:I}", "tenant", name,
				 "segments", (json_int_t)result->segments,
				 "bytes", (json_int_t)result->bytes, "live",
				 (json_int_t)result->copied));
		return;
	}
	output_bytes(bytes, result->bytes);
	output_bytes(live, result->copied);
	table_add(&c->table, PAINT_BOLD, "%s", name);
	table_add(&c->table, PAINT_NONE, "%" PRIu64, result->segments);
	table_add(&c->table, PAINT_NONE, "%s", bytes);
	table_add(&c->table, PAINT_NONE, "%s", live);
}

static enum rc
tenant_one(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct compacting *c = arg;
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct compact_result result;

	if (c->only != NULL && strcmp(c->only, info->name) != 0)
		return RC_OK;
	c->only_found = true;
	TRY(service_tenant(op, c->cli->service, info->id, &t));
	TRY(upkeep_compact(op, t, &result));
	row_add(c, info->name, &result);
	return RC_OK;
}

static enum rc
all_run(struct compacting *c)
{
	struct op *op = &c->cli->op;

	TRY(service_tenants(op, c->cli->service, tenant_one, c));
	if (c->only != NULL && !c->only_found)
		FAIL(op, RC_NOT_FOUND, "there is no tenant %s", c->only);
	return RC_OK;
}

enum cli_exit
cmd_compact(struct cli *cli)
{
	static const char *const titles[] = {
	    "TENANT", ">REWRITTEN", ">BYTES", ">STILL LIVE"};
	struct compacting c = {
	    .cli = cli,
	    .only = cli_value(cli, "tenant"),
	    .rows = cli->json ? json_array() : NULL,
	};
	enum rc rc;

	table_init(&c.table, cli, titles, ARRAY_LEN(titles));
	rc = all_run(&c);
	if (rc != RC_OK) {
		json_decref(c.rows);
		return cli_end(cli, rc);
	}
	if (cli->json)
		return cli_print_json(cli, c.rows);
	table_print(&c.table);
	return CLI_OK;
}
