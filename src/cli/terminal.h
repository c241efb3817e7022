/* terminal.h - asking a person for a secret. */
#ifndef DOZO_CLI_TERMINAL_H
#define DOZO_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Asks on the controlling terminal, or the one that is standard input, for a
 * line, which is not shown while it is
 * typed; a signal that ends the program finds the terminal as it was. False
 * where there is no terminal, or no line that fits into size - 1 bytes. Before
 * there are threads.
 */
bool terminal_ask(const char *prompt, char *out, size_t size);

#endif
