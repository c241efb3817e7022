/* test_dav_proppatch.c - PROPPATCH of dates, and the PATCH that asks for a
 * checksum, as rclone and sync clients send them. */
#include <stdio.h>

#include "lib/dozo_server.h"

static struct dozo_server server;

#define FILE_PATH "/dav/Company/f.txt"
#define SPAN(text) span_of(text, sizeof(text)) /* with its NUL */
/* Of "hello\n". */
#define HELLO_SHA1 "f572d396fae9206628714fb2ce00f72e94f2258f"
#define HELLO_SHA256 \
	"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

#define UPDATE(inside) \
	"<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n" \
	"<D:propertyupdate xmlns:D=\"DAV:\" " \
	"xmlns:oc=\"http://owncloud.org/ns\">\n" inside \
	"</D:propertyupdate>\n"
#define SET(inside) "<D:set><D:prop>" inside "</D:prop></D:set>"
#define DATE(text) "<lastmodified xmlns=\"DAV:\">" text "</lastmodified>"
#define CHECKSUM(text) \
	"<oc:checksums> <oc:checksum>" text "</oc:checksum> </oc:checksums>"

static int
setup(void **state)
{
	(void)dozo_server_setup(state);
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH,
	    "X-OC-Mtime: 1500000000\r\n", "hello\n");
	return 0;
}

/* Fails the test where the answer is not 207 and has not this in it. */
static void
patch(const char *path, const char *body, const char *expected)
{
	(void)dozo_expect(&server, 207, "PROPPATCH", path, NULL, body);
	assert_string_equal(dozo_header(&server, "Content-Type"),
	    "application/xml; charset=utf-8");
	if (strstr(dozo_body(&server), expected) == NULL)
		fail_msg("no %s in %s", expected, dozo_body(&server));
}

static void
dated(const char *path, const char *date)
{
	(void)dozo_expect(&server, 207, "PROPFIND", path, "Depth: 0\r\n", NULL);
	if (strstr(dozo_body(&server), date) == NULL)
		fail_msg("no %s in %s", date, dozo_body(&server));
}

/* Not among all properties. */
static void
lacks(const char *text)
{
	(void)dozo_expect(
	    &server, 207, "PROPFIND", FILE_PATH, "Depth: 0\r\n", NULL);
	assert_null(strstr(dozo_body(&server), text));
}

static void
has(const char *path, const char *body, const char *expected)
{
	(void)dozo_expect(&server, 207, "PROPFIND", path, "Depth: 0\r\n", body);
	if (strstr(dozo_body(&server), expected) == NULL)
		fail_msg("no %s in %s", expected, dozo_body(&server));
}

static void
a_date_is_set_as_rclone_sets_it(void **state)
{
	const char *etag;

	(void)state;
	(void)dozo_expect(&server, 200, "HEAD", FILE_PATH, NULL, NULL);
	etag = dozo_header(&server, "ETag");
	patch(FILE_PATH, UPDATE(SET(DATE("1600000000"))),
	    "<d:href>" FILE_PATH "</d:href><d:propstat><d:prop>"
	    "<x:lastmodified xmlns:x=\"DAV:\"/></d:prop>"
	    "<d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
	    "</d:response></d:multistatus>");
	assert_non_null(dozo_header(&server, "Dozo-Sites"));
	(void)dozo_expect(&server, 200, "GET", FILE_PATH, NULL, NULL);
	assert_string_equal(dozo_header(&server, "Last-Modified"),
	    "Sun, 13 Sep 2020 12:26:40 GMT");
	assert_string_not_equal(dozo_header(&server, "ETag"), etag);
	assert_string_equal(dozo_body(&server), "hello\n");
	/* The checksum is kept, whatever a client fears. */
	assert_string_equal(
	    dozo_header(&server, "OC-Checksum"), "SHA1:" HELLO_SHA1);
	/* With the checksum that the content has. */
	patch(FILE_PATH,
	    UPDATE(SET(DATE("1600000001") CHECKSUM("SHA1:" HELLO_SHA1))),
	    "200 OK");
	assert_null(strstr(dozo_body(&server), "424"));
	dated(FILE_PATH, "12:26:41");
	/* An HTTP date, and what Nextcloud's clients call it. */
	patch(FILE_PATH,
	    UPDATE(SET("<D:getlastmodified>Thu, 01 Jan 1970 00:00:07 GMT"
		       "</D:getlastmodified>")),
	    "200 OK");
	dated(FILE_PATH, "01 Jan 1970 00:00:07");
	patch("/dav/Company/%66.txt", UPDATE(SET(DATE("8"))),
	    "<d:href>/dav/Company/f.txt</d:href>");
}

