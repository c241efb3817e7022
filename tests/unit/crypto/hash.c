/* hash.c - hashes against published vectors, and a running state that is kept
 * and taken up. */
#include "crypto/hash.h"

#include "base/mem.h"
#include "hex.h"

static const char abc_sha256[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void
fill(uint8_t *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
}

static void
sha256_gives_the_published_digests(void **state)
{
	uint8_t *million = mem_alloc(1000000);
	uint8_t out[SHA256_SIZE];

	(void)state;
	assert_non_null(million);
	memset(million, 'a', 1000000);
	sha256_of(span_str("abc"), out);
	hex_assert(out, sizeof(out), abc_sha256);
	sha256_of(span_of(NULL, 0), out);
	hex_assert(out, sizeof(out),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_of(span_of(million, 1000000), out);
	hex_assert(out, sizeof(out),
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	mem_free(million);
}

/* Around the block and around the size where another library takes over. */
static void
one_shot_pieces_and_running_agree_at_every_size(void **state)
{
	static const size_t bases[] = {0, 64, 128, 4096, 65536};
	static uint8_t bytes[66000];
	size_t i;

	(void)state;
	fill(bytes, sizeof(bytes));
	for (i = 0; i < ARRAY_LEN(bases); i++) {
		size_t size = bases[i] > 3 ? bases[i] - 3 : 0;

		for (; size <= bases[i] + 3; size++) {
			uint8_t one[SHA256_SIZE], pieces[SHA256_SIZE];
			uint8_t running[SHA256_SIZE];
			struct span cut[3] = {span_of(bytes, size / 3),
			    span_of(NULL, 0),
			    span_of(bytes + size / 3, size - size / 3)};
			struct sha256 hash;

			sha256_of(span_of(bytes, size), one);
			sha256_of_pieces(cut, 3, pieces);
			sha256_init(&hash);
			sha256_update(&hash, cut[2]);
			sha256_init(&hash); /* forgets */
			sha256_update(&hash, cut[0]);
			sha256_update(&hash, cut[1]);
			sha256_update(&hash, cut[2]);
			sha256_digest(&hash, running);
			assert_memory_equal(one, pieces, SHA256_SIZE);
			assert_memory_equal(one, running, SHA256_SIZE);
		}
	}
}

static void
a_kept_sha256_state_goes_on_at_another_place(void **state)
{
	uint8_t bytes[200];
	uint8_t expected[SHA256_SIZE];
	size_t cut;

	(void)state;
	fill(bytes, sizeof(bytes));
	sha256_of(span_of(bytes, sizeof(bytes)), expected);
	for (cut = 0; cut <= sizeof(bytes); cut++) {
		uint8_t kept[SHA256_STATE_SIZE];
		uint8_t out[SHA256_SIZE];
		struct sha256 *first = mem_alloc(sizeof(*first));
		struct sha256 second;

		assert_non_null(first);
		sha256_init(first);
		sha256_update(first, span_of(bytes, cut));
		sha256_digest(first, out); /* does not end it */
		memcpy(kept, first->state, sizeof(kept));
		mem_free(first);
		memcpy(second.state, kept, sizeof(kept));
		sha256_update(
		    &second, span_of(bytes + cut, sizeof(bytes) - cut));
		sha256_digest(&second, out);
		assert_memory_equal(out, expected, SHA256_SIZE);
	}
}

/* FORMAT.md: rows of years hold these bytes. */
static void
the_sha256_state_has_the_written_layout(void **state)
{
	struct sha256 hash;

	(void)state;
	sha256_init(&hash);
	sha256_update(&hash, span_str("abc"));
	hex_assert(hash.state, sizeof(hash.state),
	    "6a09e667bb67ae853c6ef372a54ff53a"
	    "510e527f9b05688c1f83d9ab5be0cd19"
	    "00000000000000036162630000000000"
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000000");
}

static void
the_sha256_state_keeps_no_byte_of_finished_blocks(void **state)
{
	static const uint8_t zeros[SHA256_STATE_SIZE];
	uint8_t bytes[40];
	struct sha256 hash;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	sha256_init(&hash);
	sha256_update(&hash, span_of(bytes, sizeof(bytes)));
	sha256_update(&hash, span_of(bytes, sizeof(bytes)));
	/* 80 bytes: 16 of the second block */
	assert_memory_equal(hash.state + 40, bytes, 16);
	assert_memory_equal(hash.state + 56, zeros, sizeof(hash.state) - 56);
}

static void
running_sha1_gives_the_published_digests_from_any_cut(void **state)
{
	static const char text[] =
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t out[SHA1_SIZE];
	struct sha1 hash;
	size_t cut;

	(void)state;
	sha1_init(&hash);
	sha1_digest(&hash, out);
	hex_assert(
	    out, sizeof(out), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	sha1_update(&hash, span_str("abc"));
	sha1_digest(&hash, out);
	hex_assert(
	    out, sizeof(out), "a9993e364706816aba3e25717850c26c9cd0d89d");
	for (cut = 0; cut < sizeof(text); cut++) {
		struct sha1 again;

		sha1_init(&hash);
		sha1_update(&hash, span_of(text, cut));
		memcpy(&again, &hash, sizeof(again));
		sha1_update(
		    &again, span_of(text + cut, sizeof(text) - 1 - cut));
		sha1_digest(&again, out);
		hex_assert(out, sizeof(out),
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	}
}

static void
running_sha1_counts_many_blocks(void **state)
{
	uint8_t part[1000];
	uint8_t out[SHA1_SIZE];
	struct sha1 hash;
	int i;

	(void)state;
	memset(part, 'a', sizeof(part));
	sha1_init(&hash);
	for (i = 0; i < 1000; i++)
		sha1_update(&hash, span_of(part, sizeof(part)));
	sha1_digest(&hash, out);
	hex_assert(
	    out, sizeof(out), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

/* RFC 4231, cases 1, 2, 3, 6. */
static void
hmac_gives_the_published_tags(void **state)
{
	uint8_t key[131];
	uint8_t text[50];
	uint8_t out[SHA256_SIZE];
	struct span cut[2] = {
	    span_str("what do ya want "), span_str("for nothing?")};
	struct span piece;

	(void)state;
	memset(key, 0x0b, sizeof(key));
	piece = span_str("Hi There");
	hmac_sha256(span_of(key, 20), &piece, 1, out);
	hex_assert(out, sizeof(out),
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_sha256(span_str("Jefe"), cut, 2, out);
	hex_assert(out, sizeof(out),
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	memset(text, 0xdd, sizeof(text));
	piece = span_of(text, sizeof(text));
	hmac_sha256(span_of(key, 20), &piece, 1, out);
	hex_assert(out, sizeof(out),
	    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	piece =
	    span_str("Test Using Larger Than Block-Size Key - Hash Key First");
	hmac_sha256(span_of(key, 131), &piece, 1, out);
	hex_assert(out, sizeof(out),
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 5869, A.1 and A.3. */
static void
hkdf_gives_the_published_keys(void **state)
{
	uint8_t key[22];
	uint8_t salt[13];
	uint8_t info[10];
	uint8_t out[42];

	(void)state;
	memset(key, 0x0b, sizeof(key));
	(void)hex_bytes(salt, "000102030405060708090a0b0c");
	(void)hex_bytes(info, "f0f1f2f3f4f5f6f7f8f9");
	hkdf_sha256(span_of(key, sizeof(key)), span_of(salt, sizeof(salt)),
	    span_of(info, sizeof(info)), out, sizeof(out));
	hex_assert(out, sizeof(out),
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865");
	hkdf_sha256(span_of(key, sizeof(key)), span_of(NULL, 0),
	    span_of(NULL, 0), out, sizeof(out));
	hex_assert(out, sizeof(out),
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	    "9d201395faa4b61a96c8");
}

/* RFC 5869, A.2: three blocks, long inputs. */
static void
hkdf_gives_the_published_keys_of_long_inputs(void **state)
{
	uint8_t bytes[256];
	uint8_t out[82];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	hkdf_sha256(span_of(bytes, 80), span_of(bytes + 0x60, 80),
	    span_of(bytes + 0xb0, 80), out, sizeof(out));
	hex_assert(out, sizeof(out),
	    "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
	    "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
	    "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

static void
equality_sees_each_byte(void **state)
{
	uint8_t a[33];
	uint8_t b[33];
	size_t i;

	(void)state;
	fill(a, sizeof(a));
	fill(b, sizeof(b));
	assert_true(hash_equal(a, b, sizeof(a)));
	assert_true(hash_equal(a, b, 0));
	for (i = 0; i < sizeof(a); i++) {
		b[i] ^= 0x80;
		assert_false(hash_equal(a, b, sizeof(a)));
		assert_true(hash_equal(a, b, i));
		b[i] ^= 0x80;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_gives_the_published_digests),
	    cmocka_unit_test(one_shot_pieces_and_running_agree_at_every_size),
	    cmocka_unit_test(a_kept_sha256_state_goes_on_at_another_place),
	    cmocka_unit_test(the_sha256_state_has_the_written_layout),
	    cmocka_unit_test(the_sha256_state_keeps_no_byte_of_finished_blocks),
	    cmocka_unit_test(
		running_sha1_gives_the_published_digests_from_any_cut),
	    cmocka_unit_test(running_sha1_counts_many_blocks),
	    cmocka_unit_test(hmac_gives_the_published_tags),
	    cmocka_unit_test(hkdf_gives_the_published_keys),
	    cmocka_unit_test(hkdf_gives_the_published_keys_of_long_inputs),
	    cmocka_unit_test(equality_sees_each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
