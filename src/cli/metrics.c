/* metrics.c - numbers for a monitor. */
#include "cli/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/upkeep_rows.h"
#include "core/state.h"

enum { REQUEST_MAX = 4096, ANSWER_MAX = 1 << 20, CLIENT_SECONDS = 2 };

struct metrics {
	struct service *service;
	struct http_server *server;
	int listen_fd;
	int stop_fd;
	struct thread thread;
	bool runs;
};

/* ---- the text ---- */

static enum rc
one(struct op *op, struct buf *buf, const char *name, const char *type,
    const char *help, double value)
{
	return buf_add_format(op, buf, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n",
	    name, help, name, type, name, value);
}

struct site_metric {
	const char *name;
	const char *help;
	double (*value)(const struct state_site *site);
};

static double
attached_of(const struct state_site *site)
{
	return site->attached;
}

static double
counts_of(const struct state_site *site)
{
	return site->counts;
}

static double
in_service_of(const struct state_site *site)
{
	return (double)site->in_service;
}

static double
lag_of(const struct state_site *site)
{
	return (double)site->lag;
}

static double
closed_behind_of(const struct state_site *site)
{
	return (double)site->closed_behind;
}

static double
free_of(const struct state_site *site)
{
	return (double)site->space.free;
}

static double
damaged_of(const struct state_site *site)
{
	return (double)site->damaged;
}

static double
rolled_back_of(const struct state_site *site)
{
	return site->rolled_back;
}

static double
low_of(const struct state_site *site)
{
	return site->low;
}

static double
total_of(const struct state_site *site)
{
	return (double)site->space.total;
}

static double
key_pending_of(const struct state_site *site)
{
	return site->key_pending;
}

/* Of a change of the register; absent where none is under way. */
static enum rc
change_text(struct op *op, const struct state *state, struct buf *buf)
{
	const struct site_change_state *change = &state->change;

	TRY(one(op, buf, "dozo_register_change", "gauge",
	    "Of the change of the sites that is under way: 1 filling, 2 "
	    "switching, 3 leaving; 0 none.",
	    change->phase == SITE_PHASE_DONE ? 0 : (double)change->phase));
	if (change->phase != SITE_PHASE_FILLING)
		return RC_OK;
	TRY(one(op, buf, "dozo_filling_objects", "gauge",
	    "Objects of the new site that it has.", (double)change->held));
	return one(op, buf, "dozo_filling_objects_wanted", "gauge",
	    "Objects that it will have; 0: not counted yet.",
	    (double)change->total);
}

static enum rc
sites_text(struct op *op, const struct state *state, struct buf *buf)
{
	static const struct site_metric metrics[] = {
	    {"dozo_site_attached", "Whether the site is there.", attached_of},
	    {"dozo_site_counts", "Whether what is written there counts.",
		counts_of},
	    {"dozo_site_tenants_in_service",
		"Open logs that the site is in service for.", in_service_of},
	    {"dozo_site_lag", "Numbers of open logs that the site lacks.",
		lag_of},
	    {"dozo_site_closed_behind",
		"Logs that are not open of which the site may lack something.",
		closed_behind_of},
	    {"dozo_site_damaged",
		"Damaged objects of open logs that are to be repaired.",
		damaged_of},
	    {"dozo_site_rolled_back",
		"Logs of the site that were found with less than it had "
		"acknowledged, since the start.",
		rolled_back_of},
	    {"dozo_site_key_pending",
		"Whether keyrings of the site may still be sealed by its "
		"former key.",
		key_pending_of},
	    {"dozo_site_free_bytes", "Free space.", free_of},
	    {"dozo_site_low",
		"Whether the site is below its reserve and gets no uploads.",
		low_of},
	    {"dozo_site_size_bytes", "Size of the site's disk.", total_of},
	};
	size_t m, i;

	for (m = 0; m < ARRAY_LEN(metrics); m++) {
		TRY(buf_add_format(op, buf, "# HELP %s %s\n# TYPE %s gauge\n",
		    metrics[m].name, metrics[m].help, metrics[m].name));
		for (i = 0; i < state->n_sites; i++)
			/* The one that is replaced has the same name. */
			if (state->sites[i].role == STATE_MEMBER)
				TRY(buf_add_format(op, buf,
				    "%s{site=\"%s\"} %.17g\n", metrics[m].name,
				    state->sites[i].name,
				    metrics[m].value(&state->sites[i])));
	}
	return RC_OK;
}

struct work_metric {
	const char *name;
	const char *type;
	const char *help;
	double (*value)(const struct state *state, unsigned work);
};

static double
running_of(const struct state *state, unsigned work)
{
	return state->upkeep[work].running;
}

static double
ended_of(const struct state *state, unsigned work)
{
	return (double)state->upkeep[work].ended / (double)CLOCK_S;
}

static double
times_of(const struct state *state, unsigned work)
{
	return (double)state->upkeep[work].times;
}

static double
failed_of(const struct state *state, unsigned work)
{
	return (double)state->upkeep[work].failed;
}

static double
waiting_of(const struct state *state, unsigned work)
{
	return (double)state->waits[work];
}

