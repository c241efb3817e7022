/* test_pages.c - the plain pages and the health of the service, without log-in.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/dozo_server.h"

static struct dozo_server server;

static int
get(const char *method, const char *path, const char *headers)
{
	const struct ask ask = {
	    .method = method, .path = path, .headers = headers, .user = ""};

	return dozo_ask(&server, &ask)->status;
}

static void
the_home_page_tells_how_to_connect_in_two_languages(void **state)
{
	char url[64];

	(void)state;
	(void)snprintf(
	    url, sizeof(url), "https://localhost:%u/dav/", server.port);
	assert_int_equal(get("GET", "/", "Accept-Language: en\r\n"), 200);
	assert_non_null(strstr(dozo_body(&server), url));
	assert_non_null(strstr(dozo_body(&server), "vendor=nextcloud"));
	assert_non_null(strstr(dozo_body(&server), "href=\"/ca.crt\""));
	assert_non_null(strstr(dozo_body(&server), "<html lang=\"en\">"));
	assert_null(strstr(dozo_body(&server), "<script"));
	/* No account that strangers might try. */
	assert_null(strstr(dozo_body(&server), "demo"));
	assert_null(strstr(dozo_body(&server), "{"));
	assert_non_null(strstr(dozo_header(&server, "Content-Security-Policy"),
	    "default-src 'none'"));
	assert_string_equal(
	    dozo_header(&server, "Content-Type"), "text/html; charset=utf-8");
	assert_null(dozo_header(&server, "WWW-Authenticate"));
	assert_int_equal(
	    get("GET", "/", "Accept-Language: ja,en;q=0.5\r\n"), 200);
	assert_non_null(strstr(dozo_body(&server), "<html lang=\"ja\">"));
	assert_non_null(strstr(dozo_body(&server), "つなぐ"));
	/* Whose browser asks for the other one has a page for each. */
	assert_int_equal(get("GET", "/ja", "Accept-Language: en\r\n"), 200);
	assert_non_null(strstr(dozo_body(&server), "<html lang=\"ja\">"));
	assert_string_equal(dozo_header(&server, "Content-Language"), "ja");
	assert_int_equal(get("GET", "/en", "Accept-Language: ja\r\n"), 200);
	assert_non_null(strstr(dozo_body(&server), "<html lang=\"en\">"));
	assert_int_equal(get("GET", "/en/x", NULL), 404);
	assert_int_equal(get("HEAD", "/", NULL), 200);
	assert_int_equal(get("OPTIONS", "/", NULL), 200);
	assert_int_equal(get("GET", "/nothing", NULL), 404);
}

static void
the_ca_the_style_and_the_icon_are_there(void **state)
{
	(void)state;
	assert_int_equal(get("GET", "/ca.crt", NULL), 200);
	assert_string_equal(
	    dozo_header(&server, "Content-Type"), "application/x-x509-ca-cert");
	assert_memory_equal(dozo_body(&server), server.ca.data, server.ca.size);
	assert_int_equal(get("GET", "/style.css", NULL), 200);
	assert_non_null(
	    strstr(dozo_body(&server), "prefers-color-scheme:dark"));
	assert_int_equal(get("GET", "/favicon.ico", NULL), 200);
	assert_int_equal(get("GET", "/ca.crt/x", NULL), 404);
}

static void
health_says_whether_every_site_is_in_service(void **state)
{
	const struct timespec step = {.tv_nsec = 20000000};
	int tries;

	(void)state;
	assert_int_equal(get("GET", "/api/v1/health", NULL), 200);
	assert_string_equal(
	    dozo_header(&server, "Content-Type"), "application/json");
	assert_string_equal(dozo_body(&server), "{\"status\":\"ok\"}\n");
	fixture_away(&server.fixture, 0);
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/f", NULL, "x");
	for (tries = 0; tries < 500; tries++) {
		assert_int_equal(get("GET", "/api/v1/health", NULL), 200);
		if (strstr(dozo_body(&server), "degraded") != NULL)
			break;
		(void)nanosleep(&step, NULL);
	}
	assert_string_equal(dozo_body(&server), "{\"status\":\"degraded\"}\n");
	fixture_back(&server.fixture, 0);
	assert_int_equal(get("GET", "/api/v1/health/x", NULL), 404);
	assert_int_equal(get("POST", "/api/v1/health", NULL), 405);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(the_home_page_tells_how_to_connect_in_two_languages),
	    SERVER_TEST(the_ca_the_style_and_the_icon_are_there),
	    SERVER_TEST(health_says_whether_every_site_is_in_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
