/* policy.h - a tenant's own settings, which its administrators change. */
#ifndef DOZO_CORE_POLICY_H
#define DOZO_CORE_POLICY_H

#include "core/change.h"
#include "meta/setting.h"

struct policy {
	enum setting setting;
	const char *name; /* as the setting's row and the commands have it */
	int64_t min;
	int64_t max;
	const char *help;
};

/* All of them; *ret_n how many. */
const struct policy *policy_list(size_t *ret_n);

/* The one of this name, or NULL. */
const struct policy *policy_find(const char *name);

/*
 * Sets one, with its audit row. Terms that run are not changed by it (LOG.md
 * L19). RC_INVALID for what is out of its range; RC_DENIED as access_manage.
 */
enum rc policy_set(struct op *op, struct tenant *tenant,
    const struct policy *policy, int64_t value) MUST_CHECK;

#endif
