/* scrub.c - the scrub's thread: tenant after tenant, on site after site. */
#include "core/scrub.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	RATE_DEFAULT = 64 << 20, /* bytes a second */
	DEBT_MS = 20, /* shorter waits are put off */
	SAVE_S = 2,
	FILE_MAX = 64 << 10,
};

struct problem {
	size_t site;
	uint64_t tenant;
	char *text; /* owned */
};

struct scrub {
	struct service *service;
	struct mutex lock; /* guards what follows */
	struct cond changed;
	struct scrub_state state; /* as last told by the thread */
	bool running; /* the thread is at work */
	bool started; /* it is to be joined */
	bool ending; /* asked to end; its place is kept ... */
	bool given_up; /* ... or not */
	size_t n_problems;
	struct problem problems[SCRUB_PROBLEMS];

	/* The thread's own. */
	struct thread thread;
	struct scrub_state now;
	int64_t due; /* clock_mono() at which the bytes so far are paid */
	int64_t saved_at;
	struct site_set missed; /* check.h */
	size_t n_tenants, room;
	uint64_t *tenants; /* rising */
};

/* ---- DIR/scrub ---- */

static enum rc
state_load(struct op *op, struct scrub *s)
{
	struct sites *sites = s->service->config.sites;
	CLEANUP(buf_release) struct buf text = {0};
	size_t i;
	enum rc rc;

	s->state.n = sites->n;
	for (i = 0; i < sites->n; i++)
		memcpy(s->state.sites[i].id, sites->slots[i].site->id,
		    OBJECT_ID_SIZE);
	buf_init(&text, FILE_MAX);
	rc = io_read_file(op, s->service->config.dir_fd, "scrub", &text);
	if (rc == RC_OK)
		rc = scrub_state_read(op, buf_span(&text), &s->state);
	if (rc == RC_NO_MEMORY)
		return rc;
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		log_warn(op, "scrub-state-unreadable", "why=\"%s\"",
		    op_error(op, rc));
	op_clear_error(op);
	return RC_OK;
}

static enum rc
state_save(struct op *op, struct scrub *s, const struct scrub_state *state)
{
	CLEANUP(buf_release) struct buf text = {0};

	buf_init(&text, FILE_MAX);
	TRY(scrub_state_write(op, state, &text));
	return io_write_file(
	    op, s->service->config.dir_fd, "scrub", buf_span(&text), 0600);
}

/* What the thread has come to, for the others, and now and then for the disk.
 * A failed save costs time after a restart, no more. */
static void
now_tell(struct op *op, struct scrub *s, bool save)
{
	int64_t time = clock_mono();
	enum rc rc;

	mutex_lock(&s->lock);
	s->state = s->now;
	mutex_unlock(&s->lock);
	if (!save && time - s->saved_at < SAVE_S * CLOCK_S)
		return;
	s->saved_at = time;
	rc = state_save(op, s, &s->now);
	if (rc != RC_OK)
		log_warn(op, "scrub-not-kept", "why=\"%s\"", op_error(op, rc));
	op_clear_error(op);
}

/* ---- what a check asks ---- */

uint64_t
scrub_rate(const struct scrub *scrub)
{
	uint64_t rate = scrub->service->config.scrub_rate;

	return rate == 0 ? RATE_DEFAULT : rate;
}

static enum rc
end_look(struct op *op, struct scrub *s)
{
	bool ending;

	mutex_lock(&s->lock);
	ending = s->ending;
	mutex_unlock(&s->lock);
	if (ending || !service_stands(s->service))
		FAIL(op, RC_TIMEOUT, "the scrub was stopped");
	return RC_OK;
}

/* Bytes are paid for with time. */
static void
pay(struct scrub *s, uint64_t bytes)
{
	int64_t now = clock_mono();

	if (s->due < now)
		s->due = now;
	s->due +=
	    (int64_t)((double)bytes / (double)scrub_rate(s) * (double)CLOCK_S);
	if (s->due - now < DEBT_MS * CLOCK_MS)
		return;
	mutex_lock(&s->lock);
	while (!s->ending && clock_mono() < s->due)
		(void)cond_wait_until(&s->changed, &s->lock, s->due);
	mutex_unlock(&s->lock);
}

