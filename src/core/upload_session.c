/* upload_session.c - rows of a content while it comes in (LOG.md L8). */
#include "core/upload_session.h"

#include <string.h>

#include "base/log.h"
#include "core/content_drop.h"
#include "meta/content.h"

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
	    .change = {.run = add_run, .keeps_paths = true},
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

static enum rc
drop_run(struct op *op, struct tx *tx, struct change *change)
{
	struct drop_change *drop =
	    container_of(change, struct drop_change, change);
	struct drop_budget budget = {DROP_ROWS, DROP_DATA};
	bool gone;

	TRY(content_drop(op, tx, drop->content, 0, &budget, &gone));
	drop->more = !gone;
	return RC_OK;
}

static enum rc
session_drop(struct op *op, struct tenant *tenant, int64_t content)
{
	struct drop_change drop = {
	    .change = {.run = drop_run,
		.keeps_paths = true,
		.frees_space = true},
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
	rc = session_drop(&op, session->tenant, session->content);
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
		TRY(session_drop(op, tenant, content));
	}
}
