/*
 * test_evidence.c - the checks of the security document are sabotaged: each
 * control is broken on purpose, its light must turn red, and green again when
 * it is mended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/str.h"
#include "core/canary.h"
#include "core/check.h"
#include "core/download.h"
#include "core/site_info.h"
#include "core/trash.h"
#include "http/tls.h"
#include "lib/dozo_server.h"
#include "meta/version.h"

static struct dozo_server server;
static struct evidence_result result; /* of the last look, in English */

/* ---- the clauses ---- */

static const char *const names[] = {"tokyo", "osaka", "sendai"};

static void
place_set(size_t i, const char *place)
{
	struct site_info info = {.country = "JP"};

	memcpy(info.id, server.fixture.reg.ids[i], sizeof(info.id));
	(void)str_copy(info.place, sizeof(info.place), place);
	ASSERT_OK(&server.op,
	    site_info_set(&server.op, server.fixture.service, names[i], &info));
}

static int
setup(void **state)
{
	dozo_server_start(&server);
	place_set(0, "東京");
	place_set(1, "大阪");
	place_set(2, "仙台");
	ASSERT_OK(&server.op, evidence_start(&server.op, server.evidence,
				  "127.0.0.1", server.port));
	*state = &server;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	dozo_server_stop(&server);
	return 0;
}

static enum evidence_light
check(const char *number)
{
	size_t clause = clause_find(number);

	assert_true(clause < CLAUSES);
	ASSERT_OK(
	    &server.op, evidence_check(&server.op, server.evidence, clause));
	evidence_get(server.evidence, clause, LANG_EN, &result);
	assert_true(result.checked_at > 0);
	return result.light;
}

static void
expect_green(const char *number)
{
	if (check(number) != EVIDENCE_SATISFIED)
		fail_msg("%s: %s (%s)", number, result.checked, result.detail);
}

static void
expect_red(const char *number, const char *said)
{
	if (check(number) != EVIDENCE_NOT_SATISFIED)
		fail_msg("%s is green: %s", number, result.checked);
	if (strstr(result.checked, said) == NULL)
		fail_msg("\"%s\" is not in: %s (%s)", said, result.checked,
		    result.detail);
}

/* What was broken is mended in the background. */
static void
await_green(const char *number)
{
	int64_t until = clock_mono() + 120 * CLOCK_S;

	while (check(number) != EVIDENCE_SATISFIED)
		if (clock_mono() > until)
			fail_msg("%s stays red: %s (%s)", number,
			    result.checked, result.detail);
}

/* ---- what the canary is doing just now ---- */

/* The newest file in the uploader's space; 0: none. */
static enum rc
node_take(void *arg, struct op *op, const struct node *node)
{
	struct node *newest = arg;
	char *name;

	if (node->id < newest->id)
		return RC_OK;
	TRY(op_format(op, &name, "%.*s", (int)node->name.size,
	    (const char *)node->name.data));
	*newest = *node;
	newest->name = span_str(name);
	return RC_OK;
}

static bool
canary_file(struct op *op, const struct canary *canary, struct node *file)
{
	struct reader *reader;
	enum rc rc;

	*file = (struct node){0};
	op->actor = canary->uploader;
	ASSERT_OK(op, tenant_reader(op, canary->tenant, &reader));
	rc = tree_list(
	    op, &reader->meta, canary->space, NULL, 64, node_take, file);
	tenant_reader_put(canary->tenant, reader);
	op_clear_error(op);
	return rc == RC_OK && file->id != 0;
}

/* ---- a site that is none ---- */

enum trick {
	HONEST,
	SILENT, /* says that it has what it never wrote */
	CLEAR, /* keeps the canary's content in the clear beside it */
	CLEAR_NAME, /* keeps its name and who uploaded it */
};

static struct {
	atomic_int trick;
	const struct site_ops *real;
	struct site_ops ops;
	struct canary canary;
} liar;

static void
clear_put(struct op *op, struct site *site, struct span bytes)
{
	uint8_t id[OBJECT_ID_SIZE];
	struct object_name name;

	rand_bytes(id, sizeof(id));
	object_data(&name, liar.canary.tenant->id, id);
	ASSERT_OK(op, liar.real->prepare(op, site, name.folder));
	ASSERT_OK(op, liar.real->put(op, site, &name, bytes));
}

