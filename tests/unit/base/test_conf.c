/* test_conf.c - configuration files by a table of keys. */
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "base/fault.h"
#include "lib/test.h"

static const struct conf_key keys[] = {
    {"service", "listen", CONF_STRING, "localhost:8443", 1, 100,
	"Where to listen."},
    {"service", "min_sites", CONF_U64, "2", 1, 9,
	"How many sites must have a change on disk before it is acknowledged. "
	"Fewer in "
	"service: writes are refused and reads go on."},
    {"service", "names", CONF_LIST, "", 0, 3, "More names of this host."},
    {"service", "strict", CONF_BOOL, "yes", 0, 0, "Whether to be strict."},
    {"store", "reserve", CONF_SIZE, "1 GiB", 0, UINT64_C(1) << 50,
	"Bytes kept free."},
    {"store", "trash", CONF_DURATION, "30d", 60, 86400 * 365, "How long."},
    {"site *", "url", CONF_STRING, NULL, 1, 180, "Where the site is."},
    {"site *", "place", CONF_STRING, "", 0, 64, "Free text."},
};

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static enum rc
parse(struct op *op, const char *text, struct conf **ret_conf)
{
	return conf_parse(op, span_str(text), keys, ARRAY_LEN(keys), ret_conf);
}

static void
an_empty_file_gives_the_defaults(void **state)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	struct op *op = *state;
	size_t n = 9;

	ASSERT_OK(op, parse(op, "", &conf));
	assert_string_equal(
	    conf_get_string(conf, "service", "listen"), "localhost:8443");
	assert_int_equal(conf_get_u64(conf, "service", "min_sites"), 2);
	assert_true(conf_get_bool(conf, "service", "strict"));
	assert_int_equal(conf_get_u64(conf, "store", "reserve"), 1 << 30);
	assert_int_equal(conf_get_u64(conf, "store", "trash"), 30 * 86400);
	(void)conf_get_list(conf, "service", "names", &n);
	assert_int_equal(n, 0);
	assert_null(conf_section_name(conf, "site", 0));
}

static void
a_full_file_gives_what_it_says(void **state)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	const char *const *names;
	struct op *op = *state;
	size_t n;

	ASSERT_OK(op, parse(op,
			  "\xEF\xBB\xBF# a comment\r\n"
			  "; another = one\r\n"
			  "\r\n"
			  "[service]\r\n"
			  "listen=[::]:443\r\n"
			  "min_sites = 3\r\n"
			  "names = a.example ,b.example,\tc\r\n"
			  "strict = off\r\n"
			  "   \r\n"
			  "[site tokyo]\n"
			  "url = dir:/srv/a;b=c #d: e\n"
			  "place = \xE6\x9D\xB1\xE4\xBA\xAC\n"
			  "[store]  \n"
			  "reserve = 64 MiB\n"
			  "trash = 12h\n"
			  "[site osaka-2]\n"
			  "url = dir:/srv/o",
			  &conf));
	assert_string_equal(
	    conf_get_string(conf, "service", "listen"), "[::]:443");
	assert_int_equal(conf_get_u64(conf, "service", "min_sites"), 3);
	assert_false(conf_get_bool(conf, "service", "strict"));
	names = conf_get_list(conf, "service", "names", &n);
	assert_int_equal(n, 3);
	assert_string_equal(names[0], "a.example");
	assert_string_equal(names[1], "b.example");
	assert_string_equal(names[2], "c");
	assert_int_equal(conf_get_u64(conf, "store", "reserve"), 64 << 20);
	assert_int_equal(conf_get_u64(conf, "store", "trash"), 12 * 3600);
	assert_string_equal(conf_section_name(conf, "site", 0), "tokyo");
	assert_string_equal(conf_section_name(conf, "site", 1), "osaka-2");
	assert_null(conf_section_name(conf, "site", 2));
	assert_string_equal(
	    conf_get_string(conf, "site tokyo", "url"), "dir:/srv/a;b=c #d: e");
	assert_string_equal(conf_get_string(conf, "site tokyo", "place"),
	    "\xE6\x9D\xB1\xE4\xBA\xAC");
	assert_string_equal(conf_get_string(conf, "site osaka-2", "place"), "");
}

/* What each bad file is answered with: part of the text tells line and reason.
 */
