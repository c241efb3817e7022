/* test_sync_order.c - strace of one PUT: at each site that is counted the bytes
 * are synced, then named, then the folder is synced, before the answer (L0). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "world.h"

enum { LINE_SIZE = 4096, THREADS_MAX = 256, EVENTS_MAX = 4096 };

enum event_kind {
	EVENT_WRITE,
	EVENT_SYNC_FILE,
	EVENT_LINK,
	EVENT_SYNC_FOLDER,
	EVENT_BEGIN,
	EVENT_ACK
};

struct event {
	enum event_kind kind;
	char path[300]; /* folder; of a link: folder/name */
	long fd; /* of the file that was synced, or was given a name */
};

static struct event events[EVENTS_MAX];
static size_t n_events;
static unsigned acked_sites;

/* A call that another thread's line interrupted. */
struct pending {
	long thread;
	char text[LINE_SIZE];
};
static struct pending pending[THREADS_MAX];

static struct pending *
pending_of(long thread)
{
	size_t i;

	for (i = 0; i < THREADS_MAX; i++)
		if (pending[i].thread == thread || pending[i].thread == 0) {
			pending[i].thread = thread;
			return &pending[i];
		}
	fail_msg("too many threads");
	return NULL;
}

/* What stands between the i-th '<' and '>' of a call: a descriptor's path. */
static bool
path_at(const char *call, int i, char out[300])
{
	const char *at = call;
	size_t n;

	while (at != NULL && i-- > 0) {
		at = strchr(at, '<');
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL)
		return false;
	n = strcspn(at, ">");
	(void)snprintf(out, 300, "%.*s", (int)n, at);
	return true;
}

static struct event *
event_add(enum event_kind kind)
{
	assert_true(n_events < EVENTS_MAX);
	events[n_events].kind = kind;
	return &events[n_events++];
}

/* fdatasync(9</x/log/#123>(deleted)), write(9</x/log/#123>(deleted), ...) */
static void
see_file(const char *call, enum event_kind kind)
{
	struct event *event = event_add(kind);

	assert_true(path_at(call, 1, event->path));
	event->fd = strtol(strchr(call, '(') + 1, NULL, 10);
}

/* linkat(AT_FDCWD<..>, "/proc/self/fd/9", 8</x/log>, "name", ...): the second
 * descriptor that has a path is the folder. */
static void
see_link(const char *call)
{
	struct event *event = event_add(EVENT_LINK);
	const char *name = strrchr(call, '>');
	const char *fd = strstr(call, "/proc/self/fd/");
	char folder[300] = "";

	assert_non_null(name);
	assert_true(path_at(call, 1, folder));
	if (strncmp(call, "linkat(AT_FDCWD<", 16) == 0)
		assert_true(path_at(call, 2, folder));
	name = strstr(call, ">, \"");
	while (name != NULL && strstr(name + 1, ">, \"") != NULL)
		name = strstr(name + 1, ">, \"");
	assert_non_null(name);
	name += 4;
	(void)snprintf(event->path, sizeof(event->path), "%.150s/%.*s", folder,
	    (int)strcspn(name, "\""), name);
	event->fd = fd != NULL ? strtol(fd + 14, NULL, 10) : -1;
}

static bool
is_of_acks(const char *call)
{
	char path[300];

	return strncmp(call, "write(", 6) == 0 && path_at(call, 1, path) &&
	       strstr(path, "/acks") != NULL;
}

static void
see_acks(const char *call)
{
	const char *ack = strstr(call, "\"ACK ");

	if (ack == NULL) {
		(void)event_add(EVENT_BEGIN);
		return;
	}
	acked_sites = (unsigned)strtoul(ack + 5, NULL, 10);
	(void)event_add(EVENT_ACK);
}

static bool
succeeded(const char *call)
{
	const char *end = strrchr(call, ')');

	return end != NULL &&
	       strcmp(end + 1 + strspn(end + 1, " "), "= 0") == 0;
}

/* A call that has returned. */
static void
see_returned(const char *call)
{
	if (strncmp(call, "write(", 6) == 0)
		see_file(call, EVENT_WRITE);
	if (!succeeded(call))
		return;
	if (strncmp(call, "fdatasync(", 10) == 0)
		see_file(call, EVENT_SYNC_FILE);
	else if (strncmp(call, "fsync(", 6) == 0)
		see_file(call, EVENT_SYNC_FOLDER);
	else if (strncmp(call, "linkat(", 7) == 0)
		see_link(call);
}

/* A call counts at the moment when it has returned; an acknowledgement at the
 * moment when it begins. */
static void
see_line(char *line)
{
	char *call = NULL, *end, *rest;
	long thread = strtol(line, &call, 10);
	struct pending *p = pending_of(thread);
	char whole[2 * LINE_SIZE];

	call += strspn(call, " ");
	line[strcspn(line, "\n")] = '\0';
	end = strstr(call, " <unfinished ...>");
	if (end != NULL)
		*end = '\0';
	if (is_of_acks(call))
		see_acks(call);
	else if (end == NULL && strncmp(call, "<... ", 5) != 0)
		see_returned(call);
	if (end != NULL)
		(void)snprintf(p->text, sizeof(p->text), "%s", call);
	if (end != NULL || strncmp(call, "<... ", 5) != 0)
		return;
	rest = strstr(call, "resumed>");
	assert_non_null(rest);
	(void)snprintf(whole, sizeof(whole), "%s%s", p->text, rest + 8);
	if (!is_of_acks(whole))
		see_returned(whole);
}

