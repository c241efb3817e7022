/*
 * driver.c - a service in a process of its own, to be killed or traced:
 *	driver PATH SITES M ROUND SEED MODE [SIZE]
 * PATH is a sandbox that world_keep was called on. Modes: load (threads put,
 * move and delete), upkeep (as load, with snapshots and cuts), repair (files
 * rot on a site and are read), large (as load, with an upload session), tenants
 * (adds some), one (a single put, for strace), rotate (the keys of the sites,
 * while a thread puts), epoch (the same of the tenant), join, leave, replace
 * (changes of the register, while a thread puts). DOZO_TEST_KILL works.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "core/compact.h"
#include "core/cut.h"
#include "core/pack.h"
#include "core/snapshot.h"
#include "journal.h"

enum { STEPS = 24, TENANTS = 3 };

static const uint64_t sizes[] = {
    0, 1, 5000, 65535, 65536, 65537, 65536 + 4096, 200000, 1 << 20};

struct driver {
	struct world w;
	unsigned round;
	uint64_t seed;
	int acks_fd; /* a byte for each acknowledged call; -1: nobody listens */
};

struct worker {
	struct driver *d;
	struct thread thread;
	unsigned number;
	uint64_t dice;
	int fd;
	struct op op;
	int64_t folder;
	int64_t sub;
	struct state state;
};

/* What a user would call a wrong answer ends the driver: sites are well. */
static void
expect(struct op *op, enum rc rc, const char *what)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "driver: %s: %s (%s)\n", what, rc_name(rc),
	    op_error(op, rc));
	_exit(3);
}

static void
note(int fd, const struct record *record)
{
	if (write(fd, record, sizeof(*record)) != (ssize_t)sizeof(*record))
		_exit(4);
}

static void
done(struct worker *t, struct record *record)
{
	record->phase = JOURNAL_DONE;
	note(t->fd, record);
	state_apply(&t->state, record);
	if (t->d->acks_fd >= 0 && write(t->d->acks_fd, "+", 1) != 1)
		_exit(4);
}

static int64_t
parent_of(const struct worker *t, unsigned slot)
{
	return journal_in_sub(slot) ? t->sub : t->folder;
}

static void
step_put(struct worker *t, struct record *r)
{
	struct file_put_result result;
	char name[32];

	journal_name(name, r->slot);
	r->what = JOURNAL_PUT;
	r->size = sizes[world_dice(&t->dice, ARRAY_LEN(sizes))];
	r->seed = world_dice(&t->dice, 1u << 30);
	note(t->fd, r);
	expect(&t->op,
	    world_put(&t->op, &t->d->w, parent_of(t, r->slot), name, r->size,
		r->seed, &result),
	    "put");
	r->node = result.tree.etag.node;
	r->version = result.version;
	done(t, r);
}

static void
step_mkdir(struct worker *t, struct record *r)
{
	char name[32];

	journal_name(name, r->slot);
	r->what = JOURNAL_MKDIR;
	note(t->fd, r);
	expect(&t->op, world_mkdir(&t->op, &t->d->w, t->folder, name, &r->node),
	    "mkdir");
	done(t, r);
}

static void
step_delete(struct worker *t, struct record *r)
{
	struct precondition none = {0};
	struct tree_result result;

	r->what = JOURNAL_DELETE;
	note(t->fd, r);
	expect(&t->op,
	    tree_delete(&t->op, t->d->w.t, t->state.slots[r->slot].node, &none,
		&result),
	    "delete");
	done(t, r);
}

static void
step_move(struct worker *t, struct record *r)
{
	struct tree_move move = {.overwrite = true};
	struct tree_result result;
	char name[32];

	r->to_slot = world_dice(&t->dice, JOURNAL_FOLDERS_FROM);
	if (r->to_slot == r->slot)
		return;
	journal_name(name, r->to_slot);
	r->what = JOURNAL_MOVE;
	note(t->fd, r);
	move.node = t->state.slots[r->slot].node;
	move.to.parent = parent_of(t, r->to_slot);
	expect(&t->op, tree_name_init(&t->op, span_str(name), &move.to.name),
	    "name");
	expect(&t->op, tree_move(&t->op, t->d->w.t, &move, &result), "move");
	done(t, r);
}

