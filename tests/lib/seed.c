/* seed.c - rows instead of uploads. */
#include "lib/seed.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/file_put.h"
#include "lib/test.h"
#include "meta/content.h"

enum { ROWS = 900 }; /* of one change (L8) */

/* ---- a folder with very many entries ---- */

unsigned
seed_entries_wanted(unsigned usual)
{
	const char *text = getenv("DOZO_TEST_ENTRIES");

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : usual;
}

struct entries_change {
	struct change change;
	const struct meta_keys *keys;
	int64_t folder;
	unsigned from;
	unsigned to;
};

void
seed_entry_name(char out[32], unsigned i)
{
	(void)snprintf(out, 32, "entry-%07u", i);
}

static enum rc
entries_run(struct op *op, struct tx *tx, struct change *change)
{
	struct entries_change *e =
	    container_of(change, struct entries_change, change);
	unsigned i;

	for (i = e->from; i < e->to; i++) {
		struct node node = {.id = tx_id(tx),
		    .parent = e->folder,
		    .kind = NODE_FOLDER,
		    .mtime = tx->wall,
		    .created_at = tx->wall,
		    .changed_at = tx->wall};
		char name[32];

		seed_entry_name(name, i);
		node.name = span_str(name);
		node.tag = node.id;
		node_key(e->keys, e->folder, node.name, node.key);
		TRY(node_insert(op, tx->meta, &node));
	}
	return tx_touch_folder(op, tx, e->folder);
}

void
seed_entries(
    const struct op *asker, struct tenant *tenant, int64_t folder, unsigned n)
{
	struct entries_change e = {
	    .change.run = entries_run, .keys = &tenant->keys, .folder = folder};

	for (; e.from < n; e.from = e.to) {
		CLEANUP(op_release) struct op op;

		op_init(&op);
		op.actor = asker->actor;
		e.to = e.from + ROWS < n ? e.from + ROWS : n;
		ASSERT_OK(&op, change_commit(&op, tenant, &e.change));
	}
}

/* ---- a content of rows that repeat four real chunks ---- */

struct rows_change {
	struct change change;
	int64_t content; /* 0: made by the first change */
	uint64_t from;
	uint64_t to;
	const struct chunk *real;
};

static enum rc
rows_run(struct op *op, struct tx *tx, struct change *change)
{
	struct rows_change *rows =
	    container_of(change, struct rows_change, change);
	struct content content = {.id = rows->content};
	uint64_t i;

	if (rows->from == 0) {
		content.id = tx_id(tx);
		TRY(content_insert(op, tx->meta, &content, NULL));
	}
	for (i = rows->from; i < rows->to; i++) {
		struct chunk chunk = rows->real[i % SEED_REAL_CHUNKS];

		chunk.start = i * SEED_CHUNK_SIZE;
		TRY(chunk_insert(op, tx->meta, content.id, &chunk));
	}
	rows->content = content.id;
	return RC_OK;
}

static void
real_chunks(struct op *op, struct tenant *tenant, const struct node *real,
    struct chunk *chunks)
{
	struct reader *reader;
	uint64_t i;

	ASSERT_OK(op, tenant_reader(op, tenant, &reader));
	for (i = 0; i < SEED_REAL_CHUNKS; i++) {
		ASSERT_OK(op, chunk_find(op, &reader->meta, real->content,
				  i * SEED_CHUNK_SIZE, &chunks[i]));
		assert_int_equal(chunks[i].size, SEED_CHUNK_SIZE);
	}
	tenant_reader_put(tenant, reader);
}

void
seed_huge(struct op *op, struct tenant *tenant, int64_t folder,
    const char *name, const struct node *real)
{
	struct chunk chunks[SEED_REAL_CHUNKS];
	struct rows_change rows = {.change.run = rows_run, .real = chunks};
	struct file_put file = {.to.parent = folder};
	struct file_put_result result;
	uint64_t n = SEED_HUGE_SIZE / SEED_CHUNK_SIZE, at;

	real_chunks(op, tenant, real, chunks);
	for (at = 0; at < n; at += ROWS) {
		rows.from = at;
		rows.to = at + ROWS < n ? at + ROWS : n;
		ASSERT_OK(op, change_commit(op, tenant, &rows.change));
	}
	ASSERT_OK(op, tree_name_init(op, span_str(name), &file.to.name));
	file.content.session = rows.content;
	file.content.session_chunks = n;
	file.content.size = SEED_HUGE_SIZE;
	ASSERT_OK(op, file_put(op, tenant, &file, &result));
	assert_true(result.tree.created);
}
