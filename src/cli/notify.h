/* notify.h - what the process that started this one is told, where it asks to
 * be (systemd's Type=notify). */
#ifndef DOZO_CLI_NOTIFY_H
#define DOZO_CLI_NOTIFY_H

/*
 * Sends lines of KEY=VALUE ("READY=1") to the socket that $NOTIFY_SOCKET names.
 * Does nothing where there is none: a server does not depend on who watches it.
 */
void notify_send(const char *lines);

#endif
