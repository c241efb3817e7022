/* keystore.c - the keystore: what it keeps, its known file, and every way to
 * spoil one. */
#include "crypto/keystore.h"

#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/siv.h"
#include "golden.h"
#include "hex.h"
#include "locked.h"

/* Offsets as docs/FORMAT.md gives them. */
enum {
	PROTECTION_AT = 10,
	VERSION_AT = 12,
	N_SITES_AT = 32,
	ZEROS_AT = 34,
	SITES_AT = 40,
	SITE_SIZE = 112,
	FORMER_AT = 80, /* in a site */
	MEMORY_AT = 40,
	SALT_AT = 56,
	FILE_MAX = 2048,
};

static const char passphrase[] =
    "a storehouse of earth walls"; /* the known file's */

static const uint8_t site_a[KEYSTORE_ID_SIZE] = {0xa0, 1};
static const uint8_t site_b[KEYSTORE_ID_SIZE] = {0xb0, 2};

static struct span
none(void)
{
	return span_of(NULL, 0);
}

static void
store_of_two(struct op *op, struct keystore **ret_store)
{
	op_init(op);
	ASSERT_OK(op, keystore_new(op, ret_store));
	ASSERT_OK(op, keystore_add_site(op, *ret_store, site_a, "tokyo"));
	ASSERT_OK(op, keystore_add_site(op, *ret_store, site_b, "osaka"));
}

static void
keys_equal(const struct secret *a, const struct secret *b)
{
	struct span x = secret_span(a);
	struct span y = secret_span(b);

	assert_int_equal(x.size, y.size);
	assert_memory_equal(x.data, y.data, x.size);
}

static void
a_written_keystore_reads_back_whole(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *again = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	size_t i;

	(void)state;
	buf_init(&file, FILE_MAX);
	store_of_two(&op, &store);
	store->version = 12;
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	ASSERT_OK(&op, keystore_read(&op, buf_span(&file), none(), &again));
	assert_memory_equal(store->service, again->service, KEYSTORE_ID_SIZE);
	assert_int_equal(again->version, 12);
	assert_int_equal(again->n_sites, 2);
	for (i = 0; i < 2; i++) {
		assert_memory_equal(
		    store->sites[i].id, again->sites[i].id, KEYSTORE_ID_SIZE);
		assert_string_equal(store->sites[i].name, again->sites[i].name);
		keys_equal(store->sites[i].now.raw, again->sites[i].now.raw);
		keys_equal(store->sites[i].now.key, again->sites[i].now.key);
		assert_null(again->sites[i].former.key);
	}
}

static void
a_keystore_without_sites_reads_back(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *again = NULL;
	CLEANUP(buf_release) struct buf file = {0};

	(void)state;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	ASSERT_OK(&op, keystore_new(&op, &store));
	assert_int_equal(store->version, 1);
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	ASSERT_OK(&op, keystore_read(&op, buf_span(&file), none(), &again));
	assert_int_equal(again->n_sites, 0);
}

