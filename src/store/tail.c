/* tail.c - what the sites list of a tenant, and the winning chain in it (LOG.md
 * L1, L3). */
#include "store/tail.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

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

static enum rc
log_seen(void *arg, struct op *op, const char *file)
{
	struct listing *l = arg;
	struct tail_log row = {.parent = TAIL_NONE};

	if (!is_object(op, object_log_parse(op, file, &row.name)))
		return RC_OK;
	row.on = site_set_with(row.on, l->slot);
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

static int
compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
log_name_compare(const struct log_name *a, const struct log_name *b)
{
	int order = compare_u64(a->number, b->number);

	if (order == 0)
		order = generation_compare(a->generation, b->generation);
	if (order == 0)
		order = memcmp(a->hash8, b->hash8, sizeof(a->hash8));
	return order;
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
	int order = compare_u64(x->name.version, y->name.version);

	if (order == 0)
		order =
		    generation_compare(x->name.generation, y->name.generation);
	if (order == 0)
		order =
		    memcmp(x->name.hash8, y->name.hash8, sizeof(x->name.hash8));
	return order;
}

/* Sorts, and makes one row of each object that several sites list. set_at:
 * where a row's site set lies. */
static void
rows_merge(struct rows *rows, int (*compare)(const void *, const void *),
    size_t set_at)
{
	char *data = rows->data;
	size_t i, kept = 0;

	if (rows->n == 0)
		return;
	qsort(data, rows->n, rows->size, compare);
	for (i = 1; i < rows->n; i++) {
		char *last = data + kept * rows->size;
		char *row = data + i * rows->size;

		if (compare(last, row) == 0) {
			struct site_set *into =
			    (struct site_set *)(void *)(last + set_at);

			into->bits |=
			    ((struct site_set *)(void *)(row + set_at))->bits;
		} else {
			kept++;
			memmove(data + kept * rows->size, row, rows->size);
		}
	}
	rows->n = kept + 1;
}

struct tail_rows {
	struct rows logs, data, keys;
};

static enum rc
list_site(struct op *op, struct sites *sites, size_t slot, uint64_t tenant,
    struct tail_rows *rows)
{
	static const struct {
		const char *kind;
		enum rc (*seen)(void *arg, struct op *op, const char *file);
	} folders[] = {
	    {"log", log_seen}, {"data", data_seen}, {"keys", key_seen}};
	struct rows *into[] = {&rows->logs, &rows->data, &rows->keys};
	char folder[OBJECT_FOLDER_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_LEN(folders); i++) {
		struct listing l = {.rows = into[i], .slot = slot};

		object_folder(folder, folders[i].kind, tenant);
		TRY(site_list(op, sites->slots[slot].site, folder,
		    SITE_LIST_DURABLE, folders[i].seen, &l));
	}
	return RC_OK;
}

enum rc
tail_list(struct op *op, struct sites *sites, struct site_set set,
    uint64_t tenant, struct tail *ret_tail)
{
	struct tail_rows rows = {
	    .logs.size = sizeof(struct tail_log),
	    .data.size = sizeof(struct tail_data),
	    .keys.size = sizeof(struct tail_key),
	};
	struct site_set listed = {0};
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
		if (rc != RC_NO_MEMORY)
			sites_failed(op, sites, i, rc);
	}
	rows_merge(&rows.logs, log_compare, offsetof(struct tail_log, on));
	rows_merge(&rows.data, data_compare, offsetof(struct tail_data, on));
	rows_merge(&rows.keys, key_compare, offsetof(struct tail_key, on));
	*ret_tail = (struct tail){
	    .listed = listed,
	    .logs = rows.logs.data,
	    .n_logs = rows.logs.n,
	    .data = rows.data.data,
	    .n_data = rows.data.n,
	    .keys = rows.keys.data,
	    .n_keys = rows.keys.n,
	};
	if (rc == RC_NO_MEMORY) {
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
	*tail = (struct tail){0};
}

/* One copy: RC_DAMAGED where its bytes do not pass or are not what the name
 * says. */
static enum rc
read_copy(struct op *op, struct site *site, uint64_t tenant,
    const struct log_name *name, struct buf *bytes, struct segment *ret_segment)
{
	struct object_name object;

	object_log(&object, tenant, name);
	TRY(site_get(op, site, &object, bytes));
	TRY(segment_parse(op, buf_span(bytes), ret_segment));
	if (ret_segment->header.kind != SEGMENT_NUMBERED ||
	    ret_segment->header.tenant != tenant ||
	    ret_segment->header.number != name->number ||
	    generation_compare(
		ret_segment->header.generation, name->generation) != 0 ||
	    memcmp(ret_segment->hash, name->hash8, sizeof(name->hash8)) != 0)
		FAIL(op, RC_DAMAGED, "%s is not what its name says",
		    object.file);
	return RC_OK;
}

enum rc
tail_read(struct op *op, struct sites *sites, uint64_t tenant,
    struct tail *tail, size_t i, struct buf *bytes, struct segment *ret_segment)
{
	struct tail_log *log = &tail->logs[i];
	struct site_set from = site_set_and(log->on, tail->listed);
	size_t slot;
	enum rc rc;

	for (slot = 0; slot < sites->n; slot++) {
		if (!site_set_has(from, slot))
			continue;
		op_clear_error(op);
		rc = read_copy(op, sites->slots[slot].site, tenant, &log->name,
		    bytes, ret_segment);
		if (rc == RC_NO_MEMORY || rc == RC_REFUSED)
			return rc;
		if (rc != RC_OK) {
			log->rot = site_set_with(log->rot, slot);
			continue;
		}
		log->read = true;
		log->carries_changes =
		    ret_segment->header.role != SEGMENT_OPENING;
		memcpy(log->hash, ret_segment->hash, OBJECT_HASH_SIZE);
		memcpy(log->previous, ret_segment->header.previous,
		    OBJECT_HASH_SIZE);
		return RC_OK;
	}
	FAIL(op, RC_DAMAGED, "number %llu cannot be read from any site",
	    (unsigned long long)log->name.number);
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

/* Where the newest keyring stands: a site's own copy has a name of its own, but
 * version and generation are alike. */
static struct site_set
newest_key_on(const struct tail *tail)
{
	const struct key_name *newest;
	struct site_set on = {0};
	size_t i = tail->n_keys;

	if (i == 0)
		return on;
	newest = &tail->keys[i - 1].name;
	while (i-- > 0 && tail->keys[i].name.version == newest->version &&
	       generation_compare(
		   tail->keys[i].name.generation, newest->generation) == 0)
		on.bits |= tail->keys[i].on.bits;
	return on;
}

struct site_set
tail_whole(const struct tail *tail)
{
	struct site_set whole = site_set_and(tail->listed, newest_key_on(tail));
	size_t i;

	if (tail->n_logs == 0)
		return (struct site_set){0};
	for (i = 0; i < tail->n_logs; i++) {
		if (i > 0 && tail->logs[i].name.number >
				 tail->logs[i - 1].name.number + 1)
			return (struct site_set){0};
		whole = site_set_and(whole, tail->logs[i].on);
	}
	for (i = 0; i < tail->n_data; i++)
		whole = site_set_and(whole, tail->data[i].on);
	return whole;
}

/* Marks what each object stands on. On return linked[i] tells whether i's chain
 * reaches a known start. */
static void
chain_link(struct tail *tail, const struct tail_root *root, bool *linked)
{
	size_t i, k;

	for (i = 0; i < tail->n_logs; i++) {
		struct tail_log *log = &tail->logs[i];

		/* Below the root only branches are read: each is reachable from
		 * the database's chain. */
		linked[i] =
		    log->name.number <= root->number ||
		    (log->read && log->name.number == root->number + 1 &&
			memcmp(log->previous, root->hash, OBJECT_HASH_SIZE) ==
			    0);
		if (!log->read || log->name.number == 0)
			continue;
		k = tail_find_number(tail, log->name.number - 1);
		for (;
		     k < i && tail->logs[k].name.number + 1 == log->name.number;
		     k++) {
			if (!tail->logs[k].read ||
			    memcmp(tail->logs[k].hash, log->previous,
				OBJECT_HASH_SIZE) != 0)
				continue;
			log->parent = k;
			linked[i] = linked[i] || linked[k];
		}
	}
}

/* L1: by counter, attempt, number. */
static int
chain_compare(struct generation a, uint64_t a_number, struct generation b,
    uint64_t b_number)
{
	int order = generation_compare(a, b);

	return order != 0 ? order : compare_u64(a_number, b_number);
}

/* The best linked object, or TAIL_NONE where the root is at least as high. */
static size_t
chain_best(
    const struct tail *tail, const struct tail_root *root, const bool *linked)
{
	size_t i, best = TAIL_NONE;

	for (i = 0; i < tail->n_logs; i++) {
		const struct tail_log *log = &tail->logs[i];
		struct generation generation = root->generation;
		uint64_t number = root->number;

		if (!log->read || !linked[i])
			continue;
		if (best != TAIL_NONE) {
			generation = tail->logs[best].name.generation;
			number = tail->logs[best].name.number;
		}
		if (chain_compare(log->name.generation, log->name.number,
			generation, number) > 0)
			best = i;
	}
	return best;
}

/* Something above the best chain that cannot be read or does not reach down: a
 * piece is missing. */
static enum rc
refuse_gap(struct op *op, const struct tail *tail, const struct tail_root *root,
    const bool *linked, size_t best)
{
#ifdef DOZO_PLANT_DAMAGE_IS_END
	(void)tail;
	(void)root;
	(void)linked;
	(void)best;
	(void)op;
	return RC_OK;
#else
	struct generation generation = root->generation;
	uint64_t number = root->number;
	size_t i;

	if (best != TAIL_NONE) {
		generation = tail->logs[best].name.generation;
		number = tail->logs[best].name.number;
	}
	for (i = 0; i < tail->n_logs; i++) {
		const struct tail_log *log = &tail->logs[i];

		if (log->read && linked[i])
			continue;
		if (chain_compare(log->name.generation, log->name.number,
			generation, number) > 0)
			FAIL(op, RC_UNPROVEN, "number %llu %s",
			    (unsigned long long)log->name.number,
			    log->read ? "has no predecessor on any site"
				      : "is damaged on each site that has it");
	}
	return RC_OK;
#endif
}

/* Marks the winner's chain; RC_REFUSED where the root is not on it. */
static enum rc
chain_mark(struct op *op, struct tail *tail, const struct tail_root *root,
    size_t winner)
{
	size_t i = winner;
	uint64_t lowest = root->number + 1;

	while (i != TAIL_NONE) {
		tail->logs[i].on_chain = true;
		lowest = tail->logs[i].name.number;
		if (lowest == root->number + 1)
			break;
		i = tail->logs[i].parent;
	}
	if (lowest != root->number + 1 ||
	    (i != TAIL_NONE && memcmp(tail->logs[i].previous, root->hash,
				   OBJECT_HASH_SIZE) != 0))
		FAIL(op, RC_REFUSED,
		    "the local database ends at number %llu "
		    "(%02x%02x%02x%02x), which is "
		    "not on the winning chain of the sites (number %llu, "
		    "counter %llu)",
		    (unsigned long long)root->number, root->hash[0],
		    root->hash[1], root->hash[2], root->hash[3],
		    (unsigned long long)tail->logs[winner].name.number,
		    (unsigned long long)tail->logs[winner]
			.name.generation.counter);
	return RC_OK;
}

/*
 * A losing branch whose first segment alone carries changes was never
 * acknowledged (L3, 4). More than that means that acknowledged data would go.
 */
static enum rc
refuse_branches(
    struct op *op, const struct tail *tail, const struct tail_root *root)
{
	size_t i;

	for (i = 0; i < tail->n_logs; i++) {
		const struct tail_log *log = &tail->logs[i];

		if (log->on_chain || !log->read || !log->carries_changes ||
		    log->parent == TAIL_NONE ||
		    tail->logs[log->parent].on_chain)
			continue;
		if (tail->logs[log->parent].name.number <= root->number &&
		    memcmp(tail->logs[log->parent].hash, root->hash,
			OBJECT_HASH_SIZE) == 0)
			continue;
		FAIL(op, RC_REFUSED,
		    "a losing branch has changes at number %llu (counter %llu) "
		    "above its "
		    "first segment: acknowledged data may be in it",
		    (unsigned long long)log->name.number,
		    (unsigned long long)log->name.generation.counter);
	}
	return RC_OK;
}

enum rc
tail_pick(struct op *op, struct tail *tail, const struct tail_root *root,
    size_t *ret_winner)
{
	CLEANUP(mem_free_ptr)
	bool *linked = mem_alloc_array(tail->n_logs + 1, sizeof(bool));
	size_t best;

	if (linked == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	chain_link(tail, root, linked);
	best = chain_best(tail, root, linked);
	TRY(refuse_gap(op, tail, root, linked, best));
	if (best != TAIL_NONE)
		TRY(chain_mark(op, tail, root, best));
	TRY(refuse_branches(op, tail, root));
	*ret_winner = best;
	return RC_OK;
}
