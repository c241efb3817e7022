/* seed.h - sizes that would take too long to upload: rows put into a tenant
 * through core/, in changes like any others. */
#ifndef DOZO_TESTS_SEED_H
#define DOZO_TESTS_SEED_H

#include "core/tenant.h"
#include "meta/node.h"

enum {
	SEED_REAL_CHUNKS = 4, /* that the rows of a huge content repeat */
	SEED_CHUNK_SIZE = 4 << 20,
};

/* 1 TiB and 16 MiB. */
#define SEED_HUGE_SIZE ((UINT64_C(1) << 40) + 4 * SEED_CHUNK_SIZE)

/* How many entries a folder of very many has here: DOZO_TEST_ENTRIES, or
 * usual. */
unsigned seed_entries_wanted(unsigned usual);

/* Empty folders "entry-0000000" and on. op is who asks. Fails the test where
 * one is refused. */
void seed_entries(
    const struct op *op, struct tenant *tenant, int64_t folder, unsigned n);
void seed_entry_name(char out[32], unsigned i);

/*
 * A file of SEED_HUGE_SIZE whose chunks are, over and over, those of another
 * one of exactly SEED_REAL_CHUNKS * SEED_CHUNK_SIZE bytes.
 */
void seed_huge(struct op *op, struct tenant *tenant, int64_t folder,
    const char *name, const struct node *real);

#endif
