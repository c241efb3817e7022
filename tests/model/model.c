/* model.c - the model's program: RUNS [VARIANT] [=SEED] (sim.h). */
#include "model/check_site.h"
#include "model/sim.h"

static struct check_site site_all = {
    .puts = true, .lists = true, .removes = true, .cut_below = true};
static struct check_site site_outcomes = {.outcomes_only = true,
    .puts = true,
    .lists = true,
    .removes = true,
    .cut_below = true};
static struct check_site site_named = {.puts = true,
    .lists = true,
    .removes = true,
    .no_tmpfile = true,
    .cut_below = true};

static const struct sim_variant variants[] = {
    {"site: all promises", check_site_run, &site_all, false},
    {"site: by outcomes only", check_site_run, &site_outcomes, false},
    {"site: temporary files with names", check_site_run, &site_named, false},
};

int
main(int argc, char **argv)
{
	return sim_driver(argc, argv, variants, ARRAY_LEN(variants));
}
