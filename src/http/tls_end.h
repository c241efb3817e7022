/* tls_end.h - until when a certificate is good. */
#ifndef DOZO_HTTP_TLS_END_H
#define DOZO_HTTP_TLS_END_H

#include "base/op.h"

/*
 * The earliest end in the chain of a PEM file, wall time in ns. RC_NOT_FOUND,
 * RC_IO, RC_LIMIT, RC_INVALID where there is no certificate in it.
 */
enum rc tls_end(struct op *op, const char *path, int64_t *ret_end) MUST_CHECK;

#endif
