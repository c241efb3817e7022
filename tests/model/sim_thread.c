/*
 * sim_thread.c - thread.h with one thread at a time: a baton goes from thread
 * to thread at yield points, and the seed says to whom.
 */
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/op.h"
#include "base/str.h"
#include "base/thread.h"
#include "model/sim_internal.h"

enum {
	THREADS_MAX = 4096, /* ever started in a run */
	STEPS_DEFAULT = 200000, /* sim_limit */
	STACK_SIZE = 2 << 20,
	MAGIC = 0x51d3ab1e,
	GONE = 0x51d3dead,
};

enum state {
	RUNNABLE,
	ON_MUTEX, /* ready when it is free */
	ON_COND, /* ready at its deadline */
	ON_JOIN, /* ready when the other has ended */
	ON_HOST, /* ready when the host has no threads */
	ON_STEP, /* ready at a step, or when nobody else is */
	ON_TIME, /* ready at its deadline */
	ON_FLAG, /* ready when it is false */
	ENDED,
	KILLED,
};

static const char *const state_names[] = {"can run", "mutex", "cond", "join",
    "host", "steps", "time", "a hanging call", "ended", "killed"};

struct sim_thread {
	sem_t baton;
	enum state state;
	int host;
	unsigned index;
	unsigned priority;
	bool timed_out; /* of the last cond wait */
	bool has_deadline;
	int64_t deadline;
	uint64_t until_step;
	int until_host;
	const void *waits_for;
	const void *caller; /* who waits, for the dump */
	void (*run)(void *arg);
	void *arg;
	char label[40];
};

/* What lies in struct mutex and struct cond here. */
struct sim_mutex {
	uint32_t magic;
	struct sim_thread *holder;
};

struct sim_cond {
	uint32_t magic;
};

_Static_assert(sizeof(struct sim_mutex) <= sizeof(struct mutex), "room");
_Static_assert(sizeof(struct sim_cond) <= sizeof(struct cond), "room");

struct host {
	bool paused;
	bool unsynchronised;
	unsigned boot;
	int64_t boot_at;
	int64_t skew;
};

static struct {
	struct sim_thread *threads[THREADS_MAX]; /* alive, in order of start */
	unsigned n_threads;
	unsigned n_started;
	struct sim_thread *current;
	struct host hosts[SIM_HOSTS];
	struct sim_odds odds;
	uint64_t step;
	uint64_t limit;
	uint64_t burst; /* steps that current may still keep the processor */
	int64_t now;
	void (*failpoint)(void *arg, const char *name);
	void *failpoint_arg;
	pthread_attr_t attr;
	sem_t end;
} world;

static _Thread_local struct sim_thread *self;

/* By the linker: the program's own data lies between them. */
extern const char __executable_start;
extern const char _end;

uint64_t
sim_step(void)
{
	return world.step;
}

int64_t
sim_now(void)
{
	return world.now;
}

int64_t
sim_now_step(void)
{
	if (self != NULL)
		world.now += 100;
	return world.now;
}

void
sim_limit(uint64_t steps)
{
	world.limit = steps;
}

const char *
sim_thread_label(void)
{
	return self != NULL ? self->label : "-";
}

int
sim_host(void)
{
	return self != NULL ? self->host : 0;
}

void
sim_odds_set(const struct sim_odds *odds)
{
	world.odds = *odds;
}

const struct sim_odds *
sim_odds_get(void)
{
	return &world.odds;
}

/* Where a call came from, as addr2line says it; only for a run that has failed.
 */
static void
place_of(const void *address, char *out, size_t size)
{
	uintptr_t at = (uintptr_t)address - (uintptr_t)&__executable_start - 1;
	char command[160];
	FILE *pipe;

	(void)snprintf(out, size, "exe+0x%" PRIxPTR, at);
	(void)snprintf(command, sizeof(command),
	    "addr2line -spfe /proc/%d/exe 0x%" PRIxPTR " 2>/dev/null",
	    (int)getpid(), at);
	pipe = popen(command, "re"); /* NOLINT: our own text */
	if (pipe == NULL)
		return;
	if (fgets(command, sizeof(command), pipe) != NULL) {
		command[strcspn(command, "\n")] = '\0';
		(void)snprintf(out, size, "%s", command);
	}
	(void)pclose(pipe);
}

