/* test_locking.c - If headers, lock tokens and the XML of LOCK as text. */
#include "base/buf.h"
#include "base/fault.h"
#include "dav/if_header.h"
#include "dav/lock_body.h"
#include "dav/token.h"
#include "lib/test.h"

#define TOKEN "opaquelocktoken:00112233-4455-4677-8899-aabbccddeeff"

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

/* ---- If ---- */

static const struct span own[] = {{(const uint8_t *)"own", 3}};

/* "/a" is one of ours, all else is not. */
static enum rc
resource(void *arg, struct op *op, struct span uri, struct if_list *list)
{
	static const struct span a[] = {{(const uint8_t *)"a", 1}};

	(void)arg;
	if (uri.size == 3)
		FAIL(op, RC_INVALID, "a bad path");
	list->elsewhere = uri.size != 2;
	list->names = a;
	list->n_names = 1;
	return RC_OK;
}

static enum rc
parse(struct op *op, const char *text, const struct if_lists **ret_lists)
{
	const struct if_reader reader = {
	    .resource = resource, .names = own, .n_names = 1};

	return if_header_parse(op, text, &reader, ret_lists);
}

static void
lists_come_with_their_paths_and_conditions(void **state)
{
	const struct if_lists *lists;
	struct op *op = *state;
	const struct if_list *l;

	ASSERT_OK(
	    op, parse(op,
		    " (<" TOKEN "> [\"3e9-7\"])(NOT <DAV:no-lock>) </a>\t(not "
		    "[W/\"3e9-7\"] [\"x]y\"])(<urn:a>) <https://other/> "
		    "(<" TOKEN ">) ",
		    &lists));
	assert_int_equal(lists->n, 5);
	l = &lists->lists[0];
	assert_ptr_equal(l->names, own);
	assert_int_equal(l->n, 2);
	assert_int_equal(l->conditions[0].kind, IF_TOKEN);
	assert_memory_equal(l->conditions[0].token, "\x00\x11\x22\x33\x44", 5);
	assert_false(l->conditions[0].negated);
	assert_int_equal(l->conditions[1].kind, IF_ETAG);
	assert_int_equal(l->conditions[1].etag.node, 0x3e9);
	assert_int_equal(l->conditions[1].etag.tag, 7);
	l = &lists->lists[1];
	assert_int_equal(l->n, 1);
	assert_true(l->conditions[0].negated);
	assert_int_equal(l->conditions[0].kind, IF_NOTHING);
	l = &lists->lists[2];
	assert_string_equal((const char *)l->names[0].data, "a");
	assert_int_equal(l->n, 2);
	/* A weak tag names no state that may be changed. */
	assert_int_equal(l->conditions[0].kind, IF_NOTHING);
	assert_true(l->conditions[0].negated);
	assert_int_equal(l->conditions[1].kind, IF_NOTHING);
	assert_string_equal((const char *)lists->lists[3].names[0].data, "a");
	assert_true(lists->lists[4].elsewhere);
}

static void
malformed_if_headers_are_refused(void **state)
{
	static const char *const texts[] = {"", "x", "(", "()", "( )", ")",
	    "(<>)", "(<a)", "(<a b>)", "(<a><b>", "([\"x\")", "([x])",
	    "([\"x])", "([\"a\",\"b\"])", "(Not)", "(Not Not <a>)", "(Nothing)",
	    "</a>", "</a> </a> (<b>)", "(<a>) </a>", "</b/> (<a>)", "<",
	    "(<a>) x", "(\"a\")"};
	const struct if_lists *lists;
	struct op *op = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		enum rc rc = parse(op, texts[i], &lists);

		if (rc != RC_INVALID)
			fail_msg("%s: %d", texts[i], (int)rc);
		op_clear_error(op);
	}
}

