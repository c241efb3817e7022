/* rings.c - keyrings on the sites, read as files. */
#include "rings.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static bool
ring_opens(struct world *w, const struct keystore *keystore, size_t site,
    uint64_t tenant, struct span bytes)
{
	CLEANUP(keyring_free_ptr) struct keyring *ring = NULL;
	const struct keystore_site *keys =
	    keystore_find(keystore, w->f.reg.ids[site]);
	enum rc rc;

	assert_non_null(keys);
	rc =
	    keyring_open(&w->op, bytes, tenant, keystore->service, keys, &ring);
	op_clear_error(&w->op);
	return rc == RC_OK;
}

/* A keeper may delete it meanwhile. */
static bool
file_opens(struct world *w, const struct keystore *keystore, size_t site,
    uint64_t tenant, int fd, const char *name, size_t *all)
{
	CLEANUP(buf_release) struct buf bytes = {.limit = KEYRING_OBJECT_MAX};
	enum rc rc = io_read_file(&w->op, fd, name, &bytes);

	op_clear_error(&w->op);
	if (rc != RC_OK)
		return false;
	++*all;
	return ring_opens(w, keystore, site, tenant, buf_span(&bytes));
}

size_t
rings_opened(struct world *w, const struct keystore *keystore, size_t site,
    uint64_t tenant, size_t *ret_all)
{
	char folder[OBJECT_FOLDER_SIZE], path[400];
	struct dirent *entry;
	size_t opened = 0;
	DIR *dir;

	*ret_all = 0;
	object_folder(folder, "keys", tenant);
	(void)snprintf(
	    path, sizeof(path), "%.300s/%s", w->f.site_paths[site], folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			opened += file_opens(w, keystore, site, tenant,
			    dirfd(dir), entry->d_name, ret_all);
	(void)closedir(dir);
	return opened;
}

size_t
rings_lacking(struct world *w, const struct keystore *keystore)
{
	const uint64_t tenants[] = {TENANT_PROVIDER, w->id};
	size_t i, k, all, lacking = 0;

	for (i = 0; i < w->f.n_sites; i++)
		for (k = 0; k < ARRAY_LEN(tenants); k++)
			lacking +=
			    rings_opened(w, keystore, i, tenants[k], &all) == 0;
	return lacking;
}

void
rings_assert_shut(struct world *w, const struct keystore *keystore)
{
	size_t i, all;

	for (i = 0; i < w->f.n_sites; i++) {
		assert_int_equal(
		    rings_opened(w, keystore, i, TENANT_PROVIDER, &all), 0);
		assert_int_equal(rings_opened(w, keystore, i, w->id, &all), 0);
	}
}

void
rings_assert_clean(struct world *w)
{
	const struct keystore *keystore = w->f.keystore;
	const uint64_t tenants[] = {TENANT_PROVIDER, w->id};
	size_t i, k, all, opened;

	for (i = 0; i < w->f.n_sites; i++)
		for (k = 0; k < ARRAY_LEN(tenants); k++) {
			opened = rings_opened(w, keystore, i, tenants[k], &all);
			assert_int_equal(opened, all);
			assert_true(all > 0);
		}
}

struct keystore *
rings_keystore(struct world *w, const char *name)
{
	CLEANUP(buf_release) struct buf bytes = {.limit = KEYSTORE_FILE_MAX};
	struct keystore *keystore;
	enum rc rc = io_read_file(&w->op, w->f.dir_fd, name, &bytes);

	op_clear_error(&w->op);
	if (rc == RC_NOT_FOUND)
		return NULL;
	assert_int_equal(rc, RC_OK);
	ASSERT_OK(&w->op, keystore_read(&w->op, buf_span(&bytes),
			      span_of(NULL, 0), &keystore));
	return keystore;
}

bool
rings_are_rotated(struct world *w, size_t unused)
{
	struct site_keys_state state;

	(void)unused;
	site_keys_look(w->f.service, &state);
	return state.n_pending == 0;
}
