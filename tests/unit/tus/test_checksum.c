/* test_checksum.c - Upload-Checksum, read and held against bytes. */
#include "tus/checksum.h"

#include "lib/test.h"

static void
either_digest_holds_for_its_bytes_only(void **state)
{
	/* Of "abc". */
	static const char *const headers[] = {
	    "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
	    "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="};
	CLEANUP(op_release) struct op op;
	struct checksum checksum;
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(headers); i++) {
		ASSERT_OK(&op, checksum_parse(&op, headers[i], &checksum));
		assert_true(checksum.wanted);
		assert_false(checksum_holds(&checksum));
		checksum_update(&checksum, span_str("ab"));
		assert_false(checksum_holds(&checksum));
		checksum_update(&checksum, span_str("c"));
		assert_true(checksum_holds(&checksum));
		checksum_update(&checksum, span_str("d"));
		assert_false(checksum_holds(&checksum));
	}
	ASSERT_OK(&op, checksum_parse(&op, NULL, &checksum));
	checksum_update(&checksum, span_str("anything"));
	assert_false(checksum.wanted);
	assert_true(checksum_holds(&checksum));
}

static void
another_algorithm_and_no_digest_are_refused(void **state)
{
	static const char *const bad[] = {"", " ", "sha1", "sha1 ",
	    "md5 1B2M2Y8AsgTpgAmY7PhCfg==", "SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
	    "sha1  qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
	    "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0", "sha1 qZk+NkcG",
	    "sha256 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
	    "sha1 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
	    "sha1 !!!!NkcGgWq6PiVxeFDCbJzQ2J0=",
	    /* As long as one in base64, but with 21 bytes. */
	    "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0A"};
	CLEANUP(op_release) struct op op;
	struct checksum checksum;
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(
		    &op, RC_INVALID, checksum_parse(&op, bad[i], &checksum));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(either_digest_holds_for_its_bytes_only),
	    cmocka_unit_test(another_algorithm_and_no_digest_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