static double
freed_of(const struct state *state, unsigned work)
{
	return (double)state->upkeep[work].freed;
}

static enum rc
upkeep_text(struct op *op, const struct state *state, struct buf *buf)
{
	static const struct work_metric metrics[] = {
	    {"dozo_upkeep_running", "gauge", "Tenants being worked on.",
		running_of},
	    {"dozo_upkeep_ended_seconds", "gauge",
		"Unix time of its last end since the start; 0: none.",
		ended_of},
	    {"dozo_upkeep_total", "counter",
		"Times that it was done for a tenant.", times_of},
	    {"dozo_upkeep_failed_total", "counter", "Times that it failed.",
		failed_of},
	    {"dozo_upkeep_waiting", "gauge",
		"What waits in open tenants: tenants (purge, snapshot, cut), "
		"numbers (pack), bytes (compaction), objects (sweep).",
		waiting_of},
	    {"dozo_upkeep_freed_bytes_total", "counter",
		"Bytes of the objects that it deleted, on all sites.",
		freed_of},
	};
	size_t m;
	unsigned work;

	for (m = 0; m < ARRAY_LEN(metrics); m++) {
		TRY(buf_add_format(op, buf, "# HELP %s %s\n# TYPE %s %s\n",
		    metrics[m].name, metrics[m].help, metrics[m].name,
		    metrics[m].type));
		for (work = 0; work < UPKEEP_WORKS; work++)
			TRY(buf_add_format(op, buf, "%s{work=\"%s\"} %.17g\n",
			    metrics[m].name,
			    upkeep_name((enum upkeep_work)work),
			    metrics[m].value(state, work)));
	}
	return RC_OK;
}

static enum rc
scrub_text(struct op *op, const struct state *state, struct buf *buf)
{
	static const struct {
		const char *name, *help;
	} metrics[] = {
	    {"dozo_scrub_ended_seconds",
		"Unix time at which the site was last looked at as a whole; "
		"0: never."},
	    {"dozo_scrub_deep_ended_seconds", "The same of a deep scrub."},
	    {"dozo_scrub_found", "Objects that it found wrong then."},
	    {"dozo_scrub_left", "Of these, those that it could not repair."},
	};
	size_t m, i;

	for (m = 0; m < ARRAY_LEN(metrics); m++) {
		TRY(buf_add_format(op, buf, "# HELP %s %s\n# TYPE %s gauge\n",
		    metrics[m].name, metrics[m].help, metrics[m].name));
		for (i = 0; i < state->scrub.n; i++) {
			const struct scrub_site *site = &state->scrub.sites[i];
			const double values[] = {
			    (double)site->ended / (double)CLOCK_S,
			    (double)site->ended_deep / (double)CLOCK_S,
			    (double)site->found, (double)site->left};

			TRY(buf_add_format(op, buf, "%s{site=\"%s\"} %.17g\n",
			    metrics[m].name, state->sites[i].name, values[m]));
		}
	}
	return one(op, buf, "dozo_scrub_running", "gauge",
	    "Whether a scrub is under way.", state->scrub_running);
}

static enum rc
http_text(struct op *op, struct http_server *server, struct buf *buf)
{
	struct http_stats stats;

	http_server_stats(server, &stats);
	TRY(one(op, buf, "dozo_http_connections", "gauge", "Open connections.",
	    stats.connections));
	TRY(one(op, buf, "dozo_http_accepted_total", "counter",
	    "Connections accepted.", (double)stats.accepted));
	TRY(one(op, buf, "dozo_http_turned_away_total", "counter",
	    "Connections over a limit.", (double)stats.turned_away));
	TRY(one(op, buf, "dozo_http_cut_total", "counter",
	    "Connections cut for being slow.", (double)stats.cut));
	return one(op, buf, "dozo_http_requests_total", "counter", "Requests.",
	    (double)stats.requests);
}

enum rc
metrics_text(struct op *op, struct service *service, struct http_server *server,
    struct buf *buf)
{
	struct state state;
	uint64_t numbers = 0;
	size_t i;

	TRY(state_get(op, service, false, &state));
	for (i = 0; i < state.n_tenants; i++)
		numbers += state.tenants[i].number;
	TRY(one(op, buf, "dozo_uptime_seconds", "gauge",
	    "Since the service was opened.",
	    (double)state.uptime / (double)CLOCK_S));
	TRY(one(op, buf, "dozo_health", "gauge",
	    "0 ok, 1 degraded, 2 read-only.", (double)state.health));
	TRY(one(op, buf, "dozo_head_unproven", "gauge",
	    "Whether too few sites tell if another server has taken over.",
	    state.head_unproven));
	TRY(one(op, buf, "dozo_min_sites", "gauge",
	    "Sites that must have a thing.", state.m));
	TRY(one(op, buf, "dozo_open_logs", "gauge",
	    "Logs that are open: tenants, the canary and the provider.",
	    (double)state.n_tenants));
	TRY(one(op, buf, "dozo_closed_logs", "gauge", "Logs that are not open.",
	    (double)state.n_closed));
	TRY(one(op, buf, "dozo_numbers", "gauge",
	    "Sum of the open logs' head numbers.", (double)numbers));
	TRY(one(op, buf, "dozo_disk_free_bytes", "gauge",
	    "Free space for the databases.", (double)state.disk.free));
	TRY(one(op, buf, "dozo_disk_low", "gauge",
	    "Whether that is below its reserve and uploads are refused.",
	    state.disk_low));
	TRY(sites_text(op, &state, buf));
	TRY(upkeep_text(op, &state, buf));
	TRY(scrub_text(op, &state, buf));
	TRY(change_text(op, &state, buf));
	return server != NULL ? http_text(op, server, buf) : RC_OK;
}

