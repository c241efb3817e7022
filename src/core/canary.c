/* canary.c - the canary tenant's first rows, and the end of what is old in it.
 */
#include "core/canary.h"

#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "base/str.h"
#include "core/audit.h"
#include "core/member.h"
#include "core/purge.h"
#include "core/scratch.h"
#include "core/upload.h"
#include "meta/audit.h"

enum { LOGIN_RANDOM = 16, LEFT_AT_A_TIME = 64, AUDIT_AT_A_TIME = 500 };

/* ---- making it ---- */

struct terms_change {
	struct change change;
	const struct op *asker;
};

static enum rc
terms_run(struct op *op, struct tx *tx, struct change *change)
{
	struct terms_change *c =
	    container_of(change, struct terms_change, change);
	struct audit audit;
	int64_t former;

	TRY(setting_get(op, tx->meta, SETTING_VERSION_SECONDS, &former));
	if (former == CANARY_VERSION_SECONDS)
		return RC_OK;
	TRY(setting_set(op, tx->meta, SETTING_VERSION_DAYS, 0));
	TRY(setting_set(
	    op, tx->meta, SETTING_VERSION_SECONDS, CANARY_VERSION_SECONDS));
	audit_begin(&audit, AUDIT_SETTING, c->asker, 0);
	audit_text(&audit, AUDIT_NAME, span_str("version_seconds"));
	audit_number(&audit, AUDIT_FORMER_VALUE, former);
	audit_number(&audit, AUDIT_VALUE, CANARY_VERSION_SECONDS);
	return audit_write(op, tx, &audit);
}

/* A name that stands nowhere but where its member is named. */
static enum rc
uploader_add(struct op *op, struct tenant *tenant)
{
	uint8_t random[LOGIN_RANDOM];
	char hex[2 * LOGIN_RANDOM + 1],
	    login[sizeof("uploader-") + sizeof(hex)];
	struct member_new member = {.role = MEMBER_ORDINARY};
	int64_t id;

	rand_bytes(random, sizeof(random));
	str_hex(hex, span_of(random, sizeof(random)));
	(void)snprintf(login, sizeof(login), "uploader-%s", hex);
	member.login = span_str(login);
	return member_add(op, tenant, &member, &id);
}

/* L25: each step may have been done before a crash. */
static enum rc
rows_make(struct op *op, struct tenant *tenant)
{
	struct terms_change terms = {
	    .change = {.run = terms_run, .keeps_paths = true},
	    .asker = op,
	};
	enum rc rc = member_found(op, tenant, LANG_EN, NULL);

	if (rc == RC_EXISTS) {
		op_clear_error(op);
		rc = RC_OK;
	}
	TRY(rc);
	TRY(change_commit(op, tenant, &terms.change));
	return uploader_add(op, tenant);
}

static enum rc
uploader_take(void *arg, struct op *op, const struct member_row *member)
{
	struct canary *canary = arg;

	(void)op;
	canary->uploader.member = member->id;
	canary->space = member->space;
	(void)snprintf(canary->login, sizeof(canary->login), "%.*s",
	    (int)member->name.size, (const char *)member->name.data);
	return RC_OK;
}

/* There is one member, made last: who is there found everything. */
static enum rc
uploader_find(struct op *op, struct canary *canary)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, canary->tenant, &reader));
	rc = member_row_list(op, &reader->meta, 0, 1, uploader_take, canary);
	tenant_reader_put(canary->tenant, reader);
	return rc;
}

enum rc
canary_open(struct op *op, struct service *service, struct canary *ret_canary)
{
	CLEANUP(canary_close) struct canary canary = {0};

	TRY(service_canary(op, service, &canary.tenant));
	canary.uploader.tenant = canary.tenant->id;
	TRY(uploader_find(op, &canary));
	if (canary.uploader.member == 0) {
		TRY(rows_make(op, canary.tenant));
		TRY(uploader_find(op, &canary));
	}
	*ret_canary = canary;
	canary.tenant = NULL;
	return RC_OK;
}

void
canary_close(struct canary *canary)
{
	if (canary->tenant != NULL)
		tenant_put(canary->tenant);
	canary->tenant = NULL;
}

/* ---- working in it ---- */

static enum rc
content_put(struct op *op, const struct canary *canary, struct file_put *file,
    struct span content, struct file_put_result *ret_result)
{
	struct upload *upload;
	enum rc rc;

	TRY(upload_open(op, canary->tenant, false, &upload));
	rc = upload_write(op, upload, content);
	if (rc == RC_OK)
		rc = upload_end(op, upload, &file->content);
	if (rc == RC_OK)
		rc = file_put(op, canary->tenant, file, ret_result);
	upload_free(upload);
	return rc;
}

enum rc
canary_put(struct op *op, const struct canary *canary, const char *name,
    struct span content, struct file_put_result *ret_result)
{
	CLEANUP(op_release) struct op as;
	struct file_put file = {.to.parent = canary->space};
	enum rc rc;

	scratch_init(&as, op);
	as.actor = canary->uploader;
	rc = tree_name_init(&as, span_str(name), &file.to.name);
	if (rc == RC_OK)
		rc = content_put(&as, canary, &file, content, ret_result);
	return scratch_end(op, &as, rc);
}

/* ---- keeping it small ---- */

struct left {
	size_t n;
	int64_t nodes[LEFT_AT_A_TIME];
};

static enum rc
left_add(void *arg, struct op *op, const struct node *node)
{
	struct left *left = arg;

	(void)op;
	left->nodes[left->n++] = node->id;
	return RC_OK;
}

/* To the trash; what is there goes for good with the rest of it. */
static enum rc
files_end(struct op *op, const struct canary *canary)
{
	struct left left = {.n = 0};
	const struct precondition any = {0};
	struct tree_result result;
	struct reader *reader;
	size_t i;
	enum rc rc;

	TRY(tenant_reader(op, canary->tenant, &reader));
	rc = tree_list(op, &reader->meta, canary->space, NULL, LEFT_AT_A_TIME,
	    left_add, &left);
	tenant_reader_put(canary->tenant, reader);
	TRY(rc);
	for (i = 0; i < left.n; i++)
		TRY(tree_delete(
		    op, canary->tenant, left.nodes[i], &any, &result));
	return RC_OK;
}

static enum rc
trash_end(struct op *op, const struct canary *canary)
{
	struct service *service = canary->tenant->service;
	struct reader *reader;
	uint64_t n;
	enum rc rc;

	TRY(tenant_reader(op, canary->tenant, &reader));
	rc = trash_purge_all(op, canary->tenant, &reader->meta,
	    service_clock_now(&service->clock), &n);
	tenant_reader_put(canary->tenant, reader);
	return rc;
}

static enum rc
trim_run(struct op *op, struct tx *tx, struct change *change)
{
	(void)change;
	return audit_row_trim(
	    op, tx->meta, tx->wall - CLOCK_DAY, AUDIT_AT_A_TIME);
}

enum rc
canary_tidy(struct op *op, const struct canary *canary)
{
	CLEANUP(op_release) struct op as;
	struct change trim = {
	    .run = trim_run, .keeps_paths = true, .frees_space = true};
	enum rc rc;

	scratch_init(&as, op);
	as.actor = canary->uploader;
	rc = files_end(&as, canary);
	if (rc == RC_OK)
		rc = trash_end(&as, canary);
	if (rc == RC_OK)
		rc = change_commit(&as, canary->tenant, &trim);
	return scratch_end(op, &as, rc);
}
