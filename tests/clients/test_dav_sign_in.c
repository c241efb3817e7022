/* test_dav_sign_in.c - who may come in at /dav/, and who is held back. */
#include "core/member.h"
#include "lib/dozo_server.h"

static struct dozo_server server;

static int
sign_in(const char *user, const char *password)
{
	const struct ask ask = {
	    .method = "OPTIONS",
	    .path = "/dav/",
	    .user = user,
	    .password = password,
	};

	return dozo_ask(&server, &ask)->status;
}

static void
without_credentials_the_answer_is_a_basic_challenge(void **state)
{
	(void)state;
	assert_int_equal(sign_in("", ""), 401);
	assert_string_equal(dozo_header(&server, "WWW-Authenticate"),
	    "Basic realm=\"dozo\", charset=\"UTF-8\"");
	assert_string_equal(
	    dozo_header(&server, "Content-Type"), "application/problem+json");
	assert_non_null(strstr(dozo_body(&server), "\"Sign in\""));
}

static void
a_member_comes_in_by_password_with_the_tenant_behind_the_name(void **state)
{
	(void)state;
	assert_int_equal(sign_in(DOZO_ADMIN, DOZO_PASSWORD), 200);
	assert_string_equal(dozo_header(&server, "DAV"), "1, 2");
	assert_non_null(strstr(dozo_header(&server, "Allow"), "PROPFIND"));
	assert_int_equal(sign_in(DOZO_OTHER, DOZO_OTHER_PASSWORD), 200);
	assert_int_equal(sign_in("ADMIN@demo", DOZO_PASSWORD), 200);
	assert_int_equal(sign_in("WORKGROUP\\admin@demo", DOZO_PASSWORD), 200);
}

static void
whoever_is_wrong_about_name_tenant_or_password_gets_the_same_answer(
    void **state)
{
	static const char *const users[][2] = {
	    {DOZO_ADMIN, DOZO_OTHER_PASSWORD},
	    {"nobody@demo", DOZO_PASSWORD},
	    {"admin@nowhere", DOZO_PASSWORD},
	    {"admin", DOZO_PASSWORD},
	    {"@demo", DOZO_PASSWORD},
	    {"admin@", DOZO_PASSWORD},
	    {"admin@../demo", DOZO_PASSWORD},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(users); i++) {
		assert_int_equal(sign_in(users[i][0], users[i][1]), 401);
		assert_non_null(strstr(
		    dozo_body(&server), "\"Wrong user name or password\""));
	}
}

static void
other_schemes_and_malformed_credentials_are_challenged(void **state)
{
	static const char *const headers[] = {
	    "Authorization: Bearer\r\n",
	    "Authorization: Bearer abc\r\n",
	    "Authorization: Basic\r\n",
	    "Authorization: Basic !!!!\r\n",
	    "Authorization: Basic YWRtaW4=\r\n",
	    "Authorization: Basic YTpiAGM=\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(headers); i++) {
		const struct ask ask = {.method = "GET",
		    .path = "/dav/",
		    .headers = headers[i],
		    .user = ""};

		assert_int_equal(dozo_ask(&server, &ask)->status, 401);
	}
}

static void
a_cookie_is_nobody(void **state)
{
	const struct ask ask = {.method = "GET",
	    .path = "/dav/",
	    .headers = "Cookie: session=abc\r\n",
	    .user = ""};

	(void)state;
	assert_int_equal(dozo_ask(&server, &ask)->status, 401);
}

static void
a_changed_password_ends_what_was_remembered_at_once(void **state)
{
	struct tenant *tenant = dozo_server_tenant(&server);

	(void)state;
	assert_int_equal(sign_in(DOZO_OTHER, DOZO_OTHER_PASSWORD), 200);
	server.op.actor =
	    (struct actor){.tenant = server.tenant, .member = server.other};
	ASSERT_OK(&server.op, member_set_password(&server.op, tenant,
				  server.other, span_str("another horse 3")));
	assert_int_equal(sign_in(DOZO_OTHER, DOZO_OTHER_PASSWORD), 401);
	assert_int_equal(sign_in(DOZO_OTHER, "another horse 3"), 200);
	tenant_put(tenant);
}

static void
an_app_password_works_until_it_is_revoked(void **state)
{
	struct tenant *tenant = dozo_server_tenant(&server);
	char token[PASSWORD_TOKEN_SIZE];
	int64_t id;

	(void)state;
	server.op.actor =
	    (struct actor){.tenant = server.tenant, .member = server.admin};
	ASSERT_OK(
	    &server.op, member_app_password_add(&server.op, tenant,
			    server.admin, span_str("laptop"), token, &id));
	assert_int_equal(sign_in(DOZO_ADMIN, token), 200);
	assert_int_equal(sign_in(DOZO_OTHER, token), 401);
	ASSERT_OK(&server.op,
	    member_app_password_revoke(&server.op, tenant, server.admin, id));
	assert_int_equal(sign_in(DOZO_ADMIN, token), 401);
	tenant_put(tenant);
}