/* ---- serving it ---- */

static bool
request_is_ours(int fd)
{
	static const char wanted[] = "GET /metrics ";
	char head[REQUEST_MAX + 1];
	size_t n = 0;

	while (n < REQUEST_MAX) {
		ssize_t got = recv(fd, head + n, REQUEST_MAX - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		head[n] = '\0';
		if (strstr(head, "\r\n\r\n") != NULL)
			return strncmp(head, wanted, sizeof(wanted) - 1) == 0;
	}
	return false;
}

static enum rc
answer_make(struct op *op, struct metrics *m, bool ours, struct buf *buf)
{
	CLEANUP(buf_release) struct buf text;

	buf_init(&text, ANSWER_MAX);
	if (ours)
		TRY(metrics_text(op, m->service, m->server, &text));
	TRY(buf_add_format(op, buf,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; "
	    "charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
	    ours ? "200 OK" : "404 Not Found", text.size));
	return buf_add(op, buf, buf_span(&text));
}

static void
client_serve(struct metrics *m, int fd)
{
	struct timeval limit = {.tv_sec = CLIENT_SECONDS};
	CLEANUP(buf_release) struct buf answer;
	CLEANUP(op_release) struct op op;
	size_t at = 0;

	op_init(&op);
	buf_init(&answer, 2 * ANSWER_MAX);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (answer_make(&op, m, request_is_ours(fd), &answer) != RC_OK) {
		log_warn(&op, "metrics", "why=\"%s\"", op.error);
		return;
	}
	while (at < answer.size) {
		ssize_t n =
		    send(fd, answer.data + at, answer.size - at, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static void
metrics_thread(void *arg)
{
	struct metrics *m = arg;
	struct pollfd polls[2] = {
	    {.fd = m->listen_fd, .events = POLLIN},
	    {.fd = m->stop_fd, .events = POLLIN},
	};

	for (;;) {
		CLEANUP(io_close) int fd = -1;

		if (poll(polls, 2, -1) < 0)
			continue;
		if (polls[1].revents != 0)
			return;
		fd = accept4(m->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			client_serve(m, fd);
	}
}

static bool
is_loopback(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	}
	memcpy(&v6, address, sizeof(v6));
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static enum rc
listen_at(struct op *op, const struct addrinfo *at, int *ret_fd)
{
	CLEANUP(io_close)
	int fd = socket(
	    at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (!is_loopback(at->ai_addr))
		FAIL(op, RC_INVALID,
		    "metrics_listen must be a loopback address: it is plain "
		    "HTTP");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, at->ai_addr, at->ai_addrlen) != 0 ||
	    listen(fd, 16) != 0)
		return op_fail_errno(op, RC_IO, errno, "metrics_listen");
	*ret_fd = fd;
	fd = -1;
	return RC_OK;
}

static enum rc
address_listen(
    struct op *op, const struct settings_address *address, int *ret_fd)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	char port[8];
	int error;
	enum rc rc;

	(void)snprintf(port, sizeof(port), "%u", (unsigned)address->port);
	error = getaddrinfo(address->host, port, &hints, &list);
	if (error != 0)
		FAIL(op, RC_INVALID, "metrics_listen %s: %s", address->host,
		    gai_strerror(error));
	rc = listen_at(op, list, ret_fd);
	freeaddrinfo(list);
	return rc;
}

enum rc
metrics_start(struct op *op, const struct settings_address *address,
    struct service *service, struct http_server *server,
    struct metrics **ret_metrics)
{
	struct metrics *m = mem_alloc(sizeof(*m));
	enum rc rc;

	if (m == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	m->service = service;
	m->server = server;
	m->listen_fd = -1;
	m->stop_fd = eventfd(0, EFD_CLOEXEC);
	rc = address_listen(op, address, &m->listen_fd);
	if (rc == RC_OK)
		rc = thread_start(op, &m->thread, "metrics", metrics_thread, m);
	m->runs = rc == RC_OK;
	if (rc != RC_OK) {
		metrics_stop(m);
		return rc;
	}
	*ret_metrics = m;
	return RC_OK;
}

void
metrics_stop(struct metrics *metrics)
{
	uint64_t value = 1;

	if (metrics == NULL)
		return;
	if (metrics->runs && write(metrics->stop_fd, &value, sizeof(value)) > 0)
		thread_join(&metrics->thread);
	io_close(&metrics->listen_fd);
	io_close(&metrics->stop_fd);
	mem_free(metrics);
}
