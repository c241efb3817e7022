/* parse.c - the command line: which command, its arguments and options, and the
 * help texts. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"

static const struct cli_option everywhere[] = {
    {"json", NULL, false, "print JSON"},
    {"passphrase-fd", "N", false,
	"the master key's passphrase is a line of this descriptor"},
    {"help", NULL, false, "print this"},
    {NULL, NULL, false, NULL},
};

static size_t
args_count(const struct cli_command *command)
{
	size_t n = 0;

	while (n < CLI_ARGS_MAX && command->args[n] != NULL)
		n++;
	return n;
}

/* ---- help ---- */

static void
options_help(struct cli *cli, const struct cli_option *options)
{
	char left[64];

	for (; options != NULL && options->name != NULL; options++) {
		(void)snprintf(left, sizeof(left), "--%s%s%s%s", options->name,
		    options->metavar != NULL ? " " : "",
		    options->metavar != NULL ? options->metavar : "",
		    options->many ? " ..." : "");
		cli_print(cli, "  %-26s  %s\n", left, options->help);
	}
}

static void
usage_line(struct cli *cli, const struct cli_command *command)
{
	size_t i;

	cli_print(cli, "usage: dozo %s", command->name);
	for (i = 0; i < args_count(command); i++)
		cli_print(cli, " %s", command->args[i]);
	cli_print(cli, " [OPTION]...\n");
}

static void
command_help(struct cli *cli, const struct cli_command *command)
{
	usage_line(cli, command);
	cli_print(cli, "\n%s\n", command->summary);
	if (command->help != NULL)
		cli_print(cli, "\n%s\n", command->help);
	cli_print(cli, "\nOptions:\n");
	options_help(cli, command->options);
	options_help(cli, everywhere);
}

static void
command_line(struct cli *cli, const struct cli_command *command)
{
	char left[64];
	int n = snprintf(left, sizeof(left), "%s", command->name);
	size_t i;

	for (i = 0; i < args_count(command) && n > 0 && n < (int)sizeof(left);
	     i++)
		n += snprintf(left + n, sizeof(left) - (size_t)n, " %s",
		    command->args[i]);
	cli_print(cli, "  %-37s  %s\n", left, command->summary);
}

static void
program_help(struct cli *cli)
{
	const struct cli_command *command;

	cli_print(cli,
	    "dozo: a company's files on several sites, sealed; over HTTPS\n\n"
	    "usage: dozo COMMAND DIR ...\n\n");
	for (command = cli_commands; command->name != NULL; command++)
		command_line(cli, command);
	cli_print(cli,
	    "\nEach command has --help, and --json where it prints something.\n"
	    "Exit codes: 0 done, 1 failed, 2 not understood, 3 behind or "
	    "incomplete, "
	    "4 DIR is in use.\n");
}

/* Whether it is one of "dozo member ...". */
static bool
is_of_group(const struct cli_command *command, const char *group)
{
	size_t size = strlen(group);

	return strncmp(command->name, group, size) == 0 &&
	       command->name[size] == ' ';
}

/* False where there is no such group. */
static bool
group_help(struct cli *cli, const char *group)
{
	const struct cli_command *command;
	size_t n = 0;

	for (command = cli_commands; command->name != NULL; command++) {
		if (!is_of_group(command, group))
			continue;
		command_line(cli, command);
		n++;
	}
	if (n > 0)
		cli_print(cli, "\nEach of them has --help.\n");
	return n > 0;
}

/* ---- the same for programs: the manual page and the shell's completion are
 * made of it ---- */

static json_t *
options_json(const struct cli_option *options)
{
	json_t *list = json_array();

	for (; options != NULL && options->name != NULL; options++)
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s?, s:b, s:s}", "name",
			      options->name, "value", options->metavar, "many",
			      options->many, "help", options->help));
	return list;
}

static json_t *
command_json(const struct cli_command *command)
{
	json_t *args = json_array();
	size_t i;

	for (i = 0; i < args_count(command); i++)
		(void)json_array_append_new(
		    args, json_string(command->args[i]));
	return json_pack("{s:s, s:o, s:s, s:s?, s:o}", "name", command->name,
	    "args", args, "summary", command->summary, "help", command->help,
	    "options", options_json(command->options));
}

static enum cli_exit
help_json(struct cli *cli)
{
	const struct cli_command *command;
	json_t *list = json_array();

	for (command = cli_commands; command->name != NULL; command++)
		(void)json_array_append_new(list, command_json(command));
	return cli_print_json(
	    cli, json_pack("{s:s, s:o, s:o}", "version", DOZO_VERSION,
		     "commands", list, "options", options_json(everywhere)));
}

/* ---- understanding ---- */

/* Whether the words begin with the command's name; how many words that takes.
 */
static size_t
name_matches(
    const struct cli_command *command, size_t n, const char *const *words)
{
	const char *name = command->name;
	size_t i;

	for (i = 0; i < n; i++) {
		size_t size = strcspn(name, " ");

		if (strlen(words[i]) != size ||
		    strncmp(words[i], name, size) != 0)
			return 0;
		name += size;
		if (*name == '\0')
			return i + 1;
		name++;
	}
	return 0;
}

static size_t
command_find(struct cli *cli, size_t n, const char *const *words)
{
	const struct cli_command *command;
	size_t used;

	for (command = cli_commands; command->name != NULL; command++) {
		used = name_matches(command, n, words);
		if (used > 0) {
			cli->command = command;
			return used;
		}
	}
	return 0;
}

