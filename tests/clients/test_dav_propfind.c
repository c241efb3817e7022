/* test_dav_propfind.c - what PROPFIND tells of resources, and what it refuses.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "dav/rows.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

static const char *
propfind(int status, const char *path, const char *headers, const char *body)
{
	(void)dozo_expect(&server, status, "PROPFIND", path, headers, body);
	return dozo_body(&server);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
the_root_shows_the_spaces_of_who_asks(void **state)
{
	const char *xml;
	const struct ask bob = {.method = "PROPFIND",
	    .path = "/dav/",
	    .headers = "Depth: 1\r\n",
	    .user = DOZO_OTHER,
	    .password = DOZO_OTHER_PASSWORD};

	(void)state;
	xml = propfind(207, "/dav/", "Depth: 1\r\n", NULL);
	assert_string_equal(dozo_header(&server, "Content-Type"),
	    "application/xml; charset=utf-8");
	assert_int_equal(count(xml, "<d:response>"), 3);
	assert_non_null(strstr(xml, "<d:href>/dav/</d:href>"));
	assert_non_null(strstr(xml, "<d:href>/dav/Company/</d:href>"));
	assert_non_null(strstr(xml, "<d:href>/dav/My%20files/</d:href>"));
	(void)dozo_expect(
	    &server, 201, "PUT", "/dav/My%20files/secret", NULL, "x");
	assert_int_equal(dozo_ask(&server, &bob)->status, 207);
	assert_int_equal(count(dozo_body(&server), "<d:response>"), 3);
	/* Bob's own "My files" is another one. */
	{
		const struct ask get = {.method = "GET",
		    .path = "/dav/My%20files/secret",
		    .user = DOZO_OTHER,
		    .password = DOZO_OTHER_PASSWORD};

		assert_int_equal(dozo_ask(&server, &get)->status, 404);
	}
}

static void
depth_decides_what_is_told(void **state)
{
	(void)state;
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/f", NULL, "x");
	assert_int_equal(
	    count(propfind(207, "/dav/Company/", "Depth: 0\r\n", NULL),
		"<d:response>"),
	    1);
	assert_int_equal(
	    count(propfind(207, "/dav/Company", "Depth: 1\r\n", NULL),
		"<d:response>"),
	    2);
	assert_non_null(strstr(propfind(403, "/dav/Company/", NULL, NULL),
	    "<d:propfind-finite-depth/>"));
	(void)propfind(403, "/dav/Company/", "Depth: infinity\r\n", NULL);
	(void)propfind(400, "/dav/Company/", "Depth: 2\r\n", NULL);
	(void)propfind(400, "/dav/Company/", "Depth: 1, 0\r\n", NULL);
	/* A file has nothing below it. */
	assert_int_equal(
	    count(propfind(207, "/dav/Company/f", NULL, NULL), "<d:response>"),
	    1);
	(void)propfind(404, "/dav/Company/f/", "Depth: 0\r\n", NULL);
	(void)propfind(404, "/dav/Company/none", "Depth: 0\r\n", NULL);
}

static void
named_properties_are_told_and_missing_ones_are_404(void **state)
{
	const char *xml;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT",
	    "/dav/Company/r%C3%A9sum%C3%A9.pdf", "X-OC-Mtime: 1700000000\r\n",
	    "hello");
	xml = propfind(207, "/dav/Company/r%C3%A9sum%C3%A9.pdf", "Depth: 0\r\n",
	    "<?xml version=\"1.0\"?><propfind xmlns=\"DAV:\" "
	    "xmlns:o=\"http://owncloud.org/ns\" xmlns:z=\"urn:z&quot;\"><prop>"
	    "<resourcetype/><getlastmodified/><getcontentlength/>"
	    "<getcontenttype/><displayname/><o:checksums/><o:size/>"
	    "<o:permissions/><quota-used-bytes/><z:odd/>"
	    "<none xmlns=\"\"/></prop></propfind>");
	assert_non_null(
	    strstr(xml, "<d:href>/dav/Company/r%C3%A9sum%C3%A9.pdf</d:href>"));
	assert_non_null(strstr(xml, "<d:resourcetype></d:resourcetype>"));
	assert_non_null(
	    strstr(xml, "<d:getlastmodified>Tue, 14 Nov 2023 22:13:20 GMT<"));
	assert_non_null(strstr(xml, "<d:getcontentlength>5<"));
	assert_non_null(strstr(xml, "<d:getcontenttype>application/pdf<"));
	assert_non_null(
	    strstr(xml, "<d:displayname>r\xc3\xa9sum\xc3\xa9.pdf<"));
	assert_non_null(strstr(xml,
	    "<oc:checksum>SHA1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d "
	    "SHA256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362"
	    "938b9824</oc:checksum>"));
	assert_non_null(strstr(xml, "<oc:size>5<"));
	assert_non_null(strstr(xml, "<oc:permissions>GDNVW<"));
	assert_int_equal(count(xml, "HTTP/1.1 200 OK"), 1);
	assert_int_equal(count(xml, "HTTP/1.1 404 Not Found"), 1);
	assert_true(strstr(xml, "200 OK") < strstr(xml, "404 Not Found"));
	assert_non_null(strstr(xml, "<d:quota-used-bytes/>"));
	assert_non_null(strstr(xml, "<x:odd xmlns:x=\"urn:z&quot;\"/>"));
	assert_non_null(strstr(xml, "<none xmlns=\"\"/>"));
	assert_null(strstr(xml, "<d:getetag>"));
}

