/* server_look.c - reads /proc/PID/statm, stat and children. */
#include "bench/server_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file's first bytes; "" where it cannot be read. */
static void
proc_read(long pid, const char *name, char *out, size_t size)
{
	char path[64];
	FILE *file;
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", pid, name);
	file = fopen(path, "re");
	if (file != NULL) {
		n = fread(out, 1, size - 1, file);
		(void)fclose(file);
	}
	out[n] = '\0';
}

/* Of user and system, its own and of the children that it has waited for. */
static double
cpu_of(long pid)
{
	unsigned long ticks = 0;
	char text[1024];
	const char *at;
	char *end;
	int field;

	proc_read(pid, "stat", text, sizeof(text));
	/* Behind the name, which may hold anything: field 3 and on. */
	at = strrchr(text, ')');
	for (field = 3; at != NULL && field < 14; field++)
		at = strchr(at + 2, ' ');
	for (; at != NULL && field < 18; field++) {
		ticks += strtoul(at, &end, 10);
		at = end;
	}
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

/* Adds one process; *shared: the most that any of them shares with others. */
static void
process_add(struct server_look *look, long pid, long *rss, long *shared)
{
	long page = sysconf(_SC_PAGESIZE) / 1024;
	long resident, common;
	char text[128];
	char *end;

	proc_read(pid, "statm", text, sizeof(text));
	(void)strtol(text, &end, 10);
	resident = strtol(end, &end, 10) * page;
	common = strtol(end, NULL, 10) * page;
	*rss += resident - common;
	if (common > *shared)
		*shared = common;
	look->cpu += cpu_of(pid);
}

void
server_look_again(struct server_look *look)
{
	long rss = 0, shared = 0, child;
	char children[4096];
	char name[64];
	char *at = children;

	if (look->pid == 0)
		return;
	look->cpu = 0;
	process_add(look, look->pid, &rss, &shared);
	(void)snprintf(name, sizeof(name), "task/%ld/children", look->pid);
	proc_read(look->pid, name, children, sizeof(children));
	while ((child = strtol(at, &at, 10)) > 0)
		process_add(look, child, &rss, &shared);
	if (rss + shared > look->rss)
		look->rss = rss + shared;
}

void
server_look_start(struct server_look *look, long pid)
{
	*look = (struct server_look){.pid = pid};
	server_look_again(look);
	look->cpu_before = look->cpu;
}

void
server_look_text(const struct server_look *look, char *out, size_t size)
{
	out[0] = '\0';
	if (look->pid != 0)
		(void)snprintf(out, size,
		    ", \"server_rss_kib\": %ld, \"server_cpu_s\": %.2f",
		    look->rss, look->cpu - look->cpu_before);
}
