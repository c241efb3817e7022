/* test_canary.c - the canary tenant: made once, named by nobody, kept small;
 * and reading a content from one site alone. */
#include <string.h>
#include <time.h>

#include "core/canary.h"
#include "core/download.h"
#include "core/file_version.h"
#include "core/path.h"
#include "core/trash.h"
#include "lib/service_fixture.h"
#include "meta/audit.h"

struct world {
	struct fixture f;
	struct op op;
	struct canary canary;
};

static int
world_open(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	op_init(&w->op);
	fixture_init(&w->f, 3, 2);
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	ASSERT_OK(&w->op, canary_open(&w->op, w->f.service, &w->canary));
	*state = w;
	return 0;
}

static int
world_close(void **state)
{
	struct world *w = *state;

	canary_close(&w->canary);
	fixture_close(&w->op, &w->f);
	fixture_release(&w->f);
	op_release(&w->op);
	test_free(w);
	return 0;
}

static enum rc
count_tenant(void *arg, struct op *op, const struct service_tenant_info *info)
{
	int *n = arg;

	(void)op;
	assert_true(info->canary);
	++*n;
	return RC_OK;
}

static void
it_is_made_once_and_cannot_be_named(void **state)
{
	struct world *w = *state;
	struct canary again;
	struct tenant *t;
	uint64_t id;
	int n = 0;

	assert_true(w->canary.uploader.member != 0 && w->canary.space != 0);
	assert_int_equal(strncmp(w->canary.login, "uploader-", 9), 0);
	ASSERT_OK(&w->op, canary_open(&w->op, w->f.service, &again));
	assert_ptr_equal(again.tenant, w->canary.tenant);
	assert_string_equal(again.login, w->canary.login);
	assert_int_equal(again.space, w->canary.space);
	canary_close(&again);
	canary_close(&w->canary);
	fixture_close(&w->op, &w->f);
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	ASSERT_OK(&w->op, canary_open(&w->op, w->f.service, &w->canary));
	assert_string_equal(again.login, w->canary.login);
	ASSERT_OK(
	    &w->op, service_tenants(&w->op, w->f.service, count_tenant, &n));
	assert_int_equal(n, 1);
	ASSERT_RC(&w->op, RC_NOT_FOUND,
	    service_tenant_named(&w->op, w->f.service, "(canary)", &t));
	ASSERT_RC(&w->op, RC_INVALID,
	    service_tenant_add(&w->op, w->f.service, "(canary)", "en", &id));
}

static int64_t
kept_until(struct world *w, int64_t version)
{
	struct reader *reader;
	struct version row;

	ASSERT_OK(&w->op, tenant_reader(&w->op, w->canary.tenant, &reader));
	ASSERT_OK(&w->op, version_get(&w->op, &reader->meta, version, &row));
	tenant_reader_put(w->canary.tenant, reader);
	return row.kept_until;
}

static void
a_former_content_is_kept_for_fifteen_seconds(void **state)
{
	struct world *w = *state;
	struct file_put_result result;
	int64_t before, after, until;

	ASSERT_OK(&w->op,
	    canary_put(&w->op, &w->canary, "f", span_str("one"), &result));
	assert_true(result.tree.created);
	before = service_clock_now(&w->f.service->clock);
	ASSERT_OK(&w->op,
	    canary_put(&w->op, &w->canary, "f", span_str("two"), &result));
	after = service_clock_now(&w->f.service->clock);
	assert_true(result.version != 0);
	until = kept_until(w, result.version);
	assert_in_range(until, before + 15 * CLOCK_S, after + 15 * CLOCK_S);
}

static enum rc
count_node(void *arg, struct op *op, const struct node *node)
{
	(void)op;
	(void)node;
	++*(int *)arg;
	return RC_OK;
}

static enum rc
count_trash(void *arg, struct op *op, const struct trash *trash,
    const struct node *node)
{
	(void)op;
	(void)trash;
	(void)node;
	++*(int *)arg;
	return RC_OK;
}

static enum rc
count_audit(void *arg, struct op *op, const struct audit_row *row)
{
	(void)op;
	(void)row;
	++*(int *)arg;
	return RC_OK;
}

static enum rc
age_run(struct op *op, struct tx *tx, struct change *change)
{
	struct audit_row row = {
	    .id = 1, .wall = tx->wall - 2 * CLOCK_DAY, .action = 1};

	(void)change;
	return audit_row_insert(op, tx->meta, &row);
}

