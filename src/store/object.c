/* object.c - names of a site's objects: one strict spelling for each. */
#include "store/object.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Fields of the longest name. */
enum { FIELDS_MAX = 4 };

int
generation_compare(struct generation a, struct generation b)
{
	if (a.counter != b.counter)
		return a.counter < b.counter ? -1 : 1;
	if (a.attempt != b.attempt)
		return a.attempt < b.attempt ? -1 : 1;
	return 0;
}

int
log_name_compare(const struct log_name *a, const struct log_name *b)
{
	int order = generation_compare(a->generation, b->generation);

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (order == 0)
		order = memcmp(a->hash8, b->hash8, sizeof(a->hash8));
	return order;
}

void
object_folder(char out[OBJECT_FOLDER_SIZE], const char *kind, uint64_t tenant)
{
	int size =
	    snprintf(out, OBJECT_FOLDER_SIZE, "%s/%016" PRIx64, kind, tenant);

	assert(size > 0 && size < OBJECT_FOLDER_SIZE);
	(void)size;
}

/* Lower-case digits only: two spellings of one name would be two objects. */
static bool
hex_field(const char *text, size_t digits, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < digits; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret_value = value;
	return true;
}

/* Fields of fixed width with dots between them, and nothing after. */
static bool
parse_fields(const char *file, const size_t *widths, size_t n, uint64_t *values)
{
	size_t i;

	assert(n <= FIELDS_MAX);
	for (i = 0; i < n; i++) {
		if (i > 0 && *file++ != '.')
			return false;
		if (!hex_field(file, widths[i], &values[i]))
			return false;
		file += widths[i];
	}
	return *file == '\0';
}

static uint64_t
hash8_value(const uint8_t hash8[8])
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		value = value << 8 | hash8[i];
	return value;
}

static void
hash8_from(uint8_t hash8[8], uint64_t value)
{
	size_t i;

	for (i = 8; i-- > 0; value >>= 8)
		hash8[i] = (uint8_t)value;
}

/* The four fields that logs and keyrings have in common. */
static void
versioned_file(char out[OBJECT_FILE_SIZE], uint64_t number,
    struct generation generation, const uint8_t hash8[8])
{
	assert(generation.attempt <= UINT32_MAX);
	(void)snprintf(out, OBJECT_FILE_SIZE,
	    "%016" PRIx64 ".%016" PRIx64 ".%08" PRIx64 ".%016" PRIx64, number,
	    generation.counter, generation.attempt, hash8_value(hash8));
}

static bool
versioned_parse(const char *file, uint64_t *ret_number,
    struct generation *ret_generation, uint8_t ret_hash8[8])
{
	static const size_t widths[] = {16, 16, 8, 16};
	uint64_t values[FIELDS_MAX];

	if (!parse_fields(file, widths, ARRAY_LEN(widths), values))
		return false;
	*ret_number = values[0];
	*ret_generation = (struct generation){values[1], values[2]};
	hash8_from(ret_hash8, values[3]);
	return true;
}

void
object_log(
    struct object_name *name, uint64_t tenant, const struct log_name *log)
{
	object_folder(name->folder, "log", tenant);
	versioned_file(name->file, log->number, log->generation, log->hash8);
}

enum rc
object_log_parse(struct op *op, const char *file, struct log_name *ret_log)
{
	struct log_name log;

	if (!versioned_parse(file, &log.number, &log.generation, log.hash8))
		FAIL(op, RC_INVALID, "not a number's name");
	*ret_log = log;
	return RC_OK;
}

void
object_pack(
    struct object_name *name, uint64_t tenant, const struct pack_name *pack)
{
	object_folder(name->folder, "log", tenant);
	(void)snprintf(name->file, sizeof(name->file),
	    "pack.%016" PRIx64 ".%016" PRIx64 ".%016" PRIx64, pack->first,
	    pack->last, hash8_value(pack->hash8));
}

