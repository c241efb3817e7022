/* https_client.h - a small blocking HTTPS client on loopback that sends exactly
 * the bytes it is given. */
#ifndef DOZO_TESTS_HTTPS_CLIENT_H
#define DOZO_TESTS_HTTPS_CLIENT_H

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"

struct https_client;

/* All may be zero. */
struct https_options {
	const char *ca_path; /* verify against this CA; NULL: trust anyone */
	const char *name; /* verify that the certificate is for this name or
			     address; also SNI */
	const char *priorities; /* GnuTLS's; NULL: NORMAL */
	const char *alpn; /* one protocol to offer */
	const char *from; /* local address, such as "127.0.0.2" */
	struct span before; /* sent in the clear before TLS (a PROXY header) */
	struct span resume; /* a session's data, of https_session */
	int receive_buffer; /* SO_RCVBUF, 0: the system's */
};

/* Connects to 127.0.0.1:port and shakes hands; RC_IO (with GnuTLS's text),
 * RC_NO_MEMORY. */
enum rc
https_open(struct op *op, uint16_t port, const struct https_options *options,
    struct https_client **ret_client) MUST_CHECK;

/* Closes without ceremony. Accepts NULL. */
void https_close(struct https_client *client);

/* For CLEANUP. */
void https_close_ptr(struct https_client **client);

/* All bytes; RC_IO. */
enum rc https_send(
    struct op *op, struct https_client *client, struct span bytes) MUST_CHECK;
enum rc https_send_str(
    struct op *op, struct https_client *client, const char *text) MUST_CHECK;

struct https_response {
	int status;
	char *head; /* all of it, NUL at its end; in the op's arena */
	struct buf body; /* without its chunking */
	bool complete; /* the body's end was seen: its length, or the last chunk
			*/
};
#define HTTPS_RESPONSE \
	{ \
		.body = {.limit = 1 << 30 } \
	}

/*
 * Reads the next response (skipping none: a 100 is one). RC_IO where the
 * connection ends within the head; a body cut short is RC_OK with complete
 * false. to_head: it answers a HEAD, and so has no body. Free the body.
 */
enum rc https_receive(struct op *op, struct https_client *client, bool to_head,
    struct https_response *ret_response) MUST_CHECK;

/* One header's value in the op's arena, or NULL. */
const char *https_header(
    struct op *op, const struct https_response *response, const char *name);

/* Up to size decrypted bytes as they come; 0 at the end, RC_IO for a reset or
 * 20 s of silence. */
enum rc https_read(struct op *op, struct https_client *client, void *out,
    size_t size, size_t *ret_n) MUST_CHECK;

/* Whether the server has ended the connection (waits for it; false where it
 * sends more). */
bool https_ended(struct https_client *client);

int https_fd(struct https_client *client);
const char *https_protocol(struct https_client *client); /* "TLS1.3" */
const char *https_cipher(struct https_client *client);
const char *https_key_exchange(struct https_client *client);
const char *
https_alpn(struct op *op, struct https_client *client); /* "" where none */
bool https_resumed(struct https_client *client);

/* The session's data for resuming, in the op's arena (TLS 1.3: after something
 * was read). */
enum rc https_session(struct op *op, struct https_client *client,
    struct span *ret_data) MUST_CHECK;

/* SHA-256 of the server's certificate. */
enum rc https_fingerprint(
    struct op *op, struct https_client *client, uint8_t out[32]) MUST_CHECK;

/* A plain TCP connection to 127.0.0.1:port, or -1. Receives time out after 20
 * s. */
int https_tcp(uint16_t port, const char *from);

#endif
