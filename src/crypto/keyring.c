/* keyring.c - a tenant's keys in memory, and their sealed object. */
#include "crypto/keyring.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/siv.h"

static const char keyring_magic[8] = {'d', 'o', 'z', 'o', 'R', 'I', 'N', 'G'};

/* docs/FORMAT.md gives this layout; never change it, add a format. */
enum {
	FORMAT = 1,
	/* in clear, and all of it associated data */
	FORMAT_AT = 8,
	SERVICE_AT = 16,
	SITE_AT = 32,
	TENANT_AT = 48,
	VERSION_AT = 56,
	HEADER_SIZE = 64,
	/* in the sealed payload */
	KEY_SIZE = 32,
	FLAGS_AT = 32,
	N_EPOCHS_AT = 34,
	SIGNING_AT = 36,
	EPOCHS_AT = 68,
	EPOCH_SIZE = 4 + KEY_SIZE,
	PAYLOAD_MAX = EPOCHS_AT + KEYRING_EPOCHS_MAX * EPOCH_SIZE,
	FLAG_SIGNING = 1,
	PURPOSE_MAX = 32,
};

_Static_assert(HEADER_SIZE + SIV_TAG_SIZE + PAYLOAD_MAX <= KEYRING_OBJECT_MAX,
    "the largest keyring fits");

/* Opened keys on the stack, wiped. */
struct payload {
	uint8_t bytes[PAYLOAD_MAX];
	size_t size;
};

static void
payload_wipe(struct payload *payload)
{
	mem_wipe(payload, sizeof(*payload));
}

static enum rc
ring_alloc(struct op *op, uint64_t tenant, struct keyring **ret_ring)
{
	struct keyring *ring = mem_alloc(sizeof(*ring));

	if (ring == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory (%zu bytes)",
		    sizeof(*ring));
	ring->tenant = tenant;
	*ret_ring = ring;
	return RC_OK;
}

enum rc
keyring_new(struct op *op, uint64_t tenant, bool with_signing,
    struct keyring **ret_ring)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	uint32_t epoch;

	TRY(ring_alloc(op, tenant, &ring));
	TRY(secret_new_random(op, KEY_SIZE, &ring->root));
	if (with_signing)
		TRY(secret_new_random(op, KEY_SIZE, &ring->signing));
	TRY(keyring_add_epoch(op, ring, &epoch));
	*ret_ring = ring;
	ring = NULL;
	return RC_OK;
}

void
keyring_free(struct keyring *ring)
{
	size_t i;

	if (ring == NULL)
		return;
	secret_free(ring->root);
	secret_free(ring->signing);
	for (i = 0; i < ring->n_epochs; i++)
		secret_free(ring->epochs[i].key);
	mem_free(ring);
}

void
keyring_free_ptr(struct keyring **ring)
{
	keyring_free(*ring);
}

const struct secret *
keyring_epoch_key(const struct keyring *ring, uint32_t epoch)
{
	size_t i;

	for (i = 0; i < ring->n_epochs; i++)
		if (ring->epochs[i].epoch == epoch)
			return ring->epochs[i].key;
	return NULL;
}

uint32_t
keyring_newest_epoch(const struct keyring *ring)
{
	return ring->n_epochs > 0 ? ring->epochs[ring->n_epochs - 1].epoch : 0;
}

enum rc
keyring_add_epoch(struct op *op, struct keyring *ring, uint32_t *ret_epoch)
{
	uint32_t newest = keyring_newest_epoch(ring);
	struct secret *key;

	if (ring->n_epochs == KEYRING_EPOCHS_MAX || newest == UINT32_MAX)
		FAIL(op, RC_LIMIT, "a keyring has at most %d epochs",
		    KEYRING_EPOCHS_MAX);
	TRY(secret_new_random(op, KEY_SIZE, &key));
	ring->epochs[ring->n_epochs++] =
	    (struct keyring_epoch){.epoch = newest + 1, .key = key};
	*ret_epoch = newest + 1;
	return RC_OK;
}