static void
worker_step(struct worker *t)
{
	struct record r = {.phase = JOURNAL_WANTED};
	uint32_t dice = world_dice(&t->dice, 10);
	bool there;

	r.slot = world_dice(&t->dice, JOURNAL_SLOTS);
	there = t->state.slots[r.slot].kind != SLOT_NONE;
	if (r.slot >= JOURNAL_FOLDERS_FROM && there)
		step_delete(t, &r);
	else if (r.slot >= JOURNAL_FOLDERS_FROM)
		step_mkdir(t, &r);
	else if (there && dice < 2)
		step_delete(t, &r);
	else if (there && dice < 5)
		step_move(t, &r);
	else
		step_put(t, &r);
}

static void
worker_run(void *arg)
{
	struct worker *t = arg;
	int i;

	for (i = 0; i < STEPS; i++) {
		struct actor actor = t->op.actor;

		worker_step(t);
		op_release(&t->op);
		op_init(&t->op);
		t->op.actor = actor;
	}
}

static void
worker_open(struct driver *d, struct worker *t, unsigned number)
{
	char path[400], name[32];

	t->d = d;
	t->number = number;
	t->dice = d->seed + number * 7919 + d->round * 104729ull;
	world_ask(&d->w, &t->op);
	journal_path(path, &d->w, d->round, number);
	t->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (t->fd < 0)
		_exit(4);
	journal_folder(name, d->round, number);
	expect(&t->op, world_mkdir(&t->op, &d->w, d->w.space, name, &t->folder),
	    name);
	expect(&t->op, world_mkdir(&t->op, &d->w, t->folder, "sub", &t->sub),
	    "sub");
}

static void
mode_load(struct driver *d)
{
	struct worker *all = calloc(JOURNAL_THREADS, sizeof(*all));
	unsigned i;

	if (all == NULL)
		_exit(4);
	for (i = 0; i < JOURNAL_THREADS; i++)
		worker_open(d, &all[i], i);
	for (i = 0; i < JOURNAL_THREADS; i++)
		expect(&d->w.op,
		    thread_start(&d->w.op, &all[i].thread, "worker", worker_run,
			&all[i]),
		    "thread");
	for (i = 0; i < JOURNAL_THREADS; i++) {
		thread_join(&all[i].thread);
		op_release(&all[i].op);
		(void)close(all[i].fd);
	}
	free(all);
}

static uint64_t
head_of(struct world *w)
{
	uint64_t head;

	mutex_lock(&w->t->lock);
	head = w->t->head.number;
	mutex_unlock(&w->t->lock);
	return head;
}

/* The load, and beside it all that upkeep does, several times. */
static void
upkeep_run(void *arg)
{
	struct driver *d = arg;
	CLEANUP(op_release) struct op op;
	struct compact_result compacted;
	int i;

	world_ask(&d->w, &op);
	for (i = 0; i < 2; i++) {
		expect(&op, snapshot_make(&op, d->w.t), "snapshot");
		expect(&op, cut_make(&op, d->w.t), "cut");
		expect(&op, cut_clean(&op, d->w.t), "clean");
		expect(
		    &op, pack_tenant(&op, d->w.t, head_of(&d->w) - 5), "pack");
		expect(&op, compact_tenant(&op, d->w.t, &compacted), "compact");
		/* The keeper forgets what epochs nothing names. */
		d->w.t->swept = false;
		world_poke(&d->w);
	}
	world_await(&d->w, "the sweep has been", world_is_swept, 0);
}

static void
mode_upkeep(struct driver *d)
{
	struct thread thread;

	expect(&d->w.op,
	    thread_start(&d->w.op, &thread, "upkeep", upkeep_run, d), "thread");
	mode_load(d);
	thread_join(&thread);
}

static bool
nothing_is_damaged(struct world *w, size_t unused)
{
	size_t counts[SITES_MAX];

	(void)unused;
	return repair_count(w->t, counts) == 0;
}

/* Files whose data segments rot on a site, and are read. */
static void
mode_repair(struct driver *d)
{
	struct file_put_result result;
	char command[200], name[32];
	unsigned i;

	for (i = 0; i < JOURNAL_ROTTEN; i++) {
		journal_rotten(name, d->round, i);
		expect(&d->w.op,
		    world_put(&d->w.op, &d->w, d->w.space, name,
			JOURNAL_ROTTEN_SIZE, i, &result),
		    name);
	}
	world_await(
	    &d->w, "every site is in service", world_sites_in_service, 3);
	(void)snprintf(command, sizeof(command),
	    "for f in $(ls -t tokyo/data/%016llx/* | head -%d); do "
	    "chmod 600 $f; printf x | "
	    "dd of=$f bs=1 seek=1000 conv=notrunc 2>/dev/null; done",
	    (unsigned long long)d->w.id, JOURNAL_ROTTEN);
	fixture_shell(&d->w.f, command);
	for (i = 0; i < JOURNAL_ROTTEN; i++) {
		journal_rotten(name, d->round, i);
		world_check(&d->w, d->w.space, name, JOURNAL_ROTTEN_SIZE, i);
	}
	world_await(&d->w, "it is repaired", nothing_is_damaged, 0);
}

