/* check_walk.h - private: what the parts of a check share. */
#ifndef DOZO_CORE_CHECK_WALK_H
#define DOZO_CORE_CHECK_WALK_H

#include "core/check.h"
#include "core/kept.h"
#include "meta/local.h"

enum { CHECK_ROWS = 256, CHECK_TEXT_SIZE = 900 };

struct check {
	struct tenant *tenant;
	const struct check_job *job;
	size_t site;
	struct check_place *place;
	struct check_site *result;
	struct meta *meta; /* a reader's, for some rows */
	struct kept kept;
	uint64_t head; /* at the beginning ... */
	struct generation generation; /* ... and its generation */
	bool away; /* the site has gone */
	struct buf bytes;
	uint8_t previous[OBJECT_HASH_SIZE]; /* of the number before */
	size_t n;
	union {
		struct local_log logs[CHECK_ROWS];
		struct local_data data[CHECK_ROWS];
	} rows;
};

/*
 * What an object came to, where it did not pass: counted, told, repaired or
 * noted. Only what is no matter of the object is passed up; RC_IO where the
 * site has gone. item NULL: nobody repairs it.
 */
enum rc check_note(struct op *op, struct check *c, const char *what,
    struct damaged *item, enum rc rc, const char *why) MUST_CHECK;

/* After each object: bytes were read of it. */
enum rc
check_step(struct op *op, const struct check *c, uint64_t bytes) MUST_CHECK;

/* check_look.c: one object on the site, read into c->bytes and compared with
 * its row. RC_NOT_FOUND, RC_DAMAGED, RC_IO. */
enum rc check_look_number(
    struct op *op, struct check *c, const struct local_log *row) MUST_CHECK;
/* *ret_bytes: as many as were read. */
enum rc check_look_data(struct op *op, struct check *c,
    const struct local_data *row, uint64_t *ret_bytes) MUST_CHECK;
struct segment;
enum rc check_look_piece(struct op *op, struct check *c,
    const struct segment_data *part, uint32_t number,
    struct segment *ret_segment) MUST_CHECK;

/* check_content.c: contents above place->number, each opened from this site
 * alone, and its SHA-256 compared; they are named by their ids. */
enum rc check_contents(struct op *op, struct check *c) MUST_CHECK;

#endif
