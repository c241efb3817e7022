/* keyring.c - keyrings: keys, merging, the sealed object, its known files,
 * every way to spoil one. */
#include "crypto/keyring.h"

#include "base/mem.h"
#include "crypto/siv.h"
#include "golden.h"
#include "hex.h"
#include "locked.h"

/* Offsets as docs/FORMAT.md gives them. */
enum {
	FORMAT_AT = 8,
	SITE_AT = 32,
	TENANT_AT = 48,
	VERSION_AT = 56,
	HEADER_SIZE = 64,
	FLAGS_AT = 32,
	N_EPOCHS_AT = 34,
	SIGNING_AT = 36,
	EPOCHS_AT = 68,
	EPOCH_SIZE = 36,
	TENANT = 42,
};

static const uint64_t golden_tenant = UINT64_C(0x0102030405060708);

/* Two sites of one service, and a ring; all tests begin with it. */
struct world {
	struct op op;
	struct keystore *store;
	struct keyring *ring;
	struct buf object;
};

static void
world_release(struct world *world)
{
	buf_release(&world->object);
	keyring_free(world->ring);
	keystore_free(world->store);
	op_release(&world->op);
}

static void
world_init(struct world *world)
{
	static const uint8_t a[KEYSTORE_ID_SIZE] = {0xa0};
	static const uint8_t b[KEYSTORE_ID_SIZE] = {0xb0};
	struct op *op = &world->op;

	memset(world, 0, sizeof(*world));
	op_init(op);
	buf_init(&world->object, KEYRING_OBJECT_MAX);
	ASSERT_OK(op, keystore_new(op, &world->store));
	ASSERT_OK(op, keystore_add_site(op, world->store, a, "tokyo"));
	ASSERT_OK(op, keystore_add_site(op, world->store, b, "osaka"));
	ASSERT_OK(op, keyring_new(op, TENANT, false, &world->ring));
}

static void
world_seal(struct world *world, uint64_t version)
{
	buf_clear(&world->object);
	ASSERT_OK(&world->op, keyring_seal(&world->op, world->ring, version,
				  world->store->service,
				  &world->store->sites[0], &world->object));
}

/* Opens the world's object as the keyring of tenant on site; frees it again. */
static enum rc
world_open(struct world *world, uint64_t tenant, size_t site)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	enum rc rc = keyring_open(&world->op, buf_span(&world->object), tenant,
	    world->store->service, &world->store->sites[site], &ring);

	if (rc != RC_OK)
		assert_null(ring);
	return rc;
}

static void
keys_equal(const struct secret *a, const struct secret *b)
{
	struct span x = secret_span(a);
	struct span y = secret_span(b);

	assert_int_equal(x.size, 32);
	assert_int_equal(y.size, 32);
	assert_memory_equal(x.data, y.data, 32);
}

static void
rings_equal(const struct keyring *a, const struct keyring *b)
{
	size_t i;

	assert_int_equal(a->tenant, b->tenant);
	keys_equal(a->root, b->root);
	assert_int_equal(a->signing != NULL, b->signing != NULL);
	if (a->signing != NULL)
		keys_equal(a->signing, b->signing);
	assert_int_equal(a->n_epochs, b->n_epochs);
	for (i = 0; i < a->n_epochs; i++) {
		assert_int_equal(a->epochs[i].epoch, b->epochs[i].epoch);
		keys_equal(a->epochs[i].key, b->epochs[i].key);
	}
}

/* A copy by way of the sealed object. */
static void
world_copy(struct world *world, struct keyring **ret_ring)
{
	world_seal(world, 1);
	ASSERT_OK(&world->op,
	    keyring_open(&world->op, buf_span(&world->object), TENANT,
		world->store->service, &world->store->sites[0], ret_ring));
}