static void
a_bad_file_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"listen = x\n", "line 1: listen stands before any [section]"},
	    {"\n[service]\nlissen = x\n",
		"line 3: unknown key lissen in [service]"},
	    {"[service]\nurl = x\n", "line 2: unknown key url in [service]"},
	    {"[servise]\n", "line 1: unknown section [servise]"},
	    {"[service]\n\n[service]\n",
		"line 3: section [service] a second time"},
	    {"[site a]\nurl=x\n[site a]\nurl=y\n",
		"line 3: section [site a] a second time"},
	    {"[service]\nmin_sites=1\nmin_sites=2\n",
		"line 3: min_sites in [service] a second time"},
	    {"[site]\n", "unknown section [site]"},
	    {"[site ]\n", "unknown section"},
	    {"[site A]\n", "unknown section [site A]"},
	    {"[site a b]\n", "unknown section"},
	    {"[site aaaaaaaaaabbbbbbbbbbccccccccccddd]\n", "unknown section"},
	    {"[site a]\n", "url is missing in [site a]"},
	    {"[service\n", "line 1: a section's name ends with ]"},
	    {"[service] x\n", "line 1: something behind"},
	    {"[service]\nmin_sites\n", "line 2: expected key = value"},
	    {"[service]\n = 3\n", "line 2 starts with a blank"},
	    {"[service]\n= 3\n", "line 2: unknown key  in"},
	    {"[service]\nlisten = a\n  b\n", "line 3 starts with a blank"},
	    {"[service]\n\tlisten = a\n", "line 2 starts with a blank"},
	    {"[service]\nmin_sites = 2 ; two\n",
		"line 2: a comment needs a line of its own"},
	    {"[service]\nlisten = ;x\n",
		"line 2: a comment needs a line of its own"},
	    {"[service]\nlisten = a\x01\n", "line 2: a control character"},
	    {"[service]\nlisten = a\rb\n", "line 2: a control character"},
	    {"[service]\nlisten = \xC0\xAF\n", "not valid UTF-8"},
	    {"[service]\nlisten =\n",
		"\"\" is out of range (text, 1 to 100 bytes)"},
	    {"[service]\nmin_sites = two\n",
		"line 2: [service] min_sites: expected a number"},
	    {"[service]\nmin_sites = -1\n", "expected a number"},
	    {"[service]\nmin_sites = 0\n",
		"\"0\" is out of range (number, 1 to 9)"},
	    {"[service]\nmin_sites = 10\n", "out of range"},
	    {"[service]\nmin_sites = 18446744073709551617\n",
		"expected a number"},
	    {"[service]\nstrict = maybe\n", "expected yes or no"},
	    {"[service]\nstrict = YES\n", "expected yes or no"},
	    {"[service]\nnames = a,,b\n", "an item of the list is empty"},
	    {"[service]\nnames = a,\n", "an item of the list is empty"},
	    {"[service]\nnames = ,\n", "an item of the list is empty"},
	    {"[service]\nnames = a,b,c,d\n",
		"out of range (list with commas, 0 to 3 items)"},
	    {"[store]\nreserve = 1 GB\n", "expected a size such as 64 MiB"},
	    {"[store]\nreserve = MiB\n", "expected a size"},
	    {"[store]\nreserve = 1.5 GiB\n", "expected a size"},
	    {"[store]\nreserve = 99999999999999 TiB\n", "expected a size"},
	    {"[store]\nreserve = 99999999999999999999999999\n",
		"expected a size"},
	    {"[store]\ntrash = 7 weeks\n", "expected a duration"},
	    {"[store]\ntrash = 30s\n",
		"\"30s\" is out of range (duration, 1m to 365d)"},
	};
	struct op *op = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct conf *conf = NULL;
		enum rc rc = parse(op, cases[i].text, &conf);

		if (rc != RC_INVALID ||
		    strstr(op_error(op, rc), cases[i].says) == NULL)
			fail_msg("case %zu (%s): %s, \"%s\"", i, cases[i].says,
			    rc_name(rc), op_error(op, rc));
		assert_null(conf);
		op_clear_error(op);
	}
}

static void
a_zero_byte_is_refused(void **state)
{
	static const char text[] = "[service]\nlisten = a\0b\n";
	struct conf *conf;

	ASSERT_RC((struct op *)*state, RC_INVALID,
	    conf_parse(*state, span_of(text, sizeof(text) - 1), keys,
		ARRAY_LEN(keys), &conf));
}

