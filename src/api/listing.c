/* listing.c - entries of folders, sorted in memory over opened names. */
#include "api/listing.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "core/scratch.h"
#include "core/tree.h"

enum { BATCH = 10000, ENTRIES_FIRST = 64 };

struct listings {
	struct mutex lock;
	struct listing *first; /* the last one that was asked for */
	size_t size;
	size_t limit;
};

/* ---- order ---- */

static struct span
fold_of(const struct listing *listing, const struct listing_entry *entry)
{
	return span_of(listing->names.data + entry->fold, entry->fold_size);
}

static int
compare_key(const struct listing *listing, const struct listing_entry *x,
    const struct listing_entry *y)
{
	if (listing->key.sort == LISTING_SIZE && x->size != y->size)
		return x->size < y->size ? -1 : 1;
	if (listing->key.sort == LISTING_MTIME && x->mtime != y->mtime)
		return x->mtime < y->mtime ? -1 : 1;
	return text_compare_names(fold_of(listing, x), fold_of(listing, y));
}

static int
compare_entries(const void *a, const void *b, void *arg)
{
	const struct listing *listing = arg;
	const struct listing_entry *x = a, *y = b;
	int difference;

	if ((x->content == 0) != (y->content == 0))
		return x->content == 0 ? -1 : 1;
	difference = compare_key(listing, x, y);
	if (difference != 0)
		return difference;
	/* "01" and "1": always in the same order. */
	return x->id < y->id ? -1 : x->id > y->id;
}

const struct listing_entry *
listing_at(const struct listing *listing, bool descending, size_t i)
{
	if (descending)
		i = i < listing->n_folders
			? listing->n_folders - 1 - i
			: listing->n - 1 - (i - listing->n_folders);
	return &listing->entries[i];
}

/* ---- one listing ---- */

static void
listing_free(struct listing *listing)
{
	if (listing->names.data != NULL)
		mem_wipe(listing->names.data, listing->names.capacity);
	buf_release(&listing->names);
	mem_free(listing->entries);
	mem_free(listing);
}

