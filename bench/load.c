/*
 * load.c - the load generator: N keep-alive connections to a WebDAV server on
 * this machine, one thread with epoll, so that as little as possible of two
 * processors goes to the client. Every status and every byte that comes back
 * is checked. Prints a line of JSON a run. The first failure ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/client.h"
#include "bench/report.h"
#include "bench/server_look.h"

enum { CONNECTIONS_MAX = 16384, FOLDERS = 16, EVENTS = 64, LOOK_MS = 20 };
enum { SECONDS_MAX = 300, SILENCE_MS = 30000 };

struct options {
	const char *mode;
	const char *ca;
	const char *user; /* "name:password" */
	const char *base; /* path of a folder that is there */
	uint16_t port;
	size_t connections;
	size_t first; /* number of the first request */
	size_t count;
	uint64_t size;
	size_t seconds;
	long pid; /* of the server, 0: not looked at */
};

struct load {
	struct options options;
	const struct mode *mode;
	char authorization[256];
	struct client *clients;
	size_t next_job;
	size_t running;
	int64_t ends; /* no request begins after it */
	int epoll_fd;
	struct report report;
	struct server_look look;
};

struct mode {
	const char *name;
	const char *method;
	const char *fields; /* of the head, each with its line's end */
	void (*path)(
	    const struct load *load, size_t job, char *out, size_t size);
	bool sends; /* a body of options.size */
	uint64_t seed; /* of the body, beside the request's number */
	enum client_check check;
	int statuses[2]; /* those that may come; 0: none */
	/* A field that each request has anew, or NULL. */
	void (*field)(
	    const struct load *load, size_t job, char *out, size_t size);
};

/* ---- what is asked ---- */

static void
path_spread(const struct load *load, size_t job, char *out, size_t size)
{
	(void)snprintf(out, size, "%s/f%02zu/file-%zu.bin", load->options.base,
	    job % FOLDERS, job / FOLDERS);
}

static void
path_flat(const struct load *load, size_t job, char *out, size_t size)
{
	(void)snprintf(
	    out, size, "%s/list/document-%zu.txt", load->options.base, job);
}

static void
path_folder(const struct load *load, size_t job, char *out, size_t size)
{
	(void)job;
	(void)snprintf(out, size, "%s/list/", load->options.base);
}

/* There and back: list/ is moved away by an even request, back by an odd one.
 */
static void
path_from(const struct load *load, size_t job, char *out, size_t size)
{
	(void)snprintf(out, size, "%s/%s/", load->options.base,
	    job % 2 == 0 ? "list" : "moved");
}

static void
field_to(const struct load *load, size_t job, char *out, size_t size)
{
	(void)snprintf(out, size, "Destination: https://localhost:%u%s/%s/\r\n",
	    (unsigned)load->options.port, load->options.base,
	    job % 2 == 0 ? "moved" : "list");
}

static void
path_one(const struct load *load, size_t job, char *out, size_t size)
{
	(void)job;
	(void)snprintf(out, size, "%s/one.bin", load->options.base);
}

static void
path_large(const struct load *load, size_t job, char *out, size_t size)
{
	(void)snprintf(out, size, "%s/large-%zu.bin", load->options.base, job);
}

/* Job 0 is the base itself, then the folders, then the list's. */
static void
path_mkcol(const struct load *load, size_t job, char *out, size_t size)
{
	const char *base = load->options.base;

	if (job == 0)
		(void)snprintf(out, size, "%s/", base);
	else if (job <= FOLDERS)
		(void)snprintf(out, size, "%s/f%02zu/", base, job - 1);
	else
		(void)snprintf(out, size, "%s/list/", base);
}

static void
path_base(const struct load *load, size_t job, char *out, size_t size)
{
	(void)job;
	(void)snprintf(out, size, "%s", load->options.base);
}

enum { SEED_AGAIN = 1 << 30 };

static const struct mode modes[] = {
    {"folders", "MKCOL", "", path_mkcol, .statuses = {201}},
    {"put-small", "PUT", "", path_spread, .sends = true, .statuses = {201}},
    /* Other bytes than before. Some say 201 here, too. */
    {"overwrite-small", "PUT", "", path_spread, .sends = true,
	.seed = SEED_AGAIN, .statuses = {204, 201}},
    {"get-small", "GET", "", path_spread, .check = CHECK_PATTERN,
	.statuses = {200}},
    {"put-large", "PUT", "", path_large, .sends = true, .statuses = {201}},
    {"get-large", "GET", "", path_large, .check = CHECK_PATTERN,
	.statuses = {200}},
    {"put-one", "PUT", "", path_one, .sends = true, .statuses = {204, 201}},
    {"fill-list", "PUT", "", path_flat, .sends = true, .statuses = {201}},
    {"propfind", "PROPFIND", "Depth: 1\r\n", path_folder,
	.check = CHECK_RESPONSES, .statuses = {207}},
    {"move-folder", "MOVE", "", path_from, .statuses = {201, 204},
	.field = field_to},
    {"delete-folder", "DELETE", "", path_folder, .statuses = {204, 200}},
    {"idle", "OPTIONS", "", path_base, .statuses = {200, 204}},
};

