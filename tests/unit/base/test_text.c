/* test_text.c - Unicode, and what may be the name of a file. */
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "lib/test.h"

static int
setup(void **state)
{
	static struct op op;

	op_init(&op);
	*state = &op;
	return 0;
}

static int
teardown(void **state)
{
	op_release(*state);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
put_utf8(uint8_t *out, size_t *ret_size, uint32_t point)
{
	if (point < 0x80) {
		out[0] = (uint8_t)point;
		*ret_size = 1;
	} else if (point < 0x800) {
		out[0] = (uint8_t)(0xC0 | point >> 6);
		out[1] = (uint8_t)(0x80 | (point & 63));
		*ret_size = 2;
	} else if (point < 0x10000) {
		out[0] = (uint8_t)(0xE0 | point >> 12);
		out[1] = (uint8_t)(0x80 | (point >> 6 & 63));
		out[2] = (uint8_t)(0x80 | (point & 63));
		*ret_size = 3;
	} else {
		out[0] = (uint8_t)(0xF0 | point >> 18);
		out[1] = (uint8_t)(0x80 | (point >> 12 & 63));
		out[2] = (uint8_t)(0x80 | (point >> 6 & 63));
		out[3] = (uint8_t)(0x80 | (point & 63));
		*ret_size = 4;
	}
}

static void
every_code_point_but_surrogates_is_valid(void **state)
{
	uint8_t bytes[4];
	uint32_t point;
	size_t size;

	(void)state;
	for (point = 0; point < 0x120000; point++) {
		bool want =
		    point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
		size_t cut;

		put_utf8(bytes, &size, point);
		if (text_valid(span_of(bytes, size)) != want)
			fail_msg("U+%X: expected %d", point, want);
		for (cut = 1; cut < size; cut++)
			assert_false(text_valid(span_of(bytes, cut)));
	}
	assert_true(text_valid(span_of(NULL, 0)));
}

static void
overlong_and_broken_forms_are_not_valid(void **state)
{
	static const char *const bad[] = {"\x80", "\xBF", "\xC0\x80",
	    "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF",
	    "\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80",
	    "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE",
	    "\xFF", "a\xE3\x81", "\xE3\x81z", "\xE3z\x81", "\xF0\x9F\x98z",
	    "\xC3\xC3\xA9"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (text_valid(span_str(bad[i])))
			fail_msg("case %zu was taken for valid", i);
}

static void
units_are_those_of_utf16(void **state)
{
	(void)state;
	assert_int_equal(text_utf16_units(span_str("")), 0);
	assert_int_equal(text_utf16_units(span_str("abc")), 3);
	assert_int_equal(text_utf16_units(span_str("\xC3\xA9\xE5\x9C\x9F")), 2);
	assert_int_equal(text_utf16_units(span_str("\xF0\x9F\x98\x80z")), 3);
}

static void
normal_form_c_composes_and_orders(void **state)
{
	static const struct {
		const char *text, *nfc;
	} cases[] = {
	    {"", ""}, {"plain", "plain"},
	    {"e\xCC\x81", "\xC3\xA9"}, /* e + acute */
	    {"\xE3\x81\x8B\xE3\x82\x99", "\xE3\x81\x8C"}, /* ka + voicing */
	    {"\xE3\x83\x8F\xE3\x82\x9A",
		"\xE3\x83\x91"}, /* ha + semi-voicing */
	    {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB",
		"\xED\x95\x9C"}, /* Hangul han */
	    {"\xE2\x84\xAB", "\xC3\x85"}, /* Angstrom sign */
	    {"\xEF\xBC\xA1", "\xEF\xBC\xA1"}, /* full-width A stays */
	    {"q\xCC\x87\xCC\xA3", "q\xCC\xA3\xCC\x87"}, /* marks in order */
	    {"\xEF\xA8\x99", "\xE7\xA5\x9E"}, /* compatibility ideograph */
	};
	struct op *op = *state;
	struct span got;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ASSERT_OK(op, text_nfc(op, span_str(cases[i].text), &got));
		if (!span_equal(got, span_str(cases[i].nfc)))
			fail_msg(
			    "case %zu: got %.*s", i, (int)got.size, got.data);
		assert_int_equal(got.data[got.size], 0);
	}
	ASSERT_OK(op, text_nfc(op, span_of("a\0b", 3), &got));
	assert_true(span_equal(got, span_of("a\0b", 3)));
	ASSERT_RC(op, RC_INVALID, text_nfc(op, span_str("a\xC0\xAF"), &got));
}

/* B6. */
static void
twins_have_one_key_and_others_do_not(void **state)
{
	static const struct {
		const char *a, *b;
		bool twins;
	} cases[] = {
	    {"Report.TXT", "report.txt", true},
	    {"\xC3\x89T\xC3\x89", "e\xCC\x81te\xCC\x81",
		true}, /* case and form at once */
	    {"STRASSE",
		"stra\xC3\x9F"
		"e",
		true},
	    {"\xCE\xA3\xCE\x91\xCE\xA3", "\xCF\x83\xCE\xB1\xCF\x82",
		true}, /* final sigma */
	    {"\xEF\xBC\xA1", "\xEF\xBD\x81", true}, /* full-width A, a */
	    {"\xEF\xBC\xA1", "A", false}, /* full-width, plain */
	    {"\xE3\x82\xA2", "\xE3\x81\x82", false}, /* katakana, hiragana */
	    {"\xE3\x82\xAC", "\xE3\x82\xAB\xE3\x82\x99", true},
	    {"e", "\xC3\xA9", false},
	    {"a", "a ", false},
	};
	struct op *op = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct span a, b;

		ASSERT_OK(op, text_fold_key(op, span_str(cases[i].a), &a));
		ASSERT_OK(op, text_fold_key(op, span_str(cases[i].b), &b));
		if (span_equal(a, b) != cases[i].twins)
			fail_msg("case %zu: %.*s and %.*s", i, (int)a.size,
			    a.data, (int)b.size, b.data);
	}
}

