/* fan.c - a data segment to all sites at once. README.md states S22. */
#include "store/fan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum { FAN_QUEUE = 2, FAN_ALIGN = 4096, BLOCKS_KEPT = 64 };

/* A block that several sites write; freed by the last of them. */
struct fan_block {
	atomic_uint refs;
	size_t size;
	uint8_t *data; /* FAN_BLOCK bytes, aligned */
};

enum fan_step { FAN_WRITE, FAN_COMMIT };

/* One site's part. Guarded by fan->lock, but for stream, which its job owns. */
struct fan_site {
	struct site_job job;
	struct fan *fan;
	size_t slot;
	struct site_stream *stream;
	bool wanted; /* was in the set */
	bool failed; /* or left behind */
	bool busy; /* a job is queued or runs */
	bool done; /* committed */
	bool commit; /* after the queue */
	size_t n_queued;
	struct fan_block *queue[FAN_QUEUE];
};

struct fan {
	struct segment_sink sink;
	atomic_uint refs; /* the owner, and each busy site */
	struct sites *sites;
	size_t n; /* sites when it was opened; more may come */
	struct claim *claim;
	struct object_name name;
	size_t needed;
	int64_t patience;
	struct mutex lock;
	struct cond changed;
	struct fan_block *filling;
	struct fan_site site[SITES_MAX];
};

/*
 * Blocks that nobody writes just now, of all fans. The heap gives aligned
 * memory but hardly ever the same again (glibc before 2.38): 64 uploads grew it
 * to three times what they used.
 */
static struct {
	struct mutex lock;
	size_t n;
	struct fan_block *blocks[BLOCKS_KEPT];
} spare = {.lock = {.native = PTHREAD_MUTEX_INITIALIZER}};

static void
block_unref(struct fan_block *block)
{
	if (block == NULL || atomic_fetch_sub(&block->refs, 1) != 1)
		return;
	mutex_lock(&spare.lock);
	if (spare.n < BLOCKS_KEPT) {
		spare.blocks[spare.n++] = block;
		block = NULL;
	}
	mutex_unlock(&spare.lock);
	if (block == NULL)
		return;
	mem_free(block->data);
	mem_free(block);
}

static struct fan_block *
block_spare(void)
{
	struct fan_block *block = NULL;

	mutex_lock(&spare.lock);
	if (spare.n > 0)
		block = spare.blocks[--spare.n];
	mutex_unlock(&spare.lock);
	return block;
}

