/* segment_record.c - keys, salts and commitments of sealed records (L17). */
#include "base/mem.h"
#include "base/rand.h"
#include "store/segment_layout.h"
#include "store/wire.h"

enum { RECORD_AD_SIZE = SHA256_SIZE + 8 };

static const char record_info[] = "dozo record v1";

struct record_keys {
	/* The key, then the commitment: one run of HKDF gives both. */
	uint8_t derived[AEAD_KEY_SIZE + SEGMENT_COMMITMENT_SIZE];
	uint8_t ad[RECORD_AD_SIZE];
};

static void
record_keys_wipe(struct record_keys *keys)
{
	mem_wipe(keys, sizeof(*keys));
}

static void
record_keys_derive(const struct segment_record *record,
    const uint8_t salt[SEGMENT_SALT_SIZE], struct record_keys *keys)
{
	uint8_t info[sizeof(record_info) - 1 + RECORD_AD_SIZE];
	uint8_t *p = keys->ad;

	p = wire_put_bytes(p, record->header_hash, SHA256_SIZE);
	p = wire_put_u32(p, record->type);
	(void)wire_put_u32(p, record->number);
	p = wire_put_bytes(info, record_info, sizeof(record_info) - 1);
	(void)wire_put_bytes(p, keys->ad, sizeof(keys->ad));
	hkdf_sha256(secret_span(record->epoch_key),
	    span_of(salt, SEGMENT_SALT_SIZE), span_of(info, sizeof(info)),
	    keys->derived, sizeof(keys->derived));
}

/*
 * Hedged: with a dead or repeating RNG two different texts still have two salts
 * and so two keys, and one text twice gives the same bytes, which tells
 * nothing.
 */
static void
record_salt(const struct secret *salt_key, uint32_t type, struct span plain,
    uint8_t salt[SEGMENT_SALT_SIZE])
{
	uint8_t random[32], type_bytes[4], digest[SHA256_SIZE];
	const struct span pieces[] = {
	    span_of(random, sizeof(random)),
	    span_of(type_bytes, sizeof(type_bytes)),
	    span_of(digest, sizeof(digest)),
	};

	rand_bytes(random, sizeof(random));
	(void)wire_put_u32(type_bytes, type);
	sha256_of(plain, digest);
	hmac_sha256(secret_span(salt_key), pieces, ARRAY_LEN(pieces), salt);
	/* A digest of plaintext tells whether a guess is right. */
	mem_wipe(digest, sizeof(digest));
}

enum rc
segment_record_seal(struct op *op, const struct segment_record *record,
    const struct secret *salt_key, struct span plain,
    uint8_t ret_salt[SEGMENT_SALT_SIZE],
    uint8_t ret_commitment[SEGMENT_COMMITMENT_SIZE], uint8_t *sealed)
{
	CLEANUP(record_keys_wipe) struct record_keys keys;
	uint8_t salt[SEGMENT_SALT_SIZE];

	record_salt(salt_key, record->type, plain, salt);
	record_keys_derive(record, salt, &keys);
	TRY(aead_seal(op, span_of(keys.derived, AEAD_KEY_SIZE),
	    span_of(keys.ad, sizeof(keys.ad)), plain, sealed));
	memcpy(ret_salt, salt, sizeof(salt));
	memcpy(ret_commitment, keys.derived + AEAD_KEY_SIZE,
	    SEGMENT_COMMITMENT_SIZE);
	return RC_OK;
}

enum rc
segment_record_open(struct op *op, const struct segment_record *record,
    const uint8_t salt[SEGMENT_SALT_SIZE],
    const uint8_t commitment[SEGMENT_COMMITMENT_SIZE], struct span sealed,
    uint8_t *plain, size_t plain_size)
{
	CLEANUP(record_keys_wipe) struct record_keys keys;

	record_keys_derive(record, salt, &keys);
	/* AES-GCM alone binds no key: a text may be made that opens under two.
	 */
	if (!hash_equal(keys.derived + AEAD_KEY_SIZE, commitment,
		SEGMENT_COMMITMENT_SIZE)) {
		mem_wipe(plain, plain_size);
		FAIL(op, RC_DAMAGED, "a record is not of this segment or key");
	}
	return aead_open(op, span_of(keys.derived, AEAD_KEY_SIZE),
	    span_of(keys.ad, sizeof(keys.ad)), sealed, plain, plain_size);
}
