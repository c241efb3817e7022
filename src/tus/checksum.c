/* checksum.c - the digest of one request's content. */
#include "tus/checksum.h"

#include "base/base64.h"

static enum rc
malformed(struct op *op)
{
	FAIL(op, RC_INVALID,
	    "Upload-Checksum is sha1 or sha256, a blank, and base64");
}

static enum rc
parse_digest(
    struct op *op, const char *base64, size_t wanted, uint8_t *ret_digest)
{
	uint8_t digest[BASE64_SIZE(SHA256_SIZE) / 4 * 3];
	struct span text = span_str(base64);
	size_t size;

	if (text.size != BASE64_SIZE(wanted) ||
	    base64_decode(op, text, digest, &size) != RC_OK || size != wanted) {
		op_clear_error(op);
		return malformed(op);
	}
	memcpy(ret_digest, digest, wanted);
	return RC_OK;
}

enum rc
checksum_parse(struct op *op, const char *header, struct checksum *ret_checksum)
{
	struct checksum checksum = {.wanted = header != NULL};
	struct span name;

	if (header != NULL) {
		name = span_of(header, strcspn(header, " "));
		checksum.is_sha1 = span_equal(name, span_str("sha1"));
		if (header[name.size] == '\0' ||
		    (!checksum.is_sha1 &&
			!span_equal(name, span_str("sha256"))))
			return malformed(op);
		TRY(parse_digest(op, header + name.size + 1,
		    checksum.is_sha1 ? SHA1_SIZE : SHA256_SIZE,
		    checksum.expected));
	}
	sha1_init(&checksum.sha1);
	sha256_init(&checksum.sha256);
	*ret_checksum = checksum;
	return RC_OK;
}

void
checksum_update(struct checksum *checksum, struct span bytes)
{
	if (!checksum->wanted)
		return;
	if (checksum->is_sha1)
		sha1_update(&checksum->sha1, bytes);
	else
		sha256_update(&checksum->sha256, bytes);
}

bool
checksum_holds(const struct checksum *checksum)
{
	uint8_t digest[SHA256_SIZE];

	if (!checksum->wanted)
		return true;
	if (checksum->is_sha1)
		sha1_digest(&checksum->sha1, digest);
	else
		sha256_digest(&checksum->sha256, digest);
	return hash_equal(digest, checksum->expected,
	    checksum->is_sha1 ? SHA1_SIZE : SHA256_SIZE);
}
