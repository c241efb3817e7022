/* test_metrics.c - the text that Prometheus reads. */
#include "cli/metrics.h"
#include "lib/service_fixture.h"

#include <string.h>

static struct fixture f;
static struct op op;

static int
setup(void **state)
{
	(void)state;
	op_init(&op);
	fixture_init(&f, 2, 2);
	ASSERT_OK(&op, fixture_open(&op, &f));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_close(&op, &f);
	fixture_release(&f);
	op_release(&op);
	return 0;
}

/* Each sample's family is declared once, before it; each line is a comment or a
 * sample. */
static void
the_text_is_what_a_parser_expects(void **state)
{
	char name[128], declared[128] = "";
	struct buf buf;
	char *line, *rest;

	(void)state;
	buf_init(&buf, 65536);
	ASSERT_OK(&op, metrics_text(&op, f.service, NULL, &buf));
	assert_int_equal(buf.data[buf.size - 1], '\n');
	buf.data[buf.size - 1] = '\0';
	for (line = strtok_r((char *)buf.data, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t size;

		if (strncmp(line, "# TYPE ", 7) == 0) {
			size = strcspn(line + 7, " ");
			memcpy(declared, line + 7, size);
			declared[size] = '\0';
			continue;
		}
		if (line[0] == '#')
			continue;
		size = strcspn(line, " {");
		assert_true(size < sizeof(name));
		memcpy(name, line, size);
		name[size] = '\0';
		assert_string_equal(name, declared);
		assert_non_null(strrchr(line, ' '));
	}
	buf_release(&buf);
}

static void
only_loopback_is_listened_on(void **state)
{
	struct settings_address any = {.host = "0.0.0.0"};
	struct settings_address six = {.host = "::"};
	struct settings_address loop = {.host = "127.0.0.1"};
	struct metrics *m;

	(void)state;
	ASSERT_RC(
	    &op, RC_INVALID, metrics_start(&op, &any, f.service, NULL, &m));
	ASSERT_RC(
	    &op, RC_INVALID, metrics_start(&op, &six, f.service, NULL, &m));
	ASSERT_OK(&op, metrics_start(&op, &loop, f.service, NULL, &m));
	metrics_stop(m);
	metrics_stop(NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_text_is_what_a_parser_expects),
	    T(only_loopback_is_listened_on),
	};

	return cmocka_run_group_tests_name("cli_metrics", tests, NULL, NULL);
}
