/* content.c - rows of contents and chunks. */
#include "meta/content.h"

#include "base/mem.h"
#include "meta/rows.h"
#include "tenant_sql.h"

enum { KEY_SEALED_SIZE = AEAD_KEY_SIZE + SIV_TAG_SIZE };

void
chunk_wipe(struct chunk *chunk)
{
	mem_wipe(chunk->key, sizeof(chunk->key));
}

/* A key belongs to a content's position: compaction moves bytes, never this. */
static void
key_ad(
    const struct meta *meta, int64_t content, uint64_t start, struct siv_ad *ad)
{
	siv_ad_init(ad);
	siv_ad_add_u64(ad, meta->keys->tenant);
	siv_ad_add(ad, span_str("chunk"));
	siv_ad_add(ad, span_str("key"));
	siv_ad_add_u64(ad, (uint64_t)content);
	siv_ad_add_u64(ad, start);
}

static enum rc
key_seal(struct op *op, struct meta *meta, int64_t content,
    const struct chunk *chunk, uint8_t out[KEY_SEALED_SIZE])
{
	struct siv_ad ad;

	key_ad(meta, content, chunk->start, &ad);
	return siv_seal(
	    op, &meta->siv, &ad, span_of(chunk->key, AEAD_KEY_SIZE), out);
}

static enum rc
key_open(struct op *op, struct meta *meta, int64_t content, struct span sealed,
    struct chunk *chunk)
{
	struct siv_ad ad;

	if (sealed.size != KEY_SEALED_SIZE)
		FAIL(op, RC_DAMAGED, "a chunk's key has a wrong size");
	key_ad(meta, content, chunk->start, &ad);
	return siv_open(op, &meta->siv, &ad, sealed, chunk->key);
}

static struct span
data_of(const struct chunk *chunk)
{
	return span_of(
	    chunk->place.data, chunk->place.number == 0 ? OBJECT_ID_SIZE : 0);
}

static enum rc
read_place(struct op *op, const struct db_rows *rows, int data, int number,
    int offset, struct chunk_place *place)
{
	*place = (struct chunk_place){
	    .number = (uint64_t)db_int(rows, number),
	    .offset = (uint64_t)db_int(rows, offset),
	};
	if (place->number != 0)
		return RC_OK;
	return rows_fixed(op, rows, data, place->data, sizeof(place->data));
}

static enum rc
seal_digests(struct op *op, struct meta *meta, const struct content *content,
    struct span *ret_sha256, struct span *ret_sha1)
{
	*ret_sha256 = *ret_sha1 = span_of(NULL, 0);
	if (!content->finished)
		return RC_OK;
	TRY(meta_seal(op, meta, "content", "digest", content->id,
	    span_of(content->sha256, SHA256_SIZE), ret_sha256));
	if (!content->has_sha1)
		return RC_OK;
	return meta_seal(op, meta, "content", "sha1", content->id,
	    span_of(content->sha1, SHA1_SIZE), ret_sha1);
}

enum rc
content_insert(struct op *op, struct meta *meta, const struct content *content,
    const struct chunk *first)
{
	uint8_t sealed_key[KEY_SEALED_SIZE];
	struct span key = {NULL, 0};
	struct span data = {NULL, 0};
	struct chunk_place place = {0};
	struct span sha256;
	struct span sha1;

	if (first != NULL) {
		TRY(key_seal(op, meta, content->id, first, sealed_key));
		key = span_of(sealed_key, sizeof(sealed_key));
		data = data_of(first);
		place = first->place;
	}
	TRY(seal_digests(op, meta, content, &sha256, &sha1));
	return db_run(op, meta->db, SQL_CONTENT_INSERT, "iibbibbiii",
	    content->id, (int64_t)content->size, sha256, sha1,
	    (int64_t)content->chunks, key, data, (int64_t)place.number,
	    (int64_t)place.offset, (int64_t)content->made);
}

static enum rc
open_digest(struct op *op, struct meta *meta, const char *column, int64_t id,
    struct span sealed, uint8_t *out, size_t size)
{
	struct span plain;

