/* test_dav_tree.c - MKCOL, DELETE, MOVE and COPY, with the statuses of RFC
 * 4918. */
#include <stdio.h>

#include "base/str.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

static void
mkcol(int status, const char *path)
{
	(void)dozo_expect(&server, status, "MKCOL", path, NULL, NULL);
}

static void
put(int status, const char *path, const char *text)
{
	(void)dozo_expect(&server, status, "PUT", path, NULL, text);
}

static void
holds(const char *path, const char *text)
{
	(void)dozo_expect(&server, 200, "GET", path, NULL, NULL);
	assert_string_equal(dozo_body(&server), text);
}

static void
gone(const char *path)
{
	(void)dozo_expect(&server, 404, "GET", path, NULL, NULL);
}

static void
transfer(int status, const char *method, const char *from, const char *to,
    const char *headers)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "Destination: %s\r\n%s", to,
	    headers != NULL ? headers : "");
	(void)dozo_expect(&server, status, method, from, text, NULL);
}

static void
mkcol_makes_a_folder_once_where_its_parent_is(void **state)
{
	(void)state;
	mkcol(201, "/dav/Company/a");
	assert_non_null(dozo_header(&server, "OC-FileId"));
	assert_non_null(dozo_header(&server, "Dozo-Commit"));
	mkcol(405, "/dav/Company/a");
	assert_non_null(dozo_header(&server, "Allow"));
	mkcol(405, "/dav/Company/A/");
	mkcol(201, "/dav/Company/a/b/");
	mkcol(409, "/dav/Company/none/b");
	put(201, "/dav/Company/f", "x");
	mkcol(405, "/dav/Company/f");
	mkcol(409, "/dav/Company/f/b");
	(void)dozo_expect(&server, 415, "MKCOL", "/dav/Company/c",
	    "Content-Type: application/xml\r\n", "<mkcol/>");
	gone("/dav/Company/c");
}

static void
the_root_and_the_spaces_stay_as_they_are(void **state)
{
	(void)state;
	mkcol(405, "/dav/");
	mkcol(405, "/dav/Company");
	mkcol(403, "/dav/other");
	put(403, "/dav/f", "x");
	put(403, "/dav/Company", "x");
	put(403, "/dav/", "x");
	(void)dozo_expect(&server, 403, "DELETE", "/dav/", NULL, NULL);
	(void)dozo_expect(&server, 403, "DELETE", "/dav/Company", NULL, NULL);
	transfer(403, "MOVE", "/dav/Company/", "/dav/Other/", NULL);
	transfer(403, "MOVE", "/dav/Company/", "/dav/My%20files/c/", NULL);
	put(201, "/dav/Company/f", "x");
	transfer(403, "MOVE", "/dav/Company/f", "/dav/f", NULL);
	transfer(403, "COPY", "/dav/Company/f", "/dav/My%20files", NULL);
	transfer(403, "MOVE", "/dav/", "/dav/Company/r", NULL);
	transfer(403, "COPY", "/dav/", "/dav/Company/r", NULL);
	holds("/dav/Company/f", "x");
}

static void
delete_takes_files_and_whole_folders(void **state)
{
	(void)state;
	mkcol(201, "/dav/Company/a");
	put(201, "/dav/Company/a/f", "x");
	put(201, "/dav/Company/g", "y");
	(void)dozo_expect(
	    &server, 404, "DELETE", "/dav/Company/g/", NULL, NULL);
	(void)dozo_expect(&server, 204, "DELETE", "/dav/Company/g", NULL, NULL);
	assert_non_null(dozo_header(&server, "Dozo-Commit"));
	(void)dozo_expect(&server, 404, "DELETE", "/dav/Company/g", NULL, NULL);
	(void)dozo_expect(
	    &server, 400, "DELETE", "/dav/Company/a", "Depth: 0\r\n", NULL);
	(void)dozo_expect(
	    &server, 204, "DELETE", "/dav/Company/a/", NULL, NULL);
	gone("/dav/Company/a/f");
	mkcol(201, "/dav/Company/a");
	gone("/dav/Company/a/f");
}

