/*
 * client.h - one HTTPS connection of the load generator: sends a request with a
 * generated body, takes the answer apart and checks its bytes. Non-blocking
 * after the handshake; one thread drives all of them by epoll.
 */
#ifndef DOZO_BENCH_CLIENT_H
#define DOZO_BENCH_CLIENT_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CLIENT_HEAD_SIZE = 1024,
	CLIENT_LINE_SIZE = 1024,
	CLIENT_RECORD = 16384
};

enum client_check {
	CHECK_NOTHING,
	CHECK_PATTERN, /* the body is pattern_fill's of this seed */
	CHECK_RESPONSES, /* found counts "</d:response>" */
};

struct client_request {
	char head[CLIENT_HEAD_SIZE]; /* whole, with the empty line */
	uint64_t body_size; /* of a pattern of this seed */
	uint64_t seed;
	enum client_check check;
};

enum client_phase {
	PHASE_IDLE,
	PHASE_SENDING,
	PHASE_STATUS,
	PHASE_FIELDS,
	PHASE_BODY,
	PHASE_CHUNK_SIZE,
	PHASE_CHUNK,
	PHASE_CHUNK_END,
	PHASE_TRAILER,
};

struct client {
	int fd;
	gnutls_session_t session;
	enum client_phase phase;
	bool refused; /* out was offered to GnuTLS and must be again, unchanged
		       */
	bool wants_write; /* what epoll waits for: the caller's */
	int64_t started;
	size_t job; /* the caller's */

	struct client_request request;
	uint64_t body_sent; /* put into out so far */
	size_t out_at;
	size_t out_size;
	uint8_t out[CLIENT_RECORD];

	int status;
	bool chunked;
	uint64_t left; /* of the body or the chunk */
	uint64_t body_at;
	uint64_t found;
	size_t matched; /* of the text looked for */
	bool wrong; /* bytes other than the pattern's */
	size_t line_size;
	char line[CLIENT_LINE_SIZE];
};

/* The certificates that all connections trust; ends the process on failure. */
gnutls_certificate_credentials_t client_trust(const char *ca_path);

/* Connects to this port of 127.0.0.1 as "localhost" and shakes hands; ends the
 * process on failure. */
void client_open(struct client *client, uint16_t port,
    gnutls_certificate_credentials_t trust);
void client_close(struct client *client);

/* Begins client->request; client_go does the rest. */
void client_start(struct client *client);

/*
 * Sends and receives what goes without waiting. True when the answer is whole:
 * status, body_at (its size), found and wrong tell about it. Ends the process
 * where the connection breaks.
 */
bool client_go(struct client *client);

/* client_go until the answer is whole; ends the process after so much silence.
 */
void client_finish(struct client *client, int silence_ms);

/* Whether the server still holds the connection; the client is idle. */
bool client_held(struct client *client);

/* Prints why and ends the process. */
void client_die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
