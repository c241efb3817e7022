/* test_dav_content.c - a file's bytes in several ranges, under conditions, with
 * the digest that is wanted. */
#include <stdio.h>

#include "base/str.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

#define FILE_PATH "/dav/Company/a.txt"
#define TEXT "hello, storehouse\n"
#define FOUR "0-0,0-0,0-0,0-0"
#define DATED "X-OC-Mtime: 1700000000\r\n"

static void
make_file(void)
{
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, DATED, TEXT);
}

/* The parts of the last answer as they should be, after its boundary. */
static void
multipart_is(const char *format)
{
	const char *type = dozo_header(&server, "Content-Type");
	const char *boundary;
	CLEANUP(buf_release) struct buf expected = {.limit = 4096};
	char length[24];

	assert_true(str_starts(type, "multipart/byteranges; boundary="));
	boundary = strchr(type, '=') + 1;
	assert_int_equal(strlen(boundary), 32);
	for (; *format != '\0'; format++)
		if (*format == '@')
			ASSERT_OK(&server.op,
			    buf_add_str(&server.op, &expected, boundary));
		else
			ASSERT_OK(&server.op,
			    buf_add(&server.op, &expected, span_of(format, 1)));
	ASSERT_OK(&server.op, buf_add(&server.op, &expected, span_of("", 1)));
	assert_string_equal(dozo_body(&server), (const char *)expected.data);
	(void)snprintf(length, sizeof(length), "%zu", expected.size - 1);
	assert_string_equal(dozo_header(&server, "Content-Length"), length);
	assert_null(dozo_header(&server, "Content-Range"));
}

static void
several_ranges_come_as_a_multipart_in_the_clients_order(void **state)
{
	(void)state;
	make_file();
	(void)dozo_expect(&server, 206, "GET", FILE_PATH,
	    "Range: bytes=7-11, 90-, 0-4, -1\r\n", NULL);
	multipart_is("--@\r\nContent-Type: text/plain\r\n"
		     "Content-Range: bytes 7-11/18\r\n\r\nstore"
		     "\r\n--@\r\nContent-Type: text/plain\r\n"
		     "Content-Range: bytes 0-4/18\r\n\r\nhello"
		     "\r\n--@\r\nContent-Type: text/plain\r\n"
		     "Content-Range: bytes 17-17/18\r\n\r\n\n"
		     "\r\n--@--\r\n");
	assert_non_null(dozo_header(&server, "ETag"));
	assert_non_null(dozo_header(&server, "Repr-Digest"));
}

static void
the_most_ranges_that_are_allowed_come_each_byte_by_itself(void **state)
{
	const struct https_response *response;

	(void)state;
	make_file();
	response = dozo_expect(&server, 206, "GET", FILE_PATH,
	    "Range: bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,"
	    "12-12,13-13,14-14,15-15\r\n",
	    NULL);
	assert_true(response->complete);
	assert_non_null(
	    strstr(dozo_body(&server), "bytes 15-15/18\r\n\r\ns\r\n"));
}

static void
one_range_that_fits_among_several_is_sent_alone(void **state)
{
	(void)state;
	make_file();
	(void)dozo_expect(&server, 206, "GET", FILE_PATH,
	    "Range: bytes=100-, 0-4, 200-300\r\n", NULL);
	assert_string_equal(
	    dozo_header(&server, "Content-Range"), "bytes 0-4/18");
	assert_string_equal(dozo_body(&server), "hello");
}

static void
ranges_never_make_an_answer_longer_than_the_file(void **state)
{
	static const char *const headers[] = {
	    "Range: bytes=0-,0-\r\n",
	    "Range: bytes=0-9,8-16,17-17\r\n",
	    "Range: bytes=0-9,0-9\r\n",
	    /* More than are allowed. */
	    "Range: bytes=" FOUR "," FOUR "," FOUR "," FOUR ",0-0\r\n",
	};
	size_t i;

	(void)state;
	make_file();
	for (i = 0; i < ARRAY_LEN(headers); i++) {
		(void)dozo_expect(
		    &server, 200, "GET", FILE_PATH, headers[i], NULL);
		assert_string_equal(dozo_body(&server), TEXT);
	}
}

