/* meta.c - the keys of a tenant's columns, and what they seal and find. */
#include "meta/meta.h"

#include "base/mem.h"
#include "crypto/hash.h"

enum rc
meta_keys_init(
    struct op *op, struct meta_keys *keys, const struct keyring *ring)
{
	enum rc rc;

	*keys = (struct meta_keys){.tenant = ring->tenant};
	rc = keyring_derive(op, ring, "siv", SIV_KEY_SIZE, &keys->siv);
	if (rc == RC_OK)
		rc = keyring_derive(op, ring, "name", 32, &keys->name);
	if (rc == RC_OK)
		rc = keyring_derive(op, ring, "lookup", 32, &keys->lookup);
	if (rc == RC_OK)
		rc = keyring_derive(op, ring, "chunk", 32, &keys->chunk);
	if (rc != RC_OK)
		meta_keys_release(keys);
	return rc;
}

void
meta_keys_release(struct meta_keys *keys)
{
	secret_free(keys->siv);
	secret_free(keys->name);
	secret_free(keys->lookup);
	secret_free(keys->chunk);
	*keys = (struct meta_keys){.tenant = keys->tenant};
}

enum rc
meta_init(struct op *op, struct meta *meta, struct db *db,
    const struct meta_keys *keys)
{
	*meta = (struct meta){.db = db, .keys = keys};
	return siv_init(op, &meta->siv, secret_span(keys->siv));
}

void
meta_release(struct meta *meta)
{
	siv_release(&meta->siv);
}

static void
column_ad(const struct meta *meta, const char *table, const char *column,
    int64_t row, struct siv_ad *ad)
{
	siv_ad_init(ad);
	siv_ad_add_u64(ad, meta->keys->tenant);
	siv_ad_add(ad, span_str(table));
	siv_ad_add(ad, span_str(column));
	siv_ad_add_u64(ad, (uint64_t)row);
}

enum rc
meta_seal(struct op *op, struct meta *meta, const char *table,
    const char *column, int64_t row, struct span plain, struct span *ret_sealed)
{
	struct siv_ad ad;
	uint8_t *out;

	column_ad(meta, table, column, row, &ad);
	TRY(op_alloc(op, plain.size + SIV_TAG_SIZE, &out));
	TRY(siv_seal(op, &meta->siv, &ad, plain, out));
	*ret_sealed = span_of(out, plain.size + SIV_TAG_SIZE);
	return RC_OK;
}

enum rc
meta_open(struct op *op, struct meta *meta, const char *table,
    const char *column, int64_t row, struct span sealed, struct span *ret_plain)
{
	uint8_t *out;

	/* One byte more: a text's NUL, which is not counted. */
	TRY(op_alloc(op, sealed.size + 1, &out));
	return meta_open_into(
	    op, meta, table, column, row, sealed, out, sealed.size, ret_plain);
}

enum rc
meta_open_into(struct op *op, struct meta *meta, const char *table,
    const char *column, int64_t row, struct span sealed, uint8_t *out,
    size_t room, struct span *ret_plain)
{
	struct siv_ad ad;

	if (sealed.size < SIV_TAG_SIZE || sealed.size - SIV_TAG_SIZE > room)
		FAIL(op, RC_DAMAGED, "%s.%s has a wrong size", table, column);
	column_ad(meta, table, column, row, &ad);
	TRY(siv_open(op, &meta->siv, &ad, sealed, out));
	*ret_plain = span_of(out, sealed.size - SIV_TAG_SIZE);
	return RC_OK;
}

void
meta_lookup_key(const struct meta *meta, const char *purpose, struct span text,
    uint8_t out[32])
{
	struct siv_ad prefix;
	struct span pieces[2];

	siv_ad_init(&prefix);
	siv_ad_add_u64(&prefix, meta->keys->tenant);
	siv_ad_add(&prefix, span_str(purpose));
	siv_ad_add_u64(&prefix, text.size);
	pieces[0] = span_of(prefix.bytes, prefix.size);
	pieces[1] = text;
	hmac_sha256(secret_span(meta->keys->lookup), pieces, 2, out);
}
