/* site_id.h - the bytes of site.id (LOG.md L20). docs/FORMAT.md specifies them.
 */
#ifndef DOZO_STORE_SITE_ID_H
#define DOZO_STORE_SITE_ID_H

#include "base/buf.h"
#include "base/op.h"
#include "store/object.h"

enum {
	SITE_ID_NAME_MAX = 32,
	SITE_ID_NAME_SIZE = SITE_ID_NAME_MAX + 1,
	SITE_ID_SIZE_MAX = 108, /* bytes of the largest one */
};

struct site_id {
	uint8_t service[OBJECT_ID_SIZE];
	uint8_t id[OBJECT_ID_SIZE];
	char name[SITE_ID_NAME_SIZE];
};

/* "site.id" in the site's root. */
void site_id_name(struct object_name *name);

/* Appends the file's bytes; RC_INVALID for a bad name. */
enum rc site_id_write(
    struct op *op, const struct site_id *id, struct buf *out) MUST_CHECK;

/* RC_DAMAGED for whatever does not pass its check, RC_REFUSED for a newer
 * format. */
enum rc site_id_read(
    struct op *op, struct span bytes, struct site_id *ret_id) MUST_CHECK;

#endif
