/*
 * dav_server.c - the tests' whole server as a program of its own, for clients
 * that are programs: prints "PORT CA-PATH USER PASSWORD" between tabs, and ends
 * with its standard input. An "r" there starts it anew over the sites alone; an
 * "l" prints a link that signs the administrator in once.
 */
#include <stdio.h>
#include <unistd.h>

#include "core/member.h"
#include "core/session.h"
#include "door/session.h"
#include "lib/dozo_server.h"

static void
tell(const struct dozo_server *server)
{
	(void)printf("%u\t%s\t%s\t%s\n", server->port, server->ca_path,
	    DOZO_ADMIN, DOZO_PASSWORD);
	(void)fflush(stdout);
}

static enum rc
find(struct op *op, struct tenant *tenant, int64_t *ret_member)
{
	struct member_row row = {0};
	struct reader *reader;
	enum rc rc;

	TRY(tenant_reader(op, tenant, &reader));
	rc = member_find(op, &reader->meta,
	    span_of(DOZO_ADMIN, strcspn(DOZO_ADMIN, "@")), &row);
	*ret_member = row.id;
	member_row_wipe(&row);
	tenant_reader_put(tenant, reader);
	return rc;
}

static void
link_tell(struct dozo_server *server)
{
	struct tenant *tenant = dozo_server_tenant(server);
	char token[PASSWORD_TOKEN_SIZE], text[DOOR_TOKEN_SIZE];
	CLEANUP(op_release) struct op op;
	int64_t member;

	op_init(&op);
	ASSERT_OK(&op, find(&op, tenant, &member));
	op.actor.tenant = tenant->id;
	op.actor.member = member;
	ASSERT_OK(&op, session_link(&op, tenant, member, token));
	door_token_text(tenant->id, token, text);
	tenant_put(tenant);
	(void)printf("%s\n", text);
	(void)fflush(stdout);
}

int
main(void)
{
	static struct dozo_server server;
	char byte;

	dozo_server_start(&server);
	tell(&server);
	while (read(STDIN_FILENO, &byte, 1) > 0) {
		if (byte == 'l')
			link_tell(&server);
		if (byte != 'r')
			continue;
		dozo_server_restart(&server);
		tell(&server);
	}
	dozo_server_stop(&server);
	return 0;
}
