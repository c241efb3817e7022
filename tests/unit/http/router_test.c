/* router_test.c - methods and longest prefixes. */
#include "http/router.h"
#include "lib/test.h"

static struct op op;

static int
setup(void **state)
{
	(void)state;
	op_init(&op);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	op_release(&op);
	return 0;
}

static const struct http_route routes[] = {
    {.prefix = "/"},
    {.prefix = "/api/v1"},
    {.prefix = "/api/v1/uploads"},
    {.prefix = "/dav/"},
};

static const char *
found(
    const struct http_route *table, size_t n, const char *path, size_t segments)
{
	struct target target;
	const struct http_route *route;
	size_t took = 99;

	ASSERT_OK(&op, target_parse(&op, span_str(path), &target));
	route = router_find(table, n, &target, &took);
	if (route == NULL)
		return NULL;
	assert_int_equal(took, segments);
	return route->prefix;
}

static void
the_longest_prefix_by_whole_segments_answers(void **state)
{
	(void)state;
	assert_string_equal(found(routes, 4, "/", 0), "/");
	assert_string_equal(found(routes, 4, "/x", 0), "/");
	assert_string_equal(found(routes, 4, "/api", 0), "/");
	assert_string_equal(found(routes, 4, "/api/v1", 2), "/api/v1");
	assert_string_equal(found(routes, 4, "/api/v1/", 2), "/api/v1");
	assert_string_equal(found(routes, 4, "/api/v12", 0), "/");
	assert_string_equal(found(routes, 4, "/api/v1/nodes", 2), "/api/v1");
	assert_string_equal(
	    found(routes, 4, "/api/v1/uploads/1", 3), "/api/v1/uploads");
	assert_string_equal(found(routes, 4, "/%64av/a", 1), "/dav/");
	assert_null(found(routes + 1, 3, "/x", 0));
}

static void
methods_are_exact(void **state)
{
	struct buf text = {.limit = 1024};
	enum http_method method;
	int i;

	(void)state;
	for (i = 0; i < HTTP_METHODS; i++) {
		assert_true(http_method_parse(
		    span_str(http_method_name((enum http_method)i)), &method));
		assert_int_equal(method, i);
	}
	assert_false(http_method_parse(span_str("get"), &method));
	assert_false(http_method_parse(span_str("GETS"), &method));
	assert_false(http_method_parse(span_str(""), &method));
	assert_false(http_method_parse(span_str("CONNECT"), &method));
	ASSERT_OK(&op, http_methods_text(&op,
			   HTTP_ALLOW(HTTP_PUT) | HTTP_ALLOW(HTTP_GET), &text));
	assert_true(span_equal(buf_span(&text), span_str("GET, PUT")));
	buf_release(&text);
	text.limit = 3;
	ASSERT_RC(&op, RC_LIMIT, http_methods_text(&op, HTTP_ALLOW_ALL, &text));
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_longest_prefix_by_whole_segments_answers),
	    cmocka_unit_test(methods_are_exact),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
