/* tree_rules.c - what the changes of the tree share. */
#include "core/tree_rules.h"
#include "core/tree_names.h"

#include "base/clock.h"
#include "base/text.h"
#include "core/acks.h"
#include "meta/content.h"
#include "meta/setting.h"
#include "meta/trash.h"
#include "meta/version.h"

enum rc
tree_name_init(struct op *op, struct span name, struct tree_name *ret_name)
{
	struct tree_name result;
	struct span ignored;
	enum rc rc;

	TRY(text_name_check(op, name, false, &result.text));
	TRY(text_fold_key(op, result.text, &result.fold));
	/* Whether that matters is the tenant's policy, known in the change. */
	rc = text_name_check(op, name, true, &ignored);
	if (rc != RC_OK && rc != RC_INVALID)
		return rc;
	op_clear_error(op);
	result.windows = rc == RC_OK;
	*ret_name = result;
	return RC_OK;
}

/* What only a new name has to pass. */
static enum rc
new_name_check(struct op *op, struct meta *meta, const struct place *place,
    const struct tree_name *name, enum tree_why *why)
{
	int64_t windows;

	if (place->n > TREE_DEPTH_MAX)
		REFUSE(op, why, TREE_WHY_DEPTH, RC_INVALID,
		    "more than %d folders inside each other", TREE_DEPTH_MAX);
	if (name->windows)
		return RC_OK;
	TRY(setting_get(op, meta, SETTING_WINDOWS_NAMES, &windows));
	if (windows != 0)
		REFUSE(op, why, TREE_WHY_NAME, RC_INVALID,
		    "Windows cannot hold a file of this name");
	return RC_OK;
}

static enum rc
folder_open(struct op *op, struct meta *meta, const struct actor *actor,
    int64_t id, enum tree_why *why, struct place *ret_place)
{
	struct node folder;
	enum rc rc;

	rc = access_node(op, meta, actor, id, ACCESS_WRITE, ret_place);
	if (rc == RC_NOT_FOUND)
		*why = TREE_WHY_PARENT;
	if (rc == RC_DENIED && id == NODE_ROOT)
		*why = TREE_WHY_SPACE;
	TRY(rc);
	TRY(node_get(op, meta, id, &folder));
	if (folder.kind != NODE_FOLDER)
		REFUSE(op, why, TREE_WHY_PARENT, RC_NOT_FOUND,
		    "it is a file, not a folder");
	return RC_OK;
}

enum rc
target_open(struct op *op, struct tx *tx, const struct actor *actor,
    const struct tree_target *to, enum tree_why *why, struct target *ret_target)
{
	struct target target = {.name = to->name};
	enum rc rc;

	TRY(folder_open(op, tx->meta, actor, to->parent, why, &target.place));
	node_key(tx->meta->keys, to->parent, to->name.fold, target.key);
	rc = node_find(op, tx->meta, to->parent, target.key, &target.holder);
	if (rc == RC_NOT_FOUND)
		rc =
		    new_name_check(op, tx->meta, &target.place, &to->name, why);
	else
		target.taken = true;
	TRY(rc);
	*ret_target = target;
	return RC_OK;
}

/* Whether what has the name is to become a new state of itself. */
static bool
becomes_version(const struct tree_target *to, enum node_kind kind,
    const struct node *holder)
{
	return to->taken == TREE_TAKEN_VERSION && kind == NODE_FILE &&
	       holder->kind == NODE_FILE;
}

enum rc
target_settle(struct op *op, struct tx *tx, const struct tree_target *to,
    enum node_kind kind, enum tree_why *why, struct target *target)
{
	if (!target->taken || to->taken == TREE_TAKEN_USUAL)
		return RC_OK;
	if (becomes_version(to, kind, &target->holder))
		return RC_OK;
	if (to->taken != TREE_TAKEN_RENAME)
		REFUSE(op, why, TREE_WHY_EXISTS, RC_EXISTS,
		    "there is a file or folder of this name");
	TRY(new_name_check(op, tx->meta, &target->place, &to->name, why));
	TRY(name_free(op, tx, to->parent, kind, to->name.text,
	    &target->name.text, target->key));
	target->taken = false;
	return RC_OK;
}

