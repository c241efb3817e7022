/* tls_probe.c - a client that offers one thing at a time. */
#include "http/tls_probe.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

enum { TRY_SECONDS = 5, PLAIN_ANSWER = 512 };

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define NO_AEAD ":-MAC-ALL:+SHA1:+SHA256:+SHA384"

struct offer {
	const char *name;
	const char *priorities;
};

static const struct offer strong[] = {
    {"TLS 1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.3"},
    {"TLS 1.2 with ECDHE and AEAD",
	TLS_1_2 ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:+AES-128-GCM:"
		"+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD"},
};

static const struct offer weak[] = {
    {"TLS 1.0", "NORMAL:-VERS-ALL:+VERS-TLS1.0:+SHA1"},
    {"TLS 1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1"},
    {"TLS 1.2 without forward secrecy (RSA)", TLS_1_2 ":-KX-ALL:+RSA"},
    {"TLS 1.2 with DHE", TLS_1_2 ":-KX-ALL:+DHE-RSA"},
    {"TLS 1.2 with CBC",
	TLS_1_2 ":-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC" NO_AEAD},
    {"TLS 1.2 with 3DES", TLS_1_2 ":-CIPHER-ALL:+3DES-CBC" NO_AEAD},
    {"TLS 1.2 without encryption", TLS_1_2 ":-CIPHER-ALL:+NULL" NO_AEAD},
};

/* ---- a connection ---- */

static enum rc
connect_at(struct op *op, const struct addrinfo *at, int *ret_fd)
{
	const struct timeval limit = {.tv_sec = TRY_SECONDS};
	CLEANUP(io_close)
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return op_fail_errno(op, RC_IO, errno, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, at->ai_addr, at->ai_addrlen) != 0)
		return op_fail_errno(op, RC_IO, errno, "connect");
	*ret_fd = fd;
	fd = -1;
	return RC_OK;
}

static enum rc
probe_connect(struct op *op, const char *host, uint16_t port, int *ret_fd)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	const struct addrinfo *at;
	char text[8];
	int error;
	enum rc rc = RC_IO;

	(void)snprintf(text, sizeof(text), "%u", (unsigned)port);
	error = getaddrinfo(host, text, &hints, &list);
	if (error != 0)
		FAIL(op, RC_IO, "connect to %s: %s", host, gai_strerror(error));
	for (at = list; at != NULL && rc != RC_OK; at = at->ai_next) {
		op_clear_error(op);
		rc = connect_at(op, at, ret_fd);
	}
	freeaddrinfo(list);
	return rc;
}

/* ---- an offer of TLS ---- */

static void
session_free(gnutls_session_t *session)
{
	if (*session != NULL)
		gnutls_deinit(*session);
}

static void
credentials_free(gnutls_certificate_credentials_t *credentials)
{
	if (*credentials != NULL)
		gnutls_certificate_free_credentials(*credentials);
}

/* The bytes under a session. */
struct wire {
	int fd;
	bool sent; /* something was */
};

static ssize_t
wire_push(gnutls_transport_ptr_t arg, const void *data, size_t size)
{
	struct wire *wire = arg;

	wire->sent = true;
	return send(wire->fd, data, size, MSG_NOSIGNAL);
}

static ssize_t
wire_pull(gnutls_transport_ptr_t arg, void *data, size_t size)
{
	struct wire *wire = arg;

	return recv(wire->fd, data, size, 0);
}

/* Whose certificate it is is not the question here. */
static enum rc
session_make(struct op *op, const struct offer *offer, struct wire *wire,
    gnutls_certificate_credentials_t credentials, gnutls_session_t *session)
{
	int error = gnutls_init(session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);

	if (error == 0)
		error = gnutls_priority_set_direct(
		    *session, offer->priorities, NULL);
	if (error == 0)
		error = gnutls_credentials_set(
		    *session, GNUTLS_CRD_CERTIFICATE, credentials);
	if (error != 0)
		FAIL(op, RC_REFUSED, "%s cannot be offered: %s", offer->name,
		    gnutls_strerror(error));
	gnutls_transport_set_ptr(*session, wire);
	gnutls_transport_set_push_function(*session, wire_push);
	gnutls_transport_set_pull_function(*session, wire_pull);
	return RC_OK;
}

static enum rc
handshake(struct op *op, const struct offer *offer, gnutls_session_t session,
    const struct wire *wire, bool *ret_taken)
{
	int error;

	do
		error = gnutls_handshake(session);
	while (error == GNUTLS_E_INTERRUPTED ||
	       error == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (error == GNUTLS_E_AGAIN || error == GNUTLS_E_TIMEDOUT)
		FAIL(op, RC_TIMEOUT, "no answer to the offer of %s",
		    offer->name);
	/* A library that is configured not to speak it ends before it has sent
	 * anything: that would be no refusal. */
	if (!wire->sent)
		FAIL(op, RC_REFUSED, "%s cannot be offered: %s", offer->name,
		    gnutls_strerror(error));
	*ret_taken = error == 0;
	if (error == 0)
		(void)gnutls_bye(session, GNUTLS_SHUT_WR);
	return RC_OK;
}

static enum rc
offer_try(struct op *op, const char *host, uint16_t port,
    const struct offer *offer, bool *ret_taken)
{
	CLEANUP(credentials_free)
	gnutls_certificate_credentials_t credentials = NULL;
	CLEANUP(io_close) int fd = -1;
	CLEANUP(session_free) gnutls_session_t session = NULL;
	struct wire wire = {0};

	if (gnutls_certificate_allocate_credentials(&credentials) != 0)
		FAIL(op, RC_NO_MEMORY, "out of memory");
	TRY(probe_connect(op, host, port, &fd));
	wire.fd = fd;
	TRY(session_make(op, offer, &wire, credentials, &session));
	return handshake(op, offer, session, &wire, ret_taken);
}

/* ---- plain HTTP ---- */

/* An error's answer, or none, is a refusal; anything else is a page. */
static enum rc
plain_try(struct op *op, const char *host, uint16_t port, bool *ret_taken)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: dozo\r\n\r\n";
	CLEANUP(io_close) int fd = -1;
	char answer[PLAIN_ANSWER + 1] = "";
	ssize_t n;

	TRY(probe_connect(op, host, port, &fd));
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0) {
		*ret_taken = false;
		return RC_OK;
	}
	n = recv(fd, answer, PLAIN_ANSWER, 0);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		FAIL(op, RC_TIMEOUT, "no answer to plain HTTP");
	*ret_taken = n > 0 && (strncmp(answer, "HTTP/1.", 7) != 0 ||
				  (answer[9] != '4' && answer[9] != '5'));
	return RC_OK;
}

/* ---- all of it ---- */

enum rc
tls_probe(
    struct op *op, const char *host, uint16_t port, struct tls_probe *ret_probe)
{
	struct tls_probe probe = {0};
	bool taken;
	size_t i;

	for (i = 0; i < ARRAY_LEN(strong); i++) {
		TRY(offer_try(op, host, port, &strong[i], &taken));
		if (!taken)
			FAIL(op, RC_IO, "%s is not taken", strong[i].name);
	}
	for (i = 0; i < ARRAY_LEN(weak); i++) {
		TRY(offer_try(op, host, port, &weak[i], &taken));
		probe.refused += !taken;
		if (taken && probe.taken == NULL)
			probe.taken = weak[i].name;
	}
	TRY(plain_try(op, host, port, &taken));
	probe.refused += !taken;
	if (taken && probe.taken == NULL)
		probe.taken = "plain HTTP";
	*ret_probe = probe;
	return RC_OK;
}
