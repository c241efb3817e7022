/* service_fixture.c - a service in a sandbox. */
#include "lib/service_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/rand.h"
#include "meta/setting.h"
#include "store/site_id.h"

static bool library_ready; /* SQLite wants that once a process */
static const char *const names[FIXTURE_SITES] = {
    "tokyo", "osaka", "sendai", "nagoya", "fukuoka", "sapporo"};

void
fixture_init(struct fixture *f, size_t n, uint32_t m)
{
	CLEANUP(op_release) struct op op;
	char url[310];
	size_t i;

	op_init(&op);
	memset(f, 0, sizeof(*f));
	f->path = test_sandbox();
	f->n_sites = n;
	f->m = m;
	if (!library_ready)
		ASSERT_OK(&op, db_library_init(&op));
	library_ready = true;
	ASSERT_OK(&op, keystore_new(&op, &f->keystore));
	ASSERT_OK(&op, io_open_root(&op, f->path, &f->dir_fd));
	(void)snprintf(f->db_path, sizeof(f->db_path), "%.280s/db", f->path);
	assert_int_equal(mkdir(f->db_path, 0700), 0);
	f->reg.version = 1;
	f->reg.m = m;
	f->reg.n = (uint32_t)n;
	for (i = 0; i < n; i++) {
		(void)snprintf(f->site_paths[i], sizeof(f->site_paths[i]),
		    "%.280s/%s", f->path, names[i]);
		(void)snprintf(url, sizeof(url), "dir:%s", f->site_paths[i]);
		rand_bytes(f->reg.ids[i], OBJECT_ID_SIZE);
		ASSERT_OK(&op, keystore_add_site(
				   &op, f->keystore, f->reg.ids[i], names[i]));
		ASSERT_OK(&op, site_create(&op, url, f->keystore->service,
				   f->reg.ids[i], names[i]));
	}
}

void
fixture_release(struct fixture *f)
{
	keystore_free(f->keystore);
	io_close(&f->dir_fd);
	test_sandbox_remove(f->path);
}

static void
sites_make(struct op *op, const struct fixture *f, struct sites **ret_sites)
{
	struct site *site;
	char url[310];
	size_t i;

	ASSERT_OK(op, sites_new(op, ret_sites));
	for (i = 0; i < f->n_sites; i++) {
		if (f->gone[i])
			continue;
		(void)snprintf(url, sizeof(url), "dir:%s", f->site_paths[i]);
		ASSERT_OK(op, site_open(op, url, f->keystore->service,
				  f->reg.ids[i], names[i], &site));
		ASSERT_OK(op, sites_add(op, *ret_sites, site));
	}
}

/* ---- sites that come and go ---- */

