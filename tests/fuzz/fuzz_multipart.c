/* fuzz_multipart.c - multipart bodies: whole, and in pieces, they are the same.
 * The first byte is the size of the pieces. */
#include <stdlib.h>
#include <string.h>

#include "http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was told, one after the other. */
struct told {
	struct buf text;
	bool open; /* amid a part */
};

static enum rc
on_begin(void *arg, struct op *op)
{
	struct told *told = arg;

	if (told->open)
		abort();
	told->open = true;
	return buf_add_str(op, &told->text, "\1begin");
}

static enum rc
on_header(void *arg, struct op *op, const char *name, const char *value)
{
	struct told *told = arg;
	struct span file;

	if (multipart_file_name(op, value, &file) == RC_OK &&
	    file.data[file.size] != '\0')
		abort();
	op_clear_error(op);
	TRY(buf_add_str(op, &told->text, "\1"));
	TRY(buf_add_str(op, &told->text, name));
	return buf_add_str(op, &told->text, value);
}

static enum rc
on_head_end(void *arg, struct op *op)
{
	struct told *told = arg;

	return buf_add_str(op, &told->text, "\1body");
}

static enum rc
on_data(void *arg, struct op *op, struct span bytes)
{
	struct told *told = arg;

	return buf_add(op, &told->text, bytes);
}

static enum rc
on_end(void *arg, struct op *op)
{
	struct told *told = arg;

	told->open = false;
	return buf_add_str(op, &told->text, "\1end");
}

static const struct multipart_handler handler = {
    on_begin, on_header, on_head_end, on_data, on_end};

static enum rc
parse(struct span body, size_t piece, struct told *told)
{
	struct multipart multipart;
	struct op op;
	enum rc rc;

	op_init(&op);
	rc = multipart_init(
	    &op, &multipart, "multipart/mixed; boundary=b", &handler, told);
	while (rc == RC_OK && body.size > 0) {
		size_t n = body.size < piece ? body.size : piece;

		rc = multipart_feed(&op, &multipart, span_of(body.data, n));
		body = span_of(body.data + n, body.size - n);
	}
	if (rc == RC_OK)
		rc = multipart_end(&op, &multipart);
	multipart_release(&multipart);
	op_release(&op);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told whole = {.text.limit = 1 << 22};
	struct told pieces = {.text.limit = 1 << 22};
	struct span body;
	enum rc rc;

	if (size < 1 || size > 60000)
		return 0;
	body = span_of(data + 1, size - 1);
	rc = parse(body, size, &whole);
	if (parse(body, 1 + data[0] % 64, &pieces) != rc)
		abort();
	/* After a failure pieces may have told of bytes before it. */
	if (rc == RC_OK &&
	    !span_equal(buf_span(&whole.text), buf_span(&pieces.text)))
		abort();
	if (rc == RC_OK && whole.open)
		abort();
	buf_release(&whole.text);
	buf_release(&pieces.text);
	return 0;
}
