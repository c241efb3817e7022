/* check.c - all of a tenant's objects on a site, by the rows of the local
 * database. */
#include "core/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/check_walk.h"

static struct site *
site_of(const struct check *c)
{
	return c->tenant->service->config.sites->slots[c->site].site;
}

enum rc
check_step(struct op *op, const struct check *c, uint64_t bytes)
{
	return c->job->step == NULL ? RC_OK
				    : c->job->step(c->job->arg, op, bytes);
}

/* A site that goes away meanwhile is no damage. */
static enum rc
away_look(struct op *op, struct check *c, enum rc rc)
{
	if (rc != RC_IO || site_verify(op, site_of(c)) == RC_OK)
		return RC_OK;
	sites_failed(op, c->tenant->service->config.sites, c->site, rc);
	c->away = true;
	return RC_IO;
}

enum rc
check_note(struct op *op, struct check *c, const char *what,
    struct damaged *item, enum rc rc, const char *why)
{
	char text[CHECK_TEXT_SIZE], end[REPAIR_TEXT_SIZE] = "";

	if (rc == RC_NO_MEMORY)
		return op_fail(op, rc, "%s", why);
	TRY(away_look(op, c, rc));
	if (rc == RC_NOT_FOUND)
		c->result->missing++;
	else
		c->result->damaged++;
	if (item != NULL)
		item->site = c->site;
	if (item == NULL && c->job->repair)
		(void)snprintf(end, sizeof(end), "not repaired");
	else if (c->job->repair)
		c->result->repaired += repair_now(op, c->tenant, item, rc, end);
	else if (item != NULL)
		repair_note_object(op, c->tenant, item, rc);
	op_clear_error(op);
	(void)snprintf(text, sizeof(text), "%s: %s%s%s", what,
	    rc == RC_NOT_FOUND ? "not there" : why, end[0] != '\0' ? ": " : "",
	    end);
	c->job->problem(c->job->arg, c->site, text);
	return RC_OK;
}

/* Runs with a reader's rows: a connection of before may be to a database that
 * was discarded since. */
static enum rc
with_rows(struct op *op, struct check *c,
    enum rc (*run)(struct op *op, struct check *c))
{
	CLEANUP(op_release) struct op step;
	struct reader *reader;
	enum rc rc;

	op_init(&step);
	TRY(tenant_reader(op, c->tenant, &reader));
	c->meta = &reader->meta;
	rc = kept_get(&step, c->meta, &c->kept);
	if (rc == RC_OK)
		rc = run(&step, c);
	tenant_reader_put(c->tenant, reader);
	return rc == RC_OK ? RC_OK : op_fail(op, rc, "%s", op_error(&step, rc));
}

/* ---- the keyring ---- */

static enum rc
keyring_check(struct op *op, struct check *c)
{
	CLEANUP(op_release) struct op step;
	struct damaged item = {.kind = DAMAGED_KEYRING};
	struct key_name name;
	enum rc rc;

	op_init(&step);
	rc = tenant_ring_check(&step, c->tenant, c->site, &name);
	return rc == RC_OK ? RC_OK
			   : check_note(op, c, "keyring", &item, rc,
				 op_error(&step, rc));
}

/* ---- numbered segments ---- */

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
	struct damaged item = {.kind = DAMAGED_NUMBER, .number = row->number};
	char what[64];
	enum rc rc;

	op_init(&step);
	rc = check_look_number(&step, c, row);
	memcpy(c->previous, row->hash, OBJECT_HASH_SIZE);
	if (rc == RC_OK) {
		c->result->numbers++;
		c->result->bytes += c->bytes.size;
	} else if (rc != RC_NOT_FOUND || !was_cut(op, c, row->number)) {
		/* Cut since: no loss. */
		(void)snprintf(
		    what, sizeof(what), "number %" PRIu64, row->number);
		TRY(check_note(op, c, what, &item, rc, op_error(&step, rc)));
	}
	c->place->number = row->number;
	return check_step(op, c, c->bytes.size);
}

static enum rc
log_row(void *arg, struct op *op, const struct local_log *row)
{
	struct check *c = arg;

	(void)op;
	if (row->number <= c->head)
		c->rows.logs[c->n++] = *row;
	return RC_OK;
}

