/*
 * tenant.h - one tenant at work: its log on the sites, its database, its keys,
 * its committer. The provider's own log is a tenant too, with id 0.
 */
#ifndef DOZO_CORE_TENANT_H
#define DOZO_CORE_TENANT_H

#include <stdatomic.h>

#include "base/op.h"
#include "base/thread.h"
#include "base/work.h"
#include "core/change.h"
#include "core/path_cache.h"
#include "core/repair.h"
#include "crypto/keyring.h"
#include "db/db.h"
#include "meta/meta.h"
#include "store/lanes.h"
#include "store/tail.h"

enum { TENANT_PROVIDER = 0, TENANT_WHY_SIZE = 240, TENANT_READERS = 32 };

enum tenant_mode {
	TENANT_CLOSED, /* not looked at yet, or closed again */
	TENANT_READY,
	TENANT_IN_DOUBT, /* a number is in doubt: an opening has to outrank it
			    (L1) */
	TENANT_READ_ONLY, /* fewer than R or m sites, or the service is
			     read-only: what is decided is shown */
	TENANT_REFUSED, /* going on would lose acknowledged data: an operator
			   decides */
};

struct tenant_head {
	uint64_t number; /* 0: nothing yet */
	struct generation generation;
	uint8_t hash[OBJECT_HASH_SIZE];
};

struct reader {
	struct reader *next;
	uint64_t epoch; /* the tenant's, when it was opened */
	struct db *db;
	struct meta meta;
};

/* A data segment that nothing may name any more. */
struct tenant_dead {
	uint8_t id[OBJECT_ID_SIZE];
	struct site_set left; /* sites that may still have it */
};

struct service;
struct resumable;

struct tenant {
	struct tenant *next; /* in the service's list */
	struct service *service;
	uint64_t id;
	char db_path[1100];
	/* Grows with each change of a password, a status or an app password:
	 * sign-ins remembered before it are void. */
	atomic_uint_fast64_t member_epoch;
	struct path_cache paths;
	struct packs packs; /* which numbers lie in packs */
	struct lanes lanes; /* with the claim that it was started under */
	uint64_t attempt; /* kept over closing and opening again (L1) */
	atomic_uint rolled_back; /* a set of sites (rolled_back.h) */

	struct mutex lock; /* guards all below; never held over I/O */
	struct cond changed;
	_Atomic enum tenant_mode mode; /* written under the lock */
	char why[TENANT_WHY_SIZE]; /* of READ_ONLY and REFUSED */
	int users;
	struct site_set
	    tried_with; /* the keeper's: sites at its last try to start again */
	int64_t tried_at; /* its clock_mono() */
	atomic_int_fast64_t reenter_due[SITES_MAX]; /* the mender's: not before,
					   by clock_mono() */
	atomic_int_fast64_t last_used; /* clock_mono() */
	bool in_upkeep; /* these two under the service's lock */
	atomic_int_fast64_t upkeep_at; /* clock_mono() of its last turn */
	int64_t compacted_at; /* the same of compaction; upkeep's own */
	/* What compaction saw last in data segments and nothing names. */
	atomic_uint_fast64_t dead_bytes;
	/* The head at a time: after an hour all up to it is an hour old. */
	uint64_t mark_number;
	int64_t mark_at;
	bool busy; /* somebody runs a group, opens, closes, or copies: one at a
		      time */
	struct change *first; /* queue */
	struct change **last;
	size_t n_queued;
	size_t gathering; /* a committer waits for so many to be queued; or 0 */
	struct work committing; /* runs groups for those who do not wait */
	bool committing_called;
	struct resumable *resumables; /* uploads that are being written to */
	size_t n_damaged;
	struct damaged *damaged; /* on sites in service (repair.c) */
	bool in_repair; /* one of them is being repaired */
	size_t n_dead;
	struct tenant_dead *dead; /* what the sweep deletes */
	struct reader *readers; /* idle ones */
	size_t n_readers;
	uint64_t epoch; /* grows when the database is closed: readers of before
			   are not used again */

