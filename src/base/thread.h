/*
 * thread.h - threads, locks and waiting. All of store/ and core/ waits only
 * through this header, so that the model (tests/model/) can put a seeded
 * scheduler and a simulated clock in its place.
 */
#ifndef DOZO_BASE_THREAD_H
#define DOZO_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

struct op;

struct thread {
	union {
		pthread_t native;
		void *simulated;
	};
	void (*run)(void *arg);
	void *arg;
	char name[16];
};

struct mutex {
	union {
		pthread_mutex_t native;
		bool held;
	};
};

/* For a mutex that lives as long as the process. */
#define MUTEX_STATIC \
	{ \
		{ \
			.native = PTHREAD_MUTEX_INITIALIZER \
		} \
	}

struct cond {
	union {
		pthread_cond_t native;
		int unused;
	};
};

/* Runs run(arg) in a new thread; thread must stay valid until joined.
 * RC_NO_MEMORY. */
enum rc thread_start(struct op *op, struct thread *thread, const char *name,
    void (*run)(void *arg), void *arg) MUST_CHECK;

/* Waits for its end. Each started thread is joined once. */
void thread_join(struct thread *thread);

void mutex_init(struct mutex *mutex);
void mutex_release(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

void cond_init(struct cond *cond);
void cond_release(struct cond *cond);
void cond_signal(struct cond *cond);
void cond_broadcast(struct cond *cond);
void cond_wait(struct cond *cond, struct mutex *mutex);

/* As cond_wait, but no longer than until clock_mono() is deadline; false on
 * time-out. */
bool cond_wait_until(struct cond *cond, struct mutex *mutex, int64_t deadline);

/* For CLEANUP: unlocks what the pointer points at, where it is not NULL. */
void mutex_unlock_ptr(struct mutex **mutex);

/* Holds the mutex until the end of the block. */
#define MUTEX_GUARD(m) MUTEX_GUARD_ON(m, __LINE__)
#define MUTEX_GUARD_ON(m, line) MUTEX_GUARD_NAMED(m, line)
#define MUTEX_GUARD_NAMED(m, line) \
	CLEANUP(mutex_unlock_ptr) \
	struct mutex *guard_##line = (mutex_lock(m), (m)); \
	(void)guard_##line

#endif
