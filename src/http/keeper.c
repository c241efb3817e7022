/* keeper.c - one thread for parked handshakes (H1), deadlines (H11) and
 * lingering closes (H5). */
#include <errno.h>
#include <linux/sockios.h>
#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/inside.h"

#define TICK_MAX CLOCK_S
#define TICK_MIN (10 * CLOCK_MS)
#define TICKETS_EVERY CLOCK_DAY

enum {
	FAREWELLS_MAX = 1024,
	FAREWELL_BYTES = 32 << 20,
	FAREWELL_STEP = 256 << 10
};

/* A socket whose connection is over, kept open so that its last bytes are not
 * lost to a reset. */
struct farewell {
	enum watch watch; /* WATCH_FAREWELL; must be first */
	struct farewell *next;
	int fd;
	int64_t deadline;
	size_t left; /* bytes that may still be read away */
};

/* Parked connections */

void
keeper_arm(
    struct keeper *keeper, struct connection *connection, uint32_t events)
{
	struct epoll_event event = {
	    .events = events | EPOLLRDHUP | EPOLLONESHOT,
	    .data.ptr = connection,
	};
	int how = connection->in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	connection->in_epoll = true;
	if (epoll_ctl(keeper->epoll_fd, how, connection->fd, &event) == 0)
		return;
	/* Nobody would wake it: let it fail now. */
	(void)shutdown(connection->fd, SHUT_RDWR);
	atomic_store(&connection->parked, false);
	MHD_resume_connection(connection->mhd);
}

void
keeper_disarm(struct keeper *keeper, struct connection *connection)
{
	(void)epoll_ctl(keeper->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
}

/* It is suspended, so it cannot end before this; the watch is spent, so this
 * comes once. */
static void
unpark(struct connection *connection)
{
	struct MHD_Connection *mhd = connection->mhd;

	atomic_store(&connection->parked, false);
	MHD_resume_connection(mhd);
}

/* Lingering closes */

void
keeper_linger(struct keeper *keeper, int fd)
{
	struct farewell *farewell = mem_alloc(sizeof(*farewell));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = farewell};
	MUTEX_GUARD(&keeper->mutex);

	if (farewell == NULL || keeper->n_farewells == FAREWELLS_MAX) {
		mem_free(farewell);
		return;
	}
	farewell->watch = WATCH_FAREWELL;
	farewell->deadline = clock_mono() + keeper->server->config.linger;
	farewell->left = FAREWELL_BYTES;
	farewell->fd = dup(fd);
	if (farewell->fd < 0 || epoll_ctl(keeper->epoll_fd, EPOLL_CTL_ADD,
				    farewell->fd, &event) != 0) {
		io_close(&farewell->fd);
		mem_free(farewell);
		return;
	}
	(void)shutdown(farewell->fd, SHUT_WR);
	farewell->next = keeper->farewells;
	keeper->farewells = farewell;
	keeper->n_farewells++;
}

/* Reads away; false when it is over. */
static bool
farewell_read(struct farewell *farewell)
{
	/* MSG_TRUNC on TCP: the kernel throws the bytes away without copying
	 * them. */
	ssize_t n =
	    recv(farewell->fd, NULL, FAREWELL_STEP, MSG_TRUNC | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0 || (size_t)n >= farewell->left)
		return false;
	farewell->left -= (size_t)n;
	return true;
}

static void
farewell_free(struct keeper *keeper, struct farewell **at)
{
	struct farewell *farewell = *at;

	*at = farewell->next;
	keeper->n_farewells--;
	/* Closing alone would not end the watch while libmicrohttpd's copy is
	 * open. */
	(void)epoll_ctl(keeper->epoll_fd, EPOLL_CTL_DEL, farewell->fd, NULL);
	io_close(&farewell->fd);
	mem_free(farewell);
}

/* Ends those whose time is up; all at the end. */
static void
farewells_sweep(struct keeper *keeper, int64_t now)
{
	struct farewell **at = &keeper->farewells;
	MUTEX_GUARD(&keeper->mutex);

	while (*at != NULL) {
		if (now >= (*at)->deadline)
			farewell_free(keeper, at);
		else
			at = &(*at)->next;
	}
}

/* Deadlines */

/* Content that has reached the other side: what the kernel still holds has not.
 */
static uint64_t
progress(struct connection *connection, enum phase phase)
{
	int queued = 0;

	if (phase == PHASE_BODY)
		return atomic_load(&connection->content);
	if (ioctl(connection->fd, SIOCOUTQ, &queued) != 0)
		queued = 0;
	return atomic_load(&connection->sent) - (unsigned long long)queued;
}

/* Whether a content moves too slowly; each phase begins a new window. */
static bool
too_slow(
    struct connection *connection, enum phase phase, int64_t since, int64_t now)
{
	const struct http_config *config = &connection->server->config;
	uint64_t count, least;
	int64_t length;

