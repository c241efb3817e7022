/* client.c - TLS by GnuTLS over a non-blocking socket, and as much of HTTP/1.1
 * as our own server speaks. */
#include "bench/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/pattern.h"
#include "bench/report.h"

/* Sent in one go before others get their turn. */
enum { RECORDS_AT_A_TIME = 32 };

/* The same for all servers: else each would choose another cipher. */
#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM"

void
client_die(const char *format, ...)
{
	va_list args;

	(void)fputs("load: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	exit(1);
}

static void
tls_must(const char *what, int error)
{
	if (error < 0)
		client_die("%s: %s", what, gnutls_strerror(error));
}

gnutls_certificate_credentials_t
client_trust(const char *ca_path)
{
	gnutls_certificate_credentials_t trust;

	tls_must("trust", gnutls_certificate_allocate_credentials(&trust));
	if (gnutls_certificate_set_x509_trust_file(
		trust, ca_path, GNUTLS_X509_FMT_PEM) < 1)
		client_die("no CA in %s", ca_path);
	return trust;
}

static int
tcp_open(uint16_t port)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons(port)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		client_die("connect: %s", strerror(errno));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void
client_open(struct client *client, uint16_t port,
    gnutls_certificate_credentials_t trust)
{
	int error;

	memset(client, 0, sizeof(*client));
	client->fd = tcp_open(port);
	tls_must("TLS", gnutls_init(&client->session, GNUTLS_CLIENT));
	tls_must(
	    "TLS", gnutls_priority_set_direct(client->session, PRIORITY, NULL));
	tls_must("TLS", gnutls_credentials_set(
			    client->session, GNUTLS_CRD_CERTIFICATE, trust));
	(void)gnutls_server_name_set(
	    client->session, GNUTLS_NAME_DNS, "localhost", strlen("localhost"));
	gnutls_session_set_verify_cert(client->session, "localhost", 0);
	gnutls_transport_set_int(client->session, client->fd);
	do
		error = gnutls_handshake(client->session);
	while (error < 0 && gnutls_error_is_fatal(error) == 0);
	tls_must("handshake", error);
	if (fcntl(client->fd, F_SETFL, O_NONBLOCK) != 0)
		client_die("fcntl: %s", strerror(errno));
}

void
client_close(struct client *client)
{
	if (client->session != NULL)
		gnutls_deinit(client->session);
	if (client->fd >= 0)
		(void)close(client->fd);
	client->session = NULL;
	client->fd = -1;
}

void
client_start(struct client *client)
{
	client->phase = PHASE_SENDING;
	client->started = report_now();
	client->body_sent = 0;
	client->out_at = 0;
	client->out_size = strlen(client->request.head);
	memcpy(client->out, client->request.head, client->out_size);
	client->status = 0;
	client->chunked = false;
	client->left = client->body_at = client->found = 0;
	client->matched = client->line_size = 0;
	client->wrong = false;
}

/* ---- sending ---- */

/* More of the body behind what is in out already; false where all is sent. */
static bool
out_fill(struct client *client)
{
	uint64_t left = client->request.body_size - client->body_sent;
	size_t room, step;

	if (client->out_at == client->out_size)
		client->out_at = client->out_size = 0;
	room = CLIENT_RECORD - client->out_size;
	step = left < room ? (size_t)left : room;
	if (client->out_at == 0 && step > 0) {
		pattern_fill(client->out + client->out_size, step,
		    client->body_sent, client->request.seed);
		client->out_size += step;
		client->body_sent += step;
	}
	return client->out_size > 0;
}

static bool
may_wait(ssize_t n)
{
	return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
}

static void
send_some(struct client *client)
{
	ssize_t n;
	int i;

	for (i = 0; i < RECORDS_AT_A_TIME; i++) {
		if (!client->refused && !out_fill(client)) {
			client->phase = PHASE_STATUS;
			return;
		}
		n = gnutls_record_send(client->session,
		    client->out + client->out_at,
		    client->out_size - client->out_at);
		client->refused = may_wait(n);
		if (client->refused)
			return;
		if (n < 0)
			client_die("send: %s", gnutls_strerror((int)n));
		client->out_at += (size_t)n;
	}
}

/* ---- receiving ---- */

static void
head_end(struct client *client)
{
	if (client->status == 100) {
		client->phase = PHASE_STATUS;
		return;
	}
	if (client->chunked)
		client->phase = PHASE_CHUNK_SIZE;
	else
		client->phase = client->left > 0 ? PHASE_BODY : PHASE_IDLE;
}

static void
field_take(struct client *client, const char *line)
{
	if (strncasecmp(line, "Content-Length:", 15) == 0)
		client->left = strtoull(line + 15, NULL, 10);
	else if (strcasecmp(line, "Transfer-Encoding: chunked") == 0)
		client->chunked = true;
	else if (line[0] == '\0')
		head_end(client);
}

static void
line_take(struct client *client, const char *line)
{
	switch (client->phase) {
	case PHASE_STATUS:
		if (strncmp(line, "HTTP/1.1 ", 9) != 0)
			client_die("not HTTP/1.1: %.60s", line);
		client->status = (int)strtol(line + 9, NULL, 10);
		client->phase = PHASE_FIELDS;
		break;
	case PHASE_FIELDS:
		field_take(client, line);
		break;
	case PHASE_CHUNK_SIZE:
		client->left = strtoull(line, NULL, 16);
		client->phase = client->left > 0 ? PHASE_CHUNK : PHASE_TRAILER;
		break;
	case PHASE_CHUNK_END:
		client->phase = PHASE_CHUNK_SIZE;
		break;
	case PHASE_TRAILER:
		if (line[0] == '\0')
			client->phase = PHASE_IDLE;
		break;
	default:
		client_die("bytes that belong to no answer");
	}
}

/* Up to a line's end; how many bytes were taken. */
static size_t
line_bytes(struct client *client, const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			if (client->line_size > 0 &&
			    client->line[client->line_size - 1] == '\r')
				client->line_size--;
			client->line[client->line_size] = '\0';
			client->line_size = 0;
			line_take(client, client->line);
			return i + 1;
		}
		if (client->line_size == CLIENT_LINE_SIZE - 1)
			client_die("a line of the answer is too long");
		client->line[client->line_size++] = (char)bytes[i];
	}
	return n;
}

