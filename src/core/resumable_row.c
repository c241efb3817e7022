/* resumable_row.c - uploads begin, and are told of. */
#include "core/resumable_row.h"

#include "core/service.h"
#include "core/tree_rules.h"

struct resumable_state
resumable_row_state(struct tenant *tenant, const struct upload_row *row)
{
	int64_t now = service_clock_now(&tenant->service->clock);

	return (struct resumable_state){
	    .id = row->id,
	    .offset = row->offset,
	    .has_size = row->has_size,
	    .size = row->size,
	    .done = row->done,
	    .node = row->done ? row->parent : 0,
	    .metadata = row->metadata,
	    .expires_at = clock_wall() + row->expires_at - now,
	};
}

enum rc
resumable_row_digest(struct op *op, const struct upload_row *row,
    const uint8_t sha256[SHA256_SIZE], bool *ret_other)
{
	*ret_other =
	    row->has_digest && !hash_equal(sha256, row->digest, SHA256_SIZE);
	if (*ret_other)
		FAIL(op, RC_INVALID,
		    "the whole has another SHA-256 than the metadata says");
	return RC_OK;
}

/* ---- begin ---- */

struct new_change {
	struct change change;
	const struct resumable_new *new;
	struct tree_target to;
	struct resumable_result *result;
	struct upload_row row;
};

/* Whether the name will do, as far as that can be known now. */
static enum rc
check_place(struct op *op, struct tx *tx, struct new_change *c)
{
	enum tree_why *why = &c->result->put.tree.why;
	struct target target;

	TRY(target_open(op, tx, &op->actor, &c->to, why, &target));
	TRY(precondition_hold(op, tx, &c->new->precondition,
	    target.taken ? &target.holder : NULL, why));
	TRY(target_settle(op, tx, &c->to, NODE_FILE, why, &target));
	return locks_hold_target(op, tx, &c->new->precondition, &target,
	    LOCKS_STATE, &c->result->put.tree);
}

/* One without a byte to come: its file. */
static enum rc
make_file(struct op *op, struct tx *tx, struct new_change *c)
{
	struct file_put put = {
	    .to = c->to,
	    .content.has_sha1 = true,
	    .has_mtime = c->new->has_mtime,
	    .mtime = c->new->mtime,
	    .precondition = c->new->precondition,
	};

	sha256_digest(&c->row.sha256, put.content.sha256);
	sha1_digest(&c->row.sha1, put.content.sha1);
	TRY(resumable_row_digest(
	    op, &c->row, put.content.sha256, &c->result->other_digest));
	TRY(file_put_run(op, tx, op, &put, &c->result->put));
	c->row.done = true;
	c->row.parent = c->result->put.tree.etag.node;
	c->row.expires_at = tx->now + RESUMABLE_DONE_TERM;
	return RC_OK;
}

static enum if_exists
if_exists_of(enum tree_taken taken)
{
	switch (taken) {
	case TREE_TAKEN_VERSION:
		return IF_EXISTS_VERSION;
	case TREE_TAKEN_RENAME:
		return IF_EXISTS_RENAME;
	default:
		return IF_EXISTS_FAIL;
	}
}

static struct upload_row
new_row(const struct op *op, struct tx *tx, const struct resumable_new *new)
{
	struct upload_row row = {
	    .id = tx_id(tx),
	    .member = op->actor.member,
	    .parent = new->to.parent,
	    .name = new->to.name.text,
	    .metadata = new->metadata,
	    .has_size = new->has_size,
	    .size = new->size,
	    .has_digest = new->has_digest,
	    .has_mtime = new->has_mtime,
	    .mtime = new->mtime,
	    .if_exists = if_exists_of(new->to.taken),
	    .created_at = tx->wall,
	    .expires_at = tx->now + RESUMABLE_TERM,
	};

	memcpy(row.digest, new->digest, sizeof(row.digest));
	sha256_init(&row.sha256);
	sha1_init(&row.sha1);
	return row;
}

static enum rc
new_run(struct op *op, struct tx *tx, struct change *change)
{
	struct new_change *c = container_of(change, struct new_change, change);
	const struct resumable_new *new = c->new;
	struct upload_row *row = &c->row;
	struct audit audit;

	*c->result = (struct resumable_result){0};
	*row = new_row(op, tx, new);
	if (new->has_size &&new->size == 0)
		TRY(make_file(op, tx, c));
	else
		TRY(check_place(op, tx, c));
	TRY(upload_row_insert(op, tx->meta, row));
	audit_begin(&audit, AUDIT_UPLOAD_BEGIN, op, 0);
	audit_text(&audit, AUDIT_NAME, row->name);
	audit_number(&audit, AUDIT_PARENT, new->to.parent);
	if (row->has_size)
		audit_number(&audit, AUDIT_SIZE, (int64_t)row->size);
	TRY(audit_write(op, tx, &audit));
	c->result->state.id = row->id;
	return RC_OK;
}

enum rc
resumable_make(struct op *op, struct tenant *tenant,
    const struct resumable_new *upload, struct resumable_result *result)
{
	struct new_change c = {
	    .change = {.run = new_run, .hook = op->hook, .keeps_paths = true},
	    .new = upload,
	    .to = upload->to,
	    .result = result,
	};

	*result = (struct resumable_result){0};
	if (c.to.taken == TREE_TAKEN_USUAL)
		c.to.taken = TREE_TAKEN_FAIL;
	if (upload->metadata.size > RESUMABLE_METADATA_MAX)
		FAIL(op, RC_LIMIT, "the metadata is too large");
	if (upload->has_size)
		TRY(reserve_for_size(op, tenant, upload->size));
	TRY(change_commit(op, tenant, &c.change));
	result->state = resumable_row_state(tenant, &c.row);
	result->state.receipt = c.change.receipt;
	result->put.tree.receipt = c.change.receipt;
	return RC_OK;
}

/* ---- reading ---- */

enum rc
resumable_get(struct op *op, struct tenant *tenant, int64_t id,
    struct resumable_state *ret_state)
{
	int64_t now = service_clock_now(&tenant->service->clock);
	struct upload_row row;
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, tenant, &reader));
	rc = resumable_row_get(op, &reader->meta, &op->actor, id, now, &row);
	tenant_reader_put(tenant, reader);
	TRY(rc);
	*ret_state = resumable_row_state(tenant, &row);
	return RC_OK;
}