static void
a_folder_has_a_date_too(void **state)
{
	(void)state;
	(void)dozo_expect(
	    &server, 201, "MKCOL", "/dav/Company/folder/", NULL, NULL);
	patch("/dav/Company/folder", UPDATE(SET(DATE("1600000000"))),
	    "<d:href>/dav/Company/folder/</d:href>");
	dated("/dav/Company/folder/", "13 Sep 2020");
}

static void
all_of_it_is_done_or_nothing(void **state)
{
	(void)state;
	patch(FILE_PATH,
	    UPDATE(SET(DATE("1600000000") "<oc:favorite>1</oc:favorite>"
					  "<oc:size>1</oc:size>")),
	    "<x:size xmlns:x=\"http://owncloud.org/ns\"/></d:prop>"
	    "<d:status>HTTP/1.1 403 Forbidden</d:status><d:error>"
	    "<d:cannot-modify-protected-property/></d:error>");
	assert_non_null(strstr(dozo_body(&server),
	    "<x:lastmodified xmlns:x=\"DAV:\"/>"
	    "<x:favorite xmlns:x=\"http://owncloud.org/ns\"/></d:prop>"
	    "<d:status>HTTP/1.1 424 Failed Dependency</d:status>"));
	lacks("favorite");
	patch(FILE_PATH,
	    UPDATE(SET(DATE("1600000000") CHECKSUM("SHA1:" HELLO_SHA256))),
	    "409 Conflict");
	patch(FILE_PATH,
	    UPDATE(SET(DATE("1600000000")
		    CHECKSUM("SHA1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))),
	    "409 Conflict");
	patch(FILE_PATH, UPDATE(SET(CHECKSUM("MD5:x"))), "409 Conflict");
	patch(FILE_PATH, UPDATE(SET(DATE("yesterday"))), "409 Conflict");
	patch(FILE_PATH, UPDATE(SET(DATE(""))), "409 Conflict");
	patch(FILE_PATH, UPDATE(SET("<D:getetag>x</D:getetag>")), "403");
	patch(FILE_PATH,
	    UPDATE("<D:remove><D:prop><D:getlastmodified/></D:prop>"
		   "</D:remove>"),
	    "403");
	dated(FILE_PATH, "14 Jul 2017");
	/* What is not there is removed already. */
	patch(FILE_PATH,
	    UPDATE("<D:remove><D:prop><none/></D:prop></D:remove>"), "200 OK");
}

#define FIND(inside) \
	"<propfind xmlns=\"DAV:\" xmlns:a=\"urn:a\">" inside "</propfind>"
#define COLOUR \
	"<a:colour xmlns:a=\"urn:a\" b=\"1\">red &amp; <c xmlns=\"\">x" \
	"</c></a:colour>"
#define PLAIN "<plain xmlns=\"\" xml:lang=\"ja\">\xe8\xb5\xa4</plain>"

static void
dead_properties_are_kept_found_named_and_removed(void **state)
{
	(void)state;
	patch(FILE_PATH, UPDATE(SET(COLOUR PLAIN)),
	    "<x:colour xmlns:x=\"urn:a\"/><plain xmlns=\"\"/></d:prop>"
	    "<d:status>HTTP/1.1 200 OK</d:status>");
	has(FILE_PATH, FIND("<prop><a:colour/><a:none/><getetag/></prop>"),
	    COLOUR "</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
		   "<d:propstat><d:prop><x:none xmlns:x=\"urn:a\"/></d:prop>"
		   "<d:status>HTTP/1.1 404 Not Found</d:status>");
	has(FILE_PATH, NULL, COLOUR);
	has(FILE_PATH, NULL, PLAIN);
	has(FILE_PATH, FIND("<propname/>"), "<x:colour xmlns:x=\"urn:a\"/>");
	has(FILE_PATH, FIND("<prop><plain xmlns=\"\"/></prop>"), PLAIN);
	patch(FILE_PATH,
	    UPDATE("<D:remove><D:prop><a:colour xmlns:a=\"urn:a\"/></D:prop>"
		   "</D:remove>" SET("<plain xmlns=\"\">blue</plain>")),
	    "200 OK");
	lacks("colour");
	has(FILE_PATH, NULL, "<plain xmlns=\"\">blue</plain>");
	/* The last word counts. */
	patch(FILE_PATH,
	    UPDATE(SET("<plain>green</plain>") "<D:remove><D:prop><plain/></"
					       "D:prop></D:remove>"),
	    "200 OK");
	lacks("<plain");
}

static void
a_language_that_a_property_stands_in_is_its_own(void **state)
{
	(void)state;
	patch(FILE_PATH,
	    UPDATE("<D:set xml:lang=\"en\"><D:prop><a/><b xml:lang=\"fr\"/>"
		   "</D:prop></D:set>" SET("<c/>")),
	    "200 OK");
	has(FILE_PATH, NULL, "<a xmlns=\"\" xml:lang=\"en\"></a>");
	has(FILE_PATH, NULL, "<b xmlns=\"\" xml:lang=\"fr\"></b>");
	has(FILE_PATH, NULL, "<c xmlns=\"\"></c>");
}

static void
dead_properties_go_where_their_file_goes(void **state)
{
	(void)state;
	(void)dozo_expect(
	    &server, 201, "MKCOL", "/dav/Company/folder", NULL, NULL);
	patch(FILE_PATH, UPDATE(SET(COLOUR)), "200 OK");
	patch("/dav/Company/folder", UPDATE(SET(PLAIN)), "200 OK");
	(void)dozo_expect(&server, 201, "MOVE", FILE_PATH,
	    "Destination: /dav/Company/folder/f\r\n", NULL);
	has("/dav/Company/folder/f", NULL, COLOUR);
	(void)dozo_expect(&server, 201, "COPY", "/dav/Company/folder",
	    "Destination: /dav/Company/copy\r\n", NULL);
	has("/dav/Company/copy", NULL, PLAIN);
	has("/dav/Company/copy/f", NULL, COLOUR);
	(void)dozo_expect(
	    &server, 204, "PUT", "/dav/Company/copy/f", NULL, "new bytes");
	has("/dav/Company/copy/f", NULL, COLOUR);
	(void)dozo_expect(&server, 201, "PUT", FILE_PATH, NULL, "plain");
	(void)dozo_expect(&server, 204, "COPY", FILE_PATH,
	    "Destination: /dav/Company/copy/f\r\n", NULL);
	(void)dozo_expect(&server, 207, "PROPFIND", "/dav/Company/copy/f",
	    "Depth: 0\r\n", NULL);
	assert_null(strstr(dozo_body(&server), "colour"));
	/* In a listing each has its own. */
	(void)dozo_expect(&server, 207, "PROPFIND", "/dav/Company/folder",
	    "Depth: 1\r\n", FIND("<prop><a:colour/></prop>"));
	assert_non_null(strstr(dozo_body(&server),
	    "<d:href>/dav/Company/folder/</d:href><d:propstat><d:prop>"
	    "</d:prop>"));
	assert_non_null(
	    strstr(dozo_body(&server), "<d:href>/dav/Company/folder/f</"
				       "d:href><d:propstat><d:prop>" COLOUR));
}

static void
too_many_and_too_large_properties_are_refused_together(void **state)
{
	CLEANUP(buf_release) struct buf body = {.limit = 1 << 20};
	int i, kind;

	(void)state;
	for (kind = 0; kind < 2; kind++) {
		buf_clear(&body);
		ASSERT_OK(&server.op,
		    buf_add_str(&server.op, &body,
			"<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop>"));
		for (i = 0; i < (kind == 0 ? 101 : 5); i++)
			ASSERT_OK(&server.op,
			    buf_add_format(&server.op, &body, "<p%d>%*s</p%d>",
				i, kind == 0 ? 1 : 7000, "x", i));
		ASSERT_OK(&server.op,
		    buf_add(&server.op, &body,
			SPAN("</D:prop></D:set></D:propertyupdate>")));
		patch(FILE_PATH, (const char *)body.data,
		    "<d:status>HTTP/1.1 507 Insufficient Storage</d:status>");
		assert_null(strstr(dozo_body(&server), "200 OK"));
		lacks("p0");
	}
}

static void
free_space_is_what_the_disks_have(void **state)
{
	static const char asks[] =
	    FIND("<prop><quota-available-bytes/><quota-used-bytes/></prop>");

	(void)state;
	has("/dav/Company/", asks, "<d:quota-available-bytes>");
	has("/dav/", asks, "<d:quota-used-bytes>");
	assert_null(strstr(dozo_body(&server), "404"));
	assert_null(strstr(dozo_body(&server), "bytes>-"));
	/* A file has no space, and an allprop none to tell of. */
	has(FILE_PATH, asks, "404");
	(void)dozo_expect(
	    &server, 207, "PROPFIND", "/dav/", "Depth: 0\r\n", NULL);
	assert_null(strstr(dozo_body(&server), "quota"));
}

static void
the_properties_of_windows_are_taken(void **state)
{
	(void)state;
	patch(FILE_PATH,
	    UPDATE(SET(
		"<Z:Win32CreationTime xmlns:Z=\"urn:schemas-microsoft-com:\">"
		"Thu, 02 Jan 2020 03:04:05 GMT</Z:Win32CreationTime>"
		"<Z:Win32LastModifiedTime "
		"xmlns:Z=\"urn:schemas-microsoft-com:\">"
		"Fri, 03 Jan 2020 03:04:05 GMT</Z:Win32LastModifiedTime>"
		"<Z:Win32FileAttributes "
		"xmlns:Z=\"urn:schemas-microsoft-com:\">00000020"
		"</Z:Win32FileAttributes>")),
	    "200 OK");
	assert_null(strstr(dozo_body(&server), "403"));
	dated(FILE_PATH, "<d:getlastmodified>Fri, 03 Jan 2020 03:04:05 GMT");
	has(FILE_PATH, NULL,
	    "<Z:Win32FileAttributes "
	    "xmlns:Z=\"urn:schemas-microsoft-com:\">00000020");
	has(FILE_PATH,
	    "<propfind xmlns=\"DAV:\" xmlns:m=\"urn:schemas-microsoft-com:\">"
	    "<prop><m:Win32LastModifiedTime/></prop></propfind>",
	    "<ms:Win32LastModifiedTime>Fri, 03 Jan 2020");
}

static void
what_cannot_be_changed_says_why(void **state)
{
	static const char *const bad[] = {"", "x", "<a/>", "<!DOCTYPE a><a/>",
	    UPDATE(""), UPDATE("<D:set/>"), UPDATE(DATE("1"))};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		(void)dozo_expect(
		    &server, 400, "PROPPATCH", FILE_PATH, NULL, bad[i]);
	(void)dozo_expect(&server, 404, "PROPPATCH", "/dav/Company/none", NULL,
	    UPDATE(SET(DATE("1"))));
	(void)dozo_expect(
	    &server, 403, "PROPPATCH", "/dav/", NULL, UPDATE(SET(DATE("1"))));
	(void)dozo_expect(&server, 403, "PROPPATCH", "/dav/Company/", NULL,
	    UPDATE(SET(DATE("1"))));
	(void)dozo_expect(&server, 412, "PROPPATCH", FILE_PATH,
	    "If-Match: \"1-1\"\r\n", UPDATE(SET(DATE("1"))));
	(void)dozo_expect(&server, 412, "PROPPATCH", FILE_PATH,
	    "If: (<opaquelocktoken:x>)\r\n", UPDATE(SET(DATE("1"))));
	dated(FILE_PATH, "14 Jul 2017");
}

static void
a_checksum_is_told_at_once(void **state)
{
	(void)state;
	(void)dozo_expect(&server, 204, "PATCH", FILE_PATH,
	    "X-Recalculate-Hash: sha1\r\n", NULL);
	assert_string_equal(
	    dozo_header(&server, "OC-Checksum"), "SHA1:" HELLO_SHA1);
	(void)dozo_expect(&server, 204, "PATCH", FILE_PATH,
	    "X-Recalculate-Hash: SHA256\r\n", NULL);
	assert_string_equal(
	    dozo_header(&server, "OC-Checksum"), "SHA256:" HELLO_SHA256);
	(void)dozo_expect(&server, 400, "PATCH", FILE_PATH,
	    "X-Recalculate-Hash: md5\r\n", NULL);
	(void)dozo_expect(&server, 405, "PATCH", FILE_PATH, NULL, NULL);
	(void)dozo_expect(&server, 405, "PATCH", "/dav/Company/",
	    "X-Recalculate-Hash: sha1\r\n", NULL);
	(void)dozo_expect(&server, 404, "PATCH", "/dav/Company/none",
	    "X-Recalculate-Hash: sha1\r\n", NULL);
	(void)dozo_expect(&server, 415, "PATCH", FILE_PATH,
	    "X-Recalculate-Hash: sha1\r\n", "a content");
}

#define FILE_TEST(f) \
	cmocka_unit_test_prestate_setup_teardown( \
	    f, setup, dozo_server_teardown, &server)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FILE_TEST(a_date_is_set_as_rclone_sets_it),
	    FILE_TEST(a_folder_has_a_date_too),
	    FILE_TEST(all_of_it_is_done_or_nothing),
	    FILE_TEST(dead_properties_are_kept_found_named_and_removed),
	    FILE_TEST(a_language_that_a_property_stands_in_is_its_own),
	    FILE_TEST(dead_properties_go_where_their_file_goes),
	    FILE_TEST(too_many_and_too_large_properties_are_refused_together),
	    FILE_TEST(free_space_is_what_the_disks_have),
	    FILE_TEST(the_properties_of_windows_are_taken),
	    FILE_TEST(what_cannot_be_changed_says_why),
	    FILE_TEST(a_checksum_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
