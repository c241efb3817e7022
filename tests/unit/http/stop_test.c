/* stop_test.c - starting and stopping (H13): whatever runs, the process goes on
 * and every request is released. */
#include <dlfcn.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "service.h"

static struct service service;

/* Stops the server itself; service_stop then does the rest. */
static void
server_stop(int64_t drain)
{
	http_server_stop(service.server, drain);
	service.server = NULL;
}

static void
a_server_without_clients_stops(void **state)
{
	(void)state;
	server_stop(5 * CLOCK_S);
	assert_int_equal(https_tcp(service.port, NULL), -1);
}

static void
idle_and_silent_clients_do_not_hold_up_a_drain(void **state)
{
	static const uint8_t hello[] = {0x16, 0x03, 0x01};
	struct https_client *clients[10];
	struct https_response response = HTTPS_RESPONSE;
	int fds[10], i;
	int64_t began;

	(void)state;
	for (i = 0; i < 10; i++) {
		clients[i] = service_client(&service);
		if (i % 2 == 0)
			service_get(&service, clients[i], "/hello", &response);
		fds[i] = https_tcp(service.port, NULL);
		assert_int_equal(
		    send(fds[i], hello, sizeof(hello), 0), sizeof(hello));
	}
	service_await_connections(&service, 20);
	began = clock_mono();
	server_stop(120 * CLOCK_S);
	assert_true(clock_mono() - began < 60 * CLOCK_S);
	for (i = 0; i < 10; i++) {
		https_close(clients[i]);
		(void)close(fds[i]);
	}
	buf_release(&response.body);
}

static void
stop_with_a_long_drain(void *arg)
{
	(void)arg;
	server_stop(20 * CLOCK_S);
}

static void
a_drain_lets_a_running_request_end_and_then_closes(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	struct thread stopper;
	int fd;

	(void)state;
	ASSERT_OK(&service.op, https_send_str(&service.op, client,
				   "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n"));
	service_await_gate(&service, 1);
	ASSERT_OK(&service.op, thread_start(&service.op, &stopper, "stopper",
				   stop_with_a_long_drain, NULL));
	/* Nobody else gets in any more. */
	while ((fd = https_tcp(service.port, NULL)) >= 0)
		(void)close(fd);
	service_open_gate(&service);
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	assert_int_equal(response.status, 200);
	assert_string_equal(
	    https_header(&service.op, &response, "Connection"), "close");
	thread_join(&stopper);
	buf_release(&response.body);
}

static void
stop_at_once(void *arg)
{
	(void)arg;
	server_stop(0);
}

static void
the_end_of_a_drain_cuts_clients_but_waits_for_handlers(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	CLEANUP(https_close_ptr)
	struct https_client *upload = service_client(&service);
	static uint8_t bytes[300000];
	struct thread stopper;

	(void)state;
	service.slow_body = true;
	ASSERT_OK(&service.op, https_send_str(&service.op, client,
				   "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n"));
	/* And an upload whose both slots are full: suspended for room. */
	ASSERT_OK(&service.op, https_send_str(&service.op, upload,
				   "PUT /count HTTP/1.1\r\nHost: "
				   "h\r\nContent-Length: 1000000\r\n\r\n"));
	ASSERT_OK(&service.op,
	    https_send(&service.op, upload, span_of(bytes, sizeof(bytes))));
	service_await_gate(&service, 2);
	ASSERT_OK(&service.op,
	    thread_start(&service.op, &stopper, "stopper", stop_at_once, NULL));
	assert_true(https_ended(client));
	assert_int_equal(atomic_load(&service.released), 0);
	service_open_gate(&service);
	thread_join(&stopper);
	assert_int_equal(atomic_load(&service.released), 2);
	assert_true(service.aborted);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: h\r\n\r\n"
#define PUT(target, size, content) \
	"PUT " target " HTTP/1.1\r\nHost: h\r\nContent-Length: " size \
	"\r\n\r\n" content

/* Load: each round asks, sends, leaves in the middle. Ends when the server has.
 */
struct load {
	uint16_t port;
	atomic_bool over;
	atomic_int answers;
};

static void
load_once(struct op *op, struct load *load, unsigned round)
{
	static const char *const requests[] = {
	    GET("/hello"),
	    GET("/source?size=3000000"),
	    GET("/source?chunked=3000000"),
	    PUT("/echo", "6", "abcdef"),
	    GET("/defer"),
	    PUT("/count", "1000000", "abc"),
	};
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *client = NULL;
	unsigned i;

	if (https_open(op, load->port, NULL, &client) != RC_OK)
		return;
	for (i = 0; i < ARRAY_LEN(requests); i++) {
		const char *request =
		    requests[(i + round) % ARRAY_LEN(requests)];

		if (https_send_str(op, client, request) != RC_OK)
			break;
		if (strstr(request, "1000000") != NULL)
			break; /* leave amid the content */
		if (https_receive(op, client, false, &response) != RC_OK)
			break;
		atomic_fetch_add(&load->answers, 1);
	}
	https_close(client);
	buf_release(&response.body);
}

static void
load_run(void *arg)
{
	struct load *load = arg;
	unsigned round = 0;

	while (!atomic_load(&load->over)) {
		CLEANUP(op_release) struct op op;

		op_init(&op);
		load_once(&op, load, round++);
	}
}

/* A thread that resumes a connection may still be inside libmicrohttpd when
 * that connection is over; here it stays there for a while. The executable's
 * names come before the library's. */
static atomic_int n_resuming, n_resumed, n_stopped_amid;

void
MHD_resume_connection(struct MHD_Connection *connection)
{
	void (*resume)(struct MHD_Connection *);

	*(void **)&resume = dlsym(RTLD_NEXT, "MHD_resume_connection");
	atomic_fetch_add(&n_resuming, 1);
	resume(connection);
	(void)usleep(1000);
	atomic_fetch_add(&n_resumed, 1);
	atomic_fetch_sub(&n_resuming, 1);
}

void
MHD_stop_daemon(struct MHD_Daemon *daemon)
{
	void (*stop)(struct MHD_Daemon *);

	*(void **)&stop = dlsym(RTLD_NEXT, "MHD_stop_daemon");
	if (atomic_load(&n_resuming) != 0)
		atomic_fetch_add(&n_stopped_amid, 1);
	stop(daemon);
}

enum { STOPS = 100, LOADERS = 3 };

static void
a_server_under_load_stops_a_hundred_times(void **state)
{
	int i, k, answers = 0;

	(void)state;
	for (i = 0; i < STOPS; i++) {
		struct thread threads[LOADERS];
		struct load load = {0};
		int64_t deadline = clock_mono() + 20 * CLOCK_S;

		service_start(&service, NULL);
		load.port = service.port;
		for (k = 0; k < LOADERS; k++)
			ASSERT_OK(
			    &service.op, thread_start(&service.op, &threads[k],
					     "load", load_run, &load));
		/* At another point of the rounds each time. */
		while (atomic_load(&load.answers) < i % 12 &&
		       clock_mono() < deadline)
			(void)usleep(500);
		assert_true(clock_mono() < deadline);
		server_stop(i % 3 == 0 ? 5 * CLOCK_MS : 0);
		atomic_store(&load.over, true);
		for (k = 0; k < LOADERS; k++)
			thread_join(&threads[k]);
		answers += atomic_load(&load.answers);
		service_stop(&service);
	}
	assert_true(answers > STOPS);
	assert_true(atomic_load(&n_resumed) > STOPS);
	assert_int_equal(atomic_load(&n_stopped_amid), 0);
}

/* Starting */

static enum rc
try_start(void (*adjust)(struct http_config *config))
{
	struct http_config config;
	struct http_server *server = NULL;
	char certificate[256], key[256];
	enum rc rc;

	http_config_defaults(&config);
	config.host = "127.0.0.1";
	config.event_threads = 1;
	config.short_workers = 1;
	config.bytes_workers = 1;
	(void)snprintf(
	    certificate, sizeof(certificate), "%s/server.crt", service.folder);
	(void)snprintf(key, sizeof(key), "%s/server.key", service.folder);
	config.certificate_path = certificate;
	config.key_path = key;
	if (adjust != NULL)
		adjust(&config);
	rc = http_server_start(&service.op, &config, NULL, 0, &server);
	if (rc == RC_OK)
		http_server_stop(server, 0);
	return rc;
}

static void
taken_port(struct http_config *config)
{
	config->port = service.port;
}

static void
no_certificate(struct http_config *config)
{
	config->certificate_path = "/nonexistent/crt";
}

static void
key_as_certificate(struct http_config *config)
{
	config->certificate_path = config->key_path;
}

static void
foreign_key(struct http_config *config)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/ca.key", service.folder);
	config->key_path = path;
}

