/* test_dav_load.c - many clients at once, over few names, while a site goes and
 * comes and certificates are read again: no answer is wrong, nothing is half,
 * and the server stops amid it. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/thread.h"
#include "core/check.h"
#include "lib/dozo_server.h"

enum { CLIENTS = 6, NAMES = 8, LARGE = 90000, HEAD = 16 };

static struct dozo_server server;

static struct {
	atomic_bool stop;
	atomic_bool ending; /* the server is stopped: no answer is all right */
	atomic_uint next;
	atomic_ulong done[HTTP_METHODS];
	struct mutex lock; /* guards failure */
	char failure[300];
	size_t n_threads;
	struct thread threads[CLIENTS];
} load;

static void
clients_end(void)
{
	atomic_store(&load.stop, true);
	while (load.n_threads > 0)
		thread_join(&load.threads[--load.n_threads]);
}

static int
setup(void **state)
{
	(void)state;
	dozo_server_start(&server);
	memset(&load, 0, sizeof(load));
	mutex_init(&load.lock);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	clients_end();
	mutex_release(&load.lock);
	if (server.http != NULL)
		dozo_server_stop(&server);
	return 0;
}

/* ---- a client: no assertions, cmocka's belong to the main thread ---- */

struct client {
	struct op op;
	struct https_client *https;
	uint32_t dice;
	unsigned number;
	struct https_response response;
	uint8_t body[LARGE];
};

static void
failed(const char *what, const struct client *c)
{
	if (atomic_load(&load.ending))
		return;
	mutex_lock(&load.lock);
	if (load.failure[0] == '\0')
		(void)snprintf(load.failure, sizeof(load.failure),
		    "client %u: %s: %d (%.200s)", c->number, what,
		    c->response.status, c->op.error);
	mutex_unlock(&load.lock);
}

static uint32_t
dice(struct client *c, uint32_t n)
{
	c->dice = c->dice * 1664525 + 1013904223;
	return (c->dice >> 8) % n;
}

/* Bytes that say themselves how many they are and what they must be. */
static size_t
body_make(struct client *c)
{
	static const size_t sizes[] = {HEAD, 100, 5000, 65536, LARGE};
	size_t size = sizes[dice(c, ARRAY_LEN(sizes))], i;
	uint32_t seed = dice(c, 1u << 20);
	char head[HEAD + 1];

	(void)snprintf(head, sizeof(head), "%07zu:%07u:", size, seed);
	memcpy(c->body, head, HEAD);
	for (i = HEAD; i < size; i++)
		c->body[i] = (uint8_t)((i * 31 + seed) >> 3);
	return size;
}

static bool
body_is_right(const struct buf *body)
{
	unsigned seed;
	size_t size, i;

	if (body->size < HEAD ||
	    sscanf((const char *)body->data, "%7zu:%7u:", &size, &seed) != 2 ||
	    size != body->size)
		return false;
	for (i = HEAD; i < size; i++)
		if (body->data[i] != (uint8_t)((i * 31 + seed) >> 3))
			return false;
	return true;
}

static bool
ask(struct client *c, const char *method, const char *path, const char *more,
    struct span body)
{
	char *text;

	if (c->https == NULL &&
	    https_open(&c->op, server.port, &(struct https_options){0},
		&c->https) != RC_OK)
		return false;
	return op_format(&c->op, &text,
		   "%s %s HTTP/1.1\r\nHost: localhost\r\n"
		   "Authorization: Basic "
		   "YWRtaW5AZGVtbzpjb3JyZWN0IGhvcnNlIDE=\r\n"
		   "%sContent-Length: %zu\r\n\r\n",
		   method, path, more, body.size) == RC_OK &&
	       https_send_str(&c->op, c->https, text) == RC_OK &&
	       (body.size == 0 ||
		   https_send(&c->op, c->https, body) == RC_OK) &&
	       https_receive(&c->op, c->https, false, &c->response) == RC_OK;
}

struct step {
	enum http_method method;
	const char *name;
	bool has_destination;
	const char *statuses; /* all that may be */
};

static const struct step steps[] = {
    {HTTP_PUT, "PUT", false, "201 204 405"},
    {HTTP_PUT, "PUT", false, "201 204 405"},
    {HTTP_GET, "GET", false, "200 404"},
    {HTTP_GET, "GET", false, "200 404"},
    {HTTP_PROPFIND, "PROPFIND", false, "207 404"},
    {HTTP_DELETE, "DELETE", false, "204 404"},
    {HTTP_MKCOL, "MKCOL", false, "201 405"},
    {HTTP_MOVE, "MOVE", true, "201 204 403 404"},
    {HTTP_COPY, "COPY", true, "201 204 403 404"},
};

