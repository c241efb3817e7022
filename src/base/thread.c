/* thread.c - threads and locks over POSIX threads. */
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/op.h"
#include "base/str.h"

static void *
thread_main(void *arg)
{
	struct thread *thread = arg;

	(void)pthread_setname_np(pthread_self(), thread->name);
	thread->run(thread->arg);
	return NULL;
}

enum rc
thread_start(struct op *op, struct thread *thread, const char *name,
    void (*run)(void *arg), void *arg)
{
	int error;

	thread->run = run;
	thread->arg = arg;
	(void)str_copy(thread->name, sizeof(thread->name), name);
	error = pthread_create(&thread->native, NULL, thread_main, thread);
	if (error != 0)
		return op_fail_errno(
		    op, RC_NO_MEMORY, error, "cannot start thread %s", name);
	return RC_OK;
}

/* A failing lock call is a bug of ours, never a state of the world. */
static void
must(int error)
{
	if (error != 0)
		abort();
}

void
thread_join(struct thread *thread)
{
	must(pthread_join(thread->native, NULL));
}

void
mutex_init(struct mutex *mutex)
{
	must(pthread_mutex_init(&mutex->native, NULL));
}

void
mutex_release(struct mutex *mutex)
{
	must(pthread_mutex_destroy(&mutex->native));
}

void
mutex_lock(struct mutex *mutex)
{
	must(pthread_mutex_lock(&mutex->native));
}

void
mutex_unlock(struct mutex *mutex)
{
	must(pthread_mutex_unlock(&mutex->native));
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
	pthread_condattr_t attr;

	must(pthread_condattr_init(&attr));
	must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	must(pthread_cond_init(&cond->native, &attr));
	must(pthread_condattr_destroy(&attr));
}

void
cond_release(struct cond *cond)
{
	must(pthread_cond_destroy(&cond->native));
}

void
cond_signal(struct cond *cond)
{
	must(pthread_cond_signal(&cond->native));
}

void
cond_broadcast(struct cond *cond)
{
	must(pthread_cond_broadcast(&cond->native));
}

void
cond_wait(struct cond *cond, struct mutex *mutex)
{
	must(pthread_cond_wait(&cond->native, &mutex->native));
}

bool
cond_wait_until(struct cond *cond, struct mutex *mutex, int64_t deadline)
{
	struct timespec t = {
	    .tv_sec = (time_t)(deadline / CLOCK_S),
	    .tv_nsec = (long)(deadline % CLOCK_S),
	};

	return pthread_cond_timedwait(&cond->native, &mutex->native, &t) == 0;
}
