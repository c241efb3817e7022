/*
 * journal.h - what the driver did before it was killed: before each call a
 * record of what it wants, after it one of what it was told. One file a
 * thread, written by write(2): what was written stays when the process dies.
 */
#ifndef DOZO_TESTS_FAULT_JOURNAL_H
#define DOZO_TESTS_FAULT_JOURNAL_H

#include "world.h"

enum { JOURNAL_THREADS = 4, JOURNAL_SLOTS = 14, JOURNAL_FOLDERS_FROM = 10 };

enum journal_what {
	JOURNAL_PUT = 1,
	JOURNAL_MKDIR,
	JOURNAL_MOVE,
	JOURNAL_DELETE,
	JOURNAL_TENANT
};
enum journal_phase { JOURNAL_WANTED = 1, JOURNAL_DONE, JOURNAL_REFUSED };

struct record {
	uint32_t what;
	uint32_t phase;
	uint32_t slot;
	uint32_t to_slot; /* of a move */
	uint64_t size;
	uint32_t seed;
	uint32_t rc;
	int64_t node;
	int64_t version; /* the row that keeps what was there */
};

/* A thread's folder: slots below JOURNAL_FOLDERS_FROM are files, the odd ones
 * of them in a folder below it; the others are folders. */
enum slot_kind { SLOT_NONE, SLOT_FILE, SLOT_FOLDER };

struct slot {
	enum slot_kind kind;
	uint64_t size;
	uint32_t seed;
	int64_t node; /* 0: not known */
};

struct kept_version {
	int64_t version;
	uint64_t size;
	uint32_t seed;
};

enum { KEPT_VERSIONS_MAX = 256 };

struct state {
	struct slot slots[JOURNAL_SLOTS];
	size_t n_kept; /* versions that must be there */
	struct kept_version kept[KEPT_VERSIONS_MAX];
	size_t n_trashed; /* nodes that must be in the trash */
	int64_t trashed[KEPT_VERSIONS_MAX];
};

/* What the state is once the record's wish is done. */
void state_apply(struct state *state, const struct record *record);

/* The folder of a thread in a round ("r7t2"), and the names below. */
void journal_folder(char out[32], unsigned round, unsigned thread);
void journal_name(char out[32], unsigned slot);
bool journal_in_sub(unsigned slot);

/* Files that rot in a round. */
enum { JOURNAL_ROTTEN = 4, JOURNAL_ROTTEN_SIZE = 70000 };
void journal_rotten(char out[32], unsigned round, unsigned i);

void journal_path(
    char out[400], const struct world *w, unsigned round, unsigned thread);

#endif
