/* fuzz_cookie.c - the Cookie header, and the token in dozo's own. */
#include <stdlib.h>
#include <string.h>

#include "door/session.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1), again[DOOR_TOKEN_SIZE];
	struct span value, token;
	uint64_t tenant;

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	if (door_cookie_find(text, &value)) {
		must((const char *)value.data >= text);
		must((const char *)value.data + value.size <=
		     text + strlen(text));
		if (door_token_parse(value, &tenant, &token)) {
			memcpy(again, token.data, token.size);
			again[token.size] = '\0';
			memmove(text, again, token.size + 1);
			door_token_text(tenant, text, again);
			must(strlen(again) == value.size);
		}
	}
	free(text);
	return 0;
}
