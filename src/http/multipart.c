/* multipart.c - parts between delimiters, whatever the pieces are that they
 * come in. */
#include "http/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http/utf8.h"

enum { PREAMBLE, DELIMITER, HEAD, BODY, DONE };

enum { PADDING_MAX = 64, PENDING_LIMIT = 1 << 20 };

/* ---- the boundary ---- */

static bool
is_boundary_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

static bool
is_boundary(struct span text)
{
	size_t i;

	if (text.size == 0 || text.size > MULTIPART_BOUNDARY_MAX ||
	    text.data[text.size - 1] == ' ')
		return false;
	for (i = 0; i < text.size; i++)
		if (!is_boundary_char(text.data[i]))
			return false;
	return true;
}

/* A parameter's value: a token or a quoted string without escapes. */
static struct span
value_of(const char *text)
{
	if (*text == '"') {
		size_t size = strcspn(++text, "\"\\");

		return span_of(text, text[size] == '"' ? size : 0);
	}
	return span_of(text, strcspn(text, "; \t"));
}

/* The value of name among ";name=value" parameters, or no data. */
static struct span
parameter(const char *text, const char *name)
{
	size_t size = strlen(name);

	while ((text = strchr(text, ';')) != NULL) {
		text += 1 + strspn(text + 1, " \t");
		if (strncasecmp(text, name, size) == 0 && text[size] == '=')
			return value_of(text + size + 1);
		/* What is quoted may hold a ';'. */
		text += strcspn(text, ";\"");
		if (*text == '"')
			text += 1 + strcspn(text + 1, "\"");
	}
	return span_of(NULL, 0);
}

enum rc
multipart_init(struct op *op, struct multipart *multipart,
    const char *content_type, const struct multipart_handler *handler,
    void *arg)
{
	struct span boundary;

	*multipart = (struct multipart){.handler = handler, .arg = arg};
	buf_init(&multipart->pending, PENDING_LIMIT);
	if (strncasecmp(content_type, "multipart/", 10) != 0)
		FAIL(op, RC_INVALID, "the content is not multipart");
	boundary = parameter(content_type, "boundary");
	if (!is_boundary(boundary))
		FAIL(op, RC_INVALID, "the multipart content has no boundary");
	multipart->delimiter_size =
	    (size_t)snprintf(multipart->delimiter, sizeof(multipart->delimiter),
		"\r\n--%.*s", (int)boundary.size, (const char *)boundary.data);
	/* The first delimiter may stand at the very beginning. */
	return buf_add_str(op, &multipart->pending, "\r\n");
}

void
multipart_release(struct multipart *multipart)
{
	buf_release(&multipart->pending);
}

/* ---- parsing: each step takes something off the front, or waits ---- */

static void
take(struct multipart *m, size_t n)
{
	m->pending.size -= n;
	memmove(m->pending.data, m->pending.data + n, m->pending.size);
}

/* Bytes up to the next delimiter; what may be its beginning is left. */
static enum rc
step_bytes(struct op *op, struct multipart *m, bool *ret_wait)
{
	struct span all = buf_span(&m->pending);
	const uint8_t *at =
	    memmem(all.data, all.size, m->delimiter, m->delimiter_size);
	size_t n = 0;

	if (at != NULL)
		n = (size_t)(at - all.data);
	else if (all.size >= m->delimiter_size)
		n = all.size - m->delimiter_size + 1;
	if (n > 0 && m->state == BODY)
		TRY(m->handler->data(m->arg, op, span_of(all.data, n)));
	*ret_wait = at == NULL;
	if (at == NULL) {
		take(m, n);
		return RC_OK;
	}
	if (m->state == BODY)
		TRY(m->handler->end(m->arg, op));
	take(m, n + m->delimiter_size);
	m->state = DELIMITER;
	return RC_OK;
}

/* Behind a delimiter: "--" ends all, blanks and a line's end begin a part. */
static enum rc
step_delimiter(struct op *op, struct multipart *m, bool *ret_wait)
{
	const char *text = (const char *)m->pending.data;
	size_t n = 0;

	*ret_wait = m->pending.size < 2;
	if (*ret_wait)
		return RC_OK;
	if (memcmp(text, "--", 2) == 0) {
		m->state = DONE;
		return RC_OK;
	}
	while (n < m->pending.size && (text[n] == ' ' || text[n] == '\t'))
		n++;
	if (n > PADDING_MAX)
		FAIL(op, RC_INVALID, "a multipart delimiter is malformed");
	*ret_wait = m->pending.size < n + 2;
	if (*ret_wait)
		return RC_OK;
	if (memcmp(text + n, "\r\n", 2) != 0)
		FAIL(op, RC_INVALID, "a multipart delimiter is malformed");
	if (m->n_parts++ == MULTIPART_PARTS_MAX)
		FAIL(op, RC_LIMIT, "more than %d parts", MULTIPART_PARTS_MAX);
	take(m, n + 2);
	m->state = HEAD;
	m->head_size = 0;
	return m->handler->begin(m->arg, op);
}

