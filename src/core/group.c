/* group.c - one group of changes inside the committer's transaction: what
 * change.h's tx calls do. */
#include <string.h>

#include "base/mem.h"
#include "core/acks.h"
#include "core/committer.h"
#include "core/service.h"
#include "meta/local.h"
#include "meta/node.h"
#include "meta/setting.h"

static struct group *
group_of(struct tx *tx)
{
	return container_of(tx, struct group, tx);
}

enum rc
group_new(struct op *op, struct tenant *tenant, enum segment_role role,
    struct group **ret_group)
{
	struct group *group = mem_alloc(sizeof(*group));

	if (group == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	group->tenant = tenant;
	group->role = role == 0 ? SEGMENT_CHANGES : role;
	group->tx.meta = &tenant->meta;
	group->tx.tenant = tenant->id;
	group->tx.number = tenant->head.number + 1;
	group->tx.now = service_clock_now(&tenant->service->clock);
	group->tx.wall = clock_wall();
	group->keeps_paths = true;
	group->in_service = lanes_in_service(&tenant->lanes);
	group->at.on = group->in_service;
	group->at.next_id = tenant->next_id;
	tenant->meta.keys_gone = false;
	buf_init(&group->records, SEGMENT_NUMBERED_MAX);
	buf_init(&group->body, SEGMENT_NUMBERED_MAX);
	*ret_group = group;
	return RC_OK;
}

void
group_free(struct group *group)
{
	if (group == NULL)
		return;
	db_session_end(group->session);
	buf_release(&group->records);
	buf_release(&group->body);
	mem_free(group);
}

void
group_free_ptr(struct group **group)
{
	group_free(*group);
	*group = NULL;
}

int64_t
tx_id(struct tx *tx)
{
	return ++group_of(tx)->at.next_id;
}

int64_t
tx_tag(struct tx *tx)
{
	return tx_id(tx);
}

/* No room for one more: the change runs again in the next group, if there are
 * others in this one. */
static enum rc
group_full(struct op *op, struct group *group)
{
	group->full = true;
	FAIL(op, RC_LIMIT, "the group of changes is full");
}

enum rc
tx_inline(struct op *op, struct tx *tx, struct span sealed, uint32_t plain_size,
    uint64_t *ret_offset)
{
	struct group *group = group_of(tx);
	struct group_mark *at = &group->at;

	if (at->n_chunks == GROUP_CHUNKS_MAX ||
	    (at->body_size > 0 && at->body_size + sealed.size > GROUP_BODY_MAX))
		return group_full(op, group);
	/* What an undone change left behind the mark is written over. */
	group->body.size = at->body_size;
	TRY(buf_add(op, &group->body, sealed));
	group->chunks[at->n_chunks++] =
	    (struct group_chunk){at->body_size, sealed.size, plain_size};
	*ret_offset = at->body_size;
	at->body_size += sealed.size;
	return RC_OK;
}

/* The sites that have had the data without a break since it was put (S15). */
static struct site_set
data_on(struct sites *sites, const struct put_data *data)
{
	struct site_set on = data->on;
	size_t i;

	for (i = 0; i < sites->n; i++)
		if (sites_epoch(sites, i) != data->epochs[i])
			on = site_set_without(on, i);
	return on;
}

/* The group's number goes only to sites that are sure to have it. */
static enum rc
put_take(struct op *op, struct group *group, const struct put_data *data)
{
	struct tenant *t = group->tenant;
	struct group_mark *at = &group->at;
	struct site_set on = data_on(t->service->config.sites, data);
	struct site_set left;

	/* L8, L29: what is of an older claim may be gone as an orphan. */
	if (data->counter < t->lanes.claim->oldest ||
	    data->counter > t->lanes.claim->counter)
		on = (struct site_set){0};
	left = site_set_and(at->on, on);
	/*
	 * P: a site that lacks the data may not hold the number that adds it.
	 * Earlier changes may have data that stand elsewhere.
	 */
	if (!claim_has_m(t->lanes.claim, left)) {
		group->full = claim_has_m(
		    t->lanes.claim, site_set_and(group->in_service, on));
		FAIL(op, RC_NOT_STORED,
		    "too few of the sites in service have the data");
	}
	at->on = left;
	return RC_OK;
}

enum rc
tx_add_data(struct op *op, struct tx *tx, const struct put_data *data)
{
	struct group *group = group_of(tx);
	struct group_mark *at = &group->at;

	TRY(put_take(op, group, data));
	if (at->n_adds == GROUP_DATA_MAX)
		return group_full(op, group);
	group->adds[at->n_adds++] = data->data;
	return RC_OK;
}

enum rc
tx_drop_data(struct op *op, struct tx *tx, const uint8_t id[OBJECT_ID_SIZE])
{
	struct group *group = group_of(tx);
	struct group_mark *at = &group->at;
	struct local_data data = {0};
	size_t i;

	/* Added by the same group: it was never live. */
	for (i = 0; i < at->n_adds; i++)
		if (memcmp(group->adds[i].id, id, OBJECT_ID_SIZE) == 0)
			break;
	if (at->n_drops == GROUP_DATA_MAX)
		return group_full(op, group);
	if (i < at->n_adds) {
		group->drops[at->n_drops++] = group->adds[i];
		return RC_OK;
	}
	TRY(local_data_get(op, tx->meta, id, &data));
	memcpy(group->drops[at->n_drops].id, data.id, OBJECT_ID_SIZE);
	memcpy(group->drops[at->n_drops].hash, data.hash, OBJECT_HASH_SIZE);
	group->drops[at->n_drops].size = data.size;
	at->n_drops++;
	return RC_OK;
}

enum rc
tx_fact(struct op *op, struct tx *tx, const struct tx_fact *fact)
{
	struct group *group = group_of(tx);
	struct group_mark *at = &group->at;
	struct segment_header header = {
	    .role = group->role,
	    .number = tx->number,
	    .n_parts = fact->n_parts,
	    .parts = fact->parts,
	    .n_at = 1,
	    .at = fact->at,
	};

	if (at->fact_size > 0)
		return group_full(op, group);
	if (fact->put != NULL)
		TRY(put_take(op, group, fact->put));
	TRY(kept_note(op, tx->meta, &header, fact->record));
	at->fact_size = fact->record.size;
	memcpy(group->fact, fact->record.data, fact->record.size);
	group->n_parts = fact->n_parts;
	memcpy(group->parts, fact->parts, fact->n_parts * sizeof(*fact->parts));
	group->place = *fact->at;
	return RC_OK;
}

/* The slot of a folder in the table: its own, or the empty one where it
 * belongs. */
static size_t
folder_slot(const struct group *group, int64_t folder)
{
	uint64_t mixed = (uint64_t)folder * UINT64_C(0x9e3779b97f4a7c15);
	size_t slot = (size_t)(mixed >> 52);

	while (group->table[slot] != 0 &&
	       group->folders[group->table[slot] - 1] != folder)
		slot = (slot + 1) % GROUP_TABLE_SIZE;
	return slot;
}

enum rc
tx_touch_folder(struct op *op, struct tx *tx, int64_t folder)
{
	struct group *group = group_of(tx);
	size_t slot = folder_slot(group, folder);

	if (group->table[slot] != 0)
		return RC_OK;
	if (group->at.n_folders == GROUP_FOLDERS_MAX)
		return group_full(op, group);
	group->folders[group->at.n_folders++] = folder;
	group->table[slot] = (uint16_t)group->at.n_folders;
	return RC_OK;
}

bool
tx_folder_touched(const struct tx *tx, int64_t folder)
{
	const struct group *group = (const struct group *)(const void *)tx;

	return group->table[folder_slot(group, folder)] != 0;
}

/* Back to the mark; folders touched since are forgotten. */
static void
group_undo(struct group *group, const struct group_mark *mark)
{
	size_t i;

	if (group->at.n_folders != mark->n_folders) {
		memset(group->table, 0, sizeof(group->table));
		for (i = 0; i < mark->n_folders; i++)
			group->table[folder_slot(group, group->folders[i])] =
			    (uint16_t)(i + 1);
	}
	group->at = *mark;
}

enum rc
group_end_session(struct op *op, struct group *group)
{
	bool empty;
	enum rc rc;

	if (group->session == NULL)
		return RC_OK;
	if (group->n_records == GROUP_RECORD_COUNT)
		FAIL(op, RC_LIMIT, "the group of changes is full");
	rc = db_session_take(op, group->session, &group->records, &empty);
	db_session_end(group->session);
	group->session = NULL;
	TRY(rc);
	if (!empty)
		group->record_ends[group->n_records++] = group->records.size;
	return RC_OK;
}

static enum rc
session_need(struct op *op, struct group *group)
{
	if (group->session != NULL)
		return RC_OK;
	return db_session_begin(op, group->tenant->writer, &group->session);
}

/* The change itself, between savepoint and release. */
static enum rc
change_try(struct op *op, struct group *group, struct change *change)
{
	struct group_mark mark = group->at;
	struct db *db = group->tenant->writer;
	enum rc rc, undone;

	TRY(db_savepoint(op, db));
	change->rc = change_run(change->op, &group->tx, change);
	if (change->rc == RC_OK)
		return db_release(op, db);
	group_undo(group, &mark);
	rc = db_undo(op, db);
	undone = rc;
	return undone;
}

enum rc
group_run_change(struct op *op, struct group *group, struct change *change,
    int64_t *ret_rows)
{
	struct db *db = group->tenant->writer;
	int64_t before = db_total_changes(db);

	group->full = false;
	/* L5: a change of unique columns has a session and a record of its own.
	 */
	if (change->own_session)
		TRY(group_end_session(op, group));
	group->n_changes++;
	group->keeps_paths = group->keeps_paths && change->keeps_paths;
	TRY(session_need(op, group));
	TRY(change_try(op, group, change));
	/* L6: SQLITE_FULL and its like take the whole transaction with them. */
	if (!db_in_transaction(db))
		FAIL(op, RC_IO, "the local database gave up the transaction");
	change->again =
	    change->rc != RC_OK && group->full && group->n_changes > 1;
	if (change->own_session)
		TRY(group_end_session(op, group));
	*ret_rows = change->rc == RC_OK ? db_total_changes(db) - before : 0;
	return RC_OK;
}

enum rc
group_bookkeeping(struct op *op, struct group *group)
{
	struct tenant *t = group->tenant;
	size_t i;

	TRY(session_need(op, group));
	for (i = 0; i < group->at.n_folders; i++)
		TRY(folder_tag_set(op, &t->meta, group->folders[i],
		    (int64_t)group->tx.number));
	if (group->at.next_id != t->next_id)
		TRY(counter_set(op, &t->meta, "id", group->at.next_id));
	/* L12: snapshots go on until the older one lacks those keys too. */
	if (t->meta.keys_gone)
		TRY(counter_set(
		    op, &t->meta, "purged", (int64_t)group->tx.number));
	TRY(acks_write(op, t)); /* L24 */
	return group_end_session(op, group);
}
