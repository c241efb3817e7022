/* cmd_evidence.c - dozo evidence: whether the clauses of the security document
 * hold, as the running server has found or finds now. */
#include "evidence/evidence.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/who.h"

static const enum paint paints[] = {
    [EVIDENCE_SATISFIED] = PAINT_GOOD,
    [EVIDENCE_NOT_SATISFIED] = PAINT_BAD,
    [EVIDENCE_NOT_YET_COVERED] = PAINT_DIM,
};

/* A clause that a server would check is not satisfied where there is none. */
static void
result_get(const struct cli *cli, size_t clause, struct evidence_result *result)
{
	evidence_get(cli->evidence, clause, LANG_EN, result);
	if (!cli->served && clauses[clause].checked)
		(void)snprintf(result->checked, sizeof(result->checked),
		    "Nobody serves this service, so nothing is checked.");
}

static json_t *
result_json(size_t clause, const struct evidence_result *result)
{
	char at[CLOCK_TEXT_SIZE], command[EVIDENCE_COMMAND_SIZE];

	evidence_command(clause, command);
	clock_text(at, result->checked_at);
	return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s*, s:s}", "clause",
	    clauses[clause].number, "title", clauses[clause].title[LANG_EN],
	    "light", evidence_word(result->light), "checked_at",
	    result->checked_at != 0 ? at : NULL, "checked", result->checked,
	    "detail", result->detail[0] != '\0' ? result->detail : NULL,
	    "command", command);
}

static void
result_print(
    struct cli *cli, size_t clause, const struct evidence_result *result)
{
	enum paint paint = paints[result->light];
	char at[CLOCK_TEXT_SIZE];

	clock_text(at, result->checked_at);
	cli_print(cli, "%s%s  %s%s\n", paint_begin(cli, PAINT_BOLD),
	    clauses[clause].number, clauses[clause].title[LANG_EN],
	    paint_end(cli, PAINT_BOLD));
	cli_print(cli, "  %s%s%s%s%.19s%s\n", paint_begin(cli, paint),
	    evidence_word(result->light), paint_end(cli, paint),
	    result->checked_at != 0 ? ", checked at " : "",
	    result->checked_at != 0 ? at : "",
	    result->checked_at != 0 ? "Z" : "");
	cli_print(cli, "  %s\n", result->checked);
	if (result->detail[0] != '\0')
		cli_print(cli, "  (%s)\n", result->detail);
}

/* ---- one clause ---- */

static enum cli_exit
one_show(struct cli *cli, size_t clause)
{
	struct evidence_result result;
	enum cli_exit end = CLI_OK;

	result_get(cli, clause, &result);
	if (cli->json)
		end = cli_print_json(cli, result_json(clause, &result));
	else
		result_print(cli, clause, &result);
	return end == CLI_OK && result.light != EVIDENCE_SATISFIED ? CLI_FAILED
								   : end;
}

/* ---- all ---- */

static void
row_add(
    struct table *table, size_t clause, const struct evidence_result *result)
{
	char at[CLOCK_TEXT_SIZE] = "";

	if (result->checked_at != 0)
		clock_text(at, result->checked_at);
	table_add(table, PAINT_BOLD, "%s", clauses[clause].number);
	table_add(
	    table, paints[result->light], "%s", evidence_word(result->light));
	table_add(table, PAINT_NONE, "%.19s%s", at,
	    result->checked_at != 0 ? "Z" : "");
	table_add(table, PAINT_NONE, "%s", clauses[clause].title[LANG_EN]);
}

static enum cli_exit
all_show(struct cli *cli)
{
	static const char *const titles[] = {
	    "CLAUSE", "LIGHT", "CHECKED", "TITLE"};
	struct evidence_result result;
	enum cli_exit end = CLI_OK, printed = CLI_OK;
	json_t *items = cli->json ? json_array() : NULL;
	struct table table;
	size_t i;

	table_init(&table, cli, titles, ARRAY_LEN(titles));
	for (i = 0; i < CLAUSES; i++) {
		result_get(cli, i, &result);
		if (result.light == EVIDENCE_NOT_SATISFIED)
			end = CLI_FAILED;
		if (items != NULL)
			(void)json_array_append_new(
			    items, result_json(i, &result));
		else
			row_add(&table, i, &result);
	}
	if (cli->json)
		printed =
		    cli_print_json(cli, json_pack("{s:o}", "items", items));
	else
		table_print(&table);
	return printed != CLI_OK ? printed : end;
}

enum cli_exit
cmd_evidence(struct cli *cli)
{
	const char *number = cli_value(cli, "clause");
	size_t clause = number != NULL ? clause_find(number) : CLAUSES;
	enum rc rc = RC_OK;

	if (number != NULL && clause == CLAUSES)
		return cli_misused(cli,
		    "there is no clause %s (dozo evidence DIR lists them)",
		    number);
	if (cli_has(cli, "now") && cli->evidence != NULL)
		rc = evidence_check(&cli->op, cli->evidence, clause);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	return clause < CLAUSES ? one_show(cli, clause) : all_show(cli);
}
