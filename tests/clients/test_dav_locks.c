/* test_dav_locks.c - LOCK, UNLOCK and the If header over the door. */
#include <stdio.h>

#include "base/str.h"
#include "core/locks.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

#define FILE_PATH "/dav/Company/a.txt"
#define FOLDER "/dav/Company/folder"

#define INFO(scope) \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>" \
	"<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:" scope "/>" \
	"</D:lockscope><D:locktype><D:write/></D:locktype>" \
	"<D:owner><D:href>mailto:a@example.org</D:href></D:owner>" \
	"</D:lockinfo>"

enum { TOKEN_SIZE = 80 };

/* As the administrator; the token, without brackets. */
static const char *
lock(int status, const char *path, const char *headers, const char *scope,
    char token[TOKEN_SIZE])
{
	const char *header;

	(void)dozo_expect(&server, status, "LOCK", path, headers,
	    strcmp(scope, "shared") == 0 ? INFO("shared") : INFO("exclusive"));
	header = dozo_header(&server, "Lock-Token");
	if (status >= 300) {
		assert_null(header);
		return NULL;
	}
	assert_non_null(header);
	assert_true(str_starts(header, "<opaquelocktoken:"));
	(void)snprintf(
	    token, TOKEN_SIZE, "%.*s", (int)strlen(header) - 2, header + 1);
	assert_non_null(strstr(dozo_body(&server), token));
	return token;
}

static int
other(
    const char *method, const char *path, const char *headers, const char *body)
{
	const struct ask ask = {
	    .method = method,
	    .path = path,
	    .headers = headers,
	    .body = body != NULL ? span_str(body) : span_of(NULL, 0),
	    .user = DOZO_OTHER,
	    .password = DOZO_OTHER_PASSWORD,
	};

	return dozo_ask(&server, &ask)->status;
}

static void
unlock(int status, const char *path, const char *token)
{
	char header[TOKEN_SIZE + 32];

	(void)snprintf(header, sizeof(header), "Lock-Token: <%s>\r\n", token);
	(void)dozo_expect(&server, status, "UNLOCK", path, header, NULL);
}

static const char *
if_token(const char *token)
{
	static char header[2 * TOKEN_SIZE];

	(void)snprintf(header, sizeof(header), "If: (<%s>)\r\n", token);
	return header;
}

static void
body_has(const char *text)
{
	if (strstr(dozo_body(&server), text) == NULL)
		fail_msg("%s is not in %s", text, dozo_body(&server));
}

/* ---- one lock ---- */

static void
options_say_class_two(void **state)
{
	(void)state;
	(void)dozo_expect(&server, 200, "OPTIONS", "/dav/", NULL, NULL);
	assert_string_equal(dozo_header(&server, "DAV"), "1, 2");
	assert_string_equal(dozo_header(&server, "MS-Author-Via"), "DAV");
	assert_non_null(strstr(dozo_header(&server, "Allow"), "UNLOCK"));
}

static void
a_lock_is_granted_shown_used_and_given_back(void **state)
{
	char token[TOKEN_SIZE];

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "one");
	(void)lock(200, FILE_PATH, "Timeout: Second-600\r\nDepth: 0\r\n",
	    "exclusive", token);
	body_has("<d:lockdiscovery><d:activelock><d:locktype><d:write/>"
		 "</d:locktype><d:lockscope><d:exclusive/></d:lockscope>"
		 "<d:depth>0</d:depth><d:owner>"
		 "<D:href xmlns:D=\"DAV:\">mailto:a@example.org</D:href>"
		 "</d:owner><d:timeout>Second-600</d:timeout>");
	body_has("<d:lockroot><d:href>" FILE_PATH "</d:href></d:lockroot>");
	assert_non_null(dozo_header(&server, "Dozo-Commit"));
	/* Without its token it is in the way, of whoever holds it, too. */
	assert_int_equal(other("PUT", FILE_PATH, NULL, "two"), 423);
	body_has("<d:error xmlns:d=\"DAV:\"><d:lock-token-submitted>"
		 "<d:href>" FILE_PATH
		 "</d:href></d:lock-token-submitted></d:error>");
	(void)dozo_expect(&server, 423, "PUT", FILE_PATH, NULL, "two");
	(void)dozo_expect(
	    &server, 204, "PUT", FILE_PATH, if_token(token), "two");
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	unlock(204, FILE_PATH, token);
	assert_int_equal(other("PUT", FILE_PATH, NULL, "three"), 204);
	unlock(409, FILE_PATH, token);
}

