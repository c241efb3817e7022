/* upload_session.c - rows of a content while it comes in (LOG.md L8). */
#include "core/upload_session.h"

#include <string.h>

#include "base/log.h"
#include "core/change.h"
#include "meta/content.h"

enum { DROP_STEP = 128 };

struct add_change {
	struct change change;
	const struct upload_session *session;
	const struct put_chunk *chunks;
	size_t n;
	const struct put_data *data;
	int64_t content; /* result */
};

void
upload_session_init(struct upload_session *session, struct tenant *tenant)
{
	*session = (struct upload_session){.tenant = tenant};
}

static enum rc
chunk_add(
    struct op *op, struct tx *tx, int64_t content, const struct put_chunk *put)
{
	struct chunk chunk = {
	    .start = put->start,
	    .size = put->size,
	    .place.offset = put->offset,
	};
	enum rc rc;

	memcpy(chunk.key, put->key, sizeof(chunk.key));
	memcpy(chunk.place.data, put->data, sizeof(chunk.place.data));
	rc = chunk_insert(op, tx->meta, content, &chunk);
	chunk_wipe(&chunk);
	return rc;
}

static enum rc
add_run(struct op *op, struct tx *tx, struct change *change)
{
	struct add_change *add =
	    container_of(change, struct add_change, change);
	struct content content = {.id = add->session->content};
	size_t i;

	if (content.id == 0) {
		content.id = tx_id(tx);
		TRY(content_insert(op, tx->meta, &content, NULL));
	}
	for (i = 0; i < add->n; i++)
		TRY(chunk_add(op, tx, content.id, &add->chunks[i]));
	add->content = content.id;
	return tx_add_data(op, tx, add->data);
}

enum rc
upload_session_add(struct op *op, struct upload_session *session,
    const struct put_chunk *chunks, size_t n, const struct put_data *data)
{
	struct add_change add = {
	    .change.run = add_run,
	    .session = session,
	    .chunks = chunks,
	    .n = n,
	    .data = data,
	};

	TRY(change_commit(op, session->tenant, &add.change));
	session->content = add.content;
	session->n_chunks += n;
	return RC_OK;
}

/* ---- dropping what no file took ---- */

struct drop_change {
	struct change change;
	int64_t content;
	bool more; /* result: not all chunks are gone yet */
};

struct drop_list {
	size_t n;
	struct chunk chunks[DROP_STEP];
};

static enum rc
drop_collect(void *arg, struct op *op, const struct chunk *chunk)
{
	struct drop_list *list = arg;

	(void)op;
	list->chunks[list->n++] = *chunk;
	return RC_OK;
}

/* Deletes a chunk's row, and drops its data segment with the last row that
 * names it (L15). */
static enum rc
drop_chunk(
    struct op *op, struct tx *tx, int64_t content, const struct chunk *chunk)
{
	bool used;

	TRY(chunk_delete(op, tx->meta, content, chunk->start));
	if (chunk->place.number != 0)
		return RC_OK;
	TRY(content_data_used(op, tx->meta, chunk->place.data, &used));
	return used ? RC_OK : tx_drop_data(op, tx, chunk->place.data);
}

static enum rc
drop_run(struct op *op, struct tx *tx, struct change *change)
{
	struct drop_change *drop =
	    container_of(change, struct drop_change, change);
	struct drop_list list = {.n = 0};
	size_t i;
	bool used;

	drop->more = false;
	TRY(content_used(op, tx->meta, drop->content, &used));
	if (used)
		return RC_OK;
	TRY(chunk_list(
	    op, tx->meta, drop->content, 0, DROP_STEP, drop_collect, &list));
	for (i = 0; i < list.n; i++)
		TRY(drop_chunk(op, tx, drop->content, &list.chunks[i]));
	drop->more = list.n == DROP_STEP;
	return drop->more ? RC_OK : content_delete(op, tx->meta, drop->content);
}

static enum rc
content_drop(struct op *op, struct tenant *tenant, int64_t content)
{
	struct drop_change drop = {
	    .change = {.run = drop_run, .frees_space = true},
	    .content = content,
	};

	do {
		TRY(change_commit(op, tenant, &drop.change));
	} while (drop.more);
	return RC_OK;
}

void
upload_session_end(struct upload_session *session)
{
	CLEANUP(op_release) struct op op;
	enum rc rc;

	op_init(&op);
	if (session->content == 0)
		return;
	rc = content_drop(&op, session->tenant, session->content);
	if (rc != RC_OK) /* the next start's sweep finds it */
		log_warn(&op, "upload-left", "tenant=%016llx why=\"%s\"",
		    (unsigned long long)session->tenant->id, op_error(&op, rc));
	session->content = 0;
}

enum rc
upload_sessions_sweep(struct op *op, struct tenant *tenant, int64_t last)
{
	int64_t content = 0;
	struct reader *reader;
	enum rc rc;

	for (;;) {
		TRY(tenant_reader(op, tenant, &reader));
		rc = content_unfinished(op, &reader->meta, content, &content);
		tenant_reader_put(tenant, reader);
		if (rc == RC_NOT_FOUND) {
			op_clear_error(op);
			return RC_OK;
		}
		TRY(rc);
		if (content > last)
			return RC_OK;
		TRY(content_drop(op, tenant, content));
	}
}
