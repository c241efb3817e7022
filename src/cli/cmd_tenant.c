/* cmd_tenant.c - dozo tenant add, list. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/who.h"
#include "core/member.h"

struct add {
	const char *name;
	const char *admin; /* NULL: none */
	const char *lang;
	const char *password;
	char generated[PASSWORD_TOKEN_SIZE]; /* "" where the password was given
					      */
	uint64_t id;
	bool resumed;
};

/* The id of a tenant of this name. */
static enum rc
id_of(struct cli *cli, const char *name, uint64_t *ret_id)
{
	struct tenant *t;

	TRY(service_tenant_named(&cli->op, cli->service, name, &t));
	*ret_id = t->id;
	tenant_put(t);
	return RC_OK;
}

/* The tenant's first rows: spaces and administrator. RC_EXISTS where that was
 * done before. */
static enum rc
found(struct cli *cli, struct add *add)
{
	struct member_new admin = {.role = MEMBER_ADMINISTRATOR};
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;

	TRY(service_tenant(&cli->op, cli->service, add->id, &t));
	if (add->admin != NULL) {
		TRY(who_login(&cli->op, add->admin, add->name, &admin.login));
		admin.password = span_str(add->password);
	}
	return member_found(&cli->op, t,
	    strcmp(add->lang, "en") == 0 ? LANG_EN : LANG_JA,
	    add->admin != NULL ? &admin : NULL);
}

/*
 * L25: a crash may have come between the tenant and its first rows. Then the
 * name is there already, and the same command goes on.
 */
static enum rc
tenant_add(struct cli *cli, struct add *add)
{
	char why[OP_ERROR_SIZE];
	struct span login;
	enum rc rc;

	if (add->admin != NULL) {
		TRY(who_login(&cli->op, add->admin, add->name, &login));
		TRY(member_login_check(&cli->op, login));
	}
	rc = service_tenant_add(
	    &cli->op, cli->service, add->name, add->lang, &add->id);
	if (rc != RC_EXISTS) {
		TRY(rc);
		return found(cli, add);
	}
	memcpy(why, cli->op.error, sizeof(why));
	op_clear_error(&cli->op);
	TRY(id_of(cli, add->name, &add->id));
	rc = found(cli, add);
	if (rc == RC_EXISTS || rc == RC_DENIED) {
		op_clear_error(&cli->op);
		FAIL(&cli->op, RC_EXISTS, "%s", why);
	}
	return rc;
}

static enum cli_exit
added_print(struct cli *cli, const struct add *add)
{
	char id[20];

	(void)snprintf(id, sizeof(id), "%016" PRIx64, add->id);
	if (cli->json)
		return cli_print_json(cli,
		    json_pack("{s:s, s:s, s:s*, s:s*}", "tenant", add->name,
			"id", id, "admin", add->admin, "password",
			add->generated[0] != '\0' ? add->generated : NULL));
	cli_print(cli, "The tenant %s is there.\n", add->name);
	if (add->admin == NULL) {
		cli_print(cli,
		    "Its first administrator: dozo member add %s %s USER "
		    "--admin\n",
		    cli->args[0], add->name);
		return CLI_OK;
	}
	cli_print(cli, "  user      %s%s%s\n", add->admin,
	    strchr(add->admin, '@') != NULL ? "" : "@",
	    strchr(add->admin, '@') != NULL ? "" : add->name);
	if (add->generated[0] != '\0')
		cli_print(cli, "  password  %s     (shown this once)\n",
		    add->generated);
	return CLI_OK;
}

enum cli_exit
cmd_tenant_add(struct cli *cli)
{
	struct add add = {
	    .name = cli->args[1],
	    .admin = cli_value(cli, "admin"),
	    .lang = cli_value(cli, "lang"),
	    .password = cli_password(cli),
	};
	enum cli_exit end;
	enum rc rc;

	if (add.lang == NULL)
		add.lang = "ja";
	if (strcmp(add.lang, "ja") != 0 && strcmp(add.lang, "en") != 0)
		return cli_misused(cli, "--lang is ja or en");
	if (add.admin == NULL && add.password != NULL)
		return cli_misused(cli, "--password-stdin is for --admin");
	if (add.admin != NULL && add.password == NULL) {
		password_generate(add.generated);
		add.password = add.generated;
	}
	rc = tenant_add(cli, &add);
	end = rc == RC_OK ? added_print(cli, &add) : cli_end(cli, rc);
	mem_wipe(add.generated, sizeof(add.generated));
	return end;
}

/* ---- list ---- */

struct list {
	struct cli *cli;
	struct table table;
	json_t *rows;
};

static enum rc
list_one(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct list *list = arg;
	const char *made = who_time(op, info->created_at);
	char id[20];

	if (info->canary)
		return RC_OK;
	(void)snprintf(id, sizeof(id), "%016" PRIx64, info->id);
	if (list->rows != NULL) {
		(void)json_array_append_new(list->rows,
		    json_pack("{s:s, s:s, s:s, s:s}", "name", info->name, "id",
			id, "lang", info->lang, "created", made));
		return RC_OK;
	}
	table_add(&list->table, PAINT_BOLD, "%s", info->name);
	table_add(&list->table, PAINT_NONE, "%s", info->lang);
	table_add(&list->table, PAINT_NONE, "%.10s", made);
	table_add(&list->table, PAINT_DIM, "%s", id);
	return RC_OK;
}

enum cli_exit
cmd_tenant_list(struct cli *cli)
{
	static const char *const titles[] = {
	    "TENANT", "LANG", "SINCE (UTC)", "ID"};
	struct list list = {
	    .cli = cli, .rows = cli->json ? json_array() : NULL};
	enum rc rc;

	table_init(&list.table, cli, titles, ARRAY_LEN(titles));
	rc = service_tenants(&cli->op, cli->service, list_one, &list);
	if (rc != RC_OK) {
		json_decref(list.rows);
		return cli_end(cli, rc);
	}
	if (cli->json)
		return cli_print_json(cli, list.rows);
	table_print(&list.table);
	return CLI_OK;
}
