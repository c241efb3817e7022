/* fuzz_dav_headers.c - digests, dates and credentials in headers; the first
 * byte chooses which. */
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "dav/request.h"
#include "door/digest.h"
#include "http/auth.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
digests(struct op *op, const char *text)
{
	struct digests a = {0}, b = {0};

	if (digest_add_field(op, text, &a) == RC_OK)
		must(a.n <= DIGEST_MAX);
	op_clear_error(op);
	if (digest_add_checksum(op, text, &b) == RC_OK)
		must(b.n <= DIGEST_MAX);
}

static void
base64(struct op *op, const char *text)
{
	uint8_t *out = mem_alloc(strlen(text) + 1);
	char *again = mem_alloc(strlen(text) + 5);
	size_t size;

	if (out != NULL && again != NULL &&
	    base64_decode(op, span_str(text), out, &size) == RC_OK) {
		/* There is one spelling for each run of bytes. */
		base64_encode(again, span_of(out, size));
		must(strcmp(again, text) == 0);
	}
	mem_free(out);
	mem_free(again);
}

static void
credentials(struct op *op, const char *text)
{
	struct auth_basic basic;

	if (auth_basic_parse(op, text, &basic) != RC_OK)
		return;
	must(memchr(basic.user.data, ':', basic.user.size) == NULL);
	must(basic.user.size + basic.password.size < basic.size);
	auth_basic_wipe(&basic);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t mtime;
	struct op op;
	char *text;

	if (size == 0)
		return 0;
	op_init(&op);
	must(op_alloc(&op, size, &text) == RC_OK);
	memcpy(text, data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		digests(&op, text);
		break;
	case 1:
		if (dav_mtime_parse(text, &mtime))
			must(mtime > INT64_MIN && mtime < INT64_MAX);
		break;
	case 2:
		credentials(&op, text);
		break;
	default:
		base64(&op, text);
		break;
	}
	op_release(&op);
	return 0;
}
