/* locked.h - how much memory the process has locked, so that a test sees a
 * secret that is not given back. */
#ifndef DOZO_TESTS_LOCKED_H
#define DOZO_TESTS_LOCKED_H

#include <stdio.h>

#include "lib/test.h"

/* VmLck of /proc/self/status, in KiB. */
static inline unsigned long
locked_kib(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, "VmLck: %lu kB", &kib) == 1;
	(void)fclose(file);
	assert_true(found);
	return kib;
}

#endif
