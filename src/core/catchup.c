/* catchup.c - bringing a site up to the head: keyring, data, then numbers in
 * order (LOG.md L4). */
#include "core/catchup.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/kept.h"
#include "core/rolled_back.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/verify.h"
#include "meta/local.h"

enum { ROWS_AT_A_TIME = 256, REENTER_AGAIN_S = 2 };

/* Rows are copied out first: a statement must not be in use while sites are
 * slow. */
struct log_rows {
	size_t n;
	struct local_log rows[ROWS_AT_A_TIME];
};

struct data_rows {
	size_t n;
	struct local_data rows[ROWS_AT_A_TIME];
};

static enum rc
log_row(void *arg, struct op *op, const struct local_log *log)
{
	struct log_rows *rows = arg;

	(void)op;
	rows->rows[rows->n++] = *log;
	return RC_OK;
}

static enum rc
data_row(void *arg, struct op *op, const struct local_data *data)
{
	struct data_rows *rows = arg;

	(void)op;
	rows->rows[rows->n++] = *data;
	return RC_OK;
}

static struct site *
site_at(const struct catch_up *c, size_t i)
{
	return c->tenant->service->config.sites->slots[i].site;
}

/* The first source whose copy passes; RC_DAMAGED where none does. check gets
 * the bytes. */
static enum rc
source_read(struct op *op, struct catch_up *c, const struct object_name *name,
    enum rc (*check)(struct op *op, struct catch_up *c, const void *row),
    const void *row)
{
	size_t i;
	enum rc rc;

	if (c->tenant->service->stopping)
		FAIL(op, RC_BUSY, "the service stops");
	for (i = 0; i < c->tenant->service->config.sites->n; i++) {
		if (!site_set_has(c->sources, i) || i == c->site)
			continue;
		rc = site_get(op, site_at(c, i), name, &c->bytes);
		if (rc == RC_OK)
			rc = check(op, c, row);
		c->source = i;
		if (rc == RC_OK || rc == RC_NO_MEMORY)
			return rc;
		op_clear_error(op);
	}
	FAIL(op, RC_DAMAGED, "no site has an undamaged copy of %s/%s",
	    name->folder, name->file);
}

/* As source_read; a number may lie in a pack there. */
static enum rc
number_read(struct op *op, struct catch_up *c, const struct log_name *name,
    enum rc (*check)(struct op *op, struct catch_up *c, const void *row),
    const void *row)
{
	struct sites *sites = c->tenant->service->config.sites;
	size_t i;
	enum rc rc;

	if (c->tenant->service->stopping)
		FAIL(op, RC_BUSY, "the service stops");
	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(c->sources, i) || i == c->site)
			continue;
		rc =
		    packs_get(op, &c->tenant->packs, sites, i, name, &c->bytes);
		if (rc == RC_OK)
			rc = check(op, c, row);
		c->source = i;
		if (rc == RC_OK || rc == RC_NO_MEMORY)
			return rc;
		op_clear_error(op);
	}
	FAIL(op, RC_DAMAGED, "no site has an undamaged copy of number %llu",
	    (unsigned long long)name->number);
}

/*
 * L22: hashes prove order against sites; what proves the bytes is that the
 * records open, and every frame that a row still names.
 */
static enum rc
log_check(struct op *op, struct catch_up *c, const void *row)
{
	const struct local_log *log = row;
	struct chunk_place place = {.number = log->number};
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	struct segment segment;

	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	if (segment.header.kind != SEGMENT_NUMBERED ||
	    segment.header.number != log->number ||
#ifndef DOZO_PLANT_ROLLED_BACK_COPIED
	    memcmp(segment.hash, log->hash, OBJECT_HASH_SIZE) != 0 ||
#endif
	    segment.header.tenant != c->tenant->id)
		FAIL(op, RC_DAMAGED, "number %llu is not the chain's",
		    (unsigned long long)log->number);
	/* Anew each time: numbers of an epoch that began meanwhile come too. */
	TRY(tenant_ring_copy(op, c->tenant, &ring));
	TRY(verify_records(op, &segment, ring));
	return verify_chunks(op, c->meta, &segment, &place, log->body_offset);
}

