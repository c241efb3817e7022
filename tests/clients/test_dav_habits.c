/* test_dav_habits.c - Windows Explorer, macOS Finder and Office: the requests
 * that they send when a file is made, opened and saved, one after the other. */
#include <stdio.h>

#include "base/str.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

#define FOLDER "/dav/Company/folder"
#define FILE_PATH FOLDER "/report.docx"
#define WINDOWS \
	"User-Agent: Microsoft-WebDAV-MiniRedir/10.0.22631\r\n" \
	"Translate: f\r\n"
#define FINDER "User-Agent: WebDAVFS/3.0.0 (03008000) Darwin/23.1.0\r\n"
#define OFFICE \
	"User-Agent: Microsoft Office Word 2014\r\n" \
	"X-Office-Major-Version: 16\r\nTranslate: f\r\n"

static char token[80]; /* of the last LOCK */

/* One request: each $ in headers stands for the token. */
struct step {
	const char *method;
	const char *path;
	const char *headers;
	const char *body;
	int status;
	const char *has; /* in the body, where not NULL */
};

static char *
with_token(const char *headers)
{
	CLEANUP(buf_release) struct buf text = {.limit = 4096};
	char *copy;

	for (; *headers != '\0'; headers++)
		if (*headers == '$')
			ASSERT_OK(
			    &server.op, buf_add_str(&server.op, &text, token));
		else
			ASSERT_OK(&server.op,
			    buf_add(&server.op, &text, span_of(headers, 1)));
	ASSERT_OK(&server.op, buf_add(&server.op, &text, span_of("", 1)));
	ASSERT_OK(&server.op, op_format(&server.op, &copy, "%s", text.data));
	return copy;
}

static void
take_token(void)
{
	const char *header = dozo_header(&server, "Lock-Token");

	if (header != NULL)
		(void)snprintf(token, sizeof(token), "%.*s",
		    (int)strlen(header) - 2, header + 1);
}

static void
walk(const char *common, const struct step *steps, size_t n)
{
	char *headers;
	size_t i;

	for (i = 0; i < n; i++) {
		ASSERT_OK(&server.op,
		    op_format(&server.op, &headers, "%s%s", common,
			steps[i].headers != NULL ? with_token(steps[i].headers)
						 : ""));
		(void)dozo_expect(&server, steps[i].status, steps[i].method,
		    steps[i].path, headers, steps[i].body);
		if (steps[i].has != NULL &&
		    strstr(dozo_body(&server), steps[i].has) == NULL)
			fail_msg("%s %s: no %s in %s", steps[i].method,
			    steps[i].path, steps[i].has, dozo_body(&server));
		take_token();
	}
}

#define WALK(common, steps) walk(common, steps, ARRAY_LEN(steps))

static int
setup(void **state)
{
	(void)dozo_server_setup(state);
	(void)dozo_expect(&server, 201, "MKCOL", FOLDER, NULL, NULL);
	return 0;
}

static void
file_is(const char *text)
{
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_body(&server), text);
}

/* As the other member. */
static int
other(const char *method, const char *path, const char *headers)
{
	const struct ask ask = {
	    .method = method,
	    .path = path,
	    .headers = headers,
	    .body = span_str(strcmp(method, "PUT") == 0 ? "theirs" : ""),
	    .user = DOZO_OTHER,
	    .password = DOZO_OTHER_PASSWORD,
	};
	struct ask without = ask;

	if (ask.body.size == 0)
		without.body = span_of(NULL, 0);
	return dozo_ask(&server, &without)->status;
}

#define LOCK_BODY \
	"<?xml version=\"1.0\" encoding=\"utf-8\" ?>" \
	"<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/>" \
	"</D:lockscope><D:locktype><D:write/></D:locktype><D:owner>" \
	"<D:href>DESKTOP-1\\suzuki</D:href></D:owner></D:lockinfo>"

#define WIN32_BODY \
	"<?xml version=\"1.0\" encoding=\"utf-8\" ?>" \
	"<D:propertyupdate xmlns:D=\"DAV:\" " \
	"xmlns:Z=\"urn:schemas-microsoft-com:\"><D:set><D:prop>" \
	"<Z:Win32CreationTime>Mon, 06 May 2024 01:02:03 GMT" \
	"</Z:Win32CreationTime><Z:Win32LastAccessTime>Mon, 06 May 2024 " \
	"01:02:04 GMT</Z:Win32LastAccessTime><Z:Win32LastModifiedTime>" \
	"Mon, 06 May 2024 01:02:05 GMT</Z:Win32LastModifiedTime>" \
	"<Z:Win32FileAttributes>00000020</Z:Win32FileAttributes>" \
	"</D:prop></D:set></D:propertyupdate>"

