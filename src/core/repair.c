/*
 * repair.c - good bytes in the place of bad ones. What is noted is looked at
 * again, read whole from another site and verified before anything is touched;
 * then it is put between two groups: changes wait for one put, and are not
 * refused.
 */
#include "core/repair.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/catchup.h"
#include "core/service.h"
#include "meta/content.h"
#include "meta/local.h"

enum {
	DAMAGED_MAX = 256,
	AGAIN_S = 1,
	NOWHERE_AGAIN_S = 60,
	DRAIN_S = 3,
	AWAIT_S = 60,
	AWAIT_STEP_MS = 100,
};

/* ---- the list ---- */

/* Its place in the list, or n_damaged. Under the lock. */
static size_t
damaged_find(const struct tenant *t, const struct damaged *item)
{
	size_t k;

	for (k = 0; k < t->n_damaged; k++)
		if (t->damaged[k].kind == item->kind &&
		    t->damaged[k].site == item->site &&
		    t->damaged[k].number == item->number &&
		    t->damaged[k].part == item->part &&
		    memcmp(t->damaged[k].data, item->data, OBJECT_ID_SIZE) == 0)
			break;
	return k;
}

static bool
damaged_add(struct tenant *t, const struct damaged *item)
{
	MUTEX_GUARD(&t->lock);

	if (t->damaged == NULL)
		t->damaged = mem_alloc_array(DAMAGED_MAX, sizeof(*item));
	if (t->damaged == NULL || t->n_damaged == DAMAGED_MAX ||
	    damaged_find(t, item) < t->n_damaged)
		return false;
	t->damaged[t->n_damaged++] = *item;
	return true;
}

static bool
damaged_take_due(struct tenant *t, struct damaged *ret_item)
{
	MUTEX_GUARD(&t->lock);
	int64_t now = clock_mono();
	size_t k;

	for (k = 0; k < t->n_damaged; k++)
		if (t->damaged[k].due <= now) {
			*ret_item = t->damaged[k];
			return true;
		}
	return false;
}

static void
damaged_forget(struct tenant *t, const struct damaged *item)
{
	MUTEX_GUARD(&t->lock);
	size_t k = damaged_find(t, item);

	if (k < t->n_damaged)
		t->damaged[k] = t->damaged[--t->n_damaged];
}

static void
damaged_put_off(struct tenant *t, const struct damaged *item, int64_t seconds)
{
	MUTEX_GUARD(&t->lock);
	size_t k = damaged_find(t, item);

	if (k < t->n_damaged)
		t->damaged[k].due = clock_mono() + seconds * CLOCK_S;
}

void
repair_note_object(struct op *op, struct tenant *tenant,
    const struct damaged *item, enum rc rc)
{
	struct sites *sites = tenant->service->config.sites;
	size_t i = item->site;
	bool away;

	away = rc == RC_IO && site_verify(op, sites->slots[i].site) != RC_OK;
	if (away)
		sites_failed(op, sites, i, rc);
	op_clear_error(op);
	/* From the others nothing is expected: catching up brings them all. */
	if (away || (rc != RC_IO && rc != RC_DAMAGED && rc != RC_NOT_FOUND) ||
	    !site_set_has(lanes_holding(&tenant->lanes, item->number), i))
		return;
	if (damaged_add(tenant, item))
		log_warn(op, "damage-noted",
		    "site=%s tenant=%016llx number=%llu rc=%s",
		    sites->slots[i].site->name, (unsigned long long)tenant->id,
		    (unsigned long long)item->number, rc_name(rc));
}

void
repair_note(struct op *op, struct tenant *tenant, size_t i,
    const struct chunk_place *place, enum rc rc)
{
	struct damaged item = {.site = i};

	if (place->number != 0) {
		item.kind = DAMAGED_NUMBER;
		item.number = place->number;
	} else {
		item.kind = DAMAGED_DATA;
		memcpy(item.data, place->data, OBJECT_ID_SIZE);
	}
	repair_note_object(op, tenant, &item, rc);
}

size_t
repair_count(struct tenant *tenant, size_t ret_counts[SITES_MAX])
{
	MUTEX_GUARD(&tenant->lock);
	size_t k;

	memset(ret_counts, 0, SITES_MAX * sizeof(ret_counts[0]));
	for (k = 0; k < tenant->n_damaged; k++)
		ret_counts[tenant->damaged[k].site]++;
	return tenant->n_damaged;
}

/* ---- one object ---- */

