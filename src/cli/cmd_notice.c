/* cmd_notice.c - dozo notice list, acknowledge: what a tenant's administrators
 * are to see. */
#include "core/notice.h"

#include <inttypes.h>

#include "base/str.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/who.h"

struct list {
	struct cli *cli;
	struct table table;
	json_t *rows;
	int64_t last; /* that is not acknowledged */
};

static const char *
kind_word(int64_t kind)
{
	return kind == NOTICE_BREAK_GLASS ? "break-glass" : "other";
}

static enum rc
list_one(
    void *arg, struct op *op, const struct notice *notice, bool acknowledged)
{
	struct list *list = arg;
	struct table *table = &list->table;

	if (!acknowledged)
		list->last = notice->id;
	if (list->rows != NULL) {
		(void)json_array_append_new(list->rows,
		    json_pack("{s:I, s:s, s:s, s:s%, s:s%, s:b}", "id",
			(json_int_t)notice->id, "kind", kind_word(notice->kind),
			"made", who_time(op, notice->made_at), "subject",
			(const char *)notice->subject.data,
			notice->subject.size, "text",
			(const char *)notice->text.data, notice->text.size,
			"acknowledged", acknowledged));
		return RC_OK;
	}
	table_add(table, PAINT_NONE, "%" PRId64, notice->id);
	table_add(table, PAINT_NONE, "%s", who_minute(op, notice->made_at));
	table_add(table, acknowledged ? PAINT_NONE : PAINT_WARN, "%s",
	    kind_word(notice->kind));
	table_add(table, PAINT_BOLD, "%.*s", (int)notice->subject.size,
	    (const char *)notice->subject.data);
	table_add(table, PAINT_NONE, "%.*s", (int)notice->text.size,
	    (const char *)notice->text.data);
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
	rc = notice_items(
	    &cli->op, &reader->meta, cli_has(cli, "all"), list_one, list);
	tenant_reader_put(t, reader);
	return rc;
}

enum cli_exit
cmd_notice_list(struct cli *cli)
{
	static const char *const titles[] = {
	    ">ID", "MADE (UTC)", "KIND", "COMMAND", "REASON"};
	struct list list = {
	    .cli = cli, .rows = cli->json ? json_array() : NULL};
	enum rc rc;

	table_init(&list.table, cli, titles, ARRAY_LEN(titles));
	rc = list_run(cli, &list);
	if (rc != RC_OK) {
		json_decref(list.rows);
		return cli_end(cli, rc);
	}
	if (cli->json)
		return cli_print_json(cli, list.rows);
	table_print(&list.table);
	if (list.last != 0 && cli_has(cli, "as"))
		cli_print(cli,
		    "The provider acted for %s without an administrator. Seen "
		    "it: dozo notice acknowledge %s %s %" PRId64 " --as %s\n",
		    cli->args[1], cli->args[0], cli->args[1], list.last,
		    cli_value(cli, "as"));
	return CLI_OK;
}

static enum rc
acknowledge_run(struct cli *cli, int64_t id)
{
	CLEANUP(tenant_put_ptr) struct tenant *t = NULL;

	TRY(who_tenant(cli, &t));
	return notice_acknowledge(&cli->op, t, id);
}

enum cli_exit
cmd_notice_acknowledge(struct cli *cli)
{
	uint64_t id;
	enum rc rc;

	if (!str_to_u64(cli->args[2], 1, INT64_MAX, &id))
		return cli_misused(cli,
		    "ID is a number of dozo notice list, not \"%s\"",
		    cli->args[2]);
	rc = acknowledge_run(cli, (int64_t)id);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (cli->json)
		return cli_print_json(
		    cli, json_pack("{s:I}", "acknowledged", (json_int_t)id));
	cli_print(cli, "Acknowledged, with all before it: %" PRIu64 "\n", id);
	return CLI_OK;
}
