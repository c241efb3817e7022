/* conf.c - configuration files over libinih, whose lenience is shut out before
 * it reads (conf_line_check). */
#include "base/conf.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_value.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"

enum { CONF_ARENA_LIMIT = 8 << 20, WHERE_SIZE = 128 };

struct section {
	const char *name; /* as in the file: "site tokyo" */
	unsigned line; /* 0: not in the file */
	struct conf_value *values;
	struct section *next;
};

struct conf {
	struct arena arena; /* of all below */
	const struct conf_key *keys;
	size_t n;
	struct section *sections; /* in the file's order */
	struct section **tail;
};

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	arena_release(&conf->arena);
	mem_free(conf);
}

void
conf_free_ptr(struct conf **conf)
{
	conf_free(*conf);
}

static struct section *
section_find(const struct conf *conf, const char *name)
{
	struct section *section;

	for (section = conf->sections; section != NULL; section = section->next)
		if (strcmp(section->name, name) == 0)
			return section;
	return NULL;
}

static struct conf_value *
value_find(const struct section *section, const char *key)
{
	struct conf_value *value;

	for (value = section->values; value != NULL; value = value->next)
		if (strcmp(value->key->key, key) == 0)
			return value;
	return NULL;
}

/* The table's entry; key NULL: any of the section. */
static const struct conf_key *
key_find(const struct conf *conf, const char *section, const char *key)
{
	size_t i;

	for (i = 0; i < conf->n; i++)
		if (conf_section_is(conf->keys[i].section, section) &&
		    (key == NULL || strcmp(conf->keys[i].key, key) == 0))
			return &conf->keys[i];
	return NULL;
}