static void
the_known_file_of_format_1_stays_readable_for_ever(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	CLEANUP(buf_release) struct buf again = {0};
	char print[KEYSTORE_FINGERPRINT_SIZE];

	(void)state;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	buf_init(&again, FILE_MAX);
	golden_read(&op, "keystore.v1", &file);
	ASSERT_OK(&op, keystore_read(&op, buf_span(&file), none(), &store));
	hex_assert(store->service, KEYSTORE_ID_SIZE,
	    "101112131415161718191a1b1c1d1e1f");
	assert_int_equal(store->version, 5);
	assert_int_equal(store->n_sites, 3);
	assert_string_equal(store->sites[0].name, "tokyo");
	assert_string_equal(
	    store->sites[2].name, "sapporo-0123456789-abcdefghijk-x");
	hex_assert(secret_span(store->sites[1].now.raw).data, 32,
	    "202122232425262728292a2b2c2d2e2f"
	    "303132333435363738393a3b3c3d3e3f");
	hex_assert(secret_span(store->sites[0].now.key).data, 64,
	    "7e2c4342f094e4b079b83c5ca214ade706985378223c6263146fea313bfb918d"
	    "d5cd819610c8d8bd2d7d145643789734b8bade9fa6517de28e8b146f4a6ef32e");
	assert_int_equal(keystore_pending(store), 1);
	hex_assert(secret_span(store->sites[1].former.key).data, 64,
	    "0b8cbf5eed9d84d0aafbc683ceb6ee61ee9b2c58ee2f3b93d95c3f45931fea38"
	    "22bab31dc74ecc6c641b5efecbf4c20fb32eb2223dab7bda49be86c654e43303");
	keystore_fingerprint(store, print);
	assert_string_equal(print, "d8c88c5926e4104be8afc83bc0b3af7b");
	ASSERT_OK(&op, keystore_write(&op, store, &again));
	assert_true(span_equal(buf_span(&file), buf_span(&again)));
}

static void
each_changed_bit_is_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf file = {0};
	struct keystore *store = NULL;
	size_t bit;

	(void)state;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	golden_read(&op, "keystore.v1", &file);
	for (bit = 0; bit < 8 * file.size; bit++) {
		enum rc expected =
		    bit / 8 < PROTECTION_AT ? RC_INVALID : RC_DAMAGED;

		file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ASSERT_RC(&op, expected,
		    keystore_read(&op, buf_span(&file), none(), &store));
		assert_null(store);
		file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
cut_and_lengthened_files_are_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf file = {0};
	struct keystore *store = NULL;
	uint8_t *exact;
	size_t size;

	(void)state;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	golden_read(&op, "keystore.v1", &file);
	for (size = 0; size < file.size; size++) {
		/* of its own size, so that ASan sees the first byte behind it
		 */
		exact = mem_alloc(size);
		assert_non_null(exact);
		memcpy(exact, file.data, size);
		ASSERT_RC(&op, size < SITES_AT + 32 ? RC_INVALID : RC_DAMAGED,
		    keystore_read(&op, span_of(exact, size), none(), &store));
		mem_free(exact);
	}
	ASSERT_OK(&op, buf_add(&op, &file, span_of("", 1)));
	ASSERT_RC(&op, RC_DAMAGED,
	    keystore_read(&op, buf_span(&file), none(), &store));
	while (file.size < KEYSTORE_FILE_MAX + 1)
		ASSERT_OK(&op, buf_add(&op, &file, span_of("", 1)));
	ASSERT_RC(
	    &op, RC_LIMIT, keystore_read(&op, buf_span(&file), none(), &store));
	assert_null(store);
}

/* Sets a byte of the known file, makes its checksum right again, and reads it.
 */
static enum rc
read_with(struct op *op, size_t at, uint8_t value)
{
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	size_t body;

	buf_init(&file, FILE_MAX);
	golden_read(op, "keystore.v1", &file);
	body = file.size - SHA256_SIZE;
	file.data[at] = value;
	sha256_of(span_of(file.data, body), file.data + body);
	return keystore_read(op, buf_span(&file), none(), &store);
}

static void
fields_that_no_writer_makes_are_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, read_with(&op, VERSION_AT + 3, 6));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, VERSION_AT + 3, 0));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, PROTECTION_AT + 1, 1));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, PROTECTION_AT + 1, 2));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, N_SITES_AT + 1, 2));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, N_SITES_AT + 1, 4));
	ASSERT_RC(&op, RC_LIMIT, read_with(&op, N_SITES_AT + 1, 17));
	ASSERT_RC(&op, RC_LIMIT, read_with(&op, N_SITES_AT, 255));
	for (i = ZEROS_AT; i < SITES_AT; i++)
		ASSERT_RC(&op, RC_INVALID, read_with(&op, i, 1));
}

