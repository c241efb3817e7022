/* upload_session.c - rows of a content while it comes in (LOG.md L8). */
#include "core/upload_session.h"

#include <string.h>

#include "base/log.h"
#include "core/content_drop.h"
#include "meta/content.h"

struct add_change {
	struct change change;
	const struct upload_session *session;
	const struct upload_part *part;
	int64_t content; /* result */
};

void
upload_session_init(struct upload_session *session, struct tenant *tenant)
{
	*session = (struct upload_session){.tenant = tenant};
}

enum rc
upload_part_add(struct op *op, struct tx *tx, const struct upload_part *part,
    int64_t *content)
{
	CLEANUP(chunk_wipe) struct chunk chunk = {0};
	size_t i;

	if (*content == 0) {
		struct content made = {.id = tx_id(tx)};

		TRY(content_insert(op, tx->meta, &made, NULL));
		*content = made.id;
	}
	for (i = 0; i < part->n_chunks; i++) {
		TRY(file_put_chunk(op, tx, &part->chunks[i], &chunk));
		TRY(chunk_insert(op, tx->meta, *content, &chunk));
	}
	return part->data != NULL ? tx_add_data(op, tx, part->data) : RC_OK;
}

static enum rc
add_run(struct op *op, struct tx *tx, struct change *change)
{
	struct add_change *add =
	    container_of(change, struct add_change, change);

	add->content = add->session->content;
	return upload_part_add(op, tx, add->part, &add->content);
}

enum rc
upload_session_name(
    struct op *op, void *session, const struct upload_part *part)
{
	struct upload_session *s = session;
	struct add_change add = {
	    .change = {.run = add_run, .keeps_paths = true},
	    .session = s,
	    .part = part,
	};

	TRY(change_commit(op, s->tenant, &add.change));
	s->content = add.content;
	s->n_chunks += part->n_chunks;
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

enum rc
upload_content_drop(struct op *op, struct tenant *tenant, int64_t content)
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
	rc = upload_content_drop(&op, session->tenant, session->content);
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
		TRY(upload_content_drop(op, tenant, content));
	}
}