static enum rc
section_add(struct op *op, struct conf *conf, struct span name, unsigned line)
{
	struct section *section = arena_alloc(&conf->arena, sizeof(*section));
	char *copy = arena_alloc(&conf->arena, name.size + 1);

	if (section == NULL || copy == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for the configuration");
	memcpy(copy, name.data, name.size);
	section->name = copy;
	section->line = line;
	if (key_find(conf, copy, NULL) == NULL)
		FAIL(op, RC_INVALID, "line %u: unknown section [%s]", line,
		    copy);
	if (section_find(conf, copy) != NULL)
		FAIL(op, RC_INVALID, "line %u: section [%s] a second time",
		    line, copy);
	*conf->tail = section;
	conf->tail = &section->next;
	return RC_OK;
}

/*
 * libinih does not tell of a section that has no key, and takes what stands
 * behind the bracket for nothing; so sections are read here.
 */
static enum rc
section_line(struct op *op, struct conf *conf, struct span text, unsigned line)
{
	const uint8_t *end = memchr(text.data, ']', text.size);
	size_t i;

	if (end == NULL)
		FAIL(op, RC_INVALID, "line %u: a section's name ends with ]",
		    line);
	for (i = (size_t)(end - text.data) + 1; i < text.size; i++)
		if (text.data[i] != ' ' && text.data[i] != '\t')
			FAIL(op, RC_INVALID,
			    "line %u: something behind the section's name",
			    line);
	return section_add(op, conf,
	    span_of(text.data + 1, (size_t)(end - text.data) - 1), line);
}

/* Takes the first line off text; *ret_line has no line end. */
static struct span
line_take(struct span *text)
{
	const uint8_t *end = memchr(text->data, '\n', text->size);
	size_t size = end != NULL ? (size_t)(end - text->data) : text->size;
	struct span line = span_of(text->data, size);

	size += end != NULL;
	text->data += size;
	text->size -= size;
	if (end != NULL && line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return line;
}

/* Refuses what libinih would read in a way of its own, and finds the sections.
 */
static enum rc
text_check(struct op *op, struct conf *conf, struct span text)
{
	unsigned line = 0;

	if (text.size > CONF_FILE_LIMIT)
		FAIL(op, RC_LIMIT, "the configuration is larger than %d bytes",
		    CONF_FILE_LIMIT);
	if (!text_valid(text))
		FAIL(op, RC_INVALID, "the configuration is not valid UTF-8");
	while (text.size > 0) {
		struct span row = line_take(&text);

		line++;
		TRY(conf_line_check(op, row, line));
		if (row.size > 0 && row.data[0] == '[')
			TRY(section_line(op, conf, row, line));
	}
	return RC_OK;
}

static enum rc
value_add(struct op *op, struct conf *conf, struct section *section,
    const struct conf_key *key, const char *where, const char *text)
{
	struct conf_value *value = arena_alloc(&conf->arena, sizeof(*value));

	if (value == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for the configuration");
	TRY(conf_value_parse(op, &conf->arena, key, where, text, value));
	value->next = section->values;
	section->values = value;
	return RC_OK;
}

/* libinih's view of the text. */
struct reader {
	struct op *op;
	struct conf *conf;
	struct span rest;
	unsigned line; /* of what was read last */
	enum rc rc; /* the first failure */
};

static enum rc
pair_add(struct reader *reader, const char *section_name, const char *name,
    const char *text)
{
	struct section *section = section_find(reader->conf, section_name);
	const struct conf_key *key;
	char where[WHERE_SIZE];

	if (section == NULL)
		FAIL(reader->op, RC_INVALID,
		    "line %u: %s stands before any [section]", reader->line,
		    name);
	key = key_find(reader->conf, section_name, name);
	if (key == NULL)
		FAIL(reader->op, RC_INVALID, "line %u: unknown key %s in [%s]",
		    reader->line, name, section_name);
	if (value_find(section, name) != NULL)
		FAIL(reader->op, RC_INVALID,
		    "line %u: %s in [%s] a second time", reader->line, name,
		    section_name);
	(void)snprintf(where, sizeof(where), "line %u: [%s] %s", reader->line,
	    section_name, name);
	return value_add(reader->op, reader->conf, section, key, where, text);
}

static int
on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;

	if (reader->rc == RC_OK)
		reader->rc = pair_add(reader, section, name, value);
	return reader->rc == RC_OK;
}

/* As fgets; lines are short enough by now (conf_line_check). */
static char *
on_line(char *out, int room, void *stream)
{
	struct reader *reader = stream;
	struct span row;

	if (reader->rest.size == 0)
		return NULL;
	row = line_take(&reader->rest);
	if (row.size + 2 >
	    (size_t)room) /* a library built with a smaller INI_MAX_LINE */
		abort();
	memcpy(out, row.data, row.size);
	out[row.size] = '\n';
	out[row.size + 1] = '\0';
	reader->line++;
	return out;
}

/* Gives a section what its keys have by default. */
static enum rc
section_complete(struct op *op, struct conf *conf, struct section *section)
{
	char where[WHERE_SIZE];
	size_t i;

	for (i = 0; i < conf->n; i++) {
		const struct conf_key *key = &conf->keys[i];

		if (!conf_section_is(key->section, section->name) ||
		    value_find(section, key->key) != NULL)
			continue;
		if (key->default_text == NULL)
			FAIL(op, RC_INVALID, "%s is missing in [%s]", key->key,
			    section->name);
		(void)snprintf(where, sizeof(where), "default of [%s] %s",
		    key->section, key->key);
		TRY(value_add(
		    op, conf, section, key, where, key->default_text));
	}
	return RC_OK;
}

static enum rc
conf_complete(struct op *op, struct conf *conf)
{
	struct section *section;
	size_t i;

	for (i = 0; i < conf->n; i++) {
		const char *name = conf->keys[i].section;

		if (!str_ends(name, " *") && section_find(conf, name) == NULL)
			TRY(section_add(op, conf, span_str(name), 0));
	}
	for (section = conf->sections; section != NULL; section = section->next)
		TRY(section_complete(op, conf, section));
	return RC_OK;
}

static struct span
without_bom(struct span text)
{
	if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
		return span_of(text.data + 3, text.size - 3);
	return text;
}

enum rc
conf_parse(struct op *op, struct span text, const struct conf_key *keys,
    size_t n, struct conf **ret_conf)
{
	CLEANUP(conf_free_ptr) struct conf *conf = mem_alloc(sizeof(*conf));
	struct reader reader = {
	    .op = op, .conf = conf, .rest = without_bom(text)};
	int bad_line;

	if (conf == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for the configuration");
	arena_init(&conf->arena, CONF_ARENA_LIMIT);
	conf->keys = keys;
	conf->n = n;
	conf->tail = &conf->sections;
	TRY(text_check(op, conf, reader.rest));
	bad_line = ini_parse_stream(on_line, &reader, on_pair, &reader);
	TRY(reader.rc);
	if (bad_line != 0)
		FAIL(op, RC_INVALID, "line %d: expected key = value", bad_line);
	TRY(conf_complete(op, conf));
	*ret_conf = conf;
	conf = NULL;
	return RC_OK;
}

static const struct conf_value *
must_get(const struct conf *conf, const char *section_name, const char *key)
{
	const struct section *section = section_find(conf, section_name);
	const struct conf_value *value;

	if (section == NULL)
		abort();
	value = value_find(section, key);
	if (value == NULL)
		abort();
	return value;
}

static void
must_be(bool type_is_right)
{
	if (!type_is_right)
		abort();
}

bool
conf_get_bool(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = must_get(conf, section, key);

	must_be(value->key->type == CONF_BOOL);
	return value->yes;
}

uint64_t
conf_get_u64(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = must_get(conf, section, key);
	enum conf_type type = value->key->type;

	must_be(type == CONF_U64 || type == CONF_SIZE || type == CONF_DURATION);
	return value->number;
}

const char *
conf_get_string(const struct conf *conf, const char *section, const char *key)
{
	const struct conf_value *value = must_get(conf, section, key);

	must_be(value->key->type == CONF_STRING);
	return value->text;
}

const char *const *
conf_get_list(const struct conf *conf, const char *section, const char *key,
    size_t *ret_n)
{
	const struct conf_value *value = must_get(conf, section, key);

	must_be(value->key->type == CONF_LIST);
	*ret_n = value->list.n;
	return value->list.items;
}

const char *
conf_section_name(const struct conf *conf, const char *prefix, size_t i)
{
	const struct section *section;
	size_t len = strlen(prefix);

	for (section = conf->sections; section != NULL; section = section->next)
		if (strncmp(section->name, prefix, len) == 0 &&
		    section->name[len] == ' ' && i-- == 0)
			return section->name + len + 1;
	return NULL;
}