	/* Whoever is busy owns what follows. */
	struct keyring *ring; /* changes under the lock too: tenant_ring_copy */
	uint32_t key_epoch; /* that numbers are sealed under (L17) */
	uint64_t ring_version; /* of the keyring that this claim put; 0: none
				  yet (L16) */
	uint64_t ring_attempt; /* in its name; 0: none yet */
	struct site_set ring_on;
	struct meta_keys keys; /* once loaded they stay */
	bool keys_loaded;
	/* Amid a start: a COMMIT that fails then is not mended by one, that no
	 * site is in service is soon over, and nothing waits for upkeep's
	 * rate. Others look at it too. */
	atomic_bool starting;
	struct db *writer;
	struct meta meta;
	struct tenant_head
	    head; /* written under the lock too: heads are read by others */
	size_t n_aside; /* branches that lost at the start: the next number's
			   header names them (L3, 4) */
	struct segment_aside *aside;
	/* Orphans and old keyrings were looked for since the start, or the last
	 * hour, or the last cut. */
	atomic_bool swept;
	int64_t swept_at; /* clock_mono() */
	atomic_bool own_number; /* a number of this claim stands on m sites:
			    deleting is allowed (L29) */
	int64_t next_id;
	/*
	 * Uploads that a crash left behind: ids up to last_found_id were given
	 * before the first start of this process.
	 */
	bool found_known;
	bool found_swept;
	int64_t last_found_id;
	/* These three under the lock too. */
	struct site_set
	    last_acks; /* of the head: the next number's ack rows (L24) */
	int64_t last_time;
	bool acks_known;
};

/* Not opened yet. Free with tenant_free. */
enum rc tenant_new(struct op *op, struct service *service, uint64_t id,
    struct tenant **ret_tenant) MUST_CHECK;
void tenant_free(struct tenant *tenant); /* closed; accepts NULL */

/*
 * Opens it by the rules of L3, if it is not open. RC_OK: READY or READ_ONLY.
 * Without tenant->busy held.
 */
enum rc tenant_open(struct op *op, struct tenant *tenant) MUST_CHECK;

/*
 * L3 once more for one that is open: sites have come, or the claim is another.
 * Reading goes on meanwhile; changes wait. Without tenant->busy held.
 */
enum rc tenant_start_again(struct op *op, struct tenant *tenant) MUST_CHECK;

/* Checkpoints and closes the database, and marks it clean (L10). */
void tenant_close(struct op *op, struct tenant *tenant);

/* The same for one that nobody uses but the caller; false where it is in use,
 * in doubt, or has damaged objects. */
bool tenant_close_idle(struct op *op, struct tenant *tenant);

/* Gives back what service_tenant gave. Also for CLEANUP. */
void tenant_put(struct tenant *tenant);
void tenant_put_ptr(struct tenant **tenant);

/* Becomes the one who is busy with it; waits for the one who is. */
void tenant_lock(struct tenant *tenant);
void tenant_unlock(struct tenant *tenant);

/*
 * A connection for reading committed rows; give it back with tenant_reader_put.
 * RC_BUSY where the tenant is not open.
 */
enum rc tenant_reader(struct op *op, struct tenant *tenant,
    struct reader **ret_reader) MUST_CHECK;
void tenant_reader_put(struct tenant *tenant, struct reader *reader);

/* ---- for the folder's own files ---- */

/* Writes the head so that others may read it under the lock. */
void tenant_set_head(struct tenant *tenant, const struct tenant_head *head);

/* The head's number, for those who do not hold the tenant. */
uint64_t tenant_number(struct tenant *tenant);

/* Closes the idle readers; those in use are closed when they are given back. */
void tenant_readers_close(struct tenant *tenant);

