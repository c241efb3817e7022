/* answered.c - requests with an Idempotency-Key, and their answers in rows. */
#include "door/answered.h"

enum { KEY_MAX = 255, HEAD_SIZE = 26 };

enum rc
answered_key(struct http_request *req, const char **ret_key)
{
	const char *text = http_header(req, "Idempotency-Key");
	size_t i;

	*ret_key = text;
	if (text == NULL)
		return RC_OK;
	for (i = 0; text[i] > ' ' && text[i] < 127; i++)
		;
	if (i == 0 || i > KEY_MAX || text[i] != '\0')
		FAIL(req->op, RC_INVALID,
		    "Idempotency-Key has 1 to %d visible characters of ASCII",
		    KEY_MAX);
	return RC_OK;
}

static void
put_le(uint8_t *out, uint64_t value, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t
get_le(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	while (size > 0)
		value = value << 8 | bytes[--size];
	return value;
}

enum rc
answered_write(
    struct op *op, const struct answered *answer, struct span *ret_result)
{
	uint8_t *bytes;

	TRY(op_alloc(op, HEAD_SIZE + answer->body.size, &bytes));
	put_le(bytes, (uint64_t)answer->status, 2);
	put_le(bytes + 2, answer->number, 8);
	put_le(bytes + 10, (uint64_t)answer->etag.node, 8);
	put_le(bytes + 18, (uint64_t)answer->etag.tag, 8);
	if (answer->body.size > 0)
		memcpy(bytes + HEAD_SIZE, answer->body.data, answer->body.size);
	*ret_result = span_of(bytes, HEAD_SIZE + answer->body.size);
	return RC_OK;
}

enum rc
answered_read(struct op *op, struct span result, struct answered *ret)
{
	const uint8_t *bytes = result.data;

	if (result.size < HEAD_SIZE)
		FAIL(op, RC_DAMAGED, "an answer that was kept is too short");
	*ret = (struct answered){
	    .status = (int)get_le(bytes, 2),
	    .number = get_le(bytes + 2, 8),
	    .etag.node = (int64_t)get_le(bytes + 10, 8),
	    .etag.tag = (int64_t)get_le(bytes + 18, 8),
	    .body = span_of(bytes + HEAD_SIZE, result.size - HEAD_SIZE),
	};
	return RC_OK;
}

void
answered_other(struct http_request *req)
{
	http_problem(req, 422, "key-reused",
	    "This Idempotency-Key was used for another request",
	    "この Idempotency-Key は別の要求に使われています",
	    http_language(req) == HTTP_JA
		? "新しいキーで送信し直してください。"
		: "Send it again with a key of its own.");
}
