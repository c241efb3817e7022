/* access.c - who may do what. */
#include "core/access.h"

#include "meta/member.h"
#include "meta/node.h"

/* A chain of parents longer than this is a loop: damage. */
enum { PLACE_MAX = 1 << 17, PLACE_FIRST = 32 };

/* Whether the actor is an active member of this tenant. */
static enum rc
actor_check(struct op *op, struct meta *meta, const struct actor *actor,
    enum member_role *ret_role)
{
	enum member_status status;
	enum rc rc;

	if (actor->tenant != meta->keys->tenant)
		FAIL(op, RC_DENIED, "not a member of this tenant");
	rc = member_row_status(op, meta, actor->member, ret_role, &status);
	if (rc == RC_NOT_FOUND)
		FAIL(op, RC_DENIED, "not a member of this tenant");
	if (rc == RC_OK && status != MEMBER_ACTIVE)
		FAIL(op, RC_DENIED, "this account is suspended");
	return rc;
}

/* The host's commands: until the customer has taken the tenant over. */
static enum rc
host_check(struct op *op, struct meta *meta)
{
	bool taken;

	TRY(member_row_taken_over(op, meta, &taken));
	if (taken)
		FAIL(op, RC_DENIED,
		    "an administrator of this tenant has signed in: act as one "
		    "with --as USER");
	return RC_OK;
}

enum rc
access_space(struct op *op, struct meta *meta, const struct actor *actor,
    const struct space *space, enum access_right right)
{
	enum member_role role;

	if (actor->member == 0) {
		if (right != ACCESS_RESTORE && right != ACCESS_PURGE)
			FAIL(op, RC_DENIED, "only members see files");
		return host_check(op, meta);
	}
	TRY(actor_check(op, meta, actor, &role));
	switch (space->kind) {
	case SPACE_PERSONAL:
		if (space->member == actor->member)
			return RC_OK;
		break;
	case SPACE_COMPANY:
		if (right == ACCESS_PURGE && role != MEMBER_ADMINISTRATOR)
			FAIL(op, RC_DENIED,
			    "only an administrator may empty the company's "
			    "trash");
		return RC_OK;
	case SPACE_TEAM: /* none yet */
		break;
	}
	FAIL(op, RC_NOT_FOUND, "no such file or folder");
}

/* The nodes from one up to its space. */
static enum rc
walk_up(struct op *op, struct meta *meta, int64_t node, struct place *place)
{
	size_t room = PLACE_FIRST;
	int64_t *nodes;
	enum rc rc;

	TRY(op_alloc(op, room * sizeof(*nodes), &nodes));
	place->n = 0;
	while (node > NODE_FIXED_MAX) {
		if (place->n == PLACE_MAX)
			FAIL(op, RC_DAMAGED, "a folder is inside itself");
		if (place->n == room) {
			int64_t *more;

			TRY(op_alloc(op, 2 * room * sizeof(*more), &more));
			memcpy(more, nodes, room * sizeof(*more));
			nodes = more;
			room *= 2;
		}
		nodes[place->n++] = node;
		rc = node_parent(op, meta, node, &node);
		/* The very text of others' spaces: ids tell nobody anything. */
		if (rc == RC_NOT_FOUND)
			FAIL(op, RC_NOT_FOUND, "no such file or folder");
		TRY(rc);
	}
	place->nodes = nodes;
	if (node != NODE_ROOT)
		FAIL(op, RC_NOT_FOUND, "no such file or folder");
	return RC_OK;
}

enum rc
access_node(struct op *op, struct meta *meta, const struct actor *actor,
    int64_t node, enum access_right right, struct place *ret_place)
{
	struct place place;

	if (node == NODE_ROOT)
		FAIL(op, RC_DENIED, "only spaces stand here");
	TRY(walk_up(op, meta, node, &place));
	TRY(space_get(op, meta, place.nodes[place.n - 1], &place.space));
	TRY(access_space(op, meta, actor, &place.space, right));
	*ret_place = place;
	return RC_OK;
}

bool
place_has(const struct place *place, int64_t node)
{
	size_t i;

	for (i = 0; i < place->n; i++)
		if (place->nodes[i] == node)
			return true;
	return false;
}

enum rc
access_manage(struct op *op, struct meta *meta, const struct actor *actor)
{
	enum member_role role;

	if (actor->member == 0)
		return actor->glass_broken ? RC_OK : host_check(op, meta);
	TRY(actor_check(op, meta, actor, &role));
	if (role != MEMBER_ADMINISTRATOR)
		FAIL(op, RC_DENIED, "only an administrator may do this");
	return RC_OK;
}

enum rc
access_member(
    struct op *op, struct meta *meta, const struct actor *actor, int64_t member)
{
	enum member_role role;

	if (actor->member != 0 && actor->member == member)
		return actor_check(op, meta, actor, &role);
	return access_manage(op, meta, actor);
}
