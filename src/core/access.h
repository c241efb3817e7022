/*
 * access.h - the one place that decides whether a subject may do something:
 * access_space for files, access_manage for members. Every path asks it.
 */
#ifndef DOZO_CORE_ACCESS_H
#define DOZO_CORE_ACCESS_H

#include "meta/meta.h"
#include "meta/space.h"

enum access_right {
	ACCESS_READ, /* list, see, download */
	ACCESS_WRITE, /* put in, change, move, delete */
	ACCESS_RESTORE, /* see the trash and take out of it */
	ACCESS_PURGE, /* end what lies in the trash */
};

/*
 * A member may do everything in the own personal space and in the company
 * space, but purge in the latter, which an administrator may; administrators
 * have no more rights to others' spaces. The host's commands (no member) may
 * only restore and purge, and only until an administrator has first signed in.
 * RC_NOT_FOUND where the actor may not even know of the space, RC_DENIED where
 * the actor is suspended, of another tenant or may not do this.
 */
enum rc
access_space(struct op *op, struct meta *meta, const struct actor *actor,
    const struct space *space, enum access_right right) MUST_CHECK;

/* Where a node stands. */
struct place {
	struct space space;
	size_t n; /* at least 1 */
	int64_t *
	    nodes; /* from the node itself up to the space, in the op's arena */
};

/*
 * Walks up from a node to its space and asks access_space. RC_NOT_FOUND too
 * where the node is in the trash or being copied; RC_DENIED for NODE_ROOT,
 * where nothing but spaces stands.
 */
enum rc access_node(struct op *op, struct meta *meta, const struct actor *actor,
    int64_t node, enum access_right right, struct place *ret_place) MUST_CHECK;

bool place_has(const struct place *place, int64_t node);

/* The folder that the node stands in, upwards; n is 0 above a space. */
static inline struct place
place_above(const struct place *place)
{
	return (struct place){.space = place->space,
	    .n = place->n - 1,
	    .nodes = place->nodes + 1};
}

/*
 * Whether the actor may manage members: an active administrator; the host's
 * commands until an administrator has first signed in, or behind
 * notice_break_glass. RC_DENIED.
 */
enum rc access_manage(
    struct op *op, struct meta *meta, const struct actor *actor) MUST_CHECK;

/* Whether the actor may act for this member: the member itself, or
 * access_manage. */
enum rc access_member(struct op *op, struct meta *meta,
    const struct actor *actor, int64_t member) MUST_CHECK;

#endif
