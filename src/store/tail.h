/*
 * tail.h - what the sites hold of one tenant: the union of their listings, and
 * the chain in it (LOG.md L1, L3). No keys, no SQL.
 */
#ifndef DOZO_STORE_TAIL_H
#define DOZO_STORE_TAIL_H

#include "base/op.h"
#include "store/packs.h"
#include "store/segment.h"
#include "store/sites.h"

enum { TAIL_OBJECTS_MAX = 8 << 20, TAIL_ASIDE_MAX = 4096 };

/* A numbered segment that at least one site lists. */
struct tail_log {
	struct log_name name;
	struct site_set on; /* sites that have it, alone or in a pack */
	struct site_set loose; /* sites that list it as an object of its own */
	struct site_set packed; /* sites that have it in a pack */
	struct site_set rot; /* of these, where its bytes did not pass */
	bool read; /* its bytes passed somewhere: the fields below are known */
	bool carries_changes; /* anything but an opening */
	bool on_chain; /* of the winner */
	size_t parent; /* index of number - 1 on its branch; TAIL_NONE */
	uint8_t hash[OBJECT_HASH_SIZE];
	uint8_t previous[OBJECT_HASH_SIZE];
};
#define TAIL_NONE SIZE_MAX

struct tail_data {
	uint8_t id[OBJECT_ID_SIZE];
	struct site_set on;
};

/* Where a cut says that the log begins (L13): number and below are no branch.
 */
struct tail_base {
	uint64_t number; /* 0: the log begins with number 1 */
	struct generation generation;
	uint8_t hash[OBJECT_HASH_SIZE];
	struct log_name cut; /* the number that says so */
	struct segment_data snapshot; /* the list of the snapshot at number, as
					 the cut names it */
};

struct tail_pack {
	struct pack_name name;
	size_t site;
};

struct tail_snap {
	uint8_t id[OBJECT_ID_SIZE];
	uint32_t part;
	struct site_set on;
};

struct tail_key {
	struct key_name name;
	struct site_set on;
};

struct tail {
	struct site_set listed; /* sites whose listings are whole */
	size_t n_logs, n_data, n_keys, n_snaps, n_bases;
	struct tail_log *logs; /* by number, generation, hash */
	struct tail_data *data; /* by id */
	struct tail_key *keys; /* by generation, version: the newest claim's
				  last */
	struct tail_snap *snaps; /* by id, part */
	struct tail_base *bases; /* of the cuts that were read */
	struct tail_pack *packs;
	size_t n_packs;
	struct packs *known; /* their directories; owned */
};

/*
 * Lists log/, data/, keys/ and snap/ of the tenant on the sites of the set,
 * durably (L0). A site that cannot be listed is away and not in listed. Needs
 * tail_release.
 */
enum rc tail_list(struct op *op, struct sites *sites, struct site_set set,
    uint64_t tenant, struct tail *ret_tail) MUST_CHECK;
void tail_release(struct tail *tail); /* also for CLEANUP */

/*
 * Reads numbered segment i from a site that lists it and has it undamaged, into
 * bytes; fills in the fields of tail->logs[i]. RC_DAMAGED where no listed copy
 * passes.
 */
enum rc tail_read(struct op *op, struct sites *sites, struct tail *tail,
    size_t i, struct buf *bytes, struct segment *ret_segment) MUST_CHECK;

/* The first object at or above number; tail->n_logs where there is none. */
size_t tail_find_number(const struct tail *tail, uint64_t number);

/* The object of exactly this name, or TAIL_NONE. */
size_t tail_find(const struct tail *tail, const struct log_name *name);

/* Data segment by id, or TAIL_NONE. */
size_t
tail_find_data(const struct tail *tail, const uint8_t id[OBJECT_ID_SIZE]);

/* A piece of a snapshot, or TAIL_NONE. */
size_t tail_find_snap(
    const struct tail *tail, const uint8_t id[OBJECT_ID_SIZE], uint32_t part);
/*
 * The sites that list everything that any of them lists: every number above
 * the base, with none missing in between, every data segment, every piece of a
 * snapshot, the newest keyring. By names
 * alone: what is damaged, or lost a branch, only the start of the tenant tells.
 */
struct site_set tail_whole(const struct tail *tail);

/* Where the chain starts: the local database's head, or nothing (number 0, zero
 * hash). */
struct tail_root {
	uint64_t number;
	struct generation generation;
	uint8_t hash[OBJECT_HASH_SIZE];
	bool found; /* there is a database */
	uint64_t base; /* as it knows it; 0: none */
};

/*
 * Links what was read above root, and picks the winner: the object with the
 * highest (counter, attempt, number) whose chain reaches down to a known start:
 * the root, or the base that a cut names (L1, L13). Sets on_chain. *ret_winner
 * is TAIL_NONE where the root itself is the head. *ret_base: what the last cut
 * on the chain above the root says, number 0 where there is none; above the
 * root's number the root is too old to go on from. RC_UNPROVEN: a gap or damage
 * above the best chain: something is missing (list once more, or wait for
 * another site) RC_REFUSED:  the root does not lie on the winner, or a losing
 * branch carries changes above its first segment: acknowledged data would go
 * (L3)
 */
enum rc
tail_pick(struct op *op, struct tail *tail, const struct tail_root *root,
    size_t *ret_winner, struct tail_base *ret_base) MUST_CHECK;

#endif