static void
ten_thousand_conditions_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf text = {.limit = 1 << 20};
	const struct if_lists *lists;
	struct op *op = *state;
	int i;

	for (i = 0; i < 10000; i++)
		ASSERT_OK(op, buf_add_str(op, &text, "(<a:b>)"));
	ASSERT_OK(op, buf_add(op, &text, span_of("", 1)));
	ASSERT_RC(op, RC_LIMIT, parse(op, (const char *)text.data, &lists));
	op_clear_error(op);
	buf_clear(&text);
	ASSERT_OK(op, buf_add_str(op, &text, "("));
	for (i = 0; i < 10000; i++)
		ASSERT_OK(op, buf_add_str(op, &text, "Not<a:b>"));
	ASSERT_OK(op, buf_add(op, &text, span_of(")", 2)));
	ASSERT_RC(op, RC_LIMIT, parse(op, (const char *)text.data, &lists));
}

/* ---- tokens ---- */

static void
a_token_has_one_text(void **state)
{
	uint8_t token[LOCK_TOKEN_SIZE], again[LOCK_TOKEN_SIZE];
	char text[TOKEN_TEXT_SIZE];
	struct op *op = *state;

	token_make(token);
	token_text(token, text);
	assert_true(token_parse(op, span_str(text), again));
	assert_memory_equal(token, again, LOCK_TOKEN_SIZE);
	assert_int_equal(text[sizeof("opaquelocktoken:") - 1 + 14], '4');
	assert_true(token_parse(op, span_str(TOKEN), token));
	token_text(token, text);
	assert_string_equal(text, TOKEN);
}

static void
other_tokens_are_none_of_ours(void **state)
{
	static const char *const texts[] = {"",
	    "opaquelocktoken:", "urn:uuid:00112233-4455-4677-8899-aabbccddeeff",
	    TOKEN "0", "opaquelocktoken:00112233-4455-4677-8899-aabbccddeefg",
	    "opaquelocktoken:0011223344554677-8899--aabbccddeeff0",
	    "opaquelocktoken:00112233-4455-4677-8899-aabbccddee f"};
	uint8_t token[LOCK_TOKEN_SIZE];
	struct op *op = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		if (token_parse(op, span_str(texts[i]), token))
			fail_msg("%s", texts[i]);
}

static void
lock_token_headers_may_lack_their_brackets(void **state)
{
	uint8_t token[LOCK_TOKEN_SIZE];
	struct op *op = *state;
	bool ours;

	ASSERT_OK(op, token_header(op, "<" TOKEN ">", &ours, token));
	assert_true(ours);
	ASSERT_OK(op, token_header(op, TOKEN, &ours, token));
	assert_true(ours);
	ASSERT_OK(op, token_header(op, "<urn:x>", &ours, token));
	assert_false(ours);
	ASSERT_RC(op, RC_INVALID, token_header(op, "", &ours, token));
	op_clear_error(op);
	ASSERT_RC(op, RC_INVALID, token_header(op, "<>", &ours, token));
	op_clear_error(op);
	ASSERT_RC(op, RC_INVALID, token_header(op, "abc", &ours, token));
	op_clear_error(op);
	ASSERT_RC(op, RC_INVALID,
	    token_header(op, "<" TOKEN "> <" TOKEN ">", &ours, token));
}

/* ---- LOCK's body ---- */

static enum rc
parse_body(
    struct op *op, const char *text, size_t piece, struct lock_body *body)
{
	struct lock_parser *parser;
	size_t at, size = strlen(text);
	enum rc rc;

	TRY(lock_parser_new(op, &parser));
	rc = RC_OK;
	for (at = 0; at < size && rc == RC_OK; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		rc = lock_parser_feed(op, parser, span_of(text + at, n));
	}
	if (rc == RC_OK)
		rc = lock_parser_end(op, parser, body);
	lock_parser_free(parser);
	return rc;
}

#define INFO(scope, rest) \
	"<?xml version=\"1.0\"?><D:lockinfo xmlns:D='DAV:' " \
	"xmlns:b='urn:b'><D:lockscope><D:" scope "/></D:lockscope>" \
	"<D:locktype><D:write/></D:locktype>" rest "</D:lockinfo>"

