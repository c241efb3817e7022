/* keystore.c - the keystore's bytes: a header, a fixed record for each site, a
 * SHA-256. */
#include "crypto/keystore.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/siv.h"

static const char keystore_magic[8] = {'d', 'o', 'z', 'o', 'K', 'E', 'Y', 'S'};

/* docs/FORMAT.md gives this layout; never change it, add a format. */
enum {
	FORMAT = 1,
	PROTECTION_RAW = 0,
	FORMAT_AT = 8,
	PROTECTION_AT = 10,
	VERSION_AT = 12,
	SERVICE_AT = 16,
	N_SITES_AT = 32,
	SITES_AT = 40,
	SITE_NAME_AT = 16,
	SITE_KEY_AT = 48,
	NAME_SIZE = 32,
	RAW_SIZE = 32,
	SITE_SIZE = SITE_KEY_AT + RAW_SIZE,
	SMALLEST = SITES_AT + SHA256_SIZE,
	LARGEST = SMALLEST + KEYSTORE_SITES_MAX * SITE_SIZE,
};

_Static_assert(sizeof(((struct keystore_site *)0)->name) == NAME_SIZE + 1,
    "a name and its NUL");

/* The whole file; on the stack, wiped. */
struct image {
	uint8_t bytes[LARGEST];
	size_t size;
};

static void
image_wipe(struct image *image)
{
	mem_wipe(image, sizeof(*image));
}

enum rc
keystore_new(struct op *op, struct keystore **ret_store)
{
	struct keystore *store = mem_alloc(sizeof(*store));

	if (store == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory (%zu bytes)",
		    sizeof(*store));
	rand_bytes(store->service, sizeof(store->service));
	store->version = 1;
	*ret_store = store;
	return RC_OK;
}

void
keystore_free(struct keystore *store)
{
	size_t i;

	if (store == NULL)
		return;
	for (i = 0; i < store->n_sites; i++) {
		secret_free(store->sites[i].key);
		secret_free(store->sites[i].raw);
	}
	mem_free(store);
}

void
keystore_free_ptr(struct keystore **store)
{
	keystore_free(*store);
}

const struct keystore_site *
keystore_find(const struct keystore *store, const uint8_t id[KEYSTORE_ID_SIZE])
{
	size_t i;

	for (i = 0; i < store->n_sites; i++)
		if (memcmp(store->sites[i].id, id, KEYSTORE_ID_SIZE) == 0)
			return &store->sites[i];
	return NULL;
}

/* 1 to 32 bytes, no control characters. */
static bool
name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 127)
			return false;
	return i > 0 && i <= NAME_SIZE;
}

/* The wrapping key is bound to the service and the site that it is for. */
static enum rc
site_derive(struct op *op, const uint8_t service[KEYSTORE_ID_SIZE],
    struct keystore_site *site)
{
	uint8_t salt[2 * KEYSTORE_ID_SIZE];

	TRY(secret_new(op, SIV_KEY_SIZE, &site->key));
	memcpy(salt, service, KEYSTORE_ID_SIZE);
	memcpy(salt + KEYSTORE_ID_SIZE, site->id, KEYSTORE_ID_SIZE);
	hkdf_sha256(secret_span(site->raw), span_of(salt, sizeof(salt)),
	    span_str("dozo site key"), secret_bytes(site->key), SIV_KEY_SIZE);
	return RC_OK;
}

/* raw.data NULL: a random key. */
static enum rc
site_add(struct op *op, struct keystore *store,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name, struct span raw)
{
	struct keystore_site *site;
	enum rc rc;

	if (keystore_find(store, id) != NULL)
		FAIL(op, RC_EXISTS, "the keystore has this site already");
	if (store->n_sites == KEYSTORE_SITES_MAX)
		FAIL(op, RC_LIMIT, "a keystore has at most %d sites",
		    KEYSTORE_SITES_MAX);
	if (!name_valid(name))
		FAIL(op, RC_INVALID, "a site's name has 1 to %d bytes",
		    NAME_SIZE);
	site = &store->sites[store->n_sites];
	memset(site, 0, sizeof(*site));
	memcpy(site->id, id, KEYSTORE_ID_SIZE);
	(void)str_copy(site->name, sizeof(site->name), name);
	if (raw.data != NULL)
		TRY(secret_new_from(op, raw, &site->raw));
	else
		TRY(secret_new_random(op, RAW_SIZE, &site->raw));
	rc = site_derive(op, store->service, site);
	if (rc != RC_OK) {
		secret_free(site->raw);
		return rc;
	}
	store->n_sites++;
	return RC_OK;
}

enum rc
keystore_add_site(struct op *op, struct keystore *store,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name)
{
	return site_add(op, store, id, name, span_of(NULL, 0));
}

