/* test_dav_proppatch.c - PROPPATCH of dates, and the PATCH that asks for a
 * checksum, as rclone and sync clients send them. */
#include <stdio.h>

#include "lib/dozo_server.h"

static struct dozo_server server;

#define FILE_PATH "/dav/Company/f.txt"
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
	    UPDATE(SET(DATE("1600000000") "<oc:favorite>1</oc:favorite>")),
	    "<x:favorite xmlns:x=\"http://owncloud.org/ns\"/></d:prop>"
	    "<d:status>HTTP/1.1 403 Forbidden</d:status>");
	assert_non_null(strstr(dozo_body(&server),
	    "<x:lastmodified xmlns:x=\"DAV:\"/></d:prop>"
	    "<d:status>HTTP/1.1 424 Failed Dependency</d:status>"));
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
	    FILE_TEST(what_cannot_be_changed_says_why),
	    FILE_TEST(a_checksum_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
