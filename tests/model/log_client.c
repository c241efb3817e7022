/* log_client.c - what clients of the log's model do: changes of rows, contents
 * and data segments, and reading. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/compact.h"
#include "core/cut.h"
#include "core/download.h"
#include "core/pack.h"
#include "core/snapshot.h"
#include "core/upload.h"
#include "meta/content.h"
#include "meta/setting.h"
#include "model/log_world.h"

enum {
	INLINE_MOST = 3000,
	DATA_LEAST = 65537,
	DATA_MORE = 6000,
	LONG_MORE = 400000, /* read in several turns */
};

/* A change of the model's own. */
struct asked {
	struct change change;
	unsigned i; /* in world.changes */
	unsigned row;
	struct put_content content;
	/* For who does not wait inside the committer. */
	struct log_server *server;
	struct mutex lock;
	struct cond changed;
	bool told;
};

void
log_row_name(char out[16], char kind, unsigned i)
{
	(void)snprintf(out, 16, "%c%05u", kind, i);
}

static enum rc
note(struct op *op, struct tx *tx, char kind, unsigned i, int64_t value)
{
	char name[16];

	log_row_name(name, kind, i);
	return counter_set(op, tx->meta, name, value);
}

/* Every change has a row of its own, which says where it stands, and stays. */
static enum rc
note_done(struct op *op, struct tx *tx, const struct asked *asked)
{
	return note(op, tx, 'c', asked->i, (int64_t)tx->number);
}

static enum rc
set_run(struct op *op, struct tx *tx, struct change *change)
{
	struct asked *asked = container_of(change, struct asked, change);

	TRY(note(op, tx, 'r', asked->row, asked->i));
	return note_done(op, tx, asked);
}

static enum rc
refuse_run(struct op *op, struct tx *tx, struct change *change)
{
	TRY(set_run(op, tx, change));
	FAIL(op, RC_CONFLICT, "refused, as was asked");
}

static enum rc
chunk_of(struct op *op, struct tx *tx, const struct put_content *put,
    struct chunk *chunk)
{
	const struct put_chunk *from = &put->chunks[0];

	chunk->size = from->size;
	memcpy(chunk->key, from->key, sizeof(chunk->key));
	if (put->n_data > 0) {
		memcpy(chunk->place.data, from->data, OBJECT_ID_SIZE);
		chunk->place.offset = from->offset;
		return tx_add_data(op, tx, &put->data[0]);
	}
	chunk->place.number = tx->number;
	return tx_inline(
	    op, tx, from->sealed, from->size, &chunk->place.offset);
}

static enum rc
put_run(struct op *op, struct tx *tx, struct change *change)
{
	struct asked *asked = container_of(change, struct asked, change);
	const struct put_content *put = &asked->content;
	struct content content = {.size = put->size,
	    .finished = true,
	    .made = tx->number,
	    .chunks = 1};
	CLEANUP(chunk_wipe) struct chunk chunk = {0};

	memcpy(content.sha256, put->sha256, SHA256_SIZE);
	TRY(chunk_of(op, tx, put, &chunk));
	content.id = tx_id(tx);
	TRY(content_insert(op, tx->meta, &content, &chunk));
	TRY(note(op, tx, 'k', asked->i, content.id));
	return note_done(op, tx, asked);
}

static enum rc
drop_run(struct op *op, struct tx *tx, struct change *change)
{
	struct asked *asked = container_of(change, struct asked, change);
	unsigned target = world.changes[asked->i].target;
	CLEANUP(chunk_wipe) struct chunk chunk = {0};
	int64_t content = 0;
	char name[16];
	bool used = true;
	enum rc rc;

	log_row_name(name, 'k', target);
	rc = counter_get(op, tx->meta, name, &content);
	if (rc == RC_NOT_FOUND || content == 0)
		FAIL(op, RC_NOT_FOUND, "there is no such content");
	TRY(rc);
	TRY(chunk_find(op, tx->meta, content, 0, &chunk));
	TRY(content_delete(op, tx->meta, content));
	/* Small ones that a cut has moved lie together. */
	if (chunk.place.number == 0)
		TRY(content_data_used(op, tx->meta, chunk.place.data, &used));
	if (!used)
		TRY(tx_drop_data(op, tx, chunk.place.data));
	TRY(note(op, tx, 'k', target, 0));
	return note_done(op, tx, asked);
}

static unsigned
change_new(enum log_kind kind)
{
	unsigned i = world.n_changes++;

	SIM_CHECK(i < LOG_CHANGES, "harness: too many changes");
	world.changes[i].kind = kind;
	return i;
}

