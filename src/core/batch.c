/* batch.c - many small files in one change. */
#include "core/batch.h"

#include "base/mem.h"
#include "core/tree_rules.h"

/* Of the numbered segment (L8); rows and audit come besides. */
enum { INLINE_MAX = 448 << 10 };

enum rc
batch_init(struct op *op, struct batch *batch, struct tenant *tenant)
{
	*batch = (struct batch){.tenant = tenant};
	TRY(op_alloc(
	    op, BATCH_FILES_MAX * sizeof(*batch->files), &batch->files));
	return upload_open(op, tenant, true, &batch->upload);
}

void
batch_release(struct batch *batch)
{
	upload_free(batch->upload);
	if (batch->files != NULL)
		mem_wipe(batch->files, BATCH_FILES_MAX * sizeof(*batch->files));
	*batch = (struct batch){0};
}

enum rc
batch_begin_file(
    struct op *op, struct batch *batch, struct batch_file **ret_file)
{
	if (batch->n == BATCH_FILES_MAX)
		FAIL(op, RC_LIMIT, "a batch has %d files at the most",
		    BATCH_FILES_MAX);
	*ret_file = &batch->files[batch->n++];
	return RC_OK;
}

enum rc
batch_write(struct op *op, struct batch *batch, struct span bytes)
{
	/* So little that one data segment holds all of it. */
	if (bytes.size > BATCH_SIZE_MAX - batch->size)
		FAIL(op, RC_LIMIT, "a batch has %d bytes at the most",
		    BATCH_SIZE_MAX);
	batch->size += bytes.size;
	return upload_write(op, batch->upload, bytes);
}

/* The sealed bytes lie in the upload only until its next content. */
static enum rc
keep_sealed(struct op *op, struct put_chunk *chunk)
{
	uint8_t *copy;

	TRY(op_alloc(op, chunk->sealed.size, &copy));
	memcpy(copy, chunk->sealed.data, chunk->sealed.size);
	chunk->sealed = span_of(copy, chunk->sealed.size);
	return RC_OK;
}

enum rc
batch_end_file(struct op *op, struct batch *batch)
{
	struct batch_file *file = &batch->files[batch->n - 1];
	struct put_content *content = &file->put.content;
	size_t room = INLINE_MAX - batch->inline_size;
	bool fits = upload_size(batch->upload) + AEAD_TAG_SIZE <= room;

	TRY(upload_pack(op, batch->upload, fits, file->chunks, content));
	if (content->n_chunks == 0)
		return RC_OK;
	if (file->chunks[0].sealed.data == NULL) {
		batch->in_data = true;
		return RC_OK;
	}
	batch->inline_size += file->chunks[0].sealed.size;
	return keep_sealed(op, &file->chunks[0]);
}

/* ---- the change ---- */

struct batch_change {
	struct change change;
	struct batch *batch;
	struct tree_result *result;
	const bool *refused; /* before: passed over */
};

/* What concerns one file alone, and was found before anything was written. */
static bool
is_refusal(enum rc rc)
{
	return rc == RC_NOT_FOUND || rc == RC_EXISTS || rc == RC_INVALID ||
	       rc == RC_DENIED || rc == RC_CONFLICT;
}

static enum rc
run_file(struct op *op, struct tx *tx, struct batch_file *file)
{
	int64_t before = db_total_changes(tx->meta->db);
	char *detail;

	file->rc = file_put_run(op, tx, op, &file->put, &file->result);
	file->why = file->result.tree.why;
	file->detail = NULL;
	if (file->rc == RC_OK)
		return RC_OK;
	if (!is_refusal(file->rc) || db_total_changes(tx->meta->db) != before)
		return file->rc;
	TRY(op_format(op, &detail, "%s", op->error));
	file->detail = detail;
	op_clear_error(op);
	return RC_OK;
}

static bool
lies_in_data(const struct batch_file *file)
{
	return file->put.content.n_chunks > 0 &&
	       file->chunks[0].sealed.data == NULL;
}

static enum rc
batch_run(struct op *op, struct tx *tx, struct change *change)
{
	struct batch_change *c =
	    container_of(change, struct batch_change, change);
	bool named = false;
	size_t i;

	*c->result = (struct tree_result){.unchanged = true};
	for (i = 0; i < c->batch->n; i++) {
		struct batch_file *file = &c->batch->files[i];

		if (c->refused[i])
			continue;
		TRY(run_file(op, tx, file));
		if (file->rc != RC_OK)
			continue;
		c->result->unchanged &= file->result.tree.unchanged;
		named |= lies_in_data(file) && !file->result.not_taken;
	}
	return named ? tx_add_data(op, tx, &c->batch->data) : RC_OK;
}

/* The data segment stands on the sites; its chunks are told its id. */
static enum rc
end_data(struct op *op, struct batch *batch)
{
	size_t i, k;

	if (!batch->in_data)
		return RC_OK;
	TRY(upload_pack_end(op, batch->upload, &batch->data));
	for (i = 0; i < batch->n; i++) {
		struct batch_file *file = &batch->files[i];

		for (k = 0; k < file->put.content.n_chunks; k++)
			if (file->chunks[k].sealed.data == NULL)
				memcpy(file->chunks[k].data,
				    batch->data.data.id, OBJECT_ID_SIZE);
	}
	return RC_OK;
}

enum rc
batch_commit(struct op *op, struct batch *batch, struct tree_result *result)
{
	bool refused[BATCH_FILES_MAX];
	struct batch_change c = {
	    .change = {.run = batch_run,
		.keeps_paths = true,
		.inline_size = batch->inline_size},
	    .batch = batch,
	    .result = result,
	    .refused = refused,
	};
	size_t i;

	for (i = 0; i < batch->n; i++)
		refused[i] = batch->files[i].rc != RC_OK;
	TRY(end_data(op, batch));
	*result = (struct tree_result){0};
	return tree_commit(op, batch->tenant, &c.change, result);
}
