/* etag.c - entity tags and the conditions that are made of them. */
#include "http/etag.h"

#include <string.h>

#include "http/date.h"

static void
skip(struct span *list, size_t n)
{
	*list = span_of(list->data + n, list->size - n);
}

static void
skip_any(struct span *list, const char *bytes)
{
	while (list->size > 0 && list->data[0] != '\0' &&
	       strchr(bytes, list->data[0]) != NULL)
		skip(list, 1);
}

/* RFC 9110 8.8.3: %x21, %x23-7E and obs-text between the quotes. */
static bool
is_etagc(uint8_t c)
{
	return c > ' ' && c != '"' && c != 127;
}

/* The quoted text at the front, or false. */
static bool
quoted_take(struct span *list, struct span *ret_text)
{
	size_t n = 1;

	if (list->size < 2 || list->data[0] != '"')
		return false;
	while (n < list->size && is_etagc(list->data[n]))
		n++;
	if (n == list->size || list->data[n] != '"')
		return false;
	*ret_text = span_of(list->data, n + 1);
	skip(list, n + 1);
	return true;
}

enum rc
etag_take(struct op *op, struct span *list, struct etag *ret_etag)
{
	struct etag etag = {.weak = false};

	skip_any(list, " \t,");
	if (list->size == 0)
		return RC_NOT_FOUND;
	if (list->size > 2 && list->data[0] == 'W' && list->data[1] == '/') {
		etag.weak = true;
		skip(list, 2);
	}
	if (!quoted_take(list, &etag.text))
		FAIL(op, RC_INVALID, "malformed entity tag");
	skip_any(list, " \t");
	if (list->size > 0 && list->data[0] != ',')
		FAIL(op, RC_INVALID, "malformed list of entity tags");
	*ret_etag = etag;
	return RC_OK;
}

static bool
etag_equal(const struct etag *etag, const char *current, bool strong)
{
	bool weak = current[0] == 'W' && current[1] == '/';

	if (strong && (etag->weak || weak))
		return false;
	return span_equal(etag->text, span_str(weak ? current + 2 : current));
}

enum rc
etag_list_match(struct op *op, const char *list, const char *current,
    bool strong, bool *ret_match)
{
	struct span rest = span_str(list);
	bool match = false, any = false;
	struct etag etag;
	enum rc rc;

	skip_any(&rest, " \t");
	if (rest.size > 0 && rest.data[0] == '*') {
		skip(&rest, 1);
		skip_any(&rest, " \t");
		if (rest.size > 0)
			FAIL(op, RC_INVALID, "malformed list of entity tags");
		*ret_match = current != NULL;
		return RC_OK;
	}
	while ((rc = etag_take(op, &rest, &etag)) == RC_OK) {
		any = true;
		if (current != NULL && etag_equal(&etag, current, strong))
			match = true;
	}
	if (rc != RC_NOT_FOUND)
		return rc;
	if (!any)
		FAIL(op, RC_INVALID, "empty list of entity tags");
	*ret_match = match;
	return RC_OK;
}

/* If-Match, or in its absence If-Unmodified-Since. */
static enum rc
evaluate_match(struct op *op, const struct etag_conditions *conditions,
    const char *current, int64_t modified, bool *ret_pass)
{
	int64_t since;

	*ret_pass = true;
	if (conditions->if_match != NULL)
		return etag_list_match(
		    op, conditions->if_match, current, true, ret_pass);
	if (conditions->if_unmodified_since != NULL && current != NULL &&
	    date_parse(conditions->if_unmodified_since, &since))
		*ret_pass = modified <= since;
	return RC_OK;
}

enum rc
etag_evaluate(struct op *op, const struct etag_conditions *conditions,
    const char *current, int64_t modified, enum etag_verdict *ret_verdict)
{
	enum etag_verdict verdict = ETAG_GO_ON;
	bool pass, match;
	int64_t since;

	TRY(evaluate_match(op, conditions, current, modified, &pass));
	if (!pass) {
		*ret_verdict = ETAG_FAILED;
		return RC_OK;
	}
	if (conditions->if_none_match != NULL) {
		TRY(etag_list_match(
		    op, conditions->if_none_match, current, false, &match));
		if (match)
			verdict =
			    conditions->reads ? ETAG_NOT_MODIFIED : ETAG_FAILED;
	} else if (conditions->if_modified_since != NULL && conditions->reads &&
		   current != NULL &&
		   date_parse(conditions->if_modified_since, &since) &&
		   modified <= since) {
		verdict = ETAG_NOT_MODIFIED;
	}
	*ret_verdict = verdict;
	return RC_OK;
}

bool
etag_if_range(const char *value, const char *current, int64_t modified)
{
	int64_t since;

	if (value[0] == '"')
		return current[0] == '"' && strcmp(value, current) == 0;
	/* A date is a strong validator only where it is exact; weak tags never
	 * are. */
	return date_parse(value, &since) && since == modified;
}
