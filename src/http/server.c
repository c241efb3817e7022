/* server.c - libmicrohttpd's daemon with our listener, keeper and workers
 * around it; starting and stopping (H13). */
#include "http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/exchange.h"
#include "http/inside.h"

/*
 * H9: up to 32 KiB the pool comes from malloc. The head may be GUARD_HEAD_MAX;
 * the rest is for its table and for the answer's head.
 */
enum { CONNECTION_MEMORY = 24 << 10, STRINGS_LIMIT = 1 << 20 };

void
http_config_defaults(struct http_config *config)
{
	*config = (struct http_config){
	    .proxy_header = PROXY_X_FORWARDED_FOR,
	    .connections = 16384,
	    .connections_per_address = 16384,
	    .short_workers = 16,
	    .bytes_workers = 8,
	    .head_deadline = 10 * CLOCK_S,
	    .idle_deadline = 75 * CLOCK_S,
	    .rate_window = 60 * CLOCK_S,
	    .rate_minimum = 1024,
	    .linger = 5 * CLOCK_S,
	};
}

/* What libmicrohttpd calls */

static size_t
leave_escaped(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void)arg;
	(void)mhd;
	return strlen(
	    text); /* H7: the target is decoded once, by target_parse */
}

static struct connection *
connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

static void
on_connection(void *arg, struct MHD_Connection *mhd, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *fd, *session;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*context != NULL)
			connection_closed(*context);
		return;
	}
	fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	session =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	*context =
	    connection_started(arg, mhd, fd->connect_fd, session->tls_session);
}

static void *
on_request_line(void *arg, const char *target, struct MHD_Connection *mhd)
{
	struct connection *connection = connection_of(mhd);

	(void)arg;
	if (connection == NULL)
		return NULL;
	connection->asked = true;
	return exchange_open(connection, mhd, target);
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *mhd, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **context)
{
	(void)arg;
	(void)mhd;
	(void)url;
	(void)version;
	if (*context == NULL || !exchange_step(*context, method, data, size))
		return MHD_NO;
	return MHD_YES;
}

static void
on_request_done(void *arg, struct MHD_Connection *mhd, void **context,
    enum MHD_RequestTerminationCode how)
{
	(void)arg;
	(void)mhd;
	if (*context != NULL)
		exchange_done(
		    *context, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	*context = NULL;
}

/* Configuration */

static enum rc
text_keep(struct op *op, struct http_server *server, const char **text)
{
	size_t size;
	char *copy;

	if (*text == NULL)
		return RC_OK;
	size = strlen(*text) + 1;
	copy = arena_alloc(&server->strings, size);
	if (copy == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for the configuration");
	memcpy(copy, *text, size);
	*text = copy;
	return RC_OK;
}

/* "https://host[:port]", without a path: the service lies at its root. */
static enum rc
public_url_take(struct op *op, struct http_server *server)
{
	const char *url = server->config.public_url;
	struct target target;

	if (url == NULL)
		return RC_OK;
	TRY(target_parse(op, span_str(url), &target));
	if (target.form != TARGET_ABSOLUTE || !target.https ||
	    target.n_segments > 0 || target.has_query ||
	    url[strlen(url) - 1] == '/')
		FAIL(op, RC_INVALID, "public_url is not https://HOST[:PORT]");
	server->public_authority = target.authority;
	return RC_OK;
}

static enum rc
proxies_take(struct op *op, struct http_server *server)
{
	const struct http_config *config = &server->config;
	size_t i;

	server->trusted = mem_alloc_array(
	    config->n_trusted_proxies, sizeof(*server->trusted));
	if (server->trusted == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for the configuration");
	for (i = 0; i < config->n_trusted_proxies; i++)
		TRY(address_range_parse(
		    op, config->trusted_proxies[i], &server->trusted[i]));
	server->n_trusted = config->n_trusted_proxies;
	return RC_OK;
}

static enum rc
config_take(
    struct op *op, struct http_server *server, const struct http_config *config)
{
	struct http_config *own = &server->config;

	*own = *config;
	if (own->connections == 0 || own->connections_per_address == 0 ||
	    own->short_workers == 0 || own->bytes_workers == 0)
		FAIL(op, RC_INVALID, "a limit of the HTTP server is zero");
	if (own->event_threads == 0)
		own->event_threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	TRY(text_keep(op, server, &own->host));
	TRY(text_keep(op, server, &own->public_url));
	TRY(proxies_take(op, server));
	own->trusted_proxies = NULL;
	return public_url_take(op, server);
}

/* Starting */

static enum rc
daemon_start(struct op *op, struct http_server *server)
{
	const struct http_config *config = &server->config;
	/* Ours is the limit; libmicrohttpd deals its own out by thread,
	 * unevenly. */
	unsigned limit = (config->connections + 64) * config->event_threads;

	server->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS |
		MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
		MHD_USE_NO_LISTEN_SOCKET,
	    0, NULL, NULL, on_request, server, MHD_OPTION_THREAD_POOL_SIZE,
	    config->event_threads, MHD_OPTION_CONNECTION_LIMIT, limit,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_HTTPS_PRIORITIES, tls_priorities(),
	    MHD_OPTION_HTTPS_CERT_CALLBACK, tls_certificate_callback(),
	    MHD_OPTION_TLS_NO_ALPN, 1, /* tls_attach offers http/1.1 only */
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
	    MHD_OPTION_NOTIFY_COMPLETED, on_request_done, server,
	    MHD_OPTION_URI_LOG_CALLBACK, on_request_line, server,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_END);
	if (server->daemon == NULL)
		FAIL(op, RC_IO, "libmicrohttpd does not start");
	return RC_OK;
}

/* A shell gives 1024, of which each connection takes one. */
static void
descriptors_raise(const struct http_config *config)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur <
	    (rlim_t)config->connections + HTTP_DESCRIPTORS_BESIDE)
		log_warn(NULL, "http-few-descriptors",
		    "limit=%llu connections=%u",
		    (unsigned long long)limit.rlim_cur, config->connections);
}