/* ---- Windows ---- */

static void
windows_finds_out_where_the_files_are(void **state)
{
	struct ask ask = {
	    .method = "OPTIONS", .path = "/", .headers = WINDOWS, .user = ""};

	(void)state;
	assert_int_equal(dozo_ask(&server, &ask)->status, 200);
	assert_string_equal(dozo_header(&server, "DAV"), "1, 2");
	assert_string_equal(dozo_header(&server, "MS-Author-Via"), "DAV");
	assert_string_equal(dozo_header(&server, "Content-Length"), "0");
	ask.method = "PROPFIND";
	ask.headers = WINDOWS "Depth: 0\r\n";
	ask.body = span_str("<propfind xmlns=\"DAV:\"><allprop/></propfind>");
	assert_int_equal(dozo_ask(&server, &ask)->status, 404);
	ask.path = "/dav/";
	assert_int_equal(dozo_ask(&server, &ask)->status, 401);
	assert_true(
	    str_starts(dozo_header(&server, "WWW-Authenticate"), "Basic "));
	/* An empty try at another scheme. */
	ask.headers = WINDOWS "Depth: 0\r\nAuthorization: Bearer\r\n";
	assert_int_equal(dozo_ask(&server, &ask)->status, 401);
	assert_true(
	    str_starts(dozo_header(&server, "WWW-Authenticate"), "Basic "));
	/* The machine's name before the user's. */
	ask.headers = WINDOWS "Depth: 0\r\n";
	ask.user = "DESKTOP-1\\" DOZO_ADMIN;
	ask.body = span_of(NULL, 0);
	assert_int_equal(dozo_ask(&server, &ask)->status, 207);
	assert_non_null(strstr(dozo_body(&server), "<d:collection/>"));
}

static void
windows_makes_and_saves_a_file(void **state)
{
	static const struct step steps[] = {
	    {"PROPFIND", FOLDER, "Depth: 1\r\n", NULL, 207,
		"<d:creationdate>20"},
	    {"PROPFIND", FILE_PATH, "Depth: 0\r\n", NULL, 404, NULL},
	    {"PUT", FILE_PATH, NULL, "", 201, NULL},
	    {"LOCK", FILE_PATH, "Depth: 0\r\nTimeout: Second-3600\r\n",
		LOCK_BODY, 200, "<d:timeout>Second-3600</d:timeout>"},
	    /* Without the token. */
	    {"PROPPATCH", FILE_PATH, NULL, WIN32_BODY, 207, "200 OK"},
	    {"HEAD", FILE_PATH, NULL, NULL, 200, NULL},
	    {"PUT", FILE_PATH, "If: (<$>)\r\n", "the content", 204, NULL},
	    {"PROPPATCH", FILE_PATH, "If: (<$>)\r\n", WIN32_BODY, 207,
		"200 OK"},
	    {"PROPFIND", FILE_PATH, "Depth: 0\r\n", NULL, 207,
		"<d:getlastmodified>Mon, 06 May 2024 01:02:05 GMT"},
	    /* The token without brackets. */
	    {"UNLOCK", FILE_PATH, "Lock-Token: $\r\n", NULL, 204, NULL},
	    {"PROPFIND", FOLDER, "Depth: 1\r\n", NULL, 207,
		"<d:getcontentlength>11</d:getcontentlength>"},
	};

	(void)state;
	WALK(WINDOWS, steps);
	file_is("the content");
	(void)dozo_expect(
	    &server, 207, "PROPFIND", FILE_PATH, "Depth: 0\r\n", NULL);
	assert_non_null(strstr(dozo_body(&server), "00000020"));
	assert_null(strstr(dozo_body(&server), "<d:activelock>"));
}

static void
windows_may_lock_before_it_makes_the_file(void **state)
{
	static const struct step steps[] = {
	    {"LOCK", FILE_PATH, "Depth: 0\r\nTimeout: Second-3600\r\n",
		LOCK_BODY, 201, NULL},
	    {"PUT", FILE_PATH, "If: (<$>)\r\n", "", 204, NULL},
	    {"PUT", FILE_PATH, "If: (<$>)\r\n", "text", 204, NULL},
	    {"UNLOCK", FILE_PATH, "Lock-Token: <$>\r\n", NULL, 204, NULL},
	    {"MOVE", FILE_PATH,
		"Destination: http://localhost/dav/Company/x\r\n", NULL, 502,
		NULL},
	    {"DELETE", FILE_PATH, NULL, NULL, 204, NULL},
	};

	(void)state;
	WALK(WINDOWS, steps);
}