static void
ranges_far_apart_in_a_large_file_are_exact(void **state)
{
	enum { SIZE = (9 << 20) + 5, LENGTH = 300000, PLACES = 3 };
	static const size_t at[PLACES] = {SIZE - LENGTH, (4 << 20) - 7, 1};
	CLEANUP(buf_release) struct buf bytes = {.limit = SIZE};
	const struct https_response *response;
	struct ask ask = {.method = "PUT", .path = FILE_PATH};
	char header[160];
	const uint8_t *seen;
	uint8_t *room;
	size_t i;

	(void)state;
	ASSERT_OK(&server.op, buf_grow(&server.op, &bytes, SIZE, &room));
	for (i = 0; i < SIZE; i++)
		room[i] = (uint8_t)(i * 2654435761U >> 16);
	ask.body = buf_span(&bytes);
	assert_int_equal(dozo_ask(&server, &ask)->status, 201);
	(void)snprintf(header, sizeof(header),
	    "Range: bytes=%zu-%zu,%zu-%zu,%zu-%zu\r\n", at[0],
	    at[0] + LENGTH - 1, at[1], at[1] + LENGTH - 1, at[2],
	    at[2] + LENGTH - 1);
	response = dozo_expect(&server, 206, "GET", FILE_PATH, header, NULL);
	assert_true(response->complete);
	seen = response->body.data;
	for (i = 0; i < PLACES; i++) {
		seen = memmem(seen,
		    response->body.size - (size_t)(seen - response->body.data),
		    "\r\n\r\n", 4);
		assert_non_null(seen);
		seen += 4;
		assert_memory_equal(seen, bytes.data + at[i], LENGTH);
		seen += LENGTH;
	}
}

static void
if_range_takes_a_date_and_only_the_exact_one(void **state)
{
	(void)state;
	make_file();
	(void)dozo_expect(&server, 206, "GET", FILE_PATH,
	    "Range: bytes=0-4\r\n"
	    "If-Range: Tue, 14 Nov 2023 22:13:20 GMT\r\n",
	    NULL);
	(void)dozo_expect(&server, 200, "GET", FILE_PATH,
	    "Range: bytes=0-4\r\n"
	    "If-Range: Tue, 14 Nov 2023 22:13:21 GMT\r\n",
	    NULL);
	(void)dozo_expect(&server, 200, "GET", FILE_PATH,
	    "Range: bytes=0-1,3-4\r\nIf-Range: W/\"x\"\r\n", NULL);
	/* A range is of a GET only (RFC 9110 14.2). */
	(void)dozo_expect(
	    &server, 200, "HEAD", FILE_PATH, "Range: bytes=0-4\r\n", NULL);
	assert_string_equal(dozo_header(&server, "Content-Length"), "18");
}

static void
a_failed_condition_outranks_a_range(void **state)
{
	(void)state;
	make_file();
	(void)dozo_expect(&server, 304, "GET", FILE_PATH,
	    "Range: bytes=0-4\r\nIf-None-Match: *\r\n", NULL);
	assert_string_equal(
	    dozo_header(&server, "Cache-Control"), "private, no-cache");
	(void)dozo_expect(&server, 412, "GET", FILE_PATH,
	    "Range: bytes=99-\r\nIf-Match: \"x\"\r\n", NULL);
}

static void
a_folder_is_not_modified_by_its_etag_and_never_by_its_date(void **state)
{
	char header[160];

	(void)state;
	make_file();
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/", NULL, NULL);
	(void)snprintf(header, sizeof(header), "If-None-Match: %s\r\n",
	    dozo_header(&server, "ETag"));
	(void)dozo_expect(&server, 304, "GET", "/dav/Company/", header, NULL);
	(void)dozo_expect(&server, 204, "DELETE", FILE_PATH, NULL, NULL);
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/", header, NULL);
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/",
	    "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", NULL);
	(void)dozo_expect(&server, 200, "GET", "/dav/",
	    "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", NULL);
}

static void
a_digest_that_is_not_wanted_is_left_out(void **state)
{
	(void)state;
	make_file();
	(void)dozo_expect(&server, 200, "GET", FILE_PATH,
	    "Want-Repr-Digest: sha-512=1, sha-256=10\r\n", NULL);
	assert_true(
	    str_starts(dozo_header(&server, "Repr-Digest"), "sha-256=:"));
	(void)dozo_expect(&server, 200, "HEAD", FILE_PATH,
	    "Want-Repr-Digest: sha-256=0\r\n", NULL);
	assert_null(dozo_header(&server, "Repr-Digest"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(
		several_ranges_come_as_a_multipart_in_the_clients_order),
	    SERVER_TEST(
		the_most_ranges_that_are_allowed_come_each_byte_by_itself),
	    SERVER_TEST(one_range_that_fits_among_several_is_sent_alone),
	    SERVER_TEST(ranges_never_make_an_answer_longer_than_the_file),
	    SERVER_TEST(ranges_far_apart_in_a_large_file_are_exact),
	    SERVER_TEST(if_range_takes_a_date_and_only_the_exact_one),
	    SERVER_TEST(a_failed_condition_outranks_a_range),
	    SERVER_TEST(
		a_folder_is_not_modified_by_its_etag_and_never_by_its_date),
	    SERVER_TEST(a_digest_that_is_not_wanted_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
