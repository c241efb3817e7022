/*
 * rebuild_bench.c - how long it takes to get back what one site has: files are
 * put through the committer, then a service that only reads is opened over the
 * first site with an empty database, as dozo rebuild does it: from the log
 * alone, from a snapshot, from a snapshot and a tail. Prints a line of JSON for
 * each step; what is rebuilt must have the first one's state hash.
 *
 *     rebuild_bench DIR FILES TAIL
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report.h"
#include "bench/world.h"
#include "core/cut.h"
#include "core/rebuild.h"
#include "core/snapshot.h"

enum { THREADS = 32, SMALL = 100 };

struct putter {
	struct thread thread;
	struct world *world;
	size_t first;
	size_t n;
};

struct rebuilt {
	uint64_t id;
	uint64_t number;
	uint8_t state_hash[DB_HASH_SIZE];
};

static int64_t
said(const char *name, int64_t since, const char *notes)
{
	int64_t now = report_now();

	(void)printf(
	    "{\"name\": \"%s\", \"seconds\": %.3f, \"notes\": \"%s\"}\n", name,
	    (double)(now - since) / 1e9, notes);
	(void)fflush(stdout);
	return report_now();
}

static void
put_many(void *arg)
{
	struct putter *putter = arg;
	struct world *w = putter->world;
	char name[64];
	size_t i;

	for (i = putter->first; i < putter->first + putter->n; i++) {
		CLEANUP(op_release) struct op op;

		op_init(&op);
		op.actor = w->op.actor;
		(void)snprintf(name, sizeof(name), "file %zu", i);
		(void)world_put(
		    &op, w, w->folders[i % WORLD_FOLDERS], name, SMALL, i);
	}
}

static void
fill(struct world *w, size_t first, size_t n)
{
	struct putter putters[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++) {
		putters[i] = (struct putter){.world = w,
		    .first = first + n / THREADS * i,
		    .n = n / THREADS};
		world_must(&w->op, thread_start(&w->op, &putters[i].thread,
				       "putter", put_many, &putters[i]));
	}
	for (i = 0; i < THREADS; i++)
		thread_join(&putters[i].thread);
}

/* As often as it takes until the log begins at a number that stands on all
 * files and on the moves of their contents, too. */
static void
snapshots_make(struct world *w)
{
	int64_t at = report_now();
	int i;

	for (i = 0; i < 4; i++) {
		world_must(&w->op, snapshot_make(&w->op, w->tenant));
		at = said(i == 0 ? "snapshot, the first" : "snapshot", at,
		    "read back and compared");
		if (i == 0)
			continue;
		world_must(&w->op, cut_make(&w->op, w->tenant));
		world_must(&w->op, cut_clean(&w->op, w->tenant));
		at = said(i == 1 ? "cut, the first" : "cut", at,
		    i == 1 ? "every content is moved" : "");
	}
}

static enum rc
tenant_take(void *arg, struct op *op, const struct rebuild_tenant *tenant)
{
	struct rebuilt *rebuilt = arg;

	if (tenant->id != rebuilt->id)
		return RC_OK;
	if (!tenant->open)
		FAIL(op, RC_DAMAGED, "%s", tenant->why);
	if (tenant->data_missing > 0)
		FAIL(op, RC_DAMAGED, "data segments are missing");
	rebuilt->number = tenant->number;
	memcpy(rebuilt->state_hash, tenant->state_hash, DB_HASH_SIZE);
	return RC_OK;
}

static enum rc
file_take(void *arg, struct op *op, uint64_t tenant, int64_t node)
{
	(void)arg;
	(void)tenant;
	FAIL(op, RC_DAMAGED, "file %lld lacks pieces", (long long)node);
}

/* A service over the first site, with databases in a folder of its own. */
static void
reading_open(struct world *w, const char *dir, int dir_fd, char db_path[600],
    struct service **ret_service)
{
	struct service_config config = {.dir_fd = dir_fd,
	    .db_folder = "db",
	    .keystore = w->keystore,
	    .host = "bench",
	    .read_only = true};
	CLEANUP(io_close) int db_fd = -1;
	struct site *site;

	(void)snprintf(db_path, 600, "%s/db", dir);
	config.db_path = db_path;
	world_must(&w->op, io_open_dir(&w->op, dir_fd, "db", true, &db_fd));
	world_must(&w->op, sites_new(&w->op, &config.sites));
	world_must(&w->op, site_open(&w->op, w->urls[0], w->keystore->service,
			       w->reg.ids[0], "a", &site));
	world_must(&w->op, sites_add(&w->op, config.sites, site));
	world_must(&w->op, service_open(&w->op, &config, ret_service));
}

/* The state hash of what the world has now. */
static void
state_want(struct world *w, uint8_t out[DB_HASH_SIZE])
{
	struct reader *reader;

	world_must(&w->op, tenant_reader(&w->op, w->tenant, &reader));
	world_must(&w->op, db_state_hash(&w->op, reader->db, out));
	tenant_reader_put(w->tenant, reader);
}

static void
rebuild(struct world *w, const char *name, const char *dir, const char *folder)
{
	struct rebuilt rebuilt = {.id = w->id};
	const struct rebuild_job job = {tenant_take, file_take, &rebuilt};
	CLEANUP(io_close) int fd = -1;
	uint8_t wanted[DB_HASH_SIZE];
	struct service *service;
	struct tenant *tenant;
	char db_path[600], path[560], notes[120];
	int64_t begin, opened;
	bool complete;

	state_want(w, wanted);
	(void)snprintf(path, sizeof(path), "%.500s/%s", dir, folder);
	world_must(&w->op, io_open_dir(&w->op, w->dir_fd, folder, true, &fd));
	begin = report_now();
	reading_open(w, path, fd, db_path, &service);
	world_must(&w->op, service_tenant(&w->op, service, w->id, &tenant));
	opened = report_now();
	tenant_put(tenant);
	world_must(&w->op, rebuild_run(&w->op, service, &job, &complete));
	(void)snprintf(notes, sizeof(notes),
	    "database %.1f s, state hash and pieces %.1f s, ends at %llu",
	    (double)(opened - begin) / 1e9,
	    (double)(report_now() - opened) / 1e9,
	    (unsigned long long)rebuilt.number);
	(void)said(name, begin, notes);
	service_close(&w->op, service);
	if (memcmp(wanted, rebuilt.state_hash, DB_HASH_SIZE) != 0) {
		(void)fprintf(stderr, "bench: another state was rebuilt\n");
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	static struct world w;
	size_t files, tail;
	int64_t at;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: rebuild_bench DIR FILES TAIL\n");
		return 2;
	}
	files = strtoul(argv[2], NULL, 10);
	tail = strtoul(argv[3], NULL, 10);
	world_open(&w, argv[1]);
	at = report_now();
	fill(&w, 0, files);
	(void)said("filling", at, "");
	rebuild(&w, "rebuild from the log alone", argv[1], "log-alone");
	snapshots_make(&w);
	rebuild(&w, "rebuild from a snapshot", argv[1], "snapshot");
	fill(&w, files, tail);
	rebuild(&w, "rebuild", argv[1], "tail");
	world_close(&w);
	return 0;
}
