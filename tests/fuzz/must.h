/* must.h - what has to hold for every input; the fuzzer sees an abort. */
#ifndef DOZO_FUZZ_MUST_H
#define DOZO_FUZZ_MUST_H

#include <stdbool.h>
#include <stdlib.h>

static inline void
must(bool holds)
{
	if (!holds)
		abort();
}

#endif
