/* site_info.h - where the sites stand: places and countries, kept in the
 * provider's log. */
#ifndef DOZO_CORE_SITE_INFO_H
#define DOZO_CORE_SITE_INFO_H

#include "core/service.h"

enum { SITE_INFO_PLACE_UNITS = 64, SITE_INFO_PLACE_SIZE = 200 };

struct site_info {
	uint8_t id[OBJECT_ID_SIZE];
	char place[SITE_INFO_PLACE_SIZE]; /* free text, "" where unknown */
	char country[3]; /* ISO 3166-1 alpha-2, "" where unknown */
};

/* Writes both for a site, as a change. RC_INVALID (with a text for the user)
 * and what change_commit gives. */
enum rc site_info_set(struct op *op, struct service *service, const char *name,
    const struct site_info *info) MUST_CHECK;

/* What is known of a site; place and country are "" where nothing is. */
enum rc site_info_get(struct op *op, struct service *service,
    const uint8_t id[OBJECT_ID_SIZE], struct site_info *ret_info) MUST_CHECK;

#endif
