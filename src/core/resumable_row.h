/* resumable_row.h - rows of uploads that go on, as whoever asks may see them;
 * private to core/'s resumable files. */
#ifndef DOZO_CORE_RESUMABLE_ROW_H
#define DOZO_CORE_RESUMABLE_ROW_H

#include "core/resumable.h"

/* The row, if the actor may see it at this service time. RC_NOT_FOUND. */
enum rc
resumable_row_get(struct op *op, struct meta *meta, const struct actor *actor,
    int64_t id, int64_t now, struct upload_row *ret_row) MUST_CHECK;

struct resumable_state
resumable_row_state(struct tenant *tenant, const struct upload_row *row);

/* Whether the whole is what its client has named. RC_INVALID and *ret_other. */
enum rc resumable_row_digest(struct op *op, const struct upload_row *row,
    const uint8_t sha256[SHA256_SIZE], bool *ret_other) MUST_CHECK;

#endif