static enum rc
block_new(struct op *op, struct fan_block **ret_block)
{
	struct fan_block *block = block_spare();

	if (block == NULL) {
		block = mem_alloc(sizeof(*block));
		if (block == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		block->data = mem_alloc_aligned(FAN_ALIGN, FAN_BLOCK);
	}
	if (block->data == NULL) {
		mem_free(block);
		FAIL(op, RC_NO_MEMORY, "out of memory");
	}
	block->size = 0;
	atomic_init(&block->refs, 1);
	*ret_block = block;
	return RC_OK;
}

static void
fan_unref(struct fan *fan)
{
	size_t i;

	if (atomic_fetch_sub(&fan->refs, 1) != 1)
		return;
	for (i = 0; i < SITES_MAX; i++) {
		site_stream_close(fan->site[i].stream);
		while (fan->site[i].n_queued > 0)
			block_unref(
			    fan->site[i].queue[--fan->site[i].n_queued]);
	}
	block_unref(fan->filling);
	cond_release(&fan->changed);
	mutex_release(&fan->lock);
	mem_free(fan);
}

/* The disk's part of a job: opens the object at the first block. */
static enum rc
site_step(struct op *op, struct fan_site *s, struct fan_block *block)
{
	struct site *site = s->fan->sites->slots[s->slot].site;

	if (s->stream == NULL)
		TRY(site_stream_open(op, site, &s->fan->name, &s->stream));
	if (block != NULL)
		return site_stream_write(
		    op, s->stream, span_of(block->data, block->size));
	TRY(site_stream_commit(op, s->stream));
	return claim_check(op, s->fan->claim, s->slot);
}

static void
site_failed(struct fan_site *s)
{
	s->failed = true;
	while (s->n_queued > 0)
		block_unref(s->queue[--s->n_queued]);
}

/* Under the lock: whether there is something to do for it. */
static bool
site_has_work(const struct fan_site *s)
{
	return !s->failed && (s->n_queued > 0 || (s->commit && !s->done));
}

static void
site_run(struct site_job *job)
{
	struct fan_site *s = container_of(job, struct fan_site, job);
	struct fan *fan = s->fan;
	CLEANUP(op_release) struct op op;
	struct fan_block *block = NULL;
	enum rc rc = RC_OK;
	bool again, work;

	op_init(&op);
	mutex_lock(&fan->lock);
	/* Left behind since it was woken: nothing is committed of a part. */
	work = site_has_work(s);
	if (work && s->n_queued > 0) {
		block = s->queue[0];
		s->queue[0] = s->queue[1];
		s->n_queued--;
	}
	mutex_unlock(&fan->lock);
	if (work)
		rc = site_step(&op, s, block);
	mutex_lock(&fan->lock);
	if (rc != RC_OK)
		site_failed(s);
	else if (work && block == NULL)
		s->done = true;
	again = site_has_work(s);
	s->busy = again;
	if (again)
		sites_submit(fan->sites, s->slot, &s->job);
	cond_broadcast(&fan->changed);
	mutex_unlock(&fan->lock);
	block_unref(block);
	if (rc != RC_OK && rc != RC_FENCED && rc != RC_EXISTS)
		sites_failed(&op, fan->sites, s->slot, rc);
	if (!again)
		fan_unref(fan);
}

/* Under the lock. */
static void
site_wake(struct fan_site *s)
{
	if (s->busy || !site_has_work(s))
		return;
	s->busy = true;
	atomic_fetch_add(&s->fan->refs, 1);
	sites_submit(s->fan->sites, s->slot, &s->job);
}

static enum rc
fan_write(struct segment_sink *sink, struct op *op, struct span bytes);

enum rc
fan_open(struct op *op, struct sites *sites, struct claim *claim,
    struct site_set set, uint64_t tenant, const uint8_t id[OBJECT_ID_SIZE],
    size_t needed, int64_t patience, struct fan **ret_fan)
{
	struct fan *fan = mem_alloc(sizeof(*fan));
	size_t i;

	if (fan == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	fan->sink.write = fan_write;
	atomic_init(&fan->refs, 1);
	fan->sites = sites;
	fan->n = sites->n;
	fan->claim = claim;
	fan->needed = needed;
	fan->patience = patience;
	object_data(&fan->name, tenant, id);
	mutex_init(&fan->lock);
	cond_init(&fan->changed);
	for (i = 0; i < fan->n; i++) {
		fan->site[i].job.run = site_run;
		fan->site[i].fan = fan;
		fan->site[i].slot = i;
		fan->site[i].wanted = site_set_has(set, i);
		fan->site[i].failed = !fan->site[i].wanted;
	}
	*ret_fan = fan;
	return RC_OK;
}

struct segment_sink *
fan_sink(struct fan *fan)
{
	return &fan->sink;
}

/* Under the lock: sites that still take part. */
static size_t
fan_alive(const struct fan *fan)
{
	size_t i, n = 0;

	for (i = 0; i < fan->n; i++)
		n += !fan->site[i].failed;
	return n;
}

/* Under the lock: whether a site that takes part is not ready for the next
 * block, or (commit) not done. */
static bool
fan_waits(const struct fan *fan, enum fan_step step)
{
	size_t i;

	for (i = 0; i < fan->n; i++) {
		const struct fan_site *s = &fan->site[i];

		if (!s->failed &&
		    (step == FAN_WRITE ? s->n_queued == FAN_QUEUE - 1 && s->busy
				       : !s->done))
			return true;
	}
	return false;
}

/* Under the lock. Whoever is still not ready after the patience is left behind,
 * as long as enough remain. */
static void
fan_wait(struct fan *fan, enum fan_step step)
{
	int64_t deadline = clock_mono() + fan->patience;
	size_t i;

	while (fan_waits(fan, step) &&
	       cond_wait_until(&fan->changed, &fan->lock, deadline))
		;
	for (i = 0; i < fan->n; i++) {
		struct fan_site *s = &fan->site[i];

		if (!s->failed &&
		    (step == FAN_WRITE ? s->n_queued == FAN_QUEUE - 1 && s->busy
				       : !s->done))
			site_failed(s);
	}
}

/* Sends the block being filled to every site. */
static enum rc
block_send(struct op *op, struct fan *fan)
{
	size_t i, alive;

	mutex_lock(&fan->lock);
	fan_wait(fan, FAN_WRITE);
	for (i = 0; i < fan->n; i++) {
		struct fan_site *s = &fan->site[i];

		if (s->failed)
			continue;
		atomic_fetch_add(&fan->filling->refs, 1);
		s->queue[s->n_queued++] = fan->filling;
		site_wake(s);
	}
	alive = fan_alive(fan);
	mutex_unlock(&fan->lock);
	block_unref(fan->filling);
	fan->filling = NULL;
	if (alive < fan->needed)
		FAIL(op, RC_NOT_STORED,
		    "only %zu sites take the data, %zu are needed", alive,
		    fan->needed);
	return RC_OK;
}

static enum rc
fan_write(struct segment_sink *sink, struct op *op, struct span bytes)
{
	struct fan *fan = container_of(sink, struct fan, sink);

	while (bytes.size > 0) {
		size_t step;

		if (fan->filling == NULL)
			TRY(block_new(op, &fan->filling));
		step = FAN_BLOCK - fan->filling->size;
		if (step > bytes.size)
			step = bytes.size;
		memcpy(
		    fan->filling->data + fan->filling->size, bytes.data, step);
		fan->filling->size += step;
		bytes.data += step;
		bytes.size -= step;
		if (fan->filling->size == FAN_BLOCK)
			TRY(block_send(op, fan));
	}
	return RC_OK;
}

enum rc
fan_end(struct op *op, struct fan *fan)
{
	size_t i;

	if (fan->filling != NULL)
		TRY(block_send(op, fan));
	mutex_lock(&fan->lock);
	for (i = 0; i < fan->n; i++) {
		fan->site[i].commit = true;
		site_wake(&fan->site[i]);
	}
	mutex_unlock(&fan->lock);
	return RC_OK;
}

enum rc
fan_commit(struct op *op, struct fan *fan, struct site_set *ret_on)
{
	struct site_set on = {0};
	size_t i;

	mutex_lock(&fan->lock);
	fan_wait(fan, FAN_COMMIT);
	for (i = 0; i < fan->n; i++)
		if (fan->site[i].done && !fan->site[i].failed)
			on = site_set_with(on, i);
	mutex_unlock(&fan->lock);
	if (!claim_stands(fan->claim))
		FAIL(op, RC_FENCED, "another server has taken over");
	if (site_set_count(on) < fan->needed)
		FAIL(op, RC_NOT_STORED,
		    "only %zu sites have the data, %zu are needed",
		    site_set_count(on), fan->needed);
	*ret_on = on;
	return RC_OK;
}

void
fan_free(struct fan *fan)
{
	size_t i;

	if (fan == NULL)
		return;
	mutex_lock(&fan->lock);
	for (i = 0; i < fan->n; i++)
		if (!fan->site[i].done)
			site_failed(&fan->site[i]);
	mutex_unlock(&fan->lock);
	fan_unref(fan);
}
