/* mem.h - heap memory with a limit and, in the test build, an allocation that
 * fails on demand. */
#ifndef DOZO_BASE_MEM_H
#define DOZO_BASE_MEM_H

#include <stddef.h>

/*
 * Once, before threads start: large blocks (a password hash takes 19 MiB) go
 * back to the system when they are freed; left alone, glibc keeps them after
 * the first. Of small ones some MiB are kept for the next request.
 */
void mem_init(void);

/* Zeroed memory of size bytes (at least 1), or NULL. Free with mem_free. */
void *mem_alloc(size_t size);

/* Memory for n elements of size bytes each, zeroed; NULL where the product
 * overflows. */
void *mem_alloc_array(size_t n, size_t size);

/*
 * As mem_alloc, but not zeroed, and at a multiple of align (a power of two;
 * size is a multiple of it): for O_DIRECT.
 */
void *mem_alloc_aligned(size_t align, size_t size);

/* As realloc; new bytes are not zeroed. The old block stays valid on NULL. */
void *mem_realloc(void *block, size_t size);

/* A heap copy of a string, or NULL. */
char *mem_strdup(const char *text);

/* Accepts NULL. */
void mem_free(void *block);

/* For CLEANUP: frees what the pointer points at. */
void mem_free_ptr(void *pointer_to_block);

/* Overwrites bytes in a way that the compiler keeps. */
void mem_wipe(void *block, size_t size);

#endif