enum rc
keyring_drop_epoch(struct op *op, struct keyring *ring, uint32_t epoch)
{
	size_t i = 0;

	while (i < ring->n_epochs && ring->epochs[i].epoch != epoch)
		i++;
	if (i == ring->n_epochs)
		FAIL(op, RC_NOT_FOUND, "the keyring has no epoch %u", epoch);
	/* Else its number would be given again, to another key. */
	if (i + 1 == ring->n_epochs)
		FAIL(op, RC_CONFLICT, "epoch %u is the newest", epoch);
	secret_free(ring->epochs[i].key);
	ring->n_epochs--;
	memmove(&ring->epochs[i], &ring->epochs[i + 1],
	    (ring->n_epochs - i) * sizeof(ring->epochs[0]));
	return RC_OK;
}

static bool
key_equal(const struct secret *a, const struct secret *b)
{
	struct span x = secret_span(a);
	struct span y = secret_span(b);

	return x.size == y.size && hash_equal(x.data, y.data, x.size);
}

/* Keeps the epochs ascending; there is room. */
static enum rc
epoch_insert(
    struct op *op, struct keyring *ring, uint32_t epoch, struct span bytes)
{
	struct secret *key;
	size_t i = ring->n_epochs;

	TRY(secret_new_from(op, bytes, &key));
	for (; i > 0 && ring->epochs[i - 1].epoch > epoch; i--)
		ring->epochs[i] = ring->epochs[i - 1];
	ring->epochs[i] = (struct keyring_epoch){.epoch = epoch, .key = key};
	ring->n_epochs++;
	return RC_OK;
}

/* Whether the two can be one tenant's, and how many epochs ring lacks. */
static enum rc
merge_check(struct op *op, const struct keyring *ring,
    const struct keyring *other, size_t *ret_lacking)
{
	size_t lacking = 0;
	size_t i;

	if (ring->tenant != other->tenant ||
	    !key_equal(ring->root, other->root))
		FAIL(op, RC_DAMAGED, "two keyrings have different roots");
	if (ring->signing != NULL && other->signing != NULL &&
	    !key_equal(ring->signing, other->signing))
		FAIL(op, RC_DAMAGED, "two keyrings sign by different keys");
	for (i = 0; i < other->n_epochs; i++) {
		const struct secret *key =
		    keyring_epoch_key(ring, other->epochs[i].epoch);

		if (key == NULL)
			lacking++;
		else if (!key_equal(key, other->epochs[i].key))
			FAIL(op, RC_DAMAGED,
			    "two keyrings have different keys for epoch %u",
			    other->epochs[i].epoch);
	}
	*ret_lacking = lacking;
	return RC_OK;
}

enum rc
keyring_merge(struct op *op, struct keyring *ring, const struct keyring *other)
{
	size_t lacking;
	size_t i;

	TRY(merge_check(op, ring, other, &lacking));
	if (ring->n_epochs + lacking > KEYRING_EPOCHS_MAX)
		FAIL(op, RC_LIMIT, "a keyring has at most %d epochs",
		    KEYRING_EPOCHS_MAX);
	if (ring->signing == NULL && other->signing != NULL)
		TRY(secret_new_from(
		    op, secret_span(other->signing), &ring->signing));
	for (i = 0; i < other->n_epochs; i++) {
		const struct keyring_epoch *epoch = &other->epochs[i];

		if (keyring_epoch_key(ring, epoch->epoch) == NULL)
			TRY(epoch_insert(
			    op, ring, epoch->epoch, secret_span(epoch->key)));
	}
	return RC_OK;
}

enum rc
keyring_copy(
    struct op *op, const struct keyring *ring, struct keyring **ret_copy)
{
	CLEANUP(keyring_free_ptr) struct keyring *copy = NULL;

	TRY(ring_alloc(op, ring->tenant, &copy));
	copy->version = ring->version;
	TRY(secret_new_from(op, secret_span(ring->root), &copy->root));
	TRY(keyring_merge(op, copy, ring));
	*ret_copy = copy;
	copy = NULL;
	return RC_OK;
}

