/* test_dav_bad_input.c - paths and names that must change nothing, and names
 * that are one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

static void
no_spelling_of_a_path_leads_out(void **state)
{
	static const char *const paths[] = {
	    "/dav/Company/../x",
	    "/dav/Company/..",
	    "/dav/Company/./x",
	    "/dav/Company/%2e%2e/x",
	    "/dav/Company/%2E%2E/x",
	    "/dav/Company/.%2e/x",
	    "/dav/Company/%2e/x",
	    "/dav/Company/..%2fx",
	    "/dav/Company/a%2Fb",
	    "/dav/Company/a%5cb",
	    "/dav/Company/a\\b",
	    "/dav/Company/a%00b",
	    "/dav/Company/%00",
	    "/dav/Company/%c0%ae%c0%ae/x",
	    "/dav/Company/%c0%afx",
	    "/dav/Company/%e0%80%af",
	    "/dav/Company/%ed%a0%80",
	    "/dav/Company/%f5%80%80%80",
	    "/dav/Company/%ff",
	    "/dav/Company/a%0db",
	    "/dav/Company/a%0ab",
	    "/dav/Company/%7f",
	    "/dav/Company/%c2%85",
	    "/dav/Company//x",
	    "/dav/Company/%zz",
	    "/dav/Company/%4",
	    "/dav/Company/a#b",
	};
	static const char *const methods[] = {
	    "PUT", "MKCOL", "GET", "DELETE", "PROPFIND"};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(paths); i++)
		for (k = 0; k < ARRAY_LEN(methods); k++)
			(void)dozo_expect(&server, 400, methods[k], paths[i],
			    "Depth: 1\r\n", k == 0 ? "x" : NULL);
	(void)dozo_expect(
	    &server, 207, "PROPFIND", "/dav/Company/", "Depth: 1\r\n", NULL);
	assert_null(strstr(dozo_body(&server), "/dav/Company/x"));
	assert_null(strstr(dozo_body(&server), "/dav/Company/a"));
}

static void
names_that_windows_cannot_hold_are_refused(void **state)
{
	static const char *const names[] = {"CON", "nul.txt", "a%3Ab", "a%3F",
	    "a%2A", "a%22", "a%3C", "a%7C", "a.", "a%20", "LPT1.doc"};
	char path[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "/dav/Company/%s", names[i]);
		(void)dozo_expect(&server, 400, "PUT", path, NULL, "x");
		(void)dozo_expect(&server, 400, "MKCOL", path, NULL, NULL);
		(void)dozo_expect(&server, 404, "GET", path, NULL, NULL);
	}
}

static void
a_name_has_255_utf16_units(void **state)
{
	char path[4096], body[16];
	size_t i, n;

	(void)state;
	n = (size_t)snprintf(path, sizeof(path), "/dav/Company/");
	for (i = 0; i < 255; i++)
		n += (size_t)snprintf(
		    path + n, sizeof(path) - n, "%%E5%%9C%%9F");
	(void)dozo_expect(&server, 201, "PUT", path, NULL, "x");
	(void)dozo_expect(&server, 200, "GET", path, NULL, NULL);
	(void)snprintf(body, sizeof(body), "a");
	(void)snprintf(path + n, sizeof(path) - n, "a");
	(void)dozo_expect(&server, 400, "PUT", path, NULL, "x");
}

static void
twins_by_case_and_by_normal_form_are_one_file(void **state)
{
	(void)state;
	/* "Cafe" with an accent, composed and decomposed. */
	(void)dozo_expect(
	    &server, 201, "PUT", "/dav/Company/Caf%C3%A9", NULL, "one");
	(void)dozo_expect(
	    &server, 204, "PUT", "/dav/Company/Cafe%CC%81", NULL, "two");
	(void)dozo_expect(
	    &server, 204, "PUT", "/dav/company/cAF%C3%89", NULL, "three");
	(void)dozo_expect(
	    &server, 200, "GET", "/dav/COMPANY/CAFE%CC%81", NULL, NULL);
	assert_string_equal(dozo_body(&server), "three");
	(void)dozo_expect(
	    &server, 207, "PROPFIND", "/dav/Company/", "Depth: 1\r\n", NULL);
	/* The stored spelling stays. */
	assert_non_null(strstr(dozo_body(&server), "/dav/Company/Caf%C3%A9<"));
	assert_null(strstr(dozo_body(&server), "e%CC%81"));
	(void)dozo_expect(
	    &server, 405, "MKCOL", "/dav/Company/CAF%C3%89", NULL, NULL);
}

