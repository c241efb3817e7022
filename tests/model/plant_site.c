/*
 * plant_site.c - site_dir.c with a fault planted in it (CMakeLists.txt says
 * which): passes only if the model finds it.
 */
#include "model/check_site.h"
#include "model/sim.h"

/* Judged by what power cuts leave, not by looking at what is synced. */
static struct check_site judge = {.outcomes_only = true,
    .puts = true,
    .lists = true,
    .removes = true};
static struct check_site listing = {.outcomes_only = true,
    .lists = true,
    .list_mostly = true};

int
main(int argc, char **argv)
{
	static const struct sim_variant variants[] = {
#ifdef DOZO_PLANT_LISTED_IS_DURABLE
	    {"listed is durable", check_site_run, &listing, true},
#else
	    {"planted", check_site_run, &judge, true},
#endif
	};

	return sim_driver(argc, argv, variants, ARRAY_LEN(variants));
}