enum rc
object_pack_parse(struct op *op, const char *file, struct pack_name *ret_pack)
{
	static const size_t widths[] = {16, 16, 16};
	uint64_t values[FIELDS_MAX];

	if (!str_starts(file, "pack.") ||
	    !parse_fields(file + 5, widths, ARRAY_LEN(widths), values) ||
	    values[0] == 0 || values[0] > values[1])
		FAIL(op, RC_INVALID, "not a pack's name");
	ret_pack->first = values[0];
	ret_pack->last = values[1];
	hash8_from(ret_pack->hash8, values[2]);
	return RC_OK;
}

void
object_data(
    struct object_name *name, uint64_t tenant, const uint8_t id[OBJECT_ID_SIZE])
{
	object_folder(name->folder, "data", tenant);
	str_hex(name->file, span_of(id, OBJECT_ID_SIZE));
}

enum rc
object_data_parse(
    struct op *op, const char *file, uint8_t ret_id[OBJECT_ID_SIZE])
{
	uint64_t high, low;

	if (strlen(file) != (size_t)2 * OBJECT_ID_SIZE ||
	    !hex_field(file, 16, &high) || !hex_field(file + 16, 16, &low))
		FAIL(op, RC_INVALID, "not a data segment's name");
	hash8_from(ret_id, high);
	hash8_from(ret_id + 8, low);
	return RC_OK;
}

void
object_snap(struct object_name *name, uint64_t tenant,
    const uint8_t id[OBJECT_ID_SIZE], uint32_t part)
{
	char hex[2 * OBJECT_ID_SIZE + 1];

	object_folder(name->folder, "snap", tenant);
	str_hex(hex, span_of(id, OBJECT_ID_SIZE));
	(void)snprintf(
	    name->file, sizeof(name->file), "%s.%08" PRIx32, hex, part);
}

enum rc
object_snap_parse(struct op *op, const char *file,
    uint8_t ret_id[OBJECT_ID_SIZE], uint32_t *ret_part)
{
	uint64_t high, low, part;

	if (strlen(file) != (size_t)2 * OBJECT_ID_SIZE + 9 ||
	    !hex_field(file, 16, &high) || !hex_field(file + 16, 16, &low) ||
	    file[32] != '.' || !hex_field(file + 33, 8, &part))
		FAIL(op, RC_INVALID, "not the name of a snapshot's piece");
	hash8_from(ret_id, high);
	hash8_from(ret_id + 8, low);
	*ret_part = (uint32_t)part;
	return RC_OK;
}

void
object_key(
    struct object_name *name, uint64_t tenant, const struct key_name *key)
{
	object_folder(name->folder, "keys", tenant);
	versioned_file(name->file, key->version, key->generation, key->hash8);
}

enum rc
object_key_parse(struct op *op, const char *file, struct key_name *ret_key)
{
	struct key_name key;

	if (!versioned_parse(file, &key.version, &key.generation, key.hash8))
		FAIL(op, RC_INVALID, "not a keyring's name");
	*ret_key = key;
	return RC_OK;
}

void
object_fence(struct object_name *name, uint64_t counter)
{
	(void)str_copy(name->folder, sizeof(name->folder), "fence");
	(void)snprintf(name->file, sizeof(name->file), "%016" PRIx64, counter);
}

enum rc
object_fence_parse(struct op *op, const char *file, uint64_t *ret_counter)
{
	static const size_t widths[] = {16};
	uint64_t value;

	if (!parse_fields(file, widths, ARRAY_LEN(widths), &value))
		FAIL(op, RC_INVALID, "not a fence's name");
	*ret_counter = value;
	return RC_OK;
}

void
object_heads(struct object_name *name, uint64_t counter, uint64_t version)
{
	(void)str_copy(name->folder, sizeof(name->folder), "heads");
	(void)snprintf(name->file, sizeof(name->file),
	    "%016" PRIx64 ".%016" PRIx64, counter, version);
}

enum rc
object_heads_parse(struct op *op, const char *file, uint64_t *ret_counter,
    uint64_t *ret_version)
{
	static const size_t widths[] = {16, 16};
	uint64_t values[2];

	if (!parse_fields(file, widths, ARRAY_LEN(widths), values))
		FAIL(op, RC_INVALID, "not the name of heads");
	*ret_counter = values[0];
	*ret_version = values[1];
	return RC_OK;
}