struct repair {
	const struct damaged *item;
	struct catch_up copy;
	struct local_log log; /* the row of what it is, as the chain has it */
	struct local_data data;
	struct object_name name; /* of the object on the site */
	struct pack pack; /* where it is in one there; else n is 0 */
	bool well; /* there was nothing to repair */
	bool aside; /* there were bad bytes: they are under damaged/ */
};

/* RC_NOT_FOUND where the chain has it no more. */
static enum rc
row_get(struct op *op, struct repair *r, struct meta *meta)
{
	switch (r->item->kind) {
	case DAMAGED_NUMBER:
		return local_log_get(op, meta, r->item->number, &r->log);
	case DAMAGED_DATA:
		return local_data_get(op, meta, r->item->data, &r->data);
	case DAMAGED_PIECE:
	case DAMAGED_KEYRING:
		break; /* known when it is read */
	}
	return RC_OK;
}

/* The whole segment into copy.bytes, from the first of these sites where it
 * passes. A keyring is made, not copied. */
static enum rc
segment_get(struct op *op, struct repair *r, struct site_set sources)
{
	struct key_name name;

	r->copy.sources = sources;
	switch (r->item->kind) {
	case DAMAGED_NUMBER:
		return catch_up_number(op, &r->copy, &r->log);
	case DAMAGED_DATA:
		return catch_up_data(op, &r->copy, &r->data);
	case DAMAGED_PIECE:
		return catch_up_piece(
		    op, &r->copy, r->item->data, r->item->part);
	case DAMAGED_KEYRING:
		break;
	}
	return site_set_has(sources, r->item->site)
		   ? tenant_ring_check(op, r->copy.tenant, r->item->site, &name)
		   : RC_OK;
}

static enum rc
number_name_find(struct op *op, struct repair *r)
{
	struct tenant *t = r->copy.tenant;
	struct site *site = t->service->config.sites->slots[r->item->site].site;
	struct log_name log;
	bool loose;

	local_log_name(&r->log, &log);
	object_log(&r->name, t->id, &log);
	TRY(site_exists(op, site, &r->name, &loose));
	if (loose ||
	    packs_find(op, &t->packs, r->item->site, &log, &r->pack) != RC_OK) {
		op_clear_error(op);
		return RC_OK;
	}
	object_pack(&r->name, t->id, &r->pack.name);
	return RC_OK;
}

/* Which object it is on the site: its own, or the pack that it lies in. */
static enum rc
name_find(struct op *op, struct repair *r)
{
	struct tenant *t = r->copy.tenant;
	struct key_name key;

	switch (r->item->kind) {
	case DAMAGED_NUMBER:
		return number_name_find(op, r);
	case DAMAGED_DATA:
		object_data(&r->name, t->id, r->item->data);
		break;
	case DAMAGED_PIECE:
		object_snap(&r->name, t->id, r->item->data, r->item->part);
		break;
	case DAMAGED_KEYRING:
		if (tenant_ring_check(op, t, r->item->site, &key) == RC_OK)
			FAIL(op, RC_BUSY, "another keyring stands there now");
		op_clear_error(op);
		object_key(&r->name, t->id, &key);
		break;
	}
	return RC_OK;
}

/* Whether other sites have all numbers of the pack that the chain still has:
 * only then may it go. */
static enum rc
pack_numbers_look(struct op *op, struct repair *r, struct site_set others)
{
	size_t k;
	enum rc rc;

	for (k = 0; k < r->pack.n; k++) {
		rc = local_log_get(
		    op, r->copy.meta, r->pack.entries[k].number, &r->log);
		if (rc == RC_OK) {
			r->copy.sources = others;
			rc = catch_up_number(op, &r->copy, &r->log);
		} else if (rc == RC_NOT_FOUND) { /* was cut */
			op_clear_error(op);
			continue;
		}
		TRY(rc);
	}
	return RC_OK;
}

/* Good bytes into copy.bytes, unless it is well. */
static enum rc
good_get(struct op *op, struct repair *r)
{
	struct tenant *t = r->copy.tenant;
	struct site_set bad =
	    site_set_with((struct site_set){0}, r->item->site);
	struct site_set others = lanes_in_service(&t->lanes);
	enum rc rc;

	others = site_set_without(others, r->item->site);
	r->copy.source = SITES_MAX;
	rc = row_get(op, r, r->copy.meta);
	r->well = rc == RC_NOT_FOUND;
	if (rc == RC_NOT_FOUND)
		op_clear_error(op);
	if (r->well)
		return RC_OK;
	TRY(rc);
	/* It may have been the reading, and not what stands there. */
	r->copy.site = SITES_MAX;
	rc = segment_get(op, r, bad);
	r->well = rc == RC_OK;
	if (rc == RC_OK || rc == RC_NO_MEMORY || rc == RC_BUSY)
		return rc;
	op_clear_error(op);
	TRY(name_find(op, r));
	return r->pack.n > 0 ? pack_numbers_look(op, r, others)
			     : segment_get(op, r, others);
}

