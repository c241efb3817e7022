/* limits_test.c - clients that are silent, slow, many, or not what they seem
 * (H1, H9 to H11). */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "service.h"

static struct service service;

static void
pause_for(int64_t length)
{
	const struct timespec t = {
	    .tv_sec = length / CLOCK_S,
	    .tv_nsec = length % CLOCK_S,
	};

	(void)nanosleep(&t, NULL);
}

/* Unfinished handshakes (H1) */

static void
short_head(struct http_config *config)
{
	config->head_deadline = 4 * CLOCK_S;
}

enum { SILENT = 240, BUSY_MAX = 25 };

static void
silent_handshakes_cost_no_cpu_and_end_at_the_deadline(void **state)
{
	/* The beginning of a ClientHello of 512 bytes. */
	static const uint8_t hello[] = {
	    0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03};
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *client;
	int fds[SILENT];
	unsigned busy;
	char byte;
	int i;

	(void)state;
	for (i = 0; i < SILENT; i++) {
		fds[i] = https_tcp(service.port, NULL);
		assert_true(fds[i] >= 0);
		assert_int_equal(
		    send(fds[i], hello, 3 + (size_t)i % 8, 0), 3 + i % 8);
	}
	service_await_connections(&service, SILENT);
	busy = busy_percent(2 * CLOCK_S);
	if (busy > BUSY_MAX)
		fail_msg("busy in %u of 100 looks", busy);
	/* Others are served meanwhile. */
	client = service_client(&service);
	service_get(&service, client, "/hello", &response);
	assert_int_equal(response.status, 200);
	https_close(client);
	service_await_connections(&service, 0);
	for (i = 0; i < SILENT; i++) {
		assert_true(recv(fds[i], &byte, 1, 0) <= 0);
		(void)close(fds[i]);
	}
	buf_release(&response.body);
}

static void
a_client_with_a_tiny_window_is_served(void **state)
{
	struct https_response response = HTTPS_RESPONSE;
	int i;

	(void)state;
	/* What the server sends does not fit: its pushes meet EAGAIN. */
	for (i = 0; i < 20; i++) {
		const struct https_options options = {.receive_buffer = 1};
		struct https_client *client;

		ASSERT_OK(&service.op,
		    https_open(&service.op, service.port, &options, &client));
		service_get(&service, client, "/hello", &response);
		assert_int_equal(response.status, 200);
		https_close(client);
	}
	buf_release(&response.body);
}

/* Slow ones (H11) */

static void
short_all(struct http_config *config)
{
	config->head_deadline = CLOCK_S;
	config->idle_deadline = CLOCK_S;
	config->rate_window = CLOCK_S;
	config->rate_minimum = 4096;
}

/* For clients that are slow enough to be cut, and honest: a pause of this
 * test's own must not cut them. */
static void
patient(struct http_config *config)
{
	config->rate_window = 2 * CLOCK_S;
	config->rate_minimum = 1000;
}

/* Sends a byte each 50 ms until the server ends the connection, which it must;
 * how long that took. */
static int64_t
dribble(struct https_client *client)
{
	int64_t start = clock_mono();

	for (;;) {
		CLEANUP(op_release) struct op op;
		char byte;

		op_init(&op);
		if (https_send_str(&op, client, "x") != RC_OK ||
		    recv(https_fd(client), &byte, 1, MSG_DONTWAIT | MSG_PEEK) ==
			0)
			return clock_mono() - start;
		if (clock_mono() - start > 60 * CLOCK_S)
			fail_msg("it goes on");
		pause_for(50 * CLOCK_MS);
	}
}

/* Reads away what a fresh TLS 1.3 session brings, so that an end shows. */
static struct https_client *
quiet_client(void)
{
	const struct https_options options = {
	    .priorities = "NORMAL:-VERS-TLS1.3"};
	struct https_client *client;

	ASSERT_OK(&service.op,
	    https_open(&service.op, service.port, &options, &client));
	return client;
}

static void
a_head_that_never_ends_is_cut(void **state)
{
	struct https_client *client = quiet_client();
	struct https_response response = HTTPS_RESPONSE;
	int64_t took;

	(void)state;
	ASSERT_OK(&service.op,
	    https_send_str(&service.op, client, "GET /hello HTTP/1.1\r\nX: "));
	took = dribble(client);
	assert_true(took > CLOCK_S / 2);
	https_close(client);
	/* And that of a later request. */
	client = quiet_client();
	service_get(&service, client, "/hello", &response);
	took = dribble(client);
	assert_true(took > CLOCK_S / 2);
	https_close(client);
	service_await_connections(&service, 0);
	buf_release(&response.body);
}

