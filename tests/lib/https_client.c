/* https_client.c - GnuTLS over a blocking socket. */
#include "lib/https_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"

enum { SILENCE_S = 20 };

struct https_client {
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t trust;
	size_t at, size;
	uint8_t bytes[16384];
};

static enum rc
fail_tls(struct op *op, const char *what, int error)
{
	FAIL(op, RC_IO, "%s: %s", what, gnutls_strerror(error));
}

static int
tcp_open(uint16_t port, const char *from, int receive_buffer)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in own = {.sin_family = AF_INET};
	struct timeval silence = {.tv_sec = SILENCE_S};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (receive_buffer > 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
		    sizeof(receive_buffer));
	if ((from != NULL &&
		(inet_pton(AF_INET, from, &own.sin_addr) != 1 ||
		    bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		io_close(&fd);
	return fd;
}

int
https_tcp(uint16_t port, const char *from)
{
	return tcp_open(port, from, 0);
}

static enum rc
session_prepare(struct op *op, struct https_client *client,
    const struct https_options *options)
{
	const char *priorities = options->priorities;
	int error = gnutls_certificate_allocate_credentials(&client->trust);

	if (error == 0 && options->ca_path != NULL &&
	    gnutls_certificate_set_x509_trust_file(
		client->trust, options->ca_path, GNUTLS_X509_FMT_PEM) < 1)
		FAIL(op, RC_IO, "no CA in %s", options->ca_path);
	if (error == 0)
		error = gnutls_init(&client->session, GNUTLS_CLIENT);
	if (error == 0)
		error = gnutls_priority_set_direct(client->session,
		    priorities != NULL ? priorities : "NORMAL", NULL);
	if (error == 0)
		error = gnutls_credentials_set(
		    client->session, GNUTLS_CRD_CERTIFICATE, client->trust);
	if (error != 0)
		return fail_tls(op, "TLS client", error);
	if (options->ca_path != NULL)
		gnutls_session_set_verify_cert(
		    client->session, options->name, 0);
	if (options->resume.size > 0)
		(void)gnutls_session_set_data(client->session,
		    options->resume.data, options->resume.size);
	if (options->alpn != NULL) {
		gnutls_datum_t alpn = {
		    (unsigned char *)(uintptr_t)options->alpn,
		    (unsigned)strlen(options->alpn)};

		(void)gnutls_alpn_set_protocols(client->session, &alpn, 1, 0);
	}
	gnutls_transport_set_int(client->session, client->fd);
	return RC_OK;
}

enum rc
https_open(struct op *op, uint16_t port, const struct https_options *options,
    struct https_client **ret_client)
{
	static const struct https_options none;
	CLEANUP(https_close_ptr) struct https_client *client = NULL;
	int error;

	if (options == NULL)
		options = &none;
	client = mem_alloc(sizeof(*client));
	if (client == NULL)
		FAIL(op, RC_NO_MEMORY, "out of memory for a client");
	client->fd = tcp_open(port, options->from, options->receive_buffer);
	if (client->fd < 0)
		return op_fail_errno(op, RC_IO, errno, "connect");
	if (options->before.size > 0 &&
	    send(client->fd, options->before.data, options->before.size,
		MSG_NOSIGNAL) != (ssize_t)options->before.size)
		return op_fail_errno(op, RC_IO, errno, "send");
	TRY(session_prepare(op, client, options));
	do
		error = gnutls_handshake(client->session);
	while (error < 0 && gnutls_error_is_fatal(error) == 0 &&
	       error != GNUTLS_E_AGAIN);
	if (error < 0)
		return fail_tls(op, "handshake", error);
	*ret_client = client;
	client = NULL;
	return RC_OK;
}

void
https_close(struct https_client *client)
{
	if (client == NULL)
		return;
	if (client->session != NULL)
		gnutls_deinit(client->session);
	if (client->trust != NULL)
		gnutls_certificate_free_credentials(client->trust);
	io_close(&client->fd);
	mem_free(client);
}

void
https_close_ptr(struct https_client **client)
{
	https_close(*client);
}

enum rc
https_send(struct op *op, struct https_client *client, struct span bytes)
{
	while (bytes.size > 0) {
		ssize_t n =
		    gnutls_record_send(client->session, bytes.data, bytes.size);

		if (n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n < 0)
			return fail_tls(op, "send", (int)n);
		bytes = span_of(bytes.data + n, bytes.size - (size_t)n);
	}
	return RC_OK;
}

enum rc
https_send_str(struct op *op, struct https_client *client, const char *text)
{
	return https_send(op, client, span_str(text));
}

/* Reads more where nothing is left; size 0 afterwards: the end. */
static enum rc
refill(struct op *op, struct https_client *client)
{
	int64_t deadline = clock_mono() + (SILENCE_S - 1) * CLOCK_S;
	ssize_t n;

	if (client->at < client->size)
		return RC_OK;
	/* It says "again" at once after a session ticket, and late for a
	 * time-out. */
	do
		n = gnutls_record_recv(
		    client->session, client->bytes, sizeof(client->bytes));
	while (n == GNUTLS_E_INTERRUPTED ||
	       (n == GNUTLS_E_AGAIN && clock_mono() < deadline));
	client->at = 0;
	client->size = 0;
	/* An end without close_notify is an end. */
	if (n < 0 && n != GNUTLS_E_PREMATURE_TERMINATION)
		return fail_tls(op, "receive", (int)n);
	client->size = n > 0 ? (size_t)n : 0;
	return RC_OK;
}

enum rc
https_read(struct op *op, struct https_client *client, void *out, size_t size,
    size_t *ret_n)
{
	size_t n;

	TRY(refill(op, client));
	n = client->size - client->at;
	n = n < size ? n : size;
	memcpy(out, client->bytes + client->at, n);
	client->at += n;
	*ret_n = n;
	return RC_OK;
}

/* One line with its CR LF taken off; RC_IO at the end. */
static enum rc
line_read(struct op *op, struct https_client *client, struct buf *line)
{
	size_t n;
	char c;

	do {
		TRY(https_read(op, client, &c, 1, &n));
		if (n == 0)
			FAIL(op, RC_IO, "the connection ended after \"%.*s\"",
			    (int)line->size, (const char *)line->data);
		TRY(buf_add(op, line, span_of(&c, 1)));
	} while (c != '\n');
	if (line->size < 2 || line->data[line->size - 2] != '\r')
		FAIL(op, RC_INVALID, "a line without CR LF");
	return RC_OK;
}

static enum rc
head_read(
    struct op *op, struct https_client *client, struct https_response *response)
{
	CLEANUP(buf_release) struct buf head = {.limit = 64 << 10};
	size_t last;

	do {
		last = head.size;
		TRY(line_read(op, client, &head));
	} while (head.size - last > 2);
	TRY(op_format(op, &response->head, "%.*s", (int)head.size,
	    (const char *)head.data));
	if (strncmp(response->head, "HTTP/1.1 ", 9) != 0)
		FAIL(op, RC_INVALID, "not HTTP/1.1");
	response->status = atoi(response->head + 9);
	return RC_OK;
}

/* *ret_whole is false where the connection ended before. */
static enum rc
body_read(struct op *op, struct https_client *client, uint64_t size,
    struct buf *body, bool *ret_whole)
{
	*ret_whole = false;
	while (size > 0) {
		size_t n = size < 16384 ? (size_t)size : 16384;
		uint8_t *room;

		TRY(buf_grow(op, body, n, &room));
		body->size -= n;
		if (https_read(op, client, room, n, &n) != RC_OK || n == 0) {
			op_clear_error(op);
			return RC_OK;
		}
		body->size += n;
		size -= n;
	}
	*ret_whole = true;
	return RC_OK;
}

static enum rc
chunks_read(
    struct op *op, struct https_client *client, struct https_response *response)
{
	for (;;) {
		CLEANUP(buf_release) struct buf line = {.limit = 256};
		uint64_t size;
		bool whole;

		if (line_read(op, client, &line) != RC_OK) {
			op_clear_error(op);
			return RC_OK;
		}
		size = strtoull((const char *)line.data, NULL, 16);
		TRY(body_read(op, client, size, &response->body, &whole));
		buf_clear(&line);
		if (!whole || line_read(op, client, &line) != RC_OK) {
			op_clear_error(op);
			return RC_OK;
		}
		if (size == 0) {
			response->complete = true;
			return RC_OK;
		}
	}
}

enum rc
https_receive(struct op *op, struct https_client *client, bool to_head,
    struct https_response *ret_response)
{
	const char *length, *coding;

	buf_clear(&ret_response->body);
	ret_response->complete = false;
	TRY(head_read(op, client, ret_response));
	length = https_header(op, ret_response, "Content-Length");
	coding = https_header(op, ret_response, "Transfer-Encoding");
	if (to_head || ret_response->status < 200 ||
	    ret_response->status == 204 || ret_response->status == 304) {
		ret_response->complete = true;
		return RC_OK;
	}
	if (coding != NULL && strcmp(coding, "chunked") == 0)
		return chunks_read(op, client, ret_response);
	if (length == NULL)
		FAIL(op, RC_INVALID, "neither a length nor chunks");
	return body_read(op, client, strtoull(length, NULL, 10),
	    &ret_response->body, &ret_response->complete);
}

const char *
https_header(
    struct op *op, const struct https_response *response, const char *name)
{
	size_t size = strlen(name);
	const char *line = response->head;
	char *value;

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, size) != 0 || line[size] != ':')
			continue;
		line += size + 1;
		line += strspn(line, " ");
		if (op_format(op, &value, "%.*s", (int)strcspn(line, "\r"),
			line) != RC_OK)
			return NULL;
		return value;
	}
	return NULL;
}