static void
a_new_keyring_has_a_root_and_epoch_1(void **state)
{
	static const uint8_t zeros[32];
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *provider = NULL;

	(void)state;
	world_init(&world);
	assert_int_equal(world.ring->tenant, TENANT);
	assert_int_equal(world.ring->version, 0);
	assert_null(world.ring->signing);
	assert_int_equal(world.ring->n_epochs, 1);
	assert_int_equal(keyring_newest_epoch(world.ring), 1);
	assert_memory_not_equal(secret_span(world.ring->root).data, zeros, 32);
	assert_memory_not_equal(secret_span(world.ring->root).data,
	    secret_span(keyring_epoch_key(world.ring, 1)).data, 32);
	assert_null(keyring_epoch_key(world.ring, 0));
	assert_null(keyring_epoch_key(world.ring, 2));
	ASSERT_OK(&world.op, keyring_new(&world.op, 0, true, &provider));
	assert_int_equal(secret_span(provider->signing).size, 32);
}

static void
a_sealed_keyring_opens_whole(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	uint32_t epoch;

	(void)state;
	world_init(&world);
	ASSERT_OK(&world.op, keyring_add_epoch(&world.op, world.ring, &epoch));
	assert_int_equal(epoch, 2);
	world_seal(&world, 9);
	ASSERT_OK(&world.op,
	    keyring_open(&world.op, buf_span(&world.object), TENANT,
		world.store->service, &world.store->sites[0], &ring));
	rings_equal(ring, world.ring);
	assert_int_equal(ring->version, 9);
}

static void
a_signing_key_travels_with_its_ring(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *copy = NULL;

	(void)state;
	world_init(&world);
	keyring_free(world.ring);
	world.ring = NULL;
	ASSERT_OK(&world.op, keyring_new(&world.op, TENANT, true, &world.ring));
	world_copy(&world, &copy);
	rings_equal(copy, world.ring);
}

static void
the_clear_part_names_tenant_and_version_and_no_key_stands_clear(void **state)
{
	CLEANUP(world_release) struct world world;
	struct span root;

	(void)state;
	world_init(&world);
	world_seal(&world, 5);
	hex_assert(world.object.data, 16, "646f7a6f52494e470001000000000000");
	assert_memory_equal(
	    world.object.data + 16, world.store->service, KEYSTORE_ID_SIZE);
	hex_assert(world.object.data + TENANT_AT, 16,
	    "000000000000002a0000000000000005");
	root = secret_span(world.ring->root);
	assert_null(memmem(world.object.data, world.object.size, root.data, 8));
}

static void
golden_check(const char *name, size_t site, bool signing)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keystore_free_ptr) struct keystore *store = NULL;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	CLEANUP(buf_release) struct buf again = {0};

	op_init(&op);
	buf_init(&file, KEYRING_OBJECT_MAX);
	buf_init(&again, KEYRING_OBJECT_MAX);
	golden_read(&op, "keystore.v1", &file);
	ASSERT_OK(
	    &op, keystore_read(&op, buf_span(&file), span_of(NULL, 0), &store));
	buf_clear(&file);
	golden_read(&op, name, &file);
	ASSERT_OK(&op, keyring_open(&op, buf_span(&file), golden_tenant,
			   store->service, &store->sites[site], &ring));
	assert_int_equal(ring->version, 7);
	assert_int_equal(ring->n_epochs, 3);
	assert_int_equal(keyring_newest_epoch(ring), 9);
	hex_assert(secret_span(ring->root).data, 32,
	    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f");
	hex_assert(secret_span(keyring_epoch_key(ring, 4)).data, 32,
	    "4444444444444444444444444444444444444444444444444444444444444444");
	assert_int_equal(ring->signing != NULL, signing);
	if (signing)
		hex_assert(
		    secret_span(ring->signing).data, 8, "8081828384858687");
	/* SIV: the same keys give the same bytes. */
	ASSERT_OK(&op, keyring_seal(&op, ring, 7, store->service,
			   &store->sites[site], &again));
	assert_true(span_equal(buf_span(&file), buf_span(&again)));
}

