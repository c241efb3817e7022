/*
 * pack.h - the bytes of packs: committed numbers, verbatim and in order, with a
 * directory (LOG.md L11). docs/FORMAT.md section 14.
 */
#ifndef DOZO_STORE_PACK_H
#define DOZO_STORE_PACK_H

#include "base/buf.h"
#include "store/object.h"

enum {
	PACK_SIZE_MAX = 64 << 20, /* a reader's limit */
	PACK_NUMBERS_MAX = 65536,
	PACK_ENTRY_SIZE = 72,
	PACK_HEADER_SIZE = 40,
	PACK_TRAILER_SIZE = 64,
};

struct pack_entry {
	uint64_t number;
	struct generation generation;
	uint8_t hash[OBJECT_HASH_SIZE]; /* the segment's */
	uint64_t offset; /* in the pack */
	uint64_t size;
};

struct pack {
	uint64_t tenant;
	struct pack_name name;
	size_t n;
	struct pack_entry *entries; /* by number, without a gap; op's arena */
};

/*
 * Begins a pack of these numbers; out is cleared. offset of each entry is
 * filled in. RC_INVALID for entries that no reader would take, RC_LIMIT.
 */
enum rc pack_begin(struct op *op, uint64_t tenant, struct pack_entry *entries,
    size_t n, struct buf *out) MUST_CHECK;

/* After the segments' bytes were appended to out, in order: directory and
 * trailer. RC_INVALID where they are not as large as the entries say. */
enum rc pack_end(struct op *op, const struct pack_entry *entries, size_t n,
    struct buf *out, struct pack_name *ret_name) MUST_CHECK;

/* How many bytes from the end on pack_directory needs to see, from the last
 * PACK_TRAILER_SIZE of an object of that size. RC_DAMAGED. */
enum rc pack_tail_size(struct op *op, struct span trailer, uint64_t size,
    uint64_t *ret_size) MUST_CHECK;

/* The directory, from an object's header and its last bytes (size: of the
 * object). RC_DAMAGED, RC_REFUSED (newer). The segments prove themselves. */
enum rc pack_directory(struct op *op, struct span header, struct span tail,
    uint64_t size, struct pack *ret_pack) MUST_CHECK;

/* The whole object: its checksum too. */
enum rc
pack_parse(struct op *op, struct span bytes, struct pack *ret_pack) MUST_CHECK;

#endif
