/* sign.c - Ed25519 against RFC 8032's vectors. */
#include "crypto/sign.h"

#include "hex.h"

/* RFC 8032, 7.1, tests 1 to 3. */
static const struct {
	const char *seed, *public_key, *text, *signature;
} known[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	"72",
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	"af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void
seed_of(struct op *op, const char *hex, struct secret **ret_seed)
{
	uint8_t bytes[SIGN_SEED_SIZE];

	assert_int_equal(hex_bytes(bytes, hex), sizeof(bytes));
	ASSERT_OK(
	    op, secret_new_from(op, span_of(bytes, sizeof(bytes)), ret_seed));
}

static void
signatures_are_the_published_ones(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		CLEANUP(op_release) struct op op;
		CLEANUP(secret_free_ptr) struct secret *seed = NULL;
		uint8_t text[4];
		size_t size = hex_bytes(text, known[i].text);
		uint8_t public_key[SIGN_PUBLIC_SIZE];
		uint8_t signature[SIGN_SIZE];

		op_init(&op);
		seed_of(&op, known[i].seed, &seed);
		ASSERT_OK(&op, sign_public(&op, seed, public_key));
		hex_assert(public_key, sizeof(public_key), known[i].public_key);
		ASSERT_OK(
		    &op, sign_make(&op, seed, span_of(text, size), signature));
		hex_assert(signature, sizeof(signature), known[i].signature);
		ASSERT_OK(&op, sign_verify(&op, public_key, span_of(text, size),
				   signature));
	}
}

static void
each_changed_bit_of_a_signature_fails(void **state)
{
	CLEANUP(op_release) struct op op;
	uint8_t public_key[SIGN_PUBLIC_SIZE];
	uint8_t signature[SIGN_SIZE];
	size_t bit;

	(void)state;
	op_init(&op);
	(void)hex_bytes(public_key, known[1].public_key);
	(void)hex_bytes(signature, known[1].signature);
	ASSERT_OK(&op, sign_verify(&op, public_key, span_str("r"), signature));
	for (bit = 0; bit < 8 * sizeof(signature); bit++) {
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT_RC(&op, RC_DENIED,
		    sign_verify(&op, public_key, span_str("r"), signature));
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
another_text_or_another_key_fails(void **state)
{
	CLEANUP(op_release) struct op op;
	uint8_t public_key[SIGN_PUBLIC_SIZE];
	uint8_t signature[SIGN_SIZE];

	(void)state;
	op_init(&op);
	(void)hex_bytes(public_key, known[1].public_key);
	(void)hex_bytes(signature, known[1].signature);
	ASSERT_RC(&op, RC_DENIED,
	    sign_verify(&op, public_key, span_str("s"), signature));
	ASSERT_RC(&op, RC_DENIED,
	    sign_verify(&op, public_key, span_str("rr"), signature));
	ASSERT_RC(&op, RC_DENIED,
	    sign_verify(&op, public_key, span_of(NULL, 0), signature));
	(void)hex_bytes(public_key, known[2].public_key);
	ASSERT_RC(&op, RC_DENIED,
	    sign_verify(&op, public_key, span_str("r"), signature));
}

static void
a_seed_of_another_size_is_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(secret_free_ptr) struct secret *seed = NULL;
	uint8_t out[SIGN_SIZE];

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, secret_new(&op, SIGN_SEED_SIZE - 1, &seed));
	ASSERT_RC(&op, RC_INVALID, sign_public(&op, seed, out));
	ASSERT_RC(&op, RC_INVALID, sign_make(&op, seed, span_str("x"), out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signatures_are_the_published_ones),
	    cmocka_unit_test(each_changed_bit_of_a_signature_fails),
	    cmocka_unit_test(another_text_or_another_key_fails),
	    cmocka_unit_test(a_seed_of_another_size_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