static void
longer_texts_than_the_limit_are_refused(void **state)
{
	static uint8_t text[TEXT_LIMIT + 1];
	struct op *op = *state;
	struct span got;

	memset(text, 'a', sizeof(text));
	ASSERT_OK(op, text_nfc(op, span_of(text, TEXT_LIMIT), &got));
	assert_int_equal(got.size, TEXT_LIMIT);
	ASSERT_RC(
	    op, RC_LIMIT, text_nfc(op, span_of(text, TEXT_LIMIT + 1), &got));
	ASSERT_RC(op, RC_LIMIT,
	    text_fold_key(op, span_of(text, TEXT_LIMIT + 1), &got));
}

static void
names_are_kept_in_normal_form_c(void **state)
{
	static const char *const same[] = {"a", "...", ".hidden", "a b", " a",
	    "\xE5\x9C\x9F\xE8\x94\xB5.txt", "\xF0\x9F\x98\x80", "CON", "a:b",
	    "x\\y", "end.", "end "};
	struct op *op = *state;
	struct span nfc;
	size_t i;

	for (i = 0; i < ARRAY_LEN(same); i++) {
		ASSERT_OK(
		    op, text_name_check(op, span_str(same[i]), false, &nfc));
		assert_true(span_equal(nfc, span_str(same[i])));
	}
	ASSERT_OK(
	    op, text_name_check(
		    op, span_str("\xE3\x81\x8B\xE3\x82\x99.txt"), true, &nfc));
	assert_true(span_equal(nfc, span_str("\xE3\x81\x8C.txt")));
}

/* Expects a refusal whose text has this word. */
static void
refused(struct op *op, struct span name, bool windows, const char *word)
{
	struct span nfc = span_str("untouched");

	assert_int_equal(text_name_check(op, name, windows, &nfc), RC_INVALID);
	if (strstr(op_error(op, RC_INVALID), word) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", op_error(op, RC_INVALID),
		    word);
	assert_true(span_equal(nfc, span_str("untouched")));
	op_clear_error(op);
}