void
sim_misuse(const char *what, const void *address)
{
	char place[160];

	place_of(address, place, sizeof(place));
	sim_violation(
	    "misuse: %s by %s at %s", what, sim_thread_label(), place);
}

/* ---- whose turn it is ---- */

static bool
ready(const struct sim_thread *t)
{
	const struct sim_mutex *mutex;
	const struct sim_thread *other;
	const bool *flag;

	if (world.hosts[t->host].paused)
		return false;
	switch (t->state) {
	case RUNNABLE:
		return true;
	case ON_MUTEX:
		mutex = t->waits_for;
		return mutex->holder == NULL;
	case ON_JOIN:
		other = t->waits_for;
		return other->state == ENDED;
	case ON_HOST:
		return sim_host_threads(t->until_host) == 0;
	case ON_STEP:
		return world.step >= t->until_step;
	case ON_FLAG:
		flag = t->waits_for;
		return !*flag;
	case ON_COND:
	case ON_TIME:
		return t->has_deadline && t->deadline <= world.now;
	default:
		return false;
	}
}

static unsigned
collect_ready(struct sim_thread *ret_ready[THREADS_MAX])
{
	unsigned i, n = 0;

	for (i = 0; i < world.n_threads; i++)
		if (ready(world.threads[i]))
			ret_ready[n++] = world.threads[i];
	return n;
}

/* Who waits for time, and goes on first if nothing else happens. */
static struct sim_thread *
first_by_time(void)
{
	struct sim_thread *best = NULL;
	unsigned i;

	for (i = 0; i < world.n_threads; i++) {
		struct sim_thread *t = world.threads[i];

		if (world.hosts[t->host].paused || !t->has_deadline)
			continue;
		if (t->state != ON_COND && t->state != ON_TIME)
			continue;
		if (best == NULL || t->deadline < best->deadline)
			best = t;
	}
	return best;
}

/* Who waits for steps, and goes on first. */
static struct sim_thread *
first_by_step(void)
{
	struct sim_thread *best = NULL;
	unsigned i;

	for (i = 0; i < world.n_threads; i++) {
		struct sim_thread *t = world.threads[i];

		if (world.hosts[t->host].paused || t->state != ON_STEP)
			continue;
		if (best == NULL || t->until_step < best->until_step)
			best = t;
	}
	return best;
}

static _Noreturn void
deadlock(void)
{
	char text[SIM_MESSAGE_SIZE] = "";
	char place[160];
	size_t used = 0;
	unsigned i;

	for (i = 0; i < world.n_threads; i++) {
		const struct sim_thread *t = world.threads[i];
		const struct sim_mutex *mutex = t->waits_for;
		const char *holder = "";

		if (t->state == ON_MUTEX && mutex->holder != NULL)
			holder = mutex->holder->label;
		place_of(t->caller, place, sizeof(place));
		sim_trace("%s waits (%s%s%s) at %s%s", t->label,
		    state_names[t->state], holder[0] != '\0' ? " of " : "",
		    holder, place,
		    world.hosts[t->host].paused ? ", host paused" : "");
		if (used < sizeof(text))
			used += (size_t)snprintf(text + used,
			    sizeof(text) - used, " %s (%s%s%s, %s)", t->label,
			    state_names[t->state],
			    holder[0] != '\0' ? " of " : "", holder, place);
	}
	sim_violation("deadlock: all wait:%s", text);
}

/* Nobody can run: time jumps, or who waits for steps goes on. */
static void
idle(void)
{
	struct sim_thread *by_time = first_by_time();
	struct sim_thread *by_step = first_by_step();

	if (by_time == NULL && by_step == NULL)
		deadlock();
	if (by_step != NULL &&
	    (by_time == NULL || sim_odd(SIM_OF_SCHEDULER, 5000)))
		by_step->until_step = world.step;
	else if (by_time->deadline > world.now)
		world.now = by_time->deadline;
}

