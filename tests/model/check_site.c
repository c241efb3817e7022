/*
 * check_site.c - two servers put, list, read and remove objects of one
 * directory site while it loses power, fails and comes back and they are killed
 * and paused.
 */
#include "model/check_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "model/sim.h"
#include "store/site.h"

enum {
	SERVERS = 2,
	MAKER = 1, /* the one who puts, where the other only lists */
	WORKERS = 3,
	NAMES = 24, /* that are put by everybody and never removed */
	VARIANTS = 2, /* of their bytes */
	ONCE = 4096, /* names that are put once, and removed */
	BYTES_MAX = 9000,
	NOBODY = -1,
};

static const uint8_t service[OBJECT_ID_SIZE] = {1};
static const uint8_t site_id[OBJECT_ID_SIZE] = {2};
static const char folder[] = "log/0000000000000001";

/* What was promised; host 0's memory, which no kill touches. */
static struct {
	const struct check_site *options;
	struct sim_disk *disk;
	bool stop;
	int promised[NAMES]; /* the variant, or NOBODY */
	bool tried[NAMES][VARIANTS];
	bool gone[ONCE]; /* a durable removal was promised */
	unsigned n_once;
} judge;

/* One server process. */
struct server {
	int host;
	struct site *site;
};

static size_t
object_bytes(int name, int variant, uint8_t *out)
{
	uint64_t word = (uint64_t)name * 7919 + (uint64_t)variant + 1;
	size_t size, i;

	size = (size_t)(word * 2654435761u % BYTES_MAX);
	for (i = 0; i < size; i++) {
		word = word * UINT64_C(6364136223846793005) + 1442695;
		out[i] = (uint8_t)(word >> 56);
	}
	return size;
}

static void
object_named(struct object_name *out, const char *kind, int number)
{
	(void)snprintf(out->folder, sizeof(out->folder), "%s", folder);
	(void)snprintf(out->file, sizeof(out->file), "%s-%04d", kind, number);
}

static int
keep_number(const char *file)
{
	int number;

	if (strncmp(file, "keep-", 5) != 0)
		return NOBODY;
	number = (int)strtol(file + 5, NULL, 10);
	return number >= 0 && number < NAMES ? number : NOBODY;
}

/* The variant that the bytes are, or NOBODY. */
static int
variant_of(int name, struct span bytes)
{
	uint8_t right[BYTES_MAX];
	int variant;

	for (variant = 0; variant < VARIANTS; variant++)
		if (span_equal(bytes,
			span_of(right, object_bytes(name, variant, right))))
			return variant;
	return NOBODY;
}

static void
promise(int name, int variant, const char *by)
{
	struct object_name object;
	char path[256];
	struct span bytes;
	enum sim_standing standing;

	SIM_CHECK(
	    judge.promised[name] == NOBODY || judge.promised[name] == variant,
	    "two texts: keep-%04d is promised as %d and by %s as %d", name,
	    judge.promised[name], by, variant);
	judge.promised[name] = variant;
	if (judge.options->outcomes_only)
		return;
	object_named(&object, "keep", name);
	(void)snprintf(path, sizeof(path), "%s/%s", object.folder, object.file);
	standing = sim_disk_look(judge.disk, path, &bytes);
	SIM_CHECK(standing == SIM_DURABLE && variant_of(name, bytes) == variant,
	    "not durable: keep-%04d, promised by %s, stands as %d", name, by,
	    (int)standing);
}

/* ---- what the workers do ---- */

static enum rc
put_whole(struct op *op, struct site *site, const struct object_name *name,
    struct span bytes)
{
	return site_put(op, site, name, bytes);
}

static enum rc
put_stream(struct op *op, struct site *site, const struct object_name *name,
    struct span bytes)
{
	uint8_t *block = aligned_alloc(4096, 12288);
	struct site_stream *stream = NULL;
	size_t step;
	enum rc rc = site_stream_open(op, site, name, &stream);

	for (; rc == RC_OK && bytes.size > 0;
	     bytes.data += step, bytes.size -= step) {
		step = bytes.size < 4096 ? bytes.size : 4096;
		memcpy(block, bytes.data, step);
		rc = site_stream_write(op, stream, span_of(block, step));
	}
	if (rc == RC_OK)
		rc = site_stream_commit(op, stream);
	site_stream_close(stream);
	free(block);
	return rc;
}

