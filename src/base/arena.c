/* arena.c - a list of blocks; small allocations share one, large ones have
 * their own. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_SIZE = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

void
arena_init(struct arena *arena, size_t limit)
{
	arena->blocks = NULL;
	arena->used = 0;
	arena->limit = limit;
}

void
arena_release(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block != NULL) {
		struct arena_block *next = block->next;

		mem_free(block);
		block = next;
	}
	arena->blocks = NULL;
	arena->used = 0;
}

static struct arena_block *
block_add(struct arena *arena, size_t size)
{
	size_t body = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
	struct arena_block *block = mem_alloc(sizeof(*block) + body);

	if (block == NULL)
		return NULL;
	block->size = body;
	/* A large one goes behind the head, so that the head's rest stays in
	 * use. */
	if (body != BLOCK_SIZE && arena->blocks != NULL) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t step = alignof(max_align_t);
	void *out;

	/* So that rounding up and adding a header cannot wrap. */
	if (size > SIZE_MAX / 2)
		return NULL;
	if (size > arena->limit || arena->used > arena->limit - size)
		return NULL;
	size = (size + step - 1) / step * step;
	if (block == NULL || block->size - block->used < size) {
		block = block_add(arena, size);
		if (block == NULL)
			return NULL;
	}
	out = block->bytes + block->used;
	block->used += size;
	arena->used += size;
	return out;
}
