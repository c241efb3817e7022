/* tail_list.c - what the sites list of a tenant, numbers in packs too. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/tail.h"

/* A growing array of one kind of entry. */
struct rows {
	void *data;
	size_t n;
	size_t room;
	size_t size;
};

static enum rc
rows_add(struct op *op, struct rows *rows, const void *row)
{
	size_t room = rows->room;
	void *data;

	if (rows->n == TAIL_OBJECTS_MAX)
		FAIL(op, RC_LIMIT, "more than %d objects in a folder",
		    TAIL_OBJECTS_MAX);
	if (rows->n == room) {
		room = room == 0 ? 64 : 2 * room;
		data = mem_realloc(rows->data, room * rows->size);
		if (data == NULL)
			FAIL(op, RC_NO_MEMORY, "out of memory");
		rows->data = data;
		rows->room = room;
	}
	memcpy((char *)rows->data + rows->n++ * rows->size, row, rows->size);
	return RC_OK;
}

struct listing {
	struct rows *rows;
	struct rows *packs; /* of log/ */
	size_t slot;
};

/* Other names are passed over: a stray file is no reason to do without a site.
 */
static bool
is_object(struct op *op, enum rc parsed)
{
	if (parsed != RC_OK)
		op_clear_error(op);
	return parsed == RC_OK;
}

/* A number, or a pack of numbers. */
static enum rc
log_seen(void *arg, struct op *op, const char *file)
{
	struct listing *l = arg;
	struct tail_log row = {.parent = TAIL_NONE};
	struct tail_pack pack = {.site = l->slot};

	if (is_object(op, object_pack_parse(op, file, &pack.name)))
		return rows_add(op, l->packs, &pack);
	if (!is_object(op, object_log_parse(op, file, &row.name)))
		return RC_OK;
	row.on = site_set_with(row.on, l->slot);
	row.loose = row.on;
	return rows_add(op, l->rows, &row);
}

static enum rc
data_seen(void *arg, struct op *op, const char *file)
{
	struct listing *l = arg;
	struct tail_data row = {0};

	if (!is_object(op, object_data_parse(op, file, row.id)))
		return RC_OK;
	row.on = site_set_with(row.on, l->slot);
	return rows_add(op, l->rows, &row);
}

static enum rc
key_seen(void *arg, struct op *op, const char *file)
{
	struct listing *l = arg;
	struct tail_key row = {0};

	if (!is_object(op, object_key_parse(op, file, &row.name)))
		return RC_OK;
	row.on = site_set_with(row.on, l->slot);
	return rows_add(op, l->rows, &row);
}

static enum rc
snap_seen(void *arg, struct op *op, const char *file)
{
	struct listing *l = arg;
	struct tail_snap row = {0};

	if (!is_object(op, object_snap_parse(op, file, row.id, &row.part)))
		return RC_OK;
	row.on = site_set_with(row.on, l->slot);
	return rows_add(op, l->rows, &row);
}

static int
compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
log_compare(const void *a, const void *b)
{
	const struct tail_log *x = a, *y = b;

	return log_name_compare(&x->name, &y->name);
}

static int
data_compare(const void *a, const void *b)
{
	const struct tail_data *x = a, *y = b;

	return memcmp(x->id, y->id, sizeof(x->id));
}

static int
key_compare(const void *a, const void *b)
{
	const struct tail_key *x = a, *y = b;
	int order = generation_compare(x->name.generation, y->name.generation);

	if (order == 0)
		order = compare_u64(x->name.version, y->name.version);
	if (order == 0)
		order =
		    memcmp(x->name.hash8, y->name.hash8, sizeof(x->name.hash8));
	return order;
}

static int
snap_compare(const void *a, const void *b)
{
	const struct tail_snap *x = a, *y = b;
	int order = memcmp(x->id, y->id, sizeof(x->id));

	return order != 0 ? order : compare_u64(x->part, y->part);
}

/* Sorts, and makes one row of each object that several sites list. set_at:
 * where a row's site sets lie, n_sets of them. */
