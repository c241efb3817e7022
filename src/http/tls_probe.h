/*
 * tls_probe.h - what a listener takes, tried from outside over connections of
 * its own, as a stranger would: what is strong must be taken, what is weak must
 * be refused, plain HTTP must get no page.
 */
#ifndef DOZO_HTTP_TLS_PROBE_H
#define DOZO_HTTP_TLS_PROBE_H

#include "base/op.h"

struct tls_probe {
	unsigned refused; /* weak offers that were refused */
	const char *taken; /* the first one that was not, as "TLS 1.1"; NULL:
			      all were */
};

/*
 * Tries host and port ("::" and "0.0.0.0": this machine). Each try is a
 * connection, of 5 s at the most. RC_IO: nobody takes connections there, or TLS
 * 1.3 and TLS 1.2 with ECDHE and AEAD are not taken both, so that the refusals
 * would tell nothing; RC_TIMEOUT: no answer; RC_REFUSED: this machine's GnuTLS
 * cannot make the offer. Any thread.
 */
enum rc tls_probe(struct op *op, const char *host, uint16_t port,
    struct tls_probe *ret_probe) MUST_CHECK;

#endif
