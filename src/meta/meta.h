/*
 * meta.h - rows of one tenant: a database connection with the keys that its
 * sealed columns need. Row functions of meta/ take a struct meta; they know no
 * transactions, no bytes of files, no permissions (those are core/'s).
 */
#ifndef DOZO_META_META_H
#define DOZO_META_META_H

#include "base/op.h"
#include "base/span.h"
#include "crypto/keyring.h"
#include "crypto/secret.h"
#include "crypto/siv.h"
#include "db/db.h"

enum { META_NAME_KEY_SIZE = 16 };

/* Keys derived from a tenant's root; immutable, shared by all threads. */
struct meta_keys {
	uint64_t tenant;
	struct secret *siv; /* 64 bytes: sealed columns */
	struct secret *name; /* 32 bytes: name keys (L18) */
	struct secret *lookup; /* 32 bytes: log-in names, digests, tokens */
	struct secret *chunk; /* 32 bytes: making chunk keys (L17) */
};

enum rc meta_keys_init(struct op *op, struct meta_keys *keys,
    const struct keyring *ring) MUST_CHECK;
void meta_keys_release(struct meta_keys *keys);

/* One thread at a time: the committer's own, or a reader's. */
struct meta {
	struct db *db; /* owned by whoever made this */
	const struct meta_keys *keys; /* borrowed */
	struct siv siv;
	/* A content's or chunk's row, and so its key, was deleted since the
	 * caller set this to false. */
	bool keys_gone;
};

enum rc meta_init(struct op *op, struct meta *meta, struct db *db,
    const struct meta_keys *keys) MUST_CHECK;
void meta_release(struct meta *meta);

/*
 * Seals a column of a row: AD = tenant, table, column, row id (L18). The result
 * lies in the op's arena, SIV_TAG_SIZE bytes longer than plain.
 */
enum rc meta_seal(struct op *op, struct meta *meta, const char *table,
    const char *column, int64_t row, struct span plain,
    struct span *ret_sealed) MUST_CHECK;

/* Opens what meta_seal made; RC_DAMAGED. */
enum rc meta_open(struct op *op, struct meta *meta, const char *table,
    const char *column, int64_t row, struct span sealed,
    struct span *ret_plain) MUST_CHECK;

/* As meta_open, into out's room bytes, for loops that keep nothing. RC_DAMAGED
 * also where there is no room. */
enum rc meta_open_into(struct op *op, struct meta *meta, const char *table,
    const char *column, int64_t row, struct span sealed, uint8_t *out,
    size_t room, struct span *ret_plain) MUST_CHECK;

/* HMAC-SHA-256 under keys->lookup over (tenant, purpose, text): finds a row by
 * what it may not show. */
void meta_lookup_key(const struct meta *meta, const char *purpose,
    struct span text, uint8_t out[32]);

#endif
