/*
 * notice.h - what every administrator of a tenant is to see: for now, that the
 * provider acted for the tenant. Each acknowledges for oneself.
 */
#ifndef DOZO_CORE_NOTICE_H
#define DOZO_CORE_NOTICE_H

#include "core/change.h"
#include "meta/notice.h"

enum {
	NOTICE_REASON_UNITS = 200, /* UTF-16 units of a reason */
	NOTICE_SUBJECT_UNITS = 400,
};

/* Stored: values are never used again for something else. */
enum notice_kind {
	NOTICE_BREAK_GLASS = 1, /* subject: the command; text: the reason */
};

/*
 * The host acts for a tenant whose administrators are locked out: writes an
 * audit row and a notice in one change, and only then sets
 * op->actor.glass_broken, with which access_manage lets the host in. command is
 * what it is about to do, reason why. RC_INVALID (with a text for the user)
 * where a text is empty, too long or not UTF-8.
 */
enum rc notice_break_glass(struct op *op, struct tenant *tenant,
    struct span command, struct span reason) MUST_CHECK;

/* A notice as its reader sees it; valid until each returns. */
typedef enum rc notice_item_each(
    void *arg, struct op *op, const struct notice *notice, bool acknowledged);

/*
 * Calls each for the notices that op->actor has not acknowledged (all: for
 * every one), oldest first; for those who manage members. The host has
 * acknowledged none. RC_DENIED.
 */
enum rc notice_items(struct op *op, struct meta *meta, bool all,
    notice_item_each *each, void *arg) MUST_CHECK;

/*
 * op->actor, an administrator, has seen the notice up_to and all before it.
 * RC_NOT_FOUND where there is no such notice, RC_DENIED.
 */
enum rc notice_acknowledge(
    struct op *op, struct tenant *tenant, int64_t up_to) MUST_CHECK;

#endif