static void
windows_is_told_the_free_space(void **state)
{
	static const struct step steps[] = {
	    {"PROPFIND", "/dav/Company", "Depth: 0\r\n",
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>"
		"<D:propfind xmlns:D=\"DAV:\"><D:prop>"
		"<D:quota-available-bytes/><D:quota-used-bytes/></D:prop>"
		"</D:propfind>",
		207, "<d:quota-available-bytes>"},
	};

	(void)state;
	WALK(WINDOWS, steps);
	assert_null(strstr(dozo_body(&server), "404"));
}

/* ---- Finder ---- */

static int
chunked(const char *headers, const char *body)
{
	const struct ask ask = {
	    .method = "PUT",
	    .path = FILE_PATH,
	    .headers = with_token(headers),
	    .body = span_str(body),
	    .chunked = true,
	};

	return dozo_ask(&server, &ask)->status;
}

static void
finder_makes_a_file_in_chunks_of_unknown_length(void **state)
{
	static const struct step before[] = {
	    {"OPTIONS", "/dav/Company/", NULL, NULL, 200, NULL},
	    {"PROPFIND", "/dav/Company/", "Depth: 0\r\n",
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		"<D:propfind xmlns:D=\"DAV:\">\n<D:prop>\n"
		"<D:quota-available-bytes/>\n<D:quota-used-bytes/>\n"
		"<D:quota/>\n<D:quotaused/>\n</D:prop>\n</D:propfind>\n",
		207, "<d:quota-available-bytes>"},
	    {"PROPFIND", FOLDER "/._report.docx", "Depth: 0\r\n", NULL, 404,
		NULL},
	    {"PUT", FILE_PATH, NULL, "", 201, NULL},
	    {"LOCK", FILE_PATH, "Depth: 0\r\nTimeout: Second-600\r\n",
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		"<D:lockinfo xmlns:D=\"DAV:\">\n"
		"<D:lockscope><D:exclusive/></D:lockscope>\n"
		"<D:locktype><D:write/></D:locktype>\n"
		"<D:owner>\n<D:href>http://www.apple.com/webdav_fs/</D:href>\n"
		"</D:owner>\n</D:lockinfo>\n",
		200, "http://www.apple.com/webdav_fs/"},
	};
	static const struct step after[] = {
	    {"LOCK", FILE_PATH, "If: (<$>)\r\nTimeout: Second-600\r\n", NULL,
		200, "<d:timeout>Second-600</d:timeout>"},
	    {"UNLOCK", FILE_PATH, "Lock-Token: <$>\r\n", NULL, 204, NULL},
	    {"PUT", FOLDER "/._report.docx", NULL, "resource fork", 201, NULL},
	    {"PUT", FOLDER "/.DS_Store", NULL, "view", 201, NULL},
	    {"PROPFIND", FOLDER, "Depth: 1\r\n", NULL, 207, "._report.docx"},
	};

	(void)state;
	WALK(FINDER, before);
	assert_int_equal(
	    chunked(FINDER "If: (<$>)\r\nX-Expected-Entity-Length: 11\r\n",
		"the content"),
	    204);
	/* What was cut short on its way must not be the file. */
	assert_int_equal(
	    chunked(
		FINDER "If: (<$>)\r\nX-Expected-Entity-Length: 12\r\n", "less"),
	    400);
	file_is("the content");
	WALK(FINDER, after);
}

static void
finder_reads_on_where_it_stopped(void **state)
{
	static const struct step steps[] = {
	    {"PUT", FILE_PATH, "X-OC-Mtime: 1700000000\r\n", "0123456789", 201,
		NULL},
	    {"GET", FILE_PATH,
		"If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n", NULL,
		304, NULL},
	    {"GET", FILE_PATH,
		"Range: bytes=4-\r\n"
		"If-Range: Tue, 14 Nov 2023 22:13:20 GMT\r\n",
		NULL, 206, "456789"},
	    {"GET", FILE_PATH,
		"Range: bytes=4-\r\n"
		"If-Range: Tue, 14 Nov 2023 22:13:19 GMT\r\n",
		NULL, 200, "0123456789"},
	};

	(void)state;
	WALK(FINDER, steps);
	assert_string_equal(dozo_header(&server, "Content-Length"), "10");
}

