/*
 * core_bench.c - the committer, uploads and downloads without any door: two
 * directory sites below a folder, one tenant, real threads. For profiles.
 *
 *     core_bench DIR [puts THREADS COUNT] [gets] [stream MIB]...
 *     core_bench DIR disk COUNT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rand.h"
#include "bench/pattern.h"
#include "bench/report.h"
#include "core/download.h"
#include "core/member.h"
#include "core/path.h"
#include "core/service.h"
#include "core/upload.h"

enum {
	SITES = 2,
	FOLDERS = 16,
	SMALL = 4096,
	PIECE = 65536,
	THREADS_MAX = 256
};

struct world {
	struct op op;
	struct keystore *keystore;
	struct service *service;
	struct tenant *tenant;
	uint64_t id;
	int dir_fd;
	char db_path[512];
	int64_t space;
	int64_t folders[FOLDERS];
};

struct worker {
	struct thread thread;
	struct world *world;
	size_t index;
	size_t count;
	int64_t *latencies;
	int64_t *contents;
};

/* All failures end the program: there is nothing to measure then. */
static void
must(struct op *op, enum rc rc)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "core_bench: %s\n", op_error(op, rc));
	exit(1);
}

static void
sites_make(struct world *w, const char *dir, struct site_register *reg,
    struct sites **ret_sites)
{
	static const char *const names[SITES] = {"a", "b"};
	struct site *site;
	char url[512];
	size_t i;

	must(&w->op, sites_new(&w->op, ret_sites));
	*reg = (struct site_register){.version = 1, .m = SITES, .n = SITES};
	for (i = 0; i < SITES; i++) {
		(void)snprintf(url, sizeof(url), "dir:%s/%s", dir, names[i]);
		rand_bytes(reg->ids[i], OBJECT_ID_SIZE);
		must(&w->op, keystore_add_site(
				 &w->op, w->keystore, reg->ids[i], names[i]));
		must(&w->op, site_create(&w->op, url, w->keystore->service,
				 reg->ids[i], names[i]));
		must(&w->op, site_open(&w->op, url, w->keystore->service,
				 reg->ids[i], names[i], &site));
		must(&w->op, sites_add(&w->op, *ret_sites, site));
	}
}

static enum rc
space_take(void *arg, struct op *op, const struct node *node)
{
	struct world *w = arg;

	(void)op;
	w->space = node->id;
	return RC_OK;
}

/* The company's space, with folders three levels below it: four ancestors. */
static void
folders_make(struct world *w)
{
	struct tree_target to = {0};
	struct tree_result result;
	char name[32];
	size_t i;

	to.parent = w->space;
	for (i = 0; i < FOLDERS + 2; i++) {
		(void)snprintf(name, sizeof(name), "folder %zu", i);
		must(&w->op, tree_name_init(&w->op, span_str(name), &to.name));
		must(&w->op, tree_mkdir(&w->op, w->tenant, &to,
				 &(struct precondition){0}, &result));
		if (i < 2)
			to.parent = result.etag.node;
		else
			w->folders[i - 2] = result.etag.node;
	}
}

static void
tenant_make(struct world *w)
{
	struct member_new admin = {
	    .login = span_str("admin"),
	    .password = span_str("a long password"),
	    .role = MEMBER_ADMINISTRATOR,
	};
	struct member_row member;
	struct reader *reader;

	must(&w->op,
	    service_tenant_add(&w->op, w->service, "demo", "en", &w->id));
	must(&w->op, service_tenant(&w->op, w->service, w->id, &w->tenant));
	w->op.actor.tenant = w->id;
	must(&w->op, member_found(&w->op, w->tenant, LANG_EN, &admin));
	must(&w->op, tenant_reader(&w->op, w->tenant, &reader));
	must(&w->op,
	    member_find(&w->op, &reader->meta, span_str("admin"), &member));
	w->op.actor.member = member.id;
	must(&w->op, path_spaces(&w->op, &reader->meta, space_take, w));
	tenant_reader_put(w->tenant, reader);
	folders_make(w);
}