	TRY(meta_open_into(
	    op, meta, "content", column, id, sealed, out, size, &plain));
	if (plain.size != size)
		FAIL(op, RC_DAMAGED, "content.%s has a wrong size", column);
	return RC_OK;
}

static enum rc
read_content(struct op *op, struct meta *meta, const struct db_rows *rows,
    struct content *content)
{
	*content = (struct content){
	    .id = db_int(rows, 0),
	    .size = (uint64_t)db_int(rows, 1),
	    .finished = !db_is_null(rows, 2),
	    .has_sha1 = !db_is_null(rows, 3),
	    .chunks = (uint64_t)db_int(rows, 4),
	    .made = (uint64_t)db_int(rows, 9),
	};
	if (content->finished)
		TRY(open_digest(op, meta, "digest", content->id,
		    db_blob(rows, 2), content->sha256, SHA256_SIZE));
	if (content->has_sha1)
		TRY(open_digest(op, meta, "sha1", content->id, db_blob(rows, 3),
		    content->sha1, SHA1_SIZE));
	return RC_OK;
}

enum rc
content_get(
    struct op *op, struct meta *meta, int64_t id, struct content *ret_content)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct content content;

	TRY(db_get(op, meta->db, SQL_CONTENT_GET, &rows, "i", id));
	TRY(read_content(op, meta, rows, &content));
	*ret_content = content;
	return RC_OK;
}

enum rc
content_finish(struct op *op, struct meta *meta, const struct content *content)
{
	struct span sha256;
	struct span sha1;

	TRY(seal_digests(op, meta, content, &sha256, &sha1));
	return ROWS_ONE(op, meta, SQL_CONTENT_FINISH, "iibbii", content->id,
	    (int64_t)content->size, sha256, sha1, (int64_t)content->chunks,
	    (int64_t)content->made);
}

enum rc
content_made(struct op *op, struct meta *meta, int64_t id, uint64_t *ret_number)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_CONTENT_MADE, &rows, "i", id));
	*ret_number = (uint64_t)db_int(rows, 0);
	return RC_OK;
}

enum rc
content_made_in(
    struct op *op, struct meta *meta, uint64_t number, bool *ret_made)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(
	    op, meta->db, SQL_CONTENT_MADE_IN, &rows, "i", (int64_t)number));
	*ret_made = db_int(rows, 0) != 0;
	return RC_OK;
}

enum rc
content_delete(struct op *op, struct meta *meta, int64_t id)
{
	meta->keys_gone = true;
	return ROWS_ONE(op, meta, SQL_CONTENT_DELETE, "i", id);
}

enum rc
content_used(struct op *op, struct meta *meta, int64_t id, bool *ret_used)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_CONTENT_USED, &rows, "i", id));
	*ret_used = db_int(rows, 0) != 0;
	return RC_OK;
}

enum rc
content_users(struct op *op, struct meta *meta, int64_t id, int64_t limit,
    int64_t *ret_users)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_CONTENT_USERS, &rows, "ii", id, limit));
	*ret_users = db_int(rows, 0);
	return RC_OK;
}

enum rc
content_unfinish(struct op *op, struct meta *meta, int64_t id)
{
	return ROWS_ONE(op, meta, SQL_CONTENT_UNFINISH, "i", id);
}

enum rc
content_data_used(struct op *op, struct meta *meta,
    const uint8_t id[OBJECT_ID_SIZE], bool *ret_used)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_DATA_USED, &rows, "b",
	    span_of(id, OBJECT_ID_SIZE)));
	*ret_used = db_int(rows, 0) != 0;
	return RC_OK;
}

enum rc
chunk_insert(struct op *op, struct meta *meta, int64_t content,
    const struct chunk *chunk)
{
	uint8_t key[KEY_SEALED_SIZE];

	TRY(key_seal(op, meta, content, chunk, key));
	return db_run(op, meta->db, SQL_CHUNK_INSERT, "iiibbii", content,
	    (int64_t)chunk->start, (int64_t)chunk->size,
	    span_of(key, sizeof(key)), data_of(chunk),
	    (int64_t)chunk->place.number, (int64_t)chunk->place.offset);
}

