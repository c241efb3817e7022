/* test_settings.c - dozo.conf by its table. */
#include "cli/settings.h"
#include "lib/test.h"

#include <string.h>

#include "base/str.h"

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

#define SITE "[site a]\nurl = dir:/x\nid = 00112233445566778899aabbccddeeff\n"

static enum rc
read_conf(const char *text)
{
	struct conf *conf;
	enum rc rc = conf_parse(
	    &op, span_str(text), settings_keys, settings_n_keys, &conf);

	if (rc == RC_OK) {
		rc = settings_check(&op, conf);
		conf_free(conf);
	}
	return rc;
}

static void
by_default_there_may_be_16384_connections_from_any_address(void **state)
{
	struct conf *conf;

	(void)state;
	ASSERT_OK(&op, conf_parse(&op, span_str("[service]\n" SITE),
			   settings_keys, settings_n_keys, &conf));
	assert_int_equal(conf_get_u64(conf, "service", "connections"), 16384);
	assert_int_equal(
	    conf_get_u64(conf, "service", "connections_per_address"), 16384);
	conf_free(conf);
}

static void
the_sample_reads_back_as_it_was_set(void **state)
{
	const struct conf_setting settings[] = {
	    {"service", "listen", "[::]:443"},
	    {"service", "names", "a.example, b.example"},
	    {"site tokyo", "url", "dir:/srv/東京"},
	    {"site tokyo", "id", "00112233445566778899aabbccddeeff"},
	};
	struct conf *conf;
	struct buf buf;
	size_t n;

	(void)state;
	buf_init(&buf, CONF_FILE_LIMIT);
	ASSERT_OK(
	    &op, conf_sample(&op, settings_keys, settings_n_keys,
		     settings_header, settings, ARRAY_LEN(settings), &buf));
	ASSERT_OK(&op, conf_parse(&op, buf_span(&buf), settings_keys,
			   settings_n_keys, &conf));
	ASSERT_OK(&op, settings_check(&op, conf));
	assert_string_equal(
	    conf_get_string(conf, "service", "listen"), "[::]:443");
	(void)conf_get_list(conf, "service", "names", &n);
	assert_int_equal(n, 2);
	assert_string_equal(
	    conf_get_string(conf, "site tokyo", "url"), "dir:/srv/東京");
	assert_int_equal(
	    conf_get_u64(conf, "service", "reserve_bytes"), 1 << 30);
	conf_free(conf);
	buf_release(&buf);
}

static void
what_makes_no_sense_is_refused_in_words(void **state)
{
	static const char *const bad[] = {
	    "",
	    "[service]\nlisten = x\n" SITE,
	    "[service]\nlog_level = all\n" SITE,
	    "[service]\nproxy_header = via\n" SITE,
	    "[service]\ncertificate = /c\n" SITE,
	    "[service]\ncertificate = c\nkey = k\n" SITE,
	    "[service]\nmetrics_listen = x\n" SITE,
	    "[service]\nreserve_percent = 91\n" SITE,
	    "[site a]\nurl = dir:/x\nid = 0011223344556677\n",
	    "[site a]\nurl = dir:/x\nid = 00112233445566778899aabbccddeefg\n",
	    "[site a]\nurl = dir:/x\n",
	    "[site A]\nurl = dir:/x\nid = 00112233445566778899aabbccddeeff\n",
	    "[other]\n" SITE,
	    SITE SITE,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(read_conf(bad[i]), RC_INVALID);
		assert_string_not_equal(op.error, "");
		op_clear_error(&op);
	}
	ASSERT_OK(&op, read_conf(SITE));
	ASSERT_OK(
	    &op, read_conf("[service]\ncertificate = /c\nkey = /k\n" SITE));
}

static void
an_address_is_a_host_and_a_port(void **state)
{
	static const char *const bad[] = {"", ":", "h", "h:", ":80", "h:x",
	    "h:65536", "h:-1", "::1:80", "[::1]", "[]:80", "[::1:80", "::1]:80",
	    "h: 80"};
	struct settings_address a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(
		    &op, RC_INVALID, settings_address_parse(&op, bad[i], &a));
	ASSERT_OK(&op, settings_address_parse(&op, "localhost:0", &a));
	assert_string_equal(a.host, "localhost");
	assert_int_equal(a.port, 0);
	ASSERT_OK(&op, settings_address_parse(&op, "[fe80::1]:65535", &a));
	assert_string_equal(a.host, "fe80::1");
	assert_int_equal(a.port, 65535);
	assert_true(a.brackets);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_sample_reads_back_as_it_was_set),
	    T(what_makes_no_sense_is_refused_in_words),
	    T(an_address_is_a_host_and_a_port),
	    cmocka_unit_test(
		by_default_there_may_be_16384_connections_from_any_address),
	};

	return cmocka_run_group_tests_name("cli_settings", tests, NULL, NULL);
}
