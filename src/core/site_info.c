/* site_info.c - where the sites stand. */
#include "core/site_info.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "core/audit.h"
#include "meta/tenant.h"

struct set_change {
	struct change change;
	const struct op *asker;
	const char *name;
	const struct site_info *info;
};

static enum rc
set_run(struct op *op, struct tx *tx, struct change *change)
{
	struct set_change *set =
	    container_of(change, struct set_change, change);
	struct site_row row = {
	    .name = set->name,
	    .place = set->info->place,
	    .country = set->info->country,
	};
	struct audit audit;

	memcpy(row.id, set->info->id, sizeof(row.id));
	TRY(site_row_put(op, tx->meta, &row));
	audit_begin(&audit, AUDIT_SITE_PLACE, set->asker, 0);
	audit_text(&audit, AUDIT_NAME, span_str(set->name));
	return audit_write(op, tx, &audit);
}

static bool
country_valid(const char *country)
{
	return country[0] == '\0' ||
	       (strlen(country) == 2 &&
		   strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2);
}

enum rc
site_info_set(struct op *op, struct service *service, const char *name,
    const struct site_info *info)
{
	struct set_change set = {
	    .change = {.run = set_run},
	    .asker = op,
	    .name = name,
	    .info = info,
	};
	struct span nfc;

	if (!country_valid(info->country))
		FAIL(op, RC_INVALID, "a country is two capital letters, as JP");
	if (info->place[0] != '\0')
		TRY(text_name_check(op, span_str(info->place), false, &nfc));
	if (text_utf16_units(span_str(info->place)) > SITE_INFO_PLACE_UNITS)
		FAIL(op, RC_INVALID, "a place has at most %d characters",
		    SITE_INFO_PLACE_UNITS);
	return change_commit(op, service->provider, &set.change);
}

static enum rc
take(void *arg, struct op *op, const struct site_row *row)
{
	struct site_info *info = arg;

	(void)op;
	if (memcmp(row->id, info->id, OBJECT_ID_SIZE) != 0)
		return RC_OK;
	(void)str_copy(info->place, sizeof(info->place), row->place);
	(void)str_copy(info->country, sizeof(info->country), row->country);
	return RC_OK;
}

enum rc
site_info_get(struct op *op, struct service *service,
    const uint8_t id[OBJECT_ID_SIZE], struct site_info *ret_info)
{
	struct site_info info = {0};
	struct reader *reader;
	enum rc rc;

	memcpy(info.id, id, OBJECT_ID_SIZE);
	TRY(tenant_reader(op, service->provider, &reader));
	rc = site_row_list(op, &reader->meta, take, &info);
	tenant_reader_put(service->provider, reader);
	TRY(rc);
	*ret_info = info;
	return RC_OK;
}
