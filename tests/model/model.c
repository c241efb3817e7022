/* model.c - the model's program: RUNS [VARIANT] [=SEED] (sim.h). */
#include "model/check_log.h"
#include "model/check_site.h"
#include "model/sim.h"

static struct check_site site_all = {
    .puts = true, .lists = true, .removes = true, .cut_below = true};
static struct check_site site_outcomes = {.outcomes_only = true,
    .puts = true,
    .lists = true,
    .removes = true,
    .cut_below = true};
static struct check_site site_listed = {
    .outcomes_only = true, .lists = true, .makers_die = true};
static struct check_site site_named = {.puts = true,
    .lists = true,
    .removes = true,
    .no_tmpfile = true,
    .cut_below = true};

static struct check_log log_calm = {.calm = true};
static struct check_log log_alone = {.alone = true};
static struct check_log log_two = {.calm = false};
static struct check_log log_surface = {.surface = true};
static struct check_log log_rot = {.rot = true};
static struct check_log log_calm_upkeep = {.calm = true, .upkeep = true};
static struct check_log log_upkeep = {.upkeep = true};
static struct check_log log_old = {.old_databases = true};

/* Told to its end, and as the beginning of a wild run. */
#define STORY(name, its_story) \
	{"story: " name, check_log_run, \
	    &(struct check_log){.story = (its_story), .to_its_end = true}, \
	    false}, \
	{ \
		"after: " name, check_log_run, \
		    &(struct check_log){ \
			.story = (its_story), .goes_on = true}, \
		    false \
	}

static const struct sim_variant variants[] = {
    {"site: all promises", check_site_run, &site_all, false},
    {"site: by outcomes only", check_site_run, &site_outcomes, false},
    {"site: makers die", check_site_run, &site_listed, false},
    {"site: temporary files with names", check_site_run, &site_named, false},
    {"log: calm", check_log_run, &log_calm, false},
    {"log: one server", check_log_run, &log_alone, false},
    {"log: two servers", check_log_run, &log_two, false},
    {"log: by outcomes only", check_log_run, &log_surface, false},
    {"log: rot", check_log_run, &log_rot, false},
    {"log: older databases", check_log_run, &log_old, false},
    {"log: upkeep, calm", check_log_run, &log_calm_upkeep, false},
    {"log: upkeep", check_log_run, &log_upkeep, false},
    STORY("doubt, reopened", LOG_DOUBT_REOPENED),
    STORY("data in doubt", LOG_DATA_IN_DOUBT),
    STORY("orphan", LOG_ORPHAN),
    STORY("two ends", LOG_TWO_ENDS),
    STORY("taken over", LOG_TAKEN_OVER),
    STORY("gap of claims", LOG_GAP_OF_CLAIMS),
    STORY("same counter", LOG_SAME_COUNTER),
    STORY("fenced elsewhere", LOG_FENCED_ELSEWHERE),
    STORY("too few sites", LOG_TOO_FEW_SITES),
    STORY("damaged end", LOG_DAMAGED_END),
    STORY("loser nearby", LOG_LOSER_NEARBY),
    STORY("cut behind", LOG_CUT_BEHIND),
    STORY("site leaves", LOG_SITE_LEAVES),
};

int
main(int argc, char **argv)
{
	return sim_driver(argc, argv, variants, ARRAY_LEN(variants));
}
