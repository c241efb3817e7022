/*
 * start_chain.c - a start's first half (LOG.md L3, 1 to 5): what the sites
 * list, which of it is the log's chain, and how far that is decided.
 */
#include "core/start_chain.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/kept.h"
#include "core/rolled_back.h"
#include "core/scratch.h"
#include "core/service.h"
#include "meta/local.h"

/* What is on the database's own chain is known and need not be read. */
static enum rc
log_known(struct op *op, struct tenant *t, const struct log_name *name,
    bool *ret_known)
{
	struct local_log row;
	enum rc rc;

	*ret_known = false;
	if (t->writer == NULL || name->number > t->head.number)
		return RC_OK;
	rc = local_log_get(op, &t->meta, name->number, &row);
	if (rc == RC_NOT_FOUND) {
		op_clear_error(op);
		return RC_OK;
	}
	TRY(rc);
	*ret_known =
	    generation_compare(row.generation, name->generation) == 0 &&
	    memcmp(row.hash, name->hash8, sizeof(name->hash8)) == 0;
	return RC_OK;
}

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
		0 &&
	    memcmp(aside->hash, search->name->hash8,
		sizeof(search->name->hash8)) == 0)
		search->found = true;
	return RC_OK;
}

/* Whether the log itself says that this one lost (L3, 4). */
static enum rc
log_aside(struct op *op, struct tenant *t, const struct log_name *name,
    bool *ret_aside)
{
	struct aside_search search = {.name = name};

	*ret_aside = false;
	if (t->writer == NULL || t->head.number == 0)
		return RC_OK;
	TRY(local_aside_list(
	    op, &t->meta, name->number, aside_compare, &search));
	*ret_aside = search.found;
	return RC_OK;
}

/* What cannot be read anywhere stays unread (tail_pick sees it). */
static enum rc
tail_read_one(struct op *op, struct start *s, size_t i)
{
	struct tenant *t = s->tenant;
	struct segment segment;
	bool known, aside;
	enum rc rc;

	TRY(log_known(op, t, &s->tail.logs[i].name, &known));
	if (known)
		return RC_OK;
	TRY(log_aside(op, t, &s->tail.logs[i].name, &aside));
	if (aside)
		return RC_OK;
	rc = tail_read(
	    op, t->service->config.sites, &s->tail, i, &s->bytes, &segment);
	if (rc == RC_NO_MEMORY || rc == RC_REFUSED)
		return rc;
	op_clear_error(op);
	return RC_OK;
}

/* Reads every object that is not known. There may be a million of them: each
 * has memory of its own, which goes with it. */
static enum rc
tail_read_all(struct op *op, struct start *s, uint64_t base)
{
	size_t i;

	for (i = tail_find_number(&s->tail, base + 1); i < s->tail.n_logs;
	     i++) {
		CLEANUP(op_release) struct op step;

		scratch_init(&step, op);
		TRY(scratch_end(op, &step, tail_read_one(&step, s, i)));
	}
	return RC_OK;
}

static enum rc
root_of(struct op *op, struct tenant *t, struct tail_root *root)
{
	struct kept kept;

	memset(root, 0, sizeof(*root));
	root->found = t->writer != NULL;
	root->number = t->head.number;
	root->generation = t->head.generation;
	memcpy(root->hash, t->head.hash, OBJECT_HASH_SIZE);
	if (t->writer == NULL || t->head.number == 0)
		return RC_OK;
	TRY(kept_get(op, &t->meta, &kept));
	root->base = kept.base.number;
	return RC_OK;
}

/* L3, 1: R of each register in force. */
static enum rc
listed_enough(struct op *op, const struct start *s)
{
#ifdef DOZO_PLANT_FEWER_THAN_R
	(void)op;
	(void)s;
#else
	struct tenant *t = s->tenant;
	const struct site_register *reg = claim_register(t->lanes.claim);

	if (!t->service->config.read_only &&
	    !claim_has_r(t->lanes.claim, s->tail.listed))
		FAIL(op, RC_UNPROVEN,
		    "%zu of %u sites can be listed, %u must be",
		    site_set_count(s->tail.listed), reg->n, register_r(reg));
#endif
	return RC_OK;
}

/* Lists and picks; once more where a gap shows, for listings are not atomic
 * (L0). */
