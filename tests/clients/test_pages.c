/* test_pages.c - the plain pages and the health of the service, without log-in.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "core/site_info.h"
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

static void
the_security_document_is_a_page_for_everybody_in_two_languages(void **state)
{
	struct site_info info = {.place = "<b>\"大阪\"&", .country = "JP"};

	(void)state;
	memcpy(info.id, server.fixture.reg.ids[1], sizeof(info.id));
	ASSERT_OK(&server.op,
	    site_info_set(&server.op, server.fixture.service, "osaka", &info));
	assert_int_equal(
	    get("GET", "/about/security", "Accept-Language: ja\r\n"), 200);
	assert_non_null(strstr(dozo_body(&server), "<html lang=\"ja\">"));
	assert_non_null(
	    strstr(dozo_body(&server), "&lt;b&gt;&quot;大阪&quot;&amp;"));
	assert_null(strstr(dozo_body(&server), "<b>"));
	assert_null(strstr(dozo_body(&server), "<script"));
	assert_non_null(strstr(dozo_header(&server, "Content-Security-Policy"),
	    "default-src 'none'"));
	assert_string_equal(dozo_header(&server, "Vary"), "Accept-Language");
	assert_int_equal(
	    get("GET", "/about/security?lang=en", "Accept-Language: ja\r\n"),
	    200);
	assert_non_null(strstr(dozo_body(&server), "<html lang=\"en\">"));
	assert_non_null(strstr(dozo_body(&server), "Not checked yet since"));
	assert_non_null(strstr(dozo_body(&server), "id=\"c12.3.1\""));
	/* Nobody learns who the customers are. */
	assert_null(strstr(dozo_body(&server), "demo"));
	assert_int_equal(
	    get("GET", "/about/security?lang=fr", "Accept-Language: ja\r\n"),
	    200);
	assert_string_equal(dozo_header(&server, "Content-Language"), "ja");
	assert_int_equal(get("GET", "/about/security?lang=%ff", NULL), 400);
	assert_int_equal(get("HEAD", "/about/security", NULL), 200);
	assert_int_equal(get("POST", "/about/security", NULL), 405);
	assert_int_equal(get("GET", "/about/security/x", NULL), 404);
	assert_int_equal(get("GET", "/about", NULL), 404);
}

static void
every_page_has_a_link_to_the_security_document(void **state)
{
	static const char link[] = "href=\"/about/security";

	(void)state;
	assert_int_equal(get("GET", "/ja", NULL), 200);
	assert_non_null(strstr(dozo_body(&server), link));
	assert_int_equal(get("GET", "/en", NULL), 200);
	assert_non_null(strstr(dozo_body(&server), link));
	(void)dozo_expect(
	    &server, 200, "GET", "/dav/", "Accept: text/html\r\n", NULL);
	assert_non_null(strstr(dozo_body(&server), link));
}

static void
the_security_document_is_json_for_programs(void **state)
{
	(void)state;
	assert_int_equal(get("GET", "/api/v1/security", NULL), 200);
	assert_string_equal(
	    dozo_header(&server, "Content-Type"), "application/json");
	assert_true(
	    str_starts(dozo_body(&server), "{\"items\":[{\"clause\":\"4.1\","));
	assert_non_null(strstr(dozo_body(&server),
	    "{\"clause\":\"12.3.1\",\"light\":\"not_satisfied\","
	    "\"checked_at\":null,\"checked\":\"Not checked yet"));
	assert_int_equal(
	    get("GET", "/api/v1/security", "Accept-Language: ja\r\n"), 200);
	assert_non_null(strstr(dozo_body(&server), "まだ確認していません"));
	assert_int_equal(get("HEAD", "/api/v1/security", NULL), 200);
	assert_int_equal(get("POST", "/api/v1/security", NULL), 405);
	assert_int_equal(get("GET", "/api/v1/security/x", NULL), 404);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(the_home_page_tells_how_to_connect_in_two_languages),
	    SERVER_TEST(the_ca_the_style_and_the_icon_are_there),
	    SERVER_TEST(health_says_whether_every_site_is_in_service),
	    SERVER_TEST(
		the_security_document_is_a_page_for_everybody_in_two_languages),
	    SERVER_TEST(every_page_has_a_link_to_the_security_document),
	    SERVER_TEST(the_security_document_is_json_for_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
