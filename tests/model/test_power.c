/*
 * test_power.c - the power goes at each failpoint of a PUT, everywhere at
 * once, and takes all that was not synced: what was acknowledged is there, what
 * was not is there whole or not at all (LOG.md L0 to L3, L10), and each site by
 * itself gives the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/str.h"
#include "core/download.h"
#include "core/file_put.h"
#include "core/member.h"
#include "core/service.h"
#include "core/upload.h"
#include "lib/test.h"
#include "meta/space.h"
#include "meta/version.h"
#include "model/sim.h"

enum { SITES = 3, HOST = 1, BEFORE = 1, AFTER = 2, PATH_SIZE = 200, SEEDS = 3 };

/* One PUT over a file, and when the power goes. */
struct cut {
	uint64_t seed;
	size_t size;
	unsigned at; /* the passing of a failpoint; 0: after the answer */
};

/* Host 0's memory, which no power cut touches. */
static struct {
	const struct cut *cut;
	struct sim_disk *sites[SITES];
	struct sim_disk *host;
	struct keystore *keystore;
	struct site_register reg;
	uint64_t tenant;
	int64_t member;
	int64_t space;
	char db_path[2][PATH_SIZE]; /* of the first server and the second */
	bool armed;
	bool acknowledged;
	unsigned passed;
	bool done; /* the second server has found all right */
} run;

#define MUST(op, call) \
	do { \
		enum rc must_rc_ = (call); \
		SIM_CHECK(must_rc_ == RC_OK, "call: %s: %s", #call, \
		    op_error((op), must_rc_)); \
	} while (0)

/* ---- a service over the simulated sites ---- */

static void
sites_make(struct op *op, unsigned only, struct sites **ret_sites)
{
	static const char *const names[SITES] = {"tokyo", "osaka", "sendai"};
	struct site *site;
	char url[64];
	size_t i;

	MUST(op, sites_new(op, ret_sites));
	for (i = 0; i < SITES; i++) {
		if ((only >> i & 1) == 0)
			continue;
		(void)snprintf(
		    url, sizeof(url), "dir:%s", sim_disk_path(run.sites[i]));
		MUST(op, site_open(op, url, run.keystore->service,
			     run.reg.ids[i], names[i], &site));
		MUST(op, sites_add(op, *ret_sites, site));
	}
}

static struct service *
open_service(struct op *op, const char *db_path, unsigned only,
    const struct site_register *first, bool reads)
{
	struct service_config config = {
	    .dir_fd = -1,
	    .db_path = db_path,
	    .db_folder = "db",
	    .keystore = run.keystore,
	    .first = first,
	    .host = "host",
	    .reserve_bytes = 1,
	    .read_only = reads,
	};
	struct service *service = NULL;

	if (stat(db_path, &(struct stat){0}) != 0)
		SIM_CHECK(mkdir(db_path, 0700) == 0, "harness: no folder");
	MUST(op, io_open_root(op, sim_disk_path(run.host), &config.dir_fd));
	sites_make(op, only, &config.sites);
	MUST(op, service_open(op, &config, &service));
	return service;
}

static struct tenant *
open_tenant(struct op *op, struct service *service)
{
	struct tenant *tenant = NULL;

	MUST(op, service_tenant(op, service, run.tenant, &tenant));
	op->actor = (struct actor){.tenant = run.tenant, .member = run.member};
	return tenant;
}

static void
await_all_sites(struct tenant *t)
{
	int tries;

	for (tries = 0; tries < 3000; tries++) {
		if (site_set_count(lanes_holding(&t->lanes, t->head.number)) ==
		    SITES)
			return;
		sim_sleep(CLOCK_S / 10);
	}
	sim_violation("behind: a site does not come into service");
}

/* ---- files ---- */

static uint8_t
byte_of(int state, size_t at)
{
	return (uint8_t)((at * 2654435761u >> 13) + (unsigned)state * 97u);
}

static enum rc
content_send(struct op *op, struct upload *upload, int state, size_t size)
{
	static uint8_t block[65536];
	size_t at, i, step;

	for (at = 0; at < size; at += step) {
		step = size - at < sizeof(block) ? size - at : sizeof(block);
		for (i = 0; i < step; i++)
			block[i] = byte_of(state, at + i);
		TRY(upload_write(op, upload, span_of(block, step)));
	}
	return RC_OK;
}

static enum rc
put(struct op *op, struct tenant *tenant, int state, size_t size)
{
	struct file_put file = {.to.parent = run.space};
	struct file_put_result result;
	struct upload *upload;
	enum rc rc;

	TRY(tree_name_init(op, span_str("file"), &file.to.name));
	TRY(upload_open(op, tenant, true, &upload));
	rc = content_send(op, upload, state, size);
	if (rc == RC_OK)
		rc = upload_end(op, upload, &file.content);
	if (rc == RC_OK)
		rc = file_put(op, tenant, &file, &result);
	upload_free(upload);
	return rc;
}

