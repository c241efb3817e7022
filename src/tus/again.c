/* again.c - Idempotency-Key of creations: the row says which upload was made.
 */
#include "tus/again.h"

#include "base/clock.h"
#include "door/answered.h"
#include "door/id.h"

enum { REQUEST_LIMIT = 32 << 10 };

/* The body is the upload's id. */
static enum rc
row_read(struct op *op, struct again *again, const struct idempotency *row)
{
	struct answered answer;

	again->found = true;
	again->other =
	    !hash_equal(row->request, again->request, sizeof(again->request));
	if (again->other)
		return RC_OK;
	TRY(answered_read(op, row->result, &answer));
	if (!door_id_parse(answer.body, &again->id))
		FAIL(op, RC_DAMAGED, "an answer that was kept is no upload's");
	return RC_OK;
}

static enum rc
find_row(struct op *op, struct meta *meta, int64_t now, struct again *again)
{
	struct idempotency row;
	enum rc rc;

	again->found = false;
	rc = idempotency_get(op, meta, again->key, now, &row);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	return row_read(op, again, &row);
}

/* ---- inside the change ---- */

static enum rc
hook_before(
    struct op *op, struct tx *tx, struct change_hook *hook, bool *ret_skip)
{
	struct again *again = container_of(hook, struct again, hook);

	TRY(find_row(op, tx->meta, tx->now, again));
	*ret_skip = again->found;
	return RC_OK;
}

static enum rc
hook_after(struct op *op, struct tx *tx, struct change_hook *hook)
{
	struct again *again = container_of(hook, struct again, hook);
	struct idempotency row = {.expires_at = tx->now + CLOCK_DAY};
	struct answered answer = {.status = 201, .number = tx->number};
	char id[DOOR_ID_SIZE];

	door_id(*again->made, id);
	answer.body = span_str(id);
	TRY(answered_write(op, &answer, &row.result));
	memcpy(row.key, again->key, sizeof(row.key));
	memcpy(row.request, again->request, sizeof(row.request));
	return idempotency_put(op, tx->meta, &row);
}

/* ---- before it ---- */

/* What is asked for; the bytes that may come with it are not looked at. */
static enum rc
request_text(struct http_request *req, struct buf *text)
{
	static const char *const names[] = {"Upload-Length",
	    "Upload-Defer-Length", "Upload-Metadata", "If-Match",
	    "If-None-Match"};
	const char *value;
	size_t i;

	TRY(buf_add(req->op, text, span_of("POST\0/uploads", 14)));
	for (i = 0; i < ARRAY_LEN(names); i++) {
		TRY(http_header_all(req, names[i], &value));
		value = value != NULL ? value : "";
		TRY(buf_add(req->op, text, span_of(value, strlen(value) + 1)));
	}
	return RC_OK;
}

static enum rc
look(struct tus *tus, struct again *again, const char *key)
{
	int64_t now = service_clock_now(&tus->door->service->clock);
	CLEANUP(buf_release) struct buf text = {.limit = REQUEST_LIMIT};
	struct op *op = tus->req->op;
	struct reader *reader;
	enum rc rc;

	TRY(request_text(tus->req, &text));
	TRY(tenant_reader(op, tus->tenant, &reader));
	idempotency_key(
	    &reader->meta, op->actor.member, span_str(key), again->key);
	idempotency_request(&reader->meta, buf_span(&text), again->request);
	rc = find_row(op, &reader->meta, now, again);
	tenant_reader_put(tus->tenant, reader);
	return rc;
}

enum rc
again_open(struct tus *tus, struct again *again, const int64_t *made)
{
	struct op *op = tus->req->op;
	const char *key;

	TRY(answered_key(tus->req, &key));
	if (key == NULL)
		return RC_OK;
	again->keyed = true;
	again->made = made;
	again->hook = (struct change_hook){hook_before, hook_after};
	TRY(look(tus, again, key));
	op->hook = &again->hook;
	return RC_OK;
}

void
again_close(struct tus *tus)
{
	tus->req->op->hook = NULL;
}

/* ---- the answer ---- */

enum rc
again_answer(struct tus *tus, const struct again *again)
{
	struct http_request *req = tus->req;
	struct resumable_state state;

	if (again->other) {
		answered_other(req);
		return RC_OK;
	}
	tus->id = again->id;
	TRY(resumable_get(req->op, tus->tenant, tus->id, &state));
	TRY(tus_address(tus));
	TRY(tus_tell(req, &state));
	http_respond(req, 201);
	return RC_OK;
}
