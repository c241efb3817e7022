/* load.c - writers and readers. */
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const uint64_t sizes[] = {1, 4096, 65536, 65537, 200000};

static void
fail_note(struct load *l, struct op *op, const char *what, enum rc rc)
{
	mutex_lock(&l->lock);
	if (l->failure[0] == '\0')
		(void)snprintf(l->failure, sizeof(l->failure),
		    "%s: %s (%.300s)", what, rc_name(rc), op_error(op, rc));
	mutex_unlock(&l->lock);
	op_clear_error(op);
}

static bool
refusal(enum rc rc)
{
	return rc == RC_NOT_STORED || rc == RC_IN_DOUBT || rc == RC_NO_SPACE;
}

static void
write_one(struct load *l, struct op *op, int64_t folder, uint64_t *dice)
{
	struct load_file file = {
	    .size = sizes[world_dice(dice, ARRAY_LEN(sizes))],
	    .seed = world_dice(dice, 1u << 30),
	};
	struct file_put_result result;
	struct node node;
	char name[32];
	enum rc rc;

	(void)snprintf(name, sizeof(name), "file-%u", world_dice(dice, 20));
	rc = world_put(op, l->w, folder, name, file.size, file.seed, &result);
	if (rc == RC_OK)
		rc = world_node(op, l->w, result.tree.etag.node, &node);
	if (rc != RC_OK && (l->strict || !refusal(rc))) {
		fail_note(l, op, "put", rc);
		return;
	}
	op_clear_error(op);
	if (rc != RC_OK) {
		atomic_fetch_add(&l->refused, 1);
		return;
	}
	file.content = node.content;
	mutex_lock(&l->lock);
	l->files[l->n_files++ % LOAD_FILES] = file;
	mutex_unlock(&l->lock);
	atomic_fetch_add(&l->writes, 1);
}

static void
read_one(struct load *l, struct op *op, uint64_t *dice)
{
	struct load_file file;
	bool same = false;
	size_t n;
	enum rc rc;

	mutex_lock(&l->lock);
	n = l->n_files < LOAD_FILES ? l->n_files : LOAD_FILES;
	if (n > 0)
		file = l->files[world_dice(dice, (uint32_t)n)];
	mutex_unlock(&l->lock);
	if (n == 0)
		return;
	rc = world_read(op, l->w, file.content, file.size, file.seed, &same);
	if (rc != RC_OK)
		fail_note(l, op, "read", rc);
	else if (!same)
		fail_note(l, op, "read gave other bytes", RC_DAMAGED);
	atomic_fetch_add(&l->reads, 1);
}

static void
load_thread(void *arg)
{
	struct load *l = arg;
	unsigned number = atomic_fetch_add(&l->next, 1);
	uint64_t dice = l->seed + number * 7919;
	int64_t folder = 0;
	struct op op;
	char name[32];
	enum rc rc;

	world_ask(l->w, &op);
	(void)snprintf(name, sizeof(name), "w%u", number);
	rc = world_mkdir(&op, l->w, l->w->space, name, &folder);
	if (rc != RC_OK)
		fail_note(l, &op, "mkdir", rc);
	while (!atomic_load(&l->stop)) {
		if (number < LOAD_WRITERS)
			write_one(l, &op, folder, &dice);
		else
			read_one(l, &op, &dice);
		op_release(&op);
		world_ask(l->w, &op);
	}
	op_release(&op);
}

static struct load *running;

static void
threads_end(struct load *l)
{
	running = NULL;
	atomic_store(&l->stop, true);
	while (l->n_threads > 0)
		thread_join(&l->threads[--l->n_threads]);
}

void
load_abandon(void)
{
	if (running != NULL)
		threads_end(running);
}

void
load_start(struct load *load, struct world *w, bool strict)
{
	memset(load, 0, sizeof(*load));
	load->w = w;
	load->strict = strict;
	load->seed = world_seed();
	mutex_init(&load->lock);
	running = load;
	while (load->n_threads < LOAD_WRITERS + LOAD_READERS) {
		ASSERT_OK(&w->op,
		    thread_start(&w->op, &load->threads[load->n_threads],
			"load", load_thread, load));
		load->n_threads++;
	}
	load_await(load, 20, 5);
}

static void
failure_check(struct load *l)
{
	char text[400];

	mutex_lock(&l->lock);
	memcpy(text, l->failure, sizeof(text));
	mutex_unlock(&l->lock);
	if (text[0] == '\0')
		return;
	threads_end(l);
	fail_msg("%s", text);
}

static void
await_count(
    struct load *l, atomic_ulong *count, unsigned long to, const char *what)
{
	struct timespec step = {.tv_nsec = 2000000};
	int64_t until = clock_mono() + 120 * CLOCK_S;

	while (atomic_load(count) < to) {
		failure_check(l);
		if (clock_mono() > until) {
			threads_end(l);
			fail_msg("%s came to a stop", what);
		}
		(void)nanosleep(&step, NULL);
	}
	failure_check(l);
}

void
load_await(struct load *load, unsigned long writes, unsigned long reads)
{
	writes += atomic_load(&load->writes);
	reads += atomic_load(&load->reads);
	await_count(load, &load->writes, writes, "writing");
	await_count(load, &load->reads, reads, "reading");
}

void
load_await_refused(struct load *load, unsigned long n)
{
	unsigned long reads = atomic_load(&load->reads) + 10;

	await_count(load, &load->refused, atomic_load(&load->refused) + n,
	    "being refused");
	await_count(load, &load->reads, reads, "reading");
}

void
load_stop(struct load *load)
{
	struct world *w = load->w;
	size_t i;
	bool same;

	threads_end(load);
	failure_check(load);
	mutex_release(&load->lock);
	for (i = 0; i < load->n_files && i < LOAD_FILES; i++) {
		const struct load_file *file = &load->files[i];

		ASSERT_OK(&w->op, world_read(&w->op, w, file->content,
				      file->size, file->seed, &same));
		assert_true(same);
	}
}