/* A content of several data segments: an upload session. */
static void
mode_large(struct driver *d)
{
	struct worker *t = calloc(1, sizeof(*t));
	struct record r = {JOURNAL_PUT, JOURNAL_WANTED, 0, 0, 37 * MIB + 5,
	    (uint32_t)d->round, 0, 0, 0};
	struct file_put_result result;

	if (t == NULL)
		_exit(4);
	worker_open(d, t, 0);
	note(t->fd, &r);
	expect(&t->op,
	    world_put(
		&t->op, &d->w, t->folder, "file-0", r.size, r.seed, &result),
	    "large put");
	r.node = result.tree.etag.node;
	done(t, &r);
	op_release(&t->op);
	(void)close(t->fd);
	free(t);
}

static void
mode_tenants(struct driver *d)
{
	char path[400], name[32];
	struct record r = {.what = JOURNAL_TENANT};
	uint64_t id;
	int fd;

	journal_path(path, &d->w, d->round, 0);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		_exit(4);
	for (r.slot = 0; r.slot < TENANTS; r.slot++) {
		(void)snprintf(name, sizeof(name), "r%u-%u", d->round, r.slot);
		r.phase = JOURNAL_WANTED;
		note(fd, &r);
		expect(&d->w.op,
		    service_tenant_add(
			&d->w.op, d->w.f.service, name, "ja", &id),
		    "tenant");
		r.phase = JOURNAL_DONE;
		note(fd, &r);
	}
	(void)close(fd);
}

/* BEGIN and the acknowledgement are lines in PATH/acks, for the trace. */
static void
mode_one(struct driver *d, uint64_t size)
{
	struct file_put_result result;
	char path[400], line[100];
	int fd, n;

	(void)snprintf(path, sizeof(path), "%.300s/acks", d->w.f.path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "BEGIN\n", 6) != 6)
		_exit(4);
	expect(&d->w.op,
	    world_put(&d->w.op, &d->w, d->w.space, "one", size, 1, &result),
	    "put");
	n = snprintf(
	    line, sizeof(line), "ACK %u\n", result.tree.receipt.sites.bits);
	if (write(fd, line, (size_t)n) != n)
		_exit(4);
	(void)close(fd);
}

/* ---- keys ---- */

struct putter {
	struct driver *d;
	struct thread thread;
	atomic_bool stop;
};