static void
site_names_that_no_writer_makes_are_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	size_t name = SITES_AT + 16; /* "tokyo" */

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, read_with(&op, name, 'T'));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, name, '\0'));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, name + 2, '\n'));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, name + 2, 127));
	ASSERT_RC(&op, RC_INVALID, read_with(&op, name + 31, 'x'));
}

static void
a_site_that_stands_twice_is_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	struct keystore *again = NULL;
	size_t body;

	(void)state;
	buf_init(&file, FILE_MAX);
	store_of_two(&op, &store);
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	body = file.size - SHA256_SIZE;
	memcpy(file.data + SITES_AT + SITE_SIZE, site_a, KEYSTORE_ID_SIZE);
	sha256_of(span_of(file.data, body), file.data + body);
	ASSERT_RC(&op, RC_INVALID,
	    keystore_read(&op, buf_span(&file), none(), &again));
	assert_null(again);
}

static void
sites_are_found_by_their_id(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	static const uint8_t other[KEYSTORE_ID_SIZE] = {0xc0};

	(void)state;
	store_of_two(&op, &store);
	assert_ptr_equal(keystore_find(store, site_a), &store->sites[0]);
	assert_ptr_equal(keystore_find(store, site_b), &store->sites[1]);
	assert_null(keystore_find(store, other));
}

static void
adding_a_site_refuses_doubles_bad_names_and_a_17th(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	uint8_t id[KEYSTORE_ID_SIZE] = {0xd0};
	static const char *const bad[] = {
	    "", "a\tb", "\177", "123456789-123456789-123456789-123"};
	size_t i;

	(void)state;
	store_of_two(&op, &store);
	ASSERT_RC(
	    &op, RC_EXISTS, keystore_add_site(&op, store, site_a, "another"));
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_RC(
		    &op, RC_INVALID, keystore_add_site(&op, store, id, bad[i]));
	assert_int_equal(store->n_sites, 2);
	for (i = 2; i < KEYSTORE_SITES_MAX; i++) {
		id[1] = (uint8_t)i;
		ASSERT_OK(&op, keystore_add_site(&op, store, id, "site"));
	}
	id[1] = 99;
	ASSERT_RC(
	    &op, RC_LIMIT, keystore_add_site(&op, store, id, "one too many"));
	assert_int_equal(store->n_sites, KEYSTORE_SITES_MAX);
}

static void
the_largest_keystore_reads_back(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *again = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	uint8_t id[KEYSTORE_ID_SIZE] = {0};
	int i;

	(void)state;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	ASSERT_OK(&op, keystore_new(&op, &store));
	for (i = 0; i < KEYSTORE_SITES_MAX; i++) {
		id[0] = (uint8_t)i;
		ASSERT_OK(&op, keystore_add_site(&op, store, id, "site"));
	}
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	assert_int_equal(file.size, 1864);
	ASSERT_OK(&op, keystore_seal(&op, store, span_str(passphrase)));
	buf_clear(&file);
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	assert_int_equal(file.size, KEYSTORE_FILE_MAX);
	keystore_free(store);
	store = NULL;
	ASSERT_OK(&op,
	    keystore_read(&op, buf_span(&file), span_str(passphrase), &store));
	keystore_unseal(store);
	buf_clear(&file);
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	ASSERT_OK(&op, keystore_read(&op, buf_span(&file), none(), &again));
	keys_equal(store->sites[15].now.key, again->sites[15].now.key);
}

