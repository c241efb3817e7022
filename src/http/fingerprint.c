/* fingerprint.c - PEM's base64, hashed. */
#include "http/fingerprint.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"

/* The base64 of the first certificate, without its line ends. */
static enum rc
body_of(struct op *op, struct span pem, struct span *ret_body)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	const char *from, *to = NULL;
	char *body;
	size_t n = 0;

	from = memmem(pem.data, pem.size, begin, sizeof(begin) - 1);
	if (from != NULL) {
		from += sizeof(begin) - 1;
		to = memchr(from, '-',
		    pem.size - (size_t)(from - (const char *)pem.data));
	}
	if (to == NULL)
		FAIL(op, RC_INVALID, "there is no certificate in the PEM text");
	TRY(op_alloc(op, (size_t)(to - from) + 1, &body));
	for (; from < to; from++)
		if (*from != '\n' && *from != '\r')
			body[n++] = *from;
	*ret_body = span_of(body, n);
	return RC_OK;
}

enum rc
fingerprint_of_pem(struct op *op, struct span pem, char out[FINGERPRINT_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	struct span body;
	uint8_t *der;
	size_t size, i;

	TRY(body_of(op, pem, &body));
	TRY(op_alloc(op, body.size / 4 * 3 + 1, &der));
	TRY(base64_decode(op, body, der, &size));
	sha256_of(span_of(der, size), digest);
	for (i = 0; i < sizeof(digest); i++)
		(void)snprintf(out + 3 * i, 4, "%02X%s", digest[i],
		    i + 1 < sizeof(digest) ? ":" : "");
	return RC_OK;
}
