/* test_object.c - names of objects: what is made is read back, and nothing else
 * is read. */
#include <stdio.h>
#include <string.h>

#include "lib/test.h"
#include "store/object.h"

static const struct log_name log_example = {
    .number = 0x1234,
    .generation = {.counter = 0xfedcba9876543210, .attempt = 0xffffffff},
    .hash8 = {0x00, 0x11, 0x22, 0x33, 0xaa, 0xbb, 0xcc, 0xdd},
};

static void
names_are_spelled_in_fixed_width_lower_case_hex(void **state)
{
	const struct key_name key = {
	    .version = 9,
	    .generation = {.counter = 1, .attempt = 0},
	    .hash8 = {0xff},
	};
	uint8_t id[OBJECT_ID_SIZE];
	struct pack_name pack = {7, 9, {0xab}};
	struct object_name name;

	(void)state;
	object_log(&name, 0xab, &log_example);
	assert_string_equal(name.folder, "log/00000000000000ab");
	assert_string_equal(name.file,
	    "0000000000001234.fedcba9876543210.ffffffff.00112233aabbccdd");
	object_key(&name, UINT64_MAX, &key);
	assert_string_equal(name.folder, "keys/ffffffffffffffff");
	assert_string_equal(name.file,
	    "0000000000000009.0000000000000001.00000000.ff00000000000000");
	memset(id, 0xd0, sizeof(id));
	object_data(&name, 1, id);
	assert_string_equal(name.folder, "data/0000000000000001");
	assert_string_equal(name.file, "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0");
	object_snap(&name, 1, id, 0x1f);
	assert_string_equal(name.folder, "snap/0000000000000001");
	assert_string_equal(
	    name.file, "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0.0000001f");
	object_pack(&name, 1, &pack);
	assert_string_equal(name.folder, "log/0000000000000001");
	assert_string_equal(name.file,
	    "pack.0000000000000007.0000000000000009.ab00000000000000");
	object_fence(&name, 0x10);
	assert_string_equal(name.folder, "fence");
	assert_string_equal(name.file, "0000000000000010");
	object_heads(&name, 2, 3);
	assert_string_equal(name.folder, "heads");
	assert_string_equal(name.file, "0000000000000002.0000000000000003");
	object_folder(name.folder, "damaged", UINT64_MAX);
	assert_string_equal(name.folder, "damaged/ffffffffffffffff");
}

static void
names_are_read_back(void **state)
{
	struct key_name key = {.version = 1, .generation = {2, 3}}, key_back;
	uint8_t id[OBJECT_ID_SIZE], id_back[OBJECT_ID_SIZE];
	uint64_t counter, version;
	uint32_t part;
	struct pack_name pack = {5, 6, {1}}, pack_back;
	struct log_name log_back;
	struct object_name name;
	struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < sizeof(id); i++)
		id[i] = (uint8_t)(i * 31 + 5);
	memcpy(key.hash8, id, sizeof(key.hash8));
	object_log(&name, 1, &log_example);
	ASSERT_OK(&op, object_log_parse(&op, name.file, &log_back));
	assert_memory_equal(&log_back, &log_example, sizeof(log_back));
	object_key(&name, 1, &key);
	ASSERT_OK(&op, object_key_parse(&op, name.file, &key_back));
	assert_memory_equal(&key_back, &key, sizeof(key));
	object_data(&name, 1, id);
	ASSERT_OK(&op, object_data_parse(&op, name.file, id_back));
	assert_memory_equal(id_back, id, sizeof(id));
	memset(id_back, 0, sizeof(id_back));
	object_snap(&name, 1, id, UINT32_MAX);
	ASSERT_OK(&op, object_snap_parse(&op, name.file, id_back, &part));
	assert_memory_equal(id_back, id, sizeof(id));
	assert_int_equal(part, UINT32_MAX);
	object_pack(&name, 1, &pack);
	ASSERT_OK(&op, object_pack_parse(&op, name.file, &pack_back));
	assert_memory_equal(&pack_back, &pack, sizeof(pack));
	object_fence(&name, UINT64_MAX);
	ASSERT_OK(&op, object_fence_parse(&op, name.file, &counter));
	assert_true(counter == UINT64_MAX);
	object_heads(&name, 77, UINT64_MAX - 1);
	ASSERT_OK(&op, object_heads_parse(&op, name.file, &counter, &version));
	assert_true(counter == 77 && version == UINT64_MAX - 1);
	op_release(&op);
}