static void
do_put(struct op *op, struct site *site)
{
	uint8_t right[BYTES_MAX];
	struct object_name name;
	int number = (int)sim_random(NAMES);
	int variant = sim_chance(1000) ? 1 : 0;
	size_t size = object_bytes(number, variant, right);
	bool stream = sim_chance(2500);
	enum rc rc;

	judge.tried[number][variant] = true;
	object_named(&name, "keep", number);
	rc = (stream ? put_stream : put_whole)(
	    op, site, &name, span_of(right, size));
	sim_count(rc == RC_OK ? "puts acknowledged" : "puts failed", 1);
	if (rc == RC_OK && judge.options->puts)
		promise(number, variant, stream ? "stream" : "put");
	if (rc == RC_EXISTS && !stream)
		SIM_CHECK(judge.tried[number][1 - variant],
		    "exists: keep-%04d was never put with other bytes", number);
}

static enum rc
listed(void *arg, struct op *op, const char *file)
{
	int number = keep_number(file);
	struct span bytes;
	char path[256];

	(void)arg;
	(void)op;
	if (number == NOBODY || !judge.options->lists)
		return RC_OK;
	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	(void)sim_disk_look(judge.disk, path, &bytes);
	SIM_CHECK(variant_of(number, bytes) != NOBODY,
	    "listed and gone: %s (%zu bytes)", file, bytes.size);
	promise(number, variant_of(number, bytes), "listing");
	return RC_OK;
}

static void
do_list(struct op *op, struct site *site)
{
	enum rc rc =
	    site_list(op, site, folder, SITE_LIST_DURABLE, listed, NULL);

	sim_count(rc == RC_OK ? "listings" : "listings failed", 1);
}

static void
do_get(struct op *op, struct site *site)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct object_name name;
	int number = (int)sim_random(NAMES);
	int promised = judge.promised[number];
	enum rc rc;

	buf_init(&bytes, BYTES_MAX);
	object_named(&name, "keep", number);
	rc = site_get(op, site, &name, &bytes);
	sim_count(rc == RC_OK ? "gets" : "gets failed", 1);
	if (rc == RC_OK)
		SIM_CHECK(variant_of(number, buf_span(&bytes)) != NOBODY,
		    "wrong bytes: read from keep-%04d", number);
	SIM_CHECK(promised == NOBODY || rc == RC_OK || rc == RC_IO,
	    "not found: keep-%04d was promised, a get gives %s", number,
	    rc_name(rc));
}

static void
do_remove(struct op *op, struct site *site)
{
	struct object_name name;
	int number = (int)judge.n_once++;
	enum rc rc;

	SIM_CHECK(number < ONCE, "harness: too many names");
	object_named(&name, "once", number);
	rc = site_put(op, site, &name, span_str("once"));
	if (rc != RC_OK)
		return; /* it may appear later, whatever is done now */
	op_clear_error(op);
	rc = site_remove(op, site, &name, SITE_REMOVE_DURABLE);
	sim_count(rc == RC_OK ? "removals" : "removals failed", 1);
	if (rc == RC_OK && judge.options->removes)
		judge.gone[number] = true;
}

static void
do_verify(struct op *op, struct site *site)
{
	enum rc rc = site_verify(op, site);

	SIM_CHECK(rc != RC_OK || sim_disk_mounted(judge.disk) != SIM_BARE,
	    "verified: an empty folder passes for the site");
}

static void
worker_main(void *arg)
{
	struct site *site = arg;
	uint64_t kind;
	struct op op;

	while (!judge.stop) {
		op_init(&op);
		kind = sim_random(10);
		/* Each put syncs the folder and hides what was not synced. */
		if (judge.options->makers_die)
			kind = sim_host() == MAKER ? 0 : 5;
		if (kind < 5)
			do_put(&op, site);
		else if (kind < 7)
			do_list(&op, site);
		else if (kind < 8)
			do_get(&op, site);
		else if (kind < 9)
			do_remove(&op, site);
		else
			do_verify(&op, site);
		op_release(&op);
		sim_yield();
	}
}

/* As a server does: waits for the place, then makes its folder. */
static bool
come_into_service(struct op *op, struct site *site)
{
	while (!judge.stop) {
		if (site_attach(op, site) == RC_OK &&
		    site_prepare(op, site, folder) == RC_OK)
			return true;
		op_clear_error(op);
		sim_sleep(CLOCK_S / 10);
	}
	return false;
}

static void
server_main(void *arg)
{
	struct thread threads[WORKERS];
	CLEANUP(op_release) struct op op;
	CLEANUP(site_close_ptr) struct site *site = NULL;
	unsigned i;

	(void)arg;
	op_init(&op);
	SIM_CHECK(
	    site_open(&op, "dir:/sim/a", service, site_id, "a", &site) == RC_OK,
	    "harness: %s", op_error(&op, RC_OK));
	if (!come_into_service(&op, site))
		return;
	for (i = 0; i < WORKERS; i++)
		SIM_CHECK(thread_start(&op, &threads[i], "worker", worker_main,
			      site) == RC_OK,
		    "harness: no thread");
	for (i = 0; i < WORKERS; i++)
		thread_join(&threads[i]);
}