static enum rc
data_check(struct op *op, struct catch_up *c, const void *row)
{
	const struct local_data *data = row;
	struct chunk_place place = {.number = 0};
	struct segment segment;

	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	if (segment.header.kind != SEGMENT_DATA ||
	    segment.header.tenant != c->tenant->id ||
	    memcmp(segment.header.data_id, data->id, OBJECT_ID_SIZE) != 0 ||
	    memcmp(segment.hash, data->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED,
		    "a data segment is not the one that was added");
	memcpy(place.data, data->id, OBJECT_ID_SIZE);
	return verify_chunks(op, c->meta, &segment, &place, 0);
}

enum rc
catch_up_number(struct op *op, struct catch_up *c, const struct local_log *log)
{
	struct log_name name;

	local_log_name(log, &name);
	return number_read(op, c, &name, log_check, log);
}

enum rc
catch_up_data(struct op *op, struct catch_up *c, const struct local_data *data)
{
	struct object_name object;

	object_data(&object, c->tenant->id, data->id);
	return source_read(op, c, &object, data_check, data);
}

struct snap_row {
	uint32_t part;
	struct segment_data data;
};

static enum rc
snap_check(struct op *op, struct catch_up *c, const void *row)
{
	const struct snap_row *snap = row;
	struct segment segment;

	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	if (segment.header.kind != SEGMENT_PIECE ||
	    segment.header.tenant != c->tenant->id ||
	    memcmp(segment.header.data_id, snap->data.id, OBJECT_ID_SIZE) !=
		0 ||
	    memcmp(segment.hash, snap->data.hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "a piece is not the snapshot's");
	return verify_records(op, &segment, c->ring);
}

/* The row of a piece of this snapshot; its list is read from the sources. */
static enum rc
piece_find(struct op *op, struct catch_up *c, const struct segment_data *list,
    struct snap_row *row)
{
	struct object_name object;
	struct segment segment;
	uint32_t part = row->part;

	*row = (struct snap_row){.data = *list};
	if (part == 0)
		return RC_OK;
	object_snap(&object, c->tenant->id, list->id, 0);
	TRY(source_read(op, c, &object, snap_check, row));
	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	if (part > segment.header.n_parts)
		FAIL(op, RC_NOT_FOUND, "the snapshot has no such piece");
	row->part = part;
	row->data = segment.header.parts[part - 1];
	return RC_OK;
}

enum rc
catch_up_piece(struct op *op, struct catch_up *c,
    const uint8_t snapshot[OBJECT_ID_SIZE], uint32_t part)
{
	struct snap_row row = {.part = part};
	struct object_name object;
	struct kept kept;
	size_t i;

	TRY(kept_get(op, c->meta, &kept));
	for (i = 0; i < kept.n; i++)
		if (memcmp(kept.list[i].list.id, snapshot, OBJECT_ID_SIZE) == 0)
			break;
	if (i == kept.n)
		FAIL(op, RC_NOT_FOUND, "the snapshot is kept no more");
	TRY(piece_find(op, c, &kept.list[i].list, &row));
	object_snap(&object, c->tenant->id, row.data.id, row.part);
	return source_read(op, c, &object, snap_check, &row);
}

/*
 * Puts what c->bytes hold. Other bytes under the name are damage (L0): set
 * aside once a number of this claim stands (L29), then put again.
 */
static enum rc
target_put(struct op *op, struct catch_up *c, const struct object_name *name)
{
	struct site *site = site_at(c, c->site);
	enum rc rc = site_put(op, site, name, buf_span(&c->bytes));

	if (rc == RC_EXISTS && c->tenant->own_number) {
		op_clear_error(op);
		log_warn(op, "damaged", "site=%s tenant=%016llx object=%s",
		    site->name, (unsigned long long)c->tenant->id, name->file);
		TRY(site_set_aside(op, site, name, c->tenant->id));
		rc = site_put(op, site, name, buf_span(&c->bytes));
	}
	TRY(rc);
	if (c->copied != NULL)
		atomic_fetch_add(c->copied, 1);
	FAILPOINT("catchup.put");
	return claim_check(op, c->tenant->lanes.claim, c->site);
}

static bool
log_held(const struct catch_up *c, const struct log_name *name)
{
	size_t at;

	if (c->tail == NULL)
		return false;
	at = tail_find(c->tail, name);
	return at != TAIL_NONE && site_set_has(c->tail->logs[at].on, c->site) &&
	       !site_set_has(c->tail->logs[at].rot, c->site);
}

static bool
data_held(const struct catch_up *c, const uint8_t id[OBJECT_ID_SIZE])
{
	size_t at;

	if (c->tail == NULL)
		return false;
	at = tail_find_data(c->tail, id);
	return at != TAIL_NONE && site_set_has(c->tail->data[at].on, c->site);
}

/* A number's size is known by those that have it. */
static enum rc
lacking_add(struct op *op, struct catch_up *c, const struct log_name *name)
{
	struct sites *sites = c->tenant->service->config.sites;
	uint64_t size = 0;
	size_t i;

	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(c->sources, i) || i == c->site)
			continue;
		if (packs_size(op, &c->tenant->packs, sites, i, name, &size) ==
		    RC_OK)
			break;
		op_clear_error(op);
	}
	c->lacking += size;
	return RC_OK;
}

