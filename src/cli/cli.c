/* cli.c - what a command was asked, and what it prints. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

void
cli_init(struct cli *cli)
{
	memset(cli, 0, sizeof(*cli));
	cli->passphrase.fd = -1;
	op_init(&cli->op);
	buf_init(&cli->out, CLI_OUTPUT_MAX);
	buf_init(&cli->err, CLI_OUTPUT_MAX);
}

/* A generated password may be in the output. */
static void
wipe(struct buf *buf)
{
	if (buf->data != NULL)
		mem_wipe(buf->data, buf->capacity);
	buf_release(buf);
}

void
cli_release(struct cli *cli)
{
	mem_wipe(cli->lines, sizeof(cli->lines));
	passphrase_forget(&cli->passphrase);
	wipe(&cli->out);
	wipe(&cli->err);
	op_release(&cli->op);
}

const char *
cli_value_at(const struct cli *cli, const char *name, size_t i)
{
	size_t k;

	for (k = 0; k < cli->n_values; k++)
		if (strcmp(cli->values[k].option->name, name) == 0 && i-- == 0)
			return cli->values[k].text;
	return NULL;
}

const char *
cli_value(const struct cli *cli, const char *name)
{
	return cli_value_at(cli, name, 0);
}

bool
cli_has(const struct cli *cli, const char *name)
{
	return cli_value(cli, name) != NULL;
}

size_t
cli_lines_wanted(const struct cli *cli)
{
	return (size_t)cli_has(cli, "as") +
	       (size_t)cli_has(cli, "password-stdin");
}

const char *
cli_password(const struct cli *cli)
{
	if (!cli_has(cli, "password-stdin") ||
	    cli->n_lines < cli_lines_wanted(cli))
		return NULL;
	return cli->lines[cli_has(cli, "as") ? 1 : 0];
}

static void PRINTF_LIKE(3, 0)
    add(struct cli *cli, struct buf *buf, const char *format, va_list args)
{
	CLEANUP(op_release) struct op op;
	uint8_t *room;
	va_list again;
	int size;

	op_init(&op);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	/* One byte more for the NUL, which is taken back. */
	if (size < 0 || buf_grow(&op, buf, (size_t)size + 1, &room) != RC_OK) {
		cli->lost = true;
		return;
	}
	(void)vsnprintf((char *)room, (size_t)size + 1, format, args);
	buf->size--;
}

void
cli_print(struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(cli, &cli->out, format, args);
	va_end(args);
}

void
cli_note(struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(cli, &cli->err, format, args);
	va_end(args);
}

static void
write_all(int fd, struct buf *buf)
{
	size_t at = 0;

	while (at < buf->size) {
		ssize_t n = write(fd, buf->data + at, buf->size - at);

		if (n <= 0)
			break; /* whoever read it has gone */
		at += (size_t)n;
	}
	buf_clear(buf);
}

void
cli_flush(struct cli *cli)
{
	write_all(STDOUT_FILENO, &cli->out);
	write_all(STDERR_FILENO, &cli->err);
}

void
cli_progress_show(struct cli *cli)
{
	cli_flush(cli);
	if (isatty(STDERR_FILENO) != 1)
		return;
	cli_note(cli, "\r\033[K%s", cli->progress);
	cli_flush(cli);
}

/* What to do next, where that follows from the kind of failure alone. */
static void
advice_print(struct cli *cli, enum rc rc)
{
	bool only_reads =
	    cli->service != NULL && cli->service->config.read_only;

	if (rc == RC_NOT_STORED && only_reads)
		cli_note(cli, "It takes no changes, for it was rebuilt from a "
			      "site or is set read_only in dozo.conf.\n");
	else if (rc == RC_NOT_STORED)
		cli_note(cli,
		    "Nothing was changed. dozo status %s tells which sites "
		    "are missing, and why.\n",
		    cli->args[0]);
	else if (rc == RC_IN_DOUBT || rc == RC_TIMEOUT)
		cli_note(cli,
		    "Look whether it was done before you try again. dozo "
		    "status %s tells which sites are missing.\n",
		    cli->args[0]);
	else if (rc == RC_UNPROVEN)
		cli_note(cli,
		    "dozo status %s tells which sites are missing, and why.\n",
		    cli->args[0]);
	else if (rc == RC_DENIED)
		cli_note(
		    cli, "dozo %s --help tells more.\n", cli->command->name);
}

enum cli_exit
cli_end(struct cli *cli, enum rc rc)
{
	if (rc == RC_OK)
		return CLI_OK;
	cli_note(cli, "dozo: %s\n", op_error(&cli->op, rc));
	advice_print(cli, rc);
	return CLI_FAILED;
}

enum cli_exit
cli_misused(struct cli *cli, const char *format, ...)
{
	va_list args;

	cli_note(cli, "dozo: ");
	va_start(args, format);
	add(cli, &cli->err, format, args);
	va_end(args);
	if (cli->command != NULL)
		cli_note(
		    cli, "\ndozo %s --help tells more.\n", cli->command->name);
	else
		cli_note(cli, "\ndozo help tells more.\n");
	return CLI_USAGE;
}

static int
json_add(const char *text, size_t size, void *arg)
{
	struct cli *cli = arg;

	cli_print(cli, "%.*s", (int)size, text);
	return cli->lost ? -1 : 0;
}

enum cli_exit
cli_print_json(struct cli *cli, json_t *root)
{
	int rc = root != NULL
		     ? json_dump_callback(root, json_add, cli, JSON_INDENT(2))
		     : -1;

	json_decref(root);
	if (rc != 0) {
		cli_note(cli, "dozo: out of memory\n");
		return CLI_FAILED;
	}
	cli_print(cli, "\n");
	return CLI_OK;
}
