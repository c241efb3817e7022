/* exchange_work.c - the worker's side of an exchange: runs the door's handler,
 * reads sources ahead. */
#include <microhttpd.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/exchange.h"

enum rc
slots_init(struct op *op, struct slots *slots, uint64_t size)
{
	slots->slot_size = size < SLOT_SIZE ? (size_t)size : SLOT_SIZE;
	slots->n = size <= SLOT_SIZE ? 1 : 2;
	slots->bytes = mem_alloc(slots->slot_size * slots->n);
	if (slots->bytes == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for a content");
	return RC_OK;
}

void
slots_release(struct slots *slots)
{
	mem_free(slots->bytes);
	slots->bytes = NULL;
}

void
exchange_unref(struct exchange *x)
{
	if (atomic_fetch_sub(&x->refs, 1) != 1)
		return;
	answer_release(&x->answer);
	slots_release(&x->in);
	slots_release(&x->out);
	mutex_release(&x->mutex);
	op_release(&x->op);
	mem_free(x);
}

void
exchange_schedule(struct exchange *x, unsigned todo, struct work_pool *pool)
{
	x->todo |= todo;
	if (x->working)
		return;
	x->working = true;
	atomic_fetch_add(&x->refs, 1);
	work_pool_add(pool, &x->work);
}

/* With the mutex held: resumes the connection where what it waits for has come.
 */
static void
wake(struct exchange *x)
{
	bool ready = false;

	switch (x->wait) {
	case WAIT_NONE:
		return;
	case WAIT_ROOM:
		ready = !slots_full(&x->in) || x->settled;
		break;
	case WAIT_WORK:
		ready = !x->working && !x->deferred;
		break;
	case WAIT_BYTES:
		ready = x->out.filled != x->out.taken || x->out_end ||
			x->out_failed;
		break;
	}
	if (!ready)
		return;
	x->wait = WAIT_NONE;
	MHD_resume_connection(x->mhd);
}

static void
source_release(struct answer *answer)
{
	if (!answer->source_open)
		return;
	answer->source_open = false;
	if (answer->source.release != NULL)
		answer->source.release(answer->source.arg);
}

/* Everything is over, or the answer needs the handler no more. */
static void
do_release(struct exchange *x)
{
	const struct http_handler *handler = x->req.route->handler;

	source_release(&x->answer);
	if (!x->begun || x->released)
		return;
	x->released = true;
	if (handler->release != NULL)
		handler->release(&x->req);
}

/* Reads one piece of the source into a slot that is the worker's. */
static enum rc
slot_fill(struct exchange *x, uint8_t *out, size_t size, size_t *ret_used,
    bool *ret_end)
{
	struct answer *answer = &x->answer;
	bool known = answer->size != HTTP_SIZE_UNKNOWN;
	size_t used = 0, n;

	*ret_end = false;
	if (known && size > answer->size - x->out_read)
		size = (size_t)(answer->size - x->out_read);
	while (used < size) {
		TRY(answer->source.read(
		    &x->op, answer->source.arg, out + used, size - used, &n));
		if (n == 0 && known)
			FAIL(&x->op, RC_DAMAGED, "a content ends too early");
		if (n == 0) {
			*ret_end = true;
			break;
		}
		used += n;
	}
	x->out_read += used;
	if (known && x->out_read == answer->size)
		*ret_end = true;
	*ret_used = used;
	return RC_OK;
}

/* With the mutex held: whether there is anything to read ahead. */
static bool
fill_wanted(const struct exchange *x)
{
	return !x->gone && !x->out_end && !x->out_failed &&
	       !slots_full(&x->out);
}

static void
do_fill(struct exchange *x)
{
	mutex_lock(&x->mutex);
	while (fill_wanted(x)) {
		unsigned slot = x->out.filled;
		size_t used = 0;
		bool end = false;
		enum rc rc;

		mutex_unlock(&x->mutex);
		rc = slot_fill(x, slots_bytes(&x->out, slot), x->out.slot_size,
		    &used, &end);
		if (rc != RC_OK)
			log_error(&x->op, "http-content-failed",
			    "rc=%s error=\"%s\"", rc_name(rc),
			    op_error(&x->op, rc));
		mutex_lock(&x->mutex);
		x->out_failed = rc != RC_OK;
		x->out_end = end;
		x->out.used[slot % x->out.n] = used;
		if (rc == RC_OK && used > 0)
			x->out.filled++;
		wake(x);
	}
	mutex_unlock(&x->mutex);
}

/* Reads the first piece, while an honest status can still be sent. */
static enum rc
source_begin(struct exchange *x)
{
	struct answer *answer = &x->answer;
	size_t used;
	bool end;

	if (answer->size == HTTP_SIZE_UNKNOWN && x->head.http_1_0)
		FAIL(&x->op, RC_LIMIT,
		    "HTTP/1.0 cannot take a content of unknown size");
	if (answer->size == 0) {
		answer->kind = ANSWER_EMPTY;
		source_release(answer);
		return RC_OK;
	}
	TRY(slots_init(&x->op, &x->out, answer->size));
	TRY(slot_fill(x, x->out.bytes, x->out.slot_size, &used, &end));
	x->out.used[0] = used;
	x->out.filled = used > 0;
	x->out_end = end;
	return RC_OK;
}

/* The content that this method and status do not carry. */
static void
answer_trim(struct exchange *x)
{
	struct answer *answer = &x->answer;
	bool bare = x->req.method == HTTP_HEAD || answer->status == 304;

	if (answer->status == 204) {
		answer_clear(answer);
	} else if (bare && answer->kind == ANSWER_SOURCE) {
		source_release(answer);
		answer->kind = ANSWER_SIZE;
	}
}

void
exchange_settle(struct exchange *x)
{
	struct answer *answer = &x->answer;
	enum rc rc = RC_OK;

	if (x->settled)
		return;
	if (answer->status == 0) {
		log_error(
		    &x->op, "http-no-answer", "route=%s", x->req.route->prefix);
		http_fail(&x->req, RC_IO);
	}
	answer_trim(x);
	if (answer->kind == ANSWER_SOURCE) {
		rc = source_begin(x);
		if (rc != RC_OK && x->head.http_1_0 && rc == RC_LIMIT)
			http_problem(&x->req, 505, "http-version",
			    "Use HTTP/1.1", "HTTP/1.1 をお使いください",
			    op_error(&x->op, rc));
		else if (rc != RC_OK)
			http_fail(&x->req, rc);
	}
	if (answer->kind != ANSWER_SOURCE)
		do_release(x);
	mutex_lock(&x->mutex);
	x->settled = true;
	mutex_unlock(&x->mutex);
}

/* After one of the handler's functions. */
static void
handled(struct exchange *x, enum rc rc)
{
	if (rc != RC_OK && x->answer.status == 0)
		http_fail(&x->req, rc);
	if (x->answer.status != 0)
		exchange_settle(x);
}

static void
do_begin(struct exchange *x)
{
	const struct http_handler *handler = x->req.route->handler;

	x->begun = true;
	if (handler->begin != NULL)
		handled(x, handler->begin(&x->req));
}

/* Gives what has come to body, until nothing is left. */
static void
do_body(struct exchange *x)
{
	const struct http_handler *handler = x->req.route->handler;

	mutex_lock(&x->mutex);
	while (x->in.filled != x->in.taken) {
		unsigned slot = x->in.taken;
		struct span bytes = span_of(
		    slots_bytes(&x->in, slot), x->in.used[slot % x->in.n]);
		bool wanted = !x->settled;

		mutex_unlock(&x->mutex);
		if (wanted)
			handled(x, handler->body(&x->req, bytes));
		mutex_lock(&x->mutex);
		x->in.used[slot % x->in.n] = 0;
		x->in.taken++;
		wake(x);
	}
	mutex_unlock(&x->mutex);
}

static bool
is_deferred(struct exchange *x)
{
	MUTEX_GUARD(&x->mutex);

	return x->deferred;
}

static void
do_end(struct exchange *x)
{
	const struct http_handler *handler = x->req.route->handler;
	enum rc rc = RC_OK;

	if (x->settled || is_deferred(x))
		return;
	/* begin deferred, and http_complete was quicker than we. */
	if (x->answer.status == 0)
		rc = handler->end(&x->req);
	if (is_deferred(x))
		return;
	handled(x, rc);
	exchange_settle(x);
}

static void
do_all(struct exchange *x, unsigned todo)
{
	if (todo & TODO_BEGIN)
		do_begin(x);
	if (todo & TODO_BODY)
		do_body(x);
	if (todo & TODO_END)
		do_end(x);
	if (todo & TODO_SETTLE)
		exchange_settle(x);
	if (todo & TODO_FILL)
		do_fill(x);
	if (todo & TODO_RELEASE)
		do_release(x);
}

void
exchange_work(struct work *work)
{
	struct exchange *x = container_of(work, struct exchange, work);
	unsigned todo;

	for (;;) {
		mutex_lock(&x->mutex);
		todo = x->todo;
		x->todo = 0;
		if (todo == 0)
			break;
		mutex_unlock(&x->mutex);
		do_all(x, todo);
	}
	x->working = false;
	wake(x);
	mutex_unlock(&x->mutex);
	exchange_unref(x);
}

void
http_defer(struct http_request *req)
{
	struct exchange *x = exchange_of(req);
	struct registry *registry = &x->server->registry;

	mutex_lock(&registry->mutex);
	registry->n_deferred++;
	mutex_unlock(&registry->mutex);
	mutex_lock(&x->mutex);
	x->deferred = true;
	atomic_fetch_add(&x->refs, 1);
	mutex_unlock(&x->mutex);
}

/* The caller's thread is out of libmicrohttpd: the server may stop (H13). */
static void
deferred_end(struct http_server *server)
{
	struct registry *registry = &server->registry;
	MUTEX_GUARD(&registry->mutex);

	if (--registry->n_deferred == 0 && atomic_load(&server->draining))
		cond_broadcast(&registry->changed);
}

void
http_complete(struct http_request *req, enum rc rc)
{
	struct exchange *x = exchange_of(req);
	struct http_server *server = x->server;
	bool here;

	if (rc != RC_OK && x->answer.status == 0)
		http_fail(req, rc);
	mutex_lock(&x->mutex);
	x->deferred = false;
	x->todo |= TODO_SETTLE;
	/* The worker that deferred it goes on, where it is still there. */
	here = !x->working;
	x->working = true;
	mutex_unlock(&x->mutex);
	if (here)
		exchange_work(&x->work);
	else
		exchange_unref(x);
	deferred_end(server);
}

bool
http_aborted(const struct http_request *req)
{
	struct exchange *x = exchange_of(req);
	MUTEX_GUARD(&x->mutex);

	return x->aborted;
}
