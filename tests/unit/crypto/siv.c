/* siv.c - AES-256-SIV against an implementation of its own (golden/make.py),
 * and every refusal. */
#include "crypto/siv.h"

#include "hex.h"

enum { TEXT_MAX = 100 };

static void
fill(uint8_t *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* The key of all these tests: bytes 0 to 63. */
static void
siv_start(struct op *op, struct siv *siv)
{
	uint8_t key[SIV_KEY_SIZE];
	size_t i;

	op_init(op);
	for (i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	ASSERT_OK(op, siv_init(op, siv, span_of(key, sizeof(key))));
}

static void
check(const struct siv_ad *ad, size_t size, const char *hex)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(siv_release) struct siv siv = {0};
	uint8_t plain[TEXT_MAX];
	uint8_t sealed[TEXT_MAX + SIV_TAG_SIZE];
	uint8_t opened[TEXT_MAX];

	siv_start(&op, &siv);
	fill(plain, size);
	ASSERT_OK(&op, siv_seal(&op, &siv, ad, span_of(plain, size), sealed));
	hex_assert(sealed, size + SIV_TAG_SIZE, hex);
	ASSERT_OK(&op, siv_open(&op, &siv, ad,
			   span_of(sealed, size + SIV_TAG_SIZE), opened));
	assert_memory_equal(plain, opened, size);
}

static void
sealed_bytes_are_those_of_another_implementation(void **state)
{
	struct siv_ad ad;

	(void)state;
	siv_ad_init(&ad);
	check(&ad, 5, "9f6a8c86bf4dc194aeb6c695dba8fa1cc4121a5fb5");
	siv_ad_add(&ad, span_of(NULL, 0));
	check(&ad, 5, "65791e513ab0609697e79a1adad3a430aa567dfb44");
	siv_ad_init(&ad);
	siv_ad_add(&ad, span_str("ab"));
	siv_ad_add(&ad, span_str("c"));
	check(&ad, 15,
	    "5b3bb0a91ef7c90a77a9ea7418dbf63d"
	    "4a4a1f4094c2d16fc8a8657741e9af");
	siv_ad_init(&ad);
	siv_ad_add_u64(&ad, 1);
	siv_ad_add(&ad, span_str("node"));
	siv_ad_add(&ad, span_str("name"));
	siv_ad_add_u64(&ad, 77);
	check(&ad, 16,
	    "4ac2a34475f776aa3d1c9698f6007a8a"
	    "46d2971f53ac09126235ab4ebf6a3a35");
	check(&ad, 100,
	    "be97bb05a96607cf0caa84c4fa46cb89d50fba0a7f1b8638363e005486f8338"
	    "881030a5f93ccde1d7e5d885736ea639090f9ae528cb8d939b58c88e22920e5"
	    "3d29d7fc6a396ac88464389c65bdb2554782a1450833d104c13ee919b39f033"
	    "c24ad65e96d8d7498af461de589b89078a9b87be2b0");
}

static void
an_empty_text_is_sealed_like_any_other(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(siv_release) struct siv siv = {0};
	uint8_t sealed[SIV_TAG_SIZE];
	uint8_t opened[1] = {0};
	struct siv_ad ad;

	(void)state;
	siv_start(&op, &siv);
	siv_ad_init(&ad);
	ASSERT_OK(&op, siv_seal(&op, &siv, &ad, span_of(NULL, 0), sealed));
	hex_assert(sealed, sizeof(sealed), "3a9bf073444811cfc5458ab8785fd81f");
	siv_ad_add(&ad, span_str("ab"));
	siv_ad_add(&ad, span_str("c"));
	ASSERT_OK(&op, siv_seal(&op, &siv, &ad, span_of("", 0), sealed));
	hex_assert(sealed, sizeof(sealed), "3bd0bf45a5acd90271c7c2b805477dbc");
	ASSERT_OK(&op,
	    siv_open(&op, &siv, &ad, span_of(sealed, sizeof(sealed)), opened));
	sealed[3] ^= 1;
	ASSERT_RC(&op, RC_DAMAGED,
	    siv_open(&op, &siv, &ad, span_of(sealed, sizeof(sealed)), opened));
}

static void
no_two_lists_of_pieces_are_the_same_bytes(void **state)
{
	struct siv_ad a;
	struct siv_ad b;

	(void)state;
	siv_ad_init(&a);
	siv_ad_add(&a, span_str("ab"));
	siv_ad_add(&a, span_str("c"));
	hex_assert(a.bytes, a.size, "0000000261620000000163");
	siv_ad_init(&b);
	siv_ad_add(&b, span_str("a"));
	siv_ad_add(&b, span_str("bc"));
	assert_int_equal(a.size, b.size);
	assert_memory_not_equal(a.bytes, b.bytes, a.size);
	siv_ad_init(&b);
	siv_ad_add_u64(&b, UINT64_C(0x0102030405060708));
	hex_assert(b.bytes, b.size, "000000080102030405060708");
}

static void
associated_data_may_fill_its_room(void **state)
{
	static const uint8_t piece[188];
	struct siv_ad ad;

	(void)state;
	siv_ad_init(&ad);
	siv_ad_add(&ad, span_of(piece, sizeof(piece)));
	assert_int_equal(ad.size, sizeof(ad.bytes));
}

static void
each_changed_bit_fails_and_leaves_no_plaintext(void **state)
{
	static const uint8_t zeros[33];
	CLEANUP(op_release) struct op op;
	CLEANUP(siv_release) struct siv siv = {0};
	uint8_t plain[33];
	uint8_t sealed[33 + SIV_TAG_SIZE];
	uint8_t opened[33];
	struct siv_ad ad;
	size_t bit;

	(void)state;
	siv_start(&op, &siv);
	fill(plain, sizeof(plain));
	siv_ad_init(&ad);
	siv_ad_add_u64(&ad, 5);
	ASSERT_OK(&op,
	    siv_seal(&op, &siv, &ad, span_of(plain, sizeof(plain)), sealed));
	for (bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(opened, 0xee, sizeof(opened));
		ASSERT_RC(&op, RC_DAMAGED,
		    siv_open(&op, &siv, &ad, span_of(sealed, sizeof(sealed)),
			opened));
		assert_memory_equal(opened, zeros, sizeof(opened));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ASSERT_OK(&op,
	    siv_open(&op, &siv, &ad, span_of(sealed, sizeof(sealed)), opened));
}

static void
cut_bytes_fail_at_every_length(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(siv_release) struct siv siv = {0};
	uint8_t plain[20];
	uint8_t sealed[20 + SIV_TAG_SIZE];
	uint8_t opened[20];
	struct siv_ad ad;
	size_t size;

	(void)state;
	siv_start(&op, &siv);
	fill(plain, sizeof(plain));
	siv_ad_init(&ad);
	ASSERT_OK(&op,
	    siv_seal(&op, &siv, &ad, span_of(plain, sizeof(plain)), sealed));
	for (size = 0; size < sizeof(sealed); size++)
		ASSERT_RC(&op, RC_DAMAGED,
		    siv_open(&op, &siv, &ad, span_of(sealed, size), opened));
}

static void
other_associated_data_or_another_key_fails(void **state)
{
	static const uint8_t zeros[SIV_KEY_SIZE];
	CLEANUP(op_release) struct op op;
	CLEANUP(siv_release) struct siv siv = {0};
	CLEANUP(siv_release) struct siv other = {0};
	uint8_t sealed[3 + SIV_TAG_SIZE];
	uint8_t opened[3];
	struct siv_ad ad;

	(void)state;
	siv_start(&op, &siv);
	siv_ad_init(&ad);
	siv_ad_add_u64(&ad, 1);
	ASSERT_OK(&op, siv_seal(&op, &siv, &ad, span_str("abc"), sealed));
	ASSERT_OK(&op, siv_init(&op, &other, span_of(zeros, sizeof(zeros))));
	ASSERT_RC(&op, RC_DAMAGED,
	    siv_open(
		&op, &other, &ad, span_of(sealed, sizeof(sealed)), opened));
	siv_ad_add_u64(&ad, 2);
	ASSERT_RC(&op, RC_DAMAGED,
	    siv_open(&op, &siv, &ad, span_of(sealed, sizeof(sealed)), opened));
	siv_ad_init(&ad);
	ASSERT_RC(&op, RC_DAMAGED,
	    siv_open(&op, &siv, &ad, span_of(sealed, sizeof(sealed)), opened));
}

static void
keys_of_other_sizes_are_refused(void **state)
{
	static const uint8_t zeros[SIV_KEY_SIZE + 1];
	CLEANUP(op_release) struct op op;
	struct siv siv = {0};
	size_t size;

	(void)state;
	op_init(&op);
	for (size = 0; size <= sizeof(zeros); size++)
		if (size != SIV_KEY_SIZE)
			ASSERT_RC(&op, RC_INVALID,
			    siv_init(&op, &siv, span_of(zeros, size)));
	assert_null(siv.handle);
	siv_release(&siv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sealed_bytes_are_those_of_another_implementation),
	    cmocka_unit_test(an_empty_text_is_sealed_like_any_other),
	    cmocka_unit_test(no_two_lists_of_pieces_are_the_same_bytes),
	    cmocka_unit_test(associated_data_may_fill_its_room),
	    cmocka_unit_test(each_changed_bit_fails_and_leaves_no_plaintext),
	    cmocka_unit_test(cut_bytes_fail_at_every_length),
	    cmocka_unit_test(other_associated_data_or_another_key_fails),
	    cmocka_unit_test(keys_of_other_sizes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