static enum rc
step(void *arg, struct op *op, uint64_t bytes)
{
	struct scrub *s = arg;

	now_tell(op, s, false);
	pay(s, bytes);
	FAILPOINT("scrub.step");
	return end_look(op, s);
}

static void
problem(void *arg, size_t site, const char *text)
{
	CLEANUP(op_release) struct op op;
	struct scrub *s = arg;
	size_t size = strlen(text) + 1;
	char *copy = mem_alloc(size);

	op_init(&op);
	log_warn(&op, "scrub-found", "site=%s tenant=%016llx what=\"%s\"",
	    s->service->config.sites->slots[site].site->name,
	    (unsigned long long)s->now.tenant, text);
	if (copy == NULL)
		return;
	memcpy(copy, text, size);
	mutex_lock(&s->lock);
	if (s->n_problems < SCRUB_PROBLEMS) {
		s->problems[s->n_problems++] =
		    (struct problem){site, s->now.tenant, copy};
		copy = NULL;
	}
	mutex_unlock(&s->lock);
	mem_free(copy);
}

/* ---- the walk ---- */

static enum rc
site_run(struct op *op, struct scrub *s, struct tenant *t,
    const struct check_job *job)
{
	struct sites *sites = s->service->config.sites;
	struct scrub_site *site = &s->now.sites[s->now.site];
	struct check_site *sum = &site->sum;

	sum->looked = site_set_has(sites_attached(sites), s->now.site);
	if (sum->looked && t->id == TENANT_PROVIDER &&
	    s->now.place.phase == CHECK_KEYRING)
		TRY(check_service(op, s->service, job, s->now.site, sum));
	if (sum->looked)
		TRY(check_site(op, t, job, s->now.site, &s->now.place, sum));
	if (!sum->looked)
		site->absent++;
	return RC_OK;
}

static enum rc
sites_run(struct op *op, struct scrub *s, struct tenant *t)
{
	struct check_job job = {
	    .depth = s->now.deep ? CHECK_OPEN : CHECK_ENDS,
	    .repair = !s->service->config.read_only,
	    .missed = &s->missed,
	    .problem = problem,
	    .step = step,
	    .arg = s,
	};
	enum rc rc;

	while (s->now.site < s->now.n) {
		if (s->now.sites[s->now.site].chosen &&
		    service_has_site(s->service, s->now.site)) {
			rc = site_run(op, s, t, &job);
			if (rc == RC_TIMEOUT)
				return rc;
			if (rc != RC_OK) {
				s->now.sites[s->now.site].absent++;
				problem(s, s->now.site, op_error(op, rc));
				op_clear_error(op);
			}
		}
		s->now.place = (struct check_place){0};
		s->now.site++;
	}
	return RC_OK;
}

/* What could not be opened was looked at on no site. */
static void
tenant_failed(struct op *op, struct scrub *s, enum rc rc)
{
	for (; s->now.site < s->now.n; s->now.site++)
		if (s->now.sites[s->now.site].chosen) {
			s->now.sites[s->now.site].absent++;
			problem(s, s->now.site, op_error(op, rc));
		}
	op_clear_error(op);
}

/* One that nobody uses is opened, and closed again. */
static enum rc
tenant_run(struct scrub *s, uint64_t id)
{
	CLEANUP(op_release) struct op op;
	struct tenant *t = s->service->provider;
	bool closed = false;
	enum rc rc = RC_OK;

	op_init(&op);
	if (id != TENANT_PROVIDER)
		rc = service_tenant_known(&op, s->service, id, &t);
	if (rc != RC_OK) {
		tenant_failed(&op, s, rc);
		return RC_OK;
	}
	if (id != TENANT_PROVIDER) {
		closed = t->mode == TENANT_CLOSED;
		rc = tenant_open(&op, t);
	}
	if (rc == RC_OK)
		rc = sites_run(&op, s, t);
	else
		tenant_failed(&op, s, rc);
	if (closed)
		(void)tenant_close_idle(&op, t);
	if (id != TENANT_PROVIDER)
		tenant_put(t);
	return rc == RC_TIMEOUT ? rc : RC_OK;
}

