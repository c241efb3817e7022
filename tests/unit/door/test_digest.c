/* test_digest.c - digests in headers: what counts, what is passed over, what is
 * refused. */
#include "door/digest.h"
#include "lib/test.h"

#define ZEROS64 \
	"0000000000000000000000000000000000000000000000000000000000000000"
#define ZEROS40 "0000000000000000000000000000000000000000"
#define ZEROS_BASE64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

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
fields_add_their_sha256(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {
	    {NULL, 0},
	    {"sha-256=:" ZEROS_BASE64 ":", 1},
	    {" sha-256=:" ZEROS_BASE64 ": , sha-256=:" ZEROS_BASE64 ":", 2},
	    {"sha-512=:AAAA:,\tsha-256=:" ZEROS_BASE64 ":;a=1;b", 1},
	    {"md5=::", 0},
	};
	struct op *op = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct digests digests = {0};

		ASSERT_OK(op, digest_add_field(op, rows[i].text, &digests));
		assert_int_equal(digests.n, rows[i].n);
	}
}

static void
malformed_fields_are_refused(void **state)
{
	static const char *const texts[] = {"", "sha-256", "sha-256=abc",
	    "sha-256=:AAAA", "sha-256=:AAAA:", "=:AAAA:", "sha-256=:!:",
	    "sha-256=:" ZEROS_BASE64 ":,",
	    "sha-256=:" ZEROS_BASE64 ": sha-512=:AAAA:",
	    "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:"};
	struct op *op = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		struct digests digests = {0};

		ASSERT_RC(
		    op, RC_INVALID, digest_add_field(op, texts[i], &digests));
	}
}

static void
more_digests_than_the_limit_are_refused(void **state)
{
	struct digests digests = {0};
	struct op *op = *state;
	int i;

	for (i = 0; i < DIGEST_MAX; i++)
		ASSERT_OK(
		    op, digest_add_checksum(op, "SHA1:" ZEROS40, &digests));
	ASSERT_RC(
	    op, RC_LIMIT, digest_add_checksum(op, "SHA1:" ZEROS40, &digests));
}

static void
checksums_add_sha1_and_sha256_and_pass_over_others(void **state)
{
	struct digests digests = {0};
	struct op *op = *state;

	ASSERT_OK(
	    op, digest_add_checksum(op,
		    "MD5:00 sha1:" ZEROS40 "  SHA256:" ZEROS64 " ADLER32:1",
		    &digests));
	assert_int_equal(digests.n, 2);
	assert_true(digests.expected[0].sha1);
	assert_false(digests.expected[1].sha1);
	ASSERT_RC(op, RC_INVALID, digest_add_checksum(op, "SHA1", &digests));
	ASSERT_RC(op, RC_INVALID, digest_add_checksum(op, "SHA1:0", &digests));
	ASSERT_RC(op, RC_INVALID,
	    digest_add_checksum(op, "SHA256:" ZEROS40, &digests));
	ASSERT_RC(op, RC_INVALID,
	    digest_add_checksum(
		op, "SHA1:g000000000000000000000000000000000000000", &digests));
}

static void
every_digest_has_to_fit(void **state)
{
	uint8_t sha256[SHA256_SIZE] = {0}, sha1[SHA1_SIZE] = {0};
	struct digests digests = {0};
	struct op *op = *state;

	ASSERT_OK(op, digest_check(op, &digests, sha256, sha1));
	ASSERT_OK(op, digest_add_checksum(op, "SHA1:" ZEROS40, &digests));
	ASSERT_OK(op, digest_add_checksum(op, "SHA256:" ZEROS64, &digests));
	ASSERT_OK(op, digest_check(op, &digests, sha256, sha1));
	sha256[31] = 1;
	ASSERT_RC(op, RC_INVALID, digest_check(op, &digests, sha256, sha1));
	sha256[31] = 0;
	sha1[0] = 1;
	ASSERT_RC(op, RC_INVALID, digest_check(op, &digests, sha256, sha1));
}

static void
what_is_written_is_read_back(void **state)
{
	uint8_t sha256[SHA256_SIZE], sha1[SHA1_SIZE];
	char field[DIGEST_TEXT_SIZE], checksum[DIGEST_CHECKSUM_SIZE];
	struct digests digests = {0};
	struct op *op = *state;

	memset(sha256, 0xa7, sizeof(sha256));
	memset(sha1, 0x5b, sizeof(sha1));
	digest_field(sha256, field);
	ASSERT_OK(op, digest_add_field(op, field, &digests));
	digest_checksum(sha1, sha256, checksum);
	ASSERT_OK(op, digest_add_checksum(op, checksum, &digests));
	digest_checksum(NULL, sha256, checksum);
	ASSERT_OK(op, digest_add_checksum(op, checksum, &digests));
	assert_int_equal(digests.n, 3);
	ASSERT_OK(op, digest_check(op, &digests, sha256, sha1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
sha_256_is_wanted_unless_its_weight_is_zero(void **state)
{
	static const struct {
		const char *text;
		bool wanted;
	} rows[] = {
	    {NULL, true},
	    {"sha-256=1", true},
	    {"sha-512=10", true},
	    {"sha-512=10, sha-256=0", false},
	    {"sha-256=0;q=1 ,sha-512=3", false},
	    {"sha-256=0, sha-256=7", true},
	    {"sha-256=00", false},
	    {"sha-256=10", true},
	    /* What says nothing. */
	    {"", true},
	    {",,", true},
	    {"sha-256", true},
	    {"sha-256=", true},
	    {"sha-256=x", true},
	    {"sha-2560=0", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (digest_wanted(rows[i].text) != rows[i].wanted)
			fail_msg("Want-Repr-Digest: %s", rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(fields_add_their_sha256),
	    TEST(malformed_fields_are_refused),
	    TEST(more_digests_than_the_limit_are_refused),
	    TEST(checksums_add_sha1_and_sha256_and_pass_over_others),
	    TEST(every_digest_has_to_fit),
	    TEST(what_is_written_is_read_back),
	    TEST(sha_256_is_wanted_unless_its_weight_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