static void
allprop_and_propname_tell_what_there_is(void **state)
{
	const char *xml;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/f", NULL, "x");
	xml = propfind(207, "/dav/Company/f", "Depth: 0\r\n", NULL);
	assert_non_null(strstr(xml, "<d:getetag>\""));
	assert_non_null(strstr(xml, "<d:supportedlock><d:lockentry>"));
	assert_non_null(strstr(xml, "<d:creationdate>20"));
	assert_null(strstr(xml, "oc:checksum>"));
	assert_null(strstr(xml, "404"));
	xml = propfind(207, "/dav/Company/f", "Depth: 0\r\n",
	    "<propfind xmlns=\"DAV:\"><unheard-of/><allprop/><include>"
	    "<checksums xmlns=\"http://owncloud.org/ns\"/></include>"
	    "</propfind>");
	assert_non_null(strstr(xml, "<oc:checksum>SHA1:"));
	xml = propfind(207, "/dav/Company/", "Depth: 0\r\n",
	    "<propfind xmlns=\"DAV:\"><propname/></propfind>");
	assert_non_null(strstr(xml, "<d:getetag/>"));
	assert_null(strstr(xml, "getcontentlength"));
}

static void
malformed_bodies_are_refused(void **state)
{
	static const char *const bodies[] = {
	    "<propfind xmlns=\"DAV:\"><prop>",
	    "nonsense",
	    "<propfind xmlns=\"DAV:\"/>",
	    "<propfind><prop/></propfind>",
	    "<multistatus xmlns=\"DAV:\"><prop/></multistatus>",
	    "<D:propfind xmlns:D=\"DAV:\"><D:prop><bar:foo "
	    "xmlns:bar=\"\"/></D:prop></D:propfind>",
	    "<propfind xmlns=\"DAV:\"><prop/><allprop/></propfind>",
	    "<!DOCTYPE a [<!ENTITY b \"c\">]><propfind "
	    "xmlns=\"DAV:\"><prop/></propfind>",
	    "<!DOCTYPE propfind SYSTEM \"file:///etc/passwd\"><propfind "
	    "xmlns=\"DAV:\"><prop/></propfind>",
	    "<propfind xmlns=\"DAV:\"><prop>&b;</prop></propfind>",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bodies); i++)
		(void)propfind(400, "/dav/", "Depth: 0\r\n", bodies[i]);
}

static void
bodies_beyond_the_limits_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf body = {.limit = 1 << 20};
	int i;

	(void)state;
	for (i = 0; i < 300000; i++)
		ASSERT_OK(&server.op, buf_add_str(&server.op, &body, " "));
	ASSERT_OK(&server.op, buf_add(&server.op, &body, span_of("", 1)));
	(void)propfind(413, "/dav/", "Depth: 0\r\n", (const char *)body.data);
	buf_clear(&body);
	for (i = 0; i < 40; i++)
		ASSERT_OK(&server.op,
		    buf_add_str(&server.op, &body,
			i == 0 ? "<propfind xmlns=\"DAV:\">" : "<prop>"));
	ASSERT_OK(&server.op, buf_add(&server.op, &body, span_of("", 1)));
	(void)propfind(413, "/dav/", "Depth: 0\r\n", (const char *)body.data);
}

static void
a_folders_etag_changes_with_anything_below(void **state)
{
	static const char body[] =
	    "<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>";
	char before[4096];

	(void)state;
	(void)dozo_expect(&server, 201, "MKCOL", "/dav/Company/a", NULL, NULL);
	(void)dozo_expect(
	    &server, 201, "MKCOL", "/dav/Company/a/b", NULL, NULL);
	assert_true(str_copy(before, sizeof(before),
	    propfind(207, "/dav/", "Depth: 0\r\n", body)));
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/a/b/f", NULL, "x");
	assert_string_not_equal(
	    before, propfind(207, "/dav/", "Depth: 0\r\n", body));
	assert_true(str_copy(before, sizeof(before),
	    propfind(207, "/dav/Company/a", "Depth: 0\r\n", body)));
	assert_string_equal(
	    before, propfind(207, "/dav/Company/a", "Depth: 0\r\n", body));
	(void)dozo_expect(
	    &server, 204, "DELETE", "/dav/Company/a/b/f", NULL, NULL);
	assert_string_not_equal(
	    before, propfind(207, "/dav/Company/a", "Depth: 0\r\n", body));
}

