/* world.c - a service with a tenant, and files whose bytes are known. */
#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"
#include "core/check.h"
#include "core/download.h"
#include "core/member.h"
#include "core/path.h"
#include "core/upload.h"
#include "meta/local.h"

enum { PIECE = 100000, AWAIT_MS = 120000 };

void
world_in_memory(void)
{
	/* Its own folder's rights tell whether it can be used. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
}

static enum rc
space_find(void *arg, struct op *op, const struct node *node)
{
	struct world *w = arg;

	(void)op;
	w->space = node->id;
	return RC_OK;
}

/* The company's space is the last one that path_spaces tells of. */
static void
world_enter(struct world *w)
{
	struct reader *reader;
	struct member_row member;

	ASSERT_OK(
	    &w->op, service_tenant_named(&w->op, w->f.service, "demo", &w->t));
	w->id = w->t->id;
	w->op.actor = (struct actor){.tenant = w->id};
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(&w->op,
	    member_find(&w->op, &reader->meta, span_str("admin"), &member));
	w->member = member.id;
	w->op.actor.member = member.id;
	ASSERT_OK(&w->op, path_spaces(&w->op, &reader->meta, space_find, w));
	tenant_reader_put(w->t, reader);
}

void
world_make(struct world *w, size_t n, uint32_t m)
{
	struct member_new admin = {
	    .login = span_str("admin"),
	    .password = span_str("a long password"),
	    .role = MEMBER_ADMINISTRATOR,
	};
	struct tenant *t;

	memset(w, 0, sizeof(*w));
	op_init(&w->op);
	fixture_init(&w->f, n, m);
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	ASSERT_OK(&w->op,
	    service_tenant_add(&w->op, w->f.service, "demo", "ja", &w->id));
	ASSERT_OK(&w->op, service_tenant(&w->op, w->f.service, w->id, &t));
	w->op.actor.tenant = w->id;
	ASSERT_OK(&w->op, member_found(&w->op, t, LANG_JA, &admin));
	tenant_put(t);
	world_enter(w);
	world_await(w, "every site is in service", world_sites_in_service, n);
}

void
world_stop(struct world *w)
{
	tenant_put(w->t);
	w->t = NULL;
	fixture_close(&w->op, &w->f);
}

void
world_start(struct world *w)
{
	ASSERT_OK(&w->op, fixture_open(&w->op, &w->f));
	world_enter(w);
}

void
world_start_without_databases(struct world *w)
{
	world_stop(w);
	fixture_drop_databases(&w->f);
	world_start(w);
}

void
world_end(struct world *w)
{
	if (w->f.service != NULL)
		world_stop(w);
	fixture_release(&w->f);
	op_release(&w->op);
}

/* ---- small disks ---- */

bool
world_on_small_disk(struct world *w, size_t n, uint32_t m, const char *folder)
{
	char command[500];
	bool mounted;

	world_make(w, n, m);
	world_stop(w);
	(void)snprintf(command, sizeof(command),
	    "cd '%.200s' && mv %s old && mkdir %s && "
	    "{ mount -t tmpfs -o size=8m,mode=700 dozo-test %s 2>/dev/null || "
	    "{ rmdir %s; mv old %s; exit 1; }; } && cp -a old/. %s/ && "
	    "rm -rf old",
	    w->f.path, folder, folder, folder, folder, folder, folder);
	mounted = system(command) == 0;
	world_start(w);
	if (mounted)
		return true;
	print_message("skipped: this user may not mount a tmpfs\n");
	world_end(w);
	return false;
}

void
world_small_disk_end(struct world *w, const char *folder)
{
	char command[200];

	world_stop(w);
	(void)snprintf(command, sizeof(command), "umount %s", folder);
	fixture_shell(&w->f, command);
}

/* ---- one sandbox, two processes ---- */

static void
file_write(const struct world *w, const char *name, const void *data, size_t n)
{
	char path[400];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%.300s/%s", w->f.path, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static size_t
file_read(const char *folder, const char *name, void *out, size_t room)
{
	char path[400];
	FILE *file;
	size_t n;

	(void)snprintf(path, sizeof(path), "%.300s/%s", folder, name);
	file = fopen(path, "re");
	assert_non_null(file);
	n = fread(out, 1, room, file);
	(void)fclose(file);
	return n;
}

void
world_keep(const struct world *w)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf bytes = {0};

	op_init(&op);
	buf_init(&bytes, 4096);
	ASSERT_OK(&op, keystore_write(&op, w->f.keystore, &bytes));
	file_write(w, "keystore", bytes.data, bytes.size);
	file_write(w, "register", &w->f.reg, sizeof(w->f.reg));
}

void
world_adopt(struct world *w, const char *path, size_t n, uint32_t m)
{
	static const char *const names[] = {"tokyo", "osaka", "sendai"};
	struct fixture *f = &w->f;
	uint8_t bytes[4096];
	size_t i, size;

	memset(w, 0, sizeof(*w));
	op_init(&w->op);
	f->path = strdup(path);
	assert_non_null(f->path);
	f->n_sites = n;
	f->m = m;
	f->made = true;
	ASSERT_OK(&w->op, db_library_init(&w->op));
	size = file_read(path, "keystore", bytes, sizeof(bytes));
	ASSERT_OK(&w->op, keystore_read(&w->op, span_of(bytes, size),
			      span_of(NULL, 0), &f->keystore));
	assert_int_equal(file_read(path, "register", &f->reg, sizeof(f->reg)),
	    sizeof(f->reg));
	ASSERT_OK(&w->op, io_open_root(&w->op, path, &f->dir_fd));
	(void)snprintf(f->db_path, sizeof(f->db_path), "%.280s/db", path);
	for (i = 0; i < n; i++)
		(void)snprintf(f->site_paths[i], sizeof(f->site_paths[i]),
		    "%.280s/%s", path, names[i]);
	fixture_sites_find(f);
	world_start(w);
}

/* ---- files ---- */

void
world_ask(const struct world *w, struct op *op)
{
	op_init(op);
	op->actor = (struct actor){.tenant = w->id, .member = w->member};
}

void
world_fill(uint8_t *out, size_t n, uint64_t position, uint32_t seed)
{
	uint64_t word = 0, of = UINT64_MAX;
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t at = position + i;

		if (at / 8 != of) {
			of = at / 8;
			word = (of + 1) * UINT64_C(0x9e3779b97f4a7c15) ^
			       (uint64_t)seed * UINT64_C(0xd1b54a32d192ed03);
			word ^= word >> 29;
		}
		out[i] = (uint8_t)(word >> 8 * (at % 8));
	}
}

