/* folder.c - reads entries in batches and writes them out as the client takes
 * them. */
#include "dav/folder.h"

#include "base/mem.h"
#include "core/path.h"

enum { OUT_LIMIT = 4 << 20, PATH_LIMIT = 64 << 10, SMALL_ANSWER = 64 << 10 };

void
folder_free(struct folder *folder)
{
	rows_release(&folder->rows);
	buf_release(&folder->out);
	buf_release(&folder->path);
	folder->free(folder);
}

/* ---- reading ---- */

static int64_t
folder_now(const struct folder *folder)
{
	return service_clock_now(&folder->dav->door->service->clock);
}

/* What opening rows leaves in an op's memory is not to stay for the whole
 * answer. */
static enum rc
list(struct op *op, struct folder *folder, struct meta *meta)
{
	struct op scratch;
	enum rc rc;

	op_init(&scratch);
	scratch.actor = op->actor;
	rc = rows_list(&scratch, &folder->rows, meta, folder->node.id,
	    folder->with, folder_now(folder));
	if (rc != RC_OK)
		rc = op_fail(op, rc, "%s", op_error(&scratch, rc));
	op_release(&scratch);
	return rc;
}

static enum rc
collect_lock(void *arg, struct op *op, const struct lock *lock, size_t level)
{
	struct folder *folder = arg;
	struct folder_lock *locks;

	if (!lock->deep)
		return RC_OK;
	TRY(op_alloc(op, (folder->n_locks + 1) * sizeof(*locks), &locks));
	if (folder->n_locks > 0)
		memcpy(locks, folder->locks, folder->n_locks * sizeof(*locks));
	locks[folder->n_locks++] =
	    (struct folder_lock){.lock = *lock, .self = level > 0};
	folder->locks = locks;
	return RC_OK;
}

/* Deep locks: each is on all below what it was taken of. */
static enum rc
read_deep_locks(struct dav *dav, struct meta *meta, struct folder *folder)
{
	struct op *op = dav->req->op;
	struct place place;
	size_t i;

	if ((folder->with & ROWS_LOCKS) == 0 || folder->node.id == NODE_ROOT)
		return RC_OK;
	TRY(access_node(
	    op, meta, &op->actor, folder->node.id, ACCESS_READ, &place));
	place = place_above(&place);
	TRY(locks_see(op, meta, folder_now(folder), folder->node.id, &place,
	    collect_lock, folder));
	for (i = 0; i < folder->n_locks; i++) {
		CLEANUP(buf_release) struct buf root = {.limit = PATH_LIMIT};
		uint8_t *copy;

		TRY(dav_add_path(dav, meta, folder->locks[i].lock.node, &root));
		TRY(op_alloc(op, root.size, &copy));
		memcpy(copy, root.data, root.size);
		folder->locks[i].root = span_of(copy, root.size);
	}
	return RC_OK;
}

static enum rc
read_first(struct dav *dav, struct meta *meta, void *arg)
{
	struct folder *folder = arg;
	struct op *op = dav->req->op;

	TRY(dav_find(dav, meta, ACCESS_READ, &folder->node));
	TRY(rows_add(op, &folder->rows, meta, &folder->node, folder->with,
	    folder_now(folder)));
	TRY(read_deep_locks(dav, meta, folder));
	if (!folder->entries || folder->node.kind != NODE_FOLDER)
		return RC_OK;
	TRY(list(op, folder, meta));
	if (folder->sorted)
		rows_sort(&folder->rows, 1);
	return RC_OK;
}

static enum rc
make_path(struct dav *dav, struct folder *folder)
{
	const struct target *target = &dav->req->target;
	struct op *op = dav->req->op;
	size_t i;

	for (i = 0; i < target->n_segments; i++) {
		TRY(buf_add_str(op, &folder->path, "/"));
		TRY(door_escape_path(op, &folder->path, target->segments[i]));
	}
	if (folder->node.kind == NODE_FOLDER)
		TRY(buf_add_str(op, &folder->path, "/"));
	return RC_OK;
}

enum rc
folder_read(struct dav *dav, struct folder *folder)
{
	folder->dav = dav;
	rows_init(&folder->rows);
	buf_init(&folder->out, OUT_LIMIT);
	buf_init(&folder->path, PATH_LIMIT);
	TRY(dav_read(dav, read_first, folder));
	return make_path(dav, folder);
}

static enum rc
read_more(struct op *op, struct folder *folder)
{
	struct tenant *tenant = folder->dav->tenant;
	struct reader *reader;
	enum rc rc;

	rows_clear(&folder->rows);
	folder->at = 0;
	TRY(tenant_reader(op, tenant, &reader));
	rc = list(op, folder, &reader->meta);
	tenant_reader_put(tenant, reader);
	if (rc == RC_OK && folder->sorted)
		rows_sort(&folder->rows, 0);
	return rc;
}

/* ---- writing ---- */

enum rc
folder_add_path(struct op *op, const struct folder *folder,
    const struct row *row, bool self, struct buf *out)
{
	TRY(buf_add(op, out, buf_span(&folder->path)));
	if (self)
		return RC_OK;
	TRY(door_escape_path(op, out, rows_name(&folder->rows, row)));
	return row->folder ? buf_add_str(op, out, "/") : RC_OK;
}

static enum rc
write_next(struct op *op, struct folder *folder, bool self)
{
	if (folder->at == folder->rows.n && folder->rows.more)
		TRY(read_more(op, folder));
	if (folder->at == folder->rows.n) {
		folder->ended = true;
		return folder->write(op, folder, NULL, false);
	}
	return folder->write(
	    op, folder, &folder->rows.rows[folder->at++], self);
}

/* Until size bytes are there, or all. */
static enum rc
fill(struct op *op, struct folder *folder, size_t size)
{
	struct buf *out = &folder->out;

	if (folder->sent > 0) {
		out->size -= folder->sent;
		memmove(out->data, out->data + folder->sent, out->size);
		folder->sent = 0;
	}
	while (out->size < size && !folder->ended)
		TRY(write_next(op, folder, false));
	return RC_OK;
}

static enum rc
source_read(struct op *op, void *arg, uint8_t *out, size_t size, size_t *ret_n)
{
	struct folder *folder = arg;
	size_t n;

	TRY(fill(op, folder, size));
	n = folder->out.size < size ? folder->out.size : size;
	if (n > 0)
		memcpy(out, folder->out.data, n);
	folder->sent = n;
	*ret_n = n;
	return RC_OK;
}

static void
source_release(void *arg)
{
	folder_free(arg);
}

enum rc
folder_answer(struct folder *folder, int status, const char *type)
{
	struct http_request *req = folder->dav->req;
	const struct http_source source = {
	    .read = source_read, .release = source_release, .arg = folder};
	enum rc rc;

	rc = write_next(req->op, folder, true);
	if (rc == RC_OK)
		rc = fill(req->op, folder, SMALL_ANSWER);
	if (rc != RC_OK || folder->ended) {
		if (rc == RC_OK)
			http_respond_memory(req, status, type, &folder->out);
		folder_free(folder);
		return rc;
	}
	http_respond_source(req, status, type, HTTP_SIZE_UNKNOWN, &source);
	return RC_OK;
}
