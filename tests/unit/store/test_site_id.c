/* test_site_id.c - site.id: what is written is read back, and nothing else is
 * read. */
#include <string.h>

#include "plain_fixture.h"
#include "store/site_id.h"

static const struct site_id example = {
    .service = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    .id = {0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb,
	0xfc, 0xfd, 0xfe, 0xff, 0xf0},
    .name = "tokyo",
};

static enum rc
read_only(struct op *op, struct span bytes)
{
	struct site_id id;

	return site_id_read(op, bytes, &id);
}

static void
an_identity_is_read_back(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct object_name name;
	struct site_id id;
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, SITE_ID_SIZE_MAX);
	ASSERT_OK(&op, site_id_write(&op, &example, &bytes));
	assert_int_equal(bytes.size, 10 + 16 + 16 + 2 + 5 + 32);
	ASSERT_OK(&op, site_id_read(&op, buf_span(&bytes), &id));
	assert_memory_equal(id.service, example.service, OBJECT_ID_SIZE);
	assert_memory_equal(id.id, example.id, OBJECT_ID_SIZE);
	assert_string_equal(id.name, "tokyo");
	site_id_name(&name);
	assert_string_equal(name.folder, "");
	assert_string_equal(name.file, "site.id");
	op_release(&op);
}

static void
names_have_1_to_32_bytes_without_control_characters(void **state)
{
	static const char *const bad[] = {"", "a\nb", "a\x7f", "\x1b[2J"};
	CLEANUP(buf_release) struct buf bytes = {0};
	struct site_id id = example, back;
	struct op op;
	size_t i;

	(void)state;
	op_init(&op);
	buf_init(&bytes, SITE_ID_SIZE_MAX);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		memset(id.name, 0, sizeof(id.name));
		memcpy(id.name, bad[i], strlen(bad[i]));
		ASSERT_RC(&op, RC_INVALID, site_id_write(&op, &id, &bytes));
		assert_int_equal(bytes.size, 0);
	}
	memcpy(id.name, "12345678901234567890123456789012", 33);
	ASSERT_OK(&op, site_id_write(&op, &id, &bytes));
	assert_int_equal(bytes.size, SITE_ID_SIZE_MAX);
	ASSERT_OK(&op, site_id_read(&op, buf_span(&bytes), &back));
	assert_string_equal(back.name, id.name);
	op_release(&op);
}

static void
a_name_of_33_bytes_is_damage(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct site_id id = example;
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, 200);
	memcpy(id.name, "12345678901234567890123456789012", 33);
	ASSERT_OK(&op, site_id_write(&op, &id, &bytes));
	ASSERT_OK(&op, buf_add(&op, &bytes, span_of("", 1)));
	bytes.data[42] = 33;
	bytes.data[44 + 32] = 'x';
	plain_fix_sum(&bytes);
	ASSERT_RC(&op, RC_DAMAGED, read_only(&op, buf_span(&bytes)));
	op_release(&op);
}

static void
every_changed_bit_and_length_is_damage(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, 200);
	ASSERT_OK(&op, site_id_write(&op, &example, &bytes));
	plain_refuse_changes(&op, &bytes, read_only);
	op_release(&op);
}

static void
fields_that_are_not_well_formed_are_damage(void **state)
{
	static const struct plain_change changes[] = {
	    {"a newer format", 8, 2, 2, RC_REFUSED},
	    {"format 0", 8, 2, 0, RC_DAMAGED},
	    {"another magic", 4, 1, 'x', RC_DAMAGED},
	    {"no name", 42, 2, 0, RC_DAMAGED},
	    {"a shorter name", 42, 2, 4, RC_DAMAGED},
	    {"a longer name", 42, 2, 6, RC_DAMAGED},
	    {"a name beyond all", 42, 2, 65535, RC_DAMAGED},
	    {"a NUL in the name", 44, 1, 0, RC_DAMAGED},
	    {"a line feed in the name", 44, 1, '\n', RC_DAMAGED},
	    {"another name", 44, 1, 'T', RC_OK},
	};
	CLEANUP(buf_release) struct buf bytes = {0};
	struct op op;

	(void)state;
	op_init(&op);
	buf_init(&bytes, 200);
	ASSERT_OK(&op, site_id_write(&op, &example, &bytes));
	plain_check_changes(
	    &op, &bytes, read_only, changes, ARRAY_LEN(changes));
	op_release(&op);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_identity_is_read_back),
	    cmocka_unit_test(
		names_have_1_to_32_bytes_without_control_characters),
	    cmocka_unit_test(a_name_of_33_bytes_is_damage),
	    cmocka_unit_test(every_changed_bit_and_length_is_damage),
	    cmocka_unit_test(fields_that_are_not_well_formed_are_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
