/*
 * world.h - a service without any door, for measurements of core/: two
 * directory sites below a folder, one tenant. Every failure ends the program.
 */
#ifndef DOZO_BENCH_WORLD_H
#define DOZO_BENCH_WORLD_H

#include "core/service.h"

enum { WORLD_SITES = 2, WORLD_FOLDERS = 16, WORLD_PIECE = 65536 };

struct world {
	struct op op;
	struct keystore *keystore;
	struct service *service;
	struct tenant *tenant;
	uint64_t id;
	int dir_fd;
	char db_path[512];
	char urls[WORLD_SITES][512];
	struct site_register reg;
	int64_t space;
	int64_t folders[WORLD_FOLDERS];
};

/* Prints the error and ends the program where rc is not RC_OK. */
void world_must(struct op *op, enum rc rc);

/* Makes all of it in a folder that is there and empty. */
void world_open(struct world *w, const char *dir);
void world_close(struct world *w);

/* One file of a pattern of this seed, as a door would put it; its node. Any
 * thread, each with an op of its own. */
int64_t world_put(struct op *op, struct world *w, int64_t folder,
    const char *name, uint64_t size, uint64_t seed);

#endif