static enum rc
logs_some(struct op *op, struct check *c)
{
	uint64_t number = c->kept.base.number;
	struct local_log last;
	size_t i;

	memcpy(c->previous, c->kept.base.hash, sizeof(c->previous));
	if (c->place->number > number) {
		number = c->place->number;
		TRY(local_log_get(op, c->meta, number, &last));
		memcpy(c->previous, last.hash, sizeof(c->previous));
	}
	TRY(local_log_list(op, c->meta, number + 1, CHECK_ROWS, log_row, c));
	for (i = 0; i < c->n; i++)
		TRY(log_check(op, c, &c->rows.logs[i]));
	return RC_OK;
}

/* ---- data segments ---- */

static enum rc
data_check(struct op *op, struct check *c, const struct local_data *row)
{
	CLEANUP(op_release) struct op step;
	struct damaged item = {.kind = DAMAGED_DATA};
	struct local_data now;
	struct object_name object;
	uint64_t bytes = 0;
	char what[80];
	enum rc rc;

	op_init(&step);
	rc = check_look_data(&step, c, row, &bytes);
	if (rc == RC_OK) {
		c->result->data++;
		c->result->bytes += bytes;
	} else if (local_data_get(op, c->meta, row->id, &now) != RC_NOT_FOUND) {
		/* Dropped since: no loss. */
		object_data(&object, c->tenant->id, row->id);
		(void)snprintf(
		    what, sizeof(what), "data segment %.32s", object.file);
		memcpy(item.data, row->id, sizeof(item.data));
		TRY(check_note(op, c, what, &item, rc, op_error(&step, rc)));
	}
	op_clear_error(op);
	memcpy(c->place->data, row->id, OBJECT_ID_SIZE);
	return check_step(op, c, bytes);
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
data_some(struct op *op, struct check *c)
{
	size_t i;

	TRY(local_data_list(
	    op, c->meta, c->place->data, CHECK_ROWS, data_row, c));
	for (i = 0; i < c->n; i++)
		TRY(data_check(op, c, &c->rows.data[i]));
	return RC_OK;
}

/* ---- snapshots ---- */

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
	struct damaged item = {.kind = DAMAGED_PIECE, .part = number};
	struct segment segment;
	char what[80];
	enum rc rc;

	op_init(&step);
	rc = check_look_piece(&step, c, part, number, &segment);
	if (rc == RC_OK) {
		c->result->bytes += c->bytes.size;
	} else if (!was_replaced(op, c, snapshot)) {
		(void)snprintf(what, sizeof(what),
		    "snapshot at number %" PRIu64 ", piece %u",
		    snapshot->at.number, number);
		memcpy(item.data, snapshot->list.id, sizeof(item.data));
		TRY(check_note(op, c, what, &item, rc, op_error(&step, rc)));
	}
	return check_step(op, c, c->bytes.size);
}

static enum rc
snapshot_check(struct op *op, struct check *c, const struct snapshot *snapshot)
{
	CLEANUP(op_release) struct op step;
	struct segment list;
	uint32_t i;

	op_init(&step);
	TRY(part_check(op, c, snapshot, &snapshot->list, 0));
	if (check_look_piece(&step, c, &snapshot->list, 0, &list) != RC_OK)
		return RC_OK; /* told of already */
	for (i = 0; i < list.header.n_parts; i++)
		TRY(part_check(op, c, snapshot, &list.header.parts[i], i + 1));
	return RC_OK;
}

