/* metadata.c - pairs of a key and base64. */
#include "tus/metadata.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/str.h"
#include "core/resumable.h"

/* ---- what dozo understands ---- */

typedef enum rc take(struct op *op, struct span value, struct metadata *into);

static enum rc
take_parent(struct op *op, struct span value, struct metadata *into)
{
	(void)op;
	into->parent = value;
	return RC_OK;
}

static enum rc
take_name(struct op *op, struct span value, struct metadata *into)
{
	(void)op;
	into->name = value;
	return RC_OK;
}

static bool
is_text(struct span value)
{
	return memchr(value.data, '\0', value.size) == NULL;
}

static enum rc
take_mtime(struct op *op, struct span value, struct metadata *into)
{
	if (!is_text(value) ||
	    !clock_parse((const char *)value.data, &into->mtime))
		FAIL(op, RC_INVALID,
		    "mtime is a time such as 2026-11-23T17:50:52.123Z");
	into->has_mtime = true;
	return RC_OK;
}

static enum rc
take_sha256(struct op *op, struct span value, struct metadata *into)
{
	if (value.size != 2 * sizeof(into->sha256) || !is_text(value) ||
	    str_unhex(op, (const char *)value.data, into->sha256,
		sizeof(into->sha256)) != RC_OK) {
		op_clear_error(op);
		FAIL(op, RC_INVALID, "sha256 has 64 hexadecimal digits");
	}
	into->has_sha256 = true;
	return RC_OK;
}

static enum rc
take_if_exists(struct op *op, struct span value, struct metadata *into)
{
	static const struct {
		const char *word;
		enum tree_taken taken;
	} words[] = {
	    {"fail", TREE_TAKEN_FAIL},
	    {"version", TREE_TAKEN_VERSION},
	    {"rename", TREE_TAKEN_RENAME},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (span_equal(value, span_str(words[i].word))) {
			into->taken = words[i].taken;
			return RC_OK;
		}
	FAIL(op, RC_INVALID, "if_exists is fail, version or rename");
}

static const struct {
	const char *key;
	take *take;
} known[] = {
    {"parent", take_parent},
    {"name", take_name},
    {"mtime", take_mtime},
    {"sha256", take_sha256},
    {"if_exists", take_if_exists},
};

/* ---- the header ---- */

struct pair {
	struct span key;
	struct span value;
};

static enum rc
malformed(struct op *op)
{
	FAIL(op, RC_INVALID, "Upload-Metadata is malformed");
}

/* Printable ASCII without blanks and commas. */
static bool
is_key(struct span key)
{
	size_t i;

	for (i = 0; i < key.size; i++)
		if (key.data[i] <= ' ' || key.data[i] > '~' ||
		    key.data[i] == ',')
			return false;
	return key.size > 0 && key.size <= METADATA_KEY_MAX;
}

/* Moves *at behind the pair and the comma after it. */
static enum rc
take_pair(struct op *op, const char **at, struct pair *ret_pair)
{
	const char *text = *at + strspn(*at, " \t");
	size_t key = strcspn(text, " \t,");
	const char *base64 = text + key + strspn(text + key, " \t");
	size_t size = strcspn(base64, " \t,");
	const char *end = base64 + size + strspn(base64 + size, " \t");
	uint8_t *value;

	ret_pair->key = span_of(text, key);
	if (!is_key(ret_pair->key) || (*end != ',' && *end != '\0') ||
	    (*end == ',' && end[1] == '\0'))
		return malformed(op);
	TRY(op_alloc(op, size / 4 * 3 + 1, &value));
	if (base64_decode(op, span_of(base64, size), value,
		&ret_pair->value.size) != RC_OK) {
		op_clear_error(op);
		return malformed(op);
	}
	value[ret_pair->value.size] = '\0';
	ret_pair->value.data = value;
	*at = end + (*end == ',');
	return RC_OK;
}

static enum rc
note_pair(
    struct op *op, struct pair *pairs, size_t n, struct metadata *metadata)
{
	const struct pair *pair = &pairs[n];
	size_t i;

	for (i = 0; i < n; i++)
		if (span_equal(pairs[i].key, pair->key))
			FAIL(op, RC_INVALID,
			    "Upload-Metadata names a key twice");
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (span_equal(pair->key, span_str(known[i].key)))
			return known[i].take(op, pair->value, metadata);
	return RC_OK;
}

enum rc
metadata_parse(struct op *op, const char *header, struct metadata *ret_metadata)
{
	struct pair pairs[METADATA_PAIRS_MAX];
	struct metadata metadata = {.taken = TREE_TAKEN_FAIL};
	const char *at = header;
	size_t n;

	metadata.all = span_of("", 0);
	if (header != NULL)
		metadata.all = span_str(header);
	if (metadata.all.size > RESUMABLE_METADATA_MAX)
		FAIL(op, RC_LIMIT, "Upload-Metadata is over %d bytes",
		    RESUMABLE_METADATA_MAX);
	for (n = 0; at != NULL && *at != '\0'; n++) {
		if (n == METADATA_PAIRS_MAX)
			FAIL(op, RC_LIMIT,
			    "Upload-Metadata has more than %d keys",
			    METADATA_PAIRS_MAX);
		TRY(take_pair(op, &at, &pairs[n]));
		TRY(note_pair(op, pairs, n, &metadata));
	}
	*ret_metadata = metadata;
	return RC_OK;
}
