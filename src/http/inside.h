/* inside.h - what the files of the server share among themselves; no door
 * includes it. */
#ifndef DOZO_HTTP_INSIDE_H
#define DOZO_HTTP_INSIDE_H

#include <stdatomic.h>

#include "base/thread.h"
#include "base/work.h"
#include "http/address.h"
#include "http/server.h"
#include "http/tls.h"

struct MHD_Connection;
struct MHD_Daemon;

/* What is waited for, and so which deadline runs. */
enum phase {
	PHASE_HELLO, /* handshake and first head */
	PHASE_IDLE, /* the next request's first byte */
	PHASE_HEAD, /* the rest of its head */
	PHASE_BODY, /* content from the client */
	PHASE_ANSWER, /* the client taking the answer */
	PHASE_OURS, /* ourselves: no deadline */
};

/* What the keeper's epoll points at. */
enum watch { WATCH_STOP, WATCH_CONNECTION, WATCH_FAREWELL };

/*
 * One TCP connection. Made by the accept thread, then its event thread's; only
 * what is atomic, and what the registry's mutex guards, is for others.
 */
struct connection {
	enum watch watch; /* WATCH_CONNECTION; must be first */
	struct http_server *server;
	struct MHD_Connection
	    *mhd; /* registry's mutex; NULL until libmicrohttpd has it */
	int fd;
	struct address client; /* as PROXY v2 says, or the TCP peer */
	bool trusted; /* client is a trusted proxy: its headers are believed */
	bool counted; /* client has a place in the limit */
	bool cut; /* shut down by us; registry's mutex */
	struct tls_side tls;

	bool greeted; /* the first byte was looked at */
	uint8_t *proxy;
	size_t proxy_size, proxy_used;
	bool asked; /* a request line has come: parking is over (H1) */
	bool linger; /* read away what the client still sends, after the close
			(H5) */
	bool in_epoll; /* known to the keeper's epoll */
	atomic_bool parked;

	atomic_int phase;
	atomic_llong since; /* when the phase began */
	atomic_ullong content; /* bytes of content received */
	atomic_ullong sent; /* bytes given to the kernel */

	/* The keeper's own: the window that runs. */
	int64_t window_since;
	int64_t window_start;
	uint64_t window_count;
};

/* Those who come from one address. */
struct tally {
	struct tally *next;
	struct address key;
	unsigned n;
};

enum { TALLY_BUCKETS = 1024 };

/* All connections, by descriptor. */
struct registry {
	struct mutex mutex;
	struct cond changed; /* a connection ended */
	struct connection **by_fd;
	size_t capacity;
	unsigned n;
	unsigned n_deferred; /* requests between http_defer and the end of
				http_complete, whose thread is not ours */
	struct tally *tallies[TALLY_BUCKETS];
	uint64_t accepted, turned_away, cut;
};

struct farewell;

/* The thread that watches what libmicrohttpd cannot: parked handshakes,
 * deadlines, lingering closes. */
struct keeper {
	struct http_server *server;
	struct thread thread;
	bool running;
	int epoll_fd;
	int stop_fd;
	int64_t tick;
	int64_t tickets_at; /* when the ticket key was rotated */
	struct mutex mutex; /* guards the list */
	struct farewell *farewells;
	unsigned n_farewells;
};

struct http_server {
	struct http_config config; /* its pointers are into strings */
	struct arena strings;
	struct address_range *trusted;
	size_t n_trusted;
	struct span public_authority; /* of public_url, or empty */
	const struct http_route *routes;
	size_t n_routes;
	struct tls *tls;
	struct MHD_Daemon *daemon;
	struct work_pool *short_pool;
	struct work_pool *bytes_pool;
	struct registry registry;
	struct keeper keeper;
	int listen_fd;
	int stop_fd; /* wakes the accept thread */
	int spare_fd; /* given up for a moment when descriptors run out */
	uint16_t port;
	struct thread acceptor;
	bool accepting;
	atomic_bool draining;
	atomic_ullong requests;
};

/* connection.c */
enum rc registry_init(struct op *op, struct registry *registry) MUST_CHECK;
void registry_release(struct registry *registry);

/* Takes a fresh socket in, or says why not (RC_LIMIT, RC_NO_MEMORY); the socket
 * stays the caller's then. */
enum rc connection_open(struct op *op, struct http_server *server, int fd,
    const struct address *peer) MUST_CHECK;

/* Where libmicrohttpd has refused it and closed it unseen. */
void connection_forget(struct http_server *server, int fd);

/* MHD_NotifyConnectionCallback; event threads. */
struct connection *connection_started(struct http_server *server,
    struct MHD_Connection *mhd, int fd, void *session);
void connection_closed(struct connection *connection);

void connection_phase(struct connection *connection, enum phase phase);

/* Suspends it until its socket is ready; its event thread, before the first
 * request line. */
void connection_park(struct connection *connection, uint32_t events);

/* With the registry's mutex held: ends the connection from outside. */
void connection_cut(struct connection *connection);

/* Cuts all, or only those that wait for a request. */
void registry_cut(struct registry *registry, bool idle_only);

/* Waits until none is open or deferred; false at the deadline (clock_mono; 0:
 * none). */
bool registry_drained(struct registry *registry, int64_t deadline);

/* keeper.c */
enum rc keeper_start(struct op *op, struct http_server *server) MUST_CHECK;
void keeper_stop(struct keeper *keeper);

/* Arms the one-shot watch of a parked connection. */
void keeper_arm(
    struct keeper *keeper, struct connection *connection, uint32_t events);
void keeper_disarm(struct keeper *keeper, struct connection *connection);

/* Keeps a closing socket readable for a while; takes a copy of fd. */
void keeper_linger(struct keeper *keeper, int fd);

/* accept.c */
enum rc acceptor_start(struct op *op, struct http_server *server) MUST_CHECK;
void acceptor_stop(struct http_server *server);

#endif
