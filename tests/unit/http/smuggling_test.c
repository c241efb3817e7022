/* smuggling_test.c - heads that libmicrohttpd takes and two readers could read
 * differently (H6). */
#include <string.h>

#include "service.h"

static struct service service;

struct attempt {
	int status;
	const char *why;
	const char *bytes;
	size_t size;
};
#define ATTEMPT(status, why, bytes) \
	{ \
		status, why, bytes, sizeof(bytes) - 1 \
	}
/* What a smuggler would have answered: if it is, the attempt has succeeded. */
#define NEXT "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"
#define H "Host: h\r\n"

static const struct attempt attempts[] = {
    ATTEMPT(400, "both lengths",
	"PUT /echo HTTP/1.1\r\n" H
	"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
	"0\r\n\r\n" NEXT),
    ATTEMPT(400, "both lengths, the other way round",
	"PUT /echo HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
	"0\r\n\r\n" NEXT),
    ATTEMPT(400, "two Content-Length",
	"PUT /echo HTTP/1.1\r\n" H
	"Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc" NEXT),
    ATTEMPT(400, "two equal Content-Length",
	"PUT /echo HTTP/1.1\r\n" H
	"Content-Length: 3\r\ncontent-length: 3\r\n\r\nabc" NEXT),
    ATTEMPT(400, "a list of lengths",
	"PUT /echo HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc" NEXT),
    ATTEMPT(400, "blank before the colon",
	"PUT /echo HTTP/1.1\r\n" H "Content-Length : 3\r\n\r\nabc" NEXT),
    ATTEMPT(400, "tab before the colon",
	"PUT /echo HTTP/1.1\r\n" H
	"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(400, "plus sign in the length",
	"PUT /echo HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc" NEXT),
    ATTEMPT(400, "minus sign in the length",
	"PUT /echo HTTP/1.1\r\n" H "Content-Length: -3\r\n\r\nabc" NEXT),
    ATTEMPT(400, "hexadecimal length",
	"PUT /echo HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc" NEXT),
    ATTEMPT(400, "empty length",
	"PUT /echo HTTP/1.1\r\n" H "Content-Length:\r\n\r\n" NEXT),
    ATTEMPT(413, "a length over 64 bits",
	"PUT /echo HTTP/1.1\r\n" H
	"Content-Length: 18446744073709551619\r\n\r\nabc" NEXT),
    ATTEMPT(400, "a length over 63 bits",
	"PUT /echo HTTP/1.1\r\n" H
	"Content-Length: 9223372036854775808\r\n\r\nabc" NEXT),
    ATTEMPT(501, "xchunked",
	"PUT /echo HTTP/1.1\r\n" H
	"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(501, "gzip, chunked",
	"PUT /echo HTTP/1.1\r\n" H
	"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(501, "chunked, identity",
	"PUT /echo HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(501, "empty coding",
	"PUT /echo HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(501, "quoted coding",
	"PUT /echo HTTP/1.1\r\n" H
	"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(400, "two codings",
	"PUT /echo HTTP/1.1\r\n" H
	"Transfer-Encoding: chunked\r\nTransfer-Encoding: "
	"x\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(400, "vertical tab before the coding",
	"PUT /echo HTTP/1.1\r\n" H
	"Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(400, "coding in HTTP/1.0",
	"PUT /echo HTTP/1.0\r\n" H
	"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(400, "bare LF after a header",
	"GET /hello HTTP/1.1\r\nHost: h\nX: y\r\n\r\n" NEXT),
    ATTEMPT(400, "bare LF at the end of the head",
	"GET /hello HTTP/1.1\r\nHost: h\r\n\n" NEXT),
    ATTEMPT(400, "bare LF only", "GET /hello HTTP/1.1\nHost: h\n\n" NEXT),
    ATTEMPT(400, "bare LF after the request line",
	"GET /hello HTTP/1.1\nHost: h\r\n\r\n" NEXT),
    ATTEMPT(400, "bare CR in a value",
	"GET /hello HTTP/1.1\r\nHost: h\r\nX: a\rContent-Length: "
	"5\r\n\r\n" NEXT),
    ATTEMPT(400, "folded line",
	"GET /hello HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n" NEXT),
    ATTEMPT(400, "folded coding",
	"PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n "
	"chunked\r\n\r\n0\r\n\r\n" NEXT),
    ATTEMPT(400, "first header begins with a blank",
	"GET /hello HTTP/1.1\r\n Host: h\r\n\r\n" NEXT),
    ATTEMPT(400, "NUL in a value",
	"GET /hello HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n" NEXT),
    ATTEMPT(400, "NUL at the end of a value",
	"GET /hello HTTP/1.1\r\nHost: h\r\nX: a\0\r\n\r\n" NEXT),
    ATTEMPT(400, "NUL in a name",
	"PUT /echo HTTP/1.1\r\nHost: h\r\nContent-\0Length: 3\r\n\r\n" NEXT),
    ATTEMPT(400, "NUL in the target",
	"GET /hello\0/x HTTP/1.1\r\nHost: h\r\n\r\n" NEXT),
    ATTEMPT(400, "NUL in the method",
	"GE\0T /hello HTTP/1.1\r\nHost: h\r\n\r\n" NEXT),
    ATTEMPT(400, "no colon",
	"GET /hello HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n" NEXT),
    ATTEMPT(400, "empty name",
	"GET /hello HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n" NEXT),
    ATTEMPT(400, "odd name",
	"GET /hello HTTP/1.1\r\nHost: h\r\n(X): x\r\n\r\n" NEXT),
    ATTEMPT(400, "two Hosts",
	"GET /hello HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n" NEXT),
    ATTEMPT(400, "no Host", "GET /hello HTTP/1.1\r\nX: y\r\n\r\n" NEXT),
    ATTEMPT(400, "no header at all", "GET /hello HTTP/1.1\r\n\r\n" NEXT),
    ATTEMPT(400, "two Authorizations",
	"GET /hello HTTP/1.1\r\n" H
	"Authorization: Basic YQ==\r\nauthorization: Basic Yg==\r\n\r\n" NEXT),
    ATTEMPT(400, "two Destinations",
	"MOVE /dav/a HTTP/1.1\r\n" H
	"Destination: /dav/b\r\nX: y\r\nDestination: /dav/c\r\n\r\n" NEXT),
    ATTEMPT(400, "two Overwrites",
	"MOVE /dav/a HTTP/1.1\r\n" H
	"Overwrite: F\r\nOverwrite: T\r\n\r\n" NEXT),
    ATTEMPT(400, "two Ranges",
	"GET /hello HTTP/1.1\r\n" H
	"Range: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n" NEXT),
    ATTEMPT(
	400, "a path in Host", "GET /hello HTTP/1.1\r\nHost: h/x\r\n\r\n" NEXT),
    ATTEMPT(
	400, "a user in Host", "GET /hello HTTP/1.1\r\nHost: a@h\r\n\r\n" NEXT),
    ATTEMPT(400, "two blanks in the request line",
	"GET  /hello HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(400, "two blanks before the version",
	"GET /hello  HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(
	400, "blank in the target", "GET /hello x HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(400, "blank after the version",
	"GET /hello HTTP/1.1 \r\n" H "\r\n" NEXT),
    ATTEMPT(400, "tab in the request line",
	"GET\t/hello HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(505, "HTTP/1.2", "GET /hello HTTP/1.2\r\n" H "\r\n" NEXT),
    ATTEMPT(505, "HTTP/2.0", "GET /hello HTTP/2.0\r\n" H "\r\n" NEXT),
    ATTEMPT(400, "lower-case version", "GET /hello http/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(501, "lower-case method", "get /hello HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(501, "CONNECT", "CONNECT /hello HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(501, "TRACE", "TRACE /hello HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(417, "unknown expectation",
	"PUT /echo HTTP/1.1\r\n" H
	"Content-Length: 3\r\nExpect: 200-ok\r\n\r\nabc" NEXT),
    ATTEMPT(400, "fragment", "GET /hello#x HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(400, "escaped slash", "GET /hello%2f HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(400, "dot segment", "GET /dav/../hello HTTP/1.1\r\n" H "\r\n" NEXT),
    ATTEMPT(400, "escaped dot segment",
	"GET /dav/%2e%2E/hello HTTP/1.1\r\n" H "\r\n" NEXT),
};

static void
each_ambiguous_head_is_refused_and_ends_the_connection(void **state)
{
	struct https_response response = HTTPS_RESPONSE;
	size_t i;

	(void)state;
	assert_true(ARRAY_LEN(attempts) >= 25);
	for (i = 0; i < ARRAY_LEN(attempts); i++) {
		const struct attempt *attempt = &attempts[i];
		struct https_client *client = service_client(&service);
		struct op *op = &service.op;

		if (https_send(op, client,
			span_of(attempt->bytes, attempt->size)) != RC_OK ||
		    https_receive(op, client, false, &response) != RC_OK)
			fail_msg("%s: %s", attempt->why, op->error);
		op_clear_error(op);
		if (response.status != attempt->status)
			fail_msg("%s: %d, not %d", attempt->why,
			    response.status, attempt->status);
		/*
		 * libmicrohttpd's own refusal of a bad length has its head
		 * twice; what matters is that nothing after it is taken for a
		 * request.
		 */
		while (https_receive(op, client, false, &response) == RC_OK)
			if (response.status < 400)
				fail_msg("%s: smuggled a %d", attempt->why,
				    response.status);
		op_clear_error(op);
		assert_true(https_ended(client));
		https_close(client);
	}
	assert_int_equal(atomic_load(&service.begun), 0);
	buf_release(&response.body);
}

/* Sent byte by byte, the same heads meet libmicrohttpd's buffers in every
 * state. */
static void
they_are_refused_in_pieces_too(void **state)
{
	struct https_response response = HTTPS_RESPONSE;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(attempts); i++) {
		const struct attempt *attempt = &attempts[i];
		struct https_client *client = service_client(&service);
		struct op *op = &service.op;

		/* The refusal may come before all is sent. */
		for (k = 0; k < attempt->size; k += 3) {
			size_t n =
			    attempt->size - k < 3 ? attempt->size - k : 3;

			if (https_send(op, client,
				span_of(attempt->bytes + k, n)) != RC_OK)
				break;
		}
		op_clear_error(op);
		if (https_receive(op, client, false, &response) != RC_OK)
			fail_msg("%s: %s", attempt->why, op->error);
		if (response.status != attempt->status)
			fail_msg("%s: %d, not %d", attempt->why,
			    response.status, attempt->status);
		https_close(client);
	}
	assert_int_equal(atomic_load(&service.begun), 0);
	buf_release(&response.body);
}

static void
honest_oddities_are_served(void **state)
{
	static const char *const requests[] = {
	    "GET /hello HTTP/1.1\r\nHOST:h\r\n\r\n",
	    "GET /hello HTTP/1.1\r\nHost: h  \r\nX:\r\nY: \t a\tb \t\r\n\r\n",
	    "GET /hello HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n",
	    "GET /hello?a=b&c&d=%20&&e=f HTTP/1.1\r\nHost: h\r\nCookie: a=b; "
	    "c=\"d\"\r\n\r\n",
	    "\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n",
	    "GET /hello HTTP/1.1\r\nHost: h\r\nX: "
	    "\xe5\x9c\x9f\r\nContent-Length: 0\r\n\r\n",
	    "GET /%68ello HTTP/1.1\r\nHost: h\r\n\r\n",
	    "GET http://x.example/hello HTTP/1.1\r\nHost: h\r\n\r\n",
	};
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(requests); i++) {
		service_ask(&service, client, requests[i], &response);
		if (response.status != 200)
			fail_msg("%zu: %d", i, response.status);
	}
	buf_release(&response.body);
}

/* libmicrohttpd takes bare LF in chunks; behind a proxy nothing may follow on
 * that. */
static void
trust_loopback(struct http_config *config)
{
	static const char *const proxies[] = {"127.0.0.0/8"};

	config->trusted_proxies = proxies;
	config->n_trusted_proxies = 1;
}

static void
after_a_chunked_content_a_proxys_connection_ends(void **state)
{
	CLEANUP(https_close_ptr)
	struct https_client *client = service_client(&service);
	struct https_response response = HTTPS_RESPONSE;

	(void)state;
	service_ask(&service, client,
	    "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n"
	    "3;x\nabc\r\n0\r\n\r\n" NEXT,
	    &response);
	assert_int_equal(response.status, 200);
	assert_string_equal(
	    https_header(&service.op, &response, "Connection"), "close");
	assert_true(https_ended(client));
	buf_release(&response.body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVED(
		NULL, each_ambiguous_head_is_refused_and_ends_the_connection),
	    SERVED(NULL, they_are_refused_in_pieces_too),
	    SERVED(NULL, honest_oddities_are_served),
	    SERVED(trust_loopback,
		after_a_chunked_content_a_proxys_connection_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
