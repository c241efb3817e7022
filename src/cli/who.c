/* who.c - the provider must not slip into a customer's data: who acts is asked
 * here, and core/ decides. */
#include "cli/who.h"

#include <string.h>

#include "core/member.h"
#include "core/notice.h"

enum rc
who_login(
    struct op *op, const char *text, const char *tenant, struct span *ret_login)
{
	const char *at = strrchr(text, '@');

	if (at != NULL && strcmp(at + 1, tenant) != 0)
		FAIL(
		    op, RC_INVALID, "%s is not of the tenant %s", text, tenant);
	*ret_login =
	    span_of(text, at != NULL ? (size_t)(at - text) : strlen(text));
	return RC_OK;
}

static enum rc
sign_in(struct cli *cli, struct tenant *t, struct span login)
{
	int64_t today = clock_wall() / CLOCK_DAY;
	struct member_sign_in found;
	struct reader *reader;
	enum rc rc;

	if (cli->n_lines < 1)
		FAIL(&cli->op, RC_INVALID,
		    "--as needs a password on standard input");
	TRY(tenant_reader(&cli->op, t, &reader));
	rc = member_sign_in(&cli->op, &reader->meta, login,
	    span_str(cli->lines[0]), today, &found);
	tenant_reader_put(t, reader);
	if (rc == RC_DENIED) {
		op_clear_error(&cli->op);
		FAIL(&cli->op, RC_DENIED,
		    "--as %s: no such name, a wrong password (it is the first "
		    "line of standard input), or suspended",
		    cli_value(cli, "as"));
	}
	TRY(rc);
	cli->op.actor = (struct actor){
	    .tenant = t->id,
	    .member = found.member,
	    .app_password = found.app_password,
	    .administrator = found.administrator,
	};
	if (!found.to_note || t->service->config.read_only)
		return RC_OK;
	return member_note_sign_in(&cli->op, t, &found, today);
}

/* ---- notices ---- */

static enum rc
count_notice(
    void *arg, struct op *op, const struct notice *notice, bool acknowledged)
{
	(void)op;
	(void)notice;
	*(size_t *)arg += !acknowledged;
	return RC_OK;
}

/* An administrator who acts is told of what there is to see, in one line. */
static enum rc
notices_tell(struct cli *cli, struct tenant *t)
{
	struct reader *reader;
	size_t n = 0;
	enum rc rc;

	if (!cli->op.actor.administrator ||
	    strncmp(cli->command->name, "notice ", strlen("notice ")) == 0)
		return RC_OK;
	TRY(tenant_reader(&cli->op, t, &reader));
	rc = notice_items(&cli->op, &reader->meta, false, count_notice, &n);
	tenant_reader_put(t, reader);
	TRY(rc);
	if (n > 0)
		cli_note(cli,
		    "notice: %zu to be acknowledged: dozo notice list %s %s "
		    "--as %s\n",
		    n, cli->args[0], cli->args[1], cli_value(cli, "as"));
	return RC_OK;
}

/* What the command is about to do, as it was given: "member password suzuki".
 */
static enum rc
break_glass(struct cli *cli, struct tenant *t)
{
	const char *about = cli->n_args > 2 ? cli->args[2] : NULL;
	char *command;

	TRY(op_format(&cli->op, &command, "%s%s%s", cli->command->name,
	    about != NULL ? " " : "", about != NULL ? about : ""));
	return notice_break_glass(&cli->op, t, span_str(command),
	    span_str(cli_value(cli, "break-glass")));
}

enum rc
who_tenant(struct cli *cli, struct tenant **ret_tenant)
{
	const char *as = cli_value(cli, "as");
	const char *name = cli->args[1];
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct span login;

	if (as != NULL && cli_has(cli, "break-glass"))
		FAIL(&cli->op, RC_INVALID,
		    "--as and --break-glass exclude each other");
	TRY(service_tenant_named(&cli->op, cli->service, name, &t));
	if (as != NULL) {
		TRY(who_login(&cli->op, as, name, &login));
		TRY(sign_in(cli, t, login));
		TRY(notices_tell(cli, t));
	}
	if (cli_has(cli, "break-glass"))
		TRY(break_glass(cli, t));
	*ret_tenant = t;
	t = NULL;
	return RC_OK;
}

const char *
who_minute(struct op *op, int64_t wall)
{
	enum { DATE = 10, MINUTE = 16 };
	char text[CLOCK_TEXT_SIZE];
	char *minute;

	clock_text(text, wall);
	if (op_format(op, &minute, "%.*s %.*s", DATE, text, MINUTE - DATE - 1,
		text + DATE + 1) != RC_OK)
		return "";
	return minute;
}

const char *
who_time(struct op *op, int64_t wall)
{
	char *text;

	if (wall == 0 || op_alloc(op, CLOCK_TEXT_SIZE, &text) != RC_OK)
		return "";
	clock_text(text, wall);
	return text;
}
