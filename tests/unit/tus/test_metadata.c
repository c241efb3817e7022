/* test_metadata.c - Upload-Metadata: what is meant, and what cannot be. */
#include "tus/metadata.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/resumable.h"
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

static struct metadata
parsed(const char *header)
{
	struct metadata metadata;

	ASSERT_OK(&op, metadata_parse(&op, header, &metadata));
	return metadata;
}

static void
refused(const char *header, enum rc rc)
{
	struct metadata metadata;

	ASSERT_RC(&op, rc, metadata_parse(&op, header, &metadata));
}

static void
all_that_is_understood_is_read(void **state)
{
	struct metadata m =
	    parsed("parent MTA0Ng==, name 5a2XLnR4dA==,mtime "
		   "MjAyNi0xMS0yM1QxNzo1MDo1Mi4xMjNa,filetype dGV4dA==,"
		   "sha256 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUYwMTIzNDU2"
		   "Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==,if_exists "
		   "cmVuYW1l,flag");

	(void)state;
	assert_true(span_equal(m.parent, span_str("1046")));
	assert_true(span_equal(m.name, span_str("字.txt")));
	assert_true(m.has_mtime);
	assert_int_equal(m.mtime % CLOCK_S, 123000000);
	assert_true(m.has_sha256);
	assert_int_equal(m.sha256[0], 0x01);
	assert_int_equal(m.sha256[15], 0xef);
	assert_int_equal(m.taken, TREE_TAKEN_RENAME);
	assert_int_equal(m.all.size, strlen((const char *)m.all.data));
}

static void
without_a_header_nothing_is_given(void **state)
{
	struct metadata m = parsed(NULL);

	(void)state;
	assert_null(m.parent.data);
	assert_null(m.name.data);
	assert_false(m.has_mtime || m.has_sha256);
	assert_int_equal(m.taken, TREE_TAKEN_FAIL);
	assert_int_equal(m.all.size, 0);
	m = parsed("");
	assert_null(m.name.data);
	/* A key alone is an empty value. */
	m = parsed("name");
	assert_non_null(m.name.data);
	assert_int_equal(m.name.size, 0);
	m = parsed("name ,other");
	assert_int_equal(m.name.size, 0);
}

static void
what_cannot_be_meant_is_refused(void **state)
{
	static const char *const bad[] = {",", "name YQ==,",
	    ",name YQ==", "name YQ==,,other", "name YQ", "name Y===",
	    "name YQ==YQ==", "name YQ== YQ==", "name Y_==", "name YR==", " ",
	    "name YQ==,name YQ==", "n\xc3\xa4me YQ==", "n\x7fme YQ==", "mtime",
	    "mtime bm8=", "mtime MjAyNi0xMS0yM1QxNzo1MDo1MloA", "sha256 MDEy",
	    ("sha256 Z3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nz"
	     "c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzcw=="),
	    "if_exists", "if_exists ZmFpbHM=", "if_exists RkFJTA=="};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i], RC_INVALID);
}

static void
bounds_hold(void **state)
{
	char text[RESUMABLE_METADATA_MAX + 2];
	struct metadata m;
	size_t i, n = 0;

	(void)state;
	/* As many keys as may be, then one more. */
	for (i = 0; i < METADATA_PAIRS_MAX; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "%sk%zu", i > 0 ? "," : "", i);
	(void)parsed(text);
	(void)snprintf(text + n, sizeof(text) - n, ",k");
	refused(text, RC_LIMIT);
	/* As long a key as may be, then longer. */
	memset(text, 'k', sizeof(text));
	text[METADATA_KEY_MAX] = '\0';
	(void)parsed(text);
	text[METADATA_KEY_MAX] = 'k';
	text[METADATA_KEY_MAX + 1] = '\0';
	refused(text, RC_INVALID);
	/* As long a header, then longer. */
	memset(text, 'A', sizeof(text));
	memcpy(text, "value-of-99 ", 12);
	text[RESUMABLE_METADATA_MAX] = '\0';
	m = parsed(text);
	assert_int_equal(m.all.size, RESUMABLE_METADATA_MAX);
	text[RESUMABLE_METADATA_MAX] = 'A';
	text[RESUMABLE_METADATA_MAX + 1] = '\0';
	refused(text, RC_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_that_is_understood_is_read),
	    cmocka_unit_test(without_a_header_nothing_is_given),
	    cmocka_unit_test(what_cannot_be_meant_is_refused),
	    cmocka_unit_test(bounds_hold),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