static void
rows_merge(struct rows *rows, int (*compare)(const void *, const void *),
    size_t set_at, size_t n_sets)
{
	char *data = rows->data;
	size_t i, k, kept = 0;

	if (rows->n == 0)
		return;
	qsort(data, rows->n, rows->size, compare);
	for (i = 1; i < rows->n; i++) {
		char *last = data + kept * rows->size;
		char *row = data + i * rows->size;

		if (compare(last, row) == 0) {
			struct site_set *into =
			    (struct site_set *)(void *)(last + set_at);
			const struct site_set *from =
			    (const struct site_set *)(void *)(row + set_at);

			for (k = 0; k < n_sets; k++)
				into[k].bits |= from[k].bits;
		} else {
			kept++;
			memmove(data + kept * rows->size, row, rows->size);
		}
	}
	rows->n = kept + 1;
}

struct tail_rows {
	struct rows logs, data, keys, snaps, packs;
};

static enum rc
list_site(struct op *op, struct sites *sites, size_t slot, uint64_t tenant,
    struct tail_rows *rows)
{
	static const struct {
		const char *kind;
		enum rc (*seen)(void *arg, struct op *op, const char *file);
	} folders[] = {{"log", log_seen}, {"data", data_seen},
	    {"keys", key_seen}, {"snap", snap_seen}};
	struct rows *into[] = {
	    &rows->logs, &rows->data, &rows->keys, &rows->snaps};
	char folder[OBJECT_FOLDER_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_LEN(folders); i++) {
		struct listing l = {
		    .rows = into[i], .packs = &rows->packs, .slot = slot};

		object_folder(folder, folders[i].kind, tenant);
		TRY(site_list(op, sites->slots[slot].site, folder,
		    SITE_LIST_DURABLE, folders[i].seen, &l));
	}
	return RC_OK;
}

/* ---- numbers in packs ---- */

struct packed {
	struct rows *rows;
	size_t slot;
};

static enum rc
packed_seen(void *arg, struct op *op, const struct pack_entry *entry)
{
	struct packed *p = arg;
	struct tail_log row = {
	    .name = {.number = entry->number, .generation = entry->generation},
	    .parent = TAIL_NONE,
	};

	memcpy(row.name.hash8, entry->hash, sizeof(row.name.hash8));
	row.on = site_set_with(row.on, p->slot);
	row.packed = row.on;
	return rows_add(op, p->rows, &row);
}

/* A pack that does not pass is no pack: what it had is missing on that site. */
static enum rc
packs_look(struct op *op, struct sites *sites, struct tail_rows *rows,
    struct packs *known)
{
	const struct tail_pack *packs = rows->packs.data;
	struct packed packed = {.rows = &rows->logs};
	size_t i;
	enum rc rc;

	for (i = 0; i < rows->packs.n; i++) {
		rc = packs_learn(
		    op, known, sites, packs[i].site, &packs[i].name);
		if (rc == RC_NO_MEMORY || rc == RC_REFUSED)
			return rc;
		op_clear_error(op);
	}
	for (i = 0; i < sites->n; i++) {
		packed.slot = i;
		TRY(packs_each(op, known, i, packed_seen, &packed));
	}
	return RC_OK;
}

static enum rc
packs_known(struct op *op, struct sites *sites, uint64_t tenant,
    struct tail_rows *rows, struct packs **ret_known)
{
	struct packs *known = mem_alloc(sizeof(*known));