/* ---- contents ---- */

static uint8_t
content_byte(unsigned i, size_t at)
{
	uint64_t word = (uint64_t)i * 0x9e3779b97f4a7c15 + at / 8;

	word *= UINT64_C(0xbf58476d1ce4e5b9);
	return (uint8_t)(word >> (8 * (at % 8)));
}

static enum rc
content_send(struct op *op, struct upload *upload, unsigned i, size_t size)
{
	uint8_t block[4096];
	size_t at, n = 0;

	for (at = 0; at < size; at++) {
		block[n++] = content_byte(i, at);
		if (n < sizeof(block) && at + 1 < size)
			continue;
		TRY(upload_write(op, upload, span_of(block, n)));
		n = 0;
	}
	return RC_OK;
}

static enum rc
content_compare(struct op *op, struct download *download,
    const struct log_change *change, unsigned i)
{
	uint8_t block[4096];
	size_t at, n, k;

	SIM_CHECK(download_size(download) == change->size,
	    "wrong bytes: content %u has another size", i);
	for (at = 0; at < change->size; at += n) {
		/* A long GET: what it reads is moved meanwhile. */
		if (log_upkeep() && sim_chance(500))
			sim_sleep((int64_t)sim_random(CLOCK_S));
		TRY(download_read(op, download, at, block, sizeof(block), &n));
		SIM_CHECK(n > 0, "wrong bytes: content %u ends early", i);
		for (k = 0; k < n; k++)
			SIM_CHECK(block[k] == content_byte(i, at + k),
			    "wrong bytes: content %u at %zu", i, at + k);
	}
	return RC_OK;
}

enum rc
log_content_check(struct op *op, struct tenant *tenant, int64_t content,
    const struct log_change *change, unsigned i)
{
	struct download *download;
	enum rc rc;

	TRY(download_open(op, tenant, content, &download));
	rc = content_compare(op, download, change, i);
	download_free(download);
	return rc;
}

/* ---- changes ---- */

/* The answer leaves from a committer's thread. */
static void
answered(struct change *change)
{
	struct asked *asked = container_of(change, struct asked, change);

	log_judge_answer(
	    asked->server, asked->i, change->rc, change->receipt.number);
	mutex_lock(&asked->lock);
	asked->told = true;
	cond_signal(&asked->changed);
	mutex_unlock(&asked->lock);
}

static enum rc
submit(struct op *op, struct asked *asked)
{
	mutex_init(&asked->lock);
	cond_init(&asked->changed);
	asked->change.then = answered;
	change_submit(op, asked->server->tenant, &asked->change);
	mutex_lock(&asked->lock);
	while (!asked->told)
		cond_wait(&asked->changed, &asked->lock);
	mutex_unlock(&asked->lock);
	cond_release(&asked->changed);
	mutex_release(&asked->lock);
	return asked->change.rc;
}

static enum rc
commit(struct op *op, struct asked *asked)
{
	enum rc rc = change_commit(op, asked->server->tenant, &asked->change);

	log_judge_answer(
	    asked->server, asked->i, rc, asked->change.receipt.number);
	return rc;
}

static enum rc
ask(struct op *op, struct log_server *server, struct asked *asked)
{
	enum rc rc;

	asked->server = server;
	asked->change.own_session = sim_chance(1500);
	rc = sim_chance(5000) ? submit(op, asked) : commit(op, asked);
	if (rc == RC_IN_DOUBT && log_mood(LOG_DOUBTFUL) && sim_chance(3000) &&
	    !world.stop) {
		sim_sleep((int64_t)sim_random(3 * CLOCK_S));
		sim_count("deaths in doubt", 1);
		sim_kill_host(server->host);
	}
	return rc;
}

enum rc
log_client_set(struct op *op, struct log_server *server)
{
	struct asked asked = {.change.run = set_run, .i = change_new(LOG_SET)};

	asked.row = (unsigned)sim_random(LOG_ROWS);
	world.changes[asked.i].target = asked.row;
	return ask(op, server, &asked);
}

static enum rc
do_refuse(struct op *op, struct log_server *server)
{
	struct asked asked = {
	    .change.run = refuse_run, .i = change_new(LOG_REFUSE)};

	return ask(op, server, &asked);
}

static enum rc
upload_and_put(struct op *op, struct log_server *server, struct upload *upload,
    struct asked *asked)
{
	struct log_change *change = &world.changes[asked->i];
	struct put_content *put = &asked->content;
	enum rc rc;

