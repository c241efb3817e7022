/* proxy.h - what a trusted proxy says about its client: PROXY protocol v2,
 * X-Forwarded-For, Forwarded. */
#ifndef DOZO_HTTP_PROXY_H
#define DOZO_HTTP_PROXY_H

#include "http/address.h"

enum { PROXY_HEAD_SIZE = 16, PROXY_SIZE_MAX = 2048 };

/*
 * From the first PROXY_HEAD_SIZE bytes of a connection: the size of the whole
 * PROXY v2 header. RC_INVALID where it is none, RC_LIMIT over PROXY_SIZE_MAX.
 */
enum rc proxy_size(struct op *op, const uint8_t head[PROXY_HEAD_SIZE],
    size_t *ret_size) MUST_CHECK;

/*
 * The client's address from a whole header; *ret_known is false where the proxy
 * speaks for itself (LOCAL, or a family without addresses). RC_INVALID.
 */
enum rc proxy_parse(struct op *op, struct span header, bool *ret_known,
    struct address *ret_address) MUST_CHECK;

enum proxy_header {
	PROXY_HEADER_NONE, /* none is believed */
	PROXY_X_FORWARDED_FOR,
	PROXY_FORWARDED, /* RFC 7239 */
};

/*
 * Walks a list of X-Forwarded-For or Forwarded from the right, where the
 * nearest proxy wrote, and ends at the first address that is not trusted: that
 * is the client. *address is the peer's at first, and is left as it is where
 * the list tells nothing usable (what stands further left may be the client's
 * invention).
 */
void proxy_client(enum proxy_header kind, const char *list,
    const struct address_range *trusted, size_t n, struct address *address);

#endif
