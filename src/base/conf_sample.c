/* conf_sample.c - the sample file and the help text, written from the same
 * table that parses. */
#include <string.h>

#include "base/conf.h"
#include "base/conf_value.h"
#include "base/str.h"

enum { TEXT_WIDTH = 78 };

struct sample {
	const struct conf_key *keys;
	size_t n;
	const struct conf_setting *settings;
	size_t n_settings;
	struct buf *buf;
};

/* Words of text in lines of at most TEXT_WIDTH bytes that start with prefix;
 * '\n' starts a new one. */
static enum rc
wrap(struct op *op, struct buf *buf, const char *prefix, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " \n");

		if (column > 0 && column + 1 + len > TEXT_WIDTH) {
			TRY(buf_add_str(op, buf, "\n"));
			column = 0;
		}
		TRY(buf_add_str(op, buf, column == 0 ? prefix : " "));
		TRY(buf_add(op, buf, span_of(text, len)));
		column += len + (column == 0 ? strlen(prefix) : 1);
		text += len;
		if (*text == '\n') {
			TRY(buf_add_str(op, buf, "\n"));
			column = 0;
		}
		text += *text != '\0';
	}
	return column > 0 ? buf_add_str(op, buf, "\n") : RC_OK;
}

/* "number, 1 to 64; default 4" behind prefix. */
static enum rc
key_facts(struct op *op, const struct conf_key *key, const char *prefix,
    struct buf *buf)
{
	TRY(buf_add_str(op, buf, prefix));
	TRY(conf_value_describe(op, key, buf));
	if (key->default_text == NULL)
		return buf_add_str(op, buf, "; must be given\n");
	return buf_add_format(op, buf, "; default %s\n",
	    *key->default_text != '\0' ? key->default_text : "empty");
}

static const struct conf_setting *
setting_find(const struct sample *sample, const char *section, const char *key)
{
	size_t i;

	for (i = 0; i < sample->n_settings; i++)
		if (strcmp(sample->settings[i].section, section) == 0 &&
		    strcmp(sample->settings[i].key, key) == 0)
			return &sample->settings[i];
	return NULL;
}

/* A key that is set: what is written has to come back as it is. */
static enum rc
setting_line(struct op *op, const struct conf_key *key,
    const struct conf_setting *setting, struct buf *buf)
{
	size_t start = buf->size;
	size_t len = strlen(setting->value);
	struct conf_value value;

	TRY(conf_value_parse(
	    op, &op->arena, key, key->key, setting->value, &value));
	if (len > 0 && (strchr(" \t", setting->value[0]) != NULL ||
			   strchr(" \t", setting->value[len - 1]) != NULL))
		FAIL(op, RC_INVALID, "%s: a blank at the start or end",
		    key->key);
	TRY(buf_add_format(op, buf, "%s = %s", key->key, setting->value));
	TRY(conf_line_check(
	    op, span_of(buf->data + start, buf->size - start), 0));
	return buf_add_str(op, buf, "\n");
}

/* name "": a repeated section that only is shown; no setting has it. */
static enum rc
key_lines(struct op *op, const struct sample *sample,
    const struct conf_key *key, const char *name, bool explain)
{
	const struct conf_setting *setting =
	    setting_find(sample, name, key->key);

	if (explain) {
		TRY(buf_add_str(op, sample->buf, "\n"));
		TRY(wrap(op, sample->buf, "# ", key->help));
		TRY(key_facts(op, key, "# ", sample->buf));
	}
	if (setting != NULL)
		return setting_line(op, key, setting, sample->buf);
	if (key->default_text != NULL)
		return buf_add_format(
		    op, sample->buf, "#%s = %s\n", key->key, key->default_text);
	return buf_add_format(op, sample->buf, "#%s =\n", key->key);
}

