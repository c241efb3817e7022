/* server_test.c - requests and answers over TLS: what a door sees, and what a
 * client gets (H2 to H5, H7, H8, H14). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "base/mem.h"
#include "service.h"

static struct service service;

#define BODY_IS(response, text) \
	do { \
		assert_true((response).complete); \
		assert_int_equal((response).body.size, strlen(text)); \
		assert_memory_equal((response).body.data, text, strlen(text)); \
	} while (0)

static void
a_get_is_answered_by_a_worker_and_the_connection_goes_on(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		service_get(&service, client, "/hello", &response);
		assert_int_equal(response.status, 200);
		BODY_IS(response, "hello\n");
		assert_string_equal(
		    https_header(&service.op, &response, "Content-Type"),
		    "text/plain");
		assert_non_null(https_header(&service.op, &response, "Date"));
		assert_int_equal(strlen(https_header(&service.op, &response,
				     "Dozo-Request-Id")),
		    16);
		assert_null(https_header(&service.op, &response, "Connection"));
	}
	buf_release(&response.body);
}

static void
an_answer_from_memory_needs_no_worker(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_get(&service, client, "/fast", &response);
	BODY_IS(response, "fast\n");
	assert_int_equal(atomic_load(&service.begun), 0);
	buf_release(&response.body);
}

/* Contents that come in (H4) */

/* A request's head with a content of size bytes in it. */
static char *
head_put(const char *target, size_t size, const char *more)
{
	char *head;

	ASSERT_OK(&service.op, op_format(&service.op, &head,
				   "PUT %s HTTP/1.1\r\nHost: "
				   "localhost\r\nContent-Length: %zu\r\n%s\r\n",
				   target, size, more));
	return head;
}

static uint8_t *
pattern_new(size_t size)
{
	uint8_t *bytes = mem_alloc(size);
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < size; i++)
		bytes[i] = service_byte(i);
	return bytes;
}

static void
put(struct https_client *client, const char *target, size_t size,
    const char *more)
{
	uint8_t *bytes = pattern_new(size);

	ASSERT_OK(&service.op,
	    https_send_str(&service.op, client, head_put(target, size, more)));
	ASSERT_OK(
	    &service.op, https_send(&service.op, client, span_of(bytes, size)));
	mem_free(bytes);
}

static void
assert_pattern(const struct https_response *response, size_t size)
{
	size_t i;

	assert_true(response->complete);
	assert_int_equal(response->body.size, size);
	for (i = 0; i < size; i++)
		if (response->body.data[i] != service_byte(i))
			fail_msg("byte %zu of %zu is wrong", i, size);
}

static void
contents_of_every_size_arrive_whole_and_in_order(void **state)
{
	static const size_t sizes[] = {0, 1, 4096, 16384, 16385, 131071, 131072,
	    131073, 262144, 262145, 3000000};
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		put(client, "/echo", sizes[i], "");
		ASSERT_OK(&service.op,
		    https_receive(&service.op, client, false, &response));
		assert_int_equal(response.status, 200);
		assert_pattern(&response, sizes[i]);
	}
	buf_release(&response.body);
}

static void
send_chunked(
    struct https_client *client, const char *target, size_t size, size_t step)
{
	uint8_t *bytes = pattern_new(size);
	char *text;
	size_t at;

	ASSERT_OK(
	    &service.op, op_format(&service.op, &text,
			     "PUT %s HTTP/1.1\r\nHost: "
			     "localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
			     target));
	ASSERT_OK(&service.op, https_send_str(&service.op, client, text));
	for (at = 0; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;

		ASSERT_OK(
		    &service.op, op_format(&service.op, &text, "%zx\r\n", n));
		ASSERT_OK(
		    &service.op, https_send_str(&service.op, client, text));
		ASSERT_OK(&service.op,
		    https_send(&service.op, client, span_of(bytes + at, n)));
		ASSERT_OK(
		    &service.op, https_send_str(&service.op, client, "\r\n"));
	}
	ASSERT_OK(
	    &service.op, https_send_str(&service.op, client, "0\r\n\r\n"));
	mem_free(bytes);
}