	if (known == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	packs_init(known, tenant);
	*ret_known = known;
	return packs_look(op, sites, rows, known);
}

/* The rows become the tail's own. */
static void
tail_take(const struct tail_rows *rows, struct site_set listed,
    struct packs *known, struct tail *ret_tail)
{
	*ret_tail = (struct tail){
	    .listed = listed,
	    .logs = rows->logs.data,
	    .n_logs = rows->logs.n,
	    .data = rows->data.data,
	    .n_data = rows->data.n,
	    .keys = rows->keys.data,
	    .n_keys = rows->keys.n,
	    .snaps = rows->snaps.data,
	    .n_snaps = rows->snaps.n,
	    .packs = rows->packs.data,
	    .n_packs = rows->packs.n,
	    .known = known,
	};
}

enum rc
tail_list(struct op *op, struct sites *sites, struct site_set set,
    uint64_t tenant, struct tail *ret_tail)
{
	struct tail_rows rows = {
	    .logs.size = sizeof(struct tail_log),
	    .data.size = sizeof(struct tail_data),
	    .keys.size = sizeof(struct tail_key),
	    .snaps.size = sizeof(struct tail_snap),
	    .packs.size = sizeof(struct tail_pack),
	};
	struct site_set listed = {0};
	struct packs *known = NULL;
	size_t i;
	enum rc rc = RC_OK;

	for (i = 0; i < sites->n && rc != RC_NO_MEMORY; i++) {
		struct tail_rows before = rows;

		if (!site_set_has(set, i))
			continue;
		rc = list_site(op, sites, i, tenant, &rows);
		if (rc == RC_OK) {
			listed = site_set_with(listed, i);
			continue;
		}
		/* Half a listing is none. */
		rows.logs.n = before.logs.n;
		rows.data.n = before.data.n;
		rows.keys.n = before.keys.n;
		rows.snaps.n = before.snaps.n;
		rows.packs.n = before.packs.n;
		if (rc != RC_NO_MEMORY)
			sites_failed(op, sites, i, rc);
	}
	if (rc != RC_NO_MEMORY)
		rc = packs_known(op, sites, tenant, &rows, &known);
	rows_merge(&rows.logs, log_compare, offsetof(struct tail_log, on), 3);
	rows_merge(&rows.data, data_compare, offsetof(struct tail_data, on), 1);
	rows_merge(&rows.keys, key_compare, offsetof(struct tail_key, on), 1);
	rows_merge(
	    &rows.snaps, snap_compare, offsetof(struct tail_snap, on), 1);
	tail_take(&rows, listed, known, ret_tail);
	if (rc == RC_NO_MEMORY || rc == RC_REFUSED) {
		tail_release(ret_tail);
		return rc;
	}
	return RC_OK;
}

void
tail_release(struct tail *tail)
{
	mem_free(tail->logs);
	mem_free(tail->data);
	mem_free(tail->keys);
	mem_free(tail->snaps);
	mem_free(tail->bases);
	mem_free(tail->packs);
	if (tail->known != NULL)
		packs_release(tail->known);
	mem_free(tail->known);
	*tail = (struct tail){0};
}

size_t
tail_find_number(const struct tail *tail, uint64_t number)
{
	size_t low = 0, high = tail->n_logs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tail->logs[middle].name.number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
tail_find(const struct tail *tail, const struct log_name *name)
{
	size_t i = tail_find_number(tail, name->number);

	for (; i < tail->n_logs && tail->logs[i].name.number == name->number;
	     i++)
		if (log_name_compare(&tail->logs[i].name, name) == 0)
			return i;
	return TAIL_NONE;
}

size_t
tail_find_data(const struct tail *tail, const uint8_t id[OBJECT_ID_SIZE])
{
	struct tail_data key = {0};
	const struct tail_data *found;

	memcpy(key.id, id, OBJECT_ID_SIZE);
	if (tail->n_data == 0)
		return TAIL_NONE;
	found =
	    bsearch(&key, tail->data, tail->n_data, sizeof(key), data_compare);
	return found == NULL ? TAIL_NONE : (size_t)(found - tail->data);
}

size_t
tail_find_snap(
    const struct tail *tail, const uint8_t id[OBJECT_ID_SIZE], uint32_t part)
{
	struct tail_snap key = {.part = part};
	const struct tail_snap *found;

	memcpy(key.id, id, OBJECT_ID_SIZE);
	if (tail->n_snaps == 0)
		return TAIL_NONE;
	found = bsearch(
	    &key, tail->snaps, tail->n_snaps, sizeof(key), snap_compare);
	return found == NULL ? TAIL_NONE : (size_t)(found - tail->snaps);
}