/* ---- what happens to them ---- */

static void
check_name(
    void *arg, const char *name, enum sim_standing standing, struct span bytes)
{
	int number = keep_number(name);
	bool *seen = arg;

	if (standing == SIM_GHOST)
		return;
	if (number == NOBODY) {
		if (strncmp(name, "once-", 5) == 0)
			SIM_CHECK(!judge.gone[strtol(name + 5, NULL, 10)],
			    "removed and back: %s", name);
		return;
	}
	SIM_CHECK(variant_of(number, bytes) != NOBODY,
	    "wrong bytes: %s after a power cut, %zu of them", name, bytes.size);
	SIM_CHECK(judge.promised[number] == NOBODY ||
		      judge.promised[number] == variant_of(number, bytes),
	    "other bytes: %s is not what was promised", name);
	seen[number] = true;
}

static void
cut_power(void)
{
	bool seen[NAMES] = {false};
	int i;

	sim_disk_power_cut(judge.disk);
	sim_disk_each(judge.disk, folder, check_name, seen);
	for (i = 0; i < NAMES; i++)
		SIM_CHECK(judge.promised[i] == NOBODY || seen[i],
		    "lost: keep-%04d was promised and is gone", i);
}

static void
restart(int host, bool reboot)
{
	if (reboot)
		sim_reboot_host(host);
	else
		sim_kill_host(host);
	sim_count("kills", 1);
	sim_spawn(host, "server", server_main, NULL);
}

/* A server dies between link and sync now and then. */
static void
die_at(void *arg, const char *name)
{
	bool linked = strcmp(name, "site_dir.put.linked") == 0;
	bool often = judge.options->makers_die && linked;

	(void)arg;
	if (!judge.stop && sim_host() > 0 && sim_chance(often ? 4000 : 400)) {
		sim_count("deaths amid a put", 1);
		sim_kill_host(sim_host());
	}
}

static void
blackout(void)
{
	int host;

	for (host = 1; host <= SERVERS; host++)
		sim_reboot_host(host);
	cut_power();
	for (host = 1; host <= SERVERS; host++)
		sim_spawn(host, "server", server_main, NULL);
}

static void
misfortune(void)
{
	int host = 1 + (int)sim_random(SERVERS);
	uint64_t kind = sim_random(100);

	if (kind < 15)
		blackout();
	else if (kind < 35)
		restart(host, sim_chance(3000));
	else if (kind < 45 && judge.options->cut_below)
		cut_power();
	else if (kind < 60)
		sim_disk_mount(judge.disk, (enum sim_mount)sim_random(4));
	else if (kind < 80)
		sim_disk_mount(judge.disk, SIM_MOUNTED);
	else if (sim_host_paused(host))
		sim_resume_host(host);
	else
		sim_pause_host(host);
}

static void
draw_faults(struct sim_faults *faults)
{
	*faults = (struct sim_faults){
	    .fail = (unsigned)sim_random(3) * 60,
	    .lost_answer = (unsigned)sim_random(3) * 150,
	    .late_put = (unsigned)sim_random(3) * 300,
	    .sync_lost = (unsigned)sim_random(3) * 150,
	    .short_write = (unsigned)sim_random(2) * 2000,
	    .slow = (unsigned)sim_random(2) * 200,
	    .slow_max = 3 * CLOCK_S,
	};
}

static void
set_up(void)
{
	CLEANUP(op_release) struct op op;
	int i;

	op_init(&op);
	judge.disk = sim_disk_new("/sim/a");
	sim_disk_tmpfile(judge.disk, !judge.options->no_tmpfile);
	SIM_CHECK(
	    site_create(&op, "dir:/sim/a", service, site_id, "a") == RC_OK,
	    "harness: %s", op.error);
	for (i = 0; i < NAMES; i++)
		judge.promised[i] = NOBODY;
}

static void
wind_up(void)
{
	static const struct sim_faults none = {0};
	int host;

	judge.stop = true;
	sim_disk_faults(judge.disk, &none);
	for (host = 1; host <= SERVERS; host++) {
		if (sim_host_paused(host))
			sim_resume_host(host);
		sim_host_join(host);
	}
	cut_power();
}

void
check_site_run(void *arg)
{
	struct sim_faults faults;
	int host, rounds = 20 + (int)sim_random(30);

	judge.options = arg;
	set_up();
	draw_faults(&faults);
	sim_disk_faults(judge.disk, &faults);
	sim_on_failpoint(die_at, NULL);
	for (host = 1; host <= SERVERS; host++)
		sim_spawn(host, "server", server_main, NULL);
	while (rounds-- > 0) {
		sim_wait_steps(1 + sim_random(300));
		misfortune();
	}
	wind_up();
}
