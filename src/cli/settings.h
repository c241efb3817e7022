/* settings.h - dozo.conf: its keys, and values that need more than base/conf
 * knows. */
#ifndef DOZO_CLI_SETTINGS_H
#define DOZO_CLI_SETTINGS_H

#include "base/conf.h"

extern const struct conf_key settings_keys[];
extern const size_t settings_n_keys;
extern const char settings_header[]; /* of a file that init writes */

enum { SETTINGS_HOST_SIZE = 256 };

struct settings_address {
	char host[SETTINGS_HOST_SIZE]; /* without brackets */
	uint16_t port; /* 0: any */
	bool brackets; /* an IPv6 address */
};

/* "HOST:PORT", "[::1]:8443"; RC_INVALID. */
enum rc settings_address_parse(struct op *op, const char *text,
    struct settings_address *ret_address) MUST_CHECK;

/* RC_INVALID where values that are right by themselves do not make sense. */
enum rc settings_check(struct op *op, const struct conf *conf) MUST_CHECK;

#endif
