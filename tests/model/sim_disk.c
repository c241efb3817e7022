/* sim_disk.c - the disks of a run: their state, their late calls, and how a
 * harness looks at them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/sim_internal.h"
#include "model/sim_tree.h"

static struct sim_disk *disks;
static uint64_t last_device = 1000;
static void (*watcher)(void *arg, enum sim_event event, struct sim_disk *disk,
    const char *path, struct span bytes);
static void *watcher_arg;

struct sim_disk *
sim_disk_new(const char *path)
{
	struct sim_disk *disk = calloc(1, sizeof(*disk));
	struct sim_disk **end = &disks;

	if (disk == NULL)
		abort();
	SIM_CHECK(str_starts(path, "/sim/") && strchr(path + 5, '/') == NULL &&
		      str_copy(disk->path, sizeof(disk->path), path),
	    "harness: a disk is /sim/NAME, not %s", path);
	disk->device = last_device += 2;
	disk->capacity = 1u << 30;
	disk->root = sim_node_new(disk, true);
	disk->bare = sim_node_new(disk, true);
	while (*end != NULL)
		end = &(*end)->next;
	*end = disk;
	return disk;
}

const char *
sim_disk_path(const struct sim_disk *disk)
{
	return disk->path;
}

struct sim_disk *
sim_disk_find(const char *name)
{
	struct sim_disk *disk;

	for (disk = disks; disk != NULL; disk = disk->next)
		if (strcmp(disk->path + strlen("/sim/"), name) == 0)
			return disk;
	return NULL;
}

void
sim_disk_faults(struct sim_disk *disk, const struct sim_faults *faults)
{
	disk->faults = *faults;
}

void
sim_disk_mount(struct sim_disk *disk, enum sim_mount mount)
{
	static const char *const words[] = {
	    "mounted", "failing", "unmounted", "bare"};

	sim_trace("%s is %s", disk->path, words[mount]);
	if (mount == SIM_UNMOUNTED || mount == SIM_BARE)
		disk->epoch++;
	disk->mount = mount;
}

enum sim_mount
sim_disk_mounted(const struct sim_disk *disk)
{
	return disk->mount;
}

void
sim_disk_cut_off(struct sim_disk *disk, int host, bool cut_off)
{
	sim_trace("host %d %s %s", host,
	    cut_off ? "is cut off from" : "reaches", disk->path);
	disk->ways[host].cut_off = cut_off;
}

void
sim_disk_bar(
    struct sim_disk *disk, int host, const char *folder, enum sim_bar bar)
{
	static const char *const words[] = {"goes on", "fails", "hangs"};
	struct sim_way *way = &disk->ways[host];

	sim_trace("what host %d writes to %s/%s %s", host, disk->path, folder,
	    words[bar]);
	SIM_CHECK(str_copy(way->folder, sizeof(way->folder), folder),
	    "harness: a path too long");
	way->bar = bar;
	way->hangs = bar == SIM_HANGS;
}

unsigned
sim_disk_hanging(const struct sim_disk *disk, int host)
{
	return disk->ways[host].n_hanging;
}

void
sim_disks_forget_hanging(int host)
{
	struct sim_disk *disk;

	for (disk = disks; disk != NULL; disk = disk->next)
		disk->ways[host].n_hanging = 0;
}

void
sim_disk_space(struct sim_disk *disk, uint64_t capacity)
{
	disk->capacity = capacity;
}

uint64_t
sim_disk_used(const struct sim_disk *disk)
{
	return disk->used;
}

void
sim_disk_read_only(struct sim_disk *disk, bool read_only)
{
	disk->read_only = read_only;
}

void
sim_disk_network(struct sim_disk *disk, bool network)
{
	disk->network = network;
}

void
sim_disk_tmpfile(struct sim_disk *disk, bool has_tmpfile)
{
	disk->no_tmpfile = !has_tmpfile;
}

void
sim_watch(void (*hook)(void *arg, enum sim_event event, struct sim_disk *disk,
	      const char *path, struct span bytes),
    void *arg)
{
	watcher = hook;
	watcher_arg = arg;
}

void
sim_tell(enum sim_event event, struct sim_disk *disk, const char *path,
    const struct sim_node *node)
{
	if (watcher != NULL && !node->folder)
		watcher(watcher_arg, event, disk, path,
		    span_of(node->bytes, node->size));
}

/* ---- late calls ---- */

