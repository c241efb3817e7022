/* cmd_member.c - dozo member add, password, suspend, list, app-password,
 * sign-in-link. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/who.h"
#include "core/access.h"
#include "core/member.h"
#include "core/session.h"
#include "door/session.h"

/* What the commands below have alike: the tenant, who acts, whom it is about.
 */
struct about {
	struct cli *cli;
	struct tenant *tenant;
	struct span login;
	char password[CLI_LINE_SIZE];
	bool generated;
};

static enum rc
about_open(struct about *about, struct cli *cli)
{
	memset(about, 0, sizeof(*about));
	about->cli = cli;
	TRY(who_tenant(cli, &about->tenant));
	if (cli->n_args > 2)
		return who_login(
		    &cli->op, cli->args[2], cli->args[1], &about->login);
	return RC_OK;
}

static void
about_close(struct about *about)
{
	mem_wipe(about->password, sizeof(about->password));
	tenant_put(about->tenant);
}

static void
password_take(struct about *about)
{
	const char *given = cli_password(about->cli);

	about->generated = given == NULL;
	if (given != NULL)
		memcpy(about->password, given, strlen(given) + 1);
	else
		password_generate(about->password);
}

/* The member's id; whether it may be touched is asked where it is. */
static enum rc
member_id(struct about *about, int64_t *ret_id)
{
	CLEANUP(member_row_wipe) struct member_row row = {0};
	struct op *op = &about->cli->op;
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, about->tenant, &reader));
	rc = access_manage(op, &reader->meta, &op->actor);
	if (rc == RC_OK)
		rc = member_find(op, &reader->meta, about->login, &row);
	tenant_reader_put(about->tenant, reader);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		FAIL(op, RC_NOT_FOUND,
		    "there is no member %.*s in %s (dozo member list names "
		    "them)",
		    (int)about->login.size, (const char *)about->login.data,
		    about->cli->args[1]);
	}
	TRY(rc);
	*ret_id = row.id;
	return RC_OK;
}

static enum cli_exit
password_print(const struct about *about, const char *done)
{
	struct cli *cli = about->cli;

	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s, s:s%, s:s*}", "tenant", cli->args[1],
			     "user", (const char *)about->login.data,
			     about->login.size, "password",
			     about->generated ? about->password : NULL));
	cli_print(cli, "%s: %.*s@%s\n", done, (int)about->login.size,
	    (const char *)about->login.data, cli->args[1]);
	if (about->generated)
		cli_print(cli, "  password  %s     (shown this once)\n",
		    about->password);
	return CLI_OK;
}

/* Runs one command between opening and closing. */
static enum cli_exit
about_run(
    struct cli *cli, enum rc (*act)(struct about *about), const char *done)
{
	struct about about;
	enum rc rc = about_open(&about, cli);
	enum cli_exit end;

	if (rc == RC_OK)
		rc = act(&about);
	end = rc == RC_OK ? password_print(&about, done) : cli_end(cli, rc);
	about_close(&about);
	return end;
}

static enum rc
add_act(struct about *about)
{
	struct member_new member = {
	    .login = about->login,
	    .role = cli_has(about->cli, "admin") ? MEMBER_ADMINISTRATOR
						 : MEMBER_ORDINARY,
	};
	int64_t id;

	password_take(about);
	member.password = span_str(about->password);
	return member_add(&about->cli->op, about->tenant, &member, &id);
}

enum cli_exit
cmd_member_add(struct cli *cli)
{
	return about_run(cli, add_act, "A new member");
}

static enum rc
password_act(struct about *about)
{
	int64_t id;

	TRY(member_id(about, &id));
	password_take(about);
	return member_set_password(
	    &about->cli->op, about->tenant, id, span_str(about->password));
}

enum cli_exit
cmd_member_password(struct cli *cli)
{
	return about_run(cli, password_act, "A new password");
}

static enum rc
suspend_act(struct about *about)
{
	bool lift = cli_has(about->cli, "lift");
	int64_t id;

	TRY(member_id(about, &id));
	return member_set_status(&about->cli->op, about->tenant, id,
	    lift ? MEMBER_ACTIVE : MEMBER_SUSPENDED);
}

