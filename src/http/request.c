/* request.c - what a door asks of a request, and how it answers. */
#include "http/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/exchange.h"
#include "http/guard.h"

const char *
http_header_next(const struct http_request *req, const char *name, size_t *at)
{
	const struct guard_head *head = &exchange_of(req)->head;

	while (*at < head->n_fields) {
		const struct guard_field *field = &head->fields[(*at)++];

		if (strcasecmp(field->name, name) == 0)
			return field->value;
	}
	return NULL;
}

const char *
http_raw_target(const struct http_request *req)
{
	return exchange_of(req)->raw_target;
}

const char *
http_header(const struct http_request *req, const char *name)
{
	size_t at = 0;

	return http_header_next(req, name, &at);
}

enum rc
http_header_all(
    const struct http_request *req, const char *name, const char **ret_value)
{
	size_t at = 0;
	const char *all = http_header_next(req, name, &at);
	const char *more;

	while (
	    all != NULL && (more = http_header_next(req, name, &at)) != NULL) {
		char *both;

		TRY(op_format(req->op, &both, "%s, %s", all, more));
		all = both;
	}
	*ret_value = all;
	return RC_OK;
}

/* The weight after ";q=", in thousandths; 1000 without one. */
static int
weight_of(const char *parameters, size_t size)
{
	const char *q = memmem(parameters, size, "q=", 2);
	int weight = 0, digit = 100;

	if (q == NULL)
		return 1000;
	q += 2;
	if (*q == '1')
		return 1000;
	if (*q != '0' || q[1] != '.')
		return 0;
	for (q += 2; *q >= '0' && *q <= '9' && digit > 0; q++, digit /= 10)
		weight += (*q - '0') * digit;
	return weight;
}

enum http_language
http_language(const struct http_request *req)
{
	const char *list = http_header(req, "Accept-Language");
	int ja = 0, en = 0;

	while (list != NULL && *list != '\0') {
		size_t size = strcspn(list, ",");
		const char *range = list + strspn(list, " \t");
		size_t name = strcspn(range, ",;- \t");
		int weight = weight_of(list, size);

		if (name == 2 && strncasecmp(range, "ja", 2) == 0 &&
		    weight > ja)
			ja = weight;
		if (name == 2 && strncasecmp(range, "en", 2) == 0 &&
		    weight > en)
			en = weight;
		list += size;
		list += *list == ',';
	}
	return ja > en ? HTTP_JA : HTTP_EN;
}

enum rc
http_base_url(const struct http_request *req, const char **ret_url)
{
	const struct exchange *x = exchange_of(req);
	struct span own = x->server->public_authority;
	char *url;

	if (own.size > 0) {
		*ret_url = x->server->config.public_url;
		return RC_OK;
	}
	/* RFC 9112 3.2.2: an absolute target goes before Host. */
	if (req->target.authority.size > 0)
		TRY(op_format(req->op, &url, "https://%.*s",
		    (int)req->target.authority.size,
		    (const char *)req->target.authority.data));
	else if (x->head.host != NULL && x->head.host[0] != '\0')
		TRY(op_format(req->op, &url, "https://%s", x->head.host));
	else
		FAIL(req->op, RC_INVALID, "the request names no host");
	*ret_url = url;
	return RC_OK;
}

/* Without ":443", which https does not need to say. */
static struct span
authority_plain(struct span authority)
{
	struct span port = span_str(":443");

	if (authority.size > port.size &&
	    memcmp(authority.data + authority.size - port.size, port.data,
		port.size) == 0)
		authority.size -= port.size;
	return authority;
}

bool
http_is_own_authority(const struct http_request *req, struct span authority)
{
	const struct exchange *x = exchange_of(req);
	struct span own = x->server->public_authority;

	if (own.size == 0)
		own = req->target.authority;
	if (own.size == 0 && x->head.host != NULL)
		own = span_str(x->head.host);
	own = authority_plain(own);
	authority = authority_plain(authority);
	return own.size > 0 && own.size == authority.size &&
	       strncasecmp((const char *)own.data, (const char *)authority.data,
		   own.size) == 0;
}

/* Answers */

static bool
value_may_be_sent(const char *value)
{
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' || *value == 127)
			return false;
	return true;
}

enum rc
http_set_header(struct http_request *req, const char *name, const char *value)
{
	struct answer *answer = &exchange_of(req)->answer;
	struct answer_field *field;
	char *copy;

	if (!guard_is_token(name) || !value_may_be_sent(value))
		FAIL(req->op, RC_INVALID, "header %s cannot be sent", name);
	TRY(op_alloc(req->op, sizeof(*field), &field));
	TRY(op_format(req->op, &copy, "%s", name));
	field->name = copy;
	TRY(op_format(req->op, &copy, "%s", value));
	field->value = copy;
	if (answer->last_field == NULL)
		answer->last_field = &answer->fields;
	*answer->last_field = field;
	answer->last_field = &field->next;
	return RC_OK;
}

/* Takes the place of what stood there. */
static struct answer *
answer_begin(struct http_request *req, int status, const char *type)
{
	struct answer *answer = &exchange_of(req)->answer;
	char *copy;

	answer_clear(answer);
	answer->status = status;
	if (type != NULL && op_format(req->op, &copy, "%s", type) == RC_OK)
		answer->type = copy;
	return answer;
}

void
http_respond(struct http_request *req, int status)
{
	(void)answer_begin(req, status, NULL);
}

void
http_respond_size(
    struct http_request *req, int status, const char *type, uint64_t size)
{
	struct answer *answer = answer_begin(req, status, type);

	answer->kind = ANSWER_SIZE;
	answer->size = size;
}

void
http_respond_memory(
    struct http_request *req, int status, const char *type, struct buf *buf)
{
	struct answer *answer = answer_begin(req, status, type);

	answer->kind = ANSWER_MEMORY;
	answer->memory = *buf;
	buf_init(buf, buf->limit);
}

void
http_respond_source(struct http_request *req, int status, const char *type,
    uint64_t size, const struct http_source *source)
{
	struct answer *answer = answer_begin(req, status, type);

	answer->kind = ANSWER_SOURCE;
	answer->size = size;
	answer->source = *source;
	answer->source_open = true;
}

bool
http_responded(const struct http_request *req)
{
	return exchange_of(req)->answer.status != 0;
}
