/*
 * segment.h - the bytes of numbered and data segments. docs/FORMAT.md specifies
 * each of them; the layout, all integers little-endian:
 *
 *	clear header   fixed part, then sections (adds, drops, aside, ...)
 *	body           frames of chunks and records, one after the other
 *	directory      clear: for each item its type and plaintext length
 *(records: salt, commitment) sealed index   numbered only: a record over the
 *count of items and the directory's SHA-256 trailer        directory position,
 *XXH3-128 of all bytes before it, SHA-256
 *
 * The trailer's SHA-256, over header, frame tags in order, directory and sealed
 * index, is the segment's hash: what the chain links and a data segment is
 *known by.
 */
#ifndef DOZO_STORE_SEGMENT_H
#define DOZO_STORE_SEGMENT_H

#include "base/buf.h"
#include "base/op.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "crypto/keyring.h"
#include "store/object.h"

enum {
	SEGMENT_FORMAT = 1,
	SEGMENT_CHUNK_MAX = 4 << 20, /* plaintext of a chunk */
	SEGMENT_NUMBERED_MAX =
	    2 << 20, /* a reader's limit; writers stay under 1 MiB (L8) */
	SEGMENT_DATA_MAX =
	    20
	    << 20, /* a reader's limit; writers stop at 16 MiB of plaintext */
	SEGMENT_SECTION_MAX = 65536, /* entries of one section */
	SEGMENT_ITEMS_MAX = 4096,
};

enum segment_kind {
	SEGMENT_NUMBERED = 1,
	SEGMENT_DATA = 2,
	SEGMENT_PIECE = 3, /* of a snapshot (L12) */
};

/* What a numbered segment is for; only an opening is without changes (L1). */
enum segment_role {
	SEGMENT_CHANGES = 1,
	SEGMENT_OPENING = 2,
	SEGMENT_SNAPSHOT = 3, /* names a snapshot (L12) */
	SEGMENT_CUT = 4, /* names base and kept snapshots (L13) */
	SEGMENT_UPKEEP =
	    5, /* changes that are no user's: bytes are moved (L11) */
};

/* A data segment as headers list it. */
struct segment_data {
	uint8_t id[OBJECT_ID_SIZE];
	uint8_t hash[OBJECT_HASH_SIZE];
	uint64_t size; /* of the whole object, bytes */
};

/* A number that lost to a higher generation, or (loss) was accepted as missing.
 */
struct segment_aside {
	uint64_t number;
	struct generation generation;
	uint8_t hash[OBJECT_HASH_SIZE];
};

struct segment_header {
	enum segment_kind kind;
	enum segment_role role; /* 0 but for numbered ones */
	uint64_t tenant;
	uint64_t number; /* 0 for data segments; a snapshot's */
	struct generation generation;
	uint8_t claim[OBJECT_ID_SIZE];
	uint8_t data_id[OBJECT_ID_SIZE]; /* zero for numbered ones; a snapshot's
					    id for its pieces */
	uint8_t previous[OBJECT_HASH_SIZE]; /* hash of number - 1, a piece's: of
					       number; zero for number 1 and
					       data */
	uint32_t epoch; /* key epoch of its records; 0 for data segments */
	size_t n_adds, n_drops, n_aside, n_losses, n_live, n_parts, n_at;
	const struct segment_data
	    *adds; /* borrowed when writing, in the op's arena when read */
	const struct segment_data *drops;
	const struct segment_aside *aside;
	const struct segment_aside *losses; /* accepted loss (L21): generation
					       and hash as known, may be zero */
	const struct segment_data
	    *live; /* piece: data segments live at the snapshot's number */
	const struct segment_data
	    *parts; /* list of a snapshot: its other pieces, in order (id: the
		       snapshot's); numbers: lists of the snapshots that are
		       named */
	const struct segment_aside
	    *at; /* one: the snapshot's number, a cut's base */
};

enum segment_item_type {
	SEGMENT_CHUNK = 1, /* sealed under a chunk key; not opened here */
	SEGMENT_CHANGESET = 2, /* one SQLite changeset: one session */
	SEGMENT_MIGRATION = 3, /* u32 version, 32 bytes SHA-256 of the SQL */
	SEGMENT_FACT =
	    4, /* register fact, snapshot name, cut: bytes of core/ */
	SEGMENT_ROWS = 5, /* pieces only: rows, as db_dump gives them */
};

struct segment_item {
	enum segment_item_type type;
	uint32_t plain_size;
	uint64_t offset; /* of its first frame in the object */
	uint32_t record; /* records only: its number among them, from 0 */
	uint8_t salt[32]; /* records only */
	uint8_t commitment[32];
};

/* ---- writing a numbered segment or a piece of a snapshot: whole in memory
 * ---- */

struct segment_writer {
	struct buf out;
	struct buf directory;
	const struct secret *epoch_key; /* borrowed of the keyring */
	struct secret *salt_key; /* owned; derived once, not for each record */
	enum segment_kind kind;
	enum segment_role role;
	uint8_t header_hash[SHA256_SIZE];
	struct sha256 hash;
	uint32_t n_items;
	uint32_t n_records;
};

/*
 * Writes the clear header. Needs segment_writer_release, after a failure too.
 * keys are header->tenant's and outlive the writer; RC_NOT_FOUND where they
 * lack header->epoch; RC_INVALID, RC_LIMIT for a header that a reader would
 * refuse.
 */