static unsigned
keep_host(struct sim_thread **list, unsigned n)
{
	unsigned hosts[SIM_HOSTS], n_hosts = 0, kept = 0, i, j;
	int host;

	for (i = 0; i < n; i++) {
		for (j = 0; j < n_hosts; j++)
			if (hosts[j] == (unsigned)list[i]->host)
				break;
		if (j == n_hosts)
			hosts[n_hosts++] = (unsigned)list[i]->host;
	}
	host = (int)hosts[sim_draw(SIM_OF_SCHEDULER, n_hosts)];
	for (i = 0; i < n; i++)
		if (list[i]->host == host)
			list[kept++] = list[i];
	return kept;
}

static struct sim_thread *
by_priority(struct sim_thread **list, unsigned n)
{
	struct sim_thread *best = list[0];
	unsigned i;

	for (i = 1; i < n; i++)
		if (list[i]->priority > best->priority)
			best = list[i];
	return best;
}

static struct sim_thread *
pick(struct sim_thread **list, unsigned n)
{
	if (sim_odd(SIM_OF_SCHEDULER, world.odds.by_host))
		n = keep_host(list, n);
	if (sim_odd(SIM_OF_SCHEDULER, world.odds.by_priority))
		return by_priority(list, n);
	return list[sim_draw(SIM_OF_SCHEDULER, n)];
}

/* A cond wait may end without a signal: POSIX says so, and callers must cope.
 */
static void
wake_one_for_nothing(void)
{
	struct sim_thread *t;

	if (world.n_threads == 0 ||
	    !sim_odd(SIM_OF_SCHEDULER, world.odds.spurious))
		return;
	t = world.threads[sim_draw(SIM_OF_SCHEDULER, world.n_threads)];
	if (t->state != ON_COND || world.hosts[t->host].paused)
		return;
	t->state = RUNNABLE;
	t->timed_out = false;
}

static void
tick(void)
{
	if (++world.step > world.limit)
		sim_violation("endless: over %" PRIu64 " steps", world.limit);
	world.now += 100 + (int64_t)sim_draw(
			       SIM_OF_SCHEDULER, (uint64_t)world.odds.tick_max);
	sim_disks_step(world.step);
	wake_one_for_nothing();
}

static uint64_t
draw_burst(void)
{
	uint64_t most = 1 + sim_draw(SIM_OF_SCHEDULER, world.odds.burst_max);

	return sim_draw(SIM_OF_SCHEDULER, most);
}

static struct sim_thread *
choose(void)
{
	static struct sim_thread *list[THREADS_MAX];
	struct sim_thread *next;
	unsigned n;

	tick();
	if (world.burst > 0 && ready(self)) {
		world.burst--;
		return self;
	}
	while ((n = collect_ready(list)) == 0)
		idle();
	next = pick(list, n);
	if (sim_odd(SIM_OF_SCHEDULER, 500)) /* or the lowest would starve */
		next->priority = (unsigned)sim_draw(SIM_OF_SCHEDULER, 1000);
	world.burst = draw_burst();
	sim_mix(next->index);
	return next;
}

static void
take_baton(struct sim_thread *t)
{
	while (sem_wait(&t->baton) != 0)
		;
}

/*
 * Gives the processor to whoever is next, and returns when it is ours again. A
 * killed thread is never chosen: its pthread stays here until the child exits.
 */
static void
pass_baton(void)
{
	struct sim_thread *me = self;
	struct sim_thread *next = choose();
	bool ended = me->state == ENDED;

	if (next->state == ON_COND)
		next->timed_out = true;
	if (next->state != ENDED)
		next->state = RUNNABLE;
	if (next == me)
		return;
	world.current = next;
	(void)sem_post(&next->baton);
	if (!ended)
		take_baton(me);
}

static void
wait_in(enum state state, const void *waits_for, const void *caller)
{
	self->state = state;
	self->waits_for = waits_for;
	self->caller = caller;
	pass_baton();
}

void
sim_yield(void)
{
	if (self != NULL)
		wait_in(RUNNABLE, NULL, __builtin_return_address(0));
}

void
sim_wait_steps(uint64_t n)
{
	self->until_step = world.step + n;
	wait_in(ON_STEP, NULL, __builtin_return_address(0));
}

void
sim_stall(int64_t nanoseconds)
{
	if (self == NULL)
		return;
	self->has_deadline = true;
	self->deadline = world.now + nanoseconds;
	wait_in(ON_TIME, NULL, __builtin_return_address(0));
	self->has_deadline = false;
}

