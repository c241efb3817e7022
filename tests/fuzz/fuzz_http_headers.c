/* fuzz_http_headers.c - fuzzes Range, entity tags, dates and what proxies say;
 * the first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/proxy.h"
#include "http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ranges(const char *text, uint64_t size)
{
	struct range_set set;
	size_t i;

	if (range_parse(text, size, &set) != RANGE_SOME)
		return;
	for (i = 0; i < set.n; i++)
		if (set.ranges[i].first > set.ranges[i].last ||
		    set.ranges[i].last >= size)
			abort();
}

static void
dates(const char *text)
{
	char again[DATE_SIZE];
	int64_t seconds, same;

	if (!date_parse(text, &seconds))
		return;
	date_format(again, seconds);
	if (!date_parse(again, &same) || same != seconds)
		abort();
}

static void
proxies(struct op *op, const char *text, struct span bytes)
{
	struct address_range range;
	struct address address = {
	    .bytes = {[10] = 0xff, [11] = 0xff, [12] = 10}};
	char shown[ADDRESS_TEXT_SIZE];
	bool known;

	if (address_range_parse(op, "10.0.0.0/8", &range) != RC_OK)
		abort();
	proxy_client(PROXY_X_FORWARDED_FOR, text, &range, 1, &address);
	proxy_client(PROXY_FORWARDED, text, &range, 1, &address);
	address_text(shown, &address);
	if (proxy_parse(op, bytes, &known, &address) != RC_OK)
		op_clear_error(op);
	if (address_range_parse(op, text, &range) == RC_OK && range.bits > 128)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(op_release) struct op op;
	bool match;
	char *text;

	op_init(&op);
	if (size == 0)
		return 0;
	text = mem_alloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	switch (data[0]) {
	case 'r':
		ranges(text, 10);
		ranges(text, 0);
		ranges(text, INT64_MAX);
		break;
	case 'e':
		if (etag_list_match(&op, text, "\"a\"", true, &match) != RC_OK)
			op_clear_error(&op);
		(void)etag_if_range(text, "\"a\"", 0);
		break;
	case 'd':
		dates(text);
		break;
	default:
		proxies(&op, text, span_of(data + 1, size - 1));
		break;
	}
	mem_free(text);
	return 0;
}
