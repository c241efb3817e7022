/*
 * killed.h - what the tests share that kill the driver at failpoints. Failures
 * end the test.
 */
#ifndef DOZO_TESTS_KILLED_H
#define DOZO_TESTS_KILLED_H

#include "world.h"

enum { POINTS_MAX = 64, POINT_SIZE = 60 };

/*
 * The names of all FAILPOINTs below these folders of src/ that match a pattern
 * of grep -E and not the other one (NULL: none), in order. At least so many.
 */
size_t points_list(const char *folders, const char *pattern, const char *but,
    size_t least, char out[POINTS_MAX][POINT_SIZE]);

/* Runs the driver over the world's folder, with its sites and m = 2. True where
 * it was killed at the point "name:n"; otherwise it came to its end. */
bool driver_run(const char *driver, struct world *world, unsigned round,
    const char *mode, const char *kill_at);

/* Every file that the driver was told is stored, in the world as it serves
 * now; how many there are. forget: they are not looked at again. */
unsigned acked_check(struct world *world, bool forget);

#endif