static void
an_idle_connection_is_ended(void **state)
{
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_get(&service, client, "/hello", &response);
	assert_true(https_ended(client));
	https_close(client);
	buf_release(&response.body);
}

static void
a_content_that_dribbles_is_cut(void **state)
{
	struct https_client *client = quiet_client();
	int64_t took;

	(void)state;
	ASSERT_OK(&service.op, https_send_str(&service.op, client,
				   "PUT /count HTTP/1.1\r\nHost: "
				   "h\r\nContent-Length: 1000000\r\n\r\n"));
	took = dribble(client);
	assert_true(took > CLOCK_S / 2);
	https_close(client);
	service_await_released(&service);
	assert_true(service.aborted);
	/* A small one, which is gathered before begin. */
	client = quiet_client();
	ASSERT_OK(&service.op, https_send_str(&service.op, client,
				   "PUT /count HTTP/1.1\r\nHost: "
				   "h\r\nContent-Length: 1000\r\n\r\n"));
	(void)dribble(client);
	https_close(client);
	service_await_connections(&service, 0);
}

static void
a_content_over_the_minimum_rate_may_take_its_time(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	static uint8_t bytes[4096];
	int i;

	(void)state;
	ASSERT_OK(&service.op, https_send_str(&service.op, client,
				   "PUT /count HTTP/1.1\r\nHost: "
				   "h\r\nContent-Length: 81920\r\n\r\n"));
	for (i = 0; i < 20; i++) {
		pause_for(200 * CLOCK_MS);
		ASSERT_OK(&service.op, https_send(&service.op, client,
					   span_of(bytes, sizeof(bytes))));
	}
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	assert_int_equal(response.status, 200);
	buf_release(&response.body);
}

static struct https_client *
narrow_client(void)
{
	const struct https_options options = {
	    .priorities = "NORMAL:-VERS-TLS1.3",
	    .receive_buffer = 8192,
	};
	struct https_client *client;

	ASSERT_OK(&service.op,
	    https_open(&service.op, service.port, &options, &client));
	return client;
}

static void
a_client_that_takes_nothing_is_cut_and_one_that_takes_a_little_is_not(
    void **state)
{
	struct https_client *client = narrow_client();
	struct http_stats stats;
	uint8_t bytes[16384];
	size_t n;
	int i;

	(void)state;
	ASSERT_OK(&service.op,
	    https_send_str(&service.op, client,
		"GET /source?size=90000000 HTTP/1.1\r\nHost: h\r\n\r\n"));
	service_await_connections(&service, 0);
	service_await_released(&service);
	https_close(client);
	http_server_stats(service.server, &stats);
	assert_int_equal(stats.cut, 1);

	client = narrow_client();
	ASSERT_OK(&service.op,
	    https_send_str(&service.op, client,
		"GET /source?size=90000000 HTTP/1.1\r\nHost: h\r\n\r\n"));
	for (i = 0; i < 30; i++) {
		ASSERT_OK(&service.op,
		    https_read(&service.op, client, bytes, sizeof(bytes), &n));
		assert_true(n > 0);
		pause_for(100 * CLOCK_MS);
	}
	http_server_stats(service.server, &stats);
	assert_int_equal(stats.cut, 1);
	https_close(client);
	service_await_released(&service);
}

static void
a_slow_handler_is_not_the_clients_fault(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	ASSERT_OK(&service.op, https_send_str(&service.op, client,
				   "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n"));
	service_await_gate(&service, 1);
	pause_for(3 * CLOCK_S);
	service_open_gate(&service);
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	assert_int_equal(response.status, 200);
	buf_release(&response.body);
}

/* Many (H10) */

static void
few(struct http_config *config)
{
	config->connections = 5;
	config->connections_per_address = 2;
}

static void
by_default_there_may_be_16384_connections_from_any_address(void **state)
{
	struct http_config config;

	(void)state;
	http_config_defaults(&config);
	assert_int_equal(config.connections, 16384);
	assert_int_equal(config.connections_per_address, 16384);
}

