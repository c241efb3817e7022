/* resumable.c - writing to an upload that goes on: parts move its row, the last
 * one makes the file. */
#include "core/resumable.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/content_drop.h"
#include "core/resumable_row.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/tree_rules.h"
#include "core/upload_session.h"
#include "meta/content.h"

struct resumable {
	struct resumable *next; /* of the tenant's; under its lock */
	int64_t id;
	struct tenant *tenant;
	struct op *op; /* whose arena has the row's texts */
	struct upload_row row; /* as last committed */
	bool whole;
	bool size_is_new; /* row.size is of this writing, and in no row yet */
	uint64_t n_chunks; /* rows of the content */
	bool beyond; /* some of them are beyond the row's offset */
	struct receipt receipt; /* of the last change that counts */
	struct upload *upload;
};

/* ---- one at a time ---- */

static enum rc
take(struct op *op, struct tenant *tenant, int64_t id, struct resumable *r)
{
	MUTEX_GUARD(&tenant->lock);
	struct resumable *other;

	for (other = tenant->resumables; other != NULL; other = other->next)
		if (other->id == id)
			FAIL(op, RC_BUSY,
			    "another request is writing to this upload");
	r->id = id;
	r->tenant = tenant;
	r->next = tenant->resumables;
	tenant->resumables = r;
	return RC_OK;
}

static void
give_back(struct resumable *r)
{
	MUTEX_GUARD(&r->tenant->lock);
	struct resumable **at = &r->tenant->resumables;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

/* ---- what a writing left beyond the offset ---- */

struct cut_change {
	struct change change;
	const struct upload_row *row;
	bool done; /* result */
};

static enum rc
cut_run(struct op *op, struct tx *tx, struct change *change)
{
	struct cut_change *c = container_of(change, struct cut_change, change);
	struct drop_budget budget = {DROP_ROWS, DROP_DATA};
	struct upload_row row;

	TRY(resumable_row_get(
	    op, tx->meta, &op->actor, c->row->id, tx->now, &row));
	/* What counts by now is not ours to cut. */
	if (row.offset != c->row->offset || row.content != c->row->content)
		FAIL(op, RC_CONFLICT, "the upload stands elsewhere by now");
	return content_cut(op, tx, row.content, row.offset, &budget, &c->done);
}

static enum rc
cut(struct op *op, struct tenant *tenant, const struct upload_row *row)
{
	struct cut_change c = {
	    .change = {.run = cut_run,
		.keeps_paths = true,
		.frees_space = true},
	    .row = row,
	};

	do {
		TRY(change_commit(op, tenant, &c.change));
	} while (!c.done);
	return RC_OK;
}

static enum rc
note_chunk(void *arg, struct op *op, const struct chunk *chunk)
{
	(void)op;
	(void)chunk;
	*(bool *)arg = true;
	return RC_OK;
}

/* Reads the row, and whether a whole writing that did not come to its end left
 * chunks behind it. */
static enum rc
read_row(struct op *op, struct resumable *r, struct meta *meta)
{
	int64_t now = service_clock_now(&r->tenant->service->clock);
	struct upload_row *row = &r->row;

	TRY(resumable_row_get(op, meta, &op->actor, r->id, now, row));
	r->n_chunks = 0;
	r->beyond = false;
	if (row->content == 0)
		return RC_OK;
	TRY(chunk_count(op, meta, row->content, &r->n_chunks));
	return chunk_list(
	    op, meta, row->content, row->offset, 1, note_chunk, &r->beyond);
}

static enum rc
read_state(struct op *op, struct resumable *r)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, r->tenant, &reader));
	rc = db_read_begin(op, reader->db);
	if (rc == RC_OK)
		rc = read_row(op, r, &reader->meta);
	db_read_end(reader->db);
	tenant_reader_put(r->tenant, reader);
	return rc;
}

/* ---- a part that is not the last ---- */

struct advance_change {
	struct change change;
	const struct resumable *r;
	const struct upload_part *part;
	bool counts;
	struct upload_row row; /* result */
};

/* The row inside a change: it has to stand where this writing believes. */
static enum rc
row_open(struct op *op, struct tx *tx, const struct resumable *r,
    struct upload_row *row)
{
	TRY(resumable_row_get(op, tx->meta, &op->actor, r->id, tx->now, row));
	if (row->done || row->offset != r->row.offset ||
	    row->content != r->row.content)
		FAIL(op, RC_CONFLICT, "the upload stands elsewhere by now");
	row->has_size = r->row.has_size;
	row->size = r->row.size;
	return RC_OK;
}

