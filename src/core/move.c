/* move.c - chunks into a new data segment, and the change that says so. */
#include "core/move.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "core/fetch.h"
#include "core/scratch.h"
#include "core/service.h"
#include "core/upkeep.h"
#include "store/fan.h"

enum { SEGMENT_PLAIN_MAX = 16 << 20, PATIENCE_S = 3 };

struct move {
	struct change change;
	struct tenant *tenant;
	const struct move_list *list;
	bool pass_over;
	size_t n; /* of the list, dealt with */
	size_t n_copied; /* of these, in the segment */
	uint64_t plain;
	uint64_t offsets[MOVE_CHUNKS_MAX];
	bool copied[MOVE_CHUNKS_MAX];
	bool moved[MOVE_CHUNKS_MAX];
	struct fan *fan;
	struct data_writer writer;
	struct put_data put;
	struct buf sealed;
};

enum rc
move_list_new(struct op *op, struct move_list **ret_list)
{
	*ret_list = mem_alloc(sizeof(**ret_list));
	if (*ret_list == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	return RC_OK;
}

void
move_list_free_ptr(struct move_list **list)
{
	if (*list != NULL)
		mem_wipe(*list, sizeof(**list));
	mem_free(*list);
	*list = NULL;
}

enum rc
move_list_add(void *arg, struct op *op, const struct chunk *chunk)
{
	struct move_list *list = arg;

	(void)op;
	if (list->n < MOVE_CHUNKS_MAX)
		list->chunks[list->n++] = *chunk;
	return RC_OK;
}

static enum rc
segment_start(struct op *op, struct move *m)
{
	struct tenant *t = m->tenant;
	struct sites *sites = t->service->config.sites;
	struct claim *claim = t->lanes.claim;
	struct segment_header header = {
	    .kind = SEGMENT_DATA,
	    .tenant = t->id,
	    .generation = {claim->counter, 0},
	};
	size_t i;

	memcpy(header.claim, claim->id, OBJECT_ID_SIZE);
	rand_id(header.data_id, OBJECT_ID_SIZE);
	memcpy(m->put.data.id, header.data_id, OBJECT_ID_SIZE);
	m->put.counter = claim->counter;
	for (i = 0; i < sites->n; i++)
		m->put.epochs[i] = sites_epoch(sites, i);
	TRY(fan_open(op, sites, claim, lanes_in_service(&t->lanes), t->id,
	    header.data_id, claim_register(claim)->m, PATIENCE_S * CLOCK_S,
	    &m->fan));
	return data_begin(op, &m->writer, &header, fan_sink(m->fan));
}

/* A reader for each chunk: none is held while sites are slow. */
static enum rc
chunk_sealed(struct op *op, struct move *m, const struct chunk *chunk)
{
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, m->tenant, &reader));
	rc = fetch_chunk(op, m->tenant, &reader->meta, chunk, &m->sealed);
	tenant_reader_put(m->tenant, reader);
	return rc;
}

static enum rc
chunk_copy(struct op *op, struct move *m, const struct chunk *chunk)
{
	struct span sealed;
	enum rc rc = chunk_sealed(op, m, chunk);

	if (rc == RC_DAMAGED && m->pass_over) {
		log_warn(op, "move-passed-over", "tenant=%016llx why=\"%s\"",
		    (unsigned long long)m->tenant->id, op_error(op, rc));
		op_clear_error(op);
		m->n++;
		return RC_OK;
	}
	TRY(rc);
	m->offsets[m->n] = data_offset(&m->writer);
	sealed = buf_span(&m->sealed);
	while (sealed.size > 0) {
		size_t size = sealed.size < AEAD_SEALED_FRAME
				  ? sealed.size
				  : AEAD_SEALED_FRAME;

		TRY(data_frame(op, &m->writer, span_of(sealed.data, size)));
		sealed.data += size;
		sealed.size -= size;
	}
	TRY(data_chunk_end(op, &m->writer, chunk->size));
	m->copied[m->n] = true;
	m->n_copied++;
	m->n++;
	m->plain += chunk->size;
	return upkeep_spend(op, m->tenant, m->sealed.size);
}

