/* sites.c - the sites of a service, their states and their threads. README.md
 * states S15. */
#include "store/sites.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

struct thread_arg {
	struct sites *sites;
	size_t slot;
};

enum rc
sites_new(struct op *op, struct sites **ret_sites)
{
	struct sites *sites = mem_alloc(sizeof(*sites));

	if (sites == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	mutex_init(&sites->lock);
	*ret_sites = sites;
	return RC_OK;
}

static struct site_job *
job_take(struct sites *sites, struct site_slot *slot)
{
	struct site_job *job;

	mutex_lock(&sites->lock);
	while (slot->first == NULL && !sites->stopping)
		cond_wait(&slot->work, &sites->lock);
	job = slot->first;
	if (job != NULL) {
		slot->first = job->next;
		if (slot->first == NULL)
			slot->last = &slot->first;
	}
	mutex_unlock(&sites->lock);
	return job;
}

static void
site_thread(void *arg)
{
	struct thread_arg *a = arg;
	struct sites *sites = a->sites;
	struct site_slot *slot = &sites->slots[a->slot];
	struct site_job *job;

	mem_free(a);
	while ((job = job_take(sites, slot)) != NULL)
		job->run(job);
}

static enum rc
slot_start(struct op *op, struct sites *sites, size_t i)
{
	struct site_slot *slot = &sites->slots[i];
	char name[16];
	enum rc rc;

	(void)snprintf(name, sizeof(name), "site-%.10s", slot->site->name);
	while (slot->n_threads < SITE_THREADS) {
		struct thread_arg *arg = mem_alloc(sizeof(*arg));

		if (arg == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		arg->sites = sites;
		arg->slot = i;
		rc = thread_start(op, &slot->threads[slot->n_threads], name,
		    site_thread, arg);
		if (rc != RC_OK) {
			mem_free(arg);
			return rc;
		}
		slot->n_threads++;
	}
	return RC_OK;
}

enum rc
sites_start(struct op *op, struct sites *sites)
{
	size_t i;

	sites->running = true;
	for (i = 0; i < sites->n; i++) {
		TRY(slot_start(op, sites, i));
		(void)sites_try(op, sites, i);
	}
	return RC_OK;
}

enum rc
sites_add(struct op *op, struct sites *sites, struct site *site)
{
	size_t i = sites->n;
	struct site_slot *slot = &sites->slots[i];
	enum rc rc = RC_OK;

	if (i == SITES_MAX) {
		site_close(site);
		FAIL(op, RC_LIMIT,
		    "a server has %d sites at most in its time, those that "
		    "have left it too: start it again",
		    SITES_MAX);
	}
	slot->site = site;
	slot->state = SITE_AWAY;
	(void)str_copy(slot->why, sizeof(slot->why), "not looked at yet");
	slot->since = clock_mono();
	slot->last = &slot->first;
	cond_init(&slot->work);
	if (sites->running)
		rc = slot_start(op, sites, i);
	/* Also after a failure: its threads are joined in the end. */
	sites->n = i + 1;
	if (rc == RC_OK && sites->running)
		(void)sites_try(op, sites, i);
	return rc;
}

void
sites_free(struct sites *sites)
{
	size_t i, k;

	if (sites == NULL)
		return;
	mutex_lock(&sites->lock);
	sites->stopping = true;
	for (i = 0; i < sites->n; i++)
		cond_broadcast(&sites->slots[i].work);
	mutex_unlock(&sites->lock);
	for (i = 0; i < sites->n; i++) {
		for (k = 0; k < sites->slots[i].n_threads; k++)
			thread_join(&sites->slots[i].threads[k]);
		cond_release(&sites->slots[i].work);
		site_close(sites->slots[i].site);
	}
	mutex_release(&sites->lock);
	mem_free(sites);
}

size_t
sites_find(const struct sites *sites, const uint8_t id[OBJECT_ID_SIZE])
{
	size_t i;

	for (i = 0; i < sites->n; i++)
		if (memcmp(sites->slots[i].site->id, id, OBJECT_ID_SIZE) == 0)
			return i;
	return SITES_MAX;
}

/* Notes a new state; true where it is another one. */
static bool
state_set(struct sites *sites, size_t i, enum site_state state, const char *why)
{
	struct site_slot *slot = &sites->slots[i];
	bool changed;

	mutex_lock(&sites->lock);
	/* A site that is away from the beginning is news as well. */
	changed = slot->state != state || !slot->looked_at;
	slot->looked_at = true;
	if (changed)
		slot->since = clock_mono();
	if (changed && state == SITE_ATTACHED)
		slot->epoch++;
	slot->state = state;
	(void)snprintf(slot->why, sizeof(slot->why), "%.159s", why);
	mutex_unlock(&sites->lock);
	return changed;
}

void
sites_leave(struct op *op, struct sites *sites, size_t i)
{
	mutex_lock(&sites->lock);
	sites->slots[i].left = true;
	mutex_unlock(&sites->lock);
	if (state_set(sites, i, SITE_AWAY, "it has left the register"))
		log_info(
		    op, "site-left", "site=%s", sites->slots[i].site->name);
}

bool
sites_has_left(struct sites *sites, size_t i)
{
	MUTEX_GUARD(&sites->lock);

	return sites->slots[i].left;
}

bool
sites_try(struct op *op, struct sites *sites, size_t i)
{
	struct site *site = sites->slots[i].site;
	enum rc rc;

	if (sites_has_left(sites, i))
		return false;
	rc = site_attach(op, site);
	if (rc != RC_OK) {
		sites_failed(op, sites, i, rc);
		return false;
	}
	if (state_set(sites, i, SITE_ATTACHED, ""))
		log_info(op, "site-attached", "site=%s", site->name);
	return true;
}

void
sites_failed(struct op *op, struct sites *sites, size_t i, enum rc rc)
{
	if (state_set(sites, i, SITE_AWAY, op_error(op, rc)))
		log_warn(op, "site-away", "site=%s why=\"%s\"",
		    sites->slots[i].site->name, op_error(op, rc));
	op_clear_error(op);
}

uint64_t
sites_epoch(struct sites *sites, size_t i)
{
	uint64_t epoch;

	mutex_lock(&sites->lock);
	epoch = sites->slots[i].epoch;
	mutex_unlock(&sites->lock);
	return epoch;
}

struct site_set
sites_attached(struct sites *sites)
{
	struct site_set set = {0};
	size_t i;

	mutex_lock(&sites->lock);
	for (i = 0; i < sites->n; i++)
		if (sites->slots[i].state == SITE_ATTACHED)
			set = site_set_with(set, i);
	mutex_unlock(&sites->lock);
	return set;
}

struct site_set
sites_of_register(const struct sites *sites, const struct site_register *reg)
{
	struct site_set set = {0};
	size_t k, i;

	for (k = 0; k < reg->n; k++) {
		i = sites_find(sites, reg->ids[k]);
		if (i < SITES_MAX)
			set = site_set_with(set, i);
	}
	return set;
}

void
sites_submit(struct sites *sites, size_t i, struct site_job *job)
{
	struct site_slot *slot = &sites->slots[i];

	mutex_lock(&sites->lock);
	job->next = NULL;
	*slot->last = job;
	slot->last = &job->next;
	mutex_unlock(&sites->lock);
	cond_signal(&slot->work);
}

void
sites_look_at_space(struct op *op, struct sites *sites)
{
	struct site_set attached = sites_attached(sites);
	size_t i;

	for (i = 0; i < sites->n; i++) {
		struct site *site = sites->slots[i].site;
		struct io_space space;
		uint64_t written;
		enum rc rc;

		if (!site_set_has(attached, i))
			continue;
		written = atomic_load(&site->written);
		rc = site_space(op, site, &space);
		if (rc != RC_OK) {
			sites_failed(op, sites, i, rc);
			continue;
		}
		mutex_lock(&sites->lock);
		sites->slots[i].space = space;
		sites->slots[i].written = written;
		mutex_unlock(&sites->lock);
	}
}

void
sites_space(struct sites *sites, size_t i, struct io_space *ret_space)
{
	const struct site_slot *slot = &sites->slots[i];
	uint64_t since;

	mutex_lock(&sites->lock);
	*ret_space = slot->space;
	since = atomic_load(&slot->site->written) - slot->written;
	mutex_unlock(&sites->lock);
	ret_space->free -= since < ret_space->free ? since : ret_space->free;
}
