/* guard.c - reads a head again, strictly, from the bytes that libmicrohttpd has
 * cut up. */
#include "http/guard.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

/* What is left to read, and the verdict. */
struct scan {
	struct op *op;
	const char *at;
	const char *end;
	int status; /* 0 so far */
};

#define REFUSE(scan, code, ...) \
	do { \
		(scan)->status = (code); \
		return op_fail((scan)->op, RC_INVALID, __VA_ARGS__); \
	} while (0)

bool
guard_is_token(const char *text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		bool letter = (*text >= 'a' && *text <= 'z') ||
			      (*text >= 'A' && *text <= 'Z') ||
			      (*text >= '0' && *text <= '9');

		if (!letter && strchr(others, *text) == NULL)
			return false;
	}
	return true;
}

/* A word that a NUL ends, within what is left; NULL where there is none. */
static const char *
word_take(struct scan *scan)
{
	const char *word = scan->at;
	const char *nul;

	if (scan->at == scan->end)
		return NULL;
	nul = memchr(word, '\0', (size_t)(scan->end - word));
	if (nul == NULL)
		return NULL;
	scan->at = nul + 1;
	return word;
}

/* The second of the two NULs that a CR LF becomes. */
static bool
line_ends(struct scan *scan)
{
	if (scan->at == scan->end || *scan->at != '\0')
		return false;
	scan->at++;
	return true;
}

static enum rc
first_line(struct scan *scan, size_t target_size, struct guard_head *head)
{
	const char *version;

	head->method = word_take(scan);
	if (head->method == NULL || !guard_is_token(head->method))
		REFUSE(scan, 400, "malformed method");
	if ((size_t)(scan->end - scan->at) < target_size + 1 ||
	    scan->at[target_size] != '\0')
		REFUSE(scan, 400, "malformed request line");
	scan->at += target_size + 1;
	version = word_take(scan);
	if (version == NULL || !line_ends(scan) || strlen(version) != 8 ||
	    !str_starts(version, "HTTP/1."))
		REFUSE(scan, 400, "malformed request line");
	if (strcmp(version, "HTTP/1.0") != 0 &&
	    strcmp(version, "HTTP/1.1") != 0)
		REFUSE(scan, 505, "HTTP/1.1 is spoken here");
	head->http_1_0 = version[7] == '0';
	return RC_OK;
}

/* Blanks are gone from both ends; nothing but visible text and tabs may be
 * left. */
static enum rc
value_check(struct scan *scan, const char *name, const char *value)
{
	for (; *value != '\0'; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') ||
		    *value == 127)
			REFUSE(
			    scan, 400, "control character in header %s", name);
	return RC_OK;
}

static enum rc
field_take(struct scan *scan, struct guard_field *field)
{
	const char *name = word_take(scan);
	char *copy;
	const char *value;
	size_t size;

	if (name == NULL || !guard_is_token(name))
		REFUSE(scan, 400, "malformed header name");
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t'))
		scan->at++;
	value = word_take(scan);
	if (value == NULL || !line_ends(scan))
		REFUSE(scan, 400, "malformed end of header %s", name);
	TRY(value_check(scan, name, value));
	size = strlen(value);
	while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
		size--;
	TRY(op_format(scan->op, &copy, "%.*s", (int)size, value));
	field->value = copy;
	TRY(op_format(scan->op, &copy, "%s", name));
	field->name = copy;
	return RC_OK;
}

static enum rc
fields_take(struct scan *scan, struct guard_head *head)
{
	struct guard_field *fields;

	TRY(op_alloc(scan->op, GUARD_FIELDS_MAX * sizeof(*fields), &fields));
	head->fields = fields;
	while (scan->at < scan->end && *scan->at != '\0') {
		if (head->n_fields == GUARD_FIELDS_MAX)
			REFUSE(scan, 431, "more than %d headers",
			    GUARD_FIELDS_MAX);
		TRY(field_take(scan, &fields[head->n_fields]));
		head->n_fields++;
	}
	/* The empty line, and nothing after it. */
	if (scan->end - scan->at != 2 || !line_ends(scan) || !line_ends(scan))
		REFUSE(scan, 400, "malformed end of the head");
	return RC_OK;
}

/* How often a header stands there, and its last value. */
static size_t
field_count(
    const struct guard_head *head, const char *name, const char **ret_value)
{
	size_t i, n = 0;

	for (i = 0; i < head->n_fields; i++) {
		if (strcasecmp(head->fields[i].name, name) != 0)
			continue;
		*ret_value = head->fields[i].value;
		n++;
	}
	return n;
}