enum rc
tree_target_look(struct op *op, struct meta *meta, const struct tree_target *to,
    enum node_kind kind, enum tree_why *why)
{
	uint8_t key[META_NAME_KEY_SIZE];
	struct place place;
	struct node holder;
	enum rc rc;

	TRY(folder_open(op, meta, &op->actor, to->parent, why, &place));
	node_key(meta->keys, to->parent, to->name.fold, key);
	rc = node_find(op, meta, to->parent, key, &holder);
	if (rc == RC_NOT_FOUND ||
	    (rc == RC_OK && to->taken == TREE_TAKEN_RENAME))
		return new_name_check(op, meta, &place, &to->name, why);
	TRY(rc);
	if (to->taken != TREE_TAKEN_USUAL &&
	    !becomes_version(to, kind, &holder))
		REFUSE(op, why, TREE_WHY_EXISTS, RC_EXISTS,
		    "there is a file or folder of this name");
	return RC_OK;
}

enum rc
source_open(struct op *op, struct tx *tx, const struct actor *actor,
    int64_t node, enum tree_why *why, struct source *ret_source)
{
	struct source source;
	enum rc rc;

	if (node == NODE_ROOT)
		REFUSE(op, why, TREE_WHY_SPACE, RC_DENIED,
		    "the root cannot be changed");
	rc = node_get(op, tx->meta, node, &source.node);
	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_NOT_FOUND, "no such file or folder");
	TRY(rc);
	/* Asked for the node itself first: others' spaces do not exist. */
	TRY(access_node(
	    op, tx->meta, actor, node, ACCESS_WRITE, &source.place));
	if (source.place.n == 1)
		REFUSE(op, why, TREE_WHY_SPACE, RC_DENIED,
		    "a space cannot be moved, deleted or copied over");
	source.place = place_above(&source.place);
	*ret_source = source;
	return RC_OK;
}

enum rc
precondition_hold(struct op *op, const struct tx *tx,
    const struct precondition *precondition, const struct node *node,
    enum tree_why *why)
{
	enum rc rc = precondition_check(op, tx, precondition, node);

	if (rc == RC_CONFLICT)
		*why = TREE_WHY_PRECONDITION;
	return rc;
}

enum rc
locks_hold(struct op *op, struct tx *tx,
    const struct precondition *precondition, int64_t node,
    const struct place *folder, enum locks_reach reach,
    struct tree_result *result)
{
	enum rc rc = locks_allow(op, tx->meta, tx->now, &op->actor,
	    precondition->lists, node, folder, reach, &result->lock);

	if (rc == RC_CONFLICT)
		result->why = TREE_WHY_LOCKED;
	return rc;
}

enum rc
locks_hold_target(struct op *op, struct tx *tx,
    const struct precondition *precondition, const struct target *target,
    enum locks_reach reach, struct tree_result *result)
{
	if (!target->taken)
		return locks_hold(op, tx, precondition, NODE_NONE,
		    &target->place, LOCKS_ENTRY, result);
	return locks_hold(op, tx, precondition, target->holder.id,
	    &target->place, reach, result);
}

enum rc
place_touch(struct op *op, struct tx *tx, const struct place *place)
{
	size_t n = place->n;
	size_t i;

	/*
	 * Only moves of deep folders into deep ones pass TREE_DEPTH_MAX; what
	 * lies above TREE_TOUCH_MAX then keeps its ETag but for the space.
	 */
	if (n > TREE_TOUCH_MAX)
		n = TREE_TOUCH_MAX;
	for (i = 0; i < n; i++)
		TRY(tx_touch_folder(op, tx, place->nodes[i]));
	if (n < place->n)
		TRY(tx_touch_folder(op, tx, place->nodes[place->n - 1]));
	return RC_OK;
}

