/* mem.c - heap memory; the n-th allocation can be made to fail (fault.h). */
#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

enum { MMAP_FROM = 4 << 20, ARENAS = 4, SPARE = 4 << 20, GROW_BY = 256 << 10 };

void
mem_init(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	(void)mallopt(M_ARENA_MAX, ARENAS);
	/* Left alone, each request gives its memory back to the system and the
	 * next one faults it in again. */
	(void)mallopt(M_TRIM_THRESHOLD, SPARE);
	(void)mallopt(M_TOP_PAD, GROW_BY);
}

void *
mem_alloc(size_t size)
{
	if (fault_alloc())
		return NULL;
	return calloc(1, size > 0 ? size : 1);
}

void *
mem_alloc_array(size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return mem_alloc(total);
}

void *
mem_alloc_aligned(size_t align, size_t size)
{
	if (fault_alloc())
		return NULL;
	return aligned_alloc(align, size);
}

void *
mem_realloc(void *block, size_t size)
{
	if (fault_alloc())
		return NULL;
	return realloc(block, size > 0 ? size : 1);
}

char *
mem_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = mem_alloc(size);

	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

void
mem_free(void *block)
{
	free(block);
}

void
mem_free_ptr(void *pointer_to_block)
{
	mem_free(*(void **)pointer_to_block);
}

void
mem_wipe(void *block, size_t size)
{
	explicit_bzero(block, size);
}
