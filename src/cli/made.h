/* made.h - folders that a command has made, so that a failure leaves nothing
 * half-done. */
#ifndef DOZO_CLI_MADE_H
#define DOZO_CLI_MADE_H

#include "cli/dir.h"

enum { MADE_MAX = 20, MADE_PATH_SIZE = 1024 };

struct made_folder {
	char path[MADE_PATH_SIZE]; /* empty or made by us: everything below goes
				    */
	char top[MADE_PATH_SIZE]; /* the highest folder that we made, "" where
				     path was there */
};

struct made {
	size_t n;
	struct made_folder folders[MADE_MAX];
};

/*
 * An absolute path without links for a folder that need not be there yet:
 * links in what is there are followed. RC_INVALID.
 */
enum rc made_resolve(
    struct op *op, const char *path, char ret_path[MADE_PATH_SIZE]) MUST_CHECK;

/*
 * Makes the folder (and those above it) where it is not there, and remembers
 * it; path is resolved. RC_EXISTS where it is not empty.
 */
enum rc
made_folder(struct op *op, struct made *made, const char *path) MUST_CHECK;

/* Takes everything away again, newest first; says what cannot be. */
void made_undo(struct made *made);

#endif
