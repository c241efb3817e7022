/* digest.c - digests in headers, both ways. */
#include "door/digest.h"

#include <stdio.h>
#include <strings.h>

#include "base/base64.h"
#include "base/str.h"

enum { SHA256_BASE64 = BASE64_SIZE(SHA256_SIZE) };

static enum rc
add(struct op *op, struct digests *digests, bool sha1, const uint8_t *bytes)
{
	struct digest_expected *expected;

	if (digests->n == DIGEST_MAX)
		FAIL(op, RC_LIMIT, "more than %d digests", DIGEST_MAX);
	expected = &digests->expected[digests->n++];
	expected->sha1 = sha1;
	memcpy(expected->bytes, bytes, sha1 ? SHA1_SIZE : SHA256_SIZE);
	return RC_OK;
}

static enum rc
malformed(struct op *op)
{
	FAIL(op, RC_INVALID, "a digest header is malformed");
}

/* The value between the colons belongs to sha-256. */
static enum rc
add_base64(struct op *op, struct digests *digests, struct span value)
{
	uint8_t bytes[SHA256_BASE64 / 4 * 3];
	size_t size;

	if (value.size != SHA256_BASE64)
		return malformed(op);
	TRY(base64_decode(op, value, bytes, &size));
	if (size != SHA256_SIZE)
		return malformed(op);
	return add(op, digests, false, bytes);
}

/* One "key=:base64:" of the dictionary (RFC 8941), parameters passed over;
 * moves *at behind it. */
static enum rc
take_member(struct op *op, const char **at, struct digests *digests)
{
	const char *key = *at;
	size_t key_size = strcspn(key, "=;, \t");
	const char *value, *end;

	if (key_size == 0 || key[key_size] != '=' || key[key_size + 1] != ':')
		return malformed(op);
	value = key + key_size + 2;
	end = strchr(value, ':');
	if (end == NULL)
		return malformed(op);
	if (span_equal(span_of(key, key_size), span_str("sha-256")))
		TRY(add_base64(
		    op, digests, span_of(value, (size_t)(end - value))));
	end++;
	if (*end == ';')
		end += strcspn(end, ",");
	*at = end;
	return RC_OK;
}

enum rc
digest_add_field(struct op *op, const char *text, struct digests *digests)
{
	if (text == NULL)
		return RC_OK;
	for (;;) {
		text += strspn(text, " \t");
		TRY(take_member(op, &text, digests));
		text += strspn(text, " \t");
		if (*text == '\0')
			return RC_OK;
		if (*text++ != ',')
			return malformed(op);
	}
}

static enum rc
add_hex(struct op *op, struct digests *digests, bool sha1, const char *hex,
    size_t hex_size)
{
	size_t size = sha1 ? SHA1_SIZE : SHA256_SIZE;
	uint8_t bytes[SHA256_SIZE];
	char copy[2 * SHA256_SIZE + 1];

	if (hex_size != 2 * size)
		return malformed(op);
	memcpy(copy, hex, hex_size);
	copy[hex_size] = '\0';
	TRY(str_unhex(op, copy, bytes, size));
	return add(op, digests, sha1, bytes);
}

enum rc
digest_add_checksum(struct op *op, const char *text, struct digests *digests)
{
	if (text == NULL)
		return RC_OK;
	for (text += strspn(text, " "); *text != '\0';
	     text += strspn(text, " ")) {
		size_t type = strcspn(text, ": ");
		size_t hex;

		if (text[type] != ':')
			return malformed(op);
		hex = strcspn(text + type + 1, " ");
		if (type == 4 && strncasecmp(text, "SHA1", 4) == 0)
			TRY(add_hex(op, digests, true, text + type + 1, hex));
		if (type == 6 && strncasecmp(text, "SHA256", 6) == 0)
			TRY(add_hex(op, digests, false, text + type + 1, hex));
		text += type + 1 + hex;
	}
	return RC_OK;
}

enum rc
digest_check(struct op *op, const struct digests *digests,
    const uint8_t sha256[SHA256_SIZE], const uint8_t sha1[SHA1_SIZE])
{
	size_t i;

	for (i = 0; i < digests->n; i++) {
		const struct digest_expected *e = &digests->expected[i];
		const uint8_t *got = e->sha1 ? sha1 : sha256;

		if (!hash_equal(
			e->bytes, got, e->sha1 ? SHA1_SIZE : SHA256_SIZE))
			FAIL(op, RC_INVALID,
			    "the content is not the one that its digest names: "
			    "nothing was stored");
	}
	return RC_OK;
}

void
digest_field(const uint8_t sha256[SHA256_SIZE], char out[DIGEST_TEXT_SIZE])
{
	char base64[SHA256_BASE64 + 1];

	base64_encode(base64, span_of(sha256, SHA256_SIZE));
	(void)snprintf(out, DIGEST_TEXT_SIZE, "sha-256=:%s:", base64);
}

bool
digest_wanted(const char *text)
{
	bool wanted = true;

	while (text != NULL && *text != '\0') {
		struct span key;
		size_t weight;

		text += strspn(text, " \t");
		key = span_of(text, strcspn(text, "=;, \t"));
		text += key.size;
		weight = *text == '=' ? strspn(text + 1, "0123456789") : 0;
		/* The last one of a name counts (RFC 8941). */
		if (weight > 0 && span_equal(key, span_str("sha-256")))
			wanted = strspn(text + 1, "0") < weight;
		text += strcspn(text, ",");
		text += *text == ',';
	}
	return wanted;
}

void
digest_checksum(const uint8_t *sha1, const uint8_t sha256[SHA256_SIZE],
    char out[DIGEST_CHECKSUM_SIZE])
{
	const char *type = sha1 != NULL ? "SHA1" : "SHA256";
	char hex[2 * SHA256_SIZE + 1];

	str_hex(hex, sha1 != NULL ? span_of(sha1, SHA1_SIZE)
				  : span_of(sha256, SHA256_SIZE));
	(void)snprintf(out, DIGEST_CHECKSUM_SIZE, "%s:%s", type, hex);
}