static void
the_known_file_of_format_1_stays_readable_for_ever(void **state)
{
	(void)state;
	golden_check("keyring.v1", 0, false);
}

static void
the_known_file_with_a_signing_key_stays_readable_for_ever(void **state)
{
	(void)state;
	golden_check("keyring-signing.v1", 1, true);
}

static void
each_changed_bit_is_refused(void **state)
{
	CLEANUP(world_release) struct world world;
	size_t bit;

	(void)state;
	world_init(&world);
	world_seal(&world, 3);
	for (bit = 0; bit < 8 * world.object.size; bit++) {
		uint8_t *byte = &world.object.data[bit / 8];
		enum rc expected =
		    bit / 8 < FORMAT_AT + 2 ? RC_INVALID : RC_DAMAGED;

		*byte ^= (uint8_t)(1 << bit % 8);
		ASSERT_RC(&world.op, expected, world_open(&world, TENANT, 0));
		*byte ^= (uint8_t)(1 << bit % 8);
	}
	ASSERT_OK(&world.op, world_open(&world, TENANT, 0));
}

static void
cut_and_lengthened_objects_are_refused(void **state)
{
	CLEANUP(world_release) struct world world;
	size_t size;

	(void)state;
	world_init(&world);
	world_seal(&world, 3);
	for (size = 0; size < world.object.size; size++) {
		struct keyring *ring = NULL;
		/* of its own size, so that ASan sees the first byte behind it
		 */
		uint8_t *exact = mem_alloc(size);

		assert_non_null(exact);
		memcpy(exact, world.object.data, size);
		ASSERT_RC(&world.op,
		    size < HEADER_SIZE ? RC_INVALID : RC_DAMAGED,
		    keyring_open(&world.op, span_of(exact, size), TENANT,
			world.store->service, &world.store->sites[0], &ring));
		assert_null(ring);
		mem_free(exact);
	}
	while (world.object.size < KEYRING_OBJECT_MAX) {
		ASSERT_OK(&world.op,
		    buf_add(&world.op, &world.object, span_of("", 1)));
		ASSERT_RC(&world.op, RC_DAMAGED, world_open(&world, TENANT, 0));
	}
}

static void
an_object_opens_only_as_its_own_site_tenant_service_and_version(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keystore_free_ptr) struct keystore *foreign = NULL;
	struct keyring *ring = NULL;
	uint8_t *at;

	(void)state;
	world_init(&world);
	world_seal(&world, 3);
	at = world.object.data;
	ASSERT_RC(&world.op, RC_DAMAGED, world_open(&world, TENANT, 1));
	ASSERT_RC(&world.op, RC_DAMAGED, world_open(&world, TENANT + 1, 0));
	ASSERT_OK(&world.op, keystore_new(&world.op, &foreign));
	ASSERT_RC(&world.op, RC_DAMAGED,
	    keyring_open(&world.op, buf_span(&world.object), TENANT,
		foreign->service, &world.store->sites[0], &ring));
	assert_null(ring);
	/* the clear part changed to match: the seal still knows */
	at[VERSION_AT + 7] = 4;
	ASSERT_RC(&world.op, RC_DAMAGED, world_open(&world, TENANT, 0));
	at[VERSION_AT + 7] = 3;
	at[TENANT_AT + 7] = TENANT + 1;
	ASSERT_RC(&world.op, RC_DAMAGED, world_open(&world, TENANT + 1, 0));
	at[TENANT_AT + 7] = TENANT;
	memcpy(at + SITE_AT, world.store->sites[1].id, KEYSTORE_ID_SIZE);
	ASSERT_RC(&world.op, RC_DAMAGED, world_open(&world, TENANT, 1));
}