static void
two_hundred_levels_work(void **state)
{
	char path[4096] = "/dav/Company";
	int i;

	(void)state;
	for (i = 0; i < 200; i++) {
		strcat(path, "/l");
		(void)dozo_expect(&server, 201, "MKCOL", path, NULL, NULL);
	}
	strcat(path, "/f");
	(void)dozo_expect(&server, 201, "PUT", path, NULL, "deep");
	(void)dozo_expect(&server, 200, "GET", path, NULL, NULL);
	assert_string_equal(dozo_body(&server), "deep");
}

/* Answers that blame the client, and never the server. */
static void
refused(const char *method, const char *path, const char *header, size_t repeat,
    int status)
{
	CLEANUP(buf_release) struct buf text = {.limit = 16384};
	struct ask ask = {.method = method, .path = path};
	const struct https_response *response;

	ASSERT_OK(&server.op, buf_add_str(&server.op, &text, header));
	while (repeat-- > 0)
		ASSERT_OK(&server.op, buf_add_str(&server.op, &text, "9"));
	ASSERT_OK(&server.op,
	    buf_add(&server.op, &text, span_of("\r\n", sizeof("\r\n"))));
	ask.headers = (const char *)text.data;
	response = dozo_ask(&server, &ask);
	if (response->status != status)
		fail_msg("%s %.60s: %d, not %d", method, header,
		    response->status, status);
}

static void
absurd_headers_are_clear_errors(void **state)
{
	static const struct {
		const char *method, *header;
		size_t repeat; /* of a digit behind it */
		int status;
	} rows[] = {
	    {"DELETE", "Depth: -1", 0, 400},
	    {"PROPFIND", "Depth: 2", 0, 400},
	    {"PROPFIND", "Depth: 00", 0, 400},
	    {"PROPFIND", "Depth: 0 0", 0, 400},
	    {"PROPFIND", "Depth: \xe2\x88\x9e", 0, 400},
	    {"PROPFIND", "Depth:", 0, 400},
	    {"PROPFIND", "Depth: ", 5000, 400},
	    {"COPY", "Destination: /dav/Company/g\r\nDepth: 7", 0, 400},
	    {"GET", "If-Match: x", 0, 400},
	    {"DELETE", "If-Match: \"", 0, 400},
	    {"DELETE", "If-Match: \"a\" \"b\"", 0, 400},
	    {"DELETE", "If-None-Match: W/", 0, 400},
	    {"DELETE", "If-Match: \"", 9000, 400},
	    {"DELETE", "If: (", 0, 400},
	    {"DELETE", "If: <a> [", 0, 400},
	    {"DELETE", "If: garbage", 5000, 400},
	    {"DELETE", "If: (<opaquelocktoken:x>)", 0, 412},
	    {"MOVE", "X: y", 0, 400},
	    {"MOVE", "Destination:", 0, 400},
	    {"MOVE", "Destination: Company/g", 0, 400},
	    {"MOVE", "Destination: //elsewhere/dav/Company/g", 0, 400},
	    {"MOVE", "Destination: https://", 0, 400},
	    {"MOVE", "Destination: https://[::1/dav/Company/g", 0, 502},
	    {"MOVE", "Destination: https://a@localhost/dav/Company/g", 0, 400},
	    {"MOVE", "Destination: /dav/Company/g#h", 0, 400},
	    {"MOVE", "Destination: /dav/Company/%", 0, 400},
	    {"MOVE", "Destination: /dav/Company/%c0%ae", 0, 400},
	    {"MOVE", "Destination: /dav/Company/a%00", 0, 400},
	    {"MOVE", "Destination: /dav/Company/a%5cb", 0, 400},
	    {"MOVE", "Destination: /dav/Company/a.", 0, 400},
	    {"MOVE", "Destination: /dav/Company/", 1000, 400},
	    {"MOVE", "Destination: /dav/Company/", 9000, 413},
	    {"MOVE", "Destination: /dav/Company/g\r\nOverwrite: TF", 0, 400},
	    {"MOVE", "Destination: /dav/Company/g\r\nOverwrite:", 0, 400},
	    {"MOVE", "Destination: /dav/Company/g\r\nX-OC-Mtime: soon", 0, 400},
	    {"MOVE", "Destination: /dav/Company/g\r\nX-OC-Mtime: ", 40, 400},
	};
	char before[4096];
	size_t i;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/f", NULL, "x");
	(void)dozo_expect(
	    &server, 207, "PROPFIND", "/dav/Company/", "Depth: 1\r\n", NULL);
	assert_true(str_copy(before, sizeof(before), dozo_body(&server)));
	for (i = 0; i < ARRAY_LEN(rows); i++)
		refused(rows[i].method, "/dav/Company/f", rows[i].header,
		    rows[i].repeat, rows[i].status);
	(void)dozo_expect(&server, 400, "PUT", "/dav/Company/f",
	    "If-None-Match: \"\r\n", "y");
	(void)dozo_expect(&server, 415, "DELETE", "/dav/Company/f", NULL, "x");
	(void)dozo_expect(&server, 405, "PUT", "/dav/Company/f/", NULL, "x");
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/f", NULL, NULL);
	assert_string_equal(dozo_body(&server), "x");
	(void)dozo_expect(
	    &server, 207, "PROPFIND", "/dav/Company/", "Depth: 1\r\n", NULL);
	assert_string_equal(dozo_body(&server), before);
}

