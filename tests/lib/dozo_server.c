/* dozo_server.c - a server in this process, on loopback. */
#include "lib/dozo_server.h"

#include <stdio.h>

#include "api/api.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/member.h"
#include "dav/dav.h"
#include "http/tls.h"
#include "pages/pages.h"
#include "tus/tus.h"

static struct https_response last = HTTPS_RESPONSE;

static void
members_make(struct dozo_server *s)
{
	struct member_new admin = {
	    .login = span_str("admin"),
	    .password = span_str(DOZO_PASSWORD),
	    .role = MEMBER_ADMINISTRATOR,
	};
	struct member_new other = {
	    .login = span_str("bob"),
	    .password = span_str(DOZO_OTHER_PASSWORD),
	    .role = MEMBER_ORDINARY,
	};
	struct tenant *tenant;
	struct reader *reader;
	struct member_row row;

	ASSERT_OK(&s->op, service_tenant_add(&s->op, s->fixture.service, "demo",
			      "en", &s->tenant));
	tenant = dozo_server_tenant(s);
	s->op.actor = (struct actor){.tenant = s->tenant};
	ASSERT_OK(&s->op, member_found(&s->op, tenant, LANG_EN, &admin));
	ASSERT_OK(&s->op, member_add(&s->op, tenant, &other, &s->other));
	ASSERT_OK(&s->op, tenant_reader(&s->op, tenant, &reader));
	ASSERT_OK(&s->op,
	    member_find(&s->op, &reader->meta, span_str("admin"), &row));
	s->admin = row.id;
	tenant_reader_put(tenant, reader);
	tenant_put(tenant);
}

static void
tls_make(struct dozo_server *s)
{
	static const char *const names[] = {"localhost", "127.0.0.1"};

	ASSERT_OK(
	    &s->op, tls_local_ca_make(&s->op, s->fixture.dir_fd, names, 2));
	buf_init(&s->ca, 16384);
	ASSERT_OK(
	    &s->op, io_read_file(&s->op, s->fixture.dir_fd, "ca.crt", &s->ca));
	(void)snprintf(
	    s->ca_path, sizeof(s->ca_path), "%.300s/ca.crt", s->fixture.path);
}

static void
http_start(struct dozo_server *s)
{
	struct http_config config;
	char crt[320], key[320];
	size_t n;

	(void)snprintf(crt, sizeof(crt), "%.300s/server.crt", s->fixture.path);
	(void)snprintf(key, sizeof(key), "%.300s/server.key", s->fixture.path);
	http_config_defaults(&config);
	config.host = "127.0.0.1";
	config.certificate_path = crt;
	config.key_path = key;
	config.event_threads = 2;
	config.short_workers = 4;
	config.bytes_workers = 4;
	dav_routes(s->door, s->routes, &n);
	s->n_routes = n;
	pages_routes(s->door, s->routes + s->n_routes, &n);
	s->n_routes += n;
	api_routes(s->api, s->routes + s->n_routes, &n);
	s->n_routes += n;
	tus_routes(s->door, s->routes + s->n_routes, &n);
	s->n_routes += n;
	ASSERT_OK(&s->op, http_server_start(&s->op, &config, s->routes,
			      s->n_routes, &s->http));
	s->port = http_server_port(s->http);
}

static void
doors_start(struct dozo_server *s)
{
	struct door_config config = {
	    .service = s->fixture.service,
	    .ca = buf_span(&s->ca),
	};

	ASSERT_OK(
	    &s->op, evidence_new(&s->op, s->fixture.service, &s->evidence));
	config.evidence = s->evidence;
	ASSERT_OK(&s->op, door_open(&s->op, &config, &s->door));
	ASSERT_OK(&s->op, api_open(&s->op, s->door, &s->api));
	http_start(s);
}

static void
doors_stop(struct dozo_server *s)
{
	https_close(s->client);
	s->client = NULL;
	evidence_stop(s->evidence);
	http_server_stop(s->http, 0);
	api_close(s->api);
	door_close(s->door);
	evidence_free(s->evidence);
}

void
dozo_server_start(struct dozo_server *s)
{
	memset(s, 0, sizeof(*s));
	log_set_level(LOG_LEVEL_WARN);
	op_init(&s->op);
	fixture_init(&s->fixture, 3, 2);
	ASSERT_OK(&s->op, fixture_open(&s->op, &s->fixture));
	members_make(s);
	tls_make(s);
	doors_start(s);
}

void
dozo_server_stop(struct dozo_server *s)
{
	doors_stop(s);
	fixture_close(&s->op, &s->fixture);
	fixture_release(&s->fixture);
	buf_release(&s->ca);
	buf_release(&last.body);
	op_release(&s->op);
}