/* Whether any parser of names takes it. */
static bool
some_parser_takes(struct op *op, const char *file)
{
	uint8_t id[OBJECT_ID_SIZE];
	struct log_name log;
	struct key_name key;
	uint64_t a, b;
	uint32_t part;
	struct pack_name pack;
	bool taken = object_log_parse(op, file, &log) == RC_OK ||
		     object_key_parse(op, file, &key) == RC_OK ||
		     object_data_parse(op, file, id) == RC_OK ||
		     object_snap_parse(op, file, id, &part) == RC_OK ||
		     object_pack_parse(op, file, &pack) == RC_OK ||
		     object_fence_parse(op, file, &a) == RC_OK ||
		     object_heads_parse(op, file, &a, &b) == RC_OK;

	op_clear_error(op);
	return taken;
}

static void
other_spellings_are_no_names(void **state)
{
	static const char *const bad[] = {
	    "",
	    ".",
	    "0",
	    "000000000000001",
	    "00000000000000001",
	    "000000000000000A",
	    "000000000000000g",
	    "0x00000000000001",
	    " 000000000000001",
	    "-000000000000001",
	    "0000000000000001.",
	    "0000000000000001.1",
	    "0000000000000001-0000000000000001",
	    "0000000000000001.0000000000000001.",
	    "0000000000000001.0000000000000001.00000000",
	    "0000000000000001.0000000000000001.00000000.",
	    "0000000000000001.0000000000000001.00000000.000000000000000",
	    "0000000000000001.0000000000000001.00000000.0000000000000000 ",
	    "0000000000000001.0000000000000001.0000000.00000000000000000",
	    "0000000000000001.0000000000000001.00000000.00000000000000FF",
	    "D0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0",
	    "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d",
	    "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d00",
	    "pack.0000000000000001",
	};
	struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (some_parser_takes(&op, bad[i]))
			fail_msg("taken: \"%s\"", bad[i]);
	op_release(&op);
}

/* Each character of a good name changed: read as another name that is spelled
 * so, or not at all. */
static void
a_changed_character_gives_another_name_or_none(void **state)
{
	struct object_name name, again;
	struct log_name log;
	struct op op;
	size_t i;
	int c;

	(void)state;
	op_init(&op);
	object_log(&name, 1, &log_example);
	for (i = 0; i < strlen(name.file); i++) {
		char kept = name.file[i];

		for (c = 0; c < 256; c++) {
			name.file[i] = (char)c;
			if (object_log_parse(&op, name.file, &log) != RC_OK)
				continue;
			object_log(&again, 1, &log);
			assert_string_equal(again.file, name.file);
		}
		name.file[i] = kept;
	}
	op_release(&op);
}

static void
a_failed_parse_tells_invalid_and_writes_nothing(void **state)
{
	struct log_name log = log_example;
	uint64_t a = 5, b = 6;
	struct op op;

	(void)state;
	op_init(&op);
	ASSERT_RC(&op, RC_INVALID,
	    object_log_parse(
		&op, "0000000000000001.0000000000000001.00000000.x", &log));
	assert_memory_equal(&log, &log_example, sizeof(log));
	ASSERT_RC(&op, RC_INVALID,
	    object_heads_parse(&op, "0000000000000001.", &a, &b));
	assert_true(a == 5 && b == 6);
	op_release(&op);
}

static void
generations_are_ordered_by_counter_then_attempt(void **state)
{
	const struct generation ordered[] = {
	    {0, 0}, {0, 1}, {1, 0}, {1, 5}, {2, 0}, {UINT64_MAX, UINT32_MAX}};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ordered); i++)
		for (k = 0; k < ARRAY_LEN(ordered); k++)
			assert_int_equal(
			    generation_compare(ordered[i], ordered[k]),
			    (i > k) - (i < k));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_spelled_in_fixed_width_lower_case_hex),
	    cmocka_unit_test(names_are_read_back),
	    cmocka_unit_test(other_spellings_are_no_names),
	    cmocka_unit_test(a_changed_character_gives_another_name_or_none),
	    cmocka_unit_test(a_failed_parse_tells_invalid_and_writes_nothing),
	    cmocka_unit_test(generations_are_ordered_by_counter_then_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
