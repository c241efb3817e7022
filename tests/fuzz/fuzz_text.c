/* fuzz_text.c - names and texts: what is accepted obeys the rules that follow
 * from each other. */

#include "base/text.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name that was accepted is accepted again as it is, and has the key of what
 * it came from. */
static void
name_once(struct op *op, struct span text, bool windows)
{
	struct span nfc, again, key, key_of_nfc;

	if (text_name_check(op, text, windows, &nfc) != RC_OK) {
		must(op->error_rc == RC_INVALID);
		op_clear_error(op);
		return;
	}
	must(text_valid(nfc) && nfc.size > 0);
	must(text_utf16_units(nfc) <= TEXT_NAME_UNITS);
	must(memchr(nfc.data, '/', nfc.size) == NULL);
	must(memchr(nfc.data, '\0', nfc.size) == NULL);
	must(text_name_check(op, nfc, windows, &again) == RC_OK);
	must(span_equal(nfc, again));
	must(text_fold_key(op, text, &key) == RC_OK);
	must(text_fold_key(op, nfc, &key_of_nfc) == RC_OK);
	must(span_equal(key, key_of_nfc));
	must(text_valid(key));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct span nfc, again;
	struct op op;

	op_init(&op);
	name_once(&op, text, false);
	name_once(&op, text, true);
	if (text_nfc(&op, text, &nfc) == RC_OK) {
		must(text_valid(text) && text_valid(nfc));
		must(text_nfc(&op, nfc, &again) == RC_OK ||
		     nfc.size > TEXT_LIMIT);
		must(nfc.size > TEXT_LIMIT || span_equal(nfc, again));
	} else {
		must(!text_valid(text) || text.size > TEXT_LIMIT);
	}
	op_release(&op);
	return 0;
}