void
sim_wait_while(const bool *flag)
{
	while (*flag)
		wait_in(ON_FLAG, flag, __builtin_return_address(0));
}

void
sim_sleep(int64_t nanoseconds)
{
	sim_stall(nanoseconds);
}

/* ---- threads ---- */

static void
forget(struct sim_thread *t)
{
	unsigned i;

	for (i = 0; i < world.n_threads && world.threads[i] != t; i++)
		;
	if (i == world.n_threads)
		return;
	for (world.n_threads--; i < world.n_threads; i++)
		world.threads[i] = world.threads[i + 1];
}

static void *
native_main(void *arg)
{
	struct sim_thread *t = arg;

	self = t;
	take_baton(t);
	t->run(t->arg);
	sim_trace("ends");
	t->state = ENDED;
	forget(t);
	if (t->index == 0)
		(void)sem_post(&world.end); /* the run is over */
	else
		pass_baton();
	return NULL;
}

static struct sim_thread *
start(int host, const char *name, void (*run)(void *arg), void *arg)
{
	struct sim_thread *t = calloc(1, sizeof(*t));
	pthread_t native;

	if (t == NULL || world.n_started == THREADS_MAX)
		sim_violation("harness: no memory, or too many threads");
	(void)sem_init(&t->baton, 0, 0);
	t->state = RUNNABLE;
	t->host = host;
	t->index = world.n_started++;
	t->priority = (unsigned)sim_draw(SIM_OF_SCHEDULER, 1000);
	t->run = run;
	t->arg = arg;
	(void)snprintf(
	    t->label, sizeof(t->label), "%d/%.15s#%u", host, name, t->index);
	if (pthread_create(&native, &world.attr, native_main, t) != 0)
		sim_violation("harness: no more threads");
	world.threads[world.n_threads++] = t;
	return t;
}

enum rc
thread_start(struct op *op, struct thread *thread, const char *name,
    void (*run)(void *arg), void *arg)
{
	if (fault_alloc())
		FAIL(op, RC_NO_MEMORY, "cannot start thread %s", name);
	thread->run = run;
	thread->arg = arg;
	(void)str_copy(thread->name, sizeof(thread->name), name);
	thread->simulated = start(sim_host(), name, run, arg);
	sim_trace("starts %s", ((struct sim_thread *)thread->simulated)->label);
	sim_yield();
	return RC_OK;
}

void
thread_join(struct thread *thread)
{
	const struct sim_thread *other = thread->simulated;

	while (other->state != ENDED)
		wait_in(ON_JOIN, other, __builtin_return_address(0));
}

void
sim_spawn(int host, const char *name, void (*fn)(void *arg), void *arg)
{
	const struct sim_thread *t;

	SIM_CHECK(host >= 0 && host < SIM_HOSTS, "harness: no such host");
	t = start(host, name, fn, arg);
	sim_trace("spawns %s", t->label);
	sim_yield();
}

unsigned
sim_host_threads(int host)
{
	unsigned i, n = 0;

	for (i = 0; i < world.n_threads; i++)
		n += world.threads[i]->host == host;
	return n;
}

void
sim_host_join(int host)
{
	while (sim_host_threads(host) > 0) {
		self->until_host = host;
		wait_in(ON_HOST, NULL, __builtin_return_address(0));
	}
}

void
sim_kill_host(int host)
{
	unsigned i = 0;
	bool own = self->host == host;

	SIM_CHECK(host > 0 && host < SIM_HOSTS, "harness: host 0 stays");
	sim_trace("kills host %d", host);
	while (i < world.n_threads) {
		struct sim_thread *t = world.threads[i];

		if (t->host == host) {
			t->state = KILLED;
			forget(t);
		} else {
			i++;
		}
	}
	world.hosts[host].paused = false;
	sim_disks_drop_host(host);
	if (own)
		pass_baton();
}

void
sim_reboot_host(int host)
{
	/* Before the kill, which does not return to a thread of the host. */
	world.hosts[host].boot++;
	world.hosts[host].boot_at = world.now;
	sim_kill_host(host);
}

void
sim_pause_host(int host)
{
	SIM_CHECK(host > 0 && host < SIM_HOSTS, "harness: host 0 stays");
	sim_trace("pauses host %d", host);
	world.hosts[host].paused = true;
	if (self->host == host)
		sim_yield();
}