static void
a_chunked_content_arrives_and_the_connection_goes_on(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	send_chunked(client, "/echo", 700000, 9999);
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	assert_pattern(&response, 700000);
	send_chunked(client, "/echo", 0, 1);
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	assert_pattern(&response, 0);
	buf_release(&response.body);
}

static void
a_slow_handler_stops_the_client_and_loses_nothing(void **state)
{
	enum { SIZE = 20 << 20 };
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	struct thread opener;
	uint64_t sum = 0;
	char *text;
	size_t i;

	(void)state;
	service.slow_body = true;
	ASSERT_OK(&service.op,
	    https_send_str(&service.op, client, head_put("/count", SIZE, "")));
	for (i = 0; i < SIZE; i++)
		sum += service_byte(i);
	{
		uint8_t *bytes = pattern_new(SIZE);

		ASSERT_OK(&service.op,
		    https_send(&service.op, client, span_of(bytes, 600 << 10)));
		service_await_gate(&service, 1);
		/* The rest does not fit into the sockets: it waits for the
		 * gate. */
		ASSERT_OK(&service.op,
		    thread_start(&service.op, &opener, "opener",
			(void (*)(void *))service_open_gate, &service));
		ASSERT_OK(&service.op,
		    https_send(&service.op, client,
			span_of(bytes + (600 << 10), SIZE - (600 << 10))));
		thread_join(&opener);
		mem_free(bytes);
	}
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	ASSERT_OK(&service.op, op_format(&service.op, &text, "%d %llu\n", SIZE,
				   (unsigned long long)sum));
	BODY_IS(response, text);
	buf_release(&response.body);
}

/* Refusals (H5) */

static void
a_client_that_waits_for_100_gets_it_only_where_begin_accepts(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	CLEANUP(https_close_ptr)
	struct https_client *other = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_ask(&service, client,
	    head_put("/echo", 5, "Expect: 100-continue\r\n"), &response);
	assert_int_equal(response.status, 100);
	service_ask(&service, client, "12345", &response);
	BODY_IS(response, "12345");

	service_ask(&service, other,
	    head_put(
		"/echo", 5000000, "Expect: 100-continue\r\nX-Begin: 423\r\n"),
	    &response);
	assert_int_equal(response.status, 423);
	assert_string_equal(
	    https_header(&service.op, &response, "Connection"), "close");
	assert_true(https_ended(other));
	buf_release(&response.body);
}

static void
an_early_refusal_of_a_small_content_keeps_the_connection(void **state)
{
	static const size_t sizes[] = {10, 100000, 1 << 20};
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		put(client, "/echo", sizes[i], "X-Begin: 412\r\n");
		ASSERT_OK(&service.op,
		    https_receive(&service.op, client, false, &response));
		assert_int_equal(response.status, 412);
	}
	service_get(&service, client, "/hello", &response);
	BODY_IS(response, "hello\n");
	buf_release(&response.body);
}

/* The client sends all of it before it looks: the status must still be there.
 */
static void
expect_refused(const char *target, size_t size, const char *more, int status)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	put(client, target, size, more);
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	assert_int_equal(response.status, status);
	assert_true(response.complete);
	assert_string_equal(
	    https_header(&service.op, &response, "Content-Type"),
	    "application/problem+json");
	assert_non_null(
	    https_header(&service.op, &response, "Dozo-Request-Id"));
	assert_string_equal(
	    https_header(&service.op, &response, "Connection"), "close");
	assert_true(https_ended(client));
	buf_release(&response.body);
}

static void
an_early_refusal_of_a_large_content_reaches_a_client_that_sends_on(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		expect_refused("/echo", 12 << 20, "X-Begin: 507\r\n", 507);
}

static void
a_refusal_amid_a_large_content_reaches_a_client_that_sends_on(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		expect_refused("/count?refuse=300000", 12 << 20, "", 507);
}

