/* keystore_file.c - the keystore's bytes: a header, a fixed record for each
 * site (sealed under what Argon2id makes of a passphrase, or open), a SHA-256.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/keystore_inside.h"
#include "crypto/password.h"
#include "crypto/siv.h"

static const char keystore_magic[8] = {'d', 'o', 'z', 'o', 'K', 'E', 'Y', 'S'};

/* docs/FORMAT.md gives this layout. */
enum {
	FORMAT = 1,
	PROTECTION_RAW = 0,
	PROTECTION_PASSPHRASE = 1,
	FORMAT_AT = 8,
	PROTECTION_AT = 10,
	VERSION_AT = 12,
	SERVICE_AT = 16,
	N_SITES_AT = 32,
	HEADER_SIZE = 40,
	/* with a passphrase */
	MEMORY_AT = 40,
	PASSES_AT = 44,
	LANES_AT = 48,
	ZEROS_AT = 52,
	SALT_AT = 56,
	SEALED_HEADER_SIZE = 72,
	/* in a site */
	NAME_AT = 16,
	NOW_AT = 48,
	FORMER_AT = 80,
	SITE_SIZE = FORMER_AT + KEYSTORE_RAW_SIZE,
	SITES_SIZE_MAX = KEYSTORE_SITES_MAX * SITE_SIZE,
	SMALLEST = HEADER_SIZE + SHA256_SIZE,
	/* RFC 9106's second recommendation: a tenth of a second. */
	MEMORY = 64 * 1024,
	PASSES = 3,
	LANES = 4,
};

_Static_assert(KEYSTORE_FILE_MAX == SEALED_HEADER_SIZE + SIV_TAG_SIZE +
					SITES_SIZE_MAX + SHA256_SIZE,
    "the largest file");

static const uint8_t no_key[KEYSTORE_RAW_SIZE];

/* The sites' records; on the stack, wiped. */
struct sites_image {
	uint8_t bytes[SITES_SIZE_MAX];
	size_t size;
};

static void
image_wipe(struct sites_image *image)
{
	mem_wipe(image, sizeof(*image));
}

/* ---- writing ---- */

static void
sites_encode(const struct keystore *store, struct sites_image *image)
{
	size_t i;

	memset(image, 0, sizeof(*image));
	for (i = 0; i < store->n_sites; i++) {
		const struct keystore_site *site = &store->sites[i];
		uint8_t *at = image->bytes + i * SITE_SIZE;

		memcpy(at, site->id, KEYSTORE_ID_SIZE);
		memcpy(at + NAME_AT, site->name, KEYSTORE_NAME_SIZE);
		memcpy(at + NOW_AT, secret_span(site->now.raw).data,
		    KEYSTORE_RAW_SIZE);
		if (site->former.raw != NULL)
			memcpy(at + FORMER_AT,
			    secret_span(site->former.raw).data,
			    KEYSTORE_RAW_SIZE);
	}
	image->size = store->n_sites * SITE_SIZE;
}

/* Returns the header's size. */
static size_t
header_encode(const struct keystore *store, uint8_t header[SEALED_HEADER_SIZE])
{
	const struct keystore_seal *seal = &store->seal;
	bool sealed = seal->key != NULL;

	memset(header, 0, SEALED_HEADER_SIZE);
	memcpy(header, keystore_magic, sizeof(keystore_magic));
	bytes_put_u16(header + FORMAT_AT, FORMAT);
	bytes_put_u16(header + PROTECTION_AT,
	    sealed ? PROTECTION_PASSPHRASE : PROTECTION_RAW);
	bytes_put_u32(header + VERSION_AT, store->version);
	memcpy(header + SERVICE_AT, store->service, KEYSTORE_ID_SIZE);
	bytes_put_u16(header + N_SITES_AT, (uint16_t)store->n_sites);
	if (!sealed)
		return HEADER_SIZE;
	bytes_put_u32(header + MEMORY_AT, seal->memory);
	bytes_put_u32(header + PASSES_AT, seal->passes);
	bytes_put_u32(header + LANES_AT, seal->lanes);
	memcpy(header + SALT_AT, seal->salt, KEYSTORE_SALT_SIZE);
	return SEALED_HEADER_SIZE;
}