/* "Name: value", NUL in place of its CR. */
static enum rc
take_header(struct op *op, struct multipart *m, char *line)
{
	char *colon = strchr(line, ':');
	char *value, *end;

	if (colon == NULL || colon == line ||
	    strcspn(line, " \t") < (size_t)(colon - line))
		FAIL(op, RC_INVALID, "a header of a part is malformed");
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (!utf8_is_clean(span_str(line)) || !utf8_is_clean(span_str(value)))
		FAIL(op, RC_INVALID, "a header of a part is malformed");
	return m->handler->header(m->arg, op, line, value);
}

static enum rc
step_head(struct op *op, struct multipart *m, bool *ret_wait)
{
	char *line = (char *)m->pending.data;
	char *end = memmem(line, m->pending.size, "\r\n", 2);
	size_t size = end != NULL ? (size_t)(end - line) : m->pending.size;

	if (m->head_size + size > MULTIPART_HEAD_MAX)
		FAIL(op, RC_LIMIT, "the head of a part is longer than %d bytes",
		    MULTIPART_HEAD_MAX);
	*ret_wait = end == NULL;
	if (end == NULL)
		return RC_OK;
	if (memchr(line, '\0', size) != NULL)
		FAIL(op, RC_INVALID, "a header of a part is malformed");
	m->head_size += size + 2;
	*end = '\0';
	if (size == 0)
		TRY(m->handler->head_end(m->arg, op));
	else
		TRY(take_header(op, m, line));
	take(m, size + 2);
	if (size == 0)
		m->state = BODY;
	return RC_OK;
}

static enum rc
step(struct op *op, struct multipart *m, bool *ret_wait)
{
	switch (m->state) {
	case DELIMITER:
		return step_delimiter(op, m, ret_wait);
	case HEAD:
		return step_head(op, m, ret_wait);
	case DONE: /* an epilogue says nothing */
		buf_clear(&m->pending);
		*ret_wait = true;
		return RC_OK;
	default:
		return step_bytes(op, m, ret_wait);
	}
}

enum rc
multipart_feed(struct op *op, struct multipart *multipart, struct span bytes)
{
	bool wait = false;

	TRY(buf_add(op, &multipart->pending, bytes));
	while (!wait)
		TRY(step(op, multipart, &wait));
	return RC_OK;
}

enum rc
multipart_end(struct op *op, const struct multipart *multipart)
{
	if (multipart->state != DONE)
		FAIL(op, RC_INVALID,
		    "the multipart content ends before its last delimiter");
	return RC_OK;
}

/* ---- names ---- */

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "UTF-8''%e8%a6%8b" */
static enum rc
decode_extended(struct op *op, struct span value, struct span *ret_name)
{
	static const char charset[] = "utf-8'";
	const uint8_t *mark = memrchr(value.data, '\'', value.size);
	size_t i, n = 0;
	uint8_t *out;

	if (mark == NULL || value.size < strlen(charset) ||
	    strncasecmp((const char *)value.data, charset, strlen(charset)) !=
		0)
		FAIL(op, RC_INVALID, "filename* is not UTF-8''...");
	TRY(op_alloc(op, value.size + 1, &out));
	for (i = (size_t)(mark - value.data) + 1; i < value.size; i++) {
		int high, low;

		out[n++] = value.data[i];
		if (value.data[i] != '%')
			continue;
		high = i + 2 < value.size ? hex_digit(value.data[i + 1]) : -1;
		low = high >= 0 ? hex_digit(value.data[i + 2]) : -1;
		if (low < 0)
			FAIL(op, RC_INVALID, "filename* has a bad escape");
		out[n - 1] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	*ret_name = span_of(out, n);
	return RC_OK;
}

enum rc
multipart_file_name(
    struct op *op, const char *disposition, struct span *ret_name)
{
	struct span value = parameter(disposition, "filename*");
	uint8_t *copy;

	if (value.data != NULL)
		return decode_extended(op, value, ret_name);
	value = parameter(disposition, "filename");
	if (value.data == NULL)
		return RC_NOT_FOUND;
	TRY(op_alloc(op, value.size + 1, &copy));
	memcpy(copy, value.data, value.size);
	*ret_name = span_of(copy, value.size);
	return RC_OK;
}
