/* passphrase.h - the passphrase of the master key: never an argument, never in
 * the environment. */
#ifndef DOZO_CLI_PASSPHRASE_H
#define DOZO_CLI_PASSPHRASE_H

#include "base/conf.h"
#include "base/op.h"
#include "crypto/keystore.h"

struct passphrase {
	int fd; /* --passphrase-fd; -1: none was given */
	bool known;
	char text[KEYSTORE_PASSPHRASE_MAX + 2];
};

#define PASSPHRASE_NONE \
	{ \
		.fd = -1 \
	}

/* Wipes it. */
void passphrase_forget(struct passphrase *passphrase);

struct span passphrase_span(const struct passphrase *passphrase);

/*
 * The present one, if it is not known yet: a line of the descriptor, or else
 * the first line of dozo.conf's passphrase_file (conf may be NULL), or else
 * asked for on the terminal. RC_DENIED where there is none of these.
 */
enum rc passphrase_need(struct op *op, struct passphrase *passphrase,
    const struct conf *conf) MUST_CHECK;

/* A new one: a line of the descriptor, or asked for twice on the terminal. */
enum rc
passphrase_choose(struct op *op, struct passphrase *passphrase) MUST_CHECK;

#endif
