/* fingerprint.h - what people compare of a certificate before they trust it. */
#ifndef DOZO_HTTP_FINGERPRINT_H
#define DOZO_HTTP_FINGERPRINT_H

#include "base/op.h"
#include "base/span.h"
#include "crypto/hash.h"

enum { FINGERPRINT_SIZE = 3 * SHA256_SIZE };

/*
 * The SHA-256 of the first certificate in a PEM text, as openssl and browsers
 * show it: "96:AB:...". RC_INVALID where there is none.
 */
enum rc fingerprint_of_pem(
    struct op *op, struct span pem, char out[FINGERPRINT_SIZE]) MUST_CHECK;

#endif