static void
every_change_keeps_to_a_lock(void **state)
{
	static const struct {
		const char *method;
		const char *path;
		const char *headers;
		const char *body;
	} rows[] = {
	    {"PUT", FOLDER "/f", NULL, "x"},
	    {"PUT", FOLDER "/new", NULL, "x"},
	    {"MKCOL", FOLDER "/newer", NULL, NULL},
	    {"DELETE", FOLDER "/f", NULL, NULL},
	    {"DELETE", FOLDER, NULL, NULL},
	    {"MOVE", FOLDER "/f", "Destination: /dav/Company/g\r\n", NULL},
	    {"MOVE", FOLDER, "Destination: /dav/Company/g\r\n", NULL},
	    {"MOVE", FILE_PATH, "Destination: " FOLDER "/g\r\n", NULL},
	    {"COPY", FILE_PATH, "Destination: " FOLDER "/g\r\n", NULL},
	    {"COPY", FILE_PATH, "Destination: " FOLDER "/f\r\n", NULL},
	    {"PROPPATCH", FOLDER "/f", NULL,
		"<propertyupdate xmlns='DAV:'><set><prop><getlastmodified>1"
		"</getlastmodified></prop></set></propertyupdate>"},
	    {"LOCK", FOLDER "/fresh", NULL, INFO("exclusive")},
	    {"LOCK", FOLDER "/f", NULL, INFO("shared")},
	};
	char token[TOKEN_SIZE];
	size_t i;

	(void)state;
	(void)dozo_expect(&server, 201, "MKCOL", FOLDER, NULL, NULL);
	(void)dozo_expect(&server, 201, "PUT", FOLDER "/f", NULL, "one");
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "one");
	(void)lock(200, FOLDER, NULL, "exclusive", token);
	body_has("<d:depth>infinity</d:depth>");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (other(rows[i].method, rows[i].path, rows[i].headers,
			rows[i].body) != 423)
			fail_msg("%s %s: %s", rows[i].method, rows[i].path,
			    dozo_body(&server));
		body_has("<d:href>" FOLDER "/</d:href>");
	}
	/* Reading and copying away are free. */
	assert_int_equal(other("GET", FOLDER "/f", NULL, NULL), 200);
	assert_int_equal(other("COPY", FOLDER "/f",
			     "Destination: /dav/Company/copy\r\n", NULL),
	    201);
	for (i = 0; i < 2; i++)
		assert_in_range(dozo_expect(&server, i == 0 ? 204 : 201, "PUT",
				    rows[i].path, if_token(token), "y")
				    ->status,
		    201, 204);
	(void)dozo_expect(
	    &server, 204, "DELETE", FOLDER "/f", if_token(token), NULL);
}

static void
a_lock_below_names_itself_in_a_multistatus(void **state)
{
	char token[TOKEN_SIZE], header[256];

	(void)state;
	(void)dozo_expect(&server, 201, "MKCOL", FOLDER, NULL, NULL);
	(void)dozo_expect(&server, 201, "PUT", FOLDER "/f%20%26", NULL, "1");
	(void)lock(200, FOLDER "/f%20%26", NULL, "exclusive", token);
	assert_int_equal(other("DELETE", FOLDER, NULL, NULL), 207);
	body_has("<d:response><d:href>" FOLDER "/f%20%26</d:href><d:status>"
		 "HTTP/1.1 423 Locked</d:status><d:error>"
		 "<d:lock-token-submitted>");
	assert_int_equal(other("MOVE", FOLDER,
			     "Destination: /dav/Company/elsewhere\r\n", NULL),
	    207);
	assert_int_equal(
	    other("LOCK", FOLDER, "Depth: infinity\r\n", INFO("exclusive")),
	    207);
	body_has("<d:no-conflicting-lock>");
	body_has("<d:response><d:href>" FOLDER "/</d:href><d:status>"
		 "HTTP/1.1 424 Failed Dependency</d:status></d:response>");
	(void)dozo_expect(&server, 200, "GET", FOLDER "/f%20%26", NULL, NULL);
	/* The token is of what is below: a list about the folder has it not. */
	(void)dozo_expect(
	    &server, 412, "DELETE", FOLDER, if_token(token), NULL);
	(void)snprintf(header, sizeof(header),
	    "If: <" FOLDER "/f%%20%%26> (<%s>)\r\n", token);
	(void)dozo_expect(&server, 204, "DELETE", FOLDER, header, NULL);
}

