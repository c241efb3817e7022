/* cmd_version.c - dozo version. */
#include "cli/commands.h"

enum cli_exit
cmd_version(struct cli *cli)
{
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s}", "version", DOZO_VERSION));
	cli_print(cli, "dozo %s\n", DOZO_VERSION);
	return CLI_OK;
}