static const struct cli_option *
option_find(const struct cli_option *options, const char *name, size_t size)
{
	for (; options != NULL && options->name != NULL; options++)
		if (strlen(options->name) == size &&
		    strncmp(options->name, name, size) == 0)
			return options;
	return NULL;
}

static enum cli_exit
option_add(struct cli *cli, const struct cli_option *option, const char *value)
{
	if (!option->many && cli_has(cli, option->name))
		return cli_misused(cli, "--%s is given twice", option->name);
	if (cli->n_values == CLI_VALUES_MAX)
		return cli_misused(cli, "too many options");
	cli->values[cli->n_values++] =
	    (struct cli_value){option, value != NULL ? value : ""};
	return CLI_OK;
}

/* An option at words[*i], with the value behind it. */
static enum cli_exit
option_take(struct cli *cli, size_t n, const char *const *words, size_t *i)
{
	const char *name = words[*i] + 2;
	size_t size = strcspn(name, "=");
	const char *value = name[size] == '=' ? name + size + 1 : NULL;
	const struct cli_option *option =
	    option_find(cli->command->options, name, size);

	if (option == NULL)
		option = option_find(everywhere, name, size);
	if (option == NULL || strncmp(words[*i], "--", 2) != 0)
		return cli_misused(cli, "there is no option %s", words[*i]);
	if (option->metavar == NULL && value != NULL)
		return cli_misused(cli, "--%s takes no value", option->name);
	if (option->metavar != NULL && value == NULL) {
		if (*i + 1 >= n)
			return cli_misused(cli, "--%s needs %s", option->name,
			    option->metavar);
		value = words[++*i];
	}
	return option_add(cli, option, value);
}

static enum cli_exit
words_take(struct cli *cli, size_t n, const char *const *words)
{
	size_t wanted = args_count(cli->command);
	bool options = true;
	size_t i;

	for (i = 0; i < n; i++) {
		if (options && strcmp(words[i], "--") == 0) {
			options = false;
		} else if (options && words[i][0] == '-' &&
			   words[i][1] != '\0') {
			enum cli_exit end = option_take(cli, n, words, &i);

			if (end != CLI_OK)
				return end;
		} else if (cli->n_args == wanted) {
			return cli_misused(
			    cli, "\"%s\" is one argument too many", words[i]);
		} else {
			cli->args[cli->n_args++] = words[i];
		}
	}
	if (cli->n_args < wanted && !cli_has(cli, "help"))
		return cli_misused(
		    cli, "%s is missing", cli->command->args[cli->n_args]);
	return CLI_OK;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
	       strcmp(word, "-h") == 0;
}

/* "dozo member" alone is a mistake: which commands it could be. False where
 * there are none. */
static bool
group_name(struct cli *cli, const char *word)
{
	const struct cli_command *command;
	size_t n = 0;

	for (command = cli_commands; command->name != NULL; command++)
		if (is_of_group(command, word))
			cli_note(cli, "%s%s",
			    n++ == 0 ? "dozo: it is dozo " : ", ",
			    command->name);
	if (n > 0)
		cli_note(cli, "\ndozo help %s tells more.\n", word);
	return n > 0;
}

static enum cli_exit
unknown_command(struct cli *cli, size_t n, const char *const *words)
{
	bool two = n > 1 && words[1][0] != '-';

	if (group_name(cli, words[0]))
		return CLI_USAGE;
	return cli_misused(cli, "there is no command \"%s%s%s\"", words[0],
	    two ? " " : "", two ? words[1] : "");
}

/* "dozo help ...": of a command, of a group, of all. */
static enum cli_exit
help(struct cli *cli, size_t n, const char *const *words)
{
	if (n == 0) {
		program_help(cli);
		return CLI_OK;
	}
	if (command_find(cli, n, words) > 0) {
		command_help(cli, cli->command);
		return CLI_OK;
	}
	if (n == 1 && strcmp(words[0], "--json") == 0)
		return help_json(cli);
	return group_help(cli, words[0]) ? CLI_OK
					 : unknown_command(cli, n, words);
}

/* No command's name: help, or a mistake. */
static enum cli_exit
no_command(struct cli *cli, size_t n, const char *const *words)
{
	if (n == 0) {
		program_help(cli);
		return CLI_USAGE;
	}
	return is_help(words[0]) ? help(cli, n - 1, words + 1)
				 : unknown_command(cli, n, words);
}

static enum cli_exit
passphrase_option(struct cli *cli)
{
	const char *text = cli_value(cli, "passphrase-fd");
	uint64_t fd;

	if (text == NULL)
		return CLI_OK;
	if (!str_to_u64(text, 0, 1 << 20, &fd))
		return cli_misused(
		    cli, "--passphrase-fd is a number, not \"%s\"", text);
	cli->passphrase.fd = (int)fd;
	return CLI_OK;
}

bool
cli_parse(struct cli *cli, size_t n, const char *const *words,
    enum cli_exit *ret_exit)
{
	size_t used = command_find(cli, n, words);

	if (used == 0) {
		*ret_exit = no_command(cli, n, words);
		return false;
	}
	*ret_exit = words_take(cli, n - used, words + used);
	if (*ret_exit != CLI_OK)
		return false;
	*ret_exit = passphrase_option(cli);
	if (*ret_exit != CLI_OK)
		return false;
	cli->json = cli_has(cli, "json");
	if (cli_has(cli, "help")) {
		command_help(cli, cli->command);
		return false;
	}
	return true;
}
