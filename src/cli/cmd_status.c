/* cmd_status.c - dozo status: how the service is, at one look. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/export.h"
#include "cli/key_files.h"
#include "cli/site_rows.h"
#include "cli/upkeep_rows.h"

enum { TENANTS_SHOWN = 50 };

struct name {
	uint64_t id;
	char name[33];
	uint64_t noted; /* not served: the head as heads have it (L21) */
};

struct status {
	struct cli *cli;
	struct state state;
	size_t n_names, room;
	struct name *names; /* of all tenants; in the op's arena */
	uint64_t canary; /* the canary tenant's id; 0: there is none */
	bool exported;
	bool waits; /* a next master key, for its export */
	struct site_keys_state keys;
};

/* ---- what there is ---- */

static enum rc
name_add(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct status *status = arg;
	const struct heads_entry *entry;
	size_t room = 2 * status->room + 64;
	struct name *more;

	if (info->canary) {
		status->canary = info->id;
		return RC_OK;
	}
	if (status->n_names == status->room) {
		TRY(op_alloc(op, room * sizeof(*more), &more));
		if (status->n_names > 0)
			memcpy(more, status->names,
			    status->n_names * sizeof(*more));
		status->names = more;
		status->room = room;
	}
	/* A server's heads are its keeper's: it knows its tenants itself. */
	entry = status->cli->served
		    ? NULL
		    : heads_find(&status->cli->service->heads, info->id);
	status->names[status->n_names].noted =
	    entry != NULL ? entry->number : 0;
	status->names[status->n_names].id = info->id;
	memcpy(status->names[status->n_names].name, info->name,
	    sizeof(info->name));
	status->n_names++;
	return RC_OK;
}

static enum rc
status_get(struct cli *cli, struct status *status)
{
	struct export_noted noted;

	status->cli = cli;
	site_keys_look(cli->service, &status->keys);
	TRY(export_look(&cli->op, cli->dir, &noted));
	TRY(key_files_waits(&cli->op, cli->dir, &status->waits));
	status->exported = export_covers(
	    &noted, status->keys.version, status->keys.fingerprint);
	TRY(service_tenants(&cli->op, cli->service, name_add, status));
	return state_get(&cli->op, cli->service, true, &status->state);
}

static const struct state_tenant *
tenant_state(const struct status *status, uint64_t id)
{
	size_t i;

	for (i = 0; i < status->state.n_tenants; i++)
		if (status->state.tenants[i].id == id)
			return &status->state.tenants[i];
	return NULL;
}

static bool
all_well(const struct status *status)
{
	const struct cli *cli = status->cli;
	size_t i;

	if (!site_rows_well(cli, &status->state) || status->state.disk_low)
		return false;
	for (i = 0; i < status->state.n_tenants; i++) {
		enum tenant_mode mode = status->state.tenants[i].mode;

		if (mode == TENANT_REFUSED || mode == TENANT_IN_DOUBT ||
		    (mode == TENANT_READ_ONLY &&
			!cli->service->config.read_only))
			return false;
	}
	return true;
}

/* The word at the top. A command that only reads sees sites, not a running
 * service. */
static const char *
health_word(const struct status *status)
{
	static const char *const words[] = {[HEALTH_OK] = "ok",
	    [HEALTH_DEGRADED] = "degraded",
	    [HEALTH_READ_ONLY] = "read-only"};

	if (!status->cli->served)
		return "not served";
	return words[status->state.health];
}

static const char *
mode_word(enum tenant_mode mode)
{
	static const char *const words[] = {
	    [TENANT_CLOSED] = "not open",
	    [TENANT_READY] = "ready",
	    [TENANT_IN_DOUBT] = "in doubt",
	    [TENANT_READ_ONLY] = "read-only",
	    [TENANT_REFUSED] = "refused",
	};

	return words[mode];
}

/* ---- for people ---- */

static void
head_print(const struct status *status)
{
	struct cli *cli = status->cli;
	const struct state *state = &status->state;
	enum paint paint = !cli->served                       ? PAINT_DIM
			   : state->health == HEALTH_OK       ? PAINT_GOOD
			   : state->health == HEALTH_DEGRADED ? PAINT_WARN
							      : PAINT_BAD;
	char uptime[OUTPUT_TEXT_SIZE];

	output_duration(uptime, state->uptime);
	cli_print(cli, "%sdozo%s %s  %s%s%s", paint_begin(cli, PAINT_BOLD),
	    paint_end(cli, PAINT_BOLD), cli->dir->path, paint_begin(cli, paint),
	    health_word(status), paint_end(cli, paint));
	if (cli->served)
		cli_print(cli, "  up %s", uptime);
	if (state->m > 0)
		cli_print(cli, "  %u of %u sites must have a file", state->m,
		    state->n);
	cli_print(cli, "\n");
	if (state->head_unproven)
		cli_print(cli,
		    "%shead unproven: too few sites tell whether another "
		    "server has taken over%s\n",
		    paint_begin(cli, PAINT_BAD), paint_end(cli, PAINT_BAD));
	cli_print(cli, "\n");
}

