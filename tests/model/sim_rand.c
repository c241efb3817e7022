/* sim_rand.c - rand.h from the seed: the same run, the same ids. */
#include "base/rand.h"

#include <string.h>

#include "model/sim_internal.h"

void
rand_bytes(void *out, size_t size)
{
	unsigned char *at = out;
	uint64_t word;
	size_t step;

	for (; size > 0; size -= step, at += step) {
		word = sim_draw(SIM_OF_BYTES, UINT64_MAX);
		step = size < sizeof(word) ? size : sizeof(word);
		memcpy(at, &word, step);
	}
}

void
rand_id(void *out, size_t size)
{
	rand_bytes(out, size);
}
