/* sim_fork.c - one run in one child: what killed hosts leave behind goes with
 * it. */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/sim_internal.h"

/* A safety net; steps are the real limit. */
enum { WALL_SECONDS = 120 };

/* The baton goes from thread to thread twice as fast on one processor. */
static void
stay_on_one_processor(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static _Noreturn void
child_main(struct sim_report *report, uint64_t seed, void (*body)(void *arg),
    void *arg)
{
	stay_on_one_processor();
	(void)alarm(WALL_SECONDS);
	sim_begin(report, seed);
	sim_threads_run(body, arg);
	_exit(0);
}

/* A crash is a violation like any other. */
static void
judge(struct sim_report *report, int status)
{
	struct sim_result *result = &report->result;

	if (report->done)
		return;
	result->ok = false;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		(void)snprintf(result->message, sizeof(result->message),
		    "hung: no step for too long, or a run over %d s",
		    WALL_SECONDS);
	else if (WIFSIGNALED(status))
		(void)snprintf(result->message, sizeof(result->message),
		    "crash: signal %d", WTERMSIG(status));
	else
		(void)snprintf(result->message, sizeof(result->message),
		    "crash: exit %d", WEXITSTATUS(status));
}

static void
show_end(const struct sim_report *report, unsigned show)
{
	uint64_t at = 0;

	if (report->lines > show)
		at = report->lines - show;
	if (report->lines > SIM_LINES && at < report->lines - SIM_LINES)
		at = report->lines - SIM_LINES;
	for (; at < report->lines; at++)
		(void)printf(
		    "    %.*s\n", SIM_LINE_SIZE, report->ring[at % SIM_LINES]);
	(void)fflush(stdout);
}

void
sim_fork(uint64_t seed, void (*body)(void *arg), void *arg, unsigned show,
    struct sim_result *ret_result)
{
	struct sim_report *report = mmap(NULL, sizeof(*report),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid;

	if (report == MAP_FAILED)
		abort();
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0)
		child_main(report, seed, body, arg);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (report->sandbox[0] != '\0')
		sim_sandbox_remove(report->sandbox);
	judge(report, status);
	*ret_result = report->result;
	if (!ret_result->ok && show > 0)
		show_end(report, show);
	(void)munmap(report, sizeof(*report));
}
