/* setting.c - settings with their defaults, and counters. */
#include "meta/setting.h"

#include "tenant_sql.h"

static const struct {
	const char *name;
	int64_t value;
} defaults[] = {
    [SETTING_FOLD_VERSION] = {"fold_version", 1},
    [SETTING_LANG] = {"lang", LANG_JA},
    [SETTING_SESSION_DAYS] = {"session_days", 30},
    [SETTING_SESSION_IDLE_MINUTES] = {"session_idle_minutes", 480},
    [SETTING_TRASH_DAYS] = {"trash_days", 30},
    [SETTING_VERSION_DAYS] = {"version_days", 7},
    [SETTING_VERSION_SECONDS] = {"version_seconds", 0},
    [SETTING_WINDOWS_NAMES] = {"windows_names", 1},
};

/* The only column of the only row; RC_NOT_FOUND. */
static enum rc
number_get(struct op *op, struct meta *meta, size_t statement, const char *name,
    int64_t *ret_value)
{
	CLEANUP(db_rows_end_ptr) struct db_rows *rows = NULL;

	TRY(db_get(op, meta->db, statement, &rows, "t", name));
	*ret_value = db_int(rows, 0);
	return RC_OK;
}

enum rc
setting_get(
    struct op *op, struct meta *meta, enum setting setting, int64_t *ret_value)
{
	int64_t value = defaults[setting].value;
	enum rc rc = number_get(
	    op, meta, SQL_SETTING_GET, defaults[setting].name, &value);

	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	*ret_value = value;
	return RC_OK;
}

enum rc
setting_set(
    struct op *op, struct meta *meta, enum setting setting, int64_t value)
{
	return db_run(
	    op, meta->db, SQL_SETTING_SET, "ti", defaults[setting].name, value);
}

enum rc
counter_get(
    struct op *op, struct meta *meta, const char *name, int64_t *ret_value)
{
	return number_get(op, meta, SQL_COUNTER_GET, name, ret_value);
}

enum rc
counter_set(struct op *op, struct meta *meta, const char *name, int64_t value)
{
	return db_run(op, meta->db, SQL_COUNTER_SET, "ti", name, value);
}