/* libinih would take the rest of a long line for a line of its own. */
static void
a_line_may_have_190_bytes_and_no_more(void **state)
{
	static const char head[] = "[site a]\nurl = dir:/";
	struct op *op = *state;
	char text[400];
	size_t extra;

	for (extra = 0; extra <= 12; extra++) {
		CLEANUP(conf_free_ptr) struct conf *conf = NULL;
		size_t size = sizeof(head) - 1;
		size_t url = CONF_LINE_LIMIT - strlen("url = ") + extra;

		memset(text, 0, sizeof(text));
		memcpy(text, head, size);
		memset(text + size, 'x', url - strlen("dir:/"));
		(void)strcat(text, "\nplace = b\n");
		if (extra > 0) {
			ASSERT_RC(op, RC_INVALID, parse(op, text, &conf));
			continue;
		}
		/* 184 bytes are more than url may have, but the line is whole.
		 */
		assert_int_equal(parse(op, text, &conf), RC_INVALID);
		assert_non_null(strstr(op->error, "line 2: [site a] url"));
		assert_non_null(strstr(op->error, "xxxxxx\" is out of range"));
		op_clear_error(op);
	}
	/* A comment is no way around. */
	memset(text, '#', 191);
	text[191] = '\0';
	ASSERT_RC(op, RC_INVALID, parse(op, text, &(struct conf *){NULL}));
}

static void
a_file_over_the_limit_is_refused(void **state)
{
	static char text[CONF_FILE_LIMIT + 1];
	struct op *op = *state;
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;

	memset(text, '\n', sizeof(text));
	ASSERT_RC(op, RC_LIMIT,
	    conf_parse(
		op, span_of(text, sizeof(text)), keys, ARRAY_LEN(keys), &conf));
	ASSERT_OK(op, conf_parse(op, span_of(text, CONF_FILE_LIMIT), keys,
			  ARRAY_LEN(keys), &conf));
}

static const struct conf_setting settings[] = {
    {"service", "min_sites", "3"},
    {"site tokyo", "url", "dir:/srv/tokyo"},
    {"site osaka", "url", "dir:/srv/osaka"},
    {"site tokyo", "place", "\xE6\x9D\xB1\xE4\xBA\xAC"},
};

/* B5: what is written parses, and says what was set. */
static void
a_sample_comes_back_as_it_was_set(void **state)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	CLEANUP(buf_release) struct buf buf = {.limit = 65536};
	struct op *op = *state;

	ASSERT_OK(op, conf_sample(op, keys, ARRAY_LEN(keys),
			  "dozo's configuration\nTwo lines.", settings,
			  ARRAY_LEN(settings), &buf));
	ASSERT_OK(
	    op, conf_parse(op, buf_span(&buf), keys, ARRAY_LEN(keys), &conf));
	assert_int_equal(conf_get_u64(conf, "service", "min_sites"), 3);
	assert_int_equal(conf_get_u64(conf, "store", "reserve"), 1 << 30);
	assert_string_equal(conf_section_name(conf, "site", 0), "tokyo");
	assert_string_equal(conf_section_name(conf, "site", 1), "osaka");
	assert_null(conf_section_name(conf, "site", 2));
	assert_string_equal(
	    conf_get_string(conf, "site tokyo", "url"), "dir:/srv/tokyo");
	assert_string_equal(conf_get_string(conf, "site tokyo", "place"),
	    "\xE6\x9D\xB1\xE4\xBA\xAC");
}

static void
a_sample_explains_every_key_once(void **state)
{
	static const char want[] =
	    "# dozo's configuration\n# Two lines.\n"
	    "\n[service]\n"
	    "\n# Where to listen.\n# text, 1 to 100 bytes; default "
	    "localhost:8443\n"
	    "#listen = localhost:8443\n"
	    "\n# How many sites must have a change on disk before it is "
	    "acknowledged. Fewer\n"
	    "# in service: writes are refused and reads go on.\n"
	    "# number, 1 to 9; default 2\nmin_sites = 3\n";
	CLEANUP(buf_release) struct buf buf = {.limit = 65536};
	struct op *op = *state;
	size_t i;

	ASSERT_OK(op, conf_sample(op, keys, ARRAY_LEN(keys),
			  "dozo's configuration\nTwo lines.", settings,
			  ARRAY_LEN(settings), &buf));
	ASSERT_OK(op, buf_add(op, &buf, span_of("", 1)));
	assert_int_equal(strncmp((char *)buf.data, want, sizeof(want) - 1), 0);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		char word[16];
		char *at;

		(void)snprintf(word, sizeof(word), "%.12s", keys[i].help);
		at = strstr((char *)buf.data, word);
		assert_non_null(at);
		assert_null(strstr(at + 1, word));
	}
}

static void
a_sample_without_settings_parses_to_the_defaults(void **state)
{
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	CLEANUP(buf_release) struct buf buf = {.limit = 65536};
	struct op *op = *state;

	ASSERT_OK(
	    op, conf_sample(op, keys, ARRAY_LEN(keys), "", NULL, 0, &buf));
	ASSERT_OK(
	    op, conf_parse(op, buf_span(&buf), keys, ARRAY_LEN(keys), &conf));
	assert_int_equal(conf_get_u64(conf, "service", "min_sites"), 2);
	ASSERT_OK(op, buf_add(op, &buf, span_of("", 1)));
	assert_non_null(strstr((char *)buf.data, "\n#[site NAME]\n"));
	assert_non_null(strstr((char *)buf.data, "; must be given\n#url =\n"));
}

