/* test_log.c - one event is one line, whatever comes in. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/test.h"

static int saved = -1;
static int ends[2];
static char seen[8192];

/* Standard error goes into a pipe, which holds more than these tests write. */
static int
setup(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	return saved < 0 || pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0;
}

static int
teardown(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_INFO);
	if (saved >= 0) {
		(void)dup2(saved, STDERR_FILENO);
		(void)close(saved);
		(void)close(ends[0]);
		(void)close(ends[1]);
		saved = -1;
	}
	return 0;
}

/* Gives standard error back, so that a failing assertion can be read. */
static const char *
lines_seen(void)
{
	ssize_t n;

	(void)fflush(stderr);
	(void)dup2(saved, STDERR_FILENO);
	(void)close(ends[1]);
	n = read(ends[0], seen, sizeof(seen) - 1);
	assert_true(n >= 0);
	seen[n] = '\0';
	(void)close(ends[0]);
	(void)close(saved);
	saved = -1;
	return seen;
}

static void
a_line_has_time_level_event_and_request(void **state)
{
	const char *line;
	struct op op;
	char tail[64];

	(void)state;
	op_init(&op);
	log_warn(&op, "site-behind", "site=%s lag=%d", "osaka", 3);
	line = lines_seen();
	assert_int_equal(strncmp(line, "time=20", 7), 0);
	(void)snprintf(
	    tail, sizeof(tail), "site=osaka lag=3 request=%s\n", op.request_id);
	assert_non_null(strstr(line, " level=warn event=site-behind "));
	assert_string_equal(strstr(line, "site=osaka"), tail);
	op_release(&op);
}

/* B7. */
static void
an_argument_cannot_begin_a_line_or_end_its_quotes(void **state)
{
	const char *line;

	(void)state;
	log_error(NULL, "failed", "why=\"%s\" code=%d",
	    "a\" admin=yes x=\"\n\rtime=0\x1b[2J\x01\x7f \xc2\x9b"
	    "31m \xe5\xa0\xb4 ",
	    7);
	line = lines_seen();
	assert_string_equal(strstr(line, "why="),
	    "why=\"a? admin=yes x=???time=0?[2J?? ??31m "
	    "\xe5\xa0\xb4 \" code=7\n");
	assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
}

static void
a_long_line_is_cut_and_keeps_its_request_and_its_end(void **state)
{
	char text[4000];
	const char *line;
	char tail[64];
	struct op op;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	op_init(&op);
	log_error(&op, "failed", "why=\"%s\" code=%d", text, 7);
	line = lines_seen();
	(void)snprintf(tail, sizeof(tail), "xx\" request=%s\n", op.request_id);
	assert_true(strlen(line) <= 1024);
	assert_string_equal(line + strlen(line) - strlen(tail), tail);
	op_release(&op);
}

static void
lines_below_the_level_are_not_written(void **state)
{
	const char *line;

	(void)state;
	log_debug(NULL, "one", "n=%d", 1);
	log_set_level(LOG_LEVEL_WARN);
	log_info(NULL, "two", "n=%d", 2);
	log_warn(NULL, "three", "n=%d", 3);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug(NULL, "four", "n=%d", 4);
	line = lines_seen();
	assert_null(strstr(line, "n=1"));
	assert_null(strstr(line, "n=2"));
	assert_non_null(strstr(line, "event=three n=3\n"));
	assert_non_null(strstr(line, "event=four n=4\n"));
}

/* Writes a line that is nearly as long as a line may be, to nobody. */
static void
long_line(void)
{
	int screen = dup(STDERR_FILENO);
	int nobody = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_true(screen >= 0 && nobody >= 0);
	(void)dup2(nobody, STDERR_FILENO);
	log_warn(NULL, "long", "text=\"%0*d\"", 900, 0);
	(void)dup2(screen, STDERR_FILENO);
	(void)close(nobody);
	(void)close(screen);
}

static void
lines_since_a_position_are_kept_until_too_many_have_come(void **state)
{
	CLEANUP(buf_release) struct buf lines = {.limit = LOG_KEPT};
	uint64_t position = log_position();
	struct op op;
	bool lost = true;
	size_t first, i;

	(void)state;
	(void)lines_seen(); /* the pipe is not read meanwhile */
	op_init(&op);
	ASSERT_OK(&op, log_since(&op, position, &lines, &lost));
	assert_int_equal(lines.size, 0);
	assert_false(lost);
	log_warn(NULL, "one", "n=%d", 1);
	position = log_position();
	log_debug(NULL, "below", "n=%d", 2);
	log_warn(NULL, "two", "n=%d", 3);
	ASSERT_OK(&op, log_since(&op, position, &lines, &lost));
	assert_false(lost);
	assert_null(memmem(lines.data, lines.size, "event=one", 9));
	assert_null(memmem(lines.data, lines.size, "event=below", 11));
	assert_non_null(memmem(lines.data, lines.size, "event=two n=3\n", 14));
	first = lines.size;
	/* Once around the ring, so that what is kept has two pieces. */
	for (i = 0; !lost; i++) {
		assert_true(i < 2 * LOG_KEPT / 900);
		long_line();
		buf_clear(&lines);
		ASSERT_OK(&op, log_since(&op, position, &lines, &lost));
		assert_true(lines.size > first || lost);
		first = lines.size;
	}
	assert_int_equal(lines.size, LOG_KEPT);
	assert_int_equal(lines.data[LOG_KEPT - 1], '\n');
	assert_null(memmem(lines.data, lines.size, "event=two", 9));
	buf_clear(&lines);
	lines.limit = 10;
	ASSERT_RC(&op, RC_LIMIT, log_since(&op, position, &lines, &lost));
	op_release(&op);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_line_has_time_level_event_and_request, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_argument_cannot_begin_a_line_or_end_its_quotes, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_long_line_is_cut_and_keeps_its_request_and_its_end, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		lines_below_the_level_are_not_written, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		lines_since_a_position_are_kept_until_too_many_have_come, setup,
		teardown),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