/* The bad bytes are kept under damaged/, if there are any. */
static enum rc
bad_aside(struct op *op, struct repair *r)
{
	struct tenant *t = r->copy.tenant;
	struct site *site = t->service->config.sites->slots[r->item->site].site;
	bool there;

	TRY(claim_check(op, t->lanes.claim, r->item->site));
	TRY(site_exists(op, site, &r->name, &there));
	if (there)
		TRY(site_set_aside(op, site, &r->name, t->id));
	r->aside = there;
	FAILPOINT("repair.aside");
	return RC_OK;
}

static enum rc
good_put(struct op *op, struct repair *r)
{
	struct tenant *t = r->copy.tenant;
	struct sites *sites = t->service->config.sites;
	size_t i = r->item->site;

	if (r->item->kind == DAMAGED_KEYRING)
		return tenant_ring_put_again(op, t, i);
	TRY(site_put(
	    op, sites->slots[i].site, &r->name, buf_span(&r->copy.bytes)));
	FAILPOINT("repair.put");
	return claim_check(op, t->lanes.claim, i);
}

/* Under tenant_lock: RC_BUSY where it has to wait. */
static enum rc
replace_allowed(struct op *op, struct repair *r)
{
	struct tenant *t = r->copy.tenant;

	if (t->mode != TENANT_READY)
		FAIL(op, RC_BUSY, "nothing is repaired now");
	/* L29: only from a chain with a number of this claim on m sites. */
	if (!t->own_number)
		TRY(tenant_opening(op, t, lanes_in_service(&t->lanes)));
	lanes_drain(&t->lanes, clock_mono() + DRAIN_S * CLOCK_S);
	if (!site_set_has(
		lanes_holding(&t->lanes, t->head.number), r->item->site))
		FAIL(op, RC_BUSY, "the site is behind");
	return row_get(op, r, &t->meta);
}

/*
 * L29: nothing counts on the site meanwhile, for whoever is busy with a tenant
 * holds up its numbers. Where it fails half-way the site is out of service
 * until it is caught up; of a pack that is how all its numbers are brought.
 */
static enum rc
replace_now(struct op *op, struct repair *r)
{
	struct tenant *t = r->copy.tenant;
	struct sites *sites = t->service->config.sites;
	size_t i = r->item->site;
	enum rc rc;

	TRY(replace_allowed(op, r));
	rc = bad_aside(op, r);
	if (rc == RC_OK && r->pack.n > 0) {
		packs_drop(&t->packs, i, &r->pack.name);
		lanes_leave(op, &t->lanes, i, "a damaged pack was set aside");
		return RC_OK;
	}
	if (rc == RC_OK)
		rc = good_put(op, r);
	if (rc == RC_OK)
		return RC_OK;
	lanes_leave(op, &t->lanes, i, op_error(op, rc));
	if (rc == RC_IO || rc == RC_NO_SPACE)
		sites_failed(op, sites, i, rc);
	return rc;
}

static enum rc
repair_run(struct op *op, struct repair *r)
{
	struct tenant *t = r->copy.tenant;
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, t, &reader));
	r->copy.meta = &reader->meta;
	rc = good_get(op, r);
	tenant_reader_put(t, reader);
	if (rc == RC_OK && !r->well) {
		tenant_lock(t);
		rc = replace_now(op, r);
		tenant_unlock(t);
	}
	if (rc == RC_NOT_FOUND) { /* dropped or cut since */
		op_clear_error(op);
		r->well = true;
		return RC_OK;
	}
	TRY(rc);
	if (r->well)
		return RC_OK;
	log_info(op, "repaired", "site=%s tenant=%016llx object=%s",
	    t->service->config.sites->slots[r->item->site].site->name,
	    (unsigned long long)t->id, r->name.file);
	return RC_OK;
}

/* One object of a tenant at a time. */
static void
repair_enter(struct tenant *t)
{
	mutex_lock(&t->lock);
	while (t->in_repair)
		cond_wait(&t->changed, &t->lock);
	t->in_repair = true;
	mutex_unlock(&t->lock);
}

static void
repair_leave(struct tenant *t)
{
	mutex_lock(&t->lock);
	t->in_repair = false;
	cond_broadcast(&t->changed);
	mutex_unlock(&t->lock);
}

