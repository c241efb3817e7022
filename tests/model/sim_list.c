/*
 * sim_list.c - listings of simulated folders: half of the names as they stand
 * at one moment, the others as they stand at a later one, in any order.
 */
#define SIM_SYS_REAL
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/sim_handle.h"
#include "model/sim_internal.h"
#include "model/sim_sys.h"

struct listing {
	struct listing *next; /* of all open ones */
	int fd;
	uint64_t salt; /* says which half a name is in */
	int half; /* 0, 1: read; 2: at the end */
	char (*names)[SIM_NAME_SIZE];
	size_t n;
	size_t at;
	struct dirent entry;
};

static struct listing *listings;

static struct listing *
listing_of(DIR *dir)
{
	struct listing *l;

	for (l = listings; l != NULL; l = l->next)
		if ((void *)l == (void *)dir)
			return l;
	return NULL;
}

DIR *
sim_sys_fdopendir(int fd)
{
	struct sim_handle *h = sim_handle_of(fd);
	struct listing *l;

	if (h == NULL)
		return fdopendir(fd);
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		abort();
	l->fd = fd;
	l->salt = sim_draw(SIM_OF_DISKS, UINT64_MAX);
	l->next = listings;
	listings = l;
	return (DIR *)(void *)l;
}

static int
half_of(const struct listing *l, const char *name)
{
	uint64_t hash = l->salt;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return (int)(hash >> 40 & 1);
}

static void
shuffle(struct listing *l)
{
	char swap[SIM_NAME_SIZE];
	size_t i, j;

	for (i = l->n; i > 1; i--) {
		j = (size_t)sim_draw(SIM_OF_DISKS, i);
		memcpy(swap, l->names[i - 1], SIM_NAME_SIZE);
		memcpy(l->names[i - 1], l->names[j], SIM_NAME_SIZE);
		memcpy(l->names[j], swap, SIM_NAME_SIZE);
	}
}

static bool
read_half(struct listing *l)
{
	struct sim_handle *h = sim_handle_of(l->fd);
	const struct sim_node *folder = h->node;
	size_t i;

	if (!sim_enter(h)) {
		(void)sim_called(h, "list", "", -1);
		return false;
	}
	free(l->names);
	l->names = calloc(folder->n_entries + 1, sizeof(*l->names));
	if (l->names == NULL)
		abort();
	l->n = 0;
	l->at = 0;
	for (i = 0; i < folder->n_entries; i++)
		if (folder->entries[i].now != NULL &&
		    half_of(l, folder->entries[i].name) == l->half)
			memcpy(l->names[l->n++], folder->entries[i].name,
			    SIM_NAME_SIZE);
	shuffle(l);
	sim_trace("list %s/%s, half %d: %zu names", h->disk->path, h->path,
	    l->half, l->n);
	l->half++;
	return true;
}

struct dirent *
sim_sys_readdir(DIR *dir)
{
	struct listing *l = listing_of(dir);

	if (l == NULL)
		return readdir(dir);
	while (l->at == l->n) {
		if (l->half == 2) {
			errno = 0;
			return NULL;
		}
		if (!read_half(l))
			return NULL;
	}
	(void)str_copy(
	    l->entry.d_name, sizeof(l->entry.d_name), l->names[l->at++]);
	return &l->entry;
}

int
sim_sys_closedir(DIR *dir)
{
	struct listing *l = listing_of(dir);
	struct listing **link = &listings;

	if (l == NULL) {
		sim_real_fd_closed(dirfd(dir));
		return closedir(dir);
	}
	while (*link != l)
		link = &(*link)->next;
	*link = l->next;
	(void)sim_sys_close(l->fd);
	free(l->names);
	free(l);
	return 0;
}
