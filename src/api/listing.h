/*
 * listing.h - a folder's entries in an order, and a memory of those that were
 * asked for last (HTTP.md section 6): sealed names cannot be sorted by SQL.
 */
#ifndef DOZO_API_LISTING_H
#define DOZO_API_LISTING_H

#include "meta/node.h"

enum { LISTING_MAX = 1000000 };

enum listing_sort { LISTING_NAME, LISTING_SIZE, LISTING_MTIME };

struct listing_key {
	uint64_t tenant;
	int64_t member; /* of the root, which each sees in another way; else 0
			 */
	int64_t folder;
	int64_t tag; /* the folder's state */
	enum listing_sort sort;
};

struct listing_entry {
	int64_t id;
	int64_t tag;
	int64_t mtime;
	uint64_t size;
	int64_t content; /* 0: a folder */
	uint32_t name; /* in names */
	uint32_t fold; /* the same, as it is compared */
	uint16_t name_size;
	uint16_t fold_size;
};

/* Does not change once it is made; shared by whoever holds it. */
struct listing {
	struct listing_key key;
	size_t n;
	size_t n_folders; /* they come first */
	struct listing_entry *entries;
	struct buf names;

	/* listing.c's own. */
	size_t capacity;
	unsigned refs;
	struct listing *next;
};

struct listings;

/* Keeps up to size bytes of them. Any thread. */
enum rc listings_new(
    struct op *op, size_t size, struct listings **ret_listings) MUST_CHECK;
void listings_free(struct listings *listings); /* accepts NULL */

/* The one of this key, or NULL; give it back with listing_put. */
struct listing *
listings_find(struct listings *listings, const struct listing_key *key);

/*
 * Reads and sorts a folder whose state is key->tag in this very read, and keeps
 * it; folders come first, then by what sort says, then by name: case aside, in
 * the order of code points, runs of digits by their value. RC_LIMIT above
 * LISTING_MAX entries.
 */
enum rc
listings_make(struct op *op, struct listings *listings, struct meta *meta,
    const struct listing_key *key, struct listing **ret_listing) MUST_CHECK;

void listing_put(struct listings *listings, struct listing *listing);

/* The i-th entry; descending: folders and files each from their end. */
const struct listing_entry *
listing_at(const struct listing *listing, bool descending, size_t i);

static inline struct span
listing_name(const struct listing *listing, const struct listing_entry *entry)
{
	return span_of(listing->names.data + entry->name, entry->name_size);
}

#endif
