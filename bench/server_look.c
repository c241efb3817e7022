/* server_look.c - reads /proc/PID/statm and /proc/PID/stat. */
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

static double
cpu_of(long pid)
{
	unsigned long user = 0, kernel = 0;
	char text[1024];
	const char *at;
	int field;

	proc_read(pid, "stat", text, sizeof(text));
	/* Behind the name, which may hold anything: field 3 and on. */
	at = strrchr(text, ')');
	for (field = 3; at != NULL && field < 14; field++)
		at = strchr(at + 2, ' ');
	if (at != NULL) {
		char *end;

		user = strtoul(at, &end, 10);
		kernel = strtoul(end, NULL, 10);
	}
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

void
server_look_start(struct server_look *look, long pid)
{
	*look = (struct server_look){.pid = pid};
	if (pid != 0)
		look->cpu_before = cpu_of(pid);
	server_look_again(look);
}

void
server_look_again(struct server_look *look)
{
	char text[128];
	char *end;
	long kib;

	if (look->pid == 0)
		return;
	proc_read(look->pid, "statm", text, sizeof(text));
	(void)strtol(text, &end, 10);
	kib = strtol(end, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
	if (kib > look->rss)
		look->rss = kib;
	look->cpu = cpu_of(look->pid);
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