static void
a_setting_that_would_not_come_back_is_refused(void **state)
{
	static const struct conf_setting bad[] = {
	    {"service", "min_sites", "10"},
	    {"service", "minsites", "1"},
	    {"site A", "url", "x"},
	    {"service", "listen", "a\nmin_sites = 1"},
	    {"service", "listen", "a ;b"},
	    {"service", "listen", " a"},
	    {"service", "listen", "a\t"},
	    {"site a", "url",
		"01234567890123456789012345678901234567890123456789012345678901"
		"23456789"
		"01234567890123456789012345678901234567890123456789012345678901"
		"23456789"
		"01234567890123456789012345678901234567890123456789012345678901"
		"23456789"},
	};
	static const struct conf_setting twice[] = {
	    {"service", "listen", "a"}, {"service", "listen", "b"}};
	CLEANUP(buf_release) struct buf buf = {.limit = 65536};
	struct op *op = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(op, RC_INVALID,
		    conf_sample(
			op, keys, ARRAY_LEN(keys), "", &bad[i], 1, &buf));
	ASSERT_RC(op, RC_INVALID,
	    conf_sample(op, keys, ARRAY_LEN(keys), "", twice, 2, &buf));
}

static void
the_help_names_each_key_with_its_range(void **state)
{
	CLEANUP(buf_release) struct buf buf = {.limit = 65536};
	struct op *op = *state;
	const char *text;

	ASSERT_OK(op, conf_help(op, keys, ARRAY_LEN(keys), &buf));
	ASSERT_OK(op, buf_add(op, &buf, span_of("", 1)));
	text = (const char *)buf.data;
	assert_non_null(strstr(text,
	    "[service]\n  listen\n      text, 1 to 100 bytes; default "
	    "localhost:8443\n      Where to listen.\n"));
	assert_non_null(strstr(text,
	    "  names\n      list with commas, 0 to 3 items; default empty\n"));
	assert_non_null(
	    strstr(text, "  strict\n      yes or no; default yes\n"));
	assert_non_null(strstr(
	    text, "  reserve\n      size, 0 to 1024 TiB; default 1 GiB\n"));
	assert_non_null(strstr(text,
	    "[site NAME]\n  url\n      text, 1 to 180 bytes; must be given\n"));
}

/* Large enough that libinih's calls need memory, too. */
static enum rc
parse_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(conf_free_ptr) struct conf *conf = NULL;
	CLEANUP(buf_release) struct buf text = {.limit = 65536};
	enum rc rc = RC_OK;
	int i;

	(void)arg;
	op_init(&op);
	for (i = 0; i < 30 && rc == RC_OK; i++)
		rc = buf_add_format(&op, &text,
		    "[site s%d]\nurl = dir:/%0150d\nplace = %060d\n", i, i, i);
	if (rc == RC_OK)
		rc = conf_parse(
		    &op, buf_span(&text), keys, ARRAY_LEN(keys), &conf);
	assert_true(rc == RC_OK || rc == RC_NO_MEMORY);
	return rc;
}

static enum rc
sample_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf buf = {.limit = 65536};

	(void)arg;
	op_init(&op);
	return conf_sample(&op, keys, ARRAY_LEN(keys), "x", settings,
	    ARRAY_LEN(settings), &buf);
}

static void
each_failed_allocation_is_told(void **state)
{
	(void)state;
	test_torture_alloc(parse_once, NULL, 200);
	test_torture_alloc(sample_once, NULL, 200);
	fault_alloc_arm(1, false);
	assert_int_equal(parse_once(NULL), RC_NO_MEMORY);
	fault_alloc_arm(2, false);
	assert_int_equal(parse_once(NULL), RC_NO_MEMORY);
	fault_alloc_arm(0, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_empty_file_gives_the_defaults),
	    TEST(a_full_file_gives_what_it_says),
	    TEST(a_bad_file_is_refused_with_its_line),
	    TEST(a_zero_byte_is_refused),
	    TEST(a_line_may_have_190_bytes_and_no_more),
	    TEST(a_file_over_the_limit_is_refused),
	    TEST(a_sample_comes_back_as_it_was_set),
	    TEST(a_sample_explains_every_key_once),
	    TEST(a_sample_without_settings_parses_to_the_defaults),
	    TEST(a_setting_that_would_not_come_back_is_refused),
	    TEST(the_help_names_each_key_with_its_range),
	    TEST(each_failed_allocation_is_told),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
