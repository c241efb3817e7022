/* export.h - whether the master key was exported as it is now:
 * DIR/keys/exported. */
#ifndef DOZO_CLI_EXPORT_H
#define DOZO_CLI_EXPORT_H

#include "cli/dir.h"

/* Notes that this keystore was exported. */
enum rc export_note(struct op *op, const struct dir *dir,
    const struct keystore *keystore) MUST_CHECK;

/* *ret_done: exactly this keystore was. */
enum rc export_look(struct op *op, const struct dir *dir,
    const struct keystore *keystore, bool *ret_done) MUST_CHECK;

#endif
