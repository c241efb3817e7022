/* target_test.c - request targets and Destination headers, decoded once or
 * refused (H7). */
#include <string.h>

#include "http/target.h"
#include "http/utf8.h"
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

static struct target
parsed(const char *raw)
{
	struct target target;

	ASSERT_OK(&op, target_parse(&op, span_str(raw), &target));
	return target;
}

#define SEGMENT_IS(target, i, text) \
	assert_true(span_equal((target).segments[i], span_str(text)))

static void
a_path_becomes_decoded_segments(void **state)
{
	struct target target = parsed("/a/b%20c/%E5%9C%9F%e8%94%b5/%25%32%66");

	(void)state;
	assert_int_equal(target.form, TARGET_ORIGIN);
	assert_int_equal(target.n_segments, 4);
	assert_false(target.trailing_slash);
	assert_false(target.has_query);
	SEGMENT_IS(target, 0, "a");
	SEGMENT_IS(target, 1, "b c");
	SEGMENT_IS(target, 2, "\xe5\x9c\x9f\xe8\x94\xb5");
	/* Once: what comes out of it is not decoded again. */
	SEGMENT_IS(target, 3, "%2f");
	assert_string_equal((const char *)target.segments[1].data, "b c");
}

static void
the_root_and_trailing_slashes_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(parsed("/").n_segments, 0);
	assert_true(parsed("/").trailing_slash);
	assert_int_equal(parsed("/a").n_segments, 1);
	assert_false(parsed("/a").trailing_slash);
	assert_int_equal(parsed("/a/").n_segments, 1);
	assert_true(parsed("/a/").trailing_slash);
	assert_int_equal(parsed("/a/?x").n_segments, 1);
	assert_true(parsed("/?").has_query);
	assert_int_equal(parsed("/?").query.size, 0);
}

static void
absolute_targets_give_their_authority_back(void **state)
{
	struct target target = parsed("https://Files.Example.com:8443/a%20b?q");

	(void)state;
	assert_int_equal(target.form, TARGET_ABSOLUTE);
	assert_true(target.https);
	assert_true(
	    span_equal(target.authority, span_str("Files.Example.com:8443")));
	SEGMENT_IS(target, 0, "a b");
	assert_true(span_equal(target.query, span_str("q")));
	target = parsed("HTTP://[2001:db8::1]:80");
	assert_false(target.https);
	assert_true(span_equal(target.authority, span_str("[2001:db8::1]:80")));
	assert_int_equal(target.n_segments, 0);
	assert_true(target.trailing_slash);
	assert_true(parsed("http://h?x=/y").has_query);
	assert_int_equal(parsed("*").form, TARGET_ASTERISK);
}

/* Each could be read in two ways. */
static const char *const bad[] = {
    "",
    "a",
    "a/b",
    "//",
    "//a",
    "/a//b",
    "/a//",
    "/.",
    "/..",
    "/a/./b",
    "/a/../b",
    "/a/.",
    "/a/..",
    "/a/../",
    "/%2e",
    "/%2E%2e/x",
    "/.%2e",
    "/%2e./a",
    "/a%2fb",
    "/a%2Fb",
    "/a\\b",
    "/a%5cb",
    "/%5C",
    "/a%00b",
    "/%00",
    "/%01",
    "/%1f",
    "/%7f",
    "/a%0d%0ab",
    "/%",
    "/%2",
    "/%zz",
    "/%2x",
    "/a b",
    "/a\tb",
    "/a\x7f",
    "/a#b",
    "/a?b#c",
    "/%80",
    "/%c3",
    "/%c3x",
    "/%c0%af",
    "/%c1%81",
    "/%e0%80%af",
    "/%f0%80%80%af",
    "/%ed%a0%80",
    "/%f4%90%80%80",
    "/%f8%88%80%80%80",
    "/%ff",
    "/\x80",
    "/\xc0\xaf",
    "/%c2%80",
    "/%c2%9f",
    "**",
    "*/",
    "ftp://h/",
    "https:/h",
    "https://",
    "https:///a",
    "https://u@h/",
    "https://u:p@h/",
    "https://h\\/a",
    "https://:80/",
    "https://h%41/",
    "https://h,i/",
    "http:h",
    "://h/",
};