static void
a_refusal_near_the_end_of_a_content_keeps_the_connection(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	put(client, "/count?refuse=300000", 900000, "");
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	assert_int_equal(response.status, 507);
	service_get(&service, client, "/hello", &response);
	BODY_IS(response, "hello\n");
	buf_release(&response.body);
}

static void
a_refusal_amid_a_chunked_content_reaches_the_client(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	send_chunked(client, "/count?refuse=300000", 12 << 20, 50000);
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	assert_int_equal(response.status, 507);
	assert_true(https_ended(client));
	buf_release(&response.body);
}

static void
what_came_before_a_client_left_is_given_to_body(void **state)
{
	struct https_client *client = service_client(&service);
	uint8_t *bytes = pattern_new(500000);

	(void)state;
	ASSERT_OK(&service.op, https_send_str(&service.op, client,
				   head_put("/count", 1000000, "")));
	ASSERT_OK(&service.op,
	    https_send(&service.op, client, span_of(bytes, 500000)));
	mem_free(bytes);
	/* Not close(2): with tickets unread that is a reset, which throws bytes
	 * away. */
	assert_int_equal(shutdown(https_fd(client), SHUT_WR), 0);
	service_await_connections(&service, 0);
	https_close(client);
	service_await_released(&service);
	assert_true(service.aborted);
	assert_int_equal(service.partial, 500000);
}

/* Answers (H8, H14) */

static void
sources_of_every_size_arrive_whole(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 65536, 131071, 131072, 131073, 262144, 400001, 5000000};
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	char *target;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		ASSERT_OK(&service.op, op_format(&service.op, &target,
					   "/source?size=%zu", sizes[i]));
		service_get(&service, client, target, &response);
		assert_int_equal(response.status, 200);
		assert_pattern(&response, sizes[i]);
		ASSERT_OK(&service.op, op_format(&service.op, &target,
					   "/source?chunked=%zu", sizes[i]));
		service_get(&service, client, target, &response);
		assert_pattern(&response, sizes[i]);
	}
	service_await_released(&service);
	buf_release(&response.body);
}

static void
a_source_that_fails_at_once_is_a_problem(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_get(&service, client, "/source?size=1000&fail=0", &response);
	assert_int_equal(response.status, 500);
	service_get(&service, client, "/source?size=1000&short=1", &response);
	assert_int_equal(response.status, 500);
	service_get(&service, client, "/hello", &response);
	BODY_IS(response, "hello\n");
	buf_release(&response.body);
}

static void
a_source_that_fails_midway_shows_as_cut_short(void **state)
{
	static const char *const targets[] = {
	    "/source?size=5000000&fail=2000000", "/source?size=5000000&short=1",
	    "/source?chunked=5000000&fail=2000000"};
	struct https_response response = HTTPS_RESPONSE;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(targets); i++) {
		struct https_client *client = service_client(&service);

		service_get(&service, client, targets[i], &response);
		assert_int_equal(response.status, 200);
		assert_false(response.complete);
		assert_true(https_ended(client));
		https_close(client);
		service_await_released(&service);
	}
	buf_release(&response.body);
}

static void
a_client_that_leaves_amid_a_download_releases_the_source(void **state)
{
	struct https_client *client = service_client(&service);
	size_t n;
	char byte;

	(void)state;
	ASSERT_OK(&service.op, https_send_str(&service.op, client,
				   "GET /source?size=900000000 "
				   "HTTP/1.1\r\nHost: localhost\r\n\r\n"));
	ASSERT_OK(&service.op, https_read(&service.op, client, &byte, 1, &n));
	https_close(client);
	service_await_connections(&service, 0);
	service_await_released(&service);
}

