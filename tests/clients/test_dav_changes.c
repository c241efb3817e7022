/* test_dav_changes.c - what every change tells and promises: its receipt, what
 * a refused one leaves behind, who wins of two at once. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

#define FILE_PATH "/dav/Company/a.txt"

/* ---- receipts ---- */

static size_t
sites_named(const char *text)
{
	static const char *const names[] = {"tokyo", "osaka", "sendai"};
	size_t i, n = 0;

	assert_non_null(text);
	for (i = 0; i < ARRAY_LEN(names); i++)
		n += strstr(text, names[i]) != NULL;
	return n;
}

static void
every_change_tells_its_number_and_the_sites_that_have_it(void **state)
{
	static const struct {
		const char *method, *path, *headers, *body;
		int status;
	} changes[] = {
	    {"PUT", FILE_PATH, NULL, "one", 201},
	    {"PUT", FILE_PATH, NULL, "two", 204},
	    {"PUT", FILE_PATH, "X-OC-Mtime: 1700000000\r\n", "two", 204},
	    {"PUT", "/dav/Company/empty", NULL, "", 201},
	    {"MKCOL", "/dav/Company/d", NULL, NULL, 201},
	    {"COPY", FILE_PATH, "Destination: /dav/Company/d/b\r\n", NULL, 201},
	    {"COPY", "/dav/Company/d", "Destination: /dav/Company/e\r\n", NULL,
		201},
	    {"PUT", FILE_PATH, NULL, "three", 204},
	    {"COPY", FILE_PATH, "Destination: /dav/Company/d/b\r\n", NULL, 204},
	    {"MOVE", FILE_PATH, "Destination: /dav/Company/c\r\n", NULL, 201},
	    {"MOVE", "/dav/Company/c", "Destination: /dav/Company/d/b\r\n",
		NULL, 204},
	    {"MOVE", "/dav/Company/d", "Destination: /dav/My%20files/d\r\n",
		NULL, 201},
	    {"DELETE", "/dav/My%20files/d/b", NULL, NULL, 204},
	    {"DELETE", "/dav/My%20files/d", NULL, NULL, 204},
	};
	uint64_t number, last = 0;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		(void)dozo_expect(&server, changes[i].status, changes[i].method,
		    changes[i].path, changes[i].headers, changes[i].body);
		if (dozo_header(&server, "Dozo-Commit") == NULL)
			fail_msg("change %zu has no receipt", i);
		assert_true(str_to_u64(dozo_header(&server, "Dozo-Commit"), 1,
		    UINT64_MAX, &number));
		assert_true(number > last);
		last = number;
		assert_true(
		    sites_named(dozo_header(&server, "Dozo-Sites")) >= 2);
	}
	(void)dozo_expect(
	    &server, 404, "DELETE", "/dav/My%20files/d", NULL, NULL);
	assert_null(dozo_header(&server, "Dozo-Commit"));
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/e/b", NULL, NULL);
	assert_null(dozo_header(&server, "Dozo-Commit"));
}

static void
etag_of(const char *path, char out[64])
{
	const char *xml, *at;

	(void)dozo_expect(&server, 207, "PROPFIND", path, "Depth: 0\r\n",
	    "<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>");
	xml = dozo_body(&server);
	at = strstr(xml, "<d:getetag>");
	assert_non_null(at);
	at += strlen("<d:getetag>");
	assert_true(strcspn(at, "<") < 64);
	(void)snprintf(out, 64, "%.*s", (int)strcspn(at, "<"), at);
}