static enum rc
upload_bytes(struct op *op, struct upload *upload, uint64_t size, uint32_t seed)
{
	uint8_t *piece = malloc(PIECE);
	uint64_t done;
	enum rc rc = RC_OK;

	assert_non_null(piece);
	for (done = 0; done < size && rc == RC_OK;) {
		size_t step =
		    size - done < PIECE ? (size_t)(size - done) : PIECE;

		world_fill(piece, step, done, seed);
		rc = upload_write(op, upload, span_of(piece, step));
		done += step;
	}
	free(piece);
	return rc;
}

enum rc
world_put(struct op *op, struct world *w, int64_t parent, const char *name,
    uint64_t size, uint32_t seed, struct file_put_result *ret_result)
{
	struct file_put file = {.to.parent = parent};
	struct upload *upload;
	enum rc rc;

	TRY(tree_name_init(op, span_str(name), &file.to.name));
	TRY(upload_open(op, w->t, true, &upload));
	rc = upload_bytes(op, upload, size, seed);
	if (rc == RC_OK)
		rc = upload_end(op, upload, &file.content);
	if (rc == RC_OK)
		rc = file_put(op, w->t, &file, ret_result);
	upload_free(upload);
	return rc;
}

enum rc
world_mkdir(struct op *op, struct world *w, int64_t parent, const char *name,
    int64_t *ret_node)
{
	struct tree_target to = {.parent = parent};
	struct precondition none = {0};
	struct tree_result result;

	TRY(tree_name_init(op, span_str(name), &to.name));
	TRY(tree_mkdir(op, w->t, &to, &none, &result));
	*ret_node = result.etag.node;
	return RC_OK;
}

