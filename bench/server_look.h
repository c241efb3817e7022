/* server_look.h - what /proc tells of the server while it is under load:
 * memory and processor time, its child processes' too. Pages that processes
 * share count once. */
#ifndef DOZO_BENCH_SERVER_LOOK_H
#define DOZO_BENCH_SERVER_LOOK_H

#include <stddef.h>

struct server_look {
	long pid; /* 0: nothing is looked at */
	double cpu_before; /* s, user and system */
	double cpu;
	long rss; /* KiB, the highest seen */
};

void server_look_start(struct server_look *look, long pid);
void server_look_again(struct server_look *look);

/* More of a report's line: ", \"server_rss_kib\": ..." or "". */
void server_look_text(const struct server_look *look, char *out, size_t size);

#endif
