/* sim_tree.h - the trees of simulated disks: what programs see, and beside it
 * what is on disk. */
#ifndef DOZO_TESTS_MODEL_SIM_TREE_H
#define DOZO_TESTS_MODEL_SIM_TREE_H

#include "model/sim.h"

enum { SIM_NAME_SIZE = 128, SIM_PATH_SIZE = 192 };

struct sim_handle;

/* A file or a folder. Freed with its last reference: names, open files, late
 * calls. */
struct sim_node {
	struct sim_disk *home;
	uint64_t id; /* the inode */
	bool folder;
	unsigned refs;

	uint8_t *bytes; /* of a file, as programs see it */
	size_t size;
	size_t room;
	uint8_t *disk_bytes; /* at the last fdatasync */
	size_t disk_size;
	bool dirty; /* written since */
	bool lost; /* a sync failed: never on disk, whatever a later one says */
	const struct sim_handle *locked_by;

	struct sim_entry
	    *entries; /* of a folder, in the order of their making */
	size_t n_entries;
	size_t entries_room;
};

struct sim_entry {
	char name[SIM_NAME_SIZE];
	struct sim_node *now; /* as programs see it, NULL: not there */
	struct sim_node *disk; /* as on disk, NULL: not there */
	bool stuck; /* a failed folder sync: the next one skips it */
	uint64_t rename; /* both ends of one rename, 0: none */
};

/* A link or unlink that was answered with EIO and happens at a later step. */
struct sim_late {
	uint64_t step;
	struct sim_node *folder;
	struct sim_node *node; /* NULL: a removal */
	char name[SIM_NAME_SIZE];
	char path[SIM_PATH_SIZE]; /* below the disk */
};

enum { SIM_LATE_MAX = 64 };

/* How one host gets on with a disk. */
struct sim_way {
	bool cut_off;
	enum sim_bar bar;
	char folder[SIM_PATH_SIZE]; /* of bar */
	bool hangs; /* it does; who hangs waits for this */
	unsigned n_hanging;
};

struct sim_disk {
	struct sim_disk *next;
	char path[64];
	uint64_t device;
	struct sim_node *root;
	struct sim_node *bare; /* what is in its place while SIM_BARE */
	enum sim_mount mount;
	struct sim_way ways[SIM_HOSTS];
	unsigned epoch; /* open files of an older one are stale */
	uint64_t next_id;
	uint64_t capacity;
	uint64_t used;
	bool read_only;
	bool network;
	bool no_tmpfile;
	struct sim_faults faults;
	struct sim_late late[SIM_LATE_MAX];
	unsigned n_late;
};

/* The disk whose mount point has this name below /sim, or NULL. */
struct sim_disk *sim_disk_find(const char *name);

/* A node without a name; one reference. Never NULL. */
struct sim_node *sim_node_new(struct sim_disk *disk, bool folder);
struct sim_node *sim_node_ref(struct sim_node *node);
void sim_node_unref(struct sim_node *node); /* accepts NULL */

/* Appends or overwrites at offset. */
void sim_node_write(
    struct sim_node *node, uint64_t offset, const void *bytes, size_t size);

/* Its bytes are on disk now, unless they are lost. */
void sim_node_sync(struct sim_node *node);

/* The entry of a name, or NULL; ghosts too. */
struct sim_entry *
sim_folder_entry(const struct sim_node *folder, const char *name);

/* What the name leads to as programs see it, or NULL. */
struct sim_node *
sim_folder_find(const struct sim_node *folder, const char *name);

/*
 * The name leads to node (NULL: to nothing) as programs see it; not on disk
 * yet. rename: an id that both ends of one rename share, else 0.
 */
void sim_folder_set(struct sim_node *folder, const char *name,
    struct sim_node *node, uint64_t rename);

/* Its names are on disk now, but for stuck ones; so is the other end of a
 * rename. */
void sim_folder_sync(struct sim_node *folder);

/* The names that are not on disk are not written by the next sync either. */
void sim_folder_stick(struct sim_node *folder);

/* Notes a late call; false where there are too many. */
bool sim_disk_be_late(struct sim_disk *disk, const struct sim_late *late);

/* A killed host's calls do not hang any more. */
void sim_disks_forget_hanging(int host);

/* Tells the watcher. */
void sim_tell(enum sim_event event, struct sim_disk *disk, const char *path,
    const struct sim_node *node);

#endif
