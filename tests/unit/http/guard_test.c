/* guard_test.c - the guard over a head as libmicrohttpd leaves it (H6); whole
 * requests are in smuggling_test.c. */
#include <string.h>

#include "http/guard.h"
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

/* '|' stands for the NUL that libmicrohttpd writes. */
static int
status_of(const char *text, size_t target_size, struct guard_head *ret_head)
{
	char bytes[1024];
	size_t i, size = strlen(text);
	int status = -1;

	assert_true(size < sizeof(bytes));
	for (i = 0; i < size; i++)
		bytes[i] = text[i];
	for (i = 0; i < size; i++)
		if (bytes[i] == '|')
			bytes[i] = '\0';
	ASSERT_OK(&op, guard_check(&op, span_of(bytes, size), target_size,
			   &status, ret_head));
	return status;
}

#define LINE "PUT|/a|HTTP/1.1||"
#define HOST "Host| h||"

static void
an_honest_head_is_read(void **state)
{
	struct guard_head head;

	(void)state;
	assert_int_equal(status_of(LINE HOST
			     "Content-Length| 12||X-Y|\t a b \t||Z|||Z| 2||||",
			     2, &head),
	    0);
	assert_string_equal(head.method, "PUT");
	assert_false(head.http_1_0);
	assert_true(head.has_body);
	assert_int_equal(head.content_length, 12);
	assert_false(head.expects_continue);
	assert_string_equal(head.host, "h");
	assert_int_equal(head.n_fields, 5);
	assert_string_equal(head.fields[2].name, "X-Y");
	assert_string_equal(head.fields[2].value, "a b");
	assert_string_equal(head.fields[3].value, "");
	assert_string_equal(head.fields[4].value, "2");
}

static void
lengths_and_expectations_are_told(void **state)
{
	struct guard_head head;

	(void)state;
	assert_int_equal(
	    status_of(LINE HOST "Transfer-Encoding| chunked||||", 2, &head), 0);
	assert_true(head.has_body);
	assert_true(head.content_length == GUARD_SIZE_UNKNOWN);
	assert_int_equal(
	    status_of(LINE HOST "transfer-encoding| Chunked||||", 2, &head), 0);
	assert_int_equal(status_of(LINE HOST "||", 2, &head), 0);
	assert_false(head.has_body);
	assert_int_equal(
	    status_of(LINE HOST "Content-Length| 0||||", 2, &head), 0);
	assert_false(head.has_body);
	assert_int_equal(
	    status_of(
		LINE HOST "Content-Length| 9223372036854775807||||", 2, &head),
	    0);
	assert_int_equal(
	    status_of(LINE HOST "Content-Length| 1||Expect| 100-Continue||||",
		2, &head),
	    0);
	assert_true(head.expects_continue);
	/* Nothing is to come: there is nothing to wait for. */
	assert_int_equal(
	    status_of(LINE HOST "Expect| 100-continue||||", 2, &head), 0);
	assert_false(head.expects_continue);
	assert_int_equal(
	    status_of(
		"PUT|/a|HTTP/1.0||Content-Length| 1||Expect| x||||", 2, &head),
	    0);
	assert_true(head.http_1_0);
	assert_null(head.host);
}

static void
a_byte_out_of_place_is_seen(void **state)
{
	static const char *const bad[] = {
	    "",
	    "|",
	    "PUT",
	    "PUT|/a",
	    "PUT|/a|",
	    "PUT|/a|HTTP/1.1",
	    "PUT|/a|HTTP/1.1|",
	    LINE,
	    LINE "|",
	    LINE HOST,
	    LINE HOST "|",
	    LINE HOST "|||",
	    LINE HOST "||x",
	    /* bare LF is one NUL, not two */
	    "PUT|/a|HTTP/1.1|" HOST "||",
	    LINE "Host| h|X| y||||",
	    LINE "Host| h|||",
	    /* folded lines, NUL, stray blanks */
	    LINE HOST "X| a||| b||||",
	    LINE HOST "X| a|b||||",
	    LINE HOST "|X| a||||",
	    LINE " " HOST "||",
	    LINE HOST "X | a||||",
	    LINE HOST "X||||",
	    LINE HOST "X||",
	    LINE HOST "X| a",
	    LINE HOST "X| ",
	    LINE HOST "X|",
	    "PUT| /a|HTTP/1.1||" HOST "||",
	    "PUT|/a||HTTP/1.1||" HOST "||",
	    "PUT |/a|HTTP/1.1||" HOST "||",
	    "|/a|HTTP/1.1||" HOST "||",
	    "PUT|/a|HTTP/1.1 ||" HOST "||",
	    "PUT|/a|http/1.1||" HOST "||",
	    "PU(T|/a|HTTP/1.1||" HOST "||",
	    LINE HOST "X| a\x01||||",
	    LINE HOST "X| a\x7f||||",
	    LINE HOST "X| a\rb||||",
	};
	struct guard_head head;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		int status = status_of(bad[i], 2, &head);

		if (status != 400)
			fail_msg("%zu (%s): %d", i, bad[i], status);
	}
	/* A target that is longer or shorter than was told. */
	assert_int_equal(status_of(LINE HOST "||", 1, &head), 400);
	assert_int_equal(status_of(LINE HOST "||", 3, &head), 400);
	assert_int_equal(status_of(LINE HOST "||", 100000, &head), 400);
}

static void
tokens_are_tokens(void **state)
{
	(void)state;
	assert_true(guard_is_token("aZ09!#$%&'*+-.^_`|~"));
	assert_false(guard_is_token(""));
	assert_false(guard_is_token("a b"));
	assert_false(guard_is_token("a:"));
	assert_false(guard_is_token("\xe5"));
}

static enum rc
check_body(void *arg)
{
	static const char bytes[] =
	    "PUT\0/a\0HTTP/1.1\0\0Host\0 h\0\0X\0 y\0\0\0";
	struct guard_head head;
	struct op own;
	int status = 0;
	enum rc rc;

	(void)arg;
	op_init(&own);
	rc =
	    guard_check(&own, span_of(bytes, sizeof(bytes)), 2, &status, &head);
	op_release(&own);
	assert_int_equal(status, 0);
	return rc;
}

static void
a_guard_without_memory_fails(void **state)
{
	(void)state;
	test_torture_alloc(check_body, NULL, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_honest_head_is_read),
	    cmocka_unit_test(lengths_and_expectations_are_told),
	    cmocka_unit_test(a_byte_out_of_place_is_seen),
	    cmocka_unit_test(tokens_are_tokens),
	    cmocka_unit_test(a_guard_without_memory_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