static void
tenant_row(struct table *table, const struct name *name,
    const struct state_tenant *tenant)
{
	char number[OUTPUT_TEXT_SIZE] = "-", files[OUTPUT_TEXT_SIZE] = "-";
	char bytes[OUTPUT_TEXT_SIZE] = "-";
	enum tenant_mode mode = tenant != NULL ? tenant->mode : TENANT_CLOSED;

	if (tenant != NULL || name->noted > 0)
		output_count(
		    number, tenant != NULL ? tenant->number : name->noted);
	if (tenant != NULL && tenant->counted) {
		output_count(files, tenant->files);
		output_bytes(bytes, tenant->bytes);
	}
	table_add(table, PAINT_BOLD, "%s", name->name);
	table_add(table,
	    mode == TENANT_READY    ? PAINT_GOOD
	    : mode == TENANT_CLOSED ? PAINT_DIM
				    : PAINT_WARN,
	    "%s", mode_word(mode));
	table_add(table, PAINT_NONE, "%s", number);
	table_add(table, PAINT_NONE, "%s", files);
	table_add(table, PAINT_NONE, "%s", bytes);
}

/* The name of a tenant; "" where it is not known. arg is a struct status. */
static const char *
name_of(const void *arg, uint64_t id)
{
	const struct status *status = arg;
	size_t i;

	if (id == TENANT_PROVIDER)
		return "(provider)";

	for (i = 0; i < status->n_names; i++)
		if (status->names[i].id == id)
			return status->names[i].name;
	return "";
}

/* Why tenants take no changes. */
static void
reasons_print(const struct status *status)
{
	struct cli *cli = status->cli;
	size_t i;

	for (i = 0; i < status->state.n_tenants; i++) {
		const struct state_tenant *tenant = &status->state.tenants[i];

		if (tenant->mode == TENANT_READY ||
		    cli->service->config.read_only)
			continue;
		cli_print(cli, "%s%s%s is %s: %s%s\n",
		    paint_begin(cli, PAINT_WARN),
		    tenant->id == TENANT_PROVIDER  ? "the provider's log"
		    : tenant->id == status->canary ? "the canary's log"
						   : "tenant ",
		    tenant->id == TENANT_PROVIDER ? ""
						  : name_of(status, tenant->id),
		    mode_word(tenant->mode), tenant->why,
		    paint_end(cli, PAINT_WARN));
	}
}

static void
tenants_print(const struct status *status)
{
	static const char *const titles[] = {
	    "TENANT", "STATE", ">HEAD", ">FILES", ">BYTES"};
	struct cli *cli = status->cli;
	uint64_t files = 0, bytes = 0;
	char count[OUTPUT_TEXT_SIZE], size[OUTPUT_TEXT_SIZE];
	struct table table;
	size_t i;

	table_init(&table, cli, titles, ARRAY_LEN(titles));
	for (i = 0; i < status->n_names && i < TENANTS_SHOWN; i++)
		tenant_row(&table, &status->names[i],
		    tenant_state(status, status->names[i].id));
	for (i = 0; i < status->state.n_tenants; i++) {
		if (status->state.tenants[i].id == status->canary)
			continue;
		files += status->state.tenants[i].files;
		bytes += status->state.tenants[i].bytes;
	}
	cli_print(cli, "\n");
	if (status->n_names > 0)
		table_print(&table);
	output_count(count, files);
	output_bytes(size, bytes);
	cli_print(cli, "%zu tenant%s", status->n_names,
	    output_plural(status->n_names));
	if (status->n_names > TENANTS_SHOWN)
		cli_print(cli, " (%d shown)", TENANTS_SHOWN);
	if (cli->served)
		cli_print(cli, ", %s file%s and %s in those that are open",
		    count, output_plural(files), size);
	cli_print(cli, "\n");
	reasons_print(status);
}

static void
together_print(const struct status *status, bool place)
{
	const struct state *state = &status->state;
	struct cli *cli = status->cli;
	size_t i, k;

	for (i = 1; i < state->n_sites; i++)
		for (k = 0; k < i; k++) {
			const struct state_site *a = &state->sites[k];
			const struct state_site *b = &state->sites[i];

			if (!state_together(a, b, place))
				continue;
			cli_print(cli,
			    "\n%s%s and %s are %s: what happens to it happens "
			    "to both%s\n",
			    paint_begin(cli, PAINT_WARN), a->name, b->name,
			    place ? "in one place" : "on one device",
			    paint_end(cli, PAINT_WARN));
			return; /* one is enough to say it */
		}
}

/* Yellow while the newest master key is not exported, or not on every site. */
static void
keys_print(const struct status *status)
{
	struct cli *cli = status->cli;
	const char *begin = paint_begin(cli, PAINT_WARN);
	const char *end = paint_end(cli, PAINT_WARN);

	if (!status->exported)
		cli_print(cli,
		    "\n%sThe master key (version %u) is not exported: dozo key "
		    "export %s FILE%s\n",
		    begin, (unsigned)status->keys.version, cli->dir->path, end);
	if (status->waits || status->keys.n_pending > 0)
		cli_print(cli,
		    "\n%sThe keys of the sites are being rotated: dozo key "
		    "status %s%s\n",
		    begin, cli->dir->path, end);
}