static void
a_folders_etag_changes_with_each_kind_of_change_below(void **state)
{
	static const struct {
		const char *method, *path, *headers, *body;
		bool other; /* the other folder changes as well */
	} changes[] = {
	    {"PUT", "/dav/Company/a/b/f", NULL, "one", false},
	    {"PUT", "/dav/Company/a/b/f", NULL, "two", false},
	    {"PUT", "/dav/Company/a/b/f", "X-OC-Mtime: 1700000000\r\n", "two",
		false},
	    {"MKCOL", "/dav/Company/a/b/c", NULL, NULL, false},
	    {"COPY", "/dav/Company/a/b/f",
		"Destination: /dav/Company/a/b/c/g\r\n", NULL, false},
	    {"MOVE", "/dav/Company/a/b/f",
		"Destination: /dav/Company/a/b/F\r\n", NULL, false},
	    {"MOVE", "/dav/Company/a/b/f", "Destination: /dav/Company/z/f\r\n",
		NULL, true},
	    {"MOVE", "/dav/Company/z/f", "Destination: /dav/Company/a/b/f\r\n",
		NULL, true},
	    {"DELETE", "/dav/Company/a/b/c", NULL, NULL, false},
	};
	static const char *const above[] = {
	    "/dav/", "/dav/Company", "/dav/Company/a", "/dav/Company/a/b"};
	char before[4][64], other[64], after[64];
	size_t i, k;

	(void)state;
	(void)dozo_expect(&server, 201, "MKCOL", "/dav/Company/a", NULL, NULL);
	(void)dozo_expect(
	    &server, 201, "MKCOL", "/dav/Company/a/b", NULL, NULL);
	(void)dozo_expect(&server, 201, "MKCOL", "/dav/Company/z", NULL, NULL);
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		const struct ask ask = {.method = changes[i].method,
		    .path = changes[i].path,
		    .headers = changes[i].headers,
		    .body = changes[i].body != NULL ? span_str(changes[i].body)
						    : span_of(NULL, 0)};

		for (k = 0; k < ARRAY_LEN(above); k++)
			etag_of(above[k], before[k]);
		etag_of("/dav/Company/z", other);
		assert_in_range(dozo_ask(&server, &ask)->status, 201, 204);
		for (k = 0; k < ARRAY_LEN(above); k++) {
			etag_of(above[k], after);
			if (strcmp(before[k], after) == 0)
				fail_msg("change %zu, %s", i, above[k]);
		}
		etag_of("/dav/Company/z", after);
		assert_true((strcmp(other, after) != 0) == changes[i].other);
	}
}

/* ---- what a refused content leaves ---- */

/* Objects of the tenant on all sites. */
static size_t
objects(const char *kind)
{
	size_t i, n = 0;

	for (i = 0; i < FIXTURE_SITES; i++)
		n += fixture_count(&server.fixture, i, kind, server.tenant);
	return n;
}

static void
await(const char *what, bool (*question)(size_t arg), size_t arg)
{
	const struct timespec step = {.tv_nsec = 10000000};
	int64_t until = clock_mono() + 120 * CLOCK_S;

	while (!question(arg)) {
		if (clock_mono() > until)
			fail_msg("not within 120 s: %s", what);
		(void)nanosleep(&step, NULL);
	}
}

static bool
connections_are(size_t n)
{
	struct http_stats stats;

	http_server_stats(server.http, &stats);
	return stats.connections == n;
}

static bool
data_are(size_t n)
{
	return objects("data") == n;
}

/* An answer leaves with two sites' acks; the third follows. */
static bool
logs_are_equal(size_t unused)
{
	const struct fixture *f = &server.fixture;
	size_t first = fixture_count(f, 0, "log", server.tenant), i;

	(void)unused;
	for (i = 1; i < FIXTURE_SITES; i++)
		if (fixture_count(f, i, "log", server.tenant) != first)
			return false;
	return true;
}

/* No temporary file (a listing's sync has one for a moment). */
static bool
nothing_is_temporary(size_t unused)
{
	char command[400];

	(void)unused;
	(void)snprintf(command, sizeof(command),
	    "cd '%.300s' && test -z \"$(find tokyo osaka sendai -name '.*')\"",
	    server.fixture.path);
	return system(command) == 0;
}

static struct span
pattern(size_t size)
{
	static uint8_t bytes[40 << 20];
	uint32_t x = 7;
	size_t i;

	assert_true(size <= sizeof(bytes));
	for (i = 0; i < size; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
	return span_of(bytes, size);
}

/* Small (in the numbered segment), one data segment, an upload session. */
static const size_t sizes[] = {18, 65536, 300000, 20 << 20};

static void
a_wrong_digest_leaves_nothing_on_any_site(void **state)
{
	static const char *const headers[] = {
	    "Content-Digest: "
	    "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n",
	    "Repr-Digest: "
	    "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n",
	    "OC-Checksum: SHA1:0000000000000000000000000000000000000000\r\n",
	};
	size_t i, k, logs;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "kept");
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		await("every site has every number", logs_are_equal, 0);
		logs = objects("log");
		for (k = 0; k < ARRAY_LEN(headers); k++) {
			const struct ask ask = {.method = "PUT",
			    .path = FILE_PATH,
			    .headers = headers[k],
			    .body = pattern(sizes[i])};

			assert_int_equal(dozo_ask(&server, &ask)->status, 400);
			assert_null(dozo_header(&server, "Dozo-Commit"));
		}
		await("no data is left", data_are, 0);
		/* A session's rows are numbers, and are taken back by others.
		 */
		if (sizes[i] < 16 << 20)
			assert_int_equal(objects("log"), logs);
		await("no temporary file", nothing_is_temporary, 0);
	}
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_body(&server), "kept");
}

