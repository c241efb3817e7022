/*
 * purge.h - the end of terms: versions and what lies in the trash go for good
 * (LOG.md L15, L19), in steps that others' changes run between and that a
 * restart goes on with. What is being purged is seen by nobody from the first
 * step on.
 */
#ifndef DOZO_CORE_PURGE_H
#define DOZO_CORE_PURGE_H

#include "core/tree.h"

/*
 * Takes something out of the trash for good: one row; the rest goes in the
 * background. Whom access_space lets purge. RC_NOT_FOUND, RC_DENIED.
 */
enum rc trash_purge(struct op *op, struct tenant *tenant, int64_t node,
    struct tree_result *result) MUST_CHECK;

/*
 * The same for everything in the trash that op->actor may purge at a service
 * time; meta is a reader's.
 */
enum rc trash_purge_all(struct op *op, struct tenant *tenant, struct meta *meta,
    int64_t now, uint64_t *ret_n) MUST_CHECK;

/* A folder's copy that was broken off: nobody will ever see it. */
enum rc
purge_hidden(struct op *op, struct tenant *tenant, int64_t top) MUST_CHECK;

/* What is to be purged first. */
enum purge_due {
	PURGE_NOTHING,
	PURGE_VERSIONS, /* whose terms have ended */
	PURGE_TRASH, /* something's term has ended there */
	PURGE_LOCKS, /* whose terms have ended */
	PURGE_HIDDEN, /* a copy that a crash broke off */
	PURGE_TREE, /* rows of what is seen no more */
	PURGE_UPLOADS, /* that did not go on within their terms */
	PURGE_REQUESTS, /* answered ones, whose terms have ended (L23) */
};

/* last: hidden copies with ids up to it are a crash's; 0: none is. */
enum rc purge_look(struct op *op, struct meta *meta, int64_t now, int64_t last,
    enum purge_due *ret_due) MUST_CHECK;

/* One step of it. */
enum rc purge_do(struct op *op, struct tenant *tenant, enum purge_due due,
    int64_t last) MUST_CHECK;

/* At most so many steps of what is due in an open tenant; the keeper's. */
enum rc
purge_turn(struct op *op, struct tenant *tenant, size_t steps) MUST_CHECK;

#endif