static void
a_lock_where_nothing_is_makes_an_empty_file(void **state)
{
	char token[TOKEN_SIZE];

	(void)state;
	(void)lock(201, FILE_PATH, "Depth: 0\r\n", "exclusive", token);
	assert_non_null(dozo_header(&server, "ETag"));
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_header(&server, "Content-Length"), "0");
	(void)dozo_expect(
	    &server, 204, "PUT", FILE_PATH, if_token(token), "text");
	unlock(204, FILE_PATH, token);
	(void)dozo_expect(&server, 409, "LOCK", "/dav/Company/none/f", NULL,
	    INFO("exclusive"));
	(void)dozo_expect(
	    &server, 405, "LOCK", "/dav/Company/f/", NULL, INFO("exclusive"));
	(void)dozo_expect(
	    &server, 403, "LOCK", "/dav/Company", NULL, INFO("exclusive"));
	(void)dozo_expect(
	    &server, 403, "LOCK", "/dav/", NULL, INFO("exclusive"));
	(void)dozo_expect(&server, 400, "LOCK", "/dav/Company/con.txt", NULL,
	    INFO("exclusive"));
}

static void
a_lock_is_refreshed_by_its_own_member_only(void **state)
{
	char token[TOKEN_SIZE];

	(void)state;
	(void)dozo_expect(&server, 201, "MKCOL", FOLDER, NULL, NULL);
	(void)dozo_expect(&server, 201, "PUT", FOLDER "/f", NULL, "1");
	(void)lock(200, FOLDER, "Timeout: Second-60\r\n", "exclusive", token);
	{
		char headers[256];

		(void)snprintf(headers, sizeof(headers),
		    "%sTimeout: Infinite, Second-4100000000\r\n",
		    if_token(token));
		/* By any path that it covers. */
		(void)dozo_expect(
		    &server, 200, "LOCK", FOLDER "/f", headers, NULL);
		assert_null(dozo_header(&server, "Lock-Token"));
		body_has("<d:timeout>Second-86400</d:timeout>");
		body_has("<d:lockroot><d:href>" FOLDER "/</d:href>");
		body_has("<d:owner>");
		assert_int_equal(
		    other("LOCK", FOLDER "/f", headers, NULL), 412);
	}
	(void)dozo_expect(&server, 400, "LOCK", FOLDER, NULL, NULL);
	unlock(204, FOLDER, token);
	(void)dozo_expect(&server, 412, "LOCK", FOLDER, if_token(token), NULL);
}

static void
the_tokens_of_others_are_worth_nothing_and_not_shown(void **state)
{
	static const char asks[] =
	    "<propfind xmlns='DAV:'><prop><lockdiscovery/></prop></propfind>";
	char token[TOKEN_SIZE], header[TOKEN_SIZE + 32];

	(void)state;
	(void)lock(201, FILE_PATH, NULL, "exclusive", token);
	assert_int_equal(
	    other("PUT", FILE_PATH, if_token(token), "stolen"), 412);
	(void)snprintf(header, sizeof(header), "If: (Not <%s>)\r\n", token);
	assert_int_equal(other("PUT", FILE_PATH, header, "stolen"), 423);
	(void)snprintf(header, sizeof(header), "Lock-Token: <%s>\r\n", token);
	assert_int_equal(other("UNLOCK", FILE_PATH, header, NULL), 403);
	assert_int_equal(
	    other("PROPFIND", FILE_PATH, "Depth: 0\r\n", asks), 207);
	body_has("<d:activelock>");
	assert_null(strstr(dozo_body(&server), "opaquelocktoken"));
	(void)dozo_expect(
	    &server, 207, "PROPFIND", FILE_PATH, "Depth: 0\r\n", asks);
	body_has(token);
}

static void
shared_locks_go_together(void **state)
{
	char token[TOKEN_SIZE], second[TOKEN_SIZE];

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "1");
	(void)lock(200, FILE_PATH, NULL, "shared", token);
	assert_int_equal(other("LOCK", FILE_PATH, NULL, INFO("shared")), 200);
	(void)lock(423, FILE_PATH, NULL, "exclusive", second);
	body_has("<d:no-conflicting-lock><d:href>" FILE_PATH "</d:href>");
	(void)dozo_expect(&server, 204, "PUT", FILE_PATH, if_token(token), "2");
	unlock(204, FILE_PATH, token);
	(void)dozo_expect(&server, 423, "PUT", FILE_PATH, NULL, "3");
}

/* ---- If ---- */