/* A file of the sandbox that tells other processes. */
static void
mark(const struct fixture *f, const char *what, size_t site)
{
	char path[400];
	FILE *file;

	(void)snprintf(
	    path, sizeof(path), "%.300s/%s-%s", f->path, what, names[site]);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static bool
is_marked(const struct fixture *f, const char *what, size_t site)
{
	char path[400];

	(void)snprintf(
	    path, sizeof(path), "%.300s/%s-%s", f->path, what, names[site]);
	return access(path, F_OK) == 0;
}

static enum rc
site_forgotten(void *arg, struct op *op, const uint8_t id[OBJECT_ID_SIZE])
{
	struct fixture *f = arg;
	size_t i;

	(void)op;
	for (i = 0; i < f->n_sites; i++)
		if (memcmp(f->reg.ids[i], id, OBJECT_ID_SIZE) == 0) {
			f->gone[i] = true;
			mark(f, "gone", i);
		}
	return RC_OK;
}

/* The same in every process. */
static void
site_place(struct fixture *f, size_t i)
{
	memset(f->reg.ids[i], 0x40 + (int)i, OBJECT_ID_SIZE);
	(void)snprintf(f->site_paths[i], sizeof(f->site_paths[i]), "%.280s/%s",
	    f->path, names[i]);
}

void
fixture_sites_find(struct fixture *f)
{
	size_t i;

	for (i = 0; i < FIXTURE_SITES; i++) {
		if (i >= f->n_sites && is_marked(f, "made", i)) {
			site_place(f, i);
			f->n_sites = i + 1;
		}
		f->gone[i] = is_marked(f, "gone", i);
	}
}

size_t
fixture_site_make(struct op *op, struct fixture *f)
{
	size_t i = f->n_sites;
	struct site_id found;
	struct site *site;
	char url[310];

	assert_true(i < FIXTURE_SITES);
	site_place(f, i);
	ASSERT_OK(op, site_keys_add(op, f->service, f->reg.ids[i], names[i]));
	(void)snprintf(url, sizeof(url), "dir:%s", f->site_paths[i]);
	if (site_identify(op, url, &found) != RC_OK) {
		op_clear_error(op);
		ASSERT_OK(op, site_create(op, url, f->keystore->service,
				  f->reg.ids[i], names[i]));
	}
	mark(f, "made", i);
	f->n_sites = i + 1;
	ASSERT_OK(op, site_open(op, url, f->keystore->service, f->reg.ids[i],
			  names[i], &site));
	ASSERT_OK(op, sites_add(op, f->service->config.sites, site));
	return i;
}

static enum rc
keystore_kept(void *arg, struct op *op, const struct keystore *keystore)
{
	struct fixture *f = arg;
	CLEANUP(buf_release) struct buf bytes = {.limit = KEYSTORE_FILE_MAX};
	int left = atomic_load(&f->keeps_left);

	if (left == 1)
		FAIL(op, RC_NO_SPACE, "the disk is full");
	if (left > 1)
		atomic_store(&f->keeps_left, left - 1);
	TRY(keystore_write(op, keystore, &bytes));
	return io_write_file(op, f->dir_fd, "keystore", buf_span(&bytes), 0600);
}

static void
config_fill(struct fixture *f, struct service_config *config)
{
	memset(config, 0, sizeof(*config));
	config->dir_fd = f->dir_fd;
	config->db_path = f->db_path;
	config->db_folder = "db";
	config->keystore = f->keystore;
	config->keep = keystore_kept;
	config->keep_arg = f;
	config->forget = site_forgotten;
	config->forget_arg = f;
	config->host = "test";
	config->offer_time = f->offer_time;
	config->committers = f->committers;
	config->scrub_rate = f->scrub_rate;
	config->reserve_bytes = f->reserve > 0 ? f->reserve : 1;
}

enum rc
fixture_open(struct op *op, struct fixture *f)
{
	struct service_config config;
	enum rc rc;

	config_fill(f, &config);
	config.first = f->made ? NULL : &f->reg;
	sites_make(op, f, &config.sites);
	rc = service_open(op, &config, &f->service);
	if (rc == RC_OK)
		f->made = true;
	else
		f->service = NULL;
	return rc;
}

enum rc
fixture_open_other(
    struct op *op, struct fixture *f, struct service **ret_service)
{
	struct service_config config;
	static char db_path[320];

	config_fill(f, &config);
	(void)snprintf(db_path, sizeof(db_path), "%.300s2", f->db_path);
	(void)mkdir(db_path, 0700);
	config.db_path = db_path;
	config.db_folder = "db2";
	sites_make(op, f, &config.sites);
	return service_open(op, &config, ret_service);
}

enum rc
fixture_open_alone(
    struct op *op, struct fixture *f, size_t site, struct service **ret_service)
{
	struct service_config config;
	static char db_path[320];
	struct site *alone;
	char url[310];

	config_fill(f, &config);
	(void)snprintf(db_path, sizeof(db_path), "%.300s.alone", f->db_path);
	(void)mkdir(db_path, 0700);
	config.db_path = db_path;
	config.db_folder = "db.alone";
	config.read_only = true;
	(void)snprintf(url, sizeof(url), "dir:%s", f->site_paths[site]);
	ASSERT_OK(op, sites_new(op, &config.sites));
	ASSERT_OK(op, site_open(op, url, f->keystore->service, f->reg.ids[site],
			  names[site], &alone));
	ASSERT_OK(op, sites_add(op, config.sites, alone));
	return service_open(op, &config, ret_service);
}

void
fixture_close(struct op *op, struct fixture *f)
{
	service_close(op, f->service);
	f->service = NULL;
}

void
fixture_drop_databases(struct fixture *f)
{
	DIR *dir = opendir(f->db_path);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
}

void
fixture_away(const struct fixture *f, size_t site)
{
	char away[320];

	(void)snprintf(away, sizeof(away), "%s.away", f->site_paths[site]);
	assert_int_equal(rename(f->site_paths[site], away), 0);
}

void
fixture_back(const struct fixture *f, size_t site)
{
	char away[320];

	(void)snprintf(away, sizeof(away), "%s.away", f->site_paths[site]);
	assert_int_equal(rename(away, f->site_paths[site]), 0);
}

void
fixture_shell(const struct fixture *f, const char *command)
{
	char text[2000];

	(void)snprintf(text, sizeof(text), "set -e; cd '%.300s'; %.1600s",
	    f->path, command);
	assert_int_equal(system(text), 0);
}

struct set_change {
	struct change change;
	int64_t value;
};

static enum rc
set_run(struct op *op, struct tx *tx, struct change *change)
{
	struct set_change *set =
	    container_of(change, struct set_change, change);

	return setting_set(op, tx->meta, SETTING_TRASH_DAYS, set->value);
}

enum rc
fixture_set(struct op *op, struct tenant *tenant, int64_t value,
    struct receipt *ret_receipt)
{
	struct set_change set = {.change.run = set_run, .value = value};
	enum rc rc = change_commit(op, tenant, &set.change);

	if (ret_receipt != NULL)
		*ret_receipt = set.change.receipt;
	return rc;
}

int64_t
fixture_get(struct op *op, struct tenant *tenant)
{
	struct reader *reader;
	int64_t value;

	ASSERT_OK(op, tenant_reader(op, tenant, &reader));
	ASSERT_OK(
	    op, setting_get(op, &reader->meta, SETTING_TRASH_DAYS, &value));
	tenant_reader_put(tenant, reader);
	return value;
}

void
fixture_await_ready(struct tenant *tenant)
{
	struct timespec step = {.tv_nsec = 10000000};
	int tries;

	for (tries = 0; tries < 12000; tries++) {
		enum tenant_mode mode;

		mutex_lock(&tenant->lock);
		mode = tenant->mode;
		mutex_unlock(&tenant->lock);
		if (mode == TENANT_READY)
			return;
		(void)nanosleep(&step, NULL);
	}
	fail_msg("the tenant is not ready: %s", tenant->why);
}

void
fixture_await_sites(struct fixture *f, struct tenant *tenant, size_t n)
{
	struct timespec step = {.tv_nsec = 10000000};
	int tries;

	(void)f;
	for (tries = 0; tries < 12000; tries++) {
		if (site_set_count(lanes_in_service(&tenant->lanes)) == n)
			return;
		(void)nanosleep(&step, NULL);
	}
	fail_msg("%zu sites are in service, not %zu",
	    site_set_count(lanes_in_service(&tenant->lanes)), n);
}

size_t
fixture_count(
    const struct fixture *f, size_t site, const char *kind, uint64_t tenant)
{
	char folder[OBJECT_FOLDER_SIZE], path[400];
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	object_folder(folder, kind, tenant);
	(void)snprintf(
	    path, sizeof(path), "%s/%s", f->site_paths[site], folder);
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}
