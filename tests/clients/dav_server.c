/*
 * dav_server.c - the tests' whole server as a program of its own, for clients
 * that are programs: prints "PORT CA-PATH USER PASSWORD" between tabs, and ends
 * with its standard input.
 */
#include <stdio.h>
#include <unistd.h>

#include "lib/dozo_server.h"

int
main(void)
{
	static struct dozo_server server;
	char byte;

	dozo_server_start(&server);
	(void)printf("%u\t%s\t%s\t%s\n", server.port, server.ca_path,
	    DOZO_ADMIN, DOZO_PASSWORD);
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	dozo_server_stop(&server);
	return 0;
}