/* What it came to is in *r, whose item is given. */
static enum rc
repair_one(struct op *op, struct tenant *t, struct repair *r)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	enum rc rc;

	TRY(tenant_ring_copy(op, t, &ring));
	r->copy.tenant = t;
	r->copy.ring = ring;
	buf_init(&r->copy.bytes, SEGMENT_DATA_MAX);
	repair_enter(t);
	rc = repair_run(op, r);
	repair_leave(t);
	buf_release(&r->copy.bytes);
	return rc;
}

static enum rc
repair_item(struct op *op, struct tenant *t, const struct damaged *item)
{
	CLEANUP(mem_free_ptr) struct repair *r = mem_alloc(sizeof(*r));

	if (r == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	r->item = item;
	return repair_one(op, t, r);
}

void
repair_tenant(struct op *op, struct tenant *tenant)
{
	struct damaged item;
	enum rc rc;

	while (!tenant->service->stopping && tenant->mode == TENANT_READY &&
	       damaged_take_due(tenant, &item)) {
		CLEANUP(op_release) struct op step;

		op_init(&step);
		rc = repair_item(&step, tenant, &item);
		if (rc == RC_OK) {
			damaged_forget(tenant, &item);
			continue;
		}
		log_warn(op, "not-repaired",
		    "site=%s tenant=%016llx number=%llu why=\"%s\"",
		    tenant->service->config.sites->slots[item.site].site->name,
		    (unsigned long long)tenant->id,
		    (unsigned long long)item.number, op_error(&step, rc));
		damaged_put_off(tenant, &item,
		    rc == RC_DAMAGED ? NOWHERE_AGAIN_S : AGAIN_S);
	}
}

/* ---- at once ---- */

bool
repair_await_site(struct tenant *tenant, size_t site)
{
	struct service *s = tenant->service;
	int64_t until = clock_mono() + AWAIT_S * CLOCK_S;
	bool in = false;

	mutex_lock(&s->lock);
	cond_broadcast(&s->changed);
	while (!(in = site_set_has(lanes_in_service(&tenant->lanes), site)) &&
	       !s->stopping && site_set_has(claim_sites(s->claim), site) &&
	       clock_mono() < until)
		(void)cond_wait_until(&s->changed, &s->lock,
		    clock_mono() + AWAIT_STEP_MS * CLOCK_MS);
	mutex_unlock(&s->lock);
	return in;
}

static void
repaired_text(const struct repair *r, char text[REPAIR_TEXT_SIZE])
{
	const struct tenant *t = r->copy.tenant;
	const struct sites *sites = t->service->config.sites;
	char from[SITE_NAME_SIZE + 8] = "";
	char aside[2 * OBJECT_FILE_SIZE + 80] = "";

	if (r->well) {
		(void)snprintf(text, REPAIR_TEXT_SIZE,
		    "nothing to repair: it passes now, or is needed no more");
		return;
	}
	if (r->copy.source < sites->n)
		(void)snprintf(from, sizeof(from), " from %s",
		    sites->slots[r->copy.source].site->name);
	if (r->aside)
		(void)snprintf(aside, sizeof(aside),
		    ", the bad bytes are damaged/%016llx/%.*s.%s",
		    (unsigned long long)t->id,
		    (int)strcspn(r->name.folder, "/"), r->name.folder,
		    r->name.file);
	(void)snprintf(text, REPAIR_TEXT_SIZE, "made new%s%s", from, aside);
}

static enum rc
repair_told(struct op *op, struct tenant *t, const struct damaged *item,
    char text[REPAIR_TEXT_SIZE])
{
	CLEANUP(mem_free_ptr) struct repair *r = mem_alloc(sizeof(*r));

	if (r == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	if (t->service->config.read_only)
		FAIL(op, RC_BUSY, "this service takes no changes");
	r->item = item;
	TRY(repair_one(op, t, r));
	/* A pack's numbers are brought by the mender. */
	if (!r->well && r->pack.n > 0 && !repair_await_site(t, item->site))
		FAIL(op, RC_BUSY,
		    "its pack was set aside; what was in it is still being "
		    "copied");
	repaired_text(r, text);
	return RC_OK;
}

bool
repair_now(struct op *op, struct tenant *tenant, const struct damaged *item,
    enum rc rc, char text[REPAIR_TEXT_SIZE])
{
	CLEANUP(op_release) struct op step;
	enum rc end;

	op_init(&step);
	end = repair_told(&step, tenant, item, text);
	if (end == RC_OK) {
		damaged_forget(tenant, item);
		return true;
	}
	(void)snprintf(text, REPAIR_TEXT_SIZE, "not repaired: %.300s",
	    op_error(&step, end));
	repair_note_object(op, tenant, item, rc);
	return false;
}
