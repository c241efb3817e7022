/* path.c - walks down from the virtual root. */
#include "core/path.h"

#include "base/text.h"

/* A few spaces at a time: a statement's rows must end before others are asked.
 */
enum { SPACES_MAX = 64 };

struct spaces {
	size_t n;
	int64_t nodes[SPACES_MAX];
};

static enum rc
collect(void *arg, struct op *op, const struct space *space)
{
	struct spaces *spaces = arg;

	if (spaces->n == SPACES_MAX)
		FAIL(op, RC_LIMIT, "more than %d spaces", SPACES_MAX);
	spaces->nodes[spaces->n++] = space->node;
	return RC_OK;
}

enum rc
path_spaces(struct op *op, struct meta *meta, node_each *each, void *arg)
{
	struct spaces spaces = {0};
	size_t i;

	TRY(space_of_member(op, meta, op->actor.member, collect, &spaces));
	TRY(space_of_kind(
	    op, meta, SPACE_COMPANY, 0, SPACES_MAX, collect, &spaces));
	for (i = 0; i < spaces.n; i++) {
		struct place place;
		struct node node;

		TRY(access_node(op, meta, &op->actor, spaces.nodes[i],
		    ACCESS_READ, &place));
		TRY(node_get(op, meta, spaces.nodes[i], &node));
		TRY(each(arg, op, &node));
	}
	return RC_OK;
}

struct search {
	struct span fold;
	bool found;
	struct node node;
};

static enum rc
compare(void *arg, struct op *op, const struct node *space)
{
	struct search *search = arg;
	struct span fold;

	if (search->found)
		return RC_OK;
	TRY(text_fold_key(op, space->name, &fold));
	if (span_equal(fold, search->fold)) {
		search->found = true;
		search->node = *space;
	}
	return RC_OK;
}

static enum rc
find_space(
    struct op *op, struct meta *meta, struct span fold, struct node *ret_node)
{
	struct search search = {.fold = fold};

	TRY(path_spaces(op, meta, compare, &search));
	if (!search.found)
		FAIL(op, RC_NOT_FOUND, "no such file or folder");
	*ret_node = search.node;
	return RC_OK;
}

static enum rc
name_fold(struct op *op, struct span segment, struct span *ret_fold)
{
	struct span name;

	TRY(text_name_check(op, segment, false, &name));
	return text_fold_key(op, name, ret_fold);
}

static enum rc
find_child(struct op *op, struct meta *meta, int64_t parent, struct span fold,
    struct node *ret_node)
{
	uint8_t key[META_NAME_KEY_SIZE];
	enum rc rc;

	node_key(meta->keys, parent, fold, key);
	rc = node_find(op, meta, parent, key, ret_node);
	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_NOT_FOUND, "no such file or folder");
	return rc;
}

enum rc
path_find_child(struct op *op, struct meta *meta, int64_t parent,
    struct span segment, struct node *ret_node)
{
	struct span fold;

	TRY(name_fold(op, segment, &fold));
	return find_child(op, meta, parent, fold, ret_node);
}

/*
 * access_node is asked for the space; all below it is the same space's, until
 * rules for folders come.
 */
enum rc
path_find(struct op *op, struct meta *meta, const struct span *segments,
    size_t n, struct node *ret_node)
{
	struct node node = {.id = NODE_ROOT, .kind = NODE_FOLDER};
	size_t i;

	if (n > PATH_SEGMENTS_MAX)
		FAIL(op, RC_LIMIT, "a path of more than %d names",
		    PATH_SEGMENTS_MAX);
	for (i = 0; i < n; i++) {
		struct span fold;

		TRY(name_fold(op, segments[i], &fold));
		if (i == 0)
			TRY(find_space(op, meta, fold, &node));
		else if (node.kind == NODE_FOLDER)
			TRY(find_child(op, meta, node.id, fold, &node));
		else
			FAIL(op, RC_NOT_FOUND, "no such file or folder");
	}
	*ret_node = node;
	return RC_OK;
}

enum rc
path_find_parent(struct op *op, struct meta *meta, const struct span *segments,
    size_t n, int64_t *ret_parent)
{
	struct node node;

	TRY(path_find(op, meta, segments, n - 1, &node));
	if (node.kind != NODE_FOLDER)
		FAIL(op, RC_NOT_FOUND, "the folder is a file");
	*ret_parent = node.id;
	return RC_OK;
}

enum rc
path_text(struct op *op, struct meta *meta, const struct place *place,
    struct span *ret_path)
{
	struct span *names;
	size_t i, size = 0;
	uint8_t *text;

	TRY(op_alloc(op, place->n * sizeof(*names), &names));
	for (i = 0; i < place->n; i++) {
		struct node node;

		TRY(node_get(op, meta, place->nodes[i], &node));
		names[i] = node.name;
		size += 1 + node.name.size;
	}
	TRY(op_alloc(op, size + 1, &text));
	*ret_path = span_of(text, size);
	for (i = place->n; i > 0; i--) {
		*text++ = '/';
		memcpy(text, names[i - 1].data, names[i - 1].size);
		text += names[i - 1].size;
	}
	return RC_OK;
}

enum rc
path_names(struct op *op, struct meta *meta, const struct place *place,
    const struct span **ret_names)
{
	struct span *names;
	struct node node;
	size_t i;

	TRY(op_alloc(op, place->n * sizeof(*names), &names));
	for (i = 0; i < place->n; i++) {
		TRY(node_get(op, meta, place->nodes[i], &node));
		names[place->n - 1 - i] = node.name;
	}
	*ret_names = names;
	return RC_OK;
}
