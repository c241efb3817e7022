/* exchange.c - the event thread's side of an exchange: a step for each call of
 * libmicrohttpd (H2 to H6). */
#include "http/exchange.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct exchange *
exchange_open(struct connection *connection, struct MHD_Connection *mhd,
    const char *target)
{
	struct exchange *x = mem_alloc(sizeof(*x));
	char *copy;

	if (x == NULL)
		return NULL;
	op_init(&x->op);
	mutex_init(&x->mutex);
	atomic_init(&x->refs, 1);
	x->req.op = &x->op;
	x->server = connection->server;
	x->connection = connection;
	x->mhd = mhd;
	x->work.run = exchange_work;
	buf_init(&x->answer.memory, 0);
	/* Before libmicrohttpd cuts the query up (H7). */
	if (op_format(&x->op, &copy, "%s", target != NULL ? target : "") ==
	    RC_OK)
		x->raw_target = copy;
	atomic_fetch_add(&connection->server->requests, 1);
	return x;
}

/* What is on its way from the client stays readable after the close (H5). */
static void
close_after(struct exchange *x)
{
	x->close = true;
	x->connection->linger = true;
}

/* Suspends until a worker has done what todo says. */
static void
run(struct exchange *x, unsigned todo, struct work_pool *pool)
{
	MUTEX_GUARD(&x->mutex);

	x->wait = WAIT_WORK;
	connection_phase(x->connection, PHASE_OURS);
	MHD_suspend_connection(x->mhd);
	exchange_schedule(x, todo, pool);
}

static struct work_pool *
pool_of(const struct exchange *x)
{
	return x->req.route->slow ? x->server->bytes_pool
				  : x->server->short_pool;
}

static bool
is_settled(struct exchange *x)
{
	MUTEX_GUARD(&x->mutex);

	return x->settled;
}

/* The head */

