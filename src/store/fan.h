/*
 * fan.h - a data segment on its way to all sites at once: bytes come in order,
 * go out in blocks of 256 KiB aligned for O_DIRECT, and a slow site is left
 * behind.
 */
#ifndef DOZO_STORE_FAN_H
#define DOZO_STORE_FAN_H

#include "base/op.h"
#include "store/claim.h"
#include "store/segment.h"
#include "store/sites.h"

enum { FAN_BLOCK = 256 << 10 };

struct fan;

/*
 * Opens data/<tenant>/<id> on the sites of the set, in parallel with the first
 * writes. needed: with fewer sites left, writing fails (RC_NOT_STORED).
 * patience: ns that a slow site is waited for (3 s, L4).
 */
enum rc fan_open(struct op *op, struct sites *sites, struct claim *claim,
    struct site_set set, uint64_t tenant, const uint8_t id[OBJECT_ID_SIZE],
    size_t needed, int64_t patience, struct fan **ret_fan) MUST_CHECK;

/* Where a data_writer puts its bytes. One thread at a time; waits while both
 * blocks are on their way. */
struct segment_sink *fan_sink(struct fan *fan);

/* Writes what is left; then each site ends the object by itself. */
enum rc fan_end(struct op *op, struct fan *fan) MUST_CHECK;

/*
 * After fan_end: waits until the object stands. *ret_on are the sites that have
 * it on disk, the claim's look-up done. RC_NOT_STORED where they are too few.
 * The patience is counted from here.
 */
enum rc
fan_commit(struct op *op, struct fan *fan, struct site_set *ret_on) MUST_CHECK;

/* Without fan_end nothing stays of it. A site's thread that hangs keeps its
 * own part. Accepts NULL. */
void fan_free(struct fan *fan);

#endif