static enum rc
sites_seal(struct op *op, const struct secret *key,
    const uint8_t header[SEALED_HEADER_SIZE], const struct sites_image *image,
    uint8_t *out)
{
	CLEANUP(siv_release) struct siv siv = {0};
	struct siv_ad ad;

	siv_ad_init(&ad);
	siv_ad_add(&ad, span_of(header, SEALED_HEADER_SIZE));
	TRY(siv_init(op, &siv, secret_span(key)));
	return siv_seal(op, &siv, &ad, span_of(image->bytes, image->size), out);
}

static void
file_wipe(uint8_t (*file)[KEYSTORE_FILE_MAX])
{
	mem_wipe(*file, sizeof(*file));
}

enum rc
keystore_write(struct op *op, const struct keystore *store, struct buf *out)
{
	CLEANUP(image_wipe) struct sites_image image;
	CLEANUP(file_wipe) uint8_t file[KEYSTORE_FILE_MAX] = {0};
	size_t size = header_encode(store, file);

	sites_encode(store, &image);
	if (store->seal.key != NULL) {
		TRY(sites_seal(op, store->seal.key, file, &image, file + size));
		size += SIV_TAG_SIZE;
	} else {
		memcpy(file + size, image.bytes, image.size);
	}
	size += image.size;
	sha256_of(span_of(file, size), file + size);
	return buf_add(op, out, span_of(file, size + SHA256_SIZE));
}

/* ---- reading ---- */

/* What can be told before a byte is trusted. */
static enum rc
file_check(struct op *op, struct span bytes)
{
	uint8_t sum[SHA256_SIZE];
	size_t body;

	if (bytes.size < SMALLEST ||
	    memcmp(bytes.data, keystore_magic, sizeof(keystore_magic)) != 0)
		FAIL(op, RC_INVALID, "this is no keystore");
	if (bytes_get_u16(bytes.data + FORMAT_AT) != FORMAT)
		FAIL(op, RC_INVALID,
		    "keystore of format %u: this dozo reads format %d",
		    bytes_get_u16(bytes.data + FORMAT_AT), FORMAT);
	if (bytes.size > KEYSTORE_FILE_MAX)
		FAIL(op, RC_LIMIT, "a keystore has at most %d bytes",
		    KEYSTORE_FILE_MAX);
	body = bytes.size - SHA256_SIZE;
	sha256_of(span_of(bytes.data, body), sum);
	if (!hash_equal(sum, bytes.data + body, sizeof(sum)))
		FAIL(op, RC_DAMAGED, "the keystore's checksum is wrong");
	return RC_OK;
}

bool
keystore_is_sealed(struct span bytes)
{
	return bytes.size >= SMALLEST &&
	       memcmp(bytes.data, keystore_magic, sizeof(keystore_magic)) ==
		   0 &&
	       bytes_get_u16(bytes.data + PROTECTION_AT) ==
		   PROTECTION_PASSPHRASE;
}

static enum rc
zeros_check(struct op *op, struct span bytes, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++)
		if (bytes.data[i] != 0)
			FAIL(op, RC_INVALID, "the keystore's byte %zu is set",
			    i);
	return RC_OK;
}

/* What the checksum covers: wrong only where the writer was. */
static enum rc
header_check(struct op *op, struct span bytes)
{
	unsigned protection = bytes_get_u16(bytes.data + PROTECTION_AT);
	size_t n = bytes_get_u16(bytes.data + N_SITES_AT);
	size_t smallest = protection == PROTECTION_RAW
			      ? SMALLEST
			      : SEALED_HEADER_SIZE + SIV_TAG_SIZE + SHA256_SIZE;

	if (protection > PROTECTION_PASSPHRASE)
		FAIL(op, RC_INVALID,
		    "keystore of protection %u: this dozo knows raw ones and "
		    "those with a passphrase",
		    protection);
	if (n > KEYSTORE_SITES_MAX)
		FAIL(op, RC_LIMIT, "a keystore of %zu sites, the limit is %d",
		    n, KEYSTORE_SITES_MAX);
	if (bytes.size != smallest + n * SITE_SIZE)
		FAIL(op, RC_INVALID, "a keystore of %zu sites in %zu bytes", n,
		    bytes.size);
	if (bytes_get_u32(bytes.data + VERSION_AT) == 0)
		FAIL(op, RC_INVALID, "a keystore of version 0");
	return zeros_check(op, bytes, N_SITES_AT + 2, HEADER_SIZE);
}

