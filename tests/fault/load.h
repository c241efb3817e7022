/* load.h - threads that put files and read them back while a test breaks
 * things under the service. */
#ifndef DOZO_TESTS_FAULT_LOAD_H
#define DOZO_TESTS_FAULT_LOAD_H

#include <stdatomic.h>

#include "world.h"

enum { LOAD_WRITERS = 4, LOAD_READERS = 2, LOAD_FILES = 512 };

struct load_file {
	int64_t content;
	uint64_t size;
	uint32_t seed;
};

struct load {
	struct world *w;
	bool strict; /* each put must succeed; else it may be refused as the
			states of too few sites are */
	uint64_t seed;
	atomic_bool stop;
	atomic_ulong writes; /* acknowledged */
	atomic_ulong refused;
	atomic_ulong reads;
	struct mutex lock; /* guards all below */
	size_t n_files; /* the newest LOAD_FILES of them are kept */
	struct load_file files[LOAD_FILES];
	char failure[400]; /* the first one, "" while there is none */
	size_t n_threads;
	struct thread threads[LOAD_WRITERS + LOAD_READERS];
	atomic_uint next;
};

void load_start(struct load *load, struct world *w, bool strict);

/* Waits until so many puts more were acknowledged and so many reads more were
 * right; fails the test where they are not within 120 s, or one was wrong. */
void load_await(struct load *load, unsigned long writes, unsigned long reads);

/* Waits until so many more were refused. */
void load_await_refused(struct load *load, unsigned long n);

/* For a test's teardown: ends what a failed test left running. */
void load_abandon(void);

/* Ends the threads and fails the test where anything was wrong. Then every file
 * that is kept is read once more. */
void load_stop(struct load *load);

#endif
