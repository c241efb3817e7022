/*
 * admin.h - DIR/admin.sock: commands against a DIR that is served run inside
 *the server. One connection, one command: a line of JSON each way,
 *	{"command": ["status", "."], "stdin": [], "colour": true, "follow": 0}
 *	{"exit": 0, "out": "...", "err": "...", "follow": 0, "progress": ""}
 * What takes hours goes on in the server's background: the answer then names it
 * ("follow"), and the asking end asks the same again with that name, until the
 * answer names nothing any more.
 */
#ifndef DOZO_CLI_ADMIN_H
#define DOZO_CLI_ADMIN_H

#include "cli/cli.h"

#define ADMIN_SOCKET "admin.sock"
enum { ADMIN_REQUEST_MAX = 64 << 10, ADMIN_THREADS = 4 };

struct admin;
struct evidence;

/*
 * Listens; a stale socket is replaced (the caller holds DIR's lock). Commands
 * run on ADMIN_THREADS threads. dir, service and evidence are borrowed until
 * admin_stop.
 */
enum rc admin_start(struct op *op, struct dir *dir, struct service *service,
    struct evidence *evidence, struct admin **ret_admin) MUST_CHECK;

/* Asks running commands to end, waits for them, removes the socket. Accepts
 * NULL. */
void admin_stop(struct admin *admin);

/*
 * Has a served DIR's server run the command. RC_NOT_FOUND: nobody serves it.
 * Otherwise cli->out and cli->err have the server's answer, and *ret_exit its
 * end.
 */
enum rc admin_call(struct cli *cli, const struct dir *dir, size_t n,
    const char *const *words, enum cli_exit *ret_exit) MUST_CHECK;

#endif
