/*
 * plant_site.c - site_dir.c with a fault planted in it (CMakeLists.txt says
 * which): passes only if the model finds it.
 */
#include "model/check_site.h"
#include "model/sim.h"

/* Judged by what power cuts leave, not by looking at what is synced. */
static struct check_site judge = {
    .outcomes_only = true,
    .lists = true,
#ifdef DOZO_PLANT_LISTED_IS_DURABLE
    .makers_die = true,
#else
    .puts = true,
    .removes = true,
#endif
};

int
main(int argc, char **argv)
{
	static const struct sim_variant variant = {
	    "planted", check_site_run, &judge, true};

	return sim_driver(argc, argv, &variant, 1);
}