static void
head_204_and_304_have_no_content_and_keep_the_connection(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_ask(&service, client, "HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n",
	    &response);
	assert_int_equal(response.status, 200);
	assert_string_equal(
	    https_header(&service.op, &response, "Content-Length"), "6");
	service_ask(&service, client,
	    "HEAD /source?size=777777 HTTP/1.1\r\nHost: h\r\n\r\n", &response);
	assert_string_equal(
	    https_header(&service.op, &response, "Content-Length"), "777777");
	service_get(&service, client, "/about?status=204", &response);
	assert_int_equal(response.status, 204);
	assert_null(https_header(&service.op, &response, "Content-Length"));
	service_get(&service, client, "/about?status=304", &response);
	assert_int_equal(response.status, 304);
	assert_string_equal(
	    https_header(&service.op, &response, "Content-Length"), "12345");
	service_get(&service, client, "/hello", &response);
	BODY_IS(response, "hello\n");
	buf_release(&response.body);
}

static void
head_of_an_unknown_size_sends_no_byte_of_content(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_ask(&service, client,
	    "HEAD /source?chunked=777777 HTTP/1.1\r\nHost: h\r\n\r\n",
	    &response);
	assert_int_equal(response.status, 200);
	assert_null(https_header(&service.op, &response, "Content-Length"));
	assert_true(https_ended(client));
	buf_release(&response.body);
}

static void
http_1_0_is_answered_but_never_with_an_unknown_size(void **state)
{
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_ask(&service, client,
	    "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &response);
	BODY_IS(response, "hello\n");
	service_ask(&service, client, "GET /source?chunked=10 HTTP/1.0\r\n\r\n",
	    &response);
	assert_int_equal(response.status, 505);
	assert_true(https_ended(client));
	https_close(client);
	buf_release(&response.body);
}

static void
pipelined_requests_are_answered_in_order(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_ask(&service, client,
	    "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
	    "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n"
	    "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
	    "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
	    &response);
	BODY_IS(response, "hello\n");
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	BODY_IS(response, "fast\n");
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	BODY_IS(response, "abc");
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	BODY_IS(response, "hello\n");
	assert_true(https_ended(client));
	buf_release(&response.body);
}

static void
a_deferred_answer_comes_from_another_thread(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		service_get(&service, client, "/defer", &response);
		BODY_IS(response, "later\n");
	}
	service_get(&service, client, "/defer?rc=1", &response);
	assert_int_equal(response.status, 503);
	service_await_released(&service);
	buf_release(&response.body);
}

/* Heads and targets (H7) */

static bool
body_has(const struct https_response *response, const char *text)
{
	return memmem(response->body.data, response->body.size, text,
		   strlen(text)) != NULL;
}

static void
a_door_sees_the_target_decoded_once(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_get(&service, client,
	    "/about/%E5%9C%9F%E8%94%B5/a%2525b/+x&y=z;q/?%41=1", &response);
	assert_true(body_has(
	    &response, "[\xe5\x9c\x9f\xe8\x94\xb5]\n[a%25b]\n[+x&y=z;q]\n"));
	assert_true(body_has(&response,
	    "method=GET client=127.0.0.1 segments=4 prefix=1 slash=1 goes_on=1 "
	    "base=https://localhost content=0\n"));
	service_get(
	    &service, client, "https://other.example:99/about/x", &response);
	assert_true(body_has(&response, "base=https://other.example:99 "));
	buf_release(&response.body);
}

static void
two_hundred_nested_folders_are_no_problem(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	struct buf target = {.limit = 16384};
	int i;

	(void)state;
	ASSERT_OK(&service.op, buf_add_str(&service.op, &target, "/about"));
	for (i = 0; i < 200; i++)
		ASSERT_OK(&service.op,
		    buf_add_format(&service.op, &target,
			"/%03d-a-folder-with-a-rather-long-name", i));
	ASSERT_OK(&service.op, buf_add(&service.op, &target, span_of("", 1)));
	assert_true(target.size > 7400);
	service_get(&service, client, (const char *)target.data, &response);
	assert_int_equal(response.status, 200);
	assert_true(body_has(&response, "segments=201 "));
	assert_true(body_has(&response, "[199-a-folder"));
	buf_release(&target);
	buf_release(&response.body);
}

