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

enum { ROWS_AT_A_TIME = 256 };

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
catch_up_measure(struct op *op, struct catch_up *c)
{
	enum rc rc;

	c->measuring = true;
	rc = copy_all(op, c);
	c->measuring = false;
	return rc;
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