static void
another_master_key_of_the_same_site_does_not_open_it(void **state)
{
	CLEANUP(world_release) struct world world;
	struct keystore_site other;
	struct keyring *ring = NULL;

	(void)state;
	world_init(&world);
	world_seal(&world, 3);
	other = world.store->sites[0];
	other.now = world.store->sites[1].now;
	ASSERT_RC(&world.op, RC_DAMAGED,
	    keyring_open(&world.op, buf_span(&world.object), TENANT,
		world.store->service, &other, &ring));
	assert_null(ring);
}

static void
a_copy_has_the_same_keys_and_a_life_of_its_own(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	CLEANUP(keyring_free_ptr) struct keyring *copy = NULL;
	uint32_t epoch;

	(void)state;
	world_init(&world);
	ASSERT_OK(&world.op, keyring_new(&world.op, TENANT, true, &ring));
	ASSERT_OK(&world.op, keyring_add_epoch(&world.op, ring, &epoch));
	ASSERT_OK(&world.op, keyring_copy(&world.op, ring, &copy));
	rings_equal(ring, copy);
	ASSERT_OK(&world.op, keyring_drop_epoch(&world.op, ring, 1));
	assert_non_null(keyring_epoch_key(copy, 1));
}

static void
version_0_is_never_written(void **state)
{
	CLEANUP(world_release) struct world world;

	(void)state;
	world_init(&world);
	ASSERT_RC(&world.op, RC_INVALID,
	    keyring_seal(&world.op, world.ring, 0, world.store->service,
		&world.store->sites[0], &world.object));
	assert_int_equal(world.object.size, 0);
}

static void
while_keys_are_rotated_it_opens_by_either_and_is_sealed_by_the_new(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keystore_free_ptr) struct keystore *before = NULL;
	struct keystore *next;

	(void)state;
	world_init(&world);
	world_seal(&world, 1);
	ASSERT_OK(&world.op, keystore_rotate(&world.op, world.store, &next));
	before = world.store;
	world.store = next;
	ASSERT_OK(&world.op, world_open(&world, TENANT, 0));
	/* What is sealed from now on the former master key does not open. */
	world_seal(&world, 1);
	ASSERT_OK(&world.op, world_open(&world, TENANT, 0));
	world.store = before;
	ASSERT_RC(&world.op, RC_DAMAGED, world_open(&world, TENANT, 0));
	/* Nor the new one what was copied before, once the former is gone. */
	world_seal(&world, 1);
	world.store = next;
	keystore_drop_former(next, next->sites[0].id);
	ASSERT_RC(&world.op, RC_DAMAGED, world_open(&world, TENANT, 0));
}

/* Seals a payload that no writer makes, with the right key, and opens it. */
static enum rc
open_payload_of(struct world *world, uint8_t version, struct span payload)
{
	CLEANUP(siv_release) struct siv siv = {0};
	struct siv_ad ad;
	uint8_t *room;

	world_seal(world, 1);
	world->object.size = HEADER_SIZE;
	world->object.data[VERSION_AT + 7] = version;
	siv_ad_init(&ad);
	siv_ad_add(&ad, buf_span(&world->object));
	ASSERT_OK(&world->op, siv_init(&world->op, &siv,
				  secret_span(world->store->sites[0].now.key)));
	ASSERT_OK(&world->op, buf_grow(&world->op, &world->object,
				  payload.size + SIV_TAG_SIZE, &room));
	ASSERT_OK(&world->op, siv_seal(&world->op, &siv, &ad, payload, room));
	return world_open(world, TENANT, 0);
}

static enum rc
open_payload(struct world *world, struct span payload)
{
	return open_payload_of(world, 1, payload);
}

static void
version_0_is_never_read(void **state)
{
	CLEANUP(world_release) struct world world;
	uint8_t p[EPOCHS_AT + EPOCH_SIZE] = {0};

	(void)state;
	world_init(&world);
	p[N_EPOCHS_AT + 1] = 1;
	p[EPOCHS_AT + 3] = 1;
	ASSERT_OK(&world.op, open_payload_of(&world, 1, span_of(p, sizeof(p))));
	ASSERT_RC(&world.op, RC_DAMAGED,
	    open_payload_of(&world, 0, span_of(p, sizeof(p))));
}