static void
clear_write(struct site *site)
{
	CLEANUP(op_release) struct op op;
	struct download *download;
	uint8_t bytes[1000];
	struct node file;
	size_t n;

	op_init(&op);
	if (!canary_file(&op, &liar.canary, &file))
		return;
	if (atomic_load(&liar.trick) == CLEAR_NAME) {
		clear_put(&op, site, file.name);
		return;
	}
	ASSERT_OK(&op,
	    download_open(&op, liar.canary.tenant, file.content, &download));
	ASSERT_OK(
	    &op, download_read(&op, download, 0, bytes, sizeof(bytes), &n));
	download_free(download);
	clear_put(&op, site, span_of(bytes, n));
}

static enum rc
liar_put(struct op *op, struct site *site, const struct object_name *name,
    struct span bytes)
{
	char folder[OBJECT_FOLDER_SIZE];
	enum rc rc;

	object_folder(folder, "log", liar.canary.tenant->id);
	if (strcmp(name->folder, folder) != 0)
		return liar.real->put(op, site, name, bytes);
	if (atomic_load(&liar.trick) == SILENT)
		return RC_OK;
	rc = liar.real->put(op, site, name, bytes);
	if (atomic_load(&liar.trick) >= CLEAR)
		clear_write(site);
	return rc;
}

static void
liar_install(size_t i)
{
	struct site *site = server.fixture.service->config.sites->slots[i].site;

	ASSERT_OK(&server.op,
	    canary_open(&server.op, server.fixture.service, &liar.canary));
	atomic_store(&liar.trick, HONEST);
	liar.real = site->ops;
	liar.ops = *site->ops;
	liar.ops.put = liar_put;
	site->ops = &liar.ops;
}

/* Before the service ends. */
static void
liar_go(size_t i)
{
	server.fixture.service->config.sites->slots[i].site->ops = liar.real;
	canary_close(&liar.canary);
}

/* ---- the tests ---- */

static void
a_healthy_service_is_green_and_says_what_was_checked(void **state)
{
	struct evidence_result ja;

	(void)state;
	expect_green("10.1.1");
	assert_non_null(strstr(result.checked, "found nowhere"));
	assert_non_null(strstr(result.checked, "on 3 sites"));
	expect_green("12.3.1");
	assert_non_null(strstr(result.checked, "東京, 大阪, 仙台"));
	/* As in every test: an operator's word is not all that is told. */
	assert_non_null(strstr(result.checked, "Some sites share one disk."));
	assert_string_equal(result.detail, "");
	evidence_get(server.evidence, clause_find("12.3.1"), LANG_JA, &ja);
	assert_int_equal(ja.light, EVIDENCE_SATISFIED);
	assert_non_null(strstr(ja.checked, "読み出"));
	evidence_get(server.evidence, clause_find("12.1.2"), LANG_EN, &ja);
	assert_int_equal(ja.light, EVIDENCE_NOT_YET_COVERED);
	assert_int_equal(ja.checked_at, 0);
}

static void
a_site_that_writes_nothing_turns_12_3_1_red(void **state)
{
	(void)state;
	liar_install(1);
	atomic_store(&liar.trick, SILENT);
	expect_red("12.3.1", "site osaka alone");
	atomic_store(&liar.trick, HONEST);
	await_green("12.3.1");
	liar_go(1);
}

static void
a_site_that_keeps_clear_text_turns_10_1_1_red(void **state)
{
	(void)state;
	liar_install(2);
	expect_green("10.1.1");
	atomic_store(&liar.trick, CLEAR);
	expect_red("10.1.1", "the file's content stands in the clear on a "
			     "site");
	atomic_store(&liar.trick, CLEAR_NAME);
	expect_red("10.1.1", "the file's name stands in the clear on a site");
	atomic_store(&liar.trick, HONEST);
	expect_green("10.1.1");
	liar_go(2);
}

/* ---- names where names never are ---- */

static struct {
	atomic_bool stop;
	atomic_bool done;
	void (*act)(struct op *op, const struct canary *canary,
	    const struct node *file);
	struct canary canary;
	struct thread thread;
} spoiler;