enum rc
world_find(struct op *op, struct world *w, int64_t parent, const char *name,
    struct node *ret_node)
{
	uint8_t key[META_NAME_KEY_SIZE];
	struct tree_name text;
	struct reader *reader;
	enum rc rc;

	TRY(tree_name_init(op, span_str(name), &text));
	TRY(tenant_reader(op, w->t, &reader));
	node_key(&w->t->keys, parent, text.fold, key);
	rc = node_find(op, &reader->meta, parent, key, ret_node);
	tenant_reader_put(w->t, reader);
	return rc;
}

enum rc
world_node(struct op *op, struct world *w, int64_t id, struct node *ret_node)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, w->t, &reader));
	rc = node_get(op, &reader->meta, id, ret_node);
	tenant_reader_put(w->t, reader);
	return rc;
}

static enum rc
download_compare(struct op *op, struct download *download, uint64_t size,
    uint32_t seed, bool *ret_same)
{
	uint8_t *got = malloc(PIECE), *want = malloc(PIECE);
	uint64_t done = 0;
	enum rc rc;
	size_t n;

	assert_true(got != NULL && want != NULL);
	*ret_same = download_size(download) == size;
	do {
		n = 0;
		rc = download_read(op, download, done, got, PIECE, &n);
		world_fill(want, n, done, seed);
		if (memcmp(got, want, n) != 0)
			*ret_same = false;
		done += n;
	} while (rc == RC_OK && n > 0 && *ret_same);
	if (rc == RC_OK && done != size)
		*ret_same = false;
	free(got);
	free(want);
	return rc;
}

enum rc
world_read(struct op *op, struct world *w, int64_t content, uint64_t size,
    uint32_t seed, bool *ret_same)
{
	struct download *download;
	enum rc rc;

	TRY(download_open(op, w->t, content, &download));
	rc = download_compare(op, download, size, seed, ret_same);
	download_free(download);
	return rc;
}

void
world_check(struct world *w, int64_t parent, const char *name, uint64_t size,
    uint32_t seed)
{
	struct node node;
	bool same;

	ASSERT_OK(&w->op, world_find(&w->op, w, parent, name, &node));
	assert_int_equal(node.size, size);
	ASSERT_OK(
	    &w->op, world_read(&w->op, w, node.content, size, seed, &same));
	if (!same)
		fail_msg("%s has other bytes than were put", name);
}

/* ---- waiting ---- */

void
world_poke(struct world *w)
{
	mutex_lock(&w->f.service->lock);
	cond_broadcast(&w->f.service->changed);
	mutex_unlock(&w->f.service->lock);
}

void
world_await(struct world *w, const char *what,
    bool (*question)(struct world *w, size_t arg), size_t arg)
{
	struct timespec step = {.tv_nsec = 5000000};
	int64_t until = clock_mono() + AWAIT_MS * CLOCK_MS;

	while (!question(w, arg)) {
		if (clock_mono() > until)
			fail_msg("not within %d s: %s", AWAIT_MS / 1000, what);
		world_poke(w);
		(void)nanosleep(&step, NULL);
	}
}

bool
world_sites_in_service(struct world *w, size_t n)
{
	return site_set_count(lanes_in_service(&w->t->lanes)) == n;
}

/* An answer leaves with m sites' acks; the others follow. */
static bool
sites_have_head(struct world *w, size_t n)
{
	struct lanes *lanes = &w->t->lanes;
	uint64_t head;
	bool all = world_sites_in_service(w, n);
	size_t i;

	tenant_lock(w->t);
	head = w->t->head.number;
	tenant_unlock(w->t);
	mutex_lock(&lanes->lock);
	for (i = 0; i < lanes->sites->n; i++)
		if (lanes->lane[i].in_service && lanes->lane[i].held != head)
			all = false;
	mutex_unlock(&lanes->lock);
	return all;
}

bool
world_site_is_out(struct world *w, size_t site)
{
	return !site_set_has(lanes_in_service(&w->t->lanes), site);
}