/* A PUT of size bytes, of which half come before the client is gone. */
static void
put_half(size_t size, const char *length)
{
	const struct https_options options = {
	    .ca_path = server.ca_path, .name = "127.0.0.1"};
	struct https_client *client = NULL;
	char *head;

	ASSERT_OK(
	    &server.op, https_open(&server.op, server.port, &options, &client));
	ASSERT_OK(&server.op,
	    op_format(&server.op, &head,
		"PUT " FILE_PATH " HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n\r\n",
		dozo_authorization(&server, DOZO_ADMIN, DOZO_PASSWORD),
		length));
	ASSERT_OK(&server.op, https_send_str(&server.op, client, head));
	if (str_starts(length, "Transfer"))
		ASSERT_OK(&server.op,
		    https_send_str(&server.op, client, "ffffff\r\n"));
	ASSERT_OK(
	    &server.op, https_send(&server.op, client, pattern(size / 2)));
	https_close(client);
}

static void
a_content_that_stops_half_way_leaves_nothing_on_any_site(void **state)
{
	char length[48];
	size_t i, logs;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "kept");
	https_close(server.client);
	server.client = NULL;
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		await("every site has every number", logs_are_equal, 0);
		logs = objects("log");
		(void)snprintf(
		    length, sizeof(length), "Content-Length: %zu", sizes[i]);
		put_half(sizes[i], length);
		if (sizes[i] < 16 << 20)
			put_half(sizes[i], "Transfer-Encoding: chunked");
		await("the clients are gone", connections_are, 0);
		await("no data is left", data_are, 0);
		if (sizes[i] < 16 << 20)
			assert_int_equal(objects("log"), logs);
		await("no temporary file", nothing_is_temporary, 0);
	}
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_body(&server), "kept");
}

static void
a_content_length_that_lies_stores_no_other_bytes(void **state)
{
	/* Shorter than what is sent: the rest is no request. */
	static const struct {
		const char *headers;
		int status;
	} cases[] = {
	    {"Content-Length: 3\r\n", 201},
	    {"Content-Length: 3\r\nX-Expected-Entity-Length: 10\r\n", 400},
	    {"Content-Length: 3\r\nContent-Digest: sha-256=:"
	     "hNiYuIk7DhCeXGTbP1gdNVuwDdxMEfwEpVL8fHNhC24=:\r\n",
		400},
	};
	enum rc rc;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		const struct https_options options = {
		    .ca_path = server.ca_path, .name = "127.0.0.1"};
		struct https_response response = HTTPS_RESPONSE;
		struct https_client *client = NULL;
		char *head;

		ASSERT_OK(&server.op,
		    https_open(&server.op, server.port, &options, &client));
		ASSERT_OK(&server.op,
		    op_format(&server.op, &head,
			"PUT /dav/Company/l%zu HTTP/1.1\r\nHost: localhost\r\n"
			"%s%s\r\n0123456789\r\n\r\n",
			i,
			dozo_authorization(&server, DOZO_ADMIN, DOZO_PASSWORD),
			cases[i].headers));
		ASSERT_OK(&server.op, https_send_str(&server.op, client, head));
		ASSERT_OK(&server.op,
		    https_receive(&server.op, client, false, &response));
		assert_int_equal(response.status, cases[i].status);
		rc = https_receive(&server.op, client, false, &response);
		op_clear_error(&server.op);
		assert_true(rc == RC_IO || response.status == 400);
		https_close(client);
		buf_release(&response.body);
	}
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/l0", NULL, NULL);
	assert_string_equal(dozo_body(&server), "012");
	(void)dozo_expect(&server, 404, "GET", "/dav/Company/l1", NULL, NULL);
	(void)dozo_expect(&server, 404, "GET", "/dav/Company/l2", NULL, NULL);
}

/* ---- no space ---- */

