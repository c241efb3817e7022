/* service.h - a server on loopback with a few doors, for the tests of http/. */
#ifndef DOZO_TESTS_HTTP_SERVICE_H
#define DOZO_TESTS_HTTP_SERVICE_H

#include <stdatomic.h>

#include "base/thread.h"
#include "base/work.h"
#include "http/request.h"
#include "http/server.h"
#include "lib/https_client.h"
#include "lib/test.h"

/*
 * The doors:
 *	/hello     GET, HEAD: "hello\n" from a worker
 *	/fast      GET: "fast\n" from the event thread
 *	/echo      POST, PUT: the content back; PUT "X-Begin: STATUS" is refused
 *at begin /count     PUT: "SIZE SUM\n" of the content; ?refuse=N answers 507
 *after N bytes /source    GET, HEAD: ?size=N (chunked: ?chunked=N), ?fail=N
 *fails after N bytes /about     all methods: what the request says of itself, a
 *line each /gate      GET, PUT: waits until the gate opens; PUT in body /defer
 *GET: answered by another thread /rc        GET ?rc=N: fails with that rc /dav
 *GET, PUT: "dav\n"; takes only /dav and below
 */
struct service {
	char *folder;
	char ca_path[256];
	struct op op;
	struct http_server *server;
	struct work_pool *others; /* threads that are not the server's */
	uint16_t port;
	struct mutex mutex;
	struct cond cond;
	bool gate_open;
	int at_gate;
	bool slow_body; /* /count waits at the gate in each body */
	uint64_t partial; /* bytes that /count's last request was given */
	bool aborted; /* ... and whether it was aborted at its release */
	atomic_int begun;
	atomic_int released;
	atomic_int sources; /* open ones */
};

/* Starts it; config NULL: the defaults. Fails the test where that fails. */
void service_start(
    struct service *service, void (*adjust)(struct http_config *config));
void service_stop(struct service *service);

void service_open_gate(struct service *service);

/* Waits until n handlers are at the gate. */
void service_await_gate(struct service *service, int n);

/* Waits until every begun request was released and no source is open. */
void service_await_released(struct service *service);

/* Waits until so many connections are open. */
void service_await_connections(struct service *service, unsigned n);

/* A client that trusts the service's CA. */
struct https_client *service_client(struct service *service);

/* One request on it, one response back. */
void service_ask(struct service *service, struct https_client *client,
    const char *request, struct https_response *response);

/* As GET of a target with a Host. */
void service_get(struct service *service, struct https_client *client,
    const char *target, struct https_response *response);

/* The byte that stands at offset of /source's content. */
uint8_t service_byte(uint64_t offset);

/*
 * A test with a server of its own, started with a configuration that adjust (or
 * NULL) has changed. The file's server is a static struct service called
 * service.
 */
struct service_wish {
	struct service *service;
	void (*adjust)(struct http_config *config);
};
int service_setup(void **state);
int service_teardown(void **state);
#define SERVED(adjust, test) \
	cmocka_unit_test_prestate_setup_teardown(test, service_setup, \
	    service_teardown, &((struct service_wish){&service, adjust}))

/*
 * Looks at this process's other threads again and again for so long; in how
 * many of a hundred looks one of them ran or wanted to. A thread that spins
 * does in each, however little of a busy machine it gets.
 */
unsigned busy_percent(int64_t length);

#endif
