/* fuzz_keyring.c - the keyring's reader: the input as an object, and as a
 * payload sealed with the right key. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/keyring.h"
#include "crypto/siv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_SIZE = 64, LARGEST = 1 << 16 };

static const uint8_t service[KEYSTORE_ID_SIZE] = "fuzzing-service";
static const uint64_t tenant = UINT64_C(0x0102030405060708);
static struct keystore_site site = {.id = "fuzzing-site"};

/* Opens an object; what opens is what a writer makes: sealed again it is the
 * same bytes. */
static void
open_one(struct span object)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	CLEANUP(buf_release) struct buf again = {0};

	op_init(&op);
	buf_init(&again, KEYRING_OBJECT_MAX);
	if (keyring_open(&op, object, tenant, service, &site, &ring) != RC_OK)
		return;
	if (keyring_seal(&op, ring, ring->version, service, &site, &again) !=
		RC_OK ||
	    !span_equal(object, buf_span(&again)))
		abort();
}

/* The header that the writer makes, and the input sealed behind it. */
static enum rc
object_make(struct op *op, struct span payload, struct buf *object)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	CLEANUP(siv_release) struct siv siv = {0};
	struct siv_ad ad;
	uint8_t *room;

	TRY(keyring_new(op, tenant, false, &ring));
	TRY(keyring_seal(op, ring, 1, service, &site, object));
	object->size = HEADER_SIZE;
	siv_ad_init(&ad);
	siv_ad_add(&ad, buf_span(object));
	TRY(siv_init(op, &siv, secret_span(site.now.key)));
	TRY(buf_grow(op, object, payload.size + SIV_TAG_SIZE, &room));
	return siv_seal(op, &siv, &ad, payload, room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	CLEANUP(buf_release) struct buf object = {0};

	op_init(&op);
	buf_init(&object, 2 * LARGEST);
	if (site.now.key == NULL &&
	    secret_new(&op, SIV_KEY_SIZE, &site.now.key) != RC_OK)
		abort();
	open_one(span_of(data, size));
	if (size > LARGEST)
		return 0;
	if (object_make(&op, span_of(data, size), &object) != RC_OK)
		abort();
	open_one(buf_span(&object));
	return 0;
}
