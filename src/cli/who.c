/* who.c - the provider must not slip into a customer's data: who acts is asked
 * here, and core/ decides. */
#include "cli/who.h"

#include <string.h>

#include "base/text.h"
#include "core/member.h"

enum { REASON_UNITS = 200 };

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

enum rc
who_tenant(struct cli *cli, const char *name, struct tenant **ret_tenant)
{
	const char *as = cli_value(cli, "as");
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct span login;

	TRY(service_tenant_named(&cli->op, cli->service, name, &t));
	if (as != NULL) {
		TRY(who_login(&cli->op, as, name, &login));
		TRY(sign_in(cli, t, login));
	}
	*ret_tenant = t;
	t = NULL;
	return RC_OK;
}

enum rc
who_break_glass(struct cli *cli, const char **ret_reason)
{
	const char *reason = cli_value(cli, "break-glass");

	if (reason != NULL && cli_has(cli, "as"))
		FAIL(&cli->op, RC_INVALID,
		    "--as and --break-glass exclude each other");
	if (reason != NULL &&
	    (*reason == '\0' || !text_valid(span_str(reason)) ||
		text_utf16_units(span_str(reason)) > REASON_UNITS))
		FAIL(&cli->op, RC_INVALID,
		    "--break-glass needs a reason of at most %d characters",
		    REASON_UNITS);
	*ret_reason = reason;
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