static enum rc
tenant_note(void *arg, struct op *op, const struct service_tenant_info *info)
{
	struct scrub *s = arg;
	uint64_t *more;

	if (s->n_tenants == s->room) {
		s->room = s->room == 0 ? 64 : 2 * s->room;
		more = mem_realloc(s->tenants, s->room * sizeof(*more));
		if (more == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		s->tenants = more;
	}
	s->tenants[s->n_tenants++] = info->id;
	return RC_OK;
}

static int
id_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static enum rc
all_run(struct op *op, struct scrub *s)
{
	size_t i;

	s->n_tenants = 0;
	TRY(service_tenants(op, s->service, tenant_note, s));
	if (s->n_tenants > 0)
		qsort(s->tenants, s->n_tenants, sizeof(*s->tenants), id_order);
	if (s->now.tenant == TENANT_PROVIDER)
		TRY(tenant_run(s, TENANT_PROVIDER));
	for (i = 0; i < s->n_tenants; i++) {
		if (s->tenants[i] < s->now.tenant)
			continue;
		if (s->tenants[i] > s->now.tenant) {
			s->now.tenant = s->tenants[i];
			s->now.site = 0;
			s->now.place = (struct check_place){0};
		}
		now_tell(op, s, false);
		TRY(tenant_run(s, s->tenants[i]));
		TRY(end_look(op, s));
	}
	return RC_OK;
}

/* Of each site whether all of it was looked at, and with what result. */
static void
ends_note(struct scrub *s)
{
	int64_t time = clock_wall();
	struct scrub_site *site;
	size_t i;

	for (i = 0; i < s->now.n; i++) {
		site = &s->now.sites[i];
		if (!site->chosen || site->absent > 0)
			continue;
		site->ended = time;
		if (s->now.deep)
			site->ended_deep = time;
		site->found =
		    site->sum.missing + site->sum.damaged + site->sum.strange;
		site->left = site->found - site->sum.repaired;
	}
}

static void
run_end(struct op *op, struct scrub *s, enum rc rc)
{
	bool given_up;

	mutex_lock(&s->lock);
	given_up = s->given_up;
	mutex_unlock(&s->lock);
	s->now.whole = rc == RC_OK;
	if (rc == RC_OK)
		ends_note(s);
	if (rc == RC_OK || given_up)
		s->now.going = false;
	if (rc != RC_OK && rc != RC_TIMEOUT)
		log_warn(op, "scrub-failed", "why=\"%s\"", op_error(op, rc));
	else
		log_info(op, rc == RC_OK ? "scrub-ended" : "scrub-stopped",
		    "run=%" PRId64, s->now.run);
	op_clear_error(op);
	now_tell(op, s, true);
}

static void
scrub_run(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct scrub *s = arg;
	enum rc rc;

	op_init(&op);
	log_info(&op, "scrub", "run=%" PRId64 " deep=%d rate=%" PRIu64,
	    s->now.run, s->now.deep, scrub_rate(s));
	s->saved_at = clock_mono();
	rc = all_run(&op, s);
	run_end(&op, s, rc);
	mutex_lock(&s->lock);
	s->running = false;
	cond_broadcast(&s->changed);
	mutex_unlock(&s->lock);
}

/* ---- beginning and ending ---- */

static void
problems_drop(struct scrub *s)
{
	while (s->n_problems > 0)
		mem_free(s->problems[--s->n_problems].text);
}

enum rc
scrub_new(struct op *op, struct service *service, struct scrub **ret_scrub)
{
	struct scrub *s = mem_alloc(sizeof(*s));
	enum rc rc;

	if (s == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	s->service = service;
	mutex_init(&s->lock);
	cond_init(&s->changed);
	rc = state_load(op, s);
	if (rc != RC_OK) {
		scrub_free(s);
		return rc;
	}
	*ret_scrub = s;
	return RC_OK;
}

/* Asks it to end, and waits for it. Under the lock, which is let go meanwhile.
 */
static void
run_join(struct scrub *s, bool end)
{
	if (end) {
		s->ending = true;
		cond_broadcast(&s->changed);
	}
	while (s->running)
		cond_wait(&s->changed, &s->lock);
	if (s->started)
		thread_join(&s->thread); /* it needs the lock no more */
	s->started = false;
}

void
scrub_free(struct scrub *scrub)
{
	struct scrub *s = scrub;

	if (s == NULL)
		return;
	mutex_lock(&s->lock);
	run_join(s, true);
	mutex_unlock(&s->lock);
	problems_drop(s);
	mem_free(s->tenants);
	cond_release(&s->changed);
	mutex_release(&s->lock);
	mem_free(s);
}

static bool
same_run(const struct scrub_state *state, bool deep, struct site_set sites)
{
	size_t i;

	for (i = 0; i < state->n; i++)
		if (state->sites[i].chosen != site_set_has(sites, i))
			return false;
	return state->deep == deep;
}

static void
state_begin(struct scrub_state *state, bool deep, struct site_set sites)
{
	int64_t time = clock_wall();
	size_t i;

	state->run = time > state->run ? time : state->run + 1;
	state->going = true;
	state->whole = false;
	state->deep = deep;
	state->tenant = TENANT_PROVIDER;
	state->site = 0;
	state->place = (struct check_place){0};
	for (i = 0; i < state->n; i++) {
		state->sites[i].chosen = site_set_has(sites, i);
		state->sites[i].absent = 0;
		state->sites[i].sum = (struct check_site){0};
	}
}

/* Starts the thread at s->state. Under the lock. */
static enum rc
run_start(struct op *op, struct scrub *s)
{
	run_join(s, false);
	s->ending = s->given_up = false;
	s->now = s->state;
	s->due = 0;
	s->missed = (struct site_set){0};
	problems_drop(s);
	TRY(state_save(op, s, &s->state));
	TRY(thread_start(op, &s->thread, "scrub", scrub_run, s));
	s->running = s->started = true;
	return RC_OK;
}

enum rc
scrub_begin(struct op *op, struct scrub *scrub, bool deep,
    struct site_set sites, int64_t *ret_run)
{
	struct scrub *s = scrub;
	MUTEX_GUARD(&s->lock);

	if (s->state.going && !same_run(&s->state, deep, sites))
		FAIL(op, RC_BUSY,
		    "another scrub is not over: wait for its end, or end it "
		    "with --stop");
	if (!s->state.going)
		state_begin(&s->state, deep, sites);
	if (!s->running)
		TRY(run_start(op, s));
	*ret_run = s->state.run;
	return RC_OK;
}

enum rc
scrub_resume(struct op *op, struct scrub *scrub)
{
	MUTEX_GUARD(&scrub->lock);

	return scrub->state.going && !scrub->running ? run_start(op, scrub)
						     : RC_OK;
}

enum rc
scrub_stop(struct op *op, struct scrub *scrub)
{
	MUTEX_GUARD(&scrub->lock);

	if (!scrub->state.going)
		FAIL(op, RC_NOT_FOUND, "no scrub is under way");
	scrub->given_up = true;
	run_join(scrub, true);
	scrub->state.going = false;
	return state_save(op, scrub, &scrub->state);
}

bool
scrub_await(struct scrub *scrub, int64_t run, int64_t until)
{
	MUTEX_GUARD(&scrub->lock);

	while (
	    scrub->running && scrub->state.run == run && clock_mono() < until)
		(void)cond_wait_until(&scrub->changed, &scrub->lock, until);
	return !scrub->running || scrub->state.run != run;
}

void
scrub_look(
    struct scrub *scrub, struct scrub_state *ret_state, bool *ret_running)
{
	MUTEX_GUARD(&scrub->lock);

	*ret_state = scrub->state;
	*ret_running = scrub->running;
}

enum rc
scrub_problems(struct op *op, struct scrub *scrub,
    enum rc (*each)(void *arg, struct op *op, size_t site, uint64_t tenant,
	const char *text),
    void *arg)
{
	MUTEX_GUARD(&scrub->lock);
	size_t k;

	for (k = 0; k < scrub->n_problems; k++)
		TRY(each(arg, op, scrub->problems[k].site,
		    scrub->problems[k].tenant, scrub->problems[k].text));
	return RC_OK;
}
