/* test_dav_files.c - bytes go in by PUT and come out by GET, whole, in ranges
 * and under conditions. */
#include <stdio.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

#define FILE_PATH "/dav/Company/a.txt"
#define TEXT "hello, storehouse\n"

static int
put(const char *path, const char *headers, struct span body)
{
	const struct ask ask = {
	    .method = "PUT", .path = path, .headers = headers, .body = body};

	return dozo_ask(&server, &ask)->status;
}

/* Bytes that differ everywhere; freed by the caller. */
static struct buf
pattern(size_t size)
{
	struct buf bytes;
	uint8_t *room;
	uint32_t x = 1;
	size_t i;

	buf_init(&bytes, size);
	ASSERT_OK(&server.op, buf_grow(&server.op, &bytes, size, &room));
	for (i = 0; i < size; i++) {
		x = x * 1664525 + 1013904223;
		room[i] = (uint8_t)(x >> 24);
	}
	return bytes;
}

static void
round_trip(size_t size)
{
	CLEANUP(buf_release) struct buf bytes = pattern(size);
	const struct ask get = {.method = "GET", .path = FILE_PATH};
	const struct https_response *response;
	char length[24];

	assert_in_range(put(FILE_PATH, NULL, buf_span(&bytes)), 201, 204);
	response = dozo_ask(&server, &get);
	assert_int_equal(response->status, 200);
	assert_true(response->complete);
	assert_int_equal(response->body.size, size);
	if (size > 0)
		assert_memory_equal(response->body.data, bytes.data, size);
	(void)snprintf(length, sizeof(length), "%zu", size);
	assert_string_equal(dozo_header(&server, "Content-Length"), length);
}

static void
bytes_of_every_size_come_back(void **state)
{
	static const size_t sizes[] = {1, 0, 4096, 65535, 65536, 65537,
	    (1 << 20) + 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1,
	    (33 << 20) + 7};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sizes); i++)
		round_trip(sizes[i]);
}

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
a_put_says_what_it_made_and_where_it_stands(void **state)
{
	(void)state;
	(void)dozo_expect(
	    &server, 201, "PUT", FILE_PATH, "X-OC-Mtime: 1700000000\r\n", TEXT);
	assert_non_null(dozo_header(&server, "ETag"));
	assert_string_equal(
	    dozo_header(&server, "ETag"), dozo_header(&server, "OC-ETag"));
	assert_non_null(dozo_header(&server, "OC-FileId"));
	assert_string_equal(dozo_header(&server, "X-OC-Mtime"), "accepted");
	assert_non_null(dozo_header(&server, "Dozo-Commit"));
	/* Two of the three at least: min_sites. */
	assert_true(sites_named(dozo_header(&server, "Dozo-Sites")) >= 2);
	(void)dozo_expect(&server, 204, "PUT", FILE_PATH, NULL, "other");
	(void)dozo_expect(&server, 204, "PUT", FILE_PATH, NULL, "other");
	/* The same again made no new state. */
	assert_null(dozo_header(&server, "Dozo-Commit"));
}

static void
a_file_comes_with_its_state_its_dates_and_its_digests(void **state)
{
	uint8_t sha256[SHA256_SIZE];
	char base64[BASE64_SIZE(SHA256_SIZE) + 1], expected[80];

	(void)state;
	(void)dozo_expect(
	    &server, 201, "PUT", FILE_PATH, "X-OC-Mtime: 1700000000\r\n", TEXT);
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	sha256_of(span_str(TEXT), sha256);
	base64_encode(base64, span_of(sha256, SHA256_SIZE));
	(void)snprintf(expected, sizeof(expected), "sha-256=:%s:", base64);
	assert_string_equal(dozo_header(&server, "Repr-Digest"), expected);
	assert_true(str_starts(dozo_header(&server, "OC-Checksum"), "SHA1:"));
	assert_string_equal(dozo_header(&server, "Last-Modified"),
	    "Tue, 14 Nov 2023 22:13:20 GMT");
	assert_string_equal(dozo_header(&server, "Content-Type"), "text/plain");
	assert_string_equal(
	    dozo_header(&server, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(dozo_header(&server, "Content-Disposition"),
	    "attachment; filename*=UTF-8''a.txt");
	assert_string_equal(dozo_header(&server, "Accept-Ranges"), "bytes");
	assert_non_null(dozo_header(&server, "Date"));
	assert_string_equal(dozo_body(&server), TEXT);
	(void)dozo_expect(&server, 200, "HEAD", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_header(&server, "Content-Length"), "18");
}

static void
ranges_are_served_as_the_table_says(void **state)
{
	static const struct {
		const char *range;
		int status;
		const char *content_range;
		const char *body;
	} rows[] = {
	    {"bytes=0-4", 206, "bytes 0-4/18", "hello"},
	    {"bytes=7-", 206, "bytes 7-17/18", "storehouse\n"},
	    {"bytes=-6", 206, "bytes 12-17/18", "house\n"},
	    {"bytes=17-17", 206, "bytes 17-17/18", "\n"},
	    {"bytes=0-99", 206, "bytes 0-17/18", TEXT},
	    {"bytes=-99", 206, "bytes 0-17/18", TEXT},
	    {"bytes=18-", 416, "bytes */18", NULL},
	    {"bytes=-0", 416, "bytes */18", NULL},
	    {"bytes=99999999999999999999-", 416, "bytes */18", NULL},
	    {"bytes=4-2", 200, NULL, TEXT},
	    {"bytes=abc", 200, NULL, TEXT},
	    {"lines=0-1", 200, NULL, TEXT},
	};
	char header[80];
	size_t i;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, TEXT);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got;

		(void)snprintf(
		    header, sizeof(header), "Range: %s\r\n", rows[i].range);
		(void)dozo_expect(
		    &server, rows[i].status, "GET", FILE_PATH, header, NULL);
		got = dozo_header(&server, "Content-Range");
		if (rows[i].content_range == NULL)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].content_range);
		if (rows[i].body != NULL)
			assert_string_equal(dozo_body(&server), rows[i].body);
	}
}

