/* file_put.c - an uploaded content becomes a file's current one. */
#include "core/file_put.h"

#include "core/tree_rules.h"
#include "meta/content.h"

/* Where the content is to go: a name in a folder, or a file that is there. */
static enum rc
open_place(struct op *op, struct tx *tx, const struct op *asker,
    const struct file_put *put, enum tree_why *why, struct target *target)
{
	struct source source;

	if (put->node == 0) {
		TRY(target_open(op, tx, &asker->actor, &put->to, why, target));
	} else {
		TRY(source_open(
		    op, tx, &asker->actor, put->node, why, &source));
		*target = (struct target){
		    .place = source.place,
		    .taken = true,
		    .holder = source.node,
		};
	}
	TRY(precondition_hold(op, tx, &put->precondition,
	    target->taken ? &target->holder : NULL, why));
	if (put->node == 0)
		TRY(target_settle(op, tx, &put->to, NODE_FILE, why, target));
	if (target->taken && target->holder.kind == NODE_FOLDER)
		REFUSE(op, why, TREE_WHY_KIND, RC_CONFLICT,
		    "there is a folder of this name");
	return RC_OK;
}

/* Whether the file has these very bytes. */
static enum rc
same_bytes(struct op *op, struct tx *tx, const struct node *file,
    const struct put_content *content, bool *ret_same)
{
	struct content current;

	*ret_same = false;
	if (file->size != content->size)
		return RC_OK;
	TRY(content_get(op, tx->meta, file->content, &current));
	*ret_same = current.finished &&
		    hash_equal(current.sha256, content->sha256, SHA256_SIZE);
	return RC_OK;
}

/* ---- the content's rows ---- */

enum rc
file_put_chunk(struct op *op, struct tx *tx, const struct put_chunk *put,
    struct chunk *chunk)
{
	*chunk = (struct chunk){.start = put->start, .size = put->size};
	memcpy(chunk->key, put->key, sizeof(chunk->key));
	if (put->sealed.data == NULL) {
		memcpy(chunk->place.data, put->data, sizeof(put->data));
		chunk->place.offset = put->offset;
		return RC_OK;
	}
	chunk->place.number = tx->number;
	return tx_inline(op, tx, put->sealed, put->size, &chunk->place.offset);
}

static enum rc
insert_chunks(struct op *op, struct tx *tx, const struct put_content *put,
    struct content *content)
{
	CLEANUP(chunk_wipe) struct chunk chunk = {0};
	size_t i;

	if (put->n_chunks == 1) {
		TRY(file_put_chunk(op, tx, &put->chunks[0], &chunk));
		return content_insert(op, tx->meta, content, &chunk);
	}
	TRY(content_insert(op, tx->meta, content, NULL));
	for (i = 0; i < put->n_chunks; i++) {
		TRY(file_put_chunk(op, tx, &put->chunks[i], &chunk));
		TRY(chunk_insert(op, tx->meta, content->id, &chunk));
	}
	return RC_OK;
}

/* *ret_content: the finished content's row. */
static enum rc
make_content(struct op *op, struct tx *tx, const struct put_content *put,
    int64_t *ret_content)
{
	struct content content = {
	    .size = put->size,
	    .finished = true,
	    .made = tx->number,
	    .has_sha1 = put->has_sha1,
	    .chunks = put->session != 0 ? put->session_chunks : put->n_chunks,
	};
	size_t i;

	memcpy(content.sha256, put->sha256, SHA256_SIZE);
	memcpy(content.sha1, put->sha1, SHA1_SIZE);
	for (i = 0; i < put->n_data; i++)
		TRY(tx_add_data(op, tx, &put->data[i]));
	content.id = put->session != 0 ? put->session : tx_id(tx);
	if (put->session != 0)
		TRY(content_finish(op, tx->meta, &content));
	else
		TRY(insert_chunks(op, tx, put, &content));
	*ret_content = content.id;
	return RC_OK;
}

/* ---- the file's row ---- */

static enum rc
write_audit(struct op *op, struct tx *tx, const struct op *asker,
    enum audit_action action, const struct node *node, int64_t version)
{
	struct audit audit;

	audit_begin(&audit, action, asker, node->id);
	audit_text(&audit, AUDIT_NAME, node->name);
	audit_number(&audit, AUDIT_PARENT, node->parent);
	audit_number(&audit, AUDIT_SIZE, (int64_t)node->size);
	if (version != 0)
		audit_number(&audit, AUDIT_VERSION, version);
	return audit_write(op, tx, &audit);
}

/* The bytes are there already (L23): at most the date is new. */
static enum rc
put_same(struct op *op, struct tx *tx, const struct op *asker,
    const struct file_put *put, const struct target *target,
    struct file_put_result *result)
{
	struct node node = target->holder;

	result->not_taken = true;
	result->tree.unchanged = !put->has_mtime || put->mtime == node.mtime;
	if (!result->tree.unchanged) {
		node.mtime = put->mtime;
		node.changed_at = tx->wall;
		node.changed_by = asker->actor.member;
		node.tag = tx_tag(tx);
		TRY(node_set_mtime(op, tx->meta, &node));
		TRY(place_touch(op, tx, &target->place));
		TRY(write_audit(op, tx, asker, AUDIT_FILE_SAME, &node, 0));
	}
	result->tree.etag = node_etag(&node);
	return RC_OK;
}

