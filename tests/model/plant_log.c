/* plant_log.c - a story told by whole servers with a fault planted in store/ or
 * core/ (CMakeLists.txt says which): passes only if the model finds it. */
#include "model/check_log.h"
#include "model/sim.h"

static struct check_log planted = {.story = STORY};

static const struct sim_variant variants[] = {
    {"planted", check_log_run, &planted, true},
};

int
main(int argc, char **argv)
{
	return sim_driver(argc, argv, variants, ARRAY_LEN(variants));
}