bool
sim_disk_be_late(struct sim_disk *disk, const struct sim_late *late)
{
	struct sim_late *slot;

	if (disk->n_late == SIM_LATE_MAX)
		return false;
	slot = &disk->late[disk->n_late++];
	*slot = *late;
	(void)sim_node_ref(slot->folder);
	(void)sim_node_ref(slot->node);
	return true;
}

static void
late_put(struct sim_disk *disk, const struct sim_late *late)
{
	if (sim_folder_find(late->folder, late->name) != NULL)
		return;
	sim_folder_set(late->folder, late->name, late->node, 0);
	if (sim_odd(SIM_OF_DISKS, 5000))
		sim_folder_sync(late->folder);
	sim_trace("late: %s%s appears", disk->path, late->path);
	sim_count("late puts", 1);
	sim_tell(SIM_LINKED, disk, late->path, late->node);
}

static void
late_remove(struct sim_disk *disk, const struct sim_late *late)
{
	struct sim_node *node =
	    sim_node_ref(sim_folder_find(late->folder, late->name));

	if (node == NULL)
		return;
	sim_folder_set(late->folder, late->name, NULL, 0);
	sim_trace("late: %s%s goes", disk->path, late->path);
	sim_count("late removals", 1);
	sim_tell(SIM_REMOVED, disk, late->path, node);
	sim_node_unref(node);
}

static void
disk_step(struct sim_disk *disk, uint64_t step)
{
	unsigned i = 0;

	if (disk->mount == SIM_UNMOUNTED || disk->mount == SIM_BARE)
		return;
	while (i < disk->n_late) {
		struct sim_late late = disk->late[i];

		if (late.step > step) {
			i++;
			continue;
		}
		disk->n_late--;
		memmove(&disk->late[i], &disk->late[i + 1],
		    (disk->n_late - i) * sizeof(late));
		if (late.node != NULL)
			late_put(disk, &late);
		else
			late_remove(disk, &late);
		sim_node_unref(late.folder);
		sim_node_unref(late.node);
	}
}

void
sim_disks_step(uint64_t step)
{
	struct sim_disk *disk;

	for (disk = disks; disk != NULL; disk = disk->next)
		if (disk->n_late > 0)
			disk_step(disk, step);
}

unsigned
sim_disk_late(const struct sim_disk *disk)
{
	return disk->n_late;
}

/* ---- seen from outside ---- */

static enum sim_standing
entry_standing(const struct sim_entry *entry)
{
	const struct sim_node *node = entry->now;

	if (node == NULL)
		return SIM_GHOST;
	if (node != entry->disk || node->dirty || node->lost)
		return SIM_SEEN;
	return SIM_DURABLE;
}

static enum sim_standing
weaker(enum sim_standing a, enum sim_standing b)
{
	return a < b ? a : b;
}

/* The entry that path leads to, through what programs see; *standing is the
 * weakest on the way. */
static const struct sim_entry *
walk(const struct sim_node *folder, const char *path,
    enum sim_standing *standing)
{
	const struct sim_entry *entry = NULL;
	char level[SIM_NAME_SIZE];

	while (*path != '\0') {
		size_t len = strcspn(path, "/");

		if (folder == NULL || !folder->folder || len >= sizeof(level))
			return NULL;
		memcpy(level, path, len);
		level[len] = '\0';
		entry = sim_folder_entry(folder, level);
		if (entry == NULL)
			return NULL;
		*standing = weaker(*standing, entry_standing(entry));
		folder = entry->now;
		path += len;
		path += *path == '/';
	}
	return entry;
}

enum sim_standing
sim_disk_look(
    const struct sim_disk *disk, const char *path, struct span *ret_bytes)
{
	enum sim_standing standing = SIM_DURABLE;
	const struct sim_entry *entry = walk(disk->root, path, &standing);

	if (ret_bytes != NULL)
		*ret_bytes = span_of(NULL, 0);
	if (entry == NULL)
		return SIM_ABSENT;
	if (ret_bytes != NULL && entry->now != NULL)
		*ret_bytes = span_of(entry->now->bytes, entry->now->size);
	return standing;
}