enum cli_exit
cmd_member_suspend(struct cli *cli)
{
	return about_run(cli, suspend_act,
	    cli_has(cli, "lift") ? "May sign in again" : "Suspended");
}

/* ---- list ---- */

struct list {
	struct cli *cli;
	struct table table;
	json_t *rows;
};

static enum rc
list_one(void *arg, struct op *op, const struct member_row *member)
{
	struct list *list = arg;
	bool admin = member->role == MEMBER_ADMINISTRATOR;
	bool active = member->status == MEMBER_ACTIVE;
	const char *first = who_time(op, member->first_signed_in_at);

	if (list->rows != NULL) {
		(void)json_array_append_new(list->rows,
		    json_pack("{s:s%, s:I, s:s, s:s, s:s, s:s}", "user",
			(const char *)member->name.data, member->name.size,
			"id", (json_int_t)member->id, "role",
			admin ? "administrator" : "member", "status",
			active ? "active" : "suspended", "created",
			who_time(op, member->created_at), "first_signed_in",
			first));
		return RC_OK;
	}
	table_add(&list->table, PAINT_BOLD, "%.*s", (int)member->name.size,
	    (const char *)member->name.data);
	table_add(
	    &list->table, PAINT_NONE, "%s", admin ? "administrator" : "member");
	table_add(&list->table, active ? PAINT_GOOD : PAINT_WARN, "%s",
	    active ? "active" : "suspended");
	table_add(&list->table, PAINT_NONE, "%.10s",
	    who_time(op, member->created_at));
	table_add(&list->table, PAINT_NONE, "%.10s",
	    *first != '\0' ? first : "never");
	return RC_OK;
}

static enum rc
list_run(struct about *about, struct list *list)
{
	struct op *op = &about->cli->op;
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, about->tenant, &reader));
	rc = member_list(op, &reader->meta, list_one, list);
	tenant_reader_put(about->tenant, reader);
	return rc;
}

enum cli_exit
cmd_member_list(struct cli *cli)
{
	static const char *const titles[] = {
	    "USER", "ROLE", "STATUS", "SINCE (UTC)", "FIRST SIGNED IN"};
	struct list list = {
	    .cli = cli, .rows = cli->json ? json_array() : NULL};
	struct about about;
	enum rc rc = about_open(&about, cli);

	table_init(&list.table, cli, titles, ARRAY_LEN(titles));
	if (rc == RC_OK)
		rc = list_run(&about, &list);
	about_close(&about);
	if (rc != RC_OK) {
		json_decref(list.rows);
		return cli_end(cli, rc);
	}
	if (cli->json)
		return cli_print_json(cli, list.rows);
	table_print(&list.table);
	return CLI_OK;
}

/* ---- app passwords ---- */

static enum rc
app_list_one(void *arg, struct op *op, const struct app_password *password)
{
	struct list *list = arg;
	const char *made = who_time(op, password->created_at);
	const char *used = who_time(op, password->last_used * CLOCK_DAY);

	if (list->rows != NULL) {
		(void)json_array_append_new(
		    list->rows, json_pack("{s:I, s:s%, s:s, s:s}", "id",
				    (json_int_t)password->id, "label",
				    (const char *)password->label.data,
				    password->label.size, "created", made,
				    "last_used", used));
		return RC_OK;
	}
	table_add(&list->table, PAINT_NONE, "%" PRId64, password->id);
	table_add(&list->table, PAINT_NONE, "%.10s", made);
	table_add(
	    &list->table, PAINT_NONE, "%.10s", *used != '\0' ? used : "never");
	table_add(&list->table, PAINT_NONE, "%.*s", (int)password->label.size,
	    (const char *)password->label.data);
	return RC_OK;
}

static enum cli_exit
app_list(struct about *about, int64_t member)
{
	static const char *const titles[] = {
	    ">ID", "SINCE (UTC)", "LAST USED", "LABEL"};
	struct cli *cli = about->cli;
	struct list list = {
	    .cli = cli, .rows = cli->json ? json_array() : NULL};
	struct reader *reader;
	enum rc rc = tenant_reader(&cli->op, about->tenant, &reader);

	table_init(&list.table, cli, titles, ARRAY_LEN(titles));
	if (rc == RC_OK) {
		rc = member_app_password_list(
		    &cli->op, &reader->meta, member, app_list_one, &list);
		tenant_reader_put(about->tenant, reader);
	}
	if (rc != RC_OK) {
		json_decref(list.rows);
		return cli_end(cli, rc);
	}
	if (cli->json)
		return cli_print_json(cli, list.rows);
	table_print(&list.table);
	return CLI_OK;
}