/* What was acknowledged is a line of PATH/acked: seed and name. */
static void
put_until_stopped(void *arg)
{
	struct putter *p = arg;
	struct file_put_result result;
	char path[400], name[40], line[80];
	struct op op;
	uint32_t i;
	int fd, n;

	(void)snprintf(path, sizeof(path), "%.300s/acked", p->d->w.f.path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		_exit(4);
	for (i = 0; i < 2 || !atomic_load(&p->stop); i++) {
		world_ask(&p->d->w, &op);
		(void)snprintf(
		    name, sizeof(name), "r%u-%u", p->d->round, (unsigned)i);
		expect(&op,
		    world_put(&op, &p->d->w, p->d->w.space, name,
			sizes[i % ARRAY_LEN(sizes)], i, &result),
		    "put");
		n = snprintf(line, sizeof(line), "%u %s\n", (unsigned)i, name);
		if (write(fd, line, (size_t)n) != n)
			_exit(4);
		op_release(&op);
	}
	(void)close(fd);
}

static void
putter_start(struct driver *d, struct putter *p)
{
	p->d = d;
	atomic_init(&p->stop, false);
	expect(&d->w.op,
	    thread_start(&d->w.op, &p->thread, "putter", put_until_stopped, p),
	    "thread");
}

static void
putter_stop(struct putter *p)
{
	atomic_store(&p->stop, true);
	thread_join(&p->thread);
}

/* As dozo key rotate-sites: made, exported, taken over, awaited. */
static void
rotate(struct op *op, struct fixture *f)
{
	CLEANUP(buf_release) struct buf file = {.limit = KEYSTORE_FILE_MAX};
	struct keystore *next;

	if (keystore_pending(f->keystore) == 0) {
		expect(op, keystore_rotate(op, f->keystore, &next), "rotate");
		expect(op, keystore_write(op, next, &file), "write");
		keystore_free(next);
		expect(op,
		    io_write_file(
			op, f->dir_fd, "exported", buf_span(&file), 0600),
		    "export");
		expect(op, site_keys_switch(op, f->service, buf_span(&file)),
		    "switch");
	}
	expect(op, site_keys_await(op, f->service, NULL), "await");
}

static void
mode_rotate(struct driver *d)
{
	struct putter putter;

	putter_start(d, &putter);
	rotate(&d->w.op, &d->w.f);
	putter_stop(&putter);
}

/* An epoch that nothing comes to name, and one that begins. */
static void
mode_epoch(struct driver *d)
{
	struct putter putter;
	struct tenant *t = d->w.t;
	struct keyring *ring;
	uint64_t number;
	uint32_t epoch;

	putter_start(d, &putter);
	/* Epochs that no number is of: what is to be released. */
	tenant_lock(t);
	expect(&d->w.op, tenant_ring_copy(&d->w.op, t, &ring), "copy");
	expect(&d->w.op, keyring_add_epoch(&d->w.op, ring, &epoch), "add");
	expect(&d->w.op, keyring_add_epoch(&d->w.op, ring, &epoch), "add");
	tenant_ring_set(t, ring);
	tenant_unlock(t);
	expect(&d->w.op, tenant_epoch_rotate(&d->w.op, t, &epoch, &number),
	    "epoch");
	t->swept = false;
	tenant_sweep(&d->w.op, t, true);
	putter_stop(&putter);
}

/* ---- the register ---- */

/* The next site joins, or the first one leaves, or both. */
static void
mode_change(struct driver *d, bool joins, bool leaves)
{
	struct site_change_want want = {0};
	struct op *op = &d->w.op;
	struct fixture *f = &d->w.f;
	struct putter putter;

	putter_start(d, &putter);
	if (joins) {
		want.joins = f->reg.ids[fixture_site_make(op, f)];
		want.name = "new";
	}
	if (leaves)
		want.leaves = f->reg.ids[0];
	expect(op, site_change_begin(op, f->service, &want), "begin");
	expect(op, site_change_await(op, f->service, NULL), "await");
	putter_stop(&putter);
}

static void
mode_run(struct driver *d, const char *mode, uint64_t size)
{
	if (strcmp(mode, "load") == 0)
		mode_load(d);
	else if (strcmp(mode, "upkeep") == 0)
		mode_upkeep(d);
	else if (strcmp(mode, "repair") == 0)
		mode_repair(d);
	else if (strcmp(mode, "large") == 0)
		mode_large(d);
	else if (strcmp(mode, "tenants") == 0)
		mode_tenants(d);
	else if (strcmp(mode, "rotate") == 0)
		mode_rotate(d);
	else if (strcmp(mode, "epoch") == 0)
		mode_epoch(d);
	else if (strcmp(mode, "join") == 0)
		mode_change(d, true, false);
	else if (strcmp(mode, "leave") == 0)
		mode_change(d, false, true);
	else if (strcmp(mode, "replace") == 0)
		mode_change(d, true, true);
	else
		mode_one(d, size);
}

int
main(int argc, char **argv)
{
	static struct driver d;
	const char *acks = getenv("DOZO_TEST_ACKS_FD");
	uint64_t size;

	if (argc < 7)
		return 2;
	log_set_level(LOG_LEVEL_WARN);
	fault_init_from_env();
	d.round = (unsigned)strtoul(argv[4], NULL, 10);
	d.seed = strtoull(argv[5], NULL, 10);
	d.acks_fd = acks != NULL ? (int)strtol(acks, NULL, 10) : -1;
	size = argc > 7 ? strtoull(argv[7], NULL, 10) : 0;
	world_adopt(&d.w, argv[1], strtoul(argv[2], NULL, 10),
	    (uint32_t)strtoul(argv[3], NULL, 10));
	mode_run(&d, argv[6], size);
	world_stop(&d.w);
	keystore_free(d.w.f.keystore);
	io_close(&d.w.f.dir_fd);
	free(d.w.f.path);
	op_release(&d.w.op);
	return 0;
}
