/* reserve.h - reserves (LOG.md L14): what the last of a disk is kept for.
 * Uploads go where more is left; deletes, purges and openings may use it. Any
 * thread.
 */
#ifndef DOZO_CORE_RESERVE_H
#define DOZO_CORE_RESERVE_H

#include "base/op.h"
#include "base/thread.h"
#include "store/sites.h"

struct service;
struct tenant;

struct reserve {
	struct mutex lock;
	struct io_space local; /* of the databases' disk, as last looked at */
};

void reserve_init(struct reserve *reserve);
void reserve_release(struct reserve *reserve);

/* Why such a site is behind. */
#define RESERVE_WHY "No space above its reserve: it gets no uploads"

/* Looks at the disks of the sites that are attached, and at that of the
 * databases. The keeper's, at each of its steps. */
void reserve_look(struct op *op, struct service *service);

/* Sites below their reserve. What this process has written since the last look
 * is taken off. */
struct site_set reserve_low_sites(struct service *service);

/* The local disk, as last looked at (all zero: never). true: it is below its
 * reserve. */
bool reserve_local(struct service *service, struct io_space *ret_space);

/* Bytes that are kept free on a disk. */
uint64_t
reserve_of(const struct service *service, const struct io_space *space);

/* What uploads may still take, and what is taken: of the attached site that has
 * the least left; false where none can tell (buckets). */
bool
reserve_left(struct service *service, uint64_t *ret_left, uint64_t *ret_used);

/*
 * Whether a change that needs space may be offered: RC_NO_SPACE where fewer
 * than m of the sites in service are above their reserve, or the local disk is
 * not. (Too few sites in service are no matter of space: RC_OK.) *ret_sites:
 * those in service that are above it.
 */
enum rc reserve_for_uploads(struct op *op, struct tenant *tenant,
    struct site_set *ret_sites) MUST_CHECK;

/* The same where its bytes are known: they have to fit above the reserves of m
 * sites, as these were last looked at. */
enum rc reserve_for_size(
    struct op *op, struct tenant *tenant, uint64_t size) MUST_CHECK;

#endif
