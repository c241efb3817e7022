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

/* ---- begin ---- */

struct new_change {
	struct change change;
	const struct resumable_new *new;
	enum tree_why why;
	struct upload_row row; /* result */
};

/* Whether the name will do, as far as that can be known now. */
static enum rc
check_place(struct op *op, struct tx *tx, struct new_change *c)
{
	struct tree_target to = c->new->to;
	struct target target;

	if (to.taken == TREE_TAKEN_USUAL)
		to.taken = TREE_TAKEN_FAIL;
	TRY(target_open(op, tx, &op->actor, &to, &c->why, &target));
	TRY(precondition_hold(op, tx, &c->new->precondition,
	    target.taken ? &target.holder : NULL, &c->why));
	return target_settle(op, tx, &to, NODE_FILE, &c->why, &target);
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

static enum rc
new_run(struct op *op, struct tx *tx, struct change *change)
{
	struct new_change *c = container_of(change, struct new_change, change);
	const struct resumable_new *new = c->new;
	struct upload_row row = {
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
	struct audit audit;

	c->why = TREE_WHY_OTHER;
	TRY(check_place(op, tx, c));
	row.id = tx_id(tx);
	memcpy(row.digest, new->digest, sizeof(row.digest));
	sha256_init(&row.sha256);
	sha1_init(&row.sha1);
	TRY(upload_row_insert(op, tx->meta, &row));
	audit_begin(&audit, AUDIT_UPLOAD_BEGIN, op, 0);
	audit_text(&audit, AUDIT_NAME, row.name);
	audit_number(&audit, AUDIT_PARENT, row.parent);
	if (row.has_size)
		audit_number(&audit, AUDIT_SIZE, (int64_t)row.size);
	TRY(audit_write(op, tx, &audit));
	c->row = row;
	return RC_OK;
}

enum rc
resumable_make(struct op *op, struct tenant *tenant,
    const struct resumable_new *upload, enum tree_why *ret_why,
    struct resumable_state *ret_state)
{
	struct new_change c = {
	    .change = {.run = new_run, .keeps_paths = true},
	    .new = upload,
	};
	enum rc rc;

	*ret_why = TREE_WHY_OTHER;
	if (upload->metadata.size > RESUMABLE_METADATA_MAX)
		FAIL(op, RC_LIMIT, "the metadata is too large");
	if (upload->has_size)
		TRY(reserve_for_size(op, tenant, upload->size));
	rc = change_commit(op, tenant, &c.change);
	*ret_why = c.why;
	TRY(rc);
	*ret_state = resumable_row_state(tenant, &c.row);
	ret_state->receipt = c.change.receipt;
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
