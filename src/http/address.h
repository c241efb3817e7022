/* address.h - client addresses and ranges of them. */
#ifndef DOZO_HTTP_ADDRESS_H
#define DOZO_HTTP_ADDRESS_H

#include <sys/socket.h>

#include "base/op.h"
#include "base/span.h"

enum { ADDRESS_TEXT_SIZE = 48 };

/* IPv6; an IPv4 address in its mapped form (::ffff:a.b.c.d). */
struct address {
	uint8_t bytes[16];
};

struct address_range {
	struct address address;
	unsigned bits; /* 0 .. 128 */
};

/* False for families other than IPv4 and IPv6. */
bool
address_of_socket(const struct sockaddr *from, struct address *ret_address);

/* A numeric address without a port or brackets. */
bool address_parse(const char *text, struct address *ret_address);

/* IPv4 in its dotted form. */
void address_text(char out[ADDRESS_TEXT_SIZE], const struct address *address);

/* "10.0.0.0/8", "fd00::/8", or one address; RC_INVALID. */
enum rc address_range_parse(struct op *op, const char *text,
    struct address_range *ret_range) MUST_CHECK;

bool address_in(const struct address *address,
    const struct address_range *ranges, size_t n);

/* What limits for each address count by: IPv4 whole, IPv6 its /64. */
struct address address_key(const struct address *address);

static inline bool
address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

#endif