/* The chunk in a content's own row; RC_NOT_FOUND where it has none there. */
static enum rc
only_chunk(struct op *op, struct meta *meta, int64_t content, bool with_key,
    struct chunk *ret_chunk)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	CLEANUP(chunk_wipe) struct chunk chunk = {0};

	TRY(db_get(op, meta->db, SQL_CONTENT_GET, &rows, "i", content));
	if (db_is_null(rows, 5))
		return RC_NOT_FOUND;
	chunk.size = (uint32_t)db_int(rows, 1);
	TRY(read_place(op, rows, 6, 7, 8, &chunk.place));
	if (with_key)
		TRY(key_open(op, meta, content, db_blob(rows, 5), &chunk));
	*ret_chunk = chunk;
	return RC_OK;
}

static enum rc
read_chunk(struct op *op, const struct db_rows *rows, struct chunk *chunk)
{
	*chunk = (struct chunk){
	    .start = (uint64_t)db_int(rows, 0),
	    .size = (uint32_t)db_int(rows, 1),
	};
	return read_place(op, rows, 3, 4, 5, &chunk->place);
}

static enum rc
row_chunk(struct op *op, struct meta *meta, int64_t content, uint64_t position,
    struct chunk *chunk)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_CHUNK_FIND, &rows, "ii", content,
	    (int64_t)position));
	TRY(read_chunk(op, rows, chunk));
	return key_open(op, meta, content, db_blob(rows, 2), chunk);
}

enum rc
chunk_find(struct op *op, struct meta *meta, int64_t content, uint64_t position,
    struct chunk *ret_chunk)
{
	CLEANUP(chunk_wipe) struct chunk chunk = {0};
	enum rc rc;

	if (position > INT64_MAX)
		return RC_NOT_FOUND;
	rc = only_chunk(op, meta, content, true, &chunk);
	if (rc == RC_NOT_FOUND)
		rc = row_chunk(op, meta, content, position, &chunk);
	if (rc != RC_OK)
		return rc;
	if (position - chunk.start >= chunk.size)
		return RC_NOT_FOUND;
	*ret_chunk = chunk;
	return RC_OK;
}

enum rc
chunk_list(struct op *op, struct meta *meta, int64_t content, uint64_t from,
    size_t limit, chunk_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct chunk chunk;
	bool row;
	enum rc rc = only_chunk(op, meta, content, false, &chunk);

	if (rc != RC_NOT_FOUND) {
		TRY(rc);
		return from == 0 && limit > 0 ? each(arg, op, &chunk) : RC_OK;
	}
	TRY(db_query(op, meta->db, SQL_CHUNK_LIST, &rows, "iii", content,
	    (int64_t)from, (int64_t)limit));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(read_chunk(op, rows, &chunk));
		TRY(each(arg, op, &chunk));
	}
}

enum rc
chunk_count(
    struct op *op, struct meta *meta, int64_t content, uint64_t *ret_count)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_CHUNK_COUNT, &rows, "i", content));
	*ret_count = (uint64_t)db_int(rows, 0);
	return RC_OK;
}

enum rc
chunk_delete(struct op *op, struct meta *meta, int64_t content, uint64_t start)
{
	meta->keys_gone = true;
	return ROWS_ONE(
	    op, meta, SQL_CHUNK_DELETE, "ii", content, (int64_t)start);
}

enum rc
content_unfinished(
    struct op *op, struct meta *meta, int64_t after, int64_t *ret_id)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_CONTENT_UNFINISHED, &rows, "i", after));
	*ret_id = db_int(rows, 0);
	return RC_OK;
}

enum rc
content_next(struct op *op, struct meta *meta, int64_t after, int64_t *ret_id)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_CONTENT_NEXT, &rows, "i", after));
	*ret_id = db_int(rows, 0);
	return RC_OK;
}

