/* cmd_doctor.c - dozo doctor: what will hurt one day, and what to type now. */
#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/output.h"

enum { TEXT_SIZE = 2 * DIR_PATH_SIZE + 600 };

/* ---- noting ---- */

static const char *
kept(struct doctor *doctor, const char *text)
{
	char *copy;

	if (op_format(&doctor->cli->op, &copy, "%s", text) == RC_OK)
		return copy;
	doctor->cli->lost = true;
	return "";
}

void
doctor_found(struct doctor *doctor, const char *name, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	if (doctor->n == DOCTOR_FINDINGS_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	doctor->list[doctor->n++] = (struct doctor_finding){
	    .name = name, .text = kept(doctor, text), .next = ""};
}

void
doctor_next(struct doctor *doctor, const char *format, ...)
{
	struct doctor_finding *finding = &doctor->list[doctor->n - 1];
	char text[TEXT_SIZE];
	va_list args;

	if (*finding->next != '\0')
		return; /* of one that was not kept */
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	finding->next = kept(doctor, text);
}

/* ---- telling ---- */

static enum cli_exit
findings_json(const struct doctor *doctor)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < doctor->n; i++)
		(void)json_array_append_new(rows,
		    json_pack("{s:s, s:s, s:s}", "name", doctor->list[i].name,
			"text", doctor->list[i].text, "next",
			doctor->list[i].next));
	return cli_print_json(
	    doctor->cli, json_pack("{s:b, s:b, s:o}", "ok", doctor->n == 0,
			     "served", doctor->cli->served, "findings", rows));
}

static void
findings_print(const struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	size_t i;

	for (i = 0; i < doctor->n; i++)
		cli_print(cli, "%s%s%s  %s\n    %s\n",
		    paint_begin(cli, PAINT_WARN), doctor->list[i].name,
		    paint_end(cli, PAINT_WARN), doctor->list[i].text,
		    doctor->list[i].next);
	if (doctor->n == 0)
		cli_print(cli, "%sNothing to mend.%s\n",
		    paint_begin(cli, PAINT_GOOD), paint_end(cli, PAINT_GOOD));
	else
		cli_print(cli, "%zu finding%s.\n", doctor->n,
		    doctor->n == 1 ? "" : "s");
}

static enum cli_exit
findings_tell(const struct doctor *doctor)
{
	enum cli_exit end = CLI_OK;

	if (doctor->cli->json)
		end = findings_json(doctor);
	else
		findings_print(doctor);
	return end == CLI_OK && doctor->n > 0 ? CLI_FAILED : end;
}

/* ---- looking ---- */

/* A service that cannot be opened is a finding; DIR is looked at all the same.
 */
static void
service_look(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	const struct dir_how how = {.reading = true};
	bool opened = cli->service == NULL;
	enum rc rc = RC_OK;

	if (opened)
		rc = dir_service(&cli->op, cli->dir, &how, &cli->service);
	if (rc == RC_OK)
		rc = state_get(&cli->op, cli->service, false, &doctor->state);
	doctor->stated = rc == RC_OK;
	if (rc == RC_OK)
		doctor_service(doctor);
	if (rc != RC_OK) {
		doctor_found(doctor, "service", "it cannot be looked at: %s",
		    op_error(&cli->op, rc));
		doctor_next(doctor, "dozo status %s", cli->dir->path);
	}
	op_clear_error(&cli->op);
	doctor_host(doctor);
	if (opened && cli->service != NULL) {
		dir_service_close(&cli->op, cli->dir, cli->service);
		cli->service = NULL;
	}
}

enum cli_exit
cmd_doctor(struct cli *cli)
{
	CLEANUP(mem_free_ptr)
	struct doctor *doctor = mem_alloc(sizeof(*doctor));

	if (doctor == NULL)
		return cli_end(cli, RC_NO_MEMORY);
	*doctor = (struct doctor){.cli = cli};
	service_look(doctor);
	return findings_tell(doctor);
}
