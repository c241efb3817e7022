/*
 * dav_server.c - the tests' whole server as a program of its own, for clients
 * that are programs: prints "PORT CA-PATH USER PASSWORD" between tabs, and ends
 * with its standard input. An "r" there starts it anew over the sites alone.
 */
#include <stdio.h>
#include <unistd.h>

#include "lib/dozo_server.h"

static void
tell(const struct dozo_server *server)
{
	(void)printf("%u\t%s\t%s\t%s\n", server->port, server->ca_path,
	    DOZO_ADMIN, DOZO_PASSWORD);
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
		if (byte != 'r')
			continue;
		dozo_server_restart(&server);
		tell(&server);
	}
	dozo_server_stop(&server);
	return 0;
}
