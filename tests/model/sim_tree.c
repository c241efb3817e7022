/* sim_tree.c - files and folders of a simulated disk, each with its state on
 * disk beside it. */
#include "model/sim_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/sim_internal.h"

static void *
grown(void *block, size_t size)
{
	void *out = realloc(block, size > 0 ? size : 1);

	if (out == NULL)
		abort();
	return out;
}

struct sim_node *
sim_node_new(struct sim_disk *disk, bool folder)
{
	struct sim_node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		abort();
	node->home = disk;
	node->id = ++disk->next_id;
	node->folder = folder;
	node->refs = 1;
	return node;
}

struct sim_node *
sim_node_ref(struct sim_node *node)
{
	if (node != NULL)
		node->refs++;
	return node;
}

void
sim_node_unref(struct sim_node *node)
{
	size_t i;

	if (node == NULL || --node->refs > 0)
		return;
	for (i = 0; i < node->n_entries; i++) {
		sim_node_unref(node->entries[i].now);
		sim_node_unref(node->entries[i].disk);
	}
	node->home->used -= node->size;
	free(node->entries);
	free(node->bytes);
	free(node->disk_bytes);
	free(node);
}

void
sim_node_write(
    struct sim_node *node, uint64_t offset, const void *bytes, size_t size)
{
	size_t end = (size_t)offset + size;

	if (end > node->room) {
		node->room = end < 512 ? 512 : end * 2;
		node->bytes = grown(node->bytes, node->room);
	}
	if (offset > node->size)
		memset(
		    node->bytes + node->size, 0, (size_t)offset - node->size);
	if (size > 0)
		memcpy(node->bytes + offset, bytes, size);
	if (end > node->size) {
		node->home->used += end - node->size;
		node->size = end;
	}
	node->dirty = true;
}

void
sim_node_sync(struct sim_node *node)
{
	node->dirty = false;
	if (node->lost)
		return;
	node->disk_bytes = grown(node->disk_bytes, node->size);
	if (node->size > 0)
		memcpy(node->disk_bytes, node->bytes, node->size);
	node->disk_size = node->size;
}

struct sim_entry *
sim_folder_entry(const struct sim_node *folder, const char *name)
{
	size_t i;

	for (i = 0; i < folder->n_entries; i++)
		if (strcmp(folder->entries[i].name, name) == 0)
			return &folder->entries[i];
	return NULL;
}

struct sim_node *
sim_folder_find(const struct sim_node *folder, const char *name)
{
	const struct sim_entry *entry = sim_folder_entry(folder, name);

	return entry != NULL ? entry->now : NULL;
}

static struct sim_entry *
entry_new(struct sim_node *folder, const char *name)
{
	struct sim_entry *entry;

	if (folder->n_entries == folder->entries_room) {
		folder->entries_room = folder->entries_room * 2 + 8;
		folder->entries = grown(folder->entries,
		    folder->entries_room * sizeof(*folder->entries));
	}
	entry = &folder->entries[folder->n_entries++];
	memset(entry, 0, sizeof(*entry));
	if (!str_copy(entry->name, sizeof(entry->name), name))
		sim_violation(
		    "harness: a name of over %d bytes", SIM_NAME_SIZE);
	return entry;
}

static void
entries_compact(struct sim_node *folder)
{
	size_t i, kept = 0;

	for (i = 0; i < folder->n_entries; i++)
		if (folder->entries[i].now != NULL ||
		    folder->entries[i].disk != NULL)
			folder->entries[kept++] = folder->entries[i];
	folder->n_entries = kept;
}

void
sim_folder_set(struct sim_node *folder, const char *name, struct sim_node *node,
    uint64_t rename)
{
	struct sim_entry *entry = sim_folder_entry(folder, name);
	size_t i;

	if (entry == NULL)
		entry = entry_new(folder, name);
	(void)sim_node_ref(node);
	sim_node_unref(entry->now);
	entry->now = node;
	entry->rename = rename;

	/* The folder's block is written again, with all that stands in it. */
	for (i = 0; i < folder->n_entries; i++)
		folder->entries[i].stuck = false;
	entries_compact(folder);
}

static void
entry_settle(struct sim_entry *entry, bool kept)
{
	struct sim_node *other = kept ? entry->disk : entry->now;

	if (kept)
		entry->disk = sim_node_ref(entry->now);
	else
		entry->now = sim_node_ref(entry->disk);
	sim_node_unref(other);
	entry->rename = 0;
	entry->stuck = false;
}

static void
rename_sync(struct sim_node *folder, uint64_t rename)
{
	size_t i;

	for (i = 0; i < folder->n_entries; i++) {
		struct sim_entry *entry = &folder->entries[i];

		if (entry->now != NULL && entry->now->folder)
			rename_sync(entry->now, rename);
		if (entry->rename == rename)
			entry_settle(entry, true);
	}
	entries_compact(folder);
}

void
sim_folder_sync(struct sim_node *folder)
{
	size_t i = 0;

	while (i < folder->n_entries) {
		struct sim_entry *entry = &folder->entries[i];
		uint64_t rename = entry->rename;

		if (entry->now == entry->disk || entry->stuck) {
			i++;
			continue;
		}
		entry_settle(entry, true);
		if (rename != 0)
			rename_sync(folder->home->root, rename);
		entries_compact(folder);
		i = 0;
	}
}