static void
header_make(uint8_t header[HEADER_SIZE],
    const uint8_t service[KEYSTORE_ID_SIZE], const struct keystore_site *site,
    uint64_t tenant, uint64_t version)
{
	memset(header, 0, HEADER_SIZE);
	memcpy(header, keyring_magic, sizeof(keyring_magic));
	bytes_put_u16(header + FORMAT_AT, FORMAT);
	memcpy(header + SERVICE_AT, service, KEYSTORE_ID_SIZE);
	memcpy(header + SITE_AT, site->id, KEYSTORE_ID_SIZE);
	bytes_put_u64(header + TENANT_AT, tenant);
	bytes_put_u64(header + VERSION_AT, version);
}

static void
payload_encode(const struct keyring *ring, struct payload *payload)
{
	uint8_t *at = payload->bytes;
	size_t i;

	memset(payload, 0, sizeof(*payload));
	memcpy(at, secret_span(ring->root).data, KEY_SIZE);
	if (ring->signing != NULL) {
		bytes_put_u16(at + FLAGS_AT, FLAG_SIGNING);
		memcpy(
		    at + SIGNING_AT, secret_span(ring->signing).data, KEY_SIZE);
	}
	bytes_put_u16(at + N_EPOCHS_AT, (uint16_t)ring->n_epochs);
	for (i = 0; i < ring->n_epochs; i++) {
		at = payload->bytes + EPOCHS_AT + i * EPOCH_SIZE;
		bytes_put_u32(at, ring->epochs[i].epoch);
		memcpy(at + 4, secret_span(ring->epochs[i].key).data, KEY_SIZE);
	}
	payload->size = EPOCHS_AT + ring->n_epochs * EPOCH_SIZE;
}

enum rc
keyring_seal(struct op *op, const struct keyring *ring, uint64_t version,
    const uint8_t service[KEYSTORE_ID_SIZE], const struct keystore_site *site,
    struct buf *out)
{
	CLEANUP(siv_release) struct siv siv = {0};
	CLEANUP(payload_wipe) struct payload payload;
	uint8_t object[HEADER_SIZE + SIV_TAG_SIZE + PAYLOAD_MAX];
	struct siv_ad ad;

	if (version == 0)
		FAIL(op, RC_INVALID, "a keyring's versions begin with 1");
	header_make(object, service, site, ring->tenant, version);
	siv_ad_init(&ad);
	siv_ad_add(&ad, span_of(object, HEADER_SIZE));
	payload_encode(ring, &payload);
	TRY(siv_init(op, &siv, secret_span(site->now.key)));
	TRY(siv_seal(op, &siv, &ad, span_of(payload.bytes, payload.size),
	    object + HEADER_SIZE));
	return buf_add(op, out,
	    span_of(object, HEADER_SIZE + SIV_TAG_SIZE + payload.size));
}

/* Whether the clear part is that of the keyring that the caller expects. */
static enum rc
header_check(struct op *op, struct span object, uint64_t tenant,
    const uint8_t service[KEYSTORE_ID_SIZE], const struct keystore_site *site)
{
	uint8_t expected[HEADER_SIZE];
	uint64_t version;

	if (object.size < HEADER_SIZE ||
	    memcmp(object.data, keyring_magic, sizeof(keyring_magic)) != 0)
		FAIL(op, RC_INVALID, "this is no keyring");
	if (bytes_get_u16(object.data + FORMAT_AT) != FORMAT)
		FAIL(op, RC_INVALID,
		    "keyring of format %u: this dozo reads format %d",
		    bytes_get_u16(object.data + FORMAT_AT), FORMAT);
	version = bytes_get_u64(object.data + VERSION_AT);
	header_make(expected, service, site, tenant, version);
	if (version == 0 || memcmp(object.data, expected, HEADER_SIZE) != 0)
		FAIL(op, RC_DAMAGED,
		    "a keyring of another service, site or tenant");
	return RC_OK;
}

static enum rc
payload_open_with(struct op *op, struct span object, const struct secret *key,
    struct payload *ret_payload)
{
	CLEANUP(siv_release) struct siv siv = {0};
	struct siv_ad ad;
	size_t smallest = HEADER_SIZE + SIV_TAG_SIZE + EPOCHS_AT;

