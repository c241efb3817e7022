/* rand.c - random bytes. */
#include "base/rand.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void
rand_bytes(void *out, size_t size)
{
	unsigned char *at = out;

	while (size > 0) {
		ssize_t n = getrandom(at, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			abort(); /* no randomness: no key may be made */
		at += n;
		size -= (size_t)n;
	}
}

void
rand_id(void *out, size_t size)
{
	rand_bytes(out, size);
}