static void
sealed_payloads_that_no_writer_makes_are_refused(void **state)
{
	CLEANUP(world_release) struct world world;
	uint8_t p[EPOCHS_AT + 66 * EPOCH_SIZE] = {0};
	size_t two = EPOCHS_AT + 2 * EPOCH_SIZE;
	size_t i;

	(void)state;
	world_init(&world);
	p[N_EPOCHS_AT + 1] = 2;
	p[EPOCHS_AT + 3] = 1;
	p[EPOCHS_AT + EPOCH_SIZE + 3] = 2;
	ASSERT_OK(&world.op, open_payload(&world, span_of(p, two)));
	for (i = 0; i < two; i++)
		ASSERT_RC(
		    &world.op, RC_DAMAGED, open_payload(&world, span_of(p, i)));
	ASSERT_RC(
	    &world.op, RC_DAMAGED, open_payload(&world, span_of(p, two + 1)));
	p[EPOCHS_AT + EPOCH_SIZE + 3] = 1; /* twice the same epoch */
	ASSERT_RC(&world.op, RC_DAMAGED, open_payload(&world, span_of(p, two)));
	p[EPOCHS_AT + EPOCH_SIZE + 3] = 2;
	p[EPOCHS_AT + 3] = 3; /* falling */
	ASSERT_RC(&world.op, RC_DAMAGED, open_payload(&world, span_of(p, two)));
	p[EPOCHS_AT + 3] = 0; /* epoch 0 */
	ASSERT_RC(&world.op, RC_DAMAGED, open_payload(&world, span_of(p, two)));
	p[EPOCHS_AT + 3] = 1;
	p[FLAGS_AT + 1] = 2;
	ASSERT_RC(&world.op, RC_DAMAGED, open_payload(&world, span_of(p, two)));
	p[FLAGS_AT + 1] = 0;
	p[SIGNING_AT + 31] = 1; /* a key without its flag */
	ASSERT_RC(&world.op, RC_DAMAGED, open_payload(&world, span_of(p, two)));
	p[SIGNING_AT + 31] = 0;
	ASSERT_OK(&world.op, open_payload(&world, span_of(p, two)));
}

static void
a_payload_of_no_epoch_or_of_65_is_refused(void **state)
{
	CLEANUP(world_release) struct world world;
	uint8_t p[EPOCHS_AT + 65 * EPOCH_SIZE] = {0};
	uint8_t i;

	(void)state;
	world_init(&world);
	ASSERT_RC(
	    &world.op, RC_DAMAGED, open_payload(&world, span_of(p, EPOCHS_AT)));
	for (i = 0; i < 65; i++)
		p[EPOCHS_AT + i * EPOCH_SIZE + 3] = (uint8_t)(i + 1);
	p[N_EPOCHS_AT + 1] = 64;
	ASSERT_OK(&world.op,
	    open_payload(&world, span_of(p, EPOCHS_AT + 64 * EPOCH_SIZE)));
	p[N_EPOCHS_AT + 1] = 65;
	ASSERT_RC(
	    &world.op, RC_DAMAGED, open_payload(&world, span_of(p, sizeof(p))));
	/* the count says 65, the bytes are those of 64 */
	ASSERT_RC(&world.op, RC_DAMAGED,
	    open_payload(&world, span_of(p, EPOCHS_AT + 64 * EPOCH_SIZE)));
}

static void
epochs_are_added_up_to_64_and_the_largest_ring_fits(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *copy = NULL;
	uint32_t epoch = 0;
	uint32_t i;

	(void)state;
	world_init(&world);
	for (i = 2; i <= KEYRING_EPOCHS_MAX; i++) {
		ASSERT_OK(&world.op,
		    keyring_add_epoch(&world.op, world.ring, &epoch));
		assert_int_equal(epoch, i);
	}
	ASSERT_RC(&world.op, RC_LIMIT,
	    keyring_add_epoch(&world.op, world.ring, &epoch));
	assert_int_equal(keyring_newest_epoch(world.ring), 64);
	world_copy(&world, &copy);
	rings_equal(copy, world.ring);
	assert_in_range(world.object.size, 0, KEYRING_OBJECT_MAX);
}

