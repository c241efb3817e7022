/* policy.c - the table of tenants' settings, and their change. */
#include "core/policy.h"

#include <string.h>

#include "core/access.h"
#include "core/audit.h"

enum { DAYS_MAX = 3650, MINUTES_MAX = 60 * 24 * 30 };

static const struct policy policies[] = {
    {SETTING_VERSION_DAYS, "version_days", 1, DAYS_MAX,
	"days that the former content of a file is kept"},
    {SETTING_TRASH_DAYS, "trash_days", 1, DAYS_MAX,
	"days that what was deleted is kept"},
    {SETTING_SESSION_DAYS, "session_days", 1, DAYS_MAX,
	"days after which a browser has to sign in again"},
    {SETTING_SESSION_IDLE_MINUTES, "session_idle_minutes", 5, MINUTES_MAX,
	"minutes without use after which a browser has to sign in again"},
    {SETTING_WINDOWS_NAMES, "windows_names", 0, 1,
	"1: names that Windows cannot hold are refused"},
};

const struct policy *
policy_list(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(policies);
	return policies;
}

const struct policy *
policy_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(policies); i++)
		if (strcmp(policies[i].name, name) == 0)
			return &policies[i];
	return NULL;
}

struct set_change {
	struct change change;
	const struct op *asker;
	const struct policy *policy;
	int64_t value;
};

static enum rc
set_run(struct op *op, struct tx *tx, struct change *change)
{
	struct set_change *c = container_of(change, struct set_change, change);
	struct audit audit;
	int64_t former;

	TRY(access_manage(op, tx->meta, &c->asker->actor));
	TRY(setting_get(op, tx->meta, c->policy->setting, &former));
	if (former == c->value)
		return RC_OK;
	TRY(setting_set(op, tx->meta, c->policy->setting, c->value));
	audit_begin(&audit, AUDIT_SETTING, c->asker, 0);
	audit_text(&audit, AUDIT_NAME, span_str(c->policy->name));
	audit_number(&audit, AUDIT_FORMER_VALUE, former);
	audit_number(&audit, AUDIT_VALUE, c->value);
	return audit_write(op, tx, &audit);
}

enum rc
policy_set(struct op *op, struct tenant *tenant, const struct policy *policy,
    int64_t value)
{
	struct set_change c = {
	    .change = {.run = set_run, .keeps_paths = true},
	    .asker = op,
	    .policy = policy,
	    .value = value,
	};

	if (value < policy->min || value > policy->max)
		FAIL(op, RC_INVALID, "%s is a number from %lld to %lld",
		    policy->name, (long long)policy->min,
		    (long long)policy->max);
	return change_commit(op, tenant, &c.change);
}