	rc = content_send(op, upload, asked->i, change->size);
	if (rc == RC_OK)
		rc = upload_end(op, upload, put);
	if (rc != RC_OK) {
		log_judge_answer(server, asked->i, RC_NOT_STORED, 0);
		return rc;
	}
	change->has_data = put->n_data > 0;
	if (change->has_data)
		memcpy(change->data, put->data[0].data.id, OBJECT_ID_SIZE);
	else
		asked->change.inline_size = put->chunks[0].sealed.size;
	return ask(op, server, asked);
}

static enum rc
do_put(struct op *op, struct log_server *server, bool small)
{
	struct asked asked = {.change.run = put_run, .i = change_new(LOG_PUT)};
	struct upload *upload = NULL;
	enum rc rc;

	world.changes[asked.i].size =
	    small ? 1 + (size_t)sim_random(INLINE_MOST)
		  : DATA_LEAST + (size_t)sim_random(DATA_MORE);
	if (!small && log_upkeep() && sim_chance(2000))
		world.changes[asked.i].size += (size_t)sim_random(LONG_MORE);
	rc = upload_open(op, server->tenant, false, &upload);
	if (rc == RC_OK)
		rc = upload_and_put(op, server, upload, &asked);
	upload_free(upload);
	return rc;
}

static enum rc
do_drop(struct op *op, struct log_server *server)
{
	struct asked asked = {.change.run = drop_run};
	struct log_change *target;
	unsigned i;

	if (world.n_changes == 0)
		return RC_OK;
	i = (unsigned)sim_random(world.n_changes);
	while (i > 0 &&
	       (world.changes[i].kind != LOG_PUT || world.changes[i].dropping))
		i--;
	target = &world.changes[i];
	if (target->kind != LOG_PUT || target->dropping ||
	    target->outcome != LOG_ACKED)
		return RC_OK;
	target->dropping = true;
	asked.i = change_new(LOG_DROP);
	asked.change.frees_space = true;
	world.changes[asked.i].target = i;
	return ask(op, server, &asked);
}

/* ---- reading ---- */

/* A content that is there for this server, and that nobody drops. */
static int64_t
content_find(struct op *op, struct reader *reader, unsigned *ret_i)
{
	unsigned i = (unsigned)sim_random(world.n_changes + 1);
	int64_t content = 0;
	char name[16];

	while (i-- > 0)
		if (world.changes[i].kind == LOG_PUT &&
		    !world.changes[i].dropping)
			break;
	if (i == UINT32_MAX)
		return 0;
	log_row_name(name, 'k', i);
	if (counter_get(op, &reader->meta, name, &content) != RC_OK)
		content = 0;
	op_clear_error(op);
	*ret_i = i;
	return content;
}

static enum rc
do_read(struct op *op, struct log_server *server, bool all)
{
	struct reader *reader;
	int64_t content;
	unsigned i = 0;
	enum rc rc;

	TRY(tenant_reader(op, server->tenant, &reader));
	HARNESS(op, db_read_begin(op, reader->db));
	log_judge_reading(op, server, reader, all);
	content = content_find(op, reader, &i);
	db_read_end(reader->db);
	tenant_reader_put(server->tenant, reader);
	sim_count("readings", 1);
	if (content == 0)
		return RC_OK;
	rc = log_content_check(
	    op, server->tenant, content, &world.changes[i], i);
	sim_count(rc == RC_OK ? "contents read" : "contents not read", 1);
	SIM_CHECK(
	    rc == RC_OK || !world.options->calm || world.changes[i].dropping,
	    "content unreadable: of change %u, where nothing is wrong: %s", i,
	    op_error(op, rc));
	return RC_OK;
}

/* ---- upkeep ---- */

/* Packs reach as far as the last cut, which the judge looks for. */
static enum rc
do_pack(struct op *op, struct tenant *t)
{
	struct reader *reader;
	struct kept kept;
	uint64_t number = tenant_number(t);
	enum rc rc;

	TRY(tenant_reader(op, t, &reader));
	rc = kept_get(op, &reader->meta, &kept);
	tenant_reader_put(t, reader);
	TRY(rc);
	if (kept.cut != 0 && number > kept.cut)
		number = kept.cut - 1;
	return pack_tenant(op, t, number > 3 ? number - 3 : 0);
}

static enum rc
do_compact(struct op *op, struct tenant *t)
{
	struct compact_result result;

	return compact_tenant(op, t, &result);
}

/* A cut that is due comes first. */
static enum rc
do_snapshot(struct op *op, struct tenant *t)
{
	TRY(cut_make(op, t));
	return snapshot_make(op, t);
}