/* Takes a new state, with its reason. */
void tenant_set_mode(struct op *op, struct tenant *tenant,
    enum tenant_mode mode, const char *why);

/* The claim's sites, or (read-only service) all of the register that are
 * attached. */
struct site_set tenant_sites(struct tenant *tenant);

/* start.c: L3, under the claim in force. A database that is open stays so.
 * Under tenant_lock. */
enum rc tenant_start(struct op *op, struct tenant *tenant) MUST_CHECK;

/* tenant.c: after a start that failed, which may have left any mode behind:
 * closed, the error's text kept. Under tenant_lock. */
void tenant_start_failed(struct op *op, struct tenant *tenant);

/* start.c: writes the first segment of a new tenant, with its keyring. Under
 * tenant_lock. */
enum rc tenant_create(struct op *op, struct tenant *tenant) MUST_CHECK;

/* database.c: opens the local database, if it is not open and may be trusted
 * (L10), else leaves tenant->writer NULL. */
enum rc tenant_database_open(struct op *op, struct tenant *tenant) MUST_CHECK;
/* database.c: an empty one in its place. */
enum rc tenant_database_new(struct op *op, struct tenant *tenant) MUST_CHECK;
/* database.c: closes it; clean: it may be trusted after a power cut. */
void tenant_database_close(struct op *op, struct tenant *tenant, bool clean);
/* database.c: whether the local disk takes a commit, before a number depends on
 * it. */
enum rc tenant_database_probe(struct op *op, struct tenant *tenant) MUST_CHECK;
/* database.c: brings the -wal back into the database, once it is large (L10).
 */
void tenant_database_tidy(struct op *op, struct tenant *tenant);
void tenant_database_tidy_locked(struct op *op, struct tenant *tenant);
/* database.c: the same however small it is: deleted rows stay readable in it
 * (L10). Under nobody's lock. */
void tenant_database_idle(struct op *op, struct tenant *tenant);
/* database.c: reads head and counters of the open database into the tenant. */
enum rc tenant_database_load(struct op *op, struct tenant *tenant) MUST_CHECK;
/* database.c: the keys that sealed columns need, of tenant->ring. */
enum rc tenant_keys_load(struct op *op, struct tenant *tenant) MUST_CHECK;

/* replay.c: applies a segment that stands on the head, inside the transaction
 * that is open; after a failure the head is anybody's guess until it is loaded
 * again (L5). */
enum rc tenant_replay(struct op *op, struct tenant *tenant,
    const struct segment *segment) MUST_CHECK;
/* keys.c: reads the newest keyrings of the listing and merges them into
 * tenant->ring. */
enum rc tenant_ring_read(
    struct op *op, struct tenant *tenant, const struct tail *tail) MUST_CHECK;
/* keys.c: puts the claim's own keyring on the sites (L16), if it is not there.
 * *ret_on: where it stands. */
enum rc
tenant_ring_put(struct op *op, struct tenant *tenant, uint64_t above_version,
    struct site_set sites, struct site_set *ret_on) MUST_CHECK;
/* keys.c: a copy for whoever works beside the committer; any thread. Free with
 * keyring_free. */
enum rc tenant_ring_copy(
    struct op *op, struct tenant *tenant, struct keyring **ret_ring) MUST_CHECK;
/* keys.c: takes a ring with other keys, which is a version of its own that
 * stands nowhere yet. Under tenant_lock. */
void tenant_ring_set(struct tenant *tenant, struct keyring *ring);

/* epoch.c: begins a key epoch (L17): its key stands on m sites, those of the
 * sites in service that lack it leave service, and numbers use it from now on.
 * Under tenant_lock. RC_NOT_STORED, RC_LIMIT. */
enum rc tenant_epoch_begin(struct op *op, struct tenant *tenant) MUST_CHECK;
/* epoch.c: forgets the keys of epochs that no number above base, on any branch
 * in the listing, and no kept snapshot is sealed under, and puts the keyring
 * without them (L17). Under tenant_lock. */