static enum rc
advance_run(struct op *op, struct tx *tx, struct change *change)
{
	struct advance_change *c =
	    container_of(change, struct advance_change, change);
	struct upload_row row;

	TRY(row_open(op, tx, c->r, &row));
	if (c->part->n_chunks > 0)
		TRY(upload_part_add(op, tx, c->part, &row.content));
	if (c->counts) {
		row.offset = c->part->end;
		row.sha256 = *c->part->sha256;
		row.sha1 = *c->part->sha1;
		row.expires_at = tx->now + RESUMABLE_TERM;
	}
	TRY(upload_row_advance(op, tx->meta, &row));
	c->row = row;
	return RC_OK;
}

static size_t
inline_size(const struct upload_part *part)
{
	const struct put_content content = {
	    .n_chunks = part->n_chunks, .chunks = part->chunks};

	return file_put_inline_size(&content);
}

static enum rc
advance(struct op *op, struct resumable *r, const struct upload_part *part,
    bool counts)
{
	struct advance_change c = {
	    .change = {.run = advance_run,
		.keeps_paths = true,
		.inline_size = inline_size(part)},
	    .r = r,
	    .part = part,
	    .counts = counts,
	};

	TRY(change_commit(op, r->tenant, &c.change));
	c.row.name = r->row.name;
	c.row.metadata = r->row.metadata;
	r->row = c.row;
	r->n_chunks += part->n_chunks;
	r->beyond = !counts;
	r->size_is_new = false;
	if (counts)
		r->receipt = c.change.receipt;
	return RC_OK;
}

/* A full data segment: with a memory of its own, for there may be thousands. */
static enum rc
part_name(struct op *op, void *arg, const struct upload_part *part)
{
	struct resumable *r = arg;
	CLEANUP(op_release) struct op scratch;

	scratch_init(&scratch, op);
	return scratch_end(op, &scratch, advance(&scratch, r, part, !r->whole));
}

/* ---- begin ---- */

static enum rc
take_size(struct op *op, struct resumable *r, const struct resumable_from *from)
{
	struct upload_row *row = &r->row;

	if (!from->has_size)
		return RC_OK;
	if (row->has_size && row->size != from->size)
		FAIL(op, RC_INVALID, "the upload has another length");
	if (from->size < row->offset)
		FAIL(op, RC_INVALID, "the upload is longer already");
	r->size_is_new = !row->has_size;
	row->has_size = true;
	row->size = from->size;
	return r->size_is_new
		   ? reserve_for_size(op, r->tenant, row->size - row->offset)
		   : RC_OK;
}

static enum rc
begin(struct op *op, struct resumable *r, const struct resumable_from *from)
{
	struct upload_from upload = {
	    .start = from->offset, .name = part_name, .arg = r};

	TRY(read_state(op, r));
	if (r->row.offset != from->offset)
		FAIL(op, RC_CONFLICT, "the upload stands at %llu",
		    (unsigned long long)r->row.offset);
	if (r->row.done)
		FAIL(op, RC_CONFLICT, "the upload is done");
	if (r->beyond) {
		TRY(cut(op, r->tenant, &r->row));
		TRY(read_state(op, r));
	}
	TRY(take_size(op, r, from));
	upload.sha256 = r->row.sha256;
	upload.sha1 = r->row.sha1;
	return upload_open_from(op, r->tenant, &upload, &r->upload);
}

