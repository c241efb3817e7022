/*
 * setting.h - whole numbers that the tenant's rules go by, each with a default;
 * and the counter rows. Both schemas have these tables.
 */
#ifndef DOZO_META_SETTING_H
#define DOZO_META_SETTING_H

#include "meta/meta.h"

enum setting {
	SETTING_FOLD_VERSION, /* 1 */
	SETTING_LANG, /* enum lang; of names that the service makes */
	SETTING_SESSION_DAYS, /* 30: a browser signs in again at the latest */
	SETTING_SESSION_IDLE_MINUTES, /* 480: or when it was left alone */
	SETTING_TRASH_DAYS, /* 30 */
	SETTING_VERSION_DAYS, /* 7; 0: seconds */
	SETTING_VERSION_SECONDS, /* 0; the canary tenant's */
	SETTING_WINDOWS_NAMES, /* 1: names that Windows cannot hold are refused
				*/
};

enum lang { LANG_JA = 0, LANG_EN = 1 };

/* The row's value, or the default. */
enum rc setting_get(struct op *op, struct meta *meta, enum setting setting,
    int64_t *ret_value) MUST_CHECK;
enum rc setting_set(struct op *op, struct meta *meta, enum setting setting,
    int64_t value) MUST_CHECK;

/* A counter row ("id"); RC_NOT_FOUND. */
enum rc counter_get(struct op *op, struct meta *meta, const char *name,
    int64_t *ret_value) MUST_CHECK;
enum rc counter_set(struct op *op, struct meta *meta, const char *name,
    int64_t value) MUST_CHECK;

#endif