static enum rc
server_start(
    struct op *op, struct http_server *server, const struct http_config *config)
{
	TRY(config_take(op, server, config));
	TRY(registry_init(op, &server->registry));
	TRY(tls_open(
	    op, config->certificate_path, config->key_path, &server->tls));
	TRY(work_pool_start(op, "http-short", server->config.short_workers,
	    &server->short_pool));
	TRY(work_pool_start(op, "http-bytes", server->config.bytes_workers,
	    &server->bytes_pool));
	TRY(keeper_start(op, server));
	TRY(daemon_start(op, server));
	descriptors_raise(&server->config);
	return acceptor_start(op, server);
}

enum rc
http_server_start(struct op *op, const struct http_config *config,
    const struct http_route *routes, size_t n_routes,
    struct http_server **ret_server)
{
	struct http_server *server = mem_alloc(sizeof(*server));
	enum rc rc;

	if (server == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for the HTTP server");
	/* GnuTLS and libmicrohttpd write to sockets that may be gone. */
	(void)signal(SIGPIPE, SIG_IGN);
	arena_init(&server->strings, STRINGS_LIMIT);
	server->routes = routes;
	server->n_routes = n_routes;
	server->listen_fd = server->stop_fd = server->spare_fd = -1;
	rc = server_start(op, server, config);
	if (rc != RC_OK) {
		http_server_stop(server, 0);
		return rc;
	}
	*ret_server = server;
	return RC_OK;
}

uint16_t
http_server_port(const struct http_server *server)
{
	return server->port;
}

enum rc
http_server_reload(struct op *op, struct http_server *server)
{
	return tls_reload(op, server->tls);
}

void
http_server_stats(struct http_server *server, struct http_stats *ret_stats)
{
	struct registry *registry = &server->registry;
	MUTEX_GUARD(&registry->mutex);

	*ret_stats = (struct http_stats){
	    .connections = registry->n,
	    .accepted = registry->accepted,
	    .turned_away = registry->turned_away,
	    .cut = registry->cut,
	    .requests = atomic_load(&server->requests),
	};
}

/*
 * H13: libmicrohttpd aborts the process where it is stopped with a connection
 * suspended. So none may be left at all: nothing new is accepted, and what
 * there is ends by itself or by shutdown(2), which wakes the parked ones
 * through the keeper; the others wake when their worker is done.
 */
static void
connections_end(struct http_server *server, int64_t drain)
{
	int64_t deadline = clock_mono() + drain;

	atomic_store(&server->draining, true);
	acceptor_stop(server);
	while (drain > 0 && clock_mono() < deadline) {
		int64_t step = clock_mono() + 100 * CLOCK_MS;

		/* Those that have become idle since. */
		registry_cut(&server->registry, true);
		if (registry_drained(
			&server->registry, step < deadline ? step : deadline))
			return;
	}
	/* Again and again: the event threads may not have seen the newest ones
	 * yet. */
	do
		registry_cut(&server->registry, false);
	while (
	    !registry_drained(&server->registry, clock_mono() + 50 * CLOCK_MS));
}

void
http_server_stop(struct http_server *server, int64_t drain)
{
	if (server == NULL)
		return;
	if (server->daemon != NULL)
		connections_end(server, drain);
	/* A worker may still be inside libmicrohttpd's resume: it goes first.
	 */
	work_pool_stop(server->short_pool);
	work_pool_stop(server->bytes_pool);
	acceptor_stop(server);
	keeper_stop(&server->keeper);
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	tls_close(server->tls);
	registry_release(&server->registry);
	mem_free(server->trusted);
	arena_release(&server->strings);
	mem_free(server);
}