static void
a_range_across_chunks_is_exact(void **state)
{
	CLEANUP(buf_release) struct buf bytes = pattern((9 << 20) + 5);
	static const size_t at[][2] = {{0, 1}, {4194300, 10}, {65530, 70000},
	    {8388600, 1048581}, {9437180, 9}};
	size_t i;

	(void)state;
	assert_int_equal(put(FILE_PATH, NULL, buf_span(&bytes)), 201);
	for (i = 0; i < ARRAY_LEN(at); i++) {
		const struct https_response *response;
		char header[80];

		(void)snprintf(header, sizeof(header),
		    "Range: bytes=%zu-%zu\r\n", at[i][0],
		    at[i][0] + at[i][1] - 1);
		response =
		    dozo_expect(&server, 206, "GET", FILE_PATH, header, NULL);
		assert_int_equal(response->body.size, at[i][1]);
		assert_memory_equal(
		    response->body.data, bytes.data + at[i][0], at[i][1]);
	}
}

static void
if_range_decides_between_a_part_and_the_whole(void **state)
{
	char header[160], etag[64];

	(void)state;
	(void)dozo_expect(
	    &server, 201, "PUT", FILE_PATH, "X-OC-Mtime: 1700000000\r\n", TEXT);
	assert_true(str_copy(etag, sizeof(etag), dozo_header(&server, "ETag")));
	(void)snprintf(header, sizeof(header),
	    "Range: bytes=0-4\r\nIf-Range: %s\r\n", etag);
	(void)dozo_expect(&server, 206, "GET", FILE_PATH, header, NULL);
	(void)dozo_expect(&server, 200, "GET", FILE_PATH,
	    "Range: bytes=0-4\r\nIf-Range: \"other\"\r\n", NULL);
}

static void
conditions_of_reading_are_kept(void **state)
{
	char header[160], etag[64];

	(void)state;
	(void)dozo_expect(
	    &server, 201, "PUT", FILE_PATH, "X-OC-Mtime: 1700000000\r\n", TEXT);
	assert_true(str_copy(etag, sizeof(etag), dozo_header(&server, "ETag")));
	(void)snprintf(
	    header, sizeof(header), "If-None-Match: \"x\", %s\r\n", etag);
	(void)dozo_expect(&server, 304, "GET", FILE_PATH, header, NULL);
	assert_string_equal(dozo_header(&server, "ETag"), etag);
	(void)dozo_expect(
	    &server, 200, "GET", FILE_PATH, "If-None-Match: \"x\"\r\n", NULL);
	(void)dozo_expect(&server, 304, "GET", FILE_PATH,
	    "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n", NULL);
	(void)dozo_expect(&server, 200, "GET", FILE_PATH,
	    "If-Modified-Since: Tue, 14 Nov 2023 22:13:19 GMT\r\n", NULL);
	(void)dozo_expect(
	    &server, 412, "GET", FILE_PATH, "If-Match: \"x\"\r\n", NULL);
	(void)snprintf(header, sizeof(header), "If-Match: %s\r\n", etag);
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, header, NULL);
}