static void
move_renames_and_moves(void **state)
{
	char id[64], tag[64];

	(void)state;
	put(201, "/dav/Company/f", "x");
	assert_true(
	    str_copy(id, sizeof(id), dozo_header(&server, "OC-FileId")));
	assert_true(str_copy(tag, sizeof(tag), dozo_header(&server, "ETag")));
	transfer(201, "MOVE", "/dav/Company/f", "/dav/Company/g", NULL);
	/* It is the same file in the same state. */
	assert_string_equal(dozo_header(&server, "OC-FileId"), id);
	assert_string_equal(dozo_header(&server, "OC-ETag"), tag);
	gone("/dav/Company/f");
	holds("/dav/Company/g", "x");
	transfer(201, "MOVE", "/dav/Company/g", "/dav/My%20files/h",
	    "X-OC-Mtime: 1700000000\r\n");
	assert_string_equal(dozo_header(&server, "X-OC-Mtime"), "accepted");
	holds("/dav/My%20files/h", "x");
	assert_string_equal(dozo_header(&server, "Last-Modified"),
	    "Tue, 14 Nov 2023 22:13:20 GMT");
	transfer(404, "MOVE", "/dav/Company/g", "/dav/Company/i", NULL);
	transfer(409, "MOVE", "/dav/My%20files/h", "/dav/Company/none/i", NULL);
	/* Case alone. */
	transfer(204, "MOVE", "/dav/My%20files/h", "/dav/My%20files/H", NULL);
	(void)dozo_expect(
	    &server, 207, "PROPFIND", "/dav/My%20files/", "Depth: 1\r\n", NULL);
	assert_non_null(strstr(dozo_body(&server), "<d:displayname>H<"));
}

static void
overwrite_decides_over_what_is_there(void **state)
{
	(void)state;
	put(201, "/dav/Company/f", "f");
	put(201, "/dav/Company/g", "g");
	transfer(412, "MOVE", "/dav/Company/f", "/dav/Company/g",
	    "Overwrite: F\r\n");
	transfer(412, "COPY", "/dav/Company/f", "/dav/Company/g",
	    "Overwrite: F\r\n");
	transfer(400, "COPY", "/dav/Company/f", "/dav/Company/g",
	    "Overwrite: maybe\r\n");
	holds("/dav/Company/g", "g");
	transfer(204, "COPY", "/dav/Company/f", "/dav/Company/g",
	    "Overwrite: T\r\n");
	holds("/dav/Company/g", "f");
	put(204, "/dav/Company/f", "again");
	transfer(204, "MOVE", "/dav/Company/f", "/dav/Company/g", NULL);
	holds("/dav/Company/g", "again");
	/* A file onto a folder, and a folder onto a file. */
	mkcol(201, "/dav/Company/d");
	put(201, "/dav/Company/d/x", "x");
	transfer(204, "COPY", "/dav/Company/g", "/dav/Company/d/", NULL);
	holds("/dav/Company/d", "again");
	mkcol(201, "/dav/Company/e");
	put(201, "/dav/Company/e/y", "y");
	transfer(204, "MOVE", "/dav/Company/e/", "/dav/Company/d", NULL);
	holds("/dav/Company/d/y", "y");
}

static void
copy_copies_folders_deep_or_shallow(void **state)
{
	(void)state;
	mkcol(201, "/dav/Company/a");
	mkcol(201, "/dav/Company/a/b");
	put(201, "/dav/Company/a/b/f", "f");
	transfer(201, "COPY", "/dav/Company/a", "/dav/Company/deep", NULL);
	holds("/dav/Company/deep/b/f", "f");
	transfer(
	    201, "COPY", "/dav/Company/a", "/dav/Company/flat", "Depth: 0\r\n");
	gone("/dav/Company/flat/b");
	transfer(
	    400, "COPY", "/dav/Company/a", "/dav/Company/c", "Depth: 1\r\n");
	transfer(
	    400, "MOVE", "/dav/Company/a", "/dav/Company/c", "Depth: 0\r\n");
	/* What was copied is a thing of its own. */
	put(204, "/dav/Company/deep/b/f", "changed");
	holds("/dav/Company/a/b/f", "f");
}