static void
image_encode(const struct keystore *store, struct image *image)
{
	uint8_t *at = image->bytes;
	size_t i;

	memset(image, 0, sizeof(*image));
	memcpy(at, keystore_magic, sizeof(keystore_magic));
	bytes_put_u16(at + FORMAT_AT, FORMAT);
	bytes_put_u16(at + PROTECTION_AT, PROTECTION_RAW);
	bytes_put_u32(at + VERSION_AT, store->version);
	memcpy(at + SERVICE_AT, store->service, KEYSTORE_ID_SIZE);
	bytes_put_u16(at + N_SITES_AT, (uint16_t)store->n_sites);
	for (i = 0; i < store->n_sites; i++) {
		const struct keystore_site *site = &store->sites[i];

		at = image->bytes + SITES_AT + i * SITE_SIZE;
		memcpy(at, site->id, KEYSTORE_ID_SIZE);
		memcpy(at + SITE_NAME_AT, site->name, NAME_SIZE);
		memcpy(at + SITE_KEY_AT, secret_span(site->raw).data, RAW_SIZE);
	}
	image->size = SITES_AT + store->n_sites * SITE_SIZE;
	sha256_of(
	    span_of(image->bytes, image->size), image->bytes + image->size);
	image->size += SHA256_SIZE;
}

enum rc
keystore_write(struct op *op, const struct keystore *store, struct buf *out)
{
	CLEANUP(image_wipe) struct image image;

	image_encode(store, &image);
	return buf_add(op, out, span_of(image.bytes, image.size));
}

void
keystore_fingerprint(
    const struct keystore *store, char out[KEYSTORE_FINGERPRINT_SIZE])
{
	CLEANUP(image_wipe) struct image image;

	image_encode(store, &image);
	str_hex(out, span_of(image.bytes + image.size - SHA256_SIZE,
			 (KEYSTORE_FINGERPRINT_SIZE - 1) / 2));
}

/* What can be told before a byte is trusted. */
static enum rc
image_check(struct op *op, struct span bytes)
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
	if (bytes.size > LARGEST)
		FAIL(op, RC_LIMIT, "a keystore has at most %d bytes", LARGEST);
	body = bytes.size - SHA256_SIZE;
	sha256_of(span_of(bytes.data, body), sum);
	if (!hash_equal(sum, bytes.data + body, sizeof(sum)))
		FAIL(op, RC_DAMAGED, "the keystore's checksum is wrong");
	return RC_OK;
}

/* What the checksum covers: wrong only where the writer was. */
static enum rc
header_check(struct op *op, struct span bytes)
{
	size_t n = bytes_get_u16(bytes.data + N_SITES_AT);
	size_t i;

	if (bytes_get_u16(bytes.data + PROTECTION_AT) != PROTECTION_RAW)
		FAIL(op, RC_INVALID,
		    "keystore of protection %u: this dozo reads raw ones",
		    bytes_get_u16(bytes.data + PROTECTION_AT));
	if (n > KEYSTORE_SITES_MAX)
		FAIL(op, RC_LIMIT, "a keystore of %zu sites, the limit is %d",
		    n, KEYSTORE_SITES_MAX);
	if (bytes.size != SMALLEST + n * SITE_SIZE)
		FAIL(op, RC_INVALID, "a keystore of %zu sites in %zu bytes", n,
		    bytes.size);
	if (bytes_get_u32(bytes.data + VERSION_AT) == 0)
		FAIL(op, RC_INVALID, "a keystore of version 0");
	for (i = N_SITES_AT + 2; i < SITES_AT; i++)
		if (bytes.data[i] != 0)
			FAIL(op, RC_INVALID, "the keystore's byte %zu is set",
			    i);
	return RC_OK;
}

static enum rc
site_read(struct op *op, struct keystore *store, const uint8_t *at)
{
	char name[NAME_SIZE + 1] = "";
	size_t i;

	memcpy(name, at + SITE_NAME_AT, NAME_SIZE);
	for (i = strlen(name); i < NAME_SIZE; i++)
		if (name[i] != '\0')
			FAIL(op, RC_INVALID, "bytes behind a site's name");
	if (keystore_find(store, at) != NULL)
		FAIL(op, RC_INVALID, "a site stands twice in the keystore");
	return site_add(
	    op, store, at, name, span_of(at + SITE_KEY_AT, RAW_SIZE));
}

enum rc
keystore_read(struct op *op, struct span bytes, struct keystore **ret_store)
{
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	size_t n;
	size_t i;

	TRY(image_check(op, bytes));
	TRY(header_check(op, bytes));
	TRY(keystore_new(op, &store));
	store->version = bytes_get_u32(bytes.data + VERSION_AT);
	memcpy(store->service, bytes.data + SERVICE_AT, KEYSTORE_ID_SIZE);
	n = bytes_get_u16(bytes.data + N_SITES_AT);
	for (i = 0; i < n; i++)
		TRY(site_read(
		    op, store, bytes.data + SITES_AT + i * SITE_SIZE));
	*ret_store = store;
	store = NULL;
	return RC_OK;
}