static void
spoiler_run(void *arg)
{
	const struct timespec step = {.tv_nsec = 1000000};
	struct node file;

	(void)arg;
	while (!atomic_load(&spoiler.stop)) {
		CLEANUP(op_release) struct op op;

		op_init(&op);
		if (canary_file(&op, &spoiler.canary, &file))
			spoiler.act(&op, &spoiler.canary, &file);
		(void)nanosleep(&step, NULL);
	}
}

static void
spoiler_begin(void (*act)(
    struct op *op, const struct canary *canary, const struct node *file))
{
	ASSERT_OK(&server.op,
	    canary_open(&server.op, server.fixture.service, &spoiler.canary));
	atomic_store(&spoiler.stop, false);
	atomic_store(&spoiler.done, false);
	spoiler.act = act;
	ASSERT_OK(&server.op, thread_start(&server.op, &spoiler.thread,
				  "spoiler", spoiler_run, NULL));
}

static void
spoiler_end(void)
{
	atomic_store(&spoiler.stop, true);
	thread_join(&spoiler.thread);
	canary_close(&spoiler.canary);
}

static void
name_into_log(
    struct op *op, const struct canary *canary, const struct node *file)
{
	(void)op;
	(void)file;
	if (!atomic_exchange(&spoiler.done, true))
		log_warn(NULL, "leak", "user=%s", canary->login);
}

static void
a_name_in_the_log_turns_10_1_1_red(void **state)
{
	(void)state;
	spoiler_begin(name_into_log);
	expect_red(
	    "10.1.1", "the uploader's name stands in the clear in the log");
	spoiler_end();
	expect_green("10.1.1");
}

static void
name_into_database(
    struct op *op, const struct canary *canary, const struct node *file)
{
	CLEANUP(io_close) int fd = -1;
	char name[64];

	if (atomic_exchange(&spoiler.done, true))
		return;
	(void)snprintf(name, sizeof(name), "%016llx.db-leak",
	    (unsigned long long)canary->tenant->id);
	ASSERT_OK(op, io_open_root(op, server.fixture.db_path, &fd));
	ASSERT_OK(op, io_write_file(op, fd, name, file->name, 0600));
}

static void
a_name_in_a_database_turns_10_1_1_red(void **state)
{
	(void)state;
	spoiler_begin(name_into_database);
	expect_red(
	    "10.1.1", "the file's name stands in the clear in a database");
	spoiler_end();
	expect_green("10.1.1");
}