/* The state whose bytes the content has, all of them. */
static int
state_of(struct op *op, struct tenant *tenant, const struct node *node)
{
	static uint8_t block[65536];
	struct download *download;
	size_t at, n, i;
	int state = 0;

	MUST(op, download_open(op, tenant, node->content, &download));
	for (at = 0; at < node->size; at += n) {
		MUST(op,
		    download_read(op, download, at, block, sizeof(block), &n));
		SIM_CHECK(n > 0, "bytes: it ends early");
		if (at == 0)
			state = block[0] == byte_of(AFTER, 0) ? AFTER : BEFORE;
		for (i = 0; i < n; i++)
			SIM_CHECK(block[i] == byte_of(state, at + i),
			    "bytes: wrong at %zu", at + i);
	}
	download_free(download);
	return state;
}

static void
file_find(struct op *op, struct tenant *tenant, struct node *ret_node,
    int64_t *ret_versions)
{
	uint8_t key[META_NAME_KEY_SIZE];
	struct tree_name name;
	struct reader *reader;

	MUST(op, tree_name_init(op, span_str("file"), &name));
	MUST(op, tenant_reader(op, tenant, &reader));
	node_key(&tenant->keys, run.space, name.fold, key);
	MUST(op, node_find(op, &reader->meta, run.space, key, ret_node));
	MUST(op,
	    version_count(op, &reader->meta, ret_node->id, 10, ret_versions));
	tenant_reader_put(tenant, reader);
}

/* ---- the first server ---- */

static void
at_failpoint(void *arg, const char *name)
{
	(void)arg;
	if (!run.armed || sim_host() != HOST)
		return;
	if (++run.passed != run.cut->at)
		return;
	sim_trace("the power goes at %s", name);
	run.armed = false;
	sim_reboot_host(HOST);
}

/* Without a password: hashing it waits in ways that the simulation has not. */
static enum rc
member_run(struct op *op, struct tx *tx, struct change *change)
{
	struct member_row member = {.id = tx_id(tx),
	    .name = span_str("admin"),
	    .role = MEMBER_ADMINISTRATOR,
	    .status = MEMBER_ACTIVE,
	    .password = "none",
	    .space = run.space,
	    .created_at = tx->wall};
	uint8_t key[32];

	(void)change;
	run.member = member.id;
	member_login_key(tx->meta, member.name, key);
	return member_row_insert(op, tx->meta, &member, key);
}

static enum rc
space_note(void *arg, struct op *op, const struct space *space)
{
	(void)arg;
	(void)op;
	run.space = space->node;
	return RC_OK;
}

static void
tenant_make(struct op *op, struct service *service)
{
	struct change change = {.run = member_run};
	struct reader *reader;
	struct tenant *tenant;

	MUST(op, service_tenant_add(op, service, "demo", "ja", &run.tenant));
	tenant = open_tenant(op, service);
	MUST(op, member_found(op, tenant, LANG_JA, NULL));
	MUST(op, tenant_reader(op, tenant, &reader));
	MUST(op, space_of_kind(
		     op, &reader->meta, SPACE_COMPANY, 0, 1, space_note, NULL));
	tenant_reader_put(tenant, reader);
	MUST(op, change_commit(op, tenant, &change));
	tenant_put(tenant);
}

static void
first_main(void *arg)
{
	struct service *service;
	struct tenant *tenant;
	struct op op;

	(void)arg;
	op_init(&op);
	service = open_service(&op, run.db_path[0], ~0u, &run.reg, false);
	tenant_make(&op, service);
	tenant = open_tenant(&op, service);
	MUST(&op, put(&op, tenant, BEFORE, 5000));
	await_all_sites(tenant);
	run.passed = 0;
	run.armed = true;
	MUST(&op, put(&op, tenant, AFTER, run.cut->size));
	run.armed = false;
	run.acknowledged = true;
	sim_reboot_host(HOST);
}

/* ---- the second server, and each site by itself ---- */

static size_t n_data;

static void
count_data(
    void *arg, const char *name, enum sim_standing standing, struct span bytes)
{
	(void)arg;
	(void)bytes;
	n_data += standing != SIM_GHOST && name[0] != '.';
}

/* What the PUT that came to nothing had put is deleted, and no more than that.
 */
