/* sim_handle.c - open files: they go with their host, and are stale after a
 * power cut. */
#include "model/sim_handle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "model/sim_internal.h"

enum { FD_FIRST = 1000000, HANDLES_MAX = 8192, REAL_FDS_MAX = 4096 };

static struct sim_handle handles[HANDLES_MAX];
static signed char real_fd_host[REAL_FDS_MAX]; /* 0: none that could die */

int
sim_handle_open(
    struct sim_disk *disk, struct sim_node *node, int flags, const char *path)
{
	struct sim_handle *h = handles;

	while (h < handles + HANDLES_MAX && h->used)
		h++;
	if (h == handles + HANDLES_MAX) {
		errno = EMFILE;
		return -1;
	}
	*h = (struct sim_handle){.used = true,
	    .host = sim_host(),
	    .disk = disk,
	    .node = sim_node_ref(node),
	    .epoch = disk != NULL ? disk->epoch : 0,
	    .flags = flags};
	if (!str_copy(h->path, sizeof(h->path), path))
		sim_violation("harness: a path too long: %s", path);
	return FD_FIRST + (int)(h - handles);
}

struct sim_handle *
sim_handle_of(int fd)
{
	struct sim_handle *h;

	if (fd < FD_FIRST || fd >= FD_FIRST + HANDLES_MAX)
		return NULL;
	h = &handles[fd - FD_FIRST];
	if (!h->used || h->host != sim_host())
		sim_violation(
		    "misuse: %s uses a file that it has not open (%s)",
		    sim_thread_label(), h->path);
	return h;
}

void
sim_handle_close(struct sim_handle *handle)
{
	if (handle->node != NULL && handle->node->locked_by == handle)
		handle->node->locked_by = NULL;
	sim_node_unref(handle->node);
	handle->used = false;
}

int
sim_real_fd(int fd)
{
	if (fd >= 0 && fd < REAL_FDS_MAX)
		real_fd_host[fd] = (signed char)sim_host();
	return fd;
}

void
sim_real_fd_closed(int fd)
{
	if (fd >= 0 && fd < REAL_FDS_MAX)
		real_fd_host[fd] = 0;
}

void
sim_disks_drop_host(int host)
{
	int i;

	for (i = 0; i < HANDLES_MAX; i++)
		if (handles[i].used && handles[i].host == host)
			sim_handle_close(&handles[i]);
	for (i = 0; i < REAL_FDS_MAX; i++)
		if (real_fd_host[i] == host) {
			real_fd_host[i] = 0;
			(void)close(i);
		}
	sim_disks_forget_hanging(host);
}

static bool
away(const struct sim_handle *handle)
{
	const struct sim_disk *disk = handle->disk;

	return disk->mount == SIM_FAILING || disk->mount == SIM_UNMOUNTED ||
	       disk->ways[sim_host()].cut_off || disk->epoch != handle->epoch;
}

/* What becomes of a new name in a folder. */
static enum sim_bar
bar_of(const struct sim_handle *folder)
{
	const struct sim_way *way = &folder->disk->ways[sim_host()];

	return strcmp(folder->path, way->folder) == 0 ? way->bar : SIM_OPEN;
}

static void
hang(const struct sim_handle *folder)
{
	struct sim_way *way = &folder->disk->ways[sim_host()];

	sim_trace("hangs at %s/%s", folder->disk->path, folder->path);
	way->n_hanging++;
	sim_wait_while(&way->hangs);
	way->n_hanging--;
}

bool
sim_enter(struct sim_handle *handle)
{
	const struct sim_disk *disk = handle->disk;

	if (disk == NULL)
		return true; /* "/" and "/sim" are no disk's */
	sim_yield();
	if (sim_odd(SIM_OF_DISKS, disk->faults.slow))
		sim_stall((int64_t)sim_draw(
		    SIM_OF_DISKS, 1 + (uint64_t)disk->faults.slow_max));
	if (!handle->used)
		sim_violation(
		    "misuse: %s has a file closed in the midst of a call (%s)",
		    sim_thread_label(), handle->path);
	errno = EIO;
	return !away(handle) && !sim_odd(SIM_OF_DISKS, disk->faults.fail);
}

bool
sim_enter_change(struct sim_handle *handle)
{
	if (handle->disk == NULL) {
		errno = EACCES;
		return false;
	}
	if (!sim_enter(handle))
		return false;
	errno = EROFS;
	return !handle->disk->read_only;
}

bool
sim_enter_link(struct sim_handle *folder)
{
	if (folder->disk != NULL && bar_of(folder) == SIM_HANGS)
		hang(folder);
	if (!sim_enter_change(folder))
		return false;
	errno = EIO;
	return bar_of(folder) != SIM_FAILS;
}

bool
sim_answer_lost(const struct sim_handle *handle)
{
	if (!sim_odd(SIM_OF_DISKS, handle->disk->faults.lost_answer))
		return false;
	sim_count("lost answers", 1);
	sim_trace("done, but the answer is lost");
	errno = EIO;
	return true;
}

int
sim_called(const struct sim_handle *handle, const char *call, const char *name,
    int result)
{
	int error = errno;

	sim_trace("%s %s/%s%s%s%s%s", call,
	    handle->disk != NULL ? handle->disk->path : "", handle->path,
	    handle->path[0] != '\0' && name[0] != '\0' ? "/" : "", name,
	    result < 0 ? " = " : "", result < 0 ? strerrorname_np(error) : "");
	errno = error;
	return result;
}
