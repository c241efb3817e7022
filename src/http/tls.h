/*
 * tls.h - TLS of the server (H12): certificate, tickets, and the transport
 * under a session. The only file of http/ that knows GnuTLS; sessions are void
 * * here.
 */
#ifndef DOZO_HTTP_TLS_H
#define DOZO_HTTP_TLS_H

#include <sys/uio.h>

#include "base/op.h"
#include "base/span.h"

struct tls;
struct tls_certificate;

/* TLS 1.2 and 1.3, ECDHE and AEAD only; for libmicrohttpd. */
const char *tls_priorities(void);

#ifdef DOZO_TEST_BUILD
/* Sessions that begin from now on take these; NULL: tls_priorities(). Any
 * thread. */
void tls_priorities_arm(const char *priorities);
#endif

/* Reads a PEM chain and its key and sees that they belong together.
 * RC_NOT_FOUND, RC_INVALID. */
enum rc tls_open(struct op *op, const char *certificate_path,
    const char *key_path, struct tls **ret_tls) MUST_CHECK;

/* All sessions must have been detached. Accepts NULL. */
void tls_close(struct tls *tls);

/*
 * Reads both files again; handshakes that have begun keep the certificate they
 * began with. On failure the old one stays in use. Any thread.
 */
enum rc tls_reload(struct op *op, struct tls *tls) MUST_CHECK;

/* A new key for session tickets; tickets under the one before are no longer
 * taken. */
void tls_rotate_tickets(struct tls *tls);

/* How bytes move under a session; both return a count or a negative errno. */
struct tls_transport {
	ssize_t (*pull)(void *arg, void *data, size_t size);
	ssize_t (*push)(void *arg, const struct iovec *pieces, int n);
};

/* One session's side of it; lives where its connection does. */
struct tls_side {
	struct tls *tls;
	struct tls_certificate *certificate; /* held until tls_detach */
	const struct tls_transport *transport;
	void *arg;
	void *session;
};

/*
 * Puts transport under a fresh server session (libmicrohttpd's, not freed
 * here), enables tickets and ALPN. side must outlive the session's last byte.
 * RC_NO_MEMORY.
 */
enum rc tls_attach(struct op *op, struct tls *tls, void *session,
    const struct tls_transport *transport, void *arg,
    struct tls_side *side) MUST_CHECK;

/* Lets go of the certificate. A side that is all zero is accepted. */
void tls_detach(struct tls_side *side);

/* What MHD_OPTION_HTTPS_CERT_CALLBACK wants: a function for sessions that were
 * attached. */
void *tls_certificate_callback(void);

/*
 * Sends bytes over an established session, without waiting; true when all of
 * them are with the kernel. Only on the session's own thread, with nothing else
 * pending.
 */
bool tls_send_all(struct tls_side *side, struct span bytes);

/*
 * The local CA, for a first start without a certificate of one's own. In
 * dir_fd: ca.crt, ca.key (0600): ECDSA P-256, 10 years; server.crt (with the CA
 * behind it), server.key (0600): for the names (DNS names or numeric
 * addresses), 90 days. What is there already is kept (a run that was cut short
 * goes on); RC_EXISTS where all of it is.
 */
enum rc tls_local_ca_make(
    struct op *op, int dir_fd, const char *const *names, size_t n) MUST_CHECK;

/*
 * A new server.crt (the key stays) where fewer than 30 days are left at now
 * (clock_wall), or the names are not the ones in it. RC_NOT_FOUND without a CA
 * here.
 */
enum rc
tls_local_renew_if_due(struct op *op, int dir_fd, const char *const *names,
    size_t n, int64_t now, bool *ret_renewed) MUST_CHECK;

#endif
