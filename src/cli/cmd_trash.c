/* cmd_trash.c - dozo trash list, restore, purge. */
#include "core/trash.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/who.h"
#include "core/purge.h"

struct list {
	struct cli *cli;
	struct meta *meta;
	struct table table;
	json_t *rows;
	int64_t now; /* service time */
	int64_t wall_minus_service; /* deadlines are told as wall time */
};

static enum rc
list_one(void *arg, struct op *op, const struct trash *trash,
    const struct node *node)
{
	struct list *list = arg;
	bool folder = node->kind == NODE_FOLDER;
	const char *deleted = who_time(op, trash->deleted_at);
	const char *kept =
	    who_time(op, trash->kept_until + list->wall_minus_service);
	char size[OUTPUT_TEXT_SIZE] = "";
	struct span path;

	TRY(trash_folder(op, list->meta, trash, &path));
	if (list->rows != NULL) {
		(void)json_array_append_new(list->rows,
		    json_pack("{s:I, s:s%, s:s%, s:s, s:I, s:s, s:s}", "id",
			(json_int_t)node->id, "name",
			(const char *)node->name.data, node->name.size,
			"folder", (const char *)path.data, path.size, "kind",
			folder ? "folder" : "file", "size",
			(json_int_t)node->size, "deleted", deleted,
			"kept_until", kept));
		return RC_OK;
	}
	if (!folder)
		output_bytes(size, node->size);
	table_add(&list->table, PAINT_NONE, "%" PRId64, node->id);
	table_add(
	    &list->table, PAINT_NONE, "%s", who_minute(op, trash->deleted_at));
	table_add(&list->table, PAINT_NONE, "%.10s", kept);
	table_add(&list->table, PAINT_NONE, "%s", size);
	table_add(&list->table, PAINT_NONE, "%.*s", (int)path.size,
	    (const char *)path.data);
	table_add(&list->table, PAINT_BOLD, "%.*s%s", (int)node->name.size,
	    (const char *)node->name.data, folder ? "/" : "");
	return RC_OK;
}

static enum rc
list_run(struct cli *cli, struct list *list)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct reader *reader;
	enum rc rc;

	TRY(who_tenant(cli, &t));
	TRY(tenant_reader(&cli->op, t, &reader));
	list->meta = &reader->meta;
	rc = trash_items(
	    &cli->op, &reader->meta, ACCESS_RESTORE, list->now, list_one, list);
	tenant_reader_put(t, reader);
	return rc;
}

enum cli_exit
cmd_trash_list(struct cli *cli)
{
	static const char *const titles[] = {
	    ">ID", "DELETED (UTC)", "KEPT UNTIL", ">SIZE", "FOLDER", "NAME"};
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

static enum rc
restore_run(struct cli *cli, int64_t id, struct span *ret_name)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	struct tree_result result;

	TRY(who_tenant(cli, &t));
	return trash_restore(&cli->op, t, id, &result, ret_name);
}

enum cli_exit
cmd_trash_restore(struct cli *cli)
{
	struct span name;
	uint64_t id;
	enum rc rc;

	if (!str_to_u64(cli->args[2], 1, INT64_MAX, &id))
		return cli_misused(cli,
		    "ID is a number of dozo trash list, not \"%s\"",
		    cli->args[2]);
	rc = restore_run(cli, (int64_t)id, &name);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:I, s:s%}", "id", (json_int_t)id, "name",
			     (const char *)name.data, name.size));
	cli_print(
	    cli, "Restored: %.*s\n", (int)name.size, (const char *)name.data);
	return CLI_OK;
}

/* All that the actor may, or one. */
static enum rc
purge_run(struct cli *cli, int64_t id, uint64_t *ret_n)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;
	int64_t now = service_clock_now(&cli->service->clock);
	struct tree_result result;
	struct reader *reader;
	enum rc rc;

	TRY(who_tenant(cli, &t));
	*ret_n = 1;
	if (id != 0)
		return trash_purge(&cli->op, t, id, &result);
	TRY(tenant_reader(&cli->op, t, &reader));
	rc = trash_purge_all(&cli->op, t, &reader->meta, now, ret_n);
	tenant_reader_put(t, reader);
	return rc;
}

enum cli_exit
cmd_trash_purge(struct cli *cli)
{
	uint64_t id = 0, n = 0;
	enum rc rc;

	if (strcmp(cli->args[2], "all") != 0 &&
	    !str_to_u64(cli->args[2], 1, INT64_MAX, &id))
		return cli_misused(cli,
		    "ID is a number of dozo trash list, or all, not \"%s\"",
		    cli->args[2]);
	rc = purge_run(cli, (int64_t)id, &n);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:I}", "purged", (json_int_t)n));
	cli_print(cli, "%" PRIu64 " purged.\n", n);
	return CLI_OK;
}