void
sim_folder_stick(struct sim_node *folder)
{
	size_t i;

	for (i = 0; i < folder->n_entries; i++)
		if (folder->entries[i].now != folder->entries[i].disk)
			folder->entries[i].stuck = true;
}

/* ---- a power cut ---- */

static void
node_old_bytes(struct sim_node *node)
{
	node->home->used -= node->size;
	node->size = 0;
	sim_node_write(node, 0, node->disk_bytes, node->disk_size);
	sim_node_sync(node);
}

static void
cut_file(struct sim_node *node)
{
	uint64_t kind = sim_draw(SIM_OF_DISKS, 8);
	size_t at, block = 512;

	if (!node->dirty && !node->lost)
		return;
	if (kind == 0 && !node->lost) {
		sim_node_sync(node); /* all of it had made its way */
	} else if (kind < 4) {
		node_old_bytes(node);
	} else if (kind < 6) {
		/* Torn: each block old, zero, or garbage. */
		for (at = 0; at < node->size; at += block)
			if (sim_odd(SIM_OF_DISKS, 5000) || at == 0)
				node->bytes[at] ^=
				    (uint8_t)(1 + sim_draw(SIM_OF_DISKS, 255));
	} else if (node->size > 0) {
		size_t cut = 1 + (size_t)sim_draw(SIM_OF_DISKS, node->size);

		node->home->used -= cut;
		node->size -= cut;
	}
	node->lost = false;
	sim_node_sync(node);
}

static bool
cut_keeps(const struct sim_entry *entry, uint64_t salt)
{
	if (entry->stuck)
		return false;
	if (entry->rename != 0) /* both ends alike */
		return ((entry->rename * UINT64_C(0x9e3779b97f4a7c15) ^ salt) >>
			       33 &
			   1) != 0;
	return sim_odd(SIM_OF_DISKS, 5000);
}

static void
cut_folder(struct sim_node *folder, uint64_t salt)
{
	size_t i;

	for (i = 0; i < folder->n_entries; i++) {
		struct sim_entry *entry = &folder->entries[i];

		if (entry->now != entry->disk)
			entry_settle(entry, cut_keeps(entry, salt));
	}
	entries_compact(folder);
	for (i = 0; i < folder->n_entries; i++) {
		if (folder->entries[i].now->folder)
			cut_folder(folder->entries[i].now, salt);
		else
			cut_file(folder->entries[i].now);
	}
}

/* All that is not synced goes. */
static void
lose_folder(struct sim_node *folder)
{
	size_t i;

	for (i = 0; i < folder->n_entries; i++)
		if (folder->entries[i].now != folder->entries[i].disk)
			entry_settle(&folder->entries[i], false);
	entries_compact(folder);
	for (i = 0; i < folder->n_entries; i++) {
		struct sim_node *node = folder->entries[i].now;

		if (node->folder) {
			lose_folder(node);
		} else if (node->dirty || node->lost) {
			node->lost = false;
			node_old_bytes(node);
		}
	}
}

static void
late_forget(struct sim_disk *disk)
{
	unsigned i;

	for (i = 0; i < disk->n_late; i++) {
		sim_node_unref(disk->late[i].folder);
		sim_node_unref(disk->late[i].node);
	}
	disk->n_late = 0;
}

void
sim_disk_power_cut(struct sim_disk *disk)
{
	sim_trace("power cut of %s", disk->path);
	sim_count("power cuts", 1);
	disk->epoch++;
	late_forget(disk);
	cut_folder(disk->root, sim_draw(SIM_OF_DISKS, UINT64_MAX));
}

void
sim_disk_lose_unsynced(struct sim_disk *disk)
{
	sim_trace("%s loses all that is not synced", disk->path);
	disk->epoch++;
	late_forget(disk);
	lose_folder(disk->root);
}

/* ---- images ---- */

struct sim_image {
	struct sim_disk disk; /* owns its tree */
};

static struct sim_node *
tree_clone(struct sim_disk *disk, const struct sim_node *from)
{
	struct sim_node *node = sim_node_new(disk, from->folder);
	size_t i;

	node->id = from->id;
	if (!from->folder)
		sim_node_write(node, 0, from->bytes, from->size);
	sim_node_sync(node);
	for (i = 0; i < from->n_entries; i++) {
		struct sim_node *child;

		if (from->entries[i].now == NULL)
			continue;
		child = tree_clone(disk, from->entries[i].now);
		sim_folder_set(node, from->entries[i].name, child, 0);
		sim_node_unref(child);
	}
	sim_folder_sync(node);
	return node;
}

struct sim_image *
sim_disk_save(struct sim_disk *disk)
{
	struct sim_image *image = calloc(1, sizeof(*image));

	if (image == NULL)
		abort();
	sim_trace("image of %s", disk->path);
	image->disk.root = tree_clone(&image->disk, disk->root);
	return image;
}

void
sim_disk_restore(struct sim_disk *disk, const struct sim_image *image)
{
	struct sim_node *old = disk->root;
	uint64_t next_id = disk->next_id;

	sim_trace(
	    "%s is %s", disk->path, image != NULL ? "rolled back" : "wiped");
	disk->epoch++;
	late_forget(disk);
	if (image != NULL)
		disk->root = tree_clone(disk, image->disk.root);
	else
		disk->root = sim_node_new(disk, true);
	if (disk->next_id < next_id)
		disk->next_id = next_id;
	sim_node_unref(old);
}