static enum rc
snapshots_check(struct op *op, struct check *c)
{
	struct kept kept = c->kept;
	size_t i;

	for (i = 0; i < kept.n; i++) {
		if (kept.list[i].at.number <= c->place->number)
			continue;
		TRY(snapshot_check(op, c, &kept.list[i]));
		c->place->number = kept.list[i].at.number;
	}
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

static bool
name_belongs(struct op *op, struct check *c, const struct log_name *name)
{
	struct local_log row;
	bool belongs =
	    local_log_get(op, c->meta, name->number, &row) == RC_OK &&
	    memcmp(row.hash, name->hash8, sizeof(name->hash8)) == 0;

	op_clear_error(op);
	return belongs;
}

static bool
name_known(struct op *op, struct check *c, const struct log_name *name,
    enum rc *ret_rc)
{
	struct aside_search search = {.name = name};

	if (name->number > c->head || name->number <= c->kept.base.number)
		return true; /* newer than this check; below a cut: it goes */
	if (name_belongs(op, c, name))
		return true;
	*ret_rc =
	    local_aside_list(op, c->meta, name->number, aside_compare, &search);
	if (*ret_rc == RC_OK && !search.found)
		*ret_rc = lost_look(op, c, name, &search.found);
	if (*ret_rc != RC_NO_MEMORY)
		*ret_rc = RC_OK;
	return search.found;
}

static enum rc
name_check(void *arg, struct op *op, const char *file)
{
	struct check *c = arg;
	struct pack_name pack;
	struct log_name name;
	char text[CHECK_TEXT_SIZE];
	enum rc rc = RC_OK;

	if (object_pack_parse(op, file, &pack) == RC_OK)
		return RC_OK; /* its numbers were looked at one by one */
	op_clear_error(op);
	if (object_log_parse(op, file, &name) == RC_OK &&
	    name_known(op, c, &name, &rc))
		return RC_OK;
	TRY(rc);
	op_clear_error(op);
	c->result->strange++;
	(void)snprintf(
	    text, sizeof(text), "log: %.96s is not of this chain", file);
	c->job->problem(c->job->arg, c->site, text);
	return RC_OK;
}

static enum rc
names_check(struct op *op, struct check *c)
{
	char folder[OBJECT_FOLDER_SIZE];
	char why[OP_ERROR_SIZE];
	enum rc rc;

	object_folder(folder, "log", c->tenant->id);
	rc = site_list(op, site_of(c), folder, SITE_LIST_SEEN, name_check, c);
	if (rc != RC_IO && rc != RC_NOT_FOUND)
		return rc;
	(void)snprintf(why, sizeof(why), "%s", op_error(op, rc));
	op_clear_error(op);
	return check_note(op, c, "log", NULL, RC_IO, why);
}

/* ---- all of it ---- */

static enum rc
head_get(struct op *op, struct check *c)
{
	struct local_log head;

	TRY(local_log_head(op, c->meta, &head));
	c->head = head.number;
	c->generation = head.generation;
	return RC_OK;
}

static enum rc
phase_run(struct op *op, struct check *c)
{
	static enum rc (*const runs[])(struct op * op, struct check * c) = {
	    [CHECK_KEYRING] = keyring_check,
	    [CHECK_NUMBERS] = logs_some,
	    [CHECK_DATA] = data_some,
	    [CHECK_SNAPSHOTS] = snapshots_check,
	    [CHECK_NAMES] = names_check,
	};

	if (c->place->phase != CHECK_CONTENTS) {
		do {
			c->n = 0;
			TRY(with_rows(op, c, runs[c->place->phase]));
		} while (c->n == CHECK_ROWS);
	} else if (c->job->depth == CHECK_OPEN &&
		   c->tenant->id != TENANT_PROVIDER) {
		TRY(check_contents(op, c));
	}
	*c->place = (struct check_place){.phase = c->place->phase + 1};
	return check_step(op, c, 0);
}

static enum rc
phases_run(struct op *op, struct check *c)
{
	TRY(with_rows(op, c, head_get));
	while (c->place->phase < CHECK_DONE)
		TRY(phase_run(op, c));
	return RC_OK;
}

enum rc
check_site(struct op *op, struct tenant *tenant, const struct check_job *job,
    size_t site, struct check_place *place, struct check_site *result)
{
	CLEANUP(mem_free_ptr) struct check *c = mem_alloc(sizeof(*c));
	enum rc rc;

	if (c == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	c->tenant = tenant;
	c->job = job;
	c->site = site;
	c->place = place;
	c->result = result;
	result->looked = true;
	buf_init(&c->bytes, SEGMENT_DATA_MAX);
	/* A service that has just begun brings some of them up to date first.
	 */
	if (job->repair && !site_set_has(*job->missed, site) &&
	    !repair_await_site(tenant, site))
		*job->missed = site_set_with(*job->missed, site);
	rc = phases_run(op, c);
	buf_release(&c->bytes);
	if (!c->away)
		return rc;
	op_clear_error(op);
	result->looked = false;
	return RC_OK;
}

enum rc
check_tenant(struct op *op, struct tenant *tenant, const struct check_job *job,
    struct check_report *ret_report)
{
	struct sites *sites = tenant->service->config.sites;
	struct site_set set = sites_attached(sites);
	size_t i;

	memset(ret_report, 0, sizeof(*ret_report));
	for (i = 0; i < sites->n; i++) {
		struct check_place place = {0};

		if (site_set_has(set, i) &&
		    service_has_site(tenant->service, i))
			TRY(check_site(
			    op, tenant, job, i, &place, &ret_report->sites[i]));
	}
	return RC_OK;
}