/* A GET whose target has size bytes, and count headers of width bytes. */
static int
status_of_large(size_t size, size_t count, size_t width)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	struct buf request = {.limit = 1 << 20};
	size_t i;

	ASSERT_OK(
	    &service.op, buf_add_str(&service.op, &request, "GET /hello?"));
	for (i = 11; i < size + 4; i++)
		ASSERT_OK(&service.op, buf_add_str(&service.op, &request, "x"));
	ASSERT_OK(&service.op,
	    buf_add_str(&service.op, &request, " HTTP/1.1\r\nHost: h\r\n"));
	for (i = 0; i < count; i++)
		ASSERT_OK(&service.op,
		    buf_add_format(&service.op, &request, "X-%03zu: %0*d\r\n",
			i, (int)width - 9, 0));
	ASSERT_OK(&service.op, buf_add_str(&service.op, &request, "\r\n"));
	ASSERT_OK(
	    &service.op, https_send(&service.op, client, buf_span(&request)));
	ASSERT_OK(
	    &service.op, https_receive(&service.op, client, false, &response));
	buf_release(&request);
	buf_release(&response.body);
	if (response.status != 200)
		assert_true(https_ended(client));
	return response.status;
}

static void
heads_are_limited(void **state)
{
	(void)state;
	assert_int_equal(status_of_large(8192, 0, 0), 200);
	assert_int_equal(status_of_large(8193, 0, 0), 414);
	assert_int_equal(status_of_large(8192, 90, 60), 200);
	assert_int_equal(status_of_large(100, 99, 130), 200);
	assert_int_equal(status_of_large(100, 100, 20), 431);
	assert_int_equal(status_of_large(100, 99, 150), 431);
	assert_int_equal(status_of_large(100, 3, 20000), 431);
	assert_int_equal(status_of_large(40000, 0, 0), 414);
}

static void
what_no_door_takes_is_refused(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_get(&service, client, "/nothing", &response);
	assert_int_equal(response.status, 404);
	assert_true(body_has(&response, "\"type\":\"/problems/not-found\""));
	service_get(&service, client, "/hell", &response);
	assert_int_equal(response.status, 404);
	service_ask(&service, client,
	    "DELETE /hello HTTP/1.1\r\nHost: h\r\n\r\n", &response);
	assert_int_equal(response.status, 405);
	assert_string_equal(
	    https_header(&service.op, &response, "Allow"), "GET, HEAD");
	service_ask(&service, client, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
	    &response);
	assert_int_equal(response.status, 204);
	service_ask(&service, client,
	    "GET /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	    &response);
	assert_int_equal(response.status, 413);
	service_get(&service, client, "/davit", &response);
	assert_int_equal(response.status, 404);
	service_get(&service, client, "/dav/a/b", &response);
	BODY_IS(response, "dav\n");
	assert_int_equal(atomic_load(&service.begun), 1);
	buf_release(&response.body);
}

/* Problems */

static void
each_rc_has_its_status_and_type(void **state)
{
	static const struct {
		enum rc rc;
		int status;
		const char *type;
	} cases[] = {
	    {RC_NOT_FOUND, 404, "not-found"},
	    {RC_EXISTS, 409, "exists"},
	    {RC_INVALID, 400, "invalid"},
	    {RC_DENIED, 403, "denied"},
	    {RC_CONFLICT, 409, "conflict"},
	    {RC_LIMIT, 413, "limit"},
	    {RC_NO_SPACE, 507, "no-space"},
	    {RC_NO_MEMORY, 503, "busy"},
	    {RC_IO, 500, "io"},
	    {RC_DAMAGED, 500, "damaged"},
	    {RC_NOT_STORED, 503, "not-stored"},
	    {RC_IN_DOUBT, 503, "in-doubt"},
	    {RC_UNPROVEN, 503, "unproven"},
	    {RC_FENCED, 503, "fenced"},
	    {RC_TIMEOUT, 503, "timeout"},
	    {RC_BUSY, 503, "busy"},
	    {RC_REFUSED, 503, "refused"},
	};
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ASSERT_OK(&service.op, op_format(&service.op, &text,
					   "/rc?rc=%d", (int)cases[i].rc));
		service_get(&service, client, text, &response);
		assert_int_equal(response.status, cases[i].status);
		ASSERT_OK(&service.op,
		    op_format(&service.op, &text,
			"{\"type\":\"/problems/%s\",\"status\":%d,\"title\":\"",
			cases[i].type, cases[i].status));
		assert_true(body_has(&response, text));
		assert_string_equal(
		    https_header(&service.op, &response, "Content-Type"),
		    "application/problem+json");
		assert_true((https_header(&service.op, &response,
				 "Retry-After") != NULL) ==
			    (cases[i].status == 503 || cases[i].status == 507));
		/* A client's fault is told; the service's own is not. */
		assert_true(
		    body_has(&response, "the error's \\\"own\\\" text") ==
		    (cases[i].status < 500));
		assert_true(body_has(&response,
		    https_header(&service.op, &response, "Dozo-Request-Id")));
	}
	buf_release(&response.body);
}

