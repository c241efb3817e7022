/* test_update.c - what a PROPPATCH's XML wants changed, and its limits. */
#include "base/buf.h"
#include "base/fault.h"
#include "dav/proppatch_body.h"
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
parse(
    struct op *op, const char *text, size_t piece, struct proppatch_body *body)
{
	struct proppatch_parser *parser;
	size_t size = strlen(text);
	enum rc rc = RC_OK;
	size_t at;

	TRY(proppatch_parser_new(op, &parser));
	for (at = 0; at < size && rc == RC_OK; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		rc = proppatch_parser_feed(op, parser, span_of(text + at, n));
	}
	if (rc == RC_OK)
		rc = proppatch_parser_end(op, parser, body);
	proppatch_parser_free(parser);
	return rc;
}

#define WANTS \
	"<D:propertyupdate xmlns:D=\"DAV:\" xmlns:o=\"urn:o\">" \
	"<D:other><D:prop><D:no/></D:prop></D:other>" \
	"<D:set><o:prop><D:no/></o:prop><D:prop>" \
	"<D:lastmodified> 1600 <!-- -->000000\n</D:lastmodified>" \
	"<o:sums>\n<o:sum>SHA1:&lt;x&gt;</o:sum> </o:sums><bare/>" \
	"</D:prop></D:set>" \
	"<D:remove><D:prop><o:gone>text</o:gone></D:prop></D:remove>" \
	"</D:propertyupdate>"

static void
properties_come_in_order_with_their_values(void **state)
{
	static const struct proppatch_property expected[] = {
#define ELEMENT(text) {(const uint8_t *)(text), sizeof(text) - 1}
	    {false, "DAV:", "lastmodified", "1600 000000",
		ELEMENT("<D:lastmodified xmlns:D=\"DAV:\"> 1600 000000\n"
			"</D:lastmodified>")},
	    {false, "urn:o", "sums", "SHA1:<x>",
		ELEMENT("<o:sums xmlns:o=\"urn:o\">\n"
			"<o:sum xmlns:o=\"urn:o\">SHA1:&lt;x&gt;</o:sum> "
			"</o:sums>")},
	    {false, "", "bare", "", ELEMENT("<bare xmlns=\"\"></bare>")},
	    {true, "urn:o", "gone", "", ELEMENT("")},
	};
	struct proppatch_body body;
	struct op *op = *state;
	size_t piece, i;

	for (piece = 1; piece < 400; piece += 13) {
		ASSERT_OK(op, parse(op, WANTS, piece, &body));
		assert_int_equal(body.n, ARRAY_LEN(expected));
		for (i = 0; i < body.n; i++) {
			const struct proppatch_property *a =
			    &body.properties[i];
			const struct proppatch_property *b = &expected[i];

			assert_int_equal(a->remove, b->remove);
			assert_string_equal(a->namespace, b->namespace);
			assert_string_equal(a->name, b->name);
			assert_string_equal(a->value, b->value);
			assert_true(span_equal(a->xml, b->xml));
		}
	}
}

static void
what_changes_nothing_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "<a/>", "<propertyupdate/>",
	    "<propertyupdate xmlns=\"DAV:\"/>",
	    "<propertyupdate xmlns=\"DAV:\"><set/></propertyupdate>",
	    "<propertyupdate xmlns=\"DAV:\"><set><prop/></set>"
	    "</propertyupdate>",
	    "<propertyupdate xmlns=\"DAV:\"><set><prop><a></prop></set>"
	    "</propertyupdate>",
	    "<!DOCTYPE a>" WANTS};
	struct proppatch_body body;
	struct op *op = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(op, RC_INVALID, parse(op, bad[i], 5, &body));
}

static void
number_and_size_have_limits(void **state)
{
	CLEANUP(buf_release) struct buf text = {.limit = 1 << 20};
	static const char begin[] =
	    "<propertyupdate xmlns=\"DAV:\"><set><prop>";
	struct proppatch_body body;
	struct op *op = *state;
	int i;

	ASSERT_OK(op, buf_add_str(op, &text, begin));
	for (i = 0; i <= PROPPATCH_MAX; i++)
		ASSERT_OK(op, buf_add_format(op, &text, "<a%d/>", i));
	ASSERT_OK(op, buf_add(op, &text, span_of("", 1)));
	ASSERT_RC(
	    op, RC_LIMIT, parse(op, (const char *)text.data, 4096, &body));
	buf_clear(&text);
	ASSERT_OK(op, buf_add_str(op, &text, begin));
	ASSERT_OK(op, buf_add_str(op, &text, "<a>"));
	for (i = 0; i <= PROPPATCH_SIZE; i++)
		ASSERT_OK(op, buf_add_str(op, &text, "x"));
	ASSERT_OK(op, buf_add(op, &text, span_of("", 1)));
	ASSERT_RC(
	    op, RC_LIMIT, parse(op, (const char *)text.data, 4096, &body));
}

/* Each element has it anew: a long one would cost its length each time. */
static void
a_long_namespace_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf text = {.limit = XML_SIZE_MAX + 1};
	struct proppatch_body body;
	struct op *op = *state;
	int i;

	ASSERT_OK(op, buf_add_str(op, &text,
			  "<propertyupdate xmlns=\"DAV:\" xmlns:n=\""));
	for (i = 0; i <= XML_NAMESPACE_MAX; i++)
		ASSERT_OK(op, buf_add_str(op, &text, "n"));
	ASSERT_OK(
	    op, buf_add_str(op, &text,
		    "\"><set><prop><n:a/></prop></set></propertyupdate>"));
	ASSERT_OK(op, buf_add(op, &text, span_of("", 1)));
	ASSERT_RC(
	    op, RC_LIMIT, parse(op, (const char *)text.data, 4096, &body));
}

static enum rc
parse_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct proppatch_body body;

	(void)arg;
	op_init(&op);
	return parse(&op, WANTS, 50, &body);
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
	    TEST(properties_come_in_order_with_their_values),
	    TEST(what_changes_nothing_is_refused),
	    TEST(number_and_size_have_limits),
	    TEST(a_long_namespace_is_refused),
	    TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