static void
await_sweep(struct op *op, struct tenant *t, size_t want)
{
	char folder[OBJECT_FOLDER_SIZE];
	int64_t versions;
	struct node node;
	int tries;

	/* Nothing is deleted before a number of this claim (L29). */
	MUST(op, put(op, t, BEFORE, 77));
	object_folder(folder, "data", run.tenant);
	for (tries = 0; tries < 600; tries++) {
		size_t i;

		n_data = 0;
		for (i = 0; i < SITES; i++)
			sim_disk_each(run.sites[i], folder, count_data, NULL);
		if (n_data == want)
			break;
		sim_sleep(CLOCK_S / 10);
	}
	SIM_CHECK(
	    n_data == want, "left: %zu data segments, not %zu", n_data, want);
	file_find(op, t, &node, &versions);
	SIM_CHECK(node.size == 77, "lost: the put of afterwards");
}

static void
each_site_alone(struct op *op, const uint8_t want[DB_HASH_SIZE])
{
	uint8_t hash[DB_HASH_SIZE];
	struct service *service;
	struct reader *reader;
	struct tenant *tenant;
	char path[PATH_SIZE];
	unsigned i;

	for (i = 0; i < SITES; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/alone-%u", sim_sandbox(), i);
		service = open_service(op, path, 1u << i, NULL, true);
		tenant = open_tenant(op, service);
		MUST(op, tenant_reader(op, tenant, &reader));
		MUST(op, db_state_hash(op, reader->db, hash));
		tenant_reader_put(tenant, reader);
		SIM_CHECK(memcmp(hash, want, sizeof(hash)) == 0,
		    "alone: site %u gives another state", i);
		tenant_put(tenant);
		service_close(op, service);
	}
}

/* How many the file's content and its former one have. */
static size_t
data_segments(bool is_new)
{
	const size_t most = 16 << 20;

	if (!is_new || run.cut->size <= 65536)
		return 0;
	return (run.cut->size + most - 1) / most;
}

static void
second_main(void *arg)
{
	uint8_t hash[DB_HASH_SIZE];
	struct service *service;
	struct tenant *tenant;
	struct reader *reader;
	int64_t versions;
	struct node node;
	struct op op;
	bool is_new;

	(void)arg;
	op_init(&op);
	service = open_service(&op, run.db_path[1], ~0u, NULL, false);
	tenant = open_tenant(&op, service);
	file_find(&op, tenant, &node, &versions);
	is_new = node.size == run.cut->size;
	SIM_CHECK(is_new || node.size == 5000, "half: a file of %llu bytes",
	    (unsigned long long)node.size);
	SIM_CHECK(is_new || !run.acknowledged, "lost: it was acknowledged");
	SIM_CHECK(state_of(&op, tenant, &node) == (is_new ? AFTER : BEFORE),
	    "bytes: those of the other state");
	SIM_CHECK(
	    versions == is_new, "half: %lld versions", (long long)versions);
	await_all_sites(tenant);
	await_sweep(&op, tenant, SITES * data_segments(is_new));
	await_all_sites(tenant);
	MUST(&op, tenant_reader(&op, tenant, &reader));
	MUST(&op, db_state_hash(&op, reader->db, hash));
	tenant_reader_put(tenant, reader);
	tenant_put(tenant);
	service_close(&op, service);
	each_site_alone(&op, hash);
	run.done = true;
	op_release(&op);
}

/* ---- a run ---- */

static void
world_make(void)
{
	static const char *const paths[SITES] = {
	    "/sim/tokyo", "/sim/osaka", "/sim/sendai"};
	struct op op;
	char url[64];
	size_t i;

	op_init(&op);
	MUST(&op, db_library_init(&op));
	MUST(&op, keystore_new(&op, &run.keystore));
	run.host = sim_disk_new("/sim/host");
	run.reg = (struct site_register){.version = 1, .n = SITES, .m = 2};
	for (i = 0; i < SITES; i++) {
		run.sites[i] = sim_disk_new(paths[i]);
		run.reg.ids[i][0] = (uint8_t)(i + 1);
		MUST(&op, keystore_add_site(
			      &op, run.keystore, run.reg.ids[i], paths[i] + 5));
		(void)snprintf(url, sizeof(url), "dir:%s", paths[i]);
		MUST(&op, site_create(&op, url, run.keystore->service,
			      run.reg.ids[i], paths[i] + 5));
	}
	for (i = 0; i < 2; i++)
		(void)snprintf(
		    run.db_path[i], PATH_SIZE, "%s/db-%zu", sim_sandbox(), i);
}

static void
cut_run(void *arg)
{
	size_t i;

	run.cut = arg;
	sim_limit(30000000);
	world_make();
	sim_on_failpoint(at_failpoint, NULL);
	sim_spawn(HOST, "first", first_main, NULL);
	sim_host_join(HOST);
	for (i = 0; i < SITES; i++)
		sim_disk_lose_unsynced(run.sites[i]);
	sim_disk_lose_unsynced(run.host);
	sim_sandbox_copy(run.db_path[0], run.db_path[1]);
	sim_sandbox_tear(run.db_path[1]);
	sim_count("passed", run.passed);
	sim_count("acknowledged", run.acknowledged);
	sim_spawn(HOST, "second", second_main, NULL);
	sim_host_join(HOST);
	SIM_CHECK(run.done, "harness: the second server did not end");
}