/* Counts ends of a response, whatever the case of the prefix; the text has no
 * beginning inside itself. */
static void
count_responses(struct client *client, const uint8_t *bytes, size_t n)
{
	static const char text[] = "</d:response>";
	uint8_t byte;
	size_t i;

	for (i = 0; i < n; i++) {
		byte = bytes[i] == 'D' ? 'd' : bytes[i];
		if (byte != (uint8_t)text[client->matched])
			client->matched = 0;
		if (byte == (uint8_t)text[client->matched])
			client->matched++;
		if (client->matched == sizeof(text) - 1) {
			client->found++;
			client->matched = 0;
		}
	}
}

static size_t
body_bytes(struct client *client, const uint8_t *bytes, size_t n)
{
	size_t step = client->left < n ? (size_t)client->left : n;

	if (client->request.check == CHECK_PATTERN && client->status < 300 &&
	    !pattern_check(bytes, step, client->body_at, client->request.seed))
		client->wrong = true;
	if (client->request.check == CHECK_RESPONSES)
		count_responses(client, bytes, step);
	client->body_at += step;
	client->left -= step;
	if (client->left == 0)
		client->phase = client->chunked ? PHASE_CHUNK_END : PHASE_IDLE;
	return step;
}

static void
receive_some(struct client *client)
{
	static uint8_t bytes[CLIENT_RECORD]; /* one thread only */
	size_t at, size;
	ssize_t n;

	while (client->phase != PHASE_IDLE) {
		n = gnutls_record_recv(client->session, bytes, sizeof(bytes));
		if (may_wait(n))
			return;
		if (n == 0)
			client_die("the server closed amid an answer");
		if (n < 0)
			client_die("receive: %s", gnutls_strerror((int)n));
		size = (size_t)n;
		for (at = 0; at < size;)
			at += client->phase == PHASE_BODY ||
				      client->phase == PHASE_CHUNK
				  ? body_bytes(client, bytes + at, size - at)
				  : line_bytes(client, bytes + at, size - at);
	}
}

bool
client_go(struct client *client)
{
	if (client->phase == PHASE_SENDING)
		send_some(client);
	if (client->phase != PHASE_SENDING && client->phase != PHASE_IDLE)
		receive_some(client);
	return client->phase == PHASE_IDLE;
}

void
client_finish(struct client *client, int silence_ms)
{
	struct pollfd at = {.fd = client->fd};

	while (!client_go(client)) {
		at.events = client->phase == PHASE_SENDING ? POLLOUT : POLLIN;
		if (poll(&at, 1, silence_ms) == 0)
			client_die("no answer for %d s", silence_ms / 1000);
	}
}

bool
client_held(struct client *client)
{
	uint8_t byte;

	return may_wait(gnutls_record_recv(client->session, &byte, 1));
}
