/* pack.c - packing of numbers, each site for itself. */
#include "core/pack.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/upkeep.h"
#include "meta/local.h"

/* One pack is in memory twice: made, and read back. */
enum { PACK_BYTES = 8 << 20, PACK_NUMBERS = 8192 };

struct packing {
	struct tenant *tenant;
	struct meta *meta;
	size_t site;
	uint64_t to;
	struct tail tail;
	size_t n; /* of the pack at hand */
	uint64_t bytes;
	struct pack_entry *entries; /* PACK_NUMBERS, owned */
	struct buf out;
	struct buf back;
	uint64_t packed; /* numbers so far, on all sites */
};

static struct site *
site_of(const struct packing *p)
{
	return p->tenant->service->config.sites->slots[p->site].site;
}

static void
name_of(const struct pack_entry *entry, struct log_name *ret_name)
{
	ret_name->number = entry->number;
	ret_name->generation = entry->generation;
	memcpy(ret_name->hash8, entry->hash, sizeof(ret_name->hash8));
}

/* One number's bytes behind those before it, as the chain has them. */
static enum rc
number_append(struct op *op, struct packing *p, const struct pack_entry *entry)
{
	CLEANUP(buf_release) struct buf bytes = {.limit = SEGMENT_NUMBERED_MAX};
	struct object_name object;
	struct log_name name;
	struct segment segment;

	name_of(entry, &name);
	object_log(&object, p->tenant->id, &name);
	TRY(site_get(op, site_of(p), &object, &bytes));
	TRY(segment_parse(op, buf_span(&bytes), &segment));
	if (bytes.size != entry->size ||
	    memcmp(segment.hash, entry->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "number %llu is not the chain's",
		    (unsigned long long)entry->number);
	TRY(buf_add(op, &p->out, buf_span(&bytes)));
	return upkeep_spend(op, p->tenant, bytes.size);
}

static enum rc
pack_make(struct op *op, struct packing *p, struct pack_name *ret_name)
{
	size_t i;

	TRY(pack_begin(op, p->tenant->id, p->entries, p->n, &p->out));
	for (i = 0; i < p->n; i++) {
		CLEANUP(op_release) struct op step;
		enum rc rc;

		scratch_init(&step, op);
		rc = number_append(&step, p, &p->entries[i]);
		TRY(scratch_end(op, &step, rc));
	}
	return pack_end(op, p->entries, p->n, &p->out, ret_name);
}

/* Puts it, and reads back what stands there. */
static enum rc
pack_put(struct op *op, struct packing *p, const struct pack_name *name)
{
	struct object_name object;
	struct pack pack;

	object_pack(&object, p->tenant->id, name);
	TRY(claim_check(op, p->tenant->lanes.claim, p->site));
	TRY(site_put(op, site_of(p), &object, buf_span(&p->out)));
	FAILPOINT("pack.put");
	TRY(site_get(op, site_of(p), &object, &p->back));
	TRY(pack_parse(op, buf_span(&p->back), &pack));
	if (!span_equal(buf_span(&p->back), buf_span(&p->out)))
		FAIL(op, RC_DAMAGED, "%s is not what was put", object.file);
	FAILPOINT("pack.read_back");
	return packs_learn(op, &p->tenant->packs,
	    p->tenant->service->config.sites, p->site, name);
}

/* L29: one deletion, checked. The number stands in a pack of this site. */
static enum rc
loose_delete(struct op *op, struct packing *p, const struct log_name *name)
{
	struct tenant *t = p->tenant;
	struct object_name object;

	if (t->mode != TENANT_READY || !t->own_number)
		FAIL(op, RC_BUSY, "nothing is deleted now");
	TRY(claim_check(op, t->lanes.claim, p->site));
	object_log(&object, t->id, name);
	TRY(upkeep_remove(op, t->service, p->site, &object, UPKEEP_PACK));
	FAILPOINT("pack.deleted");
	return RC_OK;
}

static enum rc
pack_flush(struct op *op, struct packing *p)
{
	struct pack_name name;
	struct log_name log;
	size_t i;

	if (p->n >= PACK_LEAST) {
		TRY(pack_make(op, p, &name));
		TRY(pack_put(op, p, &name));
		for (i = 0; i < p->n; i++) {
			name_of(&p->entries[i], &log);
			TRY(loose_delete(op, p, &log));
		}
		p->packed += p->n;
	}
	p->n = 0;
	p->bytes = 0;
	return RC_OK;
}

/* Whether a listed number is the chain's, and its whole hash. */
static enum rc
number_look(struct op *op, struct packing *p, const struct log_name *name,
    struct pack_entry *entry, bool *ret_chain)
{
	struct object_name object;
	struct local_log row;
	enum rc rc = local_log_get(op, p->meta, name->number, &row);

	*ret_chain = false;
	if (rc == RC_NOT_FOUND) { /* cut meanwhile */
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	if (memcmp(row.hash, name->hash8, sizeof(name->hash8)) != 0)
		return RC_OK;
	object_log(&object, p->tenant->id, name);
	TRY(site_size(op, site_of(p), &object, &entry->size));
	entry->number = row.number;
	entry->generation = row.generation;
	memcpy(entry->hash, row.hash, OBJECT_HASH_SIZE);
	*ret_chain = true;
	return RC_OK;
}

static enum rc
number_one(struct op *op, struct packing *p, const struct tail_log *log)
{
	struct pack_entry entry = {0};
	bool chain;

	if (!site_set_has(log->loose, p->site))
		return RC_OK;
	if (site_set_has(log->packed, p->site))
		return loose_delete(op, p, &log->name);
	TRY(number_look(op, p, &log->name, &entry, &chain));
	if (!chain)
		return RC_OK;
	if (p->n > 0 &&
	    (p->entries[p->n - 1].number + 1 != entry.number ||
		p->n == PACK_NUMBERS || p->bytes + entry.size > PACK_BYTES))
		TRY(pack_flush(op, p));
	p->entries[p->n++] = entry;
	p->bytes += entry.size;
	return RC_OK;
}

static enum rc
site_pack(struct op *op, struct packing *p)
{
	struct tenant *t = p->tenant;
	struct site_set one = site_set_with((struct site_set){0}, p->site);
	size_t i;

	if (!site_set_has(lanes_holding(&t->lanes, p->to), p->site))
		return RC_OK;
	TRY(tail_list(op, t->service->config.sites, one, t->id, &p->tail));
	for (i = 0; i < p->tail.n_logs && p->tail.logs[i].name.number <= p->to;
	     i++) {
		CLEANUP(op_release) struct op step;
		enum rc rc;

		scratch_init(&step, op);
		rc = number_one(&step, p, &p->tail.logs[i]);
		TRY(scratch_end(op, &step, rc));
	}
	return pack_flush(op, p);
}

static enum rc
sites_pack(struct op *op, struct packing *p)
{
	struct sites *sites = p->tenant->service->config.sites;
	enum rc rc;

	for (p->site = 0; p->site < sites->n; p->site++) {
		CLEANUP(op_release) struct op step;

		op_init(&step);
		p->n = 0;
		p->bytes = 0;
		rc = site_pack(&step, p);
		tail_release(&p->tail);
		if (rc == RC_FENCED || rc == RC_NO_MEMORY || rc == RC_BUSY)
			return op_fail(op, rc, "%s", op_error(&step, rc));
		if (rc == RC_DAMAGED) /* repair is another's work */
			log_warn(op, "not-packed",
			    "site=%s tenant=%016llx why=\"%s\"",
			    site_of(p)->name, (unsigned long long)p->tenant->id,
			    op_error(&step, rc));
		else if (rc != RC_OK)
			sites_failed(&step, sites, p->site, rc);
	}
	return RC_OK;
}

static enum rc
pack_run(struct op *op, struct packing *p, uint64_t number)
{
	struct reader *reader;
	struct local_log head;
	enum rc rc;

	p->entries = mem_alloc_array(PACK_NUMBERS, sizeof(*p->entries));
	if (p->entries == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	TRY(tenant_reader(op, p->tenant, &reader));
	p->meta = &reader->meta;
	rc = local_log_head(op, p->meta, &head);
	if (rc == RC_OK) {
		p->to = head.number > PACK_LOOSE ? head.number - PACK_LOOSE : 0;
		if (number > p->to)
			p->to = number;
		if (p->to > 0)
			rc = sites_pack(op, p);
	}
	tenant_reader_put(p->tenant, reader);
	return rc;
}

enum rc
pack_tenant(struct op *op, struct tenant *tenant, uint64_t number)
{
	struct packing p = {.tenant = tenant};
	enum rc rc;

	if (tenant->mode != TENANT_READY || !tenant->own_number)
		return RC_OK;
	buf_init(&p.out, PACK_SIZE_MAX);
	buf_init(&p.back, PACK_SIZE_MAX);
	rc = pack_run(op, &p, number);
	buf_release(&p.out);
	buf_release(&p.back);
	mem_free(p.entries);
	if (p.packed > 0)
		log_info(op, "packed", "tenant=%016llx numbers=%llu",
		    (unsigned long long)tenant->id,
		    (unsigned long long)p.packed);
	return rc;
}