static void
nothing_goes_into_or_over_itself(void **state)
{
	(void)state;
	mkcol(201, "/dav/Company/a");
	mkcol(201, "/dav/Company/a/b");
	put(201, "/dav/Company/a/f", "f");
	transfer(403, "MOVE", "/dav/Company/a", "/dav/Company/a/b/c", NULL);
	transfer(403, "COPY", "/dav/Company/a", "/dav/Company/a/b/c", NULL);
	transfer(403, "MOVE", "/dav/Company/a/f", "/dav/Company/a/f", NULL);
	transfer(403, "COPY", "/dav/Company/a/f", "/dav/Company/A/F", NULL);
	transfer(403, "COPY", "/dav/Company/a/f", "/dav/Company/a", NULL);
	transfer(403, "MOVE", "/dav/Company/a/b", "/dav/Company/a", NULL);
	holds("/dav/Company/a/f", "f");
}

static void
a_destination_is_below_dav_on_this_host(void **state)
{
	char url[128];

	(void)state;
	put(201, "/dav/Company/f", "f");
	(void)dozo_expect(&server, 400, "MOVE", "/dav/Company/f", NULL, NULL);
	transfer(502, "MOVE", "/dav/Company/f",
	    "https://elsewhere.example/dav/Company/g", NULL);
	transfer(502, "MOVE", "/dav/Company/f",
	    "https://localhost:1/dav/Company/g", NULL);
	transfer(403, "MOVE", "/dav/Company/f", "/other/Company/g", NULL);
	transfer(403, "MOVE", "/dav/Company/f", "/", NULL);
	transfer(400, "MOVE", "/dav/Company/f", "/dav/Company/../g", NULL);
	transfer(400, "MOVE", "/dav/Company/f", "/dav/Company/%2e%2e/g", NULL);
	transfer(400, "MOVE", "/dav/Company/f", "/dav/Company/a%2fg", NULL);
	transfer(400, "MOVE", "/dav/Company/f", "/dav/Company/g?x", NULL);
	transfer(400, "MOVE", "/dav/Company/f", "*", NULL);
	transfer(400, "MOVE", "/dav/Company/f", "gopher://localhost/g", NULL);
	holds("/dav/Company/f", "f");
	(void)snprintf(url, sizeof(url),
	    "https://localhost:%u/dav/Company/g%%20h", server.port);
	transfer(201, "MOVE", "/dav/Company/f", url, NULL);
	holds("/dav/Company/g%20h", "f");
}

/* The server remembers folders by their paths. */
static void
a_folder_that_moved_or_went_is_not_found_by_its_former_path(void **state)
{
	(void)state;
	mkcol(201, "/dav/Company/a");
	mkcol(201, "/dav/Company/a/b");
	put(201, "/dav/Company/a/b/f", "one");
	holds("/dav/Company/a/b/f", "one");
	transfer(201, "MOVE", "/dav/Company/a", "/dav/Company/c", NULL);
	gone("/dav/Company/a/b/f");
	put(409, "/dav/Company/a/b/f", "lost");
	holds("/dav/Company/c/b/f", "one");
	mkcol(201, "/dav/Company/a");
	mkcol(201, "/dav/Company/a/b");
	put(201, "/dav/Company/a/b/f", "two");
	holds("/dav/Company/c/b/f", "one");
	holds("/dav/Company/a/b/f", "two");
	(void)dozo_expect(
	    &server, 204, "DELETE", "/dav/Company/c/b", NULL, NULL);
	gone("/dav/Company/c/b/f");
	put(409, "/dav/Company/c/b/g", "lost");
	holds("/dav/Company/a/b/f", "two");
}

static void
methods_that_are_not_there_say_so(void **state)
{
	(void)state;
	(void)dozo_expect(&server, 405, "POST", "/dav/Company/f", NULL, NULL);
	assert_non_null(strstr(dozo_header(&server, "Allow"), "PROPFIND"));
	(void)dozo_expect(&server, 501, "FROB", "/dav/Company/f", NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(mkcol_makes_a_folder_once_where_its_parent_is),
	    SERVER_TEST(the_root_and_the_spaces_stay_as_they_are),
	    SERVER_TEST(delete_takes_files_and_whole_folders),
	    SERVER_TEST(move_renames_and_moves),
	    SERVER_TEST(overwrite_decides_over_what_is_there),
	    SERVER_TEST(copy_copies_folders_deep_or_shallow),
	    SERVER_TEST(nothing_goes_into_or_over_itself),
	    SERVER_TEST(a_destination_is_below_dav_on_this_host),
	    SERVER_TEST(
		a_folder_that_moved_or_went_is_not_found_by_its_former_path),
	    SERVER_TEST(methods_that_are_not_there_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
