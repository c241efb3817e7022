/* cmd_site_change.c - dozo site add, remove, replace (LOG.md L20). */
#include <string.h>

#include "cli/commands.h"
#include "cli/key_files.h"
#include "cli/site_place.h"
#include "core/state.h"

struct site_order {
	struct site_change_want want;
	struct site_place place; /* of the one that joins */
	const char *leaves; /* its name, or NULL */
	uint8_t leaving[OBJECT_ID_SIZE];
	bool leaving_is_there;
	bool takes_back; /* what is being removed is still being filled */
	bool stands; /* the one that joins is a member already, there */
	struct site_register reg; /* that it leads to */
};

/* ---- which sites ---- */

/* The site of this name that a state has in this role; NULL. */
static const struct state_site *
named(const struct state *state, const char *name, enum state_role role)
{
	size_t i;

	for (i = 0; i < state->n_sites; i++)
		if (strcmp(state->sites[i].name, name) == 0 &&
		    state->sites[i].role == role)
			return &state->sites[i];
	return NULL;
}

/* Looked at now: its disk may just have died. */
static bool
is_there(struct op *op, struct cli *cli, const struct state_site *site)
{
	enum rc rc =
	    site_verify(op, cli->service->config.sites->slots[site->slot].site);

	op_clear_error(op);
	return rc == RC_OK;
}

/* A command that was broken off late is repeated. */
static bool
stands_already(struct op *op, struct cli *cli, const struct state *state,
    const struct site_order *order)
{
	const struct state_site *site =
	    named(state, order->place.name, STATE_MEMBER);

	return site != NULL && strcmp(site->url, order->place.url) == 0 &&
	       is_there(op, cli, site);
}

static enum rc
leaving_choose(struct op *op, struct cli *cli, const struct state *state,
    struct site_order *order)
{
	static const enum state_role roles[] = {STATE_MEMBER, STATE_LEAVES};
	const struct state_site *site = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(roles) && site == NULL; i++)
		site = named(state, order->leaves, roles[i]);
	if (site == NULL)
		FAIL(op, RC_NOT_FOUND,
		    "there is no site %s (dozo site list names them)",
		    order->leaves);
	memcpy(order->leaving, site->info.id, OBJECT_ID_SIZE);
	order->leaving_is_there = is_there(op, cli, site);
	order->want.leaves = order->leaving;
	return RC_OK;
}

static enum rc
joining_choose(struct op *op, struct cli *cli, const struct state *state,
    struct site_order *order)
{
	if (order->leaves == NULL &&
	    named(state, order->place.name, STATE_MEMBER) != NULL)
		FAIL(op, RC_REFUSED,
		    "there is a site %s already: dozo site replace puts "
		    "another in its place",
		    order->place.name);
	TRY(site_place_look(op, cli, order->want.leaves, &order->place));
	order->want.joins = order->place.id;
	order->want.name = order->place.name;
	return RC_OK;
}

/* A key that waits for its export has been made for the sites of before. */
static enum rc
keys_look(struct op *op, struct cli *cli)
{
	bool waits;

	TRY(key_files_waits(op, cli->dir, &waits));
	if (waits)
		FAIL(op, RC_REFUSED,
		    "a new master key waits for its export: end that first "
		    "(dozo key status %s)",
		    cli->args[0]);
	return RC_OK;
}

/* ---- telling ---- */

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void
joining_print(struct cli *cli, const struct site_order *order)
{
	cli_print(cli,
	    "%s is being filled with everything that the service has, while "
	    "people go on working. Until it has it all it counts for "
	    "nothing.\n",
	    order->place.name);
}

static void
leaving_print(struct cli *cli, const struct site_order *order)
{
	if (order->takes_back)
		cli_print(cli,
		    "%s is not filled any further, and what it has got is "
		    "deleted. The other sites stay as they are.\n",
		    order->leaves);
	else if (order->leaving_is_there)
		cli_print(cli,
		    "The present %s leaves then, and what stands there is "
		    "deleted.\n",
		    order->leaves);
	else
		cli_print(cli,
		    "The present %s leaves then. It is away: what is left on "
		    "its disk is sealed, and its key is destroyed. That disk "
		    "can never come back as a site.\n",
		    order->leaves);
}

static void
order_print(struct cli *cli, const struct site_order *order)
{
	if (order->stands) {
		cli_print(cli, "%s is a site already, at %s.\n",
		    order->place.name, order->place.path);
		return;
	}
	if (order->want.joins != NULL)
		joining_print(cli, order);
	if (order->want.leaves != NULL)
		leaving_print(cli, order);
	if (!order->takes_back)
		cli_print(cli,
		    "Then the service has %u site%s, and a file counts as "
		    "stored when %u have it.\n",
		    order->reg.n, plural(order->reg.n), order->reg.m);
	if (!order->takes_back && order->reg.n == order->reg.m)
		cli_print(cli,
		    "None of them may be away then: with fewer nothing can be "
		    "stored.\n");
	cli_print(cli,
	    "The master key changes with the sites: export it again when "
	    "this is over (dozo key export %s FILE).\n",
	    cli->args[0]);
}

