/* json.h - the texts of JSON that is written. */
#ifndef DOZO_BASE_JSON_H
#define DOZO_BASE_JSON_H

#include "base/buf.h"

/*
 * Appends a quoted string; text is UTF-8. What is not ASCII stays as it is,
 * control characters are escaped.
 */
enum rc
json_add_text(struct op *op, struct buf *json, struct span text) MUST_CHECK;

#endif
