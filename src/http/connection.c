/* connection.c - the transport under each TLS session: greeting, parking,
 * counting (H1, H10, H11). */
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/inside.h"

#define LOST_AFTER (5 * CLOCK_S)

enum { TLS_HANDSHAKE_BYTE = 0x16, PROXY_FIRST_BYTE = 0x0d };

/* Registry */

enum rc
registry_init(struct op *op, struct registry *registry)
{
	registry->capacity = 256;
	registry->by_fd =
	    mem_alloc_array(registry->capacity, sizeof(struct connection *));
	if (registry->by_fd == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for connections");
	mutex_init(&registry->mutex);
	cond_init(&registry->changed);
	return RC_OK;
}

void
registry_release(struct registry *registry)
{
	if (registry->by_fd == NULL)
		return;
	mem_free(registry->by_fd);
	cond_release(&registry->changed);
	mutex_release(&registry->mutex);
}

static struct tally **
tally_at(struct registry *registry, const struct address *key)
{
	uint32_t hash = 2166136261U;
	struct tally **at;
	size_t i;

	for (i = 0; i < sizeof(key->bytes); i++)
		hash = (hash ^ key->bytes[i]) * 16777619U;
	at = &registry->tallies[hash % TALLY_BUCKETS];
	while (*at != NULL && !address_equal(&(*at)->key, key))
		at = &(*at)->next;
	return at;
}

/* One more from this address; false where that is one too many, or memory
 * lacks. */
static bool
tally_add(
    struct registry *registry, const struct address *address, unsigned limit)
{
	struct address key = address_key(address);
	struct tally **at = tally_at(registry, &key);

	if (*at == NULL) {
		*at = mem_alloc(sizeof(**at));
		if (*at == NULL)
			return false;
		(*at)->key = key;
	}
	if ((*at)->n >= limit)
		return false;
	(*at)->n++;
	return true;
}

static void
tally_drop(struct registry *registry, const struct address *address)
{
	struct address key = address_key(address);
	struct tally **at = tally_at(registry, &key);
	struct tally *gone = *at;

	if (--gone->n > 0)
		return;
	*at = gone->next;
	mem_free(gone);
}

/* Makes room for a descriptor. */
static bool
registry_grow(struct registry *registry, size_t fd)
{
	size_t i, capacity = registry->capacity;
	struct connection **by_fd;

	if (fd < capacity)
		return true;
	while (capacity <= fd)
		capacity *= 2;
	by_fd = mem_alloc_array(capacity, sizeof(struct connection *));
	if (by_fd == NULL)
		return false;
	for (i = 0; i < registry->capacity; i++)
		by_fd[i] = registry->by_fd[i];
	mem_free(registry->by_fd);
	registry->by_fd = by_fd;
	registry->capacity = capacity;
	return true;
}

/* With the mutex held: takes it off the books and frees it. */
static void
connection_free(struct connection *connection)
{
	struct registry *registry = &connection->server->registry;

	registry->by_fd[connection->fd] = NULL;
	registry->n--;
	if (connection->counted)
		tally_drop(registry, &connection->client);
	mem_free(connection->proxy);
	mem_free(connection);
	cond_broadcast(&registry->changed);
}

static struct connection *
connection_new(struct http_server *server, int fd, const struct address *peer)
{
	struct connection *connection = mem_alloc(sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->watch = WATCH_CONNECTION;
	connection->server = server;
	connection->fd = fd;
	connection->client = *peer;
	connection->trusted =
	    address_in(peer, server->trusted, server->n_trusted);
	connection_phase(connection, PHASE_HELLO);
	return connection;
}

enum rc
connection_open(struct op *op, struct http_server *server, int fd,
    const struct address *peer)
{
	struct registry *registry = &server->registry;
	const struct http_config *config = &server->config;
	struct connection *connection;
	MUTEX_GUARD(&registry->mutex);

	if (!registry_grow(registry, (size_t)fd))
		FAIL(op, RC_NO_MEMORY, "out of memory for a connection");
	/* What stands there was closed before libmicrohttpd told of it. */
	if (registry->by_fd[fd] != NULL)
		connection_free(registry->by_fd[fd]);
	if (registry->n >= config->connections) {
		registry->turned_away++;
		FAIL(op, RC_LIMIT, "%u connections are open", registry->n);
	}
	connection = connection_new(server, fd, peer);
	if (connection == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for a connection");
	/* A proxy's connections are not one client's; PROXY v2 tells whose they
	 * are. */
	if (!connection->trusted) {
		if (!tally_add(
			registry, peer, config->connections_per_address)) {
			mem_free(connection);
			registry->turned_away++;
			FAIL(op, RC_LIMIT,
			    "too many connections from one address");
		}
		connection->counted = true;
	}
	registry->by_fd[fd] = connection;
	registry->n++;
	registry->accepted++;
	return RC_OK;
}

void
connection_forget(struct http_server *server, int fd)
{
	MUTEX_GUARD(&server->registry.mutex);

	if (server->registry.by_fd[fd] != NULL)
		connection_free(server->registry.by_fd[fd]);
}

void
connection_phase(struct connection *connection, enum phase phase)
{
	if (atomic_load(&connection->phase) == (int)phase &&
	    atomic_load(&connection->since) != 0)
		return;
	/* In this order: the keeper must never see a new phase with an old
	 * start. */
	atomic_store(&connection->since, clock_mono());
	atomic_store(&connection->phase, (int)phase);
}

void
connection_cut(struct connection *connection)
{
	/*
	 * mhd tells that the descriptor is still ours: libmicrohttpd closes it
	 * only after connection_closed, which needs the registry's mutex.
	 */
	if (connection->mhd == NULL)
		return;
	connection->server->registry.cut += !connection->cut;
	connection->cut = true;
	(void)shutdown(connection->fd, SHUT_RDWR);
}

/* libmicrohttpd has had it for long and never told of it: it lacked memory and
 * closed it. */
static bool
is_lost(struct connection *connection)
{
	return connection->mhd == NULL &&
	       clock_mono() - atomic_load(&connection->since) > LOST_AFTER;
}

void
registry_cut(struct registry *registry, bool idle_only)
{
	size_t i;
	MUTEX_GUARD(&registry->mutex);

	for (i = 0; i < registry->capacity; i++) {
		struct connection *connection = registry->by_fd[i];

		if (connection == NULL)
			continue;
		if (idle_only &&
		    atomic_load(&connection->phase) > (int)PHASE_IDLE)
			continue;
		if (is_lost(connection))
			connection_free(connection);
		else
			connection_cut(connection);
	}
}

bool
registry_drained(struct registry *registry, int64_t deadline)
{
	MUTEX_GUARD(&registry->mutex);

	while (registry->n > 0 || registry->n_deferred > 0) {
		if (deadline == 0)
			cond_wait(&registry->changed, &registry->mutex);
		else if (!cond_wait_until(
			     &registry->changed, &registry->mutex, deadline))
			return registry->n == 0 && registry->n_deferred == 0;
	}
	return true;
}

/* Transport */

void
connection_park(struct connection *connection, uint32_t events)
{
	/* Suspending twice would break libmicrohttpd's lists. */
	if (atomic_exchange(&connection->parked, true))
		return;
	MHD_suspend_connection(connection->mhd);
	keeper_arm(&connection->server->keeper, connection, events);
}

/* -EAGAIN, after parking where libmicrohttpd would spin (H1). */
static ssize_t
not_now(struct connection *connection, uint32_t events)
{
	if (!connection->asked)
		connection_park(connection, events);
	return -EAGAIN;
}

/* Plain HTTP on this port gets a plain answer. */
static ssize_t
greet_plain(struct connection *connection)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n"
				   "Content-Type: text/plain\r\n"
				   "Content-Length: 25\r\n"
				   "Connection: close\r\n\r\n"
				   "This port speaks https.\r\n";

	if (send(connection->fd, text, sizeof(text) - 1, MSG_NOSIGNAL) > 0)
		connection->linger = true;
	return -ECONNRESET;
}

/* The limit for each address, once PROXY v2 has told whose connection this is.
 */
static bool
client_is(struct connection *connection, const struct address *client)
{
	struct http_server *server = connection->server;
	struct registry *registry = &server->registry;
	MUTEX_GUARD(&registry->mutex);

	if (!tally_add(
		registry, client, server->config.connections_per_address)) {
		registry->turned_away++;
		return false;
	}
	connection->client = *client;
	connection->counted = true;
	return true;
}

/* Reads up to want bytes of the PROXY header; 1 when they are there, else as
 * recv. */
static ssize_t
proxy_fill(struct connection *connection, size_t want)
{
	while (connection->proxy_used < want) {
		ssize_t n = recv(connection->fd,
		    connection->proxy + connection->proxy_used,
		    want - connection->proxy_used, 0);

		if (n < 0 && errno == EAGAIN)
			return not_now(connection, EPOLLIN);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		connection->proxy_used += (size_t)n;
	}
	return 1;
}

static enum rc
proxy_take(struct op *op, struct connection *connection)
{
	struct http_server *server = connection->server;
	struct address client;
	bool known;

	TRY(proxy_parse(op, span_of(connection->proxy, connection->proxy_used),
	    &known, &client));
	if (!known)
		return RC_OK;
	if (!client_is(connection, &client))
		FAIL(op, RC_LIMIT, "too many connections from one address");
	connection->trusted =
	    address_in(&client, server->trusted, server->n_trusted);
	return RC_OK;
}

/* 1 when the PROXY header is behind us. */
static ssize_t
greet_proxy(struct connection *connection)
{
	CLEANUP(op_release) struct op op;
	ssize_t n;
	enum rc rc = RC_OK;

	op_init(&op);
	if (connection->proxy == NULL)
		connection->proxy = mem_alloc(PROXY_SIZE_MAX);
	if (connection->proxy == NULL)
		return -ENOMEM;
	n = proxy_fill(connection, PROXY_HEAD_SIZE);
	if (n != 1)
		return n;
	if (connection->proxy_size == 0)
		rc =
		    proxy_size(&op, connection->proxy, &connection->proxy_size);
	if (rc != RC_OK)
		return -EPROTO;
	n = proxy_fill(connection, connection->proxy_size);
	if (n != 1)
		return n;
	rc = proxy_take(&op, connection);
	mem_free(connection->proxy);
	connection->proxy = NULL;
	return rc == RC_OK ? 1 : -EPROTO;
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Looks at the first byte (H10); 1: TLS may read. */
static ssize_t
greet(struct connection *connection)
{
	uint8_t first;
	ssize_t n;

	if (connection->proxy == NULL) {
		n = recv(connection->fd, &first, 1, MSG_PEEK);
		if (n < 0 && errno == EAGAIN)
			return not_now(connection, EPOLLIN);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (is_letter(first))
			return greet_plain(connection);
		if (first == TLS_HANDSHAKE_BYTE) {
			connection->greeted = true;
			return 1;
		}
		if (first != PROXY_FIRST_BYTE || !connection->trusted ||
		    connection->proxy_size != 0)
			return -EPROTO;
	}
	n = greet_proxy(connection);
	/* What follows the PROXY header is looked at in its turn. */
	return n == 1 ? greet(connection) : n;
}

static ssize_t
connection_pull(void *arg, void *data, size_t size)
{
	struct connection *connection = arg;
	ssize_t n;

	if (!connection->greeted) {
		n = greet(connection);
		if (n != 1)
			return n;
	}
	n = recv(connection->fd, data, size, 0);
	if (n < 0 && errno == EAGAIN)
		return not_now(connection, EPOLLIN);
	if (n > 0 && atomic_load(&connection->phase) == (int)PHASE_IDLE)
		connection_phase(connection, PHASE_HEAD);
	return n < 0 ? -errno : n;
}

static ssize_t
connection_push(void *arg, const struct iovec *pieces, int count)
{
	struct connection *connection = arg;
	union {
		const struct iovec *in;
		struct iovec *out; /* sendmsg does not write through it */
	} vector = {.in = pieces};
	struct msghdr message = {
	    .msg_iov = vector.out,
	    .msg_iovlen = (size_t)count,
	};
	ssize_t n = sendmsg(connection->fd, &message, MSG_NOSIGNAL);

	if (n < 0 && errno == EAGAIN)
		return not_now(connection, EPOLLOUT);
	if (n < 0)
		return -errno;
	atomic_fetch_add(&connection->sent, (unsigned long long)n);
	return n;
}

/* What libmicrohttpd tells */

struct connection *
connection_started(struct http_server *server, struct MHD_Connection *mhd,
    int fd, void *session)
{
	static const struct tls_transport transport = {
	    .pull = connection_pull,
	    .push = connection_push,
	};
	CLEANUP(op_release) struct op op;
	struct connection *connection;
	MUTEX_GUARD(&server->registry.mutex);

	op_init(&op);
	connection = server->registry.by_fd[fd];
	if (connection == NULL) { /* given up as lost */
		(void)shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	connection->mhd = mhd;
	if (tls_attach(&op, server->tls, session, &transport, connection,
		&connection->tls) != RC_OK)
		connection_cut(connection);
	return connection;
}

void
connection_closed(struct connection *connection)
{
	struct http_server *server = connection->server;

	if (connection->in_epoll)
		keeper_disarm(&server->keeper, connection);
	if (connection->linger)
		keeper_linger(&server->keeper, connection->fd);
	tls_detach(&connection->tls);
	mutex_lock(&server->registry.mutex);
	connection_free(connection);
	mutex_unlock(&server->registry.mutex);
}