static void
conditions_of_writing_are_kept(void **state)
{
	char header[160], etag[64];

	(void)state;
	(void)dozo_expect(
	    &server, 412, "PUT", FILE_PATH, "If-Match: *\r\n", "one");
	(void)dozo_expect(
	    &server, 201, "PUT", FILE_PATH, "If-None-Match: *\r\n", "one");
	assert_true(str_copy(etag, sizeof(etag), dozo_header(&server, "ETag")));
	(void)dozo_expect(
	    &server, 412, "PUT", FILE_PATH, "If-None-Match: *\r\n", "two");
	(void)dozo_expect(
	    &server, 412, "PUT", FILE_PATH, "If-Match: \"1-1\"\r\n", "two");
	(void)snprintf(header, sizeof(header), "If-Match: %s\r\n", etag);
	(void)dozo_expect(&server, 204, "PUT", FILE_PATH, header, "two");
	(void)dozo_expect(&server, 412, "PUT", FILE_PATH, header, "three");
	(void)dozo_expect(&server, 412, "DELETE", FILE_PATH, header, NULL);
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_body(&server), "two");
}

static void
a_wrong_digest_leaves_nothing(void **state)
{
	static const char *const headers[] = {
	    "Content-Digest: "
	    "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n",
	    "Repr-Digest: "
	    "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n",
	    "OC-Checksum: SHA1:0000000000000000000000000000000000000000\r\n",
	    "Content-Digest: sha-256=:AAAA:\r\n",
	    "Content-Digest: sha-256\r\n",
	    "OC-Checksum: SHA1:00\r\n",
	    "X-Expected-Entity-Length: 19\r\n",
	    "OC-Total-Length: 17\r\n",
	    "X-OC-Mtime: yesterday\r\n",
	    "Content-Range: bytes 0-4/18\r\n",
	    "Content-Encoding: gzip\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(headers); i++) {
		(void)dozo_expect(
		    &server, 400, "PUT", FILE_PATH, headers[i], TEXT);
		(void)dozo_expect(&server, 404, "GET", FILE_PATH, NULL, NULL);
	}
}

static void
a_right_digest_is_accepted_and_an_unknown_one_passed_over(void **state)
{
	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH,
	    "Content-Digest: sha-512=:AAAA:, "
	    "sha-256=:11XoP+uL9fzWkvUv0JTy76BbYo+H9QMnzN60G90eQ40=:\r\n"
	    "OC-Checksum: MD5:00 ADLER32:11\r\n"
	    "X-Expected-Entity-Length: 18\r\n",
	    TEXT);
}

static void
a_chunked_content_is_taken_with_and_without_expect(void **state)
{
	static const char *const extra[] = {"", "Expect: 100-continue\r\n"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(extra); i++) {
		struct https_response response = HTTPS_RESPONSE;
		struct https_client *client = NULL;
		const struct https_options options = {
		    .ca_path = server.ca_path, .name = "127.0.0.1"};
		char *head;

		ASSERT_OK(&server.op,
		    https_open(&server.op, server.port, &options, &client));
		ASSERT_OK(&server.op,
		    op_format(&server.op, &head,
			"PUT /dav/Company/c%zu HTTP/1.1\r\nHost: localhost\r\n"
			"%s%sTransfer-Encoding: chunked\r\n\r\n",
			i,
			dozo_authorization(&server, DOZO_ADMIN, DOZO_PASSWORD),
			extra[i]));
		ASSERT_OK(&server.op, https_send_str(&server.op, client, head));
		if (extra[i][0] != '\0') {
			ASSERT_OK(&server.op, https_receive(&server.op, client,
						  false, &response));
			assert_int_equal(response.status, 100);
		}
		ASSERT_OK(&server.op, https_send_str(&server.op, client,
					  "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"));
		ASSERT_OK(&server.op,
		    https_receive(&server.op, client, false, &response));
		assert_int_equal(response.status, 201);
		https_close(client);
		buf_release(&response.body);
	}
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/c1", NULL, NULL);
	assert_string_equal(dozo_body(&server), "hello!");
}