enum rc
resumable_open(struct op *op, struct tenant *tenant, int64_t id,
    const struct resumable_from *from, struct resumable **ret_r)
{
	struct resumable *r = mem_alloc(sizeof(*r));
	enum rc rc;

	if (r == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	r->op = op;
	r->whole = from->whole;
	rc = take(op, tenant, id, r);
	if (rc != RC_OK) {
		mem_free(r);
		return rc;
	}
	rc = begin(op, r, from);
	if (rc != RC_OK) {
		resumable_free(r);
		return rc;
	}
	*ret_r = r;
	return RC_OK;
}

enum rc
resumable_write(struct op *op, struct resumable *r, struct span bytes)
{
	if (r->row.has_size &&
	    bytes.size > r->row.size - upload_size(r->upload))
		FAIL(op, RC_LIMIT, "more than the upload's length");
	return upload_write(op, r->upload, bytes);
}

/* ---- the file ---- */

struct finish_change {
	struct change change;
	const struct resumable *r;
	const struct upload_part *part;
	struct file_put put;
	struct file_put_result *result;
	int64_t left; /* result: a content that the file did not take */
};

static enum tree_taken
taken_of(enum if_exists if_exists)
{
	switch (if_exists) {
	case IF_EXISTS_VERSION:
		return TREE_TAKEN_VERSION;
	case IF_EXISTS_RENAME:
		return TREE_TAKEN_RENAME;
	default:
		return TREE_TAKEN_FAIL;
	}
}

/* The content: rows that are there, with the last part's, or its chunks alone.
 */
static enum rc
finish_content(struct op *op, struct tx *tx, const struct finish_change *c,
    int64_t *row_content, struct put_content *content)
{
	const struct upload_part *part = c->part;

	if (*row_content == 0) {
		content->n_chunks = part->n_chunks;
		content->chunks = part->chunks;
		content->n_data = part->data != NULL;
		content->data = part->data;
		return RC_OK;
	}
	if (part->n_chunks > 0)
		TRY(upload_part_add(op, tx, part, row_content));
	content->session = *row_content;
	content->session_chunks = c->r->n_chunks + part->n_chunks;
	return RC_OK;
}

static enum rc
finish_run(struct op *op, struct tx *tx, struct change *change)
{
	struct finish_change *c =
	    container_of(change, struct finish_change, change);
	struct file_put put = c->put;
	struct upload_row row;

	*c->result = (struct file_put_result){0};
	TRY(row_open(op, tx, c->r, &row));
	TRY(finish_content(op, tx, c, &row.content, &put.content));
	TRY(file_put_run(op, tx, op, &put, c->result));
	c->left = c->result->not_taken ? row.content : 0;
	return upload_row_finish(op, tx->meta, &row, c->result->tree.etag.node,
	    tx->now + RESUMABLE_DONE_TERM);
}

/* A content that the file has already is dropped; where that fails, the next
 * start's sweep finds it. */
static void
drop_left(struct op *op, const struct finish_change *c)
{
	CLEANUP(op_release) struct op scratch;
	enum rc rc;

	scratch_init(&scratch, op);
	if (c->left == 0)
		return;
	rc = upload_content_drop(&scratch, c->r->tenant, c->left);
	if (rc != RC_OK)
		log_warn(&scratch, "upload-left", "tenant=%016llx why=\"%s\"",
		    (unsigned long long)c->r->tenant->id,
		    op_error(&scratch, rc));
}

static enum rc
finish(struct op *op, struct resumable *r, const struct upload_part *part,
    const struct precondition *precondition, struct resumable_result *result)
{
	struct finish_change c = {
	    .change = {.run = finish_run,
		.keeps_paths = true,
		.inline_size = inline_size(part)},
	    .r = r,
	    .part = part,
	    .put = {.to = {.parent = r->row.parent,
			.taken = taken_of(r->row.if_exists)},
		.content = {.size = part->end, .has_sha1 = true},
		.has_mtime = r->row.has_mtime,
		.mtime = r->row.mtime,
		.precondition = *precondition},
	    .result = &result->put,
	};

	sha256_digest(part->sha256, c.put.content.sha256);
	sha1_digest(part->sha1, c.put.content.sha1);
	TRY(resumable_row_digest(
	    op, &r->row, c.put.content.sha256, &result->other_digest));
	TRY(tree_name_init(op, r->row.name, &c.put.to.name));
	TRY(tree_commit(op, r->tenant, &c.change, &result->put.tree));
	r->row.offset = part->end;
	r->row.done = true;
	r->row.parent = result->put.tree.etag.node;
	r->row.content = 0;
	r->beyond = false;
	r->receipt = result->put.tree.receipt;
	drop_left(op, &c);
	return RC_OK;
}

/* ---- end ---- */

enum rc
resumable_end(struct op *op, struct resumable *r,
    const struct precondition *precondition, struct resumable_result *result)
{
	struct upload_part part;
	enum rc rc = RC_OK;

	*result = (struct resumable_result){0};
	TRY(upload_last_part(op, r->upload, &part));
	if (r->row.has_size && part.end == r->row.size)
		rc = finish(op, r, &part, precondition, result);
	else if (part.n_chunks > 0 || r->size_is_new)
		rc = advance(op, r, &part, true);
	TRY(rc);
	result->state = resumable_row_state(r->tenant, &r->row);
	result->state.receipt = r->receipt;
	return RC_OK;
}

void
resumable_break(struct resumable *r)
{
	const struct precondition none = {0};
	struct resumable_result result;
	struct op scratch;
	enum rc rc;

	if (r->whole)
		return;
	scratch_init(&scratch, r->op);
	rc = resumable_end(&scratch, r, &none, &result);
	if (rc != RC_OK)
		log_info(&scratch, "upload-part-lost", "rc=%s why=\"%s\"",
		    rc_name(rc), op_error(&scratch, rc));
	op_release(&scratch);
}

/* What a whole writing has left, now rather than at the next one. */
static void
cut_beyond(struct resumable *r)
{
	CLEANUP(op_release) struct op scratch;
	enum rc rc;

	scratch_init(&scratch, r->op);
	rc = cut(&scratch, r->tenant, &r->row);
	if (rc != RC_OK)
		log_info(&scratch, "upload-part-left", "rc=%s why=\"%s\"",
		    rc_name(rc), op_error(&scratch, rc));
}

void
resumable_free(struct resumable *r)
{
	if (r == NULL)
		return;
	upload_free(r->upload);
	if (r->whole && r->beyond)
		cut_beyond(r);
	give_back(r);
	mem_wipe(&r->row, sizeof(r->row));
	mem_free(r);
}
