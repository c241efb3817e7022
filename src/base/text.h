/* text.h - Unicode text: what is valid, when two names are the same, what may
 * be a file's name. */
#ifndef DOZO_BASE_TEXT_H
#define DOZO_BASE_TEXT_H

#include "base/op.h"
#include "base/span.h"

enum {
	TEXT_LIMIT = 16384, /* bytes that text_nfc and text_fold_key take */
	TEXT_NAME_UNITS = 255 /* UTF-16 units that a file's name may have */
};

/* Strict UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. NUL and
 * "" are valid. */
bool text_valid(struct span text);

/* The UTF-16 units that valid UTF-8 would take; what Windows and the web count.
 */
size_t text_utf16_units(struct span text);

/*
 * Below, at or above 0: names as people sort them. Code points in their order,
 * ASCII without case, runs of digits by their value.
 */
int text_compare_names(struct span a, struct span b);

/* Columns that valid UTF-8 takes on a terminal: wide characters (東) count 2,
 * combining and control characters 0. */
size_t text_width(struct span text);

/*
 * The text in normal form C. Both results live in the op's arena, with a NUL
 * behind them that is not counted. RC_INVALID where it is not valid UTF-8,
 * RC_LIMIT beyond TEXT_LIMIT, RC_NO_MEMORY.
 */
enum rc
text_nfc(struct op *op, struct span text, struct span *ret_nfc) MUST_CHECK;

/*
 * NFC(casefold(NFC(text))): two names are twins exactly if their keys are equal
 * (B6). Depends on utf8proc's Unicode version, so it is for look-ups that can
 * be made anew, never the only form of a name. As text_nfc otherwise.
 */
enum rc
text_fold_key(struct op *op, struct span text, struct span *ret_key) MUST_CHECK;

/*
 * Whether a file or folder may have this name, and the name as it is to be kept
 * (NFC, in the arena, NUL behind it). Refused with RC_INVALID and a text for
 * the user: no valid UTF-8, "", ".", "..", '/', control characters (C0, DEL,
 * C1), more than TEXT_NAME_UNITS UTF-16 units; with windows also what Windows
 * cannot hold:
 * <>:"\|?*, a dot or blank at the end, CON PRN AUX NUL CONIN$ CONOUT$ COM0..9
 * LPT0..9 in any case, with or without an extension. RC_NO_MEMORY.
 */
enum rc text_name_check(struct op *op, struct span name, bool windows,
    struct span *ret_nfc) MUST_CHECK;

#endif