static void
the_fingerprint_names_version_sites_and_present_keys(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;
	char print[KEYSTORE_FINGERPRINT_SIZE];
	char other[KEYSTORE_FINGERPRINT_SIZE];

	(void)state;
	store_of_two(&op, &store);
	keystore_fingerprint(store, print);
	assert_int_equal(strlen(print), 32);
	ASSERT_OK(&op, keystore_seal(&op, store, span_str(passphrase)));
	keystore_fingerprint(store, other);
	assert_string_equal(print, other);
	store->version++;
	keystore_fingerprint(store, other);
	assert_string_not_equal(print, other);
	ASSERT_OK(&op, keystore_rotate(&op, store, &next));
	keystore_fingerprint(next, print);
	assert_string_not_equal(print, other);
	/* An export in the middle of a rotation is one of the end, too. */
	keystore_drop_former(next, site_a);
	keystore_drop_former(next, site_b);
	keystore_fingerprint(next, other);
	assert_string_equal(print, other);
}

static void
a_rotation_makes_new_keys_and_keeps_the_former_until_they_are_dropped(
    void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *again = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	struct keystore *third = NULL;
	size_t i;

	(void)state;
	buf_init(&file, FILE_MAX);
	store_of_two(&op, &store);
	assert_int_equal(keystore_pending(store), 0);
	ASSERT_OK(&op, keystore_rotate(&op, store, &next));
	assert_int_equal(next->version, 2);
	assert_int_equal(keystore_pending(next), 2);
	for (i = 0; i < 2; i++) {
		keys_equal(next->sites[i].former.key, store->sites[i].now.key);
		assert_memory_not_equal(
		    secret_span(next->sites[i].now.raw).data,
		    secret_span(store->sites[i].now.raw).data, 32);
	}
	ASSERT_RC(&op, RC_CONFLICT, keystore_rotate(&op, next, &third));
	ASSERT_OK(&op, keystore_write(&op, next, &file));
	ASSERT_OK(&op, keystore_read(&op, buf_span(&file), none(), &again));
	keys_equal(again->sites[1].former.raw, store->sites[1].now.raw);
	assert_true(keystore_follows(again, store));
	keystore_drop_former(again, site_a);
	assert_int_equal(keystore_pending(again), 1);
	assert_null(again->sites[0].former.key);
	assert_false(keystore_follows(again, store));
	keystore_drop_former(again, site_b);
	ASSERT_OK(&op, keystore_rotate(&op, again, &third));
	assert_int_equal(third->version, 3);
	keystore_free(third);
}

static void
what_does_not_follow_is_told(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *foreign = NULL;

	(void)state;
	store_of_two(&op, &store);
	ASSERT_OK(&op, keystore_copy(&op, store, &foreign));
	ASSERT_OK(&op, keystore_rotate(&op, foreign, &next));
	assert_true(keystore_follows(next, store));
	assert_false(keystore_follows(store, store));
	next->version++;
	assert_false(keystore_follows(next, store));
	next->version--;
	next->service[0] ^= 1;
	assert_false(keystore_follows(next, store));
	next->service[0] ^= 1;
	secret_bytes(next->sites[1].former.raw)[0] ^= 1;
	assert_false(keystore_follows(next, store));
	secret_bytes(next->sites[1].former.raw)[0] ^= 1;
	next->n_sites--;
	assert_false(keystore_follows(next, store));
	next->n_sites++;
	keystore_exchange(store, next);
	assert_int_equal(store->version, 2);
	assert_int_equal(next->version, 1);
	assert_true(keystore_follows(store, next));
}

static void
a_former_key_that_no_writer_makes_is_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	struct keystore *again = NULL;
	size_t body;

	(void)state;
	buf_init(&file, FILE_MAX);
	store_of_two(&op, &store);
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	body = file.size - SHA256_SIZE;
	memcpy(file.data + SITES_AT + FORMER_AT,
	    secret_span(store->sites[0].now.raw).data, 32);
	sha256_of(span_of(file.data, body), file.data + body);
	ASSERT_RC(&op, RC_INVALID,
	    keystore_read(&op, buf_span(&file), none(), &again));
}

/* ---- the passphrase ---- */