static void
if_headers_decide_before_the_content_is_taken(void **state)
{
	char token[TOKEN_SIZE], etag[64], header[512];
	static const struct {
		const char *format; /* %s: the token, then the ETag */
		int status;
	} rows[] = {
	    {"If: (<%s> [%s])\r\n", 204},
	    {"If: (<%s> [\"x\"])\r\n", 412},
	    {"If: (<urn:x>) (Not <DAV:no-lock>)\r\n", 423},
	    {"If: (<%s>) (Not <DAV:no-lock>)\r\n", 204},
	    {"If: (<DAV:no-lock>)\r\n", 412},
	    {"If: <" FILE_PATH "> (<%s>)\r\n", 204},
	    {"If: </dav/Company/other> (<%s>)\r\n", 412},
	    {"If: <https://elsewhere.example/a> (<%s>)\r\n", 412},
	    {"If: </dav/Company/other> (Not <%s>)\r\n", 423},
	    {"If: </dav/Company/other> (Not <DAV:no-lock>) "
	     "<" FILE_PATH "> (<%s>)\r\n",
		204},
	    {"If: <../x> (<%s>)\r\n", 400},
	    {"If: (<%s>)\r\nIf: (<urn:x>)\r\n", 400},
	    {"If: \r\n", 400},
	};
	size_t i;

	(void)state;
	(void)lock(201, FILE_PATH, NULL, "exclusive", token);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
		assert_true(
		    str_copy(etag, sizeof(etag), dozo_header(&server, "ETag")));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(
		    header, sizeof(header), rows[i].format, token, etag);
#pragma GCC diagnostic pop
		(void)dozo_expect(&server, rows[i].status, "PUT", FILE_PATH,
		    header, i % 2 == 0 ? "even" : "odd");
	}
	(void)dozo_expect(
	    &server, 412, "GET", FILE_PATH, "If: ([\"x\"])\r\n", NULL);
	(void)dozo_expect(
	    &server, 200, "GET", FILE_PATH, "If: (Not [\"x\"])\r\n", NULL);
	(void)dozo_expect(&server, 412, "PROPFIND", FILE_PATH,
	    "Depth: 0\r\nIf: (<DAV:no-lock>)\r\n", NULL);
	(void)dozo_expect(&server, 207, "PROPFIND", FILE_PATH,
	    "Depth: 0\r\nIf: (Not <DAV:no-lock>)\r\n", NULL);
}

static void
ten_thousand_conditions_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf header = {.limit = 1 << 20};
	const struct ask ask = {.method = "PUT",
	    .path = FILE_PATH,
	    .headers = NULL,
	    .body = span_str("x")};
	struct ask much = ask;
	int i, n;

	(void)state;
	for (n = 100; n <= 10000; n *= 100) {
		buf_clear(&header);
		ASSERT_OK(
		    &server.op, buf_add_str(&server.op, &header, "If: ("));
		for (i = 0; i < n; i++)
			ASSERT_OK(&server.op,
			    buf_add_str(&server.op, &header, "Not<a:b>"));
		ASSERT_OK(&server.op,
		    buf_add(&server.op, &header, span_of(")\r\n", 4)));
		much.headers = (const char *)header.data;
		assert_in_range(dozo_ask(&server, &much)->status, 400, 431);
	}
	(void)dozo_expect(&server, 404, "GET", FILE_PATH, NULL, NULL);
}

/* ---- PROPFIND ---- */

static size_t
count(const char *text)
{
	const char *at = dozo_body(&server);
	size_t n = 0;

	while ((at = strstr(at, text)) != NULL) {
		at += strlen(text);
		n++;
	}
	return n;
}

