/* site_rows.c - a line for each site. */
#include "cli/site_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum site_word {
	WORD_IN_SERVICE,
	WORD_BEHIND,
	WORD_AWAY,
	WORD_WAITING,
	WORD_ATTACHED,
	WORD_FILLING,
	WORD_LEAVING,
	WORD_STRANGER,
};

static const char *const words[] = {
    [WORD_IN_SERVICE] = "in service",
    [WORD_BEHIND] = "behind",
    [WORD_AWAY] = "away",
    [WORD_WAITING] = "waiting",
    [WORD_ATTACHED] = "there",
    [WORD_FILLING] = "filling",
    [WORD_LEAVING] = "leaving",
    [WORD_STRANGER] = "not in use",
};

static const enum paint paints[] = {
    [WORD_IN_SERVICE] = PAINT_GOOD,
    [WORD_BEHIND] = PAINT_WARN,
    [WORD_AWAY] = PAINT_BAD,
    [WORD_WAITING] = PAINT_WARN,
    [WORD_ATTACHED] = PAINT_GOOD,
    [WORD_FILLING] = PAINT_WARN,
    [WORD_LEAVING] = PAINT_WARN,
    [WORD_STRANGER] = PAINT_WARN,
};

const char *
site_url(const struct dir *dir, const char *name)
{
	char section[DIR_SECTION_SIZE];

	dir_site_section(name, section);
	return conf_get_string(dir->conf, section, "url");
}

/* A command that only reads knows who is there, not who is in service. */
static enum site_word
word_of(const struct cli *cli, const struct state *state,
    const struct state_site *site)
{
	if (site->role == STATE_JOINS)
		return WORD_FILLING;
	if (site->role == STATE_LEAVES)
		return WORD_LEAVING;
	if (site->role == STATE_STRANGER)
		return WORD_STRANGER;
	if (!site->attached)
		return WORD_AWAY;
	if (cli->service->config.read_only)
		return WORD_ATTACHED;
	if (!state->claimed)
		return WORD_WAITING;
	if (!site->counts || site->in_service < state->n_tenants ||
	    site->closed_behind > 0 || !state->all_known || site->low)
		return WORD_BEHIND;
	return WORD_IN_SERVICE;
}

static bool
is_trouble(enum site_word word)
{
	return word != WORD_IN_SERVICE && word != WORD_ATTACHED;
}

bool
site_rows_well(const struct cli *cli, const struct state *state)
{
	size_t i;

	for (i = 0; i < state->n_sites; i++) {
		enum site_word word = word_of(cli, state, &state->sites[i]);

		if (is_trouble(word) || state->sites[i].damaged > 0)
			return false;
	}
	return !site_change_is_under_way(state->change.phase);
}

static void
device_text(const struct state_site *site, char out[OUTPUT_TEXT_SIZE])
{
	unsigned long long device = site->space.device;

	out[0] = '\0';
	if (site->space.total > 0)
		(void)snprintf(out, OUTPUT_TEXT_SIZE, "%llu:%llu",
		    (device >> 8 & 0xfff) | (device >> 32 & ~0xfffULL),
		    (device & 0xff) | (device >> 12 & ~0xffULL));
}

static void
space_texts(const struct state_site *site, char free[OUTPUT_TEXT_SIZE],
    char size[OUTPUT_TEXT_SIZE])
{
	free[0] = size[0] = '\0';
	if (site->space.total == 0)
		return;
	output_bytes(free, site->space.free);
	output_bytes(size, site->space.total);
}

static void
row_print(struct cli *cli, struct table *table, const struct state *state,
    const struct state_site *site)
{
	enum site_word word = word_of(cli, state, site);
	bool known =
	    state->claimed && site->attached && site->role == STATE_MEMBER;
	char free[OUTPUT_TEXT_SIZE], size[OUTPUT_TEXT_SIZE],
	    device[OUTPUT_TEXT_SIZE];
	char held[OUTPUT_TEXT_SIZE] = "-", lag[OUTPUT_TEXT_SIZE] = "-";

	space_texts(site, free, size);
	device_text(site, device);
	if (known) {
		output_count(held, site->held);
		output_count(lag, site->lag);
	}
	table_add(table, PAINT_BOLD, "%s", site->name);
	table_add(table, PAINT_NONE, "%s%s%s", site->info.place,
	    site->info.place[0] != '\0' && site->info.country[0] != '\0' ? " "
									 : "",
	    site->info.country);
	table_add(table, paints[word], "%s", words[word]);
	table_add(table, PAINT_NONE, "%s", held);
	table_add(
	    table, site->lag > 0 && known ? PAINT_WARN : PAINT_NONE, "%s", lag);
	table_add(table, PAINT_NONE, "%s", free);
	table_add(table, PAINT_NONE, "%s", size);
	table_add(table, PAINT_DIM, "%s", device);
}

static const char *
why_of(const struct state_site *site, enum site_word word)
{
	if (word == WORD_WAITING)
		return "too few sites are there to write";
	if (site->why[0] != '\0')
		return site->why;
	return site->low ? RESERVE_WHY : "it is being looked at";
}

