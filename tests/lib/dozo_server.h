/* dozo_server.h - a whole server over three sandbox sites, with a tenant and
 * members, and requests to it. */
#ifndef DOZO_TESTS_DOZO_SERVER_H
#define DOZO_TESTS_DOZO_SERVER_H

#include "api/api.h"
#include "door/door.h"
#include "evidence/evidence.h"
#include "http/server.h"
#include "lib/https_client.h"
#include "lib/service_fixture.h"

#define DOZO_ADMIN "admin@demo"
#define DOZO_PASSWORD "correct horse 1"
#define DOZO_OTHER "bob@demo"
#define DOZO_OTHER_PASSWORD "correct horse 2"

enum { DOZO_ROUTES_MAX = 16 };

struct dozo_server {
	struct fixture fixture;
	struct op op;
	uint64_t tenant;
	int64_t admin;
	int64_t other;
	struct buf ca;
	char ca_path[320];
	struct evidence *evidence; /* not started */
	struct door *door;
	struct api_door *api;
	struct http_route routes[DOZO_ROUTES_MAX];
	size_t n_routes;
	struct http_server *http;
	uint16_t port;
	struct https_client
	    *client; /* kept alive between requests; NULL after a close */
};

/*
 * Tenant "demo" in English, whose administrator and other member are the names
 * above; spaces "My files" and "Company". Any failure fails the test.
 */
void dozo_server_start(struct dozo_server *server);
void dozo_server_stop(struct dozo_server *server);

/* Ends, drops the local databases, and starts again over the sites; the port is
 * another. */
void dozo_server_restart(struct dozo_server *server);

/* A test that has one to itself: the file's own server. */
#define SERVER_TEST(test) \
	cmocka_unit_test_prestate_setup_teardown( \
	    test, dozo_server_setup, dozo_server_teardown, &server)
int dozo_server_setup(void **state);
int dozo_server_teardown(void **state);

/* Opens a tenant for calls of core/; give it back with tenant_put. */
struct tenant *dozo_server_tenant(struct dozo_server *server);

struct ask {
	const char *method;
	const char *path; /* as it stands in the request line */
	const char *headers; /* lines, each ending with CR LF; NULL: none */
	struct span body; /* data NULL: none, and no Content-Length */
	bool chunked; /* the body goes as a chunk, without its length */
	const char *user; /* NULL: the administrator; "": no credentials */
	const char *password;
};

/* One request, one response, which is the server's until the next one. */
const struct https_response *
dozo_ask(struct dozo_server *server, const struct ask *ask);

/* The same; asserts the status, and shows the answer where it is another. */
const struct https_response *
dozo_expect(struct dozo_server *server, int status, const char *method,
    const char *path, const char *headers, const char *body);

/* A header of the last response, or NULL. */
const char *dozo_header(struct dozo_server *server, const char *name);

/* The last response's body as text (NUL at its end). */
const char *dozo_body(struct dozo_server *server);

/* Base64 of "user:password" behind "Authorization: Basic " as a whole line, in
 * the op's arena. */
const char *dozo_authorization(
    struct dozo_server *server, const char *user, const char *password);

#endif
