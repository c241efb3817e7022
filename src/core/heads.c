/* heads.c - where the service stood. */
#include "core/heads.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/service.h"
#include "crypto/siv.h"
#include "store/wire.h"

/* magic, format, counter, version; then the sealed rest */
enum {
	HEADS_CLEAR = 8 + 4 + 8 + 8,
	HEADS_ENTRY = 8 + 8 + OBJECT_HASH_SIZE,
	HEADS_MAX = 64 << 20,
	HEADS_FORMAT = 1,
	HEADS_STAMP = CLOCK_STAMP_TEXT,
};

static const char magic[] = "dozo-hds";

void
heads_release(struct heads *heads)
{
	mem_free(heads->entries);
	*heads = (struct heads){0};
}

static int
entry_compare(const void *a, const void *b)
{
	const struct heads_entry *x = a, *y = b;

	return x->tenant < y->tenant ? -1 : x->tenant > y->tenant;
}

const struct heads_entry *
heads_find(const struct heads *heads, uint64_t tenant)
{
	struct heads_entry key = {.tenant = tenant};

	if (heads->n == 0)
		return NULL;
	return bsearch(
	    &key, heads->entries, heads->n, sizeof(key), entry_compare);
}

static void
heads_ad(const struct service *s, const struct site *site, struct span clear,
    struct siv_ad *ad)
{
	siv_ad_init(ad);
	siv_ad_add(ad, span_str("heads"));
	siv_ad_add(ad, clear);
	siv_ad_add(ad, span_of(s->config.keystore->service, KEYSTORE_ID_SIZE));
	siv_ad_add(ad, span_of(site->id, OBJECT_ID_SIZE));
}

enum rc
heads_plain_write(struct op *op, const struct heads *heads, struct buf *out)
{
	char stamp[HEADS_STAMP] = "";
	uint8_t *p;
	size_t i;

	clock_stamp_text(&heads->stamp, stamp);
	TRY(buf_grow(op, out, HEADS_STAMP + 4 + heads->n * HEADS_ENTRY, &p));
	p = wire_put_bytes(p, stamp, HEADS_STAMP);
	p = wire_put_u32(p, (uint32_t)heads->n);
	for (i = 0; i < heads->n; i++) {
		p = wire_put_u64(p, heads->entries[i].tenant);
		p = wire_put_u64(p, heads->entries[i].number);
		p = wire_put_bytes(p, heads->entries[i].hash, OBJECT_HASH_SIZE);
	}
	return RC_OK;
}

static enum rc
heads_seal(struct op *op, struct service *s, const struct site *site,
    const struct heads *heads, struct buf *out)
{
	CLEANUP(keystore_site_release) struct keystore_site keys = {0};
	CLEANUP(buf_release) struct buf plain = {0};
	CLEANUP(siv_release) struct siv siv = {0};
	struct siv_ad ad;
	uint8_t *p;

	TRY(site_keys_get(op, s, site, &keys));
	buf_init(&plain, HEADS_MAX);
	TRY(heads_plain_write(op, heads, &plain));
	TRY(siv_init(op, &siv, secret_span(keys.now.key)));
	TRY(buf_grow(op, out, HEADS_CLEAR + plain.size + SIV_TAG_SIZE, &p));
	p = wire_put_bytes(p, magic, 8);
	p = wire_put_u32(p, HEADS_FORMAT);
	p = wire_put_u64(p, heads->counter);
	p = wire_put_u64(p, heads->version);
	heads_ad(s, site, span_of(out->data, HEADS_CLEAR), &ad);
	return siv_seal(op, &siv, &ad, buf_span(&plain), p);
}

