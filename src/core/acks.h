/*
 * acks.h - which sites had what, and when (LOG.md L24): rows that the number
 * after it writes. They stay for as long as a content is there that the number
 * finished, so their count is bounded by the files and versions; besides them
 * each site's newest one (L20), and number 1's, with which the log's time
 * begins.
 */
#ifndef DOZO_CORE_ACKS_H
#define DOZO_CORE_ACKS_H

#include "core/change.h"
#include "core/tenant.h"
#include "meta/content.h"

/* Inside the transaction of the next number: the acks of the head, if this
 * claim knows them, in the place of those that only were the newest. */
enum rc acks_write(struct op *op, struct tenant *tenant) MUST_CHECK;

/*
 * Inside a change that has deleted a content: the acks of the number that
 * finished it go, if no other content of it is left. *ret_rows: how many went.
 */
enum rc acks_forget(struct op *op, struct meta *meta, uint64_t number,
    size_t *ret_rows) MUST_CHECK;

/*
 * Where a finished content stood when it was acknowledged, and when: what its
 * receipt said, for as long as it is there. Sites that have left the register
 * are not told of. meta is a reader's. RC_NOT_FOUND where that is not known:
 * the server was stopped before the next number.
 */
enum rc acks_receipt(struct op *op, struct tenant *tenant, struct meta *meta,
    const struct content *content, struct receipt *ret_receipt) MUST_CHECK;

#endif
