/* cmd_clock.c - dozo clock accept: the time that the machine was off counts
 * (LOG.md L19). */
#include "cli/commands.h"
#include "cli/output.h"

/* A server counts now what it did not count at its start. */
static enum cli_exit
accept_served(struct cli *cli)
{
	int64_t added = service_clock_accept(&cli->service->clock);
	char text[OUTPUT_TEXT_SIZE];

	if (cli->json)
		return cli_print_json(cli, json_pack("{s:I}", "counted_seconds",
					       (json_int_t)(added / CLOCK_S)));
	output_duration(text, added);
	cli_print(cli, "Counted: %s.\n", text);
	return CLI_OK;
}

enum cli_exit
cmd_clock_accept(struct cli *cli)
{
	enum rc rc;

	if (cli->service != NULL)
		return accept_served(cli);
	rc = io_write_file(
	    &cli->op, cli->dir->fd, "clock.accept", span_str("\n"), 0600);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:b}", "at_next_start", 1));
	cli_print(cli, "The next start counts the time in between.\n");
	return CLI_OK;
}