static void
names_that_no_system_holds_are_refused_in_words(void **state)
{
	struct op *op = *state;
	uint8_t c;

	refused(op, span_str(""), false, "empty");
	refused(op, span_str("."), false, ". or ..");
	refused(op, span_str(".."), false, ". or ..");
	refused(op, span_str("a/b"), false, "slash");
	refused(op, span_str("/"), false, "slash");
	refused(op, span_of("a\0b", 3), false, "control");
	refused(op, span_of("\0", 1), false, "control");
	refused(op, span_str("a\xFF"), false, "UTF-8");
	refused(op, span_str("..\xC0\xAF"), false, "UTF-8");
	for (c = 1; c < 0x20; c++)
		refused(op, span_of((uint8_t[]){'a', c}, 2), false, "control");
	refused(op, span_str("a\x7F"), false, "control");
	for (c = 0x80; c < 0xA0; c++)
		refused(op, span_of((uint8_t[]){'a', 0xC2, c}, 3), false,
		    "control");
}

static void
a_name_has_up_to_255_units_after_normalising(void **state)
{
	struct op *op = *state;
	struct span nfc;
	char text[255 * 9 + 16] = "";
	size_t i;

	memset(text, 'n', 255);
	ASSERT_OK(op, text_name_check(op, span_of(text, 255), true, &nfc));
	memset(text, 'n', 256);
	refused(op, span_of(text, 256), false, "255");
	/* 127 pairs and one. */
	for (i = 0; i < 128; i++)
		memcpy(text + 4 * i, "\xF0\x9F\x98\x80", 4);
	text[4 * 127] = 'x';
	ASSERT_OK(
	    op, text_name_check(op, span_of(text, 4 * 127 + 1), true, &nfc));
	text[4 * 127] = '\xF0';
	refused(op, span_of(text, 4 * 128), false, "255");
	/* 255 Hangul syllables that come as three letters each, as a Mac sends
	 * them. */
	for (i = 0; i < 255; i++)
		memcpy(text + 9 * i, "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 9);
	ASSERT_OK(op, text_name_check(op, span_of(text, 255 * 9), true, &nfc));
	assert_int_equal(text_utf16_units(nfc), 255);
	text[255 * 9] = 'x';
	refused(op, span_of(text, 255 * 9 + 1), false, "255");
}

static void
a_name_without_end_is_refused(void **state)
{
	static uint8_t name[TEXT_LIMIT + 1];

	memset(name, 'a', sizeof(name));
	refused(*state, span_of(name, sizeof(name)), false, "255");
}

static void
names_that_windows_cannot_hold_are_refused_by_policy(void **state)
{
	static const char *const devices[] = {"con", "PRN", "Aux", "nul",
	    "NUL.txt", "nul.tar.gz", "COM1", "com9.log", "LPT0", "lpt5",
	    "NUL .txt", "COM\xC2\xB9", "conin$", "CONOUT$"};
	static const char *const fine[] = {"CONS", "COM", "COM10", "COMA",
	    "LPT", "NULL", "xCON", ".con", "a.nul", "COM\xC2\xBA", "CON_",
	    "a,b;c'(d)", "\xEF\xBC\x9A"};
	static const char marks[] = "<>:\"\\|?*";
	struct op *op = *state;
	struct span nfc;
	size_t i;

	for (i = 0; marks[i] != '\0'; i++) {
		char name[] = {'a', marks[i], 'b', '\0'};

		refused(op, span_str(name), true, (char[]){marks[i], '\0'});
		ASSERT_OK(op, text_name_check(op, span_str(name), false, &nfc));
	}
	refused(op, span_str("end."), true, "end");
	refused(op, span_str("end "), true, "end");
	refused(op, span_str("..."), true, "end");
	for (i = 0; i < ARRAY_LEN(devices); i++) {
		refused(op, span_str(devices[i]), true, "device");
		ASSERT_OK(
		    op, text_name_check(op, span_str(devices[i]), false, &nfc));
	}
	for (i = 0; i < ARRAY_LEN(fine); i++)
		ASSERT_OK(
		    op, text_name_check(op, span_str(fine[i]), true, &nfc));
}

static enum rc
fold_once(void *arg)
{
	CLEANUP(op_release) struct op op;
	struct span key;

	(void)arg;
	op_init(&op);
	TRY(text_name_check(
	    &op, span_str("\xE3\x81\x8B\xE3\x82\x99.txt"), true, &key));
	return text_fold_key(&op, key, &key);
}

static void
a_failed_allocation_is_told(void **state)
{
	(void)state;
	test_torture_alloc(fold_once, NULL, 100);
	fault_alloc_arm(1, false);
	assert_int_equal(fold_once(NULL), RC_NO_MEMORY);
	fault_alloc_arm(0, false);
}

/* The short way of plain texts and the long way of all others end at the same
 * place: behind a letter that only the long way knows stands the same key. */
static void
plain_texts_fold_as_all_others(void **state)
{
	static const struct {
		unsigned first, last;
	} ranges[] = {{0x20, 0x7E}, {0x3001, 0x3096}, {0x30A0, 0x30FF},
	    {0x4E00, 0x9FFF}, {0xFF01, 0xFF9F}, {0xAC00, 0xAC10}};
	size_t i;
	unsigned c;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ranges); i++) {
		CLEANUP(op_release) struct op op;

		op_init(&op);
		for (c = ranges[i].first; c <= ranges[i].last; c++) {
			uint8_t text[16] = "K";
			size_t size = 1;
			struct span plain, other;

			if (c < 0x80) {
				text[size++] = (uint8_t)c;
			} else {
				text[size++] = (uint8_t)(0xE0 | c >> 12);
				text[size++] = (uint8_t)(0x80 | (c >> 6 & 63));
				text[size++] = (uint8_t)(0x80 | (c & 63));
			}
			ASSERT_OK(&op,
			    text_fold_key(&op, span_of(text, size), &plain));
			/* U+0416, whose lower case is U+0436. */
			memcpy(text + size, "\xD0\x96", 2);
			ASSERT_OK(&op, text_fold_key(&op,
					   span_of(text, size + 2), &other));
			assert_int_equal(other.size, plain.size + 2);
			assert_memory_equal(plain.data, other.data, plain.size);
			ASSERT_OK(
			    &op, text_nfc(&op, span_of(text, size), &plain));
			ASSERT_OK(&op,
			    text_nfc(&op, span_of(text, size + 2), &other));
			assert_int_equal(other.size, plain.size + 2);
			assert_memory_equal(plain.data, other.data, plain.size);
		}
	}
}