/* What fails is gone on with the next time; what is wrong then shows in what is
 * shown, and in the end. One at a time, as upkeep.c has it. */
static enum rc
do_upkeep(struct op *op, struct log_server *server)
{
	static const struct {
		const char *name;
		enum rc (*run)(struct op *op, struct tenant *t);
	} works[] = {
	    {"snapshots", do_snapshot},
	    {"snapshots", do_snapshot},
	    {"cuts", cut_make},
	    {"cleanings", cut_clean},
	    {"packings", do_pack},
	    {"compactions", do_compact},
	};
	size_t i = (size_t)sim_random(ARRAY_LEN(works));
	enum rc rc;

	if (server->in_upkeep || server->tenant->mode != TENANT_READY)
		return RC_OK;
	server->in_upkeep = true;
	rc = works[i].run(op, server->tenant);
	server->in_upkeep = false;
	sim_count(rc == RC_OK ? works[i].name : "upkeep that failed", 1);
	op_clear_error(op);
	return RC_OK;
}

static enum rc
do_cut(struct op *op, struct log_server *server)
{
	TRY(do_snapshot(op, server->tenant));
	TRY(log_client_set(op, server));
	TRY(do_snapshot(op, server->tenant));
	TRY(cut_make(op, server->tenant));
	return cut_clean(op, server->tenant);
}

static void
step(struct log_server *server)
{
	CLEANUP(op_release) struct op op;
	uint64_t kind = sim_random(100);
	enum rc rc;

	op_init(&op);
	if (log_upkeep() && sim_chance(1200))
		rc = do_upkeep(&op, server);
	else if (kind < 50 && !log_mood(LOG_DATA))
		rc = log_client_set(&op, server);
	else if (kind < 62)
		rc = do_put(&op, server, !log_mood(LOG_DATA));
	else if (kind < 72)
		rc = do_put(&op, server, log_mood(LOG_DATA));
	else if (kind < 80)
		rc = do_drop(&op, server);
	else if (kind < 84)
		rc = do_refuse(&op, server);
	else
		rc = do_read(&op, server, false);
	/* Who is turned away comes again a little later. */
	if (rc != RC_OK && rc != RC_CONFLICT && rc != RC_NOT_FOUND)
		sim_sleep(CLOCK_S / 10 + (int64_t)sim_random(CLOCK_S / 4));
}

/* Refused while too few of the others are there to agree. */
static enum rc
do_leave(struct op *op, struct log_server *server)
{
	struct site_change_want want = {
	    .leaves = world.reg.ids[world.left],
	};
	enum rc rc = RC_REFUSED;
	int try;

	for (try = 0; rc == RC_REFUSED && try < 1000; try++) {
		op_clear_error(op);
		sim_sleep(1 + (int64_t)sim_random(CLOCK_S / 4));
		rc = site_change_begin(op, server->service, &want);
	}
	return rc;
}

/* Does what a story asks for. */
static void
obey(struct log_server *server, struct log_order *order)
{
	CLEANUP(op_release) struct op op;

	op_init(&op);
	order->taken = true;
	order->change = world.n_changes;
	switch (order->kind) {
	case LOG_ORDER_SET:
		order->rc = log_client_set(&op, server);
		break;
	case LOG_ORDER_DATA:
		order->rc = do_put(&op, server, false);
		break;
	case LOG_ORDER_SMALL:
		order->rc = do_put(&op, server, true);
		break;
	case LOG_ORDER_READ:
		order->rc = do_read(&op, server, true);
		break;
	case LOG_ORDER_CUT:
		order->rc = do_cut(&op, server);
		break;
	case LOG_ORDER_LEAVE:
		order->rc = do_leave(&op, server);
		break;
	}
	order->done = true;
}

static void
turn(struct log_server *server)
{
	server->n_busy++;
	if (server->order != NULL && !server->order->taken)
		obey(server, server->order);
	else if (!world.quiet)
		step(server);
	server->n_busy--;
	if (world.quiet)
		sim_sleep(CLOCK_S / 20);
}

void
log_client_main(void *arg)
{
	struct log_server *server = arg;

	while (!server->stop && service_stands(server->service) &&
	       world.n_changes + LOG_CLIENTS < LOG_CHANGES) {
		if (log_mood(LOG_IDLE))
			sim_sleep((int64_t)sim_random(8 * CLOCK_S));
		turn(server);
		if (sim_chance(3000))
			sim_sleep((int64_t)sim_random(CLOCK_S / 5));
		sim_yield();
	}
}
