/* fault.c - counters behind fault.h; empty in a release build. */
#include "base/fault.h"

#ifdef DOZO_TEST_BUILD

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct countdown {
	atomic_long left; /* 0: disarmed */
	atomic_bool forever;
	atomic_bool hit;
};

static struct countdown alloc_fault;
static struct countdown io_fault;
static atomic_int io_error;
static void (*point_hook)(void *arg, const char *name);
static void *point_arg;
static char kill_name[64];
static atomic_long kill_left;

static bool
countdown_step(struct countdown *c)
{
	long left = atomic_load(&c->left);

	if (left == 0)
		return false;
	if (left < 0)
		return true; /* forever, and past the first one */
	left = atomic_fetch_sub(&c->left, 1);
	if (left != 1)
		return false;
	atomic_store(&c->hit, true);
	if (atomic_load(&c->forever))
		atomic_store(&c->left, -1);
	return true;
}

static void
countdown_arm(struct countdown *c, long n, bool forever)
{
	atomic_store(&c->hit, false);
	atomic_store(&c->forever, forever);
	atomic_store(&c->left, n);
}

bool
fault_alloc(void)
{
	return countdown_step(&alloc_fault);
}

int
fault_io(const char *call)
{
	(void)call;
	return countdown_step(&io_fault) ? atomic_load(&io_error) : 0;
}

void
fault_alloc_arm(long n, bool forever)
{
	countdown_arm(&alloc_fault, n, forever);
}

void
fault_io_arm(long n, int error, bool forever)
{
	atomic_store(&io_error, error);
	countdown_arm(&io_fault, n, forever);
}

bool
fault_alloc_hit(void)
{
	return atomic_load(&alloc_fault.hit);
}

bool
fault_io_hit(void)
{
	return atomic_load(&io_fault.hit);
}

void
fault_point_arm(void (*hook)(void *arg, const char *name), void *arg)
{
	point_hook = hook;
	point_arg = arg;
}

void
fault_point(const char *name)
{
	if (point_hook != NULL)
		point_hook(point_arg, name);
	if (kill_name[0] == '\0' || strcmp(kill_name, name) != 0)
		return;
	if (atomic_fetch_sub(&kill_left, 1) == 1)
		(void)kill(getpid(), SIGKILL);
}

void
fault_init_from_env(void)
{
	const char *text = getenv("DOZO_TEST_KILL");
	const char *colon;
	size_t len;

	if (text == NULL)
		return;
	colon = strchr(text, ':');
	len = colon != NULL ? (size_t)(colon - text) : strlen(text);
	if (len >= sizeof(kill_name))
		return;
	memcpy(kill_name, text, len);
	kill_name[len] = '\0';
	atomic_store(
	    &kill_left, colon != NULL ? strtol(colon + 1, NULL, 10) : 1);
}

#else

typedef int fault_is_empty; /* ISO C wants a declaration */

#endif