static void
finder_finds_names_however_they_are_composed(void **state)
{
	static const struct step steps[] = {
	    /* が as one character, then as か and a mark. */
	    {"PUT", FOLDER "/%E3%81%8C.txt", NULL, "one", 201, NULL},
	    {"GET", FOLDER "/%E3%81%8B%E3%82%99.txt", NULL, NULL, 200, "one"},
	    {"PUT", FOLDER "/%E3%81%8B%E3%82%99.txt", NULL, "two", 204, NULL},
	    {"GET", FOLDER "/%E3%81%8C.txt", NULL, NULL, 200, "two"},
	};

	(void)state;
	WALK(FINDER, steps);
}

/* ---- Office ---- */

static void
office_opens_edits_and_saves_while_others_only_read(void **state)
{
	static const struct step opens[] = {
	    {"PUT", FILE_PATH, NULL, "first", 201, NULL},
	    {"OPTIONS", FOLDER, NULL, NULL, 200, NULL},
	    {"OPTIONS", "/dav/Company", NULL, NULL, 200, NULL},
	    {"HEAD", FOLDER, NULL, NULL, 200, NULL},
	    {"HEAD", FILE_PATH, NULL, NULL, 200, NULL},
	    {"LOCK", FILE_PATH, "Depth: 0\r\nTimeout: Second-180\r\n",
		LOCK_BODY, 200, "<d:timeout>Second-180</d:timeout>"},
	    {"GET", FILE_PATH, NULL, NULL, 200, "first"},
	    /* The file that tells others who has it open. */
	    {"PUT", FOLDER "/~%24report.docx", NULL, "suzuki", 201, NULL},
	};
	static const struct step saves[] = {
	    {"LOCK", FILE_PATH, "If: (<$>)\r\nTimeout: Second-180\r\n", NULL,
		200, NULL},
	    {"PUT", FILE_PATH, "If: (<$>)\r\n", "second", 204, NULL},
	    {"PROPPATCH", FILE_PATH, NULL, WIN32_BODY, 207, "200 OK"},
	    {"DELETE", FOLDER "/~%24report.docx", NULL, NULL, 204, NULL},
	    {"UNLOCK", FILE_PATH, "Lock-Token: <$>\r\n", NULL, 204, NULL},
	};

	(void)state;
	WALK(OFFICE, opens);
	assert_int_equal(other("GET", FILE_PATH, OFFICE), 200);
	assert_int_equal(other("PUT", FILE_PATH, OFFICE), 423);
	assert_int_equal(other("DELETE", FILE_PATH, OFFICE), 423);
	assert_int_equal(
	    other("MOVE", FILE_PATH, OFFICE "Destination: " FOLDER "/mine\r\n"),
	    423);
	WALK(OFFICE, saves);
	file_is("second");
	assert_int_equal(other("PUT", FILE_PATH, OFFICE), 204);
}

static void
office_saves_by_a_temporary_name(void **state)
{
	static const struct step steps[] = {
	    {"PUT", FILE_PATH, NULL, "first", 201, NULL},
	    {"LOCK", FILE_PATH, "Depth: 0\r\nTimeout: Second-3600\r\n",
		LOCK_BODY, 200, NULL},
	    {"PUT", FOLDER "/tmp1.tmp", NULL, "second", 201, NULL},
	    /* Nobody else could; who shows the token may. */
	    {"MOVE", FOLDER "/tmp1.tmp",
		"Overwrite: T\r\nDestination: " FILE_PATH "\r\n", NULL, 423,
		"lock-token-submitted"},
	    {"MOVE", FOLDER "/tmp1.tmp",
		"Overwrite: T\r\nDestination: " FILE_PATH "\r\n"
		"If: <" FILE_PATH "> (<$>)\r\n",
		NULL, 204, NULL},
	    {"GET", FILE_PATH, NULL, NULL, 200, "second"},
	};

	(void)state;
	WALK(OFFICE, steps);
}

#define HABIT(f) \
	cmocka_unit_test_prestate_setup_teardown( \
	    f, setup, dozo_server_teardown, &server)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HABIT(windows_finds_out_where_the_files_are),
	    HABIT(windows_makes_and_saves_a_file),
	    HABIT(windows_may_lock_before_it_makes_the_file),
	    HABIT(windows_is_told_the_free_space),
	    HABIT(finder_makes_a_file_in_chunks_of_unknown_length),
	    HABIT(finder_reads_on_where_it_stopped),
	    HABIT(finder_finds_names_however_they_are_composed),
	    HABIT(office_opens_edits_and_saves_while_others_only_read),
	    HABIT(office_saves_by_a_temporary_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