static void
request_make(struct load *load, struct client *client)
{
	const struct mode *mode = load->mode;
	struct client_request *request = &client->request;
	char path[512];
	char field[512] = "";
	int n;

	mode->path(load, client->job, path, sizeof(path));
	request->body_size = mode->sends ? load->options.size : 0;
	request->seed = mode->seed + client->job;
	request->check = mode->check;
	if (mode->field != NULL)
		mode->field(load, client->job, field, sizeof(field));
	n = snprintf(request->head, sizeof(request->head),
	    "%s %s HTTP/1.1\r\nHost: localhost:%u\r\n%s%s%s", mode->method,
	    path, (unsigned)load->options.port, load->authorization,
	    mode->fields, field);
	if (mode->sends && n > 0 && (size_t)n < sizeof(request->head))
		n += snprintf(request->head + n,
		    sizeof(request->head) - (size_t)n,
		    "Content-Length: %llu\r\n",
		    (unsigned long long)load->options.size);
	if (n < 0 || (size_t)n + 3 > sizeof(request->head))
		client_die("a head is too long");
	memcpy(request->head + n, "\r\n", 3);
}

/* Ends the process where the answer is not the one that must come. */
static void
answer_check(const struct load *load, const struct client *client)
{
	const struct mode *mode = load->mode;
	uint64_t size = load->options.size;

	if (client->status != mode->statuses[0] &&
	    client->status != mode->statuses[1])
		client_die("%s: status %d", mode->name, client->status);
	if (mode->check == CHECK_PATTERN && client->wrong)
		client_die("%s: wrong bytes", mode->name);
	if (mode->check == CHECK_PATTERN && client->body_at != size)
		client_die("%s: %llu bytes, not %llu", mode->name,
		    (unsigned long long)client->body_at,
		    (unsigned long long)size);
	/* Here size is the number of entries; the folder itself is one more. */
	if (mode->check == CHECK_RESPONSES && client->found != size + 1)
		client_die("%s: %llu responses, not %llu", mode->name,
		    (unsigned long long)client->found,
		    (unsigned long long)size + 1);
}

/* ---- the run ---- */

static void
watch(struct load *load, struct client *client, int how)
{
	struct epoll_event event = {
	    .events = client->wants_write ? EPOLLOUT : EPOLLIN,
	    .data.ptr = client,
	};

	if (epoll_ctl(load->epoll_fd, how, client->fd, &event) != 0)
		client_die("epoll: %s", strerror(errno));
}

/* The next request on this connection, if one is to follow. */
static bool
job_start(struct load *load, struct client *client)
{
	if (load->next_job == load->options.first + load->options.count ||
	    report_now() > load->ends)
		return false;
	client->job = load->next_job++;
	request_make(load, client);
	client_start(client);
	load->running++;
	return true;
}

static void
job_end(struct load *load, struct client *client)
{
	answer_check(load, client);
	report_add(&load->report, report_now() - client->started);
	load->report.bytes +=
	    load->mode->sends ? load->options.size : client->body_at;
	load->running--;
}

/* Drives one connection as far as it goes. */
static void
client_turn(struct load *load, struct client *client)
{
	bool more = true, wanted;

	while (more && client_go(client)) {
		job_end(load, client);
		more = job_start(load, client);
	}
	wanted = client->phase == PHASE_SENDING;
	if (client->wants_write != wanted) {
		client->wants_write = wanted;
		watch(load, client, EPOLL_CTL_MOD);
	}
}

static void
turns(struct load *load)
{
	struct epoll_event events[EVENTS];
	int64_t looked = 0;
	int i, n;

	while (load->running > 0) {
		n = epoll_wait(load->epoll_fd, events, EVENTS, SILENCE_MS);
		if (n == 0)
			client_die("no answer for %d s", SILENCE_MS / 1000);
		for (i = 0; i < n; i++)
			client_turn(load, events[i].data.ptr);
		if (report_now() - looked > LOOK_MS * INT64_C(1000000)) {
			looked = report_now();
			server_look_again(&load->look);
		}
	}
}

static void
clients_make(struct load *load)
{
	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	load->clients =
	    calloc(load->options.connections, sizeof(*load->clients));
	if (load->clients == NULL || load->epoll_fd < 0)
		client_die("out of memory");
}