static void
whatever_could_be_read_in_two_ways_is_refused(void **state)
{
	struct target target;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		enum rc rc = target_parse(&op, span_str(bad[i]), &target);

		if (rc != RC_INVALID)
			fail_msg("\"%s\": %s", bad[i], rc_name(rc));
		assert_int_not_equal(op.error[0], '\0');
		op_clear_error(&op);
	}
	/* A NUL as such. */
	ASSERT_RC(
	    &op, RC_INVALID, target_parse(&op, span_of("/a\0b", 4), &target));
}

static void
names_that_only_look_dangerous_are_served(void **state)
{
	static const char *const good[] = {"/...", "/.a", "/..a", "/a..",
	    "/a.b", "/~a", "/%20", "/%2e%2e%2e", "/%25", "/%c2%a0", "/a;b=c,d",
	    "/:", "/@", "/a:b", "/\xe5\x9c\x9f", "/%F4%8F%BF%BF", "/%EF%BF%BD",
	    "/[x]", "/'\"<>|^`{}", "/%E2%80%AE", "/%e3%80%82%e3%80%82"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(parsed(good[i]).n_segments, 1);
}

static void
targets_are_limited(void **state)
{
	char raw[TARGET_SIZE_MAX + 2];
	struct target target;
	size_t i;

	(void)state;
	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	ASSERT_OK(
	    &op, target_parse(&op, span_of(raw, TARGET_SIZE_MAX), &target));
	ASSERT_RC(&op, RC_LIMIT,
	    target_parse(&op, span_of(raw, TARGET_SIZE_MAX + 1), &target));
	for (i = 0; i < 2 * TARGET_SEGMENTS_MAX; i += 2)
		raw[i] = '/';
	ASSERT_OK(
	    &op, target_parse(&op,
		     span_of(raw, (size_t)2 * TARGET_SEGMENTS_MAX), &target));
	assert_int_equal(target.n_segments, TARGET_SEGMENTS_MAX);
	raw[i] = '/';
	raw[i + 1] = 'x';
	ASSERT_RC(&op, RC_LIMIT,
	    target_parse(&op, span_of(raw, (size_t)2 * TARGET_SEGMENTS_MAX + 2),
		&target));
}

static void
parameters_are_found_and_decoded_once(void **state)
{
	struct target target =
	    parsed("/?a=1&b=x%20y+z&c&&d=&a=2&=e&f=%2526&g=%c0&h=%0a&i=a=b");
	struct span value;

	(void)state;
	ASSERT_OK(&op, target_param(&op, &target, "a", &value));
	assert_string_equal((const char *)value.data, "1");
	ASSERT_OK(&op, target_param(&op, &target, "b", &value));
	assert_string_equal((const char *)value.data, "x y z");
	ASSERT_OK(&op, target_param(&op, &target, "c", &value));
	assert_int_equal(value.size, 0);
	ASSERT_OK(&op, target_param(&op, &target, "d", &value));
	assert_int_equal(value.size, 0);
	ASSERT_OK(&op, target_param(&op, &target, "f", &value));
	assert_string_equal((const char *)value.data, "%26");
	ASSERT_OK(&op, target_param(&op, &target, "i", &value));
	assert_string_equal((const char *)value.data, "a=b");
	ASSERT_RC(&op, RC_NOT_FOUND, target_param(&op, &target, "z", &value));
	ASSERT_RC(&op, RC_INVALID, target_param(&op, &target, "g", &value));
	ASSERT_RC(&op, RC_INVALID, target_param(&op, &target, "h", &value));
	target = parsed("/");
	ASSERT_RC(&op, RC_NOT_FOUND, target_param(&op, &target, "a", &value));
}

static enum rc
parse_body(void *arg)
{
	struct op own;
	struct target target;
	enum rc rc;

	(void)arg;
	op_init(&own);
	rc = target_parse(&own, span_str("/a/b%20c"), &target);
	op_release(&own);
	return rc;
}

static void
a_parse_without_memory_fails(void **state)
{
	(void)state;
	test_torture_alloc(parse_body, NULL, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_becomes_decoded_segments),
	    cmocka_unit_test(the_root_and_trailing_slashes_are_told_apart),
	    cmocka_unit_test(absolute_targets_give_their_authority_back),
	    cmocka_unit_test(whatever_could_be_read_in_two_ways_is_refused),
	    cmocka_unit_test(names_that_only_look_dangerous_are_served),
	    cmocka_unit_test(targets_are_limited),
	    cmocka_unit_test(parameters_are_found_and_decoded_once),
	    cmocka_unit_test(a_parse_without_memory_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
