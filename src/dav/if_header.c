/* if_header.c - reads "<tag> (<token> [etag]) (Not <token>)". */
#include "dav/if_header.h"

#include <string.h>
#include <strings.h>

#include "dav/token.h"
#include "door/door.h"
#include "http/etag.h"

struct parser {
	const char *at;
	const struct if_reader *reader;
	struct if_list resource; /* that lists are about now */
	struct if_list *lists;
	size_t n_lists;
	struct if_condition *conditions;
	size_t n_conditions;
};

static enum rc
malformed(struct op *op)
{
	FAIL(op, RC_INVALID, "the If header is malformed");
}

static void
skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t");
}

/* "<...>" at the front. */
static enum rc
take_uri(struct op *op, struct parser *p, struct span *ret_uri)
{
	const char *end = strpbrk(p->at + 1, "<> \t");

	if (end == NULL || *end != '>' || end == p->at + 1)
		return malformed(op);
	*ret_uri = span_of(p->at + 1, (size_t)(end - p->at - 1));
	p->at = end + 1;
	return RC_OK;
}

static enum rc
take_token(struct op *op, struct parser *p, struct if_condition *condition)
{
	struct span uri;

	TRY(take_uri(op, p, &uri));
	if (token_parse(op, uri, condition->token))
		condition->kind = IF_TOKEN;
	return RC_OK;
}

/* "[" entity-tag "]"; brackets may stand inside the tag's quotes. */
static enum rc
take_state(struct op *op, struct parser *p, struct if_condition *condition)
{
	const char *quote = strchr(p->at, '"');
	const char *end = quote != NULL ? strchr(quote + 1, '"') : NULL;
	struct span list;
	struct etag etag;

	if (end == NULL || end[1] != ']')
		return malformed(op);
	list = span_of(p->at + 1, (size_t)(end - p->at));
	if (etag_take(op, &list, &etag) != RC_OK || list.size > 0)
		return malformed(op);
	if (door_etag_parse(&etag, &condition->etag))
		condition->kind = IF_ETAG;
	p->at = end + 2;
	return RC_OK;
}

static enum rc
take_condition(struct op *op, struct parser *p)
{
	struct if_condition condition = {.kind = IF_NOTHING};

	if (p->n_conditions == IF_CONDITIONS_MAX)
		FAIL(op, RC_LIMIT, "If has more than %d conditions",
		    IF_CONDITIONS_MAX);
	if (strncasecmp(p->at, "Not", 3) == 0) {
		condition.negated = true;
		p->at += 3;
		skip_blanks(p);
	}
	if (*p->at == '<')
		TRY(take_token(op, p, &condition));
	else if (*p->at == '[')
		TRY(take_state(op, p, &condition));
	else
		return malformed(op);
	p->conditions[p->n_conditions++] = condition;
	skip_blanks(p);
	return RC_OK;
}

static enum rc
take_list(struct op *op, struct parser *p)
{
	struct if_list list = p->resource;

	if (p->n_lists == IF_LISTS_MAX)
		FAIL(op, RC_LIMIT, "If has more than %d lists", IF_LISTS_MAX);
	list.conditions = p->conditions + p->n_conditions;
	p->at++;
	skip_blanks(p);
	do {
		TRY(take_condition(op, p));
		list.n++;
	} while (*p->at != ')');
	p->at++;
	p->lists[p->n_lists++] = list;
	return RC_OK;
}

static enum rc
take_tag(struct op *op, struct parser *p)
{
	struct span uri;

	TRY(take_uri(op, p, &uri));
	p->resource = (struct if_list){.n = 0};
	TRY(p->reader->resource(p->reader->arg, op, uri, &p->resource));
	skip_blanks(p);
	/* A tag without a list says nothing. */
	return *p->at == '(' ? RC_OK : malformed(op);
}

enum rc
if_header_parse(struct op *op, const char *text, const struct if_reader *reader,
    const struct if_lists **ret_lists)
{
	struct parser p = {.at = text, .reader = reader};
	struct if_lists *lists;

	p.resource.names = reader->names;
	p.resource.n_names = reader->n_names;
	TRY(op_alloc(op, sizeof(*lists), &lists));
	TRY(op_alloc(op, IF_LISTS_MAX * sizeof(*p.lists), &p.lists));
	TRY(op_alloc(
	    op, IF_CONDITIONS_MAX * sizeof(*p.conditions), &p.conditions));
	for (skip_blanks(&p); *p.at != '\0'; skip_blanks(&p)) {
		if (*p.at == '<')
			TRY(take_tag(op, &p));
		else if (*p.at == '(')
			TRY(take_list(op, &p));
		else
			return malformed(op);
	}
	if (p.n_lists == 0)
		return malformed(op);
	*lists = (struct if_lists){.n = p.n_lists, .lists = p.lists};
	*ret_lists = lists;
	return RC_OK;
}