static enum rc
length_check(struct scan *scan, struct guard_head *head)
{
	const char *coding = NULL, *length = NULL;
	size_t codings = field_count(head, "Transfer-Encoding", &coding);
	size_t lengths = field_count(head, "Content-Length", &length);

	if (codings > 0 && lengths > 0)
		REFUSE(scan, 400, "both Transfer-Encoding and Content-Length");
	if (codings > 1 || lengths > 1)
		REFUSE(scan, 400, "more than one length of the content");
	if (codings == 1) {
		if (head->http_1_0)
			REFUSE(scan, 400, "Transfer-Encoding in HTTP/1.0");
		if (strcasecmp(coding, "chunked") != 0)
			REFUSE(scan, 501,
			    "the only Transfer-Encoding here is chunked");
		head->has_body = true;
		head->content_length = GUARD_SIZE_UNKNOWN;
	}
	if (lengths == 1) {
		if (!str_to_u64(length, 0, INT64_MAX, &head->content_length))
			REFUSE(scan, 400, "malformed Content-Length");
		head->has_body = head->content_length > 0;
	}
	return RC_OK;
}

static bool
host_is_plain(const char *host)
{
	for (; *host != '\0'; host++)
		if (strchr("/\\?#@, \t\"<>", *host) != NULL ||
		    (*host & 0x80) != 0)
			return false;
	return true;
}

static enum rc
host_check(struct scan *scan, struct guard_head *head)
{
	size_t n = field_count(head, "Host", &head->host);

	if (n > 1)
		REFUSE(scan, 400, "more than one Host");
	if (n == 0 && !head->http_1_0)
		REFUSE(scan, 400, "no Host");
	if (n == 1 && !host_is_plain(head->host))
		REFUSE(scan, 400, "malformed Host");
	return RC_OK;
}

/* Those of which a second one would have to be guessed about, and that is not
 * done. */
static enum rc
singles_check(struct scan *scan, const struct guard_head *head)
{
	static const char *const names[] = {"Authorization", "Content-Encoding",
	    "Content-Range", "Content-Type", "Depth", "Destination", "If",
	    "If-Modified-Since", "If-Range", "If-Unmodified-Since",
	    "OC-Checksum", "OC-Total-Length", "Overwrite", "Range",
	    "X-Expected-Entity-Length", "X-OC-Mtime"};
	const char *value;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (field_count(head, names[i], &value) > 1)
			REFUSE(scan, 400, "more than one %s", names[i]);
	return RC_OK;
}

static enum rc
expect_check(struct scan *scan, struct guard_head *head)
{
	const char *expect = NULL;
	size_t n = field_count(head, "Expect", &expect);

	if (n == 0 ||
	    head->http_1_0) /* an HTTP/1.0 client's Expect is ignored */
		return RC_OK;
	if (n > 1 || strcasecmp(expect, "100-continue") != 0)
		REFUSE(
		    scan, 417, "the only expectation met here is 100-continue");
	head->expects_continue = head->has_body;
	return RC_OK;
}

static enum rc
head_check(struct scan *scan, size_t target_size, struct guard_head *head)
{
	char *method;

	if (scan->end - scan->at > GUARD_HEAD_MAX)
		REFUSE(
		    scan, 431, "a head of more than %d bytes", GUARD_HEAD_MAX);
	TRY(first_line(scan, target_size, head));
	TRY(fields_take(scan, head));
	TRY(length_check(scan, head));
	TRY(host_check(scan, head));
	TRY(singles_check(scan, head));
	TRY(expect_check(scan, head));
	TRY(op_format(scan->op, &method, "%s", head->method));
	head->method = method;
	return RC_OK;
}

enum rc
guard_check(struct op *op, struct span bytes, size_t target_size,
    int *ret_status, struct guard_head *ret_head)
{
	struct scan scan = {
	    .op = op,
	    .at = (const char *)bytes.data,
	    .end = (const char *)bytes.data + bytes.size,
	};
	struct guard_head head = {.content_length = 0};
	enum rc rc = head_check(&scan, target_size, &head);

	if (rc != RC_OK && scan.status == 0)
		return rc;
	*ret_status = scan.status;
	if (rc == RC_OK)
		*ret_head = head;
	return RC_OK;
}