static void
a_conflict_is_412_where_the_request_was_conditional(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	char *text;

	(void)state;
	ASSERT_OK(
	    &service.op, op_format(&service.op, &text,
			     "/rc?rc=%d&conditional=1", (int)RC_CONFLICT));
	service_get(&service, client, text, &response);
	assert_int_equal(response.status, 412);
	assert_true(body_has(&response, "/problems/precondition-failed"));
	buf_release(&response.body);
}

static void
a_handler_that_answers_nothing_is_an_error_of_the_server(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_get(&service, client, "/rc?silent=1", &response);
	assert_int_equal(response.status, 500);
	buf_release(&response.body);
}

static void
problems_are_told_in_the_clients_language(void **state)
{
	static const struct {
		const char *accept;
		bool ja;
	} cases[] = {
	    {"ja", true},
	    {"ja-JP,ja;q=0.9,en;q=0.8", true},
	    {"en-US,en;q=0.9,ja;q=0.8", false},
	    {"en;q=0.5, ja;q=0.6", true},
	    {"de", false},
	    {"", false},
	    {"ja;q=0", false},
	    {"jav", false},
	    {"*", false},
	};
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ASSERT_OK(&service.op, op_format(&service.op, &text,
					   "GET /none HTTP/1.1\r\nHost: "
					   "h\r\nAccept-Language: %s\r\n\r\n",
					   cases[i].accept));
		service_ask(&service, client, text, &response);
		assert_true(
		    body_has(&response, "見つかりません") == cases[i].ja);
		assert_string_equal(
		    https_header(&service.op, &response, "Content-Language"),
		    cases[i].ja ? "ja" : "en");
	}
	buf_release(&response.body);
}

/* Without memory */

/* Whatever fails, the server ends the request and serves the next one. */
static void
requests_survive_failing_allocations(void **state)
{
	static const char *const requests[] = {
	    "GET /source?size=300000 HTTP/1.1\r\nHost: h\r\n\r\n",
	    "PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabcdef",
	    "DELETE /hello HTTP/1.1\r\nHost: h\r\n\r\n",
	    "GET /none HTTP/1.1\r\nHost: h\r\nX: y\r\nX: z\r\n\r\n",
	};
	struct https_response response = HTTPS_RESPONSE;
	size_t i;
	long n;

	(void)state;
	for (n = 1; n <= 40; n++) {
		for (i = 0; i < ARRAY_LEN(requests); i++) {
			struct https_client *client = service_client(&service);

			fault_alloc_arm(n, false);
			if (https_send_str(&service.op, client, requests[i]) ==
			    RC_OK)
				(void)!https_receive(
				    &service.op, client, false, &response);
			fault_alloc_arm(0, false);
			op_clear_error(&service.op);
			https_close(client);
			service_await_connections(&service, 0);
			service_await_released(&service);
		}
	}
	buf_release(&response.body);
}

/* Many at once */

enum { CROWD = 8, ROUNDS = 40 };

/* One client of the crowd; no assertions, since cmocka's belong to the main
 * thread. */
