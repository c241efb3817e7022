/*
 * conf_edit.h - changing single lines of a dozo.conf that people have written:
 * everything else stays as it is, comments too.
 */
#ifndef DOZO_CLI_CONF_EDIT_H
#define DOZO_CLI_CONF_EDIT_H

#include "base/buf.h"
#include "base/op.h"

/*
 * A key of a section gets this value, in the line that it has or in a new one
 * at the section's end; a section that is missing is added. value NULL: the
 * line goes. The value is the caller's to check. RC_LIMIT, RC_NO_MEMORY.
 */
enum rc conf_edit_set(struct op *op, struct buf *text, const char *section,
    const char *key, const char *value) MUST_CHECK;

/* The section goes with all its lines; RC_OK also where there is none. */
enum rc
conf_edit_drop(struct op *op, struct buf *text, const char *section) MUST_CHECK;

#endif