static enum rc
segment_fill(struct op *op, struct move *m)
{
	TRY(segment_start(op, m));
	while (m->n < m->list->n &&
	       (m->n == 0 || m->plain + m->list->chunks[m->n].size <=
				 SEGMENT_PLAIN_MAX)) {
		CLEANUP(op_release) struct op step;
		enum rc rc;

		scratch_init(&step, op);
		rc = chunk_copy(&step, m, &m->list->chunks[m->n]);
		TRY(scratch_end(op, &step, rc));
	}
	/* Nothing of it could be read: there is nothing to name. */
	if (m->n_copied == 0)
		return RC_OK;
	TRY(data_end(op, &m->writer, &m->put.data));
	TRY(fan_end(op, m->fan));
	TRY(fan_commit(op, m->fan, &m->put.on));
	FAILPOINT("move.stands");
	return RC_OK;
}

/* The data segments that the chunks lay in, if nothing lies there any more. */
static enum rc
old_drop(struct op *op, struct tx *tx, const struct move *m)
{
	size_t i, k;
	bool used;

	for (i = 0; i < m->n; i++) {
		const struct chunk_place *from = &m->list->chunks[i].place;

		if (!m->moved[i] || from->number != 0)
			continue;
		for (k = 0; k < i; k++)
			if (m->moved[k] && memcmp(m->list->chunks[k].place.data,
					       from->data, OBJECT_ID_SIZE) == 0)
				break;
		if (k < i) /* seen already */
			continue;
		TRY(content_data_used(op, tx->meta, from->data, &used));
		if (!used)
			TRY(tx_drop_data(op, tx, from->data));
	}
	return RC_OK;
}

static enum rc
move_run(struct op *op, struct tx *tx, struct change *change)
{
	struct move *m = container_of(change, struct move, change);
	struct chunk_place to = {0};
	bool any = false;
	size_t i;

	memcpy(to.data, m->put.data.id, OBJECT_ID_SIZE);
	for (i = 0; i < m->n; i++) {
		to.offset = m->offsets[i];
		m->moved[i] = false;
		if (m->copied[i])
			TRY(chunk_move(op, tx->meta, &m->list->chunks[i], &to,
			    &m->moved[i]));
		any = any || m->moved[i];
	}
	/* Deleted meanwhile, all of them: nobody names the new one. */
	if (!any)
		FAIL(op, RC_NOT_FOUND, "nothing was left to be moved");
	TRY(tx_add_data(op, tx, &m->put));
	return old_drop(op, tx, m);
}

static enum rc
move_commit(struct op *op, struct move *m)
{
	enum rc rc = change_commit(op, m->tenant, &m->change);

	FAILPOINT("move.committed");
	if (rc != RC_NOT_FOUND)
		return rc;
	op_clear_error(op);
	tenant_data_dead(m->tenant, m->put.data.id);
	return RC_OK;
}

enum rc
move_chunks(struct op *op, struct tenant *tenant, const struct move_list *list,
    bool pass_over, size_t *ret_n)
{
	struct move *m = mem_alloc(sizeof(*m));
	enum rc rc;

	if (m == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	m->change = (struct change){.run = move_run,
	    .role = SEGMENT_UPKEEP,
	    .keeps_paths = true,
	    .frees_space = true};
	m->tenant = tenant;
	m->list = list;
	m->pass_over = pass_over;
	buf_init(&m->sealed, SEGMENT_DATA_MAX);
	rc = segment_fill(op, m);
	fan_free(m->fan);
	data_writer_release(&m->writer);
	buf_release(&m->sealed);
	if (rc == RC_OK && m->n_copied > 0)
		rc = move_commit(op, m);
	/* Whatever became of it: looked at again, and deleted where no number
	 * names it. */
	if (rc != RC_OK && rc != RC_IN_DOUBT)
		tenant_data_dead(tenant, m->put.data.id);
	if (rc == RC_OK)
		*ret_n = m->n;
	mem_free(m);
	return rc;
}