/* L14: the disk of the databases has a reserve as sites have. */
static void
disk_print(const struct status *status)
{
	const struct state *state = &status->state;
	struct cli *cli = status->cli;
	char free[OUTPUT_TEXT_SIZE], reserve[OUTPUT_TEXT_SIZE];

	if (!state->disk_low)
		return;
	output_bytes(free, state->disk.free);
	output_bytes(reserve, state->disk_reserve);
	cli_print(cli,
	    "\n%sThe disk of %s/db has %s free, of which %s are its reserve: "
	    "uploads are refused%s\n",
	    paint_begin(cli, PAINT_BAD), cli->dir->path, free, reserve,
	    paint_end(cli, PAINT_BAD));
}

static void
advice_print(const struct status *status)
{
	struct cli *cli = status->cli;
	char text[OUTPUT_TEXT_SIZE];

	if (dir_read_only(cli->dir))
		cli_print(cli,
		    "\n%sIt takes no changes: read_only = yes in dozo.conf, as "
		    "dozo rebuild sets it%s\n",
		    paint_begin(cli, PAINT_WARN), paint_end(cli, PAINT_WARN));
	disk_print(status);
	together_print(status, false);
	together_print(status, true);
	keys_print(status);
	if (status->state.not_counted > 0) {
		output_duration(text, status->state.not_counted);
		cli_print(cli,
		    "\n%s%s before the start do not count towards deadlines, "
		    "for the clock was not "
		    "synchronised. If it was right: dozo clock accept %s%s\n",
		    paint_begin(cli, PAINT_WARN), text, cli->dir->path,
		    paint_end(cli, PAINT_WARN));
	}
}

/* ---- for programs ---- */

static json_t *
tenant_json(const struct name *name, const struct state_tenant *tenant)
{
	enum tenant_mode mode = tenant != NULL ? tenant->mode : TENANT_CLOSED;
	char id[20];
	json_t *row;

	(void)snprintf(id, sizeof(id), "%016" PRIx64, name->id);
	row = json_pack("{s:s, s:s, s:s}", "name", name->name, "id", id,
	    "state", mode_word(mode));
	if (row != NULL && tenant != NULL) {
		(void)json_object_set_new(row, "why", json_string(tenant->why));
		(void)json_object_set_new(
		    row, "head", json_integer((json_int_t)tenant->number));
	}
	if (row != NULL && tenant != NULL && tenant->counted) {
		(void)json_object_set_new(
		    row, "files", json_integer((json_int_t)tenant->files));
		(void)json_object_set_new(
		    row, "bytes", json_integer((json_int_t)tenant->bytes));
	}
	return row;
}

static enum cli_exit
status_json(const struct status *status)
{
	const struct state *state = &status->state;
	struct cli *cli = status->cli;
	json_t *tenants = json_array();
	size_t i;

	for (i = 0; i < status->n_names; i++)
		(void)json_array_append_new(
		    tenants, tenant_json(&status->names[i],
				 tenant_state(status, status->names[i].id)));
	return cli_print_json(cli,
	    json_pack("{s:s, s:s, s:b, s:s, s:b, s:I, s:I, s:i, "
		      "s:{s:i, s:s, s:b, s:b}, s:{s:I, s:I, s:b}, "
		      "s:o, s:o, s:o, s:o}",
		"version", DOZO_VERSION, "dir", cli->dir->path, "served",
		cli->served, "health", health_word(status), "head_unproven",
		state->head_unproven, "uptime_seconds",
		(json_int_t)(state->uptime / CLOCK_S), "uncounted_seconds",
		(json_int_t)(state->not_counted / CLOCK_S), "min_sites",
		(int)state->m, "key", "version", (int)status->keys.version,
		"fingerprint", status->keys.fingerprint, "exported",
		status->exported, "rotating",
		status->waits || status->keys.n_pending > 0, "disk", "free",
		(json_int_t)state->disk.free, "reserve",
		(json_int_t)state->disk_reserve, "low", state->disk_low,
		"upkeep", cli->served ? upkeep_rows_json(state) : json_null(),
		"scrub", scrub_rows_json(cli, state), "sites",
		site_rows_json(cli, state), "tenants", tenants));
}

enum cli_exit
cmd_status(struct cli *cli)
{
	struct status *status = mem_alloc(sizeof(*status));
	enum cli_exit end;
	enum rc rc;

	if (status == NULL)
		return CLI_FAILED;
	rc = status_get(cli, status);
	if (rc != RC_OK) {
		mem_free(status);
		return cli_end(cli, rc);
	}
	if (cli->json) {
		end = status_json(status);
	} else {
		head_print(status);
		site_rows_print(cli, &status->state);
		tenants_print(status);
		upkeep_rows_print(cli, &status->state, name_of, status);
		advice_print(status);
		end = CLI_OK;
	}
	if (end == CLI_OK && !all_well(status))
		end = CLI_INCOMPLETE;
	mem_free(status);
	return end;
}
