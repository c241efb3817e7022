/* rows.c - copies of a folder's entries. */
#include "dav/rows.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "meta/content.h"

static size_t rows_batch = ROWS_MAX;

enum {
	ROWS_FIRST = 64,
	NAMES_LIMIT = ROWS_MAX * NODE_NAME_SIZE,
	LOCKS_LIMIT = 64 << 20,
};

void
rows_set_batch(size_t batch)
{
	rows_batch = batch;
}

void
rows_init(struct rows *rows)
{
	*rows = (struct rows){0};
	buf_init(&rows->names, NAMES_LIMIT);
	buf_init(&rows->locks, LOCKS_LIMIT);
	buf_init(&rows->owners, LOCKS_LIMIT);
}

void
rows_release(struct rows *rows)
{
	mem_free(rows->rows);
	buf_release(&rows->names);
	buf_release(&rows->locks);
	buf_release(&rows->owners);
	rows_init(rows);
}

void
rows_clear(struct rows *rows)
{
	rows->n = 0;
	buf_clear(&rows->names);
	buf_clear(&rows->locks);
	buf_clear(&rows->owners);
}

static enum rc
make_room(struct op *op, struct rows *rows)
{
	size_t capacity = rows->capacity == 0 ? ROWS_FIRST : 2 * rows->capacity;
	struct row *grown;

	if (rows->n < rows->capacity)
		return RC_OK;
	grown = mem_realloc(rows->rows, capacity * sizeof(*grown));
	if (grown == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	rows->rows = grown;
	rows->capacity = capacity;
	return RC_OK;
}

static enum rc
add_digests(struct op *op, struct meta *meta, int64_t id, struct row *row)
{
	struct content content;

	TRY(content_get(op, meta, id, &content));
	row->has_digests = content.finished;
	row->has_sha1 = content.has_sha1;
	memcpy(row->sha256, content.sha256, SHA256_SIZE);
	memcpy(row->sha1, content.sha1, SHA1_SIZE);
	return RC_OK;
}

struct locking {
	struct rows *rows;
	struct row *row;
	int64_t now;
};

static enum rc
add_lock(void *arg, struct op *op, const struct lock *lock)
{
	struct locking *locking = arg;
	struct rows *rows = locking->rows;
	struct row_lock kept = {.lock = *lock,
	    .owner = rows->owners.size,
	    .owner_size = lock->owner.size};

	if (lock->expires_at <= locking->now)
		return RC_OK;
	kept.lock.owner = span_of(NULL, 0);
	TRY(buf_add(op, &rows->owners, lock->owner));
	TRY(buf_add(op, &rows->locks, span_of(&kept, sizeof(kept))));
	locking->row->n_locks++;
	return RC_OK;
}

static enum rc
add_locks(struct op *op, struct rows *rows, struct meta *meta, int64_t now,
    struct row *row)
{
	struct locking locking = {rows, row, now};

	row->locks = (uint32_t)(rows->locks.size / sizeof(struct row_lock));
	return lock_of_node(op, meta, row->id, add_lock, &locking);
}

struct lock
rows_lock(const struct rows *rows, const struct row *row, size_t i)
{
	struct row_lock kept;
	struct lock lock;

	memcpy(&kept, rows->locks.data + (row->locks + i) * sizeof(kept),
	    sizeof(kept));
	lock = kept.lock;
	lock.owner = span_of(rows->owners.data + kept.owner, kept.owner_size);
	return lock;
}

enum rc
rows_add(struct op *op, struct rows *rows, struct meta *meta,
    const struct node *node, unsigned with, int64_t now)
{
	struct row row = {
	    .id = node->id,
	    .tag = node->tag,
	    .mtime = node->mtime,
	    .created_at = node->created_at,
	    .parent = node->parent,
	    .size = node->size,
	    .name = rows->names.size,
	    .name_size = (uint16_t)node->name.size,
	    .folder = node->kind == NODE_FOLDER,
	};

	if ((with & ROWS_DIGESTS) != 0 && !row.folder)
		TRY(add_digests(op, meta, node->content, &row));
	if ((with & ROWS_LOCKS) != 0)
		TRY(add_locks(op, rows, meta, now, &row));
	TRY(make_room(op, rows));
	TRY(buf_add(op, &rows->names, node->name));
	rows->rows[rows->n++] = row;
	node_after(rows->last, node);
	return RC_OK;
}

struct listing {
	struct rows *rows;
	struct meta *meta;
	unsigned with;
	int64_t now;
	size_t n;
};

static enum rc
add_each(void *arg, struct op *op, const struct node *node)
{
	struct listing *listing = arg;

	listing->n++;
	return rows_add(op, listing->rows, listing->meta, node, listing->with,
	    listing->now);
}

enum rc
rows_list(struct op *op, struct rows *rows, struct meta *meta, int64_t folder,
    unsigned with, int64_t now)
{
	struct listing listing = {
	    .rows = rows, .meta = meta, .with = with, .now = now};
	uint8_t after[META_NAME_KEY_SIZE];
	bool any = false;

	/* Mostly nothing is locked: then no entry is asked for its locks. */
	if ((with & ROWS_LOCKS) != 0)
		TRY(lock_any(op, meta, &any));
	if (!any)
		listing.with &= ~(unsigned)ROWS_LOCKS;

	memcpy(after, rows->last, sizeof(after));
	memset(rows->last, 0, sizeof(rows->last));
	TRY(tree_list(op, meta, folder, rows->more ? after : NULL, rows_batch,
	    add_each, &listing));
	rows->more = folder != NODE_ROOT && listing.n == rows_batch;
	return RC_OK;
}

/* ---- order ---- */

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const struct rows *rows = arg;
	const struct row *x = a, *y = b;

	if (x->folder != y->folder)
		return x->folder ? -1 : 1;
	return text_compare_names(rows_name(rows, x), rows_name(rows, y));
}

void
rows_sort(struct rows *rows, size_t from)
{
	if (rows->n > from + 1)
		qsort_r(rows->rows + from, rows->n - from, sizeof(*rows->rows),
		    compare_rows, rows);
}
