/* test_body.c - what a PROPFIND's XML asks for, and its limits. */
#include "base/buf.h"
#include "base/fault.h"
#include "dav/propfind_body.h"
#include "lib/test.h"

static int
setup(void **state)
{
	static struct op op;

	op_init(&op);
	*state = &op;
	return 0;
}

static int
teardown(void **state)
{
	op_release(*state);
	return 0;
}

static enum rc
parse(struct op *op, const char *text, size_t piece, struct propfind_body *body)
{
	struct body_parser *parser;
	size_t size = strlen(text);
	enum rc rc;
	size_t at;

	TRY(body_parser_new(op, &parser));
	rc = RC_OK;
	for (at = 0; at < size && rc == RC_OK; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		rc = body_parser_feed(op, parser, span_of(text + at, n));
	}
	if (rc == RC_OK)
		rc = body_parser_end(op, parser, body);
	body_parser_free(parser);
	return rc;
}

#define ASKS \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" \
	"<D:propfind xmlns:D=\"DAV:\" xmlns:o=\"urn:o\"><D:prop>" \
	"<D:getetag/><o:size>text <D:inner/></o:size><bare/>" \
	"</D:prop></D:propfind>\n"

static void
names_come_with_their_namespaces(void **state)
{
	struct propfind_body body;
	struct op *op = *state;
	size_t piece;

	for (piece = 1; piece < 300; piece += 13) {
		ASSERT_OK(op, parse(op, ASKS, piece, &body));
		assert_int_equal(body.kind, PROPFIND_PROP);
		assert_int_equal(body.n_names, 3);
		assert_string_equal(body.names[0].namespace, "DAV:");
		assert_string_equal(body.names[0].name, "getetag");
		assert_string_equal(body.names[1].namespace, "urn:o");
		assert_string_equal(body.names[1].name, "size");
		assert_string_equal(body.names[2].namespace, "");
		assert_string_equal(body.names[2].name, "bare");
	}
}

static void
no_body_is_an_allprop(void **state)
{
	struct propfind_body body;
	struct op *op = *state;

	ASSERT_OK(op, parse(op, "", 1, &body));
	assert_int_equal(body.kind, PROPFIND_ALLPROP);
	assert_int_equal(body.n_names, 0);
}

static void
unknown_elements_are_passed_over(void **state)
{
	struct propfind_body body;
	struct op *op = *state;

	ASSERT_OK(op,
	    parse(op,
		"<propfind xmlns=\"DAV:\"><x><prop><a/></prop></x><allprop/>"
		"<include><b/></include></propfind>",
		9, &body));
	assert_int_equal(body.kind, PROPFIND_ALLPROP);
	assert_int_equal(body.n_names, 1);
	assert_string_equal(body.names[0].name, "b");
}

static void
a_doctype_is_refused_before_anything_is_read_of_it(void **state)
{
	struct propfind_body body;
	struct op *op = *state;

	ASSERT_RC(op, RC_INVALID, parse(op, "<!DOCTYPE a [", 1, &body));
	ASSERT_RC(op, RC_INVALID,
	    parse(op,
		"<!DOCTYPE a [<!ENTITY x \"y\">]><propfind xmlns=\"DAV:\">"
		"<prop/></propfind>",
		1000, &body));
}

static void
depth_names_and_size_have_limits(void **state)
{
	CLEANUP(buf_release) struct buf text = {.limit = 1 << 20};
	struct propfind_body body;
	struct op *op = *state;
	int i;

	ASSERT_OK(
	    op, buf_add_str(op, &text, "<propfind xmlns=\"DAV:\"><prop>"));
	for (i = 0; i <= BODY_NAMES_MAX; i++)
		ASSERT_OK(op, buf_add_format(op, &text, "<a%d/>", i));
	ASSERT_OK(op, buf_add(op, &text, span_of("</prop></propfind>", 19)));
	ASSERT_RC(
	    op, RC_LIMIT, parse(op, (const char *)text.data, 4096, &body));
	buf_clear(&text);
	for (i = 0; i <= XML_DEPTH_MAX; i++)
		ASSERT_OK(
		    op, buf_add_str(op, &text,
			    i == 0 ? "<propfind xmlns=\"DAV:\">" : "<prop>"));
	ASSERT_OK(op, buf_add(op, &text, span_of("", 1)));
	ASSERT_RC(
	    op, RC_LIMIT, parse(op, (const char *)text.data, 4096, &body));
	buf_clear(&text);
	for (i = 0; i <= XML_SIZE_MAX; i++)
		ASSERT_OK(op, buf_add_str(op, &text, " "));
	ASSERT_OK(op, buf_add(op, &text, span_of("", 1)));
	ASSERT_RC(
	    op, RC_LIMIT, parse(op, (const char *)text.data, 4096, &body));
}

static enum rc
parse_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct propfind_body body;

	(void)arg;
	op_init(&op);
	return parse(&op, ASKS, 50, &body);
}

static void
every_allocation_may_fail(void **state)
{
	(void)state;
	test_torture_alloc(parse_once, NULL, 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(names_come_with_their_namespaces),
	    TEST(no_body_is_an_allprop),
	    TEST(unknown_elements_are_passed_over),
	    TEST(a_doctype_is_refused_before_anything_is_read_of_it),
	    TEST(depth_names_and_size_have_limits),
	    TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
