/* tail.c - the winning chain in what the sites list of a tenant (LOG.md L1, L3,
 * L13). */
#include "store/tail.h"

#include <string.h>

#include "base/mem.h"

static int
compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* One copy: RC_DAMAGED where its bytes do not pass or are not what the name
 * says. */
static enum rc
read_copy(struct op *op, struct packs *known, struct sites *sites, size_t slot,
    const struct log_name *name, struct buf *bytes, struct segment *ret_segment)
{
	uint64_t tenant = known->tenant;

	TRY(packs_get(op, known, sites, slot, name, bytes));
	TRY(segment_parse(op, buf_span(bytes), ret_segment));
	if (ret_segment->header.kind != SEGMENT_NUMBERED ||
	    ret_segment->header.tenant != tenant ||
	    ret_segment->header.number != name->number ||
	    generation_compare(
		ret_segment->header.generation, name->generation) != 0 ||
	    memcmp(ret_segment->hash, name->hash8, sizeof(name->hash8)) != 0)
		FAIL(op, RC_DAMAGED, "number %llu is not what its name says",
		    (unsigned long long)name->number);
	return RC_OK;
}

/* A cut says where the log begins. */
static enum rc
base_note(struct op *op, struct tail *tail, const struct log_name *name,
    const struct segment_header *header)
{
	struct tail_base *more;
	size_t i;

	if (header->role != SEGMENT_CUT || header->n_at != 1 ||
	    header->n_parts == 0)
		return RC_OK;
	for (i = 0; i < tail->n_bases; i++)
		if (log_name_compare(&tail->bases[i].cut, name) == 0)
			return RC_OK;
	more = mem_realloc(tail->bases, (tail->n_bases + 1) * sizeof(*more));
	if (more == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	tail->bases = more;
	more += tail->n_bases++;
	*more = (struct tail_base){
	    .number = header->at->number,
	    .generation = header->at->generation,
	    .cut = *name,
	    .snapshot = header->parts[0],
	};
	memcpy(more->hash, header->at->hash, OBJECT_HASH_SIZE);
	return RC_OK;
}

enum rc
tail_read(struct op *op, struct sites *sites, struct tail *tail, size_t i,
    struct buf *bytes, struct segment *ret_segment)
{
	struct tail_log *log = &tail->logs[i];
	struct site_set from = site_set_and(log->on, tail->listed);
	size_t slot;
	enum rc rc;

	for (slot = 0; slot < sites->n; slot++) {
		if (!site_set_has(from, slot))
			continue;
		op_clear_error(op);
		rc = read_copy(op, tail->known, sites, slot, &log->name, bytes,
		    ret_segment);
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
		return base_note(op, tail, &log->name, &ret_segment->header);
	}
	FAIL(op, RC_DAMAGED, "number %llu cannot be read from any site",
	    (unsigned long long)log->name.number);
}

static bool
stands_on(const struct tail_log *log, uint64_t number,
    const uint8_t hash[OBJECT_HASH_SIZE])
{
	return log->read && log->name.number == number + 1 &&
	       memcmp(log->previous, hash, OBJECT_HASH_SIZE) == 0;
}

/* Whether it begins a chain: on the root, or on what a cut names. */
static bool
begins(const struct tail *tail, const struct tail_root *root,
    const struct tail_log *log)
{
	size_t i;

	if (stands_on(log, root->number, root->hash))
		return true;
	for (i = 0; i < tail->n_bases; i++)
		if (stands_on(log, tail->bases[i].number, tail->bases[i].hash))
			return true;
	return false;
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

/*
 * Sites that have the beginning of a log: number 1, or a snapshot to begin
 * with. *ret_first: below it some of them have nothing any more, for a cut took
 * it away; what the others may still have there is not needed (L13).
 */
static struct site_set
begin_on(const struct tail *tail, uint64_t *ret_first)
{
	struct site_set snapshot = {0}, seen = {0}, begin = {0};
	size_t i;

	*ret_first = 0;
	for (i = 0; i < tail->n_snaps; i++)
		snapshot.bits |= tail->snaps[i].on.bits;
	for (i = 0; i < tail->n_logs; i++) {
		uint32_t fresh = tail->logs[i].on.bits & ~seen.bits;

		if (tail->logs[i].name.number > 1)
			fresh &= snapshot.bits;
		seen.bits |= tail->logs[i].on.bits;
		begin.bits |= fresh;
		if (fresh != 0)
			*ret_first = tail->logs[i].name.number;
	}
	return begin;
}

struct site_set
tail_whole(const struct tail *tail)
{
	uint64_t lowest;
	struct site_set whole =
	    site_set_and(begin_on(tail, &lowest), newest_key_on(tail));
	size_t i, first = tail_find_number(tail, lowest);

	whole = site_set_and(whole, tail->listed);
	for (i = first; i < tail->n_logs; i++) {
		if (i > first && tail->logs[i].name.number >
				     tail->logs[i - 1].name.number + 1)
			return (struct site_set){0};
		whole = site_set_and(whole, tail->logs[i].on);
	}
	for (i = 0; i < tail->n_data; i++)
		whole = site_set_and(whole, tail->data[i].on);
	for (i = 0; i < tail->n_snaps; i++)
		whole = site_set_and(whole, tail->snaps[i].on);
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
		    log->name.number <= root->number || begins(tail, root, log);
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

		if ((log->read && linked[i]) || log->name.number <= root->base)
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

/* What the last cut on the chain names; number 0 where none was read. */
static void
chain_base(const struct tail *tail, struct tail_base *ret_base)
{
	uint64_t cut = 0;
	size_t i, at;

	memset(ret_base, 0, sizeof(*ret_base));
	for (i = 0; i < tail->n_bases; i++) {
		at = tail_find(tail, &tail->bases[i].cut);
		if (at == TAIL_NONE || !tail->logs[at].on_chain ||
		    tail->logs[at].name.number <= cut)
			continue;
		cut = tail->logs[at].name.number;
		*ret_base = tail->bases[i];
	}
}

static enum rc
refuse_root(struct op *op, const struct tail *tail,
    const struct tail_root *root, size_t winner)
{
	FAIL(op, RC_REFUSED,
	    "the local database ends at number %llu "
	    "(%02x%02x%02x%02x), which is "
	    "not on the winning chain of the sites (number %llu, "
	    "counter %llu)",
	    (unsigned long long)root->number, root->hash[0], root->hash[1],
	    root->hash[2], root->hash[3],
	    (unsigned long long)tail->logs[winner].name.number,
	    (unsigned long long)tail->logs[winner].name.generation.counter);
}

/*
 * Marks the winner's chain; RC_REFUSED where the root is not on it. A root
 * below the base is no matter: the chain has to be whole from the base then.
 */
static enum rc
chain_mark(struct op *op, struct tail *tail, const struct tail_root *root,
    size_t winner, struct tail_base *ret_base)
{
	size_t i = winner, lowest = winner;

	while (i != TAIL_NONE) {
		tail->logs[i].on_chain = true;
		lowest = i;
		if (tail->logs[i].name.number == root->number + 1)
			break;
		i = tail->logs[i].parent;
	}
	chain_base(tail, ret_base);
	if (ret_base->number <= root->number)
		return stands_on(&tail->logs[lowest], root->number, root->hash)
			   ? RC_OK
			   : refuse_root(op, tail, root, winner);
	for (i = tail_find_number(tail, ret_base->number + 1);
	     i < tail->n_logs &&
	     tail->logs[i].name.number == ret_base->number + 1;
	     i++)
		if (tail->logs[i].on_chain &&
		    stands_on(&tail->logs[i], ret_base->number, ret_base->hash))
			return RC_OK;
	FAIL(op, RC_UNPROVEN, "the log does not reach down to its base %llu",
	    (unsigned long long)ret_base->number);
}

/*
 * A losing branch whose first segment alone carries changes was never
 * acknowledged (L3, 4). More than that means that acknowledged data would go.
 */
static enum rc
refuse_branches(struct op *op, const struct tail *tail,
    const struct tail_root *root, uint64_t base)
{
	size_t i;

	for (i = 0; i < tail->n_logs; i++) {
		const struct tail_log *log = &tail->logs[i];

		if (log->on_chain || !log->read || !log->carries_changes ||
		    log->parent == TAIL_NONE ||
		    tail->logs[log->parent].on_chain ||
		    tail->logs[log->parent].name.number <= base)
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
    size_t *ret_winner, struct tail_base *ret_base)
{
	struct tail_base base = {0};
	CLEANUP(mem_free_ptr)
	bool *linked = mem_alloc_array(tail->n_logs + 1, sizeof(bool));
	size_t best;

	if (linked == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	chain_link(tail, root, linked);
	best = chain_best(tail, root, linked);
	TRY(refuse_gap(op, tail, root, linked, best));
	if (best != TAIL_NONE)
		TRY(chain_mark(op, tail, root, best, &base));
	TRY(refuse_branches(op, tail, root,
	    base.number > root->base ? base.number : root->base));
	*ret_winner = best;
	*ret_base = base;
	return RC_OK;
}
