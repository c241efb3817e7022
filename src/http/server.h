/* server.h - the HTTPS server: listening, limits, start and stop. How requests
 * are answered: request.h, router.h. */
#ifndef DOZO_HTTP_SERVER_H
#define DOZO_HTTP_SERVER_H

#include "base/op.h"
#include "http/proxy.h"
#include "http/router.h"

/* All pointers are borrowed for the call of http_server_start only. Times are
 * in nanoseconds. */
struct http_config {
	const char *host; /* a numeric address or a host's name; "::" for all */
	uint16_t port; /* 0: any, see http_server_port */
	const char *certificate_path; /* PEM, the chain, leaf first */
	const char *key_path; /* PEM */
	const char *public_url; /* "https://files.example.com", or NULL: Host is
				   believed */

	const char *const *trusted_proxies; /* address ranges */
	size_t n_trusted_proxies;
	/*
	 * Which header these proxies write. The other one is ignored: a proxy
	 * passes it on as its client sent it. PROXY protocol v2 is always
	 * understood from them.
	 */
	enum proxy_header proxy_header;

	unsigned connections; /* in all */
	unsigned
	    connections_per_address; /* an IPv6 address counts as its /64 */
	unsigned event_threads; /* 0: one for each core */
	unsigned short_workers;
	unsigned bytes_workers;

	int64_t head_deadline; /* handshake and head of the first request; head
				  of later ones */
	int64_t idle_deadline; /* between two requests */
	int64_t rate_window; /* over which the minimum rate is measured */
	uint64_t
	    rate_minimum; /* bytes a second, of contents either way; 0: none */
	int64_t linger; /* how long a refused client's bytes are read away */
};

/* Everything but host, port, certificate and public_url. */
void http_config_defaults(struct http_config *config);

/* Open files that a server wants beside its connections: 256 databases with
 * their logs and readers, sites, threads. */
enum { HTTP_DESCRIPTORS_BESIDE = 2048 };

struct http_server;

/*
 * Listens and serves. routes (and what they point at) must stay valid until the
 * server has stopped. SIGPIPE is set to be ignored, and the limit of open
 * files raised as far as it may be, for the whole process.
 * RC_INVALID (configuration, certificate), RC_IO (the port is taken),
 * RC_NO_MEMORY.
 */
enum rc http_server_start(struct op *op, const struct http_config *config,
    const struct http_route *routes, size_t n_routes,
    struct http_server **ret_server) MUST_CHECK;

uint16_t http_server_port(const struct http_server *server);

/* Reads certificate and key again; the old pair stays where they are bad. Any
 * thread. */
enum rc
http_server_reload(struct op *op, struct http_server *server) MUST_CHECK;

struct http_stats {
	unsigned connections; /* open now */
	uint64_t accepted;
	uint64_t turned_away; /* over a limit */
	uint64_t cut; /* idle, slow, or left over at the end of a drain */
	uint64_t requests;
};
void
http_server_stats(struct http_server *server, struct http_stats *ret_stats);

/*
 * Stops (H13): accepts nothing more, lets requests that run go on for drain
 * nanoseconds, then cuts their connections; waits for all handlers and deferred
 * answers, releases every request, frees the server. Accepts NULL. Not on a
 * worker thread.
 */
void http_server_stop(struct http_server *server, int64_t drain);

#endif