static void
crowd_member(void *arg)
{
	static const char *const requests[] = {
	    "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n",
	    "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n",
	    "GET /source?size=300000 HTTP/1.1\r\nHost: h\r\n\r\n",
	    "GET /source?chunked=200000 HTTP/1.1\r\nHost: h\r\n\r\n",
	    "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabcdef",
	    "GET /defer HTTP/1.1\r\nHost: h\r\n\r\n",
	};
	CLEANUP(op_release) struct op op;
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *client = NULL;
	atomic_int *good = arg;
	int i;

	op_init(&op);
	if (https_open(&op, service.port, NULL, &client) != RC_OK)
		return;
	for (i = 0; i < ROUNDS; i++)
		if (https_send_str(&op, client,
			requests[i % (int)ARRAY_LEN(requests)]) == RC_OK &&
		    https_receive(&op, client, false, &response) == RC_OK &&
		    response.status == 200 && response.complete)
			atomic_fetch_add(good, 1);
	https_close(client);
	buf_release(&response.body);
}

static void
many_clients_are_served_at_once(void **state)
{
	struct thread crowd[CROWD];
	atomic_int good = 0;
	int i;

	(void)state;
	for (i = 0; i < CROWD; i++)
		ASSERT_OK(&service.op, thread_start(&service.op, &crowd[i],
					   "crowd", crowd_member, &good));
	for (i = 0; i < CROWD; i++)
		thread_join(&crowd[i]);
	assert_int_equal(atomic_load(&good), CROWD * ROUNDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVED(
		NULL, a_get_is_answered_by_a_worker_and_the_connection_goes_on),
	    SERVED(NULL, an_answer_from_memory_needs_no_worker),
	    SERVED(NULL, contents_of_every_size_arrive_whole_and_in_order),
	    SERVED(NULL, a_chunked_content_arrives_and_the_connection_goes_on),
	    SERVED(NULL, a_slow_handler_stops_the_client_and_loses_nothing),
	    SERVED(NULL,
		a_client_that_waits_for_100_gets_it_only_where_begin_accepts),
	    SERVED(
		NULL, an_early_refusal_of_a_small_content_keeps_the_connection),
	    SERVED(NULL,
		an_early_refusal_of_a_large_content_reaches_a_client_that_sends_on),
	    SERVED(NULL,
		a_refusal_amid_a_large_content_reaches_a_client_that_sends_on),
	    SERVED(
		NULL, a_refusal_near_the_end_of_a_content_keeps_the_connection),
	    SERVED(NULL, a_refusal_amid_a_chunked_content_reaches_the_client),
	    SERVED(NULL, what_came_before_a_client_left_is_given_to_body),
	    SERVED(NULL, sources_of_every_size_arrive_whole),
	    SERVED(NULL, a_source_that_fails_at_once_is_a_problem),
	    SERVED(NULL, a_source_that_fails_midway_shows_as_cut_short),
	    SERVED(
		NULL, a_client_that_leaves_amid_a_download_releases_the_source),
	    SERVED(
		NULL, head_204_and_304_have_no_content_and_keep_the_connection),
	    SERVED(NULL, head_of_an_unknown_size_sends_no_byte_of_content),
	    SERVED(NULL, http_1_0_is_answered_but_never_with_an_unknown_size),
	    SERVED(NULL, pipelined_requests_are_answered_in_order),
	    SERVED(NULL, a_deferred_answer_comes_from_another_thread),
	    SERVED(NULL, a_door_sees_the_target_decoded_once),
	    SERVED(NULL, two_hundred_nested_folders_are_no_problem),
	    SERVED(NULL, heads_are_limited),
	    SERVED(NULL, what_no_door_takes_is_refused),
	    SERVED(NULL, each_rc_has_its_status_and_type),
	    SERVED(NULL, a_conflict_is_412_where_the_request_was_conditional),
	    SERVED(
		NULL, a_handler_that_answers_nothing_is_an_error_of_the_server),
	    SERVED(NULL, problems_are_told_in_the_clients_language),
	    SERVED(NULL, requests_survive_failing_allocations),
	    SERVED(NULL, many_clients_are_served_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
