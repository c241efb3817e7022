/* local_names.h - the names and addresses that this machine's certificate is
 * for. */
#ifndef DOZO_CLI_LOCAL_NAMES_H
#define DOZO_CLI_LOCAL_NAMES_H

#include "base/op.h"

enum { LOCAL_NAMES_MAX = 64, LOCAL_NAME_SIZE = 256 };

struct local_names {
	size_t n;
	const char *names[LOCAL_NAMES_MAX];
	char texts[LOCAL_NAMES_MAX][LOCAL_NAME_SIZE];
};

/*
 * localhost and loopback, the host's name, its addresses (but link-local ones),
 * and n more; in a fixed order, each once. RC_LIMIT, RC_INVALID.
 */
enum rc local_names_get(struct op *op, const char *const *more, size_t n,
    struct local_names *ret_names) MUST_CHECK;

#endif