enum rc
heads_plain_read(struct op *op, struct span plain, struct heads *heads)
{
	struct wire wire = wire_of(plain);
	char stamp[HEADS_STAMP];
	uint32_t n, i;

	wire_bytes(&wire, stamp, HEADS_STAMP);
	n = wire_u32(&wire);
	if (wire.bad || stamp[HEADS_STAMP - 1] != '\0' ||
	    plain.size != HEADS_STAMP + 4 + (size_t)n * HEADS_ENTRY)
		FAIL(op, RC_DAMAGED, "heads are malformed");
	TRY(clock_stamp_parse(op, stamp, &heads->stamp));
	heads->entries = mem_alloc_array(n, sizeof(heads->entries[0]));
	if (heads->entries == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	for (i = 0; i < n; i++) {
		heads->entries[i].tenant = wire_u64(&wire);
		heads->entries[i].number = wire_u64(&wire);
		wire_bytes(&wire, heads->entries[i].hash, OBJECT_HASH_SIZE);
		if (i > 0 &&
		    heads->entries[i].tenant <= heads->entries[i - 1].tenant)
			FAIL(op, RC_DAMAGED, "heads are out of order");
	}
	heads->n = n;
	return RC_OK;
}

static enum rc
plain_open(struct op *op, const struct service *s, const struct site *site,
    const struct secret *key, struct span bytes, uint8_t *ret_plain)
{
	CLEANUP(siv_release) struct siv siv = {0};
	struct siv_ad ad;

	TRY(siv_init(op, &siv, secret_span(key)));
	heads_ad(s, site, span_of(bytes.data, HEADS_CLEAR), &ad);
	return siv_open(op, &siv, &ad,
	    span_of(bytes.data + HEADS_CLEAR, bytes.size - HEADS_CLEAR),
	    ret_plain);
}

static enum rc
heads_open(struct op *op, struct service *s, const struct site *site,
    struct span bytes, struct heads *heads)
{
	CLEANUP(keystore_site_release) struct keystore_site keys = {0};
	CLEANUP(mem_free_ptr) uint8_t *plain = NULL;
	struct wire clear = wire_of(bytes);
	size_t size;
	enum rc rc;

	TRY(site_keys_get(op, s, site, &keys));
	if (bytes.size < HEADS_CLEAR + SIV_TAG_SIZE ||
	    memcmp(wire_span(&clear, 8).data, magic, 8) != 0)
		FAIL(op, RC_DAMAGED, "no heads of this service");
	if (wire_u32(&clear) != HEADS_FORMAT)
		FAIL(op, RC_REFUSED, "heads of a newer format");
	/* An old object under a higher name is not the newest. */
	if (wire_u64(&clear) != heads->counter ||
	    wire_u64(&clear) != heads->version)
		FAIL(op, RC_DAMAGED, "heads under another's name");
	size = bytes.size - HEADS_CLEAR - SIV_TAG_SIZE;
	plain = mem_alloc(size);
	if (plain == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	rc = plain_open(op, s, site, keys.now.key, bytes, plain);
	if (rc == RC_DAMAGED && keys.former.key != NULL) {
		op_clear_error(op);
		rc = plain_open(op, s, site, keys.former.key, bytes, plain);
	}
	TRY(rc);
	return heads_plain_read(op, span_of(plain, size), heads);
}

/* The highest name of a site's heads. */
struct highest {
	uint64_t counter;
	uint64_t version;
};

static enum rc
name_seen(void *arg, struct op *op, const char *file)
{
	struct highest *highest = arg;
	uint64_t counter, version;

	if (object_heads_parse(op, file, &counter, &version) != RC_OK) {
		op_clear_error(op); /* a stray file */
		return RC_OK;
	}
	if (counter > highest->counter ||
	    (counter == highest->counter && version > highest->version))
		*highest = (struct highest){counter, version};
	return RC_OK;
}

/* Reads a site's highest into *heads, if it is higher than what is there. */
static enum rc
heads_of_site(
    struct op *op, struct service *s, struct site *site, struct heads *heads)
{
	struct highest highest = {0};
	CLEANUP(buf_release) struct buf bytes = {0};
	CLEANUP(heads_release) struct heads found = {0};
	struct object_name name;

	buf_init(&bytes, HEADS_MAX);
	TRY(site_list(op, site, "heads", SITE_LIST_SEEN, name_seen, &highest));
	if (highest.counter < heads->counter ||
	    (highest.counter == heads->counter &&
		highest.version <= heads->version))
		return RC_OK;
	object_heads(&name, highest.counter, highest.version);
	TRY(site_get(op, site, &name, &bytes));
	found.counter = highest.counter;
	found.version = highest.version;
	TRY(heads_open(op, s, site, buf_span(&bytes), &found));
	heads_release(heads);
	*heads = found;
	found = (struct heads){0};
	return RC_OK;
}

enum rc
heads_read(struct op *op, struct service *service, struct heads *ret_heads)
{
	struct sites *sites = service->config.sites;
	struct site_set set = sites_attached(sites);
	struct heads heads = {0};
	size_t i;
	enum rc rc;

	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(set, i))
			continue;
		rc = heads_of_site(op, service, sites->slots[i].site, &heads);
		if (rc == RC_OK)
			continue;
		log_warn(op, "heads-unreadable", "site=%s why=\"%s\"",
		    sites->slots[i].site->name, op_error(op, rc));
		op_clear_error(op);
	}
	*ret_heads = heads;
	return RC_OK;
}