static void
nothing_is_left_of_earlier_runs(void **state)
{
	struct world *w = *state;
	struct change age = {.run = age_run};
	struct file_put_result result;
	struct reader *reader;
	int files = 0, trash = 0, before = 0, after = 0;

	ASSERT_OK(&w->op,
	    canary_put(&w->op, &w->canary, "a", span_str("1"), &result));
	ASSERT_OK(&w->op,
	    canary_put(&w->op, &w->canary, "b", span_str("2"), &result));
	/* An audit row of long ago, before all others. */
	ASSERT_OK(&w->op, change_commit(&w->op, w->canary.tenant, &age));
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->canary.tenant, &reader));
	ASSERT_OK(&w->op, audit_row_list(&w->op, &reader->meta, 1000, 9,
			      count_audit, &before));
	assert_int_equal(before, 1);
	tenant_reader_put(w->canary.tenant, reader);
	ASSERT_OK(&w->op, canary_tidy(&w->op, &w->canary));
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->canary.tenant, &reader));
	w->op.actor = w->canary.uploader;
	ASSERT_OK(&w->op, tree_list(&w->op, &reader->meta, w->canary.space,
			      NULL, 9, count_node, &files));
	ASSERT_OK(&w->op,
	    trash_items(&w->op, &reader->meta, ACCESS_RESTORE,
		service_clock_now(&w->f.service->clock), count_trash, &trash));
	ASSERT_OK(&w->op, audit_row_list(&w->op, &reader->meta, 1000, 9,
			      count_audit, &after));
	assert_int_equal(files, 0);
	assert_int_equal(trash, 0);
	assert_int_equal(after, 0);
	/* What today's runs did is still told. */
	ASSERT_OK(&w->op, audit_row_list(&w->op, &reader->meta, INT64_MAX, 9,
			      count_audit, &after));
	assert_true(after > 5);
	tenant_reader_put(w->canary.tenant, reader);
}

static enum rc
read_from(struct world *w, int64_t content, size_t site, char out[8])
{
	struct download *download;
	size_t n;
	enum rc rc;

	ASSERT_OK(&w->op,
	    download_open(&w->op, w->canary.tenant, content, &download));
	download_from(download, site);
	rc = download_read(&w->op, download, 0, (uint8_t *)out, 7, &n);
	out[rc == RC_OK ? n : 0] = '\0';
	download_free(download);
	return rc;
}

/* An answer leaves with two acks; the third site follows. */
static void
holders_await(struct world *w, uint64_t number)
{
	const struct timespec step = {.tv_nsec = 5000000};
	int tries;

	for (tries = 0; tries < 24000; tries++) {
		if (site_set_count(
			lanes_holding(&w->canary.tenant->lanes, number)) == 3)
			return;
		(void)nanosleep(&step, NULL);
	}
	fail_msg("not every site has number %llu", (unsigned long long)number);
}

/* A site that has nothing is not helped out by those that have it. */
static void
a_content_is_read_from_one_site_alone(void **state)
{
	struct world *w = *state;
	struct file_put_result result;
	struct reader *reader;
	struct node node;
	char text[8];
	size_t i;

	ASSERT_OK(&w->op,
	    canary_put(&w->op, &w->canary, "f", span_str("canary"), &result));
	holders_await(w, result.tree.receipt.number);
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->canary.tenant, &reader));
	ASSERT_OK(&w->op,
	    node_get(&w->op, &reader->meta, result.tree.etag.node, &node));
	tenant_reader_put(w->canary.tenant, reader);
	for (i = 0; i < 3; i++) {
		ASSERT_OK(&w->op, read_from(w, node.content, i, text));
		assert_string_equal(text, "canary");
	}
	fixture_shell(&w->f, "rm -r osaka/log");
	ASSERT_RC(&w->op, RC_DAMAGED, read_from(w, node.content, 1, text));
	ASSERT_OK(&w->op, read_from(w, node.content, 0, text));
	ASSERT_OK(&w->op, read_from(w, node.content, 2, text));
}

#define CANARY_TEST(test) \
	cmocka_unit_test_setup_teardown(test, world_open, world_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CANARY_TEST(it_is_made_once_and_cannot_be_named),
	    CANARY_TEST(a_former_content_is_kept_for_fifteen_seconds),
	    CANARY_TEST(nothing_is_left_of_earlier_runs),
	    CANARY_TEST(a_content_is_read_from_one_site_alone),
	};

	return cmocka_run_group_tests_name("canary", tests, NULL, NULL);
}
