/* plant_log.c - the whole log with a fault planted in store/ or core/
 * (CMakeLists.txt says which): passes only if the model finds it. */
#include "model/check_log.h"
#include "model/sim.h"

#ifndef ALWAYS
#define ALWAYS 0
#endif

static struct check_log log_all = {.always = ALWAYS};
static struct check_log log_surface = {.always = ALWAYS, .surface = true};
static struct check_log log_rot = {
    .always = ALWAYS, .surface = true, .rot = true};

static const struct sim_variant variants[] = {
    {"all promises", check_log_run, &log_all, true},
    {"outcomes only", check_log_run, &log_surface, true},
    {"rot", check_log_run, &log_rot, true},
};

int
main(int argc, char **argv)
{
	return sim_driver(argc, argv, variants, ARRAY_LEN(variants));
}