enum rc
heads_check(struct op *op, struct service *service, size_t site)
{
	struct site *from = service->config.sites->slots[site].site;
	struct heads heads = {0};
	enum rc rc = heads_of_site(op, service, from, &heads);

	/* Replaced between the listing and the reading. */
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		rc = heads_of_site(op, service, from, &heads);
	}
	heads_release(&heads);
	return rc;
}

enum rc
heads_newest_stamp(
    struct op *op, struct service *service, struct clock_stamp *stamp)
{
	TRY(heads_read(op, service, &service->heads));
	if (service->heads.counter != 0 &&
	    service->heads.stamp.service > stamp->service)
		*stamp = service->heads.stamp;
	return RC_OK;
}

/* Takes the present head of a tenant that is open into the list. */
static enum rc
entry_set(struct op *op, struct heads *heads, struct tenant *t)
{
	struct heads_entry *entry;
	struct heads_entry *more;
	struct tenant_head head;

	if (t == NULL || t->mode == TENANT_CLOSED)
		return RC_OK;
	mutex_lock(&t->lock);
	head = t->head;
	mutex_unlock(&t->lock);
	if (head.number == 0)
		return RC_OK;
	entry = (struct heads_entry *)(uintptr_t)heads_find(heads, t->id);
	if (entry == NULL) {
		more =
		    mem_realloc(heads->entries, (heads->n + 1) * sizeof(*more));
		if (more == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		heads->entries = more;
		entry = &more[heads->n++];
		entry->tenant = t->id;
	}
	entry->number = head.number;
	memcpy(entry->hash, head.hash, OBJECT_HASH_SIZE);
	qsort(
	    heads->entries, heads->n, sizeof(heads->entries[0]), entry_compare);
	return RC_OK;
}

struct older {
	struct site *site;
	const struct heads *heads;
};

static enum rc
older_remove(void *arg, struct op *op, const char *file)
{
	const struct older *older = arg;
	uint64_t counter, version;
	struct object_name name;

	if (object_heads_parse(op, file, &counter, &version) != RC_OK) {
		op_clear_error(op);
		return RC_OK;
	}
	if (counter > older->heads->counter ||
	    (counter == older->heads->counter &&
		version >= older->heads->version))
		return RC_OK;
	object_heads(&name, counter, version);
	return site_remove(op, older->site, &name, SITE_REMOVE);
}

static enum rc
heads_put(struct op *op, struct service *s, size_t i)
{
	struct site *site = s->config.sites->slots[i].site;
	struct older older = {site, &s->heads};
	CLEANUP(buf_release) struct buf bytes = {0};
	struct object_name name;

	buf_init(&bytes, HEADS_MAX);
	TRY(heads_seal(op, s, site, &s->heads, &bytes));
	object_heads(&name, s->heads.counter, s->heads.version);
	TRY(site_prepare(op, site, "heads"));
	TRY(site_put(op, site, &name, buf_span(&bytes)));
	TRY(claim_check(op, s->claim, i));
	return site_list(
	    op, site, "heads", SITE_LIST_SEEN, older_remove, &older);
}

enum rc
heads_write(struct op *op, struct service *service, struct site_set *ret_on)
{
	struct service *s = service;
	struct site_set set = claim_sites(s->claim);
	struct tenant *t;
	size_t i;
	enum rc rc = RC_OK;

	*ret_on = (struct site_set){0};
	mutex_lock(&s->lock);
	for (t = s->tenants; t != NULL && rc == RC_OK; t = t->next)
		rc = entry_set(op, &s->heads, t);
	mutex_unlock(&s->lock);
	TRY(rc);
	TRY(entry_set(op, &s->heads, s->provider));
	s->heads.version =
	    s->heads.counter == s->claim->counter ? s->heads.version + 1 : 1;
	s->heads.counter = s->claim->counter;
	service_clock_stamp(&s->clock, &s->heads.stamp);
	for (i = 0; i < s->config.sites->n; i++) {
		if (!site_set_has(set, i))
			continue;
		rc = heads_put(op, s, i);
		if (rc == RC_FENCED || rc == RC_NO_MEMORY)
			return rc;
		if (rc == RC_OK)
			*ret_on = site_set_with(*ret_on, i);
		else
			sites_failed(op, s->config.sites, i, rc);
	}
	return RC_OK;
}
