/*
 * cli.h - one command of the program: what was asked, what it works on, what it
 * prints. A command is written once, and runs in a process of its own or, where
 * DIR is served, inside the server, with its output captured.
 */
#ifndef DOZO_CLI_CLI_H
#define DOZO_CLI_CLI_H

#include <jansson.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/op.h"
#include "cli/dir.h"
#include "cli/passphrase.h"
#include "core/service.h"

/* Relied upon by scripts. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_INCOMPLETE = 3, /* behind, or something is missing */
	CLI_IN_USE = 4, /* another process has DIR */
};

enum {
	CLI_ARGS_MAX = 5,
	CLI_VALUES_MAX = 64,
	CLI_LINES_MAX = 2,
	CLI_LINE_SIZE = 1100, /* a password is at most 1024 bytes */
	CLI_OUTPUT_MAX = 64 << 20,
	CLI_PROGRESS_SIZE = 200,
};

struct cli_option {
	const char *name; /* without its dashes */
	const char *metavar; /* NULL: a flag */
	bool many;
	const char *help;
};

/* What a command works on. */
enum cli_need {
	CLI_ALONE, /* it opens what it needs; never inside a server */
	CLI_READ, /* cli->service; where DIR is not served, one that only reads
		   */
	CLI_WRITE, /* cli->service, which may write */
	CLI_DIR, /* the server, if there is one; else cli->dir, locked */
};

struct cli;
struct evidence;

struct cli_command {
	const char *name; /* "member add" */
	const char *args[CLI_ARGS_MAX]; /* all must be given */
	enum cli_need need;
	enum cli_exit (*run)(struct cli *cli);
	const struct cli_option *options; /* ends with a NULL name; --help and
					     --json go without saying */
	const char *summary;
	const char *help; /* may be NULL */
};

/* All of them, ending with a NULL name. */
extern const struct cli_command cli_commands[];

struct cli_value {
	const struct cli_option *option;
	const char *text; /* "" of a flag */
};

struct cli {
	struct op op;
	const struct cli_command *command;
	size_t n_args, n_values, n_lines;
	const char *args[CLI_ARGS_MAX];
	struct cli_value values[CLI_VALUES_MAX];
	char lines[CLI_LINES_MAX]
		  [CLI_LINE_SIZE]; /* of standard input: passwords */
	struct passphrase passphrase; /* of the master key */
	bool json;
	bool colour;
	bool lost; /* output that found no memory */
	struct buf out;
	struct buf err;
	struct dir *dir; /* of all but CLI_ALONE */
	struct service *service; /* of CLI_READ and CLI_WRITE */
	struct evidence *evidence; /* the server's; NULL outside of one */
	bool served; /* inside the server */
	/*
	 * What goes on in the background, followed by one call after the other:
	 * its name, and how far it is; 0 where there is nothing to follow.
	 */
	int64_t follow;
	char progress[CLI_PROGRESS_SIZE];
	const atomic_bool *stop; /* the server is stopping; may be NULL */
};

/* Needs cli_release, which wipes passwords and output. */
void cli_init(struct cli *cli);
void cli_release(struct cli *cli); /* also for CLEANUP */

/*
 * Understands the words behind "dozo". True where the command is to be run;
 * otherwise help or an error was printed, and *ret_exit is the end. words must
 * outlive cli.
 */
bool cli_parse(struct cli *cli, size_t n, const char *const *words,
    enum cli_exit *ret_exit);

/* How many lines of standard input the command wants. */
size_t cli_lines_wanted(const struct cli *cli);

/* The option's value, or NULL; of one that may be given often the i-th. */
const char *cli_value(const struct cli *cli, const char *name);
const char *cli_value_at(const struct cli *cli, const char *name, size_t i);
bool cli_has(const struct cli *cli, const char *name);

/* ---- output: kept until the end of the command; cli_flush writes what there
 * is ---- */

void cli_print(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
void cli_note(struct cli *cli, const char *format, ...)
    PRINTF_LIKE(2, 3); /* to standard error */
void cli_flush(struct cli *cli);

/* Shows cli->progress in place of what it was, if standard error is a terminal;
 * "" takes the line away. */
void cli_progress_show(struct cli *cli);

/* Prints the op's error and what to do next; what the command ends with. RC_OK:
 * CLI_OK. */
enum cli_exit cli_end(struct cli *cli, enum rc rc);

/* Prints "dozo: ..." and how to get help. */
enum cli_exit
cli_misused(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* Prints a JSON value and frees it; NULL: no memory. */
enum cli_exit cli_print_json(struct cli *cli, json_t *root);

/* The password that was given on standard input, or NULL. */
const char *cli_password(const struct cli *cli);

#endif
