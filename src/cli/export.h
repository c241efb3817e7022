/* export.h - copies of the master key, and what is known of the last one:
 * DIR/keys/exported. */
#ifndef DOZO_CLI_EXPORT_H
#define DOZO_CLI_EXPORT_H

#include "cli/dir.h"

/*
 * Writes the keystore to a new file (mode 0400, durably; its folder must be
 * there) and notes that. A file that has these very bytes is as good. RC_EXISTS
 * where it has others, RC_INVALID in DIR or on a site.
 */
enum rc export_to(struct op *op, const struct dir *dir,
    const struct keystore *keystore, const char *file) MUST_CHECK;

/* The same into a folder, under a name of its own (key_export_to). */
enum rc export_into(struct op *op, const struct dir *dir,
    const struct keystore *keystore, const char *folder) MUST_CHECK;

struct export_noted {
	bool found;
	uint32_t version;
	char fingerprint[KEYSTORE_FINGERPRINT_SIZE];
	int64_t at; /* wall, ns */
	unsigned former; /* sites whose former key is in it too */
};

/* The last one, not found where there was none. */
enum rc export_look(struct op *op, const struct dir *dir,
    struct export_noted *ret_noted) MUST_CHECK;

/* Whether it has every key of a keystore with this version and fingerprint. */
bool export_covers(const struct export_noted *noted, uint32_t version,
    const char *fingerprint);

/* There is a new passphrase: what was exported does not count any more. */
enum rc export_forget(struct op *op, const struct dir *dir) MUST_CHECK;

#endif