static void
bad_proxy(struct http_config *config)
{
	static const char *const proxies[] = {"10.0.0.0/33"};

	config->trusted_proxies = proxies;
	config->n_trusted_proxies = 1;
}

static void
bad_url(struct http_config *config)
{
	config->public_url = "http://files.example.com";
}

static void
url_with_a_path(struct http_config *config)
{
	config->public_url = "https://files.example.com/x";
}

static void
no_workers(struct http_config *config)
{
	config->short_workers = 0;
}

static void
bad_host(struct http_config *config)
{
	config->host = "no such host.";
}

static void
a_server_that_cannot_start_says_why_and_leaves_nothing(void **state)
{
	struct op *op = &service.op;

	(void)state;
	ASSERT_RC(op, RC_OK, try_start(NULL));
	ASSERT_RC(op, RC_IO, try_start(taken_port));
	ASSERT_RC(op, RC_NOT_FOUND, try_start(no_certificate));
	ASSERT_RC(op, RC_INVALID, try_start(key_as_certificate));
	ASSERT_RC(op, RC_INVALID, try_start(foreign_key));
	ASSERT_RC(op, RC_INVALID, try_start(bad_proxy));
	ASSERT_RC(op, RC_INVALID, try_start(bad_url));
	ASSERT_RC(op, RC_INVALID, try_start(url_with_a_path));
	ASSERT_RC(op, RC_INVALID, try_start(no_workers));
	ASSERT_RC(op, RC_INVALID, try_start(bad_host));
}

static enum rc
start_body(void *arg)
{
	enum rc rc = try_start(NULL);

	(void)arg;
	op_clear_error(&service.op);
	return rc;
}

static void
a_start_without_memory_fails_cleanly(void **state)
{
	(void)state;
	/* The folder's own server would take part in the faults. */
	server_stop(0);
	test_torture_alloc(start_body, NULL, 200);
}

static void
broken_pipes_do_not_end_the_process(void **state)
{
	struct sigaction action;

	(void)state;
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_IGN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVED(NULL, a_server_without_clients_stops),
	    SERVED(NULL, idle_and_silent_clients_do_not_hold_up_a_drain),
	    SERVED(NULL, a_drain_lets_a_running_request_end_and_then_closes),
	    SERVED(
		NULL, the_end_of_a_drain_cuts_clients_but_waits_for_handlers),
	    cmocka_unit_test(a_server_under_load_stops_a_hundred_times),
	    SERVED(
		NULL, a_server_that_cannot_start_says_why_and_leaves_nothing),
	    SERVED(NULL, a_start_without_memory_fails_cleanly),
	    SERVED(NULL, broken_pipes_do_not_end_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