static enum cli_exit
app_revoke(struct about *about, int64_t member, const char *text)
{
	struct cli *cli = about->cli;
	uint64_t id;
	enum rc rc;

	if (!str_to_u64(text, 1, INT64_MAX, &id))
		return cli_misused(
		    cli, "--revoke needs an id, not \"%s\"", text);
	rc = member_app_password_revoke(
	    &cli->op, about->tenant, member, (int64_t)id);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(&cli->op);
		rc = op_fail(&cli->op, RC_NOT_FOUND,
		    "there is no app password %s (--list shows them)", text);
	}
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:I}", "revoked", (json_int_t)id));
	cli_print(cli, "Revoked: %s\n", text);
	return CLI_OK;
}

static enum cli_exit
app_add(struct about *about, int64_t member)
{
	struct cli *cli = about->cli;
	const char *label = cli_value(cli, "label");
	char token[PASSWORD_TOKEN_SIZE];
	enum cli_exit end = CLI_OK;
	int64_t id;
	enum rc rc;

	rc = member_app_password_add(&cli->op, about->tenant, member,
	    span_str(label != NULL ? label : ""), token, &id);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		end =
		    cli_print_json(cli, json_pack("{s:I, s:s}", "id",
					    (json_int_t)id, "password", token));
	else
		cli_print(cli,
		    "An app password for %.*s@%s, number %" PRId64
		    " (shown this once):\n  %s\n",
		    (int)about->login.size, (const char *)about->login.data,
		    cli->args[1], id, token);
	mem_wipe(token, sizeof(token));
	return end;
}

enum cli_exit
cmd_member_app_password(struct cli *cli)
{
	const char *revoke = cli_value(cli, "revoke");
	struct about about;
	enum cli_exit end;
	int64_t member;
	enum rc rc;

	if (revoke != NULL && cli_has(cli, "list"))
		return cli_misused(
		    cli, "--list and --revoke exclude each other");
	rc = about_open(&about, cli);
	if (rc == RC_OK)
		rc = member_id(&about, &member);
	if (rc != RC_OK)
		end = cli_end(cli, rc);
	else if (revoke != NULL)
		end = app_revoke(&about, member, revoke);
	else
		end = cli_has(cli, "list") ? app_list(&about, member)
					   : app_add(&about, member);
	about_close(&about);
	return end;
}

/* ---- links that sign in once ---- */

static enum cli_exit
link_print(struct cli *cli, const char *token)
{
	const char *base = cli_value(cli, "url");
	char *url;

	if (base == NULL)
		base = "https://localhost:8443";
	if (op_format(&cli->op, &url, "%s/#sign-in=%s", base, token) != RC_OK)
		return cli_end(cli, RC_NO_MEMORY);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s, s:s}", "url", url, "token", token));
	cli_print(cli,
	    "Open this within %d minutes; it signs in once, as %s@%s:\n  %s\n",
	    (int)(SESSION_LINK_TIME / (60 * CLOCK_S)), cli->args[2],
	    cli->args[1], url);
	return CLI_OK;
}

enum cli_exit
cmd_member_sign_in_link(struct cli *cli)
{
	char token[PASSWORD_TOKEN_SIZE], text[DOOR_TOKEN_SIZE];
	enum cli_exit end;
	struct about about;
	int64_t member;
	enum rc rc;

	rc = about_open(&about, cli);
	if (rc == RC_OK)
		rc = member_id(&about, &member);
	if (rc == RC_OK)
		rc = session_link(&cli->op, about.tenant, member, token);
	if (rc == RC_OK) {
		door_token_text(about.tenant->id, token, text);
		end = link_print(cli, text);
		mem_wipe(text, sizeof(text));
	} else {
		end = cli_end(cli, rc);
	}
	mem_wipe(token, sizeof(token));
	about_close(&about);
	return end;
}
