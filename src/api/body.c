/* body.c - JSON bodies over jansson, behind limits of our own. */
#include "api/body.h"

#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"

enum { CHOICES_SIZE = 256, NAME_SHOWN = 64 };

struct parsing {
	struct op *op;
	const struct body_field *fields;
	size_t n;
	struct body_value *values;
	struct body_fault *fault;
};

static enum rc
wrong(struct parsing *p, const char *field, const char *en, const char *ja)
{
	*p->fault = (struct body_fault){field, en, ja};
	FAIL(p->op, RC_INVALID, "the body: %s%s%s", field,
	    field[0] != '\0' ? ": " : "", en);
}

/* ---- the text ---- */

/* Brackets inside each other, outside of strings; jansson alone would take 2048
 * of them. */
static bool
is_deep(struct span json)
{
	bool in_text = false;
	size_t i, depth = 0;

	for (i = 0; i < json.size; i++) {
		uint8_t c = json.data[i];

		if (in_text) {
			i += c == '\\';
			in_text = c != '"';
		} else if (c == '"') {
			in_text = true;
		} else if (c == '{' || c == '[') {
			if (++depth > BODY_DEPTH_MAX)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

static enum rc
not_json(struct parsing *p, const json_error_t *error)
{
	const char *en = "is not JSON", *ja = "JSON として読めません";
	char *en_text, *ja_text;

	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		en = "has a field twice";
		ja = "同じ項目が 2 回あります";
		break;
	case json_error_numeric_overflow:
		en = "has a number out of range";
		ja = "数値が範囲を超えています";
		break;
	case json_error_invalid_utf8:
		en = "is not UTF-8";
		ja = "UTF-8 ではありません";
		break;
	default:
		break;
	}
	TRY(op_format(p->op, &en_text, "%s (line %d, column %d)", en,
	    error->line, error->column));
	TRY(op_format(p->op, &ja_text, "%s(%d 行目、%d 文字目)", ja,
	    error->line, error->column));
	return wrong(p, "", en_text, ja_text);
}

/* ---- a field ---- */

static enum rc
take_choice(
    struct parsing *p, const struct body_field *field, struct body_value *value)
{
	CLEANUP(buf_release) struct buf all = {.limit = CHOICES_SIZE};
	char *en, *ja;
	size_t i;

	for (i = 0; field->choices[i] != NULL; i++) {
		if (span_equal(value->text, span_str(field->choices[i]))) {
			value->choice = i;
			return RC_OK;
		}
		TRY(buf_add_format(
		    p->op, &all, "%s%s", i > 0 ? ", " : "", field->choices[i]));
	}
	TRY(op_format(p->op, &en, "must be one of %.*s", (int)all.size,
	    (const char *)all.data));
	TRY(op_format(p->op, &ja, "%.*s のいずれかを指定してください",
	    (int)all.size, (const char *)all.data));
	return wrong(p, field->name, en, ja);
}

static enum rc
take_field(struct parsing *p, const struct body_field *field,
    const json_t *json, struct body_value *value)
{
	const char *text = json_string_value(json);
	size_t size = json_string_length(json);
	char *copy;

	if (text == NULL)
		return wrong(p, field->name, "must be a text",
		    "文字列で指定してください");
	TRY(op_alloc(p->op, size + 1, &copy));
	memcpy(copy, text, size);
	value->given = true;
	value->text = span_of(copy, size);
	if (field->type == BODY_CHOICE)
		return take_choice(p, field, value);
	if (field->type == BODY_TIME && !clock_parse(copy, &value->time))
		return wrong(p, field->name,
		    "must be a time, as 2026-11-23T17:50:52Z",
		    "2026-11-23T17:50:52Z "
		    "の形の日時で指定してください");
	return RC_OK;
}

static enum rc
unknown_field(struct parsing *p, const char *name)
{
	char *shown;

	TRY(op_format(p->op, &shown, "%s", name));
	/* What is cut may be no UTF-8 any more. */
	if (strlen(shown) > NAME_SHOWN)
		shown = "";
	return wrong(p, shown, "is not a field that is known here",
	    "この要求にはない項目です");
}

static enum rc
take_fields(struct parsing *p, json_t *root)
{
	const char *name;
	json_t *json;
	size_t i;

	if (!json_is_object(root))
		return wrong(p, "", "must be an object",
		    "オブジェクトで指定してください");
	json_object_foreach(root, name, json)
	{
		for (i = 0; i < p->n; i++)
			if (strcmp(p->fields[i].name, name) == 0)
				break;
		if (i == p->n)
			return unknown_field(p, name);
		TRY(take_field(p, &p->fields[i], json, &p->values[i]));
	}
	for (i = 0; i < p->n; i++)
		if (p->fields[i].required && !p->values[i].given)
			return wrong(p, p->fields[i].name, "is missing",
			    "指定がありません");
	return RC_OK;
}

enum rc
body_parse(struct op *op, struct span json, const struct body_field *fields,
    size_t n, struct body_value *ret_values, struct body_fault *ret_fault)
{
	struct parsing p = {
	    .op = op,
	    .fields = fields,
	    .n = n,
	    .values = ret_values,
	    .fault = ret_fault,
	};
	CLEANUP(json_decrefp) json_t *root = NULL;
	json_error_t error;

	memset(ret_values, 0, n * sizeof(*ret_values));
	*ret_fault = (struct body_fault){"", "", ""};
	if (is_deep(json))
		return wrong(
		    &p, "", "is nested too deeply", "入れ子が深すぎます");
	root = json_loadb(json.size > 0 ? (const char *)json.data : "",
	    json.size, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		return not_json(&p, &error);
	return take_fields(&p, root);
}