/* A mark that goes together with the character before it is never plain. */
static void
a_mark_behind_a_plain_character_is_composed(void **state)
{
	CLEANUP(op_release) struct op op;
	struct span got;

	(void)state;
	op_init(&op);
	ASSERT_OK(&op, text_fold_key(&op, span_str("か\u3099A"), &got));
	assert_true(span_equal(got, span_str("がa")));
	ASSERT_OK(&op, text_nfc(&op, span_str("e\u0301"), &got));
	assert_true(span_equal(got, span_str("é")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_texts_fold_as_all_others),
	    cmocka_unit_test(a_mark_behind_a_plain_character_is_composed),
	    TEST(every_code_point_but_surrogates_is_valid),
	    TEST(overlong_and_broken_forms_are_not_valid),
	    TEST(units_are_those_of_utf16),
	    TEST(normal_form_c_composes_and_orders),
	    TEST(twins_have_one_key_and_others_do_not),
	    TEST(longer_texts_than_the_limit_are_refused),
	    TEST(names_are_kept_in_normal_form_c),
	    TEST(names_that_no_system_holds_are_refused_in_words),
	    TEST(a_name_has_up_to_255_units_after_normalising),
	    TEST(a_name_without_end_is_refused),
	    TEST(names_that_windows_cannot_hold_are_refused_by_policy),
	    TEST(a_failed_allocation_is_told),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
