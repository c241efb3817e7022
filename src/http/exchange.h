/*
 * exchange.h - one request and its answer, inside the server: shared by its
 * event thread (exchange.c), which feeds libmicrohttpd, and a worker
 * (exchange_work.c), which runs the door's handler. One job of an exchange runs
 * at a time.
 */
#ifndef DOZO_HTTP_EXCHANGE_H
#define DOZO_HTTP_EXCHANGE_H

#include "base/thread.h"
#include "http/guard.h"
#include "http/inside.h"
#include "http/request.h"

enum {
	SLOT_SIZE = 128 << 10, /* a piece between the threads (H4, H14) */
	GATHER_MAX = 16 << 10, /* a content read whole before begin */
	DISCARD_MAX = 1 << 20, /* a refused content's rest read away (H5) */
	ANSWER_BLOCK = 64 << 10, /* what libmicrohttpd asks for (H14) */
};

/*
 * Two slots that one thread fills while the other empties: slot filled % 2 is
 * the filler's, slot taken % 2 the taker's where filled != taken. The counters
 * are guarded by the exchange's mutex, a slot's bytes belong to who has it.
 */
struct slots {
	uint8_t *bytes; /* NULL: not allocated yet */
	size_t slot_size;
	unsigned n; /* 1 or 2 */
	size_t used[2];
	unsigned filled;
	unsigned taken;
	size_t at; /* the taker's place in its slot */
};

enum answer_kind { ANSWER_EMPTY, ANSWER_SIZE, ANSWER_MEMORY, ANSWER_SOURCE };

struct answer_field {
	struct answer_field *next;
	const char *name;
	const char *value;
};

struct answer {
	int status; /* 0: none yet */
	enum answer_kind kind;
	const char *type; /* Content-Type, or NULL; in the op's arena */
	uint64_t size; /* of a source, or as declared */
	struct buf memory;
	struct http_source source;
	bool source_open; /* its release is still owed */
	struct answer_field *fields;
	struct answer_field **last_field;
};

/* The event thread's place. */
enum step {
	STEP_HEAD, /* nothing was looked at */
	STEP_BEGIN, /* begin runs */
	STEP_GATHER, /* a small content is read whole */
	STEP_BODY, /* a content comes in and goes to body */
	STEP_DISCARD, /* the rest of a refused content is read away */
	STEP_RUN, /* no content; the handler is to run */
	STEP_END, /* an answer stands, or end runs */
	STEP_SENT, /* libmicrohttpd has the answer */
};

/* What a worker is to do, in this order. */
enum todo {
	TODO_BEGIN = 1,
	TODO_BODY = 2,
	TODO_END = 4,
	TODO_SETTLE = 8,
	TODO_FILL = 16,
	TODO_RELEASE = 32,
};

/* Why libmicrohttpd's connection is suspended. */
enum wait {
	WAIT_NONE,
	WAIT_ROOM, /* until a slot for content is free */
	WAIT_WORK, /* until the answer stands or begin is done */
	WAIT_BYTES, /* until a piece of the answer is there */
};

struct exchange {
	struct http_request req;
	struct op op;
	struct http_server *server;
	struct connection *connection;
	struct MHD_Connection *mhd;
	const char *raw_target; /* in the arena */
	struct guard_head head;

	/* The event thread's. */
	enum step step;
	bool close; /* the connection ends after this answer */
	uint64_t received;

	struct mutex mutex; /* guards what follows, down to the blank line */
	atomic_uint refs;
	struct work work;
	unsigned todo;
	bool working;
	enum wait wait;
	bool settled; /* the answer stands and is ready to be sent */
	bool deferred;
	bool gone; /* libmicrohttpd is done with it */
	bool aborted; /* ... before the answer was complete */
	struct slots in;
	struct slots out;
	bool out_end;
	bool out_failed;

	/* The worker's; before the first job and after `settled` the event
	 * thread's. */
	struct answer answer;
	bool begun; /* release is owed */
	bool released; /* ... and done */
	uint64_t out_read;
};

/* Content: 0 < size. RC_NO_MEMORY. */
enum rc
slots_init(struct op *op, struct slots *slots, uint64_t size) MUST_CHECK;
void slots_release(struct slots *slots);

/* With the mutex held. */
static inline bool
slots_full(const struct slots *slots)
{
	return slots->filled - slots->taken == slots->n;
}

static inline uint8_t *
slots_bytes(const struct slots *slots, unsigned count)
{
	return slots->bytes + (count % slots->n) * slots->slot_size;
}

static inline struct exchange *
exchange_of(const struct http_request *req)
{
	union {
		const struct http_request *in;
		struct http_request
		    *out; /* it lies in an exchange, which is not const */
	} pointer = {.in = req};

	return container_of(pointer.out, struct exchange, req);
}

/* exchange.c; all on the event thread. */

/* When a request line has come; NULL without memory. */
struct exchange *exchange_open(struct connection *connection,
    struct MHD_Connection *mhd, const char *target);

/* A call of libmicrohttpd's handler; false: end the connection. */
bool exchange_step(
    struct exchange *x, const char *method, const char *data, size_t *size);

/* libmicrohttpd is done with it. */
void exchange_done(struct exchange *x, bool complete);

/* exchange_work.c */

/* With the mutex held: has a worker do what todo says. */
void
exchange_schedule(struct exchange *x, unsigned todo, struct work_pool *pool);

/* What an exchange's work runs. */
void exchange_work(struct work *work);

/* Any thread; the last one frees. */
void exchange_unref(struct exchange *x);

/* Makes the answer that stands (or the lack of one) ready to be sent; a worker,
 * or the event thread for answers of its own. */
void exchange_settle(struct exchange *x);

/* answer.c */

/* Forgets an answer's content, so that another can take its place. */
void answer_clear(struct answer *answer);
void answer_release(struct answer *answer);

/* Hands the answer to libmicrohttpd; false: end the connection. Event thread.
 */
bool answer_queue(struct exchange *x);

/* Writes an answer whole onto the session, past libmicrohttpd (H5); false: it
 * could not be written. Event thread. */
bool answer_send_raw(struct exchange *x);

#endif