	if (object.size < smallest ||
	    object.size > HEADER_SIZE + SIV_TAG_SIZE + PAYLOAD_MAX)
		FAIL(op, RC_DAMAGED, "a keyring of %zu bytes", object.size);
	siv_ad_init(&ad);
	siv_ad_add(&ad, span_of(object.data, HEADER_SIZE));
	TRY(siv_init(op, &siv, secret_span(key)));
	ret_payload->size = object.size - HEADER_SIZE - SIV_TAG_SIZE;
	return siv_open(op, &siv, &ad,
	    span_of(object.data + HEADER_SIZE, object.size - HEADER_SIZE),
	    ret_payload->bytes);
}

/* While the keys are rotated a site has keyrings under either. */
static enum rc
payload_open(struct op *op, struct span object,
    const struct keystore_site *site, struct payload *ret_payload)
{
	enum rc rc = payload_open_with(op, object, site->now.key, ret_payload);

	if (rc != RC_DAMAGED || site->former.key == NULL)
		return rc;
	op_clear_error(op);
	return payload_open_with(op, object, site->former.key, ret_payload);
}

static enum rc
epochs_decode(
    struct op *op, const struct payload *payload, struct keyring *ring)
{
	size_t n = bytes_get_u16(payload->bytes + N_EPOCHS_AT);
	uint32_t before = 0;
	size_t i;

	if (n == 0 || n > KEYRING_EPOCHS_MAX ||
	    payload->size != EPOCHS_AT + n * EPOCH_SIZE)
		FAIL(op, RC_DAMAGED, "a keyring of %zu epochs in %zu bytes", n,
		    payload->size);
	for (i = 0; i < n; i++) {
		const uint8_t *at = payload->bytes + EPOCHS_AT + i * EPOCH_SIZE;
		uint32_t epoch = bytes_get_u32(at);

		if (epoch <= before)
			FAIL(op, RC_DAMAGED, "a keyring's epochs do not rise");
		TRY(epoch_insert(op, ring, epoch, span_of(at + 4, KEY_SIZE)));
		before = epoch;
	}
	return RC_OK;
}

/* Opened bytes are our own, so a wrong field is a bug; still none is followed.
 */
static enum rc
payload_decode(
    struct op *op, const struct payload *payload, struct keyring *ring)
{
	static const uint8_t no_key[KEY_SIZE];
	const uint8_t *at = payload->bytes;
	unsigned flags = bytes_get_u16(at + FLAGS_AT);

	if (flags > FLAG_SIGNING ||
	    (flags == 0 && memcmp(at + SIGNING_AT, no_key, KEY_SIZE) != 0))
		FAIL(op, RC_DAMAGED, "a keyring with unknown flags");
	TRY(secret_new_from(op, span_of(at, KEY_SIZE), &ring->root));
	if (flags == FLAG_SIGNING)
		TRY(secret_new_from(
		    op, span_of(at + SIGNING_AT, KEY_SIZE), &ring->signing));
	return epochs_decode(op, payload, ring);
}

enum rc
keyring_open(struct op *op, struct span object, uint64_t tenant,
    const uint8_t service[KEYSTORE_ID_SIZE], const struct keystore_site *site,
    struct keyring **ret_ring)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	CLEANUP(payload_wipe) struct payload payload;

	TRY(header_check(op, object, tenant, service, site));
	TRY(payload_open(op, object, site, &payload));
	TRY(ring_alloc(op, tenant, &ring));
	ring->version = bytes_get_u64(object.data + VERSION_AT);
	TRY(payload_decode(op, &payload, ring));
	*ret_ring = ring;
	ring = NULL;
	return RC_OK;
}

enum rc
keyring_derive(struct op *op, const struct keyring *ring, const char *purpose,
    size_t size, struct secret **ret_key)
{
	char info[sizeof("dozo ") + PURPOSE_MAX] = "dozo ";
	uint8_t salt[8];
	struct secret *key;

	if (strlen(purpose) > PURPOSE_MAX)
		abort(); /* purposes are our own constants */
	memcpy(info + strlen(info), purpose, strlen(purpose) + 1);
	bytes_put_u64(salt, ring->tenant);
	TRY(secret_new(op, size, &key));
	hkdf_sha256(secret_span(ring->root), span_of(salt, sizeof(salt)),
	    span_str(info), secret_bytes(key), size);
	*ret_key = key;
	return RC_OK;
}