static void
the_known_sealed_file_of_format_1_stays_readable_for_ever(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(buf_release) struct buf file = {0}, again = {0};
	char print[KEYSTORE_FINGERPRINT_SIZE];

	(void)state;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	buf_init(&again, FILE_MAX);
	golden_read(&op, "keystore-sealed.v1", &file);
	assert_true(keystore_is_sealed(buf_span(&file)));
	ASSERT_OK(&op,
	    keystore_read(&op, buf_span(&file), span_str(passphrase), &store));
	assert_int_equal(store->version, 5);
	assert_int_equal(store->n_sites, 3);
	keystore_fingerprint(store, print);
	assert_string_equal(print, "d8c88c5926e4104be8afc83bc0b3af7b");
	ASSERT_OK(&op, keystore_write(&op, store, &again));
	assert_true(span_equal(buf_span(&file), buf_span(&again)));
	/* Open, it is the other known file. */
	keystore_unseal(store);
	buf_clear(&file);
	buf_clear(&again);
	golden_read(&op, "keystore.v1", &file);
	assert_false(keystore_is_sealed(buf_span(&file)));
	ASSERT_OK(&op, keystore_write(&op, store, &again));
	assert_true(span_equal(buf_span(&file), buf_span(&again)));
}

static void
a_sealed_keystore_opens_by_its_passphrase_only(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *again = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	enum rc rc;

	(void)state;
	buf_init(&file, FILE_MAX);
	store_of_two(&op, &store);
	ASSERT_OK(&op, keystore_seal(&op, store, span_str(passphrase)));
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	assert_null(memmem(file.data, file.size,
	    secret_span(store->sites[0].now.raw).data, 16));
	assert_null(memmem(file.data, file.size, "tokyo", 5));
	ASSERT_RC(&op, RC_DENIED,
	    keystore_read(&op, buf_span(&file), none(), &again));
	ASSERT_RC(&op, RC_DENIED,
	    keystore_read(&op, buf_span(&file), span_str(""), &again));
	rc = keystore_read(&op, buf_span(&file),
	    span_str("a storehouse of earth wall"), &again);
	assert_int_equal(rc, RC_DENIED);
	assert_string_equal(op.error, "the passphrase is wrong");
	op_clear_error(&op);
	ASSERT_OK(&op,
	    keystore_read(&op, buf_span(&file), span_str(passphrase), &again));
	keys_equal(again->sites[1].now.raw, store->sites[1].now.raw);
	ASSERT_OK(
	    &op, keystore_check_passphrase(&op, again, span_str(passphrase)));
	ASSERT_RC(&op, RC_DENIED,
	    keystore_check_passphrase(&op, again, span_str("another one")));
}

static void
each_sealing_has_a_salt_of_its_own_and_is_kept_by_what_follows(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *again = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	uint8_t salt[KEYSTORE_SALT_SIZE];

	(void)state;
	buf_init(&file, FILE_MAX);
	store_of_two(&op, &store);
	ASSERT_RC(&op, RC_INVALID,
	    keystore_seal(&op, store, span_str("eleven byte")));
	ASSERT_OK(&op, keystore_seal(&op, store, span_str(passphrase)));
	memcpy(salt, store->seal.salt, sizeof(salt));
	ASSERT_OK(&op, keystore_rotate(&op, store, &next));
	assert_memory_equal(next->seal.salt, salt, sizeof(salt));
	ASSERT_OK(&op, keystore_write(&op, next, &file));
	ASSERT_OK(&op, keystore_read_like(&op, buf_span(&file), store, &again));
	assert_true(keystore_follows(again, store));
	keystore_free(again);
	again = NULL;
	ASSERT_OK(&op, keystore_seal(&op, store, span_str(passphrase)));
	assert_memory_not_equal(store->seal.salt, salt, sizeof(salt));
	ASSERT_RC(&op, RC_CONFLICT,
	    keystore_read_like(&op, buf_span(&file), store, &again));
	keystore_unseal(store);
	ASSERT_RC(&op, RC_CONFLICT,
	    keystore_read_like(&op, buf_span(&file), store, &again));
}