enum rc
content_node(struct op *op, struct meta *meta, int64_t content, int64_t after,
    int64_t *ret_node)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(
	    op, meta->db, SQL_CONTENT_NODE, &rows, "ii", content, after));
	*ret_node = db_int(rows, 0);
	return RC_OK;
}

enum rc
content_totals(
    struct op *op, struct meta *meta, uint64_t *ret_files, uint64_t *ret_bytes)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_CONTENT_TOTALS, &rows, ""));
	*ret_files = (uint64_t)db_int(rows, 0);
	*ret_bytes = (uint64_t)db_int(rows, 1);
	return RC_OK;
}

static enum rc
chunk_in(struct op *op, struct meta *meta, const struct db_rows *rows,
    const struct chunk_place *place, chunk_each *each, void *arg)
{
	struct chunk chunk = {
	    .content = db_int(rows, 0),
	    .start = (uint64_t)db_int(rows, 1),
	    .size = (uint32_t)db_int(rows, 2),
	    .place = *place,
	};
	enum rc rc;

	chunk.place.offset = (uint64_t)db_int(rows, 4);
	rc = key_open(op, meta, db_int(rows, 0), db_blob(rows, 3), &chunk);
	if (rc == RC_OK)
		rc = each(arg, op, &chunk);
	chunk_wipe(&chunk);
	return rc;
}

enum rc
chunk_list_in(struct op *op, struct meta *meta, const struct chunk_place *place,
    chunk_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	bool row;

	if (place->number != 0)
		TRY(db_query(op, meta->db, SQL_CHUNK_IN_NUMBER, &rows, "i",
		    (int64_t)place->number));
	else
		TRY(db_query(op, meta->db, SQL_CHUNK_IN_DATA, &rows, "b",
		    span_of(place->data, OBJECT_ID_SIZE)));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		TRY(chunk_in(op, meta, rows, place, each, arg));
	}
}

enum rc
chunk_list_small(struct op *op, struct meta *meta, uint64_t number,
    size_t limit, chunk_each *each, void *arg)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;
	struct chunk_place place = {0};
	bool row;

	TRY(db_query(op, meta->db, SQL_CHUNK_SMALL, &rows, "ii",
	    (int64_t)number, (int64_t)limit));
	for (;;) {
		TRY(db_next(op, rows, &row));
		if (!row)
			return RC_OK;
		place.number = (uint64_t)db_int(rows, 5);
		TRY(chunk_in(op, meta, rows, &place, each, arg));
	}
}

enum rc
chunk_move(struct op *op, struct meta *meta, const struct chunk *chunk,
    const struct chunk_place *to, bool *ret_moved)
{
	struct span data = span_of(to->data, OBJECT_ID_SIZE);
	int64_t changed = 0;

	if (chunk->start == 0)
		TRY(db_run_changed(op, meta->db, SQL_CONTENT_MOVE, &changed,
		    "ibibii", chunk->content, data, (int64_t)to->offset,
		    data_of(chunk), (int64_t)chunk->place.number,
		    (int64_t)chunk->place.offset));
	if (changed == 0)
		TRY(db_run_changed(op, meta->db, SQL_CHUNK_MOVE, &changed,
		    "iibibii", chunk->content, (int64_t)chunk->start, data,
		    (int64_t)to->offset, data_of(chunk),
		    (int64_t)chunk->place.number,
		    (int64_t)chunk->place.offset));
	*ret_moved = changed != 0;
	return RC_OK;
}

enum rc
content_data_live(struct op *op, struct meta *meta,
    const uint8_t id[OBJECT_ID_SIZE], uint64_t *ret_size, uint64_t *ret_chunks)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, SQL_DATA_LIVE, &rows, "b",
	    span_of(id, OBJECT_ID_SIZE)));
	*ret_size = (uint64_t)db_int(rows, 0);
	*ret_chunks = (uint64_t)db_int(rows, 1);
	return RC_OK;
}
