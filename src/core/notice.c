/* notice.c - notices are written with what they tell of, and acknowledged. */
#include "core/notice.h"

#include "base/text.h"
#include "core/access.h"
#include "core/audit.h"
#include "core/scratch.h"

enum { BATCH = 64 };

/* ---- breaking the glass ---- */

struct glass_change {
	struct change change;
	const struct op *asker;
	struct span command;
	struct span reason;
};

static enum rc
glass_run(struct op *op, struct tx *tx, struct change *change)
{
	struct glass_change *c =
	    container_of(change, struct glass_change, change);
	struct notice notice = {
	    .id = tx_id(tx),
	    .kind = NOTICE_BREAK_GLASS,
	    .made_at = tx->wall,
	    .subject = c->command,
	    .text = c->reason,
	};
	struct audit audit;

	TRY(notice_insert(op, tx->meta, &notice));
	audit_begin(&audit, AUDIT_BREAK_GLASS, c->asker, 0);
	audit_text(&audit, AUDIT_COMMAND, c->command);
	audit_text(&audit, AUDIT_REASON, c->reason);
	return audit_write(op, tx, &audit);
}

static enum rc
text_check(struct op *op, const char *what, struct span text, size_t units)
{
	if (text.size == 0 || !text_valid(text) ||
	    text_utf16_units(text) > units)
		FAIL(op, RC_INVALID, "%s has 1 to %zu characters", what, units);
	return RC_OK;
}

enum rc
notice_break_glass(struct op *op, struct tenant *tenant, struct span command,
    struct span reason)
{
	struct glass_change c = {
	    .change = {.run = glass_run},
	    .asker = op,
	    .command = command,
	    .reason = reason,
	};

	if (op->actor.member != 0)
		FAIL(op, RC_DENIED, "only the host breaks the glass");
	TRY(text_check(op, "a command", command, NOTICE_SUBJECT_UNITS));
	TRY(text_check(op, "the reason", reason, NOTICE_REASON_UNITS));
	TRY(change_commit(op, tenant, &c.change));
	op->actor.glass_broken = true;
	return RC_OK;
}

/* ---- reading ---- */

struct batch {
	size_t n;
	int64_t last;
	int64_t up_to;
	notice_item_each *each;
	void *arg;
};

static enum rc
batch_one(void *arg, struct op *op, const struct notice *notice)
{
	struct batch *batch = arg;

	batch->n++;
	batch->last = notice->id;
	return batch->each(batch->arg, op, notice, notice->id <= batch->up_to);
}

enum rc
notice_items(struct op *op, struct meta *meta, bool all, notice_item_each *each,
    void *arg)
{
	struct batch batch = {.each = each, .arg = arg};

	TRY(access_manage(op, meta, &op->actor));
	TRY(notice_seen(op, meta, op->actor.member, &batch.up_to));
	batch.last = all ? 0 : batch.up_to;
	do {
		CLEANUP(op_release) struct op scratch;

		scratch_init(&scratch, op);
		batch.n = 0;
		TRY(scratch_end(op, &scratch,
		    notice_list(
			&scratch, meta, batch.last, BATCH, batch_one, &batch)));
	} while (batch.n == BATCH);
	return RC_OK;
}

/* ---- acknowledging ---- */

struct seen_change {
	struct change change;
	const struct op *asker;
	int64_t up_to;
};

static enum rc
is_it(void *arg, struct op *op, const struct notice *notice)
{
	(void)op;
	*(int64_t *)arg = notice->id;
	return RC_OK;
}

static enum rc
seen_run(struct op *op, struct tx *tx, struct change *change)
{
	struct seen_change *c =
	    container_of(change, struct seen_change, change);
	int64_t member = c->asker->actor.member;
	int64_t found = 0, before;
	struct audit audit;

	TRY(access_manage(op, tx->meta, &c->asker->actor));
	TRY(notice_list(op, tx->meta, c->up_to - 1, 1, is_it, &found));
	if (found != c->up_to)
		FAIL(op, RC_NOT_FOUND, "no such notice");
	TRY(notice_seen(op, tx->meta, member, &before));
	if (c->up_to <= before)
		return RC_OK;
	TRY(notice_set_seen(op, tx->meta, member, c->up_to));
	audit_begin(&audit, AUDIT_NOTICE_ACKNOWLEDGE, c->asker, 0);
	audit_number(&audit, AUDIT_NOTICE, c->up_to);
	return audit_write(op, tx, &audit);
}

enum rc
notice_acknowledge(struct op *op, struct tenant *tenant, int64_t up_to)
{
	struct seen_change c = {
	    .change = {.run = seen_run}, .asker = op, .up_to = up_to};

	if (op->actor.member == 0)
		FAIL(op, RC_DENIED,
		    "only an administrator acknowledges notices");
	return change_commit(op, tenant, &c.change);
}