bool
world_is_ready(struct world *w, size_t unused)
{
	bool ready;

	(void)unused;
	mutex_lock(&w->t->lock);
	ready = w->t->mode == TENANT_READY;
	mutex_unlock(&w->t->lock);
	return ready;
}

bool
world_is_swept(struct world *w, size_t unused)
{
	bool swept;

	(void)unused;
	tenant_lock(w->t);
	mutex_lock(&w->t->lock);
	swept = w->t->swept && w->t->found_swept && w->t->n_dead == 0;
	mutex_unlock(&w->t->lock);
	tenant_unlock(w->t);
	return swept;
}

/* ---- looking ---- */

void
world_state_hash(struct world *w, uint8_t out[DB_HASH_SIZE])
{
	struct reader *reader;

	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	ASSERT_OK(&w->op, db_state_hash(&w->op, reader->db, out));
	tenant_reader_put(w->t, reader);
}

/* The id that a data segment's file name begins with. */
static bool
data_is_named(struct world *w, const char *file)
{
	uint8_t id[OBJECT_ID_SIZE];
	struct local_data row;
	struct reader *reader;
	size_t i;
	unsigned byte;
	enum rc rc;

	for (i = 0; i < sizeof(id); i++) {
		if (sscanf(file + 2 * i, "%2x", &byte) != 1)
			return false;
		id[i] = (uint8_t)byte;
	}
	ASSERT_OK(&w->op, tenant_reader(&w->op, w->t, &reader));
	rc = local_data_get(&w->op, &reader->meta, id, &row);
	tenant_reader_put(w->t, reader);
	op_clear_error(&w->op);
	return rc == RC_OK;
}

static size_t
look_at_folder(struct world *w, size_t site, const char *kind)
{
	char folder[OBJECT_FOLDER_SIZE], path[400];
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	object_folder(folder, kind, w->id);
	(void)snprintf(
	    path, sizeof(path), "%.300s/%s", w->f.site_paths[site], folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (strncmp(entry->d_name, ".tmp", 4) == 0)
			fail_msg("%s: temporary file %s", path, entry->d_name);
		if (strcmp(kind, "data") == 0 &&
		    !data_is_named(w, entry->d_name))
			fail_msg("%s: orphan %s", path, entry->d_name);
		n++;
	}
	(void)closedir(dir);
	return n;
}

void
world_assert_no_orphans(struct world *w)
{
	static int64_t days; /* another value each time, else no number */
	size_t i;

	days = days % 60 + 1;
	ASSERT_OK(&w->op, fixture_set(&w->op, w->t, 30 + days, NULL));
	world_await(w, "the sweep has been", world_is_swept, 0);
	for (i = 0; i < w->f.n_sites; i++) {
		(void)look_at_folder(w, i, "data");
		(void)look_at_folder(w, i, "log");
		assert_int_equal(look_at_folder(w, i, "keys"), 1);
	}
}

static void
problem_print(void *arg, size_t site, const char *text)
{
	(void)arg;
	print_message("site %zu: %s\n", site, text);
}

void
world_assert_whole(struct world *w, size_t n_sites)
{
	struct check_job job = {.depth = CHECK_OPEN, .problem = problem_print};
	struct check_report report;
	size_t i;

	world_await(w, "every site has the head", sites_have_head, n_sites);
	ASSERT_OK(&w->op, check_tenant(&w->op, w->t, &job, &report));
	for (i = 0; i < w->f.n_sites; i++) {
		assert_true(report.sites[i].looked);
		assert_int_equal(report.sites[i].missing, 0);
		assert_int_equal(report.sites[i].damaged, 0);
		assert_int_equal(report.sites[i].strange, 0);
	}
}

/* ---- chance ---- */

uint32_t
world_dice(uint64_t *state, uint32_t n)
{
	*state = *state * UINT64_C(6364136223846793005) +
		 UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33) % n;
}

uint64_t
world_seed(void)
{
	const char *text = getenv("DOZO_TEST_SEED");
	uint64_t seed;

	if (text != NULL)
		seed = strtoull(text, NULL, 10);
	else
		rand_bytes(&seed, sizeof(seed));
	print_message("DOZO_TEST_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}