static bool
in_range(uint32_t value, uint32_t least, uint32_t most)
{
	return value >= least && value <= most;
}

/* The costs of a sealed file, before Argon2id takes what they say. */
static enum rc
seal_decode(struct op *op, struct span bytes, struct keystore_seal *ret_seal)
{
	struct keystore_seal seal = {
	    .memory = bytes_get_u32(bytes.data + MEMORY_AT),
	    .passes = bytes_get_u32(bytes.data + PASSES_AT),
	    .lanes = bytes_get_u32(bytes.data + LANES_AT),
	};

	TRY(zeros_check(op, bytes, ZEROS_AT, SALT_AT));
	if (!in_range(seal.lanes, 1, KEYSTORE_LANES_MAX) ||
	    !in_range(seal.passes, 1, KEYSTORE_PASSES_MAX) ||
	    !in_range(seal.memory, 8 * seal.lanes, KEYSTORE_MEMORY_MAX))
		FAIL(op, RC_LIMIT,
		    "the keystore asks for %u KiB, %u passes, %u lanes of "
		    "Argon2id: more than is allowed, or nothing",
		    (unsigned)seal.memory, (unsigned)seal.passes,
		    (unsigned)seal.lanes);
	memcpy(seal.salt, bytes.data + SALT_AT, KEYSTORE_SALT_SIZE);
	*ret_seal = seal;
	return RC_OK;
}

/* seal->key out of its costs and salt. */
static enum rc
seal_derive(struct op *op, struct span passphrase, struct keystore_seal *seal)
{
	struct password_cost cost = {seal->memory, seal->passes, seal->lanes};
	struct secret *key;
	enum rc rc;

	TRY(secret_new(op, SIV_KEY_SIZE, &key));
	rc = password_key(op, passphrase, &cost,
	    span_of(seal->salt, KEYSTORE_SALT_SIZE), secret_bytes(key),
	    SIV_KEY_SIZE);
	if (rc != RC_OK) {
		secret_free(key);
		return rc;
	}
	seal->key = key;
	return RC_OK;
}

static enum rc
sites_open(struct op *op, struct span bytes, const struct secret *key,
    struct sites_image *ret_image)
{
	CLEANUP(siv_release) struct siv siv = {0};
	struct siv_ad ad;
	struct span sealed = span_of(bytes.data + SEALED_HEADER_SIZE,
	    bytes.size - SEALED_HEADER_SIZE - SHA256_SIZE);

	siv_ad_init(&ad);
	siv_ad_add(&ad, span_of(bytes.data, SEALED_HEADER_SIZE));
	TRY(siv_init(op, &siv, secret_span(key)));
	ret_image->size = sealed.size - SIV_TAG_SIZE;
	if (siv_open(op, &siv, &ad, sealed, ret_image->bytes) == RC_OK)
		return RC_OK;
	/* The checksum was right: these are the bytes that were written. */
	op_clear_error(op);
	FAIL(op, RC_DENIED, "the passphrase is wrong");
}

static enum rc
site_decode(struct op *op, struct keystore *store, const uint8_t *at)
{
	char name[KEYSTORE_NAME_SIZE + 1] = "";
	bool rotated = memcmp(at + FORMER_AT, no_key, sizeof(no_key)) != 0;
	size_t i;

	memcpy(name, at + NAME_AT, KEYSTORE_NAME_SIZE);
	for (i = strlen(name); i < KEYSTORE_NAME_SIZE; i++)
		if (name[i] != '\0')
			FAIL(op, RC_INVALID, "bytes behind a site's name");
	if (keystore_find(store, at) != NULL)
		FAIL(op, RC_INVALID, "a site stands twice in the keystore");
	if (hash_equal(at + NOW_AT, at + FORMER_AT, KEYSTORE_RAW_SIZE))
		FAIL(op, RC_INVALID, "a site's key is its former one");
	return keystore_site_add(op, store, at, name,
	    span_of(at + NOW_AT, KEYSTORE_RAW_SIZE),
	    span_of(rotated ? at + FORMER_AT : NULL, KEYSTORE_RAW_SIZE));
}