static void
a_lockinfo_has_scope_type_and_owner(void **state)
{
	struct op *op = *state;
	struct lock_body body;
	size_t piece;

	ASSERT_OK(op, parse_body(op, INFO("exclusive", ""), 9, &body));
	assert_false(body.shared);
	assert_int_equal(body.owner.size, 0);
	ASSERT_OK(
	    op, parse_body(op, INFO("shared", "<D:owner>a &amp; b</D:owner>"),
		    9, &body));
	assert_true(body.shared);
	assert_string_equal((const char *)body.owner.data, "a &amp; b");
	ASSERT_OK(op, parse_body(op, "", 1, &body));
	assert_true(body.empty);
	for (piece = 1; piece < 300; piece += 37) {
		ASSERT_OK(
		    op, parse_body(op,
			    INFO("exclusive",
				"<D:owner><D:href b:x='&quot;&#10;' "
				"xml:lang='ja'>u<none xmlns='' y='1'/></D:href>"
				"</D:owner>"),
			    piece, &body));
		/* It means the same wherever it is put. */
		assert_string_equal((const char *)body.owner.data,
		    "<D:href xmlns:D=\"DAV:\" xmlns:b=\"urn:b\" "
		    "b:x=\"&quot;&#10;\" xml:lang=\"ja\">u<none xmlns=\"\" "
		    "y=\"1\"></none></D:href>");
	}
}

static void
other_bodies_are_refused(void **state)
{
	static const char *const texts[] = {"<a/>", "<lockinfo/>",
	    "<lockinfo xmlns='DAV:'/>",
	    "<lockinfo xmlns='DAV:'><locktype><write/></locktype></lockinfo>",
	    INFO("other", ""),
	    INFO("shared", "<D:lockscope><D:exclusive/></D:lockscope>"),
	    "<!DOCTYPE a []><lockinfo xmlns='DAV:'/>", " ",
	    "<lockinfo xmlns='DAV:&#10;x'/>"};
	struct op *op = *state;
	struct lock_body body;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		enum rc rc = parse_body(op, texts[i], 1000, &body);

		if (rc != RC_INVALID)
			fail_msg("%s: %d", texts[i], (int)rc);
		op_clear_error(op);
	}
}

static void
owners_namespaces_and_attributes_have_limits(void **state)
{
	CLEANUP(buf_release) struct buf text = {.limit = 1 << 20};
	struct op *op = *state;
	struct lock_body body;
	int i, kind;

	for (kind = 0; kind < 3; kind++) {
		buf_clear(&text);
		ASSERT_OK(
		    op, buf_add_str(op, &text,
			    "<D:lockinfo xmlns:D='DAV:'><D:owner><x a='"));
		for (i = 0; i <= LOCK_OWNER_MAX / 8; i++)
			ASSERT_OK(
			    op, kind == 0 ? buf_add_str(op, &text, "12345678")
				: kind == 1
				    ? buf_add_format(op, &text, "' a%d='", i)
				    : buf_add_str(op, &text, ""));
		if (kind == 2) {
			ASSERT_OK(op, buf_add_str(op, &text, "' xmlns='"));
			for (i = 0; i <= XML_NAMESPACE_MAX; i++)
				ASSERT_OK(op, buf_add_str(op, &text, "n"));
		}
		ASSERT_OK(
		    op, buf_add_str(op, &text, "'/></D:owner></D:lockinfo>"));
		ASSERT_OK(op, buf_add(op, &text, span_of("", 1)));
		ASSERT_RC(op, RC_LIMIT,
		    parse_body(op, (const char *)text.data, 4096, &body));
		op_clear_error(op);
	}
}

static enum rc
parse_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct lock_body body;

	(void)arg;
	op_init(&op);
	return parse_body(&op,
	    INFO("shared", "<D:owner><b:x b:y='z'>t</b:x></D:owner>"), 50,
	    &body);
}

static void
every_allocation_may_fail(void **state)
{
	(void)state;
	test_torture_alloc(parse_once, NULL, 400);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(lists_come_with_their_paths_and_conditions),
	    TEST(malformed_if_headers_are_refused),
	    TEST(ten_thousand_conditions_are_refused),
	    TEST(a_token_has_one_text),
	    TEST(other_tokens_are_none_of_ours),
	    TEST(lock_token_headers_may_lack_their_brackets),
	    TEST(a_lockinfo_has_scope_type_and_owner),
	    TEST(other_bodies_are_refused),
	    TEST(owners_namespaces_and_attributes_have_limits),
	    TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