static void
a_content_that_stops_half_way_leaves_nothing(void **state)
{
	const struct https_options options = {
	    .ca_path = server.ca_path, .name = "127.0.0.1"};
	CLEANUP(buf_release) struct buf half = pattern(300000);
	struct https_client *client = NULL;
	struct http_stats stats;
	char *head;
	int tries;

	(void)state;
	ASSERT_OK(
	    &server.op, https_open(&server.op, server.port, &options, &client));
	ASSERT_OK(&server.op,
	    op_format(&server.op, &head,
		"PUT " FILE_PATH " HTTP/1.1\r\nHost: localhost\r\n"
		"%sContent-Length: 600000\r\n\r\n",
		dozo_authorization(&server, DOZO_ADMIN, DOZO_PASSWORD)));
	ASSERT_OK(&server.op, https_send_str(&server.op, client, head));
	ASSERT_OK(&server.op, https_send(&server.op, client, buf_span(&half)));
	https_close(client);
	for (tries = 0; tries < 1000; tries++) {
		http_server_stats(server.http, &stats);
		if (stats.connections == 0)
			break;
		(void)usleep(10000);
	}
	assert_int_equal(stats.connections, 0);
	(void)dozo_expect(&server, 404, "GET", FILE_PATH, NULL, NULL);
}

static void
a_refusal_comes_before_the_content(void **state)
{
	static const struct {
		const char *path;
		const char *headers;
		int status;
	} rows[] = {
	    {"/dav/x", "", 403},
	    {"/dav/Company/none/x", "", 409},
	    {FILE_PATH, "If-Match: *\r\n", 412},
	    {"/dav/Company", "", 403},
	    {"/dav/Company/a%3Ab", "", 400},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const struct https_options options = {
		    .ca_path = server.ca_path, .name = "127.0.0.1"};
		struct https_response response = HTTPS_RESPONSE;
		struct https_client *client = NULL;
		char *head;

		ASSERT_OK(&server.op,
		    https_open(&server.op, server.port, &options, &client));
		ASSERT_OK(&server.op,
		    op_format(&server.op, &head,
			"PUT %s HTTP/1.1\r\nHost: localhost\r\n%s%s"
			"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
			rows[i].path,
			dozo_authorization(&server, DOZO_ADMIN, DOZO_PASSWORD),
			rows[i].headers));
		ASSERT_OK(&server.op, https_send_str(&server.op, client, head));
		ASSERT_OK(&server.op,
		    https_receive(&server.op, client, false, &response));
		assert_int_equal(response.status, rows[i].status);
		https_close(client);
		buf_release(&response.body);
	}
}

static void
with_too_few_sites_writes_wait_and_reads_go_on(void **state)
{
	CLEANUP(buf_release) struct buf bytes = pattern(5 << 20);
	const struct https_response *response;
	const struct ask get = {.method = "GET", .path = FILE_PATH};
	int64_t *offer_time = &server.fixture.service->config.offer_time;
	int64_t patience = *offer_time;
	int status = 0, tries;

	(void)state;
	assert_int_equal(put(FILE_PATH, NULL, buf_span(&bytes)), 201);
	fixture_away(&server.fixture, 0);
	fixture_away(&server.fixture, 1);
	*offer_time = CLOCK_S / 2;
	(void)dozo_expect(&server, 503, "PUT", "/dav/Company/g", NULL, "small");
	*offer_time = patience;
	assert_non_null(dozo_header(&server, "Retry-After"));
	assert_null(dozo_header(&server, "Dozo-Commit"));
	response = dozo_ask(&server, &get);
	assert_int_equal(response->status, 200);
	assert_int_equal(response->body.size, bytes.size);
	assert_memory_equal(response->body.data, bytes.data, bytes.size);
	fixture_back(&server.fixture, 0);
	fixture_back(&server.fixture, 1);
	for (tries = 0; tries < 200 && status != 201 && status != 204;
	     tries++) {
		status = put("/dav/Company/g", NULL, span_str("small"));
		(void)usleep(100000);
	}
	assert_in_range(status, 201, 204);
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/g", NULL, NULL);
	assert_string_equal(dozo_body(&server), "small");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(bytes_of_every_size_come_back),
	    SERVER_TEST(a_put_says_what_it_made_and_where_it_stands),
	    SERVER_TEST(a_file_comes_with_its_state_its_dates_and_its_digests),
	    SERVER_TEST(ranges_are_served_as_the_table_says),
	    SERVER_TEST(a_range_across_chunks_is_exact),
	    SERVER_TEST(if_range_decides_between_a_part_and_the_whole),
	    SERVER_TEST(conditions_of_reading_are_kept),
	    SERVER_TEST(conditions_of_writing_are_kept),
	    SERVER_TEST(a_wrong_digest_leaves_nothing),
	    SERVER_TEST(
		a_right_digest_is_accepted_and_an_unknown_one_passed_over),
	    SERVER_TEST(a_chunked_content_is_taken_with_and_without_expect),
	    SERVER_TEST(a_content_that_stops_half_way_leaves_nothing),
	    SERVER_TEST(a_refusal_comes_before_the_content),
	    SERVER_TEST(with_too_few_sites_writes_wait_and_reads_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