/* seal is moved into the keystore, also where this fails. */
static enum rc
store_decode(struct op *op, struct span bytes, struct keystore_seal *seal,
    struct keystore **ret_store)
{
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(image_wipe) struct sites_image image = {.size = 0};
	size_t i, n = bytes_get_u16(bytes.data + N_SITES_AT);
	enum rc rc = keystore_new(op, &store);

	if (rc != RC_OK) {
		secret_free(seal->key);
		return rc;
	}
	store->seal = *seal;
	if (seal->key != NULL)
		TRY(sites_open(op, bytes, seal->key, &image));
	else
		memcpy(image.bytes, bytes.data + HEADER_SIZE, n * SITE_SIZE);
	store->version = bytes_get_u32(bytes.data + VERSION_AT);
	memcpy(store->service, bytes.data + SERVICE_AT, KEYSTORE_ID_SIZE);
	for (i = 0; i < n; i++)
		TRY(site_decode(op, store, image.bytes + i * SITE_SIZE));
	*ret_store = store;
	store = NULL;
	return RC_OK;
}

enum rc
keystore_read(struct op *op, struct span bytes, struct span passphrase,
    struct keystore **ret_store)
{
	struct keystore_seal seal = {0};

	TRY(file_check(op, bytes));
	TRY(header_check(op, bytes));
	if (keystore_is_sealed(bytes)) {
		TRY(seal_decode(op, bytes, &seal));
		if (passphrase.data == NULL)
			FAIL(op, RC_DENIED, "it is sealed with a passphrase");
		TRY(seal_derive(op, passphrase, &seal));
	}
	return store_decode(op, bytes, &seal, ret_store);
}

static bool
seal_equal(const struct keystore_seal *a, const struct keystore_seal *b)
{
	return a->memory == b->memory && a->passes == b->passes &&
	       a->lanes == b->lanes &&
	       memcmp(a->salt, b->salt, sizeof(a->salt)) == 0;
}

enum rc
keystore_read_like(struct op *op, struct span bytes,
    const struct keystore *store, struct keystore **ret_store)
{
	struct keystore_seal seal = {0};

	TRY(file_check(op, bytes));
	TRY(header_check(op, bytes));
	if (keystore_is_sealed(bytes))
		TRY(seal_decode(op, bytes, &seal));
	if (!seal_equal(&seal, &store->seal))
		FAIL(op, RC_CONFLICT,
		    "it is sealed with another passphrase than the one in use");
	if (store->seal.key != NULL)
		TRY(secret_new_from(
		    op, secret_span(store->seal.key), &seal.key));
	return store_decode(op, bytes, &seal, ret_store);
}

/* ---- the passphrase ---- */

enum rc
keystore_seal(struct op *op, struct keystore *store, struct span passphrase)
{
	struct keystore_seal seal = {
	    .memory = MEMORY, .passes = PASSES, .lanes = LANES};

	if (passphrase.size < KEYSTORE_PASSPHRASE_MIN)
		FAIL(op, RC_INVALID, "a passphrase has at least %d bytes",
		    KEYSTORE_PASSPHRASE_MIN);
	rand_bytes(seal.salt, sizeof(seal.salt));
	TRY(seal_derive(op, passphrase, &seal));
	secret_free(store->seal.key);
	store->seal = seal;
	return RC_OK;
}

void
keystore_unseal(struct keystore *store)
{
	secret_free(store->seal.key);
	store->seal = (struct keystore_seal){0};
}

enum rc
keystore_check_passphrase(
    struct op *op, const struct keystore *store, struct span passphrase)
{
	struct keystore_seal seal = store->seal;
	bool same;

	if (store->seal.key == NULL)
		return RC_OK;
	TRY(seal_derive(op, passphrase, &seal));
	same = hash_equal(secret_span(seal.key).data,
	    secret_span(store->seal.key).data, SIV_KEY_SIZE);
	secret_free(seal.key);
	if (!same)
		FAIL(op, RC_DENIED, "the passphrase is wrong");
	return RC_OK;
}