static enum rc
chain_pick(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	struct tail_root root;
	enum rc rc = RC_UNPROVEN;
	int try;

	TRY(root_of(op, t, &root));
	for (try = 0; rc == RC_UNPROVEN && try < 2; try++) {
		op_clear_error(op);
		tail_release(&s->tail);
		TRY(tail_list(
		    op, t->service->config.sites, s->set, t->id, &s->tail));
		TRY(listed_enough(op, s));
		TRY(tail_read_all(op, s, root.base));
		rc = tail_pick(op, &s->tail, &root, &s->winner, &s->base);
	}
	return rc;
}

/* L3, 3: a database older than the log's base is made anew from the snapshot.
 */
static void
base_discard(struct op *op, struct start *s)
{
	const struct tenant_head nothing = {0};
	struct tenant *t = s->tenant;

	if (t->writer != NULL)
		log_info(op, "database-discarded",
		    "tenant=%016llx number=%llu why=\"the log begins above it, "
		    "at %llu\"",
		    (unsigned long long)t->id,
		    (unsigned long long)t->head.number,
		    (unsigned long long)s->base.number);
	tenant_database_close(op, t, false);
	tenant_set_head(t, &nothing);
}

/*
 * L20: a site that was rolled back has forgotten some of what it acknowledged.
 * It is not one of the R that show every acknowledged number.
 */
enum rc
witnesses_look(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	const struct site_register *reg = claim_register(t->lanes.claim);
	struct site_set left;
	size_t i;

	if (t->head.number == 0 || t->service->config.read_only)
		return RC_OK;
	for (i = 0; i < t->service->config.sites->n; i++)
		if (site_set_has(s->tail.listed, i))
			TRY(rolled_back_look(op, t, &t->meta, &s->tail, i));
	left = rolled_back_without(t, s->tail.listed);
	if (left.bits != s->tail.listed.bits &&
	    !claim_has_r(t->lanes.claim, left))
		FAIL(op, RC_UNPROVEN,
		    "%zu of %u sites can be listed and were not rolled back, "
		    "%u must be",
		    site_set_count(left), reg->n, register_r(reg));
	return RC_OK;
}

/*
 * L3: any R sites show every acknowledged number. A database whose head none of
 * them has is ahead of all: they were rolled back.
 */
enum rc
chain_find(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	struct log_name head = {
	    .number = t->head.number,
	    .generation = t->head.generation,
	};

	TRY(chain_pick(op, s));
	memcpy(head.hash8, t->head.hash, sizeof(head.hash8));
	if (s->base.number > t->head.number)
		base_discard(op, s);
	if (t->head.number == 0 || s->winner != TAIL_NONE ||
	    tail_find(&s->tail, &head) != TAIL_NONE)
		return witnesses_look(op, s);
	FAIL(op, RC_REFUSED,
	    "the local database ends at number %llu, which no site has: the "
	    "sites "
	    "were rolled back",
	    (unsigned long long)t->head.number);
}

/* The numbers on the winning chain, and how far they are decided (L3, 5). */
void
decided_find(struct start *s)
{
	const struct tenant *t = s->tenant;
	size_t i;

	s->head = t->head.number;
	s->decided = t->head.number;
	if (s->winner == TAIL_NONE)
		return;
	s->head = s->tail.logs[s->winner].name.number;
	for (i = 0; i < s->tail.n_logs; i++) {
		const struct tail_log *log = &s->tail.logs[i];

		/* One that carries changes decides what it stands on. */
		if (log->on_chain && log->carries_changes &&
		    log->name.number > 0 && log->name.number - 1 > s->decided)
			s->decided = log->name.number - 1;
	}
#ifdef DOZO_PLANT_UNDECIDED_END_SHOWN
	s->decided = s->head;
#endif
}

/* L3, 4: what lost is named by the next number's header. */
enum rc
aside_note(struct op *op, struct start *s)
{
	struct tenant *t = s->tenant;
	size_t i, n = 0;
	bool known;

	mem_free(t->aside);
	t->n_aside = 0;
	t->aside = mem_alloc_array(s->tail.n_logs + 1, sizeof(t->aside[0]));
	if (t->aside == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	for (i = 0; i < s->tail.n_logs && n < TAIL_ASIDE_MAX; i++) {
		const struct tail_log *log = &s->tail.logs[i];

		TRY(log_known(op, t, &log->name, &known));
		if (!log->read || log->on_chain || known ||
		    log->name.number <= s->base.number)
			continue;
		t->aside[n].number = log->name.number;
		t->aside[n].generation = log->name.generation;
		memcpy(t->aside[n].hash, log->hash, OBJECT_HASH_SIZE);
		n++;
	}
	t->n_aside = n;
	return RC_OK;
}
