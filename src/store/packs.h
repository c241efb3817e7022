/*
 * packs.h - which numbers of a tenant lie in packs, on which site: directories
 * as they were read, so that a number is one look-up and one read.
 */
#ifndef DOZO_STORE_PACKS_H
#define DOZO_STORE_PACKS_H

#include "base/op.h"
#include "base/thread.h"
#include "store/pack.h"
#include "store/sites.h"

struct packs_one {
	size_t site;
	struct pack pack; /* entries owned */
};

/* Any thread. */
struct packs {
	uint64_t tenant;
	struct mutex lock;
	size_t n;
	struct packs_one *list; /* owned */
};

/* Nothing is known yet. Needs packs_release. */
void packs_init(struct packs *packs, uint64_t tenant);
void packs_release(struct packs *packs);

/* Reads the directory of a pack that site i lists, if it is not known. A pack
 * whose directory does not pass is RC_DAMAGED and stays unknown. */
enum rc packs_learn(struct op *op, struct packs *packs, struct sites *sites,
    size_t i, const struct pack_name *name) MUST_CHECK;

/* Calls each for every number in the packs of site i that are known; under the
 * lock. */
enum rc packs_each(struct op *op, struct packs *packs, size_t i,
    enum rc (*each)(void *arg, struct op *op, const struct pack_entry *entry),
    void *arg) MUST_CHECK;

/* Forgets packs that end at this number or below. */
void packs_forget(struct packs *packs, uint64_t number);

/*
 * Exactly size bytes from offset of a number's segment, from site i: as an
 * object of its own, or else from a pack, whose name is looked for once more
 * where it is not known. RC_NOT_FOUND, RC_IO, RC_DAMAGED.
 */
enum rc packs_read(struct op *op, struct packs *packs, struct sites *sites,
    size_t i, const struct log_name *log, uint64_t offset, void *out,
    size_t size) MUST_CHECK;

/* The pack of site i that a number lies in, its entries in the op's arena.
 * RC_NOT_FOUND. */
enum rc packs_find(struct op *op, struct packs *packs, size_t i,
    const struct log_name *log, struct pack *ret_pack) MUST_CHECK;

/* How many numbers above this one lie in packs of site i that are known. */
uint64_t packs_count(struct packs *packs, size_t i, uint64_t above);

/* Site i has that pack no more. */
void packs_drop(struct packs *packs, size_t i, const struct pack_name *name);

/* Bytes of the segment. RC_NOT_FOUND, RC_IO. */
enum rc packs_size(struct op *op, struct packs *packs, struct sites *sites,
    size_t i, const struct log_name *log, uint64_t *ret_size) MUST_CHECK;

/* The whole segment into buf (cleared first). The bytes are not checked. */
enum rc packs_get(struct op *op, struct packs *packs, struct sites *sites,
    size_t i, const struct log_name *log, struct buf *buf) MUST_CHECK;

#endif