/* One section with its keys; pattern is the table's word for it. */
static enum rc
section_lines(struct op *op, const struct sample *sample, const char *pattern,
    const char *name, bool explain)
{
	size_t i;

	if (*name == '\0')
		TRY(buf_add_format(op, sample->buf, "\n#[%.*sNAME]\n",
		    (int)strlen(pattern) - 1, pattern));
	else
		TRY(buf_add_format(op, sample->buf, "\n[%s]\n", name));
	for (i = 0; i < sample->n; i++)
		if (strcmp(sample->keys[i].section, pattern) == 0)
			TRY(key_lines(
			    op, sample, &sample->keys[i], name, explain));
	return RC_OK;
}

/* Whether the i-th setting is the first that names its section. */
static bool
first_of_section(const struct sample *sample, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (strcmp(sample->settings[k].section,
			sample->settings[i].section) == 0)
			return false;
	return true;
}

/* Every section that the pattern stands for; only the first one is explained.
 */
static enum rc
pattern_lines(struct op *op, const struct sample *sample, const char *pattern)
{
	bool explain = true;
	size_t i;

	if (!str_ends(pattern, " *"))
		return section_lines(op, sample, pattern, pattern, true);
	for (i = 0; i < sample->n_settings; i++) {
		const char *name = sample->settings[i].section;

		if (!conf_section_is(pattern, name) ||
		    !first_of_section(sample, i))
			continue;
		TRY(section_lines(op, sample, pattern, name, explain));
		explain = false;
	}
	return explain ? section_lines(op, sample, pattern, "", true) : RC_OK;
}

static enum rc
settings_check(struct op *op, const struct sample *sample)
{
	size_t i, k;

	for (i = 0; i < sample->n_settings; i++) {
		const struct conf_setting *setting = &sample->settings[i];

		for (k = 0; k < sample->n; k++)
			if (conf_section_is(
				sample->keys[k].section, setting->section) &&
			    strcmp(sample->keys[k].key, setting->key) == 0)
				break;
		if (k == sample->n)
			FAIL(op, RC_INVALID, "there is no %s in [%s]",
			    setting->key, setting->section);
		if (setting_find(sample, setting->section, setting->key) !=
		    setting)
			FAIL(op, RC_INVALID, "%s in [%s] a second time",
			    setting->key, setting->section);
	}
	return RC_OK;
}

/* Whether the i-th key is the first of its section. */
static bool
first_of_pattern(const struct conf_key *keys, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (strcmp(keys[k].section, keys[i].section) == 0)
			return false;
	return true;
}

enum rc
conf_sample(struct op *op, const struct conf_key *keys, size_t n,
    const char *header, const struct conf_setting *settings, size_t n_settings,
    struct buf *buf)
{
	struct sample sample = {keys, n, settings, n_settings, buf};
	size_t i;

	TRY(settings_check(op, &sample));
	TRY(wrap(op, buf, "# ", header));
	for (i = 0; i < n; i++)
		if (first_of_pattern(keys, i))
			TRY(pattern_lines(op, &sample, keys[i].section));
	return RC_OK;
}

static enum rc
section_help(struct op *op, const struct conf_key *keys, size_t n,
    const char *pattern, struct buf *buf)
{
	bool repeated = str_ends(pattern, " *");
	size_t i;

	TRY(buf_add_format(op, buf, "[%.*s%s]\n",
	    (int)strlen(pattern) - (repeated ? 1 : 0), pattern,
	    repeated ? "NAME" : ""));
	for (i = 0; i < n; i++) {
		if (strcmp(keys[i].section, pattern) != 0)
			continue;
		TRY(buf_add_format(op, buf, "  %s\n", keys[i].key));
		TRY(key_facts(op, &keys[i], "      ", buf));
		TRY(wrap(op, buf, "      ", keys[i].help));
	}
	return RC_OK;
}

enum rc
conf_help(struct op *op, const struct conf_key *keys, size_t n, struct buf *buf)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (first_of_pattern(keys, i))
			TRY(section_help(op, keys, n, keys[i].section, buf));
	return RC_OK;
}
