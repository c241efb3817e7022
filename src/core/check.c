/* check.c - all of a tenant's objects on all sites, by the rows of the local
 * database. */
#include "core/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/check_content.h"
#include "core/kept.h"
#include "core/verify.h"
#include "meta/content.h"
#include "meta/local.h"

enum { ROWS_AT_A_TIME = 256, TEXT_SIZE = 400 };

struct check {
	struct tenant *tenant;
	struct keyring *ring; /* owned */
	const struct check_job *job;
	struct meta *meta;
	struct check_report *report;
	struct kept kept; /* as at the beginning */
	size_t site;
	struct buf bytes;
	struct buf plain;
	uint8_t previous[OBJECT_HASH_SIZE]; /* of the number before */
	struct generation generation; /* the head's */
	size_t n;
	union {
		struct local_log logs[ROWS_AT_A_TIME];
		struct local_data data[ROWS_AT_A_TIME];
	} rows;
};

static struct site *
site_of(const struct check *c)
{
	return c->tenant->service->config.sites->slots[c->site].site;
}

static struct check_site *
result_of(const struct check *c)
{
	return &c->report->sites[c->site];
}

static enum rc
stop_look(struct op *op, const struct check *c)
{
	if (c->job->stop != NULL && atomic_load(c->job->stop))
		FAIL(op, RC_TIMEOUT, "the check was stopped");
	return RC_OK;
}

/* Counts what an object came to; only what is no matter of the object is passed
 * up. */
static enum rc
object_note(struct op *op, struct check *c, const char *what, enum rc rc,
    const char *why)
{
	char text[TEXT_SIZE];

	if (rc == RC_NO_MEMORY)
		return op_fail(op, rc, "%s", why);
	if (rc == RC_NOT_FOUND)
		result_of(c)->missing++;
	else
		result_of(c)->damaged++;
	(void)snprintf(text, sizeof(text), "%s: %s", what,
	    rc == RC_NOT_FOUND ? "not there" : why);
	c->job->problem(c->job->arg, c->site, text);
	return RC_OK;
}

/* A segment is repaired by the mender, where there is one. */
static enum rc
segment_note(struct op *op, struct check *c, const char *what,
    const struct chunk_place *place, enum rc rc, const char *why)
{
	TRY(object_note(op, c, what, rc, why));
	repair_note(op, c->tenant, c->site, place, rc);
	return RC_OK;
}

/* ---- numbered segments ---- */

static enum rc
log_open(struct op *op, struct check *c, const struct segment *segment)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;

	TRY(tenant_ring_copy(op, c->tenant, &ring));
	return verify_records(op, segment, ring);
}