static enum rc
make_room(struct op *op, struct listing *listing)
{
	size_t capacity =
	    listing->capacity == 0 ? ENTRIES_FIRST : 2 * listing->capacity;
	struct listing_entry *grown;

	if (listing->n == LISTING_MAX)
		FAIL(op, RC_LIMIT, "a folder of more than %d entries",
		    LISTING_MAX);
	if (listing->n < listing->capacity)
		return RC_OK;
	grown = mem_realloc(listing->entries, capacity * sizeof(*grown));
	if (grown == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	listing->entries = grown;
	listing->capacity = capacity;
	return RC_OK;
}

struct batch {
	struct listing *listing;
	size_t n;
	uint8_t last[META_NAME_KEY_SIZE];
};

static enum rc
add_each(void *arg, struct op *op, const struct node *node)
{
	struct batch *batch = arg;
	struct listing *listing = batch->listing;
	struct listing_entry *entry;
	struct span fold;

	TRY(make_room(op, listing));
	TRY(text_fold_key(op, node->name, &fold));
	entry = &listing->entries[listing->n];
	*entry = (struct listing_entry){
	    .id = node->id,
	    .tag = node->tag,
	    .mtime = node->mtime,
	    .size = node->size,
	    .content = node->kind == NODE_FILE ? node->content : 0,
	    .name = (uint32_t)listing->names.size,
	    .fold = (uint32_t)listing->names.size,
	    .name_size = (uint16_t)node->name.size,
	    .fold_size = (uint16_t)fold.size,
	};
	TRY(buf_add(op, &listing->names, node->name));
	if (!span_equal(fold, node->name)) {
		entry->fold = (uint32_t)listing->names.size;
		TRY(buf_add(op, &listing->names, fold));
	}
	listing->n++;
	listing->n_folders += node->kind == NODE_FOLDER;
	batch->n++;
	node_after(batch->last, node);
	return RC_OK;
}

/* What opening names leaves in an op's memory goes with each batch. */
static enum rc
read_batch(struct op *op, struct meta *meta, struct batch *batch, bool first)
{
	uint8_t after[META_NAME_KEY_SIZE];
	struct op scratch;
	enum rc rc;

	memcpy(after, batch->last, sizeof(after));
	memset(batch->last, 0, sizeof(batch->last));
	batch->n = 0;
	scratch_init(&scratch, op);
	rc = tree_list(&scratch, meta, batch->listing->key.folder,
	    first ? NULL : after, BATCH, add_each, batch);
	rc = scratch_end(op, &scratch, rc);
	op_release(&scratch);
	return rc;
}

static enum rc
listing_read(struct op *op, struct meta *meta, struct listing *listing)
{
	struct batch batch = {.listing = listing};
	bool first = true;

	do {
		TRY(read_batch(op, meta, &batch, first));
		first = false;
	} while (batch.n == BATCH && listing->key.folder != NODE_ROOT);
	if (listing->n > 1)
		qsort_r(listing->entries, listing->n, sizeof(*listing->entries),
		    compare_entries, listing);
	return RC_OK;
}

/* ---- those that are kept ---- */

enum rc
listings_new(struct op *op, size_t size, struct listings **ret_listings)
{
	struct listings *listings = mem_alloc(sizeof(*listings));

	if (listings == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	mutex_init(&listings->lock);
	listings->limit = size;
	*ret_listings = listings;
	return RC_OK;
}

static size_t
size_of(const struct listing *listing)
{
	return sizeof(*listing) + listing->names.capacity +
	       listing->capacity * sizeof(*listing->entries);
}

/* Under the lock: forgets the last ones until no more than limit bytes are
 * kept. */
static void
forget(struct listings *listings, size_t limit)
{
	while (listings->size > limit && listings->first != NULL) {
		struct listing **at = &listings->first, *last;

		while ((*at)->next != NULL)
			at = &(*at)->next;
		last = *at;
		*at = NULL;
		listings->size -= size_of(last);
		if (--last->refs == 0)
			listing_free(last);
	}
}

void
listings_free(struct listings *listings)
{
	if (listings == NULL)
		return;
	forget(listings, 0);
	mutex_release(&listings->lock);
	mem_free(listings);
}

static bool
same_key(const struct listing_key *a, const struct listing_key *b)
{
	return a->tenant == b->tenant && a->member == b->member &&
	       a->folder == b->folder && a->tag == b->tag && a->sort == b->sort;
}

struct listing *
listings_find(struct listings *listings, const struct listing_key *key)
{
	struct listing **at, *found;
	MUTEX_GUARD(&listings->lock);

	for (at = &listings->first; *at != NULL; at = &(*at)->next)
		if (same_key(&(*at)->key, key))
			break;
	found = *at;
	if (found == NULL)
		return NULL;
	*at = found->next;
	found->next = listings->first;
	listings->first = found;
	found->refs++;
	return found;
}

static void
keep(struct listings *listings, struct listing *listing)
{
	MUTEX_GUARD(&listings->lock);

	listing->next = listings->first;
	listings->first = listing;
	listing->refs++;
	listings->size += size_of(listing);
	forget(listings, listings->limit);
}

enum rc
listings_make(struct op *op, struct listings *listings, struct meta *meta,
    const struct listing_key *key, struct listing **ret_listing)
{
	struct listing *listing = mem_alloc(sizeof(*listing));
	enum rc rc;

	if (listing == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	listing->key = *key;
	listing->refs = 1;
	buf_init(&listing->names, UINT32_MAX);
	rc = listing_read(op, meta, listing);
	if (rc != RC_OK) {
		listing_free(listing);
		return rc;
	}
	keep(listings, listing);
	*ret_listing = listing;
	return RC_OK;
}

void
listing_put(struct listings *listings, struct listing *listing)
{
	bool last;

	if (listing == NULL)
		return;
	mutex_lock(&listings->lock);
	last = --listing->refs == 0;
	mutex_unlock(&listings->lock);
	if (last)
		listing_free(listing);
}
