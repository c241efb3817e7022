/* conf_edit.c - changing single lines of a dozo.conf. */
#include "cli/conf_edit.h"

#include <string.h>

/* Part of the text: whole lines. */
struct range {
	size_t begin;
	size_t end;
};

static size_t
line_end(const struct buf *text, size_t at)
{
	while (at < text->size && text->data[at] != '\n')
		at++;
	return at < text->size ? at + 1 : at;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where a line's first letter is, or its end. */
static size_t
line_text(const struct buf *text, size_t at, size_t end)
{
	while (at < end && is_blank(text->data[at]))
		at++;
	return at;
}

static bool
is_header(const struct buf *text, size_t at, size_t end)
{
	at = line_text(text, at, end);
	return at < end && text->data[at] == '[';
}

static bool
is_header_of(const struct buf *text, size_t at, size_t end, const char *section)
{
	size_t size = strlen(section);

	at = line_text(text, at, end);
	return at + size + 2 <= end && text->data[at] == '[' &&
	       memcmp(text->data + at + 1, section, size) == 0 &&
	       text->data[at + 1 + size] == ']';
}

/* From its header to the next one; false where there is none. */
static bool
section_find(
    const struct buf *text, const char *section, struct range *ret_range)
{
	size_t at, end;
	bool found = false;

	for (at = 0; at < text->size; at = end) {
		end = line_end(text, at);
		if (!is_header(text, at, end))
			continue;
		if (found)
			break;
		if (is_header_of(text, at, end, section)) {
			found = true;
			ret_range->begin = at;
		}
	}
	ret_range->end = at;
	return found;
}

static bool
is_line_of(const struct buf *text, size_t at, size_t end, const char *key)
{
	size_t size = strlen(key);

	at = line_text(text, at, end);
	if (at + size > end || memcmp(text->data + at, key, size) != 0)
		return false;
	at = line_text(text, at + size, end);
	return at < end && (text->data[at] == '=' || text->data[at] == ':');
}

/* The key's line; where there is none, an empty range at the place for it. */
static void
line_find(const struct buf *text, struct range section, const char *key,
    struct range *ret_line)
{
	size_t at, end, last = line_end(text, section.begin);

	for (at = last; at < section.end; at = end) {
		end = line_end(text, at);
		if (is_line_of(text, at, end, key)) {
			*ret_line = (struct range){at, end};
			return;
		}
		if (line_text(text, at, end) < end)
			last = end;
	}
	*ret_line = (struct range){last, last};
}

/* Puts a text in the place of a range. */
static enum rc
splice(struct op *op, struct buf *text, struct range range, const char *with)
{
	CLEANUP(buf_release) struct buf out = {.limit = text->limit};
	struct buf swap;

	TRY(buf_add(op, &out, span_of(text->data, range.begin)));
	/* A last line may have no end. */
	if (range.begin > 0 && text->data[range.begin - 1] != '\n' &&
	    *with != '\0')
		TRY(buf_add_str(op, &out, "\n"));
	TRY(buf_add_str(op, &out, with));
	TRY(buf_add(
	    op, &out, span_of(text->data + range.end, text->size - range.end)));
	swap = *text;
	*text = out;
	out = swap;
	return RC_OK;
}

enum rc
conf_edit_set(struct op *op, struct buf *text, const char *section,
    const char *key, const char *value)
{
	CLEANUP(buf_release) struct buf line = {.limit = text->limit};
	struct range range, at;
	bool found = section_find(text, section, &range);

	TRY(buf_add_str(op, &line, ""));
	if (!found && value != NULL)
		TRY(buf_add_format(op, &line, "\n[%s]\n", section));
	if (value != NULL)
		TRY(buf_add_format(op, &line, "%s = %s\n", key, value));
	TRY(buf_add(op, &line, span_of("", 1)));
	if (found)
		line_find(text, range, key, &at);
	else
		at = (struct range){text->size, text->size};
	return splice(op, text, at, (const char *)line.data);
}

enum rc
conf_edit_drop(struct op *op, struct buf *text, const char *section)
{
	struct range range;

	if (!section_find(text, section, &range))
		return RC_OK;
	return splice(op, text, range, "");
}