enum rc segment_begin(struct op *op, struct segment_writer *w,
    const struct segment_header *header, const struct keyring *keys) MUST_CHECK;
void segment_writer_release(struct segment_writer *w); /* also for CLEANUP */

/*
 * Each segment_add_* gives RC_LIMIT where the item does not fit under
 * SEGMENT_NUMBERED_MAX or SEGMENT_ITEMS_MAX, RC_INVALID for an item in an
 * opening; after any failure the writer is as before.
 */

/* Copies a chunk that is sealed already (aead_seal under its chunk key, AD
 * segment_chunk_ad). */
enum rc segment_add_chunk(struct op *op, struct segment_writer *w,
    struct span sealed, uint32_t plain_size, uint64_t *ret_offset) MUST_CHECK;

/* Seals a record under a key of its own (L17). */
enum rc segment_add_record(struct op *op, struct segment_writer *w,
    enum segment_item_type type, struct span plain) MUST_CHECK;

/* Ends it: w->out holds the object's bytes. RC_INVALID without a record, but in
 * an opening (L1). */
enum rc segment_end(struct op *op, struct segment_writer *w,
    uint8_t ret_hash[OBJECT_HASH_SIZE]) MUST_CHECK;

/* Bytes that are in w->out so far plus what segment_end will add. */
size_t segment_writer_size(const struct segment_writer *w);

/* Associated data of every chunk frame: a constant; nothing that compaction
 * changes. */
struct span segment_chunk_ad(void);

/* ---- writing a data segment: frame by frame into a caller's sink ---- */

/*
 * Takes the object's bytes in order, as they are made. The writer hands over
 * pieces of any size; the sink blocks them.
 */
struct segment_sink {
	enum rc (*write)(
	    struct segment_sink *sink, struct op *op, struct span bytes);
};

struct data_writer {
	struct segment_sink *sink; /* borrowed */
	struct sha256 hash;
	void *checksum; /* XXH3 state, owned */
	struct buf directory;
	uint64_t offset; /* bytes handed to the sink */
	uint64_t chunk_offset; /* where the chunk being written starts */
	uint8_t id[OBJECT_ID_SIZE];
	uint32_t n_items;
};

/*
 * Writes the clear header. Needs data_writer_release, after a failure too.
 * After a failure of any data_* function the segment is to be given up.
 */
enum rc data_begin(struct op *op, struct data_writer *w,
    const struct segment_header *header, struct segment_sink *sink) MUST_CHECK;
void data_writer_release(struct data_writer *w); /* also for CLEANUP */

/* Where the next frame will lie in the object. */
uint64_t data_offset(const struct data_writer *w);

/* One sealed frame (ciphertext and tag) of the chunk being written; RC_INVALID
 * after a frame that was not full, RC_LIMIT. */
enum rc data_frame(
    struct op *op, struct data_writer *w, struct span sealed_frame) MUST_CHECK;

/* Ends a chunk: notes its plaintext length (all frames since the last end are
 * its own); RC_INVALID where they do not fit it. */
enum rc data_chunk_end(
    struct op *op, struct data_writer *w, uint32_t plain_size) MUST_CHECK;

/* Ends the segment; *ret_data (with id as in the header) is what a number's
 * adds list. */
enum rc data_end(struct op *op, struct data_writer *w,
    struct segment_data *ret_data) MUST_CHECK;

/* ---- reading ---- */

struct segment {
	struct span bytes; /* borrowed: must outlive the segment */
	struct segment_header header;
	uint8_t hash[OBJECT_HASH_SIZE];
	uint8_t header_hash[SHA256_SIZE];
	size_t n_items;
	struct segment_item *items; /* op's arena */
	uint64_t directory_offset;
	uint64_t index_offset; /* of the sealed index; numbered only */
};

/*
 * Parses and checks without any key: structure, XXH3-128, SHA-256. RC_DAMAGED
 * for whatever does not pass, in time bounded by bytes.size; RC_REFUSED for a
 * newer format version, where its XXH3-128 is right (else it is damage too).
 */
enum rc segment_parse(
    struct op *op, struct span bytes, struct segment *ret_segment) MUST_CHECK;

/* The header alone, from an object's first bytes (unchecked: no hash is known
 * yet). RC_LIMIT where more bytes are needed. */
enum rc segment_parse_header(struct op *op, struct span bytes,
    struct segment_header *ret_header) MUST_CHECK;

/*
 * What an object's ends say, without what lies between: its header, from its
 * first bytes, and the hash that its trailer (its last SEGMENT_END_SIZE bytes)
 * claims. RC_LIMIT where more first bytes are needed, RC_DAMAGED.
 */
enum { SEGMENT_END_SIZE = 72 };
enum rc segment_parse_ends(struct op *op, struct span first, struct span last,
    struct segment_header *ret_header,
    uint8_t ret_hash[OBJECT_HASH_SIZE]) MUST_CHECK;

/* Opens the sealed index of a numbered segment and compares it; RC_DAMAGED,
 * RC_NOT_FOUND (epoch key gone). */
enum rc segment_check_index(struct op *op, const struct segment *segment,
    const struct keyring *keys) MUST_CHECK;

/* Opens item i, a record, into out (cleared first); RC_DAMAGED, RC_NOT_FOUND
 * (epoch key gone), RC_INVALID (a chunk). */
enum rc segment_open_record(struct op *op, const struct segment *segment,
    size_t i, const struct keyring *keys, struct buf *out) MUST_CHECK;

#endif