static void
end_print(struct cli *cli, bool over)
{
	if (over)
		cli_print(cli, "Done.\n");
	else
		cli_print(cli, "dozo site status %s tells how far it is.\n",
		    cli->args[0]);
}

static enum cli_exit
told_json(struct cli *cli, const struct site_order *order, bool over)
{
	return cli_print_json(
	    cli, json_pack("{s:s, s:i, s:i, s:b}", "site",
		     order->leaves != NULL ? order->leaves : order->place.name,
		     "sites", (int)order->reg.n, "min_sites", (int)order->reg.m,
		     "done", over));
}

/* ---- doing it ---- */

static bool
is_over(struct cli *cli)
{
	struct site_change_state state;

	site_change_look(cli->service, &state);
	return !site_change_is_under_way(state.phase);
}

/* In the server the rest goes on without the command. */
static enum rc
await(struct op *op, struct cli *cli)
{
	if (cli->served && !cli_has(cli, "wait"))
		return RC_OK;
	return site_change_await(op, cli->service, cli->stop);
}

static enum cli_exit
order_end(struct cli *cli, const struct site_order *order, enum rc rc)
{
	enum cli_exit end = CLI_OK;
	bool over;

	if (rc != RC_OK)
		return cli_end(cli, rc);
	if (!cli->json)
		order_print(cli, order);
	rc = await(&cli->op, cli);
	if (rc != RC_OK)
		return cli_end(cli, rc);
	over = is_over(cli);
	if (cli->json)
		end = told_json(cli, order, over);
	else
		end_print(cli, over);
	return end == CLI_OK && !over ? CLI_INCOMPLETE : end;
}

static enum rc
order_run(struct op *op, struct cli *cli, struct site_order *order)
{
	CLEANUP(key_files_close) struct key_files files = KEY_FILES_NONE;
	struct state state;

	/* One at a time, and none beside a change of the keys. */
	TRY(key_files_open(op, cli->dir, &files));
	TRY(keys_look(op, cli));
	TRY(state_get(op, cli->service, false, &state));
	order->stands = stands_already(op, cli, &state, order);
	order->reg = *claim_register(cli->service->claim);
	if (order->stands)
		return RC_OK;
	if (order->leaves != NULL)
		TRY(leaving_choose(op, cli, &state, order));
	if (order->place.name[0] != '\0')
		TRY(joining_choose(op, cli, &state, order));
	TRY(site_change_check(op, cli->service, &order->want, &order->reg));
	if (order->want.joins != NULL)
		TRY(site_place_make(
		    op, cli, &order->place, order->leaves != NULL));
	return site_change_begin(op, cli->service, &order->want);
}

enum cli_exit
cmd_site_add(struct cli *cli)
{
	struct site_order order = {0};
	enum rc rc = site_place_parse(&cli->op, cli->args[1], &order.place);

	if (rc == RC_INVALID)
		return cli_misused(cli, "%s", op_error(&cli->op, rc));
	if (rc == RC_OK)
		rc = order_run(&cli->op, cli, &order);
	return order_end(cli, &order, rc);
}

enum cli_exit
cmd_site_replace(struct cli *cli)
{
	struct site_order order = {0};
	enum rc rc = site_place_parse(&cli->op, cli->args[1], &order.place);

	if (rc == RC_INVALID)
		return cli_misused(cli, "%s", op_error(&cli->op, rc));
	order.leaves = order.place.name;
	if (rc == RC_OK)
		rc = order_run(&cli->op, cli, &order);
	return order_end(cli, &order, rc);
}

/* ---- removing ---- */

/* One that is being filled, or that no register has. */
static enum rc
newcomer_remove(struct op *op, struct cli *cli, struct site_order *order,
    const struct state_site *site)
{
	CLEANUP(key_files_close) struct key_files files = KEY_FILES_NONE;

	TRY(key_files_open(op, cli->dir, &files));
	memcpy(order->leaving, site->info.id, OBJECT_ID_SIZE);
	order->want.leaves = order->leaving;
	order->takes_back = true;
	order->reg = *claim_register(cli->service->claim);
	if (site->role == STATE_STRANGER)
		return site_leave(op, cli->service, order->leaving);
	return site_change_begin(op, cli->service, &order->want);
}

static enum rc
remove_run(struct op *op, struct cli *cli, struct site_order *order)
{
	const struct state_site *site;
	struct state state;

	TRY(state_get(op, cli->service, false, &state));
	site = named(&state, order->leaves, STATE_JOINS);
	if (site == NULL && named(&state, order->leaves, STATE_MEMBER) == NULL)
		site = named(&state, order->leaves, STATE_STRANGER);
	return site != NULL ? newcomer_remove(op, cli, order, site)
			    : order_run(op, cli, order);
}

enum cli_exit
cmd_site_remove(struct cli *cli)
{
	struct site_order order = {.leaves = cli->args[1]};

	return order_end(cli, &order, remove_run(&cli->op, cli, &order));
}
