/*
 * world.h - for the tests of this folder: a service with a tenant, an
 * administrator and the company's space in it, files whose bytes tell where
 * they belong, and looks at what the sites hold.
 */
#ifndef DOZO_TESTS_FAULT_WORLD_H
#define DOZO_TESTS_FAULT_WORLD_H

#include "core/file_put.h"
#include "core/tree.h"
#include "lib/service_fixture.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)

struct world {
	struct fixture f;
	struct op op;
	uint64_t id;
	int64_t member;
	int64_t space; /* the company's */
	struct tenant *t;
};

/* Puts the sandboxes that follow into memory, where syncs cost nothing. */
void world_in_memory(void);

/* Opens a new service with the tenant "demo"; every site is in service. */
void world_make(struct world *w, size_t n, uint32_t m);
void world_stop(struct world *w);
void world_start(struct world *w);
/* Stops, deletes every database, starts. */
void world_start_without_databases(struct world *w);
void world_end(struct world *w);

/*
 * world_make, then a folder of the sandbox (a site, or "db") on a disk of 8 MiB
 * of its own; false, with the world ended, where this user may not mount.
 */
bool
world_on_small_disk(struct world *w, size_t n, uint32_t m, const char *folder);
/* Stops; the mount goes when nothing is open on it any more. */
void world_small_disk_end(struct world *w, const char *folder);

/* Over the sandbox of another process: its keystore and register are in files
 * there (world_keep). */
void world_keep(const struct world *w);
void world_adopt(struct world *w, const char *path, size_t n, uint32_t m);

/* The op of a thread asks as the administrator. */
void world_ask(const struct world *w, struct op *op);

/* Byte of a file at a position. */
void world_fill(uint8_t *out, size_t n, uint64_t position, uint32_t seed);

/* Any thread, with an op of its own. */
enum rc world_put(struct op *op, struct world *w, int64_t parent,
    const char *name, uint64_t size, uint32_t seed,
    struct file_put_result *ret_result) MUST_CHECK;
enum rc world_mkdir(struct op *op, struct world *w, int64_t parent,
    const char *name, int64_t *ret_node) MUST_CHECK;
enum rc world_find(struct op *op, struct world *w, int64_t parent,
    const char *name, struct node *ret_node) MUST_CHECK;
enum rc world_node(struct op *op, struct world *w, int64_t id,
    struct node *ret_node) MUST_CHECK;
/* Reads a content whole; *ret_same: it has these bytes and no others. */
enum rc world_read(struct op *op, struct world *w, int64_t content,
    uint64_t size, uint32_t seed, bool *ret_same) MUST_CHECK;
/* Fails the test where the file is not there with these bytes. */
void world_check(struct world *w, int64_t parent, const char *name,
    uint64_t size, uint32_t seed);

/* Wakes the keeper. */
void world_poke(struct world *w);

/* Asks again and again, waking the keeper, until the question is answered with
 * yes; fails the test after 120 s. */
void world_await(struct world *w, const char *what,
    bool (*question)(struct world *w, size_t arg), size_t arg);
bool world_sites_in_service(struct world *w, size_t n); /* for world_await */
bool world_site_is_out(struct world *w, size_t site);
bool world_is_ready(struct world *w, size_t unused);
bool world_is_swept(struct world *w, size_t unused);

/* The tenant's state. */
void world_state_hash(struct world *w, uint8_t out[DB_HASH_SIZE]);

/* Writes a number of this claim, awaits the sweep, then fails the test where a
 * site has data segments that the log does not name, or more than one keyring,
 * or a temporary file. */
void world_assert_no_orphans(struct world *w);

/* Fails the test where a site in service lacks something, or has something
 * damaged: everything is opened. */
void world_assert_whole(struct world *w, size_t n_sites);

/* A number below n. */
uint32_t world_dice(uint64_t *state, uint32_t n);

/* The test's seed: DOZO_TEST_SEED, or a fresh one; printed. */
uint64_t world_seed(void);

#endif