/* Sets a big-endian number of the known sealed file, makes its checksum right,
 * and reads it. */
static enum rc
read_sealed_with(struct op *op, size_t at, uint32_t value)
{
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	size_t body;
	int i;

	buf_init(&file, FILE_MAX);
	golden_read(op, "keystore-sealed.v1", &file);
	body = file.size - SHA256_SIZE;
	for (i = 0; i < 4; i++)
		file.data[at + (size_t)i] = (uint8_t)(value >> (24 - 8 * i));
	sha256_of(span_of(file.data, body), file.data + body);
	return keystore_read(op, buf_span(&file), span_str(passphrase), &store);
}

static void
costs_beyond_the_limits_are_refused_before_they_are_paid(void **state)
{
	CLEANUP(op_release) struct op op;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, read_sealed_with(&op, MEMORY_AT, 256));
	ASSERT_RC(
	    &op, RC_LIMIT, read_sealed_with(&op, MEMORY_AT, (1 << 20) + 1));
	ASSERT_RC(&op, RC_LIMIT, read_sealed_with(&op, MEMORY_AT, UINT32_MAX));
	ASSERT_RC(&op, RC_LIMIT, read_sealed_with(&op, MEMORY_AT, 15));
	ASSERT_RC(&op, RC_LIMIT, read_sealed_with(&op, MEMORY_AT + 4, 0));
	ASSERT_RC(&op, RC_LIMIT, read_sealed_with(&op, MEMORY_AT + 4, 11));
	ASSERT_RC(&op, RC_LIMIT, read_sealed_with(&op, MEMORY_AT + 8, 0));
	ASSERT_RC(&op, RC_LIMIT, read_sealed_with(&op, MEMORY_AT + 8, 9));
	ASSERT_RC(&op, RC_INVALID, read_sealed_with(&op, MEMORY_AT + 12, 1));
}

/* Header, costs and salt are bound to what is sealed. */
static void
each_changed_byte_of_a_sealed_file_is_refused(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf file = {0};
	struct keystore *store = NULL;
	size_t at, body;

	(void)state;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	golden_read(&op, "keystore-sealed.v1", &file);
	body = file.size - SHA256_SIZE;
	for (at = 0; at < body; at++) {
		file.data[at] ^= 1;
		sha256_of(span_of(file.data, body), file.data + body);
		assert_int_not_equal(keystore_read(&op, buf_span(&file),
					 span_str(passphrase), &store),
		    RC_OK);
		op_clear_error(&op);
		assert_null(store);
		file.data[at] ^= 1;
	}
}

static void
site_keys_are_bound_to_service_and_site(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *again = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	size_t body;

	(void)state;
	buf_init(&file, FILE_MAX);
	store_of_two(&op, &store);
	assert_int_equal(secret_span(store->sites[0].now.raw).size, 32);
	assert_int_equal(secret_span(store->sites[0].now.key).size, 64);
	ASSERT_OK(&op, keystore_write(&op, store, &file));
	body = file.size - SHA256_SIZE;
	/* equal raw keys, and another service id */
	memcpy(file.data + SITES_AT + SITE_SIZE + 48, file.data + SITES_AT + 48,
	    32);
	file.data[16] ^= 1;
	sha256_of(span_of(file.data, body), file.data + body);
	ASSERT_OK(&op, keystore_read(&op, buf_span(&file), none(), &again));
	keys_equal(again->sites[0].now.raw, store->sites[0].now.raw);
	keys_equal(again->sites[0].now.raw, again->sites[1].now.raw);
	assert_memory_not_equal(secret_span(again->sites[0].now.key).data,
	    secret_span(again->sites[1].now.key).data, 64);
	assert_memory_not_equal(secret_span(again->sites[0].now.key).data,
	    secret_span(store->sites[0].now.key).data, 64);
}