static void
a_weak_tls_priority_turns_10_1_1_red(void **state)
{
	(void)state;
	tls_priorities_arm(
	    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+SHA1");
	expect_red("10.1.1", "TLS 1.1");
	tls_priorities_arm("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2");
	expect_red("10.1.1", "TLS 1.2 with CBC");
	tls_priorities_arm(NULL);
	expect_green("10.1.1");
}

/* ---- versions that end too soon or too late ---- */

struct version_change {
	struct change change;
	int64_t id;
	int64_t longer; /* 0: the version goes */
};

static enum rc
version_run(struct op *op, struct tx *tx, struct change *change)
{
	struct version_change *c =
	    container_of(change, struct version_change, change);
	struct version version;

	TRY(version_get(op, tx->meta, c->id, &version));
	TRY(version_delete(op, tx->meta, c->id));
	if (c->longer == 0)
		return RC_OK;
	version.kept_until += c->longer;
	return version_insert(op, tx->meta, &version);
}

static enum rc
version_take(void *arg, struct op *op, const struct version *version)
{
	(void)op;
	*(struct version *)arg = *version;
	return RC_OK;
}

/* Once so long before the deadline of the file's version. */
static void
version_spoil(struct op *op, const struct canary *canary,
    const struct node *file, int64_t before, int64_t longer)
{
	struct version_change c = {
	    .change = {.run = version_run}, .longer = longer};
	struct version version = {0};
	struct reader *reader;

	ASSERT_OK(op, tenant_reader(op, canary->tenant, &reader));
	ASSERT_OK(op, version_list(op, &reader->meta, file->id, INT64_MAX, 1,
			  version_take, &version));
	tenant_reader_put(canary->tenant, reader);
	if (version.id == 0 || atomic_load(&spoiler.done) ||
	    service_clock_now(&server.fixture.service->clock) <
		version.kept_until - before)
		return;
	c.id = version.id;
	ASSERT_OK(op, change_commit(op, canary->tenant, &c.change));
	atomic_store(&spoiler.done, true);
}

/* The small file has the version, and is older than the large one. */
static void
version_of_any(struct op *op, const struct canary *canary,
    const struct node *file, int64_t before, int64_t longer)
{
	struct node older = *file;

	for (; older.id > file->id - 100 && older.id > 1000; older.id--)
		version_spoil(op, canary, &older, before, longer);
}

static void
version_early(
    struct op *op, const struct canary *canary, const struct node *file)
{
	version_of_any(op, canary, file, 5 * CLOCK_S, 0);
}

static void
version_late(
    struct op *op, const struct canary *canary, const struct node *file)
{
	version_of_any(op, canary, file, 3 * CLOCK_S, 60 * CLOCK_S);
}

static void
an_early_purge_turns_12_3_1_red(void **state)
{
	(void)state;
	spoiler_begin(version_early);
	expect_red("12.3.1", "could not be read any more before its deadline");
	spoiler_end();
	expect_green("12.3.1");
}

static void
a_version_that_outlives_its_deadline_turns_12_3_1_red(void **state)
{
	(void)state;
	spoiler_begin(version_late);
	expect_red("12.3.1", "could still be read after its deadline");
	spoiler_end();
}

/* ---- sites that go, and where they stand ---- */

static void
a_site_renamed_away_turns_12_3_1_red_at_once(void **state)
{
	(void)state;
	fixture_away(&server.fixture, 1);
	expect_red("12.3.1", "osaka");
	/* What stands at the other two is sealed all the same. */
	await_green("10.1.1");
	fixture_back(&server.fixture, 1);
	await_green("12.3.1");
}

static void
a_wiped_site_turns_12_3_1_red(void **state)
{
	(void)state;
	fixture_shell(&server.fixture, "cp -a sendai kept; rm -r sendai/*");
	expect_red("12.3.1", "sendai");
	fixture_shell(&server.fixture, "rm -r sendai; mv kept sendai");
	await_green("12.3.1");
}

static void
problem_pass(void *arg, size_t site, const char *text)
{
	(void)arg;
	(void)site;
	(void)text;
}

/* As dozo check --repair. */
static void
customers_mend(void)
{
	struct site_set missed = {0};
	const struct check_job job = {
	    .depth = CHECK_BYTES,
	    .repair = true,
	    .missed = &missed,
	    .problem = problem_pass,
	};
	struct tenant *tenant = dozo_server_tenant(&server);
	struct check_report report;

	ASSERT_OK(&server.op, check_tenant(&server.op, tenant, &job, &report));
	assert_true(report.sites[1].damaged > 0);
	tenant_put(tenant);
}

/* Not the canary's: what was there before it. */
static void
rot_in_what_customers_have_stored_turns_12_3_1_red(void **state)
{
	char command[400];
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		(void)dozo_expect(&server, i == 0 ? 201 : 204, "PUT",
		    "/dav/Company/f", NULL, i % 2 == 0 ? "one" : "two");
	fixture_await_sites(&server.fixture, server.fixture.service->provider,
	    server.fixture.n_sites);
	(void)snprintf(command, sizeof(command),
	    "for f in osaka/log/%016llx/*; do chmod u+w $f; "
	    "printf spoilt | dd of=$f bs=1 seek=90 conv=notrunc status=none; "
	    "done",
	    (unsigned long long)server.tenant);
	fixture_shell(&server.fixture, command);
	expect_red("12.3.1", "site osaka has stored");
	customers_mend();
	await_green("12.3.1");
	assert_non_null(strstr(result.checked, "picked at random"));
}

static void
sites_in_one_place_or_of_no_known_place_turn_12_3_1_red(void **state)
{
	(void)state;
	place_set(2, "東京");
	expect_red("12.3.1", "tokyo and sendai stand in one place, 東京");
	place_set(2, "");
	expect_red("12.3.1", "It is not known where site sendai stands");
	place_set(2, "仙台");
	expect_green("12.3.1");
}

/* ---- results ---- */

static void
a_result_older_than_an_hour_is_none(void **state)
{
	const char *path = getenv("DOZO_TEST_CLOCK");
	FILE *file;

	(void)state;
	expect_green("10.1.1");
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fprintf(file, "%lld %lld 1 test\n", (long long)(3601 * CLOCK_S),
	    (long long)(3601 * CLOCK_S));
	(void)fclose(file);
	evidence_get(server.evidence, clause_find("10.1.1"), LANG_EN, &result);
	assert_int_equal(result.light, EVIDENCE_NOT_SATISFIED);
	assert_non_null(strstr(result.checked, "more than an hour ago"));
	expect_green("10.1.1");
	(void)remove(path);
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
	(void)trash;
	return count_node(arg, op, node);
}

static void
checks_leave_nothing_behind(void **state)
{
	struct canary canary;
	struct reader *reader;
	int i, left = 0;

	(void)state;
	for (i = 0; i < 3; i++)
		expect_green("10.1.1");
	ASSERT_OK(&server.op,
	    canary_open(&server.op, server.fixture.service, &canary));
	server.op.actor = canary.uploader;
	ASSERT_OK(
	    &server.op, tenant_reader(&server.op, canary.tenant, &reader));
	ASSERT_OK(&server.op, tree_list(&server.op, &reader->meta, canary.space,
				  NULL, 9, count_node, &left));
	ASSERT_OK(
	    &server.op, trash_items(&server.op, &reader->meta, ACCESS_RESTORE,
			    service_clock_now(&server.fixture.service->clock),
			    count_trash, &left));
	tenant_reader_put(canary.tenant, reader);
	canary_close(&canary);
	assert_int_equal(left, 0);
}

static void
who_waits_for_a_check_is_told_when_the_server_stops(void **state)
{
	(void)state;
	evidence_stop(server.evidence);
	ASSERT_RC(&server.op, RC_BUSY,
	    evidence_check(&server.op, server.evidence, CLAUSES));
	evidence_get(server.evidence, clause_find("10.1.1"), LANG_EN, &result);
	assert_int_equal(result.light, EVIDENCE_NOT_SATISFIED);
	assert_int_equal(result.checked_at, 0);
	assert_non_null(strstr(result.checked, "Not checked yet"));
}

#define EVIDENCE_TEST(test) \
	cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    EVIDENCE_TEST(a_healthy_service_is_green_and_says_what_was_checked),
	    EVIDENCE_TEST(a_site_that_writes_nothing_turns_12_3_1_red),
	    EVIDENCE_TEST(a_site_that_keeps_clear_text_turns_10_1_1_red),
	    EVIDENCE_TEST(a_name_in_the_log_turns_10_1_1_red),
	    EVIDENCE_TEST(a_name_in_a_database_turns_10_1_1_red),
	    EVIDENCE_TEST(a_weak_tls_priority_turns_10_1_1_red),
	    EVIDENCE_TEST(an_early_purge_turns_12_3_1_red),
	    EVIDENCE_TEST(
		a_version_that_outlives_its_deadline_turns_12_3_1_red),
	    EVIDENCE_TEST(a_site_renamed_away_turns_12_3_1_red_at_once),
	    EVIDENCE_TEST(a_wiped_site_turns_12_3_1_red),
	    EVIDENCE_TEST(rot_in_what_customers_have_stored_turns_12_3_1_red),
	    EVIDENCE_TEST(
		sites_in_one_place_or_of_no_known_place_turn_12_3_1_red),
	    EVIDENCE_TEST(a_result_older_than_an_hour_is_none),
	    EVIDENCE_TEST(checks_leave_nothing_behind),
	    EVIDENCE_TEST(who_waits_for_a_check_is_told_when_the_server_stops),
	};
	char clock[] = "/tmp/dozo-clock-XXXXXX";
	int fd = mkstemp(clock), failed;

	if (fd < 0 || setenv("DOZO_TEST_CLOCK", clock, 1) != 0)
		return 1;
	(void)close(fd);
	(void)remove(clock);
	failed = cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
	(void)remove(clock);
	return failed;
}
