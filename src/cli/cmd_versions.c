/* cmd_versions.c - dozo versions list, swap, save-as: the former contents of a
 * member's file. */
#include "core/file_version.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/who.h"
#include "core/path.h"

enum { DEPTH_MAX = 600 };

/* A path as it stands below /dav/. */
struct words {
	size_t n;
	struct span segments[DEPTH_MAX];
};

static enum rc
words_split(struct op *op, const char *path, struct words *words)
{
	words->n = 0;
	path += strspn(path, "/");
	while (*path != '\0') {
		size_t size = strcspn(path, "/");

		if (words->n == DEPTH_MAX)
			FAIL(op, RC_LIMIT, "more than %d names in a path",
			    DEPTH_MAX);
		words->segments[words->n++] = span_of(path, size);
		path += size;
		path += strspn(path, "/");
	}
	return RC_OK;
}

/* The file that the command is about, as the member sees it. */
static enum rc
file_find(
    struct cli *cli, struct meta *meta, const char *path, int64_t *ret_node)
{
	struct words words;
	struct node node;

	if (cli->op.actor.member == 0)
		FAIL(&cli->op, RC_DENIED,
		    "only members see files: name one with --as");
	TRY(words_split(&cli->op, path, &words));
	TRY(path_find(&cli->op, meta, words.segments, words.n, &node));
	*ret_node = node.id;
	return RC_OK;
}

/* ---- list ---- */

struct list {
	struct cli *cli;
	struct table table;
	json_t *rows;
	int64_t now;
	int64_t wall_minus_service; /* deadlines are told as wall time */
};

static enum rc
list_one(void *arg, struct op *op, const struct version *version)
{
	struct list *list = arg;
	int64_t kept = version->kept_until + list->wall_minus_service;
	char size[OUTPUT_TEXT_SIZE];

	if (list->rows != NULL) {
		(void)json_array_append_new(
		    list->rows, json_pack("{s:I, s:I, s:s, s:s, s:s, s:s}",
				    "id", (json_int_t)version->id, "size",
				    (json_int_t)version->size, "modified",
				    who_time(op, version->mtime), "made",
				    who_time(op, version->made_at), "replaced",
				    who_time(op, version->replaced_at),
				    "kept_until", who_time(op, kept)));
		return RC_OK;
	}
	output_bytes(size, version->size);
	table_add(&list->table, PAINT_BOLD, "%" PRId64, version->id);
	table_add(&list->table, PAINT_NONE, "%s", size);
	table_add(
	    &list->table, PAINT_NONE, "%s", who_minute(op, version->made_at));
	table_add(&list->table, PAINT_NONE, "%s",
	    who_minute(op, version->replaced_at));
	table_add(&list->table, PAINT_NONE, "%s", who_minute(op, kept));
	return RC_OK;
}

static enum rc
list_run(struct cli *cli, struct list *list)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct reader *reader;
	int64_t node;
	enum rc rc;

	TRY(who_tenant(cli, &t));
	TRY(tenant_reader(&cli->op, t, &reader));
	rc = file_find(cli, &reader->meta, cli->args[2], &node);
	if (rc == RC_OK)
		rc = file_versions(&cli->op, &reader->meta, node, list->now,
		    INT64_MAX, SIZE_MAX, list_one, list);
	tenant_reader_put(t, reader);
	return rc;
}

enum cli_exit
cmd_versions_list(struct cli *cli)
{
	static const char *const titles[] = {
	    ">ID", ">SIZE", "MADE (UTC)", "REPLACED (UTC)", "KEPT UNTIL (UTC)"};
	struct list list = {
	    .cli = cli, .rows = cli->json ? json_array() : NULL};
	enum rc rc;

	list.now = service_clock_now(&cli->service->clock);
	list.wall_minus_service = clock_wall() - list.now;
	table_init(&list.table, cli, titles, ARRAY_LEN(titles));
	rc = list_run(cli, &list);
	if (rc != RC_OK) {
		json_decref(list.rows);
		return cli_end(cli, rc);
	}
	if (cli->json)
		return cli_print_json(cli, list.rows);
	table_print(&list.table);
	return CLI_OK;
}

/* ---- swap, save-as ---- */

/* Signs in and finds the file; *ret_tenant is given back with tenant_put. */
static enum rc
file_open(struct cli *cli, struct tenant **ret_tenant, int64_t *ret_node)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct reader *reader;
	enum rc rc;

	TRY(who_tenant(cli, &t));
	TRY(tenant_reader(&cli->op, t, &reader));
	rc = file_find(cli, &reader->meta, cli->args[2], ret_node);
	tenant_reader_put(t, reader);
	TRY(rc);
	*ret_tenant = t;
	t = NULL;
	return RC_OK;
}

static bool
version_given(const struct cli *cli, int64_t *ret_version)
{
	uint64_t id;

	if (!str_to_u64(cli->args[3], 1, INT64_MAX, &id))
		return false;
	*ret_version = (int64_t)id;
	return true;
}

static enum cli_exit
no_version(struct cli *cli)
{
	return cli_misused(cli,
	    "ID is a number of dozo versions list, not \"%s\"", cli->args[3]);
}

static enum rc
swap_run(struct cli *cli, struct file_swap *swap)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct tree_result result;

	TRY(file_open(cli, &t, &swap->node));
	return file_version_swap(&cli->op, t, swap, &result);
}

enum cli_exit
cmd_versions_swap(struct cli *cli)
{
	struct file_swap swap = {0};
	enum rc rc;

	if (!version_given(cli, &swap.version))
		return no_version(cli);
	rc = swap_run(cli, &swap);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s, s:I}", "path", cli->args[2],
			     "version", (json_int_t)swap.version));
	cli_print(cli,
	    "%s has its former content again; what it had is a version now.\n",
	    cli->args[2]);
	return CLI_OK;
}

/* Where the new file is to be: its folder, and its name. */
static enum rc
target_find(struct cli *cli, struct tenant *t, struct tree_target *to)
{
	struct words words;
	struct reader *reader;
	enum rc rc;

	TRY(words_split(&cli->op, cli->args[4], &words));
	if (words.n < 2)
		FAIL(&cli->op, RC_INVALID,
		    "the new file's path begins with a space, as "
		    "/Company/report.txt");
	TRY(tree_name_init(&cli->op, words.segments[words.n - 1], &to->name));
	TRY(tenant_reader(&cli->op, t, &reader));
	rc = path_find_parent(
	    &cli->op, &reader->meta, words.segments, words.n, &to->parent);
	tenant_reader_put(t, reader);
	return rc;
}

static enum rc
save_run(struct cli *cli, struct file_save_as *save)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct tree_result result;

	TRY(file_open(cli, &t, &save->node));
	TRY(target_find(cli, t, &save->to));
	return file_version_save_as(&cli->op, t, save, &result);
}

enum cli_exit
cmd_versions_save_as(struct cli *cli)
{
	struct file_save_as save = {0};
	enum rc rc;

	if (!version_given(cli, &save.version))
		return no_version(cli);
	rc = save_run(cli, &save);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:s, s:I}", "path", cli->args[4],
			     "version", (json_int_t)save.version));
	cli_print(cli, "Saved as %s.\n", cli->args[4]);
	return CLI_OK;
}