void
sim_disk_each(const struct sim_disk *disk, const char *folder,
    void (*each)(void *arg, const char *name, enum sim_standing standing,
	struct span bytes),
    void *arg)
{
	enum sim_standing standing = SIM_DURABLE;
	const struct sim_entry *entry = walk(disk->root, folder, &standing);
	const struct sim_node *node = disk->root;
	size_t i;

	if (*folder != '\0')
		node = entry != NULL ? entry->now : NULL;
	for (i = 0; node != NULL && i < node->n_entries; i++) {
		const struct sim_entry *e = &node->entries[i];

		each(arg, e->name, weaker(standing, entry_standing(e)),
		    e->now != NULL ? span_of(e->now->bytes, e->now->size)
				   : span_of(NULL, 0));
	}
}

/* ---- what an administrator does ---- */

/* The folder of path, made where create; *ret_name is the last level. */
static struct sim_node *
folder_of(
    struct sim_disk *disk, const char *path, bool create, const char **ret_name)
{
	struct sim_node *folder = disk->root;
	char level[SIM_NAME_SIZE];
	size_t len;

	for (; path[len = strcspn(path, "/")] == '/'; path += len + 1) {
		struct sim_node *next;

		SIM_CHECK(len < sizeof(level), "harness: a name too long");
		memcpy(level, path, len);
		level[len] = '\0';
		next = sim_folder_find(folder, level);
		if (next == NULL && !create)
			return NULL;
		if (next == NULL) {
			next = sim_node_new(disk, true);
			sim_folder_set(folder, level, next, 0);
			sim_folder_sync(folder);
			sim_node_unref(next);
		}
		folder = next;
	}
	*ret_name = path;
	return folder;
}

void
sim_disk_write(struct sim_disk *disk, const char *path, struct span bytes)
{
	const char *name;
	struct sim_node *folder = folder_of(disk, path, true, &name);
	struct sim_node *node = sim_node_new(disk, false);

	sim_trace("%s: %s is written by hand", disk->path, path);
	sim_node_write(node, 0, bytes.data, bytes.size);
	sim_node_sync(node);
	sim_folder_set(folder, name, node, 0);
	sim_folder_sync(folder);
	sim_node_unref(node);
}

void
sim_disk_delete(struct sim_disk *disk, const char *path)
{
	const char *name;
	struct sim_node *folder = folder_of(disk, path, false, &name);

	if (folder == NULL || sim_folder_entry(folder, name) == NULL)
		return;
	sim_trace("%s: %s is deleted by hand", disk->path, path);
	sim_folder_set(folder, name, NULL, 0);
	sim_folder_sync(folder);
}

/* ---- rot ---- */

struct rot {
	const char *prefix;
	uint64_t n; /* of files that could rot so far */
	struct sim_node *chosen;
	char *path;
	size_t path_size;
};

static void
rot_look(struct rot *rot, const struct sim_node *folder, const char *above)
{
	char path[SIM_PATH_SIZE];
	size_t i;

	for (i = 0; i < folder->n_entries; i++) {
		const struct sim_entry *entry = &folder->entries[i];
		struct sim_node *node = entry->now;

		(void)snprintf(path, sizeof(path), "%s%s%s", above,
		    above[0] != '\0' ? "/" : "", entry->name);
		if (node != NULL && node->folder) {
			rot_look(rot, node, path);
			continue;
		}
		if (node == NULL || node->dirty || node->size == 0 ||
		    !str_starts(path, rot->prefix))
			continue;
		if (sim_draw(SIM_OF_DISKS, ++rot->n) != 0)
			continue;
		rot->chosen = node;
		(void)snprintf(rot->path, rot->path_size, "%s", path);
	}
}

bool
sim_disk_rot(
    struct sim_disk *disk, const char *prefix, char *ret_path, size_t size)
{
	struct rot rot = {.prefix = prefix != NULL ? prefix : "",
	    .path = ret_path,
	    .path_size = size};
	size_t at;

	rot_look(&rot, disk->root, "");
	if (rot.chosen == NULL)
		return false;
	at = (size_t)sim_draw(SIM_OF_DISKS, rot.chosen->size);
	rot.chosen->bytes[at] ^= (uint8_t)(1u << sim_draw(SIM_OF_DISKS, 8));
	sim_node_sync(rot.chosen);
	sim_trace("rot in %s/%s at %zu", disk->path, ret_path, at);
	sim_count("rot", 1);
	return true;
}
