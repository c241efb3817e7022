/* aead.c - GCM frames against another implementation (golden/make.py), and
 * every way to misplace a frame. */
#include "crypto/aead.h"

#include "base/mem.h"
#include "crypto/hash.h"
#include "hex.h"

enum { LONG = 2 * AEAD_FRAME + 100, LONG_SEALED = LONG + 3 * AEAD_TAG_SIZE };

static const uint8_t key_bytes[AEAD_KEY_SIZE] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31};

static uint8_t plain[4 * AEAD_FRAME];
static uint8_t sealed[4 * AEAD_SEALED_FRAME];
static uint8_t opened[4 * AEAD_FRAME];

static struct span
test_key(void)
{
	return span_of(key_bytes, sizeof(key_bytes));
}

static int
setup(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7 + (i >> 8));
	return 0;
}

static void
sizes_count_a_tag_for_each_frame(void **state)
{
	(void)state;
	assert_int_equal(aead_frames(0), 1);
	assert_int_equal(aead_frames(1), 1);
	assert_int_equal(aead_frames(65536), 1);
	assert_int_equal(aead_frames(65537), 2);
	assert_int_equal(aead_frames(UINT64_C(1) << 36), 1 << 20);
	assert_int_equal(aead_frames(UINT64_MAX), UINT32_MAX);
	assert_int_equal(aead_sealed_size(0), 16);
	assert_int_equal(aead_sealed_size(65536), 65552);
	assert_int_equal(aead_sealed_size(65537), 65569);
}

static void
sealed_bytes_are_those_of_another_implementation(void **state)
{
	static const struct {
		size_t size;
		const char *sha256;
	} known[] = {
	    {0, "a9736e70c63b9f6c6377b12e81d9fa76"
		"5645aeb147368432be2aeacf4a0946c9"},
	    {1, "f44b814e027b877513bffd30cc7c9b68"
		"364c414e64a9200f41e965afbfea3a4b"},
	    {16, "fb4f06fc64cec7a1694b9b4fbd797330"
		 "5b74102182407b1dbd601d667ac29668"},
	    {65535, "6345df44336908edcfcd00a1d475bbc5"
		    "0fd2b9e4367b7420e3a29a9f76146718"},
	    {65536, "3b08553c07efa3cbfca393c7561e615d"
		    "5d319999d9dd721ffcb27951aacd499f"},
	    {65537, "2d59499d3681c9aa71e1034072dbf19b"
		    "def603ba0430c684bc2a3bef14ced89c"},
	    {131072, "ecff971f1829c7625aec7e916a409d82"
		     "6998a8246c6dea1b8060677a4208b0c7"},
	    {200000, "53fe69ee0b5c14d1055c5eabeeecfe83"
		     "cf83a00f1cc598cc89f21545cd33ce83"},
	};
	CLEANUP(op_release) struct op op;
	uint8_t sum[SHA256_SIZE];
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(known); i++) {
		size_t size = known[i].size;
		size_t full = aead_sealed_size(size);

		ASSERT_OK(&op, aead_seal(&op, test_key(), span_str("ad"),
				   span_of(plain, size), sealed));
		sha256_of(span_of(sealed, full), sum);
		hex_assert(sum, sizeof(sum), known[i].sha256);
		memset(opened, 0xee, size + 1);
		ASSERT_OK(&op, aead_open(&op, test_key(), span_str("ad"),
				   span_of(sealed, full), opened, size));
		assert_memory_equal(opened, plain, size);
		assert_int_equal(opened[size], 0xee);
	}
}

/* Test case 14 of the GCM specification is frame 0 of a longer text of zeros.
 */
static void
the_published_vector_of_zeros_is_frame_0(void **state)
{
	static const uint8_t zeros[AEAD_FRAME + 1];
	CLEANUP(op_release) struct op op;
	uint8_t sum[SHA256_SIZE];

	(void)state;
	op_init(&op);
	ASSERT_OK(
	    &op, aead_seal(&op, span_of(zeros, AEAD_KEY_SIZE), span_of(NULL, 0),
		     span_of(zeros, sizeof(zeros)), sealed));
	hex_assert(sealed, 16, "cea7403d4d606b6e074ec5d3baf39d18");
	sha256_of(span_of(sealed, aead_sealed_size(sizeof(zeros))), sum);
	hex_assert(sum, sizeof(sum),
	    "ed7f8ec91dd67b5ad0f6d894741c47da5a6e3a25b2f638c1fda3cb5a4ff3f5fb");
}

