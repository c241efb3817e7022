/* json.c - JSON's strings. */
#include "base/json.h"

static bool
is_plain(uint8_t c)
{
	return c >= ' ' && c != '"' && c != '\\' && c != 127;
}

enum rc
json_add_text(struct op *op, struct buf *json, struct span text)
{
	size_t i, plain = 0;

	TRY(buf_add_str(op, json, "\""));
	for (i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (is_plain(c))
			continue;
		TRY(buf_add(op, json, span_of(text.data + plain, i - plain)));
		if (c == '"' || c == '\\')
			TRY(buf_add_format(op, json, "\\%c", c));
		else
			TRY(buf_add_format(op, json, "\\u%04x", c));
		plain = i + 1;
	}
	TRY(buf_add(op, json, span_of(text.data + plain, text.size - plain)));
	return buf_add_str(op, json, "\"");
}