/* How far a change of the register is. */
static void
change_print(struct cli *cli, const struct state *state,
    const struct state_site *site, enum site_word word)
{
	const struct site_change_state *change = &state->change;
	const char *begin = paint_begin(cli, paints[word]);
	const char *end = paint_end(cli, paints[word]);

	if (word == WORD_STRANGER) {
		cli_print(cli,
		    "%s%s is in no register: a dozo site add or replace was "
		    "broken off. Repeat it, or dozo site remove %s %s%s\n",
		    begin, site->name, cli->args[0], site->name, end);
		return;
	}
	if (word == WORD_LEAVING)
		cli_print(cli, "%s%s is leaving: what it has is deleted%s\n",
		    begin, site->name, end);
	else if (change->phase == SITE_PHASE_SWITCHING)
		cli_print(cli,
		    "%s%s is filled, and comes into the register%s\n", begin,
		    site->name, end);
	else if (change->total > 0)
		cli_print(cli,
		    "%s%s is filling: %" PRIu64 " of %" PRIu64
		    " objects; it counts for nothing yet%s\n",
		    begin, site->name, change->held, change->total, end);
	else
		cli_print(cli, "%s%s is filling; it counts for nothing yet%s\n",
		    begin, site->name, end);
	if (change->why[0] != '\0')
		cli_print(cli, "%s  it waits: %s%s\n", begin, change->why, end);
}

/* What is not as it should be with a site. */
static void
trouble_print(
    struct cli *cli, const struct state *state, const struct state_site *site)
{
	enum site_word word = word_of(cli, state, site);
	char free[OUTPUT_TEXT_SIZE], reserve[OUTPUT_TEXT_SIZE];

	if (site->role != STATE_MEMBER) {
		change_print(cli, state, site, word);
		return;
	}
	if (is_trouble(word))
		cli_print(cli, "%s%s is %s: %s%s\n",
		    paint_begin(cli, paints[word]), site->name, words[word],
		    why_of(site, word), paint_end(cli, paints[word]));
	if (word == WORD_BEHIND && site->closed_behind > 0)
		cli_print(cli,
		    "%s%s is still to be looked at or caught up for "
		    "%zu of %zu tenants that are not open%s\n",
		    paint_begin(cli, paints[word]), site->name,
		    site->closed_behind, state->n_closed,
		    paint_end(cli, paints[word]));
	if (site->rolled_back > 0)
		cli_print(cli,
		    "%s%s was rolled back: %u log%s had less than it had "
		    "acknowledged. Has somebody put a backup in its "
		    "place?%s\n",
		    paint_begin(cli, PAINT_BAD), site->name, site->rolled_back,
		    output_plural(site->rolled_back),
		    paint_end(cli, PAINT_BAD));
	if (site->damaged > 0)
		cli_print(cli,
		    "%s%s has %zu damaged object%s, being repaired%s\n",
		    paint_begin(cli, PAINT_WARN), site->name, site->damaged,
		    output_plural(site->damaged), paint_end(cli, PAINT_WARN));
	if (!site->low)
		return;
	output_bytes(free, site->space.free);
	output_bytes(reserve, site->reserve);
	cli_print(cli, "%s%s has %s free, of which %s are its reserve%s\n",
	    paint_begin(cli, PAINT_WARN), site->name, free, reserve,
	    paint_end(cli, PAINT_WARN));
}

void
site_rows_print(struct cli *cli, const struct state *state)
{
	static const char *const titles[] = {"SITE", "PLACE", "STATE", ">HEAD",
	    ">LAG", ">FREE", ">OF", "DEVICE"};
	struct table table;
	size_t i;

	table_init(&table, cli, titles, ARRAY_LEN(titles));
	for (i = 0; i < state->n_sites; i++)
		row_print(cli, &table, state, &state->sites[i]);
	table_print(&table);
	for (i = 0; i < state->n_sites; i++)
		trouble_print(cli, state, &state->sites[i]);
	if (state->change.phase == SITE_PHASE_LEAVING)
		cli_print(cli, "The change of the sites is being ended.\n");
}

static void
set_number(json_t *row, const char *name, uint64_t value)
{
	(void)json_object_set_new(row, name, json_integer((json_int_t)value));
}

static json_t *
row_json(
    struct cli *cli, const struct state *state, const struct state_site *site)
{
	static const char *const states[] = {
	    [WORD_IN_SERVICE] = "in-service",
	    [WORD_BEHIND] = "behind",
	    [WORD_AWAY] = "away",
	    [WORD_WAITING] = "waiting",
	    [WORD_ATTACHED] = "attached",
	    [WORD_FILLING] = "filling",
	    [WORD_LEAVING] = "leaving",
	    [WORD_STRANGER] = "not-in-use",
	};
	bool known =
	    state->claimed && site->attached && site->role == STATE_MEMBER;
	char id[2 * OBJECT_ID_SIZE + 1], device[OUTPUT_TEXT_SIZE];
	json_t *row;

	str_hex(id, span_of(site->info.id, OBJECT_ID_SIZE));
	device_text(site, device);
	row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name",
	    site->name, "id", id, "url", site->url, "place", site->info.place,
	    "country", site->info.country, "state",
	    states[word_of(cli, state, site)], "why", site->why, "device",
	    device);
	if (row != NULL && known) {
		set_number(row, "head", site->held);
		set_number(row, "lag", site->lag);
		set_number(row, "closed_behind", site->closed_behind);
		set_number(row, "damaged", site->damaged);
		set_number(row, "rolled_back", site->rolled_back);
	}
	if (row != NULL && site->role == STATE_JOINS)
		(void)json_object_set_new(row, "filling",
		    json_pack("{s:I, s:I, s:s}", "objects",
			(json_int_t)state->change.held, "of",
			(json_int_t)state->change.total, "waits",
			state->change.why));
	if (row != NULL && known)
		(void)json_object_set_new(
		    row, "key_pending", json_boolean(site->key_pending));
	if (row != NULL && site->space.total > 0) {
		set_number(row, "free", site->space.free);
		set_number(row, "size", site->space.total);
		set_number(row, "reserve", site->reserve);
		(void)json_object_set_new(row, "low", json_boolean(site->low));
	}
	return row;
}

json_t *
site_rows_json(struct cli *cli, const struct state *state)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < state->n_sites; i++)
		(void)json_array_append_new(
		    rows, row_json(cli, state, &state->sites[i]));
	return rows;
}
