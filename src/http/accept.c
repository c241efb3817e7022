/* accept.c - the listener (H10): one thread accepts, counts and hands sockets
 * to the event threads. */
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "http/inside.h"

enum { BACKLOG = 4096, ACCEPT_BATCH = 64 };

/* Closes with a reset: whoever is turned away shall not wait, and no state
 * stays behind. */
static void
turn_away(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(fd);
}

/* Out of descriptors: the spare one is given up to accept one client and turn
 * it away. */
static void
accept_without_room(struct http_server *server)
{
	int fd;

	log_warn(NULL, "http-no-descriptors", "connections=%u",
	    server->config.connections);
	io_close(&server->spare_fd);
	fd = accept4(
	    server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		turn_away(fd);
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
socket_take(struct http_server *server, int fd, const struct sockaddr *from,
    socklen_t from_size)
{
	CLEANUP(op_release) struct op op;
	struct address peer;
	int on = 1;

	op_init(&op);
	if (!address_of_socket(from, &peer) ||
	    connection_open(&op, server, fd, &peer) != RC_OK) {
		turn_away(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (MHD_add_connection(server->daemon, fd, from, from_size) != MHD_YES)
		connection_forget(server, fd);
}

/* One client; false where none is waiting. */
static bool
accept_one(struct http_server *server)
{
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
	} from;
	socklen_t size = sizeof(from);
	int fd = accept4(
	    server->listen_fd, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		socket_take(server, fd, &from.any, size);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE)
		accept_without_room(server);
	/* Errors of one client's connection show here too, and are not ours. */
	return errno != EAGAIN && errno != EMFILE && errno != ENFILE;
}

static void
accept_run(void *arg)
{
	struct http_server *server = arg;
	struct pollfd polls[2] = {
	    {.fd = server->listen_fd, .events = POLLIN},
	    {.fd = server->stop_fd, .events = POLLIN},
	};

	for (;;) {
		int i;

		if (poll(polls, 2, -1) < 0)
			continue;
		if (polls[1].revents != 0)
			return;
		for (i = 0; i < ACCEPT_BATCH; i++)
			if (!accept_one(server))
				break;
	}
}

static enum rc
listen_at(struct op *op, const struct addrinfo *at, int *ret_fd)
{
	CLEANUP(io_close) int fd = -1;
	int on = 1, off = 0, seconds = 10;

	fd = socket(
	    at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return op_fail_errno(op, RC_IO, errno, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ai_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	/* Who says nothing is the kernel's guest, not ours. */
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
	if (bind(fd, at->ai_addr, at->ai_addrlen) != 0)
		return op_fail_errno(op, RC_IO, errno, "bind");
	if (listen(fd, BACKLOG) != 0)
		return op_fail_errno(op, RC_IO, errno, "listen");
	*ret_fd = fd;
	fd = -1;
	return RC_OK;
}

static enum rc
listen_open(struct op *op, struct http_server *server)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list;
	const struct addrinfo *at;
	char port[8];
	int error;
	enum rc rc;

	(void)snprintf(port, sizeof(port), "%u", server->config.port);
	error = getaddrinfo(server->config.host, port, &hints, &list);
	if (error != 0)
		FAIL(op, RC_INVALID, "listen on %s: %s", server->config.host,
		    gai_strerror(error));
	rc = listen_at(op, list, &server->listen_fd);
	/* "localhost" may name an IPv6 address first on a machine without
	 * IPv6. A taken port is no reason to go on. */
	for (at = list->ai_next;
	     at != NULL && rc != RC_OK && errno == EADDRNOTAVAIL;
	     at = at->ai_next) {
		op_clear_error(op);
		rc = listen_at(op, at, &server->listen_fd);
	}
	freeaddrinfo(list);
	return rc;
}

static uint16_t
port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} name = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t size = sizeof(name);

	if (getsockname(fd, &name.any, &size) != 0)
		return 0;
	return ntohs(name.any.sa_family == AF_INET ? name.v4.sin_port
						   : name.v6.sin6_port);
}

enum rc
acceptor_start(struct op *op, struct http_server *server)
{
	TRY(listen_open(op, server));
	server->port = port_of(server->listen_fd);
	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (server->stop_fd < 0 || server->spare_fd < 0)
		return op_fail_errno(op, RC_IO, errno, "eventfd");
	TRY(thread_start(
	    op, &server->acceptor, "http-accept", accept_run, server));
	server->accepting = true;
	return RC_OK;
}

void
acceptor_stop(struct http_server *server)
{
	if (server->accepting) {
		(void)eventfd_write(server->stop_fd, 1);
		thread_join(&server->acceptor);
		server->accepting = false;
	}
	io_close(&server->listen_fd);
	io_close(&server->stop_fd);
	io_close(&server->spare_fd);
}
