/* text.c - Unicode over utf8proc, in the op's memory. */
#include "base/text.h"

#include <string.h>
#include <utf8proc.h>

/* The size of the sequence that starts with this byte; 0 where none does. */
static size_t
sequence_size(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if (first >= 0xE0 && first <= 0xEF)
		return 3;
	if (first >= 0xF0 && first <= 0xF4)
		return 4;
	return 0;
}

/*
 * The bounds of a sequence's second byte (Unicode, table 3-7): they shut out
 * overlong forms, surrogates and what lies above U+10FFFF.
 */
static bool
second_valid(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xE0:
		return second >= 0xA0 && second <= 0xBF;
	case 0xED:
		return second >= 0x80 && second <= 0x9F;
	case 0xF0:
		return second >= 0x90 && second <= 0xBF;
	case 0xF4:
		return second >= 0x80 && second <= 0x8F;
	default:
		return second >= 0x80 && second <= 0xBF;
	}
}

bool
text_valid(struct span text)
{
	size_t i = 0;

	while (i < text.size) {
		size_t size = sequence_size(text.data[i]);
		size_t k;

		if (size == 0 || size > text.size - i)
			return false;
		if (size > 1 && !second_valid(text.data[i], text.data[i + 1]))
			return false;
		for (k = 2; k < size; k++)
			if ((text.data[i + k] & 0xC0) != 0x80)
				return false;
		i += size;
	}
	return true;
}

size_t
text_width(struct span text)
{
	size_t i = 0, columns = 0;

	while (i < text.size) {
		utf8proc_int32_t c;
		utf8proc_ssize_t used = utf8proc_iterate(
		    text.data + i, (utf8proc_ssize_t)(text.size - i), &c);
		int width;

		if (used <= 0)
			break;
		width = utf8proc_charwidth(c);
		columns += width > 0 ? (size_t)width : 0;
		i += (size_t)used;
	}
	return columns;
}

size_t
text_utf16_units(struct span text)
{
	size_t units = 0;
	size_t i;

	/* One for each first byte, and one more where four bytes make a pair.
	 */
	for (i = 0; i < text.size; i++)
		units += (size_t)((text.data[i] & 0xC0) != 0x80) +
			 (size_t)(text.data[i] >= 0xF0);
	return units;
}

/*
 * utf8proc_map would take memory of its own from the heap; its two halves work
 * in ours. The sorting of combining marks inside takes quadratic time, hence
 * TEXT_LIMIT.
 */
static enum rc
normalize(struct op *op, struct span text, utf8proc_option_t options,
    struct span *ret_text)
{
	utf8proc_int32_t *points;
	utf8proc_ssize_t n, size;

	n = utf8proc_decompose(
	    text.data, (utf8proc_ssize_t)text.size, NULL, 0, options);
	if (n < 0)
		FAIL(op, RC_INVALID, "text is not valid UTF-8");
	/* The code points become UTF-8 in place: never longer, but for the NUL.
	 */
	TRY(op_alloc(op, ((size_t)n + 1) * sizeof(*points), &points));
	n = utf8proc_decompose(
	    text.data, (utf8proc_ssize_t)text.size, points, n, options);
	if (n < 0)
		FAIL(op, RC_INVALID, "text is not valid UTF-8");
	size = utf8proc_reencode(points, n, options);
	if (size < 0)
		FAIL(op, RC_INVALID, "text is not valid UTF-8");
	*ret_text = span_of(points, (size_t)size);
	return RC_OK;
}

/*
 * Characters of Japanese that no normal form and no folding changes, and that
 * go together with no other: kana as they are composed, ideographs, and what
 * stands between them.
 */
static const struct {
	unsigned first;
	unsigned last;
} plain_ranges[] = {
    {0x4E00, 0x9FFF},
    {0x3041, 0x3096},
    {0x30A1, 0x30FA},
    {0x30FC, 0x30FC},
    {0x3001, 0x3002},
    {0x3005, 0x3005},
};

