/*
 * scrub_state.h - how far a scrub has come, and when the last ones ended:
 * DIR/scrub, a text as dozo.conf is one. It names no tenant but by number.
 */
#ifndef DOZO_CORE_SCRUB_STATE_H
#define DOZO_CORE_SCRUB_STATE_H

#include "core/check.h"

struct scrub_site {
	uint8_t id[OBJECT_ID_SIZE];
	bool chosen; /* the run looks at it */
	uint64_t absent; /* tenants for which it was not there */
	struct check_site sum; /* of the run, so far (looked: unused) */
	/* Of the last run that looked at all of it: */
	int64_t ended; /* clock_wall(), ns; 0: there was none */
	int64_t ended_deep; /* the same of a deep one */
	uint64_t found; /* objects that were missing, damaged or strange ... */
	uint64_t left; /* ... and that it could not repair */
};

struct scrub_state {
	int64_t run; /* clock_wall() of its beginning, ns: its name; 0: none
			ever was */
	bool going; /* it is not over: it goes on where it was */
	bool deep;
	bool whole; /* it came to its end (going: not yet) */
	uint64_t tenant; /* being looked at ... */
	size_t site; /* ... on this site (its place in struct sites) ... */
	struct check_place place; /* ... behind this */
	size_t n; /* sites, as in struct sites */
	struct scrub_site sites[SITES_MAX];
};

/* Appends the text. */
enum rc scrub_state_write(
    struct op *op, const struct scrub_state *state, struct buf *out) MUST_CHECK;

/*
 * Reads a text into *state, whose n and ids are the service's sites: what it
 * says of others is left out. RC_INVALID where it is no such text; *state is as
 * it was then.
 */
enum rc scrub_state_read(
    struct op *op, struct span text, struct scrub_state *state) MUST_CHECK;

#endif