static void
world_open(struct world *w, const char *dir)
{
	struct service_config config = {0};
	struct site_register reg;

	memset(w, 0, sizeof(*w));
	op_init(&w->op);
	must(&w->op, db_library_init(&w->op));
	must(&w->op, keystore_new(&w->op, &w->keystore));
	must(&w->op, io_open_root(&w->op, dir, &w->dir_fd));
	(void)snprintf(w->db_path, sizeof(w->db_path), "%.500s/db", dir);
	(void)mkdir(w->db_path, 0700);
	sites_make(w, dir, &reg, &config.sites);
	config.dir_fd = w->dir_fd;
	config.db_path = w->db_path;
	config.db_folder = "db";
	config.keystore = w->keystore;
	config.first = &reg;
	config.host = "bench";
	config.reserve_bytes = 1;
	must(&w->op, service_open(&w->op, &config, &w->service));
	tenant_make(w);
}

static void
world_close(struct world *w)
{
	tenant_put(w->tenant);
	service_close(&w->op, w->service);
	keystore_free(w->keystore);
	io_close(&w->dir_fd);
	op_release(&w->op);
}

/* One file, as a door would put it. */
static int64_t
put_one(struct op *op, struct world *w, int64_t folder, const char *name,
    uint64_t size, uint64_t seed)
{
	struct file_put put = {.to.parent = folder};
	struct file_put_result result;
	struct upload *upload;
	uint8_t piece[PIECE];
	uint64_t at;

	must(op, tree_name_init(op, span_str(name), &put.to.name));
	must(op, upload_open(op, w->tenant, false, &upload));
	for (at = 0; at < size;) {
		size_t step = size - at < PIECE ? (size_t)(size - at) : PIECE;

		pattern_fill(piece, step, at, seed);
		must(op, upload_write(op, upload, span_of(piece, step)));
		at += step;
	}
	must(op, upload_end(op, upload, &put.content));
	must(op, file_put(op, w->tenant, &put, &result));
	upload_free(upload);
	return result.tree.etag.node;
}

static void
check_one(
    struct op *op, struct world *w, int64_t id, uint64_t size, uint64_t seed)
{
	struct download *download;
	struct reader *reader;
	struct node node;
	uint8_t piece[PIECE];
	uint64_t at = 0;
	size_t n;

	must(op, tenant_reader(op, w->tenant, &reader));
	must(op, tree_stat(op, &reader->meta, id, &node));
	tenant_reader_put(w->tenant, reader);
	must(op, download_open(op, w->tenant, node.content, &download));
	do {
		must(op, download_read(op, download, at, piece, PIECE, &n));
		if (!pattern_check(piece, n, at, seed)) {
			(void)fprintf(stderr, "core_bench: wrong bytes\n");
			exit(1);
		}
		at += n;
	} while (n > 0);
	if (at != size)
		exit(1);
	download_free(download);
}

static uint64_t
seed_of(const struct worker *worker, size_t i)
{
	return worker->index << 32 | i;
}

static void
put_many(void *arg)
{
	struct worker *worker = arg;
	struct world *w = worker->world;
	char name[64];
	size_t i;

	for (i = 0; i < worker->count; i++) {
		CLEANUP(op_release) struct op op;
		int64_t before = report_now();

		op_init(&op);
		op.actor = w->op.actor;
		(void)snprintf(
		    name, sizeof(name), "file %zu-%zu", worker->index, i);
		worker->contents[i] =
		    put_one(&op, w, w->folders[(worker->index + i) % FOLDERS],
			name, SMALL, seed_of(worker, i));
		worker->latencies[i] = report_now() - before;
	}
}

static void
get_many(void *arg)
{
	struct worker *worker = arg;
	size_t i;

	for (i = 0; i < worker->count; i++) {
		CLEANUP(op_release) struct op op;
		int64_t before = report_now();

		op_init(&op);
		op.actor = worker->world->op.actor;
		check_one(&op, worker->world, worker->contents[i], SMALL,
		    seed_of(worker, i));
		worker->latencies[i] = report_now() - before;
	}
}

static void
run_threads(struct world *w, const char *name, struct worker *workers, size_t n,
    void (*run)(void *))
{
	uint64_t head = w->tenant->head.number;
	struct report report;
	char extra[64];
	size_t i, k;

	report_init(&report, name, n * workers[0].count);
	report.threads = n;
	report.bytes = (uint64_t)n * workers[0].count * SMALL;
	for (i = 0; i < n; i++)
		must(&w->op, thread_start(&w->op, &workers[i].thread, "worker",
				 run, &workers[i]));
	for (i = 0; i < n; i++)
		thread_join(&workers[i].thread);
	report.ended = report_now();
	for (i = 0; i < n; i++)
		for (k = 0; k < workers[i].count; k++)
			report_add(&report, workers[i].latencies[k]);
	(void)snprintf(extra, sizeof(extra), ", \"groups\": %llu",
	    (unsigned long long)(w->tenant->head.number - head));
	report_print(&report, extra);
	report_release(&report);
}