enum rc
node_trash(struct op *op, struct tx *tx, const struct op *asker,
    const struct node *node, const struct place *place)
{
	uint8_t key[META_NAME_KEY_SIZE];
	struct trash trash = {
	    .node = node->id,
	    .parent = node->parent,
	    .space = place->space.node,
	    .deleted_at = tx->wall,
	    .deleted_by = asker->actor.member,
	};
	int64_t days;

	TRY(setting_get(op, tx->meta, SETTING_TRASH_DAYS, &days));
	trash.kept_until = tx->now + days * CLOCK_DAY;
	TRY(locks_end(op, tx, node->id));
	node_fixed_key(node->id, key);
	TRY(node_set_place(op, tx->meta, node->id, NODE_TRASH, key));
	return trash_insert(op, tx->meta, &trash);
}

/* A content without bytes is worth no version; its row goes with its last user.
 */
static enum rc
drop_empty(struct op *op, struct tx *tx, int64_t content)
{
	uint64_t made;
	size_t acks;
	bool used;

	TRY(content_used(op, tx->meta, content, &used));
	if (used)
		return RC_OK;
	TRY(content_made(op, tx->meta, content, &made));
	TRY(content_delete(op, tx->meta, content));
	return acks_forget(op, tx->meta, made, &acks);
}

/* How long a former content is kept from now on. */
static enum rc
version_term(struct op *op, struct tx *tx, int64_t *ret_term)
{
	int64_t days, seconds;

	TRY(setting_get(op, tx->meta, SETTING_VERSION_DAYS, &days));
	*ret_term = days * CLOCK_DAY;
	if (days > 0)
		return RC_OK;
	TRY(setting_get(op, tx->meta, SETTING_VERSION_SECONDS, &seconds));
	*ret_term = seconds * CLOCK_S;
	return RC_OK;
}

enum rc
content_keep(struct op *op, struct tx *tx, const struct node *file, int64_t to,
    int64_t *ret_version)
{
	struct version version = {
	    .node = to,
	    .content = file->content,
	    .size = file->size,
	    .mtime = file->mtime,
	    .made_at = file->changed_at,
	    .made_by = file->changed_by,
	    .replaced_at = tx->wall,
	};
	int64_t term;

	*ret_version = 0;
	if (file->size == 0)
		return drop_empty(op, tx, file->content);
	TRY(version_term(op, tx, &term));
	version.kept_until = tx->now + term;
	version.id = tx_id(tx);
	TRY(version_insert(op, tx->meta, &version));
	*ret_version = version.id;
	return RC_OK;
}

enum rc
node_make(struct op *op, struct tx *tx, const struct target *target,
    const struct tree_target *to, struct node *node)
{
	node->id = tx_id(tx);
	node->parent = to->parent;
	node->name = target->name.text;
	node->created_at = tx->wall;
	node->changed_at = tx->wall;
	node->tag = node->kind == NODE_FILE ? tx_tag(tx) : (int64_t)tx->number;
	memcpy(node->key, target->key, sizeof(node->key));
	return node_insert(op, tx->meta, node);
}

enum rc
node_set_dates(struct op *op, struct tx *tx, const struct op *asker,
    int64_t mtime, struct node *node)
{
	node->mtime = mtime;
	node->changed_at = tx->wall;
	node->changed_by = asker->actor.member;
	node->tag = node->kind == NODE_FILE ? tx_tag(tx) : (int64_t)tx->number;
	if (node->kind == NODE_FOLDER)
		TRY(tx_touch_folder(op, tx, node->id));
	return node_set_mtime(op, tx->meta, node);
}

enum rc
tree_commit(struct op *op, struct tenant *tenant, struct change *change,
    struct tree_result *result)
{
	enum rc rc;

	change->hook = op->hook;
	rc = change_commit(op, tenant, change);
	if (rc == RC_OK)
		result->receipt = change->receipt;
	return rc;
}