static void
an_empty_text_is_one_frame_that_authenticates(void **state)
{
	CLEANUP(op_release) struct op op;
	uint8_t none[1];

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, aead_seal(&op, test_key(), span_str("ad"),
			   span_of(NULL, 0), sealed));
	hex_assert(sealed, 16, "901da266b94e0add6e250c4fa339ec63");
	ASSERT_OK(&op, aead_open(&op, test_key(), span_str("ad"),
			   span_of(sealed, 16), none, 0));
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open(
		&op, test_key(), span_str("aD"), span_of(sealed, 16), none, 0));
}

static void
each_changed_bit_of_a_small_text_fails(void **state)
{
	static const uint8_t zeros[100];
	static const size_t sizes[] = {0, 1, 100};
	CLEANUP(op_release) struct op op;
	size_t i, bit;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t size = sizes[i];

		ASSERT_OK(&op, aead_seal(&op, test_key(), span_str("ad"),
				   span_of(plain, size), sealed));
		for (bit = 0; bit < 8 * (size + AEAD_TAG_SIZE); bit++) {
			sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
			memset(opened, 0xee, size);
			ASSERT_RC(&op, RC_DAMAGED,
			    aead_open(&op, test_key(), span_str("ad"),
				span_of(sealed, size + AEAD_TAG_SIZE), opened,
				size));
			assert_memory_equal(opened, zeros, size);
			sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void
long_seal(struct op *op)
{
	ASSERT_OK(op, aead_seal(op, test_key(), span_str("ad"),
			  span_of(plain, LONG), sealed));
}

static enum rc
long_open(struct op *op)
{
	return aead_open(op, test_key(), span_str("ad"),
	    span_of(sealed, LONG_SEALED), opened, LONG);
}

static void
changed_bytes_anywhere_in_a_long_text_fail_and_leave_no_plaintext(void **state)
{
	static const uint8_t zeros[LONG];
	CLEANUP(op_release) struct op op;
	size_t at;

	(void)state;
	op_init(&op);
	long_seal(&op);
	ASSERT_OK(&op, long_open(&op));
	for (at = 0; at < LONG_SEALED; at += 1021) {
		sealed[at] ^= 0x40;
		ASSERT_RC(&op, RC_DAMAGED, long_open(&op));
		assert_memory_equal(opened, zeros, LONG);
		sealed[at] ^= 0x40;
	}
	for (at = AEAD_FRAME; at < AEAD_SEALED_FRAME; at++) {
		sealed[at] ^= 1;
		ASSERT_RC(&op, RC_DAMAGED, long_open(&op));
		sealed[at] ^= 1;
	}
	ASSERT_OK(&op, long_open(&op));
}

static void
exchanged_frames_fail(void **state)
{
	CLEANUP(op_release) struct op op;
	static uint8_t frame[AEAD_SEALED_FRAME];

	(void)state;
	op_init(&op);
	long_seal(&op);
	memcpy(frame, sealed, sizeof(frame));
	memmove(sealed, sealed + AEAD_SEALED_FRAME, sizeof(frame));
	memcpy(sealed + AEAD_SEALED_FRAME, frame, sizeof(frame));
	ASSERT_RC(&op, RC_DAMAGED, long_open(&op));
}

static void
doubled_frames_fail(void **state)
{
	CLEANUP(op_release) struct op op;

	(void)state;
	op_init(&op);
	long_seal(&op);
	memcpy(sealed + AEAD_SEALED_FRAME, sealed, AEAD_SEALED_FRAME);
	ASSERT_RC(&op, RC_DAMAGED, long_open(&op));
	/* and one more in front, the text claimed to be longer */
	long_seal(&op);
	memmove(sealed + AEAD_SEALED_FRAME, sealed, LONG_SEALED);
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open(&op, test_key(), span_str("ad"),
		span_of(sealed, LONG_SEALED + AEAD_SEALED_FRAME), opened,
		LONG + AEAD_FRAME));
}

static void
cut_frames_fail_whatever_size_is_claimed(void **state)
{
	CLEANUP(op_release) struct op op;
	size_t frames;

	(void)state;
	op_init(&op);
	long_seal(&op);
	for (frames = 1; frames < 3; frames++)
		ASSERT_RC(&op, RC_DAMAGED,
		    aead_open(&op, test_key(), span_str("ad"),
			span_of(sealed, frames * AEAD_SEALED_FRAME), opened,
			frames * AEAD_FRAME));
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open(&op, test_key(), span_str("ad"),
		span_of(sealed, LONG_SEALED - 1), opened, LONG - 1));
	/* the first frame gone */
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open(&op, test_key(), span_str("ad"),
		span_of(sealed + AEAD_SEALED_FRAME,
		    LONG_SEALED - AEAD_SEALED_FRAME),
		opened, LONG - AEAD_FRAME));
}