static void
propfind_shows_locks_where_they_hold(void **state)
{
	char deep[TOKEN_SIZE], single[TOKEN_SIZE];

	(void)state;
	(void)dozo_expect(&server, 201, "MKCOL", FOLDER, NULL, NULL);
	(void)dozo_expect(&server, 201, "PUT", FOLDER "/f", NULL, "1");
	(void)dozo_expect(&server, 201, "PUT", FOLDER "/g", NULL, "1");
	(void)lock(200, FOLDER "/f", NULL, "exclusive", single);
	(void)dozo_expect(
	    &server, 207, "PROPFIND", FOLDER, "Depth: 1\r\n", NULL);
	assert_int_equal(count("<d:activelock>"), 1);
	assert_int_equal(count("<d:lockdiscovery>"), 3);
	assert_int_equal(count("<d:lockentry>"), 6);
	body_has(single);
	unlock(204, FOLDER "/f", single);
	(void)lock(200, FOLDER, "Depth: infinity\r\n", "exclusive", deep);
	(void)dozo_expect(
	    &server, 207, "PROPFIND", FOLDER, "Depth: 1\r\n", NULL);
	assert_int_equal(count("<d:activelock>"), 3);
	assert_int_equal(count("<d:lockroot><d:href>" FOLDER "/</d:href>"), 3);
	(void)dozo_expect(
	    &server, 207, "PROPFIND", FOLDER "/f", "Depth: 0\r\n", NULL);
	assert_int_equal(count("<d:activelock>"), 1);
	(void)dozo_expect(
	    &server, 207, "PROPFIND", "/dav/Company", "Depth: 0\r\n", NULL);
	assert_int_equal(count("<d:activelock>"), 0);
	/* Of a folder alone: not of what is in it. */
	unlock(204, FOLDER, deep);
	(void)lock(200, FOLDER, "Depth: 0\r\n", "exclusive", deep);
	(void)dozo_expect(
	    &server, 207, "PROPFIND", FOLDER, "Depth: 1\r\n", NULL);
	assert_int_equal(count("<d:activelock>"), 1);
}

/* ---- bad input ---- */

static void
bad_locks_are_refused(void **state)
{
	static const struct {
		const char *method;
		const char *headers;
		const char *body;
		int status;
	} rows[] = {
	    {"LOCK", "Depth: 1\r\n", INFO("exclusive"), 400},
	    {"LOCK", "Depth: x\r\n", INFO("exclusive"), 400},
	    {"LOCK", NULL, "<a/>", 400},
	    {"LOCK", NULL, INFO("other"), 400},
	    {"LOCK", NULL, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", 400},
	    {"LOCK", "If: ((\r\n", INFO("exclusive"), 400},
	    {"UNLOCK", NULL, NULL, 400},
	    {"UNLOCK", "Lock-Token: \r\n", NULL, 400},
	    {"UNLOCK", "Lock-Token: <x>\r\n", NULL, 400},
	    {"UNLOCK", "Lock-Token: <urn:x>\r\n", NULL, 409},
	    {"UNLOCK",
		"Lock-Token: <opaquelocktoken:00000000-0000-0000-0000-"
		"000000000000>\r\n",
		NULL, 409},
	};
	size_t i;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "1");
	for (i = 0; i < ARRAY_LEN(rows); i++)
		(void)dozo_expect(&server, rows[i].status, rows[i].method,
		    FILE_PATH, rows[i].headers, rows[i].body);
	(void)dozo_expect(&server, 404, "UNLOCK", "/dav/Company/none",
	    "Lock-Token: <urn:x>\r\n", NULL);
	/* Nothing of that locked anything. */
	(void)dozo_expect(&server, 204, "PUT", FILE_PATH, NULL, "2");
}

static void
a_lockinfo_too_deep_or_too_large_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf body = {.limit = 1 << 20};
	int i, kind;

	(void)state;
	for (kind = 0; kind < 2; kind++) {
		buf_clear(&body);
		ASSERT_OK(&server.op, buf_add_str(&server.op, &body,
					  "<lockinfo xmlns=\"DAV:\"><owner>"));
		for (i = 0; i < (kind == 0 ? 40 : 60000); i++)
			ASSERT_OK(
			    &server.op, buf_add_str(&server.op, &body,
					    kind == 0 ? "<a>" : "<!---->"));
		ASSERT_OK(
		    &server.op, buf_add(&server.op, &body, span_of("", 1)));
		(void)dozo_expect(&server, 413, "LOCK", FILE_PATH, NULL,
		    (const char *)body.data);
	}
	(void)dozo_expect(&server, 404, "GET", FILE_PATH, NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(options_say_class_two),
	    SERVER_TEST(a_lock_is_granted_shown_used_and_given_back),
	    SERVER_TEST(every_change_keeps_to_a_lock),
	    SERVER_TEST(a_lock_below_names_itself_in_a_multistatus),
	    SERVER_TEST(a_lock_where_nothing_is_makes_an_empty_file),
	    SERVER_TEST(a_lock_is_refreshed_by_its_own_member_only),
	    SERVER_TEST(the_tokens_of_others_are_worth_nothing_and_not_shown),
	    SERVER_TEST(shared_locks_go_together),
	    SERVER_TEST(if_headers_decide_before_the_content_is_taken),
	    SERVER_TEST(ten_thousand_conditions_are_refused),
	    SERVER_TEST(propfind_shows_locks_where_they_hold),
	    SERVER_TEST(bad_locks_are_refused),
	    SERVER_TEST(a_lockinfo_too_deep_or_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
