/* who.h - on whose behalf a command acts on a tenant: the host, who may break
 * the glass, or --as an administrator. */
#ifndef DOZO_CLI_WHO_H
#define DOZO_CLI_WHO_H

#include "cli/cli.h"

/*
 * Opens the tenant named by the command's TENANT argument (args[1]). With --as
 * it signs in by the first line of standard input: cli->op.actor is then that
 * member, and an administrator is told of notices. With --break-glass the
 * tenant's administrators are given one before anything is looked at. Give it
 * back with tenant_put. RC_NOT_FOUND, RC_DENIED, RC_INVALID.
 */
enum rc who_tenant(struct cli *cli, struct tenant **ret_tenant) MUST_CHECK;

/* A log-in name as it may be given: with or without its "@tenant". */
enum rc who_login(struct op *op, const char *text, const char *tenant,
    struct span *ret_login) MUST_CHECK;

/* A wall time as an RFC 3339 text in the op's arena, "" for 0. */
const char *who_time(struct op *op, int64_t wall);

/* The same for people, in UTC: "2026-11-23 19:57". */
const char *who_minute(struct op *op, int64_t wall);

#endif
