/* admin_socket.h - private: what both ends of the admin socket share. */
#ifndef DOZO_CLI_ADMIN_SOCKET_H
#define DOZO_CLI_ADMIN_SOCKET_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"

/* DIR may be deeper than an address has room for: it goes by its descriptor. */
void admin_address(int dir_fd, struct sockaddr_un *ret_address);

/* Everything up to a newline or the other's end, into buf. RC_LIMIT, RC_IO. */
enum rc admin_receive(struct op *op, int fd, struct buf *buf) MUST_CHECK;

/* RC_IO. */
enum rc admin_send(struct op *op, int fd, struct span bytes) MUST_CHECK;

/* A JSON value as one line, into buf. */
struct json_t;
enum rc admin_line(
    struct op *op, const struct json_t *root, struct buf *buf) MUST_CHECK;

#endif