/* Each asks once and then stays; what the server needs for all of them. */
static void
hold(struct load *load, gnutls_certificate_credentials_t trust)
{
	size_t i;

	for (i = 0; i < load->options.connections; i++) {
		struct client *client = &load->clients[i];

		client_open(client, load->options.port, trust);
		if (job_start(load, client)) {
			client_finish(client, SILENCE_MS);
			job_end(load, client);
		}
	}
	for (i = 0; i < load->options.connections; i++)
		if (!client_held(&load->clients[i]))
			client_die("the server gave up an idle connection");
}

static void
drive(struct load *load)
{
	size_t i;

	for (i = 0; i < load->options.connections; i++)
		watch(load, &load->clients[i], EPOLL_CTL_ADD);
	for (i = 0; i < load->options.connections; i++)
		if (job_start(load, &load->clients[i]))
			client_turn(load, &load->clients[i]);
	turns(load);
}

static void
run(struct load *load)
{
	gnutls_certificate_credentials_t trust = client_trust(load->options.ca);
	bool idle = strcmp(load->mode->name, "idle") == 0;
	char extra[160];
	size_t i;

	clients_make(load);
	for (i = 0; !idle && i < load->options.connections; i++)
		client_open(&load->clients[i], load->options.port, trust);
	load->next_job = load->options.first;
	report_init(&load->report, load->mode->name, load->options.count);
	load->report.threads = load->options.connections;
	server_look_start(&load->look, load->options.pid);
	load->ends =
	    report_now() + (int64_t)load->options.seconds * INT64_C(1000000000);
	if (idle)
		hold(load, trust);
	else
		drive(load);
	load->report.ended = report_now();
	server_look_again(&load->look);
	server_look_text(&load->look, extra, sizeof(extra));
	report_print(&load->report, extra);
	for (i = 0; i < load->options.connections; i++)
		client_close(&load->clients[i]);
}

/* ---- the command line ---- */

static void
authorization_make(struct load *load)
{
	char text[200];
	size_t size = sizeof(text);
	gnutls_datum_t user = {(unsigned char *)(uintptr_t)load->options.user,
	    (unsigned)strlen(load->options.user)};
	gnutls_datum_t encoded;

	if (gnutls_base64_encode2(&user, &encoded) != 0 || encoded.size >= size)
		client_die("user and password are too long");
	(void)snprintf(load->authorization, sizeof(load->authorization),
	    "Authorization: Basic %.*s\r\n", (int)encoded.size, encoded.data);
	gnutls_free(encoded.data);
}

static unsigned long long
number(const char *text, unsigned long long least, unsigned long long most)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < least || value > most)
		client_die("%s: a number from %llu to %llu is needed", text,
		    least, most);
	return value;
}

static void
option(struct options *o, int letter, const char *value)
{
	switch (letter) {
	case 'C':
		o->ca = value;
		break;
	case 'u':
		o->user = value;
		break;
	case 'b':
		o->base = value;
		break;
	case 'p':
		o->port = (uint16_t)number(value, 1, 65535);
		break;
	case 'c':
		o->connections = number(value, 1, CONNECTIONS_MAX);
		break;
	case 'f':
		o->first = number(value, 0, 1000000000);
		break;
	case 'n':
		o->count = number(value, 1, 10000000);
		break;
	case 's':
		o->size = number(value, 0, UINT64_C(1) << 40);
		break;
	case 't':
		o->seconds = number(value, 1, SECONDS_MAX);
		break;
	case 'P':
		o->pid = (long)number(value, 1, 1 << 22);
		break;
	default:
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	static struct load load;
	struct options *o = &load.options;
	int letter;
	size_t i;

	*o = (struct options){.base = "/dav/Company/bench",
	    .connections = 1,
	    .count = 1,
	    .size = 4096,
	    .seconds = 60};
	while ((letter = getopt(argc, argv, "C:u:b:p:c:f:n:s:t:P:")) != -1)
		option(o, letter, optarg);
	if (optind + 1 != argc || o->ca == NULL || o->user == NULL ||
	    o->port == 0) {
		(void)fputs(
		    "usage: load -C CA -u USER:PASSWORD -p PORT [-P PID]\n"
		    "            [-b FOLDER] [-c CONNECTIONS] [-f FIRST] [-n "
		    "COUNT]\n"
		    "            [-s SIZE] [-t SECONDS] MODE\n",
		    stderr);
		return 2;
	}
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argv[optind], modes[i].name) == 0)
			load.mode = &modes[i];
	if (load.mode == NULL)
		client_die("there is no mode %s", argv[optind]);
	(void)alarm((unsigned)o->seconds + 2 * SECONDS_MAX);
	authorization_make(&load);
	run(&load);
	return 0;
}
