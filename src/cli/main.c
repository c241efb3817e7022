/* main.c - the program dozo. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "db/db.h"

/* ---- standard input: passwords ---- */

enum { PROMPT_SIZE = 300 };

static bool
line_read(char out[CLI_LINE_SIZE])
{
	size_t size;

	if (fgets(out, CLI_LINE_SIZE, stdin) == NULL)
		return false;
	size = strcspn(out, "\r\n");
	if (out[size] == '\0' && size == CLI_LINE_SIZE - 1)
		return false;
	out[size] = '\0';
	return true;
}

/* A line of a terminal is asked for, and not shown while it is typed. */
static bool
line_ask(const char *whose, char out[CLI_LINE_SIZE])
{
	char prompt[128];

	if (isatty(STDIN_FILENO) != 1)
		return line_read(out);
	(void)snprintf(prompt, sizeof(prompt), "%.100s: ", whose);
	return terminal_ask(prompt, out, CLI_LINE_SIZE);
}

static enum cli_exit
lines_read(struct cli *cli)
{
	size_t wanted = cli_lines_wanted(cli);
	enum rc rc = RC_OK;

	/* The descriptor may be standard input: its first line. */
	if (wanted > 0 && cli->passphrase.fd >= 0)
		rc = passphrase_need(&cli->op, &cli->passphrase, NULL);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	/* No copy of a password stays in a buffer of the C library. */
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	while (cli->n_lines < wanted) {
		char whose[PROMPT_SIZE] = "new password";

		if (cli->n_lines == 0 && cli_has(cli, "as"))
			(void)snprintf(whose, sizeof(whose), "password of %s",
			    cli_value(cli, "as"));
		if (!line_ask(whose, cli->lines[cli->n_lines]))
			return cli_misused(cli,
			    "standard input must have %zu line%s, a password "
			    "each",
			    wanted, wanted == 1 ? "" : "s");
		cli->n_lines++;
	}
	return CLI_OK;
}

/* ---- running ---- */

/* Opens what the command needs, in this process. */
static enum cli_exit
run_here(struct cli *cli)
{
	struct dir_how how = {.reading = cli_only_reads(cli)};
	enum cli_exit end;
	enum rc rc;

	rc = dir_lock(&cli->op, cli->dir);
	if (rc == RC_BUSY) {
		(void)cli_end(cli, rc);
		return CLI_IN_USE;
	}
	if (rc == RC_OK)
		rc = dir_load(&cli->op, cli->dir, &cli->passphrase);
	if (rc == RC_OK && cli->command->need != CLI_DIR)
		rc = dir_service(&cli->op, cli->dir, &how, &cli->service);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	end = cli->command->run(cli);
	op_clear_error(&cli->op);
	if (cli->service != NULL)
		dir_service_close(&cli->op, cli->dir, cli->service);
	cli->service = NULL;
	return end;
}

/* What it has begun in the server's background, until it ends. */
static enum cli_exit
run_followed(
    struct cli *cli, struct dir *dir, size_t n, const char *const *words)
{
	enum cli_exit end = CLI_OK;
	enum rc rc = RC_OK;

	while (rc == RC_OK && cli->follow != 0) {
		cli_progress_show(cli);
		rc = admin_call(cli, dir, n, words, &end);
	}
	cli->progress[0] = '\0';
	cli_progress_show(cli);
	if (rc == RC_OK)
		return end;
	op_clear_error(&cli->op);
	cli_note(cli,
	    "dozo: the server was stopped: dozo %s goes on when it "
	    "is served again\n",
	    cli->command->name);
	return CLI_INCOMPLETE;
}

static enum cli_exit
run_in(struct cli *cli, struct dir *dir, size_t n, const char *const *words)
{
	enum cli_exit end;
	enum rc rc = dir_find(&cli->op, cli->args[0], dir);

	cli->dir = dir;
	if (rc != RC_OK)
		return cli_end(cli, rc);
	end = cli_prepare(cli);
	if (end != CLI_OK)
		return end;
	rc = admin_call(cli, dir, n, words, &end);
	if (rc == RC_OK && cli->follow != 0)
		return run_followed(cli, dir, n, words);
	if (rc == RC_OK)
		return end;
	if (rc != RC_NOT_FOUND)
		return cli_end(cli, rc);
	op_clear_error(&cli->op);
	return run_here(cli);
}

static enum cli_exit
run_somewhere(struct cli *cli, size_t n, const char *const *words)
{
	CLEANUP(dir_close) struct dir dir = DIR_NONE;
	enum cli_exit end = run_in(cli, &dir, n, words);

	cli->dir = NULL;
	return end;
}

static bool
colours_wanted(void)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (no == NULL || *no == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO) == 1;
}

static enum cli_exit
run(struct cli *cli, size_t n, const char *const *words)
{
	enum cli_exit end;

	if (!cli_parse(cli, n, words, &end))
		return end;
	cli->colour = colours_wanted();
	end = lines_read(cli);
	if (end != CLI_OK)
		return end;
	if (db_library_init(&cli->op) != RC_OK)
		return cli_end(cli, RC_NO_MEMORY);
	/* A command says what it has to say; the server's log is another thing.
	 */
	log_set_level(LOG_LEVEL_ERROR);
	if (cli->command->need == CLI_ALONE)
		return cli->command->run(cli);
	return run_somewhere(cli, n, words);
}

/* A closed descriptor below 3 would become a database's. */
static void
descriptors_fill(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int
main(int argc, char **argv)
{
	struct cli *cli;
	enum cli_exit end;

	descriptors_fill();
	fault_init_from_env();
	mem_init();
	(void)signal(SIGPIPE, SIG_IGN);
	json_set_alloc_funcs(mem_alloc, mem_free);
	cli = mem_alloc(sizeof(*cli));
	if (cli == NULL)
		return CLI_FAILED;
	cli_init(cli);
	end = run(cli, (size_t)argc - 1, (const char *const *)(argv + 1));
	if (cli->lost) {
		cli_note(cli, "dozo: the output is too large\n");
		end = CLI_FAILED;
	}
	cli_flush(cli);
	cli_release(cli);
	mem_free(cli);
	return (int)end;
}