static struct worker workers[THREADS_MAX];
static size_t n_workers;

static void
bench_puts(struct world *w, size_t n, size_t count)
{
	static size_t first;
	size_t i;

	n = n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
	n_workers = n;
	for (i = 0; i < n; i++) {
		free(workers[i].latencies);
		free(workers[i].contents);
		workers[i] = (struct worker){
		    .world = w, .index = first++, .count = count / n};
		workers[i].latencies = calloc(count / n, sizeof(int64_t));
		workers[i].contents = calloc(count / n, sizeof(int64_t));
		if (workers[i].latencies == NULL || workers[i].contents == NULL)
			abort();
	}
	run_threads(w, "core-put-small", workers, n, put_many);
}

static void
bench_stream(struct world *w, uint64_t mib)
{
	struct report report;
	int64_t id, before;

	report_init(&report, "core-put-large", 1);
	before = report_now();
	id = put_one(&w->op, w, w->folders[0], "large", mib << 20, 12345);
	report_add(&report, report_now() - before);
	report.bytes = mib << 20;
	report_print(&report, "");
	report_release(&report);

	report_init(&report, "core-get-large", 1);
	before = report_now();
	check_one(&w->op, w, id, mib << 20, 12345);
	report_add(&report, report_now() - before);
	report.bytes = mib << 20;
	report_print(&report, "");
	report_release(&report);
}

/* What the disk alone does: 4 KiB files made durable one after the other. */
static void
bench_disk(struct op *op, const char *dir, size_t count)
{
	CLEANUP(io_close) int fd = -1;
	uint8_t bytes[SMALL];
	struct report report;
	char name[32];
	size_t i;

	must(op, io_open_root(op, dir, &fd));
	report_init(&report, "disk-alone", count);
	for (i = 0; i < count; i++) {
		CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
		int64_t before = report_now();

		pattern_fill(bytes, SMALL, 0, i);
		(void)snprintf(name, sizeof(name), "raw-%zu", i);
		must(op, io_tmp_create(op, fd, false, &tmp));
		must(op, io_tmp_write(op, &tmp, span_of(bytes, SMALL)));
		must(op, io_sync_file(op, tmp.fd));
		must(op, io_tmp_link(op, &tmp, name));
		must(op, io_sync_dir(op, fd));
		report_add(&report, report_now() - before);
	}
	report.bytes = (uint64_t)count * SMALL;
	report_print(&report, "");
	report_release(&report);
	for (i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "raw-%zu", i);
		must(op, io_unlink(op, fd, name));
	}
}

int
main(int argc, char **argv)
{
	static struct world w;
	CLEANUP(op_release) struct op op;
	int i;

	op_init(&op);
	if (argc == 4 && strcmp(argv[2], "disk") == 0) {
		bench_disk(&op, argv[1], strtoul(argv[3], NULL, 10));
		return 0;
	}
	if (argc < 4) {
		(void)fprintf(stderr, "usage: core_bench DIR disk COUNT | "
				      "core_bench DIR [puts THREADS COUNT] "
				      "[gets] [stream MIB]...\n");
		return 2;
	}
	world_open(&w, argv[1]);
	for (i = 2; i < argc;) {
		if (strcmp(argv[i], "puts") == 0 && i + 2 < argc) {
			bench_puts(&w, strtoul(argv[i + 1], NULL, 10),
			    strtoul(argv[i + 2], NULL, 10));
			i += 3;
		} else if (strcmp(argv[i], "gets") == 0 && n_workers > 0) {
			run_threads(
			    &w, "core-get-small", workers, n_workers, get_many);
			i++;
		} else if (strcmp(argv[i], "stream") == 0 && i + 1 < argc) {
			bench_stream(&w, strtoul(argv[i + 1], NULL, 10));
			i += 2;
		} else {
			return 2;
		}
	}
	world_close(&w);
	return 0;
}