static enum rc
log_look(struct op *op, struct check *c, const struct local_log *row,
    const struct log_name *name)
{
	struct segment segment;

	TRY(packs_get(op, &c->tenant->packs, c->tenant->service->config.sites,
	    c->site, name, &c->bytes));
	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	if (segment.header.kind != SEGMENT_NUMBERED ||
	    segment.header.tenant != c->tenant->id ||
	    segment.header.number != row->number ||
	    generation_compare(segment.header.generation, row->generation) != 0)
		FAIL(op, RC_DAMAGED, "another segment stands under this name");
	if (memcmp(segment.header.previous, c->previous, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED,
		    "it does not stand on the number before it");
	if (memcmp(segment.hash, row->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "its hash is another");
	return c->job->read_data ? log_open(op, c, &segment) : RC_OK;
}

static bool
was_cut(struct op *op, struct check *c, uint64_t number)
{
	struct local_log row;
	bool gone = local_log_get(op, c->meta, number, &row) == RC_NOT_FOUND;

	op_clear_error(op);
	return gone;
}

static enum rc
log_check(struct op *op, struct check *c, const struct local_log *row)
{
	CLEANUP(op_release)
	struct op step; /* an object's memory goes with it */
	struct log_name name = {
	    .number = row->number, .generation = row->generation};
	struct chunk_place place = {0};
	char what[64];
	enum rc rc;

	op_init(&step);
	memcpy(name.hash8, row->hash, sizeof(name.hash8));
	rc = log_look(&step, c, row, &name);
	memcpy(c->previous, row->hash, OBJECT_HASH_SIZE);
	/* Cut since: no loss. */
	if (rc == RC_NOT_FOUND && was_cut(op, c, row->number))
		return RC_OK;
	if (rc == RC_OK) {
		result_of(c)->numbers++;
		result_of(c)->bytes += c->bytes.size;
		return RC_OK;
	}
	(void)snprintf(what, sizeof(what), "number %" PRIu64, row->number);
	place.number = row->number;
	return segment_note(op, c, what, &place, rc, op_error(&step, rc));
}

static enum rc
log_row(void *arg, struct op *op, const struct local_log *row)
{
	struct check *c = arg;

	(void)op;
	if (row->number <= c->report->head)
		c->rows.logs[c->n++] = *row;
	return RC_OK;
}

static enum rc
logs_check(struct op *op, struct check *c)
{
	uint64_t number = c->kept.base.number;
	size_t i;

	memcpy(c->previous, c->kept.base.hash, sizeof(c->previous));
	do {
		c->n = 0;
		TRY(local_log_list(
		    op, c->meta, number + 1, ROWS_AT_A_TIME, log_row, c));
		for (i = 0; i < c->n; i++) {
			TRY(stop_look(op, c));
			TRY(log_check(op, c, &c->rows.logs[i]));
		}
		if (c->n > 0)
			number = c->rows.logs[c->n - 1].number;
	} while (c->n == ROWS_AT_A_TIME);
	return RC_OK;
}

/* ---- data segments ---- */

static enum rc
data_look(struct op *op, struct check *c, const struct local_data *row,
    const struct object_name *name)
{
	struct segment segment;

	TRY(site_get(op, site_of(c), name, &c->bytes));
	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	if (segment.header.kind != SEGMENT_DATA ||
	    segment.header.tenant != c->tenant->id ||
	    memcmp(segment.header.data_id, row->id, OBJECT_ID_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "another segment stands under this name");
	if (c->bytes.size != row->size ||
	    memcmp(segment.hash, row->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "its size or its hash is another");
	return RC_OK;
}

static enum rc
data_check(struct op *op, struct check *c, const struct local_data *row)
{
	CLEANUP(op_release) struct op step;
	struct chunk_place place = {0};
	struct local_data now;
	struct object_name object;
	char what[80];
	enum rc rc;

	op_init(&step);
	object_data(&object, c->tenant->id, row->id);
	rc = data_look(&step, c, row, &object);
	if (rc == RC_OK) {
		result_of(c)->data++;
		result_of(c)->bytes += c->bytes.size;
		return RC_OK;
	}
	/* Dropped since: no loss. */
	if (local_data_get(op, c->meta, row->id, &now) == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	op_clear_error(op);
	(void)snprintf(what, sizeof(what), "data segment %.32s", object.file);
	memcpy(place.data, row->id, sizeof(place.data));
	return segment_note(op, c, what, &place, rc, op_error(&step, rc));
}

static enum rc
data_row(void *arg, struct op *op, const struct local_data *row)
{
	struct check *c = arg;

	(void)op;
	c->rows.data[c->n++] = *row;
	return RC_OK;
}

static enum rc
data_check_all(struct op *op, struct check *c)
{
	uint8_t last[OBJECT_ID_SIZE];
	const uint8_t *after = NULL;
	size_t i;

	do {
		c->n = 0;
		TRY(local_data_list(
		    op, c->meta, after, ROWS_AT_A_TIME, data_row, c));
		for (i = 0; i < c->n; i++) {
			TRY(stop_look(op, c));
			TRY(data_check(op, c, &c->rows.data[i]));
		}
		if (c->n > 0)
			memcpy(last, c->rows.data[c->n - 1].id, sizeof(last));
		after = last;
	} while (c->n == ROWS_AT_A_TIME);
	return RC_OK;
}

/* ---- snapshots ---- */

static enum rc
part_look(struct op *op, struct check *c, const struct segment_data *part,
    uint32_t number, struct segment *ret_segment)
{
	struct object_name name;

	object_snap(&name, c->tenant->id, part->id, number);
	TRY(site_get(op, site_of(c), &name, &c->bytes));
	TRY(segment_parse(op, buf_span(&c->bytes), ret_segment));
	if (ret_segment->header.kind != SEGMENT_PIECE ||
	    ret_segment->header.tenant != c->tenant->id ||
	    memcmp(ret_segment->hash, part->hash, OBJECT_HASH_SIZE) != 0)
		FAIL(op, RC_DAMAGED, "another piece stands under this name");
	return c->job->read_data ? log_open(op, c, ret_segment) : RC_OK;
}

/* Replaced since: no loss. */
static bool
was_replaced(struct op *op, struct check *c, const struct snapshot *snapshot)
{
	struct kept now;
	bool gone = kept_get(op, c->meta, &now) == RC_OK && now.n > 0 &&
		    now.list[0].at.number > snapshot->at.number;

	op_clear_error(op);
	return gone;
}

static enum rc
part_check(struct op *op, struct check *c, const struct snapshot *snapshot,
    const struct segment_data *part, uint32_t number)
{
	CLEANUP(op_release) struct op step;
	struct segment segment;
	char what[80];
	enum rc rc;

	op_init(&step);
	TRY(stop_look(op, c));
	rc = part_look(&step, c, part, number, &segment);
	if (rc == RC_OK) {
		result_of(c)->bytes += c->bytes.size;
		return RC_OK;
	}
	if (was_replaced(op, c, snapshot))
		return RC_OK;
	(void)snprintf(what, sizeof(what),
	    "snapshot at number %" PRIu64 ", piece %u", snapshot->at.number,
	    number);
	return object_note(op, c, what, rc, op_error(&step, rc));
}

static enum rc
snapshot_check(struct op *op, struct check *c, const struct snapshot *snapshot)
{
	CLEANUP(op_release) struct op step;
	struct segment list;
	uint32_t i;

	op_init(&step);
	TRY(part_check(op, c, snapshot, &snapshot->list, 0));
	if (part_look(&step, c, &snapshot->list, 0, &list) != RC_OK)
		return RC_OK; /* told of already */
	for (i = 0; i < list.header.n_parts; i++)
		TRY(part_check(op, c, snapshot, &list.header.parts[i], i + 1));
	return RC_OK;
}

static enum rc
snapshots_check(struct op *op, struct check *c)
{
	size_t i;

	for (i = 0; i < c->kept.n; i++)
		TRY(snapshot_check(op, c, &c->kept.list[i]));
	return RC_OK;
}

/* ---- numbers that are nobody's ---- */

struct aside_search {
	const struct log_name *name;
	bool found;
};

static enum rc
aside_compare(void *arg, struct op *op, const struct local_log *aside)
{
	struct aside_search *search = arg;

	(void)op;
	if (aside->number == search->name->number &&
	    generation_compare(aside->generation, search->name->generation) ==
		0)
		search->found = true;
	return RC_OK;
}

/*
 * The first number of a branch that lost, such as a server that slept puts when
 * it wakes: an older generation's, standing on the chain. Nobody was told that
 * it was done, and the next start puts it aside (L3, 4). What stands on such a
 * one is another matter.
 */
static enum rc
lost_look(
    struct op *op, struct check *c, const struct log_name *name, bool *ret_lost)
{
	struct segment segment;
	struct object_name object;
	struct local_log before;

	*ret_lost = false;
	if (generation_compare(name->generation, c->generation) >= 0)
		return RC_OK;
	object_log(&object, c->tenant->id, name);
	TRY(site_get(op, site_of(c), &object, &c->bytes));
	TRY(segment_parse(op, buf_span(&c->bytes), &segment));
	if (segment.header.role == SEGMENT_OPENING) {
		*ret_lost = true;
		return RC_OK;
	}
	TRY(local_log_get(op, c->meta, name->number - 1, &before));
	*ret_lost =
	    memcmp(segment.header.previous, before.hash, OBJECT_HASH_SIZE) == 0;
	return RC_OK;
}

static enum rc
name_check(void *arg, struct op *op, const char *file)
{
	struct check *c = arg;
	struct aside_search search = {0};
	struct pack_name pack;
	struct local_log row;
	struct log_name name;
	char text[TEXT_SIZE];

	search.name = &name;
	if (object_pack_parse(op, file, &pack) == RC_OK)
		return RC_OK; /* its numbers were looked at one by one */
	op_clear_error(op);
	if (object_log_parse(op, file, &name) == RC_OK) {
		if (name.number > c->report->head)
			return RC_OK; /* newer than this check */
		if (name.number <= c->kept.base.number)
			return RC_OK; /* below a cut: it goes */
		if (local_log_get(op, c->meta, name.number, &row) == RC_OK &&
		    memcmp(row.hash, name.hash8, sizeof(name.hash8)) == 0)
			return RC_OK;
		op_clear_error(op);
		TRY(local_aside_list(
		    op, c->meta, name.number, aside_compare, &search));
		if (!search.found &&
		    lost_look(op, c, &name, &search.found) == RC_NO_MEMORY)
			return RC_NO_MEMORY;
		if (search.found)
			return RC_OK;
	}
	op_clear_error(op);
	result_of(c)->strange++;
	(void)snprintf(
	    text, sizeof(text), "log: %.96s is not of this chain", file);
	c->job->problem(c->job->arg, c->site, text);
	return RC_OK;
}

/* ---- all of it ---- */

static enum rc
site_check(struct op *op, struct check *c)
{
	char folder[OBJECT_FOLDER_SIZE];
	enum rc rc;

	result_of(c)->looked = true;
	TRY(logs_check(op, c));
	TRY(data_check_all(op, c));
	TRY(snapshots_check(op, c));
	object_folder(folder, "log", c->tenant->id);
	rc = site_list(op, site_of(c), folder, SITE_LIST_SEEN, name_check, c);
	if (rc == RC_IO || rc == RC_NOT_FOUND) {
		char why[OP_ERROR_SIZE];

		(void)snprintf(why, sizeof(why), "%s", op_error(op, rc));
		op_clear_error(op);
		rc = object_note(op, c, "log", RC_IO, why);
	}
	TRY(rc);
	if (!c->job->read_data || c->tenant->id == TENANT_PROVIDER)
		return RC_OK;
	return check_contents(
	    op, c->tenant, c->meta, c->job, c->site, result_of(c));
}

static enum rc
sites_check(struct op *op, struct check *c)
{
	struct site_set set = sites_attached(c->tenant->service->config.sites);
	struct local_log head;

	TRY(local_log_head(op, c->meta, &head));
	c->report->head = head.number;
	c->generation = head.generation;
	TRY(kept_get(op, c->meta, &c->kept));
	TRY(tenant_ring_copy(op, c->tenant, &c->ring));
	for (c->site = 0; c->site < c->tenant->service->config.sites->n;
	     c->site++)
		if (site_set_has(set, c->site))
			TRY(site_check(op, c));
	return RC_OK;
}

enum rc
check_tenant(struct op *op, struct tenant *tenant, const struct check_job *job,
    struct check_report *ret_report)
{
	CLEANUP(mem_free_ptr) struct check *c = mem_alloc(sizeof(*c));
	struct reader *reader;
	enum rc rc;

	if (c == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	memset(ret_report, 0, sizeof(*ret_report));
	c->tenant = tenant;
	c->job = job;
	c->report = ret_report;
	buf_init(&c->bytes, SEGMENT_DATA_MAX);
	buf_init(&c->plain, SEGMENT_NUMBERED_MAX);
	TRY(tenant_reader(op, tenant, &reader));
	c->meta = &reader->meta;
	rc = sites_check(op, c);
	tenant_reader_put(tenant, reader);
	buf_release(&c->bytes);
	buf_release(&c->plain);
	keyring_free(c->ring);
	return rc;
}
