/* proxy_test.c - addresses, ranges of them, and what proxies tell of their
 * clients (HTTP.md 3). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "http/proxy.h"
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

static struct address
address(const char *text)
{
	struct address out;

	assert_true(address_parse(text, &out));
	return out;
}

static bool
in(const char *text, const char *range_text)
{
	struct address_range range;
	struct address one = address(text);

	ASSERT_OK(&op, address_range_parse(&op, range_text, &range));
	return address_in(&one, &range, 1);
}

static void
ranges_hold_what_their_prefix_says(void **state)
{
	(void)state;
	assert_true(in("10.1.2.3", "10.0.0.0/8"));
	assert_false(in("11.1.2.3", "10.0.0.0/8"));
	assert_true(in("192.168.1.130", "192.168.1.128/25"));
	assert_false(in("192.168.1.127", "192.168.1.128/25"));
	assert_true(in("192.0.2.1", "192.0.2.1"));
	assert_false(in("192.0.2.2", "192.0.2.1"));
	assert_true(in("1.2.3.4", "0.0.0.0/0"));
	assert_false(in("::1", "0.0.0.0/0"));
	assert_true(in("1.2.3.4", "::/0"));
	assert_true(in("fd12::1", "fd00::/8"));
	assert_false(in("fe80::1", "fd00::/8"));
	assert_true(in("2001:db8::1", "2001:db8::1/128"));
	assert_true(in("::ffff:10.0.0.1", "10.0.0.0/8"));
}

static void
bad_ranges_are_refused(void **state)
{
	static const char *const bad[] = {"", "/", "10.0.0.0/33", "10.0.0.0/-1",
	    "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/8x", "localhost",
	    "10.0.0.0/8/8",
	    "1111111111111111111111111111111111111111111111111111111111111111"};
	struct address_range range;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(
		    &op, RC_INVALID, address_range_parse(&op, bad[i], &range));
}

static void
addresses_are_written_and_counted_by_network(void **state)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr other = {.sa_family = AF_UNIX};
	struct address a, b;
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr), 1);
	assert_true(address_of_socket((struct sockaddr *)&v4, &a));
	address_text(text, &a);
	assert_string_equal(text, "192.0.2.7");
	assert_int_equal(
	    inet_pton(AF_INET6, "2001:db8:0:1:2::3", &v6.sin6_addr), 1);
	assert_true(address_of_socket((struct sockaddr *)&v6, &a));
	address_text(text, &a);
	assert_string_equal(text, "2001:db8:0:1:2::3");
	assert_false(address_of_socket(&other, &a));
	a = address("2001:db8:0:1::9");
	b = address("2001:db8:0:1:ffff::1");
	a = address_key(&a);
	b = address_key(&b);
	assert_true(address_equal(&a, &b));
	a = address("192.0.2.1");
	b = address("192.0.2.2");
	a = address_key(&a);
	b = address_key(&b);
	assert_false(address_equal(&a, &b));
}

static const char *
client(enum proxy_header kind, const char *list)
{
	static char text[ADDRESS_TEXT_SIZE];
	struct address_range trusted[2];
	struct address peer = address("10.0.0.1");

	ASSERT_OK(&op, address_range_parse(&op, "10.0.0.0/8", &trusted[0]));
	ASSERT_OK(&op, address_range_parse(&op, "fd00::/8", &trusted[1]));
	proxy_client(kind, list, trusted, 2, &peer);
	address_text(text, &peer);
	return text;
}

static void
x_forwarded_for_is_read_from_the_right(void **state)
{
	(void)state;
#define XFF(list) client(PROXY_X_FORWARDED_FOR, list)
	assert_string_equal(XFF("1.2.3.4"), "1.2.3.4");
	assert_string_equal(XFF("6.6.6.6, 1.2.3.4"), "1.2.3.4");
	assert_string_equal(
	    XFF("6.6.6.6,1.2.3.4,10.9.9.9, fd00::2"), "1.2.3.4");
	assert_string_equal(XFF("1.2.3.4:5678"), "1.2.3.4");
	assert_string_equal(XFF("2001:db8::1"), "2001:db8::1");
	assert_string_equal(XFF("[2001:db8::1]:443"), "2001:db8::1");
	assert_string_equal(XFF("\"[2001:db8::1]:443\""), "2001:db8::1");
	assert_string_equal(XFF("10.2.2.2"), "10.2.2.2");
	assert_string_equal(XFF("6.6.6.6, unknown"), "10.0.0.1");
	assert_string_equal(XFF("6.6.6.6, "), "10.0.0.1");
	assert_string_equal(XFF("6.6.6.6, x, 10.3.3.3"), "10.3.3.3");
	assert_string_equal(XFF(""), "10.0.0.1");
	assert_string_equal(XFF("[1.2.3.4"), "10.0.0.1");
	assert_string_equal(XFF("1.2.3.4.5"), "10.0.0.1");
}

static void
forwarded_is_read_from_the_right(void **state)
{
	(void)state;
#define FORWARDED(list) client(PROXY_FORWARDED, list)
	assert_string_equal(FORWARDED("for=1.2.3.4"), "1.2.3.4");
	assert_string_equal(
	    FORWARDED("For=\"[2001:db8::1]:99\";proto=https"), "2001:db8::1");
	assert_string_equal(
	    FORWARDED("for=6.6.6.6, for=1.2.3.4;by=10.0.0.9"), "1.2.3.4");
	assert_string_equal(
	    FORWARDED("for=6.6.6.6;x=\"a,for=7.7.7.7\""), "6.6.6.6");
	assert_string_equal(FORWARDED("for=_hidden"), "10.0.0.1");
	assert_string_equal(FORWARDED("for=unknown"), "10.0.0.1");
	assert_string_equal(FORWARDED("by=1.2.3.4"), "10.0.0.1");
	assert_string_equal(FORWARDED("for="), "10.0.0.1");
	assert_string_equal(client(PROXY_HEADER_NONE, "1.2.3.4"), "10.0.0.1");
}

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(text) span_of(text, sizeof(text) - 1)

static void
proxy_v2_headers_are_read(void **state)
{
	static const char v4[] =
	    SIGNATURE "\x21\x11\0\x0c\xcb\0\x71\7\x7f\0\0\1\x12\x34\1\xbb";
	static const char unix_one[] = SIGNATURE "\x21\x31\0\0";
	struct address out;
	size_t size;
	bool known;

	(void)state;
	ASSERT_OK(&op, proxy_size(&op, (const uint8_t *)v4, &size));
	assert_int_equal(size, 28);
	ASSERT_OK(&op, proxy_parse(&op, BYTES(v4), &known, &out));
	assert_true(known);
	ASSERT_OK(&op, proxy_parse(&op, BYTES(unix_one), &known, &out));
	assert_false(known);
	ASSERT_RC(
	    &op, RC_INVALID, proxy_parse(&op, span_of(v4, 27), &known, &out));
	ASSERT_RC(
	    &op, RC_INVALID, proxy_parse(&op, span_of(v4, 15), &known, &out));
	ASSERT_RC(&op, RC_INVALID,
	    proxy_parse(&op, BYTES(SIGNATURE "\x22\x11\0\0"), &known, &out));
	ASSERT_RC(&op, RC_INVALID,
	    proxy_parse(&op, BYTES(SIGNATURE "\x31\x11\0\0"), &known, &out));
	ASSERT_RC(&op, RC_INVALID,
	    proxy_parse(&op, BYTES(SIGNATURE "\x21\x21\0\1x"), &known, &out));
	ASSERT_RC(&op, RC_LIMIT,
	    proxy_size(
		&op, (const uint8_t *)SIGNATURE "\x21\x11\x08\0", &size));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_hold_what_their_prefix_says),
	    cmocka_unit_test(bad_ranges_are_refused),
	    cmocka_unit_test(addresses_are_written_and_counted_by_network),
	    cmocka_unit_test(x_forwarded_for_is_read_from_the_right),
	    cmocka_unit_test(forwarded_is_read_from_the_right),
	    cmocka_unit_test(proxy_v2_headers_are_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