static enum rc
put_over(struct op *op, struct tx *tx, const struct op *asker,
    const struct file_put *put, const struct target *target,
    struct file_put_result *result)
{
	struct node node = target->holder;

	TRY(make_content(op, tx, &put->content, &node.content));
	node.size = put->content.size;
	node.mtime = put->has_mtime ? put->mtime : tx->wall;
	node.changed_at = tx->wall;
	node.changed_by = asker->actor.member;
	node.tag = tx_tag(tx);
	TRY(node_set_content(op, tx->meta, &node));
	TRY(content_keep(op, tx, &target->holder, node.id, &result->version));
	TRY(place_touch(op, tx, &target->place));
	TRY(write_audit(
	    op, tx, asker, AUDIT_FILE_OVERWRITE, &node, result->version));
	result->tree.etag = node_etag(&node);
	return RC_OK;
}

static enum rc
put_new(struct op *op, struct tx *tx, const struct op *asker,
    const struct file_put *put, const struct target *target,
    struct file_put_result *result)
{
	struct node node = {
	    .kind = NODE_FILE,
	    .size = put->content.size,
	    .mtime = put->has_mtime ? put->mtime : tx->wall,
	    .changed_by = asker->actor.member,
	};

	TRY(make_content(op, tx, &put->content, &node.content));
	TRY(node_make(op, tx, target, &put->to, &node));
	TRY(place_touch(op, tx, &target->place));
	TRY(write_audit(op, tx, asker, AUDIT_FILE_MAKE, &node, 0));
	result->tree.created = true;
	result->tree.etag = node_etag(&node);
	return RC_OK;
}

enum rc
file_put_run(struct op *op, struct tx *tx, const struct op *asker,
    const struct file_put *put, struct file_put_result *result)
{
	struct target target;
	bool same = false;

	*result = (struct file_put_result){0};
	TRY(open_place(op, tx, asker, put, &result->tree.why, &target));
	TRY(locks_hold_target(
	    op, tx, &put->precondition, &target, LOCKS_STATE, &result->tree));
	if (!target.taken)
		return put_new(op, tx, asker, put, &target, result);
	TRY(same_bytes(op, tx, &target.holder, &put->content, &same));
	if (same)
		return put_same(op, tx, asker, put, &target, result);
	return put_over(op, tx, asker, put, &target, result);
}

/* ---- as a change of its own ---- */

static enum rc
put_run(struct op *op, struct tx *tx, struct change *change)
{
	struct file_put_task *task =
	    container_of(change, struct file_put_task, change);

	return file_put_run(op, tx, op, task->put, task->result);
}

size_t
file_put_inline_size(const struct put_content *content)
{
	size_t size = 0;
	size_t i;

	for (i = 0; i < content->n_chunks; i++)
		if (content->chunks[i].sealed.data != NULL)
			size += content->chunks[i].sealed.size;
	return size;
}

/* What a caller got wrong must not become rows. */
static enum rc
content_check(struct op *op, const struct put_content *content)
{
	uint64_t end = 0;
	size_t i;

	if (content->n_chunks > FILE_PUT_CHUNKS_MAX ||
	    content->n_data > FILE_PUT_DATA_MAX)
		FAIL(op, RC_LIMIT, "too many chunks for one change");
	if (content->session != 0)
		return RC_OK;
	for (i = 0; i < content->n_chunks; i++) {
		if (content->chunks[i].start != end ||
		    content->chunks[i].size == 0)
			FAIL(op, RC_INVALID, "chunks with gaps");
		end += content->chunks[i].size;
	}
	if (end != content->size)
		FAIL(op, RC_INVALID, "chunks of another size than the content");
	return RC_OK;
}

/* Makes the task's change ready. */
static enum rc
task_begin(struct op *op, struct file_put_task *task)
{
	task->change = (struct change){
	    .run = put_run,
	    .hook = op->hook,
	    .keeps_paths = true,
	    .inline_size = file_put_inline_size(&task->put->content),
	};
	*task->result = (struct file_put_result){0};
	return content_check(op, &task->put->content);
}

enum rc
file_put(struct op *op, struct tenant *tenant, const struct file_put *put,
    struct file_put_result *result)
{
	struct file_put_task task = {.put = put, .result = result};

	TRY(task_begin(op, &task));
	return tree_commit(op, tenant, &task.change, &result->tree);
}

static void
put_then(struct change *change)
{
	struct file_put_task *task =
	    container_of(change, struct file_put_task, change);

	if (change->rc == RC_OK)
		task->result->tree.receipt = change->receipt;
	task->done(task, change->rc);
}

void
file_put_submit(
    struct op *op, struct tenant *tenant, struct file_put_task *task)
{
	enum rc rc = task_begin(op, task);

	if (rc != RC_OK) {
		task->done(task, rc);
		return;
	}
	task->change.then = put_then;
	change_submit(op, tenant, &task->change);
}
