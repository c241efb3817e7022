/* download.h - reading a content: opened frame by frame, from whichever site
 * has it undamaged. */
#ifndef DOZO_CORE_DOWNLOAD_H
#define DOZO_CORE_DOWNLOAD_H

#include "core/tenant.h"
#include "meta/content.h"

struct download;

/*
 * Opens a content for reading at any place; the caller has asked access_node
 * for the node that names it. Holds 256 KiB. RC_NOT_FOUND. Free with
 * download_free.
 */
enum rc download_open(struct op *op, struct tenant *tenant, int64_t content,
    struct download **ret_download) MUST_CHECK;

/*
 * The same where the content's row was just read with meta: in the same read
 * the first piece at position is looked up.
 */
enum rc download_open_at(struct op *op, struct tenant *tenant,
    struct meta *meta, const struct content *content, uint64_t position,
    struct download **ret_download) MUST_CHECK;

/*
 * From now on this site alone is read, and no other makes up for it: to see
 * that it has what it should. RC_DAMAGED, after which the site's damage is
 * noted as after any other read.
 */
void download_from(struct download *download, size_t site);

uint64_t download_size(const struct download *download);

/*
 * Up to size bytes from offset; *ret_n is less only at the content's end. Only
 * what authenticates is given out. A site that fails or has damaged bytes is
 * passed over and noted; RC_DAMAGED or RC_IO where no site has the piece.
 */
enum rc download_read(struct op *op, struct download *download, uint64_t offset,
    uint8_t *out, size_t size, size_t *ret_n) MUST_CHECK;

void download_free(struct download *download); /* accepts NULL */

#endif