static void
without_space_uploads_are_refused_and_deletes_are_not(void **state)
{
	struct service *service = server.fixture.service;
	uint64_t reserve = service->config.reserve_bytes;
	const struct ask large = {.method = "PUT",
	    .path = "/dav/Company/large",
	    .body = pattern(300000)};

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "kept");
	service->config.reserve_bytes = UINT64_MAX;
	sites_look_at_space(&server.op, service->config.sites);
	(void)dozo_expect(&server, 507, "PUT", "/dav/Company/b", NULL, "small");
	assert_non_null(dozo_header(&server, "Retry-After"));
	assert_int_equal(dozo_ask(&server, &large)->status, 507);
	assert_non_null(dozo_header(&server, "Retry-After"));
	assert_int_equal(objects("data"), 0); /* nothing was offered (L14) */
	(void)dozo_expect(&server, 507, "MKCOL", "/dav/Company/d", NULL, NULL);
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_body(&server), "kept");
	(void)dozo_expect(&server, 204, "DELETE", FILE_PATH, NULL, NULL);
	service->config.reserve_bytes = reserve;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "again");
}

/* ---- memory ---- */

/* A request whose n-th allocation fails, the client's own ones counted; its
 * status, 0 where there was none. */
static int
ask_without_memory(long n, const char *head, const char *body)
{
	struct https_response response = HTTPS_RESPONSE;
	struct https_client *client = NULL;
	CLEANUP(op_release) struct op op;
	int status = 0;
	char *text;

	op_init(&op);
	ASSERT_OK(&op,
	    https_open(&op, server.port, &(struct https_options){0}, &client));
	ASSERT_OK(&op,
	    op_format(&op, &text,
		"%s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: "
		"%zu\r\n\r\n%s",
		head, dozo_authorization(&server, DOZO_ADMIN, DOZO_PASSWORD),
		strlen(body), body));
	fault_alloc_arm(n, false);
	if (https_send_str(&op, client, text) == RC_OK &&
	    https_receive(&op, client, false, &response) == RC_OK)
		status = response.status;
	fault_alloc_arm(0, false);
	https_close(client);
	buf_release(&response.body);
	return status;
}

static void
put_without_memory(long n, const char *before, const char *after)
{
	int status = ask_without_memory(n, "PUT " FILE_PATH, after);
	bool now;

	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	now = strcmp(dozo_body(&server), after) == 0;
	if (!now)
		assert_string_equal(dozo_body(&server), before);
	if (status == 201 || status == 204)
		assert_true(now);
	else if (status != 0)
		assert_true(status >= 500);
}

/* Where it was a site's thread that found none, the site is out for a moment.
 */
static bool
put_is_taken(size_t unused)
{
	const struct ask ask = {
	    .method = "PUT", .path = FILE_PATH, .body = span_str("next")};

	(void)unused;
	return dozo_ask(&server, &ask)->status == 204;
}

static void
a_failing_allocation_is_one_requests_failure(void **state)
{
	static const char propfind[] =
	    "<propfind xmlns=\"DAV:\"><prop><getetag/><x:y "
	    "xmlns:x=\"urn:x\"/></prop></propfind>";
	char before[32] = "first", after[32];
	int status;
	long n;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, before);
	for (n = 1; n <= 32; n++) {
		(void)snprintf(after, sizeof(after), "content %ld", n);
		put_without_memory(n, before, after);
		await("a put is taken again", put_is_taken, 0);
		(void)snprintf(before, sizeof(before), "next");
		status =
		    ask_without_memory(n, "PROPFIND /dav/Company", propfind);
		/* Without Depth that is 403. */
		assert_true(status == 0 || status == 403 || status >= 500);
		status = ask_without_memory(n, "GET /dav/Company", "");
		assert_true(status == 0 || status == 200 || status >= 500);
	}
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_body(&server), "next");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(
		every_change_tells_its_number_and_the_sites_that_have_it),
	    SERVER_TEST(a_folders_etag_changes_with_each_kind_of_change_below),
	    SERVER_TEST(a_wrong_digest_leaves_nothing_on_any_site),
	    SERVER_TEST(
		a_content_that_stops_half_way_leaves_nothing_on_any_site),
	    SERVER_TEST(a_content_length_that_lies_stores_no_other_bytes),
	    SERVER_TEST(without_space_uploads_are_refused_and_deletes_are_not),
	    SERVER_TEST(a_failing_allocation_is_one_requests_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
