/* keystore.c - the wrapping keys of the sites in memory, and their rotation. */
#include "crypto/keystore.h"

#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/keystore_inside.h"
#include "crypto/siv.h"

enum { RAW_SIZE = KEYSTORE_RAW_SIZE, NAME_SIZE = KEYSTORE_NAME_SIZE };

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

static void
key_free(struct keystore_key *key)
{
	secret_free(key->key);
	secret_free(key->raw);
	*key = (struct keystore_key){0};
}

void
keystore_site_release(struct keystore_site *site)
{
	key_free(&site->now);
	key_free(&site->former);
}

void
keystore_site_drop_former(struct keystore_site *site)
{
	key_free(&site->former);
}

void
keystore_free(struct keystore *store)
{
	size_t i;

	if (store == NULL)
		return;
	for (i = 0; i < store->n_sites; i++)
		keystore_site_release(&store->sites[i]);
	secret_free(store->seal.key);
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
key_derive(struct op *op, const uint8_t service[KEYSTORE_ID_SIZE],
    const uint8_t site[KEYSTORE_ID_SIZE], struct keystore_key *key)
{
	uint8_t salt[2 * KEYSTORE_ID_SIZE];

	TRY(secret_new(op, SIV_KEY_SIZE, &key->key));
	memcpy(salt, service, KEYSTORE_ID_SIZE);
	memcpy(salt + KEYSTORE_ID_SIZE, site, KEYSTORE_ID_SIZE);
	hkdf_sha256(secret_span(key->raw), span_of(salt, sizeof(salt)),
	    span_str("dozo site key"), secret_bytes(key->key), SIV_KEY_SIZE);
	return RC_OK;
}

/* raw.data NULL: a random key. */
static enum rc
key_make(struct op *op, const struct keystore *store,
    const uint8_t site[KEYSTORE_ID_SIZE], struct span raw,
    struct keystore_key *ret_key)
{
	struct keystore_key key = {0};
	enum rc rc;

	if (raw.data != NULL)
		TRY(secret_new_from(op, raw, &key.raw));
	else
		TRY(secret_new_random(op, RAW_SIZE, &key.raw));
	rc = key_derive(op, store->service, site, &key);
	if (rc != RC_OK) {
		key_free(&key);
		return rc;
	}
	*ret_key = key;
	return RC_OK;
}

/* now.data NULL: a random key; former.data NULL: none. */
enum rc
keystore_site_add(struct op *op, struct keystore *store,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name, struct span now,
    struct span former)
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
	rc = key_make(op, store, id, now, &site->now);
	if (rc == RC_OK && former.data != NULL)
		rc = key_make(op, store, id, former, &site->former);
	if (rc != RC_OK) {
		keystore_site_release(site);
		return rc;
	}
	store->n_sites++;
	return RC_OK;
}

enum rc
keystore_add_site(struct op *op, struct keystore *store,
    const uint8_t id[KEYSTORE_ID_SIZE], const char *name)
{
	return keystore_site_add(
	    op, store, id, name, span_of(NULL, 0), span_of(NULL, 0));
}

void
keystore_remove_site(struct keystore *store, const uint8_t id[KEYSTORE_ID_SIZE])
{
	size_t i, n = 0;

	for (i = 0; i < store->n_sites; i++) {
		if (memcmp(store->sites[i].id, id, KEYSTORE_ID_SIZE) == 0)
			keystore_site_release(&store->sites[i]);
		else
			store->sites[n++] = store->sites[i];
	}
	for (i = n; i < store->n_sites; i++)
		store->sites[i] = (struct keystore_site){0};
	store->n_sites = n;
}

static enum rc
key_copy(struct op *op, const struct keystore_key *from,
    struct keystore_key *ret_key)
{
	if (from->key == NULL)
		return RC_OK;
	TRY(secret_new_from(op, secret_span(from->key), &ret_key->key));
	return secret_new_from(op, secret_span(from->raw), &ret_key->raw);
}

enum rc
keystore_site_copy(struct op *op, const struct keystore_site *site,
    struct keystore_site *ret_site)
{
	struct keystore_site copy = *site;
	enum rc rc;

	copy.now = copy.former = (struct keystore_key){0};
	rc = key_copy(op, &site->now, &copy.now);
	if (rc == RC_OK)
		rc = key_copy(op, &site->former, &copy.former);
	if (rc != RC_OK) {
		keystore_site_release(&copy);
		return rc;
	}
	*ret_site = copy;
	return RC_OK;
}

static enum rc
seal_copy(struct op *op, const struct keystore_seal *from,
    struct keystore_seal *ret_seal)
{
	struct keystore_seal copy = *from;