static enum rc
copy_log(struct op *op, struct catch_up *c, const struct local_log *log)
{
	CLEANUP(op_release) struct op step;
	struct log_name name;
	struct object_name object;
	enum rc rc;

	scratch_init(&step, op);
	local_log_name(log, &name);
#ifdef DOZO_PLANT_ROLLED_BACK_COPIED
	/* Whatever a site has under this number. */
	if (c->tail != NULL &&
	    tail_find_number(c->tail, log->number) < c->tail->n_logs)
		name =
		    c->tail->logs[tail_find_number(c->tail, log->number)].name;
#endif
	if (log_held(c, &name))
		return RC_OK;
	object_log(&object, c->tenant->id, &name);
	if (c->measuring)
		return lacking_add(op, c, &name);
	rc = number_read(&step, c, &name, log_check, log);
	if (rc == RC_OK)
		rc = target_put(&step, c, &object);
	return scratch_end(op, &step, rc);
}

static enum rc
copy_data(struct op *op, struct catch_up *c, const struct local_data *data)
{
	CLEANUP(op_release) struct op step;
	struct object_name object;
	enum rc rc;

	scratch_init(&step, op);
	if (data->number <= c->from || data_held(c, data->id))
		return RC_OK;
	if (c->measuring) {
		c->lacking += data->size;
		return RC_OK;
	}
	rc = catch_up_data(&step, c, data);
	object_data(&object, c->tenant->id, data->id);
	if (rc == RC_OK)
		rc = target_put(&step, c, &object);
	return scratch_end(op, &step, rc);
}

