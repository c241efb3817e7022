/* sim_handle.h - open files of simulated disks, and which host has which. */
#ifndef DOZO_TESTS_MODEL_SIM_HANDLE_H
#define DOZO_TESTS_MODEL_SIM_HANDLE_H

#include "model/sim_tree.h"

struct sim_handle {
	bool used;
	int host;
	struct sim_disk *disk; /* NULL: "/" or "/sim" */
	struct sim_node *node; /* NULL: "/" or "/sim" */
	bool mounts; /* "/sim", the folder of the mount points */
	unsigned epoch;
	int flags; /* as open(2) */
	uint64_t offset;
	char path[SIM_PATH_SIZE]; /* below the disk, "" for its root */
};

/* A descriptor of the calling host for node; -1 with errno where there are too
 * many. */
int sim_handle_open(
    struct sim_disk *disk, struct sim_node *node, int flags, const char *path);

/* NULL where fd is the kernel's. Ends the run where it is closed. */
struct sim_handle *sim_handle_of(int fd);
void sim_handle_close(struct sim_handle *handle);

/* Notes a descriptor of the kernel as the calling host's, and gives it back. */
int sim_real_fd(int fd);
void sim_real_fd_closed(int fd);

/*
 * A yield point, a delay perhaps, and then whether the call may go on: false,
 * with errno, where the disk is away, the file is stale or the call is to fail.
 */
bool sim_enter(struct sim_handle *handle);

/* As sim_enter, for a call that changes the disk. */
bool sim_enter_change(struct sim_handle *handle);

/* The same, for a call that gives a name in a folder: it may hang or fail
 * (sim_disk_bar). */
bool sim_enter_link(struct sim_handle *folder);

/* True, with errno EIO, where the call has been done but nobody is told. */
bool sim_answer_lost(const struct sim_handle *handle);

/* Writes the call and its result into the trace; returns result, keeps errno.
 */
int sim_called(const struct sim_handle *handle, const char *call,
    const char *name, int result);

#endif