	if (config->rate_minimum == 0)
		return false;
	if (connection->window_since != since) {
		connection->window_since = since;
		connection->window_start = now;
		connection->window_count = progress(connection, phase);
		return false;
	}
	length = now - connection->window_start;
	if (length < config->rate_window)
		return false;
	count = progress(connection, phase);
	least = config->rate_minimum * (uint64_t)(length / CLOCK_MS) / 1000;
	if (count - connection->window_count < least)
		return true;
	connection->window_start = now;
	connection->window_count = count;
	return false;
}

static bool
overdue(struct connection *connection, int64_t now)
{
	const struct http_config *config = &connection->server->config;
	/* In this order, see connection_phase. */
	enum phase phase = (enum phase)atomic_load(&connection->phase);
	int64_t since = atomic_load(&connection->since);

	switch (phase) {
	case PHASE_HELLO:
	case PHASE_HEAD:
		return now - since > config->head_deadline;
	case PHASE_IDLE:
		return now - since > config->idle_deadline;
	case PHASE_BODY:
	case PHASE_ANSWER:
		return too_slow(connection, phase, since, now);
	case PHASE_OURS:
		break;
	}
	return false;
}

static void
deadlines_sweep(struct registry *registry, int64_t now)
{
	size_t i;
	MUTEX_GUARD(&registry->mutex);

	for (i = 0; i < registry->capacity; i++) {
		struct connection *connection = registry->by_fd[i];

		if (connection != NULL && connection->mhd != NULL &&
		    overdue(connection, now))
			connection_cut(connection);
	}
}

/* The thread */

/* One event; false: stop. */
static bool
keeper_event(struct keeper *keeper, void *what)
{
	struct farewell **at;

	switch (*(enum watch *)what) {
	case WATCH_STOP:
		return false;
	case WATCH_CONNECTION:
		unpark(what);
		return true;
	case WATCH_FAREWELL:
		break;
	}
	if (farewell_read(what))
		return true;
	mutex_lock(&keeper->mutex);
	at = &keeper->farewells;
	while (*at != what)
		at = &(*at)->next;
	farewell_free(keeper, at);
	mutex_unlock(&keeper->mutex);
	return true;
}

static void
keeper_tick(struct keeper *keeper, int64_t now)
{
	deadlines_sweep(&keeper->server->registry, now);
	farewells_sweep(keeper, now);
	if (now - keeper->tickets_at < TICKETS_EVERY)
		return;
	tls_rotate_tickets(keeper->server->tls);
	keeper->tickets_at = now;
}

static void
keeper_run(void *arg)
{
	struct keeper *keeper = arg;
	struct epoll_event events[64];
	int64_t next = clock_mono() + keeper->tick;

	for (;;) {
		int64_t now = clock_mono();
		int ms = now < next ? (int)((next - now) / CLOCK_MS) + 1 : 0;
		int i, n = epoll_wait(
			   keeper->epoll_fd, events, ARRAY_LEN(events), ms);

		for (i = 0; i < n; i++)
			if (!keeper_event(keeper, events[i].data.ptr))
				return;
		now = clock_mono();
		if (now < next)
			continue;
		keeper_tick(keeper, now);
		next = now + keeper->tick;
	}
}

/* Fine enough for the shortest deadline. */
static int64_t
tick_of(const struct http_config *config)
{
	int64_t least = config->head_deadline;

	if (config->idle_deadline < least)
		least = config->idle_deadline;
	if (config->rate_window < least)
		least = config->rate_window;
	if (config->linger < least)
		least = config->linger;
	least /= 4;
	if (least > TICK_MAX)
		return TICK_MAX;
	return least < TICK_MIN ? TICK_MIN : least;
}

enum rc
keeper_start(struct op *op, struct http_server *server)
{
	static enum watch stop = WATCH_STOP;
	struct keeper *keeper = &server->keeper;
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &stop};

	keeper->server = server;
	keeper->tick = tick_of(&server->config);
	keeper->tickets_at = clock_mono();
	mutex_init(&keeper->mutex);
	keeper->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	keeper->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (keeper->epoll_fd < 0 || keeper->stop_fd < 0 ||
	    epoll_ctl(
		keeper->epoll_fd, EPOLL_CTL_ADD, keeper->stop_fd, &event) != 0)
		return op_fail_errno(op, RC_IO, errno, "epoll");
	TRY(thread_start(
	    op, &keeper->thread, "http-keeper", keeper_run, keeper));
	keeper->running = true;
	return RC_OK;
}

void
keeper_stop(struct keeper *keeper)
{
	if (keeper->server == NULL)
		return;
	if (keeper->running) {
		(void)eventfd_write(keeper->stop_fd, 1);
		thread_join(&keeper->thread);
	}
	farewells_sweep(keeper, INT64_MAX);
	io_close(&keeper->epoll_fd);
	io_close(&keeper->stop_fd);
	mutex_release(&keeper->mutex);
}