static void
a_dropped_epoch_is_gone_and_its_number_is_not_given_again(void **state)
{
	CLEANUP(world_release) struct world world;
	struct op *op = &world.op;
	uint32_t epoch;

	(void)state;
	world_init(&world);
	ASSERT_RC(op, RC_CONFLICT, keyring_drop_epoch(op, world.ring, 1));
	ASSERT_OK(op, keyring_add_epoch(op, world.ring, &epoch));
	ASSERT_OK(op, keyring_add_epoch(op, world.ring, &epoch));
	ASSERT_OK(op, keyring_drop_epoch(op, world.ring, 2));
	assert_null(keyring_epoch_key(world.ring, 2));
	assert_non_null(keyring_epoch_key(world.ring, 1));
	assert_non_null(keyring_epoch_key(world.ring, 3));
	ASSERT_RC(op, RC_NOT_FOUND, keyring_drop_epoch(op, world.ring, 2));
	ASSERT_RC(op, RC_NOT_FOUND, keyring_drop_epoch(op, world.ring, 4));
	ASSERT_RC(op, RC_CONFLICT, keyring_drop_epoch(op, world.ring, 3));
	ASSERT_OK(op, keyring_drop_epoch(op, world.ring, 1));
	assert_int_equal(world.ring->n_epochs, 1);
	ASSERT_OK(op, keyring_add_epoch(op, world.ring, &epoch));
	assert_int_equal(epoch, 4);
}

static void
merging_adds_what_is_lacking_in_order(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *other = NULL;
	CLEANUP(keyring_free_ptr) struct keyring *whole = NULL;
	struct op *op = &world.op;
	uint32_t epoch;
	int i;

	(void)state;
	world_init(&world);
	for (i = 0; i < 3; i++)
		ASSERT_OK(op, keyring_add_epoch(op, world.ring, &epoch));
	world_copy(&world, &whole);
	world_copy(&world, &other);
	ASSERT_OK(op, keyring_drop_epoch(op, world.ring, 1));
	ASSERT_OK(op, keyring_drop_epoch(op, world.ring, 3));
	ASSERT_OK(op, keyring_drop_epoch(op, other, 2));
	ASSERT_OK(op, keyring_merge(op, world.ring, other));
	rings_equal(world.ring, whole);
	/* own keys: other may go */
	keyring_free(other);
	other = NULL;
	rings_equal(world.ring, whole);
	ASSERT_OK(op, keyring_merge(op, world.ring, whole));
	rings_equal(world.ring, whole);
}

static void
merging_takes_a_signing_key_that_is_lacking(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *other = NULL;
	struct op *op = &world.op;

	(void)state;
	world_init(&world);
	world_copy(&world, &other);
	ASSERT_OK(op, secret_new_random(op, 32, &other->signing));
	ASSERT_OK(op, keyring_merge(op, world.ring, other));
	rings_equal(world.ring, other);
	secret_bytes(other->signing)[31] ^= 1;
	ASSERT_RC(op, RC_DAMAGED, keyring_merge(op, world.ring, other));
}

static void
merging_refuses_other_roots_tenants_and_epoch_keys(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *other = NULL;
	struct op *op = &world.op;
	uint32_t epoch;

	(void)state;
	world_init(&world);
	world_copy(&world, &other);
	ASSERT_OK(op, keyring_add_epoch(op, other, &epoch));
	other->tenant++;
	ASSERT_RC(op, RC_DAMAGED, keyring_merge(op, world.ring, other));
	other->tenant--;
	secret_bytes(other->root)[0] ^= 1;
	ASSERT_RC(op, RC_DAMAGED, keyring_merge(op, world.ring, other));
	secret_bytes(other->root)[0] ^= 1;
	secret_bytes(other->epochs[0].key)[31] ^= 1;
	ASSERT_RC(op, RC_DAMAGED, keyring_merge(op, world.ring, other));
	assert_int_equal(world.ring->n_epochs, 1); /* unchanged */
	secret_bytes(other->epochs[0].key)[31] ^= 1;
	ASSERT_OK(op, keyring_merge(op, world.ring, other));
	assert_int_equal(world.ring->n_epochs, 2);
}