bool
https_ended(struct https_client *client)
{
	CLEANUP(op_release) struct op op;
	size_t n;
	char c;

	op_init(&op);
	return https_read(&op, client, &c, 1, &n) == RC_OK
		   ? n == 0
		   : strstr(op.error, "again") == NULL;
}

int
https_fd(struct https_client *client)
{
	return client->fd;
}

const char *
https_protocol(struct https_client *client)
{
	return gnutls_protocol_get_name(
	    gnutls_protocol_get_version(client->session));
}

const char *
https_cipher(struct https_client *client)
{
	return gnutls_cipher_get_name(gnutls_cipher_get(client->session));
}

const char *
https_key_exchange(struct https_client *client)
{
	return gnutls_kx_get_name(gnutls_kx_get(client->session));
}

const char *
https_alpn(struct op *op, struct https_client *client)
{
	gnutls_datum_t alpn;
	char *text;

	if (gnutls_alpn_get_selected_protocol(client->session, &alpn) != 0 ||
	    op_format(op, &text, "%.*s", (int)alpn.size,
		(const char *)alpn.data) != RC_OK)
		return "";
	return text;
}

bool
https_resumed(struct https_client *client)
{
	return gnutls_session_is_resumed(client->session) != 0;
}

enum rc
https_session(struct op *op, struct https_client *client, struct span *ret_data)
{
	gnutls_datum_t data;
	uint8_t *copy;
	int error = gnutls_session_get_data2(client->session, &data);
	enum rc rc;

	if (error != 0)
		return fail_tls(op, "session", error);
	rc = op_alloc(op, data.size, &copy);
	if (rc == RC_OK) {
		memcpy(copy, data.data, data.size);
		*ret_data = span_of(copy, data.size);
	}
	gnutls_free(data.data);
	return rc;
}

enum rc
https_fingerprint(struct op *op, struct https_client *client, uint8_t out[32])
{
	unsigned n = 0;
	const gnutls_datum_t *chain =
	    gnutls_certificate_get_peers(client->session, &n);
	size_t size = 32;

	if (chain == NULL || n == 0 ||
	    gnutls_fingerprint(GNUTLS_DIG_SHA256, &chain[0], out, &size) != 0)
		FAIL(op, RC_IO, "no certificate");
	return RC_OK;
}
