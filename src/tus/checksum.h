/* checksum.h - Upload-Checksum: "sha1 base64" or "sha256 base64" of the content
 * of one request. */
#ifndef DOZO_TUS_CHECKSUM_H
#define DOZO_TUS_CHECKSUM_H

#include "crypto/hash.h"

/* All zero: none is wanted. */
struct checksum {
	bool wanted;
	bool is_sha1;
	struct sha1 sha1;
	struct sha256 sha256;
	uint8_t expected[SHA256_SIZE];
};

/* Of a header (NULL: none). RC_INVALID for another algorithm and for what is no
 * digest of it. */
enum rc checksum_parse(struct op *op, const char *header,
    struct checksum *ret_checksum) MUST_CHECK;

/* The next bytes; nothing where none is wanted. */
void checksum_update(struct checksum *checksum, struct span bytes);

/* Whether they were what is wanted. */
bool checksum_holds(const struct checksum *checksum);

#endif