	if (from->key != NULL)
		TRY(secret_new_from(op, secret_span(from->key), &copy.key));
	*ret_seal = copy;
	return RC_OK;
}

enum rc
keystore_copy(
    struct op *op, const struct keystore *store, struct keystore **ret_store)
{
	CLEANUP(keystore_free_ptr) struct keystore *copy = NULL;

	TRY(keystore_new(op, &copy));
	memcpy(copy->service, store->service, sizeof(copy->service));
	copy->version = store->version;
	TRY(seal_copy(op, &store->seal, &copy->seal));
	for (; copy->n_sites < store->n_sites; copy->n_sites++)
		TRY(keystore_site_copy(op, &store->sites[copy->n_sites],
		    &copy->sites[copy->n_sites]));
	*ret_store = copy;
	copy = NULL;
	return RC_OK;
}

void
keystore_fingerprint(
    const struct keystore *store, char out[KEYSTORE_FINGERPRINT_SIZE])
{
	uint8_t sum[SHA256_SIZE];
	uint8_t number[4];
	struct sha256 sha;
	size_t i;

	sha256_init(&sha);
	sha256_update(&sha, span_str("dozo keystore fingerprint"));
	sha256_update(&sha, span_of(store->service, KEYSTORE_ID_SIZE));
	bytes_put_u32(number, store->version);
	sha256_update(&sha, span_of(number, sizeof(number)));
	for (i = 0; i < store->n_sites; i++) {
		const struct keystore_site *site = &store->sites[i];

		sha256_update(&sha, span_of(site->id, KEYSTORE_ID_SIZE));
		sha256_update(&sha, span_of(site->name, NAME_SIZE));
		sha256_update(&sha, secret_span(site->now.raw));
	}
	sha256_digest(&sha, sum);
	mem_wipe(&sha, sizeof(sha));
	str_hex(out, span_of(sum, (KEYSTORE_FINGERPRINT_SIZE - 1) / 2));
}

/* ---- rotation ---- */

size_t
keystore_pending(const struct keystore *store)
{
	size_t i, n = 0;

	for (i = 0; i < store->n_sites; i++)
		n += store->sites[i].former.key != NULL;
	return n;
}

enum rc
keystore_rotate(
    struct op *op, const struct keystore *store, struct keystore **ret_next)
{
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;
	size_t i;

	if (keystore_pending(store) > 0)
		FAIL(op, RC_CONFLICT,
		    "version %u of the master key is not on every site yet",
		    (unsigned)store->version);
	if (store->version == UINT32_MAX)
		FAIL(op, RC_LIMIT, "the keystore's versions are used up");
	TRY(keystore_copy(op, store, &next));
	next->version++;
	for (i = 0; i < next->n_sites; i++) {
		struct keystore_site *site = &next->sites[i];

		site->former = site->now;
		site->now = (struct keystore_key){0};
		TRY(key_make(op, next, site->id, span_of(NULL, 0), &site->now));
	}
	*ret_next = next;
	next = NULL;
	return RC_OK;
}

static bool
raw_equal(const struct keystore_key *a, const struct keystore_key *b)
{
	return a->raw != NULL && b->raw != NULL &&
	       hash_equal(secret_span(a->raw).data, secret_span(b->raw).data,
		   RAW_SIZE);
}

bool
keystore_follows(const struct keystore *next, const struct keystore *store)
{
	size_t i;

	if (memcmp(next->service, store->service, KEYSTORE_ID_SIZE) != 0 ||
	    next->version != store->version + 1 ||
	    next->n_sites != store->n_sites)
		return false;
	for (i = 0; i < next->n_sites; i++)
		if (memcmp(next->sites[i].id, store->sites[i].id,
			KEYSTORE_ID_SIZE) != 0 ||
		    !raw_equal(&next->sites[i].former, &store->sites[i].now))
			return false;
	return true;
}

void
keystore_exchange(struct keystore *a, struct keystore *b)
{
	struct keystore_seal seal = a->seal;
	uint32_t version = a->version;
	size_t i, n = a->n_sites;

	for (i = 0; i < KEYSTORE_SITES_MAX; i++) {
		struct keystore_site site = a->sites[i];

		a->sites[i] = b->sites[i];
		b->sites[i] = site;
	}
	a->version = b->version;
	a->n_sites = b->n_sites;
	a->seal = b->seal;
	b->version = version;
	b->n_sites = n;
	b->seal = seal;
}

void
keystore_drop_former(struct keystore *store, const uint8_t id[KEYSTORE_ID_SIZE])
{
	size_t i;

	for (i = 0; i < store->n_sites; i++)
		if (memcmp(store->sites[i].id, id, KEYSTORE_ID_SIZE) == 0)
			keystore_site_drop_former(&store->sites[i]);
}