/* In UTF-16 of either order, with its mark; the text is ASCII. */
static struct span
utf16(const char *text, bool big)
{
	static uint8_t bytes[2048];
	size_t n = 0;

	bytes[n++] = big ? 0xfe : 0xff;
	bytes[n++] = big ? 0xff : 0xfe;
	for (; *text != '\0' && n + 2 <= sizeof(bytes); text++) {
		bytes[n++] = big ? 0 : (uint8_t)*text;
		bytes[n++] = big ? (uint8_t)*text : 0;
	}
	return span_of(bytes, n);
}

static void
no_entity_is_declared_or_read_in_any_encoding(void **state)
{
	static const char *const bodies[] = {
	    "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><propfind "
	    "xmlns=\"DAV:\"><prop/></propfind>",
	    "<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\"> %p;]>"
	    "<propfind xmlns=\"DAV:\"><prop/></propfind>",
	    "<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;&b;\">]>"
	    "<propfind xmlns=\"DAV:\"><prop><x>&d;</x></prop></propfind>",
	};
	static const char *const methods[] = {"PROPFIND", "PROPPATCH"};
	size_t i, k, how;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/f", NULL, "x");
	for (i = 0; i < ARRAY_LEN(bodies) * ARRAY_LEN(methods); i++)
		for (k = 0; k < 6; k++) {
			const char *text = bodies[i / ARRAY_LEN(methods)];
			struct ask ask = {
			    .method = methods[i % ARRAY_LEN(methods)],
			    .path = "/dav/Company/f",
			    .headers = "Depth: 0\r\n",
			    .body = span_str(text),
			    .user = k % 2 == 0 ? NULL : ""};

			how = k / 2;
			if (how > 0)
				ask.body = utf16(text, how == 1);
			/* Who is not signed in gets nothing parsed. */
			assert_int_equal(dozo_ask(&server, &ask)->status,
			    k % 2 == 0 ? 400 : 401);
			assert_null(strstr(dozo_body(&server), "root:"));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(no_spelling_of_a_path_leads_out),
	    SERVER_TEST(names_that_windows_cannot_hold_are_refused),
	    SERVER_TEST(a_name_has_255_utf16_units),
	    SERVER_TEST(twins_by_case_and_by_normal_form_are_one_file),
	    SERVER_TEST(two_hundred_levels_work),
	    SERVER_TEST(absurd_headers_are_clear_errors),
	    SERVER_TEST(no_entity_is_declared_or_read_in_any_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
