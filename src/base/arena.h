/* arena.h - memory that lives as long as one request, freed all at once. */
#ifndef DOZO_BASE_ARENA_H
#define DOZO_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes given out */
	size_t limit; /* bytes that may be given out in all */
};

/* No memory is taken until the first allocation. */
void arena_init(struct arena *arena, size_t limit);

/* Frees everything; the arena can be used again. Idempotent. */
void arena_release(struct arena *arena);

/* Zeroed memory, aligned for any type; NULL where the limit or the heap is
 * exhausted. */
void *arena_alloc(struct arena *arena, size_t size);

#endif