static bool
token_in(const char *list, const char *token)
{
	size_t size = strlen(token);

	while (list != NULL && *list != '\0') {
		list += strspn(list, " \t,");
		if (strncasecmp(list, token, size) == 0 &&
		    strchr(", \t", list[size]) != NULL)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

/* The client's address, for limits, audit and logs (HTTP.md 3). */
static enum rc
client_find(struct exchange *x)
{
	const struct http_server *server = x->server;
	enum proxy_header kind = server->config.proxy_header;
	const char *list = NULL;

	x->req.client = x->connection->client;
	if (x->connection->trusted && kind != PROXY_HEADER_NONE)
		TRY(http_header_all(&x->req,
		    kind == PROXY_FORWARDED ? "Forwarded" : "X-Forwarded-For",
		    &list));
	if (list != NULL)
		proxy_client(kind, list, server->trusted, server->n_trusted,
		    &x->req.client);
	address_text(x->op.actor.address, &x->req.client);
	return RC_OK;
}

/* Refused before any door: 400 and 501 end the connection, whose framing may be
 * a trick. */
static void
refuse_head(struct exchange *x, int status, const char *type,
    const char *title_en, const char *title_ja)
{
	http_problem(&x->req, status, type, title_en, title_ja,
	    op_error(&x->op, RC_INVALID));
	close_after(x);
}

static void
refuse_guard(struct exchange *x, int status)
{
	if (status == 501)
		refuse_head(x, status, "not-implemented", "Not implemented",
		    "対応していません");
	else if (status == 417)
		refuse_head(x, status, "expectation-failed",
		    "Expectation failed", "Expect に対応できません");
	else if (status == 431)
		refuse_head(x, status, "head-too-large",
		    "The head is too large", "ヘッダーが大きすぎます");
	else if (status == 505)
		refuse_head(x, status, "http-version", "Use HTTP/1.1",
		    "HTTP/1.1 をお使いください");
	else
		refuse_head(x, status, "malformed", "Malformed request",
		    "リクエストの形式が正しくありません");
}

/* The guard over the bytes that libmicrohttpd has parsed (H6); false: refused,
 * or no memory. */
static bool
head_guard(struct exchange *x, const char *method)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	int status = 0;
	enum rc rc;

	rc = guard_check(&x->op,
	    span_of(method, info != NULL ? info->header_size : 0),
	    strlen(x->raw_target), &status, &x->head);
	if (rc != RC_OK)
		http_fail(&x->req, rc);
	else if (status != 0)
		refuse_guard(x, status);
	return rc == RC_OK && status == 0;
}

static void
refuse_method(struct exchange *x)
{
	CLEANUP(buf_release) struct buf allow = {.limit = 512};

	http_problem(&x->req, 405, "method", "Not a method for this address",
	    "この URL では使えないメソッドです", NULL);
	if (http_methods_text(&x->op, x->req.route->methods, &allow) == RC_OK &&
	    buf_add(&x->op, &allow, span_of("", 1)) == RC_OK)
		(void)!http_set_header(
		    &x->req, "Allow", (const char *)allow.data);
}

/* OPTIONS *: what the server as a whole can do. */
static void
answer_asterisk(struct exchange *x)
{
	if (x->req.method == HTTP_OPTIONS)
		http_respond(&x->req, 204);
	else
		http_problem(&x->req, 400, "malformed", "Malformed request",
		    "リクエストの形式が正しくありません", NULL);
}

/* Finds who answers; false: an answer stands. */
static bool
head_route(struct exchange *x)
{
	struct http_request *req = &x->req;
	enum rc rc;

	if (!http_method_parse(span_str(x->head.method), &req->method)) {
		(void)!op_fail(
		    &x->op, RC_INVALID, "method %.20s", x->head.method);
		refuse_guard(x, 501);
		return false;
	}
	rc = target_parse(&x->op, span_str(x->raw_target), &req->target);
	if (rc != RC_OK) {
		refuse_guard(x, 400);
		if (rc == RC_LIMIT)
			x->answer.status = 414;
		return false;
	}
	if (req->target.form == TARGET_ASTERISK) {
		answer_asterisk(x);
		return false;
	}
	req->route = router_find(x->server->routes, x->server->n_routes,
	    &req->target, &req->prefix_segments);
	if (req->route == NULL)
		http_fail(req, RC_NOT_FOUND);
	else if ((req->route->methods & HTTP_ALLOW(req->method)) == 0)
		refuse_method(x);
	else if (x->head.has_body && req->route->handler->body == NULL)
		http_problem(req, 413, "limit", "No content is taken here",
		    "ここでは本文を受け付けません", NULL);
	return !http_responded(req);
}

/* Reads the head; false: an answer stands already. */
static bool
head_read(struct exchange *x, const char *method)
{
	struct http_request *req = &x->req;
	const char *connection;

	if (!head_guard(x, method))
		return false;
	req->has_content = x->head.has_body;
	req->content_length = x->head.content_length;
	req->expects_continue = x->head.expects_continue;
	if (client_find(x) != RC_OK ||
	    http_header_all(req, "Connection", &connection) != RC_OK) {
		http_fail(req, RC_NO_MEMORY);
		return false;
	}
	req->goes_on = x->head.http_1_0 ? token_in(connection, "keep-alive")
					: !token_in(connection, "close");
	return head_route(x);
}

/* Refusals (H5) */

/* What is left of the content, or HTTP_SIZE_UNKNOWN. */
static uint64_t
content_left(const struct exchange *x)
{
	if (x->head.content_length == GUARD_SIZE_UNKNOWN)
		return HTTP_SIZE_UNKNOWN;
	return x->head.content_length - x->received;
}

/* Before the content: an answer stands. */
static bool
refuse_early(struct exchange *x)
{
	/*
	 * A client that waits for 100 gets the answer in its place. Little is
	 * read away, so that the connection can go on. Much is not: the answer
	 * goes out, and what still comes is read away after the close.
	 */
	if (!x->close && !x->head.expects_continue &&
	    content_left(x) <= DISCARD_MAX) {
		x->step = STEP_DISCARD;
		connection_phase(x->connection, PHASE_BODY);
		return true;
	}
	close_after(x);
	return answer_queue(x);
}

/* Amid the content, where libmicrohttpd takes no answer. */
static bool
refuse_amid(struct exchange *x, size_t *size)
{
	if (content_left(x) - *size <= DISCARD_MAX) {
		x->received += *size;
		*size = 0;
		x->step = STEP_DISCARD;
		return true;
	}
	close_after(x);
	(void)!answer_send_raw(x);
	return false;
}

/* Content */

/* Copies into the slot that is being filled; the event thread owns it. */
static size_t
slot_put(struct slots *slots, const char *data, size_t size)
{
	size_t *used = &slots->used[slots->filled % slots->n];
	size_t room = slots->slot_size - *used;
	size_t n = size < room ? size : room;

	memcpy(slots_bytes(slots, slots->filled) + *used, data, n);
	*used += n;
	return n;
}

/* Takes bytes of the content (H4): suspends only where both slots are full. */
static bool
body_take(struct exchange *x, const char *data, size_t *size)
{
	struct slots *in = &x->in;
	bool go_on = true;

	if (in->bytes == NULL &&
	    slots_init(&x->op, in, x->head.content_length) != RC_OK)
		return false;
	while (*size > 0 && go_on) {
		size_t n = slot_put(in, data, *size);

		data += n;
		*size -= n;
		x->received += n;
		atomic_fetch_add(&x->connection->content, n);
		mutex_lock(&x->mutex);
		if (in->used[in->filled % in->n] == in->slot_size) {
			in->filled++;
			exchange_schedule(x, TODO_BODY, x->server->bytes_pool);
		}
		if (slots_full(in)) {
			x->wait = WAIT_ROOM;
			connection_phase(x->connection, PHASE_OURS);
			MHD_suspend_connection(x->mhd);
			go_on = false;
		}
		mutex_unlock(&x->mutex);
	}
	return true;
}

static bool
step_body(struct exchange *x, const char *data, size_t *size)
{
	if (*size > 0) {
		connection_phase(x->connection, PHASE_BODY);
		if (is_settled(x))
			return refuse_amid(x, size);
		return body_take(x, data, size);
	}
	/* The content is complete. */
	mutex_lock(&x->mutex);
	if (x->in.bytes != NULL && !slots_full(&x->in) &&
	    x->in.used[x->in.filled % x->in.n] > 0)
		x->in.filled++;
	mutex_unlock(&x->mutex);
	x->step = STEP_END;
	run(x, TODO_BODY | TODO_END, pool_of(x));
	return true;
}

/* Steps */

/* After begin: it has answered, or takes the content. */
static bool
step_begin(struct exchange *x)
{
	if (is_settled(x))
		return refuse_early(x);
	x->step = STEP_BODY;
	connection_phase(x->connection, PHASE_BODY);
	return true;
}

/* The first call; an answer in it would close the connection (H2). */
static bool
step_head(struct exchange *x, const char *method)
{
	bool pass = head_read(x, method);

	connection_phase(x->connection, PHASE_BODY);
	if (!pass) {
		x->settled = true;
		x->step = STEP_END;
		if (x->close)
			return answer_queue(x);
		return !x->head.has_body || refuse_early(x);
	}
	if (!x->head.has_body) {
		x->step = STEP_RUN;
	} else if (x->head.content_length <= GATHER_MAX &&
		   !x->head.expects_continue) {
		x->step = STEP_GATHER;
	} else {
		x->step = STEP_BEGIN;
		run(x, TODO_BEGIN, pool_of(x));
	}
	return true;
}

static bool
step_run(struct exchange *x)
{
	const struct http_handler *handler = x->req.route->handler;

	x->step = STEP_END;
	if (handler->at_once != NULL)
		handler->at_once(&x->req);
	if (http_responded(&x->req)) {
		exchange_settle(x);
		return answer_queue(x);
	}
	run(x, TODO_BEGIN | TODO_END, pool_of(x));
	return true;
}

static bool
step_gather(struct exchange *x, const char *data, size_t *size)
{
	if (*size > 0) {
		struct slots *in = &x->in;
		size_t n;

		if (in->bytes == NULL &&
		    slots_init(&x->op, in, x->head.content_length) != RC_OK)
			return false;
		n = slot_put(in, data, *size);
		*size -= n;
		x->received += n;
		atomic_fetch_add(&x->connection->content, n);
		return *size == 0; /* never more than was told */
	}
	mutex_lock(&x->mutex);
	x->in.filled = 1;
	mutex_unlock(&x->mutex);
	x->step = STEP_END;
	run(x, TODO_BEGIN | TODO_BODY | TODO_END, pool_of(x));
	return true;
}

static bool
step_discard(struct exchange *x, size_t *size)
{
	if (*size == 0)
		return answer_queue(x);
	x->received += *size;
	atomic_fetch_add(&x->connection->content, *size);
	*size = 0;
	return true;
}

bool
exchange_step(
    struct exchange *x, const char *method, const char *data, size_t *size)
{
	if (x->raw_target == NULL)
		return false;
	switch (x->step) {
	case STEP_HEAD:
		return step_head(x, method);
	case STEP_BEGIN:
		return step_begin(x);
	case STEP_GATHER:
		return step_gather(x, data, size);
	case STEP_BODY:
		return step_body(x, data, size);
	case STEP_DISCARD:
		return step_discard(x, size);
	case STEP_RUN:
		return step_run(x);
	case STEP_END:
		return is_settled(x) && answer_queue(x);
	case STEP_SENT:
		break;
	}
	return false;
}

void
exchange_done(struct exchange *x, bool complete)
{
	mutex_lock(&x->mutex);
	x->gone = true;
	x->aborted = !complete;
	/* What came is given to body, also where the rest never will. */
	if (x->step == STEP_BODY && x->in.bytes != NULL &&
	    !slots_full(&x->in) && x->in.used[x->in.filled % x->in.n] > 0)
		x->in.filled++;
	/* While a job runs the rest is its business, and it looks for more at
	 * its end. */
	if (x->working || x->answer.source_open || (x->begun && !x->released))
		exchange_schedule(x, TODO_BODY | TODO_RELEASE, pool_of(x));
	mutex_unlock(&x->mutex);
	/* libmicrohttpd's own refusals end the connection too (H5). */
	if (x->step == STEP_HEAD)
		x->connection->linger = true;
	connection_phase(x->connection, PHASE_IDLE);
	exchange_unref(x);
}