static void
merging_beyond_64_epochs_is_refused_unchanged(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(keyring_free_ptr) struct keyring *other = NULL;
	struct op *op = &world.op;
	uint32_t epoch;
	int i;

	(void)state;
	world_init(&world);
	for (i = 1; i < 64; i++)
		ASSERT_OK(op, keyring_add_epoch(op, world.ring, &epoch));
	world_copy(&world, &other);
	ASSERT_OK(op, keyring_drop_epoch(op, other, 1));
	ASSERT_OK(op, keyring_add_epoch(op, other, &epoch));
	assert_int_equal(epoch, 65);
	ASSERT_RC(op, RC_LIMIT, keyring_merge(op, world.ring, other));
	assert_int_equal(world.ring->n_epochs, 64);
}

static void
derived_keys_are_those_of_another_implementation(void **state)
{
	CLEANUP(world_release) struct world world;
	CLEANUP(secret_free_ptr) struct secret *salt = NULL;
	CLEANUP(secret_free_ptr) struct secret *siv = NULL;
	uint8_t i;

	(void)state;
	world_init(&world);
	world.ring->tenant = golden_tenant;
	for (i = 0; i < 32; i++)
		secret_bytes(world.ring->root)[i] = (uint8_t)(0x40 + i);
	ASSERT_OK(&world.op,
	    keyring_derive(&world.op, world.ring, "salt", 32, &salt));
	hex_assert(secret_span(salt).data, secret_span(salt).size,
	    "4b003c1d6b9edecd930c4763d38b9f2f1cec3a1a1deccee143d673f98e14b6ec");
	ASSERT_OK(
	    &world.op, keyring_derive(&world.op, world.ring, "siv", 64, &siv));
	hex_assert(secret_span(siv).data, secret_span(siv).size,
	    "9097f178bfda1080d216b4cd8099a4e5e5c9ba29d9732864198815e0da452fd3"
	    "1581af362c5b8b8f376e2cadcaf346920ea467f2dcd60e61a477bb4c65843eec");
}

static void
a_derived_key_over_the_limit_is_refused(void **state)
{
	CLEANUP(world_release) struct world world;
	struct secret *key = NULL;

	(void)state;
	world_init(&world);
	ASSERT_RC(&world.op, RC_LIMIT,
	    keyring_derive(&world.op, world.ring, "salt", 65, &key));
	assert_null(key);
}

/* Also by what refuses half-way. */
static void
all_locked_memory_is_given_back(void **state)
{
	CLEANUP(world_release) struct world world;
	uint8_t p[EPOCHS_AT + 2 * EPOCH_SIZE] = {0};
	unsigned long before;
	uint32_t epoch;
	int i;

	(void)state;
	world_init(&world);
	p[FLAGS_AT + 1] = 1;
	p[N_EPOCHS_AT + 1] = 2;
	p[EPOCHS_AT + 3] = 1; /* and 0: falling */
	before = locked_kib();
	for (i = 0; i < 1000; i++) {
		struct keyring *ring;

		ASSERT_OK(
		    &world.op, keyring_new(&world.op, TENANT, true, &ring));
		ASSERT_OK(
		    &world.op, keyring_add_epoch(&world.op, ring, &epoch));
		ASSERT_OK(&world.op, keyring_drop_epoch(&world.op, ring, 1));
		keyring_free(ring);
		ASSERT_RC(&world.op, RC_DAMAGED,
		    open_payload(&world, span_of(p, sizeof(p))));
	}
	assert_in_range(locked_kib(), before, before + 16);
}