void
dozo_server_restart(struct dozo_server *s)
{
	doors_stop(s);
	fixture_close(&s->op, &s->fixture);
	fixture_drop_databases(&s->fixture);
	ASSERT_OK(&s->op, fixture_open(&s->op, &s->fixture));
	doors_start(s);
}

int
dozo_server_setup(void **state)
{
	dozo_server_start(*state);
	return 0;
}

int
dozo_server_teardown(void **state)
{
	dozo_server_stop(*state);
	return 0;
}

struct tenant *
dozo_server_tenant(struct dozo_server *s)
{
	struct tenant *tenant = NULL;

	ASSERT_OK(&s->op,
	    service_tenant(&s->op, s->fixture.service, s->tenant, &tenant));
	return tenant;
}

const char *
dozo_authorization(
    struct dozo_server *s, const char *user, const char *password)
{
	char *plain, *base64, *line;

	ASSERT_OK(&s->op, op_format(&s->op, &plain, "%s:%s", user, password));
	ASSERT_OK(
	    &s->op, op_alloc(&s->op, BASE64_SIZE(strlen(plain)) + 1, &base64));
	base64_encode(base64, span_str(plain));
	ASSERT_OK(&s->op,
	    op_format(&s->op, &line, "Authorization: Basic %s\r\n", base64));
	return line;
}

static void
connect_anew(struct dozo_server *s)
{
	const struct https_options options = {
	    .ca_path = s->ca_path, .name = "127.0.0.1"};

	if (s->client != NULL)
		return;
	ASSERT_OK(&s->op, https_open(&s->op, s->port, &options, &s->client));
}

static const char *
request_head(struct dozo_server *s, const struct ask *ask)
{
	const char *user = ask->user != NULL ? ask->user : DOZO_ADMIN;
	const char *password =
	    ask->password != NULL ? ask->password : DOZO_PASSWORD;
	char *text, *length = NULL;

	if (ask->chunked)
		ASSERT_OK(&s->op, op_format(&s->op, &length,
				      "Transfer-Encoding: chunked\r\n"));
	else if (ask->body.data != NULL)
		ASSERT_OK(
		    &s->op, op_format(&s->op, &length,
				"Content-Length: %zu\r\n", ask->body.size));
	ASSERT_OK(&s->op,
	    op_format(&s->op, &text,
		"%s %s HTTP/1.1\r\nHost: localhost:%u\r\n%s%s%s\r\n",
		ask->method, ask->path, s->port,
		user[0] != '\0' ? dozo_authorization(s, user, password) : "",
		ask->headers != NULL ? ask->headers : "",
		length != NULL ? length : ""));
	return text;
}

static void
send_body(struct dozo_server *s, const struct ask *ask)
{
	char *size;

	if (ask->chunked && ask->body.size > 0) {
		ASSERT_OK(&s->op,
		    op_format(&s->op, &size, "%zx\r\n", ask->body.size));
		ASSERT_OK(&s->op, https_send_str(&s->op, s->client, size));
	}
	if (ask->body.size > 0)
		ASSERT_OK(&s->op, https_send(&s->op, s->client, ask->body));
	if (ask->chunked)
		ASSERT_OK(&s->op,
		    https_send_str(&s->op, s->client,
			ask->body.size > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n"));
}

const struct https_response *
dozo_ask(struct dozo_server *s, const struct ask *ask)
{
	const char *closes;

	connect_anew(s);
	buf_release(&last.body);
	last = (struct https_response)HTTPS_RESPONSE;
	ASSERT_OK(
	    &s->op, https_send_str(&s->op, s->client, request_head(s, ask)));
	send_body(s, ask);
	ASSERT_OK(&s->op, https_receive(&s->op, s->client,
			      strcmp(ask->method, "HEAD") == 0, &last));
	closes = https_header(&s->op, &last, "Connection");
	if (closes != NULL && strcmp(closes, "close") == 0) {
		https_close(s->client);
		s->client = NULL;
	}
	return &last;
}

const struct https_response *
dozo_expect(struct dozo_server *s, int status, const char *method,
    const char *path, const char *headers, const char *body)
{
	const struct ask ask = {
	    .method = method,
	    .path = path,
	    .headers = headers,
	    .body = body != NULL ? span_str(body) : span_of(NULL, 0),
	};
	const struct https_response *response = dozo_ask(s, &ask);

	if (response->status != status)
		fail_msg("%s %s: %d, expected %d\n%s%s", method, path,
		    response->status, status, response->head, dozo_body(s));
	return response;
}

const char *
dozo_header(struct dozo_server *s, const char *name)
{
	return https_header(&s->op, &last, name);
}

const char *
dozo_body(struct dozo_server *s)
{
	ASSERT_OK(&s->op, buf_add(&s->op, &last.body, span_of("", 1)));
	last.body.size--;
	return (const char *)last.body.data;
}