void
sim_resume_host(int host)
{
	sim_trace("resumes host %d", host);
	world.hosts[host].paused = false;
}

bool
sim_host_paused(int host)
{
	return world.hosts[host].paused;
}

void
sim_host_wall(int host, int64_t skew, bool synchronised)
{
	world.hosts[host].skew = skew;
	world.hosts[host].unsynchronised = !synchronised;
}

int64_t
sim_host_boot_clock(int host)
{
	return world.now - world.hosts[host].boot_at;
}

unsigned
sim_host_boot(int host)
{
	return world.hosts[host].boot;
}

int64_t
sim_host_skew(int host, bool *ret_synchronised)
{
	*ret_synchronised = !world.hosts[host].unsynchronised;
	return world.hosts[host].skew;
}

/* ---- locks ---- */

static struct sim_mutex *
mutex_of(struct mutex *mutex, const char *what, const void *caller)
{
	struct sim_mutex *m = (struct sim_mutex *)(void *)mutex;
	uintptr_t at = (uintptr_t)mutex;

	/* PTHREAD_MUTEX_INITIALIZER is zeroes; it is for static ones only. */
	if (m->magic == 0 && at >= (uintptr_t)&__executable_start &&
	    at < (uintptr_t)&_end)
		m->magic = MAGIC;
	if (m->magic != MAGIC)
		sim_misuse(what, caller);
	return m;
}

static struct sim_cond *
cond_of(struct cond *cond, const char *what, const void *caller)
{
	struct sim_cond *c = (struct sim_cond *)(void *)cond;

	if (c->magic != MAGIC)
		sim_misuse(what, caller);
	return c;
}

void
mutex_init(struct mutex *mutex)
{
	struct sim_mutex *m = (struct sim_mutex *)(void *)mutex;

	m->magic = MAGIC;
	m->holder = NULL;
}

void
mutex_release(struct mutex *mutex)
{
	struct sim_mutex *m = mutex_of(
	    mutex, "release of what is no mutex", __builtin_return_address(0));

	if (m->holder != NULL)
		sim_misuse(
		    "release of a held mutex", __builtin_return_address(0));
	m->magic = GONE;
}

static void
lock(struct sim_mutex *m, const void *caller)
{
	if (m->holder == self && self != NULL)
		sim_misuse("second lock of an own mutex", caller);
	while (m->holder != NULL)
		wait_in(ON_MUTEX, m, caller);
	m->holder = self;
}

void
mutex_lock(struct mutex *mutex)
{
	struct sim_mutex *m = mutex_of(
	    mutex, "lock of what is no mutex", __builtin_return_address(0));

	if (self != NULL && sim_odd(SIM_OF_SCHEDULER, world.odds.at_lock))
		wait_in(RUNNABLE, NULL, __builtin_return_address(0));
	lock(m, __builtin_return_address(0));
}

void
mutex_unlock(struct mutex *mutex)
{
	struct sim_mutex *m = mutex_of(
	    mutex, "unlock of what is no mutex", __builtin_return_address(0));

	if (m->holder != self)
		sim_misuse("unlock of a mutex that is not held",
		    __builtin_return_address(0));
	m->holder = NULL;
}

void
mutex_unlock_ptr(struct mutex **mutex)
{
	if (*mutex != NULL)
		mutex_unlock(*mutex);
}

void
cond_init(struct cond *cond)
{
	struct sim_cond *c = (struct sim_cond *)(void *)cond;

	c->magic = MAGIC;
}

void
cond_release(struct cond *cond)
{
	struct sim_cond *c = cond_of(
	    cond, "release of what is no cond", __builtin_return_address(0));
	unsigned i;

	for (i = 0; i < world.n_threads; i++)
		if (world.threads[i]->state == ON_COND &&
		    world.threads[i]->waits_for == c)
			sim_misuse("release of a cond that is waited for",
			    __builtin_return_address(0));
	c->magic = 0;
}

/* The waiters, in order of their start. */
static unsigned
waiters_of(const struct sim_cond *c, struct sim_thread **ret_list)
{
	unsigned i, n = 0;

	for (i = 0; i < world.n_threads; i++)
		if (world.threads[i]->state == ON_COND &&
		    world.threads[i]->waits_for == c)
			ret_list[n++] = world.threads[i];
	return n;
}