static enum rc
open_from(const char *from, struct https_client **ret_client)
{
	const struct https_options options = {.from = from};
	enum rc rc =
	    https_open(&service.op, service.port, &options, ret_client);

	op_clear_error(&service.op);
	return rc;
}

static void
limits_hold_in_all_and_for_each_address(void **state)
{
	static const char *const from[] = {
	    "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3"};
	struct https_client *clients[5], *other;
	struct http_stats stats;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(open_from(from[i], &clients[i]), RC_OK);
	assert_int_equal(open_from("127.0.0.1", &other), RC_IO);
	assert_int_equal(open_from("127.0.0.2", &other), RC_IO);
	assert_int_equal(open_from("127.0.0.3", &clients[4]), RC_OK);
	assert_int_equal(open_from("127.0.0.4", &other), RC_IO);
	http_server_stats(service.server, &stats);
	assert_int_equal(stats.connections, 5);
	assert_int_equal(stats.turned_away, 3);
	/* Who leaves makes room. */
	https_close(clients[0]);
	service_await_connections(&service, 4);
	assert_int_equal(open_from("127.0.0.2", &other), RC_IO);
	assert_int_equal(open_from("127.0.0.1", &clients[0]), RC_OK);
	for (i = 0; i < 5; i++)
		https_close(clients[i]);
	service_await_connections(&service, 0);
}

static void
a_server_out_of_descriptors_turns_away_and_recovers(void **state)
{
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *client, *other;
	struct rlimit old, tight;
	int probe = dup(0);

	(void)state;
	client = service_client(&service);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	/* One for the client's socket, none for the server's. */
	tight.rlim_cur = (rlim_t)probe + 2;
	(void)close(probe);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(open_from(NULL, &other), RC_IO);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	service_get(&service, client, "/hello", &response);
	assert_int_equal(response.status, 200);
	assert_int_equal(open_from(NULL, &other), RC_OK);
	https_close(other);
	https_close(client);
	buf_release(&response.body);
}

/* Plain HTTP and worse (H10) */

static void
plain_http_is_told_to_use_https(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	char text[512];
	size_t used = 0;
	ssize_t n;
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		int fd = https_tcp(service.port, NULL);

		assert_true(send(fd, request, sizeof(request) - 1, 0) > 0);
		/* Closed by now; the answer must still be there. */
		service_await_connections(&service, 0);
		for (used = 0; (n = recv(fd, text + used,
				    sizeof(text) - 1 - used, 0)) > 0;)
			used += (size_t)n;
		assert_int_equal(n, 0); /* an end, not a reset */
		text[used] = '\0';
		assert_non_null(strstr(text, "HTTP/1.1 400 "));
		assert_non_null(strstr(text, "https"));
		(void)close(fd);
	}
	service_await_connections(&service, 0);
}

static void
noise_is_closed(void **state)
{
	static const uint8_t first[] = {0x00, 0x80, 0x0d, 0x15, 0x17, 0xff};
	size_t i;
	char byte;

	(void)state;
	for (i = 0; i < sizeof(first); i++) {
		int fd = https_tcp(service.port, NULL);

		assert_true(send(fd, &first[i], 1, 0) == 1);
		assert_true(recv(fd, &byte, 1, 0) <= 0);
		(void)close(fd);
	}
	service_await_connections(&service, 0);
}

/* Proxies */

static void
behind_proxies(struct http_config *config)
{
	static const char *const proxies[] = {
	    "127.0.0.1", "10.0.0.0/8", "fd00::/8"};

	config->trusted_proxies = proxies;
	config->n_trusted_proxies = ARRAY_LEN(proxies);
	config->public_url = "https://Files.example.com";
	config->connections_per_address = 2;
	config->head_deadline = 2 * CLOCK_S;
}

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static const char v4[] =
    SIGNATURE "\x21\x11\0\x0c\xcb\0\x71\7\x7f\0\0\1\x12\x34\1\xbb";
static const char v4_more[] =
    SIGNATURE "\x21\x11\0\x13\xcb\0\x71\7\x7f\0\0\1\x12\x34\1\xbb\4\0\4abcd";
static const char v6[] =
    SIGNATURE "\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x99"
	      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x12\x34\1\xbb";
