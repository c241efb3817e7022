/* rows.h - a folder's entries, copied out of one read so that no client keeps a
 * transaction open (HTTP.md section 4). */
#ifndef DOZO_DAV_ROWS_H
#define DOZO_DAV_ROWS_H

#include "crypto/hash.h"
#include "dav/request.h"

enum { ROWS_MAX = 100000 };

/* ROWS_MAX; a test makes it smaller. Set it while no request runs. */
void rows_set_batch(size_t batch);

/* What an entry comes with, beside its row. */
enum { ROWS_DIGESTS = 1, /* of its content */ ROWS_LOCKS = 2 /* on itself */ };

struct row {
	int64_t id;
	int64_t tag;
	int64_t mtime;
	int64_t created_at;
	int64_t parent;
	uint64_t size;
	size_t name; /* in rows' names */
	uint16_t name_size;
	uint8_t n_locks;
	uint32_t locks; /* the first one in rows' locks */
	bool folder;
	bool has_digests;
	bool has_sha1;
	uint8_t sha256[SHA256_SIZE];
	uint8_t sha1[SHA1_SIZE];
};

struct rows {
	size_t n;
	size_t capacity;
	struct row *rows;
	struct buf names;
	struct buf locks; /* of struct row_lock */
	struct buf owners; /* of locks */
	bool more; /* there are entries behind the last one */
	uint8_t last[META_NAME_KEY_SIZE];
};

struct row_lock {
	struct lock lock; /* without its owner, which is: */
	size_t owner; /* in rows' owners */
	size_t owner_size;
};

void rows_init(struct rows *rows);
void rows_release(struct rows *rows);

/* Forgets the entries, keeps the memory. */
void rows_clear(struct rows *rows);

/* A node as an entry, with ROWS_...; now is service time. RC_NO_MEMORY,
 * RC_LIMIT. */
enum rc rows_add(struct op *op, struct rows *rows, struct meta *meta,
    const struct node *node, unsigned with, int64_t now) MUST_CHECK;

/*
 * Appends up to ROWS_MAX entries of a folder, the first ones or (rows->more)
 * those behind the last one.
 */
enum rc rows_list(struct op *op, struct rows *rows, struct meta *meta,
    int64_t folder, unsigned with, int64_t now) MUST_CHECK;

/* The i-th lock of an entry; its owner lives as long as rows. */
struct lock rows_lock(const struct rows *rows, const struct row *row, size_t i);

static inline struct span
rows_name(const struct rows *rows, const struct row *row)
{
	return span_of(rows->names.data + row->name, row->name_size);
}

/* Sorts those from one on: folders first, then by name, case aside, runs of
 * digits by their value. */
void rows_sort(struct rows *rows, size_t from);

#endif