static uint64_t
stat_of(const struct sim_result *result, const char *name)
{
	size_t i;

	for (i = 0; i < SIM_STATS; i++)
		if (strcmp(result->stats[i].name, name) == 0)
			return result->stats[i].value;
	return 0;
}

static void
cut_at(struct cut *cut, struct sim_result *ret_result)
{
	sim_fork(cut->seed, cut_run, cut, 40, ret_result);
	if (!ret_result->ok)
		fail_msg("%zu bytes, seed %u, passing %u: %s", cut->size,
		    (unsigned)cut->seed, cut->at, ret_result->message);
}

/* At each passing of a failpoint in turn (or each step-th), and after the
 * answer. */
static void
cut_everywhere(uint64_t seed, size_t size, unsigned step, unsigned least)
{
	struct cut cut = {.seed = seed, .size = size};
	struct sim_result result;
	unsigned n, unanswered = 0;

	cut_at(&cut, &result);
	assert_int_equal(stat_of(&result, "acknowledged"), 1);
	n = (unsigned)stat_of(&result, "passed");
	assert_true(n >= least);
	for (cut.at = 1; cut.at <= n; cut.at += step) {
		cut_at(&cut, &result);
		unanswered += stat_of(&result, "acknowledged") == 0;
	}
	assert_true(unanswered * step >= n / 2);
}

static void
the_power_goes_at_each_failpoint_of_a_small_put(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++)
		cut_everywhere(seed, 3000, 1, 9);
}

static void
the_power_goes_at_each_failpoint_of_a_put_with_a_data_segment(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++)
		cut_everywhere(seed, 200000, 1, 15);
}

static void
the_power_goes_at_failpoints_of_an_upload_session(void **state)
{
	(void)state;
	cut_everywhere(1, (16 << 20) + 70000, 4, 30);
}

/* ---- a name that is there already ---- */

/* Somebody copied an object to the site and synced nothing. */
static void
copy_unsynced(struct op *op, const struct object_name *name, struct span bytes)
{
	CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
	CLEANUP(io_close) int root_fd = -1;
	CLEANUP(io_close) int fd = -1;

	MUST(op, io_open_root(op, "/sim/tokyo", &root_fd));
	MUST(op, io_open_dir(op, root_fd, name->folder, false, &fd));
	MUST(op, io_tmp_create(op, fd, false, &tmp));
	MUST(op, io_tmp_write(op, &tmp, bytes));
	MUST(op, io_tmp_link(op, &tmp, name->file));
}

static void
exists_run(void *arg)
{
	const uint8_t id[OBJECT_ID_SIZE] = {1};
	const struct object_name name = {"log/7", "an-object"};
	const struct span bytes = span_str("these are its bytes");
	struct sim_disk *disk = sim_disk_new("/sim/tokyo");
	struct span found;
	struct site *site;
	struct op op;

	(void)arg;
	op_init(&op);
	MUST(&op, site_create(&op, "dir:/sim/tokyo", id, id, "tokyo"));
	MUST(&op, site_open(&op, "dir:/sim/tokyo", id, id, "tokyo", &site));
	MUST(&op, site_attach(&op, site));
	MUST(&op, site_prepare(&op, site, name.folder));
	copy_unsynced(&op, &name, bytes);
	SIM_CHECK(sim_disk_look(disk, "log/7/an-object", &found) == SIM_SEEN,
	    "harness: it is durable already");
	MUST(&op, site_put(&op, site, &name, bytes));
	sim_disk_lose_unsynced(disk);
	SIM_CHECK(
	    sim_disk_look(disk, "log/7/an-object", &found) == SIM_DURABLE &&
		span_equal(found, bytes),
	    "lost: what was there already, and told");
	site_close(site);
	op_release(&op);
}

static void
a_name_that_is_there_already_counts_only_once_it_is_synced(void **state)
{
	struct sim_result result;

	(void)state;
	sim_fork(1, exists_run, NULL, 20, &result);
	if (!result.ok)
		fail_msg("%s", result.message);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_power_goes_at_each_failpoint_of_a_small_put),
	    cmocka_unit_test(
		the_power_goes_at_each_failpoint_of_a_put_with_a_data_segment),
	    cmocka_unit_test(the_power_goes_at_failpoints_of_an_upload_session),
	    cmocka_unit_test(
		a_name_that_is_there_already_counts_only_once_it_is_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