static void
a_suspended_member_is_out_at_once(void **state)
{
	struct tenant *tenant = dozo_server_tenant(&server);

	(void)state;
	assert_int_equal(sign_in(DOZO_OTHER, DOZO_OTHER_PASSWORD), 200);
	/* The first sign-in of an administrator takes the tenant over. */
	assert_int_equal(sign_in(DOZO_ADMIN, DOZO_PASSWORD), 200);
	server.op.actor =
	    (struct actor){.tenant = server.tenant, .member = server.admin};
	ASSERT_OK(&server.op, member_set_status(&server.op, tenant,
				  server.other, MEMBER_SUSPENDED));
	assert_int_equal(sign_in(DOZO_OTHER, DOZO_OTHER_PASSWORD), 401);
	tenant_put(tenant);
}

static void
who_guesses_has_to_wait_and_who_is_known_does_not(void **state)
{
	int i, status = 0;

	(void)state;
	assert_int_equal(sign_in(DOZO_ADMIN, DOZO_PASSWORD), 200);
	for (i = 0; i < AUTH_FREE_ACCOUNT + 1; i++)
		status = sign_in(i % 2 == 0 ? "admin@demo" : "Admin@demo",
		    "a guess of the password");
	assert_int_equal(status, 429);
	assert_non_null(dozo_header(&server, "Retry-After"));
	assert_int_equal(sign_in(DOZO_ADMIN, DOZO_PASSWORD), 200);
	assert_int_equal(sign_in(DOZO_OTHER, DOZO_OTHER_PASSWORD), 200);
}

static void
a_first_sign_in_is_written_down(void **state)
{
	struct tenant *tenant = dozo_server_tenant(&server);
	struct reader *reader;
	bool taken;

	(void)state;
	ASSERT_OK(&server.op, tenant_reader(&server.op, tenant, &reader));
	ASSERT_OK(&server.op,
	    member_row_taken_over(&server.op, &reader->meta, &taken));
	assert_false(taken);
	assert_int_equal(sign_in(DOZO_ADMIN, DOZO_PASSWORD), 200);
	ASSERT_OK(&server.op,
	    member_row_taken_over(&server.op, &reader->meta, &taken));
	assert_true(taken);
	tenant_reader_put(tenant, reader);
	tenant_put(tenant);
}

/* Whatever the method, the address and the conditions: nothing is told or done
 * before it is known who asks. */
static void
nobody_gets_past_the_sign_in(void **state)
{
	static const char *const methods[] = {"OPTIONS", "GET", "HEAD", "PUT",
	    "DELETE", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE"};
	static const char *const paths[] = {"/dav", "/dav/", "/dav/Company",
	    "/dav/Company/f", "/dav/Company/none/f", "/dav/%E5%9C%9F"};
	size_t i, k;

	(void)state;
	(void)dozo_expect(&server, 201, "PUT", "/dav/Company/f", NULL, "kept");
	for (i = 0; i < ARRAY_LEN(methods); i++)
		for (k = 0; k < ARRAY_LEN(paths); k++) {
			const struct ask ask = {.method = methods[i],
			    .path = paths[k],
			    .headers = "Destination: /dav/Company/g\r\n"
				       "If-None-Match: *\r\n",
			    .body = strcmp(methods[i], "PUT") == 0
					? span_str("other")
					: span_of(NULL, 0),
			    .user = ""};

			assert_int_equal(dozo_ask(&server, &ask)->status, 401);
			assert_null(dozo_header(&server, "ETag"));
		}
	(void)dozo_expect(&server, 200, "GET", "/dav/Company/f", NULL, NULL);
	assert_string_equal(dozo_body(&server), "kept");
	(void)dozo_expect(&server, 404, "GET", "/dav/Company/g", NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SERVER_TEST(without_credentials_the_answer_is_a_basic_challenge),
	    SERVER_TEST(
		a_member_comes_in_by_password_with_the_tenant_behind_the_name),
	    SERVER_TEST(
		whoever_is_wrong_about_name_tenant_or_password_gets_the_same_answer),
	    SERVER_TEST(other_schemes_and_malformed_credentials_are_challenged),
	    SERVER_TEST(a_cookie_is_nobody),
	    SERVER_TEST(a_changed_password_ends_what_was_remembered_at_once),
	    SERVER_TEST(an_app_password_works_until_it_is_revoked),
	    SERVER_TEST(a_suspended_member_is_out_at_once),
	    SERVER_TEST(who_guesses_has_to_wait_and_who_is_known_does_not),
	    SERVER_TEST(a_first_sign_in_is_written_down),
	    SERVER_TEST(nobody_gets_past_the_sign_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