static void
trace_read(const struct world *w)
{
	static char line[LINE_SIZE];
	char path[400];
	FILE *file;

	n_events = 0;
	memset(pending, 0, sizeof(pending));
	(void)snprintf(path, sizeof(path), "%.300s/trace", w->f.path);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		see_line(line);
	(void)fclose(file);
}

static size_t
event_find(size_t from, size_t to, enum event_kind kind, const char *path)
{
	size_t i;

	for (i = from; i < to; i++)
		if (events[i].kind == kind &&
		    (path == NULL ||
			strncmp(events[i].path, path, strlen(path)) == 0))
			return i;
	return to;
}

/* The last event of a kind with this descriptor before another event. */
static bool
event_before(size_t at, enum event_kind kind, long fd, size_t *ret_at)
{
	while (at-- > 0)
		if (events[at].kind == kind && events[at].fd == fd) {
			*ret_at = at;
			return true;
		}
	return false;
}

/* A name that appeared: the file's last bytes were written, then synced, then
 * it got the name, then the folder was synced, all before the answer. */
static void
name_check(const char *folder, size_t name, size_t ack)
{
	const char *path = events[name].path;
	size_t write = 0, sync = 0, after;

	if (!event_before(name, EVENT_WRITE, events[name].fd, &write))
		fail_msg("%s: nothing was written", path);
	if (!event_before(name, EVENT_SYNC_FILE, events[name].fd, &sync) ||
	    sync < write)
		fail_msg(
		    "%s: it got a name before its bytes were synced", path);
	after = event_find(name, ack, EVENT_SYNC_FOLDER, folder);
	while (after < ack && strcmp(events[after].path, folder) != 0)
		after = event_find(after + 1, ack, EVENT_SYNC_FOLDER, folder);
	if (after == ack)
		fail_msg(
		    "%s: its folder was not synced before the answer", path);
}

/* Every name in the folder between begin and ack; returns the last one. */
static size_t
site_check(const struct world *w, size_t site, const char *kind, size_t begin,
    size_t ack)
{
	char folder[360], part[OBJECT_FOLDER_SIZE];
	size_t name, last = ack;

	object_folder(part, kind, w->id);
	(void)snprintf(
	    folder, sizeof(folder), "%.300s/%s", w->f.site_paths[site], part);
	for (name = event_find(begin, ack, EVENT_LINK, folder); name < ack;
	     name = event_find(name + 1, ack, EVENT_LINK, folder)) {
		name_check(folder, name, ack);
		last = name;
	}
	if (last == ack)
		fail_msg("%s: nothing got a name before the answer", folder);
	return last;
}

/* Runs the driver under strace. It traces itself badly with the leak checker
 * on, which wants to trace too. */
static void
trace_put(struct world *w, uint64_t size)
{
	char command[1500];

	(void)snprintf(command, sizeof(command),
	    "command -v strace >/dev/null || { echo 'strace is missing: ./dev "
	    "test installs it (tools/packages)' >&2; exit 1; }; "
	    "cd '%.200s' && rm -f acks trace && "
	    "ASAN_OPTIONS=detect_leaks=0 strace -f -y -s 200 -o trace "
	    "-e trace=fdatasync,fsync,linkat,write " FAULT_DRIVER
	    " '%.200s' %zu %u 1 1 one %llu",
	    w->f.path, w->f.path, w->f.n_sites, w->f.m,
	    (unsigned long long)size);
	assert_int_equal(system(command), 0);
}

static void
check_put(uint64_t size, bool data)
{
	size_t begin, ack, log, i, counted = 0;
	struct world w;

	world_make(&w, 3, 2);
	world_keep(&w);
	world_stop(&w);
	trace_put(&w, size);
	trace_read(&w);
	begin = event_find(0, n_events, EVENT_BEGIN, NULL);
	ack = event_find(begin, n_events, EVENT_ACK, NULL);
	assert_true(begin < ack && ack < n_events);
	for (i = 0; i < 3; i++) {
		if ((acked_sites >> i & 1) == 0)
			continue;
		counted++;
		log = site_check(&w, i, "log", begin, ack);
		/* A number stands nowhere without its data (P). */
		if (data)
			assert_true(
			    site_check(&w, i, "data", begin, ack) < log);
	}
	assert_true(counted >= 2);
	world_end(&w);
}

static void
a_small_put_is_synced_at_each_counted_site_before_the_answer(void **state)
{
	(void)state;
	check_put(5000, false);
}

static void
a_put_with_a_data_segment_is_synced_at_each_counted_site_before_the_answer(
    void **state)
{
	(void)state;
	check_put(200000, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_small_put_is_synced_at_each_counted_site_before_the_answer),
	    cmocka_unit_test(
		a_put_with_a_data_segment_is_synced_at_each_counted_site_before_the_answer),
	};

	log_set_level(LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