static const char local[] = SIGNATURE "\x20\0\0\0";
static const char inner[] =
    SIGNATURE "\x21\x11\0\x0c\x0a\1\2\3\x7f\0\0\1\x12\x34\1\xbb";

/* What /about says of the client. */
static char *
client_told(const char *from, struct span before, const char *headers)
{
	const struct https_options options = {.from = from, .before = before};
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *client;
	char *text, *end;

	ASSERT_OK(&service.op,
	    https_open(&service.op, service.port, &options, &client));
	ASSERT_OK(&service.op,
	    op_format(&service.op, &text,
		"GET /about HTTP/1.1\r\nHost: h\r\n%s\r\n", headers));
	service_ask(&service, client, text, &response);
	https_close(client);
	service_await_connections(&service, 0);
	ASSERT_OK(&service.op,
	    op_format(&service.op, &text, "%.*s", (int)response.body.size,
		(const char *)response.body.data));
	buf_release(&response.body);
	text = strstr(text, "client=");
	assert_non_null(text);
	end = strchr(text, ' ');
	assert_non_null(end);
	*end = '\0';
	return text + 7;
}

#define NOTHING span_of(NULL, 0)
#define HEADER(text) span_of(text, sizeof(text) - 1)

static void
proxy_v2_from_a_trusted_proxy_names_the_client(void **state)
{
	(void)state;
	assert_string_equal(client_told(NULL, NOTHING, ""), "127.0.0.1");
	assert_string_equal(client_told(NULL, HEADER(v4), ""), "203.0.113.7");
	assert_string_equal(
	    client_told(NULL, HEADER(v4_more), ""), "203.0.113.7");
	assert_string_equal(client_told(NULL, HEADER(v6), ""), "2001:db8::99");
	assert_string_equal(client_told(NULL, HEADER(local), ""), "127.0.0.1");
	/* The client that PROXY names is not trusted, whatever it says. */
	assert_string_equal(
	    client_told(NULL, HEADER(v4), "X-Forwarded-For: 1.2.3.4\r\n"),
	    "203.0.113.7");
	assert_string_equal(
	    client_told(NULL, HEADER(inner), "X-Forwarded-For: 1.2.3.4\r\n"),
	    "1.2.3.4");
}

static void
forwarded_addresses_are_believed_from_trusted_proxies_only(void **state)
{
	(void)state;
	assert_string_equal(
	    client_told(NULL, NOTHING, "X-Forwarded-For: 198.51.100.9\r\n"),
	    "198.51.100.9");
	assert_string_equal(client_told(NULL, NOTHING,
				"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: "
				"198.51.100.9, 10.1.1.1\r\n"),
	    "198.51.100.9");
	assert_string_equal(client_told(NULL, NOTHING,
				"X-Forwarded-For: 6.6.6.6, nonsense\r\n"),
	    "127.0.0.1");
	assert_string_equal(
	    client_told(NULL, NOTHING, "Forwarded: for=6.6.6.6\r\n"),
	    "127.0.0.1");
	assert_string_equal(
	    client_told("127.0.0.2", NOTHING, "X-Forwarded-For: 6.6.6.6\r\n"),
	    "127.0.0.2");
}

static void
expect_turned_away(const char *from, struct span before)
{
	const struct https_options options = {.from = from, .before = before};
	struct https_client *client;

	assert_int_equal(
	    https_open(&service.op, service.port, &options, &client), RC_IO);
	op_clear_error(&service.op);
	service_await_connections(&service, 0);
}

static void
a_bad_or_foreign_proxy_header_ends_the_connection(void **state)
{
	static const char version_1[] =
	    SIGNATURE "\x11\x11\0\x0c\1\2\3\4\1\2\3\4\1\2\3\4";
	static const char short_one[] = SIGNATURE "\x21\x11\0\4\1\2\3\4";
	static const char huge[] = SIGNATURE "\x21\x11\xff\xff\1\2\3\4";
	static const char wrong[] =
	    "\r\n\r\n\0\r\nQUIT!\x21\x11\0\x0c\1\2\3\4\1\2\3\4\1\2\3\4";
	static const char twice[] = SIGNATURE
	    "\x21\x11\0\x0c\xcb\0\x71\7\x7f\0\0\1\x12\x34\1\xbb" SIGNATURE
	    "\x21\x11\0\x0c\xcb\0\x71\7\x7f\0\0\1\x12\x34\1\xbb";

	(void)state;
	expect_turned_away("127.0.0.2", HEADER(v4));
	expect_turned_away(NULL, HEADER(version_1));
	expect_turned_away(NULL, HEADER(short_one));
	expect_turned_away(NULL, HEADER(huge));
	expect_turned_away(NULL, HEADER(wrong));
	expect_turned_away(NULL, HEADER(twice));
}

