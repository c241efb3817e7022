/* answer.c - from an answer to libmicrohttpd's response (H8), or to bytes on
 * the session (H5). */
#include <inttypes.h>
#include <microhttpd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http/date.h"
#include "http/exchange.h"

static void
source_drop(struct answer *answer)
{
	if (!answer->source_open)
		return;
	answer->source_open = false;
	if (answer->source.release != NULL)
		answer->source.release(answer->source.arg);
}

void
answer_clear(struct answer *answer)
{
	source_drop(answer);
	buf_release(&answer->memory);
	answer->kind = ANSWER_EMPTY;
	answer->type = NULL;
	answer->size = 0;
}

void
answer_release(struct answer *answer)
{
	answer_clear(answer);
}

/*
 * H8: an error midway ends the connection, so that the client notices. Not by
 * MHD_CONTENT_READER_END_WITH_ERROR: after a resume libmicrohttpd asks from its
 * idle handler, closes there, and never cleans such a connection up (it is in
 * no epoll set then). A byte for a socket that is shut down fails where it
 * should.
 */
static ssize_t
answer_cut(struct exchange *x, char *out)
{
	(void)shutdown(x->connection->fd, SHUT_RDWR);
	*out = '\0';
	return 1;
}

/*
 * libmicrohttpd wants bytes (H14). It calls this on the event thread, and at
 * the end of a slot has the worker read on.
 */
static ssize_t
answer_read(void *arg, uint64_t position, char *out, size_t max)
{
	struct exchange *x = arg;
	struct slots *slots = &x->out;
	size_t n, used;
	MUTEX_GUARD(&x->mutex);

	(void)position;
	if (slots->filled == slots->taken) {
		if (x->out_failed)
			return answer_cut(x, out);
		if (x->out_end)
			return MHD_CONTENT_READER_END_OF_STREAM;
		x->wait = WAIT_BYTES;
		connection_phase(x->connection, PHASE_OURS);
		MHD_suspend_connection(x->mhd);
		exchange_schedule(x, TODO_FILL, x->server->bytes_pool);
		return 0;
	}
	connection_phase(x->connection, PHASE_ANSWER);
	used = slots->used[slots->taken % slots->n] - slots->at;
	n = used < max ? used : max;
	memcpy(out, slots_bytes(slots, slots->taken) + slots->at, n);
	slots->at += n;
	if (n == used) {
		slots->at = 0;
		slots->taken++;
		if (!x->out_end && !x->out_failed)
			exchange_schedule(x, TODO_FILL, x->server->bytes_pool);
	}
	return (ssize_t)n;
}

static struct MHD_Response *
response_make(struct exchange *x)
{
	struct answer *answer = &x->answer;
	uint64_t size =
	    answer->size == HTTP_SIZE_UNKNOWN ? MHD_SIZE_UNKNOWN : answer->size;
	struct MHD_Response *response;

	switch (answer->kind) {
	case ANSWER_SOURCE:
	case ANSWER_SIZE:
		response = MHD_create_response_from_callback(
		    size, ANSWER_BLOCK, answer_read, x, NULL);
		/*
		 * H8: HEAD without a size. With neither a length nor chunks the
		 * head is its own end; only closing tells libmicrohttpd to
		 * leave both out.
		 */
		if (response != NULL && answer->kind == ANSWER_SIZE &&
		    size == MHD_SIZE_UNKNOWN)
			(void)MHD_set_response_options(response,
			    MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
		return response;
	case ANSWER_EMPTY:
	case ANSWER_MEMORY:
		break;
	}
	return MHD_create_response_from_buffer(
	    answer->memory.size, answer->memory.data, MHD_RESPMEM_PERSISTENT);
}

/* Calls each for all headers of the answer; false as soon as it says so. */
static bool
fields_each(struct exchange *x,
    bool (*each)(void *arg, const char *name, const char *value), void *arg)
{
	const struct answer_field *field;

	for (field = x->answer.fields; field != NULL; field = field->next)
		if (!each(arg, field->name, field->value))
			return false;
	if (x->answer.type != NULL &&
	    !each(arg, "Content-Type", x->answer.type))
		return false;
	return each(arg, "Dozo-Request-Id", x->op.request_id);
}

static bool
field_to_response(void *arg, const char *name, const char *value)
{
	return MHD_add_response_header(arg, name, value) == MHD_YES;
}

/*
 * Whether the connection ends with this answer: at a drain, and after a chunked
 * content that came through a proxy, whose reading of chunks may differ from
 * libmicrohttpd's (it takes bare LF there): nothing may follow on it (H6).
 */
static bool
must_close(const struct exchange *x)
{
	return x->close || atomic_load(&x->server->draining) ||
	       (x->connection->trusted && x->head.has_body &&
		   x->head.content_length == GUARD_SIZE_UNKNOWN);
}

bool
answer_queue(struct exchange *x)
{
	struct MHD_Response *response = response_make(x);
	bool queued;

	if (response == NULL)
		return false;
	queued = fields_each(x, field_to_response, response);
	if (queued && must_close(x))
		queued = field_to_response(response, "Connection", "close");
	connection_phase(x->connection, PHASE_ANSWER);
	if (queued)
		queued = MHD_queue_response(x->mhd, (unsigned)x->answer.status,
			     response) == MHD_YES;
	MHD_destroy_response(response);
	x->step = STEP_SENT;
	return queued;
}

struct raw {
	struct op *op;
	struct buf bytes;
};

static bool
field_to_raw(void *arg, const char *name, const char *value)
{
	struct raw *raw = arg;

	return buf_add_format(
		   raw->op, &raw->bytes, "%s: %s\r\n", name, value) == RC_OK;
}

/* The answer as it goes over the wire. A source's content is left out: refusals
 * have none. */
static bool
raw_build(struct exchange *x, struct raw *raw)
{
	const struct answer *answer = &x->answer;
	struct span content = span_of(NULL, 0);
	char date[DATE_SIZE];

	if (answer->kind == ANSWER_MEMORY)
		content = buf_span(&answer->memory);
	date_format(date, clock_wall() / CLOCK_S);
	return buf_add_format(raw->op, &raw->bytes,
		   "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\n"
		   "Content-Length: %zu\r\n",
		   answer->status,
		   MHD_get_reason_phrase_for((unsigned)answer->status), date,
		   content.size) == RC_OK &&
	       fields_each(x, field_to_raw, raw) &&
	       buf_add_str(raw->op, &raw->bytes, "\r\n") == RC_OK &&
	       buf_add(raw->op, &raw->bytes, content) == RC_OK;
}

bool
answer_send_raw(struct exchange *x)
{
	struct raw raw = {.op = &x->op, .bytes = {.limit = 64 << 10}};
	bool sent = raw_build(x, &raw) &&
		    tls_send_all(&x->connection->tls, buf_span(&raw.bytes));

	buf_release(&raw.bytes);
	x->step = STEP_SENT;
	return sent;
}