static void
a_size_that_does_not_fit_is_refused_before_a_byte_is_read(void **state)
{
	CLEANUP(op_release) struct op op;

	(void)state;
	op_init(&op);
	long_seal(&op);
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open(&op, test_key(), span_str("ad"),
		span_of(sealed, LONG_SEALED), opened, LONG + 1));
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open(&op, test_key(), span_str("ad"), span_of(sealed, 15),
		opened, 0));
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open(
		&op, test_key(), span_str("ad"), span_of(NULL, 0), opened, 0));
}

static void
a_frame_of_another_key_or_other_data_fails(void **state)
{
	static const uint8_t zeros[AEAD_KEY_SIZE];
	CLEANUP(op_release) struct op op;
	static uint8_t foreign[LONG_SEALED];

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, aead_seal(&op, span_of(zeros, sizeof(zeros)),
			   span_str("ad"), span_of(plain, LONG), foreign));
	long_seal(&op);
	memcpy(sealed + AEAD_SEALED_FRAME, foreign + AEAD_SEALED_FRAME,
	    AEAD_SEALED_FRAME);
	ASSERT_RC(&op, RC_DAMAGED, long_open(&op));
	ASSERT_OK(&op, aead_seal(&op, test_key(), span_str("ae"),
			   span_of(plain, LONG), foreign));
	memcpy(sealed + AEAD_SEALED_FRAME, foreign + AEAD_SEALED_FRAME,
	    AEAD_SEALED_FRAME);
	ASSERT_RC(&op, RC_DAMAGED, long_open(&op));
}

/* The number and the last flag of a frame are bound, one frame at a time. */
static void
a_frame_opens_only_at_its_own_place(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(aead_release) struct aead aead = {0};
	struct span text = span_of(plain, AEAD_FRAME);
	struct span frame = span_of(sealed, AEAD_SEALED_FRAME);
	struct span ad = span_str("ad");
	static const uint8_t zeros[AEAD_FRAME];
	uint32_t i;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, aead_init(&op, &aead, test_key()));
	ASSERT_OK(
	    &op, aead_seal_frame(&op, &aead, 256, true, ad, text, sealed));
	for (i = 0; i < 1024; i++)
		if (i != 256)
			ASSERT_RC(&op, RC_DAMAGED,
			    aead_open_frame(
				&op, &aead, i, true, ad, frame, opened));
	memset(opened, 0xee, AEAD_FRAME);
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open_frame(&op, &aead, 256, false, ad, frame, opened));
	assert_memory_equal(opened, zeros, AEAD_FRAME);
	memset(opened, 0xee, AEAD_FRAME);
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open_frame(&op, &aead, 255, true, ad, frame, opened));
	assert_memory_equal(opened, zeros, AEAD_FRAME);
	ASSERT_OK(
	    &op, aead_open_frame(&op, &aead, 256, true, ad, frame, opened));
	assert_memory_equal(opened, plain, AEAD_FRAME);
}

static void
sealing_and_opening_work_in_place(void **state)
{
	static const size_t sizes[] = {1, 15, 16, 17, 1000, AEAD_FRAME};
	CLEANUP(op_release) struct op op;
	CLEANUP(aead_release) struct aead aead = {0};
	struct span ad = span_str("ad");
	size_t i;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, aead_init(&op, &aead, test_key()));
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t size = sizes[i];
		struct span text = span_of(opened, size);
		struct span frame = span_of(opened, size + AEAD_TAG_SIZE);

		ASSERT_OK(&op, aead_seal_frame(&op, &aead, 0, true, ad,
				   span_of(plain, size), sealed));
		memcpy(opened, plain, size);
		ASSERT_OK(&op,
		    aead_seal_frame(&op, &aead, 0, true, ad, text, opened));
		assert_memory_equal(opened, sealed, size + AEAD_TAG_SIZE);
		ASSERT_OK(&op,
		    aead_open_frame(&op, &aead, 0, true, ad, frame, opened));
		assert_memory_equal(opened, plain, size);
	}
}