static void
wake(struct sim_thread *t)
{
	t->state = RUNNABLE;
	t->timed_out = false;
}

void
cond_signal(struct cond *cond)
{
	static struct sim_thread *list[THREADS_MAX];
	struct sim_cond *c = cond_of(
	    cond, "signal of what is no cond", __builtin_return_address(0));
	unsigned n = waiters_of(c, list);

	if (n > 0)
		wake(list[sim_draw(SIM_OF_SCHEDULER, n)]);
}

void
cond_broadcast(struct cond *cond)
{
	static struct sim_thread *list[THREADS_MAX];
	struct sim_cond *c = cond_of(
	    cond, "broadcast of what is no cond", __builtin_return_address(0));
	unsigned i, n = waiters_of(c, list);

	for (i = 0; i < n; i++)
		wake(list[i]);
}

static bool
cond_sleep(struct sim_cond *c, struct sim_mutex *m, bool has_deadline,
    const void *caller)
{
	bool in_time;

	if (m->holder != self)
		sim_misuse("cond wait without its mutex", caller);
	m->holder = NULL;
	self->has_deadline = has_deadline;
	wait_in(ON_COND, c, caller);
	self->has_deadline = false;
	in_time = !self->timed_out;
	lock(m, caller);
	return in_time;
}

void
cond_wait(struct cond *cond, struct mutex *mutex)
{
	const void *caller = __builtin_return_address(0);

	(void)cond_sleep(cond_of(cond, "wait on what is no cond", caller),
	    mutex_of(mutex, "wait with what is no mutex", caller), false,
	    caller);
}

bool
cond_wait_until(struct cond *cond, struct mutex *mutex, int64_t deadline)
{
	const void *caller = __builtin_return_address(0);

	self->deadline = deadline;
	return cond_sleep(cond_of(cond, "wait on what is no cond", caller),
	    mutex_of(mutex, "wait with what is no mutex", caller), true,
	    caller);
}

/* ---- the run ---- */

/* Short and long runs of one thread, coarse and fine clocks: each finds other
 * faults. */
static void
draw_odds(struct sim_odds *odds)
{
	static const unsigned bursts[] = {1, 1, 2, 8, 20, 60, 300};
	static const int64_t ticks[] = {1000, 20000, CLOCK_MS, 20 * CLOCK_MS};
	enum sim_stream s = SIM_OF_SCHEDULER;

	odds->burst_max = bursts[sim_draw(s, ARRAY_LEN(bursts))];
	odds->by_host = (unsigned)sim_draw(s, 3) * 4000;
	odds->by_priority = sim_odd(s, 2500) ? 9500 : 0;
	odds->at_lock = sim_odd(s, 3000) ? 1500 : 0;
	odds->spurious = sim_odd(s, 3000) ? 50 : 0;
	odds->tick_max = ticks[sim_draw(s, ARRAY_LEN(ticks))];
}

void
sim_on_failpoint(void (*hook)(void *arg, const char *name), void *arg)
{
	world.failpoint = hook;
	world.failpoint_arg = arg;
}

/* Each failpoint of the code is a yield point: a kill may come there. */
static void
at_failpoint(void *arg, const char *name)
{
	(void)arg;
	if (self == NULL)
		return;
	sim_trace("at %s", name);
	sim_yield();
	if (world.failpoint != NULL)
		world.failpoint(world.failpoint_arg, name);
}

void
sim_threads_run(void (*body)(void *arg), void *arg)
{
	struct sim_thread *first;

	world.now = 1000 * CLOCK_S;
	world.limit = STEPS_DEFAULT;
	draw_odds(&world.odds);
	(void)sem_init(&world.end, 0, 0);
	(void)pthread_attr_init(&world.attr);
	(void)pthread_attr_setstacksize(&world.attr, STACK_SIZE);
	(void)pthread_attr_setdetachstate(&world.attr, PTHREAD_CREATE_DETACHED);
	fault_point_arm(at_failpoint, NULL);
	first = start(0, "main", body, arg);
	world.current = first;
	(void)sem_post(&first->baton);
	while (sem_wait(&world.end) != 0)
		;
	sim_report_end(true);
}
