/* scrub_state.c - DIR/scrub, to bytes and back. */
#include "core/scrub_state.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "base/str.h"

#define ZEROS "00000000000000000000000000000000"
#define AMOUNT(section, key) \
	{ \
		section, key, CONF_U64, "0", 0, INT64_MAX, "" \
	}

static const struct conf_key keys[] = {
    AMOUNT("scrub", "run"),
    {"scrub", "going", CONF_BOOL, "no", 0, 0, ""},
    {"scrub", "deep", CONF_BOOL, "no", 0, 0, ""},
    {"scrub", "whole", CONF_BOOL, "no", 0, 0, ""},
    {"scrub", "tenant", CONF_U64, "0", 0, UINT64_MAX, ""},
    {"scrub", "site", CONF_STRING, ZEROS, 32, 32, ""},
    {"scrub", "phase", CONF_U64, "0", 0, CHECK_DONE, ""},
    AMOUNT("scrub", "number"),
    {"scrub", "data", CONF_STRING, ZEROS, 32, 32, ""},
    {"site *", "chosen", CONF_BOOL, "no", 0, 0, ""},
    AMOUNT("site *", "absent"),
    AMOUNT("site *", "numbers"),
    AMOUNT("site *", "data"),
    AMOUNT("site *", "bytes"),
    AMOUNT("site *", "contents"),
    AMOUNT("site *", "missing"),
    AMOUNT("site *", "damaged"),
    AMOUNT("site *", "strange"),
    AMOUNT("site *", "repaired"),
    AMOUNT("site *", "ended"),
    AMOUNT("site *", "ended_deep"),
    AMOUNT("site *", "found"),
    AMOUNT("site *", "left"),
};

/* Where the sums of a site stand. */
static const struct {
	const char *key;
	size_t offset;
} sums[] = {
    {"absent", offsetof(struct scrub_site, absent)},
    {"numbers", offsetof(struct scrub_site, sum.numbers)},
    {"data", offsetof(struct scrub_site, sum.data)},
    {"bytes", offsetof(struct scrub_site, sum.bytes)},
    {"contents", offsetof(struct scrub_site, sum.contents)},
    {"missing", offsetof(struct scrub_site, sum.missing)},
    {"damaged", offsetof(struct scrub_site, sum.damaged)},
    {"strange", offsetof(struct scrub_site, sum.strange)},
    {"repaired", offsetof(struct scrub_site, sum.repaired)},
    {"found", offsetof(struct scrub_site, found)},
    {"left", offsetof(struct scrub_site, left)},
};

static uint64_t *
sum_of(struct scrub_site *site, size_t k)
{
	return (uint64_t *)(void *)((uint8_t *)site + sums[k].offset);
}

static enum rc
section_write(struct op *op, const struct scrub_site *site, struct buf *out)
{
	struct scrub_site copy = *site;
	char id[2 * OBJECT_ID_SIZE + 1];
	size_t k;

	str_hex(id, span_of(site->id, OBJECT_ID_SIZE));
	TRY(buf_add_format(op, out,
	    "\n[site %s]\nchosen = %s\nended = %" PRId64
	    "\nended_deep = %" PRId64 "\n",
	    id, site->chosen ? "yes" : "no", site->ended, site->ended_deep));
	for (k = 0; k < ARRAY_LEN(sums); k++)
		TRY(buf_add_format(op, out, "%s = %" PRIu64 "\n", sums[k].key,
		    *sum_of(&copy, k)));
	return RC_OK;
}

enum rc
scrub_state_write(
    struct op *op, const struct scrub_state *state, struct buf *out)
{
	char data[2 * OBJECT_ID_SIZE + 1], site[2 * OBJECT_ID_SIZE + 1];
	size_t i;

	str_hex(data, span_of(state->place.data, OBJECT_ID_SIZE));
	(void)str_copy(site, sizeof(site), ZEROS);
	if (state->site < state->n)
		str_hex(site,
		    span_of(state->sites[state->site].id, OBJECT_ID_SIZE));
	TRY(buf_add_format(op, out,
	    "# How far dozo scrub has come, and when it last ended.\n"
	    "[scrub]\nrun = %" PRId64 "\ngoing = %s\ndeep = %s\n"
	    "whole = %s\n"
	    "tenant = %" PRIu64 "\nsite = %s\nphase = %u\n"
	    "number = %" PRIu64 "\ndata = %s\n",
	    state->run, state->going ? "yes" : "no", state->deep ? "yes" : "no",
	    state->whole ? "yes" : "no", state->tenant, site,
	    (unsigned)state->place.phase, state->place.number, data));
	for (i = 0; i < state->n; i++)
		TRY(section_write(op, &state->sites[i], out));
	return RC_OK;
}

static size_t
site_find(const struct scrub_state *state, const uint8_t id[OBJECT_ID_SIZE])
{
	size_t i;

	for (i = 0; i < state->n; i++)
		if (memcmp(state->sites[i].id, id, OBJECT_ID_SIZE) == 0)
			break;
	return i;
}

static enum rc
section_read(struct op *op, const struct conf *conf, const char *name,
    struct scrub_state *state)
{
	char section[CONF_NAME_LIMIT + 8];
	uint8_t id[OBJECT_ID_SIZE];
	struct scrub_site *site;
	size_t i, k;

	TRY(str_unhex(op, name, id, sizeof(id)));
	i = site_find(state, id);
	if (i == state->n)
		return RC_OK;
	site = &state->sites[i];
	(void)snprintf(section, sizeof(section), "site %s", name);
	site->chosen = conf_get_bool(conf, section, "chosen");
	site->ended = (int64_t)conf_get_u64(conf, section, "ended");
	site->ended_deep = (int64_t)conf_get_u64(conf, section, "ended_deep");
	for (k = 0; k < ARRAY_LEN(sums); k++)
		*sum_of(site, k) = conf_get_u64(conf, section, sums[k].key);
	return RC_OK;
}

static enum rc
run_read(struct op *op, const struct conf *conf, struct scrub_state *state)
{
	uint8_t id[OBJECT_ID_SIZE];

	state->run = (int64_t)conf_get_u64(conf, "scrub", "run");
	state->going = conf_get_bool(conf, "scrub", "going");
	state->deep = conf_get_bool(conf, "scrub", "deep");
	state->whole = conf_get_bool(conf, "scrub", "whole");
	state->tenant = conf_get_u64(conf, "scrub", "tenant");
	state->place.phase =
	    (enum check_phase)conf_get_u64(conf, "scrub", "phase");
	state->place.number = conf_get_u64(conf, "scrub", "number");
	TRY(str_unhex(op, conf_get_string(conf, "scrub", "data"),
	    state->place.data, OBJECT_ID_SIZE));
	TRY(str_unhex(
	    op, conf_get_string(conf, "scrub", "site"), id, sizeof(id)));
	state->site = site_find(state, id);
	if (state->site == state->n) {
		/* Removed since: the tenant is looked at from the first on. */
		state->site = 0;
		state->place = (struct check_place){0};
	}
	return RC_OK;
}

enum rc
scrub_state_read(struct op *op, struct span text, struct scrub_state *state)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	struct scrub_state found = *state;
	const char *name;
	size_t i;

	TRY(conf_parse(op, text, keys, ARRAY_LEN(keys), &conf));
	TRY(run_read(op, conf, &found));
	for (i = 0; (name = conf_section_name(conf, "site", i)) != NULL; i++)
		TRY(section_read(op, conf, name, &found));
	*state = found;
	return RC_OK;
}