struct torture {
	struct world world;
	struct keyring *other;
};

static enum rc
seal_open_merge_derive(void *arg)
{
	struct torture *torture = arg;
	CLEANUP(op_release) struct op op;
	CLEANUP(keyring_free_ptr) struct keyring *fresh = NULL;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	CLEANUP(secret_free_ptr) struct secret *key = NULL;
	CLEANUP(buf_release) struct buf object = {0};
	const struct keystore *store = torture->world.store;

	op_init(&op);
	buf_init(&object, KEYRING_OBJECT_MAX);
	TRY(keyring_new(&op, TENANT, true, &fresh));
	TRY(keyring_seal(&op, torture->world.ring, 1, store->service,
	    &store->sites[0], &object));
	TRY(keyring_open(&op, buf_span(&object), TENANT, store->service,
	    &store->sites[0], &ring));
	TRY(keyring_merge(&op, ring, torture->other));
	return keyring_derive(&op, ring, "salt", 32, &key);
}

static void
each_failing_allocation_is_passed_up(void **state)
{
	struct torture torture = {.other = NULL};
	uint32_t epoch;
	int i;

	(void)state;
	world_init(&torture.world);
	world_copy(&torture.world, &torture.other);
	for (i = 0; i < 40; i++)
		ASSERT_OK(
		    &torture.world.op, keyring_add_epoch(&torture.world.op,
					   torture.other, &epoch));
	test_torture_alloc(seal_open_merge_derive, &torture, 100);
	keyring_free(torture.other);
	world_release(&torture.world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_failing_allocation_is_passed_up),
	    cmocka_unit_test(a_new_keyring_has_a_root_and_epoch_1),
	    cmocka_unit_test(a_sealed_keyring_opens_whole),
	    cmocka_unit_test(a_signing_key_travels_with_its_ring),
	    cmocka_unit_test(
		the_clear_part_names_tenant_and_version_and_no_key_stands_clear),
	    cmocka_unit_test(
		the_known_file_of_format_1_stays_readable_for_ever),
	    cmocka_unit_test(
		the_known_file_with_a_signing_key_stays_readable_for_ever),
	    cmocka_unit_test(each_changed_bit_is_refused),
	    cmocka_unit_test(cut_and_lengthened_objects_are_refused),
	    cmocka_unit_test(
		an_object_opens_only_as_its_own_site_tenant_service_and_version),
	    cmocka_unit_test(
		another_master_key_of_the_same_site_does_not_open_it),
	    cmocka_unit_test(
		while_keys_are_rotated_it_opens_by_either_and_is_sealed_by_the_new),
	    cmocka_unit_test(a_copy_has_the_same_keys_and_a_life_of_its_own),
	    cmocka_unit_test(version_0_is_never_written),
	    cmocka_unit_test(version_0_is_never_read),
	    cmocka_unit_test(all_locked_memory_is_given_back),
	    cmocka_unit_test(sealed_payloads_that_no_writer_makes_are_refused),
	    cmocka_unit_test(a_payload_of_no_epoch_or_of_65_is_refused),
	    cmocka_unit_test(
		epochs_are_added_up_to_64_and_the_largest_ring_fits),
	    cmocka_unit_test(
		a_dropped_epoch_is_gone_and_its_number_is_not_given_again),
	    cmocka_unit_test(merging_adds_what_is_lacking_in_order),
	    cmocka_unit_test(merging_takes_a_signing_key_that_is_lacking),
	    cmocka_unit_test(
		merging_refuses_other_roots_tenants_and_epoch_keys),
	    cmocka_unit_test(merging_beyond_64_epochs_is_refused_unchanged),
	    cmocka_unit_test(derived_keys_are_those_of_another_implementation),
	    cmocka_unit_test(a_derived_key_over_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
