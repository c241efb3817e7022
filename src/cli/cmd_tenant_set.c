/* cmd_tenant_set.c - dozo tenant set, settings: what a tenant's administrators
 * decide. */
#include <inttypes.h>

#include "base/str.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/who.h"
#include "core/policy.h"

static enum rc
set_run(struct cli *cli, const struct policy *policy, int64_t value)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;

	TRY(who_tenant(cli, &t));
	return policy_set(&cli->op, t, policy, value);
}

enum cli_exit
cmd_tenant_set(struct cli *cli)
{
	const struct policy *policy = policy_find(cli->args[2]);
	uint64_t value;
	enum rc rc;

	if (policy == NULL)
		return cli_misused(cli,
		    "there is no setting \"%s\"; see dozo tenant settings",
		    cli->args[2]);
	if (!str_to_u64(cli->args[3], 0, INT64_MAX, &value))
		return cli_misused(
		    cli, "VALUE is a number, not \"%s\"", cli->args[3]);
	rc = set_run(cli, policy, (int64_t)value);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:I}", policy->name, (json_int_t)value));
	cli_print(cli, "%s is %" PRIu64 " for whatever comes from now on.\n",
	    policy->name, value);
	return CLI_OK;
}

static enum rc
values_read(
    struct cli *cli, const struct policy *list, size_t n, int64_t *ret_values)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct reader *reader;
	enum rc rc = RC_OK;
	size_t i;

	TRY(service_tenant_named(&cli->op, cli->service, cli->args[1], &t));
	TRY(tenant_reader(&cli->op, t, &reader));
	for (i = 0; i < n && rc == RC_OK; i++)
		rc = setting_get(
		    &cli->op, &reader->meta, list[i].setting, &ret_values[i]);
	tenant_reader_put(t, reader);
	return rc;
}

enum cli_exit
cmd_tenant_settings(struct cli *cli)
{
	static const char *const titles[] = {"KEY", ">VALUE", "WHAT"};
	size_t i, n;
	const struct policy *list = policy_list(&n);
	json_t *root = cli->json ? json_object() : NULL;
	struct table table;
	int64_t *values;
	enum rc rc;

	rc = op_alloc(&cli->op, n * sizeof(*values), &values);
	if (rc == RC_OK)
		rc = values_read(cli, list, n, values);
	if (rc != RC_OK) {
		json_decref(root);
		return cli_end(cli, rc);
	}
	table_init(&table, cli, titles, ARRAY_LEN(titles));
	for (i = 0; i < n; i++) {
		if (root != NULL)
			(void)json_object_set_new(root, list[i].name,
			    json_integer((json_int_t)values[i]));
		table_add(&table, PAINT_BOLD, "%s", list[i].name);
		table_add(&table, PAINT_NONE, "%" PRId64, values[i]);
		table_add(&table, PAINT_NONE, "%s", list[i].help);
	}
	if (root != NULL)
		return cli_print_json(cli, root);
	table_print(&table);
	return CLI_OK;
}