static void
names_are_escaped_in_paths_and_texts(void **state)
{
	const char *xml;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT",
	    "/dav/Company/a%26b%20%23%25'%EF%BF%BF%E5%9C%9F.txt", NULL, "x");
	xml = propfind(207, "/dav/Company/", "Depth: 1\r\n", NULL);
	assert_non_null(
	    strstr(xml, "<d:href>/dav/Company/"
			"a%26b%20%23%25%27%EF%BF%BF%E5%9C%9F.txt</d:href>"));
	assert_non_null(strstr(xml,
	    "<d:displayname>a&amp;b #%&#39;\xef\xbf\xbd\xe5\x9c\x9f.txt<"));
}

enum { FOLDERS = 600 };

static void
make_folders(void)
{
	char path[96];
	size_t i;

	for (i = 0; i < FOLDERS; i++) {
		(void)snprintf(path, sizeof(path), "/dav/Company/%060zu", i);
		(void)dozo_expect(&server, 201, "MKCOL", path, NULL, NULL);
	}
}

/* Each of them once, whatever stands before its name. */
static void
each_is_there_once(const char *text, const char *before)
{
	bool seen[FOLDERS] = {false};
	size_t i;

	while ((text = strstr(text, before)) != NULL) {
		text += strlen(before);
		if (*text != '0')
			continue;
		i = strtoul(text, NULL, 10);
		assert_true(i < FOLDERS);
		assert_false(seen[i]);
		seen[i] = true;
	}
	for (i = 0; i < FOLDERS; i++)
		assert_true(seen[i]);
}

static void
a_long_listing_is_whole_and_has_no_doubles(void **state)
{
	static const size_t batches[] = {
	    ROWS_MAX, FOLDERS + 1, FOLDERS, FOLDERS - 1, 200, 7};
	const char *xml;
	size_t i;

	(void)state;
	make_folders();
	for (i = 0; i < ARRAY_LEN(batches); i++) {
		rows_set_batch(batches[i]);
		xml = propfind(207, "/dav/Company/", "Depth: 1\r\n", NULL);
		assert_string_equal(
		    dozo_header(&server, "Transfer-Encoding"), "chunked");
		assert_int_equal(count(xml, "<d:response>"), FOLDERS + 1);
		assert_true(str_ends(xml, "</d:multistatus>\n"));
		each_is_there_once(xml, "<d:href>/dav/Company/");
		(void)dozo_expect(
		    &server, 200, "GET", "/dav/Company", NULL, NULL);
		each_is_there_once(dozo_body(&server), "href=\"/dav/Company/");
	}
	rows_set_batch(ROWS_MAX);
}

static void
a_folder_is_a_small_page_for_a_browser(void **state)
{
	const char *page;

	(void)state;
	(void)dozo_expect(
	    &server, 201, "PUT", "/dav/Company/a%26b.txt", NULL, "x");
	(void)dozo_expect(&server, 201, "MKCOL", "/dav/Company/z", NULL, NULL);
	(void)dozo_expect(&server, 200, "GET", "/dav/Company",
	    "Accept-Language: ja\r\n", NULL);
	page = dozo_body(&server);
	assert_non_null(strstr(page, "<html lang=\"ja\">"));
	assert_non_null(
	    strstr(page, "<a href=\"/dav/Company/a%26b.txt\">a&amp;b.txt</a>"));
	assert_non_null(strstr(page, "<a href=\"/dav/\">../</a>"));
	/* Folders first. */
	assert_true(strstr(page, ">z/<") < strstr(page, ">a&amp;b"));
	assert_null(strstr(page, "<script"));
	assert_non_null(strstr(dozo_header(&server, "Content-Security-Policy"),
	    "default-src 'none'"));
	(void)dozo_expect(&server, 200, "HEAD", "/dav/Company/", NULL, NULL);
	(void)dozo_expect(&server, 200, "GET", "/dav/", NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(the_root_shows_the_spaces_of_who_asks),
	    SERVER_TEST(depth_decides_what_is_told),
	    SERVER_TEST(named_properties_are_told_and_missing_ones_are_404),
	    SERVER_TEST(allprop_and_propname_tell_what_there_is),
	    SERVER_TEST(malformed_bodies_are_refused),
	    SERVER_TEST(bodies_beyond_the_limits_are_refused),
	    SERVER_TEST(a_folders_etag_changes_with_anything_below),
	    SERVER_TEST(names_are_escaped_in_paths_and_texts),
	    SERVER_TEST(a_long_listing_is_whole_and_has_no_doubles),
	    SERVER_TEST(a_folder_is_a_small_page_for_a_browser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
