/*
 * core_bench.c - the committer, uploads and downloads without any door: two
 * directory sites below a folder, one tenant, real threads. For profiles.
 *
 *     core_bench DIR [puts THREADS COUNT] [gets] [stream MIB]...
 *     core_bench DIR disk COUNT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/pattern.h"
#include "bench/report.h"
#include "bench/world.h"
#include "core/download.h"
#include "core/tree.h"

enum { SMALL = 4096, THREADS_MAX = 256 };

struct worker {
	struct thread thread;
	struct world *world;
	size_t index;
	size_t count;
	int64_t *latencies;
	int64_t *contents;
};

static void
check_one(
    struct op *op, struct world *w, int64_t id, uint64_t size, uint64_t seed)
{
	struct download *download;
	struct reader *reader;
	struct node node;
	uint8_t piece[WORLD_PIECE];
	uint64_t at = 0;
	size_t n;

	world_must(op, tenant_reader(op, w->tenant, &reader));
	world_must(op, tree_stat(op, &reader->meta, id, &node));
	tenant_reader_put(w->tenant, reader);
	world_must(op, download_open(op, w->tenant, node.content, &download));
	do {
		world_must(op,
		    download_read(op, download, at, piece, WORLD_PIECE, &n));
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
		worker->contents[i] = world_put(&op, w,
		    w->folders[(worker->index + i) % WORLD_FOLDERS], name,
		    SMALL, seed_of(worker, i));
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
		world_must(&w->op, thread_start(&w->op, &workers[i].thread,
				       "worker", run, &workers[i]));
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
	id = world_put(&w->op, w, w->folders[0], "large", mib << 20, 12345);
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

	world_must(op, io_open_root(op, dir, &fd));
	report_init(&report, "disk-alone", count);
	for (i = 0; i < count; i++) {
		CLEANUP(io_tmp_discard) struct io_tmp tmp = IO_TMP_NONE;
		int64_t before = report_now();

		pattern_fill(bytes, SMALL, 0, i);
		(void)snprintf(name, sizeof(name), "raw-%zu", i);
		world_must(op, io_tmp_create(op, fd, false, &tmp));
		world_must(op, io_tmp_write(op, &tmp, span_of(bytes, SMALL)));
		world_must(op, io_sync_file(op, tmp.fd));
		world_must(op, io_tmp_link(op, &tmp, name));
		world_must(op, io_sync_dir(op, fd));
		report_add(&report, report_now() - before);
	}
	report.bytes = (uint64_t)count * SMALL;
	report_print(&report, "");
	report_release(&report);
	for (i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "raw-%zu", i);
		world_must(op, io_unlink(op, fd, name));
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
