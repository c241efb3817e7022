/* fault.h - where tests make things fail. In a release build all of this is
 * nothing. */
#ifndef DOZO_BASE_FAULT_H
#define DOZO_BASE_FAULT_H

#include <stdbool.h>

#ifdef DOZO_TEST_BUILD

/* True when this allocation is to fail. */
bool fault_alloc(void);

/* The errno with which this I/O call is to fail, or 0. */
int fault_io(const char *call);

/* Runs what a test has armed at this named place; may end the process. */
void fault_point(const char *name);

/*
 * Makes the n-th call from now on fail (1 = the next one), once, or, with
 * forever, each one after it too. 0 disarms. For any thread of the process.
 */
void fault_alloc_arm(long n, bool forever);
void fault_io_arm(long n, int error, bool forever);

/* True when an armed fault has happened since it was armed. */
bool fault_alloc_hit(void);
bool fault_io_hit(void);

/* Calls hook(arg, name) at each failpoint; NULL disarms. Set it before threads
 * start. */
void fault_point_arm(void (*hook)(void *arg, const char *name), void *arg);

/*
 * Reads DOZO_TEST_KILL=NAME[:N] from the environment: the process kills itself
 * (SIGKILL) at the N-th passing of failpoint NAME. Called once by main().
 */
void fault_init_from_env(void);

#define FAILPOINT(name) fault_point(name)

#else

static inline bool
fault_alloc(void)
{
	return false;
}

static inline int
fault_io(const char *call)
{
	(void)call;
	return 0;
}

static inline void
fault_init_from_env(void)
{
}

#define FAILPOINT(name) ((void)0)

#endif
#endif