static enum rc
copy_all_data(struct op *op, struct catch_up *c)
{
	CLEANUP(mem_free_ptr) struct data_rows *rows = mem_alloc(sizeof(*rows));
	const uint8_t *after = NULL;
	uint8_t last[OBJECT_ID_SIZE];
	size_t i;

	if (rows == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	do {
		rows->n = 0;
		TRY(local_data_list(
		    op, c->meta, after, ROWS_AT_A_TIME, data_row, rows));
		for (i = 0; i < rows->n; i++)
			TRY(copy_data(op, c, &rows->rows[i]));
		if (rows->n > 0)
			memcpy(last, rows->rows[rows->n - 1].id, sizeof(last));
		after = last;
	} while (rows->n == ROWS_AT_A_TIME);
	return RC_OK;
}

static enum rc
copy_all_logs(struct op *op, struct catch_up *c)
{
	CLEANUP(mem_free_ptr) struct log_rows *rows = mem_alloc(sizeof(*rows));
	uint64_t number = c->from;
	struct kept kept;
	size_t i;

	if (rows == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	if (tenant_number(c->tenant) == 0)
		return RC_OK;
	/* What a cut took away is not put again (L13). */
	TRY(kept_get(op, c->meta, &kept));
	if (kept.base.number > number)
		number = kept.base.number;
	do {
		rows->n = 0;
		TRY(local_log_list(
		    op, c->meta, number + 1, ROWS_AT_A_TIME, log_row, rows));
		for (i = 0; i < rows->n; i++)
			TRY(copy_log(op, c, &rows->rows[i]));
		if (rows->n > 0)
			number = rows->rows[rows->n - 1].number;
	} while (rows->n == ROWS_AT_A_TIME);
	return RC_OK;
}

static bool
snap_held(const struct catch_up *c, const struct snap_row *row)
{
	size_t at;

	if (c->tail == NULL)
		return false;
	at = tail_find_snap(c->tail, row->data.id, row->part);
	return at != TAIL_NONE && site_set_has(c->tail->snaps[at].on, c->site);
}

static enum rc
copy_part(struct op *op, struct catch_up *c, const struct snap_row *row)
{
	CLEANUP(op_release) struct op step;
	struct object_name object;
	enum rc rc;

	scratch_init(&step, op);
	if (snap_held(c, row))
		return RC_OK;
	if (c->measuring) {
		c->lacking += row->data.size;
		return RC_OK;
	}
	object_snap(&object, c->tenant->id, row->data.id, row->part);
	rc = source_read(&step, c, &object, snap_check, row);
	if (rc == RC_OK)
		rc = target_put(&step, c, &object);
	return scratch_end(op, &step, rc);
}

/* The list names the others and is put last, so that it stands for all. */
static enum rc
copy_snapshot(
    struct op *op, struct catch_up *c, const struct snapshot *snapshot)
{
	struct snap_row list = {.data = snapshot->list}, part;
	struct object_name object;
	struct segment segment;
	uint32_t i;

	object_snap(&object, c->tenant->id, list.data.id, 0);
	TRY(source_read(op, c, &object, snap_check, &list));
	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	for (i = 0; i < segment.header.n_parts; i++) {
		part.part = i + 1;
		part.data = segment.header.parts[i];
		TRY(copy_part(op, c, &part));
	}
	return copy_part(op, c, &list);
}

/* L4, L13: before the numbers, so that the log may begin above them. */
static enum rc
copy_snapshots(struct op *op, struct catch_up *c)
{
	struct kept kept;
	size_t i;

	/* Before number 1 there are no rows. */
	if (tenant_number(c->tenant) == 0)
		return RC_OK;
	TRY(kept_get(op, c->meta, &kept));
	for (i = 0; i < kept.n; i++)
		if (kept.list[i].named > c->from || c->from == 0)
			TRY(copy_snapshot(op, c, &kept.list[i]));
	return RC_OK;
}

enum rc
catch_up_prepare(struct op *op, struct catch_up *c)
{
	static const char *const kinds[] = {"log", "data", "keys", "snap"};
	char folder[OBJECT_FOLDER_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		object_folder(folder, kinds[i], c->tenant->id);
		TRY(site_prepare(op, site_at(c, c->site), folder));
	}
	return RC_OK;
}

static enum rc
copy_all(struct op *op, struct catch_up *c)
{
	enum rc rc;

	buf_init(&c->bytes, SEGMENT_DATA_MAX);
	rc = copy_all_data(op, c);
	if (rc == RC_OK)
		rc = copy_snapshots(op, c);
	if (rc == RC_OK)
		rc = copy_all_logs(op, c);
	buf_release(&c->bytes);
	return rc;
}

enum rc
catch_up_run(struct op *op, struct catch_up *c)
{
	TRY(catch_up_prepare(op, c));
	return copy_all(op, c);
}

enum rc
tenant_catch_up(
    struct op *op, struct tenant *tenant, const struct tail *tail, size_t i)
{
	struct catch_up c = {
	    .tenant = tenant,
	    .ring = tenant->ring,
	    .meta = &tenant->meta,
	    .tail = tail,
	    .site = i,
	    .sources = rolled_back_without(
		tenant, sites_attached(tenant->service->config.sites)),
	};

	/* L16: the claim's own keyring first, anew after each return. */
	TRY(tenant_ring_put_again(op, tenant, i));
	return catch_up_run(op, &c);
}

static void
useless_add(struct op *op, const struct catch_up *c,
    const struct object_name *object, uint64_t *useless)
{
	uint64_t size;

	if (site_size(op, site_at(c, c->site), object, &size) == RC_OK)
		*useless += size;
	op_clear_error(op);
}

/* Bytes on the site that go once it has the head: data segments that no row
 * names, numbers that were cut (L13). */
static enum rc
useless_size(struct op *op, const struct catch_up *c, uint64_t *ret_size)
{
	struct object_name object;
	struct local_data row;
	struct kept kept;
	size_t i;
	enum rc rc;

	*ret_size = 0;
	for (i = 0; i < c->tail->n_data; i++) {
		rc = local_data_get(op, c->meta, c->tail->data[i].id, &row);
		if (rc == RC_OK)
			continue;
		op_clear_error(op);
		if (rc != RC_NOT_FOUND)
			return rc;
		object_data(&object, c->tenant->id, c->tail->data[i].id);
		useless_add(op, c, &object, ret_size);
	}
	TRY(kept_get(op, c->meta, &kept));
	for (i = 0; i < c->tail->n_logs &&
		    c->tail->logs[i].name.number <= kept.base.number;
	     i++) {
		object_log(&object, c->tenant->id, &c->tail->logs[i].name);
		useless_add(op, c, &object, ret_size);
	}
	return RC_OK;
}

/*
 * L14: a site below its reserve is brought up to date only where that ends with
 * more space than it began with, because what was dropped meanwhile can be
 * deleted then: so it can be emptied, and uploads do not eat the reserve by
 * this way. With fewer than m sites in service it may use the reserve.
 */
static enum rc
space_allows(struct op *op, struct catch_up *c)
{
	struct lanes *lanes = &c->tenant->lanes;
	uint64_t useless;
	enum rc rc;

	if (!site_set_has(reserve_low_sites(c->tenant->service), c->site) ||
	    !claim_has_m(lanes->claim, lanes_in_service(lanes)))
		return RC_OK;
	c->measuring = true;
	rc = copy_all(op, c);
	c->measuring = false;
	TRY(rc);
	TRY(useless_size(op, c, &useless));
	if (c->lacking > 0 && useless <= c->lacking)
		FAIL(op, RC_NO_SPACE, RESERVE_WHY);
	return RC_OK;
}

/* Without the lock: what the site lacks of a committed state, long as that may
 * take. *ret_number: up to where. */
static enum rc
reenter_bulk(struct op *op, struct tenant *t, size_t i,
    atomic_uint_fast64_t *copied, uint64_t *ret_number)
{
	struct site_set sources =
	    rolled_back_without(t, sites_attached(t->service->config.sites));
	CLEANUP(tail_release) struct tail tail = {0};
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	struct reader *reader;
	struct catch_up c = {
	    .tenant = t,
	    .tail = &tail,
	    .site = i,
	    .sources = sources,
	    .copied = copied,
	};
	struct local_log head;
	enum rc rc;

	TRY(tail_list(op, t->service->config.sites,
	    site_set_with((struct site_set){0}, i), t->id, &tail));
	if (!site_set_has(tail.listed, i))
		FAIL(op, RC_IO, "its folders cannot be listed");
	TRY(tenant_ring_copy(op, t, &ring));
	c.ring = ring;
	TRY(tenant_reader(op, t, &reader));
	c.meta = &reader->meta;
	rc = local_log_head(op, c.meta, &head);
	if (rc == RC_OK)
		rc = rolled_back_look(op, t, c.meta, &tail, i);
	if (rc == RC_OK)
		rc = space_allows(op, &c);
	if (rc == RC_OK)
		rc = catch_up_run(op, &c);
	tenant_reader_put(t, reader);
	TRY(rc);
	*ret_number = head.number;
	return RC_OK;
}

/* Between two groups: the few numbers since, and the site is in service again.
 */
static enum rc
reenter_last(
    struct op *op, struct tenant *t, size_t i, uint64_t number, uint64_t epoch)
{
	struct catch_up c = {
	    .tenant = t,
	    .ring = t->ring,
	    .meta = &t->meta,
	    .from = number,
	    .site = i,
	    .sources = lanes_in_service(&t->lanes),
	};

	TRY(catch_up_run(op, &c));
	if (sites_epoch(t->service->config.sites, i) != epoch)
		FAIL(op, RC_IO, "the site went away meanwhile");
	lanes_enter(&t->lanes, i, t->head.number, epoch);
	rolled_back_end(t, i);
	t->swept = false; /* it may have what went while it was away (L16) */
	log_info(op, "site-in-service", "site=%s tenant=%016llx number=%llu",
	    site_at(&c, i)->name, (unsigned long long)t->id,
	    (unsigned long long)t->head.number);
	return RC_OK;
}

/* L16: the claim's own keyring first, anew after each return. */
static enum rc
reenter_ring(struct op *op, struct tenant *t, size_t i)
{
	enum rc rc;

	tenant_lock(t);
	rc = t->mode == TENANT_READY || t->mode == TENANT_IN_DOUBT
		 ? tenant_ring_put_again(op, t, i)
		 : op_fail(op, RC_BUSY, "it takes no changes now");
	tenant_unlock(t);
	return rc;
}

enum rc
tenant_catch_up_ahead(struct op *op, struct tenant *tenant, size_t i,
    atomic_uint_fast64_t *copied)
{
	uint64_t number;

	TRY(reenter_ring(op, tenant, i));
	return reenter_bulk(op, tenant, i, copied, &number);
}

static enum rc
reenter_site(struct op *op, struct tenant *t, size_t i)
{
	uint64_t epoch = sites_epoch(t->service->config.sites, i);
	uint64_t number = 0;
	enum rc rc;

	TRY(reenter_ring(op, t, i));
	TRY(reenter_bulk(op, t, i, NULL, &number));
	tenant_lock(t);
	rc = t->mode == TENANT_READY || t->mode == TENANT_IN_DOUBT
		 ? reenter_last(op, t, i, number, epoch)
		 : RC_BUSY;
	tenant_unlock(t);
	return rc;
}

void
tenant_reenter(struct op *op, struct tenant *tenant)
{
	struct sites *sites = tenant->service->config.sites;
	struct site_set out = claim_sites(tenant->lanes.claim);
	struct site_set in = lanes_in_service(&tenant->lanes);
	size_t i;
	enum rc rc;

	for (i = 0; i < sites->n; i++) {
		if (!site_set_has(out, i) || site_set_has(in, i) ||
		    clock_mono() < tenant->reenter_due[i])
			continue;
		rc = reenter_site(op, tenant, i);
		if (rc == RC_OK || rc == RC_BUSY) {
			op_clear_error(op);
			continue;
		}
		/* Space does not come from one moment to the next. */
		if (rc == RC_NO_SPACE)
			tenant->reenter_due[i] =
			    clock_mono() + REENTER_AGAIN_S * CLOCK_S;
		lanes_leave(op, &tenant->lanes, i, op_error(op, rc));
		if (rc == RC_IO || rc == RC_NOT_FOUND)
			sites_failed(op, sites, i, rc);
		op_clear_error(op);
	}
}