static void
a_buffer_that_is_too_small_is_left_as_it_was(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(buf_release) struct buf file = {0};

	(void)state;
	buf_init(&file, 100);
	store_of_two(&op, &store);
	ASSERT_RC(&op, RC_LIMIT, keystore_write(&op, store, &file));
	assert_int_equal(file.size, 0);
}

/* Also by what refuses half-way. */
static void
all_locked_memory_is_given_back(void **state)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf file = {0};
	unsigned long before = locked_kib();
	int i;

	(void)state;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	golden_read(&op, "keystore.v1", &file);
	for (i = 0; i < 500; i++) {
		struct keystore *store;

		ASSERT_OK(
		    &op, keystore_read(&op, buf_span(&file), none(), &store));
		keystore_free(store);
		/* the third site's name */
		ASSERT_RC(&op, RC_INVALID,
		    read_with(&op, SITES_AT + 2 * SITE_SIZE + 16, '\n'));
	}
	assert_in_range(locked_kib(), before, before + 16);
}

static enum rc
write_and_read(void *arg)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *next = NULL;
	CLEANUP(keystore_free_ptr) struct keystore *again = NULL;
	CLEANUP(buf_release) struct buf file = {0};

	(void)arg;
	op_init(&op);
	buf_init(&file, FILE_MAX);
	TRY(keystore_new(&op, &store));
	TRY(keystore_add_site(&op, store, site_a, "tokyo"));
	TRY(keystore_rotate(&op, store, &next));
	TRY(keystore_seal(&op, next, span_str(passphrase)));
	TRY(keystore_write(&op, next, &file));
	return keystore_read(
	    &op, buf_span(&file), span_str(passphrase), &again);
}

static void
each_failing_allocation_is_passed_up(void **state)
{
	(void)state;
	test_torture_alloc(write_and_read, NULL, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_written_keystore_reads_back_whole),
	    cmocka_unit_test(a_keystore_without_sites_reads_back),
	    cmocka_unit_test(
		the_known_file_of_format_1_stays_readable_for_ever),
	    cmocka_unit_test(each_changed_bit_is_refused),
	    cmocka_unit_test(cut_and_lengthened_files_are_refused),
	    cmocka_unit_test(fields_that_no_writer_makes_are_refused),
	    cmocka_unit_test(site_names_that_no_writer_makes_are_refused),
	    cmocka_unit_test(a_site_that_stands_twice_is_refused),
	    cmocka_unit_test(sites_are_found_by_their_id),
	    cmocka_unit_test(
		adding_a_site_refuses_doubles_bad_names_and_a_17th),
	    cmocka_unit_test(the_largest_keystore_reads_back),
	    cmocka_unit_test(
		the_fingerprint_names_version_sites_and_present_keys),
	    cmocka_unit_test(
		a_rotation_makes_new_keys_and_keeps_the_former_until_they_are_dropped),
	    cmocka_unit_test(what_does_not_follow_is_told),
	    cmocka_unit_test(a_former_key_that_no_writer_makes_is_refused),
	    cmocka_unit_test(
		the_known_sealed_file_of_format_1_stays_readable_for_ever),
	    cmocka_unit_test(a_sealed_keystore_opens_by_its_passphrase_only),
	    cmocka_unit_test(
		each_sealing_has_a_salt_of_its_own_and_is_kept_by_what_follows),
	    cmocka_unit_test(
		costs_beyond_the_limits_are_refused_before_they_are_paid),
	    cmocka_unit_test(each_changed_byte_of_a_sealed_file_is_refused),
	    cmocka_unit_test(site_keys_are_bound_to_service_and_site),
	    cmocka_unit_test(a_buffer_that_is_too_small_is_left_as_it_was),
	    cmocka_unit_test(all_locked_memory_is_given_back),
	    cmocka_unit_test(each_failing_allocation_is_passed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
