/*
 * path_cache.h - folders that were found by their path, kept in memory: most
 * requests come to a folder again. Rights are not kept; access_node is asked
 * each time. Any thread.
 */
#ifndef DOZO_CORE_PATH_CACHE_H
#define DOZO_CORE_PATH_CACHE_H

#include <stdatomic.h>

#include "base/thread.h"
#include "meta/node.h"

struct path_cache {
	atomic_uint_fast64_t state; /* grows with each path_cache_void */
	struct mutex lock;
	struct path_slot *slots; /* NULL: nothing was kept yet */
};

void path_cache_init(struct path_cache *cache);
void path_cache_release(struct path_cache *cache);

/*
 * What is kept no longer holds: after the commit of a change that may have
 * moved or removed a folder, or changed who sees a space, before its answer.
 */
void path_cache_void(struct path_cache *cache);

/* To be taken before the read begins that path_find_kept is asked in. */
uint64_t path_cache_state(const struct path_cache *cache);

/* As path_find (path.h); the folder of the last segment may come from the
 * cache. */
enum rc path_find_kept(struct op *op, struct path_cache *cache, uint64_t state,
    struct meta *meta, const struct span *segments, size_t n,
    struct node *ret_node) MUST_CHECK;

/* As path_find_parent. */
enum rc path_find_parent_kept(struct op *op, struct path_cache *cache,
    uint64_t state, struct meta *meta, const struct span *segments, size_t n,
    int64_t *ret_parent) MUST_CHECK;

#endif