enum rc tenant_epochs_release(
    struct op *op, struct tenant *tenant, struct tail *tail) MUST_CHECK;

/* keys.c: the same on one site that returned, whatever stands there. */
enum rc tenant_ring_put_again(
    struct op *op, struct tenant *tenant, size_t i) MUST_CHECK;
/*
 * keys.c: puts the ring, sealed by the sites' present keys, under a version
 * above all that stand there, on the sites in service. *ret_on: where it stands
 * (the others are reported; they keep what they had). Under tenant_lock.
 */
enum rc tenant_ring_renew(
    struct op *op, struct tenant *tenant, struct site_set *ret_on) MUST_CHECK;
/* keys.c: opens the newest keyring that stands on a site; any thread.
 * RC_DAMAGED, RC_NOT_FOUND (there is none: its version is 0). */
enum rc tenant_ring_check(struct op *op, struct tenant *tenant, size_t i,
    struct key_name *ret_name) MUST_CHECK;
/* keys.c: the claim's own keyring stands on these: deletes the older ones
 * there, for good. Only where a number of this claim stands (L29). Under
 * tenant_lock. */
enum rc tenant_ring_sweep(
    struct op *op, struct tenant *tenant, struct site_set sites) MUST_CHECK;

/*
 * epoch.c: the next epoch begins now, with *ret_number, an opening; the keys of
 * former ones go when upkeep has made its snapshots. RC_NOT_STORED: it did not
 * begin; the next call goes on with what there is. RC_IN_DOUBT, RC_LIMIT.
 * An audit row stands before the act. Without tenant_lock.
 */
enum rc tenant_epoch_rotate(struct op *op, struct tenant *tenant,
    uint32_t *ret_epoch, uint64_t *ret_number) MUST_CHECK;

/* catchup.c: copies to site i what it lacks up to the head; RC_OK: it holds
 * everything (P). */
enum rc tenant_catch_up(struct op *op, struct tenant *tenant,
    const struct tail *tail, size_t i) MUST_CHECK;
/* reenter.c: brings every site that counts but is behind back into service; the
 * keeper's. */
void tenant_reenter(struct op *op, struct tenant *tenant);

/* sweep.c: a data segment of this claim that may be named by nothing: looked at
 * again, then deleted. */
void tenant_data_dead(struct tenant *tenant, const uint8_t id[OBJECT_ID_SIZE]);
/* sweep.c: deletes one on these sites, each after a look-up of the fence;
 * allowed or not is the caller's to know. Returns the sites that have it no
 * more. */
struct site_set tenant_data_delete(struct op *op, struct tenant *tenant,
    const uint8_t id[OBJECT_ID_SIZE], struct site_set set);
/* sweep.c: deletes what is useless under every higher chain, if that is allowed
 * now (L29). orphans: lists the sites too. */
void tenant_sweep(struct op *op, struct tenant *tenant, bool orphans);

/* Under tenant->lock: whether somebody is to be called who runs what is queued
 * and waits for nobody; if so, tenant_committer_call is due without the lock.
 */
bool tenant_committer_wanted(struct tenant *tenant);
void tenant_committer_call(struct tenant *tenant, bool wanted);
/* committer.c: what tenant->committing runs. */
void tenant_committing(struct work *work);
/* committer.c: an opening at head + 1 under the present attempt (L1), on these
 * sites. */
enum rc tenant_opening(
    struct op *op, struct tenant *tenant, struct site_set sites) MUST_CHECK;
/* committer.c: ends a doubt with an opening, if m sites are in service (L1). */
enum rc tenant_settle(struct op *op, struct tenant *tenant) MUST_CHECK;
/* committer.c: number 1 of a new tenant: the first migration. */
enum rc tenant_first_number(
    struct op *op, struct tenant *tenant, struct site_set sites) MUST_CHECK;

#endif
