/* metadata.h - Upload-Metadata: "key base64,key base64", what of it dozo
 * understands. */
#ifndef DOZO_TUS_METADATA_H
#define DOZO_TUS_METADATA_H

#include "core/tree.h"
#include "crypto/hash.h"

enum {
	METADATA_PAIRS_MAX = 32,
	METADATA_KEY_MAX = 64,
};

struct metadata {
	struct span all; /* the header, as it was sent */
	struct span parent; /* an id; no data: not given */
	struct span name; /* UTF-8 perhaps; no data: not given */
	bool has_mtime;
	int64_t mtime;
	bool has_sha256;
	uint8_t sha256[SHA256_SIZE];
	enum tree_taken taken; /* if_exists; fail, where it is not given */
};

/*
 * Of a header (NULL: none). Keys that are not known are passed over, if they
 * are well-formed. RC_INVALID with a text for the client, RC_LIMIT over
 * RESUMABLE_METADATA_MAX bytes. Texts lie in the op's arena, a NUL behind them.
 */
enum rc metadata_parse(struct op *op, const char *header,
    struct metadata *ret_metadata) MUST_CHECK;

#endif