static void
frames_beyond_the_limit_are_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(aead_release) struct aead aead = {0};
	struct span ad = span_str("ad");
	uint32_t last = AEAD_FRAMES_MAX - 1;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, aead_init(&op, &aead, test_key()));
	ASSERT_OK(&op,
	    aead_seal_frame(&op, &aead, last, true, ad, span_str("x"), sealed));
	ASSERT_OK(&op, aead_open_frame(&op, &aead, last, true, ad,
			   span_of(sealed, 17), opened));
	ASSERT_RC(&op, RC_LIMIT,
	    aead_seal_frame(
		&op, &aead, last + 1, true, ad, span_str("x"), sealed));
	hex_assert(sealed, 17, "dfab9cf8fe8b45a3de0d3073970b103ecc");
	/* what another implementation seals as the next one */
	(void)hex_bytes(sealed, "f70f131a01ef51335d6bdb1704a61f6304");
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open_frame(
		&op, &aead, last + 1, true, ad, span_of(sealed, 17), opened));
	ASSERT_RC(&op, RC_LIMIT,
	    aead_seal_frame(
		&op, &aead, UINT32_MAX, true, ad, span_str("x"), sealed));
}

static void
frames_of_another_shape_are_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(aead_release) struct aead aead = {0};
	struct span ad = span_str("ad");

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, aead_init(&op, &aead, test_key()));
	ASSERT_RC(&op, RC_INVALID,
	    aead_seal_frame(&op, &aead, 0, false, ad,
		span_of(plain, AEAD_FRAME - 1), sealed));
	ASSERT_RC(&op, RC_INVALID,
	    aead_seal_frame(&op, &aead, 0, true, ad,
		span_of(plain, AEAD_FRAME + 1), sealed));
	ASSERT_RC(&op, RC_INVALID,
	    aead_seal_frame(
		&op, &aead, 1, true, ad, span_of(plain, 0), sealed));
	ASSERT_RC(&op, RC_DAMAGED,
	    aead_open_frame(
		&op, &aead, 0, true, ad, span_of(sealed, 15), opened));
}

static void
keys_of_other_sizes_are_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	struct aead aead = {0};
	size_t size;

	(void)state;
	op_init(&op);
	for (size = 0; size < 40; size++)
		if (size != AEAD_KEY_SIZE)
			ASSERT_RC(&op, RC_INVALID,
			    aead_init(&op, &aead, span_of(plain, size)));
	assert_null(aead.handle);
	aead_release(&aead);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sizes_count_a_tag_for_each_frame),
	    cmocka_unit_test(sealed_bytes_are_those_of_another_implementation),
	    cmocka_unit_test(the_published_vector_of_zeros_is_frame_0),
	    cmocka_unit_test(an_empty_text_is_one_frame_that_authenticates),
	    cmocka_unit_test(each_changed_bit_of_a_small_text_fails),
	    cmocka_unit_test(
		changed_bytes_anywhere_in_a_long_text_fail_and_leave_no_plaintext),
	    cmocka_unit_test(exchanged_frames_fail),
	    cmocka_unit_test(doubled_frames_fail),
	    cmocka_unit_test(cut_frames_fail_whatever_size_is_claimed),
	    cmocka_unit_test(
		a_size_that_does_not_fit_is_refused_before_a_byte_is_read),
	    cmocka_unit_test(a_frame_of_another_key_or_other_data_fails),
	    cmocka_unit_test(a_frame_opens_only_at_its_own_place),
	    cmocka_unit_test(sealing_and_opening_work_in_place),
	    cmocka_unit_test(frames_beyond_the_limit_are_refused),
	    cmocka_unit_test(frames_of_another_shape_are_refused),
	    cmocka_unit_test(keys_of_other_sizes_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