/* Whether three bytes are one of them. */
static bool
is_plain_kana_or_kanji(const uint8_t *c)
{
	unsigned point;
	size_t i;

	if ((c[0] & 0xF0) != 0xE0 || (c[1] & 0xC0) != 0x80 ||
	    (c[2] & 0xC0) != 0x80)
		return false;
	point = (c[0] & 0x0FU) << 12 | (c[1] & 0x3FU) << 6 | (c[2] & 0x3FU);
	for (i = 0; i < ARRAY_LEN(plain_ranges); i++)
		if (point >= plain_ranges[i].first &&
		    point <= plain_ranges[i].last)
			return true;
	return false;
}

/*
 * Most names are of ASCII and of such characters: their normal form is they
 * themselves, and folding is lower case. They go this short way, to the same
 * end.
 */
static bool
is_plain(struct span text)
{
	size_t i = 0;

	while (i < text.size) {
		if (text.data[i] < 0x80)
			i++;
		else if (text.size - i >= 3 &&
			 is_plain_kana_or_kanji(text.data + i))
			i += 3;
		else
			return false;
	}
	return true;
}

static enum rc
copy_plain(struct op *op, struct span text, bool fold, struct span *ret_text)
{
	uint8_t *copy;
	size_t i;

	TRY(op_alloc(op, text.size + 1, &copy));
	for (i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		copy[i] = fold && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
	*ret_text = span_of(copy, text.size);
	return RC_OK;
}

enum rc
text_nfc(struct op *op, struct span text, struct span *ret_nfc)
{
	if (text.size > TEXT_LIMIT)
		FAIL(op, RC_LIMIT, "text is longer than %d bytes", TEXT_LIMIT);
	if (is_plain(text))
		return copy_plain(op, text, false, ret_nfc);
	if (!text_valid(text))
		FAIL(op, RC_INVALID, "text is not valid UTF-8");
	return normalize(op, text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, ret_nfc);
}

enum rc
text_fold_key(struct op *op, struct span text, struct span *ret_key)
{
	struct span nfc, folded;

	if (text.size <= TEXT_LIMIT && is_plain(text))
		return copy_plain(op, text, true, ret_key);
	TRY(text_nfc(op, text, &nfc));
	TRY(normalize(op, nfc,
	    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD, &folded));
	/* Folding may leave letters that compose only now. */
	return normalize(
	    op, folded, UTF8PROC_STABLE | UTF8PROC_COMPOSE, ret_key);
}

/* Whether a control character (C0, DEL, C1; NUL is one) is in valid UTF-8. */
static bool
has_control(struct span text)
{
	size_t i;

	for (i = 0; i < text.size; i++) {
		if (text.data[i] < 0x20 || text.data[i] == 0x7F)
			return true;
		/* U+0080 to U+009F are C2 80 to C2 9F. */
		if (text.data[i] == 0xC2 && text.data[i + 1] < 0xA0)
			return true;
	}
	return false;
}

/* Whether the first size bytes of a name, in any case, are this word. */
static bool
is_word(struct span name, size_t size, const char *word)
{
	return size == strlen(word) &&
	       strncasecmp((const char *)name.data, word, size) == 0;
}

/* Whether it is the digit of COM1: 0 to 9, or a superscript 1, 2, 3 (U+00B9,
 * U+00B2, U+00B3). */
static bool
is_port_digit(struct span digit)
{
	if (digit.size == 1)
		return digit.data[0] >= '0' && digit.data[0] <= '9';
	return digit.size == 2 && digit.data[0] == 0xC2 &&
	       strchr("\xB9\xB2\xB3", digit.data[1]) != NULL;
}

/* Names that Windows keeps for devices, whatever follows their first dot. */
static bool
is_device(struct span name)
{
	static const char *const words[] = {
	    "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
	const uint8_t *dot = memchr(name.data, '.', name.size);
	size_t size = dot != NULL ? (size_t)(dot - name.data) : name.size;
	size_t i;

	/* "NUL .txt" is the device, too. */
	while (size > 0 && name.data[size - 1] == ' ')
		size--;
	for (i = 0; i < ARRAY_LEN(words); i++)
		if (is_word(name, size, words[i]))
			return true;
	return size > 3 &&
	       (is_word(name, 3, "COM") || is_word(name, 3, "LPT")) &&
	       is_port_digit(span_of(name.data + 3, size - 3));
}

static enum rc
windows_check(struct op *op, struct span name)
{
	uint8_t last = name.data[name.size - 1];
	size_t i;

	for (i = 0; i < name.size; i++)
		if (strchr("<>:\"\\|?*", name.data[i]) != NULL)
			FAIL(op, RC_INVALID,
			    "a name may not contain %c: Windows cannot hold it",
			    name.data[i]);
	if (last == '.' || last == ' ')
		FAIL(op, RC_INVALID,
		    "a name may not end with a dot or a blank: Windows cannot "
		    "hold it");
	if (is_device(name))
		FAIL(op, RC_INVALID, "Windows keeps this name for a device");
	return RC_OK;
}

enum rc
text_name_check(
    struct op *op, struct span name, bool windows, struct span *ret_nfc)
{
	struct span nfc;

	if (name.size == 0)
		FAIL(op, RC_INVALID, "a name may not be empty");
	if (!text_valid(name))
		FAIL(op, RC_INVALID, "a name must be valid UTF-8");
	/* Beyond TEXT_LIMIT no composing brings it down to TEXT_NAME_UNITS. */
	if (name.size > TEXT_LIMIT)
		FAIL(op, RC_INVALID, "a name may have at most %d UTF-16 units",
		    TEXT_NAME_UNITS);
	if (has_control(name))
		FAIL(op, RC_INVALID,
		    "a name may not contain control characters");
	TRY(text_nfc(op, name, &nfc));
	/* After normalising: what is kept is what is judged. */
	if (text_utf16_units(nfc) > TEXT_NAME_UNITS)
		FAIL(op, RC_INVALID, "a name may have at most %d UTF-16 units",
		    TEXT_NAME_UNITS);
	if (memchr(nfc.data, '/', nfc.size) != NULL)
		FAIL(op, RC_INVALID, "a name may not contain a slash");
	if (span_equal(nfc, span_str(".")) || span_equal(nfc, span_str("..")))
		FAIL(op, RC_INVALID, "a name may not be . or ..");
	if (windows)
		TRY(windows_check(op, nfc));
	*ret_nfc = nfc;
	return RC_OK;
}

/* ---- order ---- */

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* The digits at *at without leading zeros; moves *at behind them. */
static struct span
take_digits(struct span text, size_t *at)
{
	size_t start;

	while (*at + 1 < text.size && text.data[*at] == '0' &&
	       is_digit(text.data[*at + 1]))
		(*at)++;
	start = *at;
	while (*at < text.size && is_digit(text.data[*at]))
		(*at)++;
	return span_of(text.data + start, *at - start);
}

static int
compare_digits(struct span a, struct span b)
{
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	return memcmp(a.data, b.data, a.size);
}

/* UTF-8 in the order of its bytes is in the order of code points. */
int
text_compare_names(struct span a, struct span b)
{
	size_t i = 0, k = 0;

	while (i < a.size && k < b.size) {
		int difference;

		if (is_digit(a.data[i]) && is_digit(b.data[k]))
			difference = compare_digits(
			    take_digits(a, &i), take_digits(b, &k));
		else
			difference = lower(a.data[i++]) - lower(b.data[k++]);
		if (difference != 0)
			return difference;
	}
	if (a.size - i != b.size - k)
		return a.size - i < b.size - k ? -1 : 1;
	return 0;
}
