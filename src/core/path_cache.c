/* path_cache.c - a table of a fixed size; what falls into the same slot takes
 * the other's place. */
#include "core/path_cache.h"

#include <string.h>

#include "base/mem.h"
#include "core/path.h"

enum { SLOTS = 256, KEY_MAX = 216 };

struct path_slot {
	uint64_t state;
	int64_t folder; /* 0: empty */
	size_t size;
	uint8_t key[KEY_MAX];
};

struct path_key {
	size_t size; /* 0: too long to be kept */
	size_t slot;
	uint8_t bytes[KEY_MAX];
};

void
path_cache_init(struct path_cache *cache)
{
	atomic_init(&cache->state, 1);
	mutex_init(&cache->lock);
}

void
path_cache_release(struct path_cache *cache)
{
	if (cache->slots != NULL)
		mem_wipe(cache->slots, SLOTS * sizeof(*cache->slots));
	mem_free(cache->slots);
	mutex_release(&cache->lock);
}

void
path_cache_void(struct path_cache *cache)
{
	atomic_fetch_add(&cache->state, 1);
}

uint64_t
path_cache_state(const struct path_cache *cache)
{
	return atomic_load(&cache->state);
}

static bool
key_add(struct path_key *key, const void *bytes, size_t size)
{
	if (size > KEY_MAX - key->size)
		return false;
	memcpy(key->bytes + key->size, bytes, size);
	key->size += size;
	return true;
}

/* Who asks, and the segments as they were sent, each with its length. */
static void
key_make(const struct actor *actor, const struct span *segments, size_t n,
    struct path_key *key)
{
	uint64_t mixed = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	bool fits;
	size_t i;

	key->size = 0;
	fits = key_add(key, &actor->member, sizeof(actor->member));
	for (i = 0; fits && i < n; i++)
		fits =
		    key_add(key, &segments[i].size, sizeof(segments[i].size)) &&
		    key_add(key, segments[i].data, segments[i].size);
	if (!fits)
		key->size = 0;
	for (i = 0; i < key->size; i++)
		mixed = (mixed ^ key->bytes[i]) * UINT64_C(0x100000001b3);
	/* The last byte reaches the lowest bits and those from 40 on only. */
	key->slot = (size_t)(mixed ^ mixed >> 40) % SLOTS;
}

static bool
slot_has(
    const struct path_slot *slot, uint64_t state, const struct path_key *key)
{
	return slot->folder != 0 && slot->state == state &&
	       slot->size == key->size &&
	       memcmp(slot->key, key->bytes, key->size) == 0;
}

static bool
kept_find(struct path_cache *cache, uint64_t state, const struct path_key *key,
    int64_t *ret_folder)
{
	MUTEX_GUARD(&cache->lock);

	if (cache->slots == NULL || key->size == 0 ||
	    !slot_has(&cache->slots[key->slot], state, key))
		return false;
	*ret_folder = cache->slots[key->slot].folder;
	return true;
}

static void
keep(struct path_cache *cache, uint64_t state, const struct path_key *key,
    int64_t folder)
{
	struct path_slot *slot;
	MUTEX_GUARD(&cache->lock);

	if (cache->slots == NULL)
		cache->slots = mem_alloc(SLOTS * sizeof(*cache->slots));
	if (cache->slots == NULL || key->size == 0)
		return;
	slot = &cache->slots[key->slot];
	slot->state = state;
	slot->folder = folder;
	slot->size = key->size;
	memcpy(slot->key, key->bytes, key->size);
}

enum rc
path_find_parent_kept(struct op *op, struct path_cache *cache, uint64_t state,
    struct meta *meta, const struct span *segments, size_t n,
    int64_t *ret_parent)
{
	struct path_key key;
	int64_t folder;

	key_make(&op->actor, segments, n - 1, &key);
	if (!kept_find(cache, state, &key, &folder)) {
		TRY(path_find_parent(op, meta, segments, n, &folder));
		keep(cache, state, &key, folder);
	}
	*ret_parent = folder;
	return RC_OK;
}

enum rc
path_find_kept(struct op *op, struct path_cache *cache, uint64_t state,
    struct meta *meta, const struct span *segments, size_t n,
    struct node *ret_node)
{
	int64_t parent;

	/* The root and the spaces are not found by their parent. */
	if (n < 2)
		return path_find(op, meta, segments, n, ret_node);
	TRY(path_find_parent_kept(
	    op, cache, state, meta, segments, n, &parent));
	return path_find_child(op, meta, parent, segments[n - 1], ret_node);
}