static void
step(struct client *c, const struct step *s)
{
	char path[64], more[96] = "Depth: 1\r\n", status[8];
	struct span body = span_of(NULL, 0);

	(void)snprintf(path, sizeof(path), "/dav/Company/n%u", dice(c, NAMES));
	if (s->method == HTTP_DELETE || s->has_destination)
		more[0] = '\0';
	if (s->has_destination)
		(void)snprintf(more, sizeof(more),
		    "Destination: /dav/Company/n%u\r\n", dice(c, NAMES));
	if (s->method == HTTP_PUT)
		body = span_of(c->body, body_make(c));
	if (!ask(c, s->name, path, more, body)) {
		failed(s->name, c);
		https_close(c->https);
		c->https = NULL;
		return;
	}
	(void)snprintf(status, sizeof(status), "%d", c->response.status);
	if (strstr(s->statuses, status) == NULL)
		failed(s->name, c);
	/* A folder is a page. */
	if (s->method == HTTP_GET && c->response.status == 200 &&
	    https_header(&c->op, &c->response, "Content-Disposition") != NULL &&
	    !body_is_right(&c->response.body))
		failed("wrong bytes", c);
	atomic_fetch_add(&load.done[s->method], 1);
}

static void
client_run(void *arg)
{
	struct client *c = calloc(1, sizeof(*c));

	(void)arg;
	if (c == NULL)
		return;
	c->number = atomic_fetch_add(&load.next, 1);
	c->dice = c->number * 7919 + 1;
	c->response = (struct https_response)HTTPS_RESPONSE;
	while (!atomic_load(&load.stop)) {
		op_init(&c->op);
		step(c, &steps[dice(c, ARRAY_LEN(steps))]);
		op_release(&c->op);
	}
	https_close(c->https);
	buf_release(&c->response.body);
	free(c);
}

/* ---- what happens meanwhile ---- */

static void
failure_check(void)
{
	char text[sizeof(load.failure)];

	mutex_lock(&load.lock);
	memcpy(text, load.failure, sizeof(text));
	mutex_unlock(&load.lock);
	if (text[0] != '\0')
		fail_msg("%s", text);
}

/* Until each method has been answered so often more. */
static void
await_answers(unsigned long more)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int64_t until = clock_mono() + 120 * CLOCK_S;
	unsigned long from[HTTP_METHODS];
	size_t i;

	for (i = 0; i < HTTP_METHODS; i++)
		from[i] = atomic_load(&load.done[i]);
	for (i = 0; i < ARRAY_LEN(steps); i++)
		while (atomic_load(&load.done[steps[i].method]) <
		       from[steps[i].method] + more) {
			failure_check();
			if (clock_mono() > until)
				fail_msg("%s comes to a stop", steps[i].name);
			(void)nanosleep(&pause, NULL);
		}
}

static void
start_clients(void)
{
	while (load.n_threads < CLIENTS) {
		ASSERT_OK(&server.op,
		    thread_start(&server.op, &load.threads[load.n_threads],
			"client", client_run, NULL));
		load.n_threads++;
	}
	await_answers(3);
}

static void
problem_print(void *arg, size_t site, const char *text)
{
	(void)arg;
	print_message("site %zu: %s\n", site, text);
}

static void
assert_sites_whole(void)
{
	struct check_job job = {.depth = CHECK_OPEN, .problem = problem_print};
	struct tenant *tenant = dozo_server_tenant(&server);
	struct check_report report;
	size_t i;

	fixture_await_sites(&server.fixture, tenant, server.fixture.n_sites);
	lanes_drain(&tenant->lanes, clock_mono() + 30 * CLOCK_S);
	ASSERT_OK(&server.op, check_tenant(&server.op, tenant, &job, &report));
	for (i = 0; i < server.fixture.n_sites; i++) {
		assert_true(report.sites[i].looked);
		assert_int_equal(report.sites[i].missing, 0);
		assert_int_equal(report.sites[i].damaged, 0);
	}
	tenant_put(tenant);
}

static void
many_clients_get_right_answers_while_a_site_goes_and_comes(void **state)
{
	(void)state;
	start_clients();
	fixture_away(&server.fixture, 1);
	await_answers(8);
	ASSERT_OK(&server.op, http_server_reload(&server.op, server.http));
	fixture_back(&server.fixture, 1);
	await_answers(8);
	clients_end();
	failure_check();
	assert_sites_whole();
}

static void
a_server_stops_amid_requests(void **state)
{
	(void)state;
	start_clients();
	atomic_store(&load.ending, true);
	dozo_server_stop(&server);
	server.http = NULL;
	failure_check();
}

#define LOAD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LOAD_TEST(
		many_clients_get_right_answers_while_a_site_goes_and_comes),
	    LOAD_TEST(a_server_stops_amid_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