static void
a_proxy_header_in_pieces_waits_without_cpu(void **state)
{
	size_t i;
	int fd = https_tcp(service.port, NULL);
	char byte;

	(void)state;
	for (i = 0; i < 20; i++) {
		assert_int_equal(send(fd, v4 + i, 1, 0), 1);
		pause_for(5 * CLOCK_MS);
	}
	service_await_connections(&service, 1);
	assert_true(busy_percent(CLOCK_S) <= BUSY_MAX);
	assert_true(recv(fd, &byte, 1, 0) <= 0); /* the deadline */
	(void)close(fd);
	service_await_connections(&service, 0);
}

static void
the_limit_for_each_address_counts_the_proxys_client(void **state)
{
	const struct https_options same = {.before = HEADER(v4)};
	const struct https_options other = {.before = HEADER(v6)};
	struct https_client *clients[3], *more;

	(void)state;
	ASSERT_OK(&service.op,
	    https_open(&service.op, service.port, &same, &clients[0]));
	ASSERT_OK(&service.op,
	    https_open(&service.op, service.port, &same, &clients[1]));
	assert_int_equal(
	    https_open(&service.op, service.port, &same, &more), RC_IO);
	op_clear_error(&service.op);
	ASSERT_OK(&service.op,
	    https_open(&service.op, service.port, &other, &clients[2]));
	https_close(clients[0]);
	https_close(clients[1]);
	https_close(clients[2]);
	service_await_connections(&service, 0);
}

static void
public_url_is_the_one_authority(void **state)
{
	static const struct {
		const char *authority;
		bool own;
	} cases[] = {
	    {"files.example.com", true},
	    {"FILES.example.com:443", true},
	    {"files.example.com:8443", false},
	    {"h", false},
	    {"example.com", false},
	};
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ASSERT_OK(&service.op, op_format(&service.op, &text,
					   "GET /about HTTP/1.1\r\nHost: "
					   "h\r\nX-Authority: %s\r\n\r\n",
					   cases[i].authority));
		service_ask(&service, client, text, &response);
		text = cases[i].own ? "own=1" : "own=0";
		assert_non_null(
		    memmem(response.body.data, response.body.size, text, 5));
		text = "base=https://Files.example.com ";
		assert_non_null(memmem(response.body.data, response.body.size,
		    text, strlen(text)));
	}
	buf_release(&response.body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVED(short_head,
		silent_handshakes_cost_no_cpu_and_end_at_the_deadline),
	    SERVED(short_head, a_client_with_a_tiny_window_is_served),
	    SERVED(short_all, a_head_that_never_ends_is_cut),
	    SERVED(short_all, an_idle_connection_is_ended),
	    SERVED(short_all, a_content_that_dribbles_is_cut),
	    SERVED(patient, a_content_over_the_minimum_rate_may_take_its_time),
	    SERVED(patient,
		a_client_that_takes_nothing_is_cut_and_one_that_takes_a_little_is_not),
	    SERVED(short_all, a_slow_handler_is_not_the_clients_fault),
	    SERVED(few, limits_hold_in_all_and_for_each_address),
	    SERVED(few, a_server_out_of_descriptors_turns_away_and_recovers),
	    SERVED(short_head, plain_http_is_told_to_use_https),
	    SERVED(short_head, noise_is_closed),
	    SERVED(
		behind_proxies, proxy_v2_from_a_trusted_proxy_names_the_client),
	    SERVED(behind_proxies,
		forwarded_addresses_are_believed_from_trusted_proxies_only),
	    SERVED(behind_proxies,
		a_bad_or_foreign_proxy_header_ends_the_connection),
	    SERVED(behind_proxies, a_proxy_header_in_pieces_waits_without_cpu),
	    SERVED(behind_proxies,
		the_limit_for_each_address_counts_the_proxys_client),
	    SERVED(behind_proxies, public_url_is_the_one_authority),
	    cmocka_unit_test(
		by_default_there_may_be_16384_connections_from_any_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
