/*
 * fake_tx.h - a tenant for tests of core/'s rules: a real database and the
 * calls of core/change.h without sites. Every group's changesets are replayed
 * on a second database; fake_free compares the two state hashes, so each test
 * that uses it holds L5 for what it did. One thread.
 */
#ifndef DOZO_TESTS_FAKE_TX_H
#define DOZO_TESTS_FAKE_TX_H

#include "core/change.h"

enum { FAKE_TENANT = 7, FAKE_GROUP_MAX = 64, FAKE_DATA_MAX = 4096 };

struct fake;

/* An empty tenant, with the schema of the first migration. Fails the test where
 * that fails. */
struct fake *fake_new(void);

/* Flushes, compares, frees. */
void fake_free(struct fake *fake);

/* For calls of core/. */
struct tenant *fake_tenant(struct fake *fake);

/* The writer's rows: sees what is not flushed, too. */
struct meta *fake_meta(struct fake *fake);

/* So many changes make a group from now on (default 1). A refused one counts.
 */
void fake_group(struct fake *fake, size_t size);

/* Ends the open group: bookkeeping, commit, replay. */
void fake_flush(struct fake *fake);

/* Moves service time and wall time. */
void fake_advance(struct fake *fake, int64_t ns);
int64_t fake_now(const struct fake *fake);
int64_t fake_wall(const struct fake *fake);

/* Every change is run twice from now on, the first run undone: as a failed
 * group is (L6). */
void fake_run_twice(struct fake *fake, bool twice);

/*
 * Whether a change that changes rows must write an audit row, as every rule of
 * core/ does (default); off for a test's own changes.
 */
void fake_audited(struct fake *fake, bool audited);

/* What the last committed change did. */
struct fake_last {
	int64_t rows;
	size_t adds;
	size_t drops;
	size_t inline_size;
	size_t touched;
};
struct fake_last fake_last(const struct fake *fake);

/* The number of the last flushed group. */
uint64_t fake_head(const struct fake *fake);

/* An op that asks as this member; needs op_release. */
void fake_op(struct op *op, int64_t member);

#endif
