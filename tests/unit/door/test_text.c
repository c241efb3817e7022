/* test_text.c - escaping, types of files by name, ETags and ids as text. */
#include "door/door.h"
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

static void
paths_keep_only_what_every_client_takes(void **state)
{
	CLEANUP(buf_release) struct buf buf = {.limit = 4096};
	struct op *op = *state;

	ASSERT_OK(op,
	    door_escape_path(op, &buf, span_str("aZ09-._~ %/?#&'\"<\xe5\x9c")));
	ASSERT_OK(op, buf_add(op, &buf, span_of("", 1)));
	assert_string_equal((const char *)buf.data,
	    "aZ09-._~%20%25%2F%3F%23%26%27%22%3C%E5%9C");
}

static void
texts_keep_all_but_what_xml_and_html_take_for_theirs(void **state)
{
	CLEANUP(buf_release) struct buf buf = {.limit = 4096};
	struct op *op = *state;

	ASSERT_OK(op,
	    door_escape_text(op, &buf,
		span_str("a<b>&\"'\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd\xef\xbe"
			 "\xbf\xe5\x9c\x9f")));
	ASSERT_OK(op, buf_add(op, &buf, span_of("", 1)));
	assert_string_equal((const char *)buf.data,
	    "a&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	    "\xef\xbe\xbf\xe5\x9c\x9f");
}

static void
types_go_by_the_extension_in_any_case(void **state)
{
	static const char *const rows[][2] = {
	    {"a.pdf", "application/pdf"},
	    {"A.PDF", "application/pdf"},
	    {"a.tar.gz", "application/gzip"},
	    {"7z.7z", "application/x-7z-compressed"},
	    {"zip", "application/octet-stream"},
	    {"a.", "application/octet-stream"},
	    {"a.unheard", "application/octet-stream"},
	    {"", "application/octet-stream"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
		    door_media_type(span_str(rows[i][0])), rows[i][1]);
}

static void
etags_and_ids_tell_nodes_and_states_apart(void **state)
{
	struct node_etag etag = {4660, INT64_MAX};
	char text[DOOR_ETAG_SIZE];

	(void)state;
	door_etag(&etag, text);
	assert_string_equal(text, "\"1234-7fffffffffffffff\"");
	etag = (struct node_etag){INT64_MAX, INT64_MAX};
	door_etag(&etag, text);
	assert_string_equal(text, "\"7fffffffffffffff-7fffffffffffffff\"");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(paths_keep_only_what_every_client_takes),
	    TEST(texts_keep_all_but_what_xml_and_html_take_for_theirs),
	    TEST(types_go_by_the_extension_in_any_case),
	    TEST(etags_and_ids_tell_nodes_and_states_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
